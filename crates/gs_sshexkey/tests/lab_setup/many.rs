//! Large clusters.

use std::time::Instant;

use lab::Node;

use crate::checking::must_be_green;
use crate::harness::*;
use crate::tools::*;

/// How many nodes a large cluster has: a hundred where there is time for it (`cargo xtask test --scale`).
fn large() -> usize {
    if std::env::var_os("GS_SSHEXKEY_TEST_SCALE").is_some() { 100 } else { 30 }
}

/// A sample of all pairs works without the program, which has called each of them.
#[track_caller]
fn a_sample_must_be_reached(nodes: &[&Node], last: usize) {
    let size = nodes.len();
    must_reach_bare(nodes, "omm", |from| {
        let some = [0, 1, size * 3 / 8, size / 2, size - 1].map(|step| (from + step) % size);
        some.into_iter().chain([last]).map(|to| nodes[to].ip().to_string()).collect()
    });
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
#[expect(clippy::print_stdout, reason = "the times are worth knowing, with --nocapture")]
fn a_large_cluster_trusts_each_other_grows_linearly_and_takes_one_more() {
    let size = large();
    let lab = cluster(size + 1);
    let all = all(&lab);
    let (nodes, new) = (&all[..size], all[size]);
    let start = Instant::now();
    run(nodes[0], "omm", &hostfile(nodes), &[], &format!("{PASSWORD}\n")).must_succeed();
    let set_up = start.elapsed().as_secs_f64();
    println!("{size} nodes, {} pairs verified: {set_up:.1} s", size * size);
    let types = sh(nodes[0], "root", "ls /etc/ssh/ssh_host_*_key.pub").lines().count();
    for node in nodes {
        let known = text(node, "/home/omm/.ssh/known_hosts");
        assert_eq!((known.lines().count(), marked(&known).len()), (size * types, size * types));
    }
    a_sample_must_be_reached(nodes, 0);
    // A second run would not add a line.
    let again = run(nodes[0], "omm", &hostfile(nodes), &["--dry-run"], "");
    assert!(again.code == Some(0) && !again.asked(), "{again:?}");
    assert!(!again.stdout.contains("@@"), "{}", again.stdout);
    let start = Instant::now();
    let flags = ["expand", "--add", &new.ip().to_string()];
    let done = run(nodes[0], "omm", &hostfile(nodes), &flags, &format!("{PASSWORD}\n"));
    let expand = start.elapsed().as_secs_f64();
    assert_eq!(done.code, Some(0), "{done:?}");
    // Its own pair as well: it may call itself.
    assert!(done.stdout.contains(&format!("works: {} pairs", 2 * size + 1)), "{done:?}");
    assert_eq!(done.stderr.matches("Password:").count(), 1, "{}", done.stderr);
    println!("one more: {expand:.1} s, {:.2} of the set-up", expand / set_up);
    a_sample_must_be_reached(&all, size);
    // Servers that throw callers out at random as soon as three are at the door: no false alarm.
    for node in &all {
        sh(node, "root", "sed -i '1i MaxStartups 3:30:10' /etc/ssh/sshd_config");
        node.stop_sshd().unwrap();
        node.start_sshd().unwrap();
    }
    let start = Instant::now();
    let pairs = size * (size + 1);
    must_be_green(&lab, "omm", &["--no-password"], pairs);
    println!("{pairs} pairs checked: {:.1} s", start.elapsed().as_secs_f64());
}
