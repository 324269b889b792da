//! Runs the schedule: one loop that begins calls and files their ends. No call waits for another.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::Instant;

use super::cause::{Cause, likely_cause};
use super::matrix::{By, Pair, PairState, TrustEdge, TrustMatrix};
use super::pace::{Pace, WAITS};
use super::schedule::{Call, Schedule, WIDTH};
use super::script::{self, Answer, CALL_LIMIT};
use crate::inventory::NodeSpec;
use crate::node::Shell;

/// A node that has not reported on a call by then will not do so: it ends the call itself before.
const NO_REPORT: Duration = Duration::from_secs(CALL_LIMIT + 30);
/// How long the loop on a node may run.
const TALK_LIMIT: Duration = Duration::from_secs(24 * 3600);
/// How many answers may wait to be filed.
const WAITING_ANSWERS: usize = 1_024;

/// A node that is called, and calls if it can.
#[derive(Debug, Clone)]
pub struct Prober {
    /// Which node.
    pub spec: NodeSpec,
    /// Its shell; without one it calls nobody.
    pub shell: Option<Shell>,
    /// Its host name, if it is to be called by that and has one that can be used.
    pub name: Option<String>,
    /// Its `ssh` may prefer a cheap key exchange: OpenSSH 8.1 or later, not in FIPS mode.
    pub cheap_kex: bool,
}

/// Which pairs are probed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scope {
    /// Call by address.
    pub by_ip: bool,
    /// Call by host name.
    pub by_name: bool,
    /// Each node calls itself too.
    pub with_self: bool,
    /// After so many broken pairs no more are begun.
    pub enough: Option<usize>,
}

/// How far a probe is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Progress {
    /// Pairs that have a result.
    pub done: usize,
    /// Of these, pairs that do not work.
    pub bad: usize,
    /// All pairs that can be tried.
    pub total: usize,
}

/// Probes every ordered pair. A node whose shell is lost on the way leaves its other pairs unseen.
pub async fn probe(nodes: &[Prober], scope: Scope, progress: &(dyn Fn(Progress) + Sync)) -> TrustMatrix {
    let mut run = Run::new(nodes, scope);
    run.open().await;
    run.drive(progress).await;
    run.close()
}

/// A call under way.
struct Begun {
    call: Call,
    when: Duration,
    /// It is older than [`WAITS`], so it is not counted by the pace.
    waits: bool,
}

/// Something that came from a node.
enum Heard {
    Answer(Answer),
    /// Its shell is gone.
    Lost,
}

struct Run<'a> {
    nodes: &'a [Prober],
    scope: Scope,
    /// By what each node is called, and how.
    names: Vec<Vec<(By, String)>>,
    schedule: Schedule,
    pace: Pace,
    matrix: TrustMatrix,
    start: Instant,
    /// Calls under way, by number, so the oldest first.
    begun: BTreeMap<usize, Begun>,
    /// How many of them count.
    active: usize,
    number: usize,
    say: HashMap<usize, mpsc::Sender<String>>,
    /// When each node last reported on a call.
    heard: HashMap<usize, Duration>,
    answers: mpsc::Receiver<(usize, Heard)>,
    to_answers: mpsc::Sender<(usize, Heard)>,
    progress: Progress,
}

impl<'a> Run<'a> {
    fn new(nodes: &'a [Prober], scope: Scope) -> Self {
        let by: Vec<By> =
            [(By::Ip, scope.by_ip), (By::Name, scope.by_name)].iter().filter(|b| b.1).map(|b| b.0).collect();
        let names: Vec<Vec<(By, String)>> = nodes.iter().map(|node| names(node, &by)).collect();
        let counts: Vec<usize> = names.iter().map(Vec::len).collect();
        let calls = |from: usize| nodes.get(from).is_some_and(|node| node.shell.is_some());
        let schedule = Schedule::new(&counts, calls, scope.with_self);
        let mut matrix = TrustMatrix::new(nodes.iter().map(|node| node.spec).collect(), by.clone());
        for from in 0..nodes.len() {
            // A node without a name that can be used is a pair all the same: one that nobody can try.
            for to in (0..nodes.len()).filter(|to| scope.with_self || *to != from) {
                by.iter().for_each(|by| matrix.set(from, to, *by, Pair::UNSEEN));
            }
        }
        let (to_answers, answers) = mpsc::channel(WAITING_ANSWERS);
        let progress = Progress { total: schedule.waiting(), ..Progress::default() };
        Self {
            nodes,
            scope,
            names,
            schedule,
            pace: Pace::new(nodes.len() * WIDTH),
            matrix,
            start: Instant::now(),
            begun: BTreeMap::new(),
            active: 0,
            number: 0,
            say: HashMap::new(),
            heard: HashMap::new(),
            answers,
            to_answers,
            progress,
        }
    }

    /// Starts the loop on every node that can call.
    async fn open(&mut self) {
        for (index, node) in self.nodes.iter().enumerate() {
            let Some(shell) = &node.shell else { continue };
            let Ok(mut dialogue) = shell.talk(&script::script(node.cheap_kex), TALK_LIMIT).await else {
                self.lost(index);
                continue;
            };
            self.say.insert(index, dialogue.say);
            let answers = self.to_answers.clone();
            tokio::spawn(async move {
                while let Some(line) = dialogue.hear.recv().await {
                    let Some(answer) = script::answer(&line) else { continue };
                    if answers.send((index, Heard::Answer(answer))).await.is_err() {
                        return;
                    }
                }
                let _ = answers.send((index, Heard::Lost)).await;
            });
        }
    }

    async fn drive(&mut self, progress: &(dyn Fn(Progress) + Sync)) {
        loop {
            let now = self.start.elapsed();
            self.look_at_the_old(now);
            self.begin(now);
            progress(self.progress);
            if self.begun.is_empty() && self.schedule.waiting() == 0 {
                return;
            }
            let wake = self.start + self.wake_at(now);
            tokio::select! {
                heard = self.answers.recv() => match heard {
                    Some((from, Heard::Answer(answer))) => self.file(from, answer),
                    Some((from, Heard::Lost)) => self.lost(from),
                    None => return,
                },
                () = tokio::time::sleep_until(wake) => {}
            }
        }
    }

    /// Begins whatever may begin.
    fn begin(&mut self, now: Duration) {
        while self.active < self.pace.limit() {
            let Some(call) = self.schedule.next(now) else { return };
            self.number += 1;
            let to = self.nodes.get(call.to).map(|node| node.spec.ip.to_string()).unwrap_or_default();
            let name = self.names.get(call.to).and_then(|names| names.get(call.name));
            let order =
                name.map(|(by, host)| script::order(self.number, host, *by, &to, call.from == call.to));
            let said = self.say.get(&call.from).zip(order).map(|(say, order)| say.try_send(order));
            self.begun.insert(self.number, Begun { call, when: now, waits: false });
            self.active += 1;
            // A shell whose lines pile up is as good as lost; its other calls are not begun.
            if !matches!(said, Some(Ok(()))) {
                self.lost(call.from);
            }
        }
    }

    /// Gives up calls on which nobody has reported, and stops counting those that only wait.
    fn look_at_the_old(&mut self, now: Duration) {
        let old = self.begun.iter().take_while(|(_, b)| now >= b.when + NO_REPORT);
        let old: Vec<(usize, usize, Duration)> = old.map(|(id, b)| (*id, b.call.from, b.when)).collect();
        for (id, from, when) in old {
            // One that has reported on other calls meanwhile is there; this one call hangs.
            if self.heard.get(&from).is_none_or(|last| *last < when) {
                self.lost(from);
                continue;
            }
            let said = format!("the node did not report on this call within {} seconds", NO_REPORT.as_secs());
            self.end(id, None, None, said);
        }
        for begun in self.begun.values_mut().take_while(|b| now >= b.when + WAITS) {
            self.active -= usize::from(!begun.waits);
            begun.waits = true;
        }
    }

    /// When to look again if nothing is heard.
    fn wake_at(&self, now: Duration) -> Duration {
        let counted = self.begun.values().find(|b| !b.waits).map(|b| b.when + WAITS);
        let oldest = self.begun.values().next().map(|b| b.when + NO_REPORT);
        let planned = self.schedule.wake_at(now);
        [counted, oldest, planned].into_iter().flatten().min().unwrap_or(now + WAITS)
    }

    fn file(&mut self, from: usize, answer: Answer) {
        let asked = self.begun.get(&answer.id).is_some_and(|begun| begun.call.from == from);
        self.heard.insert(from, self.start.elapsed());
        // A call that was given up, or a number that this node was not told.
        if !asked {
            return;
        }
        let works = answer.status == 0 && answer.elsewhere.is_none();
        let cause = match answer.elsewhere {
            Some(found) => Some(Cause::WrongAddress { found }),
            None if works => None,
            None => Some(likely_cause(Some(answer.status), &answer.said)),
        };
        self.end(answer.id, cause, Some(answer.status), answer.said);
    }

    /// Files the end of a call, or lets it be tried again. Without a status, nobody reported on it.
    fn end(&mut self, id: usize, cause: Option<Cause>, status: Option<i32>, said: String) {
        let Some(Begun { call, when, waits }) = self.begun.remove(&id) else { return };
        let now = self.start.elapsed();
        self.active -= usize::from(!waits);
        self.pace.ended(now);
        let cause = if status.is_none() { Some(Cause::Hung) } else { cause };
        if self.schedule.done(call, cause.as_ref(), now) {
            return;
        }
        self.progress.done += 1;
        let millis = u32::try_from(now.saturating_sub(when).as_millis()).unwrap_or(u32::MAX).max(1);
        let Some((by, host)) = self.names.get(call.to).and_then(|names| names.get(call.name)).cloned() else {
            return;
        };
        let Some(cause) = cause else {
            self.matrix.set(call.from, call.to, by, Pair { state: PairState::Works, millis });
            return;
        };
        self.progress.bad += 1;
        let state = if cause.is_throttling() { PairState::Throttled } else { PairState::Broken };
        self.matrix.add(TrustEdge {
            from: call.from,
            to: call.to,
            by,
            host,
            state,
            status,
            said,
            cause,
            millis,
        });
        if self.scope.enough.is_some_and(|enough| self.progress.bad >= enough) {
            (0..self.nodes.len()).for_each(|from| self.drop_calls(from));
        }
    }

    /// A node's shell is gone: what it was doing is not known, and what it was to do will not be done.
    fn lost(&mut self, from: usize) {
        self.say.remove(&from);
        self.matrix.lose(from);
        self.drop_calls(from);
        let under_way: Vec<usize> =
            self.begun.iter().filter(|(_, b)| b.call.from == from).map(|(id, _)| *id).collect();
        for id in under_way {
            let Some(begun) = self.begun.remove(&id) else { continue };
            self.active -= usize::from(!begun.waits);
            self.schedule.forget(begun.call);
            self.progress.total -= 1;
        }
    }

    fn drop_calls(&mut self, from: usize) {
        self.progress.total -= self.schedule.lose(from).len();
    }

    fn close(mut self) -> TrustMatrix {
        // Dropped, the loops on the nodes end.
        self.say.clear();
        self.matrix.finish();
        self.matrix
    }
}

/// By what a node is called.
fn names(node: &Prober, by: &[By]) -> Vec<(By, String)> {
    let one = |by: &By| match by {
        By::Ip => Some((By::Ip, node.spec.ip.to_string())),
        By::Name => node.name.clone().map(|name| (By::Name, name)),
    };
    by.iter().filter_map(one).collect()
}
