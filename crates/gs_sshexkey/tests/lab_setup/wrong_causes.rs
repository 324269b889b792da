//! Causes that look like others: each state has one right answer, and no other beside it.

use serde_json::Value;

use crate::doctor::*;
use crate::harness::*;
use crate::tools::*;

/// One state of a cluster where the user's trust stands.
struct State {
    /// On which node, by root.
    node: usize,
    make: &'static str,
    end: &'static str,
    /// What is found there, and what is told of it.
    found: &'static str,
    told: &'static str,
}

const STATES: &[State] = &[
    // The key is accepted, and not enough.
    State {
        node: 1,
        make: "sed -i '1i AuthenticationMethods publickey,password' /etc/ssh/sshd_config",
        end: "sed -i 1d /etc/ssh/sshd_config",
        found: "second-factor",
        told: "AuthenticationMethods publickey",
    },
    // The profile's line is named; one that stands in a function is not.
    State {
        node: 0,
        make: "cp /home/omm/.bashrc /tmp/bashrc; sed -i '1i f() {\\necho in a function\\n}\\nexit 3' /home/omm/.bashrc",
        end: "cp /tmp/bashrc /home/omm/.bashrc",
        found: "profile-blocks",
        told: "/home/omm/.bashrc:4",
    },
    // Nobody can look.
    State {
        node: 2,
        make: "cp /home/omm/.bashrc /tmp/bashrc; sed -i '1i exec ls /nowhere' /home/omm/.bashrc",
        end: "cp /tmp/bashrc /home/omm/.bashrc",
        found: "profile-blocks",
        told: "~/.ssh/rc",
    },
    State {
        node: 1,
        make: "sed -i '1i echo hello\\nf() {\\necho in a function\\n}' /home/omm/.bashrc",
        end: "sed -i 1,4d /home/omm/.bashrc",
        found: "noisy-shell",
        told: "/home/omm/.bashrc:1",
    },
    // Nothing runs there: what cannot be brought back is a person's.
    State {
        node: 1,
        make: "mount --bind /home /home && mount -o remount,bind,noexec /home",
        end: "umount -l /home",
        found: "keepalive-missing",
        told: "remount,exec",
    },
    // No password was wanted, and the key is refused.
    State {
        node: 1,
        make: "mv /home/omm/.ssh/authorized_keys /home/omm/away",
        end: "mv /home/omm/away /home/omm/.ssh/authorized_keys",
        found: "no-password",
        told: "--password-file",
    },
];

fn finding(document: &Value) -> String {
    document["findings"].to_string()
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn each_state_has_its_own_cause_and_no_other() {
    let lab = cluster(3);
    // Trust was never made: that is all that is to be said.
    let password = format!("{PASSWORD}\n");
    let never = must_find(&lab, "omm", &[], &password, &[("no-trust", 0)]);
    assert!(finding(&never).contains("gs_sshexkey -f"), "{never:#}");
    set_up(&lab, "omm");
    for State { node, make, end, found, told } in STATES {
        let node_of = lab.node(*node);
        let restarts = make.contains("sshd_config");
        let restart = || {
            if restarts {
                node_of.stop_sshd().unwrap();
                node_of.start_sshd().unwrap();
            }
        };
        sh(node_of, "root", make);
        restart();
        let document = must_find(&lab, "omm", ASK_NOBODY, "", &[(found, *node)]);
        assert!(finding(&document).contains(told), "{found}: no {told}: {document:#}");
        assert!(!finding(&document).contains(".bashrc:3"), "{document:#}");
        sh(node_of, "root", end);
        restart();
    }
    must_be_well(&lab, "omm");
}
