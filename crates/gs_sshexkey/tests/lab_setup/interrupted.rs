//! Runs that are stopped, killed, or not alone.

use std::thread;
use std::time::{Duration, Instant};

use lab::Lab;

use crate::before::*;
use crate::harness::*;

/// At how many moments of a run it is stopped.
const MOMENTS: u32 = 12;

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn ctrl_c_at_the_question_restores_the_echo() {
    let lab = cluster(2);
    let nodes = all(&lab);
    let before = Before::of(&nodes);
    nodes[0].write("/tmp/hostfile", hostfile(&nodes).as_bytes(), 0o644, "omm").unwrap();
    let script = "bash -c 'trap : INT; stty -a; gs_sshexkey -f /tmp/hostfile; echo \"status $?\"; stty -a'";
    let mut terminal = nodes[0].terminal("omm", script).unwrap();
    terminal.expect("Password: ", PATIENCE).unwrap();
    terminal.press_ctrl_c().unwrap();
    terminal.expect("Interrupted. Nothing was changed.", PATIENCE).unwrap();
    terminal.expect("status 1", PATIENCE).unwrap();
    let (_, screen) = terminal.finish().unwrap();
    let settings: Vec<&str> = screen.split("speed ").skip(1).collect();
    let [first, second] = settings.as_slice() else { panic!("{screen}") };
    let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    let echo: Vec<_> = words(second).into_iter().filter(|word| word.contains("echo")).collect();
    assert!(echo.contains(&"echo".to_owned()), "{screen}");
    assert!(words(first).iter().filter(|word| word.contains("echo")).eq(echo.iter()), "{screen}");
    before.must_stand(&nodes);
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn ctrl_c_while_the_pairs_are_tried_undoes_all() {
    let lab = cluster(3);
    let nodes = all(&lab);
    let before = Before::of(&nodes);
    for signal in ["INT", "TERM", "HUP"] {
        let mut live = Live::start(&nodes, "root", &[]);
        live.hold_at(nodes[1]);
        nodes[0].signal("gs_sshexkey", signal).unwrap();
        nodes[1].thaw().unwrap();
        live.finish().must_fail_with(&["Interrupted.", "All nodes were put back as they were."]);
        before.must_stand(&nodes);
    }
}

/// How long a run takes from beginning to end.
fn full_run() -> Duration {
    let lab = cluster(3);
    let begin = Instant::now();
    set_up(&lab, "root");
    begin.elapsed()
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn a_signal_at_any_moment_leaves_all_or_nothing() {
    let whole = full_run();
    let mut lab = cluster(3);
    for moment in 1..=MOMENTS {
        let nodes = all(&lab);
        let before = Before::of(&nodes);
        let live = Live::start(&nodes, "root", &[]);
        thread::sleep(whole * moment / MOMENTS);
        // It may have ended already.
        let _ = nodes[0].signal("gs_sshexkey", if moment % 2 == 0 { "INT" } else { "TERM" });
        let run = live.finish();
        if run.code == Some(0) {
            assert!(run.stdout.ends_with(SCREEN), "{}", run.stdout);
            must_trust(&nodes, "root", true);
            lab = cluster(3);
        } else {
            run.must_fail_with(&["Interrupted."]);
            before.must_stand(&nodes);
        }
    }
}

/// Whether a node has trust's own line.
fn is_changed(node: &lab::Node) -> bool {
    node.read("/root/.ssh/authorized_keys").is_ok_and(|keys| keys.windows(4).any(|w| w == b" #OM"))
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn when_the_coordinator_is_killed_every_node_goes_back_by_itself() {
    let lab = cluster(3);
    // The coordinator is a node, or outside the cluster.
    for first in [0, 1] {
        let (outside, nodes) = (lab.node(0), &all(&lab)[first..]);
        let before = Before::of(nodes);
        for freeze in [false, true] {
            let mut live = Live::start_on(outside, nodes, "root", &[]);
            if freeze {
                live.hold_at(nodes[0]);
            } else {
                live.wait_for(VERIFYING);
            }
            outside.signal("gs_sshexkey", "KILL").unwrap();
            if freeze {
                nodes[0].thaw().unwrap();
            }
            live.finish();
            before.must_come_back(nodes);
        }
    }
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn a_coordinator_killed_at_any_moment_leaves_each_node_as_it_was_or_complete() {
    let whole = full_run();
    let mut lab = cluster(3);
    for moment in 1..=MOMENTS {
        let nodes = all(&lab);
        let before = Before::of(&nodes);
        let live = Live::start(&nodes, "root", &[]);
        thread::sleep(whole * moment / MOMENTS);
        let _ = nodes[0].signal("gs_sshexkey", "KILL");
        live.finish();
        let settled = |index: usize| {
            // What was on its way when the coordinator died is still done, and then undone.
            if !shells(nodes[index]).is_empty() {
                return false;
            }
            let journal = nodes[index].sh("root", "ls -d /root/.gs_sshexkey* 2>/dev/null").unwrap().stdout;
            journal.is_empty() && (is_changed(nodes[index]) || before.diff(index, nodes[index]).is_empty())
        };
        for (index, node) in nodes.iter().enumerate() {
            assert!(wait_until(|| settled(index)), "{}:\n{}", node.name(), before.diff(index, node));
        }
        if nodes.iter().any(|node| is_changed(node)) {
            set_up(&lab, "root");
            must_trust(&nodes, "root", true);
            lab = cluster(3);
        } else {
            before.must_stand(&nodes);
        }
    }
}

/// Starts a run on each of these nodes at the same time and waits for their ends.
fn side_by_side(lab: &Lab, runs: &[(usize, &str)]) -> Vec<Run> {
    let (nodes, input) = (all(lab), format!("{PASSWORD}\n"));
    let started: Vec<_> =
        runs.iter().map(|(on, user)| start(nodes[*on], user, &hostfile(&nodes), &[], &input)).collect();
    started.into_iter().map(finish).collect()
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn two_runs_from_two_coordinators_do_not_interleave() {
    let lab = cluster(3);
    for user in ["omm", "root"] {
        let runs = side_by_side(&lab, &[(0, user), (2, user)]);
        assert!(runs.iter().any(|run| run.code == Some(0)), "{runs:#?}");
        for run in runs {
            if run.code == Some(0) {
                run.must_succeed();
            } else {
                run.must_fail_with(&["Another run of gs_sshexkey is at work", "Wait until it has ended"]);
            }
        }
        let nodes = all(&lab);
        must_trust(&nodes, user, user == "root");
        for node in nodes {
            let count =
                node.sh(user, "grep -c '#OM$' ~/.ssh/authorized_keys; ls -d ~/.gs_ssh* 2>/dev/null").unwrap();
            assert_eq!(count.stdout, "3\n", "a line for each node's key: {}", node.name());
        }
    }
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn root_and_another_user_at_the_same_time_both_succeed() {
    let lab = cluster(3);
    for run in side_by_side(&lab, &[(0, "root"), (0, "omm")]) {
        run.must_succeed();
    }
    must_trust(&all(&lab), "root", true);
    must_trust(&all(&lab), "omm", true);
}
