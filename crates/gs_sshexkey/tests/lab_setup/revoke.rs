//! Taking trust away, as a user does it: what is asked, what is said, what the exit status is, and what is left.

use lab::Node;
use serde_json::Value;

use crate::harness::*;
use crate::tools::*;

/// Runs `revoke` over these nodes; a password is there if it is asked for.
fn revoke(on: &Node, user: &str, nodes: &[&Node], flags: &[&str]) -> Run {
    let flags = [&["revoke"], flags].concat();
    run(on, user, &hostfile(nodes), &flags, &format!("{PASSWORD}\n"))
}

#[track_caller]
fn must_end(run: &Run, code: i32, texts: &[&str]) {
    assert_eq!(run.code, Some(code), "{}\n{}", run.stdout, run.stderr);
    for text in texts {
        let said = run.stdout.contains(text) || run.stderr.contains(text);
        assert!(said, "no \"{text}\" in:\n{}\n{}", run.stdout, run.stderr);
    }
}

/// The command lines of all ssh-agents.
fn agents(nodes: &[&Node]) -> Vec<String> {
    let processes = nodes.iter().flat_map(|node| node.processes());
    let agents = processes.filter(|process| process.cmdline.starts_with(b"ssh-agent"));
    agents.map(|process| String::from_utf8_lossy(&process.cmdline).into_owned()).collect()
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn a_set_up_is_taken_away_to_the_byte_from_any_node() {
    let lab = cluster(3);
    let nodes = all(&lab);
    for user in ["root", "omm"] {
        let before = snapshots(&nodes);
        set_up(&lab, user);
        // Not from where it was made; and no password is needed.
        let done = revoke(nodes[1], user, &nodes, &["--yes"]);
        must_end(&done, 0, &[&format!("The trust of {user} is gone: 3 nodes."), " is refused: 3 of 3."]);
        assert!(!done.stderr.contains("Password:"), "{}", done.stderr);
        must_be_unchanged(&nodes, &before);
        assert_eq!(agents(&nodes), [""; 0], "{user}");
        let broken = broken_pairs(&nodes, user, false);
        let calls = broken.iter().filter(|line| line.contains(": sourced: ") || line.contains(": bare: "));
        assert_eq!(calls.count(), 3 * 3 * 2, "{}", broken.join("\n"));
        let again = revoke(nodes[1], user, &nodes, &["--yes"]);
        must_end(&again, 0, &[&format!("There is no trust of {user} on 3 nodes")]);
        must_be_unchanged(&nodes, &before);
    }
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn nothing_is_changed_before_somebody_agreed() {
    let lab = cluster(2);
    let nodes = all(&lab);
    set_up(&lab, "omm");
    sh(nodes[1], "omm", "cp /bin/sleep /tmp/gaussdb; /tmp/gaussdb 1000 >/dev/null 2>&1 &");
    let before = snapshots(&nodes);
    let dry = revoke(nodes[0], "omm", &nodes, &["--dry-run"]);
    must_end(
        &dry,
        0,
        &["lines of /home/omm/.ssh/authorized_keys: 2", "==> 10.77.0.2", "Nothing was changed."],
    );
    must_be_unchanged(&nodes, &before);
    let nobody = revoke(nodes[0], "omm", &nodes, &[]);
    must_end(
        &nobody,
        2,
        &["Trust of omm that will be taken away", "standard input is no terminal", "add --yes"],
    );
    must_be_unchanged(&nodes, &before);
    let answer = |words: &[&str]| {
        let mut terminal = at_terminal(nodes[0], "omm", &hostfile(&nodes), "revoke");
        terminal.expect("[y/N]", PATIENCE).unwrap();
        for word in words {
            terminal.type_line(word).unwrap();
        }
        if words.is_empty() {
            terminal.press_ctrl_c().unwrap();
        }
        let (status, screen) = terminal.finish().unwrap();
        assert!(screen.contains("The database loses its trust (gaussdb ("), "{screen}");
        (status.code(), screen)
    };
    let (code, screen) = answer(&["n"]);
    assert!(code == Some(1) && screen.contains("Nothing was changed."), "{screen}");
    let (code, screen) = answer(&[]);
    assert!(code == Some(2) && screen.contains("Nothing was changed."), "{screen}");
    must_be_unchanged(&nodes, &before);
    must_trust(&nodes, "omm", false);
    let (code, screen) = answer(&["y"]);
    assert!(code == Some(0) && screen.contains(" is refused: 2 of 2."), "{screen}");
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn a_node_that_is_down_stops_it_and_a_later_run_does_the_rest() {
    let lab = cluster(3);
    let nodes = all(&lab);
    let fresh = snapshots(&nodes);
    set_up(&lab, "root");
    let before = snapshots(&nodes);
    nodes[2].stop_sshd().unwrap();
    let stopped = revoke(nodes[0], "root", &nodes, &["--yes"]);
    must_end(&stopped, 1, &["Could not be entered:", "10.77.0.3", "Nothing was changed.", "--partial"]);
    must_be_unchanged(&nodes, &before);
    let partial = revoke(nodes[0], "root", &nodes, &["--yes", "--partial", "--json"]);
    must_end(&partial, 1, &[]);
    let document: Value = serde_json::from_str(&partial.stdout).unwrap();
    assert_eq!(document["rest"], serde_json::json!(["10.77.0.3"]), "{document:#}");
    assert_eq!((&document["stage"], &document["done"]), (&"done".into(), &false.into()));
    assert_eq!(document["counts"]["refused"], 2, "{document:#}");
    must_be_unchanged(&nodes[..2], &fresh[..2]);
    must_be_unchanged(&nodes[2..], &before[2..]);
    nodes[2].start_sshd().unwrap();
    let rest = revoke(nodes[0], "root", &nodes[2..], &["--yes"]);
    must_end(&rest, 0, &["The trust of root is gone: 1 nodes."]);
    must_be_unchanged(&nodes, &fresh);
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn the_command_that_the_reminder_for_root_names_takes_its_trust_away() {
    let lab = cluster(2);
    let nodes = all(&lab);
    let fresh = snapshots(&nodes);
    let made = set_up(&lab, "root");
    let reminder = made.stderr.lines().find(|line| line.contains("revoke")).unwrap().to_owned();
    let (_, command) = reminder.split_once(": ").unwrap();
    assert_eq!(command, "gs_sshexkey revoke -f /tmp/hostfile");
    let hosts = text(nodes[0], "/etc/hosts");
    let kept = nodes[0].sh("root", &format!("{command} --yes --keep-names")).unwrap();
    assert!(kept.status.success(), "{kept:?}");
    assert!(kept.stdout.contains("--keep-names leaves the names"), "{}", kept.stdout);
    assert_eq!(text(nodes[0], "/etc/hosts"), hosts);
    // What was left out is done by a later run; so is the program's own file.
    sh(nodes[0], "root", "cp \"$(command -v gs_sshexkey)\" /opt/gs_sshexkey");
    let script = format!("echo '{PASSWORD}' | /opt/{command} --yes --remove-program");
    let last = nodes[0].sh("root", &script).unwrap();
    assert!(last.status.success(), "{last:?}");
    must_be_unchanged(&nodes, &fresh);
    assert!(nodes[0].read("/opt/gs_sshexkey").is_err());
}
