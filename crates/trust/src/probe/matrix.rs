//! The result of probing: one entry for every ordered pair.

mod expected;
mod proofs;

use std::collections::BTreeSet;
use std::sync::OnceLock;
use std::time::Duration;

pub use proofs::{Proofs, Sampled};

use super::cause::Cause;
use crate::inventory::{NodeIx, NodeMap, NodeSpec};

/// By what a node is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum By {
    /// By its address.
    Ip,
    /// By its host name.
    Name,
}

/// How a pair is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum PairState {
    /// The command ran.
    Works,
    /// It ran, but took much longer than on other pairs.
    Slow,
    /// It did not run, and another try would not help.
    Broken,
    /// The called server turned every try away as one too many: nobody knows whether trust is there.
    Throttled,
    /// It was not tried: the calling node could not be used.
    Unseen,
}

impl PairState {
    /// Whether trust was seen to work.
    #[must_use]
    pub const fn is_good(self) -> bool {
        matches!(self, Self::Works | Self::Slow)
    }
}

/// One result. Small: 1,000 nodes have two million of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pair {
    /// How it is.
    pub state: PairState,
    /// How long the last try took, in milliseconds, as the coordinator saw it; 0 if it was not tried.
    pub millis: u32,
}

impl Pair {
    /// A pair that was not tried.
    pub const UNSEEN: Self = Self { state: PairState::Unseen, millis: 0 };

    /// How long the last try took.
    #[must_use]
    pub const fn time(self) -> Duration {
        Duration::from_millis(self.millis as u64)
    }
}

/// An ordered pair of nodes that does not work, and what is known about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrustEdge {
    /// The node that calls.
    pub from: NodeIx,
    /// The node that is called.
    pub to: NodeIx,
    /// By what it is called.
    pub by: By,
    /// The address or host name that was used.
    pub host: String,
    /// How it ended: [`PairState::Broken`] or [`PairState::Throttled`].
    pub state: PairState,
    /// Exit status of `ssh`, if it came to its end.
    pub status: Option<i32>,
    /// What `ssh` printed, safe to show; lines are set apart by ` | `.
    pub said: String,
    /// What that most likely means.
    pub cause: Cause,
    /// How long the last try took, in milliseconds.
    pub millis: u32,
}

/// Which of the pairs that do not work: its place in [`TrustMatrix::edges`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EdgeIx(usize);

impl EdgeIx {
    /// The pair at this place.
    #[must_use]
    pub const fn new(place: usize) -> Self {
        Self(place)
    }

    /// The place, for output.
    #[must_use]
    pub const fn get(self) -> usize {
        self.0
    }
}

/// How many pairs are how.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// [`PairState::Works`].
    pub works: usize,
    /// [`PairState::Slow`].
    pub slow: usize,
    /// [`PairState::Broken`].
    pub broken: usize,
    /// [`PairState::Throttled`].
    pub throttled: usize,
    /// [`PairState::Unseen`].
    pub unseen: usize,
}

impl Counts {
    /// All pairs.
    #[must_use]
    pub const fn total(self) -> usize {
        self.works + self.slow + self.broken + self.throttled + self.unseen
    }

    /// The pairs on which trust was seen to work.
    #[must_use]
    pub const fn good(self) -> usize {
        self.works + self.slow
    }

    /// Counts one more.
    pub const fn add(&mut self, state: PairState) {
        match state {
            PairState::Works => self.works += 1,
            PairState::Slow => self.slow += 1,
            PairState::Broken => self.broken += 1,
            PairState::Throttled => self.throttled += 1,
            PairState::Unseen => self.unseen += 1,
        }
    }
}

/// All pairs of a cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrustMatrix {
    nodes: NodeMap<NodeSpec>,
    by: Vec<By>,
    /// Row by row; in each a slot for every node and name. `None`: not a pair of this run.
    pairs: Vec<Option<Pair>>,
    edges: Vec<TrustEdge>,
    lost: Vec<NodeIx>,
    /// What the pairs stand for, where not each was tried.
    sampled: Option<Sampled>,
    /// Whether a pair was proven by another one, in the order of `pairs`; empty as long as none was.
    derived: Vec<bool>,
    /// Where the edges of each node stand; made when it is first asked for.
    places: OnceLock<Places>,
}

/// Where the edges of each node stand: those that come from it, and those that lead to it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Places {
    from: NodeMap<Vec<EdgeIx>>,
    to: NodeMap<Vec<EdgeIx>>,
}

impl TrustMatrix {
    /// A matrix without results.
    #[must_use]
    pub fn new(nodes: NodeMap<NodeSpec>, by: Vec<By>) -> Self {
        let size = nodes.len() * nodes.len() * by.len();
        Self {
            nodes,
            by,
            pairs: vec![None; size],
            edges: Vec::new(),
            lost: Vec::new(),
            sampled: None,
            derived: Vec::new(),
            places: OnceLock::new(),
        }
    }

    /// The nodes, in the user's order.
    #[must_use]
    pub const fn nodes(&self) -> &NodeMap<NodeSpec> {
        &self.nodes
    }

    /// By what the nodes were called.
    #[must_use]
    pub fn by(&self) -> &[By] {
        &self.by
    }

    /// One pair; `None` if it is no pair of this run, as a node and itself may be.
    #[must_use]
    pub fn get(&self, from: NodeIx, to: NodeIx, by: By) -> Option<Pair> {
        self.pairs.get(self.slot(from, to, by)?).copied().flatten()
    }

    /// Files a result.
    pub fn set(&mut self, from: NodeIx, to: NodeIx, by: By, pair: Pair) {
        let slot = self.slot(from, to, by);
        if let Some(place) = slot.and_then(|slot| self.pairs.get_mut(slot)) {
            *place = Some(pair);
        }
    }

    /// Files a pair that does not work.
    pub fn add(&mut self, edge: TrustEdge) {
        self.set(edge.from, edge.to, edge.by, Pair { state: edge.state, millis: edge.millis });
        self.edges.push(edge);
        self.places.take();
    }

    /// Takes back that a pair works, and what follows from it: another machine answered.
    pub fn refute(&mut self, from: NodeIx, to: NodeIx, by: By, host: impl Fn(By) -> String) {
        let follows = [By::Name].into_iter().filter(|name| by == By::Ip && self.is_derived(from, to, *name));
        for by in [by].into_iter().chain(follows).collect::<Vec<_>>() {
            let Some(pair) = self.get(from, to, by).filter(|pair| pair.state.is_good()) else { continue };
            let (state, cause) = (PairState::Broken, Cause::WrongMachine { answered: None });
            let (host, millis, said) = (host(by), pair.millis, String::new());
            self.add(TrustEdge { from, to, by, host, state, status: Some(0), said, cause, millis });
        }
    }

    /// The pairs that do not work, row by row.
    #[must_use]
    pub fn edges(&self) -> &[TrustEdge] {
        &self.edges
    }

    /// The same, each with its name.
    pub fn entries(&self) -> impl Iterator<Item = (EdgeIx, &TrustEdge)> {
        self.edges.iter().enumerate().map(|(place, edge)| (EdgeIx(place), edge))
    }

    /// One of them.
    #[must_use]
    pub fn edge(&self, pair: EdgeIx) -> Option<&TrustEdge> {
        self.edges.get(pair.0)
    }

    /// Leaves these pairs to what is known of their callers: how they failed says nothing about those whom they called.
    pub(crate) fn set_aside(&mut self, pairs: &BTreeSet<EdgeIx>) {
        for pair in pairs {
            if let Some(edge) = self.edges.get_mut(pair.0) {
                (edge.cause, edge.status) = (Cause::ProxyFailed, None);
                edge.said.clear();
            }
        }
    }

    /// The edges that come from a node.
    #[must_use]
    pub fn edges_from(&self, node: NodeIx) -> &[EdgeIx] {
        self.places().from.get(node).map_or(&[], Vec::as_slice)
    }

    /// The edges that lead to a node.
    #[must_use]
    pub fn edges_to(&self, node: NodeIx) -> &[EdgeIx] {
        self.places().to.get(node).map_or(&[], Vec::as_slice)
    }

    fn places(&self) -> &Places {
        self.places.get_or_init(|| {
            let empty: NodeMap<Vec<EdgeIx>> = self.nodes.map(|_| Vec::new());
            let mut places = Places { from: empty.clone(), to: empty };
            for (pair, edge) in self.entries() {
                places.from.get_mut(edge.from).into_iter().for_each(|of| of.push(pair));
                places.to.get_mut(edge.to).into_iter().for_each(|of| of.push(pair));
            }
            places
        })
    }

    /// The nodes that were lost on the way: the pairs that they had not tried by then are unseen.
    #[must_use]
    pub fn lost(&self) -> &[NodeIx] {
        &self.lost
    }

    /// A node was lost on the way.
    pub fn lose(&mut self, node: NodeIx) {
        if !self.lost.contains(&node) {
            self.lost.push(node);
        }
    }

    /// Every pair: caller, called, by what, how.
    pub fn iter(&self) -> impl Iterator<Item = (NodeIx, NodeIx, By, Pair)> + '_ {
        let nodes = self.nodes.indices();
        let places = nodes.clone().flat_map(move |from| nodes.clone().map(move |to| (from, to)));
        let places = places.flat_map(move |(from, to)| self.by.iter().map(move |by| (from, to, *by)));
        places.zip(&self.pairs).filter_map(|((from, to, by), pair)| pair.map(|pair| (from, to, by, pair)))
    }

    /// How many pairs are how.
    #[must_use]
    pub fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        self.pairs.iter().flatten().for_each(|pair| counts.add(pair.state));
        counts
    }

    /// Whether every pair works.
    #[must_use]
    pub fn is_healthy(&self) -> bool {
        let counts = self.counts();
        counts.good() == counts.total()
    }

    /// Sorts the edges and marks the pairs that are slow, when all results are in.
    pub fn finish(&mut self) {
        self.edges.sort_by_key(|edge| (edge.from, edge.to, edge.by));
        self.places.take();
        let mut times: Vec<u32> =
            self.pairs.iter().flatten().filter(|p| p.state.is_good()).map(|p| p.millis).collect();
        times.sort_unstable();
        let Some(median) = times.get(times.len() / 2) else { return };
        let limit = median.saturating_mul(SLOW_FACTOR).max(SLOW_MILLIS);
        let slow = self.pairs.iter_mut().flatten().filter(|p| p.state.is_good() && p.millis >= limit);
        slow.for_each(|pair| pair.state = PairState::Slow);
    }

    fn slot(&self, from: NodeIx, to: NodeIx, by: By) -> Option<usize> {
        let (size, from, to) = (self.nodes.len(), from.get(), to.get());
        let by = self.by.iter().position(|known| *known == by)?;
        (from < size && to < size).then_some((from * size + to) * self.by.len() + by)
    }
}

/// A pair that takes so many times as long as half of the others is slow ...
const SLOW_FACTOR: u32 = 4;
/// ... if it takes at least so long, in milliseconds.
const SLOW_MILLIS: u32 = 3_000;

#[cfg(test)]
mod tests {
    use super::*;

    fn nodes(count: u8) -> NodeMap<NodeSpec> {
        (1..=count).map(|i| NodeSpec { ip: [10, 0, 0, i].into(), port: 22 }).collect()
    }

    #[test]
    fn every_result_has_its_own_place() {
        let mut matrix = TrustMatrix::new(nodes(3), vec![By::Ip, By::Name]);
        let mut number = 0;
        let all: Vec<NodeIx> = (0..4).map(NodeIx::new).collect();
        for from in &all[..3] {
            for to in all[..3].iter().filter(|to| *to != from) {
                for by in [By::Ip, By::Name] {
                    number += 1;
                    matrix.set(*from, *to, by, Pair { state: PairState::Works, millis: number });
                }
            }
        }
        let millis: Vec<u32> = matrix.iter().map(|(.., pair)| pair.millis).collect();
        assert_eq!(millis, (1..=12).collect::<Vec<_>>());
        assert_eq!(matrix.get(all[2], all[1], By::Name).unwrap().millis, 12);
        assert_eq!(matrix.get(all[1], all[1], By::Ip), None);
        assert_eq!(matrix.get(all[3], all[1], By::Ip), None);
        assert!(matrix.is_healthy());
        assert_eq!(matrix.counts().total(), 12);
    }

    #[test]
    fn slow_is_what_takes_much_longer_than_the_others() {
        let cases: [(&[u32], usize); 5] = [
            (&[100, 100, 2_999], 0),
            (&[100, 100, 3_000], 1),
            (&[2_000, 2_000, 7_999], 0),
            (&[2_000, 2_000, 8_000], 1),
            (&[9_000, 9_000, 9_000], 0),
        ];
        for (times, slow) in cases {
            let mut matrix = TrustMatrix::new(nodes(3), vec![By::Ip]);
            for (to, millis) in times.iter().enumerate() {
                matrix.set(
                    NodeIx::new(0),
                    NodeIx::new(to),
                    By::Ip,
                    Pair { state: PairState::Works, millis: *millis },
                );
            }
            matrix.finish();
            assert_eq!(matrix.counts().slow, slow, "{times:?}");
            assert!(matrix.is_healthy());
        }
    }
}
