//! Changes that are one to the reader: the same thing on many nodes.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use sshtrust::inventory::NodeSpec;
use sshtrust::plan::{LineKind, Piece};

use super::OnNode;

/// More versions of one thing than these are told as one, by an example.
const MOST_ALIKE: usize = 3;

/// How the texts of a group are alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Alike {
    /// They are the same.
    Equal,
    /// The same lines come and go, between other lines.
    Around,
    /// They are about the same thing.
    Own,
}

/// One thing that changes on some nodes, each once and in order.
pub(super) struct Group<'a> {
    pub(super) nodes: Vec<NodeSpec>,
    /// As it is on the first of them.
    pub(super) piece: &'a Arc<Piece>,
    pub(super) alike: Alike,
    /// That first node.
    pub(super) example: NodeSpec,
    /// Where its first node came.
    place: usize,
}

/// Everything that changes. With `joins` many versions of one thing are one group.
pub(super) fn groups<'a>(nodes: &[OnNode<'a>], joins: bool) -> Vec<Group<'a>> {
    let mut groups = same(nodes);
    if joins {
        // How much comes and how much goes, then whether anything goes at all: what is taken away never hides behind what is
        // added.
        groups = joined(groups, |piece| (count(piece, LineKind::Added), count(piece, LineKind::Removed)));
        groups = joined(groups, |piece| (0, usize::from(count(piece, LineKind::Removed) > 0)));
    }
    groups
}

fn count(piece: &Piece, kind: LineKind) -> usize {
    piece.of_kind(kind).count()
}

/// Those in which the same comes and goes.
fn same<'a>(nodes: &[OnNode<'a>]) -> Vec<Group<'a>> {
    let mut places: HashMap<_, usize> = HashMap::new();
    let mut groups: Vec<Group<'a>> = Vec::new();
    for (spec, text) in nodes {
        for piece in &text.pieces {
            let place = *places.entry((&piece.about, piece.essence())).or_insert(groups.len());
            match groups.get_mut(place) {
                Some(group) => {
                    if group.nodes.last() != Some(spec) {
                        group.nodes.push(*spec);
                    }
                    if group.alike == Alike::Equal && group.piece != piece {
                        group.alike = Alike::Around;
                    }
                }
                None => {
                    let alike = Alike::Equal;
                    groups.push(Group { nodes: vec![*spec], piece, alike, example: *spec, place });
                }
            }
        }
    }
    groups
}

/// The same groups, but those about one thing of which there are too many are joined by a key.
fn joined<'a>(groups: Vec<Group<'a>>, key: impl Fn(&Piece) -> (usize, usize)) -> Vec<Group<'a>> {
    let mut versions: HashMap<Arc<str>, usize> = HashMap::new();
    groups.iter().for_each(|group| *versions.entry(group.piece.about.clone()).or_default() += 1);
    let mut places: HashMap<(Arc<str>, (usize, usize)), usize> = HashMap::new();
    let mut all: Vec<Group<'a>> = Vec::new();
    for group in groups {
        let about = &group.piece.about;
        if versions.get(about).is_none_or(|count| *count <= MOST_ALIKE) {
            all.push(group);
            continue;
        }
        let place = *places.entry((about.clone(), key(group.piece))).or_insert(all.len());
        match all.get_mut(place) {
            Some(known) => {
                known.nodes.extend(group.nodes);
                known.alike = Alike::Own;
            }
            None => all.push(group),
        }
    }
    for group in &mut all {
        group.nodes.sort_unstable();
        group.nodes.dedup();
    }
    all
}

/// Groups that stand below one heading: of the same nodes and alike in the same way. In order.
pub(super) fn sections<'a>(groups: Vec<Group<'a>>) -> Vec<Vec<Group<'a>>> {
    let mut sections: BTreeMap<(usize, Alike), Vec<Group<'a>>> = BTreeMap::new();
    let mut sets: HashMap<(Vec<NodeSpec>, Alike), usize> = HashMap::new();
    for group in groups {
        let set = (group.nodes.clone(), group.alike);
        let place = *sets.entry(set).or_insert(group.place);
        sections.entry((place, group.alike)).or_default().push(group);
    }
    sections.into_values().collect()
}
