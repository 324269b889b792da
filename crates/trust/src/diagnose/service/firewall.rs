//! A firewall keeps callers away from the port, or answers away from callers.

mod cures;

use std::collections::{BTreeMap, BTreeSet};

use cures::{console, cure};

use super::packet::{Loss, Packet, loss};
use super::{UNREACHED, answers, connect_error, with_own_word, with_words};
use crate::diagnose::{ByHand, Case, Code, Cure, Finding};
use crate::enter::ConnectError;
use crate::inventory::{NodeIx, NodeMap};
use crate::observe::{Hook, Manager};
use crate::probe::{Cause, EdgeIx, TrustEdge};

/// Rules of one node that are told.
const MOST_RULES: usize = 3;

const ARRIVING: [Hook; 2] = [Hook::Prerouting, Hook::Input];
const LEAVING: [Hook; 2] = [Hook::Output, Hook::Postrouting];

/// Which way the packets of a connection go that are lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Way {
    /// To sshd, where they arrive.
    Arriving,
    /// From sshd, where they leave.
    Answering,
    /// To sshd, where they leave.
    Calling,
    /// From sshd, where they arrive.
    Answered,
}

/// A rule that loses packets of a pair.
struct Block<'a> {
    /// On which node.
    node: NodeIx,
    way: Way,
    /// sshd's port.
    port: u16,
    loss: Loss<'a>,
}

/// What is held against the firewall of one node.
#[derive(Default)]
struct Charge<'a> {
    pairs: Vec<EdgeIx>,
    blocks: Vec<Block<'a>>,
    bars: bool,
}

pub(super) fn find(case: &Case, found: &[Finding]) -> Vec<Finding> {
    let mut charges: BTreeMap<NodeIx, Charge<'_>> = BTreeMap::new();
    let told: BTreeSet<EdgeIx> = found.iter().flat_map(|finding| finding.pairs.iter().copied()).collect();
    let mut open: Vec<EdgeIx> = Vec::new();
    for pair in case.pairs(|edge| edge.from != edge.to && UNREACHED.contains(&edge.cause)) {
        let Some(edge) = case.edge(pair) else { continue };
        let blocks = blocks(case, edge.from, edge.to);
        let sure = blocks.iter().any(|block| block.loss.sure);
        if blocks.is_empty() || (told.contains(&pair) && !sure) {
            open.extend(Some(pair).filter(|pair| !told.contains(pair)));
            continue;
        }
        for block in blocks.into_iter().filter(|block| block.loss.sure || !sure) {
            let charge = charges.entry(block.node).or_default();
            charge.pairs.push(pair);
            charge.blocks.push(block);
        }
    }
    let reached = Reached::new(case);
    let mut fails: BTreeMap<NodeIx, BTreeSet<NodeIx>> = BTreeMap::new();
    for edge in open.iter().filter_map(|pair| case.edge(*pair)) {
        fails.entry(edge.from).or_default().insert(edge.to);
    }
    let blind: BTreeSet<NodeIx> =
        fails.iter().filter(|(from, of)| is_blind(**from, of, &reached)).map(|(from, _)| *from).collect();
    for pair in &open {
        if let Some(node) = case.edge(*pair).and_then(|edge| suspect(case, edge, &blind)) {
            charges.entry(node).or_default().pairs.push(*pair);
        }
    }
    let stopped = |node: &NodeIx| found.iter().any(|finding| finding.node == *node && finding.bars);
    for node in (case.nodes.indices()).filter(|node| is_filtered(case, *node) && !stopped(node)) {
        charges.entry(node).or_default().bars = true;
    }
    if case.preflight {
        foresee(case, &mut charges);
    }
    charges.into_iter().map(|(node, charge)| accuse(case, node, charge)).collect()
}

/// Rules that would lose what the nodes will send each other.
fn foresee<'a>(case: &'a Case, charges: &mut BTreeMap<NodeIx, Charge<'a>>) {
    let filters = |node: &NodeIx| {
        case.node(*node).and_then(|node| node.evidence.as_ref()).is_some_and(|e| !e.service.rules.is_empty())
    };
    for node in (case.nodes.indices()).filter(filters) {
        for peer in (case.nodes.indices()).filter(|peer| *peer != node) {
            for (from, to) in [(peer, node), (node, peer)] {
                let own = blocks(case, from, to).into_iter().filter(|b| b.node == node && b.loss.sure);
                let mut own = own.peekable();
                if own.peek().is_some() {
                    charges.entry(node).or_default().blocks.extend(own);
                }
            }
        }
    }
}

/// All rules that lose packets of a pair, the two nodes' own.
fn blocks(case: &Case, from: NodeIx, to: NodeIx) -> Vec<Block<'_>> {
    let (Some(caller), Some(callee)) = (case.node(from), case.node(to)) else { return Vec::new() };
    let port = callee.spec.port;
    let ways = [
        (Way::Arriving, to, &ARRIVING),
        (Way::Answering, to, &LEAVING),
        (Way::Calling, from, &LEAVING),
        (Way::Answered, from, &ARRIVING),
    ];
    let lost = ways.into_iter().filter_map(|(way, node, hooks)| {
        let service = &case.node(node)?.evidence.as_ref()?.service;
        let there = matches!(way, Way::Arriving | Way::Calling);
        let (sender, receiver) = if there { (caller, callee) } else { (callee, caller) };
        let packet = Packet {
            from: sender.spec.ip,
            to: receiver.spec.ip,
            from_port: Some(port).filter(|_| !there),
            to_port: Some(port).filter(|_| there),
            interface: case.node(node).and_then(|node| service.interface(node.spec.ip)),
        };
        Some(Block { node, way, port, loss: loss(&service.rules, hooks, packet)? })
    });
    lost.collect()
}

/// Whether the machine that runs the program itself loses what it sends to a node, or the answers.
pub(super) fn keeps_in(case: &Case, node: NodeIx) -> bool {
    let local = case.nodes.position(|node| node.local);
    local.is_some_and(|local| {
        blocks(case, local, node).iter().any(|block| block.node == local && block.loss.sure)
    })
}

/// Whose firewall it most likely is where no rule was seen.
fn suspect(case: &Case, edge: &TrustEdge, blind: &BTreeSet<NodeIx>) -> Option<NodeIx> {
    let callee = case.node(edge.to)?;
    let reachable = match (&callee.evidence, connect_error(case, edge.to)) {
        (Some(evidence), _) => evidence.service.listens_on(callee.spec.ip, callee.spec.port)?,
        (None, Some(ConnectError::TimedOut(_) | ConnectError::Unreachable(_))) => {
            edge.cause != Cause::Refused && answers(case, edge.to) == Some(true)
        }
        (None, Some(_)) => false,
        // The program's own connection was answered.
        (None, None) => true,
    };
    if !reachable {
        return None;
    }
    if blind.contains(&edge.from) { Some(edge.from) } else { Some(edge.to) }
}

/// Whether a node reaches several others not that are reached by third ones: then it has the fault itself.
fn is_blind(node: NodeIx, fails: &BTreeSet<NodeIx>, reached: &Reached) -> bool {
    fails.len() > 1 && fails.iter().all(|to| reached.by_another(*to, node))
}

/// By whom each node is reached: two others are enough to know.
struct Reached(NodeMap<Vec<NodeIx>>);

impl Reached {
    fn new(case: &Case) -> Self {
        let mut callers = case.nodes.map(|_| Vec::new());
        for (from, to, _, pair) in case.matrix.iter() {
            if let Some(of) = callers.get_mut(to)
                && from != to
                && pair.state.is_good()
                && of.len() < 2
                && !of.contains(&from)
            {
                of.push(from);
            }
        }
        Self(callers)
    }

    /// Whether somebody else than this node reaches it.
    fn by_another(&self, node: NodeIx, than: NodeIx) -> bool {
        self.0.get(node).is_some_and(|callers| callers.iter().any(|caller| *caller != than))
    }
}

/// Whether the program could not come in although the machine lives.
fn is_filtered(case: &Case, node: NodeIx) -> bool {
    let silent =
        matches!(connect_error(case, node), Some(ConnectError::TimedOut(_) | ConnectError::Unreachable(_)));
    // Others reach it: then it is on the program's own way.
    let reached =
        case.matrix.iter().any(|(from, to, _, pair)| to == node && from != node && pair.state.is_good());
    silent && !reached && answers(case, node) == Some(true) && !keeps_in(case, node)
}

/// The finding about one node.
fn accuse(case: &Case, node: NodeIx, charge: Charge<'_>) -> Finding {
    let mut finding = Finding::new(Code::Firewall, node).explains(charge.pairs).bars(charge.bars);
    if !charge.blocks.iter().any(|block| block.loss.sure) {
        finding = finding.likely();
    }
    let mut told: Vec<&Block<'_>> = Vec::new();
    for block in &charge.blocks {
        let same = |known: &&Block<'_>| {
            known.way == block.way && known.loss == block.loss && known.port == block.port
        };
        if !told.iter().any(same) {
            told.push(block);
        }
    }
    for block in told.iter().take(MOST_RULES) {
        let Loss { chain, rule, .. } = block.loss;
        let source = match &chain.manager {
            Manager::Nft => "nft list ruleset".to_owned(),
            Manager::Iptables(tool) => format!("{tool} -S"),
        };
        let text = rule.map_or("policy drop", |(_, rule)| rule.text.as_str());
        finding = finding.seen(node, &source, &format!("{} {}: {text}", chain.table, chain.name));
    }
    finding = with_words(with_own_word(finding, case), case);
    let Some(evidence) = case.node(node).and_then(|node| node.evidence.as_ref()) else {
        return finding.cure(Cure::by_hand(node, ByHand::NotEntered, console(case, node)));
    };
    if !evidence.service.zone.is_empty() {
        finding = finding.seen(node, "firewall-cmd --list-all", &evidence.service.zone.join("\n"));
    }
    finding.cure(cure(case, node, evidence, &told))
}
