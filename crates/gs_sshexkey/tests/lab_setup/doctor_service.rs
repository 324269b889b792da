//! `doctor` where a node cannot be reached, or not be talked to: sshd, firewalls, the network.

use std::io::Read;
use std::process::{Child, Stdio};

use lab::{Lab, Node, Release};
use serde_json::Value;

use crate::before::wait_until;
use crate::doctor::*;
use crate::harness::*;
use crate::tools::*;

/// A cluster whose root trusts each other.
fn trusted(nodes: usize) -> Lab {
    let lab = cluster(nodes);
    set_up(&lab, "root");
    lab
}

/// The same with short limits.
fn trusted_and_impatient(nodes: usize) -> Lab {
    let lab = impatient_cluster(nodes);
    set_up(&lab, "root");
    lab
}

/// Examines as root, with nobody to ask.
#[track_caller]
fn find(lab: &Lab, wanted: &[(&str, usize)]) -> Value {
    let document = must_find(lab, "root", ASK_NOBODY, "", wanted);
    for finding in document["findings"].as_array().unwrap() {
        assert!(!finding["witnesses"].as_array().unwrap().is_empty(), "{finding:#}");
    }
    document
}

/// Finds this, and lets the program heal it.
#[track_caller]
fn find_and_heal(lab: &Lab, wanted: &[(&str, usize)]) -> Value {
    let document = find(lab, wanted);
    must_heal(lab, "root", ASK_NOBODY, "");
    document
}

/// Finds this, and heals it at the consoles with the commands that are printed.
#[track_caller]
fn find_and_follow(lab: &Lab, wanted: &[(&str, usize)]) -> Value {
    let document = find(lab, wanted);
    cure_by_hand(lab, "root", &document);
    must_be_well(lab, "root");
    document
}

/// What the finding about a node says of itself.
fn about<'a>(lab: &Lab, document: &'a Value, node: usize) -> &'a Value {
    let ip = lab.node(node).ip().to_string();
    document["findings"].as_array().unwrap().iter().find(|finding| finding["node"] == *ip).unwrap()
}

/// Puts a line at the top of sshd's settings and starts it again.
fn set_sshd(node: &Node, line: &str) {
    sh(node, "root", &format!("sed -i '1i {line}' /etc/ssh/sshd_config"));
    node.stop_sshd().unwrap();
    node.start_sshd().unwrap();
}

/// The node's firewalld runs and does not let ssh in.
fn close_by_firewalld(node: &Node) {
    let close =
        "systemctl start firewalld && firewall-cmd --permanent --remove-service=ssh && firewall-cmd --reload";
    sh(node, "root", close);
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn systems_whose_sshd_is_stopped_or_whose_firewalld_is_closed() {
    let lab = Lab::up(impatient(spec(4).systems())).unwrap();
    set_up(&lab, "root");
    must_be_well(&lab, "root");
    // On one node, on the coordinator, on half of them.
    lab.node(2).stop_sshd().unwrap();
    let document = find_and_follow(&lab, &[("sshd-down", 2)]);
    assert_eq!(
        (&about(&lab, &document, 2)["pairs"], &about(&lab, &document, 2)["certainty"]),
        (&3.into(), &"likely".into())
    );
    lab.node(0).stop_sshd().unwrap();
    let document = find_and_heal(&lab, &[("sshd-down", 0)]);
    assert_eq!(about(&lab, &document, 0)["certainty"], "certain", "{document:#}");
    [1, 3].iter().for_each(|node| lab.node(*node).stop_sshd().unwrap());
    find_and_follow(&lab, &[("sshd-down", 1), ("sshd-down", 3)]);
    // What the service itself says: masked; and that it cannot start.
    sh(lab.node(0), "root", "systemctl mask --now --quiet ssh.service");
    find_and_heal(&lab, &[("sshd-down", 0)]);
    sh(lab.node(0), "root", "sed -i '1i NoSuchOption yes' /etc/ssh/sshd_config; systemctl stop ssh.service");
    let document = find_and_follow(&lab, &[("sshd-down", 0)]);
    assert!(about(&lab, &document, 0)["witnesses"].to_string().contains("NoSuchOption"), "{document:#}");

    close_by_firewalld(lab.node(2));
    let document = find_and_follow(&lab, &[("firewall", 2)]);
    assert_eq!(about(&lab, &document, 2)["pairs"], 3, "{document:#}");
    close_by_firewalld(lab.node(0));
    let document = find_and_heal(&lab, &[("firewall", 0)]);
    assert_eq!(about(&lab, &document, 0)["certainty"], "certain", "{document:#}");
    // It stays open.
    sh(lab.node(0), "root", "firewall-cmd --reload");
    assert_eq!(
        sh(lab.node(0), "root", "firewall-cmd --list-ports; firewall-cmd --state"),
        "22/tcp\nrunning\n"
    );
    must_be_well(&lab, "root");
    [1, 3].iter().for_each(|node| close_by_firewalld(lab.node(*node)));
    find_and_follow(&lab, &[("firewall", 1), ("firewall", 3)]);
    // One caller is denied by name.
    let rule = format!("rule family=ipv4 source address={} drop", lab.node(1).ip());
    sh(lab.node(0), "root", &format!("firewall-cmd --add-rich-rule='{rule}'"));
    find_and_heal(&lab, &[("firewall", 0)]);
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn systems_that_drop_all_and_a_narrow_path() {
    let lab = Lab::up(impatient(spec(3).systems())).unwrap();
    set_up(&lab, "root");
    // Nothing comes in, not even a ping; and only small packets.
    sh(lab.node(1), "root", "systemctl start firewalld && firewall-cmd --zone=drop --change-interface=eth0");
    lab.node(2).lose_large_packets().unwrap();
    let document = find(&lab, &[("firewall", 1), ("mtu", 2)]);
    let ping = about(&lab, &document, 2)["witnesses"].to_string();
    assert!(ping.contains("ping -M do") && ping.contains("576 bytes"), "{document:#}");
    cure_by_hand(&lab, "root", &document);
    lab.node(2).heal_network().unwrap();
    must_be_well(&lab, "root");
    sh(lab.node(0), "root", "systemctl start firewalld && firewall-cmd --panic-on");
    let document = find_and_follow(&lab, &[("firewall", 0)]);
    assert_eq!(about(&lab, &document, 0)["cures"][0]["why"], "security", "{document:#}");
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn a_stopped_sshd_or_a_closed_port_without_systemd() {
    let lab = trusted(4);
    must_be_well(&lab, "root");
    lab.node(2).stop_sshd().unwrap();
    find_and_follow(&lab, &[("sshd-down", 2)]);
    // What keeps it from starting is mended first.
    lab.node(0).stop_sshd().unwrap();
    sh(lab.node(0), "root", "chmod 666 /etc/ssh/ssh_host_*_key; rmdir /run/sshd");
    let document = find_and_heal(&lab, &[("sshd-down", 0)]);
    assert!(document.to_string().contains("are too open"), "{document:#}");
    assert_eq!(rights(lab.node(0), "/etc/ssh/ssh_host_rsa_key"), "600 root root");
    // A firewall that refuses looks like a stopped sshd to all but the node itself.
    lab.node(0).reject_port(22).unwrap();
    let document = find_and_heal(&lab, &[("firewall", 0)]);
    assert!(
        about(&lab, &document, 0)["witnesses"].to_string().contains("reject with tcp reset"),
        "{document:#}"
    );
    lab.node(0).heal_network().unwrap();
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn several_faults_of_the_network_at_once() {
    // With the real limit of a connection: it takes the kernel 18 seconds to know that a neighbour is gone.
    let lab = trusted(4);
    // One caller is kept away from one node; another node is shut to all.
    lab.node(2).drop_from(lab.node(1).ip(), 22).unwrap();
    lab.node(3).drop_port(22).unwrap();
    let document = find(&lab, &[("firewall", 2), ("firewall", 3)]);
    assert_eq!(about(&lab, &document, 2)["certainty"], "certain", "{document:#}");
    assert_eq!(
        (&about(&lab, &document, 2)["pairs"], &about(&lab, &document, 3)["pairs"]),
        (&1.into(), &3.into())
    );
    cure_by_hand(&lab, "root", &document);
    must_be_well(&lab, "root");
    [2, 3].iter().for_each(|node| lab.node(*node).heal_network().unwrap());
    // One calls nobody any more; one takes calls and says nothing; one is stopped; one is gone.
    let out = "nft add table inet mine; nft 'add chain inet mine out { type filter hook output priority 0; }'; \
               nft add rule inet mine out tcp dport 22 drop";
    sh(lab.node(1), "root", out);
    lab.node(2).freeze().unwrap();
    lab.node(0).stop_sshd().unwrap();
    lab.node(3).kill().unwrap();
    // Until they have asked for it again, their kernels take it for a neighbour that is there.
    let is_there = |at: usize| {
        let neighbour = format!("ip neigh show to {}", lab.node(3).ip());
        sh(lab.node(at), "root", &neighbour).contains("REACHABLE")
    };
    assert!(wait_until(|| ![0, 1].into_iter().any(is_there)));
    let document = find(&lab, &[("sshd-down", 0), ("sshd-down", 2), ("firewall", 1), ("node-down", 3)]);
    cure_at_consoles(&lab, &document, &[0, 1, 2]);
    let document = find(&lab, &[("node-down", 3)]);
    assert_eq!(about(&lab, &document, 3)["pairs"], 3, "{document:#}");
}

/// The commands of the cures of some nodes.
#[track_caller]
fn cure_at_consoles(lab: &Lab, document: &Value, nodes: &[usize]) {
    let ips: Vec<String> = nodes.iter().map(|node| lab.node(*node).ip().to_string()).collect();
    let mut part = document.clone();
    let findings = part["findings"].as_array_mut().unwrap();
    findings.retain(|finding| ips.iter().any(|ip| finding["node"] == **ip));
    cure_by_hand(lab, "root", &part);
}

/// Takes a place among the callers that are not logged in, and keeps it while it lives.
fn hold(from: &Node, to: &Node) -> Child {
    let call = format!("exec 3<>/dev/tcp/{}/22; read -r line <&3; echo held; read -r line", to.ip());
    let mut command = from.command("root");
    let command = command.args(["bash", "-c", &call]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut holder = command.spawn().unwrap();
    holder.stdout.as_mut().unwrap().read_exact(&mut [0u8; 5]).unwrap();
    holder
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn settings_of_sshd_that_turn_callers_away() {
    let lab = trusted_and_impatient(4);
    // A risk, and no pair is broken.
    sh(lab.node(1), "root", "sed -i '/^Subsystem/d' /etc/ssh/sshd_config");
    set_sshd(lab.node(1), "# without sftp");
    let document = find(&lab, &[("no-sftp", 1)]);
    assert_eq!(about(&lab, &document, 1)["breaks"], false, "{document:#}");
    // It may have been left out on purpose, so the program does not put it back by itself.
    cure_by_hand(&lab, "root", &document);
    must_be_well(&lab, "root");
    // Callers that are denied.
    let deny = format!("# here\nsshd: {}\n", lab.node(2).ip());
    lab.node(0).write("/etc/hosts.deny", deny.as_bytes(), 0o644, "root").unwrap();
    // Nobody may open a session; keys are offered that nobody wants; algorithms that nobody has.
    set_sshd(lab.node(1), "MaxSessions 0");
    // Before the tool's own key, and the node's job must not be quicker with that.
    let junk = "socket=gaussdb_tmp/gauss_socket_tmp; for i in 1 2 3 4 5 6 7; do \
                ssh-keygen -q -t ed25519 -N '' -f .ssh/junk$i; sed -i \"1i IdentityFile ~/.ssh/junk$i\" .ssh/config; done; \
                gs_sshexkey agent stop; ssh-agent -a $socket >/dev/null; \
                SSH_AUTH_SOCK=$socket ssh-add -q .ssh/junk?; gs_sshexkey agent start";
    sh(lab.node(2), "root", junk);
    set_sshd(lab.node(3), "Ciphers aes256-cbc");
    let wanted =
        [("max-auth-tries", 2), ("max-sessions", 1), ("tcp-wrappers", 0), ("no-common-algorithm", 3)];
    let document = find(&lab, &wanted);
    assert!(about(&lab, &document, 3)["witnesses"].to_string().contains("aes256-cbc"), "{document:#}");
    cure_by_hand(&lab, "root", &document);
    must_be_well(&lab, "root");
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn a_full_sshd_and_a_slow_name_server() {
    // With the real pauses between tries of a server that turns callers away.
    let lab = cluster(3);
    set_up_with(&lab, "root", &["--skip-hostname-set"]);
    set_sshd(lab.node(1), "UseDNS yes");
    lab.node(1).write("/etc/resolv.conf", b"nameserver 10.77.99.99\n", 0o644, "root").unwrap();
    set_sshd(lab.node(0), "MaxStartups 1:100:1");
    let mut holder = hold(lab.node(1), lab.node(0));
    let document = find_and_follow(&lab, &[("max-startups", 0), ("slow-dns", 1)]);
    drop(holder.stdin.take());
    holder.wait().unwrap();
    assert!(document.to_string().contains("maxstartups 1:100:1"), "{document:#}");
    assert!(document["findings"].to_string().matches("\"run\"").count() == 2, "{document:#}");
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn a_caller_that_is_punished_for_long() {
    let lab = Lab::up(impatient(spec(3)).release(Release::Trixie)).unwrap();
    set_up(&lab, "root");
    set_sshd(lab.node(2), "PerSourcePenalties noauth:600s authfail:600s min:1s max:3600s");
    let knock = format!(
        "ssh -n -F none -o BatchMode=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null \
         -o IdentityAgent=none -o IdentityFile=none root@{} true 2>&1; true",
        lab.node(2).ip()
    );
    assert!(wait_until(|| !sh(lab.node(1), "root", &knock).contains("Permission denied")));
    let document = find_and_follow(&lab, &[("penalised", 2)]);
    assert_eq!(about(&lab, &document, 2)["cures"][0]["why"], "wait", "{document:#}");
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn two_machines_with_one_address() {
    let lab = trusted(4);
    let (first, second) = (lab.node(1), lab.node(2));
    sh(second, "root", &format!("ip addr add {}/16 dev eth0", first.ip()));
    let hardware = |node: &Node| sh(node, "root", "cat /sys/class/net/eth0/address").trim().to_owned();
    let pin = |node: usize, to: &Node| {
        let pin = format!("ip neigh replace {} lladdr {} dev eth0 nud permanent", first.ip(), hardware(to));
        sh(lab.node(node), "root", &pin);
    };
    pin(0, first);
    pin(3, second);
    let document = find(&lab, &[("duplicate-ip", 1)]);
    let finding = about(&lab, &document, 1);
    assert_eq!(
        (&finding["about"], &finding["pairs"]),
        (&second.ip().to_string().into(), &4.into()),
        "{document:#}"
    );
    cure_by_hand(&lab, "root", &document);
    pin(3, first);
    must_be_well(&lab, "root");
}
