//! What a node looks like now.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use sshfiles::PublicKey;

use super::algorithms::accepts_key;
use super::contents::FileBytes;
use super::keepalive::KeepaliveState;
use crate::bounds::NodeClock;
use crate::inventory::NodeSpec;
use crate::key::KeyType;
use crate::machine::MachineId;
use crate::place::Place;

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

/// A file or folder as it was found. A copy shares its content.
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
    pub bytes: FileBytes,
}

impl Entry {
    /// The entry of a path where there is nothing.
    #[must_use]
    pub fn absent(path: &str) -> Self {
        let path = path.to_owned();
        let (stamp, bytes) = (String::new(), FileBytes::default());
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
    /// The daemon's `PubkeyAcceptedAlgorithms`, if it says something of them.
    pub accepted_algorithms: Option<String>,
    /// Its clock; `None` if it did not tell.
    pub clock: Option<NodeClock>,
    /// Which machine it is.
    pub machine: MachineId,
    /// Its login shell understands what is written for sh(1).
    pub posix_shell: bool,
    /// The tool's agent.
    pub agent: AgentState,
    /// Host keys of all types that it has.
    pub host_keys: Vec<PublicKey>,
    /// What keeps the agent alive; `None` if nobody asked.
    pub keepalive: Option<KeepaliveState>,
    /// The files and folders.
    pub entries: BTreeMap<Place, Entry>,
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
    pub fn entry(&self, place: Place) -> &Entry {
        entry(&self.entries, place)
    }

    /// Whether it works with keys of this type, as a public key file names it: its sshd takes them, and no mode forbids
    /// them.
    #[must_use]
    pub fn takes_key(&self, kind: &str) -> bool {
        let forbidden = self.ssh.fips && kind == KeyType::Ed25519.name();
        !forbidden && self.accepted_algorithms.as_ref().is_none_or(|list| accepts_key(list, kind))
    }

    /// The content of a file, empty if there is none.
    #[must_use]
    pub fn bytes(&self, place: Place) -> &[u8] {
        &self.entry(place).bytes
    }
}

/// An entry; one that was not observed counts as absent.
pub(super) fn entry(entries: &BTreeMap<Place, Entry>, place: Place) -> &Entry {
    static UNSEEN: LazyLock<Entry> = LazyLock::new(|| Entry::absent(""));
    entries.get(&place).unwrap_or(&UNSEEN)
}
