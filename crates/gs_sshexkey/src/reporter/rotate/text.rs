//! Keys that are replaced, as a person reads of them: before, and in the end.

use sshtrust::identity::KeyMode;
use sshtrust::plan::Left;
use sshtrust::probe::Proofs;
use sshtrust::session::Refusal;
use sshtrust::text::printable;

use super::{RotateReport, RotatedNode, Stage};
use crate::i18n::{Lang, RevokeText, RotateText};
use crate::reporter::changes::{How, OnNode, draw};
use crate::reporter::layout::{grouped, wrap};
use crate::reporter::matrix::{alike, counted, label, sample_text, section};
use crate::reporter::revoke::{colon, left_text, sections};
use crate::reporter::style::{Style, Tone};

/// The plan for a screen.
pub(crate) fn render_plan(report: &RotateReport, style: &Style) -> String {
    let lang = style.lang;
    let (user, nodes) = (&label(&report.user), &grouped(report.nodes.len()));
    let head = paint(&RotateText::Head { user, nodes }.text(lang), Tone::Head, style);
    let mode = match report.modes {
        _ if report.finishes => RotateText::Finishes {},
        (Some(KeyMode::Shared), KeyMode::PerNode) => RotateText::BecomesOwn {},
        (Some(KeyMode::PerNode), KeyMode::Shared) => RotateText::BecomesShared {},
        (_, KeyMode::Shared) => RotateText::StaysShared {},
        (_, KeyMode::PerNode) => RotateText::StaysOwn {},
    };
    let promise = if report.samples { RotateText::PromiseSampled {} } else { RotateText::Promise {} };
    let promise = wrap(&promise.text(lang), style.width, "", "");
    let mut all = vec![head, wrap(&mode.text(lang), style.width, "", "")];
    all.extend(keys(&report.old, &report.nodes, report.modes.1, style));
    all.push(promise);
    sections(all)
}

/// The old keys and the new ones.
pub(in crate::reporter) fn keys(
    old: &[String],
    nodes: &[RotatedNode],
    mode: KeyMode,
    style: &Style,
) -> [Vec<String>; 2] {
    let lang = style.lang;
    let news: Vec<String> = match mode {
        KeyMode::Shared => nodes.iter().take(1).map(|node| node.key.clone()).collect(),
        KeyMode::PerNode => {
            nodes.iter().map(|node| format!("{}{}{}", who(node), colon(lang), node.key)).collect()
        }
    };
    let olds = if old.is_empty() {
        wrap(&RotateText::OldUnknown {}.text(lang), style.width, "", "")
    } else {
        section(&RotateText::Old {}.text(lang), old.to_vec(), style)
    };
    [olds, section(&RotateText::New {}.text(lang), news, style)]
}

/// What is asked below the plan.
pub(crate) fn question(lang: Lang) -> String {
    RotateText::Ask {}.text(lang)
}

/// The differences. They were made safe to show where they were made.
pub(crate) fn changes(nodes: &[RotatedNode], how: How) -> String {
    let nodes: Vec<OnNode<'_>> = nodes.iter().map(|node| (node.spec, &node.change)).collect();
    draw(&nodes, how)
}

/// How it ended.
pub(crate) fn render(report: &RotateReport, style: &Style) -> String {
    let (lang, user) = (style.lang, &label(&report.user));
    match report.stage {
        Stage::Planned => String::new(),
        Stage::DryRun | Stage::Declined => {
            sections(vec![paint(&RevokeText::NothingChanged {}.text(lang), Tone::Head, style)])
        }
        Stage::Done => {
            let nodes = &grouped(report.nodes.len());
            let verdict = if report.is_done() {
                paint(&RotateText::Done { user, nodes }.text(lang), Tone::Good, style)
            } else {
                paint(&RotateText::NotDone { user }.text(lang), Tone::Bad, style)
            };
            let mut all = vec![[verdict, proven(&report.nodes, report.proofs, style)].concat()];
            all.extend(troubles(&report.nodes, style));
            sections(all)
        }
    }
}

/// What was proven, in one line; in another one, what it stands for.
pub(in crate::reporter) fn proven(nodes: &[RotatedNode], proofs: Proofs, style: &Style) -> Vec<String> {
    let refused = nodes.iter().filter(|node| node.refusal == Some(Refusal::Refused)).count();
    let tried = nodes.iter().filter(|node| node.refusal.is_some()).count();
    let pairs = &grouped(proofs.total());
    let text = if tried == 0 {
        RotateText::ProvenOnly { pairs }.text(style.lang)
    } else {
        RotateText::Proven { pairs, refused: &grouped(refused), tried: &grouped(tried) }.text(style.lang)
    };
    let sampled = proofs.sampled.map(|sampled| sample_text(proofs.total(), sampled, style.lang));
    [text].into_iter().chain(sampled).flat_map(|text| wrap(&text, style.width, "", "  ")).collect()
}

/// What is not as it should be in the end.
pub(in crate::reporter) fn troubles(nodes: &[RotatedNode], style: &Style) -> Vec<Vec<String>> {
    let lang = style.lang;
    let accepted: Vec<&RotatedNode> =
        nodes.iter().filter(|node| node.refusal == Some(Refusal::Accepted)).collect();
    let accepted = if accepted.is_empty() { Vec::new() } else { vec![whoever(&accepted, lang)] };
    let not_tried = nodes.iter().filter_map(|node| match &node.refusal {
        Some(Refusal::NotTried(why)) => Some((node, why.clone())),
        _ => None,
    });
    let one = |left: &Left| {
        let path = printable(left.path.as_bytes());
        let at = if path.is_empty() { path } else { format!("{path}{}", colon(lang)) };
        format!("{at}{}", left_text(&left.why, lang))
    };
    let left = nodes.iter().flat_map(|node| node.left.iter().map(move |left| (node, one(left))));
    let told = |items: Vec<(Vec<&RotatedNode>, String)>| -> Vec<String> {
        let one = |(nodes, text): &(Vec<&RotatedNode>, String)| {
            format!("{}{}{text}", whoever(nodes, lang), colon(lang))
        };
        items.iter().map(one).collect()
    };
    vec![
        section(&RevokeText::Accepted {}.text(lang), accepted, style),
        section(&RevokeText::NotSeen {}.text(lang), told(alike(not_tried)), style),
        section(&RevokeText::Left {}.text(lang), told(alike(left)), style),
    ]
}

/// Nodes in words.
fn whoever(nodes: &[&RotatedNode], lang: Lang) -> String {
    match nodes {
        [node] => who(node),
        many => counted(many.iter().map(|node| node.spec), lang),
    }
}

/// A node in words.
fn who(node: &RotatedNode) -> String {
    format!("{} ({})", node.spec, label(&node.name))
}

fn paint(text: &str, tone: Tone, style: &Style) -> Vec<String> {
    wrap(text, style.width, "", "  ").iter().map(|line| style.paint(tone, line)).collect()
}
