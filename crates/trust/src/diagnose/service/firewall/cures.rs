//! What opens a port, in the words of the firewall that closes it.

use std::net::IpAddr;

use super::{Block, Loss, Way};
use crate::diagnose::{ByHand, Case, Command, Cure};
use crate::inventory::NodeIx;
use crate::observe::{Evidence, Manager, Service};
use crate::text::sh_quote;

/// Marks our rules, so that they are found again.
const MARK: &str = "gs_sshexkey";

/// Opens the port, and nothing else.
pub(super) fn cure(case: &Case, node: NodeIx, evidence: &Evidence, blocks: &[&Block<'_>]) -> Cure {
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
    // Rules that were not understood to the end may be innocent.
    if blocks.iter().all(|block| block.loss.sure) {
        Cure::run(node, commands)
    } else {
        Cure::by_hand(node, ByHand::Judgement, commands)
    }
}

/// The other nodes' addresses of the family that a chain sees.
fn peers(case: &Case, node: NodeIx) -> Vec<IpAddr> {
    let own = case.node(node).map(|node| node.spec.ip);
    let same = |ip: &IpAddr| own.is_some_and(|own| own != *ip && own.is_ipv4() == ip.is_ipv4());
    case.nodes.iter().map(|node| node.spec.ip).filter(same).collect()
}

fn open(case: &Case, node: NodeIx, service: &Service, block: &Block<'_>) -> Vec<Command> {
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

fn by_nft(case: &Case, node: NodeIx, block: &Block<'_>) -> Vec<Command> {
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
    // Older programs list the name of the port.
    let ours =
        format!("sed -n 's/.* {port_word} [a-z0-9-]* accept comment \"{MARK}\" # handle //p' | tail -n 1");
    let undo = format!(
        "gs_rule=$({listed} | {ours}); [ -z \"$gs_rule\" ] || nft delete rule {} handle \"$gs_rule\"",
        sh_quote(&format!("{table} {name}"))
    );
    let keep =
        "until the next boot; to keep it, write it where the other rules come from, as /etc/nftables.conf";
    vec![Command::root(format!("nft {} # {keep}", sh_quote(&add))).undo(undo)]
}

fn by_iptables(case: &Case, node: NodeIx, tool: &str, block: &Block<'_>) -> Vec<Command> {
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

fn by_ufw(case: &Case, node: NodeIx, block: &Block<'_>) -> Vec<Command> {
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

fn by_firewalld(case: &Case, node: NodeIx, service: &Service, block: &Block<'_>) -> Vec<Command> {
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
pub(super) fn console(case: &Case, node: NodeIx) -> [Command; 3] {
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
