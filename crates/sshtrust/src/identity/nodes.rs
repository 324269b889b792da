//! The keys that lie on nodes, opened, and those that the nodes shall come with. All of it is slow (bcrypt): not for the async
//! threads.

use std::collections::{BTreeSet, HashMap};

use trust::unlock::{Budget, sealed};

use super::{IdentityError, IdentityKey, NodeKeys, Sealed, Unopened};
use crate::event::{Event, Observer};
use crate::inventory::NodeSpec;
use crate::observe::NodeState;
use crate::place::Place;
use crate::plan::{Choice, PassedOver, Pick, Wish, choose_keys};

/// The keys that nodes shall come with.
pub struct Obtained {
    /// Which node comes with which.
    pub keys: NodeKeys<IdentityKey>,
    /// The nodes whose key was made just now.
    pub new: BTreeSet<NodeSpec>,
    /// Keys that lie on nodes and were not considered.
    pub passed: Vec<PassedOver>,
}

/// The keys that the nodes shall come with: those that work as they are, others new. `comment` of a new one, for a node or for
/// all.
///
/// # Errors
/// [`IdentityError`] if one cannot be made.
pub fn obtain(
    states: &[NodeState],
    wish: Wish<'_>,
    comment: impl Fn(Option<&NodeState>) -> String + Sync,
) -> Result<Obtained, IdentityError> {
    let (choice, passed) = choose_keys(states, wish, open_each);
    let picks = match choice {
        Choice::Shared(pick) => {
            let (key, is_new) = match pick {
                Pick::Keep(key) => (*key, false),
                Pick::Generate(kind) => (IdentityKey::generate(kind, &comment(None))?, true),
            };
            let nodes = || states.iter().map(|state| state.spec);
            let (keys, new) = (NodeKeys::shared(key, nodes()), nodes().filter(|_| is_new).collect());
            return Ok(Obtained { keys, new, passed });
        }
        Choice::PerNode(picks) => picks,
    };
    let (mut keys, mut lacking): (Vec<_>, Vec<_>) = (Vec::new(), Vec::new());
    for (state, pick) in states.iter().zip(picks) {
        match pick {
            Pick::Keep(key) => keys.push((state.spec, *key)),
            Pick::Generate(kind) => lacking.push((state, kind)),
        }
    }
    let made =
        on_all_processors(&lacking, |(state, kind)| IdentityKey::generate(*kind, &comment(Some(state))));
    for ((state, _), key) in lacking.iter().zip(made) {
        keys.push((state.spec, key?));
    }
    let new = lacking.iter().map(|(state, _)| state.spec).collect();
    Ok(Obtained { keys: NodeKeys::per_node(keys), new, passed })
}

/// Opens the keys of these nodes, each with the passphrase of the node's own store.
#[must_use]
pub fn open_each(nodes: &[&NodeState]) -> Vec<Result<IdentityKey, Unopened>> {
    on_all_processors(nodes, |node| IdentityKey::open(node.bytes(Place::PrivateKey), sealed(node)))
}

/// Opens the tool's keys of nodes that were read; `None` where there is none. What several nodes have in the same bytes is
/// opened once. How much of it is done is bounded ([`Budget`]).
#[must_use]
pub fn open_identities(states: &[&NodeState]) -> Vec<Option<Result<IdentityKey, Unopened>>> {
    let mut budget = Budget::default();
    let mut known: HashMap<(&[u8], Sealed), Result<IdentityKey, Unopened>> = HashMap::new();
    let (mut files, mut admitted) = (Vec::new(), Vec::new());
    for state in states {
        let file = (state.bytes(Place::PrivateKey), sealed(state));
        if !file.0.is_empty() && !known.contains_key(&file) {
            let judged = budget.admit(file.0);
            if judged.is_ok() {
                admitted.push(*state);
            }
            // What is admitted is opened below.
            known.insert(file.clone(), Err(judged.err().unwrap_or(Unopened::Damaged)));
        }
        files.push(file);
    }
    for (state, opened) in admitted.iter().zip(open_each(&admitted)) {
        known.insert((state.bytes(Place::PrivateKey), sealed(state)), opened);
    }
    files.iter().map(|file| known.get(file).cloned()).collect()
}

/// Tells whose keys were not considered.
pub(crate) fn tell_passed_over(passed: Vec<PassedOver>, observer: &dyn Observer) {
    for PassedOver { node, others, why } in passed {
        observer.event(&Event::KeyPassedOver { node, others, why });
    }
}

/// Works on all of these at the same time, as far as there are processors; the results in their order.
fn on_all_processors<T: Sync, R: Send>(all: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let share = all.len().div_ceil(threads).max(1);
    std::thread::scope(|scope| {
        let work = &work;
        let shares: Vec<_> = all
            .chunks(share)
            .map(|some| scope.spawn(move || some.iter().map(work).collect::<Vec<R>>()))
            .collect();
        shares.into_iter().flat_map(|share| share.join().unwrap_or_default()).collect()
    })
}
