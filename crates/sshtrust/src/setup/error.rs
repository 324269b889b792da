//! Why a run ended without trust.

use crate::change::{NodeFailure, Undone};
use crate::diagnose::Finding;
use crate::fleet::HoldError;
use crate::identity::IdentityError;
use crate::inventory::{NameConflict, NodeSpec};
use crate::plan::{BoundsError, NamesError};
use crate::probe::TrustMatrix;
use crate::session::{ConnectError, SeenOtherwise};

/// A node that showed others another host key than it had shown here: somebody may have stood in between.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Impostor {
    /// Which node.
    pub node: NodeSpec,
    /// Who saw what.
    pub seen: SeenOtherwise,
    /// A password was sent to whoever answered here, and nobody knew its host key.
    pub exposed: bool,
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
    /// Nodes whose key would become another one, although they know nodes that are not in the list, by address. Nothing was
    /// written.
    #[error("keys serve nodes that are not in the list")]
    ServesOthers(Vec<(NodeSpec, Vec<String>)>),
    /// Nodes should come to a cluster that has no trust. Nothing was written.
    #[error("there is no trust to expand")]
    NoTrust,
    /// Nodes that come and do not take a key of the cluster, of this type. Nothing was written.
    #[error("nodes do not take the cluster's keys")]
    KeyNotTaken(Vec<(NodeSpec, String)>),
    /// No key pair.
    #[error("no key pair: {0}")]
    Key(String),
    /// Trust cannot have these bounds. Nothing was written.
    #[error(transparent)]
    Bounds(#[from] BoundsError),
    /// What would make the set-up fail. Nothing was written.
    #[error("the set-up would fail")]
    Foreseen(Vec<(NodeSpec, Finding)>),
    /// Nodes that could not be read or planned for. Nothing was written.
    #[error("nodes are not fit")]
    Unfit(Vec<NodeFailure>),
    /// Nodes that could not be changed.
    #[error("nodes failed")]
    Failed {
        /// The nodes that failed.
        nodes: Vec<NodeFailure>,
        /// How all were put back.
        undone: Undone,
    },
    /// Pairs that do not work after the change, which was undone.
    #[error("pairs do not work")]
    NotTrusted {
        /// The pairs.
        matrix: Box<TrustMatrix>,
        /// Nodes that showed others another host key than they had shown here.
        otherwise: Vec<Impostor>,
        /// How all were put back.
        undone: Undone,
    },
    /// All pairs work, and these nodes did not answer when they were told to keep that.
    #[error("nodes did not answer in the end")]
    Undecided(Vec<NodeFailure>),
    /// The user stopped the run before anything was written.
    #[error("interrupted")]
    Interrupted,
    /// The user stopped the run; what was written was undone.
    #[error("interrupted and undone")]
    InterruptedAndUndone(Undone),
}

impl From<IdentityError> for SetupError {
    fn from(error: IdentityError) -> Self {
        Self::Key(error.to_string())
    }
}

impl From<HoldError> for SetupError {
    fn from(error: HoldError) -> Self {
        match error {
            HoldError::Busy(nodes) => Self::Busy(nodes),
            HoldError::Failed(nodes) => Self::Unfit(nodes),
            HoldError::SamePlace(one, two) => Self::SamePlace(one, two),
        }
    }
}
