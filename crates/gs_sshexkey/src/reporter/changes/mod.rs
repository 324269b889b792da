//! Differences as a person reads them: of a few nodes all of it, node by node; of many nodes what is equal once, and the
//! beginning of what is long.

mod group;
mod json;

#[cfg(test)]
mod tests;

use std::collections::HashSet;

use sshtrust::inventory::NodeSpec;
use sshtrust::plan::{ChangeText, LineKind, Piece, Run};

use self::group::{Alike, Group, groups, sections};
use super::fold::folded;
use super::layout::{cut, grouped, wrap};
use super::style::Style;
use crate::i18n::{ChangesText, Lang};

pub(crate) use json::Texts;

/// A cluster of at most so many nodes is shown node by node, and whole.
pub(crate) const FEW: usize = 8;
/// So many ranges of addresses are written on a screen.
const MOST_RANGES: usize = 12;
/// So many lines are shown of a run of lines that come, or go.
const MOST_ALIKE: usize = 3;
/// A run of so many lines is written again in a log.
const MOST_AGAIN: usize = 40;
/// So many lines are shown of a file.
const MOST_OF_FILE: usize = 12;
/// So many lines are shown of all.
const MOST_LINES: usize = 100;

/// A node and what changes there.
pub(crate) type OnNode<'a> = (NodeSpec, &'a ChangeText);

/// How differences are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct How {
    /// The language.
    pub(crate) lang: Lang,
    /// Columns of a screen, where long lines are cut; without it all is written, each line once.
    pub(crate) screen: Option<usize>,
    /// Nodes without a change are told too.
    pub(crate) unchanged: bool,
}

impl How {
    /// For a screen; nodes without a change are left out.
    pub(crate) const fn of(style: &Style) -> Self {
        Self { lang: style.lang, screen: Some(style.width), unchanged: false }
    }

    /// For a log.
    pub(crate) const fn for_log() -> Self {
        Self { lang: Lang::En, screen: None, unchanged: false }
    }

    /// Nodes without a change are told too.
    pub(crate) const fn with_unchanged(self) -> Self {
        Self { unchanged: true, ..self }
    }
}

/// What changes in a cluster; each line ends in a newline.
pub(crate) fn draw(nodes: &[OnNode<'_>], how: How) -> String {
    if nodes.len() <= FEW {
        return nodes.iter().map(|node| single(*node, how)).collect();
    }
    let mut sheet = Sheet { how, text: String::new(), lines: 0, cut: false, told: HashSet::new() };
    let mut left = Vec::new();
    for section in sections(groups(nodes, how.screen.is_some())) {
        if how.screen.is_some() && sheet.lines >= MOST_LINES {
            left.extend(section);
        } else {
            sheet.section(&section);
        }
    }
    sheet.more(&left);
    let same: Vec<NodeSpec> =
        nodes.iter().filter(|(_, text)| text.is_empty()).map(|(spec, _)| *spec).collect();
    if how.unchanged && !same.is_empty() {
        let no_change = ChangesText::NoChange {}.text(how.lang);
        sheet.head(&who(&same, how));
        sheet.line(&no_change);
    }
    if sheet.cut {
        sheet.line("");
        sheet.line(&ChangesText::Shortened {}.text(how.lang));
    }
    sheet.text
}

/// Everything of one node.
fn single((spec, text): OnNode<'_>, how: How) -> String {
    match (text.is_empty(), how.unchanged) {
        (true, false) => String::new(),
        (true, true) => format!("==> {spec}\n{}\n", ChangesText::NoChange {}.text(how.lang)),
        (false, _) => format!("==> {spec}\n{}\n", text.to_string().trim_end()),
    }
}

/// Nodes in words.
fn who(nodes: &[NodeSpec], how: How) -> String {
    let most = if how.screen.is_some() { MOST_RANGES } else { usize::MAX };
    match nodes {
        [node] => node.to_string(),
        many => {
            let (nodes, count) = (&folded(many.iter().copied(), most), &grouped(many.len()));
            ChangesText::Nodes { nodes, count }.text(how.lang)
        }
    }
}

/// What is shown, as it grows.
struct Sheet<'a> {
    how: How,
    text: String,
    lines: usize,
    /// Something was left out.
    cut: bool,
    /// Long runs that were written, by where they lie.
    told: HashSet<&'a str>,
}

impl<'a> Sheet<'a> {
    fn line(&mut self, line: &str) {
        let shown = self.how.screen.map(|width| cut(line, width));
        let shown = shown.as_deref().unwrap_or(line);
        self.cut |= shown != line;
        self.text.push_str(shown);
        self.text.push('\n');
        self.lines += 1;
    }

    /// Who it is is never cut.
    fn head(&mut self, text: &str) {
        self.broken(text, "==> ");
    }

    fn broken(&mut self, text: &str, first: &str) {
        let lines = match self.how.screen {
            Some(width) => wrap(text, width, first, "    "),
            None => vec![format!("{first}{text}")],
        };
        for line in lines {
            self.text.push_str(&line);
            self.text.push('\n');
            self.lines += 1;
        }
    }

    fn section(&mut self, groups: &[Group<'a>]) {
        let Some(first) = groups.first() else { return };
        let nodes = &who(&first.nodes, self.how);
        let example = &first.example;
        let head = match first.alike {
            Alike::Equal => nodes.clone(),
            Alike::Around => ChangesText::Around { nodes, example }.text(self.how.lang),
            Alike::Own => ChangesText::Own { nodes, example }.text(self.how.lang),
        };
        self.head(&head);
        for group in groups {
            match self.how.screen {
                Some(_) => self.begun(group.piece),
                None => self.whole(group.piece),
            }
        }
    }

    /// A piece for a screen.
    fn begun(&mut self, piece: &'a Piece) {
        let mut shown: Vec<String> = Vec::new();
        for run in stretches(piece) {
            let kind = run.first().map_or(LineKind::Plain, |run| run.kind);
            let lines: Vec<&str> = run.iter().flat_map(|run| run.text.lines()).collect();
            let count = &grouped(lines.len().saturating_sub(MOST_ALIKE));
            let more = match kind {
                LineKind::Added => ChangesText::MoreAdded { count },
                LineKind::Removed => ChangesText::MoreRemoved { count },
                _ => ChangesText::MoreLines { count },
            };
            let long = matches!(kind, LineKind::Added | LineKind::Removed) && lines.len() > MOST_ALIKE + 1;
            let most = if long { MOST_ALIKE } else { lines.len() };
            shown.extend(lines.iter().take(most).map(|line| (*line).to_owned()));
            if long {
                self.cut = true;
                shown.push(more.text(self.how.lang));
            }
        }
        let more = shown.len().saturating_sub(MOST_OF_FILE);
        if more > 1 {
            self.cut = true;
            let all: usize = piece.runs.iter().map(|run| run.text.lines().count()).sum();
            shown.truncate(MOST_OF_FILE);
            let count = &grouped(all.saturating_sub(MOST_OF_FILE));
            shown.push(ChangesText::MoreLines { count }.text(self.how.lang));
        }
        shown.iter().for_each(|line| self.line(line));
    }

    /// A piece for a log. A long run that was written above is not written again.
    fn whole(&mut self, piece: &'a Piece) {
        for run in stretches(piece) {
            let mut again = 0;
            let all: usize = run.iter().map(|part| part.text.lines().count()).sum();
            for part in run {
                let count = part.text.lines().count();
                if all > MOST_AGAIN && !self.told.insert(&part.text) {
                    again += count;
                    continue;
                }
                self.repeated(std::mem::take(&mut again));
                self.text.push_str(&part.text);
                self.lines += count;
            }
            self.repeated(again);
        }
    }

    fn repeated(&mut self, count: usize) {
        if count > 0 {
            self.line(&ChangesText::Repeated { count: &grouped(count) }.text(self.how.lang));
        }
    }

    /// What there is no room for.
    fn more(&mut self, left: &[Group<'_>]) {
        if left.is_empty() {
            return;
        }
        self.cut = true;
        let mut nodes: Vec<NodeSpec> = left.iter().flat_map(|group| &group.nodes).copied().collect();
        nodes.sort_unstable();
        nodes.dedup();
        let (count, nodes) = (&grouped(left.len()), &who(&nodes, self.how));
        let text = ChangesText::More { count, nodes }.text(self.how.lang);
        self.broken(&text, "");
    }
}

/// Neighbouring runs of one kind together.
fn stretches(piece: &Piece) -> impl Iterator<Item = &[Run]> {
    piece.runs.chunk_by(|a, b| a.kind == b.kind)
}
