//! A firewall keeps callers away from the port, or answers away from callers.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use super::packet::{Loss, Packet, loss};
use super::{UNREACHED, answers, connect_error, with_own_word, with_words};
use crate::diagnose::{ByHand, Case, Code, Command, Cure, Finding};
use crate::observe::{Evidence, Hook, Manager, Service};
use crate::probe::{Cause, TrustEdge};
use crate::session::ConnectError;
use crate::text::sh_quote;

/// Marks our rules, so that they are found again.
const MARK: &str = "gs_sshexkey";
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
    node: usize,
    way: Way,
    /// sshd's port.
    port: u16,
    loss: Loss<'a>,
}

/// What is held against the firewall of one node.
#[derive(Default)]
struct Charge<'a> {
    pairs: Vec<usize>,
    blocks: Vec<Block<'a>>,
    bars: bool,
}

pub(super) fn find(case: &Case, found: &[Finding]) -> Vec<Finding> {
    let mut charges: BTreeMap<usize, Charge<'_>> = BTreeMap::new();
    let told: BTreeSet<usize> = found.iter().flat_map(|finding| finding.pairs.iter().copied()).collect();
    let mut open: Vec<usize> = Vec::new();
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
    for pair in &open {
        if let Some(node) = case.edge(*pair).and_then(|edge| suspect(case, edge, &open)) {
            charges.entry(node).or_default().pairs.push(*pair);
        }
    }
    for node in (0..case.nodes.len()).filter(|node| is_filtered(case, *node)) {
        charges.entry(node).or_default().bars = true;
    }
    if case.preflight {
        foresee(case, &mut charges);
    }
    charges.into_iter().map(|(node, charge)| accuse(case, node, charge)).collect()
}

/// Rules that would lose what the nodes will send each other.
fn foresee<'a>(case: &'a Case, charges: &mut BTreeMap<usize, Charge<'a>>) {
    let filters = |node: &usize| {
        case.node(*node).and_then(|node| node.evidence.as_ref()).is_some_and(|e| !e.service.rules.is_empty())
    };
    for node in (0..case.nodes.len()).filter(filters) {
        for peer in (0..case.nodes.len()).filter(|peer| *peer != node) {
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
fn blocks(case: &Case, from: usize, to: usize) -> Vec<Block<'_>> {
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

/// Whose firewall it most likely is where no rule was seen.
fn suspect(case: &Case, edge: &TrustEdge, open: &[usize]) -> Option<usize> {
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
    // A node that reaches several others not, which are reached by third ones, has the fault itself.
    let fails: Vec<usize> = open
        .iter()
        .filter_map(|pair| case.edge(*pair))
        .filter(|e| e.from == edge.from)
        .map(|e| e.to)
        .collect();
    let fails: BTreeSet<usize> = fails.into_iter().collect();
    let reached = |to: &usize| {
        case.matrix.iter().any(|(from, at, _, pair)| at == *to && from != *to && pair.state.is_good())
    };
    if fails.len() > 1 && fails.iter().all(reached) { Some(edge.from) } else { Some(edge.to) }
}

/// Whether the program could not come in although the machine lives.
fn is_filtered(case: &Case, node: usize) -> bool {
    let silent =
        matches!(connect_error(case, node), Some(ConnectError::TimedOut(_) | ConnectError::Unreachable(_)));
    // Others reach it: then it is on the program's own way.
    let reached =
        case.matrix.iter().any(|(from, to, _, pair)| to == node && from != node && pair.state.is_good());
    silent && !reached && answers(case, node) == Some(true)
}

/// The finding about one node.
fn accuse(case: &Case, node: usize, charge: Charge<'_>) -> Finding {
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

/// Opens the port, and nothing else.
fn cure(case: &Case, node: usize, evidence: &Evidence, blocks: &[&Block<'_>]) -> Cure {
    let service = &evidence.service;
    if blocks.is_empty() {
        return Cure::by_hand(node, ByHand::Judgement, console(case, node));
    }
    let panic = |block: &&Block<'_>| block.loss.chain.table.contains("firewalld_policy_drop");
    if service.has("firewalld-runs") && blocks.iter().any(panic) {
        return Cure::by_hand(node, ByHand::Security, [Command::root("firewall-cmd --panic-off")]);
    }
    let mut commands: Vec<Command> = Vec::new();
    for block in blocks {
        for command in open(case, node, service, block) {
            if !commands.contains(&command) {
                commands.push(command);
            }
        }
    }
    Cure::run(node, commands)
}

/// The other nodes' addresses of the family that a chain sees.
fn peers(case: &Case, node: usize) -> Vec<IpAddr> {
    let own = case.node(node).map(|node| node.spec.ip);
    let same = |ip: &IpAddr| own.is_some_and(|own| own != *ip && own.is_ipv4() == ip.is_ipv4());
    case.nodes.iter().map(|node| node.spec.ip).filter(same).collect()
}

fn open(case: &Case, node: usize, service: &Service, block: &Block<'_>) -> Vec<Command> {
    let chain = block.loss.chain;
    let firewalld = chain.table.ends_with(" firewalld")
        || chain.name.starts_with("IN_")
        || chain.name.starts_with("INPUT_");
    if service.has("firewalld-runs") && firewalld && block.way == Way::Arriving {
        return by_firewalld(case, node, service, block);
    }
    let arriving = block.way == Way::Arriving;
    if service.has("ufw-on") && arriving && (chain.name.starts_with("ufw") || chain.name == "INPUT") {
        return by_ufw(case, node, block);
    }
    match &chain.manager {
        Manager::Nft if is_of_iptables(service, block) => {
            let tool = if chain.table.starts_with("ip6") { "ip6tables" } else { "iptables" };
            by_iptables(case, node, tool, block)
        }
        Manager::Nft => by_nft(case, node, block),
        Manager::Iptables(tool) => by_iptables(case, node, tool, block),
    }
}

/// Whether iptables keeps this table, though nft lists it.
fn is_of_iptables(service: &Service, block: &Block<'_>) -> bool {
    let chain = block.loss.chain;
    match chain.table.as_str() {
        "ip filter" => service.has("iptables"),
        "ip6 filter" => service.has("ip6tables"),
        _ => false,
    }
}

/// Which of the words of the two programs fit the way of the packets.
fn words(way: Way) -> [&'static str; 4] {
    match way {
        Way::Arriving => ["saddr", "dport", "-s", "--dport"],
        Way::Answering => ["daddr", "sport", "-d", "--sport"],
        Way::Calling => ["daddr", "dport", "-d", "--dport"],
        Way::Answered => ["saddr", "sport", "-s", "--sport"],
    }
}

fn by_nft(case: &Case, node: usize, block: &Block<'_>) -> Vec<Command> {
    let Loss { chain, rule, .. } = block.loss;
    let [address, port_word, ..] = words(block.way);
    let peers = peers(case, node);
    let family = if peers.first().is_none_or(IpAddr::is_ipv4) { "ip" } else { "ip6" };
    let list = peers.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let (table, name, port) = (&chain.table, &chain.name, block.port);
    let accept = format!("{family} {address} {{ {list} }} tcp {port_word} {port} accept comment \"{MARK}\"");
    let add = match rule.and_then(|(_, rule)| rule.handle) {
        Some(handle) => format!("insert rule {table} {name} handle {handle} {accept}"),
        None => format!("add rule {table} {name} {accept}"),
    };
    let listed = format!("nft -a list chain {}", sh_quote(&format!("{table} {name}")));
    let ours = format!("sed -n 's/.* {port_word} {port} accept comment \"{MARK}\" # handle //p' | tail -n 1");
    let undo = format!(
        "gs_rule=$({listed} | {ours}); [ -z \"$gs_rule\" ] || nft delete rule {} handle \"$gs_rule\"",
        sh_quote(&format!("{table} {name}"))
    );
    let keep =
        "until the next boot; to keep it, write it where the other rules come from, as /etc/nftables.conf";
    vec![Command::root(format!("nft {} # {keep}", sh_quote(&add))).undo(undo)]
}

fn by_iptables(case: &Case, node: usize, tool: &str, block: &Block<'_>) -> Vec<Command> {
    let Loss { chain, rule, .. } = block.loss;
    let [.., address, port_word] = words(block.way);
    let list = peers(case, node).iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
    let (tool, name) = (sh_quote(tool), sh_quote(&chain.name));
    let accept = format!("{address} {list} -p tcp {port_word} {} -j ACCEPT", block.port);
    let add = match rule {
        Some((index, _)) => format!("{tool} -I {name} {} {accept}", index + 1),
        None => format!("{tool} -A {name} {accept}"),
    };
    let keep = "until the next boot; to keep it: iptables-save, as your distribution does it";
    vec![Command::root(format!("{add} # {keep}")).undo(format!("{tool} -D {name} {accept} || :"))]
}

fn by_ufw(case: &Case, node: usize, block: &Block<'_>) -> Vec<Command> {
    let port = block.port;
    let denied = block.loss.rule.is_some() && block.loss.chain.name.contains("user");
    if !denied {
        let allow = Command::root(format!("ufw allow {port}/tcp"));
        return vec![allow.undo(format!("ufw delete allow {port}/tcp"))];
    }
    // Somebody is denied by name: the first rule that fits counts.
    let rule = |peer: &IpAddr| format!("allow proto tcp from {peer} to any port {port}");
    let insert = |peer: &IpAddr| {
        Command::root(format!("ufw insert 1 {}", rule(peer))).undo(format!("ufw delete {}", rule(peer)))
    };
    peers(case, node).iter().map(insert).collect()
}

fn by_firewalld(case: &Case, node: usize, service: &Service, block: &Block<'_>) -> Vec<Command> {
    let port = block.port;
    let name = &block.loss.chain.name;
    let zone = match zone_of(name) {
        Some(zone) => sh_quote(zone),
        None => {
            let own = case.node(node).and_then(|node| service.interface(node.spec.ip)).unwrap_or_default();
            let own = sh_quote(own);
            format!(
                "\"$(firewall-cmd --get-zone-of-interface={own} 2>/dev/null || firewall-cmd --get-default-zone)\""
            )
        }
    };
    let both = |what: &str, add: &str, remove: &str| {
        let command = |place: &str| {
            Command::root(format!("firewall-cmd {place}--zone={zone} --add-{what}={add}"))
                .undo(format!("firewall-cmd {place}--zone={zone} --remove-{what}={remove} || :"))
        };
        // At once, and after the next start; a reload would drop what others have opened for a while.
        [command(""), command("--permanent ")]
    };
    if !name.ends_with("_deny") {
        let open = format!("{port}/tcp");
        return both("port", &open, &open).into();
    }
    // Somebody is denied by name. What has a lower number comes before that.
    let rule = |peer: &IpAddr| {
        let family = if peer.is_ipv4() { "ipv4" } else { "ipv6" };
        let text = format!(
            "rule priority=\"-1\" family=\"{family}\" source address=\"{peer}\" port port=\"{port}\" protocol=\"tcp\" accept"
        );
        sh_quote(&text)
    };
    peers(case, node).iter().flat_map(|peer| both("rich-rule", &rule(peer), &rule(peer))).collect()
}

/// firewalld's zone, from the name of a chain that it made for it.
fn zone_of(chain: &str) -> Option<&str> {
    let zone = chain.strip_prefix("filter_IN_").or_else(|| chain.strip_prefix("IN_"))?;
    let parts = ["_pre", "_log", "_deny", "_allow", "_post"];
    let zone = parts.iter().find_map(|part| zone.strip_suffix(part)).unwrap_or(zone);
    Some(zone).filter(|zone| !zone.is_empty() && !zone.starts_with("policy_"))
}

/// Opens the port on a machine of which nothing is known, whoever filters there.
fn console(case: &Case, node: usize) -> [Command; 3] {
    let port = case.node(node).map_or(22, |node| node.spec.port);
    let firewalld = format!(
        "! firewall-cmd --state 2>/dev/null || {{ ! firewall-cmd --query-panic || firewall-cmd --panic-off; \
         for zone in $(firewall-cmd --get-default-zone) \
         $(firewall-cmd --get-active-zones | grep -v '^ ' | cut -d' ' -f1); do \
         firewall-cmd --zone=\"$zone\" --add-port={port}/tcp; \
         firewall-cmd --permanent --zone=\"$zone\" --add-port={port}/tcp; done; }}"
    );
    let ufw = format!("! ufw status 2>/dev/null | grep -q '^Status: active' || ufw allow {port}/tcp");
    // Every chain that sees what arrives, where no program above looks after them.
    let plain = format!(
        "firewall-cmd --state 2>/dev/null || nft list ruleset | \
         awk '/^table/ {{ t = $2 \" \" $3 }} $1 == \"chain\" {{ c = $2 }} /type filter hook input/ {{ print t, c }}' | \
         while read -r family table chain; do \
         nft insert rule \"$family\" \"$table\" \"$chain\" tcp dport {port} accept; done; \
         command -v nft >/dev/null || iptables -I INPUT -p tcp --dport {port} -j ACCEPT"
    );
    [firewalld, ufw, plain].map(Command::root)
}
