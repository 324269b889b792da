//! `gs_sshexkey agent` on a node.

use std::path::Path;

use lab::Node;

use crate::before::*;
use crate::harness::*;
use crate::tools::*;

const KEEP: &str = "~/gaussdb_tmp/bin/gs_sshexkey agent keep";
/// Kills agents, and waits until they are gone: one that is dying still looks alive to who is quick.
const KILL: &str = "pkill -KILL ssh-agent; n=400; while pgrep -x ssh-agent >/dev/null && [ $n -gt 0 ]; do \
                    n=$((n - 1)); sleep 0.05; done";

/// The processes of the tool's agent.
fn agents(node: &Node, user: &str) -> Vec<i32> {
    let socket = at_home(user, "gaussdb_tmp/gauss_socket_tmp");
    let all = node.processes().into_iter();
    let ours = all.filter(|p| p.cmdline.split(|b| *b == 0).any(|word| word == socket.as_bytes()));
    ours.map(|p| p.pid).collect()
}

/// How many keys the agent holds; none if it does not answer.
fn keys(node: &Node, user: &str) -> usize {
    let script = "SSH_AUTH_SOCK=~/gaussdb_tmp/gauss_socket_tmp ssh-add -l | grep -c SHA256:";
    node.sh(user, script).unwrap().stdout.trim().parse().unwrap()
}

/// One way in which an agent is lost.
const LOSSES: [(&str, &str); 5] = [
    ("killed, its socket left behind", KILL),
    ("killed, its socket removed", "pkill -KILL ssh-agent; rm ~/gaussdb_tmp/gauss_socket_tmp"),
    ("its socket removed under it", "rm ~/gaussdb_tmp/gauss_socket_tmp"),
    ("stopped in its tracks", "pkill -STOP ssh-agent"),
    ("the key taken out of it", "SSH_AUTH_SOCK=~/gaussdb_tmp/gauss_socket_tmp ssh-add -qD"),
];

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn an_agent_comes_back_however_it_was_lost() {
    let lab = cluster(2);
    let nodes = all(&lab);
    set_up_with(&lab, "omm", &[]);
    let table = sh(nodes[0], "omm", "crontab -l");
    // What cron does is done here, so that it does not come before.
    sh(nodes[0], "root", "pkill -x cron");
    for (loss, script) in LOSSES {
        sh(nodes[0], "omm", script);
        // ssh waits for ever for an agent that takes its call and says nothing.
        let lost = format!("timeout 5 ssh -n -o BatchMode=yes {} true", nodes[1].ip());
        assert!(!nodes[0].sh("omm", &lost).unwrap().status.success(), "{loss}: nothing is lost");
        assert_eq!(run_job_of_cron(nodes[0], "omm"), "", "{loss}");
        must_trust(&nodes, "omm", false);
        assert_eq!((agents(nodes[0], "omm").len(), keys(nodes[0], "omm")), (1, 1), "{loss}");
    }
    assert_eq!(sh(nodes[0], "omm", "crontab -l"), table);
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn nothing_is_done_where_nothing_is_amiss_and_other_agents_live_on() {
    let lab = cluster(1);
    let node = lab.node(0);
    sh(node, "root", "pkill -x cron");
    set_up(&lab, "omm");
    // The set-up's own session on the node ends a moment after the set-up.
    assert!(wait_until(|| command_lines(node).iter().all(|line| line.starts_with("ssh-agent "))));
    sh(node, "omm", "ssh-agent -a /tmp/own.agent >/dev/null");
    let before = at_rest(node);
    let running = command_lines(node);
    assert_eq!(sh(node, "omm", KEEP), "");
    assert_eq!(before.diff(&at_rest(node)), "");
    assert_eq!(command_lines(node), running);
    let own = sh(node, "omm", "pgrep -f '[/]tmp/own.agent'");
    sh(node, "omm", "pkill -KILL -f '[g]auss_socket_tmp'");
    assert!(sh(node, "omm", KEEP).starts_with("The agent was started (process "));
    assert_eq!(sh(node, "omm", "pgrep -f '[/]tmp/own.agent'"), own);
    // Another library on the path of the database's own environment.
    sh(
        node,
        "omm",
        "pkill -KILL -f '[g]auss_socket_tmp'; mkdir /tmp/lib; echo rubbish >/tmp/lib/libcrypto.so.3",
    );
    assert!(!node.sh("omm", "LD_LIBRARY_PATH=/tmp/lib ssh-add -l").unwrap().stderr.contains("agent"));
    assert!(
        sh(node, "omm", &format!("LD_LIBRARY_PATH=/tmp/lib {KEEP}")).starts_with("The agent was started")
    );
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn five_hundred_keeps_at_once_give_one_agent_with_one_key() {
    let lab = cluster(1);
    let node = lab.node(0);
    sh(node, "root", "pkill -x cron");
    set_up(&lab, "omm");
    sh(node, "omm", KILL);
    let script = format!(
        "for i in $(seq 500); do {{ {KEEP} || echo failed; }} >>/tmp/said 2>&1 & done; wait; cat /tmp/said"
    );
    let said = sh(node, "omm", &script);
    let lines: Vec<&str> = said.lines().collect();
    assert!(matches!(lines.as_slice(), [one] if one.starts_with("The agent was started")), "{said}");
    assert_eq!((agents(node, "omm").len(), keys(node, "omm")), (1, 1));
    must_trust(&all(&lab), "omm", false);
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn the_exports_follow_the_agent_and_the_rest_of_the_profile_stays() {
    let lab = cluster(1);
    let node = lab.node(0);
    sh(node, "root", "pkill -x cron");
    set_up(&lab, "omm");
    let profile = text(node, "/home/omm/.bashrc");
    sh(node, "omm", KILL);
    sh(node, "omm", KEEP);
    let pid = agents(node, "omm")[0];
    let now = text(node, "/home/omm/.bashrc");
    let seen_inside = sh(node, "omm", "pgrep -x ssh-agent");
    assert!(now.contains(&format!("export SSH_AGENT_PID={seen_inside}")), "{pid}: {now}");
    let rest = |text: &str| -> Vec<String> {
        text.lines().filter(|l| !l.contains("SSH_AGENT_PID")).map(str::to_owned).collect()
    };
    assert_eq!(rest(&now), rest(&profile));
    sh(node, "omm", "sed -i /SSH_A/d ~/.bashrc");
    assert_eq!(sh(node, "omm", KEEP), "The exports in ~/.bashrc were set right.\n");
    assert_eq!(text(node, "/home/omm/.bashrc").lines().count(), now.lines().count());
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn a_full_disk_and_what_is_wrong_elsewhere_do_not_keep_the_agent_away() {
    let lab = cluster(1);
    let node = lab.node(0);
    sh(node, "root", "pkill -x cron");
    set_up(&lab, "omm");
    sh(node, "omm", KILL);
    node.fill_disk("omm").unwrap();
    let kept = node.sh("omm", KEEP).unwrap();
    assert_eq!(keys(node, "omm"), 1, "{kept:?}");
    assert!(kept.stderr.contains("No space left"), "{kept:?}");
    node.free_disk("omm").unwrap();
    assert_eq!(sh(node, "omm", KEEP), "The exports in ~/.bashrc were set right.\n");
    for wrong in [
        "rm ~omm/.ssh/id_om.pub",
        "mv ~omm/.bashrc /tmp/theirs; ln -s /tmp/theirs ~omm/.bashrc",
        "echo 'AuthorizedKeysFile none' >>/etc/ssh/sshd_config",
    ] {
        sh(node, "root", &format!("{wrong}; pkill -KILL -u omm -x ssh-agent"));
        let kept = node.sh("omm", KEEP).unwrap();
        assert_eq!(keys(node, "omm"), 1, "{wrong}: {kept:?}");
    }
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn an_agent_that_was_stopped_stays_away_whatever_keep_is_at_work() {
    let lab = cluster(1);
    let node = lab.node(0);
    sh(node, "root", "pkill -x cron");
    set_up(&lab, "omm");
    let script = format!(
        "for i in 1 2 3 4 5 6 7 8; do pkill -KILL -x ssh-agent; {KEEP} & gs_sshexkey agent stop; {KEEP}; wait; {KEEP}; \
         pgrep -x ssh-agent && exit 1; gs_sshexkey agent start; done >/tmp/said 2>&1; exit $?"
    );
    sh(node, "omm", &script);
    let healthy = format!(
        "for i in 1 2 3 4 5 6 7 8; do for k in 1 2 3 4 5 6; do {KEEP} & done; gs_sshexkey agent stop; wait; {KEEP}; \
         pgrep -x ssh-agent && exit 1; gs_sshexkey agent start; done >/tmp/said 2>&1; exit $?"
    );
    sh(node, "omm", &healthy);
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn where_proc_hides_the_agent_a_healthy_one_is_left_alone() {
    let lab = cluster(1);
    let node = lab.node(0);
    sh(node, "root", "pkill -x cron; mount -o remount,hidepid=2 /proc");
    set_up(&lab, "omm");
    assert!(node.sh("omm", "pgrep -x ssh-agent").unwrap().stdout.is_empty(), "it is not hidden");
    assert_eq!(sh(node, "omm", KEEP), "");
    sh(node, "root", "pkill -KILL -x ssh-agent");
    assert!(sh(node, "omm", KEEP).starts_with("The agent was started"));
    assert_eq!(sh(node, "omm", KEEP), "");
    must_trust(&all(&lab), "omm", false);
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn start_stop_and_status_say_what_is_so() {
    let lab = cluster(1);
    let node = lab.node(0);
    sh(node, "root", "pkill -x cron");
    let none = node.sh("omm", "gs_sshexkey agent keep; gs_sshexkey agent status").unwrap();
    assert!(none.stderr.contains("there is no trust to be kept"), "{none:?}");
    assert!(!none.status.success() && none.stdout.contains("Key         none"), "{none:?}");
    set_up(&lab, "omm");
    let status = |healthy: bool| {
        let shown = node.sh("omm", "gs_sshexkey agent status").unwrap();
        assert_eq!(shown.status.success(), healthy, "{shown:?}");
        let json = node.sh("omm", "gs_sshexkey agent status --json").unwrap();
        assert_eq!(json.status.success(), healthy, "{json:?}");
        let json: serde_json::Value = serde_json::from_str(&json.stdout).unwrap();
        assert_eq!(json["healthy"], healthy);
        (shown.stdout, json)
    };
    let (text, json) = status(true);
    for line in [
        "Agent       running, process ",
        ", held by the agent",
        "Passphrase  opens the key",
        "Exports     right",
    ] {
        assert!(text.contains(line), "{text}");
    }
    assert_eq!(
        (&json["agent"], &json["schema"], &json["exports"]),
        (&"running".into(), &1.into(), &"right".into())
    );
    // This test has stopped cron.
    assert!(text.contains("Keepalive   at login; cron does not run"), "{text}");
    assert_eq!(
        sh(node, "omm", "gs_sshexkey agent stop"),
        "The agent was stopped. It stays away until 'gs_sshexkey agent start'.\n"
    );
    assert_eq!(sh(node, "omm", KEEP), "");
    assert!(agents(node, "omm").is_empty());
    let (text, json) = status(false);
    assert!(
        text.contains("stopped by 'gs_sshexkey agent stop'") && json["agent"] == "stopped",
        "{text}{json}"
    );
    assert!(sh(node, "omm", "gs_sshexkey agent start").starts_with("The agent was started"));
    assert_eq!(sh(node, "omm", "gs_sshexkey agent start"), "The agent lives and holds the key.\n");
    status(true);
    // A new set-up starts it as well, and it is kept from then on.
    sh(node, "omm", "gs_sshexkey agent stop");
    set_up(&lab, "omm");
    sh(node, "omm", &format!("pkill -KILL ssh-agent; {KEEP}"));
    status(true);
    // A passphrase that does not open the key is named.
    sh(node, "omm", "rm -r ~/gaussdb_tmp/ssh_protect; pkill -KILL ssh-agent");
    let lost = node.sh("omm", &format!("{KEEP}; {KEEP}")).unwrap();
    assert!(lost.stderr.contains("[GAUSS-50204]") && lost.stderr.contains("ssh_protect"), "{lost:?}");
    assert_eq!(text_of_log(node).matches("[GAUSS-50204]").count(), 1, "{}", text_of_log(node));
}

fn text_of_log(node: &Node) -> String {
    text(node, "/home/omm/gaussdb_tmp/keepalive.log")
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn a_keep_is_over_after_five_seconds_and_leaves_nothing_half_done() {
    let lab = cluster(1);
    let node = lab.node(0);
    sh(node, "root", "pkill -x cron");
    set_up(&lab, "omm");
    sh(node, "omm", KILL);
    gate(node, "ssh-add", "-");
    let start = std::time::Instant::now();
    let late = node.sh("omm", KEEP).unwrap();
    let bounds = ["ssh-add did not end within 4 seconds", "not done within 5 seconds"];
    assert!(bounds.iter().any(|bound| late.stderr.contains(bound)), "{late:?}");
    assert!(start.elapsed().as_secs() < 30);
    // The one that hangs ends by itself, and gives the lock back.
    sh(node, "root", "rm /usr/local/sbin/ssh-add");
    // The next one does not mind what the late one was about to do.
    assert!(wait_until(|| {
        node.sh("omm", KEEP).unwrap();
        keys(node, "omm") == 1
    }));
    must_trust(&all(&lab), "omm", false);
    assert_eq!(agents(node, "omm").len(), 1);
    assert!(node.read(Path::new("/home/omm/.gs_sshexkey.journal")).is_err());
}
