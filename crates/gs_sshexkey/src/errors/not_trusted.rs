//! Pairs that were to work in the end and did not.

use std::collections::{BTreeMap, BTreeSet};

use sshtrust::inventory::{NodeIx, NodeSpec};
use sshtrust::probe::{Cause, PairState, Shape, TrustEdge, TrustMatrix, troubles};

use super::{Report, named};
use crate::reporter::{grouped, is_noise};

/// Most broken pairs that are spelled out.
const MOST_PAIRS: usize = 20;

/// In openGauss's words, with what was seen.
pub(super) fn not_trusted(matrix: &TrustMatrix) -> Report {
    let node = |index: NodeIx| matrix.nodes().get(index).map_or_else(String::new, ToString::to_string);
    let (edges, lost) = (matrix.edges(), matrix.lost());
    let bad = edges.iter().map(|edge| edge.to).chain(lost.iter().copied());
    let mut nodes: Vec<_> = bad.filter_map(|index| matrix.nodes().get(index)).map(|n| n.ip).collect();
    nodes.sort();
    nodes.dedup();
    let nodes: Vec<NodeSpec> = nodes.into_iter().map(|ip| NodeSpec { ip, port: 22 }).collect();
    let report =
        Report::new("51100", &format!("Failed to verify SSH trust on these nodes: {}.", named(&nodes)));
    let report = if edges.len() > MOST_PAIRS {
        fates(matrix).iter().fold(report, |report, fate| report.detail(fate))
    } else {
        edges.iter().fold(report, |report, edge| {
            let (from, to) = (node(edge.from), node(edge.to));
            report.detail(&format!("{from} -> {to} (ssh {}): {}", edge.host, words(edge)))
        })
    };
    let gone = lost.iter().filter_map(|index| matrix.nodes().get(*index));
    let report = gone.fold(report, |r, node| r.on(*node, "the connection to it was lost"));
    let untried = matrix.iter().filter(|(.., pair)| pair.state == PairState::Unseen).count();
    let report = match untried {
        0 => report,
        _ => report
            .detail(&format!("and {untried} pairs were not tried: enough was broken, or a node was lost")),
    };
    let report = report
        .cure("See the log of sshd on the called node (journalctl -u sshd, /var/log/secure or auth.log).");
    if !edges.iter().any(|edge| edge.cause == Cause::KeyRefused) {
        return report;
    }
    // What only root may read was not seen before.
    report.cure(
        "A key may be refused by what only root can read there, AuthorizedKeysFile above all: sshd -T -C \
         user=USER,host=localhost,addr=127.0.0.1 | grep -E 'authorizedkeys|authenticationmethods|pubkey'",
    )
}

/// Many broken pairs, those that have something in common together: who reaches whom not, and what was said on one of them.
fn fates(matrix: &TrustMatrix) -> Vec<String> {
    let mut fates: BTreeMap<(u8, &Cause), Vec<&TrustEdge>> = BTreeMap::new();
    for trouble in troubles(matrix) {
        let kind = match trouble.shape {
            Shape::Unreachable(_) => 0,
            Shape::Isolated(_) => 1,
            Shape::Pairs(_) => 2,
        };
        fates.entry((kind, trouble.cause)).or_default().extend(trouble.edges);
    }
    let nodes = |edges: &[&TrustEdge], side: fn(&TrustEdge) -> NodeIx| {
        let all: BTreeSet<NodeIx> = edges.iter().map(|edge| side(edge)).collect();
        named(&all.into_iter().filter_map(|index| matrix.nodes().get(index)).copied().collect::<Vec<_>>())
    };
    let one = |((kind, _), edges): (&(u8, &Cause), &Vec<&TrustEdge>)| {
        let (from, to) = (nodes(edges, |edge| edge.from), nodes(edges, |edge| edge.to));
        let head = match kind {
            0 => format!("nobody reaches {to}"),
            1 => format!("no other node is reached from {from}"),
            _ => format!("{from} -> {to}: {} pairs", grouped(edges.len())),
        };
        let said = edges.first().map(|edge| format!("; ssh {}: {}", edge.host, telling(edge)));
        head + &said.unwrap_or_default()
    };
    fates.iter().map(one).collect()
}

/// The same without what ssh(1) says to everybody.
fn telling(edge: &TrustEdge) -> String {
    let words = words(edge);
    let lines: Vec<&str> = words.split(" | ").map(str::trim).filter(|line| !is_noise(line)).collect();
    lines.join(" | ")
}

fn words(edge: &TrustEdge) -> String {
    match edge.status {
        Some(status) if edge.said.is_empty() => format!("exit status {status}"),
        _ => edge.said.clone(),
    }
}
