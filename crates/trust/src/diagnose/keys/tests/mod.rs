//! What the tables of this family share.

mod agents;
mod ahead;
mod bounds;
mod host_keys;
mod never;
mod pairs;

use std::process::Command;

use sshfiles::PublicKey;

use super::find;
use crate::diagnose::sample::{healthy, spec};
use crate::diagnose::{ByHand, Case, Finding, Healing};
use crate::observe::{Entry, EntryKind, KeepaliveState};
use crate::place::{AGENT_SOCKET, Place};
use crate::plan::Part;

pub(super) const REFUSED: &str = "root@10.0.0.1: Permission denied (publickey).";

/// A key pair: the private file, and the public key.
pub(super) fn pair() -> (Vec<u8>, PublicKey) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("key");
    let made = Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(&path).status();
    assert!(made.unwrap().success());
    let public = std::fs::read_to_string(path.with_extension("pub")).unwrap();
    (std::fs::read(path).unwrap(), public.parse().unwrap())
}

pub(super) fn file(case: &mut Case, node: usize, place: Place, path: &str, bytes: &[u8]) {
    let entry = Entry {
        kind: EntryKind::File,
        path: format!("/root/{path}"),
        mode: 0o600,
        bytes: bytes.into(),
        ..Entry::absent("")
    };
    case.seen_mut(node).state.entries.insert(place, entry);
}

/// Host keys of a node.
pub(super) fn host_key(node: usize) -> PublicKey {
    let mut blob = b"\0\0\0\x0bssh-ed25519\0\0\0\x20".to_vec();
    blob.extend([node as u8; 32]);
    PublicKey::from_blob(blob).unwrap()
}

/// Four nodes with trust as the set-up makes it.
pub(super) fn cluster() -> (Case, PublicKey) {
    let (private, public) = pair();
    let mut case = healthy(4);
    let known: String = (0..4).map(|node| format!("{} {} #OM\n", spec(node).ip, host_key(node))).collect();
    let hosts: String = (0..4).map(|node| format!(" {}", spec(node).ip)).collect();
    let config = format!(
        "# BEGIN gs_sshexkey: x\nHost{hosts}\n\tIdentityFile ~/.ssh/id_om\nMatch all\n# END gs_sshexkey\n"
    );
    let exports = format!("export SSH_AUTH_SOCK=/root/{AGENT_SOCKET}\nexport SSH_AGENT_PID=7\n");
    for node in 0..4 {
        file(&mut case, node, Place::PrivateKey, ".ssh/id_om", &private);
        file(&mut case, node, Place::PublicKey, ".ssh/id_om.pub", format!("{public} me\n").as_bytes());
        file(
            &mut case,
            node,
            Place::AuthorizedKeys,
            ".ssh/authorized_keys",
            format!("{public} me #OM\n").as_bytes(),
        );
        file(&mut case, node, Place::KnownHosts, ".ssh/known_hosts", known.as_bytes());
        file(&mut case, node, Place::Config, ".ssh/config", config.as_bytes());
        file(&mut case, node, Place::Bashrc, ".bashrc", exports.as_bytes());
        case.at(node).host_keys = vec![host_key(node)];
        let evidence = case.seen_mut(node);
        let agent = &mut evidence.state.agent;
        (agent.socket, agent.alive, agent.pid) = (true, true, Some(7));
        agent.keys = vec![public.clone()];
        evidence.state.keepalive = Some(keepalive());
        evidence.keys.sock = Some(format!("/root/{AGENT_SOCKET}"));
    }
    (case, public)
}

/// The same, with a key of its own on each node.
pub(super) fn cluster_of_own_keys() -> (Case, Vec<PublicKey>) {
    let (mut case, _) = cluster();
    let pairs: Vec<(Vec<u8>, PublicKey)> = (0..4).map(|_| pair()).collect();
    let lines: String = pairs.iter().map(|(_, public)| format!("{public} me #OM\n")).collect();
    for (node, (private, public)) in pairs.iter().enumerate() {
        file(&mut case, node, Place::PrivateKey, ".ssh/id_om", private);
        file(&mut case, node, Place::PublicKey, ".ssh/id_om.pub", format!("{public} me\n").as_bytes());
        file(&mut case, node, Place::AuthorizedKeys, ".ssh/authorized_keys", lines.as_bytes());
        case.seen_mut(node).state.agent.keys = vec![public.clone()];
    }
    (case, pairs.into_iter().map(|(_, public)| public).collect())
}

pub(super) fn keepalive() -> KeepaliveState {
    let table = Entry {
        kind: EntryKind::File,
        bytes: b"* * * * * /bin/sh -c 'gaussdb_tmp/bin/gs_sshexkey agent keep' #OM\n".into(),
        ..Entry::absent("")
    };
    KeepaliveState {
        program: Some("0".repeat(64)),
        cron: Some(true),
        entries: [(Place::Crontab, table)].into(),
        ..KeepaliveState::default()
    }
}

pub(super) fn parts(finding: &Finding) -> Vec<Part> {
    finding
        .cures
        .iter()
        .flat_map(|cure| match &cure.healing {
            Healing::Restore(parts) => parts.clone(),
            _ => Vec::new(),
        })
        .collect()
}

pub(super) fn hands(finding: &Finding) -> Vec<ByHand> {
    finding
        .cures
        .iter()
        .filter_map(|cure| match cure.healing {
            Healing::ByHand(why) => Some(why),
            _ => None,
        })
        .collect()
}

pub(super) fn said(finding: &Finding) -> String {
    finding.witnesses.iter().map(|w| format!("{}: {}\n", w.source, w.said)).collect()
}

#[test]
fn a_healthy_cluster_gives_no_finding() {
    assert_eq!(find(&cluster().0), []);
    assert_eq!(find(&healthy(4)), []);
}
