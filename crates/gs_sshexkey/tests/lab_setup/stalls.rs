//! A node takes its time at a request of keeping, for less and for more than the limits: no pair breaks, nobody waits for
//! ever, and the next run needs no password.

use std::thread;

use lab::{Lab, Node};

use crate::before::*;
use crate::harness::*;
use crate::saved::*;

/// Where a key is replaced, its lines are added first, then it is called with, then the old lines go.
const STAGES: u32 = 3;

/// A request of keeping, by the rename that it is made by.
#[derive(Debug, Clone, Copy)]
enum Request {
    Prepare,
    Commit,
}

impl Request {
    const fn rename(self) -> &'static str {
        match self {
            Self::Prepare => "*.journal?*.journal.prepared",
            Self::Commit => "*.journal.prepared?*.journal.kept",
        }
    }
}

/// One node is slow once.
#[derive(Debug, Clone, Copy)]
struct Stall {
    request: Request,
    node: usize,
    /// Counted from 1.
    stage: u32,
    seconds: u32,
}

/// Replaces the key while a node is slow, and looks at the pairs when it has come to that, at the end, and afterwards.
#[track_caller]
fn must_hold(lab: &Lab, stall: Stall) {
    let nodes = all(lab);
    set_up(lab, "root");
    let saved = Saved::of(&nodes);
    let slow: &Node = nodes[stall.node];
    slow.stall_at("mv", stall.request.rename(), stall.seconds, stall.stage).unwrap();
    let child = start(nodes[0], "root", &hostfile(&nodes), &["--key-type", "ecdsa"], "");
    assert!(wait_until(|| slow.is_stalled("mv")), "{stall:?}: it did not come to that");
    saved.must_still_work(&format!("{stall:?}, in the middle"));
    let run = finish(child);
    saved.must_still_work(&format!("{stall:?}, at the end:\n{}\n{}", run.stdout, run.stderr));
    let over = wait_for(stall.seconds, || !slow.is_stalled("mv"));
    assert!(over, "{stall:?}: it still hangs");
    saved.must_settle(&format!("{stall:?}:\n{}\n{}", run.stdout, run.stderr));
    saved.must_still_work(&format!("{stall:?}, when all is settled"));
    slow.unstall("mv").unwrap();
    must_finish(&nodes, &[], &format!("{stall:?}"));
}

/// The same at each request and each stage, on the node that decides and on another, in labs of their own side by side.
fn at_each_request(seconds: u32) {
    let stalls = |stage: u32| {
        [(Request::Prepare, 0), (Request::Prepare, 2), (Request::Commit, 0), (Request::Commit, 2)]
            .map(|(request, node)| Stall { request, node, stage, seconds })
    };
    thread::scope(|scope| {
        let rows = [0, 1, 2, 3].map(|place| {
            scope.spawn(move || {
                for stage in 1..=STAGES {
                    must_hold(&impatient_cluster(3), stalls(stage)[place]);
                }
            })
        });
        rows.into_iter().for_each(|row| row.join().unwrap());
    });
}

// The limits of these labs are those of the program, shortened: 4 s for a vote (of 10), 45 s for a step (of 90), 55 s of
// patience (of 150). They run with `cargo xtask test --scale`.

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn a_node_that_is_slower_than_a_vote_may_take_breaks_no_pair() {
    at_each_request(6);
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn a_node_that_is_slower_than_a_step_may_take_breaks_no_pair() {
    at_each_request(48);
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn a_node_that_is_slower_than_a_node_has_patience_breaks_no_pair() {
    at_each_request(60);
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn a_vote_that_takes_two_hundred_seconds_breaks_no_pair() {
    must_hold(&cluster(3), Stall { request: Request::Prepare, node: 2, stage: 2, seconds: 200 });
}
