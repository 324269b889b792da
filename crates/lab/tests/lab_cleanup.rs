//! A lab leaves nothing behind, however it ends. Needs root; `cargo xtask test` runs these.

#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a failing helper is a failing test; one talks to another"
)]

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
    let lab = Lab::up(LabSpec::new(2)).unwrap();
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

fn directory(id: &str) -> String {
    format!("/run/gs_sshexkey-lab/{id}")
}

/// What is left of a lab: processes that name it, mounts, its directory.
fn remains(id: &str) -> Vec<String> {
    let directory = directory(id);
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc").unwrap().flatten() {
        let cmdline = fs::read(entry.path().join("cmdline")).unwrap_or_default();
        if String::from_utf8_lossy(&cmdline).contains(&directory) {
            found.push(entry.path().display().to_string());
        }
    }
    let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap();
    found.extend(mounts.lines().filter(|line| line.contains("gs-lab")).map(str::to_owned));
    if Path::new(&directory).exists() {
        found.push(directory);
    }
    found
}

fn wait_until_gone(id: &str) {
    let deadline = Instant::now() + Duration::from_secs(10);
    while !remains(id).is_empty() {
        assert!(Instant::now() < deadline, "left behind: {:?}", remains(id));
        thread::sleep(Duration::from_millis(5));
    }
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn down_leaves_nothing() {
    let names = || Command::new("ip").args(["netns", "list"]).output().unwrap().stdout;
    let links = || fs::read_dir("/sys/class/net").unwrap().count();
    let before = (names(), links());
    let lab = Lab::up(LabSpec::new(3)).unwrap();
    let id = lab.id();
    assert!(remains(&id).len() > 3);
    assert_eq!((names(), links()), before, "a lab shows in the machine's network");
    lab.down().unwrap();
    assert_eq!(remains(&id), Vec::<String>::new());
    assert_eq!((names(), links()), before);
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn labs_stand_side_by_side() {
    let one = Lab::up(LabSpec::new(2)).unwrap();
    let two = Lab::up(LabSpec::new(2).names(|index| format!("other{index}"))).unwrap();
    let keys = "ssh-keyscan -t ed25519 10.77.0.2 2>/dev/null | cut -d' ' -f2,3";
    let mark = "hostname; echo mark >/tmp/mark";
    assert_eq!(one.node(0).sh("root", mark).unwrap().stdout, "node1\n");
    assert_eq!(two.node(0).sh("root", "hostname; ls /tmp").unwrap().stdout, "other0\n");
    assert!(one.node(0).sh("root", keys).unwrap().stdout.starts_with("ssh-ed25519 "));
    one.down().unwrap();
    assert!(two.node(0).sh("root", keys).unwrap().stdout.starts_with("ssh-ed25519 "));
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn a_killed_owner_takes_its_lab_along() {
    let (mut owner, id) = start_owner("hold");
    assert!(!remains(&id).is_empty());
    owner.kill().unwrap();
    owner.wait().unwrap();
    wait_until_gone(&id);
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn ctrl_c_takes_the_lab_along() {
    let (mut owner, id) = start_owner("hold");
    let interrupted = Command::new("kill").args(["-INT", &owner.id().to_string()]).status().unwrap();
    assert!(interrupted.success());
    owner.wait().unwrap();
    wait_until_gone(&id);
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn the_remains_of_a_lab_that_lost_both_ends_are_removed() {
    let (mut owner, id) = start_owner("hold");
    let line = fs::read_to_string(format!("{}/keeper.txt", directory(&id))).unwrap();
    let keeper = line.split(' ').next().unwrap();
    assert!(Command::new("kill").args(["-KILL", keeper]).status().unwrap().success());
    owner.kill().unwrap();
    owner.wait().unwrap();
    let draft = format!("/run/gs_sshexkey-lab/.{}-9", owner.id());
    fs::create_dir_all(&draft).unwrap();
    reap_dead_labs().unwrap();
    assert!(!Path::new(&draft).exists());
    wait_until_gone(&id);
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn a_detached_lab_stands_until_it_is_taken_down() {
    let (mut owner, id) = start_owner("detach");
    assert!(owner.wait().unwrap().success());
    reap_dead_labs().unwrap();
    let info = labs().into_iter().find(|lab| lab.id == id).unwrap();
    assert!(info.detached && info.nodes.len() == 2 && info.nodes[0].0 == "node1");
    take_down(&id).unwrap();
    wait_until_gone(&id);
    assert!(take_down(&id).is_err());
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn a_failed_start_leaves_nothing() {
    let error = Lab::up(LabSpec::new(2).sshd_config(1, "NoSuchOption yes")).unwrap_err().to_string();
    assert!(error.contains("NoSuchOption"), "{error}");
    let mine = format!("{}-", std::process::id());
    assert!(labs().iter().all(|lab| !lab.id.starts_with(&mine) || lab.nodes.len() == 2));
}
