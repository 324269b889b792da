//! What a node looks like now.

use std::collections::BTreeMap;

use sshfiles::PublicKey;

use super::keepalive::KeepaliveState;
use crate::inventory::NodeSpec;

/// One of the files and folders that matter, by the name the observation script gives it.
pub type EntryId = String;

/// What is found at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntryKind {
    /// Nothing.
    Absent,
    /// A regular file whose bytes were read.
    File,
    /// A regular file that the user cannot read.
    Unreadable,
    /// A folder.
    Directory,
    /// A socket, a device, ...
    Other,
}

/// A file or folder as it was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// What it is.
    pub kind: EntryKind,
    /// Where it is, symbolic links resolved.
    pub path: String,
    /// Owner of the symbolic link that led here, if there was one.
    pub link_owner: Option<u32>,
    /// Permission bits, as chmod(1) takes them.
    pub mode: u32,
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// Inode, size and times, to see later whether somebody else changed it.
    pub stamp: String,
    /// Content of a file, empty otherwise.
    pub bytes: Vec<u8>,
}

impl Entry {
    /// The entry of a path where there is nothing.
    #[must_use]
    pub fn absent(path: &str) -> Self {
        let path = path.to_owned();
        let (stamp, bytes) = (String::new(), Vec::new());
        Self { kind: EntryKind::Absent, path, link_owner: None, mode: 0, uid: 0, gid: 0, stamp, bytes }
    }

    /// Whether there is something.
    #[must_use]
    pub fn exists(&self) -> bool {
        self.kind != EntryKind::Absent
    }
}

/// The tool's own agent on a node.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AgentState {
    /// There is a socket at its place.
    pub socket: bool,
    /// It answers.
    pub alive: bool,
    /// It takes the connection and does not answer.
    pub hangs: bool,
    /// Its process.
    pub pid: Option<u32>,
    /// The keys it holds.
    pub keys: Vec<PublicKey>,
}

/// Everything that was read from a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeState {
    /// Which node.
    pub spec: NodeSpec,
    /// The user whose trust this is.
    pub user: String,
    /// The user's number.
    pub uid: u32,
    /// The user's group.
    pub gid: u32,
    /// Home directory, as the password database says.
    pub home: String,
    /// Host name, as `uname -n` says.
    pub hostname: String,
    /// `uname -sm`.
    pub system: String,
    /// Its `ssh`.
    pub ssh: SshClient,
    /// Programs that are needed and not there.
    pub missing: Vec<String>,
    /// The daemon's settings, as far as they matter: `AuthorizedKeysFile`.
    pub authorized_keys_files: Vec<String>,
    /// The daemon's `PubkeyAcceptedAlgorithms` leaves Ed25519 out.
    pub refuses_ed25519: bool,
    /// The tool's agent.
    pub agent: AgentState,
    /// Host keys of all types that it has.
    pub host_keys: Vec<PublicKey>,
    /// What keeps the agent alive; `None` if nobody asked.
    pub keepalive: Option<KeepaliveState>,
    /// The files and folders.
    pub entries: BTreeMap<EntryId, Entry>,
}

/// The `ssh` of a node.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SshClient {
    /// Its version, if that could be read: `(9, 2)`.
    pub version: Option<(u32, u32)>,
    /// FIPS mode is on.
    pub fips: bool,
}

impl SshClient {
    /// Whether it may be told to prefer a cheap key exchange: it understands `KexAlgorithms=^...`, and no mode forbids
    /// that one.
    #[must_use]
    pub fn prefers_kex(self) -> bool {
        !self.fips && self.version.is_some_and(|version| version >= (8, 1))
    }
}

impl NodeState {
    /// A file or folder; one that was not observed counts as absent.
    #[must_use]
    pub fn entry(&self, id: &str) -> Entry {
        self.entries.get(id).cloned().unwrap_or_else(|| Entry::absent(""))
    }

    /// The content of a file, empty if there is none.
    #[must_use]
    pub fn bytes(&self, id: &str) -> &[u8] {
        self.entries.get(id).map_or(&[], |e| &e.bytes)
    }
}
