//! Why a change could not be made or unmade, as the scripts on the node tell it.

use crate::inventory::NodeSpec;
use crate::node::{NodeError, Output};
use crate::text::printable;

/// Status of the script when a file is not the one that was read.
const CHANGED: i32 = 76;
/// Status of the script when a file cannot be written.
pub(super) const UNWRITABLE: i32 = 77;

/// Why a change could not be made or unmade.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ApplyError {
    /// No answer, or a command failed.
    #[error(transparent)]
    Node(#[from] NodeError),
    /// A file could not be written: disk full, read-only, not allowed.
    #[error("{0}")]
    Unwritable(String),
    /// Somebody changed a file between reading and writing.
    #[error("{0}")]
    Changed(String),
    /// The agent could not be started or did not take the key.
    #[error("{0}")]
    Agent(String),
    /// The node has gone back by itself, because it heard nothing for too long.
    #[error("the node has undone the change, because it heard nothing for too long")]
    GaveUp,
    /// It shares a folder with another node of the run.
    #[error("it shares the folder {folder} with {other}")]
    SharedFolder {
        /// Which folder, safe to show.
        folder: String,
        /// The other node.
        other: NodeSpec,
    },
}

/// Turns the status of a script into an error.
pub(super) fn judge(output: Output, what: &str) -> Result<(), ApplyError> {
    match output.status {
        0 => Ok(()),
        CHANGED => Err(ApplyError::Changed(printable(&output.stderr))),
        UNWRITABLE => Err(ApplyError::Unwritable(printable(&output.stderr))),
        _ => Err(output.success(what).err().map_or(ApplyError::GaveUp, ApplyError::Node)),
    }
}
