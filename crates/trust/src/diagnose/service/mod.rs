//! sshd, firewalls and the network: why a node cannot be reached, or not be talked to.

mod algorithms;
mod commands;
mod firewall;
mod limits;
mod network;
mod packet;
mod settings;
mod sshd;
#[cfg(test)]
mod tests;

use super::{Case, Finding};
use crate::enter::{ConnectError, NoEntry};
use crate::inventory::NodeIx;
use crate::probe::{Cause, TrustEdge};

/// Causes of a call that did not get to sshd.
const UNREACHED: [Cause; 3] = [Cause::Refused, Cause::TimedOut, Cause::NoRoute];

/// The findings of this family.
pub(super) fn find(case: &Case) -> Vec<Finding> {
    let mut findings = sshd::find(case);
    findings.extend(network::find(case));
    let filtered = firewall::find(case, &findings);
    findings.extend(filtered);
    findings.extend(limits::find(case));
    findings.extend(settings::find(case));
    findings.extend(algorithms::find(case));
    findings
}

/// Why the program could not connect to a node, if that was it.
fn connect_error(case: &Case, node: NodeIx) -> Option<&ConnectError> {
    match &case.node(node)?.entry {
        Err(NoEntry::Connect(error)) => Some(error),
        _ => None,
    }
}

/// Whether anything on a node answered anybody; `None`: nobody can say.
fn answers(case: &Case, node: NodeIx) -> Option<bool> {
    let spec = case.node(node)?.spec;
    let callees = case.seen().flat_map(|(_, _, evidence)| evidence.service.callees.iter());
    let seen = callees.filter(|callee| callee.spec == spec).map(crate::observe::Callee::alive);
    let said: Vec<bool> = seen.chain([case.node(node)?.alive]).flatten().collect();
    if said.is_empty() { None } else { Some(said.contains(&true)) }
}

/// The host that a pair was called by, as a command.
fn call(edge: &TrustEdge) -> String {
    format!("ssh {}", edge.host)
}

/// Lets those say what they saw who met the pairs of a finding: one word each, and not more than a few.
fn with_words(mut finding: Finding, case: &Case) -> Finding {
    const MOST: usize = 3;
    let edges: Vec<&TrustEdge> = finding.pairs.iter().filter_map(|pair| case.edge(*pair)).collect();
    for edge in edges.into_iter().take(MOST) {
        finding = finding.seen(edge.from, &call(edge), &edge.said);
    }
    finding
}

/// What the program itself met at a node that it could not enter.
fn with_own_word(finding: Finding, case: &Case) -> Finding {
    let label = case.label(finding.node);
    match connect_error(case, finding.node) {
        Some(error) => finding.seen_from_here(&format!("ssh {label}"), &error.to_string()),
        None => finding,
    }
}
