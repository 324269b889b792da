//! Which pairs stand for all, where there are too many to prove each. Pure: the seed comes from outside.
//!
//! The nodes are put into a circle in an order of their own each time. Each node calls the next one, so that the circle is
//! closed, and [`Sample::each`] others at distances that are the same for all: so every node calls as many as call it, and no
//! node is left out on either side. Distances come in twos, there and back, so that pairs are seen in both directions.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::inventory::NodeIx;

/// So many pairs are proven each if nobody says otherwise: those of 200 nodes.
const ALL_OF: usize = 200 * 199;
/// So many others each node calls in a sample, beside the next one.
const USUAL: usize = 16;

/// How much of a cluster is to be proven.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Extent {
    /// Every pair up to 200 nodes, a sample beyond.
    #[default]
    Usual,
    /// Every pair.
    All,
    /// So many others a node, at random, beside the next one; `None`: 16.
    Sample(Option<usize>),
}

/// The same, with what a sample is drawn from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Coverage {
    /// How much.
    pub extent: Extent,
    /// Another number gives another sample.
    pub seed: u64,
}

impl Coverage {
    /// Each pair, where nobody said how many and that much is at stake.
    #[must_use]
    pub fn of_all_if(self, at_stake: bool) -> Self {
        let extent = if at_stake && self.extent == Extent::Usual { Extent::All } else { self.extent };
        Self { extent, ..self }
    }
}

impl Extent {
    /// The sample to take where so many pairs of so many nodes are in question; `None`: each of them.
    #[must_use]
    pub fn sample(self, nodes: usize, pairs: usize, seed: u64) -> Option<Sample> {
        let each = match self {
            Self::All => return None,
            Self::Usual if pairs <= ALL_OF => return None,
            Self::Usual => USUAL,
            Self::Sample(each) => each.unwrap_or(USUAL),
        };
        // The next one, so many others, and the node itself.
        (each.saturating_add(2) < nodes).then(|| Sample::draw(nodes, each, seed))
    }
}

/// Pairs that stand for all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sample {
    seed: u64,
    /// The place of each node in the circle.
    places: Arc<[usize]>,
    /// How far on in the circle the nodes are that each node calls.
    distances: BTreeSet<usize>,
}

impl Sample {
    /// Draws one, the same for the same seed.
    fn draw(nodes: usize, each: usize, seed: u64) -> Self {
        let mut numbers = Numbers(seed);
        let mut places: Vec<usize> = (0..nodes).collect();
        for last in (1..nodes).rev() {
            places.swap(last, numbers.below(last + 1));
        }
        // The next one, and the one before, are no others.
        let mut free: Vec<usize> = (2..=nodes / 2).collect();
        let mut distances = BTreeSet::from([1]);
        while distances.len() < each + 1 && !free.is_empty() {
            let there = free.swap_remove(numbers.below(free.len()));
            for distance in [there, nodes - there] {
                if distances.len() < each + 1 {
                    distances.insert(distance);
                }
            }
        }
        Self { seed, places: places.into(), distances }
    }

    /// What it can be drawn again from.
    #[must_use]
    pub const fn seed(&self) -> u64 {
        self.seed
    }

    /// How many others each node calls.
    #[must_use]
    pub fn each(&self) -> usize {
        self.distances.len()
    }

    /// Whether a pair is one of them.
    #[must_use]
    pub fn holds(&self, from: NodeIx, to: NodeIx) -> bool {
        let size = self.places.len();
        let (from, to) = (self.places.get(from.get()), self.places.get(to.get()));
        from.zip(to).is_some_and(|(from, to)| self.distances.contains(&((to + size - from) % size)))
    }
}

/// SplitMix64 (Steele, Lea and Flood, 2014): the same everywhere for the same seed. For choosing, not for secrets.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below a bound that is not 0. What is lost in evenness is below 2^-40 for any cluster.
    fn below(&mut self, bound: usize) -> usize {
        let bound = u64::try_from(bound).unwrap_or(u64::MAX).max(1);
        usize::try_from(self.next() % bound).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whom each node calls.
    fn called(nodes: usize, sample: &Sample) -> Vec<Vec<usize>> {
        let calls = |from| (0..nodes).filter(move |to| sample.holds(NodeIx::new(from), NodeIx::new(*to)));
        (0..nodes).map(|from| calls(from).collect()).collect()
    }

    fn drawn(nodes: usize, each: usize, seed: u64) -> Sample {
        Extent::Sample(Some(each)).sample(nodes, nodes * (nodes - 1), seed).unwrap()
    }

    #[test]
    fn every_node_calls_and_is_called_equally_often_and_none_is_cut_off() {
        for (nodes, each) in [(3, 0), (5, 1), (5, 2), (6, 3), (40, 7), (201, 16), (90, 87)] {
            for seed in 0..4 {
                let sample = drawn(nodes, each, seed);
                let called = called(nodes, &sample);
                let mut callers = vec![0; nodes];
                for (from, row) in called.iter().enumerate() {
                    assert_eq!(row.len(), each + 1, "{nodes} {each} {seed}");
                    assert!(!row.contains(&from));
                    row.iter().for_each(|to| callers[*to] += 1);
                }
                assert!(callers.iter().all(|count| *count == each + 1), "{nodes} {each} {seed}");
                // From any node every other is reached over those that are called.
                let (mut seen, mut next) = (BTreeSet::from([0]), vec![0]);
                while let Some(node) = next.pop() {
                    next.extend(called[node].iter().filter(|to| seen.insert(**to)));
                }
                assert_eq!(seen.len(), nodes);
            }
        }
    }

    #[test]
    fn most_pairs_are_seen_in_both_directions() {
        let (nodes, sample) = (1_000, drawn(1_000, 16, 7));
        let called = called(nodes, &sample);
        let pairs =
            || called.iter().enumerate().flat_map(|(from, row)| row.iter().map(move |to| (from, *to)));
        let both = pairs().filter(|(from, to)| called[*to].contains(from)).count();
        assert_eq!((pairs().count(), both), (17_000, 16_000));
    }

    #[test]
    fn a_seed_gives_the_same_again_and_another_seed_something_else() {
        let all: Vec<Vec<Vec<usize>>> = (0..8).map(|seed| called(60, &drawn(60, 4, seed))).collect();
        assert_eq!(all[3], called(60, &drawn(60, 4, 3)));
        let different: BTreeSet<_> = all.iter().collect();
        assert_eq!(different.len(), all.len());
        // Every pair is met sooner or later.
        let met: BTreeSet<(usize, usize)> = (0..200)
            .flat_map(|seed| called(12, &drawn(12, 2, seed)).into_iter().enumerate().collect::<Vec<_>>())
            .flat_map(|(from, row)| row.into_iter().map(move |to| (from, to)))
            .collect();
        assert_eq!(met.len(), 12 * 11);
    }

    #[test]
    fn all_are_proven_where_they_are_few_or_where_that_is_wanted() {
        let cases = [
            (Extent::Usual, 200, 200 * 199, None),
            (Extent::Usual, 201, 201 * 200, Some(17)),
            // One that comes to a thousand.
            (Extent::Usual, 1_001, 2_000, None),
            (Extent::All, 5_000, 5_000 * 4_999, None),
            (Extent::Sample(None), 30, 870, Some(17)),
            (Extent::Sample(None), 18, 18 * 17, None),
            (Extent::Sample(Some(3)), 6, 30, Some(4)),
            (Extent::Sample(Some(3)), 5, 20, None),
            (Extent::Sample(Some(0)), 3, 6, Some(1)),
            (Extent::Sample(Some(0)), 2, 2, None),
            (Extent::Sample(Some(0)), 0, 0, None),
            (Extent::Sample(Some(usize::MAX)), 9, 72, None),
        ];
        for (extent, nodes, pairs, each) in cases {
            let sample = extent.sample(nodes, pairs, 1);
            assert_eq!(sample.map(|sample| sample.each()), each, "{extent:?} {nodes}");
        }
    }
}
