//! `doctor` as a whole: what its tests share, a healthy cluster, several faults at once, healing that is interrupted.

use std::io::Write;
use std::process::{Child, Stdio};

use lab::{Lab, Node};
use serde_json::Value;

use crate::harness::*;
use crate::tools::*;

/// The flags of a run that must not ask anybody.
pub(crate) const ASK_NOBODY: &[&str] = &["--no-password"];

/// Starts `doctor` on a node; `input` is its standard input.
pub(crate) fn start_doctor(on: &Node, user: &str, hosts: &str, flags: &[&str], input: &str) -> Child {
    on.write("/tmp/hostfile", hosts.as_bytes(), 0o644, user).unwrap();
    let mut command = on.command(user);
    command.args(["gs_sshexkey", "doctor", "-f", "/tmp/hostfile"]).args(flags);
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // A run that needs no answer does not read it.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    child
}

/// Runs `doctor` from the first node over all, to its end; the document and the exit status.
#[track_caller]
pub(crate) fn doctor(lab: &Lab, user: &str, flags: &[&str], input: &str) -> (Value, Option<i32>) {
    let flags: Vec<&str> = flags.iter().copied().chain(["--json"]).collect();
    let run = finish(start_doctor(lab.node(0), user, &hostfile(&all(lab)), &flags, input));
    let document = serde_json::from_str(&run.stdout);
    (document.unwrap_or_else(|e| panic!("{e}:\n{}\n{}", run.stdout, run.stderr)), run.code)
}

/// What was found: code and index of the node, in the order of the document.
pub(crate) fn findings(lab: &Lab, document: &Value) -> Vec<(String, usize)> {
    let place = |address: &Value| {
        lab.nodes().iter().position(|node| node.ip().to_string() == address.as_str().unwrap_or_default())
    };
    let all = document["findings"].as_array().unwrap().iter();
    all.map(|f| (f["code"].as_str().unwrap().to_owned(), place(&f["node"]).unwrap())).collect()
}

/// Fails unless exactly this is found. The document.
#[track_caller]
pub(crate) fn must_find(
    lab: &Lab,
    user: &str,
    flags: &[&str],
    input: &str,
    wanted: &[(&str, usize)],
) -> Value {
    let (document, status) = doctor(lab, user, flags, input);
    let found = findings(lab, &document);
    let wanted: Vec<(String, usize)> =
        wanted.iter().map(|(code, node)| ((*code).to_owned(), *node)).collect();
    assert_eq!(found, wanted, "{document:#}");
    assert_eq!(status, Some(i32::from(!wanted.is_empty())), "{document:#}");
    document
}

/// Fails unless nothing is found.
#[track_caller]
pub(crate) fn must_be_well(lab: &Lab, user: &str) {
    must_find(lab, user, ASK_NOBODY, "", &[]);
}

/// Heals, and fails unless nothing is left.
#[track_caller]
pub(crate) fn must_heal(lab: &Lab, user: &str, flags: &[&str], input: &str) -> Value {
    let flags: Vec<&str> = flags.iter().copied().chain(["--fix", "--yes"]).collect();
    let (document, status) = doctor(lab, user, &flags, input);
    assert_eq!(findings(lab, &document), [], "{document:#}");
    assert_eq!(status, Some(0), "{document:#}");
    document
}

/// Runs the commands of a finding's cures at the console of the nodes that they are for.
#[track_caller]
pub(crate) fn cure_by_hand(lab: &Lab, user: &str, document: &Value) {
    for finding in document["findings"].as_array().unwrap() {
        for cure in finding["cures"].as_array().unwrap() {
            let node =
                lab.nodes().iter().find(|n| n.ip().to_string() == cure["node"].as_str().unwrap()).unwrap();
            for command in cure["commands"].as_array().unwrap() {
                let output = node.sh(user, command.as_str().unwrap()).unwrap();
                assert!(output.status.success(), "{command}: {}{}", output.stdout, output.stderr);
            }
        }
    }
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn a_healthy_cluster_gives_no_finding() {
    let lab = cluster(3);
    for user in ["root", "omm"] {
        set_up(&lab, user);
        must_be_well(&lab, user);
        let document = must_find(&lab, user, &["--no-password", "--by", "both"], "", &[]);
        assert_eq!(document["counts"]["works"], 12, "{document:#}");
    }
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn three_faults_of_three_kinds_are_each_named_and_sshds_own_words_are_quoted() {
    let lab = cluster(4);
    let nodes = all(&lab);
    set_up(&lab, "root");
    let answer = format!("{PASSWORD}\n");
    sh(nodes[1], "root", "chmod o+w /root");
    nodes[2].stop_sshd().unwrap();
    let stale = "ssh-keygen -q -t ed25519 -N '' -f /tmp/other; sed -i '/^10.77.0.1,/d' .ssh/known_hosts; \
                 echo \"10.77.0.1 $(cut -d' ' -f1,2 /tmp/other.pub)\" >>.ssh/known_hosts";
    sh(nodes[3], "root", stale);
    let wanted = [("sshd-down", 2), ("home-permissions", 1), ("known-hosts-conflict", 3)];
    let document = must_find(&lab, "root", &[], &answer, &wanted);
    let explained: u64 =
        document["findings"].as_array().unwrap().iter().map(|f| f["pairs"].as_u64().unwrap()).sum();
    assert_eq!(explained, document["counts"]["broken"].as_u64().unwrap(), "{document:#}");
    let said = |finding: &Value| {
        let witnesses = finding["witnesses"].as_array().unwrap().iter();
        let log = witnesses.filter(|witness| witness["source"] == "the log of sshd");
        log.map(|witness| witness["said"].as_str().unwrap().to_owned()).collect::<String>()
    };
    let quoted = said(&document["findings"][1]);
    assert!(quoted.contains("bad ownership or modes for directory /root"), "{document:#}");
    // What can be healed from here is; the rest is left, with what to do.
    let (document, status) = doctor(&lab, "root", &["--fix", "--yes"], &answer);
    assert_eq!(
        (findings(&lab, &document), status),
        (vec![("sshd-down".to_owned(), 2)], Some(1)),
        "{document:#}"
    );
    cure_by_hand(&lab, "root", &document);
    must_be_well(&lab, "root");
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn what_an_ordinary_user_cannot_see_is_listed() {
    let lab = cluster(2);
    set_up(&lab, "omm");
    let (document, _) = doctor(&lab, "omm", ASK_NOBODY, "");
    let not_seen = document["nodes"][1]["not_seen"].to_string();
    assert!(not_seen.contains("\"log\"") && not_seen.contains("\"account\""), "{document:#}");
    set_up(&lab, "root");
    let (document, _) = doctor(&lab, "root", ASK_NOBODY, "");
    assert_eq!(document["nodes"][1]["not_seen"], serde_json::json!([]), "{document:#}");
}
