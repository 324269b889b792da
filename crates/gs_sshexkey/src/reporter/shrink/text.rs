//! Nodes that leave, as a person reads of them: before, and in the end.

use sshtrust::identity::KeyMode;
use sshtrust::inventory::NodeSpec;
use sshtrust::text::printable;

use super::{Keys, RevokedNode, ShrinkReport, Stage};
use crate::i18n::{Lang, RevokeText, RotateText, ShrinkText, barred as barred_text};
use crate::reporter::changes::{How, draw};
use crate::reporter::layout::{grouped, wrap};
use crate::reporter::matrix::{alike, counted, label, section};
use crate::reporter::revoke::{MOST_HOSTS, colon, host_lines, left_text, sections, who as who_left};
use crate::reporter::rotate::{keys, proven, troubles};
use crate::reporter::style::{Style, Tone};

/// So many nodes that leave have a line each.
const FEW: usize = 8;

/// The plan for a screen.
pub(crate) fn render_plan(report: &ShrinkReport, style: &Style) -> String {
    let lang = style.lang;
    let (gone, stay) = (&grouped(report.leave.len()), &grouped(report.stay.len()));
    let head = ShrinkText::Head { user: &label(&report.user), gone, stay }.text(lang);
    let entered = leavers(&report.entered(), lang);
    let mut all = vec![
        paint(&head, Tone::Head, style),
        section(&ShrinkText::Leaving {}.text(lang), entered, style),
        barred(report, &ShrinkText::Barred {}, style),
        what_of_keys(report, style),
    ];
    if report.keys == Keys::New {
        all.extend(keys(&report.old, &report.stay, report.mode, style));
    }
    all.push(wrap(&ShrinkText::Promise {}.text(lang), style.width, "", ""));
    sections(all)
}

fn what_of_keys(report: &ShrinkReport, style: &Style) -> Vec<String> {
    let text = match report.keys {
        Keys::New => ShrinkText::Rotates {}.text(style.lang),
        Keys::Finished => RotateText::Finishes {}.text(style.lang),
        // Keys that all share, and that nobody who leaves has: an earlier run has seen to that.
        Keys::Own if report.mode == KeyMode::Shared => ShrinkText::GoneAlready {}.text(style.lang),
        Keys::Own => ShrinkText::OwnKeys {}.text(style.lang),
        Keys::Kept => return paint(&ShrinkText::KeepsKey {}.text(style.lang), Tone::Bad, style),
    };
    wrap(&text, style.width, "", "")
}

/// What is asked below the plan.
pub(crate) fn question(lang: Lang) -> String {
    ShrinkText::Ask {}.text(lang)
}

/// The differences. They were made safe to show where they were made.
pub(crate) fn changes(report: &ShrinkReport, how: How) -> String {
    let stay = report.stay.iter().map(|node| (node.spec, &node.change));
    let leave = report.leave.iter().map(|node| (node.spec, &node.change));
    draw(&stay.chain(leave).collect::<Vec<_>>(), how)
}

/// How it ended.
pub(crate) fn render(report: &ShrinkReport, style: &Style) -> String {
    match report.stage {
        Stage::Planned => String::new(),
        Stage::DryRun | Stage::Declined => {
            sections(vec![paint(&RevokeText::NothingChanged {}.text(style.lang), Tone::Head, style)])
        }
        Stage::Done => done(report, style),
    }
}

fn done(report: &ShrinkReport, style: &Style) -> String {
    let lang = style.lang;
    let (user, gone, stay) =
        (&label(&report.user), &grouped(report.leave.len()), &grouped(report.stay.len()));
    let verdict = if report.is_done() {
        paint(&ShrinkText::Done { user, gone, stay }.text(lang), Tone::Good, style)
    } else {
        paint(&ShrinkText::NotDone { user }.text(lang), Tone::Bad, style)
    };
    let cleaned = report.entered().into_iter().filter(|node| node.is_done() && report.not_cleaned.is_none());
    let cleaned = leavers(&cleaned.collect::<Vec<_>>(), lang);
    let stays = alike(report.entered().into_iter().flat_map(|node| {
        node.left.iter().map(move |left| {
            let path = printable(left.path.as_bytes());
            (node, format!("{path}{}{}", colon(lang), left_text(&left.why, lang)))
        })
    }));
    let stays = stays.iter().map(|(nodes, text)| format!("{}{}{text}", who_left(nodes, lang), colon(lang)));
    let mut all = vec![[verdict, proven(&report.stay, report.proofs, style)].concat()];
    all.extend(troubles(&report.stay, style));
    all.push(section(&ShrinkText::Cleaned {}.text(lang), cleaned, style));
    all.push(section(&RevokeText::Left {}.text(lang), stays.collect(), style));
    if let Some(why) = &report.not_cleaned {
        all.push(paint(&ShrinkText::NotCleaned { why }.text(lang), Tone::Bad, style));
    }
    all.push(barred(report, &ShrinkText::StillAccepts {}, style));
    if report.keys == Keys::Kept {
        all.push(paint(&ShrinkText::KeyStays {}.text(lang), Tone::Bad, style));
    }
    let mut list = wrap(&ShrinkText::List {}.text(lang), style.width, "", "");
    match report.stay.len() {
        // Nothing stands before them: they are there to be copied.
        0..=MOST_HOSTS => list.extend(report.hosts()),
        _ => list.extend(host_lines(&report.stay.iter().map(|node| node.spec).collect::<Vec<_>>(), style)),
    }
    all.push(list);
    sections(all)
}

/// The nodes that leave and could not be entered, and why.
fn barred(report: &ShrinkReport, title: &ShrinkText<'_>, style: &Style) -> Vec<String> {
    let lang = style.lang;
    let barred = alike(report.barred().into_iter().map(|(node, why)| (node, barred_text(why, lang))));
    let who = |nodes: &[NodeSpec]| match nodes {
        [node] => node.to_string(),
        many => counted(many.iter().copied(), lang),
    };
    let items = barred.iter().map(|(nodes, why)| format!("{}{}{why}", who(nodes), colon(lang))).collect();
    section(&title.text(lang), items, style)
}

/// Nodes that leave: a few one by one.
fn leavers(nodes: &[&RevokedNode], lang: Lang) -> Vec<String> {
    match nodes.len() {
        0..=FEW => nodes.iter().map(|node| who_left(&[*node], lang)).collect(),
        _ => vec![who_left(nodes, lang)],
    }
}

fn paint(text: &str, tone: Tone, style: &Style) -> Vec<String> {
    let text = printable(text.as_bytes());
    wrap(&text, style.width, "", "  ").iter().map(|line| style.paint(tone, line)).collect()
}
