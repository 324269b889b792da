//! Faults happen when asked for, and go away. Needs root; `cargo xtask test` runs these.

#![allow(clippy::unwrap_used, reason = "a failing helper is a failing test")]

use lab::{Lab, LabSpec, Node};

/// What a connection from the first node to a port of the second one comes to.
fn knock(from: &Node, to: &Node, port: u16) -> String {
    let script =
        format!("exec 3<>/dev/tcp/{}/{port} && read -r -t 1 banner <&3; echo \"${{banner%%-*}}\"", to.ip());
    let out = from.command("root").args(["timeout", "2", "bash", "-c", &script]).output().unwrap();
    let errors = String::from_utf8_lossy(&out.stderr);
    match out.status.code() {
        Some(124) => "filtered".to_owned(),
        _ if errors.contains("refused") => "refused".to_owned(),
        _ => String::from_utf8_lossy(&out.stdout).trim().to_owned(),
    }
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn sshd_stops_freezes_and_comes_back() {
    let lab = Lab::up(LabSpec::new(2)).unwrap();
    let (one, two) = (lab.node(0), lab.node(1));
    assert_eq!(knock(one, two, 22), "SSH");
    two.stop_sshd().unwrap();
    assert_eq!(knock(one, two, 22), "refused");
    two.start_sshd().unwrap();
    assert_eq!(knock(one, two, 22), "SSH");
    two.freeze().unwrap();
    assert_eq!(knock(one, two, 22), "");
    two.thaw().unwrap();
    assert_eq!(knock(one, two, 22), "SSH");
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn packets_are_dropped_rejected_and_lost() {
    let lab = Lab::up(LabSpec::new(3)).unwrap();
    let (one, two, three) = (lab.node(0), lab.node(1), lab.node(2));
    two.reject_port(22).unwrap();
    assert_eq!(knock(one, two, 22), "refused");
    two.heal_network().unwrap();
    two.drop_port(22).unwrap();
    assert_eq!(knock(one, two, 22), "filtered");
    two.heal_network().unwrap();
    two.drop_from(one.ip(), 22).unwrap();
    assert_eq!((knock(one, two, 22).as_str(), knock(three, two, 22).as_str()), ("filtered", "SSH"));
    two.heal_network().unwrap();
    two.lose_packets(100).unwrap();
    assert_eq!(knock(one, two, 22), "filtered");
    two.heal_network().unwrap();
    assert_eq!(knock(one, two, 22), "SSH");
}

/// What `ssh -v` says on its way to another node, within its time limit.
fn call(from: &Node, to: &Node) -> String {
    let options = "-v -n -o BatchMode=yes -o ConnectTimeout=3 -o UserKnownHostsFile=/tmp/known \
                   -o StrictHostKeyChecking=accept-new";
    from.sh("root", &format!("timeout 5 ssh {options} {} true", to.ip())).unwrap().stderr
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn large_packets_are_lost_within_the_key_exchange() {
    let lab = Lab::up(LabSpec::new(3)).unwrap();
    let (one, two, three) = (lab.node(0), lab.node(1), lab.node(2));
    two.lose_large_packets().unwrap();
    for (from, to) in [(one, two), (two, three)] {
        let said = call(from, to);
        assert!(said.contains("remote software version OpenSSH"), "{said}");
        assert!(said.contains("SSH2_MSG_KEXINIT sent"), "{said}");
        assert!(!said.contains("SSH2_MSG_NEWKEYS received"), "{said}");
    }
    assert!(call(one, three).contains("SSH2_MSG_NEWKEYS received"));
    two.heal_network().unwrap();
    assert!(call(one, two).contains("SSH2_MSG_NEWKEYS received"));
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn host_keys_change() {
    let lab = Lab::up(LabSpec::new(2)).unwrap();
    let (one, two) = (lab.node(0), lab.node(1));
    assert!(call(one, two).contains("SSH2_MSG_NEWKEYS received"));
    let before = two.snapshot(&["/etc/ssh"]);
    two.change_host_keys().unwrap();
    let after = two.snapshot(&["/etc/ssh"]);
    for kind in ["ed25519", "ecdsa", "rsa"] {
        let path = format!("/etc/ssh/ssh_host_{kind}_key");
        assert_ne!(before.entries[&path].content, after.entries[&path].content);
    }
    assert_eq!(before.entries.len(), after.entries.len());
    assert!(call(one, two).contains("REMOTE HOST IDENTIFICATION HAS CHANGED"));
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn disks_fill_up_and_homes_become_read_only() {
    let lab = Lab::up(LabSpec::new(1).user("omm", "pw")).unwrap();
    let node = lab.node(0);
    let before = node.snapshot(&["/home", "/etc"]);
    let write = "mkdir -p .ssh && seq 99999 >.ssh/new 2>&1; cat .ssh/new | wc -l; rm -rf .ssh";
    node.fill_disk("omm").unwrap();
    let out = node.sh("omm", "seq 9999 >new").unwrap();
    assert!(!out.status.success() && out.stderr.contains("No space left"), "{out:?}");
    node.sh("omm", "rm -f new").unwrap();
    node.free_disk("omm").unwrap();
    assert_eq!(node.sh("omm", write).unwrap().stdout, "99999\n");
    node.read_only_home("omm").unwrap();
    assert!(node.sh("omm", "touch new").unwrap().stderr.contains("Read-only file system"));
    node.writable_home("omm").unwrap();
    assert_eq!(node.sh("omm", write).unwrap().stdout, "99999\n");
    assert_eq!(before.diff(&node.snapshot(&["/home", "/etc"])), "");
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn a_killed_node_takes_its_processes_along() {
    let lab = Lab::up(LabSpec::new(2)).unwrap();
    let two = lab.node(1);
    let mut child = two.command("root").args(["sleep", "1000"]).spawn().unwrap();
    two.kill().unwrap();
    assert!(!child.wait().unwrap().success());
    assert!(two.processes().is_empty() && two.kill().is_err());
    assert_eq!(knock(lab.node(0), two, 22), "filtered");
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn a_signal_reaches_the_program() {
    let lab = Lab::up(LabSpec::new(1)).unwrap();
    let script = "trap 'exit 7' TERM; cp /bin/sleep /tmp/target; /tmp/target 1000 & echo ready; wait";
    let mut terminal = lab.node(0).terminal("root", script).unwrap();
    terminal.expect("ready", std::time::Duration::from_secs(5)).unwrap();
    while lab.node(0).signal("target", "KILL").is_err() {}
    assert!(terminal.finish().unwrap().0.success());
    assert!(lab.node(0).signal("target", "KILL").is_err());
}
