//! A node that is not there, packets that are too large, an address that two machines have, slow name servers.

use std::collections::BTreeSet;
use std::net::IpAddr;

use super::{answers, commands, connect_error, firewall, with_own_word, with_words};
use crate::diagnose::{ByHand, Case, Code, Command, Cure, Finding};
use crate::enter::ConnectError;
use crate::inventory::NodeIx;
use crate::observe::{Callee, Evidence};
use crate::probe::Cause;

/// A name server that takes longer than this, in hundredths of seconds, is slow.
const SLOW: u64 = 200;
/// Calls that end on another machine look like this ...
const ELSEWHERE: [Cause; 3] = [Cause::HostKeyChanged, Cause::HostKeyUnknown, Cause::KeyRefused];
/// ... and those whose answers do.
const ASTRAY: [Cause; 3] = [Cause::TimedOut, Cause::Hung, Cause::ClosedEarly];

pub(super) fn find(case: &Case) -> Vec<Finding> {
    let rules: [fn(&Case, NodeIx) -> Option<Finding>; 4] = [node_down, mtu, duplicate, slow_names];
    let nodes = case.nodes.indices();
    nodes.flat_map(|node| rules.iter().filter_map(move |rule| rule(case, node))).collect()
}

/// Nothing at all answers.
fn node_down(case: &Case, node: NodeIx) -> Option<Finding> {
    let visited = case.node(node)?;
    let lost = visited.entry.is_ok() && case.matrix.lost().contains(&node);
    let silent =
        matches!(connect_error(case, node), Some(ConnectError::TimedOut(_) | ConnectError::Unreachable(_)));
    if visited.evidence.is_some() || !(lost || silent) || answers(case, node) != Some(false) {
        return None;
    }
    // Others reach it: it is the way there that is broken.
    let reached =
        case.matrix.iter().any(|(from, to, _, pair)| to == node && from != node && pair.state.is_good());
    if (reached && !lost) || firewall::keeps_in(case, node) {
        return None;
    }
    let pairs = case.pairs_to(node, &[Cause::TimedOut, Cause::NoRoute]);
    let finding = Finding::new(Code::NodeDown, node).likely().bars(true).explains(pairs);
    let finding = with_words(with_own_word(finding, case), case);
    Some(finding.cure(Cure::by_hand(node, ByHand::NotEntered, [])))
}

/// What a caller measured on the way to a node.
fn measured(case: &Case, from: NodeIx, to: NodeIx) -> Option<&Callee> {
    let spec = case.node(to)?.spec;
    let evidence: &Evidence = case.node(from)?.evidence.as_ref()?;
    evidence.service.callees.iter().find(|callee| callee.spec == spec)
}

/// Small packets come through and large ones do not.
fn mtu(case: &Case, node: NodeIx) -> Option<Finding> {
    let pairs = case.pairs_to(node, &[Cause::Hung]);
    let callers: BTreeSet<NodeIx> = pairs.iter().filter_map(|pair| Some(case.edge(*pair)?.from)).collect();
    let narrow = callers.iter().filter_map(|from| {
        let callee = measured(case, *from, node)?;
        let mtu = callee.mtu?;
        (callee.ping && callee.passes.unwrap_or(0) < mtu).then_some((*from, callee, mtu))
    });
    let narrow: Vec<(NodeIx, &Callee, u32)> = narrow.collect();
    let (first, _, _) = narrow.first()?;
    // One caller that meets it on all its ways has it itself.
    let everywhere = narrow.len() == 1 && meets_everywhere(case, *first, node);
    let fault = if everywhere { *first } else { node };
    let mut finding = Finding::new(Code::Mtu, fault)
        .explains(pairs)
        .bars(fault == node && connect_error(case, node).is_some());
    for (from, callee, mtu) in narrow.iter().take(3) {
        let passes = callee.passes.map_or_else(|| "none".to_owned(), |size| format!("{size} bytes"));
        let said = format!(
            "the interface {} takes packets of {mtu} bytes; largest of those tried that came back: {passes}",
            callee.interface
        );
        finding = finding.seen(*from, &format!("ping -M do -s … {}", callee.spec.ip), &said);
    }
    let finding = with_words(finding, case);
    let least = narrow.iter().filter_map(|(_, callee, _)| callee.passes).min();
    let ip = case.node(fault)?.spec.ip;
    let narrowed = least.map(|size| {
        let own = format!("$(ip -o addr show to {ip} | awk '{{ print $2; exit }}')");
        Command::root(format!("ip link set dev \"{own}\" mtu {size}"))
    });
    Some(finding.cure(Cure::by_hand(fault, ByHand::Judgement, narrowed)))
}

/// Whether a node's calls hang wherever it calls, and not only at this one.
fn meets_everywhere(case: &Case, from: NodeIx, to: NodeIx) -> bool {
    let mut others = (case.nodes.indices()).filter(|other| *other != from && *other != to).peekable();
    let hangs = |other: NodeIx| {
        case.pairs_to(other, &[Cause::Hung])
            .iter()
            .any(|pair| case.edge(*pair).is_some_and(|edge| edge.from == from))
    };
    others.peek().is_some() && others.all(hangs)
}

/// Two machines have one address.
fn duplicate(case: &Case, node: NodeIx) -> Option<Finding> {
    let ip = case.node(node)?.spec.ip;
    let pairs = case.pairs_to(node, &ELSEWHERE);
    let astray = [case.pairs_to(node, &ASTRAY), case.pairs_from(node, &ASTRAY)].concat();
    if let Some((other, interface)) = owner(case, node, ip) {
        let finding = Finding::new(Code::DuplicateIp, node).about(other).explains(pairs).explains(astray);
        let finding = finding.bars(connect_error(case, node).is_some());
        let finding = finding.seen(other, "ip addr", &format!("{ip} on {interface}"));
        let take = Command::root(format!(
            "ip addr del \"$(ip -o addr show to {ip} | awk '{{ print $4; exit }}')\" dev {}",
            crate::text::sh_quote(interface)
        ));
        return Some(with_words(finding, case).cure(Cure::by_hand(other, ByHand::Judgement, [take])));
    }
    // A machine that is no node: what the nodes know of it differs.
    let told = matches!(connect_error(case, node), Some(ConnectError::Protocol(text)) if text.starts_with("two machines answer"));
    let known = hardware_known(case, node, ip);
    let macs: BTreeSet<&str> = known.iter().map(|(_, mac)| *mac).collect();
    if !told && (macs.len() < 2 || pairs.is_empty()) {
        return None;
    }
    let mut finding =
        Finding::new(Code::DuplicateIp, node).likely().explains(pairs).explains(astray).bars(told);
    for (from, mac) in known.iter().take(4) {
        finding = finding.seen(*from, "ip neigh", &format!("{ip} lladdr {mac}"));
    }
    let finding = if told { with_own_word(finding, case) } else { finding };
    Some(with_words(finding, case).cure(Cure::by_hand(node, ByHand::Judgement, [])))
}

/// Another node that has the address too, and on which interface.
fn owner(case: &Case, node: NodeIx, ip: IpAddr) -> Option<(NodeIx, &str)> {
    let own = case.node(node)?;
    let changed = matches!(connect_error(case, node), Some(ConnectError::HostKeyChanged(_)));
    let differs = |other: &Evidence| match &own.evidence {
        // The same machine under two addresses has the same hardware.
        Some(own) => own.service.hardware != other.service.hardware && own.service.interface(ip).is_some(),
        None => changed,
    };
    let mut others = case.seen().filter(|(index, _, evidence)| *index != node && differs(evidence));
    others.find_map(|(index, _, evidence)| {
        let mut addresses = evidence.service.addresses.iter();
        let (name, _) = addresses.find(|(name, address)| *address == ip && name != "lo")?;
        Some((index, name.as_str()))
    })
}

/// The hardware address that each other node knows for an address; not where one stands for several, as a router does.
fn hardware_known(case: &Case, node: NodeIx, ip: IpAddr) -> Vec<(NodeIx, &str)> {
    let others = case.seen().filter(|(index, _, _)| *index != node);
    let known = others.filter_map(|(index, _, evidence)| {
        let near = &evidence.service.neighbours;
        let mac = &near.iter().find(|near| near.ip == ip)?.hardware;
        let alone =
            near.iter().filter(|other| other.hardware == *mac && other.ip.is_ipv4() == ip.is_ipv4()).count()
                == 1;
        alone.then_some((index, mac.as_str()))
    });
    known.collect()
}

/// sshd asks a name server for every caller, and that takes its time.
fn slow_names(case: &Case, node: NodeIx) -> Option<Finding> {
    let service = &case.node(node)?.evidence.as_ref()?.service;
    let (ip, time) =
        service.lookups.iter().max_by_key(|(_, time)| *time).filter(|(_, time)| *time >= SLOW)?;
    let wants = service.setting("UseDNS").is_some_and(|value| value == ["yes"]);
    if !wants {
        return None;
    }
    // What waits for the name waits behind the key exchange: the banner is there.
    let pairs = case.pairs(|edge| {
        edge.to == node && edge.from != node && edge.cause == Cause::Hung && !edge.said.contains("banner")
    });
    let said = format!("{}.{:02} seconds", time / 100, time % 100);
    let finding = Finding::new(Code::SlowDns, node).explains(pairs);
    let finding =
        finding.seen(node, "sshd -T", "usedns yes").seen(node, &format!("getent hosts {ip}"), &said);
    Some(finding.cure(Cure::run(node, [commands::set(case, node, "UseDNS no")])))
}
