//! A node that has a journal and no coordinator.

use crate::disk::{Name, Node};
use crate::model::Action;
use crate::rules::{Orphan, Rules};
use crate::state::State;
use crate::step::Request;

/// `settle`: what a node may learn that has a journal and no coordinator.
pub(crate) fn settle(rules: &Rules, state: &State, index: Node, actions: &mut Vec<Action>) {
    let node = &state.nodes[index];
    let Some(journal) = node.disk.now.journal else { return };
    let (of, transaction) = (journal.of, &state.transactions[journal.of]);
    let locked = node.shell.is_some_and(|shell| shell.run != transaction.run || !shell.silent);
    if locked {
        return;
    }
    let mut learn = |request, from| actions.push(Action::Settle(index, request, from));
    match (journal.name, rules.orphan) {
        (Name::Open | Name::Undo, _) | (Name::Prepared, Orphan::Undoes) => learn(Request::Undo, None),
        (Name::Kept, _) if state.may_throw_away(rules, index, of) => actions.push(Action::ThrowAway(index)),
        (Name::Kept, _) | (Name::Prepared, Orphan::Commits) => learn(Request::Commit, None),
        (Name::Prepared, _) if rules.own_record_counts && state.recorded(rules, index, of) => {
            learn(Request::Commit, None);
        }
        (Name::Prepared, Orphan::Settles) => match transaction.decider {
            Some(decider) if decider != index => ask(rules, state, index, of, decider, learn),
            _ => learn(Request::Undo, None),
        },
    }
}

/// Asks the decider; if that is out of reach, the others.
fn ask(
    rules: &Rules,
    state: &State,
    index: Node,
    of: usize,
    decider: Node,
    mut learn: impl FnMut(Request, Option<Node>),
) {
    if !state.works(index, decider) {
        if rules.refusal_is_undone {
            learn(Request::Undo, None);
        }
    } else if state.has_kept(rules, decider, of) {
        learn(Request::Commit, Some(decider));
    } else if state.nodes[decider].disk.now.name_of(of).is_none() {
        learn(Request::Undo, None);
    }
    let peers = state.transactions[of].nodes.iter().filter(|peer| ![index, decider].contains(peer));
    for peer in peers.filter(|peer| state.works(index, *peer) && state.has_kept(rules, *peer, of)) {
        learn(Request::Commit, Some(peer));
    }
}
