//! What a node or another user puts in the way: keys that cost too much, locks that are held.

use std::time::{Duration, Instant};

use lab::Node;

use crate::before::*;
use crate::harness::*;
use crate::tools::*;

/// Makes the key of root ask for 2^31 - 1 rounds of bcrypt. They stand behind 63 bytes: magic, cipher, key derivation, salt.
const ENDLESS: &str = "cd .ssh; sed '/^-/d' id_om | base64 -d >/tmp/raw; head -n 1 id_om >/tmp/new; \
     { head -c 63 /tmp/raw; printf '\\177\\377\\377\\377'; tail -c +68 /tmp/raw; } | base64 -w 70 >>/tmp/new; \
     tail -n 1 id_om >>/tmp/new; cat /tmp/new >id_om";

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn a_key_that_would_take_for_ever_holds_up_nobody() {
    let lab = cluster(3);
    let nodes = all(&lab);
    set_up(&lab, "root");
    nodes.iter().for_each(|node| drop(sh(node, "root", ENDLESS)));
    let begin = Instant::now();
    let said = |node: &Node, script: &str| sh(node, "root", &format!("{script} 2>&1 || :"));
    let status = said(nodes[1], "gs_sshexkey agent status");
    assert!(status.contains("NOT tried on the key") && status.contains("2147483647 rounds"), "{status}");
    let kept = said(nodes[1], "pkill -KILL -x ssh-agent; gs_sshexkey agent keep");
    assert!(
        kept.contains("/root/.ssh/id_om is not opened") && kept.contains("ssh-keygen -p -a 16"),
        "{kept}"
    );
    let warning =
        "id_om of 10.77.0.1 (and of 2 other nodes) was not considered: to open it takes 2147483647 rounds";
    let look = |verb: &str, input: &str| {
        let hosts = hostfile(&nodes);
        nodes[0].write("/tmp/hosts", hosts.as_bytes(), 0o644, "root").unwrap();
        said(nodes[0], &format!("printf '{input}' | gs_sshexkey {verb} -f /tmp/hosts"))
    };
    for verb in ["doctor --fix --yes", "revoke --dry-run"] {
        let shown = look(verb, &format!("{PASSWORD}\\n"));
        assert!(shown.contains(warning), "{verb}: {shown}");
    }
    let again = run(nodes[0], "root", &hostfile(&nodes), &[], &format!("{PASSWORD}\n")).must_succeed();
    assert!(again.stderr.contains(warning), "{}", again.stderr);
    assert!(begin.elapsed() < Duration::from_secs(300), "{:?}", begin.elapsed());
    must_trust(&nodes, "root", false);
}

/// What lies in the home of root.
fn left(node: &Node) -> String {
    sh(node, "root", "ls -A | grep gs_sshexkey; true")
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn a_user_who_locks_the_homes_of_others_is_in_nobodys_way() {
    let lab = cluster(2);
    let nodes = all(&lab);
    for node in &nodes {
        sh(node, "root", "chmod 755 /root");
        // Another user holds what can be opened, for as long as the node lives.
        sh(node, "omm", "flock /root sh -c 'touch /tmp/held; exec sleep 2147483647' >/dev/null 2>&1 &");
        wait_until(|| sh(node, "root", "ls /tmp").contains("held"));
        sh(node, "root", "! flock -n /root true");
    }
    let dry = run(nodes[0], "root", &hostfile(&nodes), &["--dry-run"], &format!("{PASSWORD}\n"));
    assert_eq!(dry.code, Some(0), "{}", dry.stderr);
    nodes.iter().for_each(|node| assert_eq!(left(node), ""));
    set_up(&lab, "root");
    must_trust(&nodes, "root", false);
    nodes.iter().for_each(|node| assert_eq!(left(node), ""));
    let kept = sh(nodes[1], "root", "pkill -KILL -x ssh-agent; gs_sshexkey agent keep");
    assert!(kept.contains("The agent was started"), "{kept}");
    must_trust(&nodes, "root", false);
    // Two runs of our own still wait for each other.
    let busy = "f=/root/.gs_sshexkey.lock; umask 077; exec 9<>$f; flock 9; gs_sshexkey agent start 2>&1; pkill -KILL -x ssh-agent; \
                gs_sshexkey agent start 2>&1; rm $f";
    let said = sh(nodes[1], "root", &format!("{busy}; true"));
    assert!(said.contains("Another run of gs_sshexkey is at work"), "{said}");
    assert_eq!(left(nodes[1]), "");
    set_up(&lab, "root");
    must_trust(&nodes, "root", false);
    nodes.iter().for_each(|node| assert_eq!(left(node), ""));
}
