//! How pairs were proven: by a call of their own, or by one that does the same. Pure.

use std::ops::AddAssign;

use super::{By, Pair, PairState, TrustMatrix};
use crate::inventory::NodeIx;

/// How many pairs were proven how.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Proofs {
    /// By a call of their own, whether it worked or not.
    pub called: usize,
    /// By name, because the call by address worked and does the same on that node.
    pub derived: usize,
    /// What they stand for, where not each was tried.
    pub sampled: Option<Sampled>,
}

impl Proofs {
    /// All pairs about which something is known.
    #[must_use]
    pub const fn total(self) -> usize {
        self.called + self.derived
    }
}

impl AddAssign for Proofs {
    fn add_assign(&mut self, other: Self) {
        self.called += other.called;
        self.derived += other.derived;
        self.sampled = other.sampled.or(self.sampled);
    }
}

/// What a sample of the pairs stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sampled {
    /// How many pairs there are.
    pub of: usize,
    /// What the sample can be drawn again from.
    pub seed: u64,
}

impl TrustMatrix {
    /// How many pairs were proven how.
    #[must_use]
    pub fn proofs(&self) -> Proofs {
        let derived = self.derived.iter().filter(|derived| **derived).count();
        let seen = self.pairs.iter().flatten().filter(|pair| pair.state != PairState::Unseen).count();
        Proofs { called: seen.saturating_sub(derived), derived, sampled: self.sampled }
    }

    /// Whether a pair has no call of its own: it does what the call by address did, which worked.
    #[must_use]
    pub fn is_derived(&self, from: NodeIx, to: NodeIx, by: By) -> bool {
        let flag = self.slot(from, to, by).and_then(|slot| self.derived.get(slot));
        flag.is_some_and(|derived| *derived)
    }

    /// Files for a pair by name what was seen by address. Only a pair that works says something about the other one.
    pub fn derive(&mut self, from: NodeIx, to: NodeIx) {
        let seen: Option<Pair> = self.get(from, to, By::Ip).filter(|pair| pair.state.is_good());
        let slot = self.slot(from, to, By::Name);
        let (Some(pair), Some(slot)) = (seen, slot) else { return };
        self.set(from, to, By::Name, pair);
        self.derived.resize(self.pairs.len(), false);
        self.derived.get_mut(slot).into_iter().for_each(|derived| *derived = true);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::NodeSpec;

    #[test]
    fn only_what_works_proves_something_else() {
        let nodes = (1..=2).map(|i| NodeSpec { ip: [10, 0, 0, i].into(), port: 22 }).collect();
        let mut matrix = TrustMatrix::new(nodes, vec![By::Ip, By::Name]);
        let states = [PairState::Works, PairState::Broken, PairState::Throttled, PairState::Unseen];
        let [one, two] = [0, 1].map(NodeIx::new);
        let places = [(one, one), (one, two), (two, one), (two, two)];
        for ((from, to), state) in places.into_iter().zip(states) {
            matrix.set(from, to, By::Ip, Pair { state, millis: 7 });
            matrix.set(from, to, By::Name, Pair::UNSEEN);
            matrix.derive(from, to);
        }
        let by_name = places.map(|(from, to)| matrix.get(from, to, By::Name).unwrap());
        assert_eq!(by_name[0], Pair { state: PairState::Works, millis: 7 });
        assert_eq!(by_name[1..], [Pair::UNSEEN; 3]);
        assert!(matrix.is_derived(one, one, By::Name) && !matrix.is_derived(one, one, By::Ip));
        assert_eq!(matrix.proofs(), Proofs { called: 3, derived: 1, sampled: None });
        assert_eq!(matrix.proofs().total(), 4);
        assert!(!matrix.is_healthy());
    }
}
