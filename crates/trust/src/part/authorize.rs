//! `authorized_keys`, where a node's sshd looks for it: who is let in.

use std::collections::BTreeSet;
use std::net::IpAddr;

use sshfiles::{AuthorizedKeys, KeyBounds, PublicKey};

use super::{Made, shared_file};
use crate::bounds::{addresses, list_of};
use crate::key::NodeKeys;
use crate::observe::{Entry, NodeState};
use crate::place::Place;
use crate::plan::{Bounding, Content, FileEdit, Found, Left, LeftWhy, Taking};

/// The keys of a cluster, let in within bounds. Where there are none, the lines are made once for all nodes that start with
/// the same file.
pub struct Lines<'a> {
    keys: &'a NodeKeys,
    bounding: &'a Bounding,
    /// Lines of ours that are there get the bounds too.
    rebound: bool,
    made: Made,
}

impl<'a> Lines<'a> {
    /// Of these keys.
    #[must_use]
    pub fn of(keys: &'a NodeKeys, bounding: &'a Bounding, rebound: bool) -> Self {
        Self { keys, bounding, rebound, made: Made::default() }
    }

    /// Lets them in on a node.
    #[must_use]
    pub fn put(&self, state: &NodeState) -> Option<FileEdit> {
        let old = &state.entry(Place::AuthorizedKeys).bytes;
        let make = || self.added_to(old, state);
        // Bounds are the node's own: its clock, and whom it knows.
        let new = if self.bounding.is_none() { self.made.of(old, make) } else { Content::of(old, make()) };
        shared_file(state, Place::AuthorizedKeys, new, Some(0o600))
    }

    fn added_to(&self, old: &[u8], state: &NodeState) -> Vec<u8> {
        let mut lines = AuthorizedKeys::parse(old);
        let new = self.bounding.line(state, &KeyBounds::default());
        if self.rebound {
            lines.bound_ours(|old| self.bounding.line(state, old));
        }
        lines.add_bound(self.keys.all().map(|key| (key.public(), key.comment())), &new);
        lines.to_bytes()
    }
}

/// Gives the lines of ours their bounds. `state`: the node as it was seen; `now`: the file as it is.
#[must_use]
pub fn bound(state: &NodeState, now: &Entry, bounding: &Bounding) -> Option<FileEdit> {
    let mut lines = AuthorizedKeys::parse(&now.bytes);
    let changed = lines.bound_ours(|old| bounding.line(state, old));
    let content = Content::of(&now.bytes, lines.to_bytes());
    (changed > 0).then(|| FileEdit { old: now.clone(), content, mode: None, secret: false })
}

/// Lets these keys in no more, as far as they are ours, and nobody from these addresses, where a list of the cluster's addresses
/// has them: one that consists of addresses alone. `now`: the file as it is.
#[must_use]
pub fn without(now: &Entry, keys: &[PublicKey], gone: &BTreeSet<IpAddr>) -> Option<FileEdit> {
    let mut lines = AuthorizedKeys::parse(&now.bytes);
    let removed = lines.remove_ours(|key| keys.contains(key));
    let narrowed = lines.bound_ours(|old| narrower(old, gone));
    let content = Content::of(&now.bytes, lines.to_bytes());
    (removed + narrowed > 0).then(|| FileEdit { old: now.clone(), content, mode: None, secret: false })
}

fn narrower(old: &KeyBounds, gone: &BTreeSet<IpAddr>) -> KeyBounds {
    let all = old.from.as_deref().and_then(addresses).unwrap_or_default();
    let stay: BTreeSet<IpAddr> = all.difference(gone).copied().collect();
    if stay.is_empty() || stay == all {
        return old.clone();
    }
    KeyBounds { from: Some(list_of(&stay)), ..old.clone() }
}

/// The public key of the pair that lies on a node, by its public file.
#[must_use]
pub fn own_public_key(state: &NodeState) -> Option<PublicKey> {
    std::str::from_utf8(state.bytes(Place::PublicKey)).ok()?.parse().ok()
}

/// Takes all lines of ours from a node. `elsewhere`: where its sshd looks, if that is not `~/.ssh/authorized_keys`; `keys`: those
/// that the nodes come with, which a line of the user's own may still let in.
pub fn take(state: &NodeState, elsewhere: Option<&Entry>, keys: &BTreeSet<PublicKey>, taking: &mut Taking) {
    let usual = state.entry(Place::AuthorizedKeys);
    for entry in std::iter::once(usual).chain(elsewhere) {
        let mut lines = AuthorizedKeys::parse(&entry.bytes);
        let path = entry.path.clone();
        let removed = lines.remove_ours(|_| true);
        if removed > 0 {
            taking.found.push(Found::AuthorizedKeys { path: path.clone(), lines: removed });
            taking.edit(state, entry, lines.to_bytes());
        }
        if lines.entries().any(|line| keys.contains(&line.key)) {
            taking.left.push(Left { path, why: LeftWhy::OwnKey });
        }
    }
}
