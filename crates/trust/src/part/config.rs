//! The block in `~/.ssh/config` by which plain `ssh` uses the key and the agent, in every process.

use std::collections::HashSet;
use std::sync::Arc;

use sshfiles::{HostEntry, SshConfig};

use super::{Made, shared_file};
use crate::observe::NodeState;
use crate::place::{AGENT_SOCKET, Place};
use crate::plan::{FileEdit, Found, Leaver, Taking};

/// What the block says of a node.
#[must_use]
pub fn entry_of(state: &NodeState, name: Option<&String>) -> HostEntry {
    let name = name.cloned().unwrap_or_default();
    HostEntry { address: state.spec.ip.to_string(), name, port: state.spec.port }
}

/// What some nodes are called: whether an entry of another run is about one of them.
#[derive(Debug, Clone, Default)]
pub struct Called(HashSet<String>);

impl Called {
    /// The names and addresses of these.
    #[must_use]
    pub fn of<'a>(entries: impl IntoIterator<Item = &'a HostEntry>) -> Self {
        let words = entries.into_iter().flat_map(|entry| [&entry.address, &entry.name]);
        Self(words.filter(|word| !word.is_empty()).cloned().collect())
    }

    /// Whether an entry is about one of them: by its address or its name.
    #[must_use]
    pub fn has(&self, entry: &HostEntry) -> bool {
        self.0.contains(&entry.address) || self.0.contains(&entry.name)
    }
}

/// The block of a cluster, made once for all nodes that start with the same file.
pub struct Block {
    hosts: Vec<HostEntry>,
    called: Called,
    made: Made,
}

/// The nodes that the block on a node knows.
#[must_use]
pub fn known(state: &NodeState) -> Arc<Vec<HostEntry>> {
    state.entry(Place::Config).bytes.block_entries()
}

impl Block {
    /// Of these nodes.
    #[must_use]
    pub fn of(hosts: Vec<HostEntry>) -> Self {
        Self { called: Called::of(&hosts), hosts, made: Made::default() }
    }

    /// Puts it on a node. Nodes that an earlier run made known stay known: this run may be about a part of the cluster.
    #[must_use]
    pub fn put(&self, state: &NodeState) -> Option<FileEdit> {
        self.with(state, |_| true)
    }

    /// The same where nodes leave: they are known no more. Nothing where there is no block, or nothing of them in it. All
    /// that are planned for with one block lose the same ones.
    #[must_use]
    pub fn without(&self, now: &NodeState, gone: &[Leaver]) -> Option<FileEdit> {
        let leaves = |host: &HostEntry| gone.iter().any(|leaver| leaver.is(host));
        if !known(now).iter().any(leaves) {
            return None;
        }
        self.with(now, |host| !leaves(host))
    }

    fn with(&self, state: &NodeState, stays: impl Fn(&HostEntry) -> bool) -> Option<FileEdit> {
        let old = &state.entry(Place::Config).bytes;
        // The user is the same on all nodes.
        let new = self.made.of(old, || {
            let mut config = SshConfig::parse(old);
            let others = config.block_entries().into_iter().filter(|old| !self.called.has(old));
            let entries: Vec<HostEntry> = self.hosts.iter().cloned().chain(others.filter(stays)).collect();
            let agent = format!("~/{AGENT_SOCKET}");
            config.set_block(&SshConfig::render_block(&entries, &state.user, "~/.ssh/id_om", &agent));
            config.to_bytes()
        });
        shared_file(state, Place::Config, new, Some(0o600))
    }
}

/// Takes it from a node.
pub fn take(state: &NodeState, taking: &mut Taking) {
    let entry = state.entry(Place::Config);
    let mut config = SshConfig::parse(&entry.bytes);
    if config.remove_block() {
        taking.found.push(Found::Config { path: entry.path.clone() });
        taking.edit(state, entry, config.to_bytes());
    }
}
