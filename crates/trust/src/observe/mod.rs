//! What was read from a node: the data, and the parsers of what a node answers. The scripts that read run elsewhere; what
//! comes back is text that anybody may have written, so every parser here is total.

mod algorithms;
mod contents;
mod evidence;
mod keepalive;
mod parse;
mod state;

use crate::bounds::NodeClock;
use crate::enter::NodeError;
use crate::machine::MachineId;

pub use algorithms::{accepts_key, matches};
pub(crate) use contents::OurLines;
pub use contents::{Contents, FileBytes, Promise};
pub(crate) use evidence::CLASSIC;
pub use evidence::{
    Ageing, Callee, Chain, Client, ClientCall, Clock, Condition, Disk, Evidence, Field, Group, Hook, Init,
    Keys, KeysAccess, KeysFile, Label, Libraries, Lockout, Login, LoginSettings, LoginShell, Machine,
    Manager, Neighbour, OwnKey, Process, Purpose, Questions, Revoked, Right, Rights, Rule, Selinux, Service,
    Setting, Settings, ShellKind, Spared, Unit, Unseen, Verdict, Wrappers, parse_evidence,
};
pub use keepalive::{KeepaliveState, Linger};
pub use parse::Frames;
pub use state::{AgentState, Entry, EntryKind, NodeState, SshClient};

/// Why a node could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ObserveError {
    /// No answer.
    #[error(transparent)]
    Node(#[from] NodeError),
    /// The answer lacks something.
    #[error("the node did not tell its {0}")]
    Incomplete(&'static str),
    /// A program that is needed is not installed.
    #[error("not installed: {}", .0.join(", "))]
    Missing(Vec<String>),
    /// The user has no home directory.
    #[error("the home directory {0} of the user does not exist")]
    NoHome(String),
    /// The tool's agent is there and does not answer: it must not get a twin.
    #[error("the ssh-agent of process {0} does not answer")]
    AgentHangs(String),
    /// No file of the daemon's setting can be used.
    #[error("sshd looks for keys in {0}, where nothing can be written")]
    NoKeysFile(String),
}

/// The least that has to be known of a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Glance {
    /// Host name, as `uname -n` says.
    pub hostname: String,
    /// Its `ssh`.
    pub ssh: SshClient,
    /// Its clock; `None` if it did not tell.
    pub clock: Option<NodeClock>,
    /// Which machine it is.
    pub machine: MachineId,
    /// Its login shell understands what is written for sh(1).
    pub posix_shell: bool,
    /// The ends of our lines in the user's `authorized_keys`, as sshd reads them.
    pub ends: Vec<String>,
}

impl Glance {
    /// When the first of our lines ends there, in seconds since 1970; `None`: none does.
    #[must_use]
    pub fn expires(&self) -> Option<i64> {
        let clock = self.clock?;
        self.ends.iter().filter_map(|end| clock.moment(end)).min()
    }
}
