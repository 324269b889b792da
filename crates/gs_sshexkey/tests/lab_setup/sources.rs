//! The cluster described in other ways than by a hostfile, and passwords from a file.

use std::process::Stdio;

use lab::{Lab, Node};

use crate::before::*;
use crate::harness::*;
use crate::tools::*;

/// A password that no user of the lab has.
const OTHER: &str = "Other@2026 lab";

/// Runs the program with these flags only, to its end. Nobody answers a question.
fn run_flags(on: &Node, user: &str, flags: &[&str]) -> Run {
    let mut command = on.command(user);
    command.arg("gs_sshexkey").args(flags);
    let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    finish(child)
}

/// Writes a password file that the program accepts, outside of what it may touch.
fn password_file(on: &Node, user: &str, content: &str) {
    on.write("/tmp/passwords", content.as_bytes(), 0o600, user).unwrap();
}

/// openGauss's cluster XML of a lab, with names of the test's choice.
pub(crate) fn cluster_xml(lab: &Lab, name: impl Fn(usize) -> String) -> String {
    let names: Vec<String> = (0..lab.nodes().len()).map(name).collect();
    let devices: String = lab
        .nodes()
        .iter()
        .zip(&names)
        .map(|(node, name)| {
            let port = match node.port() {
                22 => String::new(),
                port => format!("<PARAM name=\"sshPort\" value=\"{port}\"/>\n"),
            };
            format!(
                "<DEVICE sn=\"{name}\">\n<PARAM name=\"name\" value=\"{name}\"/>\n\
                 <PARAM name=\"backIp1\" value=\"10.99.0.1\"/>\n\
                 <PARAM name=\"sshIp1\" value=\"{}\"/>\n{port}</DEVICE>\n",
                node.ip()
            )
        })
        .collect();
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ROOT>\n<CLUSTER>\n\
         <PARAM name=\"clusterName\" value=\"Cluster_template\"/>\n\
         <PARAM name=\"nodeNames\" value=\"{}\"/>\n</CLUSTER>\n<DEVICELIST>\n{devices}</DEVICELIST>\n</ROOT>\n",
        names.join(",")
    )
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn a_cluster_xml_makes_trust_only_if_its_names_are_those_of_the_nodes() {
    let lab = Lab::up(spec(3).port(1, 2222)).unwrap();
    let nodes = all(&lab);
    let first = nodes[0];
    password_file(first, "root", &format!("{PASSWORD}\n"));
    let flags = ["-X", "/tmp/cluster.xml", "--password-file", "/tmp/passwords"];
    let before = snapshots(&nodes);
    let wrong = cluster_xml(&lab, |i| if i == 1 { "Node2".to_owned() } else { format!("node{}", i + 1) });
    first.write("/tmp/cluster.xml", wrong.as_bytes(), 0o644, "root").unwrap();
    let run = run_flags(first, "root", &flags).must_fail_with(&[
        "[GAUSS-52402] : IP [10.77.0.2] is not matched with hostname [Node2].",
        "10.77.0.2:2222: its host name is \"node2\", the description says \"Node2\"",
        "Nothing was changed.",
    ]);
    assert_eq!(run.stderr.matches("GAUSS-").count(), 1, "{}", run.stderr);
    must_be_unchanged(&nodes, &before);
    let right = cluster_xml(&lab, |i| format!("node{}", i + 1));
    first.write("/tmp/cluster.xml", right.as_bytes(), 0o644, "root").unwrap();
    let run = run_flags(first, "root", &flags).must_succeed();
    assert_eq!(run.stdout, SCREEN, "no question where a file answers");
    must_trust(&nodes, "root", true);
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn names_are_resolved_on_the_coordinator_and_only_there() {
    let lab = cluster(3);
    let nodes = all(&lab);
    password_file(nodes[0], "omm", PASSWORD);
    let flags = ["--hosts", "db[01-03]!db03,10.77.0.3", "--password-file", "/tmp/passwords"];
    let hosts = |lines: &str| nodes[0].write("/etc/hosts", lines.as_bytes(), 0o644, "root").unwrap();
    let refused = |why: &str| {
        let before = snapshots(&nodes);
        run_flags(nodes[0], "omm", &flags)
            .must_fail_with(&["[GAUSS-50004] : The parameter '--hosts' value is incorrect.", why]);
        must_be_unchanged(&nodes, &before);
    };
    hosts("10.77.0.1 db01\n");
    refused("'db02': the name db02 cannot be resolved on this machine");
    hosts("127.0.1.1 db01\n10.77.0.2 db02\n");
    refused("the name db01 leads to the loopback address 127.0.1.1: /etc/hosts maps a machine's own name");
    hosts("10.77.0.1 db01\n10.77.0.9 db01\n10.77.0.2 db02\n");
    refused("the name db01 has several addresses: 10.77.0.1, 10.77.0.9");
    hosts("10.77.0.1 db01\n10.77.0.1 db02\n");
    refused("'db02': db02 has the same address as db01 in 'db01': 10.77.0.1");
    hosts("10.77.0.1 db01.example.com db01\nfd00::1 db01\n10.77.0.2 db02\n");
    run_flags(nodes[0], "omm", &flags).must_succeed();
    must_trust(&nodes, "omm", false);
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn an_inventory_in_either_form_is_the_same_cluster() {
    let lab = Lab::up(spec(3).port(2, 2222)).unwrap();
    let nodes = all(&lab);
    let ini = "jump ansible_host=10.99.0.1\n[db]\nnode[1:2]\nlast ansible_host=10.77.0.3 ansible_port=2222\n\
               [site:children]\ndb\n[db:vars]\nansible_user=omm\n";
    let yaml = "all:\n  hosts:\n    jump: {ansible_host: 10.99.0.1}\n  children:\n    site:\n      children:\n        \
                db:\n          vars: {ansible_port: 22}\n          hosts:\n            node[1:2]:\n            last:\n              \
                ansible_host: 10.77.0.3\n              ansible_ssh_port: 2222\n";
    nodes[0].write("/etc/hosts", b"10.77.0.1 node1\n10.77.0.2 node2\n", 0o644, "root").unwrap();
    password_file(nodes[0], "omm", PASSWORD);
    let before = snapshots(&nodes);
    for inventory in [ini, yaml] {
        nodes[0].write("/tmp/inventory", inventory.as_bytes(), 0o644, "omm").unwrap();
        let flags =
            ["-i", "/tmp/inventory", "--group", "site", "--dry-run", "--password-file", "/tmp/passwords"];
        let run = run_flags(nodes[0], "omm", &flags);
        assert_eq!((run.code, run.asked()), (Some(0), false), "{run:?}");
        let shown: Vec<&str> = run.stdout.lines().filter_map(|line| line.strip_prefix("==> ")).collect();
        assert_eq!(shown, ["10.77.0.1", "10.77.0.2", "10.77.0.3:2222"]);
        must_be_unchanged(&nodes, &before);
    }
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn each_node_gets_its_own_password_and_no_other() {
    let lab = cluster(3);
    let nodes = all(&lab);
    change_password(nodes[1], "omm", OTHER);
    nodes.iter().for_each(|node| count_tries(node));
    nodes[0].write("/tmp/hostfile", hostfile(&nodes).as_bytes(), 0o644, "omm").unwrap();
    let flags = ["-f", "/tmp/hostfile", "--password-file", "/tmp/passwords"];
    let tried = || nodes.iter().map(|node| tries(node)).collect::<Vec<_>>();
    let before = snapshots(&nodes);

    password_file(nodes[0], "omm", &format!("10.77.0.2 {OTHER}\n"));
    run_flags(nodes[0], "omm", &flags)
        .must_fail_with(&["A password is needed for ['10.77.0.3'], but the password file has none."]);
    assert_eq!(tried(), [0, 0, 0], "nothing is tried before all are there");

    password_file(nodes[0], "omm", &format!("10.77.0.2 {PASSWORD}\n10.77.0.3 {PASSWORD}\n"));
    run_flags(nodes[0], "omm", &flags)
        .must_fail_with(&["[GAUSS-50306] : The password of ['10.77.0.2'] is incorrect."]);
    assert_eq!(tried(), [0, 1, 1], "a password that was refused is not tried again");

    password_file(nodes[0], "omm", PASSWORD);
    let run = run_flags(nodes[0], "omm", &flags)
        .must_fail_with(&["[GAUSS-50306] : The password of ['10.77.0.2'] is incorrect."]);
    assert!(!run.asked() && !run.stderr.contains(PASSWORD), "{run:?}");
    assert_eq!(tried(), [0, 2, 2]);
    must_be_unchanged(&nodes, &before);

    let file = format!("# the cluster\n\n10.77.0.2\t {OTHER}\r\n10.77.0.3 {PASSWORD}\n");
    password_file(nodes[0], "omm", &file);
    let run = run_flags(nodes[0], "omm", &flags).must_succeed();
    assert_eq!(run.stdout, SCREEN);
    must_trust(&nodes, "omm", false);

    nodes[0].write("/tmp/passwords", file.as_bytes(), 0o600, "root").unwrap();
    sh(nodes[0], "root", "chown 12345 /tmp/passwords");
    run_flags(nodes[0], "root", &flags)
        .must_fail_with(&["Failed to read /tmp/passwords. It belongs to somebody else."]);
}
