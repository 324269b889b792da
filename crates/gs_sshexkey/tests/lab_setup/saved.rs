//! Nodes that are brought back to a state that was saved, so that one lab serves many rounds; and which pairs work.

use std::collections::BTreeSet;
use std::process::{Child, Stdio};
use std::thread;

use lab::Node;

use crate::before::*;
use crate::harness::*;
use crate::tools::*;

/// Keeps root's home, the mapping and the crontab.
const SAVE: &str = "rm -rf /var/lib/rounds && mkdir -m 700 /var/lib/rounds && cp -a /root /var/lib/rounds/home && \
                    cp /etc/hosts /var/lib/rounds/hosts && { crontab -l >/var/lib/rounds/table 2>/dev/null || rm /var/lib/rounds/table; }";

/// Ends the tool's agent, puts all of it back, and has the agent kept as the node's own job does.
const RESTORE: &str = "for p in $(grep -lzx '/root/gaussdb_tmp/[g]auss_socket_tmp' /proc/[0-9]*/cmdline 2>/dev/null); do \
    p=${p%/cmdline}; kill -KILL ${p#/proc/}; done; \
    cd / && find /root -mindepth 1 -delete && cp -a /var/lib/rounds/home/. /root/ && cat /var/lib/rounds/hosts >/etc/hosts && \
    if [ -e /var/lib/rounds/table ]; then crontab /var/lib/rounds/table; else crontab -r 2>/dev/null || true; fi && \
    if [ -e /root/.ssh/id_om ]; then n=60; until /root/gaussdb_tmp/bin/gs_sshexkey agent start; do \
    n=$((n - 1)); [ $n -gt 0 ] || exit 1; sleep 0.5; done; fi";

/// Does something on all nodes at once.
pub(crate) fn on_each<T: Send>(nodes: &[&Node], act: impl Fn(&Node) -> T + Sync) -> Vec<T> {
    thread::scope(|scope| {
        let act = &act;
        let working: Vec<_> = nodes.iter().map(|node| scope.spawn(move || act(node))).collect();
        working.into_iter().map(|one| one.join().unwrap()).collect()
    })
}

/// What root's trust is made of, on some nodes.
pub(crate) struct Saved<'a> {
    nodes: Vec<&'a Node>,
    works: BTreeSet<(usize, usize)>,
}

impl<'a> Saved<'a> {
    /// Saves the nodes as they are, and what works between them. Nothing but the test brings the agent back.
    pub(crate) fn of(nodes: &[&'a Node]) -> Self {
        on_each(nodes, |node| {
            // It may have been ended before.
            node.sh("root", "pkill -x cron").unwrap();
            sh(node, "root", SAVE)
        });
        Self { nodes: nodes.to_vec(), works: working(nodes) }
    }

    /// Only what works between the first so many nodes has to stay: the others leave.
    pub(crate) fn of_the_first(mut self, count: usize) -> Self {
        self.works.retain(|(from, to)| *from < count && *to < count);
        self
    }

    /// Brings the nodes back.
    pub(crate) fn restore(&self) {
        on_each(&self.nodes, |node| sh(node, "root", RESTORE));
    }

    /// Law 1: who could get in can get in.
    #[track_caller]
    pub(crate) fn must_still_work(&self, when: &str) {
        let now = working_of(&self.nodes, |from, to| self.works.contains(&(from, to)));
        let lost: Vec<_> = self.works.difference(&now).collect();
        assert!(
            lost.is_empty(),
            "{when}: these pairs worked and do not any more: {lost:?}\n{}",
            report(&self.nodes)
        );
    }

    /// Waits until no node has a journal, or a shell of the run.
    #[track_caller]
    pub(crate) fn must_settle(&self, when: &str) {
        for node in &self.nodes {
            let settled = wait_until(|| journals(node).is_empty() && shells(node).is_empty());
            assert!(settled, "{when}: {} does not settle\n{}", node.name(), report(&self.nodes));
        }
    }
}

/// The journals of a node.
pub(crate) fn journals(node: &Node) -> String {
    node.sh("root", "ls -d /root/.gs_sshexkey.journal* 2>/dev/null").unwrap().stdout
}

/// What a failure is understood by.
pub(crate) fn report(nodes: &[&Node]) -> String {
    let script = "cd /root; ls -ld .gs_ss* gaussdb_tmp/.kept_runs 2>&1; cat .gs_sshexkey.journal*/run gaussdb_tmp/.kept_runs 2>&1; \
                  cut -c1-60 .ssh/id_om.pub .ssh/authorized_keys 2>&1; ps -eo pid,ppid,args | grep -v ' ps \\|grep'";
    nodes
        .iter()
        .map(|node| format!("--- {}\n{}", node.name(), node.sh("root", script).unwrap().stdout))
        .collect()
}

/// The pairs of nodes that work for root without a profile.
pub(crate) fn working(nodes: &[&Node]) -> BTreeSet<(usize, usize)> {
    working_of(nodes, |_, _| true)
}

/// Those of the pairs that are wanted. No other call is made.
fn working_of(nodes: &[&Node], is_wanted: impl Fn(usize, usize) -> bool + Sync) -> BTreeSet<(usize, usize)> {
    let addresses = addresses(nodes);
    let rows = on_each(nodes, |node| {
        let from = nodes.iter().position(|other| other.ip() == node.ip()).unwrap();
        let wanted = (0..nodes.len()).filter(|to| is_wanted(from, *to));
        let calls: String = wanted.map(|to| format!("{to} {}\n", addresses[to])).collect();
        let script = format!(
            "while read -r n h; do env -i ssh -n -o BatchMode=yes -o StrictHostKeyChecking=yes -o ConnectTimeout=20 \
             -o KexAlgorithms=^curve25519-sha256 $h true 2>/dev/null && echo $n; done <<'pairs'\n{calls}pairs\n:"
        );
        let said = if calls.is_empty() { String::new() } else { sh(node, "root", &script) };
        said.lines().map(|to| (from, to.parse().unwrap())).collect::<Vec<_>>()
    });
    rows.into_iter().flatten().collect()
}

/// Starts the program on a node as root, with more environment; it reads `input`.
pub(crate) fn start_with(on: &Node, environment: &[String], words: &[&str], input: &str) -> Child {
    let mut command = on.command("root");
    command.args(environment).arg("gs_sshexkey").args(words);
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // A run that needs no answer does not read it.
    let _ = std::io::Write::write_all(&mut child.stdin.take().unwrap(), input.as_bytes());
    child
}

/// The next run needs no password, and all is well after it.
#[track_caller]
pub(crate) fn must_finish(nodes: &[&Node], flags: &[&str], when: &str) {
    let run = run(nodes[0], "root", &hostfile(nodes), flags, "");
    assert_eq!(
        (run.code, run.asked()),
        (Some(0), false),
        "{when}:\n{}\n{}\n{}",
        run.stdout,
        run.stderr,
        report(nodes)
    );
    // The run itself has proven more than that.
    assert_eq!(working(nodes).len(), nodes.len() * nodes.len(), "{when}: {}", report(nodes));
    let mut own: Vec<String> = nodes.iter().map(|node| text(node, "/root/.ssh/id_om.pub")).collect();
    own.sort();
    own.dedup();
    for node in nodes {
        let keys = text(node, "/root/.ssh/authorized_keys");
        assert_eq!(marked(&keys).len(), own.len(), "{when}: {}:\n{keys}", node.name());
        assert_eq!(journals(node), "", "{when}");
    }
}
