//! Who can get in: for people, and for programs.

mod json;
mod picture;
mod text;
mod words;

#[cfg(test)]
pub(super) mod sample;
#[cfg(test)]
mod tests;

use std::time::{Duration, SystemTime};

use sshtrust::inventory::NodeIx;
use sshtrust::operation::AccessSeen;

pub(crate) use json::write as write_json;
pub(crate) use text::render;

/// What is told.
#[derive(Debug, Clone)]
pub(crate) struct AccessReport {
    /// Who gets in as whom.
    pub(crate) user: String,
    /// When it began.
    pub(crate) began: SystemTime,
    /// How long it took.
    pub(crate) took: Duration,
    /// The nodes and their keys.
    pub(crate) seen: AccessSeen,
}

impl AccessReport {
    /// Whether every node could be read.
    pub(crate) fn is_whole(&self) -> bool {
        self.not_read().is_empty()
    }

    /// The nodes that could not be read.
    fn not_read(&self) -> Vec<NodeIx> {
        let nodes = self.seen.nodes.entries().filter(|(_, node)| node.not_read.is_some());
        nodes.map(|(node, _)| node).collect()
    }
}
