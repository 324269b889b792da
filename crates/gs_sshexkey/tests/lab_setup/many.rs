//! Large clusters.

use std::time::Instant;

use crate::checking::must_be_green;
use crate::harness::*;
use crate::tools::*;

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
fn a_hundred_nodes_trust_each_other() {
    let lab = cluster(100);
    let nodes = all(&lab);
    let start = Instant::now();
    set_up(&lab, "omm");
    println!("100 nodes, 10,000 pairs verified: {:.1} s", start.elapsed().as_secs_f64());
    // The program has called every pair; a sample is called without it.
    let some =
        |from: usize| [0, 1, 37, 50, 99].map(|step| nodes[(from + step) % 100].ip().to_string()).to_vec();
    must_reach_bare(&nodes, "omm", some);
    let start = Instant::now();
    must_be_green(&lab, "omm", &["--no-password"], 9_900);
    println!("100 nodes, 9,900 pairs checked: {:.1} s", start.elapsed().as_secs_f64());
}
