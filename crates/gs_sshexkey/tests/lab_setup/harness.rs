//! What the lab tests share: a cluster, the program on it, and what trust looks like.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::io::Write;
use std::process::{Child, Output, Stdio};
use std::time::Duration;

use crate::before::wait_until;
use crate::saved::on_each;
use lab::{Lab, LabSpec, Node, Snapshot, Terminal};

/// The password of every user of the lab.
pub(crate) const PASSWORD: &str = "Gauss@2026_lab";
/// Every file that the tool may touch.
pub(crate) const TOUCHED: &[&str] = &["/root", "/home", "/etc/hosts", "/var/spool/cron"];

/// The screen that other programs parse, behind the prompt.
pub(crate) const SCREEN: &str = "\
Checking network information.
All nodes in the network are Normal.
Successfully checked network information.
Creating SSH trust.
Creating the local key file.
Appending local ID to authorized_keys.
Successfully appended local ID to authorized_keys.
Updating the known_hosts file.
Successfully updated the known_hosts file.
Appending authorized_key on the remote node.
Successfully appended authorized_key on all remote node.
Checking common authentication file content.
Successfully checked common authentication content.
Distributing SSH trust file to all node.
Successfully distributed SSH trust file to all node.
Verifying SSH trust on all hosts.
Successfully verified SSH trust on all hosts.
Successfully created SSH trust.
";

/// A lab with the program on every node, and users `root` and `omm` with the same password.
pub(crate) fn spec(nodes: usize) -> LabSpec {
    LabSpec::new(nodes)
        .program(env!("CARGO_BIN_EXE_gs_sshexkey"))
        .root_password(PASSWORD)
        .user("omm", PASSWORD)
}

/// The same with limits that are shorter where nothing comes: see `Limits::scaled`. For tests of what happens after a
/// wait; one for each limit has the real one.
pub(crate) fn impatient(spec: LabSpec) -> LabSpec {
    spec.variable("GS_SSHEXKEY_TEST_LIMITS", "0.1")
}

/// Brings a lab with short limits up.
pub(crate) fn impatient_cluster(nodes: usize) -> Lab {
    Lab::up(impatient(spec(nodes))).unwrap()
}

/// Brings a plain lab up.
pub(crate) fn cluster(nodes: usize) -> Lab {
    Lab::up(spec(nodes)).unwrap()
}

/// The hostfile's lines of some nodes.
pub(crate) fn hostfile(nodes: &[&Node]) -> String {
    nodes
        .iter()
        .map(|n| if n.port() == 22 { format!("{}\n", n.ip()) } else { format!("{},{}\n", n.ip(), n.port()) })
        .collect()
}

/// All nodes of a lab.
pub(crate) fn all(lab: &Lab) -> Vec<&Node> {
    lab.nodes().iter().collect()
}

/// How a run ended.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Run {
    fn of(output: Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// Fails unless the run made trust.
    #[track_caller]
    pub(crate) fn must_succeed(self) -> Self {
        assert_eq!(self.code, Some(0), "{}\n{}", self.stdout, self.stderr);
        assert!(self.stdout.ends_with(SCREEN), "{}", self.stdout);
        self
    }

    /// Fails unless the run ended with status 1 and an error that has all these texts.
    #[track_caller]
    pub(crate) fn must_fail_with(self, texts: &[&str]) -> Self {
        assert_eq!(self.code, Some(1), "{}\n{}", self.stdout, self.stderr);
        assert!(!self.stdout.contains("Successfully created"), "{}", self.stdout);
        for text in texts {
            assert!(self.stderr.contains(text), "no \"{text}\" in:\n{}", self.stderr);
        }
        self
    }

    /// Whether a password was asked for.
    pub(crate) fn asked(&self) -> bool {
        self.stdout.contains("Password:")
    }
}

/// Starts the program on a node; `input` is its standard input.
pub(crate) fn start(on: &Node, user: &str, hosts: &str, flags: &[&str], input: &str) -> Child {
    on.write("/tmp/hostfile", hosts.as_bytes(), 0o644, user).unwrap();
    let mut command = on.command(user);
    command.args(["gs_sshexkey", "-f", "/tmp/hostfile"]).args(flags);
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // A run that needs no answer does not read it.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    child
}

/// Runs the program on a node to its end.
pub(crate) fn run(on: &Node, user: &str, hosts: &str, flags: &[&str], input: &str) -> Run {
    Run::of(start(on, user, hosts, flags, input).wait_with_output().unwrap())
}

/// Waits for a program that was started.
pub(crate) fn finish(child: Child) -> Run {
    Run::of(child.wait_with_output().unwrap())
}

/// Sets trust up for a user over all nodes of a lab, from its first node. The nodes share one key for root, and have keys of
/// their own for other users, so that what is tried with both is tried in both modes.
#[track_caller]
pub(crate) fn set_up(lab: &Lab, user: &str) -> Run {
    let flags: &[&str] = if user == "root" { &["--keys", "shared"] } else { &[] };
    run(lab.node(0), user, &hostfile(&all(lab)), flags, &format!("{PASSWORD}\n")).must_succeed()
}

/// Runs the program at a terminal and answers the prompt as a person would.
pub(crate) fn at_terminal(on: &Node, user: &str, hosts: &str, flags: &str) -> Terminal {
    on.write("/tmp/hostfile", hosts.as_bytes(), 0o644, user).unwrap();
    on.terminal(user, &format!("gs_sshexkey -f /tmp/hostfile {flags}")).unwrap()
}

/// How long a test waits for something to appear.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// The state of every file that the tool may touch, on each node, times left out.
pub(crate) fn snapshots(nodes: &[&Node]) -> Vec<Snapshot> {
    nodes.iter().map(|node| snapshot(node)).collect()
}

/// The state of one node, with times, when no run and no keepalive is at work there: under load their locks may outlive
/// them for a moment, and cron starts a keepalive each minute.
pub(crate) fn at_rest(node: &Node) -> Snapshot {
    // By a descriptor for reading: flock(1) makes a file that is gone by now.
    let free = "for f in /root/.gs_sshexkey.lock /home/*/.gs_sshexkey.lock; do \
                [ ! -e $f ] || { flock -n 9 9<$f && echo $f; } || [ ! -e $f ] || exit; done 2>/dev/null; echo free";
    let found = RefCell::new(None);
    wait_until(|| {
        let Ok(said) = node.sh("root", free) else { return false };
        let state = node.snapshot(TOUCHED);
        // What a run that was killed has left is free; what came after the look is a run's or a keepalive's.
        let locks =
            state.entries.keys().map(String::as_str).filter(|path| path.ends_with("/.gs_sshexkey.lock"));
        let at_rest = locks.chain(["free"]).collect::<BTreeSet<_>>() == said.stdout.lines().collect();
        found.replace(Some(state));
        at_rest
    });
    found.into_inner().unwrap_or_else(|| node.snapshot(TOUCHED))
}

/// One node's.
pub(crate) fn snapshot(node: &Node) -> Snapshot {
    at_rest(node).without_times()
}

/// Fails if a node differs from what it was.
#[track_caller]
pub(crate) fn must_be_unchanged(nodes: &[&Node], before: &[Snapshot]) {
    for (node, before) in nodes.iter().zip(before) {
        let diff = before.diff(&snapshot(node));
        assert!(diff.is_empty(), "{} differs:\n{diff}", node.name());
    }
}

/// Every way in which trust is used: with the profile, and in a process that sourced nothing. Returns what is broken.
pub(crate) fn broken_pairs(nodes: &[&Node], user: &str, by_name: bool) -> Vec<String> {
    let mut hosts: Vec<String> = nodes.iter().map(|n| n.ip().to_string()).collect();
    if by_name {
        hosts.extend(nodes.iter().map(|n| n.name().to_owned()));
    }
    on_each(nodes, |node| broken_calls(node, user, &hosts)).concat()
}

/// The hosts that one node cannot call with `ssh`, with the profile or without.
pub(crate) fn broken_calls(node: &Node, user: &str, hosts: &[String]) -> Vec<String> {
    let options = "-n -o BatchMode=yes -o StrictHostKeyChecking=yes -o ConnectTimeout=60 \
                   -o KexAlgorithms=^curve25519-sha256";
    let list = hosts.join(" ");
    let script = format!(
        ". ~/.bashrc >/dev/null; for h in {list}; do said=$(ssh {options} $h true 2>&1) || echo \"sourced: $h: $said\"; \
         said=$(env -i ssh {options} $h true 2>&1) || echo \"bare: $h: $said\"; done; echo called"
    );
    let output = node.command(user).args(["bash", "-c", &script]).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let calls: Vec<&str> = text.lines().collect();
    // A profile that ends the shell must not pass for one under which everything works.
    let broken = calls.strip_suffix(&["called"]).unwrap_or(&["the calls were not made to their end"]);
    broken.iter().map(|line| format!("{}: {line}", node.name())).collect()
}

/// Fails unless every pair works in every way.
#[track_caller]
pub(crate) fn must_trust(nodes: &[&Node], user: &str, by_name: bool) {
    let broken = broken_pairs(nodes, user, by_name);
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}
