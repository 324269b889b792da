//! The keys as a picture of few rows and columns: keys that are let in alike share a row, nodes that let in alike a column.

use std::collections::HashMap;

use sshtrust::access::{AccessKey, FileKind, Lock, NodeAccess, Odd, State};
use sshtrust::inventory::NodeIx;

use super::AccessReport;

/// So many keys that are alike have a row each.
const MOST_ALIKE: usize = 3;
/// No more keys than these are put into a picture, the first ones.
const MOST_KEYS: usize = 20_000;
/// Up to so many nodes have a column each, if there is room.
const MOST_SINGLES: usize = 16;

/// What a cell shows: the best that a key has on a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Mark {
    Plain,
    Restricted,
    Expired,
    Ignored,
    Absent,
    Unknown,
    /// A column of nodes that do not agree.
    Mixed,
}

impl Mark {
    /// All, in the order of the legend.
    pub(super) const ALL: [Self; 7] = [
        Self::Plain,
        Self::Restricted,
        Self::Expired,
        Self::Ignored,
        Self::Absent,
        Self::Unknown,
        Self::Mixed,
    ];

    const fn of(state: &State) -> Self {
        match state {
            State::Plain => Self::Plain,
            State::Restricted => Self::Restricted,
            State::Expired => Self::Expired,
            State::Ignored(_) => Self::Ignored,
        }
    }
}

/// Keys that share a row.
pub(super) struct Row<'a> {
    pub(super) keys: Vec<&'a AccessKey>,
    /// One a node.
    cells: Vec<Mark>,
}

impl Row<'_> {
    /// What it shows of some nodes.
    pub(super) fn mark(&self, nodes: &[NodeIx]) -> Mark {
        let mut marks = nodes.iter().filter_map(|node| self.cells.get(node.get()).copied());
        let first = marks.next().unwrap_or(Mark::Unknown);
        if marks.all(|mark| mark == first) { first } else { Mark::Mixed }
    }

    /// Whether something is odd about them.
    pub(super) fn is_odd(&self) -> bool {
        self.keys.iter().any(|key| !key.odd.is_empty())
    }
}

/// The rows, in the order of the keys.
pub(super) fn rows(report: &AccessReport) -> Vec<Row<'_>> {
    let unseen: Vec<Mark> = report.seen.said.iter().map(|said| empty(said.as_ref())).collect();
    let mut rows: Vec<Row<'_>> = Vec::new();
    let mut places: HashMap<_, usize> = HashMap::new();
    for key in report.seen.access.keys.iter().take(MOST_KEYS) {
        let mut cells = unseen.clone();
        for grant in &key.grants {
            if let Some(cell) = cells.get_mut(grant.node.get()) {
                *cell = (*cell).min(Mark::of(&grant.state));
            }
        }
        let mut locks: Vec<Lock> = key.halves.iter().map(|half| half.lock).collect();
        locks.sort_unstable();
        locks.dedup();
        let odd: Vec<Odd> = key.odd.iter().map(|odd| without_place(odd, &key.halves)).collect();
        let alike = (key.ours, key.kind, cells.clone(), locks, odd);
        let place = *places.entry(alike).or_insert(rows.len());
        match rows.get_mut(place) {
            Some(row) => row.keys.push(key),
            None => rows.push(Row { keys: vec![key], cells }),
        }
    }
    rows.into_iter().flat_map(split).collect()
}

/// Where a node's own private half lies open says nothing of whether keys are alike.
fn without_place(odd: &Odd, halves: &[sshtrust::access::Half]) -> Odd {
    match odd {
        Odd::OpenHalf(_) if halves.len() == 1 => Odd::OpenHalf(Vec::new()),
        other => other.clone(),
    }
}

/// Few keys have a row each.
fn split(row: Row<'_>) -> Vec<Row<'_>> {
    if row.keys.len() > MOST_ALIKE {
        return vec![row];
    }
    let single = |key| Row { keys: vec![key], cells: row.cells.clone() };
    row.keys.iter().copied().map(single).collect()
}

/// What a node shows of a key that was not found on it.
fn empty(said: Option<&NodeAccess>) -> Mark {
    let unseen = |said: &NodeAccess| {
        said.files.iter().any(|file| matches!(file.kind, FileKind::Unreadable | FileKind::Large))
    };
    if said.is_none_or(unseen) { Mark::Unknown } else { Mark::Absent }
}

/// Nodes that share a column.
pub(super) struct Column {
    pub(super) nodes: Vec<NodeIx>,
    /// They do not belong together: there was no room for more.
    pub(super) rest: bool,
}

/// The columns: at most so many.
pub(super) fn columns(report: &AccessReport, rows: &[Row<'_>], most: usize) -> Vec<Column> {
    let nodes = report.seen.nodes.indices();
    if nodes.len() <= MOST_SINGLES.min(most) {
        return nodes.map(|node| Column { nodes: vec![node], rest: false }).collect();
    }
    let mut columns: Vec<Column> = Vec::new();
    let mut places: HashMap<Vec<Mark>, usize> = HashMap::new();
    for node in nodes {
        let marks: Vec<Mark> = rows.iter().map(|row| row.mark(&[node])).collect();
        let place = *places.entry(marks).or_insert(columns.len());
        match columns.get_mut(place) {
            Some(column) => column.nodes.push(node),
            None => columns.push(Column { nodes: vec![node], rest: false }),
        }
    }
    if columns.len() > most {
        let mut left: Vec<NodeIx> =
            columns.split_off(most.saturating_sub(1)).into_iter().flat_map(|column| column.nodes).collect();
        left.sort_unstable();
        columns.push(Column { nodes: left, rest: true });
    }
    columns
}
