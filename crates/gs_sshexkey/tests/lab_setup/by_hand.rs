//! Trust by hand: nodes that let nobody in by password, scripts carried to their consoles, answers carried back.

use std::net::IpAddr;
use std::path::Path;

use lab::{Lab, LabSpec, Node, Release, Sh};

use crate::harness::*;
use crate::tools::*;

/// Where the folder lies, and the stick that it is carried on.
const FOLDER: &str = "/tmp/bundle";
/// What closes a node to whoever has no key.
const NO_PASSWORDS: &str = "PasswordAuthentication no\nKbdInteractiveAuthentication no";

/// Three nodes with different shells as `sh`.
fn closed() -> LabSpec {
    spec(3).sshd_config_all(NO_PASSWORDS).sh(0, Sh::Dash).sh(1, Sh::Bash)
}

/// `gs_sshexkey bundle` on the first node; what it said.
fn bundle(lab: &Lab, user: &str, flags: &str) -> (Option<i32>, String, String) {
    let hosts = hostfile(&all(lab));
    lab.node(0).write("/tmp/hostfile", hosts.as_bytes(), 0o644, user).unwrap();
    let script = format!("gs_sshexkey bundle -f /tmp/hostfile -o {FOLDER} {flags}");
    let said = lab.node(0).sh(user, &script).unwrap();
    (said.status.code(), said.stdout, said.stderr)
}

#[track_caller]
fn must_bundle(lab: &Lab, user: &str, flags: &str) -> String {
    let (code, out, err) = bundle(lab, user, flags);
    assert_eq!((code, err.as_str()), (Some(0), ""), "{out}");
    out
}

fn script_of(ip: IpAddr) -> String {
    format!("node-{ip}.sh")
}

fn answer_of(ip: IpAddr) -> String {
    format!("answer-{ip}.txt")
}

/// Carries a file from the coordinator to a node.
fn carry(lab: &Lab, to: &Node, user: &str, name: &str) {
    let bytes = lab.node(0).read(Path::new(FOLDER).join(name)).unwrap();
    to.write(Path::new(FOLDER).join(name), &bytes, 0o700, user).unwrap();
}

/// Runs each node's script at its console, and carries the answer back.
#[track_caller]
fn first_round(lab: &Lab, user: &str) {
    for node in lab.nodes() {
        carry(lab, node, user, &script_of(node.ip()));
        sh(node, user, &format!("sh {FOLDER}/{}", script_of(node.ip())));
        let answer = node.read(Path::new(FOLDER).join(answer_of(node.ip()))).unwrap();
        lab.node(0).write(Path::new(FOLDER).join(answer_of(node.ip())), &answer, 0o600, user).unwrap();
    }
}

#[track_caller]
fn second_round(lab: &Lab, user: &str) {
    for node in lab.nodes() {
        carry(lab, node, user, "finish.sh");
        sh(node, user, &format!("sh {FOLDER}/finish.sh"));
    }
}

/// Nothing that was written for the stick is a secret.
#[track_caller]
fn must_hold_no_secret(node: &Node, user: &str) {
    let said = sh(node, user, &format!("ls {FOLDER}; cat {FOLDER}/*"));
    let private = sh(node, user, "sed -n 3p ~/.ssh/id_rsa");
    assert!(said.contains("finish.sh") && !said.contains("PRIVATE KEY"), "{said}");
    assert!(!private.trim().is_empty() && !said.contains(private.trim()));
}

#[track_caller]
fn trust_by_hand(spec: LabSpec, user: &str) {
    let lab = Lab::up(spec).unwrap();
    let nodes = all(&lab);
    let said = must_bundle(&lab, user, "");
    assert!(said.contains("id_rsa was made") && said.contains("scripts, one a node"), "{said}");
    first_round(&lab, user);
    let said = must_bundle(&lab, user, "--collect");
    for node in &nodes {
        let key = sh(node, user, "ssh-keygen -l -f /etc/ssh/ssh_host_ed25519_key.pub");
        assert!(said.contains(key.split(' ').nth(1).unwrap()), "{said}");
    }
    assert!(said.contains("/tmp/bundle/finish.sh") && said.contains("sh finish.sh"), "{said}");
    second_round(&lab, user);
    must_hold_no_secret(lab.node(0), user);
    must_reach(&nodes, user, &addresses(&nodes));
    // Names work wherever something resolves them.
    let names: Vec<String> = nodes.iter().map(|node| node.name().to_owned()).collect();
    let mapping: String = nodes.iter().map(|node| format!("{} {}\\n", node.ip(), node.name())).collect();
    for node in &nodes {
        sh(node, "root", &format!("printf '{mapping}' >>/etc/hosts"));
    }
    must_reach(&nodes, user, &names);
    for node in &nodes {
        for name in ["authorized_keys", "id_rsa", "id_rsa.pub", "known_hosts"] {
            let path = at_home(user, &format!(".ssh/{name}"));
            assert_eq!(rights(node, &path), format!("600 {user} {user}"), "{path}");
        }
        assert_eq!(rights(node, &at_home(user, ".ssh")), format!("700 {user} {user}"));
    }
    let before = snapshots(&nodes);
    let folder = lab.node(0).snapshot(&[FOLDER]).without_times();
    assert!(!must_bundle(&lab, user, "").contains("was made"));
    first_round(&lab, user);
    must_bundle(&lab, user, "--collect");
    second_round(&lab, user);
    must_be_unchanged(&nodes, &before);
    let diff = folder.diff(&lab.node(0).snapshot(&[FOLDER]).without_times());
    assert!(diff.is_empty(), "{diff}");
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn root_makes_trust_between_nodes_that_take_no_password_and_twice_is_once() {
    trust_by_hand(closed(), "root");
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn a_user_makes_trust_between_nodes_that_take_no_password_and_twice_is_once() {
    trust_by_hand(closed(), "omm");
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn trust_by_hand_is_made_with_openssh_10() {
    trust_by_hand(spec(2).sshd_config_all(NO_PASSWORDS).release(Release::Trixie), "omm");
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn once_collected_the_classic_command_needs_no_password() {
    let lab = Lab::up(closed().port(2, 2222)).unwrap();
    let nodes = all(&lab);
    let refused = run(lab.node(0), "omm", &hostfile(&nodes), &[], &format!("{PASSWORD}\n"));
    refused.must_fail_with(&[
        "10.77.0.2, 10.77.0.3:2222: the node accepts no password",
        "gs_sshexkey help bundle",
    ]);
    must_bundle(&lab, "omm", "");
    first_round(&lab, "omm");
    must_bundle(&lab, "omm", "--collect");
    let run = run(lab.node(0), "omm", &hostfile(&nodes), &[], "").must_succeed();
    assert!(!run.asked(), "{}", run.stdout);
    must_trust(&nodes, "omm", false);
    // What was done by hand and what the command did are of one mind.
    let before = snapshots(&nodes);
    second_round(&lab, "omm");
    must_bundle(&lab, "omm", "--collect");
    must_trust(&nodes, "omm", false);
    for node in &nodes {
        let known = text(node, "/home/omm/.ssh/known_hosts");
        let mut lines: Vec<&str> = known.lines().collect();
        lines.sort_unstable();
        lines.dedup();
        assert_eq!(lines.len(), known.lines().count(), "{known}");
    }
    // The scripts of the second round add the nodes' keys, and nothing else.
    for (node, before) in nodes.iter().zip(&before) {
        let diff = before.diff(&snapshot(node));
        assert!(diff.to_string().lines().all(|line| !line.contains("known_hosts")), "{diff}");
    }
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn answers_that_are_missing_or_contradict_a_record_are_named_and_the_rest_is_done() {
    let lab = Lab::up(closed()).unwrap();
    must_bundle(&lab, "omm", "");
    let (code, _, err) = bundle(&lab, "omm", "--collect");
    assert_eq!(code, Some(1), "{err}");
    assert!(err.contains("['10.77.0.1', '10.77.0.2', '10.77.0.3']"), "{err}");
    assert!(lab.node(0).read(format!("{FOLDER}/finish.sh")).is_err());
    first_round(&lab, "omm");
    sh(lab.node(0), "omm", &format!("rm {FOLDER}/answer-10.77.0.3.txt"));
    // Somebody recorded another machine's key for the second node.
    let other = text(lab.node(2), "/etc/ssh/ssh_host_ed25519_key.pub");
    let record = format!("# mine\n10.77.0.2 {other}");
    let known = "/home/omm/.ssh/known_hosts";
    let before = text(lab.node(0), known);
    lab.node(0).write(known, format!("{record}{before}").as_bytes(), 0o600, "omm").unwrap();
    let (code, out, err) = bundle(&lab, "omm", "--collect");
    assert_eq!(code, Some(1), "{out}{err}");
    assert!(err.contains("10.77.0.3: /tmp/bundle/answer-10.77.0.3.txt: there is no answer yet"), "{err}");
    assert!(err.contains("these nodes are not those on record: ['10.77.0.2']"), "{err}");
    assert!(err.contains("in /home/omm/.ssh/known_hosts, line 2"), "{err}");
    assert!(text(lab.node(0), known).starts_with(&record));
    assert!(!text(lab.node(0), known).contains("10.77.0.2 ecdsa"));
    let finish = text(lab.node(0), &format!("{FOLDER}/finish.sh"));
    assert!(
        finish.contains("10.77.0.1 ssh-ed25519") && !finish.contains("10.77.0.2 ssh-ed25519"),
        "{finish}"
    );
    // The cures that were shown.
    sh(lab.node(0), "omm", "ssh-keygen -R '10.77.0.2' -f /home/omm/.ssh/known_hosts 2>&1");
    first_round(&lab, "omm");
    must_bundle(&lab, "omm", "--collect");
    second_round(&lab, "omm");
    let nodes = all(&lab);
    must_reach(&nodes, "omm", &addresses(&nodes));
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn trust_by_hand_works_over_ipv6() {
    let lab = Lab::up(spec(2).sshd_config_all(NO_PASSWORDS).ipv6(true)).unwrap();
    let nodes = all(&lab);
    let ips: Vec<String> = nodes.iter().map(|node| node.ip6().unwrap().to_string()).collect();
    let hosts = ips.join("\n");
    lab.node(0).write("/tmp/hostfile", hosts.as_bytes(), 0o644, "omm").unwrap();
    let run = format!("gs_sshexkey bundle -f /tmp/hostfile -o {FOLDER}");
    sh(lab.node(0), "omm", &run);
    let names: Vec<String> = ips.iter().map(|ip| ip.replace(':', "_")).collect();
    for (node, name) in nodes.iter().zip(&names) {
        carry(&lab, node, "omm", &format!("node-{name}.sh"));
        sh(node, "omm", &format!("sh {FOLDER}/node-{name}.sh"));
        let answer = format!("{FOLDER}/answer-{name}.txt");
        lab.node(0).write(&answer, &node.read(&answer).unwrap(), 0o600, "omm").unwrap();
    }
    sh(lab.node(0), "omm", &format!("{run} --collect"));
    second_round(&lab, "omm");
    must_reach(&nodes, "omm", &ips);
}
