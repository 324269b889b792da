//! Folders that nodes share, and files that others edit while the tool is at work: no line of anybody's is lost.

use lab::{Lab, Node, Snapshot};

use crate::before::*;
use crate::doctor::start_doctor;
use crate::harness::*;
use crate::revoking::revoke;
use crate::tools::*;

const OWN: &str =
    "# mine\nssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEB me";

/// Fails unless nothing of these nodes is changed in the end.
#[track_caller]
fn must_come_back_to(nodes: &[&Node], before: &[Snapshot], when: &str) {
    for (node, before) in nodes.iter().zip(before) {
        wait_until(|| before.diff(&snapshot(node)).is_empty() && shells(node).is_empty());
        assert_eq!(before.diff(&snapshot(node)), "", "{when}: {}", node.name());
    }
}

/// A set-up names the folder and who shares it, and stops; also when it is killed nothing is lost.
#[track_caller]
fn must_be_stopped_by(lab: &Lab, folder: &str) {
    let nodes = all(lab);
    nodes[0].write("/tmp/hostfile", hostfile(&nodes).as_bytes(), 0o644, "omm").unwrap();
    let before = snapshots(&nodes);
    let run = run(nodes[0], "omm", &hostfile(&nodes), &[], &format!("{PASSWORD}\n"));
    run.must_fail_with(&[folder, "shares the folder", "10.77.0.1", "10.77.0.2", "10.77.0.3"]);
    must_be_unchanged(&nodes, &before);
    let mut killed = 0;
    for stop_at in (2..).step_by(6) {
        let stop = format!("GS_SSHEXKEY_TEST_STOP_AT={stop_at}");
        let run = run_with(nodes[0], "omm", &[&stop], &hostfile(&nodes), &[], &format!("{PASSWORD}\n"));
        if run.code == Some(1) {
            break;
        }
        killed += 1;
        must_come_back_to(&nodes, &before, &format!("killed at {stop_at}"));
    }
    assert!(killed > 0, "it was not killed");
    must_be_unchanged(&nodes, &before);
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn a_whole_ssh_folder_that_nodes_share_stops_a_set_up_and_loses_nothing() {
    let lab = Lab::up(impatient(spec(3)).shared_folder(&[0, 1, 2], "/home/omm/.ssh", "omm", 0o700)).unwrap();
    lab.node(0).write("/home/omm/.ssh/authorized_keys", OWN.as_bytes(), 0o600, "omm").unwrap();
    must_be_stopped_by(&lab, "/home/omm/.ssh");
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn authorized_keys_that_nodes_share_stop_a_set_up_and_a_healing_and_lose_nothing() {
    let lab = Lab::up(impatient(spec(3)).shared_folder(&[0, 1, 2], "/etc/keys", "omm", 0o755)).unwrap();
    let nodes = all(&lab);
    nodes[0].write("/etc/keys/omm", OWN.as_bytes(), 0o600, "omm").unwrap();
    for node in &nodes {
        sh(node, "omm", "mkdir -m 700 .ssh; ln -s /etc/keys/omm .ssh/authorized_keys");
    }
    must_be_stopped_by(&lab, "/etc/keys");
    assert_eq!(text(nodes[1], "/etc/keys/omm"), OWN);
    // Trust from before the folder was shared, whose shared line is lost.
    for node in &nodes {
        sh(node, "omm", "rm .ssh/authorized_keys");
    }
    set_up(&lab, "omm");
    for node in &nodes {
        sh(node, "omm", "ln -sf /etc/keys/omm .ssh/authorized_keys");
    }
    let before = snapshots(&nodes);
    let heal = |input: &str| {
        let child = start_doctor(nodes[0], "omm", &hostfile(&nodes), &["--fix", "--yes"], input);
        finish(child)
    };
    let healed = heal(&format!("{PASSWORD}\n"));
    let keys = text(nodes[2], "/etc/keys/omm");
    assert!(keys.starts_with(OWN), "{keys}\n{}\n{}", healed.stdout, healed.stderr);
    assert!(marked(&keys).len() <= nodes.len(), "{keys}");
    if healed.code != Some(0) {
        assert!(format!("{}{}", healed.stdout, healed.stderr).contains("/etc/keys"), "{healed:?}");
        must_be_unchanged(&nodes, &before);
    }
    for stop_at in [6, 14] {
        nodes[0].write("/etc/keys/omm", OWN.as_bytes(), 0o600, "omm").unwrap();
        let stop = format!("GS_SSHEXKEY_TEST_STOP_AT={stop_at}");
        let mut command = nodes[0].command("omm");
        command.args([
            &stop,
            "gs_sshexkey",
            "doctor",
            "-f",
            "/tmp/hostfile",
            "--fix",
            "--yes",
            "--no-password",
        ]);
        drop(command.output().unwrap());
        nodes.iter().for_each(|node| assert!(wait_until(|| shells(node).is_empty())));
        let keys = text(nodes[2], "/etc/keys/omm");
        assert!(keys.starts_with(OWN), "killed at {stop_at}: {keys}");
    }
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn what_others_edit_during_a_run_that_fails_stays_and_is_told() {
    let lab = cluster(3);
    let nodes = all(&lab);
    let key = OWN.lines().last().unwrap();
    sh(
        nodes[2],
        "root",
        &format!("mkdir -m 700 .ssh; echo '{key}' >.ssh/authorized_keys; echo umask 022 >.bashrc"),
    );
    let before = snapshots(&nodes);
    let mut live = Live::start(&nodes, "root", &[]);
    live.hold_at(nodes[1]);
    sh(nodes[2], "root", "echo '# theirs' >>.ssh/authorized_keys; sed -i '1i # theirs' .bashrc");
    nodes[0].signal("gs_sshexkey", "INT").unwrap();
    nodes[1].thaw().unwrap();
    let run = live.finish();
    run.must_fail_with(&[
        "All nodes were put back as they were, but for these files:",
        "10.77.0.3: /root/.ssh/authorized_keys was edited during the run: the edit stays",
        "10.77.0.3: /root/.bashrc was edited during the run: the edit stays",
        "A private key of its own had been on ['10.77.0.2', '10.77.0.3'] meanwhile. No node lets it in any more",
    ]);
    assert_eq!(text(nodes[2], "/root/.ssh/authorized_keys"), format!("{key}\n# theirs\n"));
    assert_eq!(text(nodes[2], "/root/.bashrc"), "# theirs\numask 022\n");
    for path in ["/root/.ssh/authorized_keys", "/root/.bashrc"] {
        let old = before[2].entries[path].content.clone();
        nodes[2].write(path, &old, 0o644, "root").unwrap();
    }
    sh(nodes[2], "root", "chmod 644 .ssh/authorized_keys");
    for (node, before) in nodes.iter().zip(&before) {
        assert_eq!(before.diff(&snapshot(node)), "", "{}", node.name());
    }
}

/// Before each rename of a new file into place, somebody appends to the old one.
const APPENDS: &str = "#!/bin/sh\nfor last; do :; done\ncase \"$1 $2 $last\" in\n\
                       *.gs_sshexkey.*authorized_keys) echo '# late' >>\"$last\" ;;\nesac\nexec /usr/bin/mv \"$@\"\n";

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn a_line_that_is_appended_at_the_last_moment_is_not_lost() {
    let lab = cluster(3);
    let nodes = all(&lab);
    sh(nodes[1], "omm", &format!("mkdir -m 700 .ssh; echo '{OWN}' >.ssh/authorized_keys"));
    nodes[1].write("/usr/local/sbin/mv", APPENDS.as_bytes(), 0o755, "root").unwrap();
    let keys = || text(nodes[1], "/home/omm/.ssh/authorized_keys");
    let run = set_up(&lab, "omm");
    assert!(run.stderr.contains("/home/omm/.ssh/authorized_keys"), "{}", run.stderr);
    assert_eq!(keys().matches("# late\n").count(), 1, "{}", keys());
    assert!(keys().starts_with(OWN) && marked(&keys()).len() == nodes.len(), "{}", keys());
    // So does revoking.
    let run = revoke(nodes[0], "omm", &nodes, &["--yes"]);
    assert!(run.stderr.contains("/home/omm/.ssh/authorized_keys"), "{}\n{}", run.stdout, run.stderr);
    assert_eq!(keys().matches("# late\n").count(), 2, "{}", keys());
    assert!(keys().starts_with(OWN) && marked(&keys()).is_empty(), "{}", keys());
    assert!(run.stdout.contains("is refused: 3 of 3"), "{}", run.stdout);
}
