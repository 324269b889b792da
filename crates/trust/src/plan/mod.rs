//! What has to change on each node: the desired state minus the present one. Pure, so its tests are tables.

mod bounds;
mod choose;
mod content;
mod diff;
mod leave;
mod mode;
mod names;
mod restore;
mod setup;
mod take;
mod teller;

use sshfiles::PublicKey;

use crate::inventory::NodeSpec;
use crate::key::NodeKeys;
use crate::observe::{Entry, NodeState};
use crate::program::Builds;

pub use crate::part::authorize::bound as bound_lines;
pub use crate::part::keepalive::{Job, JobEdit, Keepalive, KeepaliveEdit, Unable, job_in_force};
pub use bounds::{Bounding, BoundsError, foresee_bounds};
pub use choose::{Choice, PassedOver, Pick, Wish, choose_keys, fitting_type};
pub use content::{Content, Splice};
pub(crate) use leave::bare;
pub use leave::{Leaver, Staying, has_block, knows, leavers, strange_keys, without_nodes};
pub use mode::{bereaved, is_replaced, is_replaced_without, outside, own_keys, standing_mode};
pub use names::{KnownNames, NamesError, node_names};
pub use restore::{Command, Part, Peer, restore};
pub(crate) use setup::unfit;
pub use setup::{keep, setup, setup_bound, without_keys};
pub use take::{Found, Left, LeftWhy, Taking, take_all};
pub use teller::{ChangeText, LineKind, Piece, Run, Teller};

/// What the user wants.
#[derive(Debug, Clone, Default)]
pub struct Intent {
    /// Write host names into `/etc/hosts`.
    pub map_names: bool,
    /// Keep the lines of earlier runs there (`--no-deduplicate`).
    pub keep_old_mapping: bool,
    /// Nodes that leave the cluster: the others know them, and they are not among them any more.
    pub leaving: Vec<Leaver>,
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
    /// The path of its `authorized_keys`, where its sshd looks.
    pub keys_file: String,
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

    /// Whether private key material is written that was not there before.
    #[must_use]
    pub fn brings_secrets(&self) -> bool {
        let is_new = |edit: &FileEdit| edit.content.render("").as_slice() != &edit.old.bytes[..];
        self.files.iter().any(|edit| edit.secret && is_new(edit))
    }

    /// The folders of its files, each once; outside of the home they may be another node's too.
    #[must_use]
    pub fn folders(&self) -> Vec<String> {
        folders_of(&self.files)
    }
}

/// The folders of these files, each once.
fn folders_of(files: &[FileEdit]) -> Vec<String> {
    let parent = |edit: &FileEdit| edit.old.path.rsplit_once('/').map(|(folder, _)| folder.to_owned());
    let mut folders: Vec<String> = files.iter().filter_map(parent).filter(|f| !f.is_empty()).collect();
    folders.sort();
    folders.dedup();
    folders
}

/// A part of a plan that is kept on all nodes before the next begins: what is replaced is never taken away together with
/// the coming of its successor, so that nodes which keep sooner or later than others trust each other all the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Where a key is replaced, the new one is let in everywhere.
    Authorize,
    /// All else; the new key is what every node comes with.
    Establish,
}

/// The change of the cluster: one [`NodePlan`] a node, in the order of the hostfile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// The nodes.
    pub nodes: Vec<NodePlan>,
    /// Keys of the tool that this plan takes out of use: their lines go once the new key was seen to work.
    pub superseded: Vec<PublicKey>,
    /// A node's key becomes another one.
    pub replaces_key: bool,
}

impl Plan {
    /// Whether no node changes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.nodes.iter().all(NodePlan::is_empty)
    }

    /// What a stage changes, a node each.
    #[must_use]
    pub fn stage(&self, stage: Stage) -> Vec<NodePlan> {
        self.nodes.iter().map(|plan| self.part_of(plan, stage)).collect()
    }

    fn part_of(&self, plan: &NodePlan, stage: Stage) -> NodePlan {
        // With a note of it, so that the next run takes it out again if this one does not come to its end.
        let lets_in = |edit: &FileEdit| edit.old.path == plan.keys_file || edit.old.path.ends_with(PENDING);
        let mut part = plan.clone();
        match stage {
            Stage::Establish if self.replaces_key => part.files.retain(|edit| !lets_in(edit)),
            Stage::Establish => {}
            Stage::Authorize => {
                part.files.retain(|edit| self.replaces_key && lets_in(edit));
                let folders = part.folders();
                part.dirs.retain(|dir| folders.contains(&dir.path));
                (part.agent, part.keepalive) = (AgentEdit::Nothing, Keepalive::Off);
            }
        }
        part
    }
}

/// The note of a key that is let in and is yet to become the cluster's, below the home.
const PENDING: &str = "/gaussdb_tmp/.pending";

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
    /// The keys, and which node comes with which.
    pub keys: &'a NodeKeys,
    /// What the user wants.
    pub intent: &'a Intent,
    /// Builds of the program, for the keepalive.
    pub programs: &'a Builds,
}
