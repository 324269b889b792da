//! The matrix as it is drawn: callers down the side, called nodes across.

use sshtrust::check::Checked;
use sshtrust::inventory::NodeIx;

use super::layout::{cut, grouped, pad, width, wrap};
use super::matrix::{label, who};
use super::picture::{Cell, Class, Mark, Picture};
use super::style::{Style, Tone};
use crate::i18n::Message;

/// Up to so many nodes have a row each, if there is room.
const MOST_SINGLES: usize = 16;
/// No picture has more rows than this.
const MOST_ROWS: usize = 20;
/// Columns of a cell.
const CELL: usize = 3;
/// The label of a row keeps at least so many columns.
const LEAST_LABEL: usize = 18;

/// The picture with its legend.
pub(super) fn draw(checked: &Checked, style: &Style) -> Vec<String> {
    let lang = style.lang;
    let size = checked.matrix.nodes().len();
    let picture = Picture::of(&checked.matrix);
    let room = (style.width.saturating_sub(LEAST_LABEL + 5) / CELL).clamp(2, MOST_ROWS);
    let classes = if size <= MOST_SINGLES.min(room) { picture.singles() } else { picture.classes(room) };
    if let [only] = classes.as_slice() {
        let nodes = who(checked, &only.nodes, 12, style.lang);
        if size < 2 {
            return wrap(&Message::OneNode { nodes: &nodes }.text(lang), style.width, "  ", "  ");
        }
        let cell = picture.between(only, only);
        if cell.iter().all(|mark| matches!(mark, Mark::Works | Mark::Itself)) {
            let sign = style.paint(Tone::Good, sign(Mark::Works, style));
            let lines = wrap(&Message::AllReach { nodes: &nodes }.text(lang), style.width, "    ", "    ");
            return lines
                .into_iter()
                .enumerate()
                .map(|(i, line)| if i == 0 { format!("  {sign} {}", line.trim_start()) } else { line })
                .collect();
        }
    }
    let ways = checked.matrix.by().len();
    let mut seen = Vec::new();
    let mut lines = rows(checked, style, &picture, &classes, &mut seen);
    lines.push(String::new());
    lines.extend(legend(&seen, style));
    if ways > 1 {
        lines.extend(wrap(&Message::TwoWays {}.text(lang), style.width, "  ", "  "));
    }
    lines
}

/// Head and rows. `seen` gets the marks that occur.
fn rows(
    checked: &Checked,
    style: &Style,
    picture: &Picture,
    classes: &[Class],
    seen: &mut Vec<Mark>,
) -> Vec<String> {
    let ways = checked.matrix.by().len();
    let room = style.width.saturating_sub(5 + CELL * classes.len()).max(LEAST_LABEL);
    let labels = labels(checked, classes, room, style);
    let corner = Message::Corner {}.text(style.lang);
    let widest = labels.iter().chain([&corner]).map(|label| width(label)).max().unwrap_or_default();
    let numbers: String = (1..=classes.len()).map(|n| format!("{n:>CELL$}")).collect();
    let mut lines = vec![style.paint(Tone::Faint, &format!("     {}{numbers}", pad(&corner, widest)))];
    for (place, (from, label)) in classes.iter().zip(labels).enumerate() {
        let mut line = format!("{:>3}  {}", place + 1, pad(&label, widest));
        for to in classes {
            let cell = picture.between(from, to);
            let shown = cell.iter().take(ways);
            seen.extend(shown);
            line.push_str(&draw_cell(cell, ways, style));
        }
        lines.push(line);
    }
    lines
}

fn draw_cell(cell: Cell, ways: usize, style: &Style) -> String {
    let marks = cell.iter().take(ways);
    let drawn: String = marks.map(|mark| style.paint(tone(*mark), sign(*mark, style))).collect();
    format!("{}{drawn}", " ".repeat(CELL.saturating_sub(ways)))
}

/// One label a class, in at most so many columns: with host names where they fit.
fn labels(checked: &Checked, classes: &[Class], room: usize, style: &Style) -> Vec<String> {
    let addresses = |class: &Class| match class.nodes.as_slice() {
        [node] => checked.nodes.get(*node).map(|n| n.spec.to_string()).unwrap_or_default(),
        _ => String::new(),
    };
    let widest = classes.iter().map(|class| width(&addresses(class))).max().unwrap_or_default();
    let label = |class: &Class| match class.nodes.as_slice() {
        [node] => {
            let name = checked.nodes.get(*node).and_then(|n| n.name.as_deref()).map(label);
            let address = addresses(class);
            match name {
                Some(name) => format!("{}  {name}", pad(&address, widest)),
                None => address,
            }
        }
        nodes if class.rest => Message::Others { count: &grouped(nodes.len()) }.text(style.lang),
        nodes => set(checked, nodes, room, style),
    };
    classes.iter().map(|class| cut(label(class).trim_end(), room)).collect()
}

/// A set of nodes and how many they are, in as many ranges as there is room for.
fn set(checked: &Checked, nodes: &[NodeIx], room: usize, style: &Style) -> String {
    let shortest = || Message::NodeCount { count: &grouped(nodes.len()) }.text(style.lang);
    let fits = (1..=20).rev().map(|most| who(checked, nodes, most, style.lang));
    fits.into_iter().find(|text| width(text) <= room).unwrap_or_else(shortest)
}

/// What the signs mean: those that occur.
fn legend(seen: &[Mark], style: &Style) -> Vec<String> {
    let gap = "   ";
    let mut lines = Vec::new();
    let (mut line, mut used) = (String::from("  "), 2);
    for mark in Mark::ALL.into_iter().filter(|mark| seen.contains(mark)) {
        let words = meaning(mark).text(style.lang);
        let wide = width(&words) + 2;
        if used > 2 && used + gap.len() + wide > style.width {
            lines.push(std::mem::replace(&mut line, String::from("  ")));
            used = 2;
        }
        if used > 2 {
            line.push_str(gap);
            used += gap.len();
        }
        line.push_str(&format!("{} {words}", style.paint(tone(mark), sign(mark, style))));
        used += wide;
    }
    lines.push(line);
    lines
}

/// Signs that are one column wide on every terminal, Chinese ones too.
const fn sign(mark: Mark, style: &Style) -> &'static str {
    match (mark, style.unicode) {
        (Mark::Itself, _) => "-",
        (Mark::Works, true) => "\u{2713}",
        (Mark::Works, false) => ".",
        (Mark::Slow, _) => "~",
        (Mark::Broken, true) => "\u{2717}",
        (Mark::Broken, false) => "X",
        (Mark::Throttled, _) => "!",
        (Mark::Unseen, _) => "?",
        (Mark::Mixed, _) => "%",
    }
}

const fn tone(mark: Mark) -> Tone {
    match mark {
        Mark::Itself => Tone::Faint,
        Mark::Works => Tone::Good,
        Mark::Slow | Mark::Throttled => Tone::Odd,
        Mark::Broken | Mark::Mixed => Tone::Bad,
        Mark::Unseen => Tone::Unknown,
    }
}

const fn meaning(mark: Mark) -> Message<'static> {
    match mark {
        Mark::Itself => Message::KeyItself {},
        Mark::Works => Message::KeyWorks {},
        Mark::Slow => Message::KeySlow {},
        Mark::Broken => Message::KeyBroken {},
        Mark::Throttled => Message::KeyThrottled {},
        Mark::Unseen => Message::KeyUnseen {},
        Mark::Mixed => Message::KeyMixed {},
    }
}
