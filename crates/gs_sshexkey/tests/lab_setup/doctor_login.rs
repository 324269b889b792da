//! `doctor` and the account: settings of sshd that refuse it, its state, its shell, what it calls with.

use std::io::Write;
use std::process::Stdio;

use lab::{Lab, Node};
use serde_json::Value;

use crate::before::wait_until;
use crate::doctor::*;
use crate::harness::*;
use crate::tools::*;

/// A cluster where a user's trust stands.
fn trusted(nodes: usize, user: &str) -> Lab {
    let lab = cluster(nodes);
    set_up(&lab, user);
    lab
}

fn answer() -> String {
    format!("{PASSWORD}\n{PASSWORD}\n")
}

/// Puts lines at the top of sshd's settings and starts it again.
fn set_sshd(node: &Node, lines: &str) {
    sh(node, "root", &format!("sed -i '1i {lines}' /etc/ssh/sshd_config"));
    node.stop_sshd().unwrap();
    node.start_sshd().unwrap();
}

/// The findings about a node.
fn about<'a>(lab: &Lab, document: &'a Value, node: usize) -> Vec<&'a Value> {
    let ip = lab.node(node).ip().to_string();
    document["findings"].as_array().unwrap().iter().filter(|finding| finding["node"] == *ip).collect()
}

/// How many pairs the findings explain.
fn pairs(document: &Value) -> Vec<u64> {
    document["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|finding| finding["pairs"].as_u64().unwrap())
        .collect()
}

/// Follows what is printed for these nodes, as root at their consoles, and gives a new password to whoever asks. A sshd
/// that reads its settings again is waited for.
fn follow(lab: &Lab, document: &Value) {
    for cure in document["findings"].as_array().unwrap().iter().flat_map(|f| f["cures"].as_array().unwrap()) {
        let node = lab.nodes().iter().find(|n| n.ip().to_string() == cure["node"].as_str().unwrap()).unwrap();
        let listens = || node.sh("root", "stat -c '%i %y' /run/sshd.pid && cat /run/sshd.pid").unwrap();
        let before = listens();
        for command in cure["commands"].as_array().unwrap() {
            let command = command.as_str().unwrap();
            let mut shell = node.command("root");
            let shell = shell.args(["sh", "-c", command]).stdin(Stdio::piped());
            let mut child = shell.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
            let _ = child.stdin.take().unwrap().write_all(answer().as_bytes());
            let output = child.wait_with_output().unwrap();
            assert!(output.status.success(), "{command}: {}", String::from_utf8_lossy(&output.stderr));
            if command.contains("kill -HUP") {
                assert!(wait_until(|| {
                    let now = listens();
                    now.status.success() && now.stdout != before.stdout
                }));
            }
        }
    }
}

/// Finds this, and heals it with what is printed.
#[track_caller]
fn find_and_follow(lab: &Lab, user: &str, wanted: &[(&str, usize)]) -> Value {
    let document = must_find(lab, user, &[], &answer(), wanted);
    follow(lab, &document);
    must_be_well(lab, user);
    document
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn settings_of_sshd_that_refuse_the_user_or_the_key() {
    let lab = trusted(4, "root");
    // Three faults at once, none of which hides another.
    set_sshd(lab.node(0), "PermitRootLogin no");
    set_sshd(lab.node(1), "AllowUsers root@10.77.0.1 omm");
    set_sshd(lab.node(2), "PubkeyAuthentication no");
    let wanted = [("root-login-off", 0), ("account-not-allowed", 1), ("pubkey-auth-off", 2)];
    let document = find_and_follow(&lab, "root", &wanted);
    assert_eq!(pairs(&document), [3, 2, 3], "{document:#}");
    let said = &about(&lab, &document, 1)[0]["witnesses"][0];
    assert_eq!(said["source"], "/etc/ssh/sshd_config:1", "{document:#}");
    assert_eq!(said["said"], "AllowUsers root@10.77.0.1 omm", "{document:#}");
    let users = sh(lab.node(1), "root", "head -n 1 /etc/ssh/sshd_config");
    assert_eq!(users, "AllowUsers root@10.77.0.3 root@10.77.0.4 root@10.77.0.1 omm\n");

    set_sshd(lab.node(0), "AuthenticationMethods publickey,password");
    set_sshd(lab.node(1), "PubkeyAcceptedAlgorithms rsa-sha2-512");
    set_sshd(lab.node(2), "DenyUsers nobody root@10.77.0.4");
    let wanted = [("account-not-allowed", 2), ("pubkey-auth-off", 1), ("second-factor", 0)];
    let document = find_and_follow(&lab, "root", &wanted);
    assert_eq!(pairs(&document), [1, 3, 3], "{document:#}");

    // Of groups; and by who calls.
    set_sshd(lab.node(0), "AllowGroups wheel");
    set_sshd(lab.node(3), "DenyGroups root");
    let document =
        must_find(&lab, "root", &[], &answer(), &[("account-not-allowed", 0), ("password-refused", 3)]);
    // What the fourth would call is not seen.
    assert_eq!(pairs(&document), [2, 3], "{document:#}");
    assert_eq!(about(&lab, &document, 3)[0]["certainty"], "likely", "{document:#}");
    sh(lab.node(3), "root", "sed -i 1d /etc/ssh/sshd_config");
    lab.node(3).stop_sshd().unwrap();
    lab.node(3).start_sshd().unwrap();
    find_and_follow(&lab, "root", &[("account-not-allowed", 0)]);
    sh(
        lab.node(2),
        "root",
        "printf 'Match Address 10.77.0.4\\nPermitRootLogin no\\n' >>/etc/ssh/sshd_config",
    );
    lab.node(2).stop_sshd().unwrap();
    lab.node(2).start_sshd().unwrap();
    let document = find_and_follow(&lab, "root", &[("root-login-off", 2)]);
    assert_eq!(pairs(&document), [1], "{document:#}");
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn accounts_that_are_expired_closed_or_without_a_shell() {
    let lab = trusted(4, "omm");
    sh(lab.node(1), "root", "chage -d 0 omm");
    sh(lab.node(2), "root", "usermod -s /usr/sbin/nologin omm");
    sh(lab.node(3), "root", "chage -E 0 omm");
    let wanted = [("password-expired", 1), ("password-expired", 3), ("no-login-shell", 2)];
    let document = find_and_follow(&lab, "omm", &wanted);
    assert!(pairs(&document).iter().all(|pairs| *pairs >= 1), "{document:#}");
    let said = about(&lab, &document, 2)[0]["witnesses"][0]["said"].to_string();
    assert!(said.contains("not available"), "{document:#}");
    // A shell that says nothing; one that is not there, seen where the program runs.
    sh(lab.node(2), "root", "usermod -s /bin/false omm");
    sh(lab.node(0), "root", "sed -i '/^omm:/s,[^:]*$,/no/such/shell,' /etc/passwd");
    find_and_follow(&lab, "omm", &[("no-login-shell", 0), ("no-login-shell", 2)]);
    // Without PAM sshd itself keeps locked accounts out, whatever their key.
    set_sshd(lab.node(3), "UsePAM no");
    must_be_well(&lab, "omm");
    sh(lab.node(3), "root", "passwd -l omm");
    let document = must_find(&lab, "omm", &[], &answer(), &[("password-refused", 3)]);
    assert_eq!(pairs(&document), [3], "{document:#}");
    sh(lab.node(3), "root", "passwd -u omm");
    must_be_well(&lab, "omm");
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn an_account_that_is_locked_after_wrong_passwords() {
    let lab = trusted(3, "omm");
    let node = lab.node(1);
    let rules = "auth required pam_faillock.so preauth\\nauth [success=1 default=ignore] pam_unix.so nodelay\\n\
                 auth [default=die] pam_faillock.so authfail\\nauth required pam_permit.so\\n";
    sh(node, "root", &format!("mkdir -p /run/faillock && printf '{rules}' >/etc/pam.d/su"));
    must_be_well(&lab, "omm");
    let wrong = "setpriv --reuid=65534 --regid=65534 --clear-groups sh -c 'echo wrong | su omm -c true' 2>&1";
    for count in 1..=3 {
        let said = node.sh("root", wrong).unwrap();
        assert!(!said.status.success(), "{count}: {}", said.stdout);
        if count == 2 {
            must_be_well(&lab, "omm");
        }
    }
    // Keys open it all the same.
    let document = find_and_follow(&lab, "omm", &[("account-locked", 1)]);
    let finding = about(&lab, &document, 1)[0];
    assert_eq!(
        (&finding["breaks"], &finding["cures"][0]["healing"]),
        (&false.into(), &"by-hand".into()),
        "{finding:#}"
    );
    assert_eq!(finding["cures"][0]["why"], "security", "{finding:#}");
    // Where PAM is not asked, sshd itself keeps locked accounts out.
    set_sshd(lab.node(0), "UsePAM no");
    set_up(&lab, "root");
    sh(lab.node(0), "root", "passwd -l root");
    let document = find_and_follow(&lab, "root", &[("account-locked", 0)]);
    assert_eq!(pairs(&document), [2], "{document:#}");
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn nodes_that_take_no_password_or_not_this_one() {
    let lab = trusted(4, "omm");
    sh(lab.node(1), "root", "sed -i '/^omm:/d' /etc/passwd /etc/shadow");
    set_sshd(lab.node(2), "PasswordAuthentication no");
    sh(lab.node(2), "root", "rm /home/omm/.ssh/authorized_keys");
    let wanted = [("password-auth-off", 2), ("password-refused", 1)];
    let document = must_find(&lab, "omm", &[], &answer(), &wanted);
    assert!(pairs(&document).iter().all(|pairs| *pairs >= 2), "{document:#}");
    let finding = about(&lab, &document, 2)[0];
    assert!(finding["cures"].to_string().contains("gs_sshexkey bundle"), "{finding:#}");
    assert!(finding["witnesses"].to_string().contains("it offers: publickey"), "{finding:#}");
    let commands = about(&lab, &document, 1)[0]["cures"].to_string();
    assert!(commands.contains("id 'omm'") && commands.contains("passwd 'omm'"), "{commands}");
    // The same, seen before trust is made.
    let wanted = [("password-auth-off", 2), ("password-refused", 1)];
    must_find(&lab, "omm", &["--preflight"], &answer(), &wanted);
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn a_shell_that_prints_is_told_and_a_foreign_one_is_not() {
    let lab = Lab::up(spec(3).login_shell("omm", "/bin/csh")).unwrap();
    set_up(&lab, "omm");
    set_up(&lab, "root");
    // A shell that is no POSIX shell is no fault in itself.
    must_be_well(&lab, "omm");
    sh(lab.node(1), "root", "sed -i '1i echo welcome to this machine' /root/.bashrc");
    let document = find_and_follow(&lab, "root", &[("noisy-shell", 1)]);
    let finding = about(&lab, &document, 1)[0];
    assert_eq!(finding["breaks"], false, "{finding:#}");
    assert_eq!(finding["witnesses"][0]["said"], "welcome to this machine", "{finding:#}");
    assert!(text(lab.node(1), "/root/.bashrc").contains("echo welcome to this machine"));
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn callers_without_ssh_or_with_a_broken_configuration_of_it() {
    let lab = trusted(4, "root");
    sh(lab.node(1), "root", "mv /usr/bin/ssh /usr/bin/ssh.away");
    let config = text(lab.node(2), "/root/.ssh/config");
    sh(lab.node(2), "root", "printf 'Host other\\n    NoSuchOption yes\\n' >>/root/.ssh/config");
    sh(lab.node(3), "root", "sed -i '1i Port none' /etc/ssh/ssh_config");
    let wanted = [("program-missing", 1), ("ssh-config-broken", 2), ("ssh-config-broken", 3)];
    let document = must_find(&lab, "root", ASK_NOBODY, "", &wanted);
    assert_eq!(pairs(&document), [3, 3, 3], "{document:#}");
    let install = about(&lab, &document, 1)[0]["cures"].to_string();
    assert!(install.contains("apt-get install --yes openssh-client"), "{install}");
    sh(lab.node(1), "root", "mv /usr/bin/ssh.away /usr/bin/ssh");
    must_heal(&lab, "root", ASK_NOBODY, "");
    // Nothing but that line is another.
    let healed = text(lab.node(2), "/root/.ssh/config");
    assert_eq!(healed, format!("{config}Host other\n#    NoSuchOption yes\n"));
}

/// Rules of PAM's that keep a user out who has proven who it is: how they come, how they go, the cause, what is said.
const KEPT_OUT: [[&str; 4]; 3] = [
    ["echo Closed for today >/etc/nologin", "rm /etc/nologin", "account-not-allowed", "Closed for today"],
    [
        "sed -i '1i account required pam_access.so' /etc/pam.d/sshd; echo '-:omm:ALL' >>/etc/security/access.conf",
        "sed -i 1d /etc/pam.d/sshd; sed -i /omm/d /etc/security/access.conf",
        "account-not-allowed",
        "the node ended the login",
    ],
    ["chage -E 1 omm", "chage -E -1 omm", "password-expired", "account has expired"],
];

/// What lets the user in, and then starts no shell.
const LET_IN_FOR_NOTHING: [[&str; 4]; 2] = [
    [
        "sed -i '1i session required pam_deny.so' /etc/pam.d/sshd",
        "sed -i 1d /etc/pam.d/sshd",
        "command-refused",
        "status 254",
    ],
    [
        "sed -i '1i ChrootDirectory /srv' /etc/ssh/sshd_config",
        "sed -i 1d /etc/ssh/sshd_config",
        "no-login-shell",
        "/bin/bash: No such file or directory",
    ],
];

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn an_account_that_pam_keeps_out_is_told_so_and_nobody_is_asked_for_its_password() {
    // Where sshd ends the call without a word it may be throttling, so that it is called again after pauses.
    let lab = Lab::up(impatient(spec(3))).unwrap();
    set_up(&lab, "omm");
    let callee = lab.node(1);
    let set = |command| {
        sh(callee, "root", command);
        callee.stop_sshd().unwrap();
        callee.start_sshd().unwrap();
    };
    for [keep_out, let_in, code, said] in KEPT_OUT.into_iter().chain(LET_IN_FOR_NOTHING) {
        set(keep_out);
        // A password would be asked for, and would not be there.
        let document = must_find(&lab, "omm", &[], "", &[(code, 1)]);
        assert_eq!(pairs(&document), [2], "{document:#}");
        assert!(about(&lab, &document, 1)[0]["witnesses"].to_string().contains(said), "{document:#}");
        set(let_in);
    }
    must_be_well(&lab, "omm");
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn a_set_up_does_not_call_the_password_wrong_where_pam_keeps_the_account_out() {
    let lab = cluster(2);
    let callee = lab.node(1);
    for by_dialogue in ["no", "yes"] {
        set_sshd(callee, &format!("KbdInteractiveAuthentication {by_dialogue}"));
        for [keep_out, let_in, _, said] in KEPT_OUT {
            // pam_access has no words, and in a dialogue PAM refuses with words or not at all.
            if by_dialogue == "yes" && said == "the node ended the login" {
                continue;
            }
            sh(callee, "root", keep_out);
            let run = run(lab.node(0), "omm", &hostfile(&all(&lab)), &[], &format!("{PASSWORD}\n"));
            let run = run.must_fail_with(&["GAUSS-51101", "the node ended the login", said]);
            assert!(!run.stdout.contains("incorrect"), "{}", run.stdout);
            sh(callee, "root", let_in);
        }
    }
    set_up(&lab, "omm");
}
