//! What is odd about a key.

use std::collections::{BTreeMap, BTreeSet};

use super::options::{KeyOption, parse};
use super::{AccessKey, FileKind, Ignored, Lock, NodeAccess, State};
use crate::inventory::{NodeIx, NodeMap};

/// What is odd about a key; nodes in their order.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Odd {
    /// It is weak: DSA, or short RSA.
    Weak,
    /// A plain line on these nodes lets it in all the way, whatever the options of its other line say: it comes first, or
    /// whom the other one turns away comes to it.
    Defeated(Vec<NodeIx>),
    /// It stands on these nodes more than once, with different options.
    Twice(Vec<NodeIx>),
    /// Its options are not the same on all nodes.
    Differs,
    /// It bears the mark and is in the user's own lines of these nodes too: `revoke` leaves those.
    OwnLine(Vec<NodeIx>),
    /// Its private half lies on these nodes without a passphrase.
    OpenHalf(Vec<NodeIx>),
    /// It bears the mark, and its private half lies on no node.
    NoHalf,
    /// Keys that it has signed are let in.
    Authority,
    /// Its time is over, and the line is still there, on these nodes.
    Expired(Vec<NodeIx>),
    /// sshd ignores its line on these nodes.
    Ignored(Ignored, Vec<NodeIx>),
    /// It does not stand on these nodes.
    Missing(Vec<NodeIx>),
}

/// All that is odd about a key.
pub(super) fn of(key: &AccessKey, nodes: &NodeMap<Option<NodeAccess>>) -> Vec<Odd> {
    let mut odd = Vec::new();
    if key.kind.is_some_and(|kind| kind.weak) {
        odd.push(Odd::Weak);
    }
    odd.extend(options(key));
    let own = distinct(key.grants.iter().filter(|grant| !is(key, grant.variant, |v| v.ours)).map(|g| g.node));
    if key.ours && !own.is_empty() {
        odd.push(Odd::OwnLine(own));
    }
    let open = key.halves.iter().filter(|half| half.lock == Lock::Open).map(|half| half.node);
    let open = distinct(open);
    if !open.is_empty() {
        odd.push(Odd::OpenHalf(open));
    }
    if key.ours && key.halves.is_empty() && all_halves_seen(nodes) {
        odd.push(Odd::NoHalf);
    }
    if key.grants.iter().any(|grant| grant.state.lets_in() && is(key, grant.variant, |v| v.authority)) {
        odd.push(Odd::Authority);
    }
    let expired = key.grants.iter().filter(|grant| grant.state == State::Expired).map(|grant| grant.node);
    let expired = distinct(expired);
    if !expired.is_empty() {
        odd.push(Odd::Expired(expired));
    }
    let mut ignored: BTreeMap<&Ignored, Vec<NodeIx>> = BTreeMap::new();
    for grant in &key.grants {
        // That a node lets no key in at all is said of the node.
        if let State::Ignored(why) = &grant.state
            && *why != Ignored::NoKeys
        {
            ignored.entry(why).or_default().push(grant.node);
        }
    }
    odd.extend(ignored.into_iter().map(|(why, nodes)| Odd::Ignored(why.clone(), distinct(nodes))));
    let missing = missing(key, nodes);
    if !missing.is_empty() {
        odd.push(Odd::Missing(missing));
    }
    odd
}

/// Whether a text of its lines is so.
fn is(key: &AccessKey, variant: usize, what: impl Fn(&super::Variant) -> bool) -> bool {
    key.variants.get(variant).is_some_and(what)
}

/// Lines of one key that contradict: on one node, and between nodes.
fn options(key: &AccessKey) -> Vec<Odd> {
    let mut on: BTreeMap<NodeIx, (BTreeSet<&Option<String>>, bool)> = BTreeMap::new();
    let mut grants: Vec<_> =
        key.grants.iter().filter(|grant| !matches!(grant.state, State::Ignored(_))).collect();
    // As sshd reads them.
    grants.sort_by_key(|grant| (grant.node, grant.file, grant.line));
    let mut answered = BTreeSet::new();
    for grant in grants {
        let Some(variant) = key.variants.get(grant.variant) else { continue };
        let (options, plain) = on.entry(grant.node).or_default();
        options.insert(&variant.options);
        *plain |= grant.state == State::Plain && !answered.contains(&grant.node);
        if grant.state == State::Restricted && takes_all(&variant.options) {
            answered.insert(grant.node);
        }
    }
    let twice = |defeated: bool| -> Vec<NodeIx> {
        let several = on.iter().filter(|(_, (options, plain))| options.len() > 1 && *plain == defeated);
        several.map(|(node, _)| *node).collect()
    };
    let (defeated, twice) = (twice(true), twice(false));
    let alone = on.values().filter(|(options, _)| options.len() == 1);
    let single: BTreeSet<_> =
        alone.flat_map(|(options, _)| options).map(|text| but_for_its_end(text)).collect();
    let mut odd = Vec::new();
    if !defeated.is_empty() {
        odd.push(Odd::Defeated(defeated));
    }
    if !twice.is_empty() {
        odd.push(Odd::Twice(twice));
    }
    if single.len() > 1 {
        odd.push(Odd::Differs);
    }
    odd
}

/// Whether sshd goes no further for a key than to a line with these options. Only whom a line turns away, by address or by
/// time, comes to the next one with the same key (`auth_check_authkey_line` of OpenSSH).
fn takes_all(options: &Option<String>) -> bool {
    let turns_away = |option: &KeyOption| ["from", "expiry-time"].contains(&option.name.as_str());
    parse(options.as_deref().unwrap_or_default()).is_ok_and(|options| !options.iter().any(turns_away))
}

/// Options as they can be compared between nodes: an end is written in each node's own local time.
fn but_for_its_end(text: &Option<String>) -> String {
    let text = text.as_deref().unwrap_or_default();
    let Ok(options) = parse(text) else { return text.to_owned() };
    let comparable = |option: &KeyOption| match &option.value {
        Some(_) if option.name == "expiry-time" => option.name.clone(),
        value => format!("{}={value:?}", option.name),
    };
    options.iter().map(comparable).collect::<Vec<_>>().join(",")
}

/// Whether every private key of the cluster was seen, with its public half.
fn all_halves_seen(nodes: &NodeMap<Option<NodeAccess>>) -> bool {
    let seen =
        |said: &NodeAccess| said.private_seen && said.private.iter().all(|private| private.key.is_some());
    nodes.iter().all(|said| said.as_ref().is_some_and(seen))
}

/// Nodes on which it does not stand, if all of their files could be read.
fn missing(key: &AccessKey, nodes: &NodeMap<Option<NodeAccess>>) -> Vec<NodeIx> {
    let stands: BTreeSet<NodeIx> = key.grants.iter().map(|grant| grant.node).collect();
    let read = |said: &NodeAccess| {
        said.files.iter().all(|file| matches!(file.kind, FileKind::File | FileKind::Absent | FileKind::Other))
    };
    let known = nodes.entries().filter(|(_, said)| said.as_ref().is_some_and(read));
    known.map(|(node, _)| node).filter(|node| !stands.contains(node)).collect()
}

/// Nodes in their order, each once.
fn distinct(nodes: impl IntoIterator<Item = NodeIx>) -> Vec<NodeIx> {
    nodes.into_iter().collect::<BTreeSet<_>>().into_iter().collect()
}
