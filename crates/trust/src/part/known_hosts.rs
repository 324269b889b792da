//! `~/.ssh/known_hosts`: the host keys of all nodes.

use std::collections::HashSet;

use sshfiles::{KnownHosts, PublicKey};

use super::{Made, file, only_new, shared_file};
use crate::observe::NodeState;
use crate::place::Place;
use crate::plan::{FileEdit, Found, Leaver, Taking, bare};

/// The records of a cluster, made once for all nodes that start with the same file.
pub struct Records<'a> {
    states: &'a [NodeState],
    names: &'a [Option<String>],
    made: Made,
}

impl<'a> Records<'a> {
    /// Of these nodes, with the names that they have in files.
    #[must_use]
    pub fn of(states: &'a [NodeState], names: &'a [Option<String>]) -> Self {
        Self { states, names, made: Made::default() }
    }

    /// Puts them on a node.
    #[must_use]
    pub fn put(&self, state: &NodeState) -> Option<FileEdit> {
        let old = &state.entry(Place::KnownHosts).bytes;
        let new = self.made.of(old, || self.added_to(old));
        let mode = only_new(state, Place::KnownHosts, 0o600);
        shared_file(state, Place::KnownHosts, new, mode)
    }

    fn added_to(&self, old: &[u8]) -> Vec<u8> {
        let mut hosts = KnownHosts::parse(old);
        for (node, name) in self.states.iter().zip(self.names) {
            let address = node.spec.ip.to_string();
            let called: Vec<&str> = [address.as_str()].into_iter().chain(name.as_deref()).collect();
            hosts.set_ours(&called, node.spec.port, &node.host_keys);
        }
        hosts.to_bytes()
    }
}

/// Takes what is on record of nodes that leave: under their addresses and names, and under any other name with a host key
/// that only they have.
#[must_use]
pub fn without(now: &NodeState, gone: &[Leaver], stay: &[NodeState]) -> Option<FileEdit> {
    let mut lines = KnownHosts::parse(now.bytes(Place::KnownHosts));
    let keys: HashSet<&PublicKey> = stay.iter().flat_map(|state| &state.host_keys).collect();
    let addresses: HashSet<String> = stay.iter().map(|state| state.spec.ip.to_string()).collect();
    let stays = |key: &PublicKey| keys.contains(key);
    let is_here = |host: &str| addresses.contains(host);
    let leaves = |host: &str| gone.iter().any(|leaver| leaver.is_called(bare(host)));
    let theirs = lines.ours().into_iter().filter(|(host, key)| leaves(host) && !stays(key));
    let theirs: Vec<PublicKey> = theirs.map(|(_, key)| key).collect();
    let removed =
        lines.remove_ours_if(|host, key| leaves(host) || (theirs.contains(key) && !is_here(bare(host))));
    if removed > 0 { file(now, Place::KnownHosts, lines.to_bytes(), None) } else { None }
}

/// Takes it from a node.
pub fn take(state: &NodeState, taking: &mut Taking) {
    let entry = state.entry(Place::KnownHosts);
    let mut lines = KnownHosts::parse(&entry.bytes);
    let removed = lines.remove_ours();
    if removed > 0 {
        taking.found.push(Found::KnownHosts { path: entry.path.clone(), lines: removed });
        taking.edit(state, entry, lines.to_bytes());
    }
}
