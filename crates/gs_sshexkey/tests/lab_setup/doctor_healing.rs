//! `doctor --fix`: all or nothing, once, and never what a node makes of it.

use std::process::Child;

use lab::{Lab, Node};

use crate::before::*;
use crate::doctor::*;
use crate::harness::*;
use crate::tools::*;

const FIX: &[&str] = &["--fix", "--yes"];

/// Three nodes with trust, of which the second has lost it in two ways: one that a command heals, one that a file does.
fn ailing() -> Lab {
    let lab = cluster(3);
    set_up(&lab, "root");
    break_second(&lab);
    lab
}

fn break_second(lab: &Lab) {
    sh(lab.node(1), "root", "chmod o+w /root && rm .ssh/authorized_keys");
}

fn answer() -> String {
    format!("{PASSWORD}\n")
}

fn start_fix(lab: &Lab) -> Child {
    start_doctor(lab.node(0), "root", &hostfile(&all(lab)), FIX, &answer())
}

/// The node as it was before the gate.
fn remove_gate(node: &Node, program: &str) {
    sh(node, "root", &format!("rm -f /usr/local/sbin/{program} /tmp/gate /tmp/reached"));
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn a_healing_that_is_stopped_or_killed_leaves_nothing_half_done() {
    let lab = ailing();
    let nodes = all(&lab);
    let before = Before::of(&nodes);
    // In the middle of the commands, of the files, and somewhere behind the beginning of the change, mostly while the
    // pairs are tried again.
    let moments = [("chmod", "INT"), ("chmod", "KILL"), ("tail", "KILL"), ("tail", "TERM"), ("ssh", "KILL")];
    for (program, signal) in moments {
        let child = if program == "ssh" {
            let child = start_fix(&lab);
            assert!(wait_until(
                || nodes[1].read("/root/.gs_sshexkey.journal/beat").is_ok() || journal(nodes[1])
            ));
            nodes[2].freeze().unwrap();
            child
        } else {
            gate(nodes[1], program, "*");
            let child = start_fix(&lab);
            wait_at_gate(nodes[1]);
            child
        };
        nodes[0].signal("gs_sshexkey", signal).unwrap();
        if program == "ssh" {
            nodes[2].thaw().unwrap();
        } else {
            open_gate(nodes[1]);
        }
        let run = finish(child);
        assert_ne!(run.code, Some(0), "{program} {signal}: {}", run.stdout);
        if program != "ssh" {
            remove_gate(nodes[1], program);
        }
        before.must_come_back(&nodes);
    }
    must_find(&lab, "root", &[], &answer(), &[("home-permissions", 1), ("key-mismatch", 1)]);
    must_heal(&lab, "root", &[], &answer());
    must_trust(&nodes, "root", true);
}

/// Whether a change is under way on a node.
fn journal(node: &Node) -> bool {
    node.sh("root", "[ -d .gs_sshexkey.journal ]").unwrap().status.success()
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn a_second_healing_does_nothing_and_codes_are_picked() {
    let lab = ailing();
    let nodes = all(&lab);
    let (document, status) =
        doctor(&lab, "root", &["--fix", "--yes", "--only", "home-permissions"], &answer());
    assert_eq!(findings(&lab, &document), [("key-mismatch".to_owned(), 1)], "{document:#}");
    assert_eq!(status, Some(1));
    let (document, _) = doctor(&lab, "root", &["--fix", "--yes", "--skip", "key-mismatch"], &answer());
    assert_eq!(document["fix"], serde_json::Value::Null, "{document:#}");
    must_heal(&lab, "root", &[], &answer());
    let before = Before::of(&nodes);
    let document = must_heal(&lab, "root", &[], "");
    assert_eq!(document["fix"], serde_json::Value::Null, "{document:#}");
    before.must_stand(&nodes);
    must_trust(&nodes, "root", true);
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn without_a_yes_nothing_is_changed() {
    let lab = ailing();
    let nodes = all(&lab);
    let before = Before::of(&nodes);
    let run = finish(start_doctor(nodes[0], "root", &hostfile(&nodes), &["--fix"], &answer()));
    assert_eq!(run.code, Some(2), "{}{}", run.stdout, run.stderr);
    assert!(run.stderr.contains("--yes"), "{}", run.stderr);
    assert!(run.stdout.contains("chmod"), "the plan is shown: {}", run.stdout);
    before.must_stand(&nodes);
    // Where standard output is for a program, the plan stands beside the question.
    let run = finish(start_doctor(nodes[0], "root", &hostfile(&nodes), &["--fix", "--json"], &answer()));
    assert_eq!(run.code, Some(2), "{}{}", run.stdout, run.stderr);
    assert!(run.stderr.contains("chmod go-w '/root'") && run.stdout.is_empty(), "{}", run.stderr);
    let mut terminal = nodes[0].terminal("root", "LANG=C gs_sshexkey doctor -f /tmp/hostfile --fix").unwrap();
    terminal.expect("Password: ", PATIENCE).unwrap();
    terminal.type_line(PASSWORD).unwrap();
    terminal.expect("[y/N] ", PATIENCE).unwrap();
    terminal.press_ctrl_c().unwrap();
    terminal.expect("Interrupted. Nothing was changed.", PATIENCE).unwrap();
    assert_eq!(terminal.finish().unwrap().0.code(), Some(2));
    before.must_stand(&nodes);
    for (word, status) in [("n", 1), ("y", 0)] {
        let mut terminal =
            nodes[0].terminal("root", "LANG=C gs_sshexkey doctor -f /tmp/hostfile --fix").unwrap();
        terminal.expect("Password: ", PATIENCE).unwrap();
        terminal.type_line(PASSWORD).unwrap();
        terminal.expect("[y/N] ", PATIENCE).unwrap();
        terminal.type_line(word).unwrap();
        let (ended, screen) = terminal.finish().unwrap();
        assert_eq!(ended.code(), Some(status), "{screen}");
        if word == "n" {
            before.must_stand(&nodes);
        }
    }
    must_trust(&nodes, "root", true);
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn what_a_node_calls_its_files_is_never_a_command_nor_an_escape_sequence() {
    let lab = cluster(2);
    let nodes = all(&lab);
    let node = nodes[1];
    // A home with a name that a shell, a terminal and a browser would each read in their own way.
    let home = "/home/o'm`id>owned`$(id>owned) ;id>owned <img>\u{1b}[2J";
    let script = format!(
        "new=$(cat <<'END'\n{home}\nEND\n); cp -a /home/omm \"$new\" && \
         awk -v home=\"$new\" -F: 'BEGIN {{ OFS = FS }} $1 == \"omm\" {{ $6 = home }} {{ print }}' /etc/passwd \
         >/etc/passwd.new && cat /etc/passwd.new >/etc/passwd"
    );
    sh(node, "root", &script);
    set_up(&lab, "omm");
    sh(node, "omm", "chmod o+w \"$(getent passwd omm | cut -d: -f6)\"");
    let hosts = hostfile(&nodes);
    let flags: [&[&str]; 3] = [&[], &["--json"], &["--html", "/home/omm/page.html"]];
    for flags in flags {
        let run = finish(start_doctor(nodes[0], "omm", &hosts, flags, &answer()));
        assert_eq!(run.code, Some(1), "{}{}", run.stdout, run.stderr);
        assert!(run.stdout.contains("home-permissions"), "{}", run.stdout);
        for text in [&run.stdout, &run.stderr] {
            assert!(!text.contains(['\u{1b}', '\u{7}']), "{text:?}");
        }
    }
    let page = text(nodes[0], "/home/omm/page.html");
    assert!(!page.contains("<img") && !page.contains('\u{1b}'), "the page has it raw");
    let (document, status) = doctor(&lab, "omm", FIX, &answer());
    assert_eq!(status, Some(0), "{document:#}");
    for node in nodes {
        let owned = sh(node, "root", "find / -xdev -name owned; find /home /root /tmp -name owned");
        assert_eq!(owned, "", "{}", node.name());
    }
}
