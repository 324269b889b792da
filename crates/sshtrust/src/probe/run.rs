//! Runs the schedule: one loop that begins calls and files their ends. No call waits for another.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::Instant;

use trust::probe::by_name::Twins;
use trust::probe::{Call, Machines, Pace, Proof, Schedule, WAITS};

use super::by_name::twins;
use super::prober::Prober;
use super::script::{self, Answer, How, Order};
use super::{By, Cause, Pair, PairState, Progress, Scope, TrustEdge, TrustMatrix, WIDTH, likely_cause};
use crate::inventory::{NodeIx, NodeMap};

/// How long the loop on a node may run.
const TALK_LIMIT: Duration = Duration::from_secs(24 * 3600);
/// How many nodes' answers may wait to be filed.
const WAITING_ANSWERS: usize = 1_024;
/// Most lines of one node that are taken at a time.
const LINES: usize = 64;

/// Probes the ordered pairs of the scope. A node whose shell is lost on the way leaves its other pairs unseen.
pub async fn probe(
    nodes: &NodeMap<Prober>,
    scope: Scope,
    progress: &(dyn Fn(Progress) + Sync),
) -> TrustMatrix {
    run(nodes, scope, Twins::default(), progress).await
}

/// As [`probe`], without the calls by name of which the calling node itself shows that they do what the call by address
/// does, where that one works. [`TrustMatrix::proofs`] counts them.
pub async fn probe_what_differs(
    nodes: &NodeMap<Prober>,
    scope: Scope,
    progress: &(dyn Fn(Progress) + Sync),
) -> TrustMatrix {
    let both = scope.by_ip && scope.by_name;
    let twins = if both { twins(nodes, &scope.pairs, &scope.limits).await } else { Twins::default() };
    run(nodes, scope, twins, progress).await
}

async fn run(
    nodes: &NodeMap<Prober>,
    scope: Scope,
    twins: Twins,
    progress: &(dyn Fn(Progress) + Sync),
) -> TrustMatrix {
    let mut run = Run::new(nodes, scope, twins);
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
    /// All that had come when it was looked at.
    Answers(Vec<Answer>),
    /// Its shell is gone.
    Lost,
}

struct Run<'a> {
    nodes: &'a NodeMap<Prober>,
    scope: Scope,
    /// By what each node is called, and how.
    names: NodeMap<Vec<(By, String)>>,
    schedule: Schedule,
    /// The pairs whose call by name is made only if the one by address fails.
    twins: Twins,
    pace: Pace,
    matrix: TrustMatrix,
    /// Which machines answer.
    machines: Machines,
    /// By what this run's answers are known.
    mark: String,
    start: Instant,
    /// A node that has not reported on a call by then will not do so: it ends the call itself before.
    no_report: Duration,
    /// Calls under way, by number, so the oldest first.
    begun: BTreeMap<usize, Begun>,
    /// How many of them count.
    active: usize,
    number: usize,
    say: HashMap<NodeIx, mpsc::Sender<String>>,
    /// When each node last reported on a call.
    heard: HashMap<NodeIx, Duration>,
    answers: mpsc::Receiver<(NodeIx, Heard)>,
    to_answers: mpsc::Sender<(NodeIx, Heard)>,
    progress: Progress,
}

impl<'a> Run<'a> {
    fn new(nodes: &'a NodeMap<Prober>, scope: Scope, twins: Twins) -> Self {
        let has_name = |to| nodes.get(to).is_some_and(|node| node.name.is_some());
        let matrix = TrustMatrix::unseen(nodes.map(|node| node.spec), &scope, has_name);
        let names: NodeMap<Vec<(By, String)>> = nodes.map(|node| names(node, matrix.by()));
        let counts: NodeMap<usize> = names.map(Vec::len);
        let can_call = |from: NodeIx| nodes.get(from).is_some_and(|node| node.shell.is_some());
        let calls = |from: NodeIx, to: NodeIx| can_call(from) && scope.pairs.holds(from, to);
        let mut schedule = Schedule::new(&counts, calls, scope.with_self, scope.limits.retries);
        let progress = Progress { total: schedule.waiting(), ..Progress::default() };
        let by_name = |call: &Call| named(&names, call).is_some_and(|(by, _)| *by == By::Name);
        schedule.spare(|call| twins.contains(call.from, call.to) && by_name(call));
        let (to_answers, answers) = mpsc::channel(WAITING_ANSWERS);
        Self {
            nodes,
            no_report: scope.limits.call * 3 / 2,
            scope,
            names,
            schedule,
            twins,
            pace: Pace::new(nodes.len() * WIDTH),
            matrix,
            machines: Machines::new(nodes.map(|node| (node.spec, node.machine.clone()))),
            mark: script::mark(),
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
        for (index, node) in self.nodes.entries() {
            let Some(shell) = &node.shell else { continue };
            let how = How {
                cheap_kex: node.cheap_kex,
                identities_only: self.scope.identities_only,
                mark: &self.mark,
            };
            let script = script::script(how, &self.scope.limits);
            let Ok(mut dialogue) = shell.talk(&script, TALK_LIMIT).await else {
                self.lost(index);
                continue;
            };
            self.say.insert(index, dialogue.say);
            let answers = self.to_answers.clone();
            tokio::spawn(async move {
                let mut lines = Vec::new();
                while dialogue.hear.recv_many(&mut lines, LINES).await > 0 {
                    let heard = lines.drain(..).filter_map(|line| script::answer(&line)).collect();
                    if answers.send((index, Heard::Answers(heard))).await.is_err() {
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
                    Some((from, heard)) => self.take(from, heard),
                    None => return,
                },
                () = tokio::time::sleep_until(wake) => {}
            }
            // The more there is to do, the more is done between two looks at all nodes.
            while let Ok((from, heard)) = self.answers.try_recv() {
                self.take(from, heard);
            }
        }
    }

    fn take(&mut self, from: NodeIx, heard: Heard) {
        match heard {
            Heard::Answers(answers) => answers.into_iter().for_each(|answer| self.file(from, answer)),
            Heard::Lost => self.lost(from),
        }
    }

    /// Begins whatever may begin.
    fn begin(&mut self, now: Duration) {
        // The places of a node that proves to be lost are free for others.
        while self.hand_out(now) {}
    }

    /// Begins calls; what one node is to do goes to it in one piece. `true`: a node was lost thereby.
    fn hand_out(&mut self, now: Duration) -> bool {
        let mut orders: HashMap<NodeIx, Vec<String>> = HashMap::new();
        while self.active < self.pace.limit() {
            let Some(call) = self.schedule.next(now) else { break };
            self.number += 1;
            let order = self.order(&call);
            self.begun.insert(self.number, Begun { call, when: now, waits: false });
            self.active += 1;
            orders.entry(call.from).or_default().extend(order);
        }
        let mut lost = false;
        for (from, orders) in orders {
            let say = self.say.get(&from).filter(|_| !orders.is_empty());
            // A shell whose lines pile up is as good as lost; its other calls are not begun.
            if say.is_none_or(|say| say.try_send(orders.join("\n")).is_err()) {
                self.lost(from);
                lost = true;
            }
        }
        lost
    }

    /// The line that begins a call. A name is looked up too, to see whether it leads to the node's address; a node's own
    /// name may lead to its loopback.
    fn order(&self, call: &Call) -> Option<String> {
        let (by, host) = named(&self.names, call)?;
        let to = self.nodes.get(call.to)?;
        let address = to.spec.ip.to_string();
        let leads_to = (*by == By::Name && call.from != call.to).then_some(address.as_str());
        Some(Order { id: self.number, host, leads_to, posix_shell: to.posix_shell, brief: to.hangs }.line())
    }

    /// Gives up calls on which nobody has reported, and stops counting those that only wait.
    fn look_at_the_old(&mut self, now: Duration) {
        let old = self.begun.iter().take_while(|(_, b)| now >= b.when + self.no_report);
        let old: Vec<(usize, NodeIx, Duration)> = old.map(|(id, b)| (*id, b.call.from, b.when)).collect();
        for (id, from, when) in old {
            // One that has reported on other calls meanwhile is there; this one call hangs.
            if self.heard.get(&from).is_none_or(|last| *last < when) {
                self.lost(from);
                continue;
            }
            let said =
                format!("the node did not report on this call within {} seconds", self.no_report.as_secs());
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
        let oldest = self.begun.values().next().map(|b| b.when + self.no_report);
        let planned = self.schedule.wake_at(now);
        [counted, oldest, planned].into_iter().flatten().min().unwrap_or(now + WAITS)
    }

    fn file(&mut self, from: NodeIx, answer: Answer) {
        let call = self.begun.get(&answer.id).map(|begun| begun.call).filter(|call| call.from == from);
        self.heard.insert(from, self.start.elapsed());
        // A call that was given up, or a number that this node was not told.
        let Some(call) = call else { return };
        let cause = match answer.elsewhere {
            Some(found) => Some(Cause::WrongAddress { found }),
            None if answer.status == 0 => self.unproven(&call, answer.proof),
            None => Some(likely_cause(Some(answer.status), &answer.said)),
        };
        self.end(answer.id, cause, Some(answer.status), answer.said);
    }

    /// Why a call that ended well does not count; `None`: it does.
    fn unproven(&mut self, call: &Call, proof: Option<Proof>) -> Option<Cause> {
        let Some(proof) = proof else { return Some(Cause::ForcedCommand) };
        let by = named(&self.names, call).map_or(By::Ip, |(by, _)| *by);
        let taken = self.machines.take(call.from, call.to, by, proof);
        let spec = |node: NodeIx| self.nodes.get(node).map(|node| node.spec);
        taken.err().map(|answered| Cause::WrongMachine { answered: answered.and_then(spec) })
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
        let Some((by, host)) = named(&self.names, &call).cloned() else { return };
        let Some(cause) = cause else {
            self.matrix.set(call.from, call.to, by, Pair { state: PairState::Works, millis });
            self.derive(call, by);
            return;
        };
        self.call_by_name_too(call, by);
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
            self.nodes.indices().for_each(|from| self.drop_calls(from));
        }
    }

    /// A call by address works: so does the one by name that would do the same.
    fn derive(&mut self, call: Call, by: By) {
        if by == By::Ip && self.twins.take(call.from, call.to) {
            self.matrix.derive(call.from, call.to);
            self.progress.done += 1;
        }
    }

    /// A call by address does not work. That proves nothing about the one by name, so it is made.
    fn call_by_name_too(&mut self, call: Call, by: By) {
        if by == By::Ip && self.twins.take(call.from, call.to) {
            let names = self.names.get(call.to).into_iter().flatten();
            if let Some(name) = names.map(|(by, _)| *by).position(|by| by == By::Name) {
                self.schedule.add(call.from, call.to, name);
            }
        }
    }

    /// A node's shell is gone: what it was doing is not known, and what it was to do will not be done.
    fn lost(&mut self, from: NodeIx) {
        self.say.remove(&from);
        self.machines.forget(from);
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

    fn drop_calls(&mut self, from: NodeIx) {
        self.progress.total -= self.schedule.lose(from).len() + self.twins.take_all_of(from);
    }

    fn close(mut self) -> TrustMatrix {
        // Dropped, the loops on the nodes end.
        self.say.clear();
        for (from, to, by) in self.machines.doubtful() {
            let host = |by: By| {
                let names = self.names.get(to).into_iter().flatten();
                names.filter(|(known, _)| *known == by).map(|(_, host)| host.clone()).collect()
            };
            self.matrix.refute(from, to, by, host);
        }
        self.matrix.finish();
        self.matrix
    }
}

/// By what a call calls its node.
fn named<'a>(names: &'a NodeMap<Vec<(By, String)>>, call: &Call) -> Option<&'a (By, String)> {
    names.get(call.to)?.get(call.name)
}

/// By what a node is called.
fn names(node: &Prober, by: &[By]) -> Vec<(By, String)> {
    let one = |by: &By| match by {
        By::Ip => Some((By::Ip, node.spec.ip.to_string())),
        By::Name => node.name.clone().map(|name| (By::Name, name)),
    };
    by.iter().filter_map(one).collect()
}
