//! Homes on file systems of their own, power cuts, folders in common, stalled commands, containers. Needs root;
//! `cargo xtask test` runs these.

#![allow(clippy::unwrap_used, reason = "a failing helper is a failing test")]

use std::time::{Duration, Instant};

use lab::{Filesystem, Lab, LabSpec, Node};

/// How long a test waits for something that will happen.
const PATIENCE: Duration = Duration::from_secs(30);

/// Runs a script, which must succeed; what it printed.
#[track_caller]
fn sh(node: &Node, user: &str, script: &str) -> String {
    let output = node.sh(user, script).unwrap();
    assert!(output.status.success(), "{script}: {}{}", output.stdout, output.stderr);
    output.stdout
}

#[track_caller]
fn wait_until(so: impl Fn() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !so() {
        assert!(Instant::now() < deadline, "it does not become so");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn a_power_cut_leaves_what_was_synced() {
    let lab = Lab::up(LabSpec::new(2).user("omm", "pw")).unwrap();
    let node = lab.node(0);
    for filesystem in [Filesystem::Ext4, Filesystem::Xfs].into_iter().filter(|one| one.is_available()) {
        let user = if filesystem == Filesystem::Ext4 { "omm" } else { "root" };
        sh(node, user, "mkdir -m 700 .ssh; echo old >.ssh/kept; umask 077; echo mine >private");
        node.loop_home(user, filesystem).unwrap();
        assert_eq!(
            sh(node, user, "stat -f -c %T . | tr / ' '; stat -c '%a %U' .ssh private; cat .ssh/kept")
                .replace("ext2 ext3", "ext4"),
            format!("{filesystem}\n700 {user}\n600 {user}\nold\n")
        );
        assert!(!node.root_dir().join("home/omm/lost+found").exists());
        // Synced, not synced, and a rename that is not.
        sh(
            node,
            user,
            "echo new >.ssh/synced; sync .ssh/synced .ssh; echo new >.ssh/lost; mv .ssh/kept .ssh/moved",
        );
        let early = node.power_cut(user).unwrap();
        sh(node, user, "sync -f .");
        let late = node.power_cut(user).unwrap();
        let boot = sh(
            node,
            user,
            "cat /proc/sys/kernel/random/boot_id; echo x >/tmp/file; sleep 1000 >/dev/null 2>&1 &",
        );

        node.restart_after(&early).unwrap();
        assert_eq!(sh(node, user, "ls .ssh; cat .ssh/synced .ssh/kept; ls /tmp"), "kept\nsynced\nnew\nold\n");
        assert_ne!(sh(node, user, "cat /proc/sys/kernel/random/boot_id"), boot);
        assert!(node.processes().iter().all(|process| !process.cmdline.starts_with(b"sleep\x001000\0")));
        node.restart_after(&late).unwrap();
        assert_eq!(sh(node, user, "ls .ssh; cat .ssh/lost .ssh/moved"), "lost\nmoved\nsynced\nnew\nold\n");
        // sshd and cron are there again.
        let scan = format!("ssh-keyscan -t ed25519 {} 2>/dev/null | wc -l", node.ip());
        assert_eq!(sh(lab.node(1), "root", &scan), "1\n");
        sh(node, "root", "pkill -0 cron");
    }
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn no_loop_device_is_left() {
    let count = || {
        std::fs::read_dir("/sys/block")
            .unwrap()
            .flatten()
            .filter(|e| e.path().join("loop/backing_file").exists())
            .filter(|e| {
                std::fs::read_to_string(e.path().join("loop/backing_file"))
                    .unwrap_or_default()
                    .contains("home-omm.cut7")
            })
            .count()
    };
    let lab = Lab::up(LabSpec::new(1).user("omm", "pw")).unwrap();
    let node = lab.node(0);
    node.loop_home("omm", Filesystem::Ext4).unwrap();
    let cuts: Vec<_> = (0..8).map(|_| node.power_cut("omm").unwrap()).collect();
    node.restart_after(&cuts[7]).unwrap();
    assert_eq!(count(), 1);
    lab.down().unwrap();
    wait_until(|| count() == 0);
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn a_folder_is_shared_by_the_nodes_that_are_named() {
    let spec = LabSpec::new(3).user("omm", "pw");
    let spec = spec.shared_folder(&[0, 1, 2], "/home/omm/.ssh", "omm", 0o700);
    let lab = Lab::up(spec.shared_folder(&[0, 2], "/etc/keys", "root", 0o755)).unwrap();
    sh(lab.node(0), "omm", "echo one >.ssh/authorized_keys");
    assert_eq!(sh(lab.node(1), "omm", "cat .ssh/authorized_keys; stat -c '%a %U' .ssh"), "one\n700 omm\n");
    sh(lab.node(1), "omm", "echo two >.ssh/new; mv .ssh/new .ssh/authorized_keys");
    assert_eq!(sh(lab.node(2), "omm", "cat .ssh/authorized_keys"), "two\n");
    sh(lab.node(2), "root", "echo three >/etc/keys/omm");
    assert_eq!(sh(lab.node(0), "omm", "cat /etc/keys/omm; ls -d .ssh"), "three\n.ssh\n");
    assert!(!lab.node(1).sh("omm", "ls /etc/keys").unwrap().status.success());
    let twice = ["stat -c %i .ssh/authorized_keys"; 2];
    assert_eq!(sh(lab.node(0), "omm", twice[0]), sh(lab.node(1), "omm", twice[1]));
    // Homes are each node's own.
    sh(lab.node(0), "omm", "echo >own");
    assert!(lab.node(1).read("/home/omm/own").is_err());
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn one_call_of_a_command_hangs() {
    let lab = Lab::up(LabSpec::new(1).user("omm", "pw")).unwrap();
    let node = lab.node(0);
    node.stall_at("mv", "*wanted*", 1000, 2).unwrap();
    let moves = "cd /tmp; touch a; mv a b; mv b wanted; mv wanted b; echo first; mv b wanted; echo moved";
    let path = "PATH=/usr/local/sbin:/usr/bin:/bin";
    let start = || {
        let mut command = node.command("omm");
        command.args(["env", path, "sh", "-c", moves]).stdout(std::process::Stdio::piped()).spawn().unwrap()
    };
    assert!(!node.is_stalled("mv"));
    let child = start();
    wait_until(|| node.is_stalled("mv"));
    assert_eq!(node.stalled_calls("mv"), 2);
    assert_eq!(sh(node, "omm", "ls /tmp"), "wanted\n", "the second one has not done its work yet");
    node.unstall("mv").unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout), "first\nmoved\n");
    // It goes on by itself when its time is over.
    let begin = Instant::now();
    node.stall("mv", 1, 1).unwrap();
    start().wait_with_output().unwrap();
    assert!(begin.elapsed() >= Duration::from_secs(1) && !node.is_stalled("mv"));
    assert_eq!(node.stalled_calls("mv"), 4);
    // One that is killed hangs no more.
    node.stall("mv", 1000, 1).unwrap();
    let child = start();
    wait_until(|| node.is_stalled("mv"));
    node.signal("mv", "KILL").unwrap();
    child.wait_with_output().unwrap();
    assert!(!node.is_stalled("mv"));
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn a_container_has_an_agent_of_its_own_at_the_same_path() {
    let lab = Lab::up(LabSpec::new(1).user("omm", "pw")).unwrap();
    let node = lab.node(0);
    let socket = "/home/omm/gaussdb_tmp/gauss_socket_tmp";
    let container = node.container_with_agent("omm", socket).unwrap();
    assert!(node.agent_answers_in(&container).unwrap());
    // The node has none there, but sees the container's process.
    assert_eq!(sh(node, "omm", "ls -A gaussdb_tmp 2>&1; true").lines().count(), 1);
    assert_eq!(sh(node, "omm", "pgrep -fc '^ssh-agent .*gauss_socket_tmp'"), "1\n");
    sh(node, "omm", &format!("mkdir -p gaussdb_tmp; ssh-agent -a {socket} >/dev/null"));
    assert_eq!(sh(node, "omm", "pgrep -fc '^ssh-agent .*gauss_socket_tmp'"), "2\n");
    sh(node, "omm", "pkill -o -f '^ssh-agent .*gauss_socket_tmp'");
    wait_until(|| !node.agent_answers_in(&container).unwrap());
}
