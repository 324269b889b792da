//! What `--fix` is about to do, node by node; nodes with the same plan once.

use std::collections::BTreeSet;

use sshtrust::diagnose::Command;
use sshtrust::doctor::NodeTreatment;
use sshtrust::inventory::NodeIx;

use super::findings::{INDENT, whereabouts};
use super::text::{joined, signs, title};
use super::words::{nodes, parts, runner, typed};
use super::{Told, groups};
use crate::i18n::DoctorText;
use crate::reporter::layout::{cut, grouped, wrap};
use crate::reporter::matrix::section;
use crate::reporter::style::{Style, Tone};

/// How much of a plan is shown.
#[derive(Clone, Copy)]
struct Most {
    plans: usize,
    lines: usize,
    /// Whether lines of files are cut to the screen: keys are long. Commands never are.
    cut: bool,
}

const SCREEN: Most = Most { plans: 8, lines: 40, cut: true };
const WHOLE: Most = Most { plans: usize::MAX, lines: usize::MAX, cut: false };

/// The same work on some nodes.
struct Work<'a> {
    nodes: BTreeSet<NodeIx>,
    first: &'a NodeTreatment,
    diff: String,
}

/// The plan for a screen; `left`: findings that stay as they are, as places in the diagnosis.
pub(crate) fn render(told: &Told<'_>, treatment: &[NodeTreatment], left: &[usize], style: &Style) -> String {
    let mut sections = draw(told, treatment, SCREEN, style);
    sections.push(stays(told, left, style));
    let promise = DoctorText::Promise {}.text(style.lang);
    sections.push(wrap(&promise, style.width, "", ""));
    // The findings stand above it, a question below.
    format!("\n{}\n", joined(sections))
}

/// All of the plan, for the log.
pub(crate) fn render_whole(told: &Told<'_>, treatment: &[NodeTreatment], style: &Style) -> String {
    joined(draw(told, treatment, WHOLE, style))
}

fn works(treatment: &[NodeTreatment]) -> Vec<Work<'_>> {
    let mut works: Vec<Work<'_>> = Vec::new();
    for node in treatment {
        let diff = node.plan.as_ref().map(|plan| plan.render()).unwrap_or_default();
        let same = |known: &&mut Work<'_>| {
            known.diff == diff && known.first.commands == node.commands && known.first.parts == node.parts
        };
        match works.iter_mut().find(same) {
            Some(known) => drop(known.nodes.insert(node.node)),
            None => works.push(Work { nodes: [node.node].into(), first: node, diff }),
        }
    }
    works
}

fn draw(told: &Told<'_>, treatment: &[NodeTreatment], most: Most, style: &Style) -> Vec<Vec<String>> {
    let works = works(treatment);
    let mut sections = vec![title(&DoctorText::Plan {}, style)];
    sections.extend(works.iter().take(most.plans).map(|work| draw_work(work, told, most, style)));
    let rest: BTreeSet<NodeIx> =
        works.iter().skip(most.plans).flat_map(|work| &work.nodes).copied().collect();
    if !rest.is_empty() {
        let text = DoctorText::MoreNodes { nodes: &nodes(told.checked, &rest, style.lang) };
        sections.push(wrap(&text.text(style.lang), style.width, "  ", "    "));
    }
    sections
}

fn draw_work(work: &Work<'_>, told: &Told<'_>, most: Most, style: &Style) -> Vec<String> {
    let lang = style.lang;
    let (colon, _) = signs(lang);
    let head = format!("{}{}", nodes(told.checked, &work.nodes, lang), colon.trim_end());
    let mut lines = wrap(&head, style.width, "  ", "    ");
    lines.extend(runs(&work.first.commands, told, style));
    if !work.first.parts.is_empty() {
        let text = DoctorText::PlanRestore { parts: &parts(&work.first.parts, lang) }.text(lang);
        lines.extend(wrap(&text, style.width, INDENT, "       "));
        let mut diff: Vec<String> = work.diff.lines().map(|line| changed(line, most, style)).collect();
        let more = diff.len().saturating_sub(most.lines);
        if more > 1 {
            diff.truncate(most.lines);
            let text = DoctorText::MoreLines { count: &grouped(more) }.text(lang);
            diff.extend(wrap(&text, style.width, "       ", "       "));
        }
        lines.extend(diff);
    }
    lines
}

/// The commands of a node, in order, with who runs them.
fn runs(commands: &[Command], told: &Told<'_>, style: &Style) -> Vec<String> {
    let mut lines = Vec::new();
    let mut before = None;
    for command in commands {
        let user = runner(command, told.case);
        if before.as_ref() != Some(&user) {
            let text = DoctorText::PlanRun { user: &user }.text(style.lang);
            lines.extend(wrap(&text, style.width, INDENT, "       "));
        }
        before = Some(user);
        lines.extend(typed(command).iter().map(|line| format!("       {}", style.paint(Tone::Head, line))));
    }
    lines
}

/// A line of a difference. It was made safe to show where it was made.
fn changed(line: &str, most: Most, style: &Style) -> String {
    let tone = match line.as_bytes().first() {
        Some(b'+') => Tone::Good,
        Some(b'-') => Tone::Bad,
        _ => Tone::Faint,
    };
    let line = if most.cut { cut(line, style.width.saturating_sub(7)) } else { line.to_owned() };
    format!("       {}", style.paint(tone, &line))
}

/// Findings that the plan leaves alone: for a person, or not asked for.
fn stays(told: &Told<'_>, left: &[usize], style: &Style) -> Vec<String> {
    let findings = left.iter().filter_map(|place| told.diagnosis.findings.get(*place)).cloned().collect();
    let diagnosis = sshtrust::diagnose::Diagnosis { findings };
    let (colon, _) = signs(style.lang);
    let items = groups(&diagnosis);
    let items = items.iter().map(|group| format!("{}{colon}{}", group.code, whereabouts(group, told, style)));
    section(&DoctorText::Stays {}.text(style.lang), items.collect(), style)
}
