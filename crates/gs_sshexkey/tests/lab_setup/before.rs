//! What the tests of failures share: nodes as they were before a run, a run that is watched, tries that are counted.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStdout, Command};
use std::thread;
use std::time::{Duration, Instant};

use lab::{Node, Snapshot};

use crate::harness::*;

/// How often to look: often at first, for most things happen soon; then less, for a look at a node starts programs there.
const FIRST_GLANCE: Duration = Duration::from_millis(10);
const LAST_GLANCE: Duration = Duration::from_millis(50);
/// Where the tool could leave something, beyond what it may touch.
const ELSEWHERE: &[&str] = &["/tmp", "/etc/ssh", "/var/tmp"];

/// Waits until something is so. `false`: it did not become so in time.
pub(crate) fn wait_until(so: impl Fn() -> bool) -> bool {
    wait_for(0, so)
}

/// The same, for something that takes so many seconds.
pub(crate) fn wait_for(seconds: u32, so: impl Fn() -> bool) -> bool {
    let deadline = Instant::now() + PATIENCE + Duration::from_secs(seconds.into());
    let mut pause = FIRST_GLANCE;
    while !so() {
        if Instant::now() > deadline {
            return false;
        }
        thread::sleep(pause);
        pause = (pause * 5 / 4).min(LAST_GLANCE);
    }
    true
}

/// Nodes as they were before a run: every byte and every process.
pub(crate) struct Before(Vec<(Snapshot, BTreeSet<i32>)>);

impl Before {
    /// Of these nodes, now.
    pub(crate) fn of(nodes: &[&Node]) -> Self {
        // A hostfile is the test's own; it is there before, so that it is no difference.
        nodes.iter().for_each(|node| node.write("/tmp/hostfile", b"", 0o644, "root").unwrap());
        let pids = |node: &&Node| node.processes().iter().map(|process| process.pid).collect();
        Self(nodes.iter().map(|node| (everything(node), pids(node))).collect())
    }

    /// What differs on one of the nodes.
    pub(crate) fn diff(&self, index: usize, node: &Node) -> String {
        self.0[index].0.diff(&everything(node))
    }

    /// Fails if a byte differs, or if a process of the run is still there after a while.
    #[track_caller]
    pub(crate) fn must_stand(&self, nodes: &[&Node]) {
        self.must_have_same_bytes(nodes);
        nodes.iter().enumerate().for_each(|(index, node)| self.must_be_quiet(index, node));
    }

    /// Fails if a byte differs. For nodes whose sshd was started anew.
    #[track_caller]
    pub(crate) fn must_have_same_bytes(&self, nodes: &[&Node]) {
        for (index, node) in nodes.iter().enumerate() {
            let diff = self.diff(index, node);
            assert!(diff.is_empty(), "{} differs:\n{diff}", node.name());
        }
    }

    /// Fails unless every node goes back by itself.
    #[track_caller]
    pub(crate) fn must_come_back(&self, nodes: &[&Node]) {
        for (index, node) in nodes.iter().enumerate() {
            wait_until(|| self.diff(index, node).is_empty());
        }
        self.must_stand(nodes);
    }

    /// Fails if a process of the run is still there after a while.
    #[track_caller]
    pub(crate) fn must_be_quiet(&self, index: usize, node: &Node) {
        let quiet = wait_until(|| self.newcomers(index, node).is_empty());
        assert!(quiet, "left on {}: {:#?}", node.name(), self.newcomers(index, node));
    }

    /// What runs on a node that did not before. The dead have no command line, and process 1 has its own sleep.
    fn newcomers(&self, index: usize, node: &Node) -> Vec<String> {
        let new = node.processes().into_iter().filter(|process| !self.0[index].1.contains(&process.pid));
        let names = new.map(|process| String::from_utf8_lossy(&process.cmdline).replace('\0', " "));
        names.filter(|name| !name.is_empty() && name != "sleep 2147483647 ").collect()
    }
}

fn everything(node: &Node) -> Snapshot {
    let paths: Vec<&str> = TOUCHED.iter().chain(ELSEWHERE).copied().collect();
    node.snapshot(&paths)
        .without_times()
        .without(|path| path == "/tmp/hostfile" || path == GATE || path == REACHED)
}

/// A run whose screen is read as it comes.
pub(crate) struct Live {
    child: Child,
    screen: BufReader<ChildStdout>,
    shown: String,
}

/// The line that is shown when the nodes begin to change.
pub(crate) const CHANGING: &str = "Appending local ID to authorized_keys.";
/// The line that is shown when all nodes are changed and the pairs are about to be tried.
pub(crate) const VERIFYING: &str = "Verifying SSH trust on all hosts.";

impl Live {
    /// Starts the program over these nodes from the first of them; the password is given at once.
    pub(crate) fn start(nodes: &[&Node], user: &str, flags: &[&str]) -> Self {
        Self::start_on(nodes[0], nodes, user, flags)
    }

    /// The same from any machine.
    pub(crate) fn start_on(on: &Node, nodes: &[&Node], user: &str, flags: &[&str]) -> Self {
        let mut child = start(on, user, &hostfile(nodes), flags, &format!("{PASSWORD}\n"));
        let screen = BufReader::new(child.stdout.take().unwrap());
        Self { child, screen, shown: String::new() }
    }

    /// Waits until a line is on the screen.
    #[track_caller]
    pub(crate) fn wait_for(&mut self, line: &str) {
        while !self.shown.lines().any(|shown| shown == line) {
            if self.screen.read_line(&mut self.shown).unwrap() == 0 {
                let mut errors = String::new();
                self.child.stderr.take().unwrap().read_to_string(&mut errors).unwrap();
                panic!("it ended before \"{line}\":\n{}\n{errors}", self.shown);
            }
        }
    }

    /// Waits until the pairs are being tried, and keeps the calls to this node hanging: what happens until it is thawed
    /// happens in the middle.
    #[track_caller]
    pub(crate) fn hold_at(&mut self, node: &Node) {
        self.wait_for(CHANGING);
        node.freeze().unwrap();
        self.wait_for(VERIFYING);
    }

    /// Waits for the end.
    pub(crate) fn finish(mut self) -> Run {
        self.screen.read_to_string(&mut self.shown).unwrap();
        let mut run = finish(self.child);
        run.stdout = self.shown;
        run
    }
}

/// A pipe at which a gated program waits until somebody writes into it.
const GATE: &str = "/tmp/gate";
/// Is there as soon as a gated program waits.
const REACHED: &str = "/tmp/reached";

/// Puts a program before the node's own of the same name, for the tool's shell only, that waits at its first call
/// whose arguments match the shell pattern.
pub(crate) fn gate(node: &Node, program: &str, pattern: &str) {
    let script = format!(
        "#!/bin/sh\ncase \"$*\" in\n{pattern}) [ -e {REACHED} ] || {{ : >{REACHED}; read -r line <{GATE}; }} ;;\nesac\n\
         exec /usr/bin/{program} \"$@\"\n"
    );
    node.write(format!("/usr/local/sbin/{program}"), script.as_bytes(), 0o755, "root").unwrap();
    assert!(node.sh("root", &format!("mkfifo -m 666 {GATE}")).unwrap().status.success());
}

/// Waits until the gated program was called.
#[track_caller]
pub(crate) fn wait_at_gate(node: &Node) {
    assert!(wait_until(|| node.read(REACHED).is_ok()), "nobody came to the gate of {}", node.name());
}

/// Lets the gated program go on.
pub(crate) fn open_gate(node: &Node) {
    assert!(node.sh("root", &format!("echo >{GATE}")).unwrap().status.success());
}

/// The processes of the tool's shell on a node, what it forked included.
pub(crate) fn shells(node: &Node) -> Vec<i32> {
    let is_ours = |cmdline: &[u8]| String::from_utf8_lossy(cmdline).contains("gs_token");
    node.processes().iter().filter(|p| is_ours(&p.cmdline)).map(|p| p.pid).collect()
}

/// Sends a signal to processes, all at once.
pub(crate) fn signal(pids: &[i32], signal: &str) {
    let pids: Vec<String> = pids.iter().map(ToString::to_string).collect();
    // One may have ended just now.
    Command::new("kill").arg(format!("-{signal}")).args(pids).output().unwrap();
}

/// Ends every connection to a node's sshd, as a dead network does in the end.
pub(crate) fn cut_sessions(node: &Node) {
    let listener: i32 = node.sh("root", "cat /run/sshd.pid").unwrap().stdout.trim().parse().unwrap();
    let is_session =
        |cmdline: &[u8]| cmdline.starts_with(b"sshd") && !cmdline.windows(8).any(|w| w == b"listener");
    let sessions: Vec<i32> =
        node.processes().iter().filter(|p| is_session(&p.cmdline)).map(|p| p.pid).collect();
    assert!(!sessions.contains(&listener));
    signal(&sessions, "KILL");
}

/// Turns one node away at another's port: a set-up fails when its pairs are verified, which cannot be foreseen.
pub(crate) fn keep_out(node: &Node, from: &Node) {
    let script = format!(
        "nft add table inet mine && nft 'add chain inet mine in {{ type filter hook input priority 0; }}' && \
         nft add rule inet mine in ip saddr {} tcp dport 22 reject with tcp reset",
        from.ip()
    );
    assert!(node.sh("root", &script).unwrap().status.success());
}

/// Lets it in again.
pub(crate) fn let_in(node: &Node) {
    assert!(node.sh("root", "nft delete table inet mine").unwrap().status.success());
}

/// Lets PAM count the passwords that sshd asks it about.
pub(crate) fn count_tries(node: &Node) {
    let counter = "#!/bin/sh\necho \"$PAM_USER\" >>/var/log/tries\n";
    node.write("/usr/local/bin/count-try", counter.as_bytes(), 0o755, "root").unwrap();
    let own = String::from_utf8(node.read("/etc/pam.d/sshd").unwrap()).unwrap();
    let pam = format!("auth optional pam_exec.so quiet /usr/local/bin/count-try\n{own}");
    node.write("/etc/pam.d/sshd", pam.as_bytes(), 0o644, "root").unwrap();
}

/// How many passwords PAM was asked about.
pub(crate) fn tries(node: &Node) -> usize {
    node.read("/var/log/tries").map_or(0, |log| log.split(|byte| *byte == b'\n').count() - 1)
}

/// Gives a user another password on one node.
pub(crate) fn change_password(node: &Node, user: &str, password: &str) {
    let changed = node.sh("root", &format!("echo '{user}:{password}' | chpasswd -c SHA512 -s 1000")).unwrap();
    assert!(changed.status.success(), "{}", changed.stderr);
}
