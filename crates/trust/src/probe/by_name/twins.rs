//! Pairs whose call by name does what the one by address does, until one of the two is known. Pure.

use crate::inventory::NodeIx;

/// The ordered pairs of so many nodes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Twins {
    nodes: usize,
    /// Row by row. Small: 1,000 nodes have a million.
    open: Vec<bool>,
}

impl Twins {
    /// None of so many nodes' pairs.
    pub fn new(nodes: usize) -> Self {
        Self { nodes, open: vec![false; nodes * nodes] }
    }

    /// This pair is one.
    pub fn add(&mut self, from: NodeIx, to: NodeIx) {
        self.slot(from, to).into_iter().for_each(|open| *open = true);
    }

    /// Whether a pair is one.
    pub fn contains(&self, from: NodeIx, to: NodeIx) -> bool {
        self.place(from, to).and_then(|place| self.open.get(place)).is_some_and(|open| *open)
    }

    /// Takes a pair out; `true` if it was one.
    pub fn take(&mut self, from: NodeIx, to: NodeIx) -> bool {
        self.slot(from, to).is_some_and(std::mem::take)
    }

    /// Takes all pairs of a caller out. Returns how many there were.
    pub fn take_all_of(&mut self, from: NodeIx) -> usize {
        (0..self.nodes).filter(|to| self.take(from, NodeIx::new(*to))).count()
    }

    fn slot(&mut self, from: NodeIx, to: NodeIx) -> Option<&mut bool> {
        let place = self.place(from, to)?;
        self.open.get_mut(place)
    }

    fn place(&self, from: NodeIx, to: NodeIx) -> Option<usize> {
        let (from, to) = (from.get(), to.get());
        (from < self.nodes && to < self.nodes).then_some(from * self.nodes + to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pair_is_taken_once() {
        let mut twins = Twins::new(3);
        let [a, b, c, outside] = [0, 1, 2, 3].map(NodeIx::new);
        for (from, to) in [(a, b), (b, a), (b, b), (b, c), (b, outside), (outside, a)] {
            twins.add(from, to);
        }
        assert!(twins.contains(b, c) && !twins.contains(c, a) && !twins.contains(b, outside));
        assert!(twins.take(b, c) && !twins.take(b, c) && !twins.take(a, outside));
        assert_eq!((twins.take_all_of(b), twins.take_all_of(b), twins.take_all_of(c)), (2, 0, 0));
        assert!(twins.contains(a, b));
    }
}
