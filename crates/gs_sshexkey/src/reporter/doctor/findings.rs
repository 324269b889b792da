//! One finding as a person reads it: what, where, how it was seen, and what to do.

use std::collections::{BTreeMap, BTreeSet};

use sshtrust::diagnose::{Certainty, Command, Finding, Healing, Witness};
use sshtrust::inventory::NodeIx;
use sshtrust::text::printable;

use super::text::signs;
use super::words::{by_hand, nodes, parts, runner, typed};
use super::{Group, Remedy, Told, remedies};
use crate::i18n::{DoctorText, cause_text};
use crate::reporter::blocks::is_noise;
use crate::reporter::layout::{grouped, wrap};
use crate::reporter::style::{Style, Tone};

/// Where the text of a finding begins.
pub(super) const INDENT: &str = "     ";
/// Where its commands begin.
const DEEP: &str = "         ";
/// So many witnesses are heard, and so many different cures are shown.
const MOST_WITNESSES: usize = 4;
/// Where there are many findings, so many, and so many cures.
const MOST_OF_CROWD: usize = 2;
/// So many lines of each.
const MOST_LINES: usize = 4;
/// So many lines of commands are shown of a cure.
const MOST_COMMANDS: usize = 24;

/// A finding in one line.
pub(super) fn draw_short(group: &Group<'_>, number: usize, told: &Told<'_>, style: &Style) -> Vec<String> {
    let text = format!("{}{}{}", group.code, signs(style.lang).0, whereabouts(group, told, style));
    wrap(&text, style.width, &format!("{number:>3}. "), INDENT)
}

/// A finding with its number.
pub(super) fn draw(
    group: &Group<'_>,
    number: usize,
    told: &Told<'_>,
    crowded: bool,
    style: &Style,
) -> Vec<String> {
    let most = if crowded { MOST_OF_CROWD } else { MOST_WITNESSES };
    let lang = style.lang;
    let tone = if group.breaks || told.case.preflight { Tone::Bad } else { Tone::Odd };
    let title = cause_text(group.code, lang).title;
    let head = format!("{}{}{title}", group.code, signs(lang).0);
    let lines = wrap(&head, style.width, &format!("{number:>3}. "), INDENT);
    let mut lines: Vec<String> = lines.iter().map(|line| style.paint(tone, line)).collect();
    for text in [whereabouts(group, told, style), facts(group, told, style)] {
        lines.extend(wrap(&text, style.width, INDENT, "       "));
    }
    lines.extend(witnesses(group, told, most, style));
    lines.extend(cures(group, told, most, style));
    let command = format!("gs_sshexkey doctor --explain {}", group.code);
    let hint = DoctorText::Explain { command: &command }.text(lang);
    lines.extend(
        wrap(&hint, style.width, INDENT, "       ").iter().map(|line| style.paint(Tone::Faint, line)),
    );
    lines
}

/// What a finding explains, and how sure that is.
fn facts(group: &Group<'_>, told: &Told<'_>, style: &Style) -> String {
    let counts = told.checked.matrix.counts();
    let (count, total) = (&grouped(group.pairs.len()), &grouped(counts.broken + counts.throttled));
    let mut facts = Vec::new();
    match (group.is_unexplained(), group.pairs.is_empty()) {
        (_, true) => {}
        (true, false) => facts.push(DoctorText::Pairs { count }),
        (false, false) => facts.push(DoctorText::Explains { count, total }),
    }
    if !group.is_unexplained() {
        facts.extend(group.bars.then_some(DoctorText::Bars {}));
        facts.push(match group.certainty {
            Certainty::Certain => DoctorText::Certain {},
            Certainty::Likely => DoctorText::Likely {},
        });
    }
    let facts: Vec<String> = facts.iter().map(|fact| fact.text(style.lang)).collect();
    facts.join(signs(style.lang).1)
}

/// The nodes of a finding.
pub(super) fn whereabouts(group: &Group<'_>, told: &Told<'_>, style: &Style) -> String {
    let at = &nodes(told.checked, &group.nodes, style.lang);
    if group.about.is_empty() {
        return at.clone();
    }
    let about = &nodes(told.checked, &group.about, style.lang);
    DoctorText::About { nodes: at, about }.text(style.lang)
}

/// What was said, and by which nodes; without any: by the machine that runs the program.
struct Words<'a> {
    nodes: BTreeSet<NodeIx>,
    witness: &'a Witness,
}

/// Different words, each with all who said them.
fn heard<'a>(findings: &[&'a Finding]) -> Vec<Words<'a>> {
    let mut places: BTreeMap<(&str, &str, bool), usize> = BTreeMap::new();
    let mut heard: Vec<Words<'a>> = Vec::new();
    for witness in findings.iter().flat_map(|finding| &finding.witnesses) {
        let key = (witness.source.as_str(), witness.said.as_str(), witness.node.is_some());
        let place = *places.entry(key).or_insert(heard.len());
        match heard.get_mut(place) {
            Some(known) => known.nodes.extend(witness.node),
            None => heard.push(Words { nodes: witness.node.into_iter().collect(), witness }),
        }
    }
    heard
}

/// The machines' own words, set apart as not ours.
fn witnesses(group: &Group<'_>, told: &Told<'_>, most: usize, style: &Style) -> Vec<String> {
    let lang = style.lang;
    let (colon, _) = signs(lang);
    let heard = heard(&group.findings);
    let mut lines = Vec::new();
    for words in heard.iter().take(most) {
        let node = &match words.nodes.len() {
            0 => DoctorText::Here {}.text(lang),
            1 => words.nodes.first().map(|node| told.case.label(*node)).unwrap_or_default(),
            _ => nodes(told.checked, &words.nodes, lang),
        };
        let source = &printable(words.witness.source.as_bytes());
        let said = printable(words.witness.said.as_bytes());
        let said: Vec<&str> = said.split(" | ").map(str::trim).filter(|line| !is_noise(line)).collect();
        // The end says why; what comes first says what about.
        let said = match said.as_slice() {
            [first, .., last] if said.len() > MOST_LINES => format!("{first} [...] {last}"),
            all => all.join(" | "),
        };
        let text = if said.is_empty() {
            DoctorText::SaidNothing { node, source }.text(lang)
        } else {
            format!("{node}{colon}{source}{colon}{said}")
        };
        let mut drawn = wrap(&text, style.width, "     | ", "     |   ");
        if drawn.len() > MOST_LINES {
            drawn.truncate(MOST_LINES);
            drawn.push("     |   [...]".to_owned());
        }
        lines.extend(drawn);
    }
    if heard.len() > most {
        let more = DoctorText::MoreSeen { count: &grouped(heard.len() - most) }.text(lang);
        lines.extend(wrap(&more, style.width, "     | ", "     |   "));
    }
    lines.iter().map(|line| style.paint(Tone::Faint, line)).collect()
}

/// What to do about it, where.
fn cures(group: &Group<'_>, told: &Told<'_>, most: usize, style: &Style) -> Vec<String> {
    let all = remedies(group);
    if all.is_empty() && group.is_unexplained() {
        return Vec::new();
    }
    if all.is_empty() {
        return wrap(&DoctorText::NoCommand {}.text(style.lang), style.width, INDENT, "       ");
    }
    let mut lines: Vec<String> =
        all.iter().take(most).flat_map(|remedy| draw_remedy(remedy, told, style)).collect();
    let mut left: Vec<NodeIx> = all.iter().skip(most).flat_map(|remedy| &remedy.nodes).copied().collect();
    left.sort_unstable();
    left.dedup();
    if !left.is_empty() {
        let more = DoctorText::MoreCures { nodes: &nodes(told.checked, &left, style.lang) };
        lines.extend(wrap(&more.text(style.lang), style.width, INDENT, "       "));
    }
    lines
}

/// One cure: who does it, and the commands.
fn draw_remedy(remedy: &Remedy<'_>, told: &Told<'_>, style: &Style) -> Vec<String> {
    let lang = style.lang;
    let on = &nodes(told.checked, &remedy.nodes, lang);
    let user = &remedy.commands.first().map(|command| runner(command, told.case)).unwrap_or_default();
    let mut heads = match remedy.healing {
        Healing::Run => vec![DoctorText::WillRun { nodes: on, user }.text(lang)],
        Healing::Restore(_) => {
            vec![DoctorText::WillRestore { nodes: on, parts: &parts(remedy.parts(), lang) }.text(lang)]
        }
        Healing::ByHand(why) => vec![DoctorText::ForYou { why: &by_hand(*why, lang) }.text(lang)],
    };
    match remedy.healing {
        _ if remedy.commands.is_empty() => {}
        Healing::Run => {}
        Healing::Restore(_) => heads.push(DoctorText::ByHandAs { user }.text(lang)),
        Healing::ByHand(_) => heads.push(DoctorText::OnAs { nodes: on, user }.text(lang)),
    }
    let mut lines: Vec<String> =
        heads.iter().flat_map(|head| wrap(head, style.width, INDENT, "       ")).collect();
    lines.extend(commands(remedy.commands, DEEP, told, style));
    lines
}

/// Commands, never broken: they are there to be copied. Where another user has to run the next one, it is said.
pub(super) fn commands(commands: &[Command], indent: &str, told: &Told<'_>, style: &Style) -> Vec<String> {
    let mut lines = Vec::new();
    let mut before = None;
    for command in commands {
        let user = runner(command, told.case);
        if before.as_ref().is_some_and(|before| *before != user) {
            let text = DoctorText::AsUser { user: &user }.text(style.lang);
            lines.extend(wrap(&text, style.width, indent.get(2..).unwrap_or_default(), indent));
        }
        before = Some(user);
        let typed = typed(command);
        lines.extend(typed.iter().map(|line| format!("{indent}{}", style.paint(Tone::Head, line))));
    }
    let more = lines.len().saturating_sub(MOST_COMMANDS);
    if more > 1 {
        lines.truncate(MOST_COMMANDS);
        let text = DoctorText::MoreCommands { count: &grouped(more) }.text(style.lang);
        lines.extend(wrap(&text, style.width, indent, indent));
    }
    lines
}
