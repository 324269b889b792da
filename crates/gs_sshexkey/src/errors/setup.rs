//! Why a run ended without trust.

use sshtrust::apply::Remnant;
use sshtrust::change::{NodeFailure, Undone};
use sshtrust::diagnose::Finding;
use sshtrust::identity::KeyMode;
use sshtrust::inventory::{HostfileError, LineError, NameConflict, NodeSpec};
use sshtrust::plan::NamesError;
use sshtrust::setup::{Impostor, SetupError};
use sshtrust::text::printable;

use super::{Report, connect, list, named, node, not_trusted};
use crate::i18n::{Lang, cause_text};

/// Most names that are spelled out.
const MOST_NAMES: usize = 8;
/// Most hosts that are spelled out.
const MOST_HOSTS: usize = 20;
const UNTOUCHED: &str = "Nothing was changed.";
const UNDONE: &str = "All nodes were put back as they were.";

/// The screen of an error.
pub(crate) fn explain(error: &SetupError) -> Report {
    match error {
        SetupError::Unreachable(failures) => connect::explain(failures),
        SetupError::WrongPassword(nodes) => {
            let nodes = super::nodes(nodes.iter().copied());
            Report::new("50306", &format!("The password of {nodes} is incorrect."))
                .cure("The password is incorrect. Nothing was changed; the node was tried twice at the most, so that no account gets locked.")
                .cure(&format!(
                    "If it is the right one, PAM may want a second factor there, which this login cannot give: {}.",
                    connect::EXPLAIN_FACTORS
                ))
        }
        SetupError::NoPassword { nodes, why } => {
            let nodes = super::nodes(nodes.iter().copied());
            Report::other(&format!("A password is needed for {nodes}, but {why}.")).cure(UNTOUCHED)
        }
        SetupError::LocalFile { path, reason } => super::unusable_file(path, reason),
        SetupError::SamePlace(one, two) => Report::other(&format!(
            "{one} and {two} are the same machine, or share one home directory."
        ))
        .cure("Leave one of the two out of the hostfile. Each node needs a home of its own: its agent lives there."),
        SetupError::Busy(nodes) => {
            let nodes = super::nodes(nodes.iter().copied());
            Report::other(&format!("Another run of gs_sshexkey is at work on {nodes}."))
                .cure("Wait until it has ended and run again.")
        }
        SetupError::HostNames(bad) => host_names(bad),
        SetupError::OtherNames(conflicts) => other_names(conflicts),
        SetupError::Bounds(error) => super::bounds(error),
        SetupError::Foreseen(found) => foreseen(found),
        SetupError::ServesOthers(nodes) => serves_others(nodes),
        SetupError::NoTrust => Report::other("There is no trust to expand: no node of the list has the tool's key.")
            .cure(&format!("Set trust up over all nodes, the new ones too: gs_sshexkey -f HOSTFILE. {UNTOUCHED}")),
        SetupError::KeyNotTaken(nodes) => {
            let one = |report: Report, (node, kind): &(NodeSpec, String)| {
                report.on(*node, &format!("its sshd takes no key of type {kind}"))
            };
            let report = Report::other("Nodes that are to be added do not take the keys of the cluster.");
            nodes.iter().fold(report, one).cure(&format!(
                "Let their sshd take that type, or change the keys of the whole cluster: gs_sshexkey -f HOSTFILE --key-type \
                 TYPE. {UNTOUCHED}"
            ))
        }
        SetupError::Key(why) => Report::new("51108", &format!("Ssh-keygen failed. {why}")).cure(UNTOUCHED),
        SetupError::Unfit(nodes) => {
            super::together(nodes.iter().map(node::explain), "A node failed.").cure(UNTOUCHED)
        }
        SetupError::Failed { nodes, undone } => {
            put_back(super::together(nodes.iter().map(node::explain), "A node failed."), undone)
        }
        SetupError::NotTrusted { matrix, otherwise, undone } => {
            let reports = otherwise.iter().map(impostor).chain([not_trusted(matrix)]);
            put_back(reports.reduce(Report::and).unwrap_or_else(|| not_trusted(matrix)), undone)
        }
        SetupError::Interrupted => Report::other("Interrupted. Nothing was changed."),
        SetupError::Undecided(nodes) => undecided(nodes),
        SetupError::InterruptedAndUndone(undone) => put_back(Report::other("Interrupted."), undone),
    }
}

pub(super) fn put_back(report: Report, undone: &Undone) -> Report {
    let Undone { stuck, remnants, keyed } = undone;
    let report = match (stuck.is_empty(), remnants.is_empty()) {
        (true, true) => report.cure(UNDONE),
        (true, false) => report.cure("All nodes were put back as they were, but for these files:"),
        (false, _) => report.cure("All other nodes were put back as they were. Not seen to be put back:"),
    };
    let report = stuck.iter().fold(report, |r, f| r.on(f.node, &f.trouble.to_string()));
    let report = remnants.iter().fold(report, |r, (node, remnant)| r.on(*node, &edited(remnant)));
    let report = if stuck.is_empty() {
        report
    } else {
        report.cure(
            "Such a node undoes the change by itself as soon as it finds the connection gone; one that was switched off \
             is put back by the next run.",
        )
    };
    if keyed.is_empty() {
        return report;
    }
    let nodes = super::nodes(keyed.iter().map(|(node, _)| *node));
    // A change shares out its keys in one way.
    if keyed.iter().any(|(_, mode)| *mode == KeyMode::Shared) {
        return report.cure(&format!(
            "The cluster's private key, locked with its passphrase, had been on {nodes} meanwhile. If one of these is not \
             the machine that you meant, make a new key."
        ));
    }
    let shut = stuck.is_empty() && !remnants.iter().any(|(_, remnant)| matches!(remnant, Remnant::Left(_)));
    let opens = if shut {
        "No node lets it in any more, so it opens nothing."
    } else {
        "Nodes that are named above may still let it in."
    };
    report.cure(&format!("A private key of its own had been on {nodes} meanwhile. {opens}"))
}

fn edited(remnant: &Remnant) -> String {
    match remnant {
        Remnant::Merged(path) => {
            format!("{path} was edited during the run: the edit stays, the lines of the run were taken out")
        }
        Remnant::Left(path) => {
            format!("{path} was changed during the run and stays as it is now: look at it")
        }
    }
}

/// Trust stands; some did not say so.
fn undecided(nodes: &[NodeFailure]) -> Report {
    super::together(nodes.iter().map(node::explain), "A node did not answer.").cure(
        "All pairs were seen to work, but these nodes did not say in the end that they keep the change. Each asks the \
         others by itself, and does as they did. Run again to see it settled.",
    )
}

fn host_names(bad: &[(NodeSpec, NamesError)]) -> Report {
    let report = Report::new("51221", "Failed to configure hosts mapping information.");
    let report = bad.iter().fold(report, |r, (node, error)| r.on(*node, &error.to_string()));
    report.cure(
        "Give each node a host name of its own (hostnamectl set-hostname NAME), or use --skip-hostname-set. Machines \
         that were cloned need new host keys and a new machine-id too.",
    )
}

/// Keys that would be taken from nodes which are not in the list.
fn serves_others(nodes: &[(NodeSpec, Vec<String>)]) -> Report {
    let mut alike: Vec<(&Vec<String>, Vec<NodeSpec>)> = Vec::new();
    for (node, others) in nodes {
        match alike.iter_mut().find(|(known, _)| *known == others) {
            Some((_, nodes)) => nodes.push(*node),
            None => alike.push((others, vec![*node])),
        }
    }
    let one = |(others, nodes): &(&Vec<String>, Vec<NodeSpec>)| {
        let shown: Vec<String> =
            others.iter().take(MOST_HOSTS).map(|host| printable(host.as_bytes())).collect();
        let more = if others.len() > MOST_HOSTS { ", ..." } else { "" };
        let (nodes, others) = (named(nodes), shown.join(", "));
        Report::other(&format!(
            "{nodes} would get another key, and its key also makes trust with {others}{more}."
        ))
    };
    let report = alike.iter().take(MOST_HOSTS).map(one).reduce(Report::and);
    report.unwrap_or_else(|| Report::other("A key serves nodes that are not in the list.")).cure(
        "Name those nodes in the list too. With --keys per-node a node keeps the key that it has, if no other in the list \
         has the same. If they are gone for good, take the old trust away first: gs_sshexkey revoke. Nothing was changed.",
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
    let (told, rest) = conflicts.split_at(conflicts.len().min(MOST_NAMES));
    let rest: Vec<NodeSpec> = rest.iter().map(|conflict| conflict.node).collect();
    let report = told.iter().map(one).reduce(Report::and);
    let report = report.map(|report| match rest.as_slice() {
        [] => report,
        rest => report.detail(&format!("and so it is with {}", named(rest))),
    });
    report.unwrap_or_else(|| Report::other("A host name differs.")).cure(
        "Correct the name in the XML (nodeNames and the DEVICE), or the node's (hostnamectl set-hostname NAME), or the \
         address, if it leads to another machine. Nothing was changed.",
    )
}

/// What stands in the way, with the machine's own words and the commands against it. Nodes with the same trouble are told
/// once.
fn foreseen(found: &[(NodeSpec, Finding)]) -> Report {
    let cure = |finding: &Finding| format!("{} {:?}", finding.code, commands(finding));
    let mut groups: Vec<Vec<&(NodeSpec, Finding)>> = Vec::new();
    for one in found {
        match groups
            .iter_mut()
            .find(|group| group.first().is_some_and(|(_, first)| cure(first) == cure(&one.1)))
        {
            Some(group) => group.push(one),
            None => groups.push(vec![one]),
        }
    }
    let report = groups.iter().map(|group| foreseen_on(group)).reduce(Report::and);
    report.unwrap_or_else(|| Report::other("Trust would not work.")).cure(
        "Nothing was changed. 'gs_sshexkey doctor --preflight' shows all that stands in the way, with what to do.",
    )
}

fn commands(finding: &Finding) -> Vec<String> {
    let commands = finding.cures.iter().flat_map(|cure| &cure.commands);
    let typed = |command: &sshtrust::plan::Command| {
        let prompt = if command.as_root { '#' } else { '$' };
        format!("{prompt} {}", printable(command.run.as_bytes()))
    };
    commands.map(typed).collect()
}

fn foreseen_on(group: &[&(NodeSpec, Finding)]) -> Report {
    let Some((_, first)) = group.first() else { return Report::other("Trust would not work.") };
    let mut nodes: Vec<NodeSpec> = group.iter().map(|(node, _)| *node).collect();
    nodes.dedup();
    let title = cause_text(first.code, Lang::En).title;
    let text = format!("Trust would not work on {}: {title} ({}).", named(&nodes), first.code);
    let mut told: Vec<(NodeSpec, String)> = Vec::new();
    for (node, finding) in group {
        told.extend(finding.witnesses.iter().map(|w| (*node, format!("{}: {}", w.source, w.said))));
    }
    told.dedup();
    let report = told.iter().fold(Report::other(&text), |report, (node, said)| match nodes.len() {
        // Of one node it needs no saying whose words these are.
        1 => report.detail(said),
        _ => report.on(*node, said),
    });
    commands(first).iter().fold(report, |report, line| report.detail(line))
}

/// Somebody may have stood between this machine and a node.
fn impostor(found: &Impostor) -> Report {
    let Impostor { node, seen, exposed } = found;
    let text =
        format!("SSH exception: \n{node}: other nodes see another host key there than this machine did.");
    let report = connect::seen_otherwise(Report::new("51101", &text), *node, seen);
    let report = if *exposed {
        report.cure(&format!(
            "Somebody may stand between this machine and {node}. Then the password that was typed is exposed: whoever answered \
             here has it. Change it wherever it is used."
        ))
    } else {
        report.cure(&format!(
            "Somebody may stand between these machines and {node}, or two machines have this address."
        ))
    };
    report.cure(&format!(
        "Which fingerprint is the node's own, its console shows: {}",
        connect::console_command(&seen.key_type)
    ))
}

/// A hostfile that is refused.
pub(crate) fn hostfile(error: &HostfileError, path: &str) -> Report {
    hostfile_of("-f", error, path)
}

/// A hostfile that another flag names.
pub(crate) fn hostfile_of(flag: &str, error: &HostfileError, path: &str) -> Report {
    let wrong =
        |text: &str| Report::new("50004", &format!("The parameter '{flag}' value is incorrect.{text}"));
    match error {
        HostfileError::Empty => wrong(" It cannot be empty.")
            .detail(&format!("{path} names no node."))
            .cure("Write one IP, or IP,PORT, a line."),
        HostfileError::BadLines(lines) => {
            let ports = lines.iter().all(|l| matches!(l.error, LineError::BadPort | LineError::OtherPort(_)));
            let report = if ports {
                wrong("")
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

#[cfg(test)]
mod tests {
    use sshtrust::change::Undone;
    use sshtrust::inventory::NodeMap;
    use sshtrust::probe::TrustMatrix;
    use sshtrust::session::SeenOtherwise;

    use super::*;

    #[test]
    fn an_exposed_password_is_said_to_be_exposed_and_no_other() {
        let [here, there] = [2, 3].map(|n| NodeSpec { ip: [10, 0, 0, n].into(), port: 22 });
        let shown = |exposed| {
            let (key_type, presented) = ("ssh-ed25519".to_owned(), "SHA256:a".to_owned());
            let seen = SeenOtherwise { key_type, presented, others: vec![(there, "SHA256:b".to_owned())] };
            let otherwise = vec![Impostor { node: here, seen, exposed }];
            let matrix = Box::new(TrustMatrix::new(NodeMap::from(vec![here, there]), Vec::new()));
            explain(&SetupError::NotTrusted { matrix, otherwise, undone: Undone::default() }).to_string()
        };
        for exposed in [true, false] {
            let text = shown(exposed);
            assert_eq!(text.contains("the password that was typed is exposed"), exposed, "{text}");
            for words in [
                "10.0.0.2 shows this machine ssh-ed25519 SHA256:a",
                "it shows 10.0.0.3 SHA256:b",
                "51100",
                UNDONE,
            ] {
                assert!(text.contains(words), "no {words} in {text}");
            }
        }
    }
}
