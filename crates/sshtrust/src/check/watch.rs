//! `check` again and again: the nodes stay entered, and every pair is tried in every round.

use std::time::{Duration, Instant, SystemTime};

use futures_util::StreamExt;
use futures_util::future::LocalBoxFuture;
use futures_util::stream::FuturesUnordered;
use tokio::time::{Instant as Moment, sleep, sleep_until};

use super::hush::Hush;
use super::{CheckError, Checked, Options, checked, enter, enter_all, names, probe_all};
use crate::enter::{NoEntry, Passwords, Question};
use crate::event::{Event, Observer};
use crate::fleet::{Gate, Visited, visit};
use crate::inventory::{NodeIx, NodeMap, NodeSpec};
use crate::node::NodeError;
use crate::observe::{Glance, ObserveError, glance};
use crate::probe::{Change, LastSeen};
use crate::secret::Secret;

/// So long a round waits for nodes that are being entered again or looked at. Whoever takes longer is not waited for.
const GRACE: Duration = Duration::from_secs(5);
/// What changed is looked at once more after this time, before it is told: an sshd that is being restarted is no news.
const SECOND_LOOK: Duration = Duration::from_secs(3);
/// Most looks of a round: what changes all the time is told as it is then.
const MOST_LOOKS: usize = 3;

/// What a round found.
#[derive(Debug)]
pub struct Round {
    /// Its number, from 1.
    pub number: u64,
    /// How the pairs are.
    pub checked: Checked,
    /// What is not as it was in the round before. Before the first, all pairs are taken to work.
    pub changes: Vec<Change>,
}

/// A cluster that is watched. Nodes are entered by keys alone, so that no password has to be kept. What is lost is entered
/// again at the next round.
pub struct Watch<'a> {
    options: &'a Options,
    observer: &'a dyn Observer,
    /// The same in later rounds, where only news are told.
    hushed: &'a Hush<'a>,
    every: Duration,
    /// When the next round is due.
    due: Moment,
    rounds: u64,
    nodes: NodeMap<Visited>,
    /// The nodes that are being entered again.
    coming: FuturesUnordered<LocalBoxFuture<'a, (NodeIx, Option<Visited>)>>,
    /// Whether a node is among them.
    is_coming: NodeMap<bool>,
    gate: &'a Gate,
    seen: LastSeen,
}

/// What a watch borrows for as long as it lasts.
pub struct Room<'a> {
    hushed: Hush<'a>,
    gate: Gate,
}

impl<'a> Room<'a> {
    /// For one watch, which tells what happens to `observer`.
    #[must_use]
    pub fn new(observer: &'a dyn Observer) -> Self {
        Self { hushed: Hush::new(observer), gate: Gate::default() }
    }
}

impl<'a> Watch<'a> {
    /// A watch with a round each `every`. It does nothing yet.
    #[must_use]
    pub fn new(options: &'a Options, every: Duration, room: &'a Room<'a>) -> Self {
        Self {
            options,
            observer: room.hushed.observer(),
            hushed: &room.hushed,
            every,
            due: Moment::now(),
            rounds: 0,
            nodes: NodeMap::default(),
            coming: FuturesUnordered::new(),
            is_coming: options.cluster.nodes.map(|_| false),
            gate: &room.gate,
            seen: LastSeen::default(),
        }
    }

    /// Waits until a round is due, and makes it. One that takes longer than the interval is followed by the next at once.
    ///
    /// # Errors
    /// [`CheckError`], in the first round only: what is wrong from the beginning. Later a cluster that nobody can enter is a
    /// round in which no pair was seen.
    pub async fn next(&mut self) -> Result<Round, CheckError> {
        self.wait().await;
        self.due = Moment::now() + self.every;
        if self.rounds == 0 {
            self.nodes = enter_all(self.options, &mut Nobody, self.observer).await?;
            if self.nodes.iter().all(|node| node.result.is_err()) {
                return Err(CheckError::NoNodeEntered(super::failures(&self.nodes)));
            }
        }
        let mut found = self.look(self.rounds == 0).await;
        if self.rounds == 0 && found.matrix.counts().total() == 0 {
            return Err(CheckError::NoPair);
        }
        let mut changes = self.seen.compare(&found.matrix);
        for _ in 1..MOST_LOOKS {
            if changes.is_empty() {
                break;
            }
            sleep(SECOND_LOOK.min(self.every)).await;
            let again = self.look(false).await;
            let still = self.seen.compare(&again.matrix);
            let agree = still == changes;
            (found, changes) = (again, still);
            if agree {
                break;
            }
        }
        self.seen.learn(&found.matrix);
        self.rounds += 1;
        Ok(Round { number: self.rounds, checked: found, changes })
    }

    /// Until the next round is due. Nodes may come meanwhile.
    async fn wait(&mut self) {
        loop {
            tokio::select! {
                Some((node, came)) = self.coming.next() => self.arrived(node, came),
                () = sleep_until(self.due) => return,
            }
        }
    }

    /// One look at all pairs: the first, of nodes that were entered just now, or a later one.
    async fn look(&mut self, first: bool) -> Checked {
        let (began, start) = (SystemTime::now(), Instant::now());
        if !first {
            self.gather().await;
        }
        let observer: &dyn Observer = if first { self.observer } else { self.hushed };
        let names = names(self.options, &self.nodes, observer).await;
        let mut came = Vec::new();
        let matrix = {
            let mut probing = std::pin::pin!(probe_all(self.options, &self.nodes, &names, observer));
            loop {
                tokio::select! {
                    matrix = &mut probing => break matrix,
                    Some(one) = self.coming.next() => came.push(one),
                }
            }
        };
        let found = checked(self.options, &self.nodes, &names, matrix, began, start.elapsed());
        came.into_iter().for_each(|(node, came)| self.arrived(node, came));
        for node in found.matrix.lost() {
            self.lose(*node, NodeError::Lost(String::new()));
        }
        found
    }

    /// Asks every node how it is, and enters those again that are not there: all at the same time, and for no longer than
    /// the grace. A node that does not answer goes on as it was known; the pairs will tell.
    async fn gather(&mut self) {
        let standing = self.nodes.entries().filter_map(|(node, visited)| {
            let shell = visited.result.as_ref().ok()?.shell.clone();
            Some(async move { (node, glance(&shell).await) })
        });
        let mut looking: FuturesUnordered<_> = standing.collect();
        let gone: Vec<NodeIx> =
            self.nodes.entries().filter(|(_, node)| node.result.is_err()).map(|(node, _)| node).collect();
        gone.into_iter().for_each(|node| self.enter_again(node));
        let deadline = Moment::now() + GRACE;
        while !(looking.is_empty() && self.coming.is_empty()) {
            tokio::select! {
                Some((node, seen)) = looking.next() => self.refresh(node, seen),
                Some((node, came)) = self.coming.next() => self.arrived(node, came),
                () = sleep_until(deadline) => return,
            }
        }
    }

    /// A node has told how it is, or cannot any more: a connection that was idle for long may be gone.
    fn refresh(&mut self, node: NodeIx, seen: Result<Glance, ObserveError>) {
        match seen {
            Ok(seen) => {
                if let Some(inside) = self.nodes.get_mut(node).and_then(|node| node.result.as_mut().ok()) {
                    inside.glance = seen;
                }
            }
            Err(ObserveError::Node(error)) => {
                self.lose(node, error);
                self.enter_again(node);
            }
            // Its shell answers, so it can call.
            Err(_) => {}
        }
    }

    /// A node is gone. What it was entered by goes too.
    fn lose(&mut self, node: NodeIx, error: NodeError) {
        if let Some(visited) = self.nodes.get_mut(node).filter(|visited| visited.result.is_ok()) {
            visited.result = Err(NoEntry::Node(error));
            self.hushed.forget(visited.spec);
        }
    }

    /// Begins to enter a node again, if that is not under way.
    fn enter_again(&mut self, node: NodeIx) {
        let Some(spec) = self.nodes.get(node).map(|visited| visited.spec) else { return };
        let Some(is_coming) = self.is_coming.get_mut(node) else { return };
        if std::mem::replace(is_coming, true) {
            return;
        }
        let (options, observer, gate) = (self.options, self.hushed, self.gate);
        self.coming.push(Box::pin(async move { (node, gate.pass(again(options, spec, observer)).await) }));
    }

    /// A node was entered again, or could not be.
    fn arrived(&mut self, node: NodeIx, came: Option<Visited>) {
        if let Some(is_coming) = self.is_coming.get_mut(node) {
            *is_coming = false;
        }
        let (Some(place), Some(came)) = (self.nodes.get_mut(node), came) else { return };
        if let Err(why) = &came.result {
            self.hushed.event(&Event::Warning { node: came.spec, text: why.to_string() });
        }
        *place = came;
    }
}

/// Enters one node. `None`: a file of this machine could not be read, which says nothing of the node.
async fn again(options: &Options, spec: NodeSpec, observer: &dyn Observer) -> Option<Visited> {
    let cluster = options.cluster.only(|node| node == spec);
    let entries = enter(options, &cluster, &[], &mut Nobody, observer).await.ok()?;
    Some(visit(entries.into_iter().next()?).await)
}

/// Nobody is there to be asked.
struct Nobody;

impl Passwords for Nobody {
    async fn ask(&mut self, _: Question) -> Result<Secret, String> {
        Err("nobody is asked".to_owned())
    }

    fn asks_again(&self) -> bool {
        false
    }
}
