//! Why nodes did not come to a cluster.

use std::collections::BTreeSet;

use sshtrust::inventory::NodeSpec;
use sshtrust::setup::SetupError;

use super::{NOT_DONE, Report, explain};

const UNTOUCHED: &str = "Nothing was changed.";

/// The screen of an error. `newcomers`: the nodes that were to come.
pub(crate) fn expand(error: &SetupError, newcomers: &BTreeSet<NodeSpec>) -> Report {
    match error {
        SetupError::SamePlace(one, two) => {
            let (new, known) = if newcomers.contains(two) { (two, one) } else { (one, two) };
            let text = format!(
                "{new} is to be added, and is {known}: the same machine by another address, or one home directory for both."
            );
            let cure =
                format!("A machine is in a cluster once, and each needs a home of its own. {UNTOUCHED}");
            Report::other(&text).cure(&cure).exit(NOT_DONE)
        }
        SetupError::LocalFile { .. }
        | SetupError::Busy(_)
        | SetupError::NoPassword { .. }
        | SetupError::OtherNames(_)
        | SetupError::HostNames(_)
        | SetupError::Interrupted => explain(error).exit(NOT_DONE),
        error => explain(error),
    }
}

/// Nothing is left that could have trust.
pub(crate) fn all_come(flag: &str) -> Report {
    let text = format!("The parameter '{flag}' value is incorrect. It names every node of the list.");
    Report::new("50004", &text).cure(
        "The list describes the cluster as it is; name in it the nodes that have trust. To make trust between all: \
         gs_sshexkey -f HOSTFILE.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_tried_is_told_from_what_failed() {
        let node = |number: u8| NodeSpec { ip: [10, 0, 0, number].into(), port: 22 };
        let new: BTreeSet<NodeSpec> = [node(4)].into();
        let cases: [(SetupError, u8, &[&str]); 5] = [
            (
                SetupError::SamePlace(node(2), node(4)),
                2,
                &["10.0.0.4 is to be added, and is 10.0.0.2", UNTOUCHED],
            ),
            (SetupError::SamePlace(node(4), node(2)), 2, &["10.0.0.4 is to be added, and is 10.0.0.2"]),
            (SetupError::Busy(vec![node(1)]), 2, &["Another run", "10.0.0.1"]),
            (SetupError::NoTrust, 1, &["There is no trust to expand", UNTOUCHED, "gs_sshexkey -f HOSTFILE"]),
            (
                SetupError::KeyNotTaken(vec![(node(4), "ssh-ed25519".to_owned())]),
                1,
                &["10.0.0.4", "ssh-ed25519", UNTOUCHED],
            ),
        ];
        for (error, status, texts) in cases {
            let report = expand(&error, &new);
            assert_eq!(report.status(), status, "{error:?}");
            for text in texts {
                assert!(report.to_string().contains(text), "{error:?}: no {text} in {report}");
            }
        }
    }
}
