//! The two sides share no algorithm.

use std::collections::BTreeMap;

use super::{commands, connect_error, with_own_word, with_words};
use crate::diagnose::{ByHand, Case, Code, Command, Cure, Finding};
use crate::enter::ConnectError;
use crate::inventory::NodeIx;
use crate::observe::Service;
use crate::probe::{Cause, EdgeIx, TrustEdge};

/// What two sides have to agree on: in the words of `ssh`, in those of this program's own library, and as a keyword of
/// sshd_config(5).
const KINDS: [(&str, &str, &str); 4] = [
    ("no matching key exchange method", "no common Kex ", "KexAlgorithms"),
    ("no matching host key type", "no common Key ", "HostKeyAlgorithms"),
    ("no matching cipher", "no common Cipher ", "Ciphers"),
    ("no matching MAC", "no common Mac ", "MACs"),
];

/// The keyword of what was not agreed on.
fn keyword(said: &str) -> Option<&'static str> {
    KINDS
        .iter()
        .find(|(ssh, own, _)| said.contains(ssh) || said.contains(own))
        .map(|(_, _, keyword)| *keyword)
}

pub(super) fn find(case: &Case) -> Vec<Finding> {
    let mut by_fault: BTreeMap<NodeIx, Vec<EdgeIx>> = BTreeMap::new();
    for pair in case.pairs(|edge| edge.cause == Cause::NoCommonAlgorithm) {
        if let Some(edge) = case.edge(pair) {
            by_fault.entry(odd_one(case, edge)).or_default().push(pair);
        }
    }
    let mut found: Vec<Finding> =
        by_fault.into_iter().map(|(node, pairs)| disagree(case, node, pairs)).collect();
    for node in case.nodes.indices() {
        if found.iter().all(|finding| finding.node != node) && own_words(case, node).is_some() {
            found.push(disagree(case, node, Vec::new()));
        }
    }
    found
}

fn service(case: &Case, node: NodeIx) -> Option<&Service> {
    case.node(node)?.evidence.as_ref().map(|evidence| &evidence.service)
}

/// What this machine met there itself.
fn own_words(case: &Case, node: NodeIx) -> Option<&str> {
    match connect_error(case, node) {
        Some(ConnectError::NoCommonAlgorithm(said)) => Some(said),
        _ => None,
    }
}

/// Whether a line, as grep(1) found it, is about one of these keywords; of all if none is known.
fn is_about(line: &str, keywords: &[&str]) -> bool {
    let text = line.splitn(3, ':').nth(2).unwrap_or(line).trim_start();
    let word = text.split([' ', '\t', '=']).next().unwrap_or_default();
    keywords.is_empty() || keywords.iter().any(|keyword| keyword.eq_ignore_ascii_case(word))
}

/// Which of the two sides has chosen: the one whose configuration says so of just this kind; else the one that others do
/// not agree with either.
fn odd_one(case: &Case, edge: &TrustEdge) -> NodeIx {
    let wanted: Vec<&str> = keyword(&edge.said).into_iter().collect();
    let chosen = |node: NodeIx, of: fn(&Service) -> &Vec<String>| {
        service(case, node).is_some_and(|service| of(service).iter().any(|line| is_about(line, &wanted)))
    };
    let callee = chosen(edge.to, |service| &service.chosen);
    let caller = chosen(edge.from, |service| &service.chosen_by_caller);
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
    let own = own_words(case, node);
    let mut finding = Finding::new(Code::NoCommonAlgorithm, node).explains(pairs).bars(own.is_some());
    let mut keywords: Vec<&str> =
        edges.iter().map(|edge| edge.said.as_str()).chain(own).filter_map(keyword).collect();
    keywords.sort_unstable();
    keywords.dedup();
    let mut chosen = Vec::new();
    if let Some(service) = service(case, node) {
        let (file, lines) =
            if calls { ("ssh_config", &service.chosen_by_caller) } else { ("sshd_config", &service.chosen) };
        chosen.extend(lines.iter().filter(|line| is_about(line, &keywords)));
        finding = chosen.iter().take(4).fold(finding, |finding, line| finding.seen(node, file, line));
    }
    // Without a line that says so it was concluded from who disagrees with whom.
    finding = if chosen.is_empty() { finding.likely() } else { finding };
    finding = with_words(finding, case);
    if own.is_some() {
        finding = with_own_word(finding, case);
    }
    for (keyword, edge) in keywords.iter().zip(edges.first().into_iter().cycle()) {
        if let Some(list) = offers(case, edge.from, keyword) {
            finding = finding.seen(edge.from, "ssh -G", &format!("{keyword} {list}"));
        }
    }
    if calls {
        // What a user has chosen for its own `ssh` only the user may take back.
        let lines = chosen.iter().filter_map(|line| leave_out(line));
        return finding.cure(Cure::by_hand(node, ByHand::Judgement, lines));
    }
    let commands: Vec<Command> =
        keywords.iter().flat_map(|keyword| allow(case, node, keyword, edges.first(), own)).collect();
    if commands.is_empty() {
        // Of which kind it is nobody said: the node's own words are where to begin.
        let look = Command::root("sshd -T | grep -E '^(kexalgorithms|hostkeyalgorithms|ciphers|macs) '");
        return finding.cure(Cure::by_hand(node, ByHand::Judgement, [look]));
    }
    finding.cure(Cure::by_hand(node, ByHand::Security, commands))
}

/// Lets sshd take an algorithm of a kind that the caller offers, beside its own.
fn allow(
    case: &Case,
    node: NodeIx,
    keyword: &str,
    edge: Option<&TrustEdge>,
    own: Option<&str>,
) -> Vec<Command> {
    // What the other side offers: a caller's `ssh`, or this program.
    let list = edge.and_then(|edge| offers(case, edge.from, keyword));
    let list = list.or_else(|| {
        let (_, rest) =
            own.filter(|said| self::keyword(said) == Some(keyword))?.split_once("this side offers ")?;
        rest.split(';').next().map(str::to_owned)
    });
    let offered: Vec<&str> =
        list.iter().flat_map(|list| list.split(',')).filter(|word| is_plain(word)).collect();
    let mut commands = Vec::new();
    let algorithm = if keyword == "HostKeyAlgorithms" {
        let (algorithm, exists) = host_key_algorithm(case, node, &offered);
        if !exists {
            // It has none of the types that callers take: one of each that is missing is made.
            commands.push(Command::root("ssh-keygen -A"));
        }
        algorithm
    } else {
        let usual = default_of(keyword);
        let usual = Some(usual).filter(|usual| offered.is_empty() || offered.contains(usual));
        usual
            .or_else(|| offered.iter().find(|word| !word.contains("-cert-")).copied())
            .unwrap_or(default_of(keyword))
    };
    // With a plus sign the defaults count, and this one beside them.
    commands.push(commands::set(case, node, &format!("{keyword} +{algorithm}")));
    commands
}

/// The algorithm of a host key that the node has and callers take; whether there is one.
fn host_key_algorithm<'a>(case: &Case, node: NodeIx, offered: &[&'a str]) -> (&'a str, bool) {
    const KNOWN: [(&str, &[&str]); 5] = [
        ("ssh-ed25519", &["ssh-ed25519"]),
        ("ecdsa-sha2-nistp256", &["ecdsa-sha2-nistp256"]),
        ("ecdsa-sha2-nistp384", &["ecdsa-sha2-nistp384"]),
        ("ecdsa-sha2-nistp521", &["ecdsa-sha2-nistp521"]),
        ("ssh-rsa", &["rsa-sha2-512", "rsa-sha2-256", "ssh-rsa"]),
    ];
    let evidence = case.node(node).and_then(|node| node.evidence.as_ref());
    let has = evidence.map(|evidence| &evidence.keys.host_keys).filter(|keys| !keys.is_empty());
    let exists = |kind: &str| has.is_none_or(|keys| keys.iter().any(|key| key.algorithm() == kind));
    let taken = |name: &&str| offered.is_empty() || offered.contains(name);
    let fits = KNOWN.iter().filter(|(kind, _)| exists(kind));
    match fits.flat_map(|(_, names)| names.iter().copied()).find(taken) {
        Some(name) => (name, true),
        None => (default_of("HostKeyAlgorithms"), false),
    }
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
