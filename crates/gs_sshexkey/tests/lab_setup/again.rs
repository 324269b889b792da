//! What is there already serves: keys, agents, and the trust of earlier runs.

use lab::{Kind, Lab, Node, Snapshot};

use crate::harness::*;
use crate::tools::*;

const SOCKET: &str = "gaussdb_tmp/gauss_socket_tmp";

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn an_agent_of_the_users_own_lives_on_with_its_key() {
    let lab = cluster(2);
    let node = lab.node(0);
    sh(
        node,
        "omm",
        "mkdir -m 700 own && ssh-agent -a own/socket >own/said && ssh-keygen -q -t ed25519 -N '' -f own/key",
    );
    sh(node, "omm", "printf 'export SSH_AUTH_SOCK=/home/omm/own/socket\\n' >>.bashrc");
    let held =
        sh(node, "omm", "SSH_AUTH_SOCK=own/socket; export SSH_AUTH_SOCK; ssh-add -q own/key; ssh-add -L");
    for asked in [true, false] {
        let hosts = hostfile(&all(&lab));
        let environment = ["SSH_AUTH_SOCK=/home/omm/own/socket"];
        let run = run_with(node, "omm", &environment, &hosts, &[], &format!("{PASSWORD}\n")).must_succeed();
        assert_eq!(run.asked(), asked);
        assert_eq!(sh(node, "omm", "SSH_AUTH_SOCK=own/socket ssh-add -L"), held);
        assert_eq!(
            agents(node),
            ["ssh-agent -a own/socket ", "ssh-agent -s -a /home/omm/gaussdb_tmp/gauss_socket_tmp "]
        );
    }
    let profile = text(node, "/home/omm/.bashrc");
    assert!(profile.ends_with("export SSH_AUTH_SOCK=/home/omm/own/socket\n"), "{profile}");
    must_trust(&all(&lab), "omm", false);
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn a_key_in_the_users_own_agent_opens_the_nodes() {
    let lab = cluster(3);
    sh(lab.node(0), "omm", "ssh-agent -a /tmp/socket >/dev/null && ssh-keygen -q -t ecdsa -N secret -f key");
    let add = "printf '#!/bin/sh\\necho secret\\n' >/tmp/ask; chmod 700 /tmp/ask; SSH_ASKPASS=/tmp/ask \
               SSH_ASKPASS_REQUIRE=force SSH_AUTH_SOCK=/tmp/socket ssh-add -q key";
    sh(lab.node(0), "omm", add);
    let public = lab.node(0).read("/home/omm/key.pub").unwrap();
    for node in all(&lab) {
        node.write("/home/omm/.ssh/authorized_keys", &public, 0o600, "omm").unwrap();
    }
    let environment = ["SSH_AUTH_SOCK=/tmp/socket"];
    let run = run_with(lab.node(0), "omm", &environment, &hostfile(&all(&lab)), &[], "").must_succeed();
    assert!(!run.asked(), "{}", run.stdout);
    must_trust(&all(&lab), "omm", false);
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn an_unencrypted_default_identity_that_opens_the_nodes_is_enough() {
    let lab = cluster(3);
    sh(lab.node(0), "root", "mkdir -m 700 .ssh; ssh-keygen -q -t ed25519 -N '' -f .ssh/id_ed25519");
    let public = lab.node(0).read("/root/.ssh/id_ed25519.pub").unwrap();
    for node in all(&lab) {
        node.write("/root/.ssh/authorized_keys", &public, 0o600, "root").unwrap();
    }
    let identity = lab.node(0).snapshot(&["/root/.ssh/id_ed25519", "/root/.ssh/id_ed25519.pub"]);
    let run = run(lab.node(0), "root", &hostfile(&all(&lab)), &[], "").must_succeed();
    assert!(!run.asked(), "{}", run.stdout);
    must_trust(&all(&lab), "root", true);
    let now = lab.node(0).snapshot(&["/root/.ssh/id_ed25519", "/root/.ssh/id_ed25519.pub"]);
    assert_eq!(identity.diff(&now), "");
    for node in all(&lab) {
        let keys = node.read("/root/.ssh/authorized_keys").unwrap();
        assert!(keys.starts_with(&public) && keys.len() > public.len());
    }
}

/// The command lines of all agents of a node.
fn agents(node: &Node) -> Vec<String> {
    command_lines(node).into_iter().filter(|line| line.starts_with("ssh-agent ")).collect()
}

/// The key pair and its passphrase.
fn key_of(node: &Node) -> Snapshot {
    node.snapshot(&["/root/.ssh/id_om", "/root/.ssh/id_om.pub", "/root/gaussdb_tmp/ssh_protect"])
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn a_fourth_node_joins_and_the_others_keep_their_key() {
    for mode in ["shared", "per-node"] {
        a_fourth_node_joins(mode);
    }
}

fn a_fourth_node_joins(mode: &str) {
    let lab = cluster(4);
    let old = [lab.node(0), lab.node(1), lab.node(2)];
    let flags = ["--keys", mode];
    run(lab.node(0), "root", &hostfile(&old), &flags, &format!("{PASSWORD}\n")).must_succeed();
    let keys: Vec<Snapshot> = old.iter().map(|node| key_of(node)).collect();
    // Only the new node still knows this password, so it is the only one that is asked.
    for node in old {
        sh(node, "root", "echo 'root:changed since' | chpasswd");
    }
    let run = run(lab.node(0), "root", &hostfile(&all(&lab)), &[], &format!("{PASSWORD}\n")).must_succeed();
    assert_eq!(run.stdout.matches("Password:").count(), 1, "{}", run.stdout);
    must_trust(&all(&lab), "root", true);
    for (node, keys) in old.iter().zip(&keys) {
        assert_eq!(keys.diff(&key_of(node)), "");
    }
    // What was asked for once stays so.
    let key = |node: usize| lab.node(node).read("/root/.ssh/id_om").unwrap();
    assert_eq!(key(3) == key(0), mode == "shared", "{mode}");
    assert_eq!(key(1) == key(0), mode == "shared", "{mode}");
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn a_new_node_that_runs_the_tool_takes_no_key_away() {
    let lab = cluster(3);
    let old = [lab.node(0), lab.node(1)];
    run(lab.node(0), "root", &hostfile(&old), &[], &format!("{PASSWORD}\n")).must_succeed();
    let keys: Vec<Snapshot> = old.iter().map(|node| key_of(node)).collect();
    run(lab.node(2), "root", &hostfile(&all(&lab)), &[], &format!("{PASSWORD}\n")).must_succeed();
    must_trust(&all(&lab), "root", true);
    for (node, keys) in old.iter().zip(&keys) {
        assert_eq!(keys.diff(&key_of(node)), "");
    }
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn an_agent_that_died_is_started_again_without_a_password() {
    let lab = cluster(3);
    set_up(&lab, "root");
    // A remote node, then the one that runs the tool, then all.
    for dead in [vec![1], vec![0], vec![0, 1, 2]] {
        for index in &dead {
            lab.node(*index).signal("ssh-agent", "KILL").unwrap();
        }
        let run = run(lab.node(0), "root", &hostfile(&all(&lab)), &[], "").must_succeed();
        assert!(!run.asked(), "{}", run.stdout);
        must_trust(&all(&lab), "root", true);
    }
    for node in all(&lab) {
        let profile = text(node, "/root/.bashrc");
        assert_eq!(profile.matches("export SSH_AUTH_SOCK=").count(), 1, "{profile}");
        assert_eq!(profile.matches("export SSH_AGENT_PID=").count(), 1, "{profile}");
        let program = "pid=$(sed -n 's/^export SSH_AGENT_PID=//p' .bashrc) && cat /proc/$pid/comm";
        assert_eq!(sh(node, "root", program), "ssh-agent\n");
    }
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn what_a_dead_or_empty_agent_left_is_put_right() {
    let lab = cluster(3);
    set_up(&lab, "root");
    lab.node(0).signal("ssh-agent", "KILL").unwrap();
    sh(lab.node(0), "root", &format!("rm {SOCKET}"));
    sh(lab.node(1), "root", &format!("SSH_AUTH_SOCK={SOCKET} ssh-add -q -D"));
    lab.node(2).signal("ssh-agent", "KILL").unwrap();
    assert_eq!(lab.node(2).snapshot(&["/root"]).entries[&at_home("root", SOCKET)].kind, Kind::Socket);
    let run = run(lab.node(0), "root", &hostfile(&all(&lab)), &[], "").must_succeed();
    assert!(!run.asked(), "{}", run.stdout);
    must_trust(&all(&lab), "root", true);
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn nothing_but_the_agent_keeps_running() {
    let lab = cluster(3);
    for user in ["root", "omm"] {
        set_up(&lab, user);
        set_up(&lab, user);
    }
    let agents = ["omm", "root"].map(|user| format!("ssh-agent -s -a {} ", at_home(user, SOCKET)));
    for node in all(&lab) {
        must_come_to_run_only(node, &agents);
    }
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn two_ordinary_users_have_an_agent_each() {
    let lab = Lab::up(spec(2).user("dba", PASSWORD)).unwrap();
    for user in ["omm", "dba", "omm"] {
        set_up(&lab, user);
    }
    for user in ["omm", "dba"] {
        must_trust(&all(&lab), user, false);
    }
    for node in all(&lab) {
        assert_eq!(
            agents(node),
            ["dba", "omm"].map(|user| format!("ssh-agent -s -a {} ", at_home(user, SOCKET)))
        );
    }
}

/// What a node has sent into the network so far, in bytes.
fn sent(node: &Node) -> u64 {
    let table = sh(node, "root", "cat /proc/net/dev");
    let cards = table.lines().filter_map(|line| line.split_once(':')).filter(|(name, _)| name.trim() != "lo");
    cards.filter_map(|(_, words)| words.split_whitespace().nth(8)?.parse::<u64>().ok()).sum()
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn a_large_file_that_all_nodes_have_comes_from_one_of_them() {
    let lab = cluster(4);
    let line = format!("# {}\n", "of an administrator ".repeat(50));
    let table = line.repeat(2000).into_bytes();
    for node in all(&lab) {
        node.write("/home/omm/.ssh/known_hosts", &table, 0o600, "omm").unwrap();
    }
    set_up(&lab, "omm");
    let files: Vec<_> =
        all(&lab).iter().map(|node| node.read("/home/omm/.ssh/known_hosts").unwrap()).collect();
    assert!(files.iter().all(|file| *file == files[0] && file.starts_with(&table) && *file != table));
    let before: u64 = all(&lab).into_iter().map(sent).sum();
    run(lab.node(0), "omm", &hostfile(&all(&lab)), &[], "").must_succeed();
    let after: u64 = all(&lab).into_iter().map(sent).sum();
    // Three nodes are read over the network.
    let (all_sent, one) = (after - before, table.len() as u64);
    assert!(all_sent < one + one / 2, "the nodes sent {all_sent} bytes, the table has {one}");
    must_trust(&all(&lab), "omm", false);
}
