//! Why a run ended without trust.

use crate::apply::ApplyError;
use crate::diagnose::Finding;
use crate::identity::IdentityError;
use crate::inventory::{NameConflict, NodeSpec};
use crate::node::NodeError;
use crate::observe::ObserveError;
use crate::plan::{NamesError, PlanError};
use crate::probe::TrustMatrix;
use crate::session::ConnectError;

/// What went wrong on one node.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NodeTrouble {
    /// Its shell.
    #[error(transparent)]
    Shell(#[from] NodeError),
    /// Reading it.
    #[error(transparent)]
    Observe(#[from] ObserveError),
    /// Planning for it.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// Changing it.
    #[error(transparent)]
    Apply(#[from] ApplyError),
    /// It shares its home directory with a node that is changed in this run.
    #[error("it shares its home directory with {0}, which is changed in this run")]
    SharedHome(NodeSpec),
    /// What an earlier run had left was undone, so that it is not as it was seen any more.
    #[error("what an earlier run had left half done was undone just now")]
    Recovered,
}

/// A node and what went wrong on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeFailure {
    /// Which node.
    pub node: NodeSpec,
    /// What.
    pub trouble: NodeTrouble,
}

/// Why there is no trust.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SetupError {
    /// Nodes whose SSH server cannot be talked to, or that cannot be logged in to.
    #[error("nodes cannot be reached")]
    Unreachable(Vec<(NodeSpec, ConnectError)>),
    /// Nodes that refused the password, twice at most.
    #[error("a password is incorrect")]
    WrongPassword(Vec<NodeSpec>),
    /// There was nobody to ask.
    #[error("no password was given: {why}")]
    NoPassword {
        /// The nodes that need one.
        nodes: Vec<NodeSpec>,
        /// Why.
        why: String,
    },
    /// A file of this machine that is needed cannot be read.
    #[error("{path}: {reason}")]
    LocalFile {
        /// Which.
        path: String,
        /// Why.
        reason: String,
    },
    /// Two entries of the hostfile are one machine, or share one home.
    #[error("{0} and {1} are the same machine, or share one home directory")]
    SamePlace(NodeSpec, NodeSpec),
    /// Another run is at work on these nodes.
    #[error("another run is at work")]
    Busy(Vec<NodeSpec>),
    /// Nodes whose host name is not the one that the description gives them. Nothing was written.
    #[error("nodes have other host names")]
    OtherNames(Vec<NameConflict>),
    /// Host names that cannot be mapped.
    #[error("host names cannot be mapped")]
    HostNames(Vec<(NodeSpec, NamesError)>),
    /// No key pair.
    #[error("no key pair: {0}")]
    Key(String),
    /// What would make the set-up fail. Nothing was written.
    #[error("the set-up would fail")]
    Foreseen(Vec<(NodeSpec, Finding)>),
    /// Nodes that could not be read or planned for. Nothing was written.
    #[error("nodes are not fit")]
    Unfit(Vec<NodeFailure>),
    /// Nodes that could not be changed. `stuck` could not be put back.
    #[error("nodes failed")]
    Failed {
        /// The nodes that failed.
        nodes: Vec<NodeFailure>,
        /// The nodes that could not be put back.
        stuck: Vec<NodeFailure>,
    },
    /// Pairs that do not work after the change, which was undone.
    #[error("pairs do not work")]
    NotTrusted {
        /// The pairs.
        matrix: Box<TrustMatrix>,
        /// The nodes that could not be put back.
        stuck: Vec<NodeFailure>,
    },
    /// The user stopped the run before anything was written.
    #[error("interrupted")]
    Interrupted,
    /// The user stopped the run; what was written was undone but for these nodes.
    #[error("interrupted and undone")]
    InterruptedAndUndone(Vec<NodeFailure>),
}

impl From<IdentityError> for SetupError {
    fn from(error: IdentityError) -> Self {
        Self::Key(error.to_string())
    }
}
