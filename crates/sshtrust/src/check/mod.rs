//! The pipeline of `check`: enter what can be entered, call every pair, change nothing.

use std::time::{Duration, SystemTime};

use crate::event::Login;
use crate::inventory::NodeSpec;
use crate::node::NodeError;
use crate::probe::TrustMatrix;
use crate::session::ConnectError;

/// What became of a cluster's check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    /// The user whose trust this is.
    pub user: String,
    /// When the check began.
    pub began: SystemTime,
    /// How long it took.
    pub took: Duration,
    /// The nodes, in the order of the matrix.
    pub nodes: Vec<CheckedNode>,
    /// All pairs.
    pub matrix: TrustMatrix,
}

impl Checked {
    /// Whether every pair works.
    #[must_use]
    pub fn is_healthy(&self) -> bool {
        self.matrix.is_healthy()
    }
}

/// One node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckedNode {
    /// Which node.
    pub spec: NodeSpec,
    /// Its host name, safe to show: what it says itself, else what the description of the cluster says.
    pub name: Option<String>,
    /// The host name that the description of the cluster gives it, if it has another one.
    pub described: Option<String>,
    /// How it was entered, or why it could not be: then it called nobody.
    pub entry: Result<Login, NoEntry>,
}

/// Why a node could not be entered, so that it called nobody.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoEntry {
    /// Its SSH server cannot be reached or logged in to.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// No key opens it, and there was no password to try.
    #[error("no key opens it, and no password was given")]
    NoPassword,
    /// It refused the password.
    #[error("it refused the password")]
    WrongPassword,
    /// Its shell does not do.
    #[error(transparent)]
    Node(#[from] NodeError),
}
