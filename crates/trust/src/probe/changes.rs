//! What has changed between two looks at the same pairs.

use std::collections::BTreeMap;

use super::matrix::{By, PairState, TrustMatrix};
use crate::inventory::NodeIx;

/// A pair that is not as it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Change {
    /// The node that calls.
    pub from: NodeIx,
    /// The node that is called.
    pub to: NodeIx,
    /// By what it is called.
    pub by: By,
    /// How it was; `None`: nobody had looked before.
    pub before: Option<PairState>,
    /// How it is.
    pub now: PairState,
}

/// How the pairs were when they were last looked at. What works is not kept, so it is as large as what is broken.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LastSeen {
    looked: bool,
    bad: BTreeMap<(NodeIx, NodeIx, By), PairState>,
}

impl LastSeen {
    /// What is not as it was, row by row. A pair that works slowly works. A pair that nobody has looked at is taken to work:
    /// so trust that is broken from the beginning is told. Pairs that are not in the matrix are as they were.
    #[must_use]
    pub fn compare(&self, matrix: &TrustMatrix) -> Vec<Change> {
        let changes = matrix.iter().filter_map(|(from, to, by, pair)| {
            let (before, now) = (self.of(from, to, by), plain(pair.state));
            let before_shown = self.looked.then_some(before);
            (before != now).then_some(Change { from, to, by, before: before_shown, now })
        });
        changes.collect()
    }

    /// Takes the pairs of a matrix for what was seen last.
    pub fn learn(&mut self, matrix: &TrustMatrix) {
        self.looked = true;
        for (from, to, by, pair) in matrix.iter() {
            match plain(pair.state) {
                PairState::Works => self.bad.remove(&(from, to, by)),
                state => self.bad.insert((from, to, by), state),
            };
        }
    }

    fn of(&self, from: NodeIx, to: NodeIx, by: By) -> PairState {
        self.bad.get(&(from, to, by)).copied().unwrap_or(PairState::Works)
    }
}

/// How long a pair took is no change of trust.
const fn plain(state: PairState) -> PairState {
    match state {
        PairState::Slow => PairState::Works,
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::{NodeMap, NodeSpec};
    use crate::probe::Pair;
    use PairState::{Broken, Slow, Throttled, Unseen, Works};

    /// Three nodes, by address; a letter a pair, row by row: 1-2, 1-3, 2-1, 2-3, 3-1, 3-2. A blank: not looked at.
    fn matrix(states: &str) -> TrustMatrix {
        let nodes: NodeMap<NodeSpec> =
            (1..=3).map(|i| NodeSpec { ip: [10, 0, 0, i].into(), port: 22 }).collect();
        let mut matrix = TrustMatrix::new(nodes, vec![By::Ip]);
        let pairs = [(0, 1), (0, 2), (1, 0), (1, 2), (2, 0), (2, 1)];
        for ((from, to), letter) in pairs.into_iter().zip(states.chars()) {
            let state = match letter {
                '.' => Works,
                '~' => Slow,
                'X' => Broken,
                '!' => Throttled,
                '?' => Unseen,
                _ => continue,
            };
            matrix.set(NodeIx::new(from), NodeIx::new(to), By::Ip, Pair { state, millis: 1 });
        }
        matrix
    }

    #[test]
    fn changes_are_told_pair_by_pair() {
        type Told = (usize, usize, Option<PairState>, PairState);
        // What was seen, look by look; and what the last one changes.
        let cases: &[(&[&str], &[Told])] = &[
            // The first look: all was taken to work.
            (&["......"], &[]),
            (&[".~...."], &[]),
            (&["X....?"], &[(0, 1, None, Broken), (2, 1, None, Unseen)]),
            // A second one.
            (&["......", "......"], &[]),
            (&["......", "~....."], &[]),
            (&["~.....", "......"], &[]),
            (&["......", ".X.X.."], &[(0, 2, Some(Works), Broken), (1, 2, Some(Works), Broken)]),
            (&[".X.X..", "...X.."], &[(0, 2, Some(Broken), Works)]),
            (&["X.....", "~....."], &[(0, 1, Some(Broken), Works)]),
            (&["X.....", "!....."], &[(0, 1, Some(Broken), Throttled)]),
            (&["X.....", "?....."], &[(0, 1, Some(Broken), Unseen)]),
            (&["X.....", "X....."], &[]),
            // Samples: what was not looked at is as it was.
            (&["X.....", " ....."], &[]),
            (&["X.....", " .....", "X....."], &[]),
            (&["X.....", " .....", ".    X"], &[(0, 1, Some(Broken), Works), (2, 1, Some(Works), Broken)]),
            // What came and went meanwhile is none.
            (&["......", "X.....", "......"], &[(0, 1, Some(Broken), Works)]),
        ];
        for (looks, wanted) in cases {
            let mut seen = LastSeen::default();
            let (last, before) = looks.split_last().unwrap();
            before.iter().for_each(|look| seen.learn(&matrix(look)));
            let told: Vec<Told> = seen
                .compare(&matrix(last))
                .into_iter()
                .map(|change| (change.from.get(), change.to.get(), change.before, change.now))
                .collect();
            assert_eq!(&told, wanted, "{looks:?}");
        }
    }

    #[test]
    fn what_works_again_is_forgotten() {
        let mut seen = LastSeen::default();
        for _ in 0..1_000 {
            seen.learn(&matrix("XX?!XX"));
            assert_eq!(seen.bad.len(), 6);
            seen.learn(&matrix("......"));
            assert!(seen.bad.is_empty());
        }
    }
}
