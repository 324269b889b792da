//! A key of its own for each node: what a machine that was not meant gets opens nothing, and nobody loses a key to others.

use std::thread;

use lab::{Lab, Node};

use crate::before::*;
use crate::checking::check;
use crate::doctor::*;
use crate::doctor_rights::break_and_heal;
use crate::harness::*;
use crate::tools::*;

/// Copies the key and its passphrase store as soon as they appear, over and over.
const ROGUE: &str = "umask 077; mkdir -p /var/lib/loot; until [ -e /var/lib/enough ]; do \
    cp -f ~/.ssh/id_om /var/lib/loot/ 2>/dev/null; cp -rf ~/gaussdb_tmp/ssh_protect /var/lib/loot/ 2>/dev/null; \
    sleep 0.1; done";

/// A machine that answers at the address of a node to be added, and keeps all that it is given.
fn add_a_rogue(lab: &Lab, mode: &str) -> Run {
    let (old, rogue) = ([lab.node(0), lab.node(1)], lab.node(2));
    run(old[0], "root", &hostfile(&old), &["--keys", mode], &format!("{PASSWORD}\n")).must_succeed();
    let before = Before::of(&old);
    thread::scope(|scope| {
        let looting = scope.spawn(move || sh(rogue, "root", ROGUE));
        // It lets the others in no more once it has what it wants, so the proof fails.
        rogue.drop_from(old[1].ip(), 22).unwrap();
        let run = run(old[0], "root", &hostfile(&all(lab)), &[], &format!("{PASSWORD}\n"));
        sh(rogue, "root", "touch /var/lib/enough");
        looting.join().unwrap();
        before.must_have_same_bytes(&old);
        run.must_fail_with(&["[GAUSS-51100]", "All nodes were put back as they were."])
    })
}

/// What the key that was looted opens.
fn opened_with_loot(lab: &Lab) -> Vec<String> {
    let rogue = lab.node(2);
    let phrase = crate::store::passphrase_in(rogue, "/var/lib/loot/ssh_protect");
    sh(rogue, "root", &format!("ssh-keygen -q -p -P '{phrase}' -N '' -f /var/lib/loot/id_om >/dev/null"));
    let opens = |node: &&Node| {
        let call = format!(
            "ssh -n -F none -i /var/lib/loot/id_om -o IdentitiesOnly=yes -o IdentityAgent=none -o BatchMode=yes \
             -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null {} true",
            node.ip()
        );
        rogue.sh("root", &call).unwrap().status.success()
    };
    [lab.node(0), lab.node(1)].into_iter().filter(opens).map(|node| node.name().to_owned()).collect()
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn a_machine_that_was_not_meant_gets_nothing_that_opens_a_node() {
    let lab = impatient_cluster(3);
    let run = add_a_rogue(&lab, "per-node");
    assert!(
        run.stderr.contains(
            "A private key of its own had been on ['10.77.0.3'] meanwhile. No node lets it in any more"
        ),
        "{}",
        run.stderr
    );
    assert_eq!(opened_with_loot(&lab), Vec::<String>::new());
    must_trust(&[lab.node(0), lab.node(1)], "root", true);
    // The old form is what it always was, and the screen says what it means.
    let lab = impatient_cluster(3);
    let run = add_a_rogue(&lab, "shared");
    assert!(
        run.stderr
            .contains("The cluster's private key, locked with its passphrase, had been on ['10.77.0.3']"),
        "{}",
        run.stderr
    );
    assert_eq!(opened_with_loot(&lab), ["node1", "node2"], "else this test could not fail");
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn every_node_has_its_own_key_and_none_has_anothers() {
    let lab = cluster(3);
    let nodes = all(&lab);
    for user in ["root", "omm"] {
        run(nodes[0], user, &hostfile(&nodes), &[], &format!("{PASSWORD}\n")).must_succeed();
        must_trust(&nodes, user, user == "root");
        let public: Vec<String> =
            nodes.iter().map(|node| text(node, &at_home(user, ".ssh/id_om.pub")).trim().to_owned()).collect();
        let mut lines: Vec<String> = public.iter().map(|key| format!("{key} #OM")).collect();
        lines.sort();
        for (node, key) in nodes.iter().zip(&public) {
            let private = text(node, &at_home(user, ".ssh/id_om"));
            let elsewhere = nodes.iter().filter(|other| other.name() != node.name());
            for other in elsewhere {
                let line = private.lines().nth(5).unwrap();
                let found = sh(other, "root", &format!("grep -rlF '{line}' {} || true", home(user)));
                assert_eq!(found, "", "{} has the key of {}", other.name(), node.name());
            }
            let held = sh(node, user, "SSH_AUTH_SOCK=~/gaussdb_tmp/gauss_socket_tmp ssh-add -L");
            assert_eq!(held.trim(), key);
            let mut there: Vec<String> =
                text(node, &at_home(user, ".ssh/authorized_keys")).lines().map(str::to_owned).collect();
            there.sort();
            assert_eq!(there, lines);
        }
        let (document, status) = doctor(&lab, user, ASK_NOBODY, "");
        assert_eq!((findings(&lab, &document), status), (Vec::new(), Some(0)), "{document:#}");
        assert_eq!(check(&lab, user, ASK_NOBODY, "").1, Some(0));
    }
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn a_lost_key_of_a_node_is_made_anew_and_all_let_it_in() {
    let lab = cluster(3);
    let nodes = all(&lab);
    let keys = || nodes.iter().map(|node| text(node, "/root/.ssh/id_om.pub")).collect::<Vec<_>>();
    run(nodes[0], "root", &hostfile(&nodes), &[], &format!("{PASSWORD}\n")).must_succeed();
    let old = keys();
    let other = "rm -f /tmp/k*; ssh-keygen -q -t ed25519 -N '' -f /tmp/k; cp /tmp/k .ssh/id_om; cp /tmp/k.pub .ssh/id_om.pub";
    let lost = "rm .ssh/id_om .ssh/id_om.pub; pkill -x ssh-agent";
    for lose in [lost, &format!("{other}; pkill -x ssh-agent"), "rm .ssh/id_om.pub"] {
        break_and_heal(&lab, "root", &[(1, lose)], &[("key-mismatch", 1)]);
        must_trust(&nodes, "root", true);
    }
    let new = keys();
    assert_eq!((&new[0], &new[2]), (&old[0], &old[2]), "the others keep theirs");
    assert_ne!(new[1], old[1]);
    // The set-up then changes nothing.
    let again = run(nodes[0], "root", &hostfile(&nodes), &[], "").must_succeed();
    assert!(!again.asked());
    assert_eq!(keys(), new);
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn a_shared_key_gives_way_to_own_keys_and_back_and_a_plain_run_changes_neither() {
    let lab = cluster(3);
    let nodes = all(&lab);
    let keys = || {
        let mut keys: Vec<String> = nodes.iter().map(|node| text(node, "/root/.ssh/id_om.pub")).collect();
        keys.sort();
        keys.dedup();
        keys
    };
    set_up_with(&lab, "root", &["--keys", "shared"]);
    let mut before = keys();
    for (mode, count) in [("per-node", 3), ("shared", 1)] {
        let run = set_up_with(&lab, "root", &["--keys", mode]);
        assert!(!run.asked());
        must_trust(&nodes, "root", true);
        let now = keys();
        assert_eq!(now.len(), count, "{mode}");
        let gone: Vec<&String> = before.iter().filter(|key| !now.contains(key)).collect();
        for node in &nodes {
            let lines = text(node, "/root/.ssh/authorized_keys");
            assert_eq!(lines.lines().count(), count, "{lines}");
            assert!(gone.iter().all(|key| !lines.contains(key.trim())), "{lines}");
        }
        assert!(!run_again(&nodes).asked());
        assert_eq!(keys(), now, "a plain run keeps what was asked for");
        before = now;
    }
}

fn run_again(nodes: &[&Node]) -> Run {
    run(nodes[0], "root", &hostfile(nodes), &[], "").must_succeed()
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn a_run_over_parts_of_two_clusters_takes_no_key_away() {
    for mode in ["shared", "per-node"] {
        let lab = cluster(4);
        let nodes = all(&lab);
        for pair in nodes.chunks(2) {
            run(pair[0], "root", &hostfile(pair), &["--keys", mode], &format!("{PASSWORD}\n")).must_succeed();
        }
        let middle = [nodes[1], nodes[2]];
        let before = Before::of(&middle);
        let merged = run(nodes[1], "root", &hostfile(&middle), &[], &format!("{PASSWORD}\n"));
        if mode == "shared" {
            merged.must_fail_with(&[
                "10.77.0.3 would get another key, and its key also makes trust with 10.77.0.4",
                "Nothing was changed.",
            ]);
            before.must_have_same_bytes(&middle);
            run(nodes[1], "root", &hostfile(&middle), &["--keys", "per-node"], &format!("{PASSWORD}\n"))
                .must_succeed();
        } else {
            merged.must_succeed();
        }
        // Also after the next start of their agents.
        for node in &nodes {
            sh(node, "root", "pkill -x ssh-agent; gaussdb_tmp/bin/gs_sshexkey agent start >/dev/null");
        }
        for pair in [[0, 1], [1, 2], [2, 3]] {
            must_trust(&pair.map(|place| nodes[place]), "root", false);
        }
    }
}
