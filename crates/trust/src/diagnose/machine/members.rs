//! Who is trusted, against who is listed. What an earlier run listed stands in the block of `~/.ssh/config`.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::IpAddr;
use std::sync::Arc;

use sshfiles::HostEntry;

use crate::diagnose::{ByHand, Case, Code, Command, Cure, Finding};
use crate::inventory::{NodeIx, NodeSpec};
use crate::observe::Evidence;
use crate::part::config;
use crate::probe::By;

/// So many addresses are named; a command with more of them is not one that a person reads.
const MOST_NAMED: usize = 16;

/// A node that has trust, and whom it knows.
struct Knowing<'a> {
    node: NodeIx,
    evidence: &'a Evidence,
    known: Arc<Vec<HostEntry>>,
    called: Arc<config::Called>,
}

/// The findings about nodes that are trusted and not listed, or listed and not known.
pub(super) fn find(case: &Case) -> Vec<Finding> {
    if case.preflight {
        return Vec::new();
    }
    // Most nodes have the same block, which is held once.
    let mut met: HashMap<usize, Arc<config::Called>> = HashMap::new();
    let seen = case.seen().filter_map(|(node, _, evidence)| {
        // Without a block there is nothing that could differ; that it is lost is told by another rule.
        let known = Some(config::known(&evidence.state)).filter(|known| !known.is_empty())?;
        let place = Arc::as_ptr(&known).addr();
        let called = met.entry(place).or_insert_with(|| Arc::new(config::Called::of(known.iter())));
        Some(Knowing { node, evidence, called: called.clone(), known })
    });
    let knowing: Vec<Knowing<'_>> = seen.collect();
    [not_listed(case, &knowing), not_known(case, &knowing)].concat()
}

/// What the block would say of a listed node.
fn entry_of(case: &Case, node: NodeIx) -> Option<HostEntry> {
    let node = case.node(node)?;
    let name = node.name.clone().unwrap_or_default();
    Some(HostEntry { address: node.spec.ip.to_string(), name, port: node.spec.port })
}

/// Nodes that the files know and nobody lists. Those that the same nodes know are one finding.
fn not_listed(case: &Case, knowing: &[Knowing<'_>]) -> Vec<Finding> {
    let listed: Vec<HostEntry> = case.nodes.indices().filter_map(|node| entry_of(case, node)).collect();
    let listed = config::Called::of(&listed);
    // An address that a listed node has besides is no other node.
    let is_own = |ip| case.seen().any(|(_, _, evidence)| evidence.service.interface(ip).is_some());
    let mut knowers: BTreeMap<NodeSpec, BTreeSet<NodeIx>> = BTreeMap::new();
    for Knowing { node, known, .. } in knowing {
        let (here, others): (Vec<_>, Vec<_>) = known.iter().partition(|entry| listed.has(entry));
        // Where a node has a port of its own, its name stands in an entry of its own, with the address.
        let addresses: BTreeSet<&str> = here.iter().map(|known| known.address.as_str()).collect();
        let is_here = |entry: &HostEntry| addresses.contains(entry.address.as_str());
        for entry in others.into_iter().filter(|entry| !is_here(entry)) {
            // A name stands beside an address; one of its own may be an earlier name of a node that is here.
            let Ok(ip) = entry.address.parse::<IpAddr>() else { continue };
            if !is_own(ip) {
                knowers.entry(NodeSpec { ip, port: entry.port }).or_default().insert(*node);
            }
        }
    }
    let mut together: BTreeMap<BTreeSet<NodeIx>, Vec<NodeSpec>> = BTreeMap::new();
    for (stranger, nodes) in knowers {
        together.entry(nodes).or_default().push(stranger);
    }
    let finding = |(nodes, strangers): (BTreeSet<NodeIx>, Vec<NodeSpec>)| {
        let first = *nodes.first()?;
        let said = format!("not in the list, and trusted: {}", shown(&strangers));
        let finding = nodes.iter().take(3).fold(Finding::new(Code::MembersDiffer, first), |finding, node| {
            let of = knowing.iter().find(|knowing| knowing.node == *node);
            of.map_or(finding.clone(), |of| finding.seen(*node, &file(of.evidence), &said))
        });
        let all: Vec<NodeSpec> = case.nodes.iter().map(|node| node.spec).chain(strangers.clone()).collect();
        let shrink = command("shrink", &all, "--remove", &strangers);
        Some(finding.cure(by_hand(case, first, shrink)))
    };
    together.into_iter().filter_map(finding).collect()
}

/// Nodes that are listed and that others do not know, although those have trust.
fn not_known(case: &Case, knowing: &[Knowing<'_>]) -> Vec<Finding> {
    let ignored = |to: NodeIx| -> Vec<&Knowing<'_>> {
        let Some(entry) = entry_of(case, to) else { return Vec::new() };
        let others = knowing.iter().filter(|from| from.node != to);
        others.filter(|from| !from.called.has(&entry)).collect()
    };
    let outside: BTreeSet<NodeIx> = case
        .nodes
        .indices()
        .filter(|node| {
            let others = knowing.iter().filter(|from| from.node != *node).count();
            others > 0 && ignored(*node).len() == others && !knowing.iter().any(|from| from.node == *node)
        })
        .collect();
    let spec = |node: &NodeIx| case.node(*node).map(|node| node.spec);
    let old: Vec<NodeSpec> =
        case.nodes.indices().filter(|node| !outside.contains(node)).filter_map(|node| spec(&node)).collect();
    let coming: Vec<NodeSpec> = outside.iter().filter_map(spec).collect();
    let finding = |to: NodeIx| {
        let is_outside = outside.contains(&to);
        // A pair that does not work is told by the rule that knows why.
        let works = |from: NodeIx| case.matrix.get(from, to, By::Ip).is_some_and(|pair| pair.state.is_good());
        let ignored = ignored(to);
        let told: Vec<_> = ignored.into_iter().filter(|from| is_outside || works(from.node)).collect();
        let first = told.first()?.node;
        let said = format!("in the list, and not known here: {}", case.label(to));
        let finding = Finding::new(Code::MembersDiffer, first).about(to);
        let finding = told
            .iter()
            .take(3)
            .fold(finding, |finding, from| finding.seen(from.node, &file(from.evidence), &said));
        let all: Vec<NodeSpec> = case.nodes.iter().map(|node| node.spec).collect();
        let expand = if is_outside {
            command("expand", &old, "--add", &coming)
        } else {
            command("expand", &all, "--add", &[spec(&to)?])
        };
        Some(finding.cure(by_hand(case, first, expand)))
    };
    case.nodes.indices().filter_map(finding).collect()
}

fn file(evidence: &Evidence) -> String {
    format!("{}/.ssh/config", evidence.state.home)
}

fn shown(nodes: &[NodeSpec]) -> String {
    let named: Vec<String> = nodes.iter().take(MOST_NAMED).map(ToString::to_string).collect();
    let more = nodes.len().saturating_sub(MOST_NAMED);
    let more = if more == 0 { String::new() } else { format!(" and {more} more") };
    format!("{}{more}", named.join(", "))
}

/// Who belongs to the cluster is for people to say.
fn by_hand(case: &Case, node: NodeIx, command: Command) -> Cure {
    let here = case.nodes.position(|node| node.local).unwrap_or(node);
    Cure::by_hand(here, ByHand::Judgement, [command])
}

/// A verb over these nodes, about some others; by files where the nodes are many or have ports of their own.
fn command(verb: &str, nodes: &[NodeSpec], flag: &str, which: &[NodeSpec]) -> Command {
    let plain = |nodes: &[NodeSpec]| nodes.len() <= MOST_NAMED && nodes.iter().all(|node| node.port == 22);
    let words =
        |nodes: &[NodeSpec]| nodes.iter().map(|node| node.ip.to_string()).collect::<Vec<_>>().join(",");
    let source = if plain(nodes) { format!("--hosts {}", words(nodes)) } else { "-f HOSTFILE".to_owned() };
    let which = if plain(which) { words(which) } else { "@FILE".to_owned() };
    Command::new(format!("gs_sshexkey {verb} {source} {flag} {which}"))
}
