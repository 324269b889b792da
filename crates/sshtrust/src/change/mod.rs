//! The one engine that changes nodes: all of them together, undone together, kept together.
//!
//! A [`Transaction`] begins a journal on every node, lets each do its work, has the result proven, and keeps it in two
//! halves: every node votes ([`Worksite::prepare`]), then it is decided. The decision is one node's, the *decider's*: it is
//! told first, and what it has on its disk is what holds. A node that has voted and hears no more asks it. See
//! `docs/architecture.md`.

mod error;
mod keeping;
mod resolve;
mod shared;

use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::future::join_all;
use tokio::sync::{Semaphore, watch};

use crate::apply::{Run, Worksite, random_id};
use crate::event::{Event, Observer};
use crate::identity::KeyMode;
use crate::inventory::NodeSpec;
use crate::limits::Limits;

pub use error::{NodeFailure, NodeTrouble, NotKept, Stop, Undone};
pub use resolve::{Unsettled, resolve};

/// Most nodes that are sent their files at a time: known_hosts alone has 200 KB a node in a cluster of 100.
const CHANGING_AT_ONCE: usize = 16;
/// So many peers are enough to ask.
const MOST_PEERS: usize = 8;

/// How the nodes of a transaction belong together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Policy {
    /// All change or none; the node with this place decides.
    AllOrNothing {
        /// The place among the parties.
        decider: usize,
    },
    /// As before, but a node whose coordinator is gone goes back without asking: trust, by which it could ask, is what is
    /// taken away.
    AllAlone,
    /// One that fails is put back at once and holds up no other.
    EachForItself,
}

/// A node that takes part.
pub struct Party<'a> {
    /// Which node.
    pub spec: NodeSpec,
    /// Where the work is done.
    pub site: &'a Worksite,
    /// The folders that it will write into, so that none is shared.
    pub folders: Vec<String>,
    /// A private key goes there that was not there before: one that all nodes share, or its own.
    pub gets_key: Option<KeyMode>,
    /// Its work was begun.
    acted: AtomicBool,
    /// Its journal was begun, and it has not been put back: from then on it waits for signs of life.
    begun: AtomicBool,
}

impl<'a> Party<'a> {
    /// A node that takes part.
    #[must_use]
    pub const fn new(
        spec: NodeSpec,
        site: &'a Worksite,
        folders: Vec<String>,
        gets_key: Option<KeyMode>,
    ) -> Self {
        Self { spec, site, folders, gets_key, acted: AtomicBool::new(false), begun: AtomicBool::new(false) }
    }

    /// What went wrong on it.
    pub fn failure(&self, trouble: impl Into<NodeTrouble>) -> NodeFailure {
        NodeFailure { node: self.spec, trouble: trouble.into() }
    }

    fn is_begun(&self) -> bool {
        self.begun.load(Ordering::Relaxed)
    }
}

/// One change of several nodes.
pub struct Transaction<'a> {
    parties: &'a [Party<'a>],
    policy: Policy,
    limits: Limits,
    observer: &'a dyn Observer,
    /// All that was begun is done, and waits for the proof: from here on silence of a node is its own fault.
    applied: AtomicBool,
}

impl<'a> Transaction<'a> {
    /// A change of these nodes, which are locked.
    #[must_use]
    pub const fn new(
        parties: &'a [Party<'a>],
        policy: Policy,
        limits: Limits,
        observer: &'a dyn Observer,
    ) -> Self {
        Self { parties, policy, limits, observer, applied: AtomicBool::new(false) }
    }

    /// Changes the nodes, has it proven, and keeps it. Returns the proof, and the failures of nodes that are each for
    /// itself. When `stop` becomes true before it is decided, all is undone.
    ///
    /// # Errors
    /// [`NotKept`]: why, and what became of the undoing.
    pub async fn run<T, R>(
        &self,
        act: impl AsyncFn(&Party<'_>) -> Result<(), NodeTrouble>,
        prove: impl AsyncFnOnce() -> Result<T, R>,
        stop: &mut watch::Receiver<bool>,
    ) -> Result<(T, Vec<NodeFailure>), NotKept<R>> {
        let mut interrupted = stop.clone();
        let work = async {
            let failed = self.apply(act).await?;
            let proof = prove().await.map_err(Stop::Refuted)?;
            self.prepare().await.map_err(Stop::Failed)?;
            Ok((proof, failed))
        };
        let result = tokio::select! {
            result = work => result,
            failures = self.heartbeat() => Err(Stop::Failed(failures)),
            _ = interrupted.wait_for(|stop| *stop) => Err(Stop::Interrupted),
        };
        // From here on the user's Ctrl-C waits: a change is kept by all or by none.
        let result = match result {
            Ok(done) => self.decide().await.map(|()| done),
            Err(stop) => Err(stop),
        };
        match result {
            Ok(done) => Ok(done),
            Err(Stop::Undecided(nodes)) => {
                Err(NotKept { why: Stop::Undecided(nodes), undone: Undone::default() })
            }
            Err(why) => Err(NotKept { why, undone: self.undo().await }),
        }
    }

    /// Begins everywhere and lets every node do its work.
    async fn apply<R>(
        &self,
        act: impl AsyncFn(&Party<'_>) -> Result<(), NodeTrouble>,
    ) -> Result<Vec<NodeFailure>, Stop<R>> {
        let mut failed = self.begin().await?;
        failed.extend(self.distinct_folders().await?);
        let gate = &Semaphore::new(CHANGING_AT_ONCE);
        let act = &act;
        let acting = self.begun().map(|party| async move {
            let _slot = gate.acquire().await;
            party.acted.store(true, Ordering::Relaxed);
            let done = act(party).await;
            self.observer.event(&Event::Changed(party.spec));
            done.map_err(|trouble| (party, trouble))
        });
        let results = join_all(acting).await;
        failed.extend(self.judge(results).await?);
        self.applied.store(true, Ordering::Relaxed);
        Ok(failed)
    }

    async fn begin<R>(&self) -> Result<Vec<NodeFailure>, Stop<R>> {
        let id = random_id(16)
            .map_err(|e| Stop::Failed(self.parties.first().map(|p| p.failure(e)).into_iter().collect()))?;
        let beginning = self.parties.iter().enumerate().map(|(place, party)| {
            let run = self.run_of(place, &id);
            async move {
                // Before, because a journal may be begun and the answer lost.
                party.begun.store(true, Ordering::Relaxed);
                party.site.begin(&run).await.map_err(|e| (party, NodeTrouble::from(e)))
            }
        });
        let results = join_all(beginning).await;
        self.judge(results).await
    }

    /// What the node at a place has to know of the others.
    fn run_of(&self, place: usize, id: &str) -> Run {
        let id = id.to_owned();
        let Policy::AllOrNothing { decider } = self.policy else {
            return Run { id, decider: None, peers: Vec::new() };
        };
        let others =
            self.parties.iter().enumerate().filter(|(other, _)| *other != place && *other != decider);
        Run {
            id,
            decider: self.parties.get(decider).filter(|_| place != decider).map(|party| party.spec),
            peers: others.map(|(_, party)| party.spec).take(MOST_PEERS).collect(),
        }
    }

    /// The nodes that are being changed.
    fn begun(&self) -> impl Iterator<Item = &Party<'a>> {
        self.parties.iter().filter(|party| party.is_begun())
    }

    /// Failures end it, or, where each is for itself, only what is done on their nodes.
    async fn judge<R>(
        &self,
        results: Vec<Result<(), (&Party<'a>, NodeTrouble)>>,
    ) -> Result<Vec<NodeFailure>, Stop<R>> {
        let failed: Vec<_> = results.into_iter().filter_map(Result::err).collect();
        let failures = failed.iter().map(|(party, trouble)| party.failure(trouble.clone()));
        let mut failures: Vec<NodeFailure> = failures.collect();
        if failures.is_empty() || self.policy != Policy::EachForItself {
            return if failures.is_empty() { Ok(failures) } else { Err(Stop::Failed(failures)) };
        }
        for (party, _) in failed {
            party.begun.store(false, Ordering::Relaxed);
            // Once more: the first try may have met the very trouble.
            let undone = match party.site.undo().await {
                Err(_) => party.site.undo().await,
                undone => undone,
            };
            match undone {
                Ok(remnants) => {
                    self.observer.event(&Event::Undone(party.spec));
                    failures.extend(remnants.into_iter().map(|r| party.failure(NodeTrouble::Remnant(r))));
                }
                Err(error) => failures.push(party.failure(error)),
            }
        }
        Ok(failures)
    }

    /// Tells the nodes again and again that the coordinator lives. Ends only if a node has given up. While some nodes are
    /// still being changed, one that failed is not asked why: its own error is on the way.
    async fn heartbeat(&self) -> Vec<NodeFailure> {
        loop {
            tokio::time::sleep(self.limits.renewal).await;
            let renewing = self.begun().map(|party| async move {
                let renewed = party.site.renew().await;
                renewed.or_else(|e| if party.is_begun() { Err(party.failure(e)) } else { Ok(()) })
            });
            let failed: Vec<_> = join_all(renewing).await.into_iter().filter_map(Result::err).collect();
            if !failed.is_empty() && self.applied.load(Ordering::Relaxed) {
                return failed;
            }
        }
    }
}
