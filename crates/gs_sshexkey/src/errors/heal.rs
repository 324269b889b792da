//! Why nothing was healed.

use sshtrust::change::Undone;
use sshtrust::doctor::HealError;

use super::{Report, check, node};

/// The screen of an error.
pub(crate) fn heal(error: &HealError) -> Report {
    match error {
        HealError::Busy(nodes) => super::busy(&super::nodes(nodes.iter().copied())),
        HealError::Blind(error, undone) => put_back(check(error), undone),
        HealError::Failed { nodes, undone } => {
            put_back(super::together(nodes.iter().map(node::explain), "A node failed."), undone)
        }
        HealError::Worse { pairs, undone } => put_back(
            Report::other(&format!("{pairs} pairs that worked before did not work after the changes.")),
            undone,
        ),
        HealError::Undecided(nodes) => {
            super::together(nodes.iter().map(node::explain), "A node did not answer.").cure(
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
