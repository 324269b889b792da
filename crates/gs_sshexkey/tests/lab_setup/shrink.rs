//! `shrink` on real nodes: a node that left can reach nobody, with all that it has, and leaves no record.

use lab::{Lab, Node};
use serde_json::Value;

use crate::harness::*;
use crate::killed::Rounds;
use crate::revoking::{Stolen, Untrusted};
use crate::revoking_others::their_trust;
use crate::rotate::*;
use crate::saved::*;
use crate::tools::*;

/// Runs `shrink` over these nodes; nobody is there to be asked.
fn shrink(on: &Node, user: &str, nodes: &[&Node], gone: &str, flags: &[&str]) -> Run {
    let flags = [&["shrink", "--remove", gone, "--no-password"], flags].concat();
    run(on, user, &hostfile(nodes), &flags, "")
}

#[track_caller]
fn must_shrink(on: &Node, user: &str, nodes: &[&Node], gone: &str, flags: &[&str]) -> String {
    let run = shrink(on, user, nodes, gone, &[&["--yes"], flags].concat());
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""), "{}\n{}", run.stdout, run.stderr);
    run.stdout
}

/// No file of these nodes knows the one that left: by address, name or host key.
#[track_caller]
fn must_not_know(nodes: &[&Node], user: &str, gone: &Node) {
    let key = sh(gone, "root", "cut -d' ' -f2 /etc/ssh/ssh_host_ed25519_key.pub");
    for (node, trace) in nodes.iter().flat_map(|node| {
        [gone.ip().to_string(), gone.name().to_owned(), key.trim().to_owned()].map(|trace| (node, trace))
    }) {
        let mapping = if user == "root" { "/etc/hosts" } else { "" };
        let found =
            sh(node, "root", &format!("grep -rwlF -- '{trace}' {}/.ssh {mapping} || true", home(user)));
        assert_eq!(found, "", "{} knows {trace}", node.name());
    }
}

/// A node that is alive leaves, in one mode: it keeps a copy of its key.
fn one_that_is_alive_leaves(lab: &Lab, user: &str) {
    let nodes = all(lab);
    let (stay, gone) = (&nodes[..3], nodes[3]);
    let fresh = Untrusted::of(&nodes[3..]);
    set_up(lab, user);
    let (old, theirs) = (keys(stay, user), keys(&nodes[3..], user));
    let stolen = Stolen::from(gone, user, &nodes);
    let before = snapshots(&nodes);
    let dry = shrink(nodes[0], user, &nodes, "10.77.0.4", &["--dry-run"]);
    assert_eq!(dry.code, Some(0), "{}\n{}", dry.stdout, dry.stderr);
    assert!(
        dry.stdout.contains("==> 10.77.0.4") && dry.stdout.contains("Nothing was changed."),
        "{}",
        dry.stdout
    );
    // A node that stays is dead, or is not named: nothing is begun.
    nodes[1].stop_sshd().unwrap();
    assert_eq!(shrink(nodes[0], user, &nodes, "10.77.0.4", &["--yes"]).code, Some(1));
    nodes[1].start_sshd().unwrap();
    let part = shrink(nodes[0], user, &[nodes[0], nodes[1], nodes[3]], "10.77.0.4", &["--yes"]);
    assert!(part.code == Some(1) && part.stderr.contains("10.77.0.3"), "{}\n{}", part.stdout, part.stderr);
    must_be_unchanged(&nodes, &before);
    let screen = must_shrink(nodes[0], user, &nodes, "10.77.0.4", &[]);
    for text in ["works: 9 pairs; refused: 3 of 3\n", "Nothing of the trust is left there:\n  10.77.0.4"] {
        assert!(screen.contains(text), "no {text} in {screen}");
    }
    assert!(screen.ends_with("holds from now on:\n10.77.0.1\n10.77.0.2\n10.77.0.3\n"), "{screen}");
    must_trust(stay, user, user == "root");
    stolen.must_be_refused_by(&nodes);
    must_be_nowhere(stay, user, &theirs);
    if user == "root" {
        assert!(keys(stay, user) != old, "all share a key, which the one that left has");
    } else {
        assert_eq!(keys(stay, user), old, "with keys of their own nobody needs another");
    }
    must_not_know(stay, user, gone);
    // With all that it has: agents, files, whatever.
    let called = broken_calls(gone, user, &addresses(stay));
    let failed = called.iter().filter(|line| line.contains(": sourced: ") || line.contains(": bare: "));
    assert_eq!(failed.count(), 6, "{called:?}");
    fresh.must_be_back(&nodes[3..]);
    must_stay_as_it_is(nodes[0], user, stay);
    // A second run has nothing to do, and changes no key.
    let after = keys(stay, user);
    let sampled = must_shrink(nodes[0], user, &nodes, "10.77.0.4", &["--verify", "sample:0", "--seed", "5"]);
    assert!(sampled.contains("Sampled: 6 of 9 pairs (--seed 5 "), "{sampled}");
    assert_eq!(keys(stay, user), after);
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn a_node_that_is_alive_leaves_and_another_comes_to_its_address() {
    let lab = cluster(4);
    let nodes = all(&lab);
    for user in ["root", "omm"] {
        one_that_is_alive_leaves(&lab, user);
        // Another machine: other host keys.
        let reborn = "rm /etc/ssh/ssh_host_*; ssh-keygen -qA";
        nodes[3].stop_sshd().unwrap();
        sh(nodes[3], "root", reborn);
        nodes[3].start_sshd().unwrap();
        set_up_with(&lab, user, &[]);
        must_trust(&nodes, user, user == "root");
    }
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn a_node_that_is_dead_leaves_in_both_modes() {
    let lab = cluster(3);
    let nodes = all(&lab);
    let stay = &nodes[..2];
    for user in ["root", "omm"] {
        set_up(&lab, user);
        let stolen = Stolen::from(nodes[2], user, &nodes);
        let theirs = keys(&nodes[2..], user);
        nodes[2].stop_sshd().unwrap();
        let run = shrink(nodes[0], user, &nodes, "@/tmp/nowhere", &["--yes", "--json"]);
        assert_eq!(run.code, Some(2), "there is no such file: {}", run.stderr);
        nodes[0].write("/tmp/gone", b"10.77.0.3\n", 0o644, user).unwrap();
        let run = shrink(nodes[0], user, &nodes, "@/tmp/gone", &["--yes", "--json"]);
        assert_eq!(run.code, Some(0), "{}\n{}", run.stdout, run.stderr);
        let document: Value = serde_json::from_str(&run.stdout).unwrap();
        assert_eq!(document["hosts"], serde_json::json!(["10.77.0.1", "10.77.0.2"]), "{document:#}");
        assert_eq!(document["leave"][0]["not_entered"]["code"], "refused", "{document:#}");
        nodes[2].start_sshd().unwrap();
        must_trust(stay, user, user == "root");
        must_not_know(stay, user, nodes[2]);
        must_be_nowhere(stay, user, &theirs);
        stay.iter().for_each(|node| stolen.must_be_refused_by(&[*node]));
        must_stay_as_it_is(nodes[0], user, stay);
    }
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn a_kept_key_is_warned_of_and_trust_of_their_tool_shrinks_too() {
    let lab = cluster(3);
    let nodes = all(&lab);
    set_up(&lab, "root");
    let old = keys(&nodes, "root");
    let screen = must_shrink(nodes[0], "root", &nodes, "10.77.0.3", &["--keep-key"]);
    for text in ["WARNING: --keep-key: ", "WARNING: the key was kept.", "gs_sshexkey rotate"] {
        assert!(screen.contains(text), "no {text} in {screen}");
    }
    assert_eq!(keys(&nodes[..2], "root"), old);
    must_trust(&nodes[..2], "root", true);
    must_not_know(&nodes[..2], "root", nodes[2]);
    their_trust(&nodes, "omm");
    let stolen = Stolen::from(nodes[2], "omm", &nodes);
    must_shrink(nodes[0], "omm", &nodes, "10.77.0.3", &[]);
    stolen.must_be_refused_by(&nodes);
    must_trust(&nodes[..2], "omm", false);
    must_not_know(&nodes[..2], "omm", nodes[2]);
    let own = shrink(nodes[1], "omm", &nodes[..2], "10.77.0.2", &["--yes"]);
    assert_eq!(own.code, Some(2), "{}", own.stdout);
    assert!(own.stderr.contains("Run it from a node that stays, such as 10.77.0.1."), "{}", own.stderr);
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn a_shrinking_that_is_killed_breaks_no_pair_of_those_that_stay_and_the_next_run_finishes() {
    let lab = cluster(3);
    let nodes = all(&lab);
    let stay = &nodes[..2];
    set_up(&lab, "root");
    let stolen = Stolen::from(nodes[2], "root", &nodes);
    let words = ["shrink", "--hosts", "10.77.0.[1-3]", "--remove", "10.77.0.3", "--yes", "--no-password"];
    let rounds = std::cell::Cell::new(0);
    Rounds::of(&nodes, &words, "").of_the_first(2).at_kept_stages(|_, when| {
        // From any node that stays.
        let next = shrink(nodes[rounds.get() % 2], "root", &nodes, "10.77.0.3", &["--yes"]);
        assert_eq!(next.code, Some(0), "{when}:\n{}\n{}\n{}", next.stdout, next.stderr, report(&nodes));
        rounds.set(rounds.get() + 1);
        must_not_know(stay, "root", nodes[2]);
        stolen.must_be_refused_by(stay);
        must_finish(stay, &[], when);
    });
    assert!(rounds.get() > 2, "it was killed {} times", rounds.get());
}
