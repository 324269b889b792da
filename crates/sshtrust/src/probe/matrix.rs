//! The result of probing.

use crate::inventory::NodeSpec;

/// How one call ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EdgeOutcome {
    /// The command ran.
    Works,
    /// It did not.
    Broken {
        /// Exit status of `ssh`, or -1 if the calling node was lost.
        status: i32,
        /// What `ssh` printed, safe to show.
        said: String,
    },
}

/// One ordered pair of nodes, by one of the target's names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrustEdge {
    /// The node that calls.
    pub from: NodeSpec,
    /// The node that is called.
    pub to: NodeSpec,
    /// The address or host name that was used.
    pub host: String,
    /// How it ended.
    pub outcome: EdgeOutcome,
}

/// All pairs that were probed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TrustMatrix {
    /// How many pairs were probed.
    pub total: usize,
    /// The ones that do not work.
    pub broken: Vec<TrustEdge>,
}

impl TrustMatrix {
    /// Whether every pair works.
    #[must_use]
    pub fn is_healthy(&self) -> bool {
        self.broken.is_empty()
    }
}
