//! Why trust was not taken away.

use sshtrust::check::CheckError;
use sshtrust::operation::{HoldError, RevokeError};

use super::{Report, check, node};

const UNCHANGED: &str = "Nothing was changed.";

/// The screen of an error.
pub(crate) fn revoke(error: &RevokeError) -> Report {
    match error {
        RevokeError::Check(error) => barred(error),
        RevokeError::Hold(error) => hold(error),
        RevokeError::Failed { nodes, undone } => {
            let report = super::together(nodes.iter().map(node::explain), "A node failed.");
            super::setup::put_back(report, undone)
        }
        RevokeError::Undecided(nodes) => {
            super::together(nodes.iter().map(node::explain), "A node did not answer.").cure(
                "These nodes did not say in the end whether the trust is gone there. The other nodes are done, but for this \
                 machine. Run it again: what is done is left alone.",
            )
        }
        RevokeError::Interrupted(undone) => super::setup::put_back(Report::other("Interrupted."), undone),
    }
}

fn barred(error: &CheckError) -> Report {
    match error {
        CheckError::NoNodeEntered(nodes) => check::no_entry("No node can be entered.", nodes).cure(UNCHANGED),
        error => check::check(error),
    }
}

fn hold(error: &HoldError) -> Report {
    match error {
        HoldError::Busy(nodes) => super::busy(&super::nodes(nodes.iter().copied())),
        HoldError::Failed(nodes) => {
            super::together(nodes.iter().map(node::explain), "A node failed.").cure(UNCHANGED)
        }
        HoldError::SamePlace(one, other) => {
            let text = format!("{one} and {other} are the same machine, or share one home directory.");
            Report::other(&text).cure(&format!("List each machine once. {UNCHANGED}"))
        }
    }
}

#[cfg(test)]
mod tests {
    use sshtrust::change::{NodeFailure, NodeTrouble, Undone};
    use sshtrust::enter::NoEntry;
    use sshtrust::inventory::NodeSpec;

    use super::*;

    fn node(number: u8) -> NodeSpec {
        NodeSpec { ip: std::net::Ipv4Addr::new(10, 0, 0, number).into(), port: 22 }
    }

    fn failed() -> Vec<NodeFailure> {
        vec![NodeFailure { node: node(2), trouble: NodeTrouble::SharedHome(node(1)) }]
    }

    #[test]
    fn every_error_says_where_and_what_became_of_the_nodes() {
        let barred = CheckError::NoNodeEntered(vec![(node(1), NoEntry::WrongPassword)]);
        let undone = Undone::default;
        let cases: [(RevokeError, &[&str]); 7] = [
            (barred.into(), &["No node can be entered.", "10.0.0.1", UNCHANGED]),
            (CheckError::Interrupted.into(), &["Interrupted.", UNCHANGED]),
            (HoldError::Busy(vec![node(1)]).into(), &["Another run", "10.0.0.1", UNCHANGED]),
            (HoldError::Failed(failed()).into(), &["10.0.0.2", UNCHANGED]),
            (HoldError::SamePlace(node(1), node(2)).into(), &["10.0.0.1 and 10.0.0.2", "once", UNCHANGED]),
            (RevokeError::Failed { nodes: failed(), undone: undone() }, &["10.0.0.2", "put back"]),
            (RevokeError::Undecided(failed()), &["10.0.0.2", "Run it again"]),
        ];
        for (error, texts) in cases {
            let shown = revoke(&error).to_string();
            for text in texts {
                assert!(shown.contains(text), "{error:?}: no {text} in {shown}");
            }
        }
        let shown = revoke(&RevokeError::Interrupted(undone())).to_string();
        assert!(shown.contains("Interrupted.") && shown.contains("put back"), "{shown}");
    }
}
