//! What `doctor` shows at a terminal: what is wrong and what to do, in the order in which a person needs it.

use sshtrust::check::NoEntry;
use sshtrust::inventory::NodeIx;

use super::findings::{draw, draw_short};
use super::words::{nodes, unseen};
use super::{Group, Stage, Told, end, groups};
use crate::i18n::{DoctorText, Lang};
use crate::reporter::layout::{grouped, wrap};
use crate::reporter::matrix::{label, not_entered, sample_text, section};
use crate::reporter::style::{Style, Tone};

/// Of more findings than these each is told in fewer words.
const CROWD: usize = 5;
/// So many findings of a section are told in full ...
const MOST: usize = 8;
/// ... and so many more in a line.
const MOST_SHORT: usize = 12;

/// The whole screen.
pub(crate) fn render(told: &Told<'_>, style: &Style) -> String {
    let mut sections = Vec::new();
    if !told.repeated {
        sections.push(head(told, style));
        sections.extend(found(told, &groups(told.diagnosis), style));
        sections.push(barred(told, style));
        sections.push(not_seen(told, style));
    }
    sections.extend(end::draw(told, style));
    joined(sections)
}

/// Sections with an empty line between them and one at the end.
pub(super) fn joined(sections: Vec<Vec<String>>) -> String {
    let sections: Vec<String> = sections
        .into_iter()
        .filter(|section| !section.is_empty())
        .map(|lines| lines.join("\n") + "\n")
        .collect();
    sections.join("\n")
}

/// What stands between a node and what is said of it, and between two things that are said.
pub(super) const fn signs(lang: Lang) -> (&'static str, &'static str) {
    match lang {
        Lang::En => (": ", "; "),
        Lang::Zh => ("：", "；"),
    }
}

/// A heading.
pub(super) fn title(text: &DoctorText<'_>, style: &Style) -> Vec<String> {
    let lines = wrap(&text.text(style.lang), style.width, "", "  ");
    lines.iter().map(|line| style.paint(Tone::Head, line)).collect()
}

fn head(told: &Told<'_>, style: &Style) -> Vec<String> {
    let counts = told.checked.matrix.counts();
    let user = &label(&told.case.user);
    let nodes = &grouped(told.case.nodes.len());
    if told.case.preflight {
        return title(&DoctorText::HeadPreflight { user, nodes }, style);
    }
    let (works, pairs) = (&grouped(counts.good()), &grouped(counts.total()));
    let mut lines = title(&DoctorText::Head { user, nodes, works, pairs }, style);
    if let Some(sampled) = told.checked.matrix.sampled() {
        lines.extend(wrap(&sample_text(counts.total(), sampled, style.lang), style.width, "", "  "));
    }
    lines
}

/// What a finding is to the reader.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Trust is broken by it, or cannot be made.
    Broken,
    /// Trust will be broken by it.
    Risk,
    /// Nobody knows why.
    Unexplained,
}

impl Kind {
    const ALL: [Self; 3] = [Self::Broken, Self::Risk, Self::Unexplained];

    const fn of(group: &Group<'_>, preflight: bool) -> Self {
        match () {
            () if group.is_unexplained() => Self::Unexplained,
            () if group.breaks || preflight => Self::Broken,
            () => Self::Risk,
        }
    }

    const fn heading(self, preflight: bool) -> DoctorText<'static> {
        match self {
            Self::Broken if preflight => DoctorText::InTheWay {},
            Self::Broken => DoctorText::Broken {},
            Self::Risk => DoctorText::Risks {},
            Self::Unexplained => DoctorText::NotExplained {},
        }
    }
}

/// The findings: why trust is broken, what will break it, and what nobody can explain. Numbered throughout.
pub(super) fn found(told: &Told<'_>, all: &[Group<'_>], style: &Style) -> Vec<Vec<String>> {
    let preflight = told.case.preflight;
    let crowded = all.len() > CROWD;
    let mut number = 0;
    let mut sections = Vec::new();
    for kind in Kind::ALL {
        let members: Vec<&Group<'_>> =
            all.iter().filter(|group| Kind::of(group, preflight) == kind).collect();
        let (full, rest) = members.split_at(members.len().min(MOST));
        let (short, more) = rest.split_at(rest.len().min(MOST_SHORT));
        for (place, group) in full.iter().enumerate() {
            number += 1;
            // The first stands right below the heading.
            let mut lines = if place == 0 { title(&kind.heading(preflight), style) } else { Vec::new() };
            lines.extend(draw(group, number, told, crowded, style));
            sections.push(lines);
        }
        let mut lines = Vec::new();
        for group in short {
            number += 1;
            lines.extend(draw_short(group, number, told, style));
        }
        if !more.is_empty() {
            let text = DoctorText::More { count: &grouped(more.len()) }.text(style.lang);
            lines.extend(wrap(&text, style.width, "     ", "     "));
        }
        sections.extend(Some(lines).filter(|lines| !lines.is_empty()));
    }
    sections
}

/// Nodes that were not entered or not read, with the reason; and how they can be.
fn barred(told: &Told<'_>, style: &Style) -> Vec<String> {
    let mut lines = not_entered(told.checked, &DoctorText::NotExamined {}.text(style.lang), style);
    let unread = told.case.nodes.entries().zip(&told.unseen);
    let unread = unread.filter(|((_, node), unseen)| node.entry.is_ok() && unseen.is_none());
    let unread: Vec<NodeIx> = unread.map(|((index, _), _)| index).collect();
    if !unread.is_empty() {
        let (colon, _) = signs(style.lang);
        let text = DoctorText::NotRead {}.text(style.lang);
        let text = format!("{text}{colon}{}", nodes(told.checked, &unread, style.lang));
        lines.extend(wrap(&text, style.width, "", "  "));
    }
    let closed = told.case.nodes.entries();
    let closed = closed.filter(|(_, node)| matches!(node.entry, Err(NoEntry::NoPassword(_))));
    let closed: Vec<NodeIx> = closed.map(|(index, _)| index).collect();
    if !closed.is_empty() {
        let nodes = &nodes(told.checked, &closed, style.lang);
        lines.extend(wrap(&DoctorText::GivePassword { nodes }.text(style.lang), style.width, "", "  "));
    }
    lines
}

/// What could not be seen, and on which nodes: never guessed.
fn not_seen(told: &Told<'_>, style: &Style) -> Vec<String> {
    let mut seen: Vec<(String, Vec<NodeIx>)> = Vec::new();
    for (index, all) in told.unseen.entries() {
        for what in all.iter().flatten() {
            let what = unseen(*what, style.lang);
            match seen.iter_mut().find(|(known, _)| *known == what) {
                Some((_, nodes)) => nodes.push(index),
                None => seen.push((what, vec![index])),
            }
        }
    }
    let items = seen
        .iter()
        .map(|(what, at)| format!("{what}{}{}", signs(style.lang).0, nodes(told.checked, at, style.lang)));
    section(&DoctorText::NotSeen {}.text(style.lang), items.collect(), style)
}

/// Whether the plan or nothing more follows below on this screen.
pub(super) const fn is_planned(told: &Told<'_>) -> bool {
    matches!(told.stage, Stage::Planned)
}
