//! A lab of whole systems leaves nothing behind, however it ends. Needs root and the root file system of whole systems;
//! `cargo xtask test` sees to it and runs these.

#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a failing helper is a failing test; one talks to another"
)]

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use lab::{Lab, LabSpec, labs, reap_dead_labs, take_down};

/// Tells the helper below that it was called as one.
const HELPER: &str = "GS_LAB_TEST_OWNER";

/// Not a test of its own: the process whose lab the others look at, told how to own it.
#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn helper_owner() {
    let Ok(way) = std::env::var(HELPER) else {
        return;
    };
    let lab = Lab::up(LabSpec::new(2).systems()).unwrap();
    eprintln!("lab {}", lab.id());
    if way == "detach" {
        lab.detach().unwrap();
        return;
    }
    thread::sleep(Duration::from_secs(600));
}

fn start_owner(way: &str) -> (Child, String) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "helper_owner", "--ignored", "--nocapture"])
        .env(HELPER, way)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
    let id = lines.filter_map(|line| line.strip_prefix("lab ").map(str::to_owned)).next().unwrap();
    (child, id)
}

fn kill(pid: i32, signal: &str) {
    assert!(Command::new("kill").args(["-s", signal, &pid.to_string()]).status().unwrap().success());
}

fn directory(id: &str) -> String {
    format!("/run/gs_sshexkey-lab/{id}")
}

/// The keeper of a lab and all that descends from it: number and start of each, so that none is mistaken.
fn processes(id: &str) -> BTreeSet<String> {
    let line = fs::read_to_string(format!("{}/keeper.txt", directory(id))).unwrap();
    let entries = fs::read_dir("/proc").unwrap().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    let parents: Vec<(i32, i32)> = pids.filter_map(|pid| Some((pid, stat(pid, 1)?.parse().ok()?))).collect();
    let mut family: Vec<i32> = vec![line.split(' ').next().unwrap().parse().unwrap()];
    let mut next = 0;
    while let Some(parent) = family.get(next).copied() {
        family.extend(parents.iter().filter(|(_, of)| *of == parent).map(|(pid, _)| *pid));
        next += 1;
    }
    family.into_iter().filter_map(identity).collect()
}

/// A field of what `/proc` says of a process, counted from its state.
fn stat(pid: i32, field: usize) -> Option<String> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    Some(stat.rsplit_once(')')?.1.split_ascii_whitespace().nth(field)?.to_owned())
}

fn identity(pid: i32) -> Option<String> {
    Some(format!("{pid} {}", stat(pid, 19)?))
}

/// The control groups of a lab, wherever the machine has mounted their hierarchy.
fn groups(id: &str) -> Vec<String> {
    let script = format!("mount -t cgroup2 cgroup2 /mnt; find /mnt -type d -path '*gs-lab-{id}*'");
    let out = Command::new("unshare").args(["--mount", "sh", "-c", &script]).output().unwrap();
    String::from_utf8(out.stdout).unwrap().lines().map(str::to_owned).collect()
}

/// What the machine shows beside processes and groups: mounts, networks, machines, and the lab's directory.
fn traces(id: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap();
    found.extend(
        mounts.lines().filter(|line| line.contains("gs-lab") || line.contains(id)).map(str::to_owned),
    );
    for dir in ["/run/netns", "/run/systemd/nspawn", "/run/systemd/machines"] {
        let entries = fs::read_dir(dir).into_iter().flatten().flatten();
        found.extend(entries.map(|entry| entry.path().display().to_string()));
    }
    found.extend(Path::new(&directory(id)).exists().then(|| directory(id)));
    found
}

fn wait_until_gone(id: &str, processes: &BTreeSet<String>, traces_before: &[String]) {
    let deadline = Instant::now() + Duration::from_secs(20);
    let left = || {
        let alive = processes
            .iter()
            .filter(|one| identity(one.split(' ').next().unwrap().parse().unwrap()).as_ref() == Some(one));
        let traces = traces(id).into_iter().filter(|trace| !traces_before.contains(trace));
        alive.cloned().chain(traces).chain(groups(id)).collect::<Vec<_>>()
    };
    while !left().is_empty() {
        assert!(Instant::now() < deadline, "left behind: {:?}", left());
        thread::sleep(Duration::from_millis(20));
    }
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn down_leaves_nothing_and_another_lab_alone() {
    let before = traces("-");
    let other = Lab::up(LabSpec::new(1).systems().names(|_| "other".to_owned())).unwrap();
    let lab = Lab::up(LabSpec::new(2).systems()).unwrap();
    let (id, other_id) = (lab.id(), other.id());
    let mine = processes(&id);
    assert_eq!(lab.node(0).sh("root", "hostname").unwrap().stdout, "node1\n");
    assert!(groups(&id).len() > 10);
    lab.node(1).reboot().unwrap();
    lab.down().unwrap();
    wait_until_gone(&id, &mine, &[before.clone(), vec![directory(&other_id)]].concat());
    assert_eq!(
        other.node(0).sh("root", "hostname; systemctl is-system-running").unwrap().stdout,
        "other\nrunning\n"
    );
    let rest = processes(&other_id);
    other.down().unwrap();
    wait_until_gone(&other_id, &rest, &before);
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn systems_go_with_their_owner() {
    for signal in ["KILL", "INT"] {
        let before = traces("-");
        let (mut owner, id) = start_owner("hold");
        let all = processes(&id);
        assert!(all.len() > 10 && !groups(&id).is_empty());
        kill(i32::try_from(owner.id()).unwrap(), signal);
        owner.wait().unwrap();
        wait_until_gone(&id, &all, &before);
    }
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn the_remains_of_systems_that_lost_both_ends_are_removed() {
    let before = traces("-");
    let (mut owner, id) = start_owner("hold");
    let all = processes(&id);
    let keeper = fs::read_to_string(format!("{}/keeper.txt", directory(&id))).unwrap();
    kill(keeper.split(' ').next().unwrap().parse().unwrap(), "KILL");
    owner.kill().unwrap();
    owner.wait().unwrap();
    assert!(!groups(&id).is_empty());
    reap_dead_labs().unwrap();
    wait_until_gone(&id, &all, &before);
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn detached_systems_stand_and_are_found_after_a_reboot() {
    let before = traces("-");
    let (mut owner, id) = start_owner("detach");
    assert!(owner.wait().unwrap().success());
    reap_dead_labs().unwrap();
    let nodes = || labs().into_iter().find(|lab| lab.id == id).unwrap().nodes;
    let first = nodes()[0].clone();
    let words = lab::enter_words(first.2);
    assert!(Command::new(&words[0]).args(&words[1..]).arg("reboot").status().is_ok());
    let deadline = Instant::now() + Duration::from_secs(30);
    while !nodes().first().is_some_and(|node| node.0 == first.0 && node.2 != first.2) {
        assert!(Instant::now() < deadline, "{:?}", nodes());
        thread::sleep(Duration::from_millis(5));
    }
    let all = processes(&id);
    take_down(&id).unwrap();
    wait_until_gone(&id, &all, &before);
}
