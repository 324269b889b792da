//! `check --every`: a watch over real nodes.

use std::collections::HashMap;
use std::process::Child;

use lab::{Lab, Node};
use serde_json::Value;

use crate::before::{signal, wait_until};
use crate::checking::start_check;
use crate::harness::*;
use crate::tools::*;

/// Where the watch keeps its metrics.
const METRICS: &str = "/tmp/trust.prom";
/// Where its hook writes the documents.
const CALLS: &str = "/tmp/calls";

/// Starts a watch on a node as `omm`. The time between its rounds is scaled, as all waits of these labs.
fn watch(on: &Node, hosts: &str, every: &str, flags: &[&str]) -> Child {
    let all: Vec<&str> =
        ["--every", every, "--format", "prometheus", "-o", METRICS].iter().chain(flags).copied().collect();
    start_check(on, "omm", hosts, &all, "")
}

/// The metrics as they are now; empty before the first round.
fn metrics(on: &Node) -> HashMap<String, f64> {
    let text = on.read(METRICS).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let samples = text.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.rsplit_once(' '));
    samples.map(|(name, value)| (name.to_owned(), value.parse().unwrap())).collect()
}

fn metric(on: &Node, name: &str) -> f64 {
    metrics(on).get(&format!("gs_sshexkey_{name}")).copied().unwrap_or(-1.0)
}

fn pairs(on: &Node, state: &str) -> f64 {
    metric(on, &format!("pairs{{by=\"ip\",state=\"{state}\"}}"))
}

/// The documents that the hook got, as far as they are whole.
fn calls(on: &Node) -> Vec<Value> {
    let bytes = on.read(CALLS).unwrap_or_default();
    serde_json::Deserializer::from_slice(&bytes).into_iter().map_while(Result::ok).collect()
}

/// Waits for the hook's next call; that one.
#[track_caller]
fn next_call(on: &Node, number: usize) -> Value {
    assert!(wait_until(|| calls(on).len() >= number), "{:#?}", metrics(on));
    calls(on).swap_remove(number - 1)
}

/// The changes of a document: `FROM>TO BEFORE>NOW` with the last numbers of the addresses, in order.
fn changes(document: &Value, nodes: &[&Node]) -> Vec<String> {
    let word = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let number = |value: &Value| {
        let place = nodes.iter().position(|node| value == &node.ip().to_string());
        place.map_or("?".to_owned(), |place| (place + 1).to_string())
    };
    let changes = document["changes"].as_array().unwrap().iter().map(|change| {
        let (from, to) = (number(&change["from"]), number(&change["to"]));
        format!("{from}>{to} {}>{}", word(&change["before"]), word(&change["now"]))
    });
    changes.collect()
}

/// Waits until so many more rounds have ended.
#[track_caller]
fn wait_for_rounds(on: &Node, more: f64) {
    let wanted = metric(on, "watch_rounds_total").max(0.0) + more;
    assert!(wait_until(|| metric(on, "watch_rounds_total") >= wanted), "{:#?}", metrics(on));
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn a_watch_tells_each_change_once_and_leaves_nothing_behind() {
    let lab = Lab::up(impatient(spec(3))).unwrap();
    let nodes = all(&lab);
    let [watcher, _, fallen] = nodes[..] else { panic!() };
    set_up(&lab, "omm");
    for node in &nodes {
        // What cron starts is not ours.
        sh(node, "root", "pkill -x cron");
    }
    let agents = |node: &Node| -> Vec<String> {
        command_lines(node).into_iter().filter(|line| line.starts_with("ssh-agent ")).collect()
    };
    let running: Vec<Vec<String>> = nodes.iter().map(|node| agents(node)).collect();
    // One that fails, and a command that says what it was started with.
    let hook = format!("cat >> {CALLS}; echo \"hook: $0 $# ${{NOTIFY_SOCKET-none}}\"; exit 3");
    let child = watch(watcher, &hostfile(&nodes), "5s", &["--on-change", &hook]);
    wait_for_rounds(watcher, 2.0);
    assert_eq!(
        (metric(watcher, "check_success"), pairs(watcher, "works") + pairs(watcher, "slow")),
        (1.0, 6.0)
    );
    assert!(calls(watcher).is_empty(), "nothing has changed");

    // All of it in one moment: the one who listens, and the connections.
    let is_sshd = |cmdline: &[u8]| cmdline.starts_with(b"sshd");
    let sshd = fallen.processes().into_iter().filter(|process| is_sshd(&process.cmdline));
    signal(&sshd.map(|process| process.pid).collect::<Vec<i32>>(), "KILL");
    let lost = next_call(watcher, 1);
    let wanted = ["1>3 works>broken", "2>3 works>broken", "3>1 works>unseen", "3>2 works>unseen"];
    assert_eq!(changes(&lost, &nodes), wanted, "{lost:#}");
    assert_eq!((&lost["healthy"], &lost["counts"]["broken"]), (&Value::Bool(false), &2.into()));
    assert!(lost["faults"].as_array().unwrap().iter().all(|fault| fault["cause"] == "refused"));
    // They were written before the hook was called.
    assert_eq!(
        (metric(watcher, "check_success"), pairs(watcher, "broken"), pairs(watcher, "unseen")),
        (0.0, 2.0, 2.0)
    );
    let last_success = metric(watcher, "last_success_timestamp_seconds");
    wait_for_rounds(watcher, 1.0);
    let stamp = metric(watcher, "check_timestamp_seconds");
    assert!(last_success > 0.0 && stamp > last_success, "{stamp} {last_success}");

    fallen.start_sshd().unwrap();
    let back = next_call(watcher, 2);
    let wanted = ["1>3 broken>works", "2>3 broken>works", "3>1 unseen>works", "3>2 unseen>works"];
    assert_eq!(changes(&back, &nodes), wanted, "{back:#}");
    assert_eq!(
        (metric(watcher, "check_success"), pairs(watcher, "broken"), pairs(watcher, "unseen")),
        (1.0, 0.0, 0.0)
    );
    wait_for_rounds(watcher, 2.0);
    assert_eq!(calls(watcher).len(), 2, "two changes, two calls");
    assert_eq!(
        (metric(watcher, "watch_changes_total"), metric(watcher, "watch_hook_failures_total")),
        (8.0, 2.0)
    );

    watcher.signal("gs_sshexkey", "TERM").unwrap();
    let run = finish(child);
    assert_eq!((run.code, run.stdout.as_str()), (Some(0), ""), "{}", run.stderr);
    // Its failure is told once, its output each time.
    assert_eq!(run.stderr.matches("status 3.").count(), 1, "{}", run.stderr);
    assert_eq!(run.stderr.matches("hook: sh 0 none").count(), 2, "{}", run.stderr);
    assert_eq!(run.stderr.matches("works -> broken (refused)").count(), 1, "{}", run.stderr);
    for (node, running) in nodes.iter().zip(&running) {
        must_come_to_run_only(node, running);
    }
    assert_eq!(sh(watcher, "root", "cd /tmp; ls -A"), "calls\nhostfile\ntrust.prom\n");
}

/// So many rounds are made.
fn rounds() -> f64 {
    if std::env::var_os("GS_SSHEXKEY_TEST_SCALE").is_some() { 1_000.0 } else { 100.0 }
}

/// Memory of a program, in KiB (`VmRSS`).
fn resident(pid: i32) -> i64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

/// A cluster in which something is wrong in every round costs most: a node is entered in vain, and pairs have words.
#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn a_watch_holds_as_much_memory_after_many_rounds_as_after_some() {
    let lab = Lab::up(spec(2).variable("GS_SSHEXKEY_TEST_LIMITS", "0.001")).unwrap();
    let nodes = all(&lab);
    let watcher = lab.node(0);
    set_up(&lab, "omm");
    lab.node(1).stop_sshd().unwrap();
    let child = watch(watcher, &hostfile(&nodes), "1s", &["--on-change", &format!("cat >> {CALLS}")]);
    let rounds = rounds();
    let wait_for_round = |number: f64| {
        while metric(watcher, "watch_rounds_total") < number {
            wait_for_rounds(watcher, 5.0);
        }
    };
    wait_for_round(rounds / 5.0);
    let is_ours = |cmdline: &[u8]| cmdline.starts_with(b"gs_sshexkey\0check\0");
    let ours = watcher.processes().into_iter().find(|process| is_ours(&process.cmdline)).unwrap().pid;
    let before = resident(ours);
    let seen = metric(watcher, "watch_rounds_total");
    wait_for_round(rounds);
    let after = resident(ours);
    println!("{before} KiB after {seen} rounds, {after} KiB after {rounds}");
    assert!(after - before < 1_024, "{before} KiB after {seen} rounds, {after} KiB after {rounds}");
    assert_eq!(calls(watcher).len(), 1, "what is broken from the beginning is told, once");
    watcher.signal("gs_sshexkey", "INT").unwrap();
    assert_eq!(finish(child).code, Some(0));
}
