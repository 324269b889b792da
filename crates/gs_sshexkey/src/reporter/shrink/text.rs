//! Nodes that leave, as a person reads of them: before, and in the end.

use sshtrust::identity::KeyMode;
use sshtrust::text::printable;

use super::{Keys, ShrinkReport, Stage};
use crate::i18n::{Lang, RevokeText, RotateText, ShrinkText, barred as barred_text};
use crate::reporter::layout::{grouped, wrap};
use crate::reporter::matrix::{label, section};
use crate::reporter::revoke::{colon, left_text, sections, who as who_left};
use crate::reporter::rotate::{changes as key_changes, keys, proven, troubles};
use crate::reporter::style::{Style, Tone};

/// The plan for a screen.
pub(crate) fn render_plan(report: &ShrinkReport, style: &Style) -> String {
    let lang = style.lang;
    let (gone, stay) = (&grouped(report.leave.len()), &grouped(report.stay.len()));
    let head = ShrinkText::Head { user: &label(&report.user), gone, stay }.text(lang);
    let entered = report.entered().into_iter().map(|node| who_left(&[node], lang)).collect();
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

/// The differences, node by node. They were made safe to show where they were made.
pub(crate) fn changes(report: &ShrinkReport) -> String {
    let leave = report.leave.iter().filter(|node| !node.change.is_empty());
    let leave = leave.map(|node| format!("==> {}\n{}\n", node.spec, node.change.trim_end()));
    key_changes(&report.stay) + &leave.collect::<String>()
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
    let cleaned = cleaned.map(|node| who_left(&[node], lang)).collect();
    let stays = report.entered().into_iter().flat_map(|node| {
        let who = who_left(&[node], lang);
        node.left.iter().map(move |left| {
            let path = printable(left.path.as_bytes());
            format!("{who}{}{path}{}{}", colon(lang), colon(lang), left_text(&left.why, lang))
        })
    });
    let mut all = vec![[verdict, proven(&report.stay, report.pairs, style)].concat()];
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
    list.extend(report.hosts());
    all.push(list);
    sections(all)
}

/// The nodes that leave and could not be entered, and why.
fn barred(report: &ShrinkReport, title: &ShrinkText<'_>, style: &Style) -> Vec<String> {
    let lang = style.lang;
    let barred = report.barred().into_iter();
    let items =
        barred.map(|(node, why)| format!("{node}{}{}", colon(lang), barred_text(why, lang))).collect();
    section(&title.text(lang), items, style)
}

fn paint(text: &str, tone: Tone, style: &Style) -> Vec<String> {
    let text = printable(text.as_bytes());
    wrap(&text, style.width, "", "  ").iter().map(|line| style.paint(tone, line)).collect()
}
