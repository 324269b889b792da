//! `revoke` that is stopped or killed; from which machine it is run.

use lab::Node;

use crate::before::*;
use crate::harness::*;
use crate::revoking::*;
use crate::saved::*;
use crate::tools::*;

/// A line for each event, where nobody looks for what a run has left.
const EVENTS: &str = "/var/lib/rounds/events";

#[track_caller]
fn must_be_whole(nodes: &[&Node], before: &[lab::Snapshot]) {
    for (node, before) in nodes.iter().zip(before) {
        assert_eq!(before.diff(&state(node)), "", "{}", node.name());
    }
    must_trust(nodes, "omm", false);
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn a_signal_puts_all_back_and_it_may_be_run_from_anywhere() {
    let lab = impatient_cluster(4);
    let (nodes, outside) = (&all(&lab)[..3], lab.node(3));
    sh(outside, "omm", "mkdir -m 700 .ssh; ssh-keygen -qt ed25519 -N '' -f .ssh/id_ed25519");
    let own = text(outside, "/home/omm/.ssh/id_ed25519.pub");
    for node in nodes {
        sh(node, "omm", "mkdir -m 700 .ssh");
        node.write("/home/omm/.ssh/authorized_keys", own.as_bytes(), 0o600, "omm").unwrap();
    }
    let before = Untrusted::of(nodes);
    let away = Before::of(&[outside]);
    let trust = || drop(run(nodes[0], "omm", &hostfile(nodes), &[], &format!("{PASSWORD}\n")).must_succeed());
    trust();
    let trusted: Vec<lab::Snapshot> = nodes.iter().map(|node| state(node)).collect();
    let timed: Vec<lab::Snapshot> = nodes.iter().map(|node| at_rest(node)).collect();
    let run = revoke(nodes[0], "omm", nodes, &["--dry-run"]);
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""), "{}", run.stdout);
    assert!(run.stdout.contains("-export SSH_AUTH_SOCK="), "{}", run.stdout);
    assert!(!run.stdout.contains("PRIVATE KEY"), "{}", run.stdout);
    for (node, timed) in nodes.iter().zip(&timed) {
        assert_eq!(timed.diff(&at_rest(node)), "", "--dry-run wrote on {}", node.name());
    }
    gate(nodes[1], "mv", "*authorized_keys*");
    let child = start_revoke(nodes[0], "omm", &hostfile(nodes), &["--yes"], "");
    wait_at_gate(nodes[1]);
    nodes[0].signal("gs_sshexkey", "INT").unwrap();
    open_gate(nodes[1]);
    let stopped = finish(child);
    assert_eq!(stopped.code, Some(1), "{}\n{}", stopped.stdout, stopped.stderr);
    assert!(
        stopped.stderr.contains("Interrupted.\nAll nodes were put back as they were."),
        "{}",
        stopped.stderr
    );
    must_be_whole(nodes, &trusted);

    // From another node, from outside with a key of one's own, and by password.
    let stolen = Stolen::from(nodes[0], "omm", nodes);
    must_revoke(nodes[1], "omm", nodes, &[]);
    stolen.must_be_refused_by(nodes);
    sh(nodes[1], "root", "rm -f /tmp/gate /tmp/reached /usr/local/sbin/mv");
    before.must_be_back(nodes);
    for by_key in [true, false] {
        trust();
        let stolen = Stolen::from(nodes[0], "omm", nodes);
        if by_key {
            must_revoke(outside, "omm", nodes, &[]);
        } else {
            sh(outside, "omm", "mv .ssh .away");
            let run = start_revoke(outside, "omm", &hostfile(nodes), &["--yes"], &format!("{PASSWORD}\n"));
            let run = finish(run);
            assert_eq!(run.code, Some(0), "{}\n{}", run.stdout, run.stderr);
            sh(outside, "omm", "mv .away .ssh");
        }
        stolen.must_be_refused_by(nodes);
        before.must_be_back(nodes);
        away.must_stand(&[outside]);
    }
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn what_is_the_users_own_stays_and_is_told() {
    let lab = impatient_cluster(3);
    let nodes = all(&lab);
    let before = Untrusted::of(&nodes);
    set_up(&lab, "root");
    let stolen = Stolen::from(nodes[0], "root", &nodes);
    let line = text(nodes[1], "/root/.ssh/id_om.pub");
    let code = "[ -S ~/gaussdb_tmp/gauss_socket_tmp ] && echo agent >/dev/null\n";
    sh(nodes[1], "root", &format!("echo '{} my own' >>.ssh/authorized_keys", line.trim_end()));
    sh(nodes[2], "root", &format!("echo '{}' >>.bashrc; echo x >gaussdb_tmp/theirs", code.trim_end()));
    let run = revoke(nodes[0], "root", &nodes, &["--yes"]);
    assert_eq!(run.code, Some(1), "{}\n{}", run.stdout, run.stderr);
    let ending = run.stdout.split("must be\nrefused.").last().unwrap();
    for text in [
        "Still let the key in:\n  10.77.0.2",
        "10.77.0.2 (node2): /root/.ssh/authorized_keys:",
        "10.77.0.3 (node3): /root/.bashrc:",
        "10.77.0.3 (node3): /root/gaussdb_tmp:",
    ] {
        assert!(ending.contains(text), "no \"{text}\" in:\n{ending}");
    }
    assert_eq!(text(nodes[1], "/root/.ssh/authorized_keys"), format!("{} my own\n", line.trim_end()));
    assert!(text(nodes[2], "/root/.bashrc").ends_with(code));
    assert_eq!(sh(nodes[2], "root", "ls -A gaussdb_tmp; rm -r gaussdb_tmp"), "theirs\n");
    stolen.must_be_refused_by(&[nodes[0], nodes[2]]);
    before.must_have_same_files(&nodes[..1]);
}

/// A run that was killed has told the others already; this machine's key opens nothing any more.
#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn a_run_that_was_killed_at_any_event_is_finished_by_the_next_without_a_password() {
    let lab = impatient_cluster(3);
    let nodes = all(&lab);
    let before = Untrusted::of(&nodes);
    set_up(&lab, "root");
    let stolen = Stolen::from(nodes[0], "root", &nodes);
    let saved = Saved::of(&nodes);
    let trusted: Vec<lab::Snapshot> = nodes.iter().map(|node| whole(node)).collect();
    let words = ["revoke", "-f", "/tmp/hostfile", "--yes"];
    // Before that nothing is written.
    let count = [format!("GS_SSHEXKEY_TEST_COUNT_EVENTS={EVENTS}")];
    nodes[0].write("/tmp/hostfile", hostfile(&nodes).as_bytes(), 0o644, "root").unwrap();
    finish(start_with(nodes[0], &count, &words, ""));
    let events = text(nodes[0], EVENTS);
    let applying = events.lines().position(|event| event.starts_with("Applying")).unwrap() + 1;
    for stop_at in applying..=events.lines().count() {
        saved.restore();
        nodes[0].write("/tmp/hostfile", hostfile(&nodes).as_bytes(), 0o644, "root").unwrap();
        let environment = [format!("GS_SSHEXKEY_TEST_STOP_AT={stop_at}")];
        let run = finish(start_with(nodes[0], &environment, &words, ""));
        let when = format!("killed at event {stop_at}");
        assert_ne!(run.code, Some(0), "it was not {when}");
        saved.must_settle(&when);
        let clean = |node: &Node| node.read("/root/.ssh/id_om").is_err();
        for (index, node) in nodes.iter().enumerate() {
            if clean(node) {
                before.must_have_same_files_at(index, node);
            } else {
                let diff = trusted[index].diff(&whole(node));
                assert_eq!(diff, "", "{when}: {}", node.name());
            }
        }
        // Where all is done, and only the proof was not, no machine has a key by which another could be entered.
        let done = nodes.iter().all(|node| clean(node));
        let password = if done { format!("{PASSWORD}\n") } else { String::new() };
        let next = finish(start_revoke(nodes[0], "root", &hostfile(&nodes), &["--yes"], &password));
        assert_eq!(next.code, Some(0), "{when}:\n{}\n{}", next.stdout, next.stderr);
        stolen.must_be_refused_by(&nodes);
        before.must_have_same_files(&nodes);
    }
}

/// A node with trust, but for what another run changes in passing.
fn whole(node: &Node) -> lab::Snapshot {
    state(node).without(|path| {
        path.contains("/gaussdb_tmp/") || path.starts_with("/home/") || path.ends_with(".bashrc")
    })
}
