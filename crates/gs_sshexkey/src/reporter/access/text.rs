//! The screen: how many can get in, the keys with the nodes, and what is odd, with what to do.

use std::collections::BTreeMap;

use sshtrust::access::Note;
use sshtrust::inventory::NodeIx;
use sshtrust::text::printable;

use super::AccessReport;
use super::picture::{Column, Mark, Row, columns, rows};
use super::words::{comments, ends, halves, kind, last_use, note, odd, options, short, who, who_within};
use crate::i18n::{AccessText, Lang, Message, barred};
use crate::reporter::layout::{cut, grouped, pad, width, wrap};
use crate::reporter::matrix::label;
use crate::reporter::style::{Style, Tone};

/// No picture has more rows than this.
const MOST_ROWS: usize = 20;
/// So many lines are shown in a section.
const MOST_LINES: usize = 20;
/// So many different options of one row are shown.
const MOST_OPTIONS: usize = 4;
/// Columns of a cell.
const CELL: usize = 3;
/// The label of a row keeps at least so many columns.
const LEAST_LABEL: usize = 24;
/// Where the label of a row begins.
const INDENT: usize = 6;

/// The whole screen.
pub(crate) fn render(report: &AccessReport, style: &Style) -> String {
    let rows = rows(report);
    let sections = [
        head(report, style),
        picture(report, &rows, style),
        oddities(report, &rows, style),
        broken(report, style),
        notes(report, style),
        not_read(report, style),
    ];
    let full = sections.into_iter().filter(|lines| !lines.is_empty());
    let texts: Vec<String> = full.map(|lines| format!("{}\n", lines.join("\n"))).collect();
    texts.join("\n")
}

/// What a node says is in it: nothing of it may reach the terminal as a command.
fn wrapped(text: &str, style: &Style, first: &str, rest: &str) -> Vec<String> {
    wrap(&printable(text.as_bytes()), style.width, first, rest)
}

fn head(report: &AccessReport, style: &Style) -> Vec<String> {
    let (lang, access) = (style.lang, &report.seen.access);
    let nodes = &grouped(report.seen.nodes.len());
    let head = AccessText::Head { user: &label(&report.user), nodes }.text(lang);
    let summary = AccessText::Summary {
        keys: &grouped(access.let_in()),
        foreign: &grouped(access.foreign()),
        odd: &grouped(access.odd()),
    };
    let tone = if access.odd() == 0 { Tone::Good } else { Tone::Odd };
    let paint = |text: &str, tone| -> Vec<String> {
        wrapped(text, style, "", "  ").iter().map(|line| style.paint(tone, line)).collect()
    };
    let mut lines = paint(&head, Tone::Head);
    lines.extend(paint(&summary.text(lang), tone));
    let count = report.not_read().len();
    if count > 0 {
        lines.extend(paint(&AccessText::NotAll { count: &grouped(count), nodes }.text(lang), Tone::Bad));
    }
    lines
}

fn picture(report: &AccessReport, rows: &[Row<'_>], style: &Style) -> Vec<String> {
    let lang = style.lang;
    if rows.is_empty() {
        return wrapped(&AccessText::NoKeys {}.text(lang), style, "", "  ");
    }
    let room = (style.width.saturating_sub(LEAST_LABEL + INDENT) / CELL).max(2);
    let columns = columns(report, rows, room);
    let shown = rows.get(..MOST_ROWS).unwrap_or(rows);
    let room = style.width.saturating_sub(INDENT + CELL * columns.len());
    let corner = AccessText::Corner {}.text(lang);
    let labels: Vec<String> = shown.iter().map(|row| cut(&row_label(row, lang), room)).collect();
    let widest = labels.iter().chain([&corner]).map(|label| width(label)).max().unwrap_or_default();
    let numbers: String = (1..=columns.len()).map(|number| format!("{number:>CELL$}")).collect();
    let mut lines =
        vec![style.paint(Tone::Faint, &format!("{}{}{numbers}", " ".repeat(INDENT), pad(&corner, widest)))];
    let mut seen = Vec::new();
    for (place, (row, label)) in shown.iter().zip(&labels).enumerate() {
        let flag = if row.is_odd() { style.paint(Tone::Odd, "!") } else { " ".to_owned() };
        let mut line = format!("{:>3}{flag}  {}", place + 1, pad(label, widest));
        for column in &columns {
            let mark = row.mark(&column.nodes);
            seen.push(mark);
            line.push_str(&format!("{}{}", " ".repeat(CELL - 1), style.paint(tone(mark), sign(mark, style))));
        }
        lines.push(line);
        lines.extend(details(report, row, style));
    }
    let shown: usize = shown.iter().map(|row| row.keys.len()).sum();
    let more = report.seen.access.keys.len() - shown;
    if more > 0 {
        lines.extend(wrapped(&AccessText::MoreRows { count: &grouped(more) }.text(lang), style, "  ", "  "));
    }
    lines.push(String::new());
    lines.extend(legend(&seen, style));
    lines.extend(nodes(report, &columns, style));
    lines
}

/// What kind of key, whose, with what comment.
fn row_label(row: &Row<'_>, lang: Lang) -> String {
    let Some(first) = row.keys.first() else { return String::new() };
    let ours = first.ours.then(|| AccessText::Ours {}.text(lang));
    let many =
        (row.keys.len() > 1).then(|| AccessText::SameKeys { count: &grouped(row.keys.len()) }.text(lang));
    let comment = comments(&row.keys, lang);
    let words = [many, Some(kind(first, lang)), ours, Some(comment)];
    let words: Vec<String> = words.into_iter().flatten().filter(|word| !word.is_empty()).collect();
    printable(words.join("  ").as_bytes())
}

/// What stands below a row.
fn details(report: &AccessReport, row: &Row<'_>, style: &Style) -> Vec<String> {
    let lang = style.lang;
    let mut items = Vec::new();
    if let [key] = row.keys.as_slice() {
        items.push(key.fingerprint.clone());
    }
    let options = options(&row.keys);
    items.extend(
        options
            .iter()
            .take(MOST_OPTIONS)
            .map(|text| AccessText::Options { options: &short(text) }.text(lang)),
    );
    if options.len() > MOST_OPTIONS {
        items.push(AccessText::MoreLines { count: &grouped(options.len() - MOST_OPTIONS) }.text(lang));
    }
    let ends = ends(&row.keys, lang);
    items.extend(ends.iter().take(MOST_OPTIONS).map(|time| AccessText::Ends { time }.text(lang)));
    items.extend(halves(report, &row.keys, lang));
    items.push(last_use(report, &row.keys, lang));
    let (first, rest) = (" ".repeat(INDENT + 2), " ".repeat(INDENT + 4));
    items.iter().flat_map(|item| wrapped(item, style, &first, &rest)).collect()
}

/// What the signs mean: those that occur.
fn legend(seen: &[Mark], style: &Style) -> Vec<String> {
    let mut lines = Vec::new();
    let (mut line, mut used) = (String::from("  "), 2);
    for mark in Mark::ALL.into_iter().filter(|mark| seen.contains(mark)) {
        let words = meaning(mark).text(style.lang);
        let wide = width(&words) + 5;
        if used > 2 && used + wide > style.width {
            lines.push(std::mem::replace(&mut line, String::from("  ")).trim_end().to_owned());
            used = 2;
        }
        line.push_str(&format!("{} {words}   ", style.paint(tone(mark), sign(mark, style))));
        used += wide;
    }
    lines.push(line.trim_end().to_owned());
    lines
}

/// Which nodes the columns are.
fn nodes(report: &AccessReport, columns: &[Column], style: &Style) -> Vec<String> {
    let lang = style.lang;
    let mut lines = vec![String::new(), style.paint(Tone::Head, &AccessText::Columns {}.text(lang))];
    for (place, column) in columns.iter().enumerate() {
        let text = match column {
            Column { nodes, rest: true } => Message::Others { count: &grouped(nodes.len()) }.text(lang),
            Column { nodes, .. } => who_within(report, nodes, 12, lang),
        };
        let number = format!("{:>5}  ", place + 1);
        lines.extend(wrapped(&text, style, &number, "       "));
    }
    lines
}

/// A heading and its lines, as many as are shown.
fn section(title: &AccessText<'_>, items: &[String], style: &Style) -> Vec<String> {
    if items.is_empty() {
        return Vec::new();
    }
    let title = wrap(&title.text(style.lang), style.width, "", "");
    let mut lines: Vec<String> = title.iter().map(|line| style.paint(Tone::Head, line)).collect();
    for item in items.iter().take(MOST_LINES) {
        lines.extend(wrapped(item, style, "  ", "     "));
    }
    let more = items.len().saturating_sub(MOST_LINES);
    if more > 0 {
        lines.push(format!("  {}", AccessText::MoreLines { count: &grouped(more) }.text(style.lang)));
    }
    lines
}

/// What is odd, by the numbers of the rows; the same of several rows once.
fn oddities(report: &AccessReport, rows: &[Row<'_>], style: &Style) -> Vec<String> {
    let lang = style.lang;
    let mut all: Vec<(String, Vec<usize>)> = Vec::new();
    for (place, row) in rows.iter().take(MOST_ROWS).enumerate() {
        let Some(first) = row.keys.first() else { continue };
        for what in &first.odd {
            let text = odd(report, &row.keys, what, lang);
            match all.iter_mut().find(|(known, _)| *known == text) {
                Some((_, places)) => places.push(place + 1),
                None => all.push((text, vec![place + 1])),
            }
        }
    }
    let colon = if lang == Lang::Zh { "：" } else { ": " };
    let items: Vec<String> = all
        .into_iter()
        .map(|(text, places)| {
            let places: Vec<String> = places.iter().map(ToString::to_string).collect();
            format!("{}{colon}{text}", places.join(", "))
        })
        .collect();
    section(&AccessText::Odd {}, &items, style)
}

/// Lines that are no key at all; the same on several nodes once.
fn broken(report: &AccessReport, style: &Style) -> Vec<String> {
    let mut all: BTreeMap<(&str, usize, &str), Vec<NodeIx>> = BTreeMap::new();
    for line in &report.seen.access.broken {
        all.entry((&line.path, line.line, &line.text)).or_default().push(line.node);
    }
    let item = |((path, line, text), nodes): (&(&str, usize, &str), &Vec<NodeIx>)| {
        let (place, text) = (&who(report, nodes, style.lang), &cut(text, 60));
        AccessText::BrokenLine { place, path: &short(path), line, text }.text(style.lang)
    };
    let items: Vec<String> = all.iter().map(item).collect();
    section(&AccessText::Broken {}, &items, style)
}

fn notes(report: &AccessReport, style: &Style) -> Vec<String> {
    let mut all: BTreeMap<&Note, Vec<NodeIx>> = BTreeMap::new();
    for (node, what) in &report.seen.access.notes {
        all.entry(what).or_default().push(*node);
    }
    let items: Vec<String> = all.iter().map(|(what, nodes)| note(report, what, nodes, style.lang)).collect();
    section(&AccessText::Notes {}, &items, style)
}

/// Nodes that could not be read; those with the same reason together.
fn not_read(report: &AccessReport, style: &Style) -> Vec<String> {
    let mut all: Vec<(String, Vec<NodeIx>)> = Vec::new();
    for (node, entry) in report.seen.nodes.entries() {
        let Some(why) = entry.not_read.as_ref().map(|why| barred(why, style.lang)) else { continue };
        match all.iter_mut().find(|(known, _)| *known == why) {
            Some((_, nodes)) => nodes.push(node),
            None => all.push((why, vec![node])),
        }
    }
    let colon = if style.lang == Lang::Zh { "：" } else { ": " };
    let items: Vec<String> =
        all.iter().map(|(why, nodes)| format!("{}{colon}{why}", who(report, nodes, style.lang))).collect();
    section(&AccessText::NotRead {}, &items, style)
}

/// Signs that are one column wide on every terminal, Chinese ones too.
const fn sign(mark: Mark, style: &Style) -> &'static str {
    match (mark, style.unicode) {
        (Mark::Plain, true) => "\u{2713}",
        (Mark::Plain, false) => "+",
        (Mark::Restricted, _) => "r",
        (Mark::Expired, _) => "x",
        (Mark::Ignored, _) => "i",
        (Mark::Absent, _) => ".",
        (Mark::Unknown, _) => "?",
        (Mark::Mixed, _) => "%",
    }
}

const fn tone(mark: Mark) -> Tone {
    match mark {
        Mark::Plain => Tone::Good,
        Mark::Restricted => Tone::Head,
        Mark::Expired | Mark::Ignored | Mark::Mixed => Tone::Odd,
        Mark::Absent => Tone::Faint,
        Mark::Unknown => Tone::Unknown,
    }
}

const fn meaning(mark: Mark) -> AccessText<'static> {
    match mark {
        Mark::Plain => AccessText::SignPlain {},
        Mark::Restricted => AccessText::SignRestricted {},
        Mark::Expired => AccessText::SignExpired {},
        Mark::Ignored => AccessText::SignIgnored {},
        Mark::Absent => AccessText::SignAbsent {},
        Mark::Unknown => AccessText::SignUnknown {},
        Mark::Mixed => AccessText::SignMixed {},
    }
}
