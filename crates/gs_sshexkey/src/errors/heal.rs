//! Why nothing was healed.

use sshtrust::doctor::HealError;
use sshtrust::setup::NodeFailure;

use super::{Report, check, list, node};

/// The screen of an error.
pub(crate) fn heal(error: &HealError) -> Report {
    match error {
        HealError::Busy(nodes) => {
            let nodes = list(nodes.iter().map(ToString::to_string));
            Report::other(&format!("Another run of gs_sshexkey is at work on {nodes}. Nothing was changed."))
                .cure("Wait until it has ended and run again.")
        }
        HealError::Blind(error, stuck) => put_back(check(error), stuck),
        HealError::Failed { nodes, stuck } => {
            let report = nodes.iter().map(node::explain).reduce(Report::and);
            put_back(report.unwrap_or_else(|| Report::other("A node failed.")), stuck)
        }
        HealError::Worse { pairs, stuck } => put_back(
            Report::other(&format!("{pairs} pairs that worked before did not work after the changes.")),
            stuck,
        ),
        HealError::Interrupted(stuck) => put_back(Report::other("Interrupted."), stuck),
    }
}

fn put_back(report: Report, stuck: &[NodeFailure]) -> Report {
    super::setup::put_back(report, stuck)
}
