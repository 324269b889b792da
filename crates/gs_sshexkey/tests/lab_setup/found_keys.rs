//! Keys that are found: on the coordinator, to log in with; on the nodes, to be kept or replaced.

use lab::{Lab, Node};

use crate::checking::check;
use crate::harness::*;
use crate::tools::*;

/// Sshd takes keys only.
const KEYS_ONLY: &str = "PasswordAuthentication no\nKbdInteractiveAuthentication no\n";

/// What cloud-init puts before root's keys.
const CLOUD: &str = "no-port-forwarding,no-agent-forwarding,no-X11-forwarding,command=\"echo 'Please login as the user \
                     \\\"debian\\\" rather than the user \\\"root\\\".';echo;sleep 10;exit 142\"";

/// Makes an identity of root's on a node with these words of ssh-keygen(1); its public half and its fingerprint.
fn identity(on: &Node, name: &str, words: &str) -> (String, String) {
    let made = sh(
        on,
        "root",
        &format!(
            "mkdir -pm 700 ~/.ssh && ssh-keygen -q -C me -f ~/.ssh/{name} {words} && \
             ssh-keygen -lf ~/.ssh/{name}.pub | cut -d' ' -f2 && cat ~/.ssh/{name}.pub"
        ),
    );
    let (fingerprint, public) = made.split_once('\n').unwrap();
    (public.trim().to_owned(), fingerprint.to_owned())
}

/// Lets a key in, with options before it.
fn let_key_in(node: &Node, options: &str, public: &str) {
    let line = if options.is_empty() { format!("{public}\n") } else { format!("{options} {public}\n") };
    let old = node.read("/root/.ssh/authorized_keys").unwrap_or_default();
    sh(node, "root", "mkdir -pm 700 ~/.ssh");
    node.write("/root/.ssh/authorized_keys", &[old.as_slice(), line.as_bytes()].concat(), 0o600, "root")
        .unwrap();
}

fn set_sshd(node: &Node, line: &str) {
    sh(node, "root", &format!("sed -i '1i {line}' /etc/ssh/sshd_config"));
    node.stop_sshd().unwrap();
    node.start_sshd().unwrap();
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn keys_in_the_formats_of_old_releases_open_nodes_that_take_no_password() {
    for (name, words) in [
        ("id_rsa", "-t rsa -b 2048 -m PEM -N ''"),
        ("id_rsa", "-t rsa -b 2048 -m PKCS8 -N ''"),
        ("id_ecdsa", "-t ecdsa -m PEM -N ''"),
    ] {
        let lab = Lab::up(spec(2).sshd_config_all(KEYS_ONLY)).unwrap();
        let (public, _) = identity(lab.node(0), name, words);
        let_key_in(lab.node(1), "", &public);
        let run = run(lab.node(0), "root", &hostfile(&all(&lab)), &[], "").must_succeed();
        assert!(!run.asked(), "{}", run.stdout);
        must_trust(&all(&lab), "root", true);
    }
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn keys_that_are_not_used_are_named_where_a_node_takes_no_password() {
    let lab = Lab::up(spec(2).sshd_config_all(KEYS_ONLY)).unwrap();
    let (public, _) = identity(lab.node(0), "id_ed25519", "-t ed25519 -N 'open sesame'");
    let_key_in(lab.node(1), "", &public);
    sh(lab.node(0), "root", "echo nothing >~/.ssh/id_rsa");
    let hosts = hostfile(&all(&lab));
    let failed = run(lab.node(0), "root", &hosts, &["-l", "/tmp/log"], "").must_fail_with(&[
        "10.77.0.2: the node accepts no password",
        "/root/.ssh/id_ed25519 is not used: it is locked by a passphrase",
        "/root/.ssh/id_rsa is not used: its format or type is not known",
        "ssh-add",
    ]);
    assert!(!failed.asked());
    let log = text(lab.node(0), "/tmp/log");
    assert_eq!(log.matches("][DEBUG]:/root/.ssh/id_").count(), 2, "{log}");
    // In an agent it serves, and is not named.
    let agent = "eval \"$(ssh-agent)\" >/dev/null; printf '#!/bin/sh\\necho open sesame\\n' >/tmp/ask; chmod 700 /tmp/ask; \
                 SSH_ASKPASS=/tmp/ask SSH_ASKPASS_REQUIRE=force ssh-add -q ~/.ssh/id_ed25519 </dev/null && \
                 gs_sshexkey -f /tmp/hostfile -l /tmp/log2 </dev/null; s=$?; ssh-agent -k >/dev/null; exit $s";
    sh(lab.node(0), "root", agent);
    assert!(!text(lab.node(0), "/tmp/log2").contains("locked by a passphrase"));
    must_trust(&all(&lab), "root", true);
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn a_key_with_a_forced_command_is_not_the_end() {
    let lab = cluster(2);
    let (public, fingerprint) = identity(lab.node(0), "id_ed25519", "-t ed25519 -N ''");
    let_key_in(lab.node(1), CLOUD, &public);
    let hosts = hostfile(&all(&lab));
    let before = snapshots(&all(&lab));
    // Nobody has a password.
    let failed = run(lab.node(0), "root", &hosts, &[], "");
    failed.must_fail_with(&[
        "10.77.0.2",
        &fingerprint,
        "it carries a forced command",
        "Please login as the user",
        "standard input has ended",
    ]);
    let (document, status) = check(&lab, "root", &["--no-password"], "");
    assert_eq!(document["nodes"][1]["not_entered"]["code"], "forced-command", "{document:#}");
    assert_eq!(status, Some(1), "{document:#}");
    must_be_unchanged(&all(&lab), &before);
    // The next key.
    let (second, _) = identity(lab.node(0), "id_rsa", "-t rsa -b 2048 -N ''");
    let_key_in(lab.node(1), "restrict", &second);
    let run_one = run(lab.node(0), "root", &hosts, &["--dry-run"], "");
    assert_eq!((run_one.code, run_one.asked()), (Some(0), false), "{run_one:?}");
    sh(lab.node(0), "root", "rm ~/.ssh/id_rsa");
    // The password.
    let run_two = run(lab.node(0), "root", &hosts, &[], &format!("{PASSWORD}\n")).must_succeed();
    assert!(run_two.asked(), "{}", run_two.stdout);
    must_trust(&all(&lab), "root", true);
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn a_node_that_takes_keys_with_a_forced_command_only_says_so() {
    let lab = Lab::up(spec(2).sshd_config_all(KEYS_ONLY)).unwrap();
    let (public, fingerprint) = identity(lab.node(0), "id_ed25519", "-t ed25519 -N ''");
    // One that reads what it gets.
    let_key_in(lab.node(1), "command=\"head -n 1 >/dev/null; echo backup only\"", &public);
    let failed = run(lab.node(0), "root", &hostfile(&all(&lab)), &[], "");
    failed.must_fail_with(&[
        &fingerprint,
        "it carries a forced command",
        "backup only",
        "accepts no password",
    ]);
}

/// The type of the key, which is the same everywhere and the only one.
#[track_caller]
fn key_type(lab: &Lab) -> String {
    let public = text(lab.node(0), "/root/.ssh/id_om.pub");
    for node in all(lab) {
        assert_eq!(text(node, "/root/.ssh/id_om.pub"), public);
        assert_eq!(text(node, "/root/.ssh/authorized_keys"), format!("{} #OM\n", public.trim_end()));
    }
    public.split(' ').next().unwrap().to_owned()
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn the_key_has_a_type_that_every_sshd_takes() {
    let lab =
        Lab::up(spec(3).sshd_config(1, "PubkeyAcceptedAlgorithms ecdsa-sha2-*,rsa-sha2-512\n")).unwrap();
    set_up(&lab, "root");
    assert_eq!(key_type(&lab), "ecdsa-sha2-nistp256");
    must_trust(&all(&lab), "root", true);
    // And the other way round: a key that is there and not taken any more is replaced.
    set_sshd(lab.node(1), "PubkeyAcceptedAlgorithms ssh-ed25519");
    set_up(&lab, "root");
    assert_eq!(key_type(&lab), "ssh-ed25519");
    must_trust(&all(&lab), "root", true);
    // Neither, or not the same one everywhere: told before anything is written.
    let before = snapshots(&all(&lab));
    let password = format!("{PASSWORD}\n");
    set_sshd(lab.node(1), "PubkeyAcceptedAlgorithms rsa-sha2-512");
    let failed = run(lab.node(0), "root", &hostfile(&all(&lab)), &[], &password);
    failed.must_fail_with(&["Trust would not work on 10.77.0.2", "pubkey-auth-off", "Nothing was changed."]);
    set_sshd(lab.node(1), "PubkeyAcceptedAlgorithms ssh-ed25519");
    set_sshd(lab.node(2), "PubkeyAcceptedAlgorithms ecdsa-*");
    let failed = run(lab.node(0), "root", &hostfile(&all(&lab)), &[], &password);
    failed.must_fail_with(&["Trust would not work on 10.77.0.", "pubkey-auth-off", "Nothing was changed."]);
    must_be_unchanged(&all(&lab), &before);
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn whose_key_is_kept_is_said_and_a_new_one_can_be_had() {
    let lab = cluster(3);
    let nodes = all(&lab);
    let password = format!("{PASSWORD}\n");
    let first = run(nodes[1], "root", &hostfile(&nodes[1..]), &[], &password).must_succeed();
    assert!(!first.stderr.contains("is kept"), "{}", first.stderr);
    let key =
        |node: &Node| sh(node, "root", "ssh-keygen -lf ~/.ssh/id_om.pub | cut -d' ' -f2").trim().to_owned();
    let old = key(nodes[1]);
    let grown = set_up(&lab, "root");
    let line = format!("The key of node2 (10.77.0.2) is kept for the cluster: ssh-ed25519 {old}.");
    assert!(grown.stderr.contains(&line), "{}", grown.stderr);
    assert_eq!(key(nodes[0]), old);
    let again = set_up(&lab, "root");
    assert!(!again.stderr.contains("is kept"), "it is the coordinator's own now: {}", again.stderr);
    let renewed = set_up_with(&lab, "root", &["--new-key"]);
    assert!(!renewed.stderr.contains("is kept"), "{}", renewed.stderr);
    assert_ne!(key(nodes[0]), old);
    assert_eq!(key_type(&lab), "ssh-ed25519");
    must_trust(&nodes, "root", true);
}
