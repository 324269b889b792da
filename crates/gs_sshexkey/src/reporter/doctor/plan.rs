//! What `--fix` is about to do, node by node; nodes with the same plan once.

use std::collections::{BTreeMap, BTreeSet};

use sshtrust::diagnose::Command;
use sshtrust::doctor::NodeTreatment;
use sshtrust::inventory::{NodeIx, NodeSpec};
use sshtrust::plan::{ChangeText, Teller};

use super::findings::{INDENT, whereabouts};
use super::text::{joined, signs, title};
use super::words::{nodes, parts, runner, typed};
use super::{Told, groups};
use crate::i18n::DoctorText;
use crate::reporter::changes::{FEW, How, OnNode, draw as differences};
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

/// Where the lines of files begin.
const DEEP: &str = "       ";
const SCREEN: Most = Most { plans: 8, lines: 40, cut: true };
const WHOLE: Most = Most { plans: usize::MAX, lines: usize::MAX, cut: false };

/// The same work on some nodes.
struct Work<'a> {
    nodes: BTreeSet<NodeIx>,
    first: &'a NodeTreatment,
    /// What changes in files, a node each.
    texts: Vec<(NodeSpec, ChangeText)>,
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

/// Of many nodes those with the same commands are one, though their files differ: that is told with the files.
fn works(treatment: &[NodeTreatment]) -> Vec<Work<'_>> {
    let (mut teller, many) = (Teller::default(), treatment.len() > FEW);
    let mut places: BTreeMap<String, usize> = BTreeMap::new();
    let mut works: Vec<Work<'_>> = Vec::new();
    for node in treatment {
        let text = node.plan.as_ref().map(|plan| teller.plan(plan)).unwrap_or_default();
        let files = if many { String::new() } else { text.to_string() };
        let key = format!("{:?} {:?} {files}", node.commands, node.parts);
        let place = *places.entry(key).or_insert(works.len());
        match works.get_mut(place) {
            Some(known) => {
                known.nodes.insert(node.node);
                if many {
                    known.texts.push((node.spec, text));
                }
            }
            None => {
                works.push(Work { nodes: [node.node].into(), first: node, texts: vec![(node.spec, text)] });
            }
        }
    }
    works
}

/// What changes in files. A few nodes with the same work have the same files.
fn files(work: &Work<'_>, most: Most, style: &Style) -> Vec<String> {
    if let [(_, text)] = work.texts.as_slice() {
        return text.to_string().lines().map(str::to_owned).collect();
    }
    let texts: Vec<OnNode<'_>> = work.texts.iter().map(|(spec, text)| (*spec, text)).collect();
    let width = style.width.saturating_sub(DEEP.len());
    let how = if most.cut { How { screen: Some(width), ..How::of(style) } } else { How::for_log() };
    differences(&texts, how).lines().map(str::to_owned).collect()
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
        let mut diff: Vec<String> =
            files(work, most, style).iter().map(|line| changed(line, most, style)).collect();
        let more = diff.len().saturating_sub(most.lines);
        if more > 1 {
            diff.truncate(most.lines);
            let text = DoctorText::MoreLines { count: &grouped(more) }.text(lang);
            diff.extend(wrap(&text, style.width, DEEP, DEEP));
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
