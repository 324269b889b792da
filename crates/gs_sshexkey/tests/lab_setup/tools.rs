//! Small tools of the lab tests: what the harness does, in other ways.

use std::process::Stdio;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use lab::{Lab, Node};

use crate::harness::*;

/// Runs a script on a node, which must succeed; what it printed.
#[track_caller]
pub(crate) fn sh(node: &Node, user: &str, script: &str) -> String {
    let output = node.sh(user, script).unwrap();
    assert!(output.status.success(), "{}: {script}\n{}{}", node.name(), output.stdout, output.stderr);
    output.stdout
}

/// The user's home.
pub(crate) fn home(user: &str) -> String {
    if user == "root" { "/root".to_owned() } else { format!("/home/{user}") }
}

/// A file in the user's home.
pub(crate) fn at_home(user: &str, path: &str) -> String {
    format!("{}/{path}", home(user))
}

/// A file as text.
#[track_caller]
pub(crate) fn text(node: &Node, path: &str) -> String {
    String::from_utf8_lossy(&node.read(path).unwrap()).into_owned()
}

/// Permission bits, owner and group of a file.
#[track_caller]
pub(crate) fn rights(node: &Node, path: &str) -> String {
    sh(node, "root", &format!("stat -c '%a %U %G' {path}")).trim().to_owned()
}

/// The program with more environment, from the user's home, to its end.
pub(crate) fn run_with(
    on: &Node,
    user: &str,
    environment: &[&str],
    hosts: &str,
    flags: &[&str],
    input: &str,
) -> Run {
    on.write("/tmp/hostfile", hosts.as_bytes(), 0o644, user).unwrap();
    let mut command = on.command(user);
    command.args(environment).args(["gs_sshexkey", "-f", "/tmp/hostfile"]).args(flags);
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // A run that needs no answer does not read it.
    let _ = std::io::Write::write_all(&mut child.stdin.take().unwrap(), input.as_bytes());
    finish(child)
}

/// Sets trust up with flags, from the first node, over all.
#[track_caller]
pub(crate) fn set_up_with(lab: &Lab, user: &str, flags: &[&str]) -> Run {
    run(lab.node(0), user, &hostfile(&all(lab)), flags, &format!("{PASSWORD}\n")).must_succeed()
}

/// The same hosts for `ssh` to call, from every node, in every way.
#[track_caller]
pub(crate) fn must_reach(nodes: &[&Node], user: &str, hosts: &[String]) {
    let broken: Vec<String> = nodes.iter().flat_map(|node| broken_calls(node, user, hosts)).collect();
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

/// How many nodes call at once: less than sshd's `MaxStartups` of 10, if all should call the same one.
const CALLERS: usize = 8;

/// From every node, in a process that sourced nothing; `hosts` gets the caller's index.
#[track_caller]
pub(crate) fn must_reach_bare(nodes: &[&Node], user: &str, hosts: impl Fn(usize) -> Vec<String> + Sync) {
    let call = |from: usize| {
        let ssh = "env -i ssh -n -o BatchMode=yes -o StrictHostKeyChecking=yes -o ConnectTimeout=60 \
                   -o KexAlgorithms=^curve25519-sha256";
        let list = hosts(from).join(" ");
        let script = format!(
            "for h in {list}; do said=$({ssh} $h true 2>&1) || echo \"$h: $said\"; done; echo called"
        );
        nodes[from].sh(user, &script).unwrap().stdout
    };
    let next = AtomicUsize::new(0);
    let work = || -> String {
        let indexes = std::iter::repeat_with(|| next.fetch_add(1, Ordering::Relaxed));
        indexes.take_while(|index| *index < nodes.len()).map(call).filter(|said| said != "called\n").collect()
    };
    let broken: Vec<String> = thread::scope(|scope| {
        let workers: Vec<_> = (0..CALLERS).map(|_| scope.spawn(work)).collect();
        workers.into_iter().map(|worker| worker.join().unwrap()).collect()
    });
    assert!(broken.iter().all(String::is_empty), "{}", broken.concat());
}

/// The addresses of some nodes.
pub(crate) fn addresses(nodes: &[&Node]) -> Vec<String> {
    nodes.iter().map(|node| node.ip().to_string()).collect()
}

/// The lines of a text that end with the tool's mark.
pub(crate) fn marked(text: &str) -> Vec<&str> {
    text.lines().filter(|line| line.ends_with(" #OM")).collect()
}

/// The command lines of a node's processes, in order, without those that a lab has of its own: process 1 and what it
/// waits with, cron, and the listening sshd, before and after it gave itself a title.
pub(crate) fn command_lines(node: &Node) -> Vec<String> {
    let labs = ["sh /run/gs_sshexkey-lab/", "sleep 2147483647", "sshd -E /var/log/sshd.log", "/cron"];
    let lines = node.processes().into_iter().map(|p| String::from_utf8_lossy(&p.cmdline).replace('\0', " "));
    let mut lines: Vec<String> = lines.filter(|line| !labs.iter().any(|own| line.contains(own))).collect();
    lines.sort();
    lines
}

/// Waits until all other processes of a node have ended.
#[track_caller]
pub(crate) fn must_come_to_run_only(node: &Node, wanted: &[String]) {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let running = command_lines(node);
        if running == *wanted {
            return;
        }
        assert!(Instant::now() < deadline, "{} runs {running:#?}", node.name());
        thread::sleep(Duration::from_millis(10));
    }
}

/// Runs the job of the user's crontab as cron would: by sh(1), from the home, with cron's environment. What it printed.
#[track_caller]
pub(crate) fn run_job_of_cron(node: &Node, user: &str) -> String {
    let table = sh(node, user, "crontab -l");
    let job = marked(&table).first().unwrap_or_else(|| panic!("no job in:\n{table}")).to_string();
    let command = job.strip_prefix("* * * * * ").unwrap();
    let cron = format!("HOME={}\nLOGNAME={user}\nSHELL=/bin/sh\nPATH=/usr/bin:/bin", home(user));
    let environment: Vec<&str> = cron.lines().collect();
    let mut job = node.command(user);
    let output = job.args(["env", "-i"]).args(environment).args(["/bin/sh", "-c", command]).output().unwrap();
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}
