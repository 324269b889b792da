//! Trust that outlives logout and reboot, on nodes that boot a real systemd with logind, cron and sshd.service.

use std::time::{Duration, Instant};

use lab::{Lab, Node};

use crate::before::*;
use crate::harness::*;
use crate::tools::*;

/// Within this time after a boot every pair has to work, with nobody logged in.
const BACK: Duration = Duration::from_secs(70);

fn systems(nodes: usize) -> Lab {
    Lab::up(spec(nodes).systems()).unwrap()
}

/// Takes cron away, as on a machine that never had it.
fn without_cron(node: &Node) {
    sh(node, "root", "systemctl disable --quiet --now cron.service && rm /usr/bin/crontab");
}

/// Whether each of the nodes has an agent with the key.
fn agents_are_back(nodes: &[&Node], user: &str) -> bool {
    nodes.iter().all(|node| node.sh(user, "gs_sshexkey agent status").unwrap().status.success())
}

/// Waits until the agents are back, and fails unless every pair works then and all of it took no longer than a boot may.
#[track_caller]
fn must_come_back_since(start: Instant, nodes: &[&Node], users: &[&str]) {
    while !users.iter().all(|user| agents_are_back(nodes, user)) {
        assert!(start.elapsed() < BACK, "the agents are not back");
        std::thread::sleep(Duration::from_millis(100));
    }
    for user in users {
        must_trust(nodes, user, *user == "root");
    }
}

/// What brings the agent back, as the status tells it.
fn keepalive(node: &Node, user: &str) -> String {
    let status = node.sh(user, "gs_sshexkey agent status").unwrap().stdout;
    status.lines().find_map(|line| line.strip_prefix("Keepalive   ")).unwrap().to_owned()
}

const TIMER: &str = "by a timer of the user's systemd, each minute; cron is not installed";

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn after_a_reboot_with_nobody_logged_in_every_pair_works_again() {
    let lab = systems(3);
    let nodes = all(&lab);
    without_cron(nodes[1]);
    for user in ["root", "omm"] {
        let run = set_up(&lab, user);
        assert!(!run.stderr.contains("Warning"), "{}", run.stderr);
        assert_eq!(keepalive(nodes[0], user), "by cron, each minute");
        assert_eq!(keepalive(nodes[1], user), TIMER);
        // A second run finds all of it in place.
        let before = snapshots(&nodes);
        set_up(&lab, user);
        must_be_unchanged(&nodes, &before);
    }
    nodes.iter().for_each(|node| node.reboot().unwrap());
    let start = Instant::now();
    assert!(nodes.iter().all(|node| sh(node, "root", "loginctl list-sessions --no-legend").is_empty()));
    must_come_back_since(start, &nodes, &["root", "omm"]);
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn a_logout_that_ends_all_processes_of_the_user_does_not_end_trust() {
    let lab = systems(3);
    let nodes = all(&lab);
    for node in &nodes {
        let kills = "[Login]\nKillUserProcesses=yes\n";
        sh(node, "root", "mkdir -p /etc/systemd/logind.conf.d");
        node.write("/etc/systemd/logind.conf.d/kill.conf", kills.as_bytes(), 0o644, "root").unwrap();
        sh(node, "root", "systemctl restart systemd-logind");
    }
    // There cron's jobs are sessions of their own, as on Red Hat's systems and openEuler.
    sh(nodes[1], "root", "echo 'session optional pam_systemd.so' >>/etc/pam.d/cron; systemctl restart cron");
    without_cron(nodes[2]);
    nodes[0].write("/tmp/hostfile", hostfile(&nodes).as_bytes(), 0o644, "omm").unwrap();
    let command = format!("echo '{PASSWORD}' | gs_sshexkey -f /tmp/hostfile");
    let run = nodes[0].login("omm").unwrap().args(["sh", "-c", &command]).output().unwrap();
    assert!(run.status.success(), "{run:?}");
    let over = || nodes.iter().all(|n| sh(n, "root", "loginctl list-sessions --no-legend").is_empty());
    assert!(wait_until(over), "a session is left");
    must_come_back_since(Instant::now(), &nodes, &["omm"]);
    // What a job starts lives on as well.
    for node in &nodes {
        sh(node, "omm", "pkill -KILL -x ssh-agent");
    }
    must_come_back_since(Instant::now(), &nodes, &["omm"]);
    assert!(wait_until(over), "the session of a job is left");
    must_come_back_since(Instant::now(), &nodes, &["omm"]);
    for node in &nodes[1..] {
        let group = sh(node, "omm", "cat /proc/$(pgrep -x ssh-agent)/cgroup");
        assert!(group.contains("/user@1000.service/") && group.trim().ends_with(".scope"), "{group}");
    }
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn a_timer_is_undone_and_leaves_when_all_is_gone() {
    let lab = systems(2);
    let nodes = all(&lab);
    without_cron(nodes[1]);
    // The first boot of a user's manager makes folders of its own.
    sh(
        nodes[1],
        "root",
        "loginctl enable-linger omm && systemctl start user@1000 && loginctl disable-linger omm",
    );
    let before = snapshots(&nodes);
    keep_out(nodes[0], nodes[1]);
    let failed = run(nodes[0], "omm", &hostfile(&nodes), &[], &format!("{PASSWORD}\n"));
    failed.must_fail_with(&["All nodes were put back as they were."]);
    must_be_unchanged(&nodes, &before);
    assert_eq!(sh(nodes[1], "root", "ls /var/lib/systemd/linger"), "");
    let_in(nodes[0]);
    set_up(&lab, "omm");
    assert_eq!(keepalive(nodes[1], "omm"), TIMER);
    // openGauss's uninstall.
    sh(nodes[1], "omm", "pkill -KILL -x ssh-agent; rm -rf ~/gaussdb_tmp ~/.ssh/id_om*");
    let gone = || nodes[1].sh("omm", "ls -A ~/.config/systemd/user").unwrap().stdout.is_empty();
    let manager = "XDG_RUNTIME_DIR=/run/user/1000 systemctl --user";
    sh(nodes[1], "omm", &format!("{manager} start gs_sshexkey-agent.service"));
    assert!(wait_until(gone), "{}", sh(nodes[1], "omm", "ls -AR ~/.config"));
    assert!(!sh(nodes[1], "omm", &format!("{manager} list-timers --all")).contains("gs_sshexkey"));
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn where_lingering_is_forbidden_the_agent_comes_back_at_login() {
    let lab = systems(2);
    let nodes = all(&lab);
    sh(nodes[1], "root", "systemctl disable --quiet --now cron.service");
    let rule = "polkit.addRule(function(action, subject) {\n\
                if (action.id == 'org.freedesktop.login1.set-self-linger') { return polkit.Result.NO; }\n});\n";
    sh(nodes[1], "root", "mkdir -p /etc/polkit-1/rules.d");
    nodes[1].write("/etc/polkit-1/rules.d/10-linger.rules", rule.as_bytes(), 0o644, "root").unwrap();
    let run = set_up(&lab, "omm");
    let wanted = "Warning: ['10.77.0.2']: cron does not run. After a reboot trust comes back when omm logs in there.\n";
    assert!(run.stderr.ends_with(wanted) && run.stderr.matches("Warning").count() == 1, "{}", run.stderr);
    nodes[1].reboot().unwrap();
    assert!(!agents_are_back(&nodes[1..], "omm"));
    let login = nodes[1].login("omm").unwrap().args(["true"]).output().unwrap();
    assert!(login.status.success(), "{login:?}");
    must_trust(&nodes, "omm", false);
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn the_units_for_watching_run_as_they_are_shipped() {
    const PLACE: &str = "/var/lib/gs_sshexkey/omm";
    let lab = systems(2);
    let nodes = all(&lab);
    let [watcher, other] = nodes[..] else { panic!() };
    set_up(&lab, "omm");
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../dist/systemd");
    for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let place = format!("/etc/systemd/system/{}", entry.file_name().into_string().unwrap());
        watcher.write(place, &std::fs::read(entry.path()).unwrap(), 0o644, "root").unwrap();
    }
    sh(watcher, "root", "mkdir /etc/gs_sshexkey; ln -s \"$(command -v gs_sshexkey)\" /usr/bin/gs_sshexkey");
    watcher.write("/etc/gs_sshexkey/hosts", hostfile(&nodes).as_bytes(), 0o644, "root").unwrap();
    let settings = format!("EVERY=2s\nON_CHANGE='cat >> {PLACE}/changes'\n");
    watcher.write("/etc/gs_sshexkey/watch.conf", settings.as_bytes(), 0o644, "root").unwrap();
    let metrics =
        || String::from_utf8(watcher.read(format!("{PLACE}/trust.prom")).unwrap_or_default()).unwrap();
    let has = |line: &str| metrics().lines().any(|known| known == line);
    let journal = || sh(watcher, "root", "journalctl --no-pager --quiet --boot --unit='gs_sshexkey-*'");

    let start = |unit: &str| {
        sh(watcher, "root", &format!("systemctl daemon-reload; systemctl start {unit} || journalctl -n 40"))
    };
    start("gs_sshexkey-check@omm.service");
    assert!(
        has("gs_sshexkey_check_success 1") && !metrics().contains("_watch_"),
        "{}\n{}",
        metrics(),
        journal()
    );
    // It is ready when it says so.
    start("gs_sshexkey-watch@omm.service");
    assert!(wait_until(|| has("gs_sshexkey_watch_rounds_total 2")), "{}\n{}", metrics(), journal());
    assert!(has("gs_sshexkey_check_success 1"), "{}\n{}", metrics(), journal());
    other.stop_sshd().unwrap();
    assert!(wait_until(|| watcher.read(format!("{PLACE}/changes")).is_ok()), "{}\n{}", metrics(), journal());
    assert!(has("gs_sshexkey_check_success 0"), "{}", metrics());
    let shown = |of: &str| {
        sh(watcher, "root", &format!("systemctl show --value -p {of} gs_sshexkey-watch@omm.service"))
    };
    assert!(wait_until(|| shown("StatusText").contains("Not all pairs work")), "{}", shown("StatusText"));
    assert_eq!(shown("ActiveState"), "active\n");
    sh(watcher, "root", "systemctl stop gs_sshexkey-watch@omm.service");
    assert_eq!((shown("Result"), shown("ActiveState")), ("success\n".to_owned(), "inactive\n".to_owned()));
}
