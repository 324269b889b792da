//! What only many nodes show: a run that ends in the middle of writing, when some have everything, some a part, some nothing.

use std::time::Instant;

use lab::{Lab, Node};

use crate::before::*;
use crate::harness::*;

/// How many nodes: three hundred where there is time for them (`cargo xtask test --scale`).
fn many() -> usize {
    if std::env::var_os("GS_SSHEXKEY_TEST_SCALE").is_some() { 300 } else { 30 }
}

/// How many nodes have the new keys.
fn written(nodes: &[&Node]) -> usize {
    let has = |node: &Node| {
        let keys = node.read("/root/.ssh/authorized_keys");
        keys.is_ok_and(|keys| keys.windows(4).any(|word| word == b" #OM"))
    };
    nodes.iter().filter(|node| has(node)).count()
}

/// Waits until some of these nodes are written, but by far not all.
#[track_caller]
fn in_the_middle(nodes: &[&Node]) -> usize {
    let start = Instant::now();
    loop {
        let count = written(nodes);
        if count > nodes.len() / 10 {
            assert!(count < nodes.len(), "it was too fast to be seen");
            return count;
        }
        assert!(start.elapsed() < PATIENCE * 5, "{count} nodes are written");
    }
}

#[test]
#[ignore = "needs root: run `cargo xtask test --scale`"]
#[expect(clippy::print_stdout, reason = "how far it had come is worth knowing, with --nocapture")]
fn whoever_stops_it_in_the_middle_of_writing_finds_every_node_as_it_was() {
    let lab = Lab::up(spec(many()).one_host_key()).unwrap();
    let nodes = all(&lab);
    let before = Before::of(&nodes);
    // By Ctrl-C, and by the death of the coordinator.
    for signal in ["INT", "KILL"] {
        let mut live = Live::start(&nodes, "root", &["--verify", "sample:1"]);
        live.wait_for(CHANGING);
        let count = in_the_middle(&nodes);
        nodes[0].signal("gs_sshexkey", signal).unwrap();
        let start = Instant::now();
        let run = live.finish();
        println!(
            "{signal} when {count} of {} were written: it ended after {:.1?}",
            nodes.len(),
            start.elapsed()
        );
        if signal == "INT" {
            run.must_fail_with(&["Interrupted.", "All nodes were put back as they were."]);
            before.must_stand(&nodes);
        } else {
            assert_eq!(run.code, None, "{run:?}");
            before.must_come_back(&nodes);
        }
        println!("all is as before after {:.1?}", start.elapsed());
    }
}
