//! `check` on healthy clusters: all pairs green, and nothing changes.

use std::process::Stdio;

use lab::{Lab, Node};
use serde_json::Value;

use crate::harness::*;
use crate::tools::*;

/// Runs `check` on a node, without a terminal and with this standard input.
pub(crate) fn check_with(on: &Node, user: &str, hosts: &str, flags: &[&str], input: &str) -> Run {
    on.write("/tmp/hostfile", hosts.as_bytes(), 0o644, user).unwrap();
    let mut command = on.command(user);
    command.args(["gs_sshexkey", "check", "-f", "/tmp/hostfile"]).args(flags);
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let _ = std::io::Write::write_all(&mut child.stdin.take().unwrap(), input.as_bytes());
    finish(child)
}

/// Runs `check --json` from the first node over all; the document and the exit status.
#[track_caller]
pub(crate) fn check(lab: &Lab, user: &str, flags: &[&str]) -> (Value, i32) {
    let flags: Vec<&str> = ["--json", "--no-password"].iter().chain(flags).copied().collect();
    let run = check_with(lab.node(0), user, &hostfile(&all(lab)), &flags, "");
    let document = serde_json::from_str(&run.stdout)
        .unwrap_or_else(|error| panic!("{error}\n{}\n{}", run.stdout, run.stderr));
    (document, run.code.unwrap())
}

/// Fails unless every pair of so many works and the exit status says so.
#[track_caller]
pub(crate) fn must_be_green(lab: &Lab, user: &str, flags: &[&str], pairs: usize) {
    let (document, status) = check(lab, user, flags);
    assert_eq!(document["broken"], Value::Array(Vec::new()), "{document:#}");
    assert_eq!(document["counts"]["total"], pairs, "{document:#}");
    assert_eq!((status, &document["healthy"]), (0, &Value::Bool(true)), "{document:#}");
}
