//! What has to change on each node: the desired state minus the present one. Pure, so its tests are tables.

mod choose;
mod diff;
mod files;
mod job;
mod keepalive;
mod names;
mod restore;

use std::sync::Arc;

use sshfiles::{PublicKey, ShellProfile};

use crate::identity::{IdentityKey, Sealed};
use crate::inventory::NodeSpec;
use crate::observe::{Entry, NodeState};
use crate::program::Programs;

pub use choose::{Choice, Wish, choose_identity};
pub use files::{keep, settle, setup};
pub use keepalive::{Job, JobEdit, Keepalive, KeepaliveEdit, Unable, job_in_force};
pub use names::{NamesError, node_names};
pub use restore::{Command, Part, Peer, restore};

/// What the user wants.
#[derive(Debug, Clone)]
pub struct Intent {
    /// Write host names into `/etc/hosts`.
    pub map_names: bool,
    /// Keep the lines of earlier runs there (`--no-deduplicate`).
    pub keep_old_mapping: bool,
}

/// The new content of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// These bytes.
    Bytes(Arc<Vec<u8>>),
    /// A profile with the exports of an agent that is yet to be started: its process number is known only then.
    Profile {
        /// The profile as it is.
        old: Vec<u8>,
        /// The agent's socket.
        socket: String,
    },
}

impl Content {
    /// The bytes, once the agent's process number is known.
    #[must_use]
    pub fn render(&self, agent_pid: &str) -> Arc<Vec<u8>> {
        match self {
            Self::Bytes(bytes) => bytes.clone(),
            Self::Profile { old, socket } => {
                let mut profile = ShellProfile::parse(old);
                profile.set_agent(socket, agent_pid);
                Arc::new(profile.to_bytes())
            }
        }
    }
}

/// One file to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileEdit {
    /// The file as it was observed; its path is where to write.
    pub old: Entry,
    /// Its new content.
    pub content: Content,
    /// Its new permission bits; `None` keeps what it has.
    pub mode: Option<u32>,
    /// The content must not be shown.
    pub secret: bool,
}

/// One folder to make or to restrict.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DirEdit {
    /// Where.
    pub path: String,
    /// Permission bits that it has now; `None` if it does not exist.
    pub old_mode: Option<u32>,
    /// Permission bits that it shall have.
    pub mode: u32,
}

/// What the tool's agent needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AgentEdit {
    /// It lives and holds the key.
    Nothing,
    /// It lives, the key is to be added.
    AddKey,
    /// It has to be started; a dead socket may be in its place.
    Start {
        /// There is one.
        stale_socket: bool,
    },
}

/// The change of one node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodePlan {
    /// Which node.
    pub spec: NodeSpec,
    /// The agent's socket.
    pub socket: String,
    /// Folders, outer ones first.
    pub dirs: Vec<DirEdit>,
    /// The agent.
    pub agent: AgentEdit,
    /// Files.
    pub files: Vec<FileEdit>,
    /// How the agent comes back.
    pub keepalive: Keepalive,
}

impl NodePlan {
    /// Whether there is nothing to do.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        let done = self.agent == AgentEdit::Nothing && self.keepalive.edit().is_none();
        done && self.dirs.is_empty() && self.files.is_empty()
    }
}

/// The change of the cluster: one [`NodePlan`] a node, in the order of the hostfile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// The nodes.
    pub nodes: Vec<NodePlan>,
    /// Keys of the tool that this plan takes out of use: their lines go once the new key was seen to work.
    pub superseded: Vec<PublicKey>,
}

impl Plan {
    /// Whether no node changes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.nodes.iter().all(NodePlan::is_empty)
    }
}

/// What stands in the way of a plan.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// A file that cannot be read.
    #[error("{path} cannot be read by the user")]
    Unreadable {
        /// Which.
        path: String,
    },
    /// Something that is no regular file or no folder.
    #[error("{path} is not a regular {wanted}")]
    WrongKind {
        /// Which.
        path: String,
        /// What it should be.
        wanted: &'static str,
    },
    /// A symbolic link of somebody else's.
    #[error("{path} is reached through a symbolic link that belongs to user {owner}")]
    ForeignLink {
        /// Where it leads.
        path: String,
        /// Whose it is.
        owner: u32,
    },
    /// The socket's path does not fit `sun_path` of unix(7).
    #[error("the path {path} is too long for a Unix socket ({length} bytes, at most 107)")]
    SocketPath {
        /// Which.
        path: String,
        /// Its length in bytes.
        length: usize,
    },
}

/// What the plan is made from.
pub struct Ingredients<'a> {
    /// The nodes as they are.
    pub states: &'a [NodeState],
    /// The name of each node that is used in files, if it has a usable one.
    pub names: &'a [Option<String>],
    /// The cluster's key pair.
    pub identity: &'a IdentityKey,
    /// Its passphrase, encrypted for the store.
    pub sealed: Sealed,
    /// What the user wants.
    pub intent: &'a Intent,
    /// Builds of the program, for the keepalive.
    pub programs: &'a Programs,
}
