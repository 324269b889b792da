//! `known-hosts-conflict`.
//!
//! Where everybody who knows a node finds its key changed, it is the node: one finding. Where others still know the right
//! key, it is the record of the one who does not. A record that is missing is told in the same way.

use std::collections::{BTreeMap, BTreeSet};

use sshfiles::{Marker, host_field};

use super::records::{knows, names, records};
use crate::diagnose::rights::is_reached;
use crate::diagnose::{ByHand, Case, CaseNode, Code, Cure, Finding};
use crate::enter::{ConnectError, HostKeyConflict, NoEntry};
use crate::inventory::{NodeIx, NodeSpec};
use crate::observe::{EntryKind, Evidence};
use crate::place::Place;
use crate::plan::{Command, Part};
use crate::probe::{Cause, EdgeIx};
use crate::text::sh_quote;

/// Most callers whose words are shown.
const SHOWN: usize = 3;

/// Pairs by caller.
type Callers = BTreeMap<NodeIx, Vec<EdgeIx>>;

/// What callers say about one node.
#[derive(Default)]
struct Complaints {
    changed: Callers,
    unknown: Callers,
    revoked: Callers,
}

pub(super) fn find(case: &Case) -> Vec<Finding> {
    let mut complaints = complaints(case);
    let refused = case.nodes.entries().filter(|(_, node)| refusal(node).is_some());
    refused.for_each(|(index, _)| {
        complaints.entry(index).or_default();
    });
    let mut found = Vec::new();
    // Records that are wrong at a caller: caller, node, pairs.
    let (mut stale, mut marked) = (BTreeMap::<NodeIx, Callers>::new(), BTreeMap::<NodeIx, Callers>::new());
    for (host, said) in complaints {
        let Some(node) = case.node(host) else { continue };
        let refusal = refusal(node);
        let known = is_known(case, host, node);
        if matches!(refusal, Some((_, true))) || (!said.revoked.is_empty() && !known) {
            found.push(revoked(case, host, None, &said.revoked));
        } else {
            said.revoked.into_iter().for_each(|(caller, pairs)| {
                marked.entry(caller).or_default().insert(host, pairs);
            });
        }
        let changed = matches!(refusal, Some((_, false))) || (!said.changed.is_empty() && !known);
        let mut wrong = said.changed;
        said.unknown.into_iter().for_each(|(caller, pairs)| wrong.entry(caller).or_default().extend(pairs));
        if changed {
            found.push(changed_at(case, host, node, &wrong));
        } else {
            wrong.into_iter().for_each(|(caller, pairs)| {
                stale.entry(caller).or_default().insert(host, pairs);
            });
        }
    }
    found.extend(stale.iter().map(|(caller, hosts)| stale_at(case, *caller, hosts)));
    for (caller, hosts) in marked {
        let one = |(host, pairs)| revoked(case, host, Some(caller), &Callers::from([(caller, pairs)]));
        found.extend(hosts.into_iter().map(one));
    }
    found
}

/// What callers say, by the node that they call. Whoever cannot read the records has another fault.
fn complaints(case: &Case) -> BTreeMap<NodeIx, Complaints> {
    let mut all: BTreeMap<NodeIx, Complaints> = BTreeMap::new();
    let blind: BTreeSet<NodeIx> =
        case.seen().filter(|(_, _, e)| is_blind(e)).map(|(node, ..)| node).collect();
    for (pair, edge) in case.matrix.entries().filter(|(_, edge)| edge.from != edge.to) {
        let kind: fn(&mut Complaints) -> &mut Callers = match edge.cause {
            Cause::HostKeyChanged => |said| &mut said.changed,
            Cause::HostKeyRevoked => |said| &mut said.revoked,
            Cause::HostKeyUnknown if !blind.contains(&edge.from) => |said| &mut said.unknown,
            _ => continue,
        };
        let callers = kind(all.entry(edge.to).or_default());
        callers.entry(edge.from).or_default().push(pair);
    }
    all
}

fn is_blind(evidence: &Evidence) -> bool {
    evidence.state.entry(Place::KnownHosts).kind == EntryKind::Unreadable || evidence.rights.closed
}

/// Why this machine refused to enter a node for its host key; whether it is marked `@revoked`.
fn refusal(node: &CaseNode) -> Option<(&HostKeyConflict, bool)> {
    match &node.entry {
        Err(NoEntry::Connect(ConnectError::HostKeyChanged(conflict))) => Some((conflict, false)),
        Err(NoEntry::Connect(ConnectError::HostKeyRevoked(conflict))) => Some((conflict, true)),
        _ => None,
    }
}

/// Whether somebody has the right key of a node on record: whoever came as far as the login, or the node itself.
fn is_known(case: &Case, host: NodeIx, node: &CaseNode) -> bool {
    let passed =
        [Cause::KeyRefused, Cause::AgentUseless, Cause::TooManyKeys, Cause::NoLogin, Cause::PasswordExpired];
    let itself = node.evidence.as_ref().is_some_and(|evidence| knows(evidence, node, &node.host_keys));
    itself || is_reached(case, host) || !case.pairs_to(host, &passed).is_empty()
}

/// Whether the keys that a node showed to this machine are its own, for all that is known: somebody has them on record,
/// or this machine has and was content.
fn is_confirmed(case: &Case, node: &CaseNode) -> bool {
    if node.entry.is_err() || node.host_keys.is_empty() {
        return false;
    }
    node.proven
        || case
            .seen()
            .filter(|(_, other, _)| other.proven)
            .any(|(_, other, e)| other.spec != node.spec && knows(e, node, &node.host_keys))
}

/// The node's key has changed for everybody.
fn changed_at(case: &Case, host: NodeIx, node: &CaseNode, callers: &Callers) -> Finding {
    let mut finding = Finding::new(Code::KnownHostsConflict, host).bars(node.entry.is_err());
    if let Some((conflict, _)) = refusal(node) {
        finding = finding
            .seen_from_here(
                &format!("ssh {}", node.spec),
                &format!("{} {}", conflict.key_type, conflict.presented),
            )
            .seen_from_here(&format!("{}:{}", conflict.file.display(), conflict.line), &conflict.recorded);
    }
    finding = show_presented(finding, node);
    for (count, (caller, pairs)) in callers.iter().enumerate() {
        finding = finding.explains(pairs.iter().copied());
        if count < SHOWN {
            finding = show_records(case, finding, *caller, node, pairs);
        }
    }
    if !is_confirmed(case, node) {
        // To be compared with what is shown above.
        let compare = Command::new("for f in /etc/ssh/ssh_host_*_key.pub; do ssh-keygen -l -f \"$f\"; done");
        finding = finding.cure(Cure::by_hand(host, ByHand::Unconfirmed, [compare]));
    }
    for caller in callers.keys() {
        finding = finding.cure(cure(case, *caller, &[host]));
    }
    finding
}

/// The records of one caller are wrong.
fn stale_at(case: &Case, caller: NodeIx, hosts: &Callers) -> Finding {
    let mut finding = Finding::new(Code::KnownHostsConflict, caller);
    let mut every: Vec<NodeIx> = Vec::new();
    for (count, (host, pairs)) in hosts.iter().enumerate() {
        let Some(node) = case.node(*host) else { continue };
        every.push(*host);
        finding = finding.explains(pairs.iter().copied());
        if count < SHOWN {
            finding = show_presented(finding, node);
            finding = show_records(case, finding, caller, node, pairs);
        }
    }
    finding.about = every.first().copied().filter(|_| every.len() == 1);
    let confirmed = |host: &NodeIx| case.node(*host).is_some_and(|node| is_confirmed(case, node));
    let (sure, unsure): (Vec<NodeIx>, Vec<NodeIx>) = every.into_iter().partition(confirmed);
    for hosts in [sure, unsure] {
        if !hosts.is_empty() {
            finding = finding.cure(cure(case, caller, &hosts));
        }
    }
    finding
}

/// The key is marked `@revoked`: `at` one caller, or wherever it is known.
fn revoked(case: &Case, host: NodeIx, at: Option<NodeIx>, callers: &Callers) -> Finding {
    let mut finding = Finding::new(Code::KnownHostsConflict, at.unwrap_or(host));
    finding.about = at.map(|_| host);
    let Some(node) = case.node(host) else { return finding };
    if let (None, Some((conflict, _))) = (at, refusal(node)) {
        let file = conflict.file.display().to_string();
        let source = format!("{file}:{}", conflict.line);
        finding = finding.bars(true).seen_from_here(&source, &format!("@revoked {}", conflict.recorded));
        let here = case.nodes.position(|node| node.local).unwrap_or(host);
        let show = match conflict.line {
            // A key revocation list.
            0 => Command::new(format!("ssh-keygen -Q -l -f {}", sh_quote(&file))),
            line => Command::new(format!("sed -n {line}p {}", sh_quote(&file))),
        };
        finding = finding.cure(Cure::by_hand(here, ByHand::Revoked, [show]));
    }
    for (count, (caller, pairs)) in callers.iter().enumerate() {
        finding = finding.explains(pairs.iter().copied());
        if count < SHOWN {
            finding = show_records(case, finding, *caller, node, pairs);
        }
        let evidence = case.node(*caller).and_then(|node| node.evidence.as_ref());
        let known = evidence.map(|e| records(e, &names(node), node.spec.port)).unwrap_or_default();
        let marked = known.iter().filter(|record| record.marker == Marker::Revoked);
        let show = |record: &super::records::Record| {
            Command::new(format!("sed -n {}p {}", record.line, sh_quote(&record.path)))
        };
        let commands: Vec<Command> = marked.map(show).collect();
        finding = finding.cure(Cure::by_hand(*caller, ByHand::Revoked, commands));
    }
    finding
}

fn show_presented(finding: Finding, node: &CaseNode) -> Finding {
    let keys: Vec<String> =
        node.host_keys.iter().map(|key| format!("{} {}", key.algorithm(), key.fingerprint())).collect();
    if keys.is_empty() {
        return finding;
    }
    finding.seen_from_here(&keyscan(node.spec), &keys.join(", "))
}

/// The command that shows the same to anybody, ssh-keyscan(1).
fn keyscan(node: NodeSpec) -> String {
    match node.port {
        22 => format!("ssh-keyscan {}", node.ip),
        port => format!("ssh-keyscan -p {port} {}", node.ip),
    }
}

/// What a caller has on record and what its ssh says.
fn show_records(case: &Case, finding: Finding, caller: NodeIx, node: &CaseNode, pairs: &[EdgeIx]) -> Finding {
    let mut finding = finding;
    let evidence = case.node(caller).and_then(|node| node.evidence.as_ref());
    let known = evidence.map(|e| records(e, &names(node), node.spec.port)).unwrap_or_default();
    let wrong = known.iter().filter(|record| match record.marker {
        Marker::None => !node.host_keys.contains(&record.key),
        Marker::Revoked => true,
        Marker::CertAuthority => false,
    });
    for record in wrong.take(SHOWN) {
        let marker = if record.marker == Marker::Revoked { "@revoked " } else { "" };
        let said = format!("{marker}{} {}", record.key.algorithm(), record.key.fingerprint());
        finding = finding.seen(caller, &format!("{}:{}", record.path, record.line), &said);
    }
    match pairs.first().and_then(|pair| case.edge(*pair)) {
        Some(edge) => finding.seen(caller, &format!("ssh {}", edge.host), &without_frame(&edge.said)),
        None => finding,
    }
}

/// What ssh says, without the lines of `@` around it.
fn without_frame(said: &str) -> String {
    let words = said.split(" | ").map(|line| line.trim_matches(['@', ' ']));
    words.filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" | ")
}

/// Puts the keys of these nodes, which are all confirmed or all not, right at a caller.
fn cure(case: &Case, caller: NodeIx, hosts: &[NodeIx]) -> Cure {
    let nodes: Vec<&CaseNode> = hosts.iter().filter_map(|host| case.node(*host)).collect();
    let commands: Vec<Command> = nodes.iter().flat_map(|node| by_hand(case, caller, node)).collect();
    if nodes.iter().all(|node| is_confirmed(case, node)) {
        return Cure::restore(caller, hosts.iter().map(|host| Part::HostKeys(*host)), commands);
    }
    Cure::by_hand(caller, ByHand::Unconfirmed, commands)
}

/// The same by hand: the old records go, the keys that the node has now come.
fn by_hand(case: &Case, caller: NodeIx, node: &CaseNode) -> Vec<Command> {
    let Some(evidence) = case.node(caller).and_then(|caller| caller.evidence.as_ref()) else {
        return Vec::new();
    };
    let (names, port) = (names(node), node.spec.port);
    let mut commands = Vec::new();
    for (path, known) in evidence.known_hosts() {
        // Root's files are for all users; the user's own record is enough.
        if !path.starts_with(&evidence.state.home) {
            continue;
        }
        for name in &names {
            let wrong = |known: &sshfiles::KnownHost| {
                known.marker == Marker::None && !node.host_keys.contains(&known.key)
            };
            if known.lookup(name, port).iter().any(wrong) {
                let field = sh_quote(&host_field(name, port));
                commands.push(Command::new(format!("ssh-keygen -R {field} -f {}", sh_quote(path))));
            }
        }
    }
    let file = sh_quote(&format!("{}/.ssh/known_hosts", evidence.state.home));
    if node.host_keys.is_empty() {
        let ip = node.spec.ip;
        commands.push(Command::new(format!("ssh-keyscan -p {port} {ip} 2>/dev/null >>{file}")));
        return commands;
    }
    // One is enough: ssh asks for the type that is on record.
    let usual = node.host_keys.iter().find(|key| key.algorithm() == "ssh-ed25519");
    if let Some(key) = usual.or(node.host_keys.first()) {
        commands.extend(names.iter().map(|name| {
            let line = sh_quote(&format!("{} {key} #OM", host_field(name, port)));
            Command::new(format!("printf '%s\\n' {line} >>{file}"))
        }));
    }
    commands
}
