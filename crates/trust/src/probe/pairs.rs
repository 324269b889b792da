//! Which pairs are to be proven. Pure.

use std::collections::BTreeSet;

use super::{Coverage, Sample};
use crate::inventory::NodeIx;

/// Which ordered pairs of a cluster are to be proven.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pairs {
    /// Only those with one of these nodes on one side, or on both; `None`: any.
    touching: Option<BTreeSet<NodeIx>>,
    /// Only these, which stand for all; `None`: each.
    sample: Option<Sample>,
}

impl Pairs {
    /// Each.
    #[must_use]
    pub fn all() -> Self {
        Self::default()
    }

    /// Those with one of these nodes on one side, or on both.
    #[must_use]
    pub fn touching(nodes: BTreeSet<NodeIx>) -> Self {
        Self { touching: Some(nodes), sample: None }
    }

    /// As much of them as is to be covered, in a cluster of so many nodes.
    #[must_use]
    pub fn covered(self, coverage: Coverage, nodes: usize) -> Self {
        let rest = self.touching.as_ref().map_or(0, |touched| nodes.saturating_sub(touched.len()));
        let pairs = |nodes: usize| nodes.saturating_mul(nodes.saturating_sub(1));
        let sample = coverage.extent.sample(nodes, pairs(nodes) - pairs(rest), coverage.seed);
        Self { sample, ..self }
    }

    /// What stands for all, where not each is proven.
    #[must_use]
    pub const fn sample(&self) -> Option<&Sample> {
        self.sample.as_ref()
    }

    /// Whether a pair is one of those in question.
    #[must_use]
    pub fn concerns(&self, from: NodeIx, to: NodeIx) -> bool {
        self.touching.as_ref().is_none_or(|nodes| nodes.contains(&from) || nodes.contains(&to))
    }

    /// Whether a pair is to be proven. What a node is to itself is no matter of samples.
    #[must_use]
    pub fn holds(&self, from: NodeIx, to: NodeIx) -> bool {
        let drawn = from == to || self.sample.as_ref().is_none_or(|sample| sample.holds(from, to));
        drawn && self.concerns(from, to)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::limits::Retries;
    use crate::probe::{Extent, Schedule};

    /// The calls of a cluster in which each node has one name, and calls itself too.
    fn calls(nodes: usize, pairs: &Pairs) -> Vec<(usize, usize)> {
        let names = vec![1; nodes].into();
        let mut schedule = Schedule::new(&names, |from, to| pairs.holds(from, to), true, Retries::default());
        let mut made = Vec::new();
        while let Some(call) = schedule.next(Duration::ZERO) {
            made.push((call.from.get(), call.to.get()));
            assert!(!schedule.done(call, None, Duration::ZERO));
        }
        assert_eq!(schedule.waiting(), 0);
        made.sort_unstable();
        made
    }

    #[test]
    fn a_node_that_comes_costs_two_pairs_a_node_and_its_own() {
        let touching =
            |nodes: &[usize]| Pairs::touching(nodes.iter().map(|node| NodeIx::new(*node)).collect());
        let cases = [
            (31, Pairs::all(), 31 * 31),
            (31, touching(&[30]), 61),
            (31, touching(&[0]), 61),
            (32, touching(&[30, 31]), 2 * 2 * 30 + 4),
            (4, touching(&[0, 1, 2, 3]), 16),
            (4, touching(&[]), 0),
            (4, touching(&[9]), 0),
        ];
        for (nodes, pairs, count) in cases {
            let made = calls(nodes, &pairs);
            assert_eq!(made.len(), count, "{nodes} {pairs:?}");
            let wanted = (0..nodes).flat_map(|from| (0..nodes).map(move |to| (from, to)));
            let wanted: Vec<_> =
                wanted.filter(|(from, to)| pairs.holds(NodeIx::new(*from), NodeIx::new(*to))).collect();
            assert_eq!(made, wanted, "{nodes} {pairs:?}");
        }
    }

    #[test]
    fn a_sample_is_drawn_of_the_pairs_in_question() {
        let of = |extent| Coverage { extent, seed: 1 };
        let new: BTreeSet<NodeIx> = (150..300).map(NodeIx::new).collect();
        for (pairs, count) in [
            (Pairs::all().covered(of(Extent::Usual), 300), 300 * 17),
            (Pairs::all().covered(of(Extent::Sample(Some(4))), 300), 300 * 5),
            (Pairs::all().covered(of(Extent::All), 300), 300 * 299),
            (Pairs::touching([NodeIx::new(9)].into()).covered(of(Extent::Usual), 300), 2 * 299),
            (Pairs::touching([NodeIx::new(9)].into()).covered(of(Extent::Sample(None)), 300), 2 * 17),
        ] {
            let made = calls(300, &pairs);
            let (own, others): (Vec<(usize, usize)>, Vec<_>) = made.iter().partition(|(from, to)| from == to);
            assert_eq!(others.len(), count, "{:?}", pairs.sample().map(Sample::each));
            assert!(own.len() == 300 || own == [(9, 9)]);
        }
        let half = Pairs::touching(new.clone()).covered(of(Extent::Usual), 300);
        let made = calls(300, &half);
        // Each of those that come calls and is called; pairs of two others are not in question.
        for node in 150..300 {
            assert_eq!(made.iter().filter(|(from, to)| *from == node && to != from).count(), 17);
            assert_eq!(made.iter().filter(|(from, to)| *to == node && to != from).count(), 17);
        }
        assert!(made.iter().all(|(from, to)| *from >= 150 || *to >= 150));
    }
}
