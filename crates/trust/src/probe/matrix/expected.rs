//! Which pairs a run is about, before anything is known of them. Pure.

use super::super::Scope;
use super::{By, Pair, Sampled, TrustMatrix};
use crate::inventory::{NodeIx, NodeMap, NodeSpec};

impl TrustMatrix {
    /// The matrix of a run in which nothing was seen yet. `has_name`: whether a node has a name that can be used.
    #[must_use]
    pub fn unseen(nodes: NodeMap<NodeSpec>, scope: &Scope, has_name: impl Fn(NodeIx) -> bool) -> Self {
        let all = [(By::Ip, scope.by_ip), (By::Name, scope.by_name)];
        let by = all.into_iter().filter(|(_, wanted)| *wanted).map(|(by, _)| by);
        let mut matrix = Self::new(nodes, by.collect());
        let (nodes, by) = (matrix.nodes.indices(), matrix.by.clone());
        let mut of = 0;
        for from in nodes.clone() {
            let to = nodes.clone().filter(|to| scope.pairs.concerns(from, *to));
            for to in to.filter(|to| scope.with_self || *to != from) {
                let is_pair = |by: &By| *by == By::Ip || scope.demands_names || has_name(to);
                for by in by.iter().copied().filter(is_pair) {
                    of += 1;
                    if scope.pairs.holds(from, to) {
                        matrix.set(from, to, by, Pair::UNSEEN);
                    }
                }
            }
        }
        matrix.sampled = scope.pairs.sample().map(|sample| Sampled { of, seed: sample.seed() });
        matrix
    }

    /// What its pairs stand for; `None`: nothing but themselves.
    #[must_use]
    pub const fn sampled(&self) -> Option<Sampled> {
        self.sampled
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::Limits;
    use crate::probe::{Coverage, Extent, Pairs};

    #[test]
    fn the_pairs_of_a_run_are_counted_and_so_are_those_that_they_stand_for() {
        let two = || Pairs::touching([0, 1].map(NodeIx::new).into());
        let drawn = |pairs: Pairs| pairs.covered(Coverage { extent: Extent::Sample(Some(2)), seed: 5 }, 10);
        // By address; by name, which one of ten nodes has not; the pairs in question.
        let cases = [
            (Pairs::all(), false, false, 90, None),
            (Pairs::all(), true, false, 90 + 81, None),
            (Pairs::all(), true, true, 100 + 90, None),
            (drawn(Pairs::all()), false, false, 30, Some(90)),
            (drawn(Pairs::all()), false, true, 40, Some(100)),
            (two(), false, false, 34, None),
        ];
        for (pairs, by_name, with_self, count, of) in cases {
            let scope = Scope {
                pairs: pairs.clone(),
                by_ip: true,
                by_name,
                demands_names: false,
                with_self,
                identities_only: false,
                enough: None,
                limits: Limits::default(),
            };
            let nodes = (1..=10).map(|i| NodeSpec { ip: [10, 0, 0, i].into(), port: 22 }).collect();
            let matrix = TrustMatrix::unseen(nodes, &scope, |node| node.get() != 3);
            let told = matrix.sampled().map(|sampled| (sampled.of, sampled.seed));
            assert_eq!((matrix.counts().unseen, told), (count, of.map(|of| (of, 5))), "{pairs:?}");
            assert!(!matrix.is_healthy());
        }
    }
}
