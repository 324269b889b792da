//! The power is cut after the end of a run: what it said stands.

use std::thread;
use std::time::{Duration, Instant};

use lab::{Filesystem, Node, PowerCut};

use crate::harness::*;
use crate::saved::*;
use crate::tools::*;

/// So long after the end. A disk writes by itself what was not synced, but only after some seconds.
const MOMENTS: [f32; 5] = [0.0, 0.5, 2.0, 5.0, 10.0];

/// The nodes whose power is cut: the one that decides, and another.
const CUT: [usize; 2] = [0, 1];

/// What the disks hold at each moment after a run that succeeds.
fn cuts_after(nodes: &[&Node], flags: &[&str], input: &str) -> Vec<[PowerCut; 2]> {
    run(nodes[0], "root", &hostfile(nodes), flags, input).must_succeed();
    let end = Instant::now();
    let cut = |moment: &f32| {
        // The time is what is tried.
        thread::sleep((end + Duration::from_secs_f32(*moment)).saturating_duration_since(Instant::now()));
        CUT.map(|index| nodes[index].power_cut("root").unwrap())
    };
    MOMENTS.iter().map(cut).collect()
}

/// After the reboot the nodes' own job brings the agent back and undoes nothing.
#[track_caller]
fn must_stand(nodes: &[&Node], cuts: &[PowerCut; 2], when: &str) {
    for (index, cut) in CUT.iter().zip(cuts) {
        nodes[*index].restart_after(cut).unwrap();
        // The test does what it does.
        nodes[*index].sh("root", "pkill -x cron").unwrap();
    }
    for index in CUT {
        assert_eq!(run_job_of_cron(nodes[index], "root"), "", "{when}");
    }
    let broken = broken_pairs(nodes, "root", true);
    assert!(broken.is_empty(), "{when}: {}\n{}", broken.join("\n"), report(nodes));
    must_finish(nodes, &[], when);
}

fn what_was_said_stands_on(filesystem: Filesystem, replaced: bool) {
    if !filesystem.is_available() {
        println!("this machine has no {filesystem}");
        return;
    }
    let lab = cluster(3);
    let nodes = all(&lab);
    CUT.iter().for_each(|index| nodes[*index].loop_home("root", filesystem).unwrap());
    let password = format!("{PASSWORD}\n");
    let cuts = if replaced {
        set_up(&lab, "root");
        cuts_after(&nodes, &["--key-type", "ecdsa"], "")
    } else {
        cuts_after(&nodes, &[], &password)
    };
    for (moment, cut) in MOMENTS.iter().zip(&cuts) {
        must_stand(&nodes, cut, &format!("power cut {moment} s after the end"));
    }
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn a_power_cut_after_the_end_takes_no_new_trust_back_on_ext4() {
    what_was_said_stands_on(Filesystem::Ext4, false);
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn a_power_cut_after_the_end_takes_no_new_trust_back_on_xfs() {
    what_was_said_stands_on(Filesystem::Xfs, false);
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn a_power_cut_after_the_end_brings_no_old_key_back() {
    what_was_said_stands_on(Filesystem::Ext4, true);
}
