//! `no-trust`: trust was never made.
//!
//! It is told only where nothing of it is to be seen: no node has what the set-up leaves, none lets in a key that another
//! one comes with, and no pair works. If one of these were otherwise, something was lost, and the other rules say what.

use std::collections::BTreeSet;

use sshfiles::PublicKey;

use super::granted::{Grant, files, grant};
use super::limits::set_up;
use super::offered::offered;
use super::pairs::is_member;
use crate::diagnose::{ByHand, Case, Certainty, Code, Cure, Finding};
use crate::inventory::NodeIx;
use crate::observe::Evidence;
use crate::probe::{Cause, EdgeIx};

/// How calls end where nobody knows anybody.
const STRANGERS: [Cause; 3] = [Cause::HostKeyUnknown, Cause::KeyRefused, Cause::AgentUseless];
/// Most nodes that say so.
const SHOWN: usize = 3;

/// The finding, and what follows from it taken out of the others.
pub(super) fn instead(case: &Case, mut found: Vec<Finding>) -> Vec<Finding> {
    let Some(never) = find(case) else { return found };
    let told: BTreeSet<EdgeIx> = never.pairs.iter().copied().collect();
    found.retain_mut(|finding| {
        let broke = finding.breaks();
        finding.pairs.retain(|pair| !told.contains(pair));
        !broke || finding.breaks()
    });
    found.push(never);
    found
}

fn find(case: &Case) -> Option<Finding> {
    let works = case.matrix.iter().any(|(from, to, _, pair)| from != to && pair.state.is_good());
    let seen: Vec<(NodeIx, &Evidence)> = case.seen().map(|(node, _, evidence)| (node, evidence)).collect();
    // What is in a folder that cannot be looked into is not known to be missing.
    let bare = |evidence: &Evidence| !is_member(evidence) && !evidence.rights.closed;
    if case.preflight || works || seen.is_empty() || !seen.iter().all(|(_, evidence)| bare(evidence)) {
        return None;
    }
    if seen.iter().any(|(node, evidence)| lets_others_in(&seen, *node, evidence)) {
        return None;
    }
    let pairs = case.pairs(|edge| edge.from != edge.to && STRANGERS.contains(&edge.cause));
    let first = case.edge(*pairs.first()?)?;
    let node = case.nodes.position(|node| node.local).unwrap_or(first.to);
    let mut finding = Finding::new(Code::NoTrust, node).explains(pairs.iter().copied());
    for (node, evidence) in seen.iter().take(SHOWN) {
        let source = format!("ls -l {}/.ssh/id_om", evidence.state.home);
        finding = finding.seen(*node, &source, "No such file or directory");
    }
    finding = finding.seen(first.from, &format!("ssh {}", first.host), &first.said);
    if seen.len() < case.nodes.len() {
        finding.certainty = Certainty::Likely;
    }
    Some(finding.cure(Cure::by_hand(node, ByHand::NotMade, [set_up(case)])))
}

/// Whether a node grants a key that another one comes with.
fn lets_others_in(seen: &[(NodeIx, &Evidence)], node: NodeIx, evidence: &Evidence) -> bool {
    let files = files(evidence);
    let others = seen.iter().filter(|(other, _)| *other != node);
    let keys: BTreeSet<PublicKey> = others.flat_map(|(_, evidence)| offered(evidence)).collect();
    keys.iter().any(|key| grant(&files, key) != Grant::None)
}
