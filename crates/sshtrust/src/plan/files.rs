//! The desired state of every file, folder and agent, and how it differs from what is there.

use std::cell::RefCell;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

use sshfiles::{AuthorizedKeys, HostEntry, Hosts, KnownHosts, PublicKey, ShellProfile, SshConfig};

use super::keepalive::keepalive;
use super::{AgentEdit, Content, DirEdit, FileEdit, Ingredients, Keepalive, NodePlan, Plan, PlanError};
use crate::identity::{
    AGENT_SOCKET, IdentityKey, MOST_PARTS, STORE_DIR, Sealed, TOOL_DIR, open_passphrase, part_path,
};
use crate::inventory::NodeSpec;
use crate::observe::{AgentState, Entry, EntryKind, NodeState};

/// Longest path of a Unix socket, in bytes: `sun_path` of unix(7) less its final zero.
const LONGEST_SOCKET: usize = 107;

/// Plans the trust of the classic command.
///
/// # Errors
/// The node and the reason why it cannot be planned for.
pub fn setup(from: &Ingredients<'_>) -> Result<Plan, (NodeSpec, PlanError)> {
    let workshop = Workshop::new(from);
    let plans = from.states.iter().map(|state| workshop.node(state).map_err(|e| (state.spec, e)));
    let nodes = plans.collect::<Result<Vec<_>, _>>()?;
    Ok(Plan { nodes, superseded: superseded(from) })
}

/// Plans what is left to do after the new key was seen to work: the lines of the keys that it replaced go. `done` is
/// the plan of [`setup`]; `observed` has the `authorized_keys` of each node as it is now.
#[must_use]
pub fn settle(done: &Plan, observed: &[Entry]) -> Plan {
    let edit = |plan: &NodePlan, now: &Entry| {
        let mut keys = AuthorizedKeys::parse(&now.bytes);
        let removed = keys.remove_ours(|key| done.superseded.contains(key));
        let content = Content::Bytes(Arc::new(keys.to_bytes()));
        let edit = FileEdit { old: now.clone(), content, mode: None, secret: false };
        NodePlan {
            spec: plan.spec,
            socket: plan.socket.clone(),
            dirs: Vec::new(),
            agent: AgentEdit::Nothing,
            files: if removed > 0 { vec![edit] } else { Vec::new() },
            keepalive: Keepalive::Off,
        }
    };
    let nodes = done.nodes.iter().zip(observed).map(|(plan, now)| edit(plan, now)).collect();
    Plan { nodes, superseded: Vec::new() }
}

/// Plans what brings the agent of a node back where trust stands: an agent with the key, and its exports.
///
/// # Errors
/// What stands in the way.
pub fn keep(state: &NodeState, key: &IdentityKey) -> Result<NodePlan, PlanError> {
    check(state, "bashrc", &state.entry("bashrc"))?;
    let socket = socket(state)?;
    let agent = agent(state, key);
    let files = profile(state, &socket, agent).into_iter().collect();
    Ok(NodePlan { spec: state.spec, socket, dirs: Vec::new(), agent, files, keepalive: Keepalive::Off })
}

/// Keys of the tool on the nodes that are not the cluster's.
fn superseded(from: &Ingredients<'_>) -> Vec<PublicKey> {
    // The old key may be what nodes outside this run still come with.
    let is_here = |old: &HostEntry| {
        from.states.iter().zip(from.names).any(|(s, n)| is_same(&config_entry(s, n.as_ref()), old))
    };
    let known = |s: &NodeState| SshConfig::parse(s.bytes("config")).block_entries();
    if from.states.iter().any(|s| !known(s).iter().all(is_here)) {
        return Vec::new();
    }
    let of_node = |s: &NodeState| std::str::from_utf8(s.bytes("id_om.pub")).ok()?.parse::<PublicKey>().ok();
    let mut keys: Vec<PublicKey> = from.states.iter().filter_map(of_node).collect();
    keys.retain(|key| key != from.identity.public());
    keys.sort();
    keys.dedup();
    keys
}

/// What all nodes share, computed once.
pub(super) struct Workshop<'a> {
    from: &'a Ingredients<'a>,
    sealed: Sealed,
    config_entries: Vec<HostEntry>,
    mapping: Vec<(IpAddr, String)>,
    /// Most nodes start with the same file and end with the same.
    known_hosts: RefCell<HashMap<Vec<u8>, Arc<Vec<u8>>>>,
}

impl<'a> Workshop<'a> {
    pub(super) fn new(from: &'a Ingredients<'a>) -> Self {
        let named = || from.states.iter().zip(from.names);
        let config_entries = named().map(|(state, name)| config_entry(state, name.as_ref())).collect();
        let mapping = named().filter_map(|(s, name)| Some((s.spec.ip, name.clone()?))).collect();
        Self { from, sealed: from.sealed.clone(), config_entries, mapping, known_hosts: RefCell::default() }
    }

    fn node(&self, state: &NodeState) -> Result<NodePlan, PlanError> {
        let touched = |id: &str| id != "hosts" || self.from.intent.map_names;
        for (id, entry) in state.entries.iter().filter(|(id, _)| touched(id)) {
            check(state, id, entry)?;
        }
        let socket = socket(state)?;
        let agent = agent(state, self.from.identity);
        let (mut dirs, mut files) = (self.folders(state), Vec::new());
        self.key(state, &mut dirs, &mut files);
        files.extend(self.authorized_keys(state));
        files.extend(self.known_hosts(state));
        files.extend(self.config(state));
        files.extend(profile(state, &socket, agent));
        files.extend(self.hosts(state));
        let keepalive = keepalive(state, self.from.programs);
        Ok(NodePlan { spec: state.spec, socket, dirs, agent, files, keepalive })
    }

    /// The folders that everything else is in.
    pub(super) fn folders(&self, state: &NodeState) -> Vec<DirEdit> {
        let folders =
            [("ssh-dir", format!("{}/.ssh", state.home)), ("tool-dir", format!("{}/{TOOL_DIR}", state.home))];
        folders.into_iter().filter_map(|(id, path)| dir(state, id, path)).collect()
    }

    /// The key pair and the store of its passphrase.
    pub(super) fn key(&self, state: &NodeState, dirs: &mut Vec<DirEdit>, files: &mut Vec<FileEdit>) {
        if !self.store_is_right(state) {
            self.store(state, dirs, files);
        }
        let key = self.from.identity;
        let secret = |edit: FileEdit| FileEdit { secret: true, ..edit };
        files.extend(file(state, "id_om", key.private_file().to_vec(), Some(0o600)).map(secret));
        files.extend(file(state, "id_om.pub", key.public_file(), Some(0o600)));
    }

    /// Where the agent listens.
    pub(super) fn socket(&self, state: &NodeState) -> Result<String, PlanError> {
        socket(state)
    }

    /// What the agent needs.
    pub(super) fn agent(&self, state: &NodeState) -> AgentEdit {
        agent(state, self.from.identity)
    }

    /// The profile, if it needs something.
    pub(super) fn profile(&self, state: &NodeState, agent: AgentEdit) -> Result<Option<FileEdit>, PlanError> {
        Ok(profile(state, &socket(state)?, agent))
    }

    /// Whether the node's store gives the passphrase of the cluster's key.
    fn store_is_right(&self, state: &NodeState) -> bool {
        let part = |i: usize| {
            let (cipher, rand) = (state.bytes(&format!("cipher/{i}")), state.bytes(&format!("rand/{i}")));
            (!cipher.is_empty()).then(|| (cipher.to_vec(), rand.to_vec()))
        };
        let parts: Sealed = (0..MOST_PARTS).map_while(part).collect();
        open_passphrase(&parts).is_ok_and(|p| p == *self.from.identity.passphrase())
    }

    fn store(&self, state: &NodeState, dirs: &mut Vec<DirEdit>, files: &mut Vec<FileEdit>) {
        let store = format!("{}/{STORE_DIR}", state.home);
        dirs.extend(dir(state, "store-dir", store.clone()));
        for kind in ["cipher", "rand"] {
            let parts = self.sealed.iter().enumerate();
            if state.entry(&format!("{kind}/0")).path.is_empty() {
                dirs.push(DirEdit { path: format!("{store}/{kind}"), old_mode: None, mode: 0o700 });
            }
            for (i, (cipher, rand)) in parts {
                let bytes = if kind == "cipher" { cipher } else { rand };
                let mut old = state.entry(&format!("{kind}/{i}"));
                if old.path.is_empty() {
                    dirs.push(DirEdit {
                        path: format!("{store}/{kind}/key_{i}"),
                        old_mode: None,
                        mode: 0o700,
                    });
                    old = Entry::absent(&format!("{store}/{}", part_path(kind, i)));
                }
                let content = Content::Bytes(Arc::new(bytes.clone()));
                files.push(FileEdit { old, content, mode: Some(0o600), secret: true });
            }
        }
    }

    fn authorized_keys(&self, state: &NodeState) -> Option<FileEdit> {
        let mut keys = AuthorizedKeys::parse(state.bytes("authorized_keys"));
        keys.add(self.from.identity.public(), self.from.identity.comment());
        file(state, "authorized_keys", keys.to_bytes(), Some(0o600))
    }

    fn known_hosts(&self, state: &NodeState) -> Option<FileEdit> {
        let old = state.bytes("known_hosts");
        let cached = self.known_hosts.borrow().get(old).cloned();
        let new = cached.unwrap_or_else(|| {
            let new = Arc::new(self.add_known_hosts(old));
            self.known_hosts.borrow_mut().insert(old.to_vec(), new.clone());
            new
        });
        let mode = only_new(state, "known_hosts", 0o600);
        shared_file(state, "known_hosts", new, mode)
    }

    fn add_known_hosts(&self, old: &[u8]) -> Vec<u8> {
        let mut hosts = KnownHosts::parse(old);
        for (node, name) in self.from.states.iter().zip(self.from.names) {
            hosts.set_ours(&node.spec.ip.to_string(), node.spec.port, &node.host_keys);
            if let Some(name) = name {
                hosts.set_ours(name, node.spec.port, &node.host_keys);
            }
        }
        hosts.to_bytes()
    }

    pub(super) fn config(&self, state: &NodeState) -> Option<FileEdit> {
        let mut config = SshConfig::parse(state.bytes("config"));
        // Nodes that an earlier run made known stay known: this run may be about a part of the cluster.
        let here = &self.config_entries;
        let others =
            config.block_entries().into_iter().filter(|old| !here.iter().any(|new| is_same(new, old)));
        let entries: Vec<HostEntry> = here.iter().cloned().chain(others).collect();
        let agent = format!("~/{AGENT_SOCKET}");
        config.set_block(&SshConfig::render_block(&entries, &state.user, "~/.ssh/id_om", &agent));
        file(state, "config", config.to_bytes(), Some(0o600))
    }

    fn hosts(&self, state: &NodeState) -> Option<FileEdit> {
        if !self.from.intent.map_names {
            return None;
        }
        let mut hosts = Hosts::parse(state.bytes("hosts"));
        hosts.set_mapping(&self.mapping, self.from.intent.keep_old_mapping);
        let mode = only_new(state, "hosts", 0o644);
        file(state, "hosts", hosts.to_bytes(), mode)
    }
}

fn config_entry(state: &NodeState, name: Option<&String>) -> HostEntry {
    let name = name.cloned().unwrap_or_default();
    HostEntry { address: state.spec.ip.to_string(), name, port: state.spec.port }
}

/// Whether an entry of an earlier run is about a node of this one.
fn is_same(new: &HostEntry, old: &HostEntry) -> bool {
    let named = |name: &str| !name.is_empty() && (name == new.address || name == new.name);
    named(&old.address) || named(&old.name)
}

/// Where the agent listens.
fn socket(state: &NodeState) -> Result<String, PlanError> {
    let path = format!("{}/{AGENT_SOCKET}", state.home);
    if path.len() > LONGEST_SOCKET {
        return Err(PlanError::SocketPath { length: path.len(), path });
    }
    Ok(path)
}

fn agent(state: &NodeState, key: &IdentityKey) -> AgentEdit {
    match &state.agent {
        AgentState { alive: true, keys, .. } if keys.contains(key.public()) => AgentEdit::Nothing,
        AgentState { alive: true, .. } => AgentEdit::AddKey,
        AgentState { socket, .. } => AgentEdit::Start { stale_socket: *socket },
    }
}

/// The profile, if its exports are missing or the agent is a new one.
fn profile(state: &NodeState, socket: &str, agent: AgentEdit) -> Option<FileEdit> {
    let old = state.entry("bashrc");
    let mode = if old.exists() { None } else { Some(0o644) };
    let mut profile = ShellProfile::parse(&old.bytes);
    // A process number that cannot be seen (hidepid) is taken from the profile; empty is better than one that scripts
    // would kill.
    let seen = state.agent.pid.map(|pid| pid.to_string());
    let content = match (agent, seen.or_else(|| profile.agent().map(|(_, pid)| pid))) {
        (AgentEdit::Start { .. }, _) => {
            Content::Profile { old: old.bytes.clone(), socket: socket.to_owned() }
        }
        (_, pid) => {
            if !profile.set_agent(socket, &pid.unwrap_or_default()) {
                return None;
            }
            Content::Bytes(Arc::new(profile.to_bytes()))
        }
    };
    Some(FileEdit { old, content, mode, secret: false })
}

/// A folder, if it is missing or open to others.
fn dir(state: &NodeState, id: &str, path: String) -> Option<DirEdit> {
    let old = state.entry(id);
    let old_mode = old.exists().then_some(old.mode);
    (old_mode != Some(0o700)).then_some(DirEdit { path, old_mode, mode: 0o700 })
}

/// The mode of a file that is made; one that is there keeps its own.
pub(super) fn only_new(state: &NodeState, id: &str, mode: u32) -> Option<u32> {
    if state.entry(id).exists() { None } else { Some(mode) }
}

pub(super) fn file(state: &NodeState, id: &str, bytes: Vec<u8>, mode: Option<u32>) -> Option<FileEdit> {
    shared_file(state, id, Arc::new(bytes), mode)
}

/// A file, if its bytes or its mode differ.
fn shared_file(state: &NodeState, id: &str, bytes: Arc<Vec<u8>>, mode: Option<u32>) -> Option<FileEdit> {
    let old = state.entry(id);
    let same_mode = mode.is_none_or(|mode| mode == old.mode);
    if old.exists() && same_mode && old.bytes == *bytes {
        return None;
    }
    Some(FileEdit { old, content: Content::Bytes(bytes), mode, secret: false })
}

/// Refuses what must not be edited.
pub(super) fn check(state: &NodeState, id: &str, entry: &Entry) -> Result<(), PlanError> {
    let path = entry.path.clone();
    if let Some(owner) = entry.link_owner.filter(|owner| *owner != state.uid && id != "hosts" && id != "home")
    {
        return Err(PlanError::ForeignLink { path, owner });
    }
    let folder = matches!(id, "home" | "ssh-dir" | "tool-dir" | "store-dir");
    match (entry.kind, folder) {
        (EntryKind::Absent, _) | (EntryKind::Directory, true) | (EntryKind::File, false) => Ok(()),
        (EntryKind::Unreadable, false) => Err(PlanError::Unreadable { path }),
        (_, true) => Err(PlanError::WrongKind { path, wanted: "folder" }),
        (_, false) => Err(PlanError::WrongKind { path, wanted: "file" }),
    }
}
