//! Large clusters.

use std::time::Instant;

use crate::checking::must_be_green;
use crate::harness::*;
use crate::tools::*;

/// How many nodes a large cluster has: a hundred where there is time for it (`cargo xtask test --scale`).
fn large() -> usize {
    if std::env::var_os("GS_SSHEXKEY_TEST_SCALE").is_some() { 100 } else { 40 }
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn thirty_nodes_trust_each_other_and_known_hosts_grows_linearly() {
    let lab = cluster(30);
    let nodes = all(&lab);
    set_up(&lab, "omm");
    let types = sh(lab.node(0), "root", "ls /etc/ssh/ssh_host_*_key.pub").lines().count();
    for node in &nodes {
        let known = text(node, "/home/omm/.ssh/known_hosts");
        assert_eq!(known.lines().count(), 30 * 2 * types);
        assert_eq!(marked(&known).len(), 30 * 2 * types);
    }
    must_reach_bare(&nodes, "omm", |from| {
        let mut ring = addresses(&nodes);
        ring.rotate_left(from);
        ring
    });
    // A second run would not add a line.
    let again = run(lab.node(0), "omm", &hostfile(&nodes), &["--dry-run"], "");
    assert!(again.code == Some(0) && !again.asked(), "{again:?}");
    assert!(!again.stdout.contains("@@"), "{}", again.stdout);
    must_be_green(&lab, "omm", &["--no-password"], 870);
    // Servers that throw callers out at random as soon as three are at the door: no false alarm.
    for node in &nodes {
        sh(node, "root", "sed -i '1i MaxStartups 3:30:10' /etc/ssh/sshd_config");
        node.stop_sshd().unwrap();
        node.start_sshd().unwrap();
    }
    must_be_green(&lab, "omm", &["--no-password"], 870);
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
#[expect(clippy::print_stdout, reason = "the time is worth knowing, with --nocapture")]
fn a_large_cluster_trusts_each_other() {
    let size = large();
    let lab = cluster(size);
    let nodes = all(&lab);
    let start = Instant::now();
    set_up(&lab, "omm");
    println!("{size} nodes, {} pairs verified: {:.1} s", size * size, start.elapsed().as_secs_f64());
    // The program has called every pair; a sample is called without it.
    let some = |from: usize| {
        [0, 1, size * 3 / 8, size / 2, size - 1]
            .map(|step| nodes[(from + step) % size].ip().to_string())
            .to_vec()
    };
    must_reach_bare(&nodes, "omm", some);
    let start = Instant::now();
    let pairs = size * (size - 1);
    must_be_green(&lab, "omm", &["--no-password"], pairs);
    println!("{size} nodes, {pairs} pairs checked: {:.1} s", start.elapsed().as_secs_f64());
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
#[expect(clippy::print_stdout, reason = "the time is worth knowing, with --nocapture")]
fn one_node_comes_to_thirty_and_only_its_pairs_are_proven() {
    let lab = cluster(31);
    let nodes = all(&lab);
    let (old, new) = (&nodes[..30], nodes[30]);
    let start = Instant::now();
    run(nodes[0], "omm", &hostfile(old), &[], &format!("{PASSWORD}\n")).must_succeed();
    let set_up = start.elapsed().as_secs_f64();
    let start = Instant::now();
    let flags = ["expand", "--add", &new.ip().to_string()];
    let done = run(nodes[0], "omm", &hostfile(old), &flags, &format!("{PASSWORD}\n"));
    let expand = start.elapsed().as_secs_f64();
    assert_eq!(done.code, Some(0), "{done:?}");
    assert!(done.stdout.contains("works: 61 pairs"), "{done:?}");
    assert_eq!(done.stderr.matches("Password:").count(), 1, "{}", done.stderr);
    println!("set-up of 30: {set_up:.1} s, expand by one: {expand:.1} s, {:.2} of it", expand / set_up);
    // The program has called the pairs of the new node; here some of all are called without it.
    must_reach_bare(&nodes, "omm", |from| {
        [0, 1, 15]
            .map(|step| nodes[(from + step) % 31].ip().to_string())
            .into_iter()
            .chain([new.ip().to_string()])
            .collect()
    });
}
