//! openGauss's own programs, before and after: what they read, how they drive the tool, how they take trust away.

use std::process::Command;

use lab::Node;

use crate::before::*;
use crate::harness::*;
use crate::store::passphrase;
use crate::tools::*;

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn their_reader_finds_the_passphrase_that_opens_the_key() {
    let lab = cluster(2);
    let nodes = all(&lab);
    for (user, home, mode) in [("root", "/root", "shared"), ("omm", "/home/omm", "per-node")] {
        set_up_with(&lab, user, &["--keys", mode]);
        let phrases: Vec<String> = nodes.iter().map(|node| passphrase(node, home)).collect();
        assert_eq!(phrases[0] == phrases[1], mode == "shared");
        for (node, phrase) in nodes.iter().zip(&phrases) {
            assert_eq!(phrase.chars().count(), 32);
            let print = |phrase: &str| {
                node.sh(user, &format!("ssh-keygen -y -P '{phrase}' -f ~/.ssh/id_om")).unwrap()
            };
            let public = String::from_utf8(node.read(format!("{home}/.ssh/id_om.pub")).unwrap()).unwrap();
            let opened = print(phrase);
            assert_eq!(opened.stdout, public, "{}", opened.stderr);
            let of = if mode == "shared" { "node1" } else { node.name() };
            assert!(public.trim_end().ends_with(&format!("{user}@{of}")), "{public}");
            assert!(!print("").status.success());
            assert!(!print("x").status.success());
            store_must_be_closed(node, user);
        }
    }
}

/// Folders 700, files 600, all of them the user's; and nothing that is not in the specification.
fn store_must_be_closed(node: &Node, user: &str) {
    let list = "cd ~/gaussdb_tmp && find ssh_protect -printf '%m %u %p\\n' | sort -k3";
    let mut wanted = format!("700 {user} ssh_protect\n");
    for kind in ["cipher", "rand"] {
        wanted += &format!("700 {user} ssh_protect/{kind}\n");
        for part in 0..3 {
            wanted += &format!("700 {user} ssh_protect/{kind}/key_{part}\n");
            wanted += &format!("600 {user} ssh_protect/{kind}/key_{part}/server.key.{kind}\n");
        }
    }
    assert_eq!(node.sh(user, list).unwrap().stdout, wanted);
}

/// How the one-click installation drives a pre-installation: whatever contains the word, in any case, gets the answer.
const INSTALLER: &str = r#"
set timeout 120
set password [lindex $argv 0]
spawn gs_sshexkey -f /tmp/hostfile -l /tmp/installer.log
expect {
    -nocase "The password is incorrect" { exit 21 }
    -nocase "The password can only contain" { exit 22 }
    -nocase "*password*:*" { send "$password\r"; exp_continue }
    timeout { exit 23 }
    eof
}
lassign [wait] pid spawned failed status
exit $status
"#;

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn their_installer_drives_the_program_with_expect() {
    let lab = cluster(3);
    let nodes = all(&lab);
    nodes[0].write("/root/install.exp", INSTALLER.as_bytes(), 0o644, "root").unwrap();
    nodes[0].write("/tmp/hostfile", hostfile(&nodes).as_bytes(), 0o644, "root").unwrap();
    let install = |password: &str| {
        nodes[0].command("root").args(["expect", "-f", "/root/install.exp", password]).output().unwrap()
    };
    nodes.iter().for_each(|node| count_tries(node));
    let wrong = install("wrong");
    let screen = String::from_utf8_lossy(&wrong.stdout);
    assert_eq!(wrong.status.code(), Some(21), "{screen}");
    assert_eq!(nodes.iter().map(|node| tries(node)).max(), Some(2));
    let right = install(PASSWORD);
    let screen = String::from_utf8_lossy(&right.stdout).replace('\r', "");
    assert_eq!(right.status.code(), Some(0), "{screen}");
    assert!(screen.contains("Successfully created SSH trust.\n"), "{screen}");
    must_trust(&nodes, "root", true);
    // Where nothing is asked, nothing must look like a question: each answer would go to the next program.
    let again = install(PASSWORD);
    let screen = String::from_utf8_lossy(&again.stdout);
    let (_, shown) = screen.split_once('\n').unwrap();
    assert!(!shown.to_ascii_lowercase().contains("password"), "{shown}");
}

/// What their parallel ssh does, and their agent check each minute.
const THEIR_SSH: &str = r#"
unset SSH_AUTH_SOCK SSH_AGENT_PID
. ~/.bashrc
[ "$(grep -c '^export SSH_AUTH_SOCK=' ~/.bashrc) $(grep -c '^export SSH_AGENT_PID=' ~/.bashrc)" = "1 1" ] || echo exports
case $SSH_AUTH_SOCK in *[!A-Za-z0-9/._-]*) echo "socket $SSH_AUTH_SOCK" ;; esac
[ "$SSH_AUTH_SOCK" = "$HOME/gaussdb_tmp/gauss_socket_tmp" ] || echo "socket $SSH_AUTH_SOCK"
[ "$(cat /proc/$SSH_AGENT_PID/comm)" = ssh-agent ] || echo "pid $SSH_AGENT_PID"
tr '\0' '\n' </proc/$SSH_AGENT_PID/cmdline | grep -qxF "$SSH_AUTH_SOCK" || echo "agent $SSH_AGENT_PID"
ssh-add -l >/tmp/listed.$USER || echo ssh-add
ssh-keygen -lf ~/.ssh/id_om.pub | cut -d' ' -f2 | grep -qFf - /tmp/listed.$USER || echo key
"#;

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn their_parallel_ssh_and_their_agent_check_find_the_agent() {
    let lab = cluster(3);
    let nodes = all(&lab);
    for user in ["root", "omm"] {
        set_up(&lab, user);
        let mut script = THEIR_SSH.to_owned();
        for node in &nodes {
            script +=
                &format!("/usr/bin/ssh {} -q -o BatchMode=yes true </dev/null || echo {0}\n", node.ip());
        }
        for node in &nodes {
            let output = node.command(user).args(["bash", "-c", &script]).output().unwrap();
            assert_eq!(output.stdout, b"", "{}", String::from_utf8_lossy(&output.stdout));
            assert_eq!(output.stderr, b"", "{}", String::from_utf8_lossy(&output.stderr));
        }
    }
}

/// Their job, as it stands in the crontab.
const THEIR_JOB: &str =
    "*/1 * * * * source ~/.bashrc;python3 /gauss/script/local/CheckSshAgent.py >>/dev/null 2>&1 &";

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn their_job_stays_and_their_agent_check_is_content_with_what_ours_started() {
    let lab = cluster(2);
    let nodes = all(&lab);
    sh(nodes[0], "omm", &format!("echo '{THEIR_JOB}' | crontab -"));
    set_up(&lab, "omm");
    sh(nodes[0], "omm", "pkill -KILL ssh-agent");
    assert_eq!(run_job_of_cron(nodes[0], "omm"), "");
    let table = sh(nodes[0], "omm", "crontab -l");
    assert_eq!(table.lines().skip(1).collect::<Vec<_>>(), [THEIR_JOB], "{table}");
    let output = nodes[0].command("omm").args(["bash", "-c", THEIR_SSH]).output().unwrap();
    assert_eq!(output.stdout, b"", "{}", String::from_utf8_lossy(&output.stdout));
    must_trust(&nodes, "omm", false);
}

/// What their removal of trust deletes. Their agents are killed by name and owner, other agents of the user too.
const UNINSTALL: &str = r#"
pkill -9 -u "$USER" ssh-agent
sed -i -E '/^\s*export\s*SSH_AUTH_SOCK=.*$/d; /^\s*export\s*SSH_AGENT_PID=.*$/d' ~/.bashrc
rm -rf ~/gaussdb_tmp ~/.ssh/id_om*
sed -i '/#OM/d' ~/.ssh/authorized_keys ~/.ssh/known_hosts
"#;

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn after_their_uninstall_nothing_of_ours_works_and_a_new_run_does() {
    let lab = cluster(3);
    let nodes = all(&lab);
    for (user, home, rest) in [("omm", "/home/omm", ""), ("root", "/root", "rm -f ~/.ssh/config\n")] {
        let before: Vec<Vec<u8>> =
            nodes.iter().map(|node| node.read(format!("{home}/.bashrc")).unwrap()).collect();
        set_up(&lab, user);
        for (node, bashrc) in nodes.iter().zip(&before) {
            let removed = node.sh(user, &format!("{UNINSTALL}{rest}")).unwrap();
            assert!(removed.status.success(), "{}", removed.stderr);
            assert_eq!(&node.read(format!("{home}/.bashrc")).unwrap(), bashrc);
            for file in ["authorized_keys", "known_hosts"] {
                assert_eq!(node.read(format!("{home}/.ssh/{file}")).unwrap(), b"", "{file}");
            }
            // The job that they do not know does nothing, quietly, and leaves.
            assert_eq!(run_job_of_cron(node, user), "");
            assert!(!node.sh(user, "crontab -l").unwrap().stdout.contains("gs_sshexkey"));
            assert!(node.read(format!("{home}/gaussdb_tmp")).is_err());
        }
        let broken = broken_pairs(&nodes, user, false);
        let calls = broken.iter().filter(|line| line.contains(": sourced: ") || line.contains(": bare: "));
        assert_eq!(calls.count(), 3 * 3 * 2, "{}", broken.join("\n"));
        let again = set_up(&lab, user);
        assert!(again.asked(), "nothing opened the nodes any more");
        must_trust(&nodes, user, user == "root");
    }
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn captured_by_their_cluster_merge_the_screen_is_the_documented_one() {
    let lab = cluster(3);
    let nodes = all(&lab);
    nodes[0].write("/tmp/hostfile", hostfile(&nodes).as_bytes(), 0o644, "omm").unwrap();
    // As `su - omm -c "… " 2>&1` does: one pipe for both streams.
    let capture = |on: &Node| {
        let script = format!("echo '{PASSWORD}' | gs_sshexkey -f /tmp/hostfile 2>&1 | cat");
        let mut command: Command = on.command("omm");
        let output = command.args(["bash", "-c", &format!("set -o pipefail; {script}")]).output().unwrap();
        assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    let question = "Please enter password for current user[omm].\nPassword: \n";
    let first = capture(nodes[0]);
    // Host keys that nobody knows are shown on standard error, before the question.
    let (hint, rest) = first.split_once(question).unwrap();
    assert_eq!(rest, SCREEN);
    let shown =
        hint.lines().filter(|line| line.starts_with("  10.77.0.") && line.contains(": ssh-ed25519 SHA256:"));
    assert_eq!((shown.count(), hint.lines().count()), (2, 3), "{hint}");
    assert_eq!(capture(nodes[0]), SCREEN);
}
