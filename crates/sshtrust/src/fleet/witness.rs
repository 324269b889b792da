//! Nodes that were entered and are themselves for sure bear witness to the host key of another node: a second way, which does
//! not lead through this machine's network.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::Duration;

use futures_util::future::join_all;
use sshfiles::{KnownHosts, Marker, PublicKey};
use tokio::time::timeout;
use trust::enter::SeenOtherwise;

use super::enter::Entered;
use crate::event::Login;
use crate::inventory::NodeSpec;
use crate::node::Shell;
use crate::observe::reread;
use crate::text::sh_quote;

/// Most witnesses that look. Each makes one connection without a login, for which sshd since 9.8 holds a second against its
/// address (`PerSourcePenalties`); nobody is refused for less than fifteen.
const MOST_WITNESSES: usize = 3;
/// How long a witness waits for the nodes, in seconds.
const PATIENCE: u64 = 5;
/// How long it may take in all.
const LIMIT: Duration = Duration::from_secs(25);
/// How long a witness may look for a file.
const BRIEF: Duration = Duration::from_secs(20);

/// Lets nodes that a key opened, and whose own host key is known, look at these nodes from where they stand. Those that show
/// a witness another key than this machine saw. A witness that cannot look says nothing.
pub(super) async fn look(
    entered: &[&Entered],
    doubtful: &[(NodeSpec, PublicKey)],
) -> Vec<(NodeSpec, SeenOtherwise)> {
    let witnesses = entered.iter().filter(|node| node.login == Login::Key && node.host_key_was_known());
    let script = script(doubtful);
    let looking = witnesses.take(if doubtful.is_empty() { 0 } else { MOST_WITNESSES }).map(|node| async {
        let shell = timeout(LIMIT, node.shell()).await.ok()?.ok()?;
        let seen = shell.run(&script, LIMIT).await.ok()?;
        node.spare(shell);
        Some((node.spec, KnownHosts::parse(&seen.stdout)))
    });
    let seen: Vec<(NodeSpec, KnownHosts)> = join_all(looking).await.into_iter().flatten().collect();
    contradictions(doubtful, &seen)
}

/// What a witness runs: ssh-keyscan(1), for the type of key that this machine saw, so with one connection a node.
fn script(doubtful: &[(NodeSpec, PublicKey)]) -> String {
    let mut calls: BTreeMap<(&str, u16), Vec<String>> = BTreeMap::new();
    for (node, key) in doubtful {
        let kind = match key.algorithm() {
            "ssh-ed25519" => "ed25519",
            "ssh-rsa" => "rsa",
            _ => "ecdsa",
        };
        calls.entry((kind, node.port)).or_default().push(sh_quote(&node.ip.to_string()));
    }
    let mut script = String::from("gs_limit=; timeout 5 true 2>/dev/null && gs_limit='timeout 20'\n");
    for ((kind, port), hosts) in calls {
        // Writing to a String cannot fail.
        let _ = writeln!(
            script,
            "$gs_limit ssh-keyscan -T {PATIENCE} -t {kind} -p {port} -- {} 2>/dev/null </dev/null &",
            hosts.join(" ")
        );
    }
    script + "wait\n"
}

/// The nodes of which a witness saw another key of the same type, and only that.
fn contradictions(
    doubtful: &[(NodeSpec, PublicKey)],
    seen: &[(NodeSpec, KnownHosts)],
) -> Vec<(NodeSpec, SeenOtherwise)> {
    let judge = |(node, key): &(NodeSpec, PublicKey)| {
        let other = |(witness, seen): &(NodeSpec, KnownHosts)| {
            let keys = seen.lookup(&node.ip.to_string(), node.port).into_iter().map(|hit| hit.key);
            let keys: Vec<_> = keys.filter(|other| other.algorithm() == key.algorithm()).collect();
            let first = keys.first().filter(|_| !keys.contains(key))?;
            Some((*witness, first.fingerprint()))
        };
        let others: Vec<_> = seen.iter().filter_map(other).collect();
        let (key_type, presented) = (key.algorithm().to_owned(), key.fingerprint());
        (!others.is_empty()).then_some((*node, SeenOtherwise { key_type, presented, others }))
    };
    doubtful.iter().filter_map(judge).collect()
}

/// Whether a node has this very key on record as that host's, and not marked `@revoked`.
pub(crate) async fn has_on_record(shell: &Shell, node: NodeSpec, fingerprint: &str) -> bool {
    let home = shell.run("getent passwd \"$(id -u)\" | cut -d: -f6", BRIEF).await;
    let home = home.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    let Some(home) = home.ok().filter(|home| home.starts_with('/')) else { return false };
    let Ok(entry) = reread(shell, &format!("{home}/.ssh/known_hosts")).await else { return false };
    let records = KnownHosts::parse(&entry.bytes).lookup(&node.ip.to_string(), node.port);
    let revoked = records.iter().any(|record| record.marker == Marker::Revoked);
    let same = |record: &sshfiles::KnownHost| {
        record.marker == Marker::None && record.key.fingerprint() == fingerprint
    };
    !revoked && records.iter().any(same)
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    const B: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEB";

    fn node(ip: &str, port: u16) -> NodeSpec {
        NodeSpec { ip: ip.parse().unwrap(), port }
    }

    #[test]
    fn only_another_key_of_the_same_type_contradicts() {
        let (key, other): (PublicKey, PublicKey) = (A.parse().unwrap(), B.parse().unwrap());
        let doubtful = [(node("10.0.0.3", 22), key.clone()), (node("10.0.0.4", 2222), key.clone())];
        let against = |texts: &[&str]| {
            let seen: Vec<_> = texts
                .iter()
                .zip(1..)
                .map(|(text, n)| (node(&format!("10.0.0.{n}"), 22), KnownHosts::parse(text.as_bytes())))
                .collect();
            contradictions(&doubtful, &seen)
        };
        assert_eq!(against(&["", "# 10.0.0.3:22 SSH-2.0-OpenSSH_9.2\n"]), []);
        assert_eq!(against(&[&format!("10.0.0.3 {A}\n[10.0.0.4]:2222 {A}\n")]), []);
        assert_eq!(against(&[&format!("10.0.0.4 {B}\n")]), [], "another port is another server");
        assert_eq!(against(&["10.0.0.3 ssh-rsa AAAAB3NzaC1yc2EAAAABAAAAAA==\n"]), [], "another type");
        let found = against(&[&format!("10.0.0.3 {A}\n"), &format!("10.0.0.3 {B}\n[10.0.0.4]:2222 {B}\n")]);
        let others = vec![(node("10.0.0.2", 22), other.fingerprint())];
        let seen = SeenOtherwise { key_type: "ssh-ed25519".to_owned(), presented: key.fingerprint(), others };
        assert_eq!(found, [(doubtful[0].0, seen.clone()), (doubtful[1].0, seen)]);
    }

    #[test]
    fn a_witness_asks_each_node_once() {
        let key: PublicKey = A.parse().unwrap();
        let doubtful = [("10.0.0.3", 22), ("fd00::4", 22), ("10.0.0.5", 2222)];
        let script = script(&doubtful.map(|(ip, port)| (node(ip, port), key.clone())));
        let calls: Vec<_> = script.lines().filter(|line| line.contains("ssh-keyscan")).collect();
        assert_eq!(calls.len(), 2, "{script}");
        assert!(calls[0].contains("-t ed25519 -p 22 -- '10.0.0.3' 'fd00::4' "), "{script}");
        assert!(calls[1].contains("-t ed25519 -p 2222 -- '10.0.0.5' "), "{script}");
    }
}
