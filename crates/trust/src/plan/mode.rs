//! How the keys that stand are shared out. There is no state file: the nodes' own files say it.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::IpAddr;
use std::sync::Arc;

use sshfiles::{HostEntry, PublicKey, public_half};

use super::Leaver;
use super::setup::entries;
use crate::inventory::NodeSpec;
use crate::key::{KeyMode, NodeKeys};
use crate::observe::{NodeState, OurLines};
use crate::part::{authorize, config};
use crate::place::Place;

/// First line of the note of a replacement after which each node has its own key.
const PER_NODE: &str = "# keys per-node";
/// In that note, the line above the keys that go.
const GOING: &str = "# these go";
/// In that note, what stands before each node that leaves, and gets no key that comes.
const WITHOUT: &str = "# without ";

/// How the keys of these nodes are shared out; `None`: no node has one.
///
/// A replacement that did not come to its end says where it was going. Else: two nodes that come with different keys and let
/// each other in have keys of their own; a key on two nodes is shared, and so is one whose node lets in
/// nothing else and knows nodes that come with no other key.
#[must_use]
pub fn standing_mode<'a>(states: impl Iterator<Item = &'a NodeState> + Clone) -> Option<KeyMode> {
    let own: Vec<(&NodeState, PublicKey)> =
        states.clone().filter_map(|state| Some((state, private_half(state)?))).collect();
    let all: Vec<&NodeState> = states.collect();
    // One that speaks of keys which no other node knows is of another trust.
    let is_of_these = |state: &&&NodeState| {
        let keys = noted(state);
        let others = || all.iter().filter(|other| other.spec != state.spec);
        let knows = |other: &&NodeState| {
            let (own, lines) = (private_half(other), let_in(other));
            keys.iter().any(|key| own.as_ref() == Some(key) || lines.keys.contains(key))
        };
        all.len() == 1 || others().any(knows)
    };
    let mut notes = all.iter().filter(|state| !state.bytes(Place::Pending).is_empty());
    if let Some(note) = notes.find(is_of_these).map(|state| state.bytes(Place::Pending)) {
        let per_node = note.starts_with(PER_NODE.as_bytes());
        return Some(if per_node { KeyMode::PerNode } else { KeyMode::Shared });
    }
    if own.is_empty() {
        return None;
    }
    let distinct: BTreeSet<&PublicKey> = own.iter().map(|(_, key)| key).collect();
    if let_each_other_in(&own) {
        return Some(KeyMode::PerNode);
    }
    let comers = Comers::of(&own);
    let shared =
        distinct.len() < own.len() || own.iter().any(|(state, key)| serves_others(state, key, &comers));
    Some(if shared { KeyMode::Shared } else { KeyMode::PerNode })
}

/// The keys that nodes come with, by both of their files.
#[must_use]
pub fn own_keys<'a>(states: impl Iterator<Item = &'a NodeState>) -> BTreeSet<PublicKey> {
    states.flat_map(|state| [private_half(state), authorize::own_public_key(state)]).flatten().collect()
}

/// The public half of the tool's private key on a node. It stands in the clear.
pub(super) fn private_half(state: &NodeState) -> Option<PublicKey> {
    public_half(state.bytes(Place::PrivateKey))
}

fn let_each_other_in(own: &[(&NodeState, PublicKey)]) -> bool {
    let lets_in: Vec<Arc<OurLines>> = own.iter().map(|(state, _)| let_in(state)).collect();
    let mut holders: BTreeMap<&PublicKey, Vec<&BTreeSet<PublicKey>>> = BTreeMap::new();
    for ((_, key), lines) in own.iter().zip(&lets_in) {
        holders.entry(key).or_default().push(&lines.keys);
    }
    own.iter().zip(&lets_in).any(|((_, key), lines)| {
        let others = lines.keys.iter().filter(|other| *other != key).filter_map(|other| holders.get(other));
        others.flatten().any(|there| there.contains(key))
    })
}

/// The keys that lines of ours let in.
pub(super) fn let_in(state: &NodeState) -> Arc<OurLines> {
    state.entry(Place::AuthorizedKeys).bytes.our_lines()
}

/// Whether this key is what opens the node, and the node knows others that may come with it too. One of the list that comes
/// with another key does not: where that cannot be told, nobody's private half is to go to anybody else.
fn serves_others(state: &NodeState, key: &PublicKey, own: &Comers) -> bool {
    let itself = config::Called::of([&config::entry_of(state, Some(&state.hostname))]);
    let lines = let_in(state);
    let alone = lines.keys.len() == 1 && lines.keys.contains(key);
    alone && config::known(state).iter().any(|host| !itself.has(host) && !own.comes_with_another(host, key))
}

/// With which keys nodes come, by their addresses and host names.
#[derive(Default)]
struct Comers<'a>(HashMap<String, BTreeSet<&'a PublicKey>>);

impl<'a> Comers<'a> {
    fn of(own: &'a [(&NodeState, PublicKey)]) -> Self {
        let mut comers = Self::default();
        for (state, key) in own {
            for word in [state.spec.ip.to_string(), state.hostname.clone()] {
                comers.0.entry(word).or_default().insert(key);
            }
        }
        comers
    }

    fn comes_with_another(&self, host: &HostEntry, key: &PublicKey) -> bool {
        let words = [&host.address, &host.name].into_iter().filter(|word| !word.is_empty());
        words.filter_map(|word| self.0.get(word)).flatten().any(|theirs| *theirs != key)
    }
}

/// What is noted on every node while keys are replaced: where this is going, the keys that come, and those that go.
pub(super) fn note(
    keys: &NodeKeys,
    states: &[NodeState],
    superseded: &[PublicKey],
    leaving: &[Leaver],
) -> Vec<u8> {
    let standing: BTreeSet<PublicKey> = states.iter().filter_map(private_half).collect();
    let new = keys.all().map(|key| key.public()).filter(|key| !standing.contains(key));
    let header = (keys.mode() == KeyMode::PerNode).then(|| format!("{PER_NODE}\n"));
    let line = |key: &PublicKey| format!("{key}\n");
    let (coming, going) = (new.map(line), superseded.iter().map(line));
    let mark = std::iter::once(format!("{GOING}\n"));
    let without = leaving.iter().map(|leaver| format!("{WITHOUT}{}\n", leaver.spec));
    let lines = header.into_iter().chain(without).chain(coming).chain(mark).chain(going);
    lines.collect::<String>().into_bytes()
}

/// Whether the keys of a replacement that was cut off, as [`is_replaced`], were kept from these nodes, which leave.
#[must_use]
pub fn is_replaced_without(states: &[NodeState], leaving: &[NodeSpec]) -> bool {
    let notes = states.iter().map(|state| state.bytes(Place::Pending)).filter(|note| !note.is_empty());
    let lacks = |note: &[u8]| {
        let text = String::from_utf8_lossy(note).into_owned();
        leaving.iter().all(|node| text.lines().any(|line| line == format!("{WITHOUT}{node}")))
    };
    is_replaced(states) && notes.into_iter().all(lacks)
}

/// Whether a replacement of all keys was cut off when these nodes had come with the new ones already, so that only the old
/// lines are left to go. The private halves of one that was cut off earlier are lost.
#[must_use]
pub fn is_replaced(states: &[NodeState]) -> bool {
    let coming: BTreeSet<PublicKey> = states.iter().flat_map(coming).collect();
    states.iter().all(|state| private_half(state).is_some_and(|key| coming.contains(&key)))
}

/// The keys that come, as such a note has them. An older version's does not tell them from those that go.
fn coming(state: &NodeState) -> Vec<PublicKey> {
    let text = String::from_utf8_lossy(state.bytes(Place::Pending)).into_owned();
    let above = text.split_once(GOING).map(|(above, _)| above.to_owned()).unwrap_or_default();
    above.lines().filter_map(|line| line.parse().ok()).collect()
}

/// The keys of such a note.
pub(super) fn noted(state: &NodeState) -> Vec<PublicKey> {
    let text = String::from_utf8_lossy(state.bytes(Place::Pending)).into_owned();
    text.lines().filter_map(|line| line.parse().ok()).collect()
}

/// Nodes whose key would become another one, although their files know nodes that are not in the list: those still come
/// with the old one, or know only that. Each with whom it serves.
#[must_use]
pub fn bereaved(
    states: &[NodeState],
    names: &[Option<String>],
    keys: &NodeKeys,
) -> Vec<(NodeSpec, Vec<String>)> {
    let is_replaced = |state: &NodeState| {
        let old = private_half(state);
        old.is_some() && old.as_ref() != keys.of(state.spec).map(|key| key.public())
    };
    let replaced: BTreeSet<NodeSpec> =
        states.iter().filter(|state| is_replaced(state)).map(|state| state.spec).collect();
    let outside = outside(states, names, &[]).into_iter();
    outside.filter(|(node, _)| replaced.contains(node)).collect()
}

/// Nodes whose files know, by address, others that are neither in the list nor leave. Each with whom it knows.
#[must_use]
pub fn outside(
    states: &[NodeState],
    names: &[Option<String>],
    leaving: &[Leaver],
) -> Vec<(NodeSpec, Vec<String>)> {
    let here = config::Called::of(&entries(states, names));
    let known = states.iter().map(|state| {
        let known = config::known(state);
        // A name stands beside an address; one of its own may be an earlier name of a node that is here.
        let others = known.iter().filter(|old| old.address.parse::<IpAddr>().is_ok());
        let others = others.filter(|old| !here.has(old));
        let others = others.filter(|old| !leaving.iter().any(|leaver| leaver.is(old)));
        // One with a port of its own has an entry for each of its names.
        let mut others: Vec<String> = others.map(|host| host.address.clone()).collect();
        others.dedup();
        (state.spec, others)
    });
    known.filter(|(_, others)| !others.is_empty()).collect()
}
