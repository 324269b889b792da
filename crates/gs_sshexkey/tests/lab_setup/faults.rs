//! What breaks while the nodes change: every node that still lives goes back to the bytes it had.

use std::time::{Duration, Instant};

use lab::Lab;

use crate::before::*;
use crate::harness::*;
use crate::tools::sh;

const UNDONE: &str = "All nodes were put back as they were.";

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn a_full_disk_on_one_node_undoes_all() {
    let lab = cluster(3);
    let nodes = all(&lab);
    for user in ["root", "omm"] {
        let before = Before::of(&nodes);
        nodes[1].fill_disk(user).unwrap();
        let run = run(nodes[0], user, &hostfile(&nodes), &[], &format!("{PASSWORD}\n"));
        nodes[1].free_disk(user).unwrap();
        run.must_fail_with(&["[GAUSS-50205]", "Failed to write", "10.77.0.2", "Free some space", UNDONE]);
        before.must_stand(&nodes);
    }
    set_up(&lab, "omm");
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn a_disk_that_gets_full_in_the_middle_undoes_all() {
    let lab = cluster(3);
    let nodes = all(&lab);
    let before = Before::of(&nodes);
    // The journal, the folders and the agent are there; the first new file is about to get its bytes.
    gate(nodes[1], "tail", "*");
    let live = Live::start(&nodes, "omm", &[]);
    wait_at_gate(nodes[1]);
    nodes[1].fill_disk("omm").unwrap();
    open_gate(nodes[1]);
    let run = live.finish();
    run.must_fail_with(&["[GAUSS-50205]", "Failed to write", "10.77.0.2", "Free some space", UNDONE]);
    before.must_stand(&nodes);
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn a_read_only_home_on_one_node_undoes_all() {
    let lab = cluster(3);
    let nodes = all(&lab);
    let before = Before::of(&nodes);
    nodes[2].read_only_home("omm").unwrap();
    let run = run(nodes[0], "omm", &hostfile(&nodes), &[], &format!("{PASSWORD}\n"));
    run.must_fail_with(&["[GAUSS-50205]", "Failed to write", "10.77.0.3", "remount,rw", UNDONE]);
    before.must_stand(&nodes);
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn one_blocked_pair_undoes_all_and_is_named() {
    let lab = impatient_cluster(3);
    let nodes = all(&lab);
    let before = Before::of(&nodes);
    nodes[2].drop_from(nodes[1].ip(), 22).unwrap();
    let run = run(nodes[0], "root", &hostfile(&nodes), &[], &format!("{PASSWORD}\n"));
    let run = run.must_fail_with(&[
        "[GAUSS-51100] : Failed to verify SSH trust on these nodes: 10.77.0.3.",
        "10.77.0.2 -> 10.77.0.3 (ssh 10.77.0.3):",
        "10.77.0.2 -> 10.77.0.3 (ssh node3):",
        "timed out",
        UNDONE,
    ]);
    assert_eq!(run.stderr.matches(" -> ").count(), 2, "{}", run.stderr);
    before.must_stand(&nodes);
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn a_dead_socket_of_an_earlier_agent_survives_an_undo() {
    let lab = cluster(2);
    let nodes = all(&lab);
    let leave_socket = "mkdir -m 700 ~/gaussdb_tmp && eval \"$(ssh-agent -a ~/gaussdb_tmp/gauss_socket_tmp)\" && \
                        kill -KILL \"$SSH_AGENT_PID\"";
    nodes.iter().for_each(|node| assert!(node.sh("omm", leave_socket).unwrap().status.success()));
    let before = Before::of(&nodes);
    for _ in 0..3 {
        let mut live = Live::start(&nodes, "omm", &[]);
        live.wait_for(CHANGING);
        nodes[1].stop_sshd().unwrap();
        live.finish().must_fail_with(&["[GAUSS-51100]", "Connection refused", UNDONE]);
        before.must_have_same_bytes(&nodes);
        nodes[1].start_sshd().unwrap();
    }
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn a_node_that_dies_while_it_is_changed_is_named_and_the_others_go_back() {
    // With the real limit of a connection that gives no sign of life.
    let lab = cluster(3);
    let nodes = all(&lab);
    let before = Before::of(&nodes);
    gate(nodes[2], "ssh-agent", "*");
    let live = Live::start(&nodes, "omm", &[]);
    wait_at_gate(nodes[2]);
    nodes[2].kill().unwrap();
    let run = live.finish();
    run.must_fail_with(&["10.77.0.3", "All other nodes were put back", "one that was switched off"]);
    before.must_stand(&nodes[..2]);
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn a_node_that_dies_while_the_pairs_are_tried_is_named_and_the_others_go_back() {
    // A caller that dies in the handshake says nothing: sshd waits so long for it.
    let lab = Lab::up(impatient(spec(3)).sshd_config_all("LoginGraceTime 20")).unwrap();
    let nodes = all(&lab);
    let before = Before::of(&nodes);
    let mut live = Live::start(&nodes, "root", &[]);
    live.hold_at(nodes[0]);
    nodes[2].kill().unwrap();
    nodes[0].thaw().unwrap();
    let run = live.finish();
    run.must_fail_with(&["10.77.0.3", "All other nodes were put back", "one that was switched off"]);
    before.must_stand(&nodes[..2]);
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn a_node_that_is_cut_off_in_the_middle_goes_back_by_itself() {
    let lab = impatient_cluster(3);
    let nodes = all(&lab);
    let before = Before::of(&nodes);
    let mut live = Live::start(&nodes, "omm", &[]);
    live.hold_at(nodes[0]);
    nodes[2].drop_port(22).unwrap();
    nodes[0].thaw().unwrap();
    live.finish().must_fail_with(&["10.77.0.3", "undoes the change by itself"]);
    before.must_stand(&nodes[..2]);
    // What TCP says in the end, and a silence of minutes without it: see the tests of the journal.
    cut_sessions(nodes[2]);
    before.must_come_back(&nodes);
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn a_lost_session_undoes_the_node_and_all_others() {
    let lab = cluster(3);
    let nodes = all(&lab);
    let before = Before::of(&nodes);
    let mut live = Live::start(&nodes, "omm", &[]);
    live.hold_at(nodes[0]);
    cut_sessions(nodes[2]);
    nodes[0].thaw().unwrap();
    live.finish().must_fail_with(&["10.77.0.3"]);
    before.must_come_back(&nodes);
}

/// A node whose power is cut cannot undo. In the lab no node starts again; what is the same to the files is that every
/// process of the tool on it ends at once, and nothing of it runs again.
fn cut_power(node: &lab::Node) {
    let shells = shells(node);
    assert!(!shells.is_empty());
    // Stopped first: none of them may see another one die.
    signal(&shells, "STOP");
    signal(&shells, "KILL");
    let _ = node.signal("ssh-agent", "KILL");
}

/// A run over these nodes, with the power of the third one cut while the pairs are tried.
#[track_caller]
fn cut_power_while_pairs_are_tried(nodes: &[&lab::Node]) {
    let mut live = Live::start(nodes, "omm", &[]);
    live.hold_at(nodes[0]);
    cut_power(nodes[2]);
    nodes[0].thaw().unwrap();
    live.finish().must_fail_with(&["10.77.0.3"]);
}

#[track_caller]
fn next_run_recovers(lab: &lab::Lab, before: &Before) {
    let nodes = all(lab);
    assert!(!before.diff(2, nodes[2]).is_empty(), "the node had nothing to undo");
    // A run that fails shows what it found after it had recovered: the bytes of before both runs.
    nodes[2].drop_from(nodes[1].ip(), 22).unwrap();
    let run = run(nodes[0], "omm", &hostfile(&nodes), &["-l", "/var/log/run.log"], &format!("{PASSWORD}\n"));
    run.must_fail_with(&["[GAUSS-51100]", UNDONE]);
    let log = String::from_utf8(nodes[0].read("/var/log/run.log").unwrap()).unwrap();
    assert!(log.contains("10.77.0.3: undid what an earlier run left"), "{log}");
    before.must_stand(&nodes);
    nodes[2].heal_network().unwrap();
    set_up(lab, "omm");
    must_trust(&nodes, "omm", false);
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn after_a_power_cut_between_two_files_the_next_run_recovers() {
    let lab = impatient_cluster(3);
    let nodes = all(&lab);
    nodes[0].sh("root", "touch /var/log/run.log; chmod 666 /var/log/run.log").unwrap();
    // Its own job would do it first: see below.
    nodes[2].sh("root", "pkill -x cron").unwrap();
    let before = Before::of(&nodes);
    gate(nodes[2], "mv", "*known_hosts*");
    let live = Live::start(&nodes, "omm", &[]);
    wait_at_gate(nodes[2]);
    cut_power(nodes[2]);
    open_gate(nodes[2]);
    live.finish().must_fail_with(&["10.77.0.3"]);
    nodes[2].sh("root", "rm -f /usr/local/sbin/mv /tmp/reached /tmp/gate").unwrap();
    before.must_stand(&nodes[..2]);
    next_run_recovers(&lab, &before);
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn after_a_power_cut_while_the_pairs_are_tried_the_next_run_recovers() {
    let lab = impatient_cluster(3);
    let nodes = all(&lab);
    nodes[0].sh("root", "touch /var/log/run.log; chmod 666 /var/log/run.log").unwrap();
    // Its own job would do it first: see below.
    nodes[2].sh("root", "pkill -x cron").unwrap();
    let before = Before::of(&nodes);
    cut_power_while_pairs_are_tried(&nodes);
    before.must_stand(&nodes[..2]);
    next_run_recovers(&lab, &before);
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn after_a_power_cut_the_nodes_own_job_undoes_what_was_not_verified() {
    let lab = cluster(3);
    let nodes = all(&lab);
    // What cron does is done here, so that it does not come before.
    nodes[2].sh("root", "pkill -x cron").unwrap();
    let before = Before::of(&nodes);
    cut_power_while_pairs_are_tried(&nodes);
    assert!(!before.diff(2, nodes[2]).is_empty(), "the node had nothing to undo");
    // One keep has five seconds, and a busy machine does not do it in those: the next goes on, as the job's next does.
    let undone = wait_until(|| {
        let kept = nodes[2].sh("omm", "gaussdb_tmp/bin/gs_sshexkey agent keep").unwrap();
        assert!(!kept.status.success(), "there is no trust to keep any more: {kept:?}");
        before.diff(2, nodes[2]).is_empty()
    });
    assert!(undone, "{}", before.diff(2, nodes[2]));
    before.must_stand(&nodes);
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn a_verification_that_lasts_longer_than_the_nodes_patience_is_waited_for() {
    let lab = cluster(5);
    // One node calls 10 times, 4 at a time, and each call takes almost a minute: 3 rounds.
    let slow = "#!/bin/sh\n[ \"$1\" = -V ] || sleep 55\nexec /usr/bin/ssh \"$@\"\n";
    lab.node(1).write("/usr/local/bin/ssh", slow.as_bytes(), 0o755, "root").unwrap();
    let start = Instant::now();
    set_up(&lab, "root");
    assert!(start.elapsed() > Duration::from_secs(155), "{:?}", start.elapsed());
    sh(lab.node(1), "root", "rm /usr/local/bin/ssh");
    must_trust(&all(&lab), "root", true);
}
