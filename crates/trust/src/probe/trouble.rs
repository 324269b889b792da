//! Which broken pairs belong together: one dead node breaks a whole column, and that is one thing to read. Pure.

use std::collections::{BTreeMap, HashMap};

use super::cause::Cause;
use super::matrix::{By, PairState, TrustEdge, TrustMatrix};
use crate::inventory::NodeIx;

/// What broken pairs have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Shape {
    /// Nobody reaches this node, of at least two that tried, in one way of calling or in all.
    Unreachable(NodeIx),
    /// This node reaches nobody, of at least two that it tried, in one way of calling or in all.
    Isolated(NodeIx),
    /// Some pairs that lead to this node.
    Pairs(NodeIx),
}

/// Broken pairs with one cause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble<'a> {
    /// What they have in common.
    pub shape: Shape,
    /// The likely cause, the same for all.
    pub cause: &'a Cause,
    /// The pairs; never empty.
    pub edges: Vec<&'a TrustEdge>,
    /// In the other direction every one of them works.
    pub one_way: bool,
}

/// Sorts the pairs that do not work into troubles: whole columns, whole rows, then the rest by the called node.
#[must_use]
pub fn troubles(matrix: &TrustMatrix) -> Vec<Trouble<'_>> {
    let tried = Tried::count(matrix);
    let mut columns: BTreeMap<(NodeIx, &Cause), Vec<&TrustEdge>> = BTreeMap::new();
    let mut rows: BTreeMap<(NodeIx, &Cause), Vec<&TrustEdge>> = BTreeMap::new();
    for edge in matrix.edges() {
        columns.entry((edge.to, &edge.cause)).or_default().push(edge);
        rows.entry((edge.from, &edge.cause)).or_default().push(edge);
    }
    rows.retain(|(node, _), edges| tried.all_of_row(*node, edges));
    columns.retain(|(node, _), edges| tried.all_of_column(*node, edges));
    // Where a row and a column cross, the pair belongs to the column.
    rows.values_mut().for_each(|edges| edges.retain(|e| !columns.contains_key(&(e.to, &e.cause))));
    let mut rest: BTreeMap<(NodeIx, &Cause), Vec<&TrustEdge>> = BTreeMap::new();
    let taken = |edge: &TrustEdge| {
        columns.contains_key(&(edge.to, &edge.cause)) || rows.contains_key(&(edge.from, &edge.cause))
    };
    for edge in matrix.edges().iter().filter(|edge| !taken(edge)) {
        rest.entry((edge.to, &edge.cause)).or_default().push(edge);
    }
    let sorted =
        [(columns, Shape::Unreachable as fn(NodeIx) -> Shape), (rows, Shape::Isolated), (rest, Shape::Pairs)];
    let groups = sorted.into_iter().flat_map(|(groups, shape)| {
        groups.into_iter().map(move |((node, cause), edges)| (shape(node), cause, edges))
    });
    groups
        .filter(|(_, _, edges)| !edges.is_empty())
        .map(|(shape, cause, edges)| {
            let one_way = edges.iter().all(|edge| works_back(matrix, edge));
            Trouble { shape, cause, edges, one_way }
        })
        .collect()
}

fn works_back(matrix: &TrustMatrix, edge: &TrustEdge) -> bool {
    matrix.get(edge.to, edge.from, edge.by).is_some_and(|pair| pair.state.is_good())
}

/// How many pairs were tried, by caller and by called node, in each way of calling, itself left out.
#[derive(Default)]
struct Tried {
    rows: HashMap<(NodeIx, By), usize>,
    columns: HashMap<(NodeIx, By), usize>,
}

impl Tried {
    fn count(matrix: &TrustMatrix) -> Self {
        let mut tried = Self::default();
        let seen = matrix.iter().filter(|(from, to, _, pair)| from != to && pair.state != PairState::Unseen);
        for (from, to, by, _) in seen {
            *tried.rows.entry((from, by)).or_default() += 1;
            *tried.columns.entry((to, by)).or_default() += 1;
        }
        tried
    }

    fn all_of_row(&self, node: NodeIx, edges: &[&TrustEdge]) -> bool {
        all(&self.rows, node, edges)
    }

    fn all_of_column(&self, node: NodeIx, edges: &[&TrustEdge]) -> bool {
        all(&self.columns, node, edges)
    }
}

/// Whether these are all that were tried, in each way that is among them. One pair by itself is no column: nobody can say
/// whose fault it is.
fn all(tried: &HashMap<(NodeIx, By), usize>, node: NodeIx, edges: &[&TrustEdge]) -> bool {
    let mut failed: HashMap<By, usize> = HashMap::new();
    for edge in edges.iter().filter(|edge| edge.from != edge.to) {
        *failed.entry(edge.by).or_default() += 1;
    }
    !failed.is_empty()
        && failed.iter().all(|(by, failed)| *failed > 1 && tried.get(&(node, *by)) == Some(failed))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::NodeSpec;
    use crate::probe::matrix::Pair;

    /// Rows of marks: `.` works, `r` refused, `k` key refused, `?` not tried.
    fn matrix(rows: &[&str]) -> TrustMatrix {
        let nodes = (1..=rows.len()).map(|i| NodeSpec { ip: [10, 0, 0, i as u8].into(), port: 22 });
        let mut matrix = TrustMatrix::new(nodes.collect(), vec![By::Ip]);
        for (from, row) in rows.iter().enumerate() {
            for (to, mark) in row.chars().enumerate().filter(|(to, _)| *to != from) {
                let (from, to) = (NodeIx::new(from), NodeIx::new(to));
                let cause = match mark {
                    '.' => {
                        matrix.set(from, to, By::Ip, Pair { state: PairState::Works, millis: 1 });
                        continue;
                    }
                    '?' => {
                        matrix.set(from, to, By::Ip, Pair::UNSEEN);
                        continue;
                    }
                    'r' => Cause::Refused,
                    _ => Cause::KeyRefused,
                };
                let (host, said) = (String::new(), String::new());
                let state = PairState::Broken;
                matrix.add(TrustEdge {
                    from,
                    to,
                    by: By::Ip,
                    host,
                    state,
                    status: None,
                    said,
                    cause,
                    millis: 1,
                });
            }
        }
        matrix
    }

    #[test]
    fn what_belongs_together_is_told_once() {
        use Shape::{Isolated, Pairs, Unreachable};
        type Wanted = (Shape, Cause, usize, bool);
        let cases: [(&[&str], &[Wanted]); 7] = [
            (&["...", "...", "..."], &[]),
            // A stopped sshd; it still reaches the others.
            (&[".r.", "...", ".r."], &[(Unreachable(NodeIx::new(1)), Cause::Refused, 2, true)]),
            // A node that could not be entered.
            (&[".r.", "???", ".r."], &[(Unreachable(NodeIx::new(1)), Cause::Refused, 2, false)]),
            // A lost private key.
            (&["...", "k.k", "..."], &[(Isolated(NodeIx::new(1)), Cause::KeyRefused, 2, true)]),
            // One way.
            (&["..r", "...", "..."], &[(Pairs(NodeIx::new(2)), Cause::Refused, 1, true)]),
            // Two nodes: nobody can say whose fault it is.
            (&[".r", ".."], &[(Pairs(NodeIx::new(1)), Cause::Refused, 1, true)]),
            // Two faults at once, each named once.
            (
                &[".r..", "....", ".r..", "kr.."],
                &[
                    (Unreachable(NodeIx::new(1)), Cause::Refused, 3, true),
                    (Pairs(NodeIx::new(0)), Cause::KeyRefused, 1, true),
                ],
            ),
        ];
        for (rows, wanted) in cases {
            let matrix = matrix(rows);
            let found = troubles(&matrix);
            let found: Vec<Wanted> =
                found.iter().map(|t| (t.shape, t.cause.clone(), t.edges.len(), t.one_way)).collect();
            assert_eq!(found, wanted, "{rows:?}");
        }
    }

    #[test]
    fn a_column_can_be_broken_in_one_way_of_calling() {
        let nodes = (1..=3).map(|i| NodeSpec { ip: [10, 0, 0, i].into(), port: 22 });
        let mut matrix = TrustMatrix::new(nodes.collect(), vec![By::Ip, By::Name]);
        for (from, to) in [(0, 1), (0, 2), (1, 0), (1, 2), (2, 0), (2, 1)] {
            let (from, to) = (NodeIx::new(from), NodeIx::new(to));
            matrix.set(from, to, By::Ip, Pair { state: PairState::Works, millis: 1 });
            matrix.set(from, to, By::Name, Pair { state: PairState::Works, millis: 1 });
            if to == NodeIx::new(1) {
                let (host, said, state) = ("node2".to_owned(), String::new(), PairState::Broken);
                let (by, status, cause) = (By::Name, Some(255), Cause::NameUnknown);
                matrix.add(TrustEdge { from, to, by, host, state, status, said, cause, millis: 1 });
            }
        }
        let found = troubles(&matrix);
        assert_eq!(
            found.iter().map(|t| (t.shape, t.edges.len())).collect::<Vec<_>>(),
            [(Shape::Unreachable(NodeIx::new(1)), 2)]
        );
    }

    #[test]
    fn every_broken_pair_is_in_exactly_one_trouble() {
        let matrix = matrix(&[".rk.r", "r.rrr", "krk.r", "....r", "rrkr."]);
        let mut told: Vec<(NodeIx, NodeIx)> =
            troubles(&matrix).iter().flat_map(|t| t.edges.iter().map(|e| (e.from, e.to))).collect();
        told.sort_unstable();
        let all: Vec<(NodeIx, NodeIx)> = matrix.edges().iter().map(|e| (e.from, e.to)).collect();
        assert_eq!(told, all);
    }
}
