//! Findings that are one to the reader: the same on many nodes.

use std::collections::{BTreeMap, BTreeSet};

use sshtrust::diagnose::{ByHand, Certainty, Code, Diagnosis, Finding, Healing};
use sshtrust::inventory::NodeIx;
use sshtrust::plan::{Command, Part};
use sshtrust::probe::EdgeIx;

/// More groups of one code than these are made one.
const MOST_ALIKE: usize = 4;

/// Findings with one code and cures of one kind.
pub(crate) struct Group<'a> {
    /// What is wrong.
    pub(crate) code: Code,
    /// How sure it is.
    pub(crate) certainty: Certainty,
    /// Whether trust is broken by it now.
    pub(crate) breaks: bool,
    /// It keeps the coordinator out.
    pub(crate) bars: bool,
    /// Where the fault lies.
    pub(crate) nodes: BTreeSet<NodeIx>,
    /// The other nodes that it is about.
    pub(crate) about: BTreeSet<NodeIx>,
    /// The pairs that it explains.
    pub(crate) pairs: BTreeSet<EdgeIx>,
    /// The findings, in the order of the diagnosis.
    pub(crate) findings: Vec<&'a Finding>,
    kinds: Vec<Kind>,
}

/// A kind of cure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Run,
    Restore,
    ByHand(ByHand),
}

impl Kind {
    const fn of(healing: &Healing) -> Self {
        match healing {
            Healing::Run => Self::Run,
            Healing::Restore(_) => Self::Restore,
            Healing::ByHand(why) => Self::ByHand(*why),
        }
    }
}

/// What findings have in common that are one to the reader.
type Shape = (Code, Certainty, bool, bool, Vec<Kind>);

/// All groups, in the order of the diagnosis.
pub(crate) fn groups(diagnosis: &Diagnosis) -> Vec<Group<'_>> {
    let groups = diagnosis.findings.iter().map(Group::of);
    let groups = joined(groups, |group| {
        // What nobody can explain has nothing in common but the node.
        let by = if group.is_unexplained() { &group.nodes } else { &group.about };
        (group.shape(), by.clone())
    });
    let groups = joined(groups, |group| (group.shape(), group.nodes.clone()));
    let mut alike: BTreeMap<Shape, usize> = BTreeMap::new();
    groups.iter().for_each(|group| *alike.entry(group.shape()).or_default() += 1);
    let crowded = |group: &Group<'_>| alike.get(&group.shape()).is_some_and(|count| *count > MOST_ALIKE);
    joined(groups, |group| {
        let nodes = if crowded(group) { BTreeSet::new() } else { group.nodes.clone() };
        (group.shape(), nodes)
    })
}

/// Joins groups that have the same key; each stands where the first of its kind stood.
fn joined<'a, K: Ord>(
    groups: impl IntoIterator<Item = Group<'a>>,
    key: impl Fn(&Group<'a>) -> K,
) -> Vec<Group<'a>> {
    let mut places: BTreeMap<K, usize> = BTreeMap::new();
    let mut joined: Vec<Group<'a>> = Vec::new();
    for group in groups {
        let place = *places.entry(key(&group)).or_insert(joined.len());
        match joined.get_mut(place) {
            Some(known) => known.join(group),
            None => joined.push(group),
        }
    }
    joined
}

impl<'a> Group<'a> {
    fn of(finding: &'a Finding) -> Self {
        let mut kinds: Vec<Kind> = finding.cures.iter().map(|cure| Kind::of(&cure.healing)).collect();
        kinds.sort_unstable();
        kinds.dedup();
        Self {
            code: finding.code,
            certainty: finding.certainty,
            breaks: finding.breaks(),
            bars: finding.bars,
            nodes: [finding.node].into(),
            about: finding.about.into_iter().collect(),
            pairs: finding.pairs.iter().copied().collect(),
            findings: vec![finding],
            kinds,
        }
    }

    fn shape(&self) -> Shape {
        let alone = self.about.is_empty() && !self.is_unexplained();
        (self.code, self.certainty, self.breaks, alone, self.kinds.clone())
    }

    fn join(&mut self, other: Self) {
        self.bars |= other.bars;
        self.nodes.extend(other.nodes);
        self.about.extend(other.about);
        self.pairs.extend(other.pairs);
        self.findings.extend(other.findings);
    }

    /// Whether nobody knows why.
    pub(crate) const fn is_unexplained(&self) -> bool {
        matches!(self.code, Code::OneWay | Code::Unexplained)
    }
}

/// One cure, and the nodes where it is the same.
pub(crate) struct Remedy<'a> {
    /// On which nodes.
    pub(crate) nodes: BTreeSet<NodeIx>,
    /// The commands.
    pub(crate) commands: &'a [Command],
    /// What the program does about it.
    pub(crate) healing: &'a Healing,
}

/// The cures of a group, those that are the same together.
pub(crate) fn remedies<'a>(group: &Group<'a>) -> Vec<Remedy<'a>> {
    let mut places: BTreeMap<String, usize> = BTreeMap::new();
    let mut remedies: Vec<Remedy<'a>> = Vec::new();
    for cure in group.findings.iter().flat_map(|finding| &finding.cures) {
        let (commands, healing) = (&cure.commands, &cure.healing);
        let place = *places.entry(format!("{healing:?} {commands:?}")).or_insert(remedies.len());
        match remedies.get_mut(place) {
            Some(known) => drop(known.nodes.insert(cure.node)),
            None => remedies.push(Remedy { nodes: [cure.node].into(), commands, healing }),
        }
    }
    remedies
}

impl Remedy<'_> {
    /// What is restored, each kind once.
    pub(crate) fn parts(&self) -> Vec<&Part> {
        let Healing::Restore(parts) = self.healing else { return Vec::new() };
        let mut seen: Vec<&Part> = Vec::new();
        for part in parts {
            if !seen.iter().any(|known| std::mem::discriminant(*known) == std::mem::discriminant(part)) {
                seen.push(part);
            }
        }
        seen
    }
}
