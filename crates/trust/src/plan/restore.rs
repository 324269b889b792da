//! Parts of what the set-up of trust writes, to bring back what was lost.

use sshfiles::{AuthorizedKeys, Hosts, KeyBounds, KnownHosts, PublicKey};

use super::setup::{check, entries};
use super::{AgentEdit, Bounding, FileEdit, Ingredients, Keepalive, NodePlan, PlanError};
use crate::inventory::{NodeIx, NodeMap, NodeSpec};
use crate::observe::NodeState;
use crate::part::{agent, config, file, folder, keepalive, key, only_new, profile};
use crate::place::Place;

/// A part of what the set-up of trust writes on a node.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// The key pair that the node comes with, and its passphrase store.
    Key,
    /// A public key in `authorized_keys`.
    Authorize(PublicKey),
    /// There too, the key that a node comes with: a new one, if it has lost its own.
    Admit(NodeIx),
    /// The host keys of this node, in the user's `known_hosts`; records that contradict go.
    HostKeys(NodeIx),
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
    /// Whether it can only be made with the key that the node comes with.
    #[must_use]
    pub const fn needs_key(&self) -> bool {
        matches!(self, Self::Key | Self::Config | Self::Profile | Self::Agent | Self::Keepalive)
    }

    /// The files and folders that it is about.
    const fn places(&self) -> &'static [Place] {
        match self {
            Self::Key => {
                &[Place::SshDir, Place::ToolDir, Place::StoreDir, Place::PrivateKey, Place::PublicKey]
            }
            Self::Authorize(_) | Self::Admit(_) => &[Place::SshDir, Place::AuthorizedKeys],
            Self::HostKeys(_) => &[Place::SshDir, Place::KnownHosts],
            Self::Config => &[Place::SshDir, Place::Config],
            Self::Profile => &[Place::Bashrc],
            Self::Mapping => &[Place::Hosts],
            Self::Agent => &[Place::ToolDir, Place::Bashrc],
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
    peers: &NodeMap<Peer>,
    state: &NodeState,
    parts: &[Part],
) -> Result<NodePlan, PlanError> {
    for place in parts.iter().flat_map(Part::places) {
        check(state, *place)?;
    }
    let has = |part: &Part| parts.contains(part);
    let (mut dirs, mut files) = (folder::put(state), Vec::new());
    let own = from.keys.of(state.spec);
    if let Some(key) = own.filter(|_| has(&Part::Key)) {
        key::put(state, key, &mut dirs, &mut files);
    } else {
        // Modes are a cure of their own.
        dirs.retain(|dir| dir.old_mode.is_none());
    }
    files.extend(authorize(from, peers, state, parts));
    files.extend(host_keys(peers, state, parts));
    if has(&Part::Config) {
        files.extend(config::Block::of(entries(from.states, from.names)).put(state));
    }
    let socket = agent::socket(state)?;
    let agent = own.filter(|_| has(&Part::Agent)).map_or(AgentEdit::Nothing, |key| agent::put(state, key));
    if has(&Part::Agent) || has(&Part::Profile) {
        files.extend(profile::put(state, &socket, agent));
    }
    if has(&Part::Mapping) {
        files.extend(mapping(peers, state));
    }
    let needs_dirs = !files.is_empty() || agent != AgentEdit::Nothing || has(&Part::Keepalive);
    let dirs = if needs_dirs { dirs } else { Vec::new() };
    let keepalive = if has(&Part::Keepalive) { keepalive::put(state, from.programs) } else { Keepalive::Off };
    let keys_file = state.entry(Place::AuthorizedKeys).path.clone();
    Ok(NodePlan { spec: state.spec, socket, keys_file, dirs, agent, files, keepalive })
}

fn authorize(
    from: &Ingredients<'_>,
    peers: &NodeMap<Peer>,
    state: &NodeState,
    parts: &[Part],
) -> Option<FileEdit> {
    let keys: Vec<(&PublicKey, &str)> = parts
        .iter()
        .filter_map(|part| match part {
            Part::Authorize(key) => {
                let ours = from.keys.all().find(|ours| ours.public() == key);
                Some((key, ours.map_or("restored", |ours| ours.comment())))
            }
            Part::Admit(node) => {
                let key = from.keys.of(peers.get(*node)?.spec)?;
                Some((key.public(), key.comment()))
            }
            _ => None,
        })
        .collect();
    let mut lines = AuthorizedKeys::parse(state.bytes(Place::AuthorizedKeys));
    let bounds = Bounding::standing(from.states).line(state, &KeyBounds::default());
    if !keys.is_empty() && lines.add_bound(keys, &bounds) {
        file(state, Place::AuthorizedKeys, lines.to_bytes(), only_new(state, Place::AuthorizedKeys, 0o600))
    } else {
        None
    }
}

fn host_keys(peers: &NodeMap<Peer>, state: &NodeState, parts: &[Part]) -> Option<FileEdit> {
    let mut hosts = KnownHosts::parse(state.bytes(Place::KnownHosts));
    for part in parts {
        let Part::HostKeys(node) = part else { continue };
        let Some(peer) = peers.get(*node).filter(|peer| !peer.host_keys.is_empty()) else { continue };
        hosts.replace(&peer.spec.ip.to_string(), peer.spec.port, &peer.host_keys);
        if let Some(name) = &peer.name {
            hosts.replace(name, peer.spec.port, &peer.host_keys);
        }
    }
    file(state, Place::KnownHosts, hosts.to_bytes(), only_new(state, Place::KnownHosts, 0o600))
}

fn mapping(peers: &NodeMap<Peer>, state: &NodeState) -> Option<FileEdit> {
    let named = peers.iter().filter_map(|peer| Some((peer.spec.ip, peer.name.clone()?)));
    let mapping: Vec<_> = named.collect();
    let mut hosts = Hosts::parse(state.bytes(Place::Hosts));
    // Where a name is not known, an earlier line may be all that there is.
    hosts.set_mapping(&mapping, mapping.len() < peers.len());
    file(state, Place::Hosts, hosts.to_bytes(), only_new(state, Place::Hosts, 0o644))
}
