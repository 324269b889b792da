//! Callers that are led to another machine, where nobody saw why.

use std::collections::{BTreeMap, BTreeSet};

use super::{ByHand, Case, Code, Command, Cure, Finding};
use crate::inventory::NodeIx;
use crate::probe::{Cause, EdgeIx, TrustEdge};
use crate::text::sh_quote;

/// One finding for each caller and each node that it does not reach, of the pairs that nothing else explains.
pub(super) fn find(case: &Case, found: &[Finding]) -> Vec<Finding> {
    let explained: BTreeSet<EdgeIx> =
        found.iter().flat_map(|finding| finding.pairs.iter().copied()).collect();
    let mut astray: BTreeMap<(NodeIx, NodeIx), Vec<(EdgeIx, &TrustEdge)>> = BTreeMap::new();
    for (pair, edge) in case.matrix.entries().filter(|(pair, _)| !explained.contains(pair)) {
        if matches!(edge.cause, Cause::WrongMachine { .. }) {
            astray.entry((edge.from, edge.to)).or_default().push((pair, edge));
        }
    }
    astray.into_iter().map(|((from, to), edges)| finding(from, to, &edges)).collect()
}

fn finding(from: NodeIx, to: NodeIx, edges: &[(EdgeIx, &TrustEdge)]) -> Finding {
    let mut finding = Finding::new(Code::WrongMachine, from).explains(edges.iter().map(|(pair, _)| *pair));
    if from != to {
        finding = finding.about(to);
    }
    let mut commands = Vec::new();
    for (_, edge) in edges {
        let said = match &edge.cause {
            Cause::WrongMachine { answered: Some(node) } => format!("it runs on {node}"),
            _ => "it runs on another machine than the one that was entered at that address".to_owned(),
        };
        finding = finding.seen(from, &format!("ssh {}", edge.host), &said);
        let host = sh_quote(&edge.host);
        commands.push(Command::new(format!("ssh -G {host} | grep -E '^(hostname|port|proxy)'")));
        commands.push(Command::new(format!("getent ahosts {host}")));
    }
    commands
        .push(Command::root("iptables-save -t nat 2>/dev/null; nft list ruleset | grep -E 'dnat|redirect'"));
    finding.cure(Cure::by_hand(from, ByHand::Judgement, commands))
}

#[cfg(test)]
mod tests {
    use super::super::diagnose;
    use super::super::sample::{healthy, short, spec};
    use super::*;

    #[test]
    fn a_caller_that_is_led_astray_is_told_with_where_it_comes_to() {
        let mut case = healthy(3);
        case.break_pair(0, 2, Cause::WrongMachine { answered: Some(spec(1)) }, "");
        case.break_pair(1, 2, Cause::WrongMachine { answered: None }, "");
        let found = diagnose(&case).findings;
        assert_eq!(short(&found), [("wrong-machine", 0, 1), ("wrong-machine", 1, 1)]);
        assert_eq!(found[0].about, Some(NodeIx::new(2)));
        assert_eq!(found[0].witnesses[0].said, "it runs on 10.0.0.2");
        assert!(found[1].witnesses[0].said.contains("another machine"), "{found:?}");
    }
}
