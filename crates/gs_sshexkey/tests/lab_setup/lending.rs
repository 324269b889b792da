//! `with`: trust for the length of one command, whatever becomes of it.

use std::process::{Child, Stdio};

use lab::Node;

use crate::before::*;
use crate::harness::*;
use crate::revoking::*;
use crate::tools::*;

/// Starts `with` as root, in bash; it reads the password.
fn start(on: &Node, nodes: &[&Node], flags: &str, script: &str) -> Child {
    on.write("/tmp/hostfile", hostfile(nodes).as_bytes(), 0o644, "root").unwrap();
    let line = format!("exec gs_sshexkey with -f /tmp/hostfile {flags} -- bash -c '{script}'");
    let mut command = on.command("root");
    command.args(["bash", "-c", &line]);
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), format!("{PASSWORD}\n").as_bytes()).unwrap();
    child
}

fn wait_for_file(node: &Node, path: &str) {
    assert!(wait_until(|| node.read(path).is_ok()), "{path} does not come");
}

/// Logs in to the other node, says that it could, and waits to be ended.
const WORK: &str = "ssh -o BatchMode=yes node2 true && >/run/works; sleep 600";

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn trust_is_afterwards_what_it_was_before_however_the_command_ends() {
    let lab = cluster(2);
    let nodes = all(&lab);
    let fresh = snapshots(&nodes);
    let script = "ssh -o BatchMode=yes node2 hostname; grep -c expiry-time .ssh/authorized_keys; exit 3";
    let ended = finish(start(nodes[0], &nodes, "", script));
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(3), "node2\n2\n"), "{}", ended.stderr);
    assert!(ended.stderr.contains("2 nodes, 8 pairs work"), "{}", ended.stderr);
    assert!(ended.stderr.contains("gs_sshexkey revoke -f /tmp/hostfile"), "{}", ended.stderr);
    assert!(ended.stderr.contains("is taken away again"), "{}", ended.stderr);
    must_be_unchanged(&nodes, &fresh);

    // A signal to the program alone.
    for (signal, status) in [("TERM", 143), ("HUP", 129), ("INT", 130)] {
        sh(nodes[0], "root", "rm -f /run/works");
        let child = start(nodes[0], &nodes, "", WORK);
        wait_for_file(nodes[0], "/run/works");
        nodes[0].signal("gs_sshexkey", signal).unwrap();
        let ended = finish(child);
        assert_eq!(ended.code, Some(status), "{signal}: {}", ended.stderr);
        must_be_unchanged(&nodes, &fresh);
    }

    // It lives on, and hears another.
    let stubborn = "trap \"echo heard\" INT HUP; ssh -o BatchMode=yes node2 true && >/run/works; \
                    while :; do sleep 0.1; done";
    sh(nodes[0], "root", "rm -f /run/works");
    let child = start(nodes[0], &nodes, "", stubborn);
    wait_for_file(nodes[0], "/run/works");
    for signal in ["INT", "HUP", "TERM"] {
        nodes[0].signal("gs_sshexkey", signal).unwrap();
    }
    let ended = finish(child);
    assert_eq!(ended.code, Some(143), "{}", ended.stderr);
    must_be_unchanged(&nodes, &fresh);

    // The command is ended by somebody else.
    let killed = finish(start(nodes[0], &nodes, "--expires never", "kill -KILL $$"));
    assert_eq!(killed.code, Some(137), "{}", killed.stderr);
    assert!(killed.stderr.contains("it stays until"), "{}", killed.stderr);
    must_be_unchanged(&nodes, &fresh);
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn at_a_terminal_ctrl_c_is_the_commands_and_a_terminal_that_goes_away_ends_trust() {
    let lab = cluster(2);
    let nodes = all(&lab);
    nodes[0].write("/tmp/hostfile", hostfile(&nodes).as_bytes(), 0o644, "root").unwrap();
    let fresh = snapshots(&nodes);
    let work = "n=0; trap \"n=\\$((n+1)); echo heard-\\$n\" INT; ssh -o BatchMode=yes node2 echo it-\"works\"; \
                while [ \\$n = 0 ]; do sleep 0.1; done; sleep 1; echo in-all-\\$n; exit 4";
    let line = format!(
        "bash -c 'gs_sshexkey with -f /tmp/hostfile -- bash -c \"{}\"; echo ended-$?'",
        work.replace('"', "\\\"")
    );
    let mut terminal = nodes[0].terminal("root", &line).unwrap();
    terminal.expect("Password: ", PATIENCE).unwrap();
    terminal.type_line(PASSWORD).unwrap();
    terminal.expect("it-works", PATIENCE).unwrap();
    terminal.press_ctrl_c().unwrap();
    terminal.expect("in-all-1", PATIENCE).unwrap();
    terminal.expect("is taken away again", PATIENCE).unwrap();
    terminal.finish().unwrap();
    must_be_unchanged(&nodes, &fresh);

    let mut terminal = nodes[0]
        .terminal("root", "gs_sshexkey with -f /tmp/hostfile -- bash -c 'echo it-run\"\"s; sleep 600'")
        .unwrap();
    terminal.expect("Password: ", PATIENCE).unwrap();
    terminal.type_line(PASSWORD).unwrap();
    terminal.expect("it-runs", PATIENCE).unwrap();
    // Its window is closed.
    nodes[0].signal("script", "KILL").unwrap();
    let over = || nodes[0].sh("root", "pgrep -x gs_sshexkey").unwrap().stdout.is_empty();
    assert!(wait_until(over), "it still runs");
    must_be_unchanged(&nodes, &fresh);
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn trust_that_stood_is_left_and_what_cannot_be_lent_is_not_begun() {
    let lab = cluster(3);
    let nodes = all(&lab);
    let fresh = snapshots(&nodes);
    // Nothing is asked for a command that cannot be started.
    let line = "gs_sshexkey with -f /tmp/hostfile -- no-such-program";
    nodes[0].write("/tmp/hostfile", hostfile(&nodes).as_bytes(), 0o644, "root").unwrap();
    let none = nodes[0].sh("root", line).unwrap();
    assert_eq!(none.status.code(), Some(2), "{}", none.stderr);
    assert!(!none.stderr.contains("Password"), "{}", none.stderr);

    // The machine that runs it dies: the nodes close by themselves at the time, and revoke finishes from any of them.
    let child = start(nodes[0], &nodes, "--expires 2h", WORK);
    wait_for_file(nodes[0], "/run/works");
    nodes[0].signal("gs_sshexkey", "KILL").unwrap();
    sh(nodes[0], "root", "pkill -x bash; pkill -x sleep; rm -f /run/works; true");
    finish(child);
    for node in &nodes {
        let keys = text(node, "/root/.ssh/authorized_keys");
        assert!(keys.lines().all(|line| line.contains("expiry-time=\"")), "{keys}");
    }
    let rest = revoke(nodes[2], "root", &nodes, &["--yes"]);
    assert_eq!(rest.code, Some(0), "{}\n{}", rest.stdout, rest.stderr);
    must_be_unchanged(&nodes, &fresh);

    // On a part of the nodes only.
    run(nodes[0], "root", &hostfile(&nodes[..2]), &[], &format!("{PASSWORD}\n")).must_succeed();
    let part = snapshots(&nodes);
    let refused = finish(start(nodes[0], &nodes, "", "true"));
    assert_eq!(refused.code, Some(1), "{}", refused.stderr);
    assert!(refused.stderr.contains("not on ['10.77.0.3']"), "{}", refused.stderr);
    must_be_unchanged(&nodes, &part);
    let served = finish(start(nodes[0], &nodes[..2], "", "ssh -o BatchMode=yes node2 hostname"));
    assert_eq!((served.code, served.stdout.as_str()), (Some(0), "node2\n"), "{}", served.stderr);
    assert!(served.stderr.contains("left as it is"), "{}", served.stderr);
    must_be_unchanged(&nodes, &part);
}
