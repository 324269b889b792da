//! What no rule explains.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::{Case, Code, Finding};
use crate::inventory::NodeIx;
use crate::probe::{EdgeIx, Shape, TrustEdge, troubles};

/// Every pair that nothing explains, those that belong together in one finding; and every node that was not entered for
/// no reason that was found.
pub(super) fn find(case: &Case, found: &[Finding]) -> Vec<Finding> {
    let explained: BTreeSet<EdgeIx> =
        found.iter().flat_map(|finding| finding.pairs.iter().copied()).collect();
    let mut rest: Vec<Finding> = Vec::new();
    let edges = case.matrix.entries();
    let places: HashMap<_, _> = edges.map(|(pair, edge)| ((edge.from, edge.to, edge.by), pair)).collect();
    let place = |edge: &TrustEdge| places.get(&(edge.from, edge.to, edge.by)).copied();
    for trouble in troubles(&case.matrix) {
        let pairs: Vec<EdgeIx> = trouble.edges.iter().filter_map(|edge| place(edge)).collect();
        let pairs: Vec<EdgeIx> = pairs.into_iter().filter(|pair| !explained.contains(pair)).collect();
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
    rest.extend(unread(case));
    merge(rest)
}

/// Nodes that could not be entered, and nobody said why.
fn barred(case: &Case, found: &[Finding]) -> Vec<Finding> {
    let nodes = case.nodes.entries();
    let unexplained = nodes.filter_map(|(index, node)| {
        let why = node.entry.as_ref().err()?;
        let told = found.iter().any(|finding| finding.node == index && (finding.bars || finding.breaks()))
            || is_told_of_own_call(case, index, found);
        (!told).then_some((index, why))
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
fn is_told_of_own_call(case: &Case, node: NodeIx, found: &[Finding]) -> bool {
    let local = |edge: &TrustEdge| case.node(edge.from).is_some_and(|from| from.local);
    let own = case.pairs(|edge| edge.to == node && edge.from != node && local(edge));
    own.iter().any(|pair| found.iter().any(|finding| finding.pairs.contains(pair)))
}

/// Nodes that were entered and could not be read: nobody knows what is wrong there.
fn unread(case: &Case) -> impl Iterator<Item = Finding> + '_ {
    let nodes = case.nodes.entries();
    let unread = nodes.filter(|(_, node)| node.entry.is_ok() && node.evidence.is_none());
    unread.map(|(index, _)| {
        let finding = Finding::new(Code::Unexplained, index).likely().bars(true);
        finding.seen_from_here(&case.label(index), "it was entered, but what is there could not be read")
    })
}

/// Findings about one node with one code are one.
fn merge(findings: Vec<Finding>) -> Vec<Finding> {
    let mut merged: BTreeMap<(Code, NodeIx, Option<NodeIx>), Finding> = BTreeMap::new();
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::super::diagnose;
    use super::super::sample::{healthy, short};
    use crate::diagnose::Code;
    use crate::enter::NoEntry;
    use crate::inventory::NodeIx;
    use crate::probe::{Cause, EdgeIx};

    #[test]
    fn what_no_rule_knows_is_told() {
        let mut case = healthy(3);
        case.break_pair(0, 1, Cause::Other, "strange");
        let found = diagnose(&case).findings;
        assert_eq!(short(&found), [("one-way", 1, 1)]);
        assert_eq!((found[0].about, found[0].witnesses[0].said.as_str()), (Some(NodeIx::new(0)), "strange"));
        case.break_pair(1, 0, Cause::Other, "stranger");
        let codes: Vec<Code> = diagnose(&case).findings.iter().map(|finding| finding.code).collect();
        assert_eq!(codes, [Code::Unexplained; 2]);
    }

    #[test]
    fn a_node_that_nobody_could_look_into_is_told_too() {
        let mut case = healthy(3);
        case.at(1).evidence = None;
        assert_eq!(short(&diagnose(&case).findings), [("unexplained", 1, 0)]);
        let mut case = healthy(3);
        case.preflight = true;
        case.bar(2, NoEntry::NoPassword("no password was wanted".to_owned()));
        let found = diagnose(&case).findings;
        assert!(found.iter().any(|finding| finding.node == NodeIx::new(2) && finding.bars), "{found:?}");
    }

    fn causes() -> impl Strategy<Value = Cause> {
        prop::sample::select(vec![
            Cause::Refused,
            Cause::TimedOut,
            Cause::NoRoute,
            Cause::Hung,
            Cause::ClosedEarly,
            Cause::HungUp,
            Cause::Penalised,
            Cause::MaxStartups,
            Cause::HostKeyChanged,
            Cause::HostKeyUnknown,
            Cause::KeyRefused,
            Cause::TooManyKeys,
            Cause::Permissions,
            Cause::NoCommonAlgorithm,
            Cause::NoLogin,
            Cause::BadConfig,
            Cause::Other,
        ])
    }

    proptest! {
        #[test]
        fn every_pair_that_does_not_work_is_in_a_finding(
            broken in prop::collection::btree_map((0usize..5, 0usize..5), causes(), 0..20)
        ) {
            let mut case = healthy(5);
            for ((from, to), cause) in broken.iter().filter(|((from, to), _)| from != to) {
                case.break_pair(*from, *to, cause.clone(), "words");
            }
            let found = diagnose(&case).findings;
            let told: BTreeSet<EdgeIx> = found.iter().flat_map(|finding| finding.pairs.iter().copied()).collect();
            let all: BTreeSet<EdgeIx> = case.matrix.entries().map(|(pair, _)| pair).collect();
            prop_assert_eq!(told, all);
        }
    }
}
