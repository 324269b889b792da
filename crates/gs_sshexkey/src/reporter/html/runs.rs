//! The cells of the picture: equal neighbours become one piece, so that thousands of nodes' worth of cells stay few.

use std::fmt::Write;

use sshtrust::probe::{By, PairState, TrustMatrix};

/// How bad a cell is: the worst one is shown where a cell stands for several pairs.
const WORST_LAST: [PairState; 5] =
    [PairState::Works, PairState::Slow, PairState::Unseen, PairState::Throttled, PairState::Broken];

fn badness(state: Option<PairState>) -> usize {
    state.and_then(|state| WORST_LAST.iter().position(|known| *known == state)).map_or(0, |place| place + 1)
}

/// The cells of one picture. `None`: no pair.
pub(super) struct Cells {
    /// Cells in a row, and rows.
    pub(super) size: usize,
    cells: Vec<Option<PairState>>,
}

impl Cells {
    /// The cells of a matrix; each stands for `fold` by `fold` pairs.
    pub(super) fn new(matrix: &TrustMatrix, by: By, fold: usize) -> Self {
        let nodes = matrix.nodes().len();
        let fold = fold.max(1);
        let size = nodes.div_ceil(fold);
        let mut cells = vec![None; size * size];
        for (from, to, _, pair) in matrix.iter().filter(|(_, _, known, _)| *known == by) {
            let state = Some(pair.state);
            if let Some(cell) = cells.get_mut((from.get() / fold) * size + to.get() / fold)
                && badness(state) > badness(*cell)
            {
                *cell = state;
            }
        }
        Self { size, cells }
    }

    /// The outline of all cells of a state, in units of a cell, as the `d` of an SVG path: one rectangle for a run of
    /// neighbours in a row. Empty if there is none.
    pub(super) fn outline(&self, wanted: Option<PairState>) -> String {
        let mut path = String::new();
        for (row, cells) in self.cells.chunks(self.size.max(1)).enumerate() {
            let mut start = 0;
            for run in cells.chunk_by(|a, b| a == b) {
                if run.first() == Some(&wanted) {
                    // Writing to a String cannot fail.
                    let _ = write!(path, "M{start} {row}h{}v1H{start}z", run.len());
                }
                start += run.len();
            }
        }
        path
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sshtrust::inventory::{NodeIx, NodeSpec};
    use sshtrust::probe::Pair;

    fn matrix(rows: &[&str]) -> TrustMatrix {
        let nodes = (1..=rows.len()).map(|i| NodeSpec { ip: [10, 0, 0, i as u8].into(), port: 22 });
        let mut matrix = TrustMatrix::new(nodes.collect(), vec![By::Ip]);
        for (from, row) in rows.iter().enumerate() {
            for (to, mark) in row.chars().enumerate() {
                let state = match mark {
                    '.' => PairState::Works,
                    'x' => PairState::Broken,
                    '?' => PairState::Unseen,
                    _ => continue,
                };
                matrix.set(NodeIx::new(from), NodeIx::new(to), By::Ip, Pair { state, millis: 1 });
            }
        }
        matrix
    }

    #[test]
    fn neighbours_become_one_piece() {
        let matrix = matrix(&["-.xx", ".-..", "xx-x", "???-"]);
        let cells = Cells::new(&matrix, By::Ip, 1);
        assert_eq!(cells.outline(Some(PairState::Broken)), "M2 0h2v1H2zM0 2h2v1H0zM3 2h1v1H3z");
        assert_eq!(cells.outline(Some(PairState::Unseen)), "M0 3h3v1H0z");
        assert_eq!(cells.outline(None), "M0 0h1v1H0zM1 1h1v1H1zM2 2h1v1H2zM3 3h1v1H3z");
        assert_eq!(cells.outline(Some(PairState::Slow)), "");
    }

    #[test]
    fn a_cell_for_several_pairs_shows_the_worst() {
        let matrix = matrix(&["-....", ".-..x", "..-..", "...-.", "????-"]);
        let cells = Cells::new(&matrix, By::Ip, 2);
        assert_eq!(cells.size, 3);
        assert_eq!(cells.outline(Some(PairState::Broken)), "M2 0h1v1H2z");
        assert_eq!(cells.outline(Some(PairState::Unseen)), "M0 2h2v1H0z");
        assert_eq!(cells.outline(None), "M2 2h1v1H2z");
    }
}
