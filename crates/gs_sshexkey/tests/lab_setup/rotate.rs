//! `rotate` on real nodes: every pair works all the time, and the old key, in hand, opens nothing afterwards.

use std::process::{Child, Stdio};

use serde_json::Value;

use lab::Node;

use crate::before::*;
use crate::harness::*;
use crate::killed::Rounds;
use crate::revoking::Stolen;
use crate::revoking_others::their_trust;
use crate::saved::*;
use crate::tools::*;

/// Runs `rotate` over these nodes; nobody is there to be asked.
pub(crate) fn rotate(on: &Node, user: &str, nodes: &[&Node], flags: &[&str]) -> Run {
    let flags = [&["rotate", "--no-password"], flags].concat();
    run(on, user, &hostfile(nodes), &flags, "")
}

/// The keys must be replaced, and the old ones refused; the screen.
#[track_caller]
fn must_rotate(on: &Node, user: &str, nodes: &[&Node], flags: &[&str]) -> String {
    let run = rotate(on, user, nodes, &[&["--yes"], flags].concat());
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""), "{}\n{}", run.stdout, run.stderr);
    let (count, pairs) = (nodes.len(), nodes.len() * nodes.len());
    for text in [
        format!("The keys of {user} are replaced: {count} nodes.\n"),
        format!("works: {pairs} pairs; refused: {count} of {count}\n"),
    ] {
        assert!(run.stdout.contains(&text), "no {text} in {}", run.stdout);
    }
    run.stdout
}

/// The public keys that nodes come with, each once.
pub(crate) fn keys(nodes: &[&Node], user: &str) -> Vec<String> {
    let mut keys: Vec<String> =
        nodes.iter().map(|node| text(node, &at_home(user, ".ssh/id_om.pub")).trim().to_owned()).collect();
    keys.sort();
    keys.dedup();
    keys
}

/// No file and no agent of the nodes has one of these public keys.
#[track_caller]
pub(crate) fn must_be_nowhere(nodes: &[&Node], user: &str, old: &[String]) {
    for (node, key) in nodes.iter().flat_map(|node| old.iter().map(move |key| (node, key))) {
        let blob = key.split(' ').nth(1).unwrap();
        let found = sh(node, "root", &format!("grep -rlF '{blob}' {} || true", home(user)));
        assert_eq!(found, "", "{}", node.name());
        let held = sh(node, user, "SSH_AUTH_SOCK=~/gaussdb_tmp/gauss_socket_tmp ssh-add -L");
        assert!(!held.contains(blob), "{}: {held}", node.name());
    }
}

/// A plain run of an installer afterwards asks nothing and changes nothing.
#[track_caller]
pub(crate) fn must_stay_as_it_is(on: &Node, user: &str, nodes: &[&Node]) {
    let before = snapshots(nodes);
    assert!(!run(on, user, &hostfile(nodes), &[], "").must_succeed().asked());
    must_be_unchanged(nodes, &before);
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn the_old_key_in_hand_opens_nothing_and_a_plain_run_changes_nothing() {
    let lab = cluster(3);
    let nodes = all(&lab);
    let none = rotate(nodes[0], "root", &nodes, &["--yes", "--password-file", "/dev/null"]);
    assert_eq!(none.code, Some(2), "{}\n{}", none.stdout, none.stderr);
    for user in ["root", "omm"] {
        set_up(&lab, user);
        let old = keys(&nodes, user);
        let stolen = Stolen::from(nodes[0], user, &nodes);
        // A look writes nothing, and neither does a run that nobody agreed to.
        let before = snapshots(&nodes);
        let dry = rotate(nodes[1], user, &nodes, &["--dry-run"]);
        assert_eq!(dry.code, Some(0), "{}\n{}", dry.stdout, dry.stderr);
        assert!(
            dry.stdout.contains("==> 10.77.0.3") && dry.stdout.contains("Nothing was changed."),
            "{}",
            dry.stdout
        );
        assert!(!dry.stdout.contains("PRIVATE KEY"), "{}", dry.stdout);
        assert_eq!(rotate(nodes[1], user, &nodes, &[]).code, Some(2));
        // A part of the cluster is refused, and so is one with a node that is dead.
        if user == "root" {
            let sampled = rotate(nodes[1], user, &nodes, &["--dry-run", "--verify", "sample:0"]);
            assert!(sampled.stdout.contains("a sample of the pairs"), "{}", sampled.stdout);
            assert!(!dry.stdout.contains("sample"), "{}", dry.stdout);
            let part = rotate(nodes[0], user, &nodes[..2], &["--yes"]);
            assert_eq!(part.code, Some(1), "{}", part.stdout);
            assert!(part.stderr.contains("its key also makes trust with 10.77.0.3"), "{}", part.stderr);
        }
        nodes[2].stop_sshd().unwrap();
        let dead = rotate(nodes[0], user, &nodes, &["--yes"]);
        assert_eq!(dead.code, Some(1), "{}\n{}", dead.stdout, dead.stderr);
        assert!(dead.stderr.contains("10.77.0.3"), "{}", dead.stderr);
        nodes[2].start_sshd().unwrap();
        must_be_unchanged(&nodes, &before);
        let document = rotate(nodes[1], user, &nodes, &["--yes", "--json"]);
        assert_eq!((document.code, document.stderr.as_str()), (Some(0), ""), "{}", document.stdout);
        let document: Value = serde_json::from_str(&document.stdout).unwrap();
        let counts = serde_json::json!({ "nodes": 3, "pairs": 9, "sampled": null, "tried": 3, "refused": 3 });
        assert_eq!((&document["counts"], &document["done"]), (&counts, &true.into()), "{document:#}");
        let new = keys(&nodes, user);
        assert!(new.len() == old.len() && !old.iter().any(|key| new.contains(key)), "{old:?} {new:?}");
        must_trust(&nodes, user, user == "root");
        stolen.must_be_refused_by(&nodes);
        must_be_nowhere(&nodes, user, &old);
        must_stay_as_it_is(nodes[0], user, &nodes);
    }
    // From one key for all to keys of their own, and back.
    for (mode, count) in [("per-node", 3), ("shared", 1)] {
        let old = keys(&nodes, "root");
        let stolen = Stolen::from(nodes[2], "root", &nodes);
        must_rotate(nodes[2], "root", &nodes, &["--keys", mode, "--key-type", "ecdsa"]);
        assert_eq!(keys(&nodes, "root").len(), count, "{mode}");
        must_trust(&nodes, "root", true);
        stolen.must_be_refused_by(&nodes);
        must_be_nowhere(&nodes, "root", &old);
        must_stay_as_it_is(nodes[0], "root", &nodes);
    }
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn where_there_is_no_trust_it_says_to_set_it_up_and_trust_of_their_tool_is_replaced() {
    let lab = cluster(3);
    let nodes = all(&lab);
    let flags = ["rotate", "--yes"];
    let before = snapshots(&nodes);
    let none = run(nodes[0], "omm", &hostfile(&nodes), &flags, &format!("{PASSWORD}\n"));
    assert_eq!(none.code, Some(1), "{}\n{}", none.stdout, none.stderr);
    assert!(none.stderr.contains("Set trust up first: gs_sshexkey -f HOSTFILE."), "{}", none.stderr);
    must_be_unchanged(&nodes, &before);
    their_trust(&nodes, "omm");
    let (old, stolen) = (keys(&nodes, "omm"), Stolen::from(nodes[0], "omm", &nodes));
    let screen = must_rotate(nodes[0], "omm", &nodes, &[]);
    assert!(screen.contains("All nodes share one key, now and afterwards."), "{screen}");
    stolen.must_be_refused_by(&nodes);
    must_trust(&nodes, "omm", false);
    must_be_nowhere(&nodes, "omm", &old);
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn a_rotation_that_is_killed_breaks_no_pair_and_the_next_run_finishes() {
    let lab = cluster(3);
    let nodes = all(&lab);
    set_up(&lab, "root");
    let words = ["rotate", "-f", "/tmp/hostfile", "--yes", "--no-password"];
    let (finished, rounds) = (std::cell::Cell::new(0), std::cell::Cell::new(0));
    Rounds::of(&nodes, &words, "").at_kept_stages(|_, when| {
        let standing = keys(&nodes, "root");
        rounds.set(rounds.get() + 1);
        // An installer's plain run finishes it too.
        if rounds.get() % 3 == 2 {
            return must_finish(&nodes, &[], when);
        }
        let next = rotate(nodes[1], "root", &nodes, &["--yes"]);
        assert_eq!(next.code, Some(0), "{when}:\n{}\n{}", next.stdout, next.stderr);
        let finishes = next.stdout.contains("It is finished: no other key is made");
        assert_eq!(finishes, keys(&nodes, "root") == standing, "{when}:\n{}", next.stdout);
        finished.set(finished.get() + usize::from(finishes));
        must_finish(&nodes, &[], when);
    });
    assert!(finished.get() > 0, "no round was cut off where only the old lines were left");
}

/// A node that logs in to its neighbour twice a second, all the time, and writes down what came of it.
fn logs_in(node: &Node, to: &Node) -> Child {
    let script = format!(
        "rm -f /tmp/enough /tmp/logins; while [ ! -e /tmp/enough ]; do \
         said=$(ssh -n -o BatchMode=yes -o StrictHostKeyChecking=yes -o ConnectTimeout=60 {} true 2>&1) && said=in; \
         echo \"$said\" >>/tmp/logins; sleep 0.5; done",
        to.ip()
    );
    let mut command = node.command("root");
    command.args(["sh", "-c", &script]).stdin(Stdio::null()).stdout(Stdio::null());
    command.spawn().unwrap()
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn not_one_login_fails_while_the_keys_of_all_are_replaced() {
    // Thirty where there is time for it (`cargo xtask test --scale`).
    let size = if std::env::var_os("GS_SSHEXKEY_TEST_SCALE").is_some() { 30 } else { 4 };
    let lab = cluster(size);
    let nodes = all(&lab);
    set_up(&lab, "root");
    let mut callers: Vec<Child> =
        (0..size).map(|from| logs_in(nodes[from], nodes[(from + 1) % size])).collect();
    let logins = |node: &Node| node.sh("root", "cat /tmp/logins").unwrap().stdout;
    let have_logged_in = |times: usize| nodes.iter().all(|node| logins(node).lines().count() >= times);
    assert!(wait_until(|| have_logged_in(1)));
    // From one key for all to keys of their own, and from those to others.
    must_rotate(nodes[0], "root", &nodes, &["--keys", "per-node"]);
    must_rotate(nodes[size - 1], "root", &nodes, &[]);
    let before = nodes.iter().map(|node| logins(node).lines().count()).max().unwrap();
    assert!(wait_until(|| have_logged_in(before + 2)));
    for (node, caller) in nodes.iter().zip(&mut callers) {
        sh(node, "root", "touch /tmp/enough");
        assert!(caller.wait().unwrap().success());
        let said = logins(node);
        let failed: Vec<&str> = said.lines().filter(|line| *line != "in").collect();
        assert!(failed.is_empty(), "{}: {failed:?}", node.name());
    }
}
