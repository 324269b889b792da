//! What no rule explains.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::{Case, Code, Finding};
use crate::enter::NoEntry;
use crate::probe::{Shape, TrustEdge, troubles};

/// Every pair that nothing explains, those that belong together in one finding; and every node that was not entered for
/// no reason that was found.
pub(super) fn find(case: &Case, found: &[Finding]) -> Vec<Finding> {
    let explained: BTreeSet<usize> = found.iter().flat_map(|finding| finding.pairs.iter().copied()).collect();
    let mut rest: Vec<Finding> = Vec::new();
    let edges = case.matrix.edges().iter().enumerate();
    let places: HashMap<_, _> = edges.map(|(place, edge)| ((edge.from, edge.to, edge.by), place)).collect();
    let place = |edge: &TrustEdge| places.get(&(edge.from, edge.to, edge.by)).copied();
    for trouble in troubles(&case.matrix) {
        let pairs: Vec<usize> = trouble.edges.iter().filter_map(|edge| place(edge)).collect();
        let pairs: Vec<usize> = pairs.into_iter().filter(|pair| !explained.contains(pair)).collect();
        let Some(first) = pairs.first().and_then(|pair| case.edge(*pair)) else { continue };
        let code = if trouble.one_way { Code::OneWay } else { Code::Unexplained };
        let (node, about) = match trouble.shape {
            Shape::Unreachable(node) | Shape::Isolated(node) => (node, None),
            Shape::Pairs(node) => (node, Some(first.from).filter(|_| pairs.len() == 1)),
        };
        let source = format!("ssh {}", first.host);
        let finding = Finding::new(code, node).likely().seen(first.from, &source, &first.said);
        let finding = Finding { about, ..finding };
        rest.push(finding.explains(pairs));
    }
    rest.extend(barred(case, found));
    merge(rest)
}

/// Nodes that could not be entered, and nobody said why.
fn barred(case: &Case, found: &[Finding]) -> Vec<Finding> {
    let nodes = case.nodes.iter().enumerate();
    let unexplained = nodes.filter_map(|(index, node)| {
        let why = node.entry.as_ref().err()?;
        // Without a password a closed door is no fault in itself.
        let closed = matches!(why, NoEntry::NoPassword(_)) && case.preflight;
        let told = found.iter().any(|finding| finding.node == index && (finding.bars || finding.breaks()))
            || is_told_of_own_call(case, index, found);
        (!told && !closed).then_some((index, why))
    });
    unexplained
        .map(|(index, why)| {
            Finding::new(Code::Unexplained, index)
                .likely()
                .bars(true)
                .seen_from_here(&format!("ssh {}", case.label(index)), &why.to_string())
        })
        .collect()
}

/// Whether it is explained why this machine's own `ssh` does not reach it: then the same keeps the program out.
fn is_told_of_own_call(case: &Case, node: usize, found: &[Finding]) -> bool {
    let local = |edge: &TrustEdge| case.node(edge.from).is_some_and(|from| from.local);
    let own = case.pairs(|edge| edge.to == node && edge.from != node && local(edge));
    own.iter().any(|pair| found.iter().any(|finding| finding.pairs.contains(pair)))
}

/// Findings about one node with one code are one.
fn merge(findings: Vec<Finding>) -> Vec<Finding> {
    let mut merged: BTreeMap<(Code, usize, Option<usize>), Finding> = BTreeMap::new();
    for finding in findings {
        let key = (finding.code, finding.node, finding.about);
        match merged.get_mut(&key) {
            Some(known) => {
                known.pairs.extend(finding.pairs);
                known.witnesses.extend(finding.witnesses);
                known.bars |= finding.bars;
            }
            None => {
                merged.insert(key, finding);
            }
        }
    }
    merged.into_values().collect()
}
