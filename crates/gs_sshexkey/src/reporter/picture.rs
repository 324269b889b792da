//! The matrix as a picture of few rows: nodes that are in the same state towards all others share one.

use std::collections::HashMap;

use sshtrust::inventory::{NodeIx, NodeMap};
use sshtrust::probe::{PairState, TrustMatrix};

/// What a cell shows of one way to call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Mark {
    /// No pair: a node and itself.
    Itself,
    Works,
    Slow,
    Broken,
    Throttled,
    Unseen,
    /// A cell of several pairs: some work, some do not.
    Mixed,
}

impl Mark {
    /// All, in the order of the legend.
    pub(crate) const ALL: [Self; 7] =
        [Self::Works, Self::Slow, Self::Broken, Self::Mixed, Self::Throttled, Self::Unseen, Self::Itself];

    const fn of(state: PairState) -> Self {
        match state {
            PairState::Works => Self::Works,
            PairState::Slow => Self::Slow,
            PairState::Broken => Self::Broken,
            PairState::Throttled => Self::Throttled,
            PairState::Unseen => Self::Unseen,
        }
    }

    /// Slow is well enough when nodes are compared.
    const fn plain(self) -> Self {
        match self {
            Self::Slow => Self::Works,
            other => other,
        }
    }

    fn with(self, other: Self) -> Self {
        match (self, other) {
            (Self::Itself, mark) | (mark, Self::Itself) => mark,
            (one, two) if one == two => one,
            (one, two) if one.plain() == two.plain() => Self::Works,
            _ => Self::Mixed,
        }
    }
}

/// By address and by name; the second stays [`Mark::Itself`] if there is one way only.
pub(crate) type Cell = [Mark; 2];

/// All cells, row by row.
pub(crate) struct Picture {
    size: usize,
    /// In how many ways the nodes were called.
    ways: usize,
    cells: Vec<Cell>,
    /// Where the pairs are a sample: the same, with what the others are likely to be. It says which nodes are alike, and is
    /// never shown.
    likely: Option<Vec<Cell>>,
}

/// Nodes that share a row and a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Class {
    /// The nodes, in order.
    pub(crate) nodes: Vec<NodeIx>,
    /// They do not belong together: there was no room for more rows.
    pub(crate) rest: bool,
}

impl Picture {
    /// Copies the states out of a matrix.
    pub(crate) fn of(matrix: &TrustMatrix) -> Self {
        let size = matrix.nodes().len();
        let mut cells = vec![[Mark::Itself; 2]; size * size];
        for (from, to, by, pair) in matrix.iter() {
            let way = matrix.by().iter().position(|known| *known == by).unwrap_or_default();
            let cell = cells.get_mut(from.get() * size + to.get()).and_then(|cell| cell.get_mut(way));
            cell.into_iter().for_each(|mark| *mark = Mark::of(pair.state));
        }
        let ways = matrix.by().len();
        let likely = matrix.sampled().map(|_| likely(size, ways, &cells));
        Self { size, ways, cells, likely }
    }

    fn nodes(&self) -> impl Iterator<Item = NodeIx> + use<> {
        (0..self.size).map(NodeIx::new)
    }

    fn cell(&self, from: NodeIx, to: NodeIx) -> Cell {
        self.cells.get(from.get() * self.size + to.get()).copied().unwrap_or([Mark::Itself; 2])
    }

    /// The same, or what it is likely to be.
    fn likely(&self, from: NodeIx, to: NodeIx) -> Cell {
        let cells = self.likely.as_ref().unwrap_or(&self.cells);
        cells.get(from.get() * self.size + to.get()).copied().unwrap_or([Mark::Itself; 2])
    }

    /// Every node in a row of its own.
    pub(crate) fn singles(&self) -> Vec<Class> {
        self.nodes().map(|node| Class { nodes: vec![node], rest: false }).collect()
    }

    /// Nodes together that could change places without anybody seeing it; at most so many rows.
    pub(crate) fn classes(&self, most: usize) -> Vec<Class> {
        let mut classes = self.twins();
        if classes.len() <= most {
            return classes;
        }
        let mut order: Vec<usize> = (0..classes.len()).collect();
        let largest = order.iter().copied().max_by_key(|i| classes.get(*i).map_or(0, |c| c.nodes.len()));
        let bad: Vec<usize> = classes.iter().map(|class| self.badness(class)).collect();
        let rank = |i: &usize| (Some(*i) != largest, usize::MAX - bad.get(*i).copied().unwrap_or(0), *i);
        order.sort_by_key(rank);
        let mut rest: Vec<usize> = order.split_off(most.saturating_sub(1).max(1));
        order.sort_unstable();
        rest.sort_unstable();
        let pick =
            |places: &[usize]| places.iter().filter_map(|i| classes.get(*i).cloned()).collect::<Vec<_>>();
        let mut left: Vec<NodeIx> = pick(&rest).into_iter().flat_map(|class| class.nodes).collect();
        left.sort_unstable();
        classes = pick(&order);
        classes.push(Class { nodes: left, rest: true });
        classes
    }

    /// Two nodes are twins if they are in the same state towards every third node, in both directions, and towards each
    /// other. Then their rows and columns are equal once the diagonal is filled with that state.
    fn twins(&self) -> Vec<Class> {
        let cells = self.likely.as_ref().unwrap_or(&self.cells);
        let mut inner: Vec<Cell> = cells.iter().map(|cell| cell.map(Mark::plain)).collect();
        inner.sort_unstable();
        inner.dedup();
        let mut class_of: NodeMap<NodeIx> = self.nodes().collect();
        for value in inner {
            let mut seen: HashMap<Vec<Cell>, NodeIx> = HashMap::new();
            for node in self.nodes() {
                let first = *seen.entry(self.signature(node, value)).or_insert(node);
                class_of.get_mut(node).into_iter().filter(|c| **c == node).for_each(|c| *c = first);
            }
        }
        let mut classes: Vec<Class> = Vec::new();
        let mut places: HashMap<NodeIx, usize> = HashMap::new();
        for (node, first) in class_of.entries() {
            let place = *places.entry(*first).or_insert(classes.len());
            match classes.get_mut(place) {
                Some(class) => class.nodes.push(node),
                None => classes.push(Class { nodes: vec![node], rest: false }),
            }
        }
        classes
    }

    /// The row and the column of a node, with a value on the diagonal, and what is really there.
    fn signature(&self, node: NodeIx, value: Cell) -> Vec<Cell> {
        let plain = |cell: Cell| cell.map(Mark::plain);
        let row = self.nodes().map(|to| if to == node { value } else { plain(self.likely(node, to)) });
        let column =
            self.nodes().map(|from| if from == node { value } else { plain(self.likely(from, node)) });
        row.chain(column).chain([plain(self.cell(node, node))]).collect()
    }

    /// How many pairs of a class's first node are not well.
    fn badness(&self, class: &Class) -> usize {
        let Some(node) = class.nodes.first().copied() else { return 0 };
        let cells = self.nodes().flat_map(|other| [self.cell(node, other), self.cell(other, node)]);
        cells
            .filter(|cell| cell.iter().any(|mark| !matches!(mark.plain(), Mark::Works | Mark::Itself)))
            .count()
    }

    /// What all pairs from one class to another have in common.
    pub(crate) fn between(&self, from: &Class, to: &Class) -> Cell {
        let mut all = [Mark::Itself; 2];
        for a in &from.nodes {
            for b in &to.nodes {
                let cell = self.cell(*a, *b);
                all = [all[0].with(cell[0]), all[1].with(cell[1])];
            }
        }
        let itself = from == to && from.nodes.len() == 1;
        if self.likely.is_some() && !itself {
            // No pair between them is in the sample.
            let untried = all.iter_mut().take(self.ways).filter(|mark| **mark == Mark::Itself);
            untried.for_each(|mark| *mark = Mark::Unseen);
        }
        all
    }
}

/// Fills what was not tried: a node that all found in the same bad state is in it for the others too, and so is one that
/// found all in one. All else works.
fn likely(size: usize, ways: usize, cells: &[Cell]) -> Vec<Cell> {
    let mut filled = cells.to_vec();
    for way in 0..ways.min(2) {
        let mark = |from: usize, to: usize| {
            cells
                .get(from * size + to)
                .and_then(|cell| cell.get(way))
                .copied()
                .unwrap_or(Mark::Itself)
                .plain()
        };
        let same = |marks: &mut dyn Iterator<Item = Mark>| {
            let mut marks = marks.filter(|mark| *mark != Mark::Itself);
            let first = marks.next()?;
            marks.all(|mark| mark == first).then_some(first).filter(|mark| *mark != Mark::Works)
        };
        let row = |from: usize| same(&mut (0..size).map(|to| mark(from, to)));
        let column = |to: usize| same(&mut (0..size).map(|from| mark(from, to)));
        let rows: Vec<Option<Mark>> = (0..size).map(row).collect();
        let columns: Vec<Option<Mark>> = (0..size).map(column).collect();
        for (place, cell) in filled.iter_mut().enumerate() {
            let (from, to) = (place / size, place % size);
            let guess = columns.get(to).copied().flatten().or(rows.get(from).copied().flatten());
            let blank = cell.get_mut(way).filter(|mark| from != to && **mark == Mark::Itself);
            blank.into_iter().for_each(|mark| *mark = guess.unwrap_or(Mark::Works));
        }
    }
    filled
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn picture(rows: &[&str]) -> Picture {
        let mark = |c| match c {
            '.' => Mark::Works,
            '~' => Mark::Slow,
            'x' => Mark::Broken,
            '?' => Mark::Unseen,
            _ => Mark::Itself,
        };
        let cells = rows.iter().flat_map(|row| row.chars().map(|c| [mark(c), Mark::Itself])).collect();
        Picture { size: rows.len(), ways: 1, cells, likely: None }
    }

    fn nodes(classes: &[Class]) -> Vec<Vec<usize>> {
        classes.iter().map(|class| class.nodes.iter().map(|node| node.get()).collect()).collect()
    }

    #[test]
    fn nodes_in_the_same_state_share_a_row() {
        let cases: [(&[&str], &[&[usize]]); 6] = [
            (&["-...", ".-..", "..-.", "...-"], &[&[0, 1, 2, 3]]),
            // Slow is well enough.
            (&["-.~", ".-.", "..-"], &[&[0, 1, 2]]),
            // A dead server, as the others see it; it calls them all the same.
            (&["-x..", ".-..", ".x-.", ".x.-"], &[&[0, 2, 3], &[1]]),
            // Two dead ones that do not reach each other either.
            (&["-xx.", ".-x.", ".x-.", ".xx-"], &[&[0, 3], &[1, 2]]),
            // One way.
            (&["-x..", ".-..", "..-.", "...-"], &[&[0], &[1], &[2, 3]]),
            // A row that was not tried.
            (&["-...", "?-??", "..-.", "...-"], &[&[0, 2, 3], &[1]]),
        ];
        for (rows, wanted) in cases {
            assert_eq!(nodes(&picture(rows).twins()), wanted, "{rows:?}");
        }
    }

    #[test]
    fn what_has_no_room_is_thrown_together() {
        let rows = ["-x....", ".-x...", "..-...", "...-x.", "....-.", ".....-"];
        let classes = picture(&rows).classes(3);
        assert_eq!(classes.len(), 3);
        assert!(classes.iter().any(|class| class.rest));
        let mut all: Vec<usize> = nodes(&classes).concat();
        all.sort_unstable();
        assert_eq!(all, [0, 1, 2, 3, 4, 5]);
    }

    proptest! {
        /// Within a picture of classes every cell is true of all its pairs.
        #[test]
        fn a_class_never_mixes(cells in proptest::collection::vec(0_u8..3, 49)) {
            let marks = [Mark::Works, Mark::Broken, Mark::Unseen];
            let cells = cells.iter().enumerate().map(|(place, mark)| match place % 8 {
                0 => [Mark::Itself; 2],
                _ => [marks[usize::from(*mark)], Mark::Itself],
            });
            let picture = Picture { size: 7, ways: 1, cells: cells.collect(), likely: None };
            let classes = picture.classes(7);
            for from in &classes {
                for to in &classes {
                    prop_assert_ne!(picture.between(from, to)[0], Mark::Mixed);
                }
            }
        }
    }
}
