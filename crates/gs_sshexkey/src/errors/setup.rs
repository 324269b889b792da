//! Why a run ended without trust.

use sshtrust::diagnose::Finding;
use sshtrust::inventory::{HostfileError, LineError, NameConflict, NodeSpec};
use sshtrust::plan::NamesError;
use sshtrust::probe::{PairState, TrustEdge, TrustMatrix};
use sshtrust::setup::{NodeFailure, SetupError};
use sshtrust::text::printable;

use super::{Report, connect, list, node};
use crate::i18n::{Lang, cause_text};

/// Most broken pairs that are spelled out.
const MOST_PAIRS: usize = 20;
const UNTOUCHED: &str = "Nothing was changed.";
const UNDONE: &str = "All nodes were put back as they were.";

/// The screen of an error.
pub(crate) fn explain(error: &SetupError) -> Report {
    match error {
        SetupError::Unreachable(failures) => connect::explain(failures),
        SetupError::WrongPassword(nodes) => {
            let nodes = list(nodes.iter().map(ToString::to_string));
            Report::new("50306", &format!("The password of {nodes} is incorrect."))
                .cure("The password is incorrect. Nothing was changed; the node was tried twice at the most, so that no account gets locked.")
        }
        SetupError::NoPassword { nodes, why } => {
            let nodes = list(nodes.iter().map(ToString::to_string));
            Report::other(&format!("A password is needed for {nodes}, but {why}.")).cure(UNTOUCHED)
        }
        SetupError::LocalFile { path, reason } => Report::new("50204", &format!("Failed to read {path}. {reason}"))
            .cure(&format!("Give the user the right to read it: chown and chmod {path}.")),
        SetupError::SamePlace(one, two) => Report::other(&format!(
            "{one} and {two} are the same machine, or share one home directory."
        ))
        .cure("Leave one of the two out of the hostfile. Each node needs a home of its own: its agent lives there."),
        SetupError::Busy(nodes) => {
            let nodes = list(nodes.iter().map(ToString::to_string));
            Report::other(&format!("Another run of gs_sshexkey is at work on {nodes}."))
                .cure("Wait until it has ended and run again.")
        }
        SetupError::HostNames(bad) => host_names(bad),
        SetupError::OtherNames(conflicts) => other_names(conflicts),
        SetupError::Foreseen(found) => foreseen(found),
        SetupError::Key(why) => Report::new("51108", &format!("Ssh-keygen failed. {why}")).cure(UNTOUCHED),
        SetupError::Unfit(nodes) => {
            let report = nodes.iter().map(node::explain).reduce(Report::and);
            report.unwrap_or_else(|| Report::other("A node failed.")).cure(UNTOUCHED)
        }
        SetupError::Failed { nodes, stuck } => {
            let report = nodes.iter().map(node::explain).reduce(Report::and);
            put_back(report.unwrap_or_else(|| Report::other("A node failed.")), stuck)
        }
        SetupError::NotTrusted { matrix, stuck } => put_back(not_trusted(matrix), stuck),
        SetupError::Interrupted => Report::other("Interrupted. Nothing was changed."),
        SetupError::InterruptedAndUndone(stuck) => put_back(Report::other("Interrupted."), stuck),
    }
}

pub(super) fn put_back(report: Report, stuck: &[NodeFailure]) -> Report {
    if stuck.is_empty() {
        return report.cure(UNDONE);
    }
    let report = report.cure("All other nodes were put back as they were. Not seen to be put back:");
    let report = stuck.iter().fold(report, |r, f| r.detail(&format!("{}: {}", f.node, f.trouble)));
    report.cure(
        "Such a node undoes the change by itself as soon as it finds the connection gone; one that was switched off is \
         put back by the next run. One that was told to keep the change keeps it; run again.",
    )
}

fn host_names(bad: &[(NodeSpec, NamesError)]) -> Report {
    let report = Report::new("51221", "Failed to configure hosts mapping information.");
    let report = bad.iter().fold(report, |r, (node, error)| r.detail(&format!("{node}: {error}")));
    report.cure(
        "Give each node a host name of its own (hostnamectl set-hostname NAME), or use --skip-hostname-set. Machines \
         that were cloned need new host keys and a new machine-id too.",
    )
}

/// In openGauss's words, one line a node.
fn other_names(conflicts: &[NameConflict]) -> Report {
    let one = |c: &NameConflict| {
        Report::new("52402", &format!("IP [{}] is not matched with hostname [{}].", c.node.ip, c.described))
            .detail(&format!(
                "{}: its host name is \"{}\", the description says \"{}\"",
                c.node, c.real, c.described
            ))
    };
    let report = conflicts.iter().map(one).reduce(Report::and);
    report.unwrap_or_else(|| Report::other("A host name differs.")).cure(
        "Correct the name in the XML (nodeNames and the DEVICE), or the node's (hostnamectl set-hostname NAME), or the \
         address, if it leads to another machine. Nothing was changed.",
    )
}

/// What stands in the way, with the machine's own words and the commands against it.
fn foreseen(found: &[(NodeSpec, Finding)]) -> Report {
    let one = |(node, finding): &(NodeSpec, Finding)| {
        let title = cause_text(finding.code, Lang::En).title;
        let report = Report::other(&format!("Trust would not work on {node}: {title} ({}).", finding.code));
        let words = finding.witnesses.iter().map(|w| format!("{}: {}", w.source, w.said));
        let report = words.fold(report, |report, words| report.detail(&words));
        let commands = finding.cures.iter().flat_map(|cure| &cure.commands);
        commands.fold(report, |report, command| {
            let prompt = if command.as_root { '#' } else { '$' };
            report.detail(&format!("{prompt} {}", printable(command.run.as_bytes())))
        })
    };
    let report = found.iter().map(one).reduce(Report::and);
    report.unwrap_or_else(|| Report::other("Trust would not work.")).cure(
        "Nothing was changed. 'gs_sshexkey doctor --preflight' shows all that stands in the way, with what to do.",
    )
}

fn not_trusted(matrix: &TrustMatrix) -> Report {
    let node = |index: usize| matrix.nodes().get(index).map_or_else(String::new, ToString::to_string);
    let (edges, lost) = (matrix.edges(), matrix.lost());
    let bad = edges.iter().map(|edge| edge.to).chain(lost.iter().copied());
    let mut nodes: Vec<_> = bad.filter_map(|index| matrix.nodes().get(index)).map(|n| n.ip).collect();
    nodes.sort();
    nodes.dedup();
    let nodes: Vec<String> = nodes.iter().map(ToString::to_string).collect();
    let report =
        Report::new("51100", &format!("Failed to verify SSH trust on these nodes: {}.", nodes.join(", ")));
    let report = edges.iter().take(MOST_PAIRS).fold(report, |report, edge| {
        report.detail(&format!(
            "{} -> {} (ssh {}): {}",
            node(edge.from),
            node(edge.to),
            edge.host,
            words(edge)
        ))
    });
    let report = lost
        .iter()
        .fold(report, |r, index| r.detail(&format!("{}: the connection to it was lost", node(*index))));
    let untried = matrix.iter().filter(|(.., pair)| pair.state == PairState::Unseen).count();
    let report = match untried {
        0 => report,
        _ => report
            .detail(&format!("and {untried} pairs were not tried: enough was broken, or a node was lost")),
    };
    report.cure("See the log of sshd on the called node (journalctl -u sshd, /var/log/secure or auth.log).")
}

fn words(edge: &TrustEdge) -> String {
    match edge.status {
        Some(status) if edge.said.is_empty() => format!("exit status {status}"),
        _ => edge.said.clone(),
    }
}

/// A hostfile that is refused.
pub(crate) fn hostfile(error: &HostfileError, path: &str) -> Report {
    match error {
        HostfileError::Empty => {
            Report::new("50004", "The parameter '-f' value is incorrect. It cannot be empty.")
                .detail(&format!("{path} names no node."))
                .cure("Write one IP, or IP,PORT, a line.")
        }
        HostfileError::BadLines(lines) => {
            let ports = lines.iter().all(|l| matches!(l.error, LineError::BadPort | LineError::OtherPort(_)));
            let report = if ports {
                Report::new("50004", "The parameter '-f' value is incorrect.")
            } else {
                let bad = list(lines.iter().map(|l| l.text.clone()));
                Report::new("50603", &format!("The IP address is invalid. The IP list is:{bad}."))
            };
            let report = lines.iter().fold(report, |r, l| {
                r.detail(&format!("{path}, line {}: '{}': {}", l.number, l.text, l.error))
            });
            report.cure("Write one IP, or IP,PORT, a line; no host names, nothing else.")
        }
    }
}
