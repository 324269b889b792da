//! Why nothing can be said about a cluster.

use sshtrust::check::{CheckError, NoEntry};
use sshtrust::inventory::NodeSpec;

use super::{Report, connect};

/// Exit status when the check itself could not be done.
pub(crate) const NOT_DONE: u8 = 2;

/// The screen of an error.
pub(crate) fn check(error: &CheckError) -> Report {
    match error {
        CheckError::LocalFile { path, reason } => super::unusable_file(path, reason),
        CheckError::NoNodeEntered(nodes) => {
            no_entry("No node can be entered, so nobody can be asked whom it reaches.", nodes)
        }
        CheckError::NoPair => {
            Report::other("There is no pair of nodes to look at.").cure("List at least two nodes.")
        }
        CheckError::Interrupted => Report::other("Interrupted. Nothing was changed."),
    }
}

/// No node lets anybody in. `head`: what comes of that.
pub(super) fn no_entry(head: &str, nodes: &[(NodeSpec, NoEntry)]) -> Report {
    let mut unreachable = Vec::new();
    let mut closed = Vec::new();
    let mut report = Report::other(head);
    for (node, why) in nodes {
        match why {
            NoEntry::Connect(error) => unreachable.push((*node, error.clone())),
            other => {
                if matches!(other, NoEntry::NoPassword(_)) {
                    closed.push(*node);
                }
                report = report.on(*node, &other.to_string());
            }
        }
    }
    if !closed.is_empty() {
        report = report.cure(&format!(
            "Give a password for {}: at a terminal, or by --password-file.",
            super::nodes(closed)
        ));
    }
    if unreachable.is_empty() { report } else { report.and(connect::explain(&unreachable)) }
}
