//! A call's answer proves which machine ran our command; a server that runs nothing is named, soon.

use std::time::{Duration, Instant};

use lab::{Lab, Node};

use crate::checking::*;
use crate::doctor::{ASK_NOBODY, doctor, findings};
use crate::harness::*;
use crate::tools::*;

/// The longest that any state may take, on a machine that is busy with other tests. Nothing here waits for a limit.
const SOON: Duration = Duration::from_secs(120);

/// Does something to nodes, and takes it back.
type Act = fn(&Lab);
/// A pair that does not work: caller, called, its cause, the node that answered.
type Cell = (usize, usize, &'static str, Option<usize>);

/// A state in which every `ssh` ends with status 0, and not every node is reached.
struct Astray {
    what: &'static str,
    make: Act,
    mend: Act,
    /// By address; by name the same pairs.
    cells: &'static [Cell],
    /// Nodes that cannot be entered, so that their own calls are not seen.
    closed: &'static [usize],
    /// What `doctor` says, and of which node.
    found: &'static [(&'static str, usize)],
}

const ASTRAY: &[Astray] = &[
    Astray {
        what: "the caller's settings name another host",
        make: |lab| {
            let [two, three] = [1, 2].map(|place| lab.node(place).ip());
            let lines = format!("Host {three} node3\\n HostName {two}\\n");
            sh(lab.node(0), "root", &format!("cp -p .ssh/config .ssh/was; sed -i '1i {lines}' .ssh/config"));
        },
        mend: |lab| drop(sh(lab.node(0), "root", "mv .ssh/was .ssh/config")),
        cells: &[(0, 2, "wrong-machine", Some(1))],
        closed: &[],
        found: &[("client-settings", 0)],
    },
    Astray {
        what: "the network translates the address, and the keys are those of a clone",
        make: |lab| {
            let [one, three] = [0, 2].map(|place| lab.node(place).ip());
            let rule = format!("ip daddr {three} tcp dport 22 dnat to {one}");
            let chain = "add chain ip astray out { type nat hook output priority -100; }";
            sh(lab.node(1), "root", "cp -p .ssh/known_hosts .ssh/was");
            sh(
                lab.node(1),
                "root",
                &format!(
                    "grep '^{one}[ ,]' .ssh/was | sed 's/^[^ ]*/{three},node3/' >>.ssh/known_hosts; nft add table ip astray; \
                     nft '{chain}'; nft add rule ip astray out {rule}"
                ),
            );
        },
        mend: |lab| drop(sh(lab.node(1), "root", "nft delete table ip astray; mv .ssh/was .ssh/known_hosts")),
        cells: &[(1, 2, "wrong-machine", Some(0))],
        closed: &[],
        found: &[("wrong-machine", 1)],
    },
    Astray {
        what: "sshd forces a command that prints",
        make: |lab| force(lab.node(2), "echo Hello $SSH_ORIGINAL_COMMAND"),
        mend: |lab| unforce(lab.node(2)),
        cells: &[(0, 2, "forced-command", None), (1, 2, "forced-command", None)],
        closed: &[2],
        found: &[("forced-command", 2)],
    },
    Astray {
        what: "the account is for files alone",
        make: |lab| force(lab.node(2), "internal-sftp"),
        mend: |lab| unforce(lab.node(2)),
        cells: &[(0, 2, "forced-command", None), (1, 2, "forced-command", None)],
        closed: &[2],
        found: &[("forced-command", 2)],
    },
    Astray {
        what: "the line of a key forces a command for one caller",
        make: |lab| {
            let two = lab.node(1).ip();
            let line = format!("from=\"{two}\",command=\"echo Hello; exit 0\" ");
            let keys = ".ssh/authorized_keys";
            let script = format!(
                "cp -p {keys} .ssh/was; {{ sed -n 's/^ssh-/{line}ssh-/p' .ssh/was; cat .ssh/was; }} >{keys}"
            );
            sh(lab.node(2), "root", &script);
        },
        mend: |lab| drop(sh(lab.node(2), "root", "mv .ssh/was .ssh/authorized_keys")),
        cells: &[(1, 2, "forced-command", None)],
        closed: &[],
        found: &[("forced-command", 2)],
    },
];

fn force(node: &Node, command: &str) {
    sh(node, "root", &format!("sed -i '1i ForceCommand {command}' /etc/ssh/sshd_config"));
    node.stop_sshd().unwrap();
    node.start_sshd().unwrap();
}

fn unforce(node: &Node) {
    sh(node, "root", "sed -i '/^ForceCommand/d' /etc/ssh/sshd_config");
    node.stop_sshd().unwrap();
    node.start_sshd().unwrap();
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn a_call_that_ends_well_elsewhere_or_with_something_else_is_not_green() {
    let lab = cluster(3);
    set_up(&lab, "root");
    let ip = |place: usize| lab.node(place).ip().to_string();
    for Astray { what, make, mend, cells, closed, found } in ASTRAY {
        make(&lab);
        let (document, status) = check(&lab, "root", &["--by", "both", "--no-password"], "");
        let mut seen: Vec<String> = Vec::new();
        for fault in document["faults"].as_array().unwrap() {
            assert_eq!(fault["state"], "broken", "{what}: {fault:#}");
            seen.push(format!(
                "{} {} {} {} {}",
                fault["from"], fault["to"], fault["by"], fault["cause"], fault["found"]
            ));
        }
        let mut wanted: Vec<String> = Vec::new();
        for (from, to, cause, answered) in *cells {
            let answered = answered.map_or_else(|| "null".to_owned(), |node| format!("{:?}", ip(node)));
            let [from, to] = [from, to].map(|node| ip(*node));
            wanted.extend(["ip", "name"].map(|by| format!("{from:?} {to:?} {by:?} {cause:?} {answered}")));
        }
        seen.sort();
        wanted.sort();
        assert_eq!(seen, wanted, "{what}: {document:#}");
        let unseen = closed.len() * 2 * 2;
        assert_eq!(
            (status, &document["counts"]["unseen"]),
            (Some(1), &unseen.into()),
            "{what}: {document:#}"
        );

        let (document, status) = doctor(&lab, "root", ASK_NOBODY, "");
        let wanted: Vec<(String, usize)> =
            found.iter().map(|(code, node)| ((*code).to_owned(), *node)).collect();
        assert_eq!((findings(&lab, &document), status), (wanted, Some(1)), "{what}: {document:#}");

        // The set-up outweighs what the caller's settings say, and does not take the rest for trust either.
        let outweighed = found.iter().all(|(code, _)| *code == "client-settings");
        let nodes = all(&lab);
        let again = run(nodes[0], "root", &hostfile(&nodes), &[], &format!("{PASSWORD}\n"));
        let words = if closed.is_empty() { *what } else { "" };
        let wanted = if outweighed { 0 } else { 1 };
        assert_eq!(again.code, Some(wanted), "{words}{}\n{}", again.stdout, again.stderr);
        mend(&lab);
    }
    must_be_green(&lab, "root", &["--by", "both", "--no-password"], 12);
}

/// A state of the third node in which it lets everybody in and runs nothing.
struct Silent {
    what: &'static str,
    make: fn(&Node),
    mend: fn(&Node),
    /// What the set-up says.
    words: &'static [&'static str],
    /// What a check says of those who call it, and `doctor` of the node, before trust is made and after.
    cause: Option<&'static str>,
    found: &'static str,
}

const SILENT: &[Silent] = &[
    Silent {
        what: "the user has all processes that it may have",
        make: |node| drop(sh(node, "root", "echo 'omm hard nproc 1' >/etc/security/limits.d/90-lab.conf")),
        mend: |node| drop(sh(node, "root", "rm /etc/security/limits.d/90-lab.conf")),
        words: &["10.77.0.3", "refused to run a command", "nproc"],
        cause: Some("command-refused"),
        found: "command-refused",
    },
    Silent {
        what: "no session is allowed",
        make: |node| set_sshd(node, "MaxSessions 0"),
        mend: |node| set_sshd(node, ""),
        words: &["10.77.0.3", "opened no session", "MaxSessions"],
        cause: Some("command-refused"),
        found: "max-sessions",
    },
    Silent {
        what: "the account is for files alone",
        make: |node| set_sshd(node, "ForceCommand internal-sftp"),
        mend: |node| set_sshd(node, ""),
        words: &["10.77.0.3", "sftp connections only", "ForceCommand"],
        cause: Some("forced-command"),
        found: "forced-command",
    },
    Silent {
        what: "a session is opened, and hangs",
        make: |node| {
            let hang = "session required pam_exec.so /bin/sleep 999";
            sh(node, "root", &format!("cp -p /etc/pam.d/sshd /root/was; echo '{hang}' >>/etc/pam.d/sshd"));
        },
        mend: |node| drop(sh(node, "root", "mv /root/was /etc/pam.d/sshd; pkill -x sleep")),
        words: &["10.77.0.3", "did not say within", "PAM"],
        // As any server that falls silent: that is waited for once.
        cause: None,
        found: "command-refused",
    },
];

/// Puts a line on top of sshd's settings, in place of the one that was put there before.
fn set_sshd(node: &Node, line: &str) {
    let script =
        format!("sed -i '/#lab$/d' /etc/ssh/sshd_config; sed -i '1i {line} #lab' /etc/ssh/sshd_config");
    sh(node, "root", if line.is_empty() { "sed -i '/#lab$/d' /etc/ssh/sshd_config" } else { &script });
    node.stop_sshd().unwrap();
    node.start_sshd().unwrap();
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn a_server_that_runs_nothing_is_named_soon_and_holds_up_nobody() {
    let lab = impatient_cluster(3);
    let nodes = all(&lab);
    set_up(&lab, "omm");
    let answer = format!("{PASSWORD}\n");
    for Silent { what, make, mend, words, cause, found } in SILENT {
        make(nodes[2]);
        let before = snapshots(&nodes);
        let began = Instant::now();
        let failed = run(nodes[0], "omm", &hostfile(&nodes), &[], &answer).must_fail_with(words);
        assert!(began.elapsed() < SOON, "{what}: {:?}\n{}", began.elapsed(), failed.stderr);
        must_be_unchanged(&nodes, &before);

        let began = Instant::now();
        let (document, _) = doctor(&lab, "omm", &["--preflight"], &answer);
        assert_eq!(findings(&lab, &document), [((*found).to_owned(), 2)], "{what}: {document:#}");
        assert!(began.elapsed() < SOON, "{what}: {:?}", began.elapsed());

        if let Some(cause) = cause {
            let (document, status) = check(&lab, "omm", &[], &answer);
            let faults = document["faults"].as_array().unwrap();
            assert_eq!((faults.len(), status), (2, Some(1)), "{what}: {document:#}");
            assert!(faults.iter().all(|fault| fault["cause"] == *cause), "{what}: {document:#}");
        }
        let (document, _) = doctor(&lab, "omm", &[], &answer);
        assert_eq!(findings(&lab, &document), [((*found).to_owned(), 2)], "{what}: {document:#}");
        mend(nodes[2]);
    }
    must_be_green(&lab, "omm", ASK_NOBODY, 6);
}

/// The longest that a state may take which is waited out, with the program's own limits: 27 s for the node, 8 s for its
/// callers, and what a busy machine adds. It was 90 s and more on one that is not.
const WAITED_OUT: Duration = Duration::from_secs(80);

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn a_node_that_never_answers_is_waited_for_once() {
    let lab = cluster(3);
    set_up(&lab, "omm");
    let hangs = "cp -p /etc/pam.d/sshd /root/was; echo 'session required pam_exec.so /bin/sleep 999' >>/etc/pam.d/sshd";
    let waits = "mv /root/was /etc/pam.d/sshd; sed -i '1i sleep 999' /home/omm/.bashrc";
    for (make, found) in [(hangs, "command-refused"), (waits, "profile-blocks")] {
        sh(lab.node(2), "root", make);
        let began = Instant::now();
        let (document, _) = doctor(&lab, "omm", ASK_NOBODY, "");
        let took = began.elapsed();
        assert_eq!(findings(&lab, &document), [(found.to_owned(), 2)], "{document:#}");
        assert_eq!(document["counts"]["broken"], 2, "{document:#}");
        assert!(took < WAITED_OUT, "{found}: {took:?}");
        println!("{found}: {took:?}");
    }
}
