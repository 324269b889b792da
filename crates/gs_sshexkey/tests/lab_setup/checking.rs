//! `check` on healthy clusters: all pairs green, and nothing changes.

use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use lab::{Lab, Node, Release};
use serde_json::Value;

use crate::harness::*;
use crate::tools::*;

/// Starts `check` on a node, without a terminal.
pub(crate) fn start_check(on: &Node, user: &str, hosts: &str, flags: &[&str], input: &str) -> Child {
    on.write("/tmp/hostfile", hosts.as_bytes(), 0o644, user).unwrap();
    let mut command = on.command(user);
    command.args(["gs_sshexkey", "check", "-f", "/tmp/hostfile"]).args(flags);
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // A run that needs no answer does not read it.
    let _ = std::io::Write::write_all(&mut child.stdin.take().unwrap(), input.as_bytes());
    child
}

/// Runs `check` on a node to its end.
pub(crate) fn check_with(on: &Node, user: &str, hosts: &str, flags: &[&str], input: &str) -> Run {
    finish(start_check(on, user, hosts, flags, input))
}

/// Runs `check --json` from the first node over all; the document and the exit status.
#[track_caller]
pub(crate) fn check(lab: &Lab, user: &str, flags: &[&str], input: &str) -> (Value, Option<i32>) {
    let flags: Vec<&str> = ["--json"].iter().chain(flags).copied().collect();
    let run = check_with(lab.node(0), user, &hostfile(&all(lab)), &flags, input);
    let document = serde_json::from_str(&run.stdout)
        .unwrap_or_else(|error| panic!("{error}\n{}\n{}", run.stdout, run.stderr));
    (document, run.code)
}

/// Fails unless every pair of so many works and the exit status says so. Slow ones work: the nodes share processors.
#[track_caller]
pub(crate) fn must_be_green(lab: &Lab, user: &str, flags: &[&str], pairs: usize) {
    let (document, status) = check(lab, user, flags, "");
    let count = |state: &str| document["counts"][state].as_u64().unwrap();
    assert_eq!((count("broken"), count("throttled"), count("unseen")), (0, 0, 0), "{document:#}");
    assert_eq!(
        (count("works") + count("slow"), count("total")),
        (pairs as u64, pairs as u64),
        "{document:#}"
    );
    assert_eq!((status, &document["healthy"]), (Some(0), &Value::Bool(true)), "{document:#}");
}

/// All files of a node that a check could leave something in.
fn everything(nodes: &[&Node]) -> Vec<lab::Snapshot> {
    let places = [
        "/root",
        "/home",
        "/etc",
        "/tmp",
        "/opt",
        "/srv",
        "/var/tmp",
        "/var/spool",
        "/dev/shm",
        "/usr/local",
    ];
    nodes.iter().map(|node| node.snapshot(&places)).collect()
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn three_healthy_nodes_are_green_in_every_way_and_nothing_changes() {
    let lab = Lab::up(spec(3).port(1, 2222)).unwrap();
    let nodes = all(&lab);
    set_up(&lab, "root");
    set_up(&lab, "omm");
    for node in &nodes {
        // What cron starts is not ours.
        sh(node, "root", "pkill -x cron");
    }
    lab.node(0).write("/tmp/hostfile", hostfile(&nodes).as_bytes(), 0o644, "root").unwrap();
    let agents = |node: &Node| -> Vec<String> {
        command_lines(node).into_iter().filter(|line| line.starts_with("ssh-agent ")).collect()
    };
    let running: Vec<Vec<String>> = nodes.iter().map(|node| agents(node)).collect();
    for (node, agents) in nodes.iter().zip(&running) {
        assert_eq!(agents.len(), 2);
        must_come_to_run_only(node, agents);
    }
    let before = everything(&nodes);
    for (user, flags, pairs) in [
        ("root", &[] as &[&str], 6),
        ("root", &["--by", "name"], 6),
        ("root", &["--by", "both"], 12),
        ("omm", &["--by", "ip"], 6),
    ] {
        let flags: Vec<&str> = flags.iter().chain(&["--no-password"]).copied().collect();
        // The hostfile stays the one of the snapshot.
        let mut command = lab.node(0).command(user);
        let output =
            command.args(["gs_sshexkey", "check", "--json", "-f", "/tmp/hostfile"]).args(&flags).output();
        let output = output.unwrap();
        let document: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(
            (output.status.code(), &document["counts"]["works"]),
            (Some(0), &pairs.into()),
            "{document:#}"
        );
        assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    for ((node, before), running) in nodes.iter().zip(&before).zip(&running) {
        let diff = before.diff(&everything(&[node])[0]);
        assert!(diff.is_empty(), "{} differs:\n{diff}", node.name());
        must_come_to_run_only(node, running);
    }
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn a_coordinator_outside_of_the_cluster_sees_it_too() {
    let lab = cluster(3);
    let inside: Vec<&Node> = lab.nodes().iter().skip(1).collect();
    run(lab.node(1), "omm", &hostfile(&inside), &[], &format!("{PASSWORD}\n")).must_succeed();
    let run = check_with(lab.node(0), "omm", &hostfile(&inside), &["--json"], &format!("{PASSWORD}\n"));
    let document: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!((run.code, &document["counts"]["works"]), (Some(0), &2.into()), "{document:#}");
    assert_eq!(document["nodes"][0]["entered"], "password");
    // The question is not part of the document.
    assert!(run.stderr.contains("Please enter password for current user[omm]."), "{}", run.stderr);
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn every_description_does_for_a_check_too() {
    let lab = cluster(3);
    set_up(&lab, "root");
    let node = lab.node(0);
    let device = |index: usize, name: &str| {
        format!(
            "<DEVICE sn=\"{name}\"><PARAM name=\"name\" value=\"{name}\"/>\
             <PARAM name=\"backIp1\" value=\"{}\"/></DEVICE>",
            lab.node(index).ip()
        )
    };
    let xml = |names: [&str; 3]| {
        let devices: String = names.iter().enumerate().map(|(index, name)| device(index, name)).collect();
        let all = names.join(",");
        format!(
            "<?xml version=\"1.0\"?><ROOT><CLUSTER><PARAM name=\"nodeNames\" value=\"{all}\"/></CLUSTER>\
             <DEVICELIST>{devices}</DEVICELIST></ROOT>"
        )
    };
    node.write("/root/right.xml", xml(["node1", "node2", "node3"]).as_bytes(), 0o644, "root").unwrap();
    node.write("/root/wrong.xml", xml(["node1", "node2", "other3"]).as_bytes(), 0o644, "root").unwrap();
    let inventory = format!("[db]\n{}\n{}\n", lab.node(1).ip(), lab.node(2).ip());
    node.write("/root/inventory", inventory.as_bytes(), 0o644, "root").unwrap();
    let check = |words: &[&str]| -> (Value, Option<i32>) {
        let mut command = node.command("root");
        let output =
            command.args(["gs_sshexkey", "check", "--json", "--no-password"]).args(words).output().unwrap();
        (serde_json::from_slice(&output.stdout).unwrap_or_default(), output.status.code())
    };
    for (words, pairs) in [
        (&["-X", "/root/right.xml", "--by", "both"] as &[&str], 12),
        (&["--hosts", "10.77.0.[1-3]"], 6),
        (&["--hosts", "node[1-3]", "--by", "name"], 6),
        (&["-i", "/root/inventory", "--group", "db"], 2),
    ] {
        let (document, status) = check(words);
        assert_eq!(
            (status, &document["counts"]["works"]),
            (Some(0), &pairs.into()),
            "{words:?} {document:#}"
        );
        assert!(document["nodes"].as_array().unwrap().iter().all(|node| node["described"].is_null()));
    }
    // A name of the XML that the machine does not have is told, and is what the others call it by.
    let (document, status) = check(&["-X", "/root/wrong.xml", "--by", "both"]);
    assert_eq!(status, Some(1), "{document:#}");
    assert_eq!(document["nodes"][2]["described"], "other3", "{document:#}");
    let causes: Vec<&str> =
        document["faults"].as_array().unwrap().iter().map(|fault| fault["cause"].as_str().unwrap()).collect();
    assert_eq!(causes, ["name-unknown"; 2], "{document:#}");
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn a_password_file_opens_what_keys_do_not_and_nobody_is_asked() {
    let lab = cluster(3);
    run(lab.node(1), "omm", &hostfile(&[lab.node(1), lab.node(2)]), &[], &format!("{PASSWORD}\n"))
        .must_succeed();
    lab.node(0).write("/home/omm/secret", format!("{PASSWORD}\n").as_bytes(), 0o600, "omm").unwrap();
    let hosts = hostfile(&[lab.node(1), lab.node(2)]);
    let run = check_with(lab.node(0), "omm", &hosts, &["--password-file", "/home/omm/secret"], "");
    assert_eq!(run.code, Some(0), "{}{}", run.stdout, run.stderr);
    assert!(
        !run.stderr.contains("password") && !run.stdout.contains(PASSWORD),
        "{}{}",
        run.stdout,
        run.stderr
    );
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn results_for_programs_are_written_as_whole_files() {
    let lab = cluster(2);
    set_up(&lab, "omm");
    let hosts = hostfile(&all(&lab));
    let node = lab.node(0);
    let metrics = [
        "--no-password",
        "--format",
        "prometheus",
        "-o",
        "/home/omm/trust.prom",
        "--html",
        "/home/omm/trust.html",
    ];
    let run = check_with(node, "omm", &hosts, &metrics, "");
    assert_eq!((run.code, run.stdout.as_str(), run.stderr.as_str()), (Some(0), "", ""));
    let value = |name: &str| -> f64 {
        let file = text(node, "/home/omm/trust.prom");
        let line = file
            .lines()
            .find(|line| line.starts_with(&format!("{name} ")))
            .unwrap_or_else(|| panic!("{file}"));
        line.rsplit(' ').next().unwrap().parse().unwrap()
    };
    let success = value("gs_sshexkey_last_success_timestamp_seconds");
    assert_eq!(value("gs_sshexkey_check_success"), 1.0);
    assert!(text(node, "/home/omm/trust.html").starts_with("<!DOCTYPE html>"));
    // Trust is lost: the alarm rings, and the last success stays what it was.
    lab.node(1).stop_sshd().unwrap();
    assert_eq!(check_with(node, "omm", &hosts, &metrics, "").code, Some(1));
    assert_eq!(value("gs_sshexkey_check_success"), 0.0);
    assert_eq!(value("gs_sshexkey_last_success_timestamp_seconds"), success);
    assert_eq!(rights(node, "/home/omm/trust.prom"), "644 omm omm");
    // So it does when nobody can be asked.
    let outside = hostfile(&[lab.node(1)]);
    assert_eq!(check_with(node, "omm", &outside, &metrics, "").code, Some(2));
    assert_eq!(value("gs_sshexkey_check_success"), 0.0);
    assert_eq!(value("gs_sshexkey_last_success_timestamp_seconds"), success);
    node.write("/tmp/hostfile", hosts.as_bytes(), 0o644, "omm").unwrap();
    let full = node.sh("omm", "gs_sshexkey check -f /tmp/hostfile --no-password --json >/dev/full").unwrap();
    assert_eq!(full.status.code(), Some(2), "{}", full.stderr);
    // A result that cannot be written is a check that was not done.
    let run = check_with(node, "omm", &hosts, &["--no-password", "-o", "/none/x"], "");
    assert_eq!(run.code, Some(2));
    assert!(run.stderr.contains("[GAUSS-50205]"), "{}", run.stderr);
    // The log has what was found, and what went wrong.
    let run = check_with(node, "omm", &hosts, &["--no-password", "-l", "/home/omm/check.log"], "");
    assert_eq!(run.code, Some(1));
    let run = check_with(node, "omm", &outside, &["--no-password", "-l", "/home/omm/check.log"], "");
    assert_eq!(run.code, Some(2));
    let log = text(node, "/home/omm/check.log");
    let pair = format!("[DEBUG]:{} -> {} (ssh {1}): refused: ssh: connect", node.ip(), lab.node(1).ip());
    assert!(log.contains(&pair) && log.contains("[ERROR]:[GAUSS-50100]: No node can be entered"), "{log}");
    // A link in a folder of somebody else, to a place that may be written.
    sh(
        node,
        "root",
        "mkdir /opt/links && ln -s /home/omm/linked.json /opt/links/x && touch /home/omm/linked.json",
    );
    let run = check_with(node, "omm", &hosts, &["--no-password", "--json", "-o", "/opt/links/x"], "");
    assert_eq!(run.code, Some(1), "{}", run.stderr);
    assert!(text(node, "/home/omm/linked.json").starts_with('{'));
    let files = sh(node, "omm", "ls -A /home/omm");
    assert!(!files.contains(".tmp"), "{files}");
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn what_a_user_has_configured_counts_and_still_nothing_is_written() {
    let lab = cluster(3);
    set_up(&lab, "root");
    // The caller's choice and the server's do not meet: plain ssh fails, and so must the check.
    let (caller, server) = (lab.node(1), lab.node(2));
    let config = text(caller, "/root/.ssh/config");
    let chosen = format!("KexAlgorithms curve25519-sha256\n{config}");
    caller.write("/root/.ssh/config", chosen.as_bytes(), 0o600, "root").unwrap();
    sh(server, "root", "sed -i '1i KexAlgorithms diffie-hellman-group14-sha256' /etc/ssh/sshd_config");
    server.stop_sshd().unwrap();
    server.start_sshd().unwrap();
    let (document, _) = check(&lab, "root", &["--no-password"], "");
    let faults = document["faults"].as_array().unwrap();
    assert_eq!((faults.len(), &faults[0]["cause"]), (1, &"no-common-algorithm".into()), "{document:#}");
    // Nor may an old ssh's habits write: it notes addresses that it meets under a known name.
    let known = text(caller, "/root/.ssh/known_hosts");
    let names = known.lines().filter_map(|line| line.split_once(','));
    let names: String = names.map(|(_, name)| format!("{name}\n")).collect();
    assert!(names.starts_with("node"), "{known}");
    caller.write("/root/.ssh/known_hosts", names.as_bytes(), 0o600, "root").unwrap();
    let loud = format!("CheckHostIP yes\nLogLevel QUIET\n{config}");
    caller.write("/root/.ssh/config", loud.as_bytes(), 0o600, "root").unwrap();
    let (document, status) = check(&lab, "root", &["--no-password", "--by", "name"], "");
    assert_eq!(status, Some(0), "{document:#}");
    assert_eq!(text(caller, "/root/.ssh/known_hosts"), names);
    // A quiet ssh tells its reasons all the same.
    let (document, _) = check(&lab, "root", &["--no-password"], "");
    let causes: Vec<&Value> =
        document["faults"].as_array().unwrap().iter().map(|fault| &fault["cause"]).collect();
    assert_eq!(causes, ["host-key-unknown"; 2], "{document:#}");
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn a_node_without_a_name_of_its_own_is_not_left_out() {
    let lab = cluster(3);
    set_up(&lab, "omm");
    let twin = lab.node(1).name();
    sh(lab.node(2), "root", &format!("hostname {twin}"));
    let (document, status) = check(&lab, "omm", &["--no-password", "--by", "name"], "");
    assert_eq!((status, &document["counts"]["total"]), (Some(1), &6.into()), "{document:#}");
    assert_eq!(document["counts"]["unseen"], 4, "{document:#}");
    for node in [1, 2] {
        assert_eq!(document["nodes"][node]["no_name"], "duplicate", "{document:#}");
    }
    let run = check_with(lab.node(0), "omm", &hostfile(&all(&lab)), &["--no-password", "--by", "name"], "");
    assert!(run.stdout.contains(&format!("another node has the host name '{twin}' too")), "{}", run.stdout);
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn thirty_nodes_of_openssh_10_with_its_penalties_are_green() {
    let lab = Lab::up(spec(30).release(Release::Trixie)).unwrap();
    let penalties = sh(lab.node(7), "root", "sshd -T | grep -i '^persourcepenalties '");
    assert!(penalties.contains("crash:"), "{penalties}");
    set_up(&lab, "omm");
    must_be_green(&lab, "omm", &["--no-password"], 870);
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn a_caller_that_is_penalised_is_waited_for() {
    let lab = Lab::up(spec(3).release(Release::Trixie)).unwrap();
    set_up(&lab, "omm");
    // Calls without a key, until the server shuts its door.
    let (from, to) = (lab.node(1), lab.node(2));
    let knock = format!(
        "ssh -n -F none -o BatchMode=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null \
         -o IdentityAgent=none -o IdentityFile=none omm@{} true 2>&1",
        to.ip()
    );
    let deadline = Instant::now() + PATIENCE;
    while from.sh("omm", &knock).unwrap().stdout.contains("Permission denied") {
        assert!(Instant::now() < deadline, "the server shuts nobody out");
    }
    let start = Instant::now();
    must_be_green(&lab, "omm", &["--no-password"], 6);
    assert!(start.elapsed() > Duration::from_secs(2), "it was not shut out any more");
}
