//! All that the tool has put on a node, and how it goes: the opposite of [`super::setup`]. Pure.
//!
//! Only what bears a mark of the tool's, or of openGauss's, which is the same, is taken: lines, blocks, files, jobs. What
//! can be put back goes in the journal; what cannot (an agent's key, lingering) goes when the change is kept.

use std::collections::BTreeSet;

use sshfiles::PublicKey;

use super::{Content, FileEdit, Job};
use crate::inventory::NodeSpec;
use crate::observe::{Entry, EntryKind, NodeState};
use crate::part::{agent, authorize, config, folder, jobs, key, known_hosts, mapping, profile};

/// Something of the tool's that goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// A file of the key pair.
    Key {
        /// Where.
        path: String,
    },
    /// Lines in a file that sshd reads keys from.
    AuthorizedKeys {
        /// Where.
        path: String,
        /// How many.
        lines: usize,
    },
    /// Lines in `known_hosts`.
    KnownHosts {
        /// Where.
        path: String,
        /// How many.
        lines: usize,
    },
    /// The block in `~/.ssh/config`.
    Config {
        /// Where.
        path: String,
    },
    /// The exports in the profile.
    Exports {
        /// Where.
        path: String,
    },
    /// The tool's folder, with the passphrase store.
    Folder {
        /// Where.
        path: String,
    },
    /// The tool's agent.
    Agent {
        /// Its process, if that can be seen.
        pid: Option<u32>,
    },
    /// The job that brings the agent back.
    Job {
        /// By what it is run.
        by: Job,
        /// Where it stands.
        path: String,
    },
    /// openGauss's own job of that kind, in the user's crontab.
    AgentCheck,
    /// Lingering that the set-up turned on.
    Linger,
    /// The mapping in `/etc/hosts`.
    Mapping {
        /// Where.
        path: String,
        /// How many lines.
        lines: usize,
    },
    /// The program that was placed there.
    Program {
        /// Where.
        path: String,
    },
}

impl Found {
    /// Where it is.
    #[must_use]
    pub fn path(&self) -> String {
        match self {
            Self::Key { path }
            | Self::AuthorizedKeys { path, .. }
            | Self::KnownHosts { path, .. }
            | Self::Config { path }
            | Self::Exports { path }
            | Self::Folder { path }
            | Self::Job { path, .. }
            | Self::Mapping { path, .. }
            | Self::Program { path } => path.clone(),
            Self::Agent { pid } => {
                pid.map_or_else(|| "ssh-agent".to_owned(), |pid| format!("ssh-agent {pid}"))
            }
            Self::AgentCheck => "crontab".to_owned(),
            Self::Linger => "loginctl linger".to_owned(),
        }
    }
}

/// Something that stays, although it has to do with the trust.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Left {
    /// Where.
    pub path: String,
    /// Why.
    pub why: LeftWhy,
}

/// Why something stays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LeftWhy {
    /// The user wants the names to stay.
    KeepNames,
    /// Only root may edit it.
    NotRoot,
    /// A line of the user's own lets a key of the tool's in.
    OwnKey,
    /// The user's own code names the agent's socket.
    OwnCode,
    /// It holds files of somebody else.
    ForeignFiles,
    /// It was not seen to go.
    Failed(String),
}

/// What is taken from a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taking {
    /// Which node.
    pub spec: NodeSpec,
    /// Files that lose lines, or go.
    pub files: Vec<FileEdit>,
    /// The user's crontab, if it loses lines.
    pub crontab: Option<FileEdit>,
    /// Shell code for the moment at which the change is kept, in this order; each is right to repeat.
    pub after: Vec<String>,
    /// What goes, in words.
    pub found: Vec<Found>,
    /// What stays.
    pub left: Vec<Left>,
}

impl Taking {
    /// Whether there is nothing of the tool's on the node.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// What is still there after all was taken: what was planned to stay, and what was not seen to go.
    #[must_use]
    pub fn leftovers(mut self) -> Vec<Left> {
        for found in self.found {
            let why = match found {
                // Something else is in it.
                Found::Folder { .. } => LeftWhy::ForeignFiles,
                _ => LeftWhy::Failed("it is still there".to_owned()),
            };
            self.left.push(Left { path: found.path(), why });
        }
        self.left
    }

    /// The folders that are written into.
    #[must_use]
    pub fn folders(&self) -> Vec<String> {
        super::folders_of(&self.files)
    }
}

/// Plans that all goes. `keys_file`: where sshd looks for keys, if that is not `~/.ssh/authorized_keys`; `keys`: those that the
/// nodes come with.
#[must_use]
pub fn take_all(
    state: &NodeState,
    keys_file: Option<&Entry>,
    keys: &BTreeSet<PublicKey>,
    keep_names: bool,
) -> Taking {
    let mut taking = Taking {
        spec: state.spec,
        files: Vec::new(),
        crontab: None,
        after: Vec::new(),
        found: Vec::new(),
        left: Vec::new(),
    };
    key::take(state, &mut taking);
    authorize::take(state, keys_file, keys, &mut taking);
    known_hosts::take(state, &mut taking);
    config::take(state, &mut taking);
    profile::take(state, &mut taking);
    mapping::take(state, keep_names, &mut taking);
    jobs::take(state, &mut taking);
    agent::take(state, &mut taking);
    folder::take(state, &mut taking);
    taking
}

impl Taking {
    /// A file loses what is ours. One that the tool has made, and that holds nothing else, goes.
    pub(crate) fn edit(&mut self, state: &NodeState, old: &Entry, bytes: Vec<u8>) {
        let goes = bytes.is_empty() && folder::made(state).contains(&old.path);
        let content = if goes { Content::Gone } else { Content::of(&old.bytes, bytes) };
        self.files.push(FileEdit { old: old.clone(), content, mode: None, secret: false });
    }

    /// A file goes.
    pub(crate) fn gone(&mut self, old: &Entry, secret: bool) {
        if old.kind == EntryKind::File {
            self.files.push(FileEdit { old: old.clone(), content: Content::Gone, mode: None, secret });
        }
    }
}
