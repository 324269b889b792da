//! Parts of what the set-up of trust writes, to bring back what was lost.

use sshfiles::{AuthorizedKeys, Hosts, KnownHosts, PublicKey};

use super::files::{Workshop, check, file, only_new};
use super::keepalive::keepalive;
use super::{AgentEdit, FileEdit, Ingredients, Keepalive, NodePlan, PlanError};
use crate::inventory::NodeSpec;
use crate::observe::NodeState;

/// A part of what the set-up of trust writes on a node.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// The key pair of the cluster, and its passphrase store.
    Key,
    /// A public key in `authorized_keys`.
    Authorize(PublicKey),
    /// The host keys of the node with this index, in the user's `known_hosts`; records that contradict go.
    HostKeys(usize),
    /// The block in `~/.ssh/config`.
    Config,
    /// The exports in `~/.bashrc`.
    Profile,
    /// The mapping in `/etc/hosts`.
    Mapping,
    /// A living agent with the key, and the exports that lead to it.
    Agent,
    /// What brings the agent back.
    Keepalive,
}

impl Part {
    /// Whether it can only be made with the cluster's key.
    #[must_use]
    pub const fn needs_key(&self) -> bool {
        matches!(self, Self::Key | Self::Config | Self::Profile | Self::Agent | Self::Keepalive)
    }

    /// The files and folders that it is about, by the names of the observation.
    const fn entries(&self) -> &'static [&'static str] {
        match self {
            Self::Key => &["ssh-dir", "tool-dir", "store-dir", "id_om", "id_om.pub"],
            Self::Authorize(_) => &["ssh-dir", "authorized_keys"],
            Self::HostKeys(_) => &["ssh-dir", "known_hosts"],
            Self::Config => &["ssh-dir", "config"],
            Self::Profile => &["bashrc"],
            Self::Mapping => &["hosts"],
            Self::Agent => &["tool-dir", "bashrc"],
            Self::Keepalive => &[],
        }
    }
}

/// A node of the cluster, as the others know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Peer {
    /// Which node.
    pub spec: NodeSpec,
    /// Its host name, if it has one that can be used.
    pub name: Option<String>,
    /// The host keys that it proved to have.
    pub host_keys: Vec<PublicKey>,
}

/// A shell command that a cure consists of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    /// The command. Whatever comes from a node is in single quotes in it.
    pub run: String,
    /// What takes it back exactly; `None`: nothing needs to be.
    pub undo: Option<String>,
    /// It needs root.
    pub as_root: bool,
}

impl Command {
    /// One that the user may run.
    #[must_use]
    pub fn new(run: impl Into<String>) -> Self {
        Self { run: run.into(), undo: None, as_root: false }
    }

    /// One that only root may run.
    #[must_use]
    pub fn root(run: impl Into<String>) -> Self {
        Self { run: run.into(), undo: None, as_root: true }
    }

    /// What takes it back.
    #[must_use]
    pub fn undo(mut self, command: impl Into<String>) -> Self {
        self.undo = Some(command.into());
        self
    }
}

/// Plans these parts on one node. `peers`: all nodes of the cluster.
///
/// # Errors
/// What stands in the way.
pub fn restore(
    from: &Ingredients<'_>,
    peers: &[Peer],
    state: &NodeState,
    parts: &[Part],
) -> Result<NodePlan, PlanError> {
    let workshop = Workshop::new(from);
    for id in parts.iter().flat_map(Part::entries) {
        if let Some(entry) = state.entries.get(*id) {
            check(state, id, entry)?;
        }
    }
    let has = |part: &Part| parts.contains(part);
    let (mut dirs, mut files) = (workshop.folders(state), Vec::new());
    if has(&Part::Key) {
        workshop.key(state, &mut dirs, &mut files);
    } else {
        // Modes are a cure of their own.
        dirs.retain(|dir| dir.old_mode.is_none());
    }
    files.extend(authorize(from, state, parts));
    files.extend(host_keys(peers, state, parts));
    files.extend(workshop.config(state).filter(|_| has(&Part::Config)));
    let agent = if has(&Part::Agent) { workshop.agent(state) } else { AgentEdit::Nothing };
    if has(&Part::Agent) || has(&Part::Profile) {
        files.extend(workshop.profile(state, agent)?);
    }
    if has(&Part::Mapping) {
        files.extend(mapping(peers, state));
    }
    let needs_dirs = !files.is_empty() || agent != AgentEdit::Nothing || has(&Part::Keepalive);
    let dirs = if needs_dirs { dirs } else { Vec::new() };
    let keepalive = if has(&Part::Keepalive) { keepalive(state, from.programs) } else { Keepalive::Off };
    Ok(NodePlan { spec: state.spec, socket: workshop.socket(state)?, dirs, agent, files, keepalive })
}

fn authorize(from: &Ingredients<'_>, state: &NodeState, parts: &[Part]) -> Option<FileEdit> {
    let mut keys = AuthorizedKeys::parse(state.bytes("authorized_keys"));
    let mut changed = false;
    for part in parts {
        let Part::Authorize(key) = part else { continue };
        let comment = if key == from.identity.public() { from.identity.comment() } else { "restored" };
        changed |= keys.add(key, comment);
    }
    if changed {
        file(state, "authorized_keys", keys.to_bytes(), only_new(state, "authorized_keys", 0o600))
    } else {
        None
    }
}

fn host_keys(peers: &[Peer], state: &NodeState, parts: &[Part]) -> Option<FileEdit> {
    let mut hosts = KnownHosts::parse(state.bytes("known_hosts"));
    for part in parts {
        let Part::HostKeys(index) = part else { continue };
        let Some(peer) = peers.get(*index).filter(|peer| !peer.host_keys.is_empty()) else { continue };
        hosts.replace(&peer.spec.ip.to_string(), peer.spec.port, &peer.host_keys);
        if let Some(name) = &peer.name {
            hosts.replace(name, peer.spec.port, &peer.host_keys);
        }
    }
    file(state, "known_hosts", hosts.to_bytes(), only_new(state, "known_hosts", 0o600))
}

fn mapping(peers: &[Peer], state: &NodeState) -> Option<FileEdit> {
    let named = peers.iter().filter_map(|peer| Some((peer.spec.ip, peer.name.clone()?)));
    let mapping: Vec<_> = named.collect();
    let mut hosts = Hosts::parse(state.bytes("hosts"));
    // Where a name is not known, an earlier line may be all that there is.
    hosts.set_mapping(&mapping, mapping.len() < peers.len());
    file(state, "hosts", hosts.to_bytes(), only_new(state, "hosts", 0o644))
}
