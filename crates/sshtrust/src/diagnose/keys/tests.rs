use std::path::PathBuf;

use russh::keys::ssh_key::LineEnding;
use russh::keys::{Algorithm, PrivateKey, key::safe_rng};
use sshfiles::PublicKey;

use super::find;
use crate::diagnose::sample::{healthy, short, spec};
use crate::diagnose::{ByHand, Case, Finding, Healing};
use crate::enter::NoEntry;
use crate::identity::AGENT_SOCKET;
use crate::observe::{Entry, EntryKind, KeepaliveState, KeysFile, Linger, OwnKey, Revoked};
use crate::plan::Part;
use crate::probe::Cause;
use crate::session::{ConnectError, HostKeyConflict};

const REFUSED: &str = "root@10.0.0.1: Permission denied (publickey).";

/// A key pair: the private file, and the public key.
fn pair() -> (Vec<u8>, PublicKey) {
    let private = PrivateKey::random(&mut safe_rng(), Algorithm::Ed25519).unwrap();
    let public = PublicKey::from_blob(private.public_key().to_bytes().unwrap()).unwrap();
    (private.to_openssh(LineEnding::LF).unwrap().as_bytes().to_vec(), public)
}

fn file(case: &mut Case, node: usize, id: &str, path: &str, bytes: &[u8]) {
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
fn host_key(node: usize) -> PublicKey {
    let mut blob = b"\0\0\0\x0bssh-ed25519\0\0\0\x20".to_vec();
    blob.extend([node as u8; 32]);
    PublicKey::from_blob(blob).unwrap()
}

/// Four nodes with trust as the set-up makes it.
fn cluster() -> (Case, PublicKey) {
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

fn keepalive() -> KeepaliveState {
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

fn parts(finding: &Finding) -> Vec<Part> {
    finding
        .cures
        .iter()
        .flat_map(|cure| match &cure.healing {
            Healing::Restore(parts) => parts.clone(),
            _ => Vec::new(),
        })
        .collect()
}

fn hands(finding: &Finding) -> Vec<ByHand> {
    finding
        .cures
        .iter()
        .filter_map(|cure| match cure.healing {
            Healing::ByHand(why) => Some(why),
            _ => None,
        })
        .collect()
}

fn said(finding: &Finding) -> String {
    finding.witnesses.iter().map(|w| format!("{}: {}\n", w.source, w.said)).collect()
}

#[test]
fn a_healthy_cluster_gives_no_finding() {
    assert_eq!(find(&cluster().0), []);
    assert_eq!(find(&healthy(4)), []);
}

#[test]
fn a_key_that_changed_for_everybody_is_one_finding_at_the_node() {
    let (mut case, _) = cluster();
    let new = host_key(9);
    case.nodes[2].host_keys = vec![new.clone()];
    case.break_column(2, &Cause::HostKeyChanged, "REMOTE HOST IDENTIFICATION HAS CHANGED!");
    let found = find(&case);
    assert_eq!(short(&found), [("known-hosts-conflict", 2, 3)]);
    assert_eq!((found[0].about, found[0].bars), (None, false));
    assert_eq!(parts(&found[0]), vec![Part::HostKeys(2); 3]);
    assert!(
        said(&found[0]).contains(&new.fingerprint()) && said(&found[0]).contains(&host_key(2).fingerprint())
    );
    // Whoever has forgotten it counts for nothing.
    let (mut case, _) = cluster();
    case.nodes[2].host_keys = vec![new];
    file(&mut case, 3, "known_hosts", ".ssh/known_hosts", b"");
    for from in [0, 1] {
        case.break_pair(from, 2, Cause::HostKeyChanged, "");
    }
    case.break_pair(3, 2, Cause::HostKeyUnknown, "");
    assert_eq!(short(&find(&case)), [("known-hosts-conflict", 2, 3)]);
}

#[test]
fn a_stale_record_is_told_where_it_is() {
    let (mut case, _) = cluster();
    let stale = format!("{} {}\n", spec(2).ip, host_key(9));
    for from in [0, 1] {
        file(&mut case, from, "known_hosts", ".ssh/known_hosts", stale.as_bytes());
        case.break_pair(from, 2, Cause::HostKeyChanged, "");
    }
    let found = find(&case);
    assert_eq!(short(&found), [("known-hosts-conflict", 0, 1), ("known-hosts-conflict", 1, 1)]);
    assert_eq!(found[0].about, Some(2));
    let commands: Vec<&str> = found[0].cures[0].commands.iter().map(|c| c.run.as_str()).collect();
    assert_eq!(commands[0], "ssh-keygen -R '10.0.0.3' -f '/root/.ssh/known_hosts'");
    assert_eq!(
        commands[1],
        format!("printf '%s\\n' '10.0.0.3 {} #OM' >>'/root/.ssh/known_hosts'", host_key(2))
    );
    // All of a caller's records are one fault.
    case.break_pair(0, 1, Cause::HostKeyUnknown, "");
    let found = find(&case);
    assert_eq!(short(&found), [("known-hosts-conflict", 0, 2), ("known-hosts-conflict", 1, 1)]);
    assert_eq!(found[0].about, None);
    assert_eq!(parts(&found[0]), [Part::HostKeys(1), Part::HostKeys(2)]);
}

#[test]
fn two_nodes_are_judged_by_what_the_called_one_knows_of_itself() {
    let (mut case, _) = cluster();
    case.nodes.truncate(2);
    case.matrix = crate::probe::TrustMatrix::new(vec![spec(0), spec(1)], vec![crate::probe::By::Ip]);
    case.break_pair(0, 1, Cause::HostKeyChanged, "");
    assert_eq!(short(&find(&case)), [("known-hosts-conflict", 0, 1)]);
    case.nodes[1].host_keys = vec![host_key(9)];
    assert_eq!(short(&find(&case)), [("known-hosts-conflict", 1, 1)]);
}

fn conflict() -> Box<HostKeyConflict> {
    Box::new(HostKeyConflict {
        key_type: "ssh-ed25519".to_owned(),
        presented: host_key(9).fingerprint(),
        recorded: format!("ssh-ed25519 {}", host_key(2).fingerprint()),
        file: PathBuf::from("/root/.ssh/known_hosts"),
        line: 3,
    })
}

#[test]
fn an_unconfirmed_key_is_shown_and_not_taken() {
    let (mut case, _) = cluster();
    case.nodes[2].host_keys = Vec::new();
    case.bar(2, NoEntry::Connect(ConnectError::HostKeyChanged(conflict())));
    case.break_column(2, &Cause::HostKeyChanged, "");
    let found = find(&case);
    assert_eq!(short(&found), [("known-hosts-conflict", 2, 3)]);
    assert!(found[0].bars && parts(&found[0]).is_empty());
    assert!(hands(&found[0]).iter().all(|why| *why == ByHand::Unconfirmed));
    let said = said(&found[0]);
    assert!(said.contains(&host_key(9).fingerprint()) && said.contains(&host_key(2).fingerprint()), "{said}");
    case.preflight = true;
    assert_eq!(find(&case).len(), 1);
    // Entered without a record here, against what all others have on record.
    let (mut case, _) = cluster();
    case.nodes[2].host_keys = vec![host_key(9)];
    file(&mut case, 0, "known_hosts", ".ssh/known_hosts", b"");
    case.break_pair(0, 2, Cause::HostKeyUnknown, "");
    case.break_pair(1, 2, Cause::HostKeyChanged, "");
    case.break_pair(3, 2, Cause::HostKeyChanged, "");
    let found = find(&case);
    assert_eq!(short(&found), [("known-hosts-conflict", 2, 3)]);
    assert!(parts(&found[0]).is_empty());
}

#[test]
fn a_revoked_key_is_left_to_people() {
    let (mut case, _) = cluster();
    let line = format!("@revoked * {}\n", host_key(2));
    file(&mut case, 1, "known_hosts", ".ssh/known_hosts", line.as_bytes());
    case.break_pair(1, 2, Cause::HostKeyRevoked, "REVOKED HOST KEY DETECTED");
    let found = find(&case);
    assert_eq!(short(&found), [("known-hosts-conflict", 1, 1)]);
    assert_eq!((found[0].about, hands(&found[0])), (Some(2), vec![ByHand::Revoked]));
    assert!(said(&found[0]).contains("@revoked"));
    case.bar(2, NoEntry::Connect(ConnectError::HostKeyRevoked(conflict())));
    case.break_pair(0, 2, Cause::HostKeyRevoked, "");
    let found = find(&case);
    assert_eq!(short(&found), [("known-hosts-conflict", 2, 2)]);
    assert!(found[0].bars && hands(&found[0]).iter().all(|why| *why == ByHand::Revoked));
}

#[test]
fn a_lost_line_in_authorized_keys_is_the_fault_of_the_node_that_lost_it() {
    let (mut case, key) = cluster();
    file(&mut case, 2, "authorized_keys", ".ssh/authorized_keys", b"# empty\n");
    assert_eq!(find(&case), []);
    case.break_column(2, &Cause::KeyRefused, REFUSED);
    let found = find(&case);
    assert_eq!(short(&found), [("key-mismatch", 2, 3)]);
    assert_eq!((found[0].about, parts(&found[0])), (None, vec![Part::Authorize(key.clone())]));
    // Another cause than the key that is there.
    file(&mut case, 2, "authorized_keys", ".ssh/authorized_keys", format!("{key}\n").as_bytes());
    assert_eq!(find(&case), []);
    file(
        &mut case,
        2,
        "authorized_keys",
        ".ssh/authorized_keys",
        format!("from=\"1.2.3.4\" {key}\n").as_bytes(),
    );
    let found = find(&case);
    assert_eq!(short(&found), [("key-mismatch", 2, 3)]);
    assert_eq!(hands(&found[0]), [ByHand::Security]);
    assert!(said(&found[0]).contains("line 1: from=\"1.2.3.4\""));
}

#[test]
fn a_lost_key_is_the_fault_of_its_node() {
    let (mut case, _) = cluster();
    case.seen_mut(3).state.entries.remove("id_om");
    let found = find(&case);
    assert_eq!(short(&found), [("key-mismatch", 3, 0)]);
    case.seen_mut(3).state.agent = Default::default();
    for to in 0..3 {
        case.break_pair(3, to, Cause::KeyRefused, REFUSED);
    }
    let found = find(&case);
    assert_eq!(short(&found), [("key-mismatch", 3, 3)]);
    assert_eq!(parts(&found[0]), [Part::Key, Part::Agent, Part::Keepalive]);
    // Another one in its place.
    let (private, public) = pair();
    file(&mut case, 3, "id_om", ".ssh/id_om", &private);
    file(&mut case, 3, "id_om.pub", ".ssh/id_om.pub", public.to_string().as_bytes());
    assert_eq!(short(&find(&case)), [("key-mismatch", 3, 3)]);
    file(&mut case, 3, "id_om", ".ssh/id_om", b"rubbish");
    assert_eq!(short(&find(&case)), [("key-mismatch", 3, 3)]);
}

#[test]
fn a_pair_that_was_torn_apart_is_told() {
    let (mut case, key) = cluster();
    let (_, other) = pair();
    file(&mut case, 1, "id_om.pub", ".ssh/id_om.pub", other.to_string().as_bytes());
    let found = find(&case);
    assert_eq!(short(&found), [("key-mismatch", 1, 0)]);
    assert!(said(&found[0]).contains(&other.fingerprint()) && said(&found[0]).contains(&key.fingerprint()));
    let (mut case, _) = cluster();
    case.seen_mut(1).state.agent.keys = vec![other];
    let found = find(&case);
    assert_eq!(short(&found), [("key-mismatch", 1, 0)]);
    assert_eq!(parts(&found[0]), [Part::Agent]);
}

/// Trust as people make it by hand: a key pair a node, each node grants all.
fn by_hand() -> Case {
    let mut case = healthy(3);
    let granted: String = (0..3).map(|node| format!("{}\n", host_key(100 + node))).collect();
    for node in 0..3 {
        file(&mut case, node, "authorized_keys", ".ssh/authorized_keys", granted.as_bytes());
        let key = Some(host_key(100 + node));
        case.seen_mut(node).keys.own.insert("rsa", OwnKey { private: key.clone(), public: key });
    }
    case
}

#[test]
fn trust_that_was_made_by_hand() {
    let mut case = by_hand();
    assert_eq!(find(&case), []);
    // One line is gone.
    let left = format!("{}\n{}\n", host_key(101), host_key(102));
    file(&mut case, 1, "authorized_keys", ".ssh/authorized_keys", left.as_bytes());
    case.break_pair(0, 1, Cause::KeyRefused, REFUSED);
    let found = find(&case);
    assert_eq!(short(&found), [("key-mismatch", 1, 1)]);
    assert_eq!((found[0].about, parts(&found[0])), (Some(0), vec![Part::Authorize(host_key(100))]));
    // A node has a new key, which nobody knows.
    let mut case = by_hand();
    let new = Some(host_key(200));
    case.seen_mut(2).keys.own.insert("rsa", OwnKey { private: new.clone(), public: new });
    case.break_pair(2, 0, Cause::KeyRefused, REFUSED);
    case.break_pair(2, 1, Cause::KeyRefused, REFUSED);
    let found = find(&case);
    assert_eq!(short(&found), [("key-mismatch", 2, 2)]);
    assert_eq!(found[0].cures.iter().map(|cure| cure.node).collect::<Vec<_>>(), [0, 1]);
    // Private and public file of two pairs.
    let mut case = by_hand();
    case.seen_mut(2).keys.own.get_mut("rsa").unwrap().private = Some(host_key(200));
    case.break_pair(2, 0, Cause::KeyRefused, REFUSED);
    assert_eq!(short(&find(&case)), [("key-mismatch", 2, 1)]);
    // No key at all.
    let mut case = by_hand();
    case.seen_mut(2).keys.own.clear();
    case.break_pair(2, 0, Cause::KeyRefused, REFUSED);
    assert_eq!(short(&find(&case)), [("key-mismatch", 2, 1)]);
}

#[test]
fn agents() {
    type Change = fn(&mut crate::observe::AgentState);
    let cases: [(Change, &str, Cause); 4] = [
        (|agent| *agent = Default::default(), "No such file or directory", Cause::KeyRefused),
        (|agent| (agent.alive, agent.keys) = (false, Vec::new()), "Connection refused", Cause::KeyRefused),
        (
            |agent| (agent.alive, agent.hangs, agent.keys) = (false, true, Vec::new()),
            "no answer",
            Cause::Hung,
        ),
        (|agent| agent.keys.clear(), "no identities", Cause::AgentUseless),
    ];
    for (change, wanted, cause) in cases {
        let (mut case, _) = cluster();
        change(&mut case.seen_mut(1).state.agent);
        case.break_pair(1, 0, cause, "");
        case.break_pair(1, 2, Cause::TimedOut, "");
        let found = find(&case);
        assert_eq!(short(&found), [("agent-dead", 1, 1)], "{wanted}");
        assert!(said(&found[0]).contains(wanted), "{}", said(&found[0]));
        assert_eq!(parts(&found[0]), [Part::Agent]);
        let runs = found[0].cures.iter().filter(|cure| cure.healing == Healing::Run).count();
        assert_eq!(runs, usize::from(wanted == "no answer"));
        case.seen_mut(1).keys.stopped = true;
        assert_eq!(hands(&find(&case)[0]), [ByHand::Judgement]);
        case.preflight = true;
        assert_eq!(find(&case), []);
    }
}

#[test]
fn what_leads_to_the_agent() {
    let (mut case, _) = cluster();
    file(&mut case, 1, "config", ".ssh/config", b"Host x\n");
    assert_eq!(parts(&find(&case)[0]), [Part::Config]);
    let exports = |text: &str, found: &str| {
        let (mut case, _) = cluster();
        file(&mut case, 1, "bashrc", ".bashrc", text.as_bytes());
        case.seen_mut(1).keys.sock = Some(found.to_owned());
        find(&case).iter().map(|finding| (parts(finding), said(finding))).collect::<Vec<_>>()
    };
    let ours = format!("export SSH_AUTH_SOCK=/root/{AGENT_SOCKET}\nexport SSH_AGENT_PID=7\n");
    let guarded = format!("[ -n \"$PS1\" ] || return\n{ours}");
    assert_eq!(exports("# empty\n", "")[0].0, [Part::Profile]);
    assert!(exports(&guarded, "")[0].1.contains("not reached"));
    assert!(exports(&ours.replace("/root", "/old"), "/old")[0].1.contains("SSH_AUTH_SOCK is /old"));
    // A word in the file that does no harm, and what the user does after our lines.
    assert_eq!(exports(&guarded, &format!("/root/{AGENT_SOCKET}")), []);
    assert_eq!(exports(&format!("{ours}SSH_AUTH_SOCK=/mine\n"), "/mine"), []);
}

#[test]
fn what_brings_the_agent_back() {
    let with = |change: fn(&mut KeepaliveState)| {
        let (mut case, _) = cluster();
        change(case.seen_mut(1).state.keepalive.as_mut().unwrap());
        find(&case)
    };
    let changes: [fn(&mut KeepaliveState); 4] = [
        |k| k.entries.clear(),
        |k| k.cron = Some(false),
        |k| k.program = None,
        |k| {
            k.refused = "You (omm) are not allowed to use this program".to_owned();
            k.entries
                .insert("crontab".to_owned(), Entry { kind: EntryKind::Unreadable, ..Entry::absent("") });
        },
    ];
    for change in changes {
        let found = with(change);
        assert_eq!(short(&found), [("keepalive-missing", 1, 0)]);
        assert_eq!(parts(&found[0]), [Part::Keepalive]);
    }
    // A cluster that was set up without.
    let (mut case, _) = cluster();
    for node in 0..4 {
        case.seen_mut(node).state.keepalive =
            Some(KeepaliveState { cron: Some(false), ..KeepaliveState::default() });
    }
    assert_eq!(find(&case), []);
}

#[test]
fn logind_ends_the_agent() {
    let (mut case, _) = cluster();
    let evidence = case.seen_mut(1);
    evidence.state.keepalive.as_mut().unwrap().kills = true;
    assert_eq!(find(&case), [], "root is spared");
    let evidence = case.seen_mut(1);
    evidence.state.uid = 1000;
    let found = find(&case);
    assert_eq!(short(&found), [("agent-killed-at-logout", 1, 0)]);
    assert_eq!(found[0].cures[0].commands[0].undo.as_deref(), Some("loginctl disable-linger 'root'"));
    let evidence = case.seen_mut(1);
    evidence.keys.spared.except = vec!["root".to_owned()];
    assert_eq!(find(&case), []);
    let evidence = case.seen_mut(1);
    evidence.keys.spared.except.clear();
    evidence.state.keepalive.as_mut().unwrap().linger = Linger::On;
    assert_eq!(find(&case), []);
}

#[test]
fn keys_where_sshd_does_not_look() {
    let (mut case, key) = cluster();
    let evidence = case.seen_mut(2);
    evidence.rights.settings.keys_files = Some(vec![".ssh/other".to_owned()]);
    evidence.rights.key_files = vec![KeysFile { path: "/root/.ssh/other".to_owned(), real: None }];
    case.break_column(2, &Cause::KeyRefused, REFUSED);
    let found = find(&case);
    assert_eq!(short(&found), [("authorized-keys-elsewhere", 2, 3)]);
    assert_eq!(parts(&found[0]), [Part::Authorize(key)]);
    let (mut case, _) = cluster();
    case.break_column(2, &Cause::KeyRefused, REFUSED);
    let evidence = case.seen_mut(2);
    evidence.rights.settings.revoked_keys = Some("/etc/ssh/revoked".to_owned());
    assert_eq!(find(&case), []);
    for (revoked, why) in [(Revoked::Unreadable, ByHand::Security), (Revoked::Listed, ByHand::Revoked)] {
        case.seen_mut(2).keys.revoked = revoked;
        let found = find(&case);
        assert_eq!(short(&found), [("authorized-keys-elsewhere", 2, 3)]);
        assert_eq!(hands(&found[0]), [why]);
    }
}

#[test]
fn limits() {
    let (mut case, _) = cluster();
    let evidence = case.seen_mut(1);
    evidence.state.home = format!("/{}", "x".repeat(100));
    evidence.state.agent = Default::default();
    evidence.keys.sock = None;
    case.break_pair(1, 0, Cause::KeyRefused, REFUSED);
    assert_eq!(short(&find(&case)), [("socket-path-too-long", 1, 1)]);
    let (mut case, _) = cluster();
    case.seen_mut(1).state.ssh.fips = true;
    assert_eq!(find(&case), []);
    case.seen_mut(1).state.agent.keys.clear();
    case.break_pair(1, 0, Cause::Other, "ED25519 keys are not allowed in FIPS mode");
    assert_eq!(short(&find(&case)), [("fips-no-ed25519", 1, 1)]);
}
