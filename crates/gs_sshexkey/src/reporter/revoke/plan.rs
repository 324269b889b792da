//! What `revoke` is about to do, node by node; nodes with the same plan once.

use std::collections::BTreeSet;

use sshtrust::plan::Job;
use sshtrust::text::printable;

use super::text::{barred, colon, done_before, left, sections, title, who};
use super::{Found, RevokeReport, RevokedNode};
use crate::i18n::{Lang, RevokeText};
use crate::reporter::layout::{grouped, wrap};
use crate::reporter::matrix::{alike, label, section};
use crate::reporter::style::Style;

/// So many different plans are shown.
const MOST_PLANS: usize = 8;
/// So many processes are named in the question.
const MOST_PROCESSES: usize = 4;

/// The plan for a screen.
pub(crate) fn render(report: &RevokeReport, style: &Style) -> String {
    let lang = style.lang;
    let (user, entered) = (&label(&report.user), report.nodes.iter().filter(|node| node.entry.is_ok()));
    let nodes = &grouped(entered.count());
    let mut all = vec![title(&RevokeText::Head { user, nodes }, style)];
    let plans = plans(report, lang);
    all.extend(plans.iter().take(MOST_PLANS).map(|(nodes, things)| one(nodes, things, style)));
    let more = plans.len().saturating_sub(MOST_PLANS);
    if more > 0 {
        all.push(wrap(&RevokeText::More { count: &grouped(more) }.text(lang), style.width, "", "  "));
    }
    all.push(left(report, style));
    all.push(barred(report, style));
    all.push(done_before(report, style));
    all.push(databases(report, style));
    let promise =
        if report.barred().is_empty() { RevokeText::PromiseAll {} } else { RevokeText::PromisePartial {} };
    let mut end = wrap(&promise.text(lang), style.width, "", "");
    if let Some(path) = &report.program {
        let path = &printable(path.as_os_str().as_encoded_bytes());
        end.extend(wrap(&RevokeText::ProgramToo { path }.text(lang), style.width, "", "  "));
    }
    all.push(end);
    sections(all)
}

/// What is asked below the plan.
pub(crate) fn question(report: &RevokeReport, lang: Lang) -> String {
    let processes = processes(report.nodes.iter().flat_map(|node| &node.databases), MOST_PROCESSES, lang);
    if processes.is_empty() {
        RevokeText::Ask {}.text(lang)
    } else {
        RevokeText::AskDatabase { processes: &processes }.text(lang)
    }
}

/// Nodes on which the same goes.
fn plans(report: &RevokeReport, lang: Lang) -> Vec<(Vec<&RevokedNode>, Vec<String>)> {
    let mut plans: Vec<(Vec<&RevokedNode>, Vec<String>)> = Vec::new();
    for node in report.nodes.iter().filter(|node| node.entry.is_ok()) {
        let things: Vec<String> = node.found.iter().map(|found| thing(found, lang)).collect();
        match plans.iter_mut().find(|(_, known)| *known == things) {
            Some((nodes, _)) => nodes.push(node),
            None => plans.push((vec![node], things)),
        }
    }
    plans
}

fn one(nodes: &[&RevokedNode], things: &[String], style: &Style) -> Vec<String> {
    let head = format!("{}{}", who(nodes, style.lang), colon(style.lang).trim_end());
    let nothing = [RevokeText::NothingHere {}.text(style.lang)];
    let things = if things.is_empty() { &nothing } else { things };
    let mut lines = wrap(&head, style.width, "", "  ");
    // A path is safe to show: what cannot be is escaped where the words are made.
    lines.extend(things.iter().flat_map(|thing| wrap(thing, style.width, "  ", "    ")));
    lines
}

/// What goes, in words.
fn thing(found: &Found, lang: Lang) -> String {
    let shown = |path: &str| printable(path.as_bytes());
    match found {
        Found::Key { path } => RevokeText::Key { path: &shown(path) }.text(lang),
        Found::AuthorizedKeys { path, lines }
        | Found::KnownHosts { path, lines }
        | Found::Mapping { path, lines } => {
            RevokeText::Lines { path: &shown(path), count: &grouped(*lines) }.text(lang)
        }
        Found::Config { path } => RevokeText::Config { path: &shown(path) }.text(lang),
        Found::Exports { path } => RevokeText::Exports { path: &shown(path) }.text(lang),
        Found::Folder { path } => RevokeText::Folder { path: &shown(path) }.text(lang),
        Found::Agent { .. } => RevokeText::Agent {}.text(lang),
        Found::Job { by: Job::Cron, .. } => RevokeText::JobCron {}.text(lang),
        Found::Job { by: Job::Timer, path } => RevokeText::JobTimer { path: &shown(path) }.text(lang),
        Found::Job { by: Job::Profile, path } => RevokeText::JobProfile { path: &shown(path) }.text(lang),
        Found::AgentCheck => RevokeText::AgentCheck {}.text(lang),
        Found::Linger => RevokeText::Linger {}.text(lang),
        Found::Program { path } => RevokeText::Program { path: &shown(path) }.text(lang),
    }
}

fn databases(report: &RevokeReport, style: &Style) -> Vec<String> {
    let with = report.nodes.iter().filter(|node| !node.databases.is_empty());
    let title = RevokeText::Databases { user: &label(&report.user) }.text(style.lang);
    let with: Vec<&RevokedNode> = with.collect();
    let items: Vec<(Vec<&RevokedNode>, String)> = if with.len() <= MOST_PLANS {
        let all = |node: &&RevokedNode| processes(&node.databases, MOST_PROCESSES, style.lang);
        with.iter().map(|node| (vec![*node], all(node))).collect()
    } else {
        // Every process has a number of its own; their names are what many nodes have in common.
        alike(with.iter().map(|node| (*node, names(&node.databases, style.lang))))
    };
    let items =
        items.iter().map(|(nodes, text)| format!("{}{}{text}", who(nodes, style.lang), colon(style.lang)));
    section(&title, items.collect(), style)
}

/// The names of processes, each once.
fn names(all: &[(u32, String)], lang: Lang) -> String {
    let names: BTreeSet<String> = all.iter().map(|(_, name)| label(name)).collect();
    let more = if names.len() > MOST_PROCESSES { ", ..." } else { "" };
    let shown: Vec<String> = names.into_iter().take(MOST_PROCESSES).collect();
    format!("{}{more}", shown.join(if lang == Lang::Zh { "、" } else { ", " }))
}

/// Processes, as many as are named: `gaussdb (1234), cm_agent (99)`.
fn processes<'a>(all: impl IntoIterator<Item = &'a (u32, String)>, most: usize, lang: Lang) -> String {
    let all: Vec<String> = all.into_iter().map(|(pid, name)| format!("{} ({pid})", label(name))).collect();
    let more = if all.len() > most { ", ..." } else { "" };
    let comma = if lang == Lang::Zh { "、" } else { ", " };
    let shown: Vec<&str> = all.iter().take(most).map(String::as_str).collect();
    format!("{}{more}", shown.join(comma))
}
