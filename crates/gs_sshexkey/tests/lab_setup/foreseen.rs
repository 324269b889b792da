//! What a set-up would find out by failing is known before anything is written: to the set-up itself, and to the preflight.

use lab::{Lab, Node};

use crate::doctor::*;
use crate::harness::*;
use crate::tools::*;

/// One state of a node before trust is made.
struct State {
    /// Of whom trust is to be made.
    user: &'static str,
    /// Makes the state, and ends it.
    make: &'static str,
    end: &'static str,
    /// What the preflight finds there.
    found: &'static str,
    /// What the set-up says.
    said: &'static str,
}

const STATES: &[State] = &[
    State {
        user: "omm",
        make: "sed -i '1i AuthorizedKeysFile /etc/ssh/keys/%u' /etc/ssh/sshd_config; mkdir -p /etc/ssh/keys",
        end: "sed -i 1d /etc/ssh/sshd_config",
        found: "authorized-keys-elsewhere",
        said: "sed -E -i",
    },
    State {
        user: "omm",
        make: "printf 'Match Group omm\\n AuthorizedKeysFile /etc/ssh/keys/%%u\\n' >>/etc/ssh/sshd_config",
        end: "sed -i '/^Match Group/,$d' /etc/ssh/sshd_config",
        found: "authorized-keys-elsewhere",
        said: "AuthorizedKeysFile /etc/ssh/keys/%u",
    },
    State {
        user: "omm",
        make: "mkdir -p /srv/open/ssh; chown omm /srv/open/ssh; chmod 777 /srv/open; ln -s /srv/open/ssh /home/omm/.ssh; \
               chown -h omm /home/omm/.ssh",
        end: "rm /home/omm/.ssh; rm -r /srv/open",
        found: "home-permissions",
        said: "chmod go-w '/srv/open'",
    },
    State {
        user: "omm",
        make: "mkdir -m 755 /home/omm/.ssh",
        end: "rmdir /home/omm/.ssh",
        found: "home-permissions",
        said: "chown 1000:1000 '/home/omm/.ssh'",
    },
    State {
        user: "omm",
        make: "cp -a /home/omm '/home/50%'; sed -i '/^omm:/s,/home/omm,/home/50%,' /etc/passwd",
        end: "sed -i '/^omm:/s,/home/50%,/home/omm,' /etc/passwd; rm -r '/home/50%'",
        found: "home-unusable",
        said: "ssh cannot use the home",
    },
    // PAM asks for something besides the password.
    State {
        user: "omm",
        make: "sed -i '1i KbdInteractiveAuthentication yes' /etc/ssh/sshd_config; cp /etc/pam.d/sshd /etc/pam.sshd; \
               sed -i '1i auth requisite pam_unix.so nodelay\\nauth requisite pam_ftp.so users=omm' /etc/pam.d/sshd",
        end: "sed -i 1d /etc/ssh/sshd_config; mv /etc/pam.sshd /etc/pam.d/sshd",
        found: "second-factor",
        said: "more than the password",
    },
];

fn restart(node: &Node) {
    node.stop_sshd().unwrap();
    node.start_sshd().unwrap();
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn what_a_set_up_would_find_out_by_failing_is_told_before_anything_is_written() {
    let lab = cluster(2);
    let node = lab.node(1);
    let answer = format!("{PASSWORD}\n");
    for State { user, make, end, found, said } in STATES {
        sh(node, "root", make);
        restart(node);
        let before = snapshots(&all(&lab));
        must_find(&lab, user, &["--preflight"], &answer, &[(found, 1)]);
        let failed = run(lab.node(0), user, &hostfile(&all(&lab)), &[], &answer);
        assert_eq!(failed.code, Some(1), "{found}: {}", failed.stdout);
        assert!(failed.stderr.contains(said), "{found}: {}", failed.stderr);
        must_be_unchanged(&all(&lab), &before);
        sh(node, "root", end);
        restart(node);
    }
    names_and_files(&lab, &answer);
}

/// The rest of the same lab: a name that is a number, settings that only root may read, and a file that can be replaced.
fn names_and_files(lab: &Lab, answer: &str) {
    let node = lab.node(1);
    let name = sh(node, "root", "hostname");
    sh(node, "root", "hostname 0x3ea");
    must_find(lab, "root", &["--preflight"], answer, &[("hosts-mapping", 1)]);
    let failed = run(lab.node(0), "root", &hostfile(&all(lab)), &[], answer);
    failed.must_fail_with(&["[GAUSS-51221]", "10.77.0.2", "0x3ea", "resolvers take it for an address"]);
    sh(node, "root", &format!("hostname {name}"));
    sh(node, "root", "chmod 600 /etc/ssh/sshd_config");
    let told = finish(start_doctor(lab.node(0), "omm", &hostfile(&all(lab)), &["--preflight"], answer));
    assert!(told.stdout.contains("read everywhere: 1 of 2 nodes"), "{}", told.stdout);
    assert!(told.stdout.contains("sshd -T -C user=omm"), "{}", told.stdout);
    sh(node, "root", "chmod 644 /etc/ssh/sshd_config");
    // The folder is the user's, so the file can be replaced, whoever has made it. What is undone comes back to its owner.
    sh(node, "omm", "mkdir -m 700 .ssh");
    sh(node, "root", "cd /home/omm/.ssh && echo '# of root' >known_hosts && chmod 644 known_hosts");
    // A set-up that fails late, and is undone.
    let before = snapshot(node);
    crate::before::keep_out(node, lab.node(0));
    let failed = run(lab.node(0), "omm", &hostfile(&all(lab)), &["--no-keepalive"], answer);
    assert_eq!(failed.code, Some(1), "{}{}", failed.stdout, failed.stderr);
    crate::before::let_in(node);
    assert_eq!(before.diff(&snapshot(node)), "");
    set_up(lab, "omm");
    let known = text(node, "/home/omm/.ssh/known_hosts");
    assert!(known.starts_with("# of root\n") && known.contains("10.77.0.1"), "{known}");
    must_trust(&all(lab), "omm", false);
}
