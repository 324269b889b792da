//! Why there is no trust for a command.

use sshtrust::operation::LendError;

use super::{Report, explain};

/// The screen of an error.
pub(crate) fn lend(error: &LendError) -> Report {
    match error {
        LendError::Partly(nodes) => Report::other(&format!(
            "Trust stands on a part of the nodes only, and not on {}.",
            super::nodes(nodes.iter().copied())
        ))
        .cure(
            "Nothing was changed. What stood before could not be told from what is lent: take it away first (gs_sshexkey revoke), \
             or make it whole (gs_sshexkey -f HOSTFILE).",
        ),
        LendError::Setup(error) | LendError::Undecided(error) => explain(error),
    }
}
