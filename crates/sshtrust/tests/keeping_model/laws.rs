//! What has to hold in every state, and what has to be seen at all.

use stateright::Property;

use crate::disk::{ALL, Name, Node};
use crate::model::Keeping;
use crate::state::State;
use crate::step::Request;

/// Each pair that worked before works, and each pair that a run has promised.
pub(crate) const LAW_1: &str = "law 1";
/// The same when nothing moves any more.
pub(crate) const AT_REST: &str = "trust at rest";
/// No two nodes of a transaction go two ways.
pub(crate) const ONE_DECISION: &str = "one decision";
/// When nothing moves any more, no node waits.
pub(crate) const NOBODY_WAITS: &str = "nobody waits for ever";

/// All of them.
pub(crate) const LAWS: [&str; 4] = [LAW_1, AT_REST, ONE_DECISION, NOBODY_WAITS];

/// What has to be possible at all, or the laws say nothing.
const SUCCESS: &str = "a run succeeds";
const SUCCESS_ALL_THE_SAME: &str = "a run succeeds though all faults have happened";
const LEARNT_KEPT: &str = "a prepared node learns that the change is kept";
const LEARNT_UNDONE: &str = "a prepared node learns that the change is undone";
const NOBODY_KNEW: &str = "a run keeps what nobody knows of";

pub(crate) fn properties() -> Vec<Property<Keeping>> {
    vec![
        Property::always(LAW_1, |_, state| owed_works(state)),
        Property::always(AT_REST, |model: &Keeping, state: &State| {
            owed_works(state) || state.coordinator.is_some() || !model.own_steps(state).is_empty()
        }),
        Property::always(ONE_DECISION, |_, state| one_decision(state)),
        Property::always(NOBODY_WAITS, |model: &Keeping, state: &State| {
            let waits = state.nodes.iter().any(|node| node.disk.now.journal.is_some());
            !waits || state.coordinator.is_some() || !model.own_steps(state).is_empty()
        }),
        Property::sometimes(SUCCESS, |_, state: &State| state.succeeded),
        Property::sometimes(SUCCESS_ALL_THE_SAME, |_, state: &State| {
            state.succeeded && state.faults_left == 0
        }),
        Property::sometimes(LEARNT_KEPT, |_, state: &State| settles(state, Request::Commit)),
        Property::sometimes(LEARNT_UNDONE, |_, state: &State| settles(state, Request::Undo)),
        Property::sometimes(NOBODY_KNEW, |_, state: &State| state.transactions.iter().any(|one| one.forced)),
    ]
}

fn owed_works(state: &State) -> bool {
    state.working(ALL) & state.owed == state.owed
}

/// A prepared node that is not the decider does this by itself.
fn settles(state: &State, request: Request) -> bool {
    state.nodes.iter().enumerate().any(|(index, node)| {
        let prepared = node.disk.now.journal.is_some_and(|journal| journal.name == Name::Prepared);
        let work = node.settler.filter(|work| prepared && work.request == request);
        work.is_some_and(|work| state.transactions[work.of].decider != Some(index))
    })
}

fn one_decision(state: &State) -> bool {
    (0..state.transactions.len()).all(|of| {
        let transaction = &state.transactions[of];
        let kept = |node: Node| {
            let now = &state.nodes[node].disk.now;
            now.kept_runs & (1 << of) != 0 || now.name_of(of) == Some(Name::Kept)
        };
        let undone = |node: Node| !kept(node) && state.nodes[node].disk.now.name_of(of).is_none();
        let judged = transaction.decider.is_some() && !transaction.forced;
        !judged || !transaction.nodes.iter().any(kept) || !transaction.nodes.iter().any(undone)
    })
}
