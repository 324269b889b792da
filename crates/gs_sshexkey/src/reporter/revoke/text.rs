//! How it ended: what is gone, what stays and why, and which nodes are left over.

use sshtrust::inventory::NodeSpec;
use sshtrust::text::printable;

use super::{LeftWhy, Refusal, RevokeReport, RevokedNode, Stage};
use crate::i18n::{Lang, RevokeText, barred as barred_text};
use crate::reporter::changes::{How, OnNode, draw};
use crate::reporter::fold::folded;
use crate::reporter::layout::{grouped, wrap};
use crate::reporter::matrix::{alike, counted, label, section};
use crate::reporter::style::{Style, Tone};

/// So many nodes are written one by one, to be copied into a hostfile.
pub(in crate::reporter) const MOST_HOSTS: usize = 32;
/// So many ranges of addresses are written.
const MOST_RANGES: usize = 8;

/// The screen.
pub(crate) fn render(report: &RevokeReport, style: &Style) -> String {
    let (lang, user) = (style.lang, &label(&report.user));
    let nodes = &grouped(report.nodes.len());
    let said = |text: RevokeText<'_>, tone| paint(&text, tone, style);
    sections(match report.stage {
        Stage::Nothing => vec![
            left(report, style),
            barred(report, style),
            said(RevokeText::NoTrust { user, nodes }, Tone::Good),
        ],
        Stage::Barred => {
            let partial = RevokeText::Partial { command: &report.next.partial };
            let mut end = said(RevokeText::NothingChanged {}, Tone::Head);
            // Not wrapped: a command is there to be copied.
            end.push(partial.text(lang));
            vec![barred(report, style), end]
        }
        Stage::DryRun | Stage::Declined => vec![said(RevokeText::NothingChanged {}, Tone::Head)],
        Stage::Planned => Vec::new(),
        Stage::Done => done(report, style),
    })
}

fn done(report: &RevokeReport, style: &Style) -> Vec<Vec<String>> {
    let (lang, user) = (style.lang, &label(&report.user));
    let gone = report.nodes.iter().filter(|node| node.is_gone()).count();
    let nodes = &grouped(report.nodes.len());
    let verdict = if report.is_done() {
        paint(&RevokeText::Gone { user, nodes: &grouped(gone) }, Tone::Good, style)
    } else {
        paint(&RevokeText::GoneSome { user, gone: &grouped(gone), nodes }, Tone::Bad, style)
    };
    let accepted = report.nodes.iter().filter(|node| node.refusal == Some(Refusal::Accepted));
    let accepted: Vec<&RevokedNode> = accepted.collect();
    let accepted = if accepted.is_empty() { Vec::new() } else { vec![who(&accepted, lang)] };
    let not_tried = alike(report.nodes.iter().filter_map(|node| match &node.refusal {
        Some(Refusal::NotTried(why)) => Some((node, why.clone())),
        _ => None,
    }));
    let not_tried = not_tried.iter().map(|(nodes, why)| format!("{}{}{why}", who(nodes, lang), colon(lang)));
    vec![
        [verdict, refused(report, style)].concat(),
        section(&RevokeText::Accepted {}.text(lang), accepted, style),
        section(&RevokeText::NotSeen {}.text(lang), not_tried.collect(), style),
        left(report, style),
        barred(report, style),
        rest(report, style),
        program(report, style),
    ]
}

/// What becomes of the program's own file.
fn program(report: &RevokeReport, style: &Style) -> Vec<String> {
    let Some(path) = report.program.as_ref().filter(|_| !report.is_done()) else { return Vec::new() };
    let path = &printable(path.as_os_str().as_encoded_bytes());
    wrap(&RevokeText::ProgramStays { path }.text(style.lang), style.width, "", "  ")
}

/// How many of the nodes that were changed refuse the key.
fn refused(report: &RevokeReport, style: &Style) -> Vec<String> {
    let tried: Vec<&Refusal> = report.nodes.iter().filter_map(|node| node.refusal.as_ref()).collect();
    let count = tried.iter().filter(|refusal| **refusal == &Refusal::Refused).count();
    let (count, nodes) = (&grouped(count), &grouped(tried.len()));
    let text = match report.shared_key() {
        _ if tried.is_empty() => RevokeText::NoKey {}.text(style.lang),
        Some(key) => RevokeText::Refused { key, count, nodes }.text(style.lang),
        None => RevokeText::RefusedOwn { count, nodes }.text(style.lang),
    };
    wrap(&text, style.width, "", "  ")
}

/// The nodes that were left out, as a hostfile for the next run.
fn rest(report: &RevokeReport, style: &Style) -> Vec<String> {
    let barred = report.barred();
    if barred.is_empty() {
        return Vec::new();
    }
    let text = match report.shared_key() {
        Some(key) => RevokeText::StillTrusted { key }.text(style.lang),
        None => RevokeText::StillTrustedAny {}.text(style.lang),
    };
    let mut lines = wrap(&text, style.width, "", "  ");
    lines.extend(host_lines(&barred.iter().map(|node| node.spec).collect::<Vec<_>>(), style));
    lines.push(RevokeText::ThenRun { command: &report.next.rest }.text(style.lang));
    lines
}

/// Nodes as lines of a hostfile; a great many in ranges, with a word about where the lines are.
pub(in crate::reporter) fn host_lines(nodes: &[NodeSpec], style: &Style) -> Vec<String> {
    if nodes.len() <= MOST_HOSTS {
        return nodes.iter().map(|node| format!("    {}", host_line(*node))).collect();
    }
    let mut lines = wrap(&counted(nodes.iter().copied(), style.lang), style.width, "    ", "      ");
    lines.extend(wrap(&RevokeText::HostLines {}.text(style.lang), style.width, "    ", "      "));
    lines
}

/// A line of a hostfile.
pub(in crate::reporter) fn host_line(node: NodeSpec) -> String {
    match node.port {
        22 => node.ip.to_string(),
        port => format!("{},{port}", node.ip),
    }
}

/// The differences. They were made safe to show where they were made.
pub(crate) fn changes(report: &RevokeReport, how: How) -> String {
    let nodes: Vec<OnNode<'_>> = report.nodes.iter().map(|node| (node.spec, &node.change)).collect();
    draw(&nodes, how)
}

/// What stays, and why; the same on several nodes once.
pub(super) fn left(report: &RevokeReport, style: &Style) -> Vec<String> {
    let mut all: Vec<(String, Vec<&RevokedNode>)> = Vec::new();
    for node in &report.nodes {
        for left in &node.left {
            let text = format!("{}{}{}", left.path, colon(style.lang), why(&left.why, style.lang));
            match all.iter_mut().find(|(known, _)| *known == text) {
                Some((_, nodes)) => nodes.push(node),
                None => all.push((text, vec![node])),
            }
        }
    }
    let items =
        all.iter().map(|(text, nodes)| format!("{}{}{text}", who(nodes, style.lang), colon(style.lang)));
    section(&RevokeText::Left {}.text(style.lang), items.collect(), style)
}

/// Why something stays, in words.
pub(in crate::reporter) fn why(why: &LeftWhy, lang: Lang) -> String {
    match why {
        LeftWhy::KeepNames => RevokeText::KeepNames {}.text(lang),
        LeftWhy::NotRoot => RevokeText::NotRoot {}.text(lang),
        LeftWhy::OwnKey => RevokeText::OwnKey {}.text(lang),
        LeftWhy::OwnCode => RevokeText::OwnCode {}.text(lang),
        LeftWhy::ForeignFiles => RevokeText::ForeignFiles {}.text(lang),
        LeftWhy::Failed(why) => RevokeText::NotRemoved { why }.text(lang),
    }
}

/// Nodes that could not be entered; those with the same reason together.
pub(super) fn barred(report: &RevokeReport, style: &Style) -> Vec<String> {
    let mut all: Vec<(String, Vec<&RevokedNode>)> = Vec::new();
    for node in &report.nodes {
        let Some(why) = node.entry.as_ref().err().filter(|_| node.is_barred()) else { continue };
        let why = barred_text(why, style.lang);
        match all.iter_mut().find(|(known, _)| *known == why) {
            Some((_, nodes)) => nodes.push(node),
            None => all.push((why, vec![node])),
        }
    }
    let items =
        all.iter().map(|(why, nodes)| format!("{}{}{why}", who(nodes, style.lang), colon(style.lang)));
    section(&RevokeText::NotEntered {}.text(style.lang), items.collect(), style)
}

/// Nodes at which an earlier run has been.
pub(super) fn done_before(report: &RevokeReport, style: &Style) -> Vec<String> {
    let nodes: Vec<&RevokedNode> = report.nodes.iter().filter(|node| node.done_before).collect();
    let items = if nodes.is_empty() { Vec::new() } else { vec![who(&nodes, style.lang)] };
    section(&RevokeText::DoneBefore {}.text(style.lang), items, style)
}

/// Nodes in words.
pub(in crate::reporter) fn who(nodes: &[&RevokedNode], lang: Lang) -> String {
    match nodes {
        [node] => match &node.name {
            Some(name) => format!("{} ({})", node.spec, label(name)),
            None => node.spec.to_string(),
        },
        many => {
            let count = &grouped(many.len());
            let count = crate::i18n::Message::NodeCount { count }.text(lang);
            format!("{} ({count})", folded(many.iter().map(|node| node.spec), MOST_RANGES))
        }
    }
}

/// What stands between a thing and its explanation.
pub(in crate::reporter) const fn colon(lang: Lang) -> &'static str {
    match lang {
        Lang::En => ": ",
        Lang::Zh => "：",
    }
}

/// A heading.
pub(super) fn title(text: &RevokeText<'_>, style: &Style) -> Vec<String> {
    paint(text, Tone::Head, style)
}

fn paint(text: &RevokeText<'_>, tone: Tone, style: &Style) -> Vec<String> {
    // Whatever a node says is in it: nothing of it may reach the terminal as a command.
    let text = printable(text.text(style.lang).as_bytes());
    wrap(&text, style.width, "", "  ").iter().map(|line| style.paint(tone, line)).collect()
}

/// Sections with a blank line between them; empty ones are left out.
pub(in crate::reporter) fn sections(all: Vec<Vec<String>>) -> String {
    let full = all.into_iter().filter(|lines| !lines.is_empty());
    let texts: Vec<String> = full.map(|lines| format!("{}\n", lines.join("\n"))).collect();
    texts.join("\n")
}
