//! `key-mismatch`: what the caller offers is not what the callee grants.

use std::collections::{BTreeMap, BTreeSet};

use sshfiles::{PublicKey, SshConfig};

use super::granted::{Grant, files, grant, usual};
use super::limits::set_up;
use super::offered::{ClusterKeys, has_key_file, is_torn, offered, own_key, public_file};
use crate::diagnose::{ByHand, Case, Code, Cure, Finding};
use crate::inventory::NodeIx;
use crate::observe::{EntryKind, Evidence};
use crate::place::Place;
use crate::plan::{Command, Part};
use crate::probe::{Cause, EdgeIx};
use crate::text::sh_quote;

/// How a key that is not taken shows at the caller.
const REFUSED: [Cause; 2] = [Cause::KeyRefused, Cause::AgentUseless];

pub(super) fn find(case: &Case) -> Vec<Finding> {
    if case.preflight {
        return Vec::new();
    }
    let cluster = ClusterKeys::of(case);
    let mut found: Vec<Finding> = Vec::new();
    for (node, _, evidence) in case.seen() {
        let own = case_of_own_key(case, node, evidence, &cluster);
        found.extend(own.or_else(|| by_hand_pair(case, node, evidence, &cluster)));
    }
    let torn: BTreeSet<NodeIx> = found.iter().filter(|f| !f.pairs.is_empty()).map(|f| f.node).collect();
    found.extend(ungranted(case, &torn, &cluster));
    found
}

/// Whether the tool's key, or the lack of it, is this rule's business on a node: then the agent cannot be judged.
pub(super) fn lacks_key(case: &Case, node: NodeIx, evidence: &Evidence, cluster: &ClusterKeys) -> bool {
    key_fault(case, node, evidence, cluster).is_some_and(|(_, _, useless)| useless)
}

/// What is wrong with the tool's key on a node: who said so, what, and whether nobody can log in with it.
fn key_fault(
    case: &Case,
    node: NodeIx,
    evidence: &Evidence,
    cluster: &ClusterKeys,
) -> Option<(String, String, bool)> {
    if cluster.all.is_empty() {
        return None;
    }
    let state = &evidence.state;
    let path = format!("{}/.ssh/id_om", state.home);
    let (private, public) = (own_key(evidence), public_file(evidence));
    let no_such = |path: &str| (format!("ls -l {path}"), "No such file or directory".to_owned());
    let Some(private) = private else {
        let (source, said) = match state.entry(Place::PrivateKey).kind {
            EntryKind::Absent => no_such(&path),
            EntryKind::File => (format!("ssh-keygen -y -f {path}"), "this is not a private key".to_owned()),
            _ => return None,
        };
        // In folders that cannot be searched nothing is seen.
        return (is_member(evidence) && !evidence.rights.closed).then_some((source, said, true));
    };
    let same = |key: &PublicKey| format!("{} {}", key.algorithm(), key.fingerprint());
    if let Some(shared) = cluster.shared.as_ref().filter(|key| **key != private)
        && is_alone(case, node, &private)
    {
        let said = format!("{}; other nodes have {}", same(&private), same(shared));
        return Some((format!("ssh-keygen -l -f {path}"), said, true));
    }
    if cluster.shared.is_none() && !lets_in_anywhere(case, &private) {
        let said = format!("{}; no node that was seen lets it in", same(&private));
        return Some((format!("ssh-keygen -l -f {path}"), said, true));
    }
    match public {
        Some(public) if public != private => {
            let said = format!("{}; {path}.pub is {}", same(&private), same(&public));
            Some((format!("ssh-keygen -l -f {path}"), said, false))
        }
        None if state.entry(Place::PublicKey).kind == EntryKind::Absent => {
            let (source, said) = no_such(&format!("{path}.pub"));
            Some((source, said, false))
        }
        _ => None,
    }
}

/// Whether the node was set up with a key of the tool's once.
pub(super) fn is_member(evidence: &Evidence) -> bool {
    let exists = |place: Place| evidence.state.entry(place).exists();
    let in_block = !SshConfig::parse(evidence.state.bytes(Place::Config)).block_entries().is_empty();
    in_block
        || exists(Place::PrivateKey)
        || exists(Place::PublicKey)
        || exists(Place::StoreDir)
        || evidence.state.agent.socket
}

/// Whether no other node takes this key: it is of no use then.
fn is_alone(case: &Case, node: NodeIx, key: &PublicKey) -> bool {
    let mut others = case.seen().filter(|(other, ..)| *other != node);
    !others.any(|(_, _, evidence)| grant(&files(evidence), key) == Grant::Full)
}

/// Whether some node takes this key, be it the one that has it: the set-up lets each node in at itself too.
fn lets_in_anywhere(case: &Case, key: &PublicKey) -> bool {
    case.seen().any(|(_, _, evidence)| grant(&files(evidence), key) != Grant::None)
}

fn case_of_own_key(case: &Case, node: NodeIx, evidence: &Evidence, cluster: &ClusterKeys) -> Option<Finding> {
    let state = &evidence.state;
    let agent = &state.agent;
    if let Some((source, said, _)) = key_fault(case, node, evidence, cluster) {
        let offers = cluster.shared.clone().or_else(|| public_file(evidence));
        let works = offers.is_some_and(|key| agent.keys.contains(&key));
        let pairs = if works { Vec::new() } else { case.pairs_from(node, &REFUSED) };
        let finding = Finding::new(Code::KeyMismatch, node).explains(pairs).seen(node, &source, &said);
        let mut parts = vec![Part::Key, Part::Agent];
        // Without the key nobody has seen to it.
        parts
            .extend(own_key(evidence).is_none().then_some(Part::Keepalive).filter(|_| has_program(evidence)));
        let Some(shared) = &cluster.shared else {
            let finding = finding.cure(Cure::restore(node, parts, [set_up(case)]));
            // Whether the key opens is not seen here: where it has to be made anew, all must let it in.
            return Some(admit(case, node, finding));
        };
        return Some(finding.cure(Cure::restore(node, parts, copy_pair(case, node, evidence, shared))));
    }
    let key = own_key(evidence)?;
    if !agent.alive || agent.keys.is_empty() || agent.keys.contains(&key) {
        return None;
    }
    let held: Vec<String> =
        agent.keys.iter().map(|k| format!("{} {}", k.fingerprint(), k.algorithm())).collect();
    let said = format!("{}; {}/.ssh/id_om is {}", held.join(", "), state.home, key.fingerprint());
    let finding = Finding::new(Code::KeyMismatch, node).seen(node, "ssh-add -l", &said);
    let finding = finding.explains(case.pairs_from(node, &REFUSED));
    let commands = super::agent::start(evidence);
    Some(finding.cure(Cure::restore(node, [Part::Agent], commands)))
}

/// A key of the node's own cannot be fetched from anywhere: where it is lost it is made anew, and all let it in.
fn admit(case: &Case, node: NodeIx, finding: Finding) -> Finding {
    let all = case.seen().map(|(index, ..)| Cure::restore(index, [Part::Admit(node)], []));
    all.fold(finding, Finding::cure)
}

fn has_program(evidence: &Evidence) -> bool {
    evidence.state.keepalive.as_ref().is_some_and(|keepalive| keepalive.program.is_some())
}

/// The commands that fetch the shared pair and its passphrase from a node that has it.
fn copy_pair(case: &Case, node: NodeIx, evidence: &Evidence, shared: &PublicKey) -> Vec<Command> {
    let mut whole = case.seen().filter(|(other, _, evidence)| {
        let whole = public_file(evidence).is_some() && public_file(evidence) == own_key(evidence);
        *other != node && whole && own_key(evidence).as_ref() == Some(shared)
    });
    let Some((_, from, there)) = whole.next() else { return Vec::new() };
    let port = if from.spec.port == 22 { String::new() } else { format!("-P {} ", from.spec.port) };
    let ip = match from.spec.ip {
        std::net::IpAddr::V4(ip) => ip.to_string(),
        std::net::IpAddr::V6(ip) => format!("[{ip}]"),
    };
    let place = |path: &str| sh_quote(&format!("{}@{ip}:{}/{path}", case.user, there.state.home));
    let home = sh_quote(&evidence.state.home);
    let mut commands = vec![
        Command::new(format!(
            "scp -p {port}{} {} {home}/.ssh/",
            place(".ssh/id_om"),
            place(".ssh/id_om.pub")
        )),
        Command::new(format!("scp -pr {port}{} {home}/gaussdb_tmp/", place("gaussdb_tmp/ssh_protect"))),
    ];
    commands.extend(super::agent::start(evidence));
    commands
}

/// A key pair that somebody made by hand and that does not belong together, where it is what ssh offers.
fn by_hand_pair(case: &Case, node: NodeIx, evidence: &Evidence, cluster: &ClusterKeys) -> Option<Finding> {
    if has_key_file(evidence) {
        return None;
    }
    let keyless = evidence.keys.own.is_empty() && evidence.state.agent.keys.is_empty();
    if keyless && cluster.all.is_empty() {
        return keyless_node(case, node, evidence);
    }
    let torn = evidence.keys.own.iter().find(|(_, own)| is_torn(own.private.as_ref(), own.public.as_ref()));
    let (kind, own) = torn?;
    let (private, public) = own.private.as_ref().zip(own.public.as_ref())?;
    let path = format!("{}/.ssh/id_{kind}", evidence.state.home);
    let said = format!("{}; {path}.pub is {}", private.fingerprint(), public.fingerprint());
    let finding = Finding::new(Code::KeyMismatch, node).explains(case.pairs_from(node, &REFUSED));
    let finding = finding.seen(node, &format!("ssh-keygen -y -f {path}"), &said);
    let quoted = sh_quote(&path);
    let public = format!("{quoted}.pub");
    let back = format!("mv -f {public}.gs_old {public}");
    let keep = Command::new(format!("cp -p {public} {public}.gs_old")).undo(back);
    let make = Command::new(format!("ssh-keygen -y -P '' -f {quoted} >{public}"));
    let clean = Command::new(format!("rm -f {public}.gs_old"));
    Some(finding.cure(Cure::by_hand(node, ByHand::Judgement, [keep, make, clean])))
}

/// There is no key at all.
fn keyless_node(case: &Case, node: NodeIx, evidence: &Evidence) -> Option<Finding> {
    let pairs = case.pairs_from(node, &REFUSED);
    if pairs.is_empty() || evidence.rights.closed {
        return None;
    }
    let finding = Finding::new(Code::KeyMismatch, node).explains(pairs);
    let source = format!("ls {}/.ssh/id_*", evidence.state.home);
    let finding = finding.seen(node, &source, "No such file or directory");
    let at = case.nodes.position(|node| node.local).unwrap_or(node);
    Some(finding.cure(Cure::by_hand(at, ByHand::Judgement, [set_up(case)])))
}

/// A pair in which the callee does not grant what the caller offers.
struct Cell {
    from: NodeIx,
    to: NodeIx,
    pairs: Vec<EdgeIx>,
    key: PublicKey,
    grant: Grant,
}

/// Keys that are not granted: where all callers of a node are concerned, or keys that others grant, the callee has lost
/// them; a key that nobody grants is the caller's fault.
fn ungranted(case: &Case, torn: &BTreeSet<NodeIx>, cluster: &ClusterKeys) -> Vec<Finding> {
    let cells = cells(case, torn, cluster);
    let mut found: BTreeMap<(NodeIx, Option<NodeIx>), Vec<&Cell>> = BTreeMap::new();
    let mut callers: BTreeMap<NodeIx, usize> = BTreeMap::new();
    cells.iter().for_each(|cell| *callers.entry(cell.to).or_default() += 1);
    let known = granted(case, &cells, cluster);
    for cell in &cells {
        let shared = cluster.is_shared(&cell.key);
        let place = match known.contains(&cell.key) {
            true if callers.get(&cell.to) == Some(&1) && !shared => (cell.to, Some(cell.from)),
            true => (cell.to, None),
            false => (cell.from, None),
        };
        found.entry(place).or_default().push(cell);
    }
    found
        .into_iter()
        .map(|((node, about), cells)| missing(case, node, about, &cells, &known, cluster))
        .collect()
}

/// The keys that are the cluster's own, or that some node grants; also the caller itself: trust is made so, by hand too.
fn granted(case: &Case, cells: &[Cell], cluster: &ClusterKeys) -> BTreeSet<PublicKey> {
    let mut open: BTreeSet<&PublicKey> = cells.iter().map(|cell| &cell.key).collect();
    let mut known: BTreeSet<PublicKey> =
        open.iter().copied().filter(|key| cluster.is_shared(key)).cloned().collect();
    open.retain(|key| !known.contains(key));
    for (_, _, evidence) in case.seen() {
        if open.is_empty() {
            break;
        }
        let files = files(evidence);
        let here: Vec<&PublicKey> =
            open.iter().copied().filter(|key| grant(&files, key) != Grant::None).collect();
        for key in here {
            open.remove(key);
            known.insert(key.clone());
        }
    }
    known
}

fn cells(case: &Case, torn: &BTreeSet<NodeIx>, cluster: &ClusterKeys) -> Vec<Cell> {
    let mut red: BTreeMap<(NodeIx, NodeIx), Vec<EdgeIx>> = BTreeMap::new();
    for (pair, edge) in case.matrix.entries() {
        if edge.from != edge.to && edge.cause == Cause::KeyRefused && !torn.contains(&edge.from) {
            red.entry((edge.to, edge.from)).or_default().push(pair);
        }
    }
    let evidence = |index: NodeIx| case.node(index)?.evidence.as_ref();
    let offers: BTreeMap<NodeIx, Vec<PublicKey>> =
        case.seen().map(|(index, _, e)| (index, offered(e))).collect();
    let (mut cells, mut last) = (Vec::new(), None);
    for ((to, from), pairs) in red {
        let readable = |callee: &&Evidence| {
            !callee.rights.closed && callee.state.entry(Place::AuthorizedKeys).kind != EntryKind::Unreadable
        };
        let Some(callee) = evidence(to).filter(readable) else { continue };
        if !matches!(&last, Some((node, _)) if *node == to) {
            last = Some((to, files(callee)));
        }
        let (Some((_, files)), Some(keys)) = (&last, offers.get(&from)) else { continue };
        let grants: Vec<Grant> = keys.iter().map(|key| grant(files, key)).collect();
        if grants.contains(&Grant::Full) || is_written_elsewhere(callee, keys) {
            continue;
        }
        // The key that is meant to work: the one that all share, or the caller's own, else the first.
        let meant = keys.iter().position(|key| cluster.all.contains(key)).unwrap_or(0);
        let restricted = grants.iter().position(|grant| *grant != Grant::None);
        let place = restricted.unwrap_or(meant);
        let (Some(key), Some(grant)) = (keys.get(place), grants.get(place)) else { continue };
        cells.push(Cell { from, to, pairs, key: key.clone(), grant: grant.clone() });
    }
    cells
}

/// Whether a key stands in the usual file and sshd does not look there: that is `authorized-keys-elsewhere`.
pub(super) fn is_written_elsewhere(evidence: &Evidence, keys: &[PublicKey]) -> bool {
    let usual = usual(evidence);
    let places = &evidence.rights.key_files;
    let looks = places.is_empty() || places.iter().any(|file| file.path == usual);
    let file = sshfiles::AuthorizedKeys::parse(evidence.state.bytes(Place::AuthorizedKeys));
    !looks && file.entries().any(|line| line.only_bound && keys.contains(&line.key))
}

/// The finding about keys that are not granted.
fn missing(
    case: &Case,
    node: NodeIx,
    about: Option<NodeIx>,
    cells: &[&Cell],
    known: &BTreeSet<PublicKey>,
    cluster: &ClusterKeys,
) -> Finding {
    let mut finding = Finding::new(Code::KeyMismatch, node);
    finding.about = about;
    let mut told: BTreeSet<(NodeIx, &PublicKey)> = BTreeSet::new();
    let mut cures: BTreeMap<NodeIx, (Vec<Part>, Vec<Command>)> = BTreeMap::new();
    for cell in cells {
        finding = finding.explains(cell.pairs.iter().copied());
        let Some(evidence) = case.node(cell.to).and_then(|node| node.evidence.as_ref()) else { continue };
        if !told.insert((cell.to, &cell.key)) {
            continue;
        }
        let path = places(evidence);
        let key = format!("{} {}", cell.key.algorithm(), cell.key.fingerprint());
        let caller = case.label(cell.from);
        if let Grant::Restricted(path, line, options) = &cell.grant {
            let said = format!("line {line}: {options} {key}, which {caller} comes with");
            finding = finding.seen(cell.to, path, &said);
            let commands = [Command::new(format!("sed -n {line}p {}", sh_quote(path)))];
            finding = finding.cure(Cure::by_hand(cell.to, ByHand::Security, commands));
            continue;
        }
        let said = format!("{key}, which {caller} comes with, is not in it");
        finding = finding.seen(cell.to, &format!("ssh-keygen -l -f {path}"), &said);
        let command = let_in(&path, evidence, &cell.key);
        if !known.contains(&cell.key) {
            // Nobody has ever let it in: it may be anybody's.
            finding = finding.cure(Cure::by_hand(cell.to, ByHand::Security, [command]));
            continue;
        }
        let (parts, commands) = cures.entry(cell.to).or_default();
        parts.push(Part::Authorize(cell.key.clone()));
        commands.push(command);
    }
    for (node, (mut parts, mut commands)) in cures {
        // No pair shows that a node does not let itself in any more.
        if let Some((evidence, key)) = own_line(case, node, cluster) {
            commands.push(let_in(&places(evidence), evidence, &key));
            parts.push(Part::Authorize(key));
        }
        finding = finding.cure(Cure::restore(node, parts, commands));
    }
    finding
}

/// What lets a key in, by hand: with the bounds that our other lines have there.
fn let_in(path: &str, evidence: &Evidence, key: &PublicKey) -> Command {
    let others = files(evidence).into_iter().flat_map(|(_, keys)| keys.entries().collect::<Vec<_>>());
    let bounds = others.filter(|line| line.ours).map(|line| line.bounds).find(|bounds| !bounds.is_empty());
    let options = bounds.map(|bounds| format!("{bounds} ")).unwrap_or_default();
    let line = sh_quote(&format!("{options}{key} #OM"));
    Command::new(format!("printf '%s\\n' {line} >>{}", sh_quote(path)))
}

/// The key of its own that a node does not let in.
fn own_line<'a>(case: &'a Case, node: NodeIx, cluster: &ClusterKeys) -> Option<(&'a Evidence, PublicKey)> {
    let evidence = case.node(node)?.evidence.as_ref()?;
    let own = own_key(evidence).filter(|key| cluster.shared.is_none() && cluster.all.contains(key))?;
    (grant(&files(evidence), &own) == Grant::None).then_some((evidence, own))
}

/// The file that a key belongs into.
fn places(evidence: &Evidence) -> String {
    let below = format!("{}/", evidence.state.home);
    let files = &evidence.rights.key_files;
    let file = files.iter().find(|file| file.path.starts_with(&below)).or(files.first());
    file.map_or_else(|| usual(evidence), |file| file.path.clone())
}
