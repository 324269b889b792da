//! Which pairs are to be proven. Pure.

use std::collections::BTreeSet;

use crate::inventory::NodeIx;

/// Which ordered pairs of a cluster are to be proven.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Pairs {
    /// Each.
    #[default]
    All,
    /// Those with one of these nodes on one side, or on both.
    Touching(BTreeSet<NodeIx>),
}

impl Pairs {
    /// Whether a pair is one of them.
    #[must_use]
    pub fn holds(&self, from: NodeIx, to: NodeIx) -> bool {
        match self {
            Self::All => true,
            Self::Touching(nodes) => nodes.contains(&from) || nodes.contains(&to),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::limits::Retries;
    use crate::probe::Schedule;

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
            |nodes: &[usize]| Pairs::Touching(nodes.iter().map(|node| NodeIx::new(*node)).collect());
        let cases = [
            (31, Pairs::All, 31 * 31),
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
}
