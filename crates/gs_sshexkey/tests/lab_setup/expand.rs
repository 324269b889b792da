//! Nodes that come to a cluster that has trust: what is asked, what changes, what is proven, and what doctor says of lists
//! that do not agree with the files.

use lab::Node;
use serde_json::Value;

use crate::before::{change_password, count_tries, tries};
use crate::doctor::{findings, start_doctor};
use crate::harness::*;
use crate::tools::*;

/// Runs `expand` with this list; a password is there if it is asked for.
fn expand(on: &Node, user: &str, list: &[&Node], flags: &[&str]) -> Run {
    let flags = [&["expand"], flags].concat();
    run(on, user, &hostfile(list), &flags, &format!("{PASSWORD}\n"))
}

#[track_caller]
fn must_end(run: &Run, code: i32, texts: &[&str]) {
    assert_eq!(run.code, Some(code), "{}\n{}", run.stdout, run.stderr);
    for text in texts {
        let said = run.stdout.contains(text) || run.stderr.contains(text);
        assert!(said, "no \"{text}\" in:\n{}\n{}", run.stdout, run.stderr);
    }
}

#[track_caller]
fn document(run: &Run) -> Value {
    let read = serde_json::from_str(&run.stdout);
    read.unwrap_or_else(|e| panic!("{e}:\n{}\n{}", run.stdout, run.stderr))
}

/// What doctor finds over these nodes: code, node, the first command against it.
#[track_caller]
fn doctor_over(lab: &lab::Lab, user: &str, list: &[&Node]) -> (Vec<(String, usize)>, Value) {
    let flags = ["--no-password", "--json"];
    let run = finish(start_doctor(lab.node(0), user, &hostfile(list), &flags, ""));
    let document = document(&run);
    assert_eq!(
        run.code,
        Some(i32::from(!document["findings"].as_array().unwrap().is_empty())),
        "{document:#}"
    );
    (findings(lab, &document), document)
}

fn key(node: &Node, user: &str) -> String {
    text(node, &at_home(user, ".ssh/id_om.pub"))
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn a_node_comes_to_a_cluster_with_one_key_and_only_its_pairs_are_proven() {
    let lab = cluster(4);
    let nodes = all(&lab);
    let (old, new) = (&nodes[..3], nodes[3].ip().to_string());
    let fresh = snapshots(&nodes);
    must_end(&expand(nodes[0], "root", old, &["--add", &new]), 1, &["There is no trust to expand"]);
    must_be_unchanged(&nodes, &fresh);
    run(nodes[0], "root", &hostfile(old), &["--keys", "shared"], &format!("{PASSWORD}\n")).must_succeed();
    let (shared, before) = (key(nodes[0], "root"), snapshots(&nodes));

    // Bad input is told before anything is asked; a node that is dead stops all of it.
    for (flags, text) in [
        (vec!["--add", "10.77.0.4,10.77.0.4"], "10.77.0.4 is named twice"),
        (vec!["--add", "10.77.0.[1-3]"], "It names every node of the list"),
        (vec!["--add", ","], "it names no node"),
        (vec!["--add", "@/tmp/none"], "/tmp/none does not exist"),
    ] {
        let refused = expand(nodes[0], "root", old, &flags);
        must_end(&refused, 2, &[text]);
        assert!(!refused.stderr.contains("Password:"), "{}", refused.stderr);
    }
    let dry = expand(nodes[0], "root", old, &["--add", &new, "--dry-run"]);
    must_end(&dry, 0, &["==> 10.77.0.4", "Nothing was changed.", "The list would be:"]);
    nodes[3].stop_sshd().unwrap();
    must_end(&expand(nodes[0], "root", old, &["--add", &new]), 1, &["10.77.0.4"]);
    nodes[3].start_sshd().unwrap();
    must_be_unchanged(&nodes, &before);

    // The node is listed, and not set up.
    let (found, document_of) = doctor_over(&lab, "root", &nodes);
    let differs = found.iter().filter(|(code, _)| code == "members-differ").collect::<Vec<_>>();
    assert_eq!(differs, [&("members-differ".to_owned(), 0)], "{document_of:#}");
    assert!(document_of.to_string().contains("expand --hosts 10.77.0.1,10.77.0.2,10.77.0.3 --add 10.77.0.4"));

    nodes.iter().for_each(|node| count_tries(node));
    let log = ["--add", &new, "--json", "-l", "/tmp/log"];
    let done = expand(nodes[0], "root", old, &log);
    must_end(&done, 0, &[]);
    let told = document(&done);
    assert_eq!(told["proven"]["pairs"], 2 * 7, "{told:#}");
    assert_eq!(told["counts"], serde_json::json!({ "nodes": 4, "added": 1, "changed": 4 }));
    assert_eq!(told["list"], serde_json::json!(addresses(&nodes)));
    assert_eq!(told["nodes"][3]["entered"], "password");
    assert_eq!(done.stderr.matches("Password:").count(), 1, "{}", done.stderr);
    assert_eq!(nodes.iter().map(|node| tries(node)).collect::<Vec<_>>(), [0, 0, 0, 1]);
    assert!(nodes.iter().all(|node| key(node, "root") == shared));
    must_trust(&nodes, "root", true);

    // The set-up over the longer list has nothing to add; neither has the same again.
    let after = snapshots(&nodes);
    run(nodes[1], "root", &hostfile(&nodes), &[], "").must_succeed();
    must_be_unchanged(&nodes, &after);
    let again = expand(nodes[0], "root", &nodes, &["--add", &new, "--yes"]);
    must_end(&again, 0, &["In the list already", "nothing was changed", "works: 14 pairs"]);
    let whole = expand(nodes[2], "root", old, &["--add", &new, "--verify", "all"]);
    must_end(&whole, 0, &["Added to the trust of root: 10.77.0.4", "works: 32 pairs"]);
    must_be_unchanged(&nodes, &after);

    // A machine is in a cluster once.
    let interface = "$(ip -o -4 addr show | awk '/10\\.77\\.0\\.2\\// { print $2 }')";
    sh(nodes[1], "root", &format!("ip addr add 10.77.0.99/16 dev {interface}"));
    let twice = expand(nodes[0], "root", &nodes, &["--add", "10.77.0.99"]);
    must_end(&twice, 2, &["10.77.0.99 is to be added, and is 10.77.0.2", "Nothing was changed."]);
    must_be_unchanged(&nodes, &after);

    // The files know one that is not listed.
    let (found, document) = doctor_over(&lab, "root", old);
    assert_eq!(found, [("members-differ".to_owned(), 0)], "{document:#}");
    let command = "gs_sshexkey shrink --hosts 10.77.0.1,10.77.0.2,10.77.0.3,10.77.0.4 --remove 10.77.0.4";
    assert!(document.to_string().contains(command), "{document:#}");
    assert_eq!(doctor_over(&lab, "root", &nodes).0, []);
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn nodes_with_keys_of_their_own_keep_them_and_one_that_lost_its_trust_is_mended() {
    let lab = cluster(4);
    let nodes = all(&lab);
    let old = &nodes[..3];
    run(nodes[0], "omm", &hostfile(old), &[], &format!("{PASSWORD}\n")).must_succeed();
    let keys: Vec<String> = old.iter().map(|node| key(node, "omm")).collect();
    // As Greenplum's users have it. The old nodes are entered by key alone: their password is another one.
    old.iter().for_each(|node| change_password(node, "omm", "Other@2026_lab"));
    nodes[0].write("/tmp/old", hostfile(old).as_bytes(), 0o644, "omm").unwrap();
    nodes[0].write("/tmp/new", hostfile(&nodes[2..]).as_bytes(), 0o644, "omm").unwrap();
    let script = format!("echo '{PASSWORD}' | gs_sshexkey expand -e /tmp/old -x /tmp/new");
    let done = nodes[0].sh("omm", &script).unwrap();
    assert!(done.status.success(), "{done:?}");
    assert!(done.stderr.contains("In the list already") && done.stderr.contains("10.77.0.3"), "{done:?}");
    // By address alone: two of four nodes were named.
    assert!(done.stdout.contains("works: 12 pairs"), "{done:?}");
    assert_eq!(done.stderr.matches("Password:").count(), 1, "{}", done.stderr);
    let now: Vec<String> = nodes.iter().map(|node| key(node, "omm")).collect();
    assert_eq!(now[..3], keys);
    assert!(!keys.contains(&now[3]));
    must_trust(&nodes, "omm", false);
    let after = snapshots(&nodes);
    run(nodes[3], "omm", &hostfile(&nodes), &[], "").must_succeed();
    must_be_unchanged(&nodes, &after);

    // From a node that has trust of its own to a cluster with one key: the cluster's stays, and an old node that lost its
    // trust gets it back and is proven too.
    run(nodes[0], "root", &hostfile(old), &["--keys", "shared"], &format!("{PASSWORD}\n")).must_succeed();
    run(nodes[3], "root", &hostfile(&nodes[3..]), &[], &format!("{PASSWORD}\n")).must_succeed();
    let shared = key(nodes[0], "root");
    assert_ne!(key(nodes[3], "root"), shared);
    sh(nodes[1], "root", "rm -rf .ssh/id_om* .ssh/config");
    let done = expand(nodes[3], "root", old, &["--add", &nodes[3].ip().to_string()]);
    must_end(&done, 0, &["it should have trust, but no key of this machine opens it, nor 2 others"]);
    // Pairs with the second or the fourth of four nodes, by address and by name.
    must_end(&done, 0, &["works: 24 pairs"]);
    assert!(nodes.iter().all(|node| key(node, "root") == shared));
    must_trust(&nodes, "root", true);
}
