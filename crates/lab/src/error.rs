//! What can go wrong with a lab.

use std::io;
use std::path::{Path, PathBuf};

use crate::capacity::Shortage;
use crate::requirements::Requirement;
use crate::root::Release;
use crate::substitute::Substitute;

/// Trouble with a lab or one of its nodes.
#[derive(Debug, thiserror::Error)]
pub enum LabError {
    /// The machine lacks something that every lab needs.
    #[error("this machine cannot run a lab:\n{}", sentences(.0))]
    Requirements(Vec<Requirement>),
    /// The machine has too little of something for so many nodes.
    #[error("this machine cannot run a lab of {nodes} nodes:\n{}", sentences(.short))]
    TooLarge {
        /// How many were asked for.
        nodes: usize,
        /// What there is too little of.
        short: Vec<Shortage>,
    },
    /// The specification asks for something impossible.
    #[error("the lab cannot be built as asked: {0}")]
    Spec(SpecMistake),
    /// A file or process operation failed.
    #[error("{action} {}: {source}", .path.display())]
    Io {
        /// What was tried, as a verb.
        action: &'static str,
        /// On which file.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
    /// A helper program ended with an error.
    #[error("{program} failed: {stderr}")]
    Tool {
        /// The program.
        program: &'static str,
        /// What it printed on standard error.
        stderr: String,
    },
    /// The process that holds the lab ended too early.
    #[error("the lab could not be brought up: {log}")]
    Keeper {
        /// What the set-up scripts printed.
        log: String,
    },
    /// The root file system of a release was not made yet.
    #[error("there is no root file system of Debian {release} yet ({} is missing); make it with `cargo xtask lab root`", .path.display())]
    NoRoot {
        /// Of which release.
        release: Release,
        /// Where it would be.
        path: PathBuf,
    },
    /// Only a whole system can do this.
    #[error("{node} is not a whole system; bring the lab up with LabSpec::systems")]
    NotASystem {
        /// The node's host name.
        node: String,
    },
    /// The sshd of a node did not begin to listen in time.
    #[error("sshd on {node} does not answer: {log}")]
    NotReady {
        /// The node's host name.
        node: String,
        /// What its sshd logged.
        log: String,
    },
    /// The node was killed.
    #[error("{node} is dead")]
    Dead {
        /// The node's host name.
        node: String,
    },
    /// The lab has no such user.
    #[error("the lab has no user {user}")]
    UnknownUser {
        /// The name that was asked for.
        user: String,
    },
    /// There is no lab of this name.
    #[error("there is no lab {id}")]
    UnknownLab {
        /// The name that was asked for.
        id: String,
    },
    /// A program at a terminal did not print what was expected.
    #[error("waited for {wanted:?} in vain; so far the screen shows:\n{screen}")]
    Terminal {
        /// The text that was waited for.
        wanted: String,
        /// All that was printed until then.
        screen: String,
    },
}

/// A specification that no lab can meet.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SpecMistake {
    /// There must be between 1 and 1,023 nodes: so many ports has a bridge.
    #[error("{0} nodes; a lab has 1 to 1023")]
    Nodes(usize),
    /// A setting names a node that does not exist.
    #[error("node index {0} is out of range")]
    NoSuchNode(usize),
    /// A shell that the specification asks for is not installed.
    #[error("{0} is not installed where the nodes have their system from")]
    NoSuchShell(String),
    /// Only nodes of the first tier can have a folder in common.
    #[error("whole systems share no folder")]
    SharedBySystems,
    /// The root of this release has nothing that boots.
    #[error("there are no whole systems of Debian {0}")]
    NoSystems(Release),
    /// All whole systems are of one release.
    #[error("whole systems are of one release, and have what it has")]
    OnlySystems,
    /// The system below the nodes has nothing of the kind.
    #[error("{} has no {what:?}; lay the node over a root that has it", .base.display())]
    NoSubstitute {
        /// What was asked for.
        what: Substitute,
        /// The root of that system.
        base: PathBuf,
    },
}

impl LabError {
    pub(crate) fn io(action: &'static str, path: impl AsRef<Path>) -> impl FnOnce(io::Error) -> LabError {
        let path = path.as_ref().to_path_buf();
        move |source| LabError::Io { action, path, source }
    }
}

fn sentences(missing: &[impl std::fmt::Display]) -> String {
    missing.iter().map(|one| format!("- {one}")).collect::<Vec<_>>().join("\n")
}
