//! What the tables of this family share.

mod agents;
mod host_keys;
mod pairs;

use russh::keys::ssh_key::LineEnding;
use russh::keys::{Algorithm, PrivateKey, key::safe_rng};
use sshfiles::PublicKey;

use super::find;
use crate::diagnose::sample::{healthy, spec};
use crate::diagnose::{ByHand, Case, Finding, Healing};
use crate::identity::AGENT_SOCKET;
use crate::observe::{Entry, EntryKind, KeepaliveState};
use crate::plan::Part;

pub(super) const REFUSED: &str = "root@10.0.0.1: Permission denied (publickey).";

/// A key pair: the private file, and the public key.
pub(super) fn pair() -> (Vec<u8>, PublicKey) {
    let private = PrivateKey::random(&mut safe_rng(), Algorithm::Ed25519).unwrap();
    let public = PublicKey::from_blob(private.public_key().to_bytes().unwrap()).unwrap();
    (private.to_openssh(LineEnding::LF).unwrap().as_bytes().to_vec(), public)
}

pub(super) fn file(case: &mut Case, node: usize, id: &str, path: &str, bytes: &[u8]) {
    let entry = Entry {
        kind: EntryKind::File,
        path: format!("/root/{path}"),
        mode: 0o600,
        bytes: bytes.to_vec(),
        ..Entry::absent("")
    };
    case.seen_mut(node).state.entries.insert(id.to_owned(), entry);
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
        file(&mut case, node, "id_om", ".ssh/id_om", &private);
        file(&mut case, node, "id_om.pub", ".ssh/id_om.pub", format!("{public} me\n").as_bytes());
        file(
            &mut case,
            node,
            "authorized_keys",
            ".ssh/authorized_keys",
            format!("{public} me #OM\n").as_bytes(),
        );
        file(&mut case, node, "known_hosts", ".ssh/known_hosts", known.as_bytes());
        file(&mut case, node, "config", ".ssh/config", config.as_bytes());
        file(&mut case, node, "bashrc", ".bashrc", exports.as_bytes());
        case.nodes[node].host_keys = vec![host_key(node)];
        let evidence = case.seen_mut(node);
        let agent = &mut evidence.state.agent;
        (agent.socket, agent.alive, agent.pid) = (true, true, Some(7));
        agent.keys = vec![public.clone()];
        evidence.state.keepalive = Some(keepalive());
        evidence.keys.sock = Some(format!("/root/{AGENT_SOCKET}"));
    }
    (case, public)
}

pub(super) fn keepalive() -> KeepaliveState {
    let table = Entry {
        kind: EntryKind::File,
        bytes: b"* * * * * /bin/sh -c 'gaussdb_tmp/bin/gs_sshexkey agent keep' #OM\n".to_vec(),
        ..Entry::absent("")
    };
    KeepaliveState {
        program: Some("0".repeat(64)),
        cron: Some(true),
        entries: [("crontab".to_owned(), table)].into(),
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
