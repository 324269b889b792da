//! The block in `~/.ssh/config` by which plain `ssh` uses the key and the agent, in every process.

use sshfiles::{HostEntry, SshConfig};

use super::file;
use crate::observe::NodeState;
use crate::place::{AGENT_SOCKET, Place};
use crate::plan::{FileEdit, Found, Leaver, Taking};

/// What the block says of a node.
#[must_use]
pub fn entry_of(state: &NodeState, name: Option<&String>) -> HostEntry {
    let name = name.cloned().unwrap_or_default();
    HostEntry { address: state.spec.ip.to_string(), name, port: state.spec.port }
}

/// Whether an entry of an earlier run is about a node of this one.
#[must_use]
pub fn is_same(new: &HostEntry, old: &HostEntry) -> bool {
    let named = |name: &str| !name.is_empty() && (name == new.address || name == new.name);
    named(&old.address) || named(&old.name)
}

/// The nodes that the block on a node knows.
#[must_use]
pub fn known(state: &NodeState) -> Vec<HostEntry> {
    SshConfig::parse(state.bytes(Place::Config)).block_entries()
}

/// Puts these nodes into the block. Nodes that an earlier run made known stay known: this run may be about a part of the
/// cluster.
#[must_use]
pub fn put(state: &NodeState, here: &[HostEntry]) -> Option<FileEdit> {
    with(state, here, |_| true)
}

/// The same where nodes leave: they are known no more. Nothing where there is no block, or nothing of them in it.
#[must_use]
pub fn without(now: &NodeState, here: &[HostEntry], gone: &[Leaver]) -> Option<FileEdit> {
    let leaves = |host: &HostEntry| gone.iter().any(|leaver| leaver.is(host));
    if !known(now).iter().any(leaves) {
        return None;
    }
    with(now, here, |host| !leaves(host))
}

fn with(state: &NodeState, here: &[HostEntry], stays: impl Fn(&HostEntry) -> bool) -> Option<FileEdit> {
    let mut config = SshConfig::parse(state.bytes(Place::Config));
    let others = config.block_entries().into_iter().filter(|old| !here.iter().any(|new| is_same(new, old)));
    let others = others.filter(stays);
    let entries: Vec<HostEntry> = here.iter().cloned().chain(others).collect();
    let agent = format!("~/{AGENT_SOCKET}");
    config.set_block(&SshConfig::render_block(&entries, &state.user, "~/.ssh/id_om", &agent));
    file(state, Place::Config, config.to_bytes(), Some(0o600))
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
