//! A node cannot take another machine's name by calling itself so.

use lab::Node;

use crate::harness::*;
use crate::sources::cluster_xml;
use crate::tools::*;

/// What the tool has written on a node that gives names a meaning.
fn names(node: &Node) -> String {
    let hosts = text(node, "/etc/hosts");
    let mapped: String = hosts.lines().filter(|line| line.contains("#Gauss OM")).collect();
    mapped + &text(node, "/root/.ssh/known_hosts") + &text(node, "/root/.ssh/config")
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn a_host_name_that_leads_to_another_machine_is_left_out() {
    let lab = cluster(3);
    let nodes = all(&lab);
    let hosts = text(nodes[0], "/etc/hosts");
    sh(nodes[0], "root", "echo '10.99.0.1 node2' >>/etc/hosts");
    let run = set_up(&lab, "root");
    let line = "10.77.0.2: its host name node2 is left out: on this machine that name leads to 10.99.0.1";
    assert_eq!(run.stderr.matches(line).count(), 1, "{}", run.stderr);
    for node in &nodes {
        assert!(!names(node).contains("node2"), "{}", names(node));
    }
    must_trust(&nodes, "root", false);
    must_reach(&nodes, "root", &["node1".to_owned(), "node3".to_owned()]);
    // What an earlier run wrote is no other machine.
    nodes[0]
        .write(
            "/etc/hosts",
            format!("{hosts}10.77.0.9  node2  #Gauss OM IP Hosts Mapping\n").as_bytes(),
            0o644,
            "root",
        )
        .unwrap();
    let run = set_up(&lab, "root");
    assert!(!run.stderr.contains("is left out"), "{}", run.stderr);
    must_trust(&nodes, "root", true);
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn a_host_name_that_the_description_gives_is_the_users_word() {
    let lab = cluster(2);
    let nodes = all(&lab);
    sh(nodes[0], "root", "echo '10.99.0.1 node2' >>/etc/hosts");
    let xml = cluster_xml(&lab, |i| format!("node{}", i + 1));
    nodes[0].write("/tmp/cluster.xml", xml.as_bytes(), 0o644, "root").unwrap();
    nodes[0].write("/tmp/passwords", format!("{PASSWORD}\n").as_bytes(), 0o600, "root").unwrap();
    let run = nodes[0].sh("root", "gs_sshexkey -X /tmp/cluster.xml --password-file /tmp/passwords").unwrap();
    assert!(run.status.success() && !run.stderr.contains("is left out"), "{}", run.stderr);
    assert!(names(nodes[1]).contains("10.77.0.2  node2  #Gauss OM IP Hosts Mapping"), "{}", names(nodes[1]));
}
