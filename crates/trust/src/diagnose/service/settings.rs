//! Settings that keep callers out, or will: algorithms, TCP wrappers, a missing subsystem.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use super::{commands, connect_error, with_own_word, with_words};
use crate::diagnose::{ByHand, Case, Code, Command, Cure, Finding};
use crate::enter::ConnectError;
use crate::inventory::NodeIx;
use crate::observe::{Service, Wrappers};
use crate::probe::{Cause, EdgeIx, TrustEdge};

pub(super) fn find(case: &Case) -> Vec<Finding> {
    let nodes = case.nodes.indices();
    let rules: [fn(&Case, NodeIx) -> Option<Finding>; 2] = [no_sftp, wrappers];
    let mut found: Vec<Finding> =
        nodes.flat_map(|node| rules.iter().filter_map(move |rule| rule(case, node))).collect();
    found.extend(algorithms(case));
    found
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

/// The names of what two sides have to agree on: in the words of `ssh`, and as a keyword of sshd_config(5).
const KINDS: [(&str, &str); 4] = [
    ("key exchange method", "KexAlgorithms"),
    ("host key type", "HostKeyAlgorithms"),
    ("cipher", "Ciphers"),
    ("MAC", "MACs"),
];

/// The two sides share no algorithm.
fn algorithms(case: &Case) -> Vec<Finding> {
    let mut by_fault: BTreeMap<NodeIx, Vec<EdgeIx>> = BTreeMap::new();
    for pair in case.pairs(|edge| edge.cause == Cause::NoCommonAlgorithm) {
        if let Some(edge) = case.edge(pair) {
            by_fault.entry(odd_one(case, edge)).or_default().push(pair);
        }
    }
    let mut found: Vec<Finding> =
        by_fault.into_iter().map(|(node, pairs)| disagree(case, node, pairs)).collect();
    for node in case.nodes.indices() {
        if found.iter().all(|finding| finding.node != node)
            && matches!(connect_error(case, node), Some(ConnectError::NoCommonAlgorithm(_)))
        {
            found.push(disagree(case, node, Vec::new()));
        }
    }
    found
}

/// Which of the two sides has chosen: the one whose configuration says so; else the one that others do not agree with
/// either.
fn odd_one(case: &Case, edge: &TrustEdge) -> NodeIx {
    let chosen = |node: NodeIx, of: fn(&Service) -> bool| service(case, node).is_some_and(of);
    let callee = chosen(edge.to, |service| !service.chosen.is_empty());
    let caller = chosen(edge.from, |service| !service.chosen_by_caller.is_empty());
    let alike = |like: &dyn Fn(&TrustEdge) -> bool| {
        case.pairs(|other| other.cause == Cause::NoCommonAlgorithm && like(other)).len()
    };
    match (callee, caller) {
        (true, false) => edge.to,
        (false, true) => edge.from,
        _ if alike(&|other| other.from == edge.from) > alike(&|other| other.to == edge.to) => edge.from,
        _ => edge.to,
    }
}

fn disagree(case: &Case, node: NodeIx, pairs: Vec<EdgeIx>) -> Finding {
    let edges: Vec<TrustEdge> = pairs.iter().filter_map(|pair| case.edge(*pair).cloned()).collect();
    let calls = edges.iter().any(|edge| edge.from == node);
    let barred = matches!(connect_error(case, node), Some(ConnectError::NoCommonAlgorithm(_)));
    let mut finding = Finding::new(Code::NoCommonAlgorithm, node).explains(pairs).bars(barred);
    let (mut hers, mut ours) = (Vec::new(), Vec::new());
    if let Some(service) = service(case, node) {
        let (file, lines) =
            if calls { ("ssh_config", &service.chosen_by_caller) } else { ("sshd_config", &service.chosen) };
        for line in lines.iter().take(4) {
            finding = finding.seen(node, file, line);
        }
        hers.clone_from(lines);
    }
    finding = with_words(finding, case);
    if barred {
        finding = with_own_word(finding, case);
    }
    // What the other side offers.
    let kind = edges.iter().find_map(|edge| KINDS.iter().find(|(words, _)| edge.said.contains(words)));
    if let (Some((_, keyword)), Some(edge)) = (kind, edges.first()) {
        let list = offers(case, edge.from, keyword);
        if let Some(list) = list {
            finding = finding.seen(edge.from, "ssh -G", &format!("{keyword} {list}"));
            ours = list.split(',').map(str::to_owned).collect();
        }
    }
    if calls {
        // What a user has chosen for its own `ssh` only the user may take back.
        return finding.cure(Cure::by_hand(
            node,
            ByHand::Judgement,
            hers.iter().filter_map(|line| leave_out(line)),
        ));
    }
    let keyword = kind.map_or("KexAlgorithms", |(_, keyword)| keyword);
    let usual = default_of(keyword);
    let fits = ours.is_empty() || ours.iter().any(|word| word == usual);
    let first = ours.iter().find(|word| is_plain(word) && !word.contains("-cert-"));
    let common = if fits { usual } else { first.map_or(usual, String::as_str) };
    // With a plus sign the defaults count, and this one beside them.
    let line = format!("{keyword} +{common}");
    finding.cure(Cure::by_hand(node, ByHand::Security, [commands::set(case, node, &line)]))
}

/// What a node's `ssh` offers of a kind.
fn offers(case: &Case, node: NodeIx, keyword: &str) -> Option<String> {
    let offers = &service(case, node)?.offers;
    let mut lines = offers.iter().filter_map(|line| line.split_once(' '));
    lines.find(|(word, _)| word.eq_ignore_ascii_case(keyword)).map(|(_, list)| list.to_owned())
}

fn is_plain(word: &str) -> bool {
    !word.is_empty() && word.bytes().all(|b| b.is_ascii_alphanumeric() || b"-@.".contains(&b))
}

/// Something of a kind that every OpenSSH since 7.4 has.
fn default_of(keyword: &str) -> &'static str {
    match keyword {
        "HostKeyAlgorithms" => "ssh-ed25519",
        "Ciphers" => "aes256-ctr",
        "MACs" => "hmac-sha2-256",
        _ => "curve25519-sha256",
    }
}

/// Makes a comment of a line that grep found: `/root/.ssh/config:3:Ciphers ...`.
fn leave_out(line: &str) -> Option<Command> {
    let mut parts = line.splitn(3, ':');
    let (path, number) = (parts.next()?, parts.next()?.parse::<u32>().ok()?);
    let path = crate::text::sh_quote(path);
    Some(
        Command::new(format!("sed -i '{number}s/^/#/' {path}"))
            .undo(format!("sed -i '{number}s/^#//' {path}")),
    )
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
