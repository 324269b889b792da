//! No password and no passphrase is ever in an argument, an environment, a log or a file in the clear.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use lab::{Lab, Node, Snapshot};

use crate::before::*;
use crate::harness::*;
use crate::store::passphrase;

/// A password that is nowhere on the machine by chance.
const SECRET: &str = "Zq7+unmistakable+3xW";
/// Where a secret could be left.
const PLACES: &[&str] =
    &["/root", "/home", "/tmp", "/run", "/var/log", "/var/tmp", "/var/spool", "/dev/shm", "/etc"];
/// The first bytes of a private key in OpenSSH's format without a passphrase: magic, cipher "none", kdf "none".
const OPEN_KEY: &[u8] = b"openssh-key-v1\0\0\0\0\x04none\0\0\0\x04none";
/// The same in base64, as it stands in a file.
const OPEN_KEY_TEXT: &str = "b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQ";

/// What processes show to others: argument lists and environments.
type Shown = BTreeSet<Vec<u8>>;

/// Looks at all processes of all nodes, as fast as it can, while something runs.
fn watch<T>(nodes: &[&Node], work: impl FnOnce() -> T) -> (T, Shown) {
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        let watcher = scope.spawn(|| {
            let mut shown = Shown::new();
            while !over.load(Ordering::Relaxed) {
                let processes = nodes.iter().flat_map(|node| node.processes());
                processes.for_each(|process| shown.extend([process.cmdline, process.environ]));
            }
            shown
        });
        let done = work();
        over.store(true, Ordering::Relaxed);
        (done, watcher.join().unwrap())
    })
}

fn contains(bytes: &[u8], secret: &[u8]) -> bool {
    bytes.windows(secret.len()).any(|window| window == secret)
}

#[track_caller]
fn must_be_nowhere(shown: &Shown, files: &[(&Node, Snapshot)], secret: &[u8], what: &str) {
    assert!(!secret.is_empty());
    let seen = shown.iter().find(|bytes| contains(bytes, secret));
    assert!(seen.is_none(), "{what} was shown: {}", String::from_utf8_lossy(seen.unwrap()));
    for (node, files) in files {
        let found = files.entries.iter().find(|(_, entry)| contains(&entry.content, secret));
        assert!(found.is_none(), "{what} is in {} of {}", found.unwrap().0, node.name());
    }
}

fn files<'a>(nodes: &[&'a Node]) -> Vec<(&'a Node, Snapshot)> {
    // Host keys have no passphrase.
    let of = |node: &Node| node.snapshot(PLACES).without(|path| path.starts_with("/etc/ssh/ssh_host_"));
    nodes.iter().map(|node| (*node, of(node))).collect()
}

fn lab_with_secret() -> Lab {
    Lab::up(spec_with_secret()).unwrap()
}

fn spec_with_secret() -> lab::LabSpec {
    let spec = lab::LabSpec::new(3).program(env!("CARGO_BIN_EXE_gs_sshexkey"));
    spec.root_password(SECRET).user("omm", SECRET)
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn no_secret_is_shown_or_left_by_a_run() {
    let lab = lab_with_secret();
    let nodes = all(&lab);
    for (user, home) in [("root", "/root"), ("omm", "/home/omm")] {
        let log = format!("{home}/log/run.log");
        let input = format!("{SECRET}\n");
        let (run, shown) = watch(&nodes, || run(nodes[0], user, &hostfile(&nodes), &["-l", &log], &input));
        let run = run.must_succeed();
        assert!(shown.iter().any(|bytes| contains(bytes, b"gs_token")), "the watcher saw nothing");
        let phrase = passphrase(nodes[2], home);
        assert_eq!(phrase.len(), 32);
        let files = files(&nodes);
        assert!(files[0].1.entries[&log].content.len() > 500, "no log");
        for (secret, what) in
            [(SECRET, "the password"), (&phrase, "the passphrase"), (OPEN_KEY_TEXT, "an open key")]
        {
            must_be_nowhere(&shown, &files, secret.as_bytes(), what);
            assert!(!(run.stdout.clone() + &run.stderr).contains(secret), "{what} is on the screen");
        }
        must_be_nowhere(&shown, &files, OPEN_KEY, "an open key");
        for node in &nodes {
            let open = node.sh(user, "ssh-keygen -y -P '' -f ~/.ssh/id_om </dev/null").unwrap();
            assert!(!open.status.success(), "id_om of {} opens without a passphrase", node.name());
        }
    }
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn no_secret_is_shown_or_left_by_a_run_that_fails() {
    let lab = Lab::up(impatient(spec_with_secret())).unwrap();
    let nodes = all(&lab);
    let wrong = "Mv2+wrong+but+close+5tY";
    let log = ["-l", "/var/log/run.log"];
    let input = format!("{wrong}\n{wrong}\n");
    let (run_one, shown) = watch(&nodes, || run(nodes[0], "root", &hostfile(&nodes), &log, &input));
    run_one.must_fail_with(&["The password is incorrect"]);
    must_be_nowhere(&shown, &files(&nodes), wrong.as_bytes(), "the wrong password");

    nodes[2].drop_from(nodes[1].ip(), 22).unwrap();
    let input = format!("{SECRET}\n");
    let (run_two, shown) = watch(&nodes, || run(nodes[0], "root", &hostfile(&nodes), &log, &input));
    run_two.must_fail_with(&["[GAUSS-51100]"]);
    let files = files(&nodes);
    for (secret, what) in [(SECRET, "the password"), (OPEN_KEY_TEXT, "an open key")] {
        must_be_nowhere(&shown, &files, secret.as_bytes(), what);
    }
    must_be_nowhere(&shown, &files, OPEN_KEY, "an open key");
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn nothing_secret_waits_in_a_file_while_the_nodes_change() {
    let lab = lab_with_secret();
    let nodes = all(&lab);
    // The moment at which the agent gets the key, and the one at which the files lie ready.
    for (program, pattern) in [("ssh-add", "-"), ("mv", "*id_om*")] {
        gate(nodes[1], program, pattern);
        let run = start(nodes[0], "omm", &hostfile(&nodes), &[], &format!("{SECRET}\n"));
        wait_at_gate(nodes[1]);
        let files = files(&nodes);
        must_be_nowhere(&Shown::new(), &files, SECRET.as_bytes(), "the password");
        must_be_nowhere(&Shown::new(), &files, OPEN_KEY_TEXT.as_bytes(), "an open key");
        must_be_nowhere(&Shown::new(), &files, OPEN_KEY, "an open key");
        nodes[0].signal("gs_sshexkey", "TERM").unwrap();
        open_gate(nodes[1]);
        finish(run).must_fail_with(&["Interrupted."]);
        nodes[1].sh("root", &format!("rm /usr/local/sbin/{program} /tmp/reached /tmp/gate")).unwrap();
    }
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn no_secret_is_shown_or_left_while_the_agent_is_kept() {
    let lab = lab_with_secret();
    let nodes = all(&lab);
    let node = nodes[1];
    run(nodes[0], "omm", &hostfile(&nodes), &[], &format!("{SECRET}\n")).must_succeed();
    let phrase = passphrase(node, "/home/omm");
    let lose = |script: &str| assert!(node.sh("root", script).unwrap().status.success(), "{script}");
    lose("pkill -x cron; pkill -KILL -u omm -x ssh-agent");
    let keep = || node.sh("omm", "~/gaussdb_tmp/bin/gs_sshexkey agent keep").unwrap();
    let (kept, shown) = watch(&[node], keep);
    assert!(kept.status.success() && kept.stdout.starts_with("The agent was started"), "{kept:?}");
    assert!(shown.iter().any(|bytes| contains(bytes, b"agent\0keep")), "the watcher saw nothing");
    // The moment at which the agent gets the key.
    lose("pkill -KILL -u omm -x ssh-agent");
    gate(node, "ssh-add", "-");
    let files = thread::scope(|scope| {
        let keeping = scope.spawn(keep);
        wait_at_gate(node);
        let files = files(&[node]);
        open_gate(node);
        keeping.join().unwrap();
        files
    });
    for (secret, what) in [(phrase.as_str(), "the passphrase"), (OPEN_KEY_TEXT, "an open key")] {
        must_be_nowhere(&shown, &files, secret.as_bytes(), what);
    }
    must_be_nowhere(&shown, &files, OPEN_KEY, "an open key");
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn another_user_cannot_read_the_memory_of_a_run() {
    let lab = lab_with_secret();
    let nodes = all(&lab);
    let mut terminal = at_terminal(nodes[0], "omm", &hostfile(&nodes), "");
    terminal.expect("Password: ", PATIENCE).unwrap();
    let script = "for d in /proc/[0-9]*; do read -r c <$d/comm; [ \"$c\" = gs_sshexkey ] && break; done; \
                  grep -E '^(Max core file size|Max open files)' $d/limits; head -c 1 $d/mem; head -c 1 $d/environ";
    let seen = nodes[0].sh("omm", script).unwrap();
    assert!(seen.stdout.starts_with("Max core file size        0                    0"), "{}", seen.stdout);
    assert_eq!(seen.stderr.matches("Permission denied").count(), 2, "{}", seen.stderr);
    terminal.press_ctrl_c().unwrap();
    terminal.finish().unwrap();
}
