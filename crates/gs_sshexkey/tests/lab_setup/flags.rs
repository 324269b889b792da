//! What the options do, and what a hostfile may not say.

use std::collections::BTreeSet;

use lab::{Lab, Node, Snapshot};
use sshtrust::identity::open_passphrase;

use crate::harness::*;
use crate::tools::*;

const MARK: &str = "#Gauss OM IP Hosts Mapping";

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn skip_hostname_set_leaves_etc_hosts_alone() {
    let lab = cluster(2);
    let before: Vec<Snapshot> = all(&lab).iter().map(|n| n.snapshot(&["/etc"])).collect();
    set_up_with(&lab, "root", &["--skip-hostname-set"]);
    must_trust(&all(&lab), "root", false);
    for (node, before) in all(&lab).iter().zip(&before) {
        assert_eq!(before.diff(&node.snapshot(&["/etc"])), "");
    }
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn old_mapping_lines_are_replaced_unless_told_otherwise() {
    let start = format!(
        "127.0.0.1\tlocalhost # {MARK}, or not\n10.9.9.9  retired  {MARK}\n\
         10.77.0.2\tnode2 alias2\n\n10.9.9.8 other #Gauss OM IP Hosts\n10.9.9.7  gone  {MARK}\n"
    );
    let lab = cluster(2);
    for node in all(&lab) {
        node.write("/etc/hosts", start.as_bytes(), 0o644, "root").unwrap();
    }
    set_up_with(&lab, "root", &["--no-deduplicate"]);
    for node in all(&lab) {
        let hosts = text(node, "/etc/hosts");
        assert_eq!(hosts, format!("{start}10.77.0.1  node1  {MARK}\n10.77.0.2  node2  {MARK}\n"));
    }
    set_up(&lab, "root");
    for node in all(&lab) {
        let hosts = text(node, "/etc/hosts");
        let of = |wanted: bool| -> Vec<&str> { hosts.lines().filter(|l| is_mapping(l) == wanted).collect() };
        assert_eq!(of(true), [format!("10.77.0.1  node1  {MARK}"), format!("10.77.0.2  node2  {MARK}")]);
        assert_eq!(of(false), start.lines().filter(|l| !is_mapping(l)).collect::<Vec<_>>());
    }
    must_trust(&all(&lab), "root", true);
}

fn is_mapping(line: &str) -> bool {
    line.ends_with(&format!("  {MARK}"))
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn the_log_has_the_whole_screen_and_no_secret() {
    let lab = cluster(2);
    let screen = set_up_with(&lab, "root", &["-l", "new/folder/setup.log"]).stdout;
    assert_eq!(rights(lab.node(0), "/root/new/folder/setup.log"), "600 root root");
    assert_eq!(rights(lab.node(0), "/root/new"), "700 root root");
    let log = text(lab.node(0), "/root/new/folder/setup.log");
    log.lines().for_each(must_be_a_log_line);
    let said: Vec<&str> =
        log.lines().filter(|line| line.contains("][LOG]:")).map(|l| l.split_once("]:").unwrap().1).collect();
    for line in
        screen.lines().map(|line| line.trim_start_matches("Password: ")).filter(|line| !line.is_empty())
    {
        assert!(said.contains(&line), "\"{line}\" is not in the log:\n{log}");
    }
    assert!(log.contains("SHA256:"), "no fingerprints:\n{log}");
    must_have_no_secret(lab.node(0), &log);
    let lines = log.lines().count();
    set_up_with(&lab, "root", &["-l", "/root/new/folder/setup.log"]);
    let again = text(lab.node(0), "/root/new/folder/setup.log");
    assert!(again.starts_with(&log) && again.lines().count() > lines, "it was not appended to");
}

/// `[YYYY-MM-DD HH:MM:SS.ffffff][pid][gs_sshexkey][LOG|DEBUG|ERROR]:text`
#[track_caller]
fn must_be_a_log_line(line: &str) {
    let form = "[9999-99-99 99:99:99.999999][";
    let head: String =
        line.chars().map(|c| if c.is_ascii_digit() { '9' } else { c }).take(form.len()).collect();
    assert_eq!(head, form, "{line}");
    let (pid, rest) = line[form.len()..].split_once(']').unwrap();
    assert!(!pid.is_empty() && pid.bytes().all(|b| b.is_ascii_digit()), "{line}");
    let levels = ["[gs_sshexkey][LOG]:", "[gs_sshexkey][DEBUG]:", "[gs_sshexkey][ERROR]:"];
    assert!(levels.iter().any(|level| rest.starts_with(level)), "{line}");
}

/// The user's password, the key's passphrase and the key itself.
#[track_caller]
fn must_have_no_secret(node: &Node, text: &str) {
    let store = "/root/gaussdb_tmp/ssh_protect";
    let part = |kind: &str, i: usize| node.read(format!("{store}/{kind}/key_{i}/server.key.{kind}")).ok();
    let parts: Vec<_> = (0..8).map_while(|i| Some((part("cipher", i)?, part("rand", i)?))).collect();
    let passphrase = open_passphrase(&parts).unwrap();
    assert!(!text.contains(PASSWORD) && !text.contains(passphrase.expose()));
    let key = node.read("/root/.ssh/id_om").unwrap();
    let key = String::from_utf8_lossy(&key);
    assert!(key.lines().all(|line| !text.contains(line)));
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn a_dry_run_shows_a_diff_for_each_node_and_writes_nothing() {
    let lab = cluster(3);
    sh(
        lab.node(1),
        "root",
        "mkdir -m 755 .ssh; printf 'node9 ssh-ed25519 AAAA' >.ssh/known_hosts; rm .bashrc",
    );
    let places = ["/root", "/home", "/etc"];
    let before: Vec<Snapshot> = all(&lab).iter().map(|n| n.snapshot(&places)).collect();
    let run = run(lab.node(0), "root", &hostfile(&all(&lab)), &["--dry-run"], &format!("{PASSWORD}\n"));
    assert_eq!(run.code, Some(0), "{run:?}");
    for (node, before) in all(&lab).iter().zip(&before) {
        assert_eq!(before.diff(&node.snapshot(&places)), "", "{}", node.name());
    }
    for node in all(&lab) {
        must_come_to_run_only(node, &[]);
    }
    let nodes: Vec<&str> = run.stdout.split("==> ").skip(1).collect();
    assert_eq!(nodes.len(), 3, "{}", run.stdout);
    for (node, shown) in all(&lab).iter().zip(nodes) {
        assert!(shown.starts_with(&format!("{}\n", node.ip())), "{shown}");
        for file in ["/root/.ssh/authorized_keys", "/root/.ssh/known_hosts", "/root/.bashrc", "/etc/hosts"] {
            assert!(shown.contains(&format!("--- {file}\n+++ {file}\n@@ -")), "no diff of {file}:\n{shown}");
        }
        assert!(shown.contains(&format!("\n+10.77.0.3  node3  {MARK}\n")), "{shown}");
        assert!(shown.contains("create /root/.ssh/id_om ") && !shown.contains("PRIVATE KEY"), "{shown}");
    }
    assert!(!run.stdout.contains(PASSWORD) && !run.stdout.contains("Successfully"), "{}", run.stdout);
}

/// From nothing, each with a key of its own, and with files that differ around what is added.
#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn a_dry_run_of_many_nodes_shows_what_is_equal_once() {
    let lab = cluster(10);
    for node in all(&lab) {
        let own = format!("mkdir -m 700 .ssh; ssh-keyscan {} 2>/dev/null >.ssh/known_hosts", node.ip());
        sh(node, "root", &own);
    }
    let flags = ["--dry-run", "-l", "/root/dry.log"];
    let run = run(lab.node(0), "root", &hostfile(&all(&lab)), &flags, &format!("{PASSWORD}\n"));
    assert_eq!(run.code, Some(0), "{run:?}");
    let shown = &run.stdout;
    assert!(shown.lines().count() <= 90, "{} lines\n{shown}", shown.lines().count());
    assert!(shown.contains("==> 10.77.0.[1-10] (10 nodes)\n"), "{shown}");
    assert!(shown.contains("-l FILE"), "{shown}");
    // The log leaves nothing out.
    let log = text(lab.node(0), "/root/dry.log");
    for node in all(&lab) {
        let keys = format!(":+{},{} ssh-ed25519 ", node.ip(), node.name());
        let keys = [keys, format!(":+{} ssh-ed25519 ", node.ip())];
        assert!(keys.iter().any(|key| log.contains(key)), "{}\n{log}", node.name());
    }
    assert!(!log.contains(PASSWORD) && !log.contains("PRIVATE KEY"));
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn another_key_type_replaces_the_keys_everywhere_and_leaves_no_old_line() {
    for (mode, keys) in [("shared", 1), ("per-node", 3)] {
        another_key_type(mode, keys);
    }
}

fn another_key_type(mode: &str, count: usize) {
    let lab = cluster(3);
    set_up_with(&lab, "root", &["--keys", mode]);
    let nodes = all(&lab);
    for (kind, name) in
        [("ecdsa", "ecdsa-sha2-nistp256 "), ("ed25519", "ssh-ed25519 "), ("ecdsa", "ecdsa-sha2-nistp256 ")]
    {
        set_up_with(&lab, "root", &["--key-type", kind]);
        must_trust(&nodes, "root", true);
        let publics: BTreeSet<String> = nodes.iter().map(|node| text(node, "/root/.ssh/id_om.pub")).collect();
        assert_eq!(publics.len(), count, "{publics:?}");
        for node in &nodes {
            let public = text(node, "/root/.ssh/id_om.pub");
            assert!(public.starts_with(name), "{public}");
            let keys = text(node, "/root/.ssh/authorized_keys");
            let lines: BTreeSet<String> = keys.lines().map(|line| line.replace(" #OM", "\n")).collect();
            assert_eq!((lines, keys.lines().count()), (publics.clone(), count));
            let held = sh(node, "root", "SSH_AUTH_SOCK=~/gaussdb_tmp/gauss_socket_tmp ssh-add -L");
            assert_eq!(held, public);
        }
    }
    let before: Vec<Snapshot> = nodes.iter().map(|n| at_rest(n)).collect();
    let again = run(nodes[0], "root", &hostfile(&nodes), &[], "").must_succeed();
    assert!(!again.asked(), "without the option the keys that are there are right");
    for (node, before) in nodes.iter().zip(&before) {
        assert_eq!(before.diff(&at_rest(node)), "");
    }
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn two_addresses_of_one_machine_are_refused() {
    let lab = Lab::up(spec(3).ipv6(true)).unwrap();
    let nodes = all(&lab);
    let before = snapshots(&nodes);
    for twice in [0, 2] {
        let hosts = format!("{}{}\n", hostfile(&nodes), lab.node(twice).ip6().unwrap());
        let (one, two) = (lab.node(twice).ip().to_string(), lab.node(twice).ip6().unwrap().to_string());
        let run = run(lab.node(0), "root", &hosts, &[], &format!("{PASSWORD}\n"));
        run.must_fail_with(&["are the same machine", &one, &two, "Leave one of the two out of the hostfile"]);
        must_be_unchanged(&nodes, &before);
    }
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn host_names_that_cannot_be_mapped_are_refused_and_can_be_skipped() {
    let twins = spec(3).names(|_| "clone".to_owned());
    let nameless = spec(3).names(|i| if i == 1 { "localhost".to_owned() } else { format!("node{i}") });
    for (spec, bad) in [(twins, "clone"), (nameless, "localhost")] {
        let lab = Lab::up(spec).unwrap();
        let nodes = all(&lab);
        let before = snapshots(&nodes);
        let run = run(lab.node(0), "root", &hostfile(&nodes), &[], &format!("{PASSWORD}\n"));
        let code = "[GAUSS-51221] : Failed to configure hosts mapping information.";
        run.must_fail_with(&[code, "10.77.0.2", bad, "--skip-hostname-set"]);
        must_be_unchanged(&nodes, &before);
        set_up_with(&lab, "root", &["--skip-hostname-set"]);
        must_trust(&nodes, "root", false);
        for node in nodes {
            let known = text(node, "/root/.ssh/known_hosts");
            assert!(!known.contains(bad), "{known}");
        }
    }
}
