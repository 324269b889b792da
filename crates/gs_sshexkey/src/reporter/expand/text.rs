//! How it ended, for a person: who came, what was proven, and the list that holds from now on.

use super::{ExpandReport, ExpandedNode, Role, Stage};
use crate::i18n::{ExpandText, Lang};
use crate::reporter::changes::{How, OnNode, draw};
use crate::reporter::fold::folded;
use crate::reporter::layout::{grouped, wrap};
use crate::reporter::matrix::{counted, label, sample_text};
use crate::reporter::revoke::host_lines;
use crate::reporter::style::{Style, Tone};

/// So many ranges of addresses are written.
const MOST_RANGES: usize = 8;

/// The screen.
pub(crate) fn render(report: &ExpandReport, style: &Style) -> String {
    render_with(report, style, How::of(style))
}

/// The same with differences that nothing is left out of, for the log.
pub(crate) fn render_whole(report: &ExpandReport, style: &Style) -> String {
    render_with(report, style, How::for_log())
}

fn render_with(report: &ExpandReport, style: &Style, how: How) -> String {
    let sections = match report.stage {
        Stage::Done => vec![done(report, style), list(report, &ExpandText::List {}, style)],
        Stage::DryRun => vec![
            vec![changes(report, how).trim_end().to_owned()],
            list(report, &ExpandText::WouldList {}, style),
            said(&ExpandText::NothingChanged {}, Tone::Head, style),
        ],
    };
    let texts: Vec<String> = sections.iter().map(|lines| format!("{}\n", lines.join("\n"))).collect();
    texts.join("\n")
}

/// The nodes that were named and are in the list already.
pub(crate) fn already(report: &ExpandReport, lang: Lang) -> Option<String> {
    let nodes = report.with_role(Role::Already);
    (!nodes.is_empty()).then(|| ExpandText::Already { nodes: &who(&nodes, lang) }.text(lang))
}

fn done(report: &ExpandReport, style: &Style) -> Vec<String> {
    let (user, new) = (&label(&report.user), report.with_role(Role::New));
    let verdict = if new.is_empty() {
        ExpandText::Stands { user, nodes: &who(&report.with_role(Role::Already), style.lang) }
            .text(style.lang)
    } else {
        ExpandText::Added { user, nodes: &who(&new, style.lang) }.text(style.lang)
    };
    let mut lines = painted(&verdict, Tone::Good, style);
    if report.changed() == 0 {
        lines.extend(plain(&ExpandText::Unchanged {}, style));
    }
    let proofs = report.proofs;
    let (pairs, called, derived) =
        (&grouped(proofs.total()), &grouped(proofs.called), &grouped(proofs.derived));
    lines.extend(plain(&ExpandText::Works { pairs, called, derived }, style));
    if !report.proves_all {
        lines.extend(plain(&ExpandText::ProvenNew {}, style));
    }
    match proofs.sampled {
        Some(sampled) => {
            let text = sample_text(proofs.total(), sampled, style.lang);
            lines.extend(wrap(&text, style.width, "", "  "));
        }
        None if report.proves_all => lines.extend(plain(&ExpandText::ProvenAll {}, style)),
        None => {}
    }
    lines
}

/// The differences. They were made safe to show where they were made.
fn changes(report: &ExpandReport, how: How) -> String {
    let nodes: Vec<OnNode<'_>> = report.nodes.iter().map(|node| (node.spec, &node.diff)).collect();
    draw(&nodes, how.with_unchanged())
}

fn list(report: &ExpandReport, head: &ExpandText<'_>, style: &Style) -> Vec<String> {
    let mut lines = said(head, Tone::Head, style);
    lines.extend(host_lines(&report.nodes.iter().map(|node| node.spec).collect::<Vec<_>>(), style));
    lines
}

/// Nodes in words.
fn who(nodes: &[&ExpandedNode], lang: Lang) -> String {
    match nodes {
        [ExpandedNode { spec, name: Some(name), .. }] => format!("{spec} ({})", label(name)),
        many if many.len() <= MOST_RANGES => folded(many.iter().map(|node| node.spec), MOST_RANGES),
        many => counted(many.iter().map(|node| node.spec), lang),
    }
}

fn plain(text: &ExpandText<'_>, style: &Style) -> Vec<String> {
    wrap(&text.text(style.lang), style.width, "", "  ")
}

fn said(text: &ExpandText<'_>, tone: Tone, style: &Style) -> Vec<String> {
    painted(&text.text(style.lang), tone, style)
}

fn painted(text: &str, tone: Tone, style: &Style) -> Vec<String> {
    wrap(text, style.width, "", "  ").iter().map(|line| style.paint(tone, line)).collect()
}
