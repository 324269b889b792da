//! sshd turns callers away: as too many, as punished, for too many keys or sessions.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::{commands, connect_error, with_own_word, with_words};
use crate::diagnose::{ByHand, Case, Code, Command, Cure, Finding};
use crate::enter::{ConnectError, NoEntry, NodeError};
use crate::inventory::NodeIx;
use crate::observe::Service;
use crate::probe::{Cause, EdgeIx, TrustEdge};
use crate::text::sh_quote;

/// What sshd does unless told otherwise: after 10 callers that are not logged in yet, three of ten are turned away; after
/// 100, all.
const DEFAULT_STARTUPS: [u32; 3] = [10, 30, 100];
/// Most lines of a log that are told.
const MOST_LINES: usize = 3;
/// Tries that sshd allows unless told otherwise.
const DEFAULT_TRIES: u32 = 6;

pub(super) fn find(case: &Case) -> Vec<Finding> {
    let rules: [fn(&Case, NodeIx) -> Option<Finding>; 3] = [penalised, max_startups, max_sessions];
    let nodes = case.nodes.indices();
    let mut found: Vec<Finding> =
        nodes.flat_map(|node| rules.iter().filter_map(move |rule| rule(case, node))).collect();
    found.extend(max_auth_tries(case));
    found
}

fn service(case: &Case, node: NodeIx) -> Option<&Service> {
    case.node(node)?.evidence.as_ref().map(|evidence| &evidence.service)
}

/// Whether sshd said this to the program when it turned it away.
fn said_to_us(case: &Case, node: NodeIx, words: &str) -> bool {
    matches!(connect_error(case, node), Some(ConnectError::ClosedEarly { said }) if said.contains(words))
}

/// An address works for nothing, and is barred for a while.
fn penalised(case: &Case, node: NodeIx) -> Option<Finding> {
    let mut pairs = case.pairs_to(node, &[Cause::Penalised]);
    // Most often the word to the caller is lost with the connection; the log has it.
    let mut logged: Vec<&str> = Vec::new();
    for pair in case.pairs_to(node, &[Cause::ClosedEarly]) {
        let from = case.edge(pair).and_then(|edge| case.node(edge.from)).map(|node| node.spec.ip);
        if let Some(line) = from.and_then(|from| penalty(case, node, from)) {
            pairs.push(pair);
            logged.push(line);
        }
    }
    let barred = said_to_us(case, node, "Not allowed at this time");
    if pairs.is_empty() && !barred {
        return None;
    }
    let mut finding = Finding::new(Code::Penalised, node).explains(pairs).bars(barred);
    logged.dedup();
    for line in logged.into_iter().take(MOST_LINES) {
        finding = finding.seen(node, "sshd", line);
    }
    let finding = with_words(if barred { with_own_word(finding, case) } else { finding }, case);
    let peers: Vec<String> = case.nodes.iter().map(|node| node.spec.ip.to_string()).collect();
    let exempt = commands::set(case, node, &format!("PerSourcePenaltyExemptList {}", peers.join(",")));
    Some(finding.cure(Cure::by_hand(node, ByHand::Wait, [exempt])))
}

/// What sshd wrote when it turned this caller away.
fn penalty(case: &Case, node: NodeIx, from: IpAddr) -> Option<&str> {
    let lines = &service(case, node)?.penalties;
    let caller = format!("[{from}]");
    lines.iter().rev().find(|line| line.contains(&caller)).map(String::as_str)
}

/// Too many callers are not logged in yet.
fn max_startups(case: &Case, node: NodeIx) -> Option<Finding> {
    let mut pairs = case.pairs_to(node, &[Cause::MaxStartups]);
    let barred = said_to_us(case, node, "Exceeded MaxStartups");
    let service = service(case, node);
    // Before OpenSSH 8.5 it hung up without a word; but it says how many it is waiting for.
    let full = service.and_then(waiting).filter(|(now, start, _)| now >= start && *start > 0);
    // It was full when it was looked at. Whether it was when it hung up, only its own words say.
    let told = barred || !pairs.is_empty();
    if full.is_some() {
        pairs.extend(case.pairs_to(node, &[Cause::ClosedEarly]));
    }
    if pairs.is_empty() && !barred {
        return None;
    }
    let mut finding = Finding::new(Code::MaxStartups, node).explains(pairs).bars(barred);
    finding = if told { finding } else { finding.likely() };
    let set =
        service.and_then(|service| service.setting("MaxStartups")).and_then(|words| words.into_iter().next());
    if let Some(set) = &set {
        finding = finding.seen(node, "sshd -T", &format!("maxstartups {set}"));
    }
    if let Some(process) = service.and_then(|service| service.process.as_ref()) {
        finding = finding.seen(node, &format!("/proc/{}/cmdline", process.pid), &process.title);
    }
    let finding = with_words(if barred { with_own_word(finding, case) } else { finding }, case);
    let default = DEFAULT_STARTUPS.map(|number| number.to_string()).join(":");
    let raise = commands::set(case, node, &format!("MaxStartups {default}"));
    Some(finding.cure(if set.is_some_and(|set| is_low(&set)) {
        Cure::run(node, [raise])
    } else if service.is_none() {
        Cure::by_hand(node, ByHand::Wait, [raise])
    } else {
        // Who calls so often is another question; those who hold the places are let go of.
        Cure::by_hand(node, ByHand::Wait, [Command::root(commands::reload(case, node))])
    }))
}

/// `sshd: /usr/sbin/sshd -D [listener] 3 of 10-100 startups`.
fn waiting(service: &Service) -> Option<(u32, u32, u32)> {
    let (_, text) = service.process.as_ref()?.title.split_once("[listener] ")?;
    let (now, rest) = text.split_once(" of ")?;
    let (start, full) = rest.split_once(' ')?.0.split_once('-')?;
    Some((now.trim().parse().ok()?, start.parse().ok()?, full.parse().ok()?))
}

/// Whether this allows less than the default.
fn is_low(set: &str) -> bool {
    let numbers: Vec<u32> = set.split(':').filter_map(|number| number.parse().ok()).collect();
    match numbers.as_slice() {
        [start, .., full] => *start < DEFAULT_STARTUPS[0] || *full < DEFAULT_STARTUPS[2],
        [start] => *start < DEFAULT_STARTUPS[0],
        [] => false,
    }
}

/// No session at all is allowed: ports may be forwarded, and nothing else.
fn max_sessions(case: &Case, node: NodeIx) -> Option<Finding> {
    let none = service(case, node).and_then(|service| service.number("MaxSessions")) == Some(0);
    let refused = |edge: &TrustEdge| edge.said.contains("open failed") && edge.cause != Cause::KeyRefused;
    let pairs = case.pairs(|edge| edge.to == node && edge.from != node && refused(edge));
    // The program was logged in, and got no shell.
    let barred = matches!(&case.node(node)?.entry, Err(NoEntry::Node(_)));
    let closed = matches!(&case.node(node)?.entry, Err(NoEntry::Node(NodeError::NoSession(_))));
    if !none && pairs.is_empty() && !closed {
        return None;
    }
    let finding = Finding::new(Code::MaxSessions, node).explains(pairs).bars(barred);
    let finding = if none { finding.seen(node, "sshd -T", "maxsessions 0") } else { finding.likely() };
    let raise = commands::set(case, node, "MaxSessions 10");
    let cure = if none { Cure::run(node, [raise]) } else { Cure::by_hand(node, ByHand::NotEntered, [raise]) };
    Some(with_words(finding, case).cure(cure))
}

/// A caller offers so many keys that the right one's turn does not come.
fn max_auth_tries(case: &Case) -> Vec<Finding> {
    let mut by_fault: BTreeMap<NodeIx, Vec<EdgeIx>> = BTreeMap::new();
    for pair in case.pairs(|edge| edge.cause == Cause::TooManyKeys) {
        let Some(edge) = case.edge(pair) else { continue };
        let tries = service(case, edge.to).and_then(|service| service.number("MaxAuthTries"));
        // sshd of that node allows fewer than anybody expects.
        let strict =
            tries.is_some_and(|tries| tries < DEFAULT_TRIES) && offered(case, edge.from) <= DEFAULT_TRIES;
        by_fault.entry(if strict { edge.to } else { edge.from }).or_default().push(pair);
    }
    by_fault.into_iter().map(|(node, pairs)| too_many_keys(case, node, pairs)).collect()
}

/// How many keys a node's `ssh` offers, as far as its configuration tells.
fn offered(case: &Case, node: NodeIx) -> u32 {
    let files = service(case, node)
        .map_or(0, |service| service.offers.iter().filter(|line| line.starts_with("identityfile ")).count());
    u32::try_from(files).unwrap_or(u32::MAX)
}

fn too_many_keys(case: &Case, node: NodeIx, pairs: Vec<EdgeIx>) -> Finding {
    let strict = pairs.iter().filter_map(|pair| case.edge(*pair)).any(|edge| edge.to == node);
    let mut hosts: Vec<&str> =
        pairs.iter().filter_map(|pair| Some(case.edge(*pair)?.host.as_str())).collect();
    hosts.dedup();
    let finding = Finding::new(Code::MaxAuthTries, node).explains(pairs.iter().copied());
    // How many the called node allows is not known everywhere: it may be that which is odd.
    let allows = |pair: &EdgeIx| service(case, case.edge(*pair)?.to)?.number("MaxAuthTries");
    let finding = if pairs.iter().all(|pair| allows(pair).is_some()) { finding } else { finding.likely() };
    if strict {
        let tries =
            service(case, node).and_then(|service| service.number("MaxAuthTries")).unwrap_or_default();
        let finding = finding.seen(node, "sshd -T", &format!("maxauthtries {tries}"));
        let raise = commands::set(case, node, &format!("MaxAuthTries {DEFAULT_TRIES}"));
        return with_words(finding, case).cure(Cure::by_hand(node, ByHand::Security, [raise]));
    }
    let mut lines: Vec<String> = Vec::new();
    if let Some(service) = service(case, node) {
        lines = service.offers.iter().filter(|line| line.starts_with("identit")).cloned().collect();
    }
    let finding = if lines.is_empty() { finding } else { finding.seen(node, "ssh -G", &lines.join("\n")) };
    let offer = hosts_block(&hosts);
    // Those that the tool's agent holds come first, in its order. The files stay.
    let own = |path: &str| path.ends_with("/id_om");
    let others = service(case, node).into_iter().flat_map(|service| service.offers.iter());
    let others = others.filter_map(|line| line.strip_prefix("identityfile ")).filter(|path| !own(path));
    let forget = others.map(|path| {
        // `~` is the home only outside quotes.
        let path =
            path.strip_prefix("~/").map_or_else(|| sh_quote(path), |rest| format!("~/{}", sh_quote(rest)));
        Command::new(format!("SSH_AUTH_SOCK=~/gaussdb_tmp/gauss_socket_tmp ssh-add -d {path} || :"))
    });
    let commands: Vec<Command> = [offer].into_iter().chain(forget).collect();
    with_words(finding, case).cure(Cure::by_hand(node, ByHand::Judgement, commands))
}

/// Lets `ssh` offer the cluster's key, and no others that only an agent knows, to these hosts.
fn hosts_block(hosts: &[&str]) -> Command {
    let first = format!("Host {}", hosts.join(" "));
    let rest = "  IdentityFile ~/.ssh/id_om\\n  IdentitiesOnly yes\\nHost *";
    let insert = sh_quote(&format!("1i {first}\\n{rest}"));
    let undo =
        format!("[ \"$(head -n 1 ~/.ssh/config)\" != {} ] || sed -i 1,4d ~/.ssh/config", sh_quote(&first));
    Command::new(format!("sed -i {insert} ~/.ssh/config")).undo(undo)
}
