//! `--json --redact`: what real nodes say, told to strangers.

use lab::{Lab, Node};
use serde_json::Value;

use crate::harness::*;
use crate::tools::*;

/// Whether a word stands in a text, not as a part of another one.
fn stands(text: &str, word: &str) -> bool {
    let inside = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    text.match_indices(word).any(|(at, _)| {
        !inside(text[..at].chars().next_back()) && !inside(text[at + word.len()..].chars().next())
    })
}

/// Fails if a document says whose cluster it is, by any of the words that only its owner knows.
#[track_caller]
fn must_name_nobody(lab: &Lab, user: &str, document: &str, others: &[&str]) {
    let own = lab.nodes().iter().flat_map(|node| [node.ip().to_string(), node.name().to_owned()]);
    let own = own.chain((user != "root").then(|| user.to_owned()));
    for word in own.chain(others.iter().map(|word| (*word).to_owned())) {
        assert!(!stands(document, &word), "{word} in {document}");
    }
    assert!(!document.contains("10.77."), "{document}");
    let shown = document.match_indices("SHA256:").all(|(at, _)| document[at + 7..].starts_with("redacted"));
    assert!(shown, "{document}");
}

/// Runs a verb from the first node; the text and the document.
#[track_caller]
fn told(on: &Node, user: &str, words: &[&str]) -> (String, Value) {
    let mut command = on.command(user);
    let output =
        command.arg("gs_sshexkey").args(words).args(["-f", "/tmp/hostfile", "--json"]).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let document = serde_json::from_str(&text);
    (
        text.clone(),
        document.unwrap_or_else(|e| panic!("{e}: {text}{}", String::from_utf8_lossy(&output.stderr))),
    )
}

/// The codes of findings, causes and oddities: what a reader of a redacted document still learns.
fn codes(document: &Value, name: &str) -> Vec<Value> {
    let pick = |of: &Value, member: &str| of[member].as_array().cloned().unwrap_or_default();
    match name {
        "check" => pick(document, "faults").iter().map(|fault| fault["cause"].clone()).collect(),
        "doctor" => pick(document, "findings").iter().map(|finding| finding["code"].clone()).collect(),
        _ => pick(document, "keys").iter().map(|key| key["odd"].as_array().unwrap().len().into()).collect(),
    }
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn what_is_told_to_strangers_names_nobody() {
    let lab = cluster(4);
    let nodes = all(&lab);
    set_up(&lab, "omm");
    nodes[0].write("/tmp/hostfile", hostfile(&nodes).as_bytes(), 0o644, "omm").unwrap();
    sh(nodes[1], "omm", "chmod o+w .");
    nodes[2].stop_sshd().unwrap();
    let foreign = "ssh-keygen -qt ed25519 -N '' -C alice@desk -f /tmp/alice; \
                   echo \"from=\\\"10.77.0.0/16,*.corp\\\" $(cat /tmp/alice.pub)\" >>.ssh/authorized_keys; \
                   echo 'no-such-option AAAA of Bob' >>.ssh/authorized_keys; \
                   sed -i '/^10.77.0.1,/d' .ssh/known_hosts; \
                   echo \"10.77.0.1 $(cut -d' ' -f1,2 /tmp/alice.pub)\" >>.ssh/known_hosts";
    sh(nodes[3], "omm", foreign);
    for words in [&["check", "--by", "both"][..], &["doctor", "--no-password"], &["access", "--no-password"]]
    {
        let (text, plain) = told(nodes[0], "omm", words);
        assert!(text.contains("10.77.0.1") && stands(&text, "omm"), "{text}");
        let (text, redacted) = told(nodes[0], "omm", &[words, &["--redact"]].concat());
        must_name_nobody(&lab, "omm", &text, &["alice", "desk", "Bob", "corp"]);
        assert_eq!(redacted["nodes"][3]["address"], "address-4", "{text}");
        assert_eq!(codes(&redacted, words[0]), codes(&plain, words[0]), "{text}");
        assert!(!codes(&redacted, words[0]).is_empty(), "{text}");
    }
}
