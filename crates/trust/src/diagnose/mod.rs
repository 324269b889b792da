//! From what was seen to why trust is broken. Pure, so its tests are tables; one file a family of rules.
//!
//! A rule looks at the [`Case`] and says what it is sure of: which node, which of the pairs that do not work are
//! explained by it, and what to do. It claims only pairs that failed in the way that its cause makes them fail. So two
//! faults at once do not mask each other, and what no rule claims is told as unexplained.

mod astray;
mod case;
mod client;
mod code;
mod finding;
mod keys;
mod login;
mod machine;
mod rights;
#[cfg(test)]
pub(crate) mod sample;
mod service;
mod unexplained;

use crate::probe::EdgeIx;
use std::collections::BTreeSet;

pub use crate::plan::{Command, Part};
pub use case::{Case, CaseNode};
pub use code::{Code, NoSuchCode, OF_THE_DOCUMENT};
pub use finding::{ByHand, Certainty, Cure, Finding, Healing, Witness};

/// A family of rules.
type Family = fn(&Case) -> Vec<Finding>;

const FAMILIES: [Family; 5] = [service::find, rights::find, keys::find, login::find, machine::find];

/// What is wrong with a cluster, in the order in which a person is told.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Diagnosis {
    /// What was found; what no rule explains is at the end.
    pub findings: Vec<Finding>,
}

impl Diagnosis {
    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_healthy(&self) -> bool {
        self.findings.is_empty()
    }
}

/// Finds out why trust is broken.
#[must_use]
pub fn diagnose(case: &Case) -> Diagnosis {
    let astray = client::find(case);
    let mut findings = by_family(case, &astray);
    findings.extend(astray);
    fold(&mut findings);
    leave_to_names(&mut findings);
    findings.iter_mut().for_each(|finding| quote_log(case, finding));
    findings.extend(astray::find(case, &findings));
    findings.extend(unexplained::find(case, &findings));
    for finding in &mut findings {
        finding.cures.iter_mut().for_each(|cure| limit(case, cure));
    }
    findings.sort_by_key(|finding| (finding.code, finding.node, finding.about));
    Diagnosis { findings }
}

/// What the families of rules say. A pair that its caller's own settings break tells them nothing about the callee.
fn by_family(case: &Case, astray: &[Finding]) -> Vec<Finding> {
    let pairs: BTreeSet<EdgeIx> = astray.iter().flat_map(|finding| finding.pairs.iter().copied()).collect();
    if pairs.is_empty() {
        return FAMILIES.iter().flat_map(|find| find(case)).collect();
    }
    let mut rest = case.clone();
    rest.matrix.set_aside(&pairs);
    FAMILIES.iter().flat_map(|find| find(&rest)).collect()
}

/// Where two machines answer for one address, its host key and its logins look wrong: that is no fault of their own.
fn fold(findings: &mut Vec<Finding>) {
    let doubles = findings.iter().filter(|finding| finding.code == Code::DuplicateIp);
    let astray: BTreeSet<EdgeIx> = doubles.flat_map(|finding| finding.pairs.iter().copied()).collect();
    findings.retain(|finding| {
        let follows = matches!(finding.code, Code::KnownHostsConflict | Code::KeyMismatch);
        let all = !finding.pairs.is_empty() && finding.pairs.iter().all(|pair| astray.contains(pair));
        !(follows && all)
    });
}

/// A call by a name that leads to another machine fails there in any way, mostly by that one's host key. What others make
/// of it is a consequence.
fn leave_to_names(findings: &mut Vec<Finding>) {
    let names = findings.iter().filter(|finding| finding.code == Code::HostsMapping);
    let taken: BTreeSet<EdgeIx> = names.flat_map(|finding| finding.pairs.iter().copied()).collect();
    findings.retain_mut(|finding| {
        let broke = !finding.pairs.is_empty();
        if finding.code != Code::HostsMapping {
            finding.pairs.retain(|pair| !taken.contains(pair));
        }
        !broke || finding.breaks()
    });
}

/// Adds what sshd itself wrote into its log about it, on the node that it is about.
fn quote_log(case: &Case, finding: &mut Finding) {
    const MOST: usize = 2;
    let words = match finding.code {
        Code::HomePermissions | Code::KeyPermissions => "bad ownership or modes",
        Code::RootLoginOff => "ROOT LOGIN REFUSED",
        Code::AccountNotAllowed => "not allowed because",
        Code::PasswordExpired => "xpired",
        Code::TcpWrappers => "refused connect",
        _ => return,
    };
    let evidence = case.node(finding.node).and_then(|node| node.evidence.as_ref());
    let lines = evidence.map_or(&[] as &[String], |evidence| &evidence.service.refusals);
    let fits = lines.iter().filter(|line| line.contains(words)).take(MOST);
    finding.witnesses.extend(fits.map(|line| Witness {
        node: Some(finding.node),
        source: "the log of sshd".to_owned(),
        said: line.clone(),
    }));
}

/// A cure that the program cannot carry out is by hand: nobody is on the node, or not as root.
fn limit(case: &Case, cure: &mut Cure) {
    if matches!(cure.healing, Healing::ByHand(_)) {
        return;
    }
    let Some(evidence) = case.node(cure.node).and_then(|node| node.evidence.as_ref()) else {
        cure.healing = Healing::ByHand(ByHand::NotEntered);
        return;
    };
    let needs_root = match &cure.healing {
        Healing::Run => cure.commands.iter().any(|command| command.as_root),
        Healing::Restore(parts) => parts.contains(&Part::Mapping),
        Healing::ByHand(_) => false,
    };
    if needs_root && !evidence.is_root() {
        cure.healing = Healing::ByHand(ByHand::NeedsRoot);
    }
}
