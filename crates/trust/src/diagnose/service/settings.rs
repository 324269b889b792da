//! Settings that keep callers out, or will: TCP wrappers, a missing subsystem.

use std::collections::BTreeSet;
use std::net::IpAddr;

use super::{commands, with_words};
use crate::diagnose::{ByHand, Case, Code, Command, Cure, Finding};
use crate::inventory::NodeIx;
use crate::observe::{Service, Wrappers};
use crate::probe::{Cause, EdgeIx, TrustEdge};

pub(super) fn find(case: &Case) -> Vec<Finding> {
    let nodes = case.nodes.indices();
    let rules: [fn(&Case, NodeIx) -> Option<Finding>; 2] = [no_sftp, wrappers];
    nodes.flat_map(|node| rules.iter().filter_map(move |rule| rule(case, node))).collect()
}

fn service(case: &Case, node: NodeIx) -> Option<&Service> {
    case.node(node)?.evidence.as_ref().map(|evidence| &evidence.service)
}

/// scp and sftp do not work there. The program itself does without.
fn no_sftp(case: &Case, node: NodeIx) -> Option<Finding> {
    let service = service(case, node)?;
    // Several subsystems have a line each.
    let has = service.settings.lines().any(|line| line.to_ascii_lowercase().starts_with("subsystem sftp"));
    if !service.effective || has || service.settings.is_empty() {
        return None;
    }
    let finding = Finding::new(Code::NoSftp, node).seen(node, "sshd -T", "no line \"subsystem sftp\"");
    // Somebody may have left it out on purpose.
    let set = commands::set(case, node, "Subsystem sftp internal-sftp");
    Some(finding.cure(Cure::by_hand(node, ByHand::Security, [set])))
}

/// So many addresses stand on one line of hosts_access(5), of which libwrap reads about 2,000 bytes.
const PEERS_A_LINE: usize = 40;

/// TCP wrappers turn callers away (hosts_access(5)).
fn wrappers(case: &Case, node: NodeIx) -> Option<Finding> {
    let wrappers = service(case, node)?.wrappers.as_ref()?;
    let denied = |edge: &TrustEdge| {
        let from = case.node(edge.from)?.spec.ip;
        denies(wrappers, from)
    };
    let closed = case.pairs_to(node, &[Cause::ClosedEarly]);
    let pairs: Vec<EdgeIx> =
        closed.into_iter().filter(|pair| case.edge(*pair).and_then(denied).is_some()).collect();
    let others = case.nodes.entries().filter(|(index, _)| *index != node);
    let ahead: BTreeSet<IpAddr> =
        others.map(|(_, node)| node.spec.ip).filter(|ip| denies(wrappers, *ip).is_some()).collect();
    if pairs.is_empty() && (!case.preflight || ahead.is_empty()) {
        return None;
    }
    let rule = ahead.iter().find_map(|ip| denies(wrappers, *ip)).unwrap_or_default();
    let finding = Finding::new(Code::TcpWrappers, node).explains(pairs);
    let finding = with_words(finding.seen(node, "/etc/hosts.deny", rule), case);
    let peers: Vec<String> =
        ahead.iter().map(|ip| if ip.is_ipv4() { ip.to_string() } else { format!("[{ip}]") }).collect();
    Some(finding.cure(Cure::run(node, peers.chunks(PEERS_A_LINE).map(allow))))
}

/// Lets these callers in.
fn allow(peers: &[String]) -> Command {
    let line = format!("sshd: {}", peers.join(" "));
    let quoted = crate::text::sh_quote(&line);
    // The first line that fits counts; an empty file has no first line to insert before.
    let run = format!(
        "if [ -s /etc/hosts.allow ]; then sed -i {} /etc/hosts.allow; else echo {quoted} >/etc/hosts.allow; fi",
        crate::text::sh_quote(&format!("1i {line}"))
    );
    let undo = format!("[ \"$(head -n 1 /etc/hosts.allow)\" != {quoted} ] || sed -i 1d /etc/hosts.allow");
    Command::root(run).undo(undo)
}

/// The line that denies a caller, if one does for certain.
fn denies(wrappers: &Wrappers, from: IpAddr) -> Option<&str> {
    if wrappers.allow.iter().any(|line| fits(line, from)) {
        return None;
    }
    wrappers.deny.iter().find(|line| fits(line, from)).map(String::as_str)
}

/// Whether a line is about sshd and this caller. Names, options and exceptions are not understood and do not fit.
fn fits(line: &str, from: IpAddr) -> bool {
    let line = line.trim();
    let Some((daemons, rest)) = line.split_once(':').filter(|_| !line.starts_with('#')) else { return false };
    let about = daemons.split([' ', ',', '\t']).any(|word| matches!(word, "ALL" | "sshd"));
    // `[fd00::1]` has colons of its own.
    let clients = if rest.contains('[') { rest } else { rest.split(':').next().unwrap_or_default() };
    about
        && !line.contains("EXCEPT")
        && clients.split([' ', ',', '\t']).filter(|word| !word.is_empty()).any(|word| is_client(word, from))
}

fn is_client(word: &str, from: IpAddr) -> bool {
    let word = word.trim_matches(['[', ']']);
    if word == "ALL" {
        return true;
    }
    if word.ends_with('.') {
        return from.is_ipv4() && from.to_string().starts_with(word);
    }
    let (net, mask) = word.split_once('/').map_or((word, None), |(net, mask)| (net, Some(mask)));
    match (net.parse::<IpAddr>(), from, mask) {
        (Ok(net), from, None) => net == from,
        (Ok(IpAddr::V4(net)), IpAddr::V4(from), Some(mask)) => {
            let mask = match mask.parse::<std::net::Ipv4Addr>() {
                Ok(mask) => mask.to_bits(),
                Err(_) => match mask.parse::<u32>() {
                    Ok(length @ 1..=32) => u32::MAX << (32 - length),
                    _ => return false,
                },
            };
            net.to_bits() & mask == from.to_bits() & mask
        }
        _ => false,
    }
}
