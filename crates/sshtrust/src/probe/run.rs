//! Runs the schedule: one task a node, each waiting only for its own calls.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::join_all;
use tokio::sync::Notify;

use super::matrix::{EdgeOutcome, TrustEdge, TrustMatrix};
use super::schedule::{Call, Next, Schedule};
use crate::inventory::NodeSpec;
use crate::node::Shell;
use crate::text::{printable, sh_quote};

/// How long one call may take, in seconds.
const CALL_LIMIT: u64 = 30;
/// How long a batch of calls may take: they run side by side.
const BATCH_LIMIT: Duration = Duration::from_secs(CALL_LIMIT + 30);
/// Exit status of timeout(1) when it had to end the call.
const TIMED_OUT: i32 = 124;
/// How long to wait after a throttled call; longer with every try.
const BACK_OFF: Duration = Duration::from_millis(400);
/// Most that is kept of what `ssh` printed, in bytes.
const MOST_SAID: usize = 1_500;

/// A node that calls others.
#[derive(Debug, Clone)]
pub struct Prober {
    /// Which node.
    pub spec: NodeSpec,
    /// Its shell.
    pub shell: Shell,
    /// The names to call it by.
    pub hosts: Vec<String>,
    /// Its `ssh` may prefer a cheap key exchange: OpenSSH 8.1 or later, not in FIPS mode.
    pub cheap_kex: bool,
}

/// Probes every ordered pair, itself included, by every name. `progress` hears `(done, total)`. After `enough` broken
/// pairs no more are tried: silent nodes cost [`CALL_LIMIT`] each.
pub async fn probe(
    probers: &[Prober],
    enough: Option<usize>,
    progress: &(dyn Fn(usize, usize) + Sync),
) -> TrustMatrix {
    let hosts: Vec<Vec<String>> = probers.iter().map(|p| p.hosts.clone()).collect();
    let schedule = Schedule::new(&hosts);
    let total = schedule.total();
    let enough = enough.unwrap_or(usize::MAX);
    let (turn, found) = (Notify::new(), Mutex::default());
    let board = Board { probers, enough, schedule: Mutex::new(schedule), turn, found };
    let workers = (0..probers.len()).map(|from| board.work(from, total, progress));
    join_all(workers).await;
    let mut broken = board.found.into_inner().unwrap_or_else(PoisonError::into_inner).1;
    broken.sort_by(|a, b| (a.from, a.to, &a.host).cmp(&(b.from, b.to, &b.host)));
    TrustMatrix { total, broken }
}

/// What the tasks share.
struct Board<'a> {
    probers: &'a [Prober],
    enough: usize,
    schedule: Mutex<Schedule>,
    turn: Notify,
    found: Mutex<(usize, Vec<TrustEdge>)>,
}

impl Board<'_> {
    async fn work(&self, from: usize, total: usize, progress: &(dyn Fn(usize, usize) + Sync)) {
        let Some(prober) = self.probers.get(from) else { return };
        loop {
            let turn = self.turn.notified();
            tokio::pin!(turn);
            // Registered before looking, so that no wake-up is missed.
            turn.as_mut().enable();
            let next = self.schedule.lock().unwrap_or_else(PoisonError::into_inner).next(from);
            match next {
                Next::Finished => return,
                Next::Wait => turn.await,
                Next::Calls(calls) => {
                    let outcomes = call(prober, &calls).await;
                    let pause = self.settle(from, calls, outcomes, total, progress);
                    self.turn.notify_waiters();
                    if let Some(pause) = pause {
                        tokio::time::sleep(pause).await;
                    }
                }
            }
        }
    }

    /// Files the outcomes. Returns how long to wait if some were throttled.
    fn settle(
        &self,
        from: usize,
        calls: Vec<Call>,
        outcomes: Vec<EdgeOutcome>,
        total: usize,
        progress: &(dyn Fn(usize, usize) + Sync),
    ) -> Option<Duration> {
        let mut schedule = self.schedule.lock().unwrap_or_else(PoisonError::into_inner);
        let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        let mut pause = None;
        for (call, outcome) in calls.into_iter().zip(outcomes) {
            if schedule.again(from, &call, tries(&outcome)) {
                pause = Some(BACK_OFF * call.tries * call.tries);
                continue;
            }
            found.0 += 1;
            if let (EdgeOutcome::Broken { .. }, Some(f), Some(t)) =
                (&outcome, self.probers.get(from), self.probers.get(call.target.node))
            {
                found.1.push(TrustEdge { from: f.spec, to: t.spec, host: call.target.host, outcome });
            }
        }
        if found.1.len() >= self.enough {
            schedule.give_up();
        }
        progress(found.0, total);
        pause
    }
}

/// How often a call with this outcome is tried. Throttling passes; a server that took the call and did not answer in time
/// may be overloaded, by our own calls; all else is a verdict.
fn tries(outcome: &EdgeOutcome) -> u32 {
    const THROTTLED: [&str; 4] = [
        "exchange_identification",
        "Connection reset by peer",
        "Exceeded MaxStartups",
        "Not allowed at this time",
    ];
    match outcome {
        EdgeOutcome::Works => 1,
        EdgeOutcome::Broken { said, .. } if THROTTLED.iter().any(|sign| said.contains(sign)) => 4,
        EdgeOutcome::Broken { status: TIMED_OUT, .. } => 2,
        EdgeOutcome::Broken { said, .. } if said.contains("timed out during banner exchange") => 2,
        EdgeOutcome::Broken { .. } => 1,
    }
}

/// Makes some calls side by side on one node.
async fn call(prober: &Prober, calls: &[Call]) -> Vec<EdgeOutcome> {
    let output = prober.shell.run(&script(prober, calls), BATCH_LIMIT).await;
    match output {
        Ok(output) => {
            let text = String::from_utf8_lossy(&output.stdout).into_owned();
            (0..calls.len()).map(|index| outcome(&text, index)).collect()
        }
        Err(error) => {
            let lost = EdgeOutcome::Broken { status: -1, said: error.to_string() };
            vec![lost; calls.len()]
        }
    }
}

/// Settings on the command line win over the user's own. `UpdateHostKeys` would write `known_hosts`.
fn script(prober: &Prober, calls: &[Call]) -> String {
    let kex = if prober.cheap_kex { " -o KexAlgorithms=^curve25519-sha256" } else { "" };
    let mut script = format!(
        "gs_limit=; ! timeout 5 true 2>/dev/null || gs_limit='timeout {CALL_LIMIT}'\n\
         gs_call() {{\n\
         gs_said=$($gs_limit ssh -n -T -o BatchMode=yes -o StrictHostKeyChecking=yes -o ConnectTimeout=20 \
         -o UpdateHostKeys=no -o ControlMaster=no -o ControlPath=none -o ForwardX11=no -o ForwardAgent=no{kex} \
         -- \"$2\" true 2>&1 >/dev/null </dev/null); gs_rc=$?\n\
         [ $gs_rc -eq 0 ] && gs_said= || gs_said=$(printf %s \"$gs_said\" | tail -c {MOST_SAID} | tr '\\n' '\\036')\n\
         printf '@%d %d %s\\n' \"$1\" $gs_rc \"$gs_said\"\n}}\n"
    );
    for (index, call) in calls.iter().enumerate() {
        script.push_str(&format!("gs_call {index} {} &\n", sh_quote(&call.target.host)));
    }
    script.push_str("wait\n");
    script
}

/// Finds the outcome of one call in what the node printed: a line for each, so that no two can mix; the line ends of
/// what `ssh` said stand in it as record separators.
fn outcome(text: &str, index: usize) -> EdgeOutcome {
    let head = format!("@{index} ");
    let Some(line) = text.lines().find_map(|l| l.strip_prefix(&head)) else {
        return EdgeOutcome::Broken { status: -1, said: "the node did not report on this call".to_owned() };
    };
    let (status, said) = line.split_once(' ').unwrap_or((line, ""));
    let said = said.replace('\u{1e}', "\n");
    match status.trim().parse() {
        Ok(0) => EdgeOutcome::Works,
        Ok(TIMED_OUT) => {
            EdgeOutcome::Broken { status: TIMED_OUT, said: format!("no answer within {CALL_LIMIT} seconds") }
        }
        Ok(status) => EdgeOutcome::Broken { status, said: printable(said.as_bytes()) },
        Err(_) => EdgeOutcome::Broken { status: -1, said: printable(said.as_bytes()) },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outcomes_are_found() {
        let text = "@1 255 banner\u{1e}ssh: connect to host x port 22: Connection refused\n@0 0 \n@2 124 \n";
        assert_eq!(outcome(text, 0), EdgeOutcome::Works);
        assert!(
            matches!(outcome(text, 1), EdgeOutcome::Broken { status: 255, said } if said.starts_with("banner | ssh:"))
        );
        assert!(matches!(outcome(text, 2), EdgeOutcome::Broken { status: 124, .. }));
        assert!(matches!(outcome(text, 3), EdgeOutcome::Broken { status: -1, .. }));
    }

    #[test]
    fn only_what_may_pass_is_tried_again() {
        let broken = |status, said: &str| EdgeOutcome::Broken { status, said: said.to_owned() };
        let cases = [
            (EdgeOutcome::Works, 1),
            (broken(255, "kex_exchange_identification: Connection closed by remote host"), 4),
            (broken(255, "Not allowed at this time"), 4),
            (broken(255, "Connection timed out during banner exchange"), 2),
            (broken(124, "no answer within 30 seconds"), 2),
            (broken(255, "ssh: connect to host x port 22: Connection timed out"), 1),
            (broken(255, "ssh: connect to host x port 22: Connection refused"), 1),
            (broken(255, "Permission denied (publickey)."), 1),
        ];
        for (outcome, wanted) in cases {
            assert_eq!(tries(&outcome), wanted, "{outcome:?}");
        }
    }
}
