//! `socket-path-too-long`, `home-unusable` and `fips-no-ed25519`.

use super::offered::{has_key_file, own_key};
use crate::diagnose::{ByHand, Case, Code, Cure, Finding};
use crate::inventory::{NodeIx, NodeSpec};
use crate::key::KeyType;
use crate::observe::{EntryKind, Evidence};
use crate::place::{AGENT_SOCKET, Place};
use crate::plan::Command;
use crate::probe::Cause;
use crate::text::sh_quote;

/// Longest path of a Unix socket, in bytes: `sun_path` of unix(7) less its final zero.
const LONGEST_SOCKET: usize = 107;

/// Most nodes that are written out in a command.
const MOST_NODES: usize = 40;

pub(super) fn find(case: &Case) -> Vec<Finding> {
    let at = |(node, _, evidence): (NodeIx, _, &Evidence)| {
        [long_socket(case, node, evidence), fips(case, node, evidence), odd_home(case, node, evidence)]
    };
    case.seen().flat_map(at).flatten().collect()
}

fn long_socket(case: &Case, node: NodeIx, evidence: &Evidence) -> Option<Finding> {
    let path = format!("{}/{AGENT_SOCKET}", evidence.state.home);
    if path.len() <= LONGEST_SOCKET {
        return None;
    }
    let causes = [Cause::KeyRefused, Cause::AgentUseless];
    let finding = Finding::new(Code::SocketPathTooLong, node).explains(case.pairs_from(node, &causes));
    let said = format!("{} bytes, at most {LONGEST_SOCKET}", path.len());
    let finding = finding.seen(node, &path, &said);
    let user = sh_quote(&case.user);
    // Who uses the home, and whether a shorter one may be, nobody knows here.
    let command = Command::root(format!("usermod -m -d /home/{user} {user}"));
    Some(finding.cure(Cure::by_hand(node, ByHand::Judgement, [command])))
}

/// ssh takes `%` and `${` in the path of the home for something to fill in, and ends: it does so with every file that it
/// looks for there.
fn odd_home(case: &Case, node: NodeIx, evidence: &Evidence) -> Option<Finding> {
    let home = &evidence.state.home;
    let there =
        evidence.state.entries.get(&Place::Home).is_none_or(|entry| entry.kind == EntryKind::Directory);
    if !there {
        return Some(no_home(case, node, home));
    }
    if !home.contains('%') && !home.contains("${") {
        return None;
    }
    let causes = [Cause::Other, Cause::BadConfig, Cause::KeyRefused, Cause::HostKeyUnknown];
    let finding = Finding::new(Code::HomeUnusable, node).explains(case.pairs_from(node, &causes));
    let finding = finding.seen(node, &format!("getent passwd {}", case.user), home);
    let user = sh_quote(&case.user);
    let command = Command::root(format!("usermod -m -d /home/{user} {user}"));
    Some(finding.cure(Cure::by_hand(node, ByHand::Judgement, [command])))
}

/// There is no home: neither ssh nor sshd finds anything.
fn no_home(case: &Case, node: NodeIx, home: &str) -> Finding {
    let pairs = [
        case.pairs_from(node, &[Cause::HostKeyUnknown, Cause::KeyRefused]),
        case.pairs_to(node, &[Cause::KeyRefused]),
    ];
    let finding = Finding::new(Code::HomeUnusable, node).explains(pairs.concat());
    let finding = finding.seen(node, &format!("ls -ld {home}"), "No such directory");
    let (user, home) = (sh_quote(&case.user), sh_quote(home));
    let make = Command::root(format!("mkdir -p -m 700 {home} && chown {user}: {home}"));
    finding.cure(Cure::by_hand(node, ByHand::Judgement, [make]))
}

/// FIPS mode came after the key.
fn fips(case: &Case, node: NodeIx, evidence: &Evidence) -> Option<Finding> {
    let key = own_key(evidence).filter(|key| key.algorithm() == KeyType::Ed25519.name())?;
    if !evidence.state.ssh.fips || case.preflight || !has_key_file(evidence) {
        return None;
    }
    let own = [Cause::KeyRefused, Cause::AgentUseless, Cause::NoCommonAlgorithm, Cause::Other];
    let mut pairs = case.pairs_from(node, &own);
    pairs.extend(case.pairs_to(node, &[Cause::KeyRefused, Cause::NoCommonAlgorithm]));
    if pairs.is_empty() {
        return None;
    }
    let finding = Finding::new(Code::FipsNoEd25519, node).explains(pairs);
    let finding = finding.seen(node, "/proc/sys/crypto/fips_enabled", "1");
    let said = format!("{} {}", key.algorithm(), key.fingerprint());
    let finding = finding.seen(node, &format!("ssh-keygen -l -f {}/.ssh/id_om", evidence.state.home), &said);
    // The set-up makes a key of another type where a node is in FIPS mode. All nodes get it.
    let at = case.nodes.position(|node| node.local).unwrap_or(node);
    Some(finding.cure(Cure::by_hand(at, ByHand::Judgement, [set_up(case)])))
}

/// Trust is made anew for all nodes.
pub(super) fn set_up(case: &Case) -> Command {
    set_up_with(case, "")
}

/// The same with more words of the command line.
pub(super) fn set_up_with(case: &Case, words: &str) -> Command {
    let words = if words.is_empty() { String::new() } else { format!(" {words}") };
    let line = |spec: NodeSpec| match spec.port {
        22 => spec.ip.to_string(),
        port => format!("{},{port}", spec.ip),
    };
    if case.nodes.len() > MOST_NODES {
        return Command::new(format!("gs_sshexkey -f HOSTFILE{words}"));
    }
    let lines: Vec<String> = case.nodes.iter().map(|node| sh_quote(&line(node.spec))).collect();
    let lines = lines.join(" ");
    Command::new(format!("f=$(mktemp) && printf '%s\\n' {lines} >\"$f\" && gs_sshexkey -f \"$f\"{words}"))
}

/// Whether nobody can have an agent with the cluster's key on a node, for one of these causes.
pub(super) fn forbid_agent(evidence: &Evidence) -> bool {
    let ed25519 = own_key(evidence).is_some_and(|key| key.algorithm() == KeyType::Ed25519.name());
    let path = evidence.state.home.len() + 1 + AGENT_SOCKET.len();
    path > LONGEST_SOCKET || (ed25519 && evidence.state.ssh.fips)
}
