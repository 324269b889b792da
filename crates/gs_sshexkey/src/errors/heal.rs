//! Why nothing was healed.

use sshtrust::change::Undone;
use sshtrust::doctor::HealError;

use super::{Report, check, list, node};

/// The screen of an error.
pub(crate) fn heal(error: &HealError) -> Report {
    match error {
        HealError::Busy(nodes) => super::busy(&list(nodes.iter().map(ToString::to_string))),
        HealError::Blind(error, undone) => put_back(check(error), undone),
        HealError::Failed { nodes, undone } => {
            let report = nodes.iter().map(node::explain).reduce(Report::and);
            put_back(report.unwrap_or_else(|| Report::other("A node failed.")), undone)
        }
        HealError::Worse { pairs, undone } => put_back(
            Report::other(&format!("{pairs} pairs that worked before did not work after the changes.")),
            undone,
        ),
        HealError::Undecided(nodes) => {
            let report = nodes.iter().map(node::explain).reduce(Report::and);
            report.unwrap_or_else(|| Report::other("A node did not answer.")).cure(
                "The changes were seen to help, and all other nodes keep them; these did not say so in the end. Run it \
                 again to see how they are.",
            )
        }
        HealError::Interrupted(undone) => put_back(Report::other("Interrupted."), undone),
    }
}

fn put_back(report: Report, undone: &Undone) -> Report {
    super::setup::put_back(report, undone)
}
