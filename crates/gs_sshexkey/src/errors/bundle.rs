//! Answers of nodes that are missing or refused.

use sshtrust::bundle::{AnswerError, answer_name, known_hosts_name, script_name};
use sshtrust::inventory::NodeSpec;
use sshtrust::session::HostKeyConflict;
use sshtrust::text::{printable, sh_quote};

use super::{FEW, Report};

/// Why there is no answer of a node.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NoAnswer {
    /// There is no file.
    #[error("there is no answer yet")]
    Missing,
    /// The file cannot be read.
    #[error("it cannot be read: {0}")]
    Unreadable(String),
    /// It is no answer.
    #[error(transparent)]
    Refused(#[from] AnswerError),
}

/// Nodes without an answer that can be used.
pub(crate) fn answers(nodes: &[(NodeSpec, NoAnswer)], folder: &str) -> Report {
    let names = super::nodes(nodes.iter().map(|(node, _)| *node));
    let report = Report::new("50204", &format!("Failed to read the answers of these nodes: {names}."));
    let detail = |report: Report, (node, why): &(NodeSpec, NoAnswer)| {
        let (answer, script) = (answer_name(*node), script_name(*node));
        report.on(*node, &format!("{folder}/{answer}: {why}. At its console: sh {script}"))
    };
    let report = nodes.iter().fold(report, detail);
    report.cure("Run these scripts at their consoles, bring the folder back, and run this again. The others are done.")
}

/// Nodes whose answer contradicts what is on record here.
pub(crate) fn conflicts(found: &[(NodeSpec, HostKeyConflict)]) -> Report {
    let names = super::nodes(found.iter().map(|(node, _)| *node));
    let text = format!("The host keys of these nodes are not those on record: {names}. They were left out.");
    // The others are told when these are mended.
    found.iter().take(FEW).fold(Report::other(&text), |report, (node, conflict)| {
        let file = printable(conflict.file.as_os_str().as_encoded_bytes());
        report
            .detail(&format!("{node} answered {} {}", conflict.key_type, conflict.presented))
            .detail(&format!("on record is {}, in {file}, line {}", conflict.recorded, conflict.line))
            .cure(&format!(
                "If the answer is what the node's console shows: ssh-keygen -R {} -f {}; then run this again.",
                sh_quote(&known_hosts_name(*node)),
                sh_quote(&file)
            ))
    })
}
