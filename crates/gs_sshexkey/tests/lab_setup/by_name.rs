//! What a set-up proves by name without a call: only what the calling node shows to be the same as by address.

use lab::{Lab, Node, Release};

use crate::checking::{check, must_be_green};
use crate::harness::*;
use crate::tools::*;

const LOG: &str = "/tmp/setup.log";

/// Runs the set-up of root again over all nodes, where trust stands already.
fn again(lab: &Lab) -> Run {
    sh(lab.node(0), "root", &format!("rm -f {LOG}"));
    run(lab.node(0), "root", &hostfile(&all(lab)), &["-l", LOG], "")
}

/// How many pairs the last run called, and how many it derived, as its log tells.
#[track_caller]
fn proofs(lab: &Lab) -> (usize, usize) {
    let log = text(lab.node(0), LOG);
    let line =
        log.lines().find_map(|line| line.split_once(" pairs work: ")).unwrap_or_else(|| panic!("{log}"));
    let (called, derived) = line.1.split_once(" called, ").unwrap();
    let number = |text: &str| text.split(' ').next().unwrap().parse().unwrap();
    (number(called), number(derived))
}

/// How many logins by key the servers of all nodes have seen.
fn logins(lab: &Lab) -> usize {
    let count = |node: &Node| sh(node, "root", "grep -c 'Accepted publickey' /var/log/sshd.log || true");
    lab.nodes().iter().map(|node| count(node).trim().parse::<usize>().unwrap()).sum()
}

/// Nodes of which one has another port and one a name in capitals, with root's trust.
fn trusting(lab: Lab) -> Lab {
    run(lab.node(0), "root", &hostfile(&all(&lab)), &["-l", LOG], &format!("{PASSWORD}\n")).must_succeed();
    lab
}

fn name(index: usize) -> String {
    if index == 2 { "Node3".to_owned() } else { format!("node{}", index + 1) }
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn a_healthy_cluster_is_called_by_address_and_its_names_follow() {
    let lab = trusting(Lab::up(spec(3).names(name).port(1, 2222)).unwrap());
    assert_eq!(proofs(&lab), (9, 9));
    must_trust(&all(&lab), "root", true);
    let before = logins(&lab);
    again(&lab).must_succeed();
    assert_eq!(proofs(&lab), (9, 9));
    // Nine calls, and those with which the first node enters the others.
    let made = logins(&lab) - before;
    assert!((11..18).contains(&made), "{made}");
    // `check` calls by name as well.
    must_be_green(&lab, "root", &["--by", "both", "--no-password"], 12);
    let (document, _) = check(&lab, "root", &["--by", "both", "--no-password"], "");
    assert_eq!((&document["counts"]["called"], &document["counts"]["derived"]), (&12.into(), &0.into()));
    let (document, _) = check(&lab, "root", &["--by", "name", "--no-password"], "");
    assert_eq!((&document["counts"]["called"], &document["counts"]["derived"]), (&6.into(), &0.into()));
    // Who writes no names is not called by them.
    run(lab.node(0), "root", &hostfile(&all(&lab)), &["-l", LOG, "--skip-hostname-set"], "").must_succeed();
    let log = text(lab.node(0), LOG);
    assert!(log.contains("9 pairs work: 9 called, 0 derived"), "{log}");
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn names_follow_over_ipv6_and_with_a_new_ssh_and_sh() {
    for spec in [spec(3).ipv6(true).sh(1, lab::Sh::Bash), spec(3).release(Release::Trixie)] {
        let lab = Lab::up(spec).unwrap();
        let ip = |node: &Node| node.ip6().map_or_else(|| node.ip().to_string(), |ip| ip.to_string());
        let hosts: String = lab.nodes().iter().map(|node| ip(node) + "\n").collect();
        run(lab.node(0), "root", &hosts, &["-l", LOG], &format!("{PASSWORD}\n")).must_succeed();
        assert_eq!(proofs(&lab), (9, 9));
    }
}

const CONFIG: &str = "/etc/ssh/ssh_config.d/trap.conf";

/// Lines of `ssh`'s configuration on a node.
fn configure(node: &Node, lines: &str) {
    node.write(CONFIG, format!("{lines}\n").as_bytes(), 0o644, "root").unwrap();
}

/// Lines of the system's known_hosts on a node: a marker, a name, and the keys of a node.
fn record(on: &Node, marker: &str, name: &str, keys_of: &Node) {
    let keys = format!(
        "sed -n 's/^{}[^ ]* \\(.*\\) #OM$/{marker}{name} \\1/p' /root/.ssh/known_hosts",
        keys_of.ip()
    );
    sh(on, "root", &format!("{keys} >> /etc/ssh/ssh_known_hosts; test -s /etc/ssh/ssh_known_hosts"));
}

/// A line above all others of a node's `/etc/hosts`.
fn map(on: &Node, address: &str, name: &str) {
    let all = format!("{{ echo '{address} {name}'; cat /etc/hosts; }} > /tmp/hosts");
    sh(on, "root", &format!("{all}; cat /tmp/hosts > /etc/hosts"));
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn what_sets_a_name_apart_is_called_though_it_works() {
    let lab = trusting(cluster(4));
    let (first, second, third, fourth) = (lab.node(0), lab.node(1), lab.node(2), lab.node(3));
    // The comments say which names are called.
    let (by_address, by_name) = (16, 4 + 3);
    // The second; not the third and not what is the same for all.
    let all = "Match exec true\n TCPKeepAlive no";
    configure(first, &format!("Host node2\n Compression yes\nHost node3\n HostName {}\n{all}", third.ip()));
    // The third; not the fourth, nor the first: the calls decide these options themselves.
    record(second, "", "node3", first);
    record(second, "", "node4", fourth);
    configure(second, "Host node1\n StrictHostKeyChecking no\n CheckHostIP yes\n ControlPath /tmp/%h");
    // The fourth; not the first, whose other address no node without IPv6 would use, nor the second. Hashed records are as
    // good as plain ones.
    map(third, "fd77::dead", "node1");
    map(third, &second.ip().to_string(), "node2");
    configure(third, "Host node4\n PermitLocalCommand yes");
    sh(third, "root", "ssh-keygen -q -H -f /root/.ssh/known_hosts && rm /root/.ssh/known_hosts.old");
    // All four, as with OpenSSH 7.4, which does not print all of its options.
    let wrapper = "#!/bin/sh\ncase \" $* \" in\n*\" -G \"*) /usr/bin/ssh \"$@\" | grep -v ^identityagent ;;\n\
                   *) exec /usr/bin/ssh \"$@\" ;;\nesac\n";
    fourth.write("/usr/local/bin/ssh", wrapper.as_bytes(), 0o755, "root").unwrap();
    again(&lab).must_succeed();
    assert_eq!(proofs(&lab), (by_address + by_name, 16 - by_name));
    must_be_green(&lab, "root", &["--by", "name", "--no-password"], 12);
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn nothing_that_is_broken_by_name_passes_for_whole() {
    // By what the block of the set-up does not outweigh.
    let lab = trusting(cluster(4));
    let (first, second, third, fourth) = (lab.node(0), lab.node(1), lab.node(2), lab.node(3));
    configure(
        first,
        "Host node2\n BindAddress 10.99.99.99\nHost node3\n Ciphers aes128-cbc\nHost node4\n HostKeyAlias nobody",
    );
    configure(
        second,
        "Host node1\n BindAddress 10.99.99.99\nHost node3\n HostKeyAlias node1\nHost node4\n RevokedHostKeys /none",
    );
    configure(third, "Match originalhost node1 exec \"test %n = node1\"\n BindAddress 10.99.99.99");
    record(third, "@revoked ", "node2", second);
    map(third, &first.ip().to_string(), "node4");
    sh(fourth, "root", "sed -i 's/^hosts:.*/hosts: dns/' /etc/nsswitch.conf");
    let mut wanted: Vec<(String, String)> = Vec::new();
    for from in lab.nodes() {
        // The last one does not even know itself.
        let to = lab.nodes().iter().filter(|to| to.ip() != from.ip() || from.ip() == fourth.ip());
        wanted.extend(to.map(|to| (from.ip().to_string(), to.name().to_owned())));
    }
    let run = again(&lab).must_fail_with(&["[GAUSS-51100]"]);
    let broken = run.stderr.lines().filter_map(|line| {
        let (from, rest) = line.trim().split_once(" -> ")?;
        let host = rest.split_once("(ssh ")?.1.split_once(')')?.0;
        Some((from.to_owned(), host.to_owned()))
    });
    let mut broken: Vec<_> = broken.collect();
    broken.sort();
    assert_eq!(broken, wanted, "{}", run.stderr);
    // Each by a real call, as `check` makes them.
    let (document, _) = check(&lab, "root", &["--by", "name", "--no-password"], "");
    assert_eq!((&document["counts"]["broken"], &document["counts"]["works"]), (&12.into(), &0.into()));
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn where_the_address_does_not_work_the_name_is_called() {
    let lab = trusting(cluster(3));
    let (second, third) = (lab.node(1), lab.node(2));
    configure(second, &format!("Host {}\n BindAddress 10.99.99.99", third.ip()));
    let run = again(&lab).must_fail_with(&["[GAUSS-51100]"]);
    assert!(run.stderr.contains(&third.ip().to_string()) && !run.stderr.contains("node3"), "{}", run.stderr);
    // Both ways are broken: both are told.
    configure(second, &format!("Host {} node3\n BindAddress 10.99.99.99", third.ip()));
    again(&lab).must_fail_with(&["[GAUSS-51100]", "node3", &third.ip().to_string()]);
}
