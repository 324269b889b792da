//! The agent, what leads to it, and what brings it back.

use std::time::Instant;

use lab::{Lab, Node};

use crate::before::*;
use crate::doctor::*;
use crate::doctor_rights::*;
use crate::harness::*;
use crate::tools::*;

const DEAD: &str = "agent-dead";
const MISSING: &str = "keepalive-missing";

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn an_agent_that_is_of_no_use_is_told_and_brought_back() {
    let lab = trusting(4, "root");
    let socket = "export SSH_AUTH_SOCK=$HOME/gaussdb_tmp/gauss_socket_tmp";
    let empty = format!("{socket}; ssh-add -q -D");
    break_and_heal(&lab, "root", &[(0, "pkill -KILL -x ssh-agent")], &[(DEAD, 0)]);
    let three = [(1, "pkill -x ssh-agent"), (2, "pkill -KILL -x ssh-agent"), (3, empty.as_str())];
    break_and_heal(&lab, "root", &three, &[(DEAD, 1), (DEAD, 2), (DEAD, 3)]);
    break_and_cure(&lab, "root", &three, &[(DEAD, 1), (DEAD, 2), (DEAD, 3)]);
    // Stopped on purpose: only a person starts it again.
    sh(lab.node(1), "root", "gs_sshexkey agent stop");
    let document = must_find(&lab, "root", &[], TYPED, &[(DEAD, 1)]);
    assert_eq!(document["findings"][0]["cures"][0]["why"], "judgement", "{document:#}");
    cure_by_hand(&lab, "root", &document);
    must_be_well(&lab, "root");
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn an_agent_that_hangs_is_replaced() {
    let lab = trusting(3, "root");
    sh(lab.node(1), "root", "pkill -STOP -x ssh-agent");
    // A call of a hanging agent takes a minute; so it is looked at only once.
    let start = Instant::now();
    let healed = must_heal(&lab, "root", &[], TYPED);
    assert_eq!(healed["counts"]["works"], 6, "{healed:#} {:?}", start.elapsed());
    assert_eq!(sh(lab.node(1), "root", "pgrep -c -x ssh-agent").trim(), "1");
    must_be_well(&lab, "root");
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn what_leads_to_the_agent_is_told_and_mended() {
    for user in ["root", "omm"] {
        let lab = trusting(4, user);
        let at_home = |script: &str| format!("cd {}; {script}", home(user));
        let exports = at_home("sed -i '/SSH_AUTH_SOCK/d; /SSH_AGENT_PID/d' .bashrc");
        let wrong = at_home("sed -i 's/SSH_AUTH_SOCK=/SSH_AUTH_SOCK=\\/old/' .bashrc");
        let early = at_home("sed -i '1i case $- in *i*) ;; *) return ;; esac' .bashrc");
        let block = at_home("sed -i '/BEGIN gs_sshexkey/,/END gs_sshexkey/d' .ssh/config");
        let all = [(0, early.as_str()), (1, exports.as_str()), (2, wrong.as_str()), (3, block.as_str())];
        let wanted = [(DEAD, 0), (DEAD, 1), (DEAD, 2), (DEAD, 3)];
        break_and_heal(&lab, user, &all, &wanted);
        must_trust(&super::harness::all(&lab), user, false);
        // A word in the file that ends nothing is no fault.
        sh(lab.node(1), "root", &at_home("sed -i '1i f() { return 0; }' .bashrc"));
        must_be_well(&lab, user);
        break_and_cure(&lab, user, &all, &wanted);
    }
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn what_brings_the_agent_back_is_told_and_put_back() {
    let lab = cluster(4);
    set_up(&lab, "omm");
    must_be_well(&lab, "omm");
    sh(lab.node(0), "omm", "crontab -r");
    sh(lab.node(1), "root", "pkill -x cron");
    sh(lab.node(2), "root", "echo omm >/etc/cron.deny");
    sh(lab.node(3), "omm", "rm gaussdb_tmp/bin/gs_sshexkey");
    let wanted = [(MISSING, 0), (MISSING, 1), (MISSING, 2), (MISSING, 3)];
    must_find(&lab, "omm", ASK_NOBODY, "", &wanted);
    must_heal(&lab, "omm", ASK_NOBODY, "");
    must_be_well(&lab, "omm");
    assert!(sh(lab.node(0), "omm", "crontab -l").contains("agent keep"));
    assert!(sh(lab.node(1), "omm", "cat .profile").contains("agent keep"));
    // Nobody wanted it.
    let lab = trusting(2, "omm");
    lab.nodes().iter().for_each(|node| drop(sh(node, "root", "pkill -x cron")));
    must_be_well(&lab, "omm");
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn a_recorded_fips_mode_and_a_path_that_is_too_long() {
    let lab = trusting(3, "root");
    // In FIPS mode the agent takes no such key.
    let cat = "#!/bin/sh\\n[ \"$1\" != /proc/sys/crypto/fips_enabled ] || { echo 1; exit; }\\nexec /usr/bin/cat \"$@\"\\n";
    let fips = format!(
        "printf '{cat}' >/usr/local/sbin/cat; chmod 755 /usr/local/sbin/cat; \
         SSH_AUTH_SOCK=$HOME/gaussdb_tmp/gauss_socket_tmp ssh-add -q -D"
    );
    sh(lab.node(1), "root", &fips);
    must_find(&lab, "root", &[], TYPED, &[("fips-no-ed25519", 1)]);
    // Before trust is made.
    let long = "x".repeat(90);
    sh(lab.node(2), "root", &format!("usermod -m -d /home/{long} omm"));
    let document = must_find(&lab, "omm", &["--preflight"], TYPED, &[("socket-path-too-long", 2)]);
    // usermod(8) wants nobody to be there, and the login that was looked with may linger.
    assert!(wait_until(|| sh(lab.node(2), "root", "pgrep -c -u omm || :").trim() == "0"));
    cure_by_hand(&lab, "root", &document);
    must_find(&lab, "omm", &["--preflight"], TYPED, &[]);
}

fn systems(nodes: usize) -> Lab {
    Lab::up(spec(nodes).systems()).unwrap()
}

fn kill_at_logout(node: &Node) {
    sh(node, "root", "mkdir -p /etc/systemd/logind.conf.d");
    let kills = "[Login]\nKillUserProcesses=yes\n";
    node.write("/etc/systemd/logind.conf.d/kill.conf", kills.as_bytes(), 0o644, "root").unwrap();
    sh(node, "root", "systemctl restart systemd-logind");
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn an_agent_that_ends_at_logout_is_told_and_spared() {
    let lab = systems(2);
    set_up(&lab, "omm");
    must_be_well(&lab, "omm");
    // The set-up would have seen to it.
    lab.nodes().iter().for_each(kill_at_logout);
    let wanted = [("agent-killed-at-logout", 0), ("agent-killed-at-logout", 1)];
    must_find(&lab, "omm", ASK_NOBODY, "", &wanted);
    must_heal(&lab, "omm", ASK_NOBODY, "");
    must_be_well(&lab, "omm");
    assert_eq!(sh(lab.node(1), "root", "ls /var/lib/systemd/linger"), "omm\n");
}
