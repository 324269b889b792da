//! Which keys the cluster gets: those that it has, if they work, else new ones.

use std::collections::{BTreeMap, BTreeSet};

use crate::inventory::NodeSpec;
use crate::key::{KeyMaterial, KeyMode, KeyType};
use crate::observe::NodeState;
use crate::place::Place;
use crate::unlock::{Budget, Unopened};

use super::mode::{private_half, standing_mode};

/// What the user and the nodes ask of the keys.
#[derive(Debug, Clone, Copy, Default)]
pub struct Wish<'a> {
    /// How they are shared out (`--keys`); `None`: as they stand, and each node its own where none stands.
    pub mode: Option<KeyMode>,
    /// The type that the user named (`--key-type`).
    pub key_type: Option<KeyType>,
    /// A new key is wanted although there is one (`--new-key`).
    pub new_key: bool,
    /// The node whose key is preferred among keys that equally many nodes have: the machine that runs the tool.
    pub prefer: Option<NodeSpec>,
    /// Nodes that come to a cluster that stands: what it has is kept as it is, whatever they bring or take. `None`: all nodes
    /// count alike.
    pub newcomers: Option<&'a BTreeSet<NodeSpec>>,
}

impl Wish<'_> {
    /// Whether a node comes to those that are there.
    fn is_new(&self, state: &NodeState) -> bool {
        self.newcomers.is_some_and(|new| new.contains(&state.spec))
    }
}

/// One key.
#[derive(Debug)]
pub enum Pick<K> {
    /// Use one that is there.
    Keep(Box<K>),
    /// Make a new one.
    Generate(KeyType),
}

/// The outcome.
#[derive(Debug)]
pub enum Choice<K> {
    /// One for all nodes.
    Shared(Pick<K>),
    /// Each node its own, in the order of the nodes.
    PerNode(Vec<Pick<K>>),
}

/// A key that lies on nodes and was not considered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PassedOver {
    /// The first of the nodes.
    pub node: NodeSpec,
    /// How many other nodes there are that this is true of.
    pub others: usize,
    /// Why.
    pub why: Unopened,
}

impl PassedOver {
    /// Notes that the keys of so many nodes were not considered. What is true of many nodes is told once.
    pub fn note(passed: &mut Vec<Self>, node: NodeSpec, holders: usize, why: Unopened) {
        match passed.iter_mut().find(|known| known.why == why) {
            Some(known) => known.others += holders,
            None => passed.push(Self { node, others: holders.saturating_sub(1), why }),
        }
    }
}

/// Chooses, and tells which keys were not considered. `open` opens the keys of nodes, each with the passphrase of the node's
/// own store; that is slow (bcrypt): not for the async threads. How much of it is done is bounded ([`Budget`]).
#[must_use]
pub fn choose_keys<K: AsRef<KeyMaterial>>(
    states: &[NodeState],
    wish: Wish<'_>,
    open: impl Fn(&[&NodeState]) -> Vec<Result<K, Unopened>>,
) -> (Choice<K>, Vec<PassedOver>) {
    let kind = wish.key_type.unwrap_or_else(|| fitting_type(&states.iter().collect::<Vec<_>>()));
    let old: Vec<&NodeState> = states.iter().filter(|state| !wish.is_new(state)).collect();
    let fits = |holder: &NodeState, key: &K| {
        let has = key.as_ref().public().algorithm();
        let wanted = wish.key_type.is_none_or(|kind| has == kind.name());
        // A key that stands has to be taken by those whose it is; one that is brought along, by all.
        let mut judges = states.iter().filter(|state| wish.is_new(holder) || !wish.is_new(state));
        wanted && judges.all(|state| state.takes_key(has))
    };
    let pick = |key: Option<K>| key.map_or(Pick::Generate(kind), |key| Pick::Keep(Box::new(key)));
    let mode = wish.mode.or_else(|| standing_mode(old.iter().copied())).unwrap_or(KeyMode::PerNode);
    if wish.new_key {
        let all = || states.iter().map(|_| Pick::Generate(kind)).collect();
        let choice = if mode == KeyMode::Shared {
            Choice::Shared(Pick::Generate(kind))
        } else {
            Choice::PerNode(all())
        };
        return (choice, Vec::new());
    }
    let mut passed = Vec::new();
    let choice = match mode {
        KeyMode::Shared => Choice::Shared(pick(shared(&old, wish.prefer, fits, open, &mut passed))),
        KeyMode::PerNode => {
            Choice::PerNode(own(states, fits, open, &mut passed).into_iter().map(pick).collect())
        }
    };
    (choice, passed)
}

/// The type of a new key: Ed25519 where all nodes take it, else ECDSA if all take that. Where some node takes neither, or
/// they agree on none, it is what most take; whoever looks at the nodes then says which refuse it.
#[must_use]
pub fn fitting_type(states: &[&NodeState]) -> KeyType {
    let refusals = |kind: KeyType| states.iter().filter(|state| !state.takes_key(kind.name())).count();
    let (ed25519, ecdsa) = (refusals(KeyType::Ed25519), refusals(KeyType::EcdsaP256));
    if ecdsa < ed25519 { KeyType::EcdsaP256 } else { KeyType::Ed25519 }
}

/// The key that all shall have, if there is one that does.
fn shared<K>(
    states: &[&NodeState],
    prefer: Option<NodeSpec>,
    fits: impl Fn(&NodeState, &K) -> bool,
    open: impl Fn(&[&NodeState]) -> Vec<Result<K, Unopened>>,
    passed: &mut Vec<PassedOver>,
) -> Option<K> {
    let mut budget = Budget::default();
    for holders in candidates(states, prefer) {
        let mut why = None;
        // A store may be damaged on one node and whole on the next.
        for state in holders.iter().take(2) {
            let admitted = budget.admit(state.bytes(Place::PrivateKey));
            match admitted.and_then(|()| open(&[state]).pop().unwrap_or(Err(Unopened::Damaged))) {
                Ok(key) if fits(state, &key) => return Some(key),
                Ok(_) => why = None,
                Err(error) => why = Some(error),
            }
            // Another store would open it to the same end.
            if !matches!(why, Some(Unopened::Store(_) | Unopened::OtherPassphrase)) {
                break;
            }
        }
        if let (Some(why), Some(first)) = (why, holders.first()) {
            PassedOver::note(passed, first.spec, holders.len(), why);
        }
    }
    None
}

/// What each node keeps of its own, in the order of the nodes.
fn own<K>(
    states: &[NodeState],
    fits: impl Fn(&NodeState, &K) -> bool,
    open: impl Fn(&[&NodeState]) -> Vec<Result<K, Unopened>>,
    passed: &mut Vec<PassedOver>,
) -> Vec<Option<K>> {
    let mut budget = Budget::default();
    let mut admitted = Vec::new();
    // Whatever it is, it cannot be told whose; it is replaced, and that is said.
    let has_other =
        |state: &&NodeState| !state.bytes(Place::PrivateKey).is_empty() && private_half(state).is_none();
    for state in states.iter().filter(has_other) {
        PassedOver::note(passed, state.spec, 1, Unopened::Damaged);
    }
    for state in alone(states) {
        match budget.admit(state.bytes(Place::PrivateKey)) {
            Ok(()) => admitted.push(state),
            Err(why) => PassedOver::note(passed, state.spec, 1, why),
        }
    }
    let mut opened: BTreeMap<NodeSpec, K> = BTreeMap::new();
    for (state, result) in admitted.iter().zip(open(&admitted)) {
        match result {
            Ok(key) => drop(opened.insert(state.spec, key)),
            Err(why) => PassedOver::note(passed, state.spec, 1, why),
        }
    }
    states.iter().map(|state| opened.remove(&state.spec).filter(|key| fits(state, key))).collect()
}

/// The nodes that have a key which no other has: only such a key says who comes with it.
fn alone(states: &[NodeState]) -> Vec<&NodeState> {
    let mut holders = BTreeMap::new();
    states.iter().filter_map(private_half).for_each(|key| *holders.entry(key).or_insert(0) += 1);
    let is_alone = |state: &&NodeState| private_half(state).is_some_and(|key| holders.get(&key) == Some(&1));
    states.iter().filter(is_alone).collect()
}

/// The nodes of each different key file, by how many they are: a machine that brings a key of its own must not take the
/// cluster's away.
fn candidates<'a>(states: &[&'a NodeState], prefer: Option<NodeSpec>) -> Vec<Vec<&'a NodeState>> {
    let mut holders: BTreeMap<&[u8], Vec<(usize, &'a NodeState)>> = BTreeMap::new();
    for (place, &state) in states.iter().enumerate() {
        let file = state.bytes(Place::PrivateKey);
        if !file.is_empty() {
            holders.entry(file).or_default().push((place, state));
        }
    }
    let mut groups: Vec<Vec<(usize, &'a NodeState)>> = holders.into_values().collect();
    groups.sort_by_key(|nodes| {
        let preferred = nodes.iter().any(|(_, state)| Some(state.spec) == prefer);
        (usize::MAX - nodes.len(), !preferred, nodes.first().map(|(place, _)| *place))
    });
    groups.into_iter().map(|nodes| nodes.into_iter().map(|(_, state)| state).collect()).collect()
}

#[cfg(test)]
mod tests;
