//! What `doctor` found: why trust is broken, in the machines' own words, and what to do.

use maud::{Markup, html};
use sshtrust::diagnose::{Case, Command, Diagnosis, Healing};
use sshtrust::inventory::NodeIx;
use sshtrust::probe::PairState;

use super::signs::icon;
use super::view::{View, class, safe};
use crate::i18n::{DoctorText, Lang, PageText, cause_text};
use crate::reporter::doctor::{Group, Remedy, by_hand, groups, part_text, remedies, typed};

/// So many findings are shown.
const MOST: usize = 60;
/// So many witnesses of a finding are heard, and so many of its cures are shown.
const MOST_OF_ONE: usize = 8;

/// What was found, and in which cluster.
#[derive(Clone, Copy)]
pub(super) struct Found<'a> {
    pub(super) case: &'a Case,
    pub(super) diagnosis: &'a Diagnosis,
}

pub(super) fn section(view: &View, found: Found<'_>) -> Markup {
    let all = groups(found.diagnosis);
    let left = all.len().saturating_sub(MOST);
    let title = if found.case.preflight { DoctorText::InTheWay {} } else { DoctorText::PageTitle {} };
    html! {
        @if !all.is_empty() {
            section #findings aria-labelledby="findings-title" {
                h2 #findings-title { (title.text(view.lang)) }
                @for group in all.iter().take(MOST) { (entry(view, found, group)) }
                @if left > 0 { p { (view.text(&PageText::AndMore { count: &left })) } }
            }
        }
    }
}

fn entry(view: &View, found: Found<'_>, group: &Group<'_>) -> Markup {
    let lang = view.lang;
    let state = if group.breaks || found.case.preflight { PairState::Broken } else { PairState::Slow };
    let list = |nodes: &std::collections::BTreeSet<NodeIx>| {
        view.list(&nodes.iter().copied().collect::<Vec<NodeIx>>())
    };
    let row =
        |label: DoctorText<'_>, value: Markup| html! { div { dt { (label.text(lang)) } dd { (value) } } };
    html! {
        article class=(class(state)) {
            h3 { (icon(state)) span { code { (group.code.as_str()) } " " (cause_text(group.code, lang).title) } }
            dl {
                (row(DoctorText::PageNodes {}, list(&group.nodes)))
                @if !group.about.is_empty() { (row(DoctorText::PageAbout {}, list(&group.about))) }
                @if !group.pairs.is_empty() { (row(DoctorText::PagePairs {}, html! { (group.pairs.len()) })) }
                (row(DoctorText::PageSeen {}, witnesses(view, group)))
                (row(DoctorText::PageCure {}, cures(view, found, group)))
            }
            @if state == PairState::Slow { p { (DoctorText::PageRisk {}.text(lang)) } }
        }
    }
}

fn witnesses(view: &View, group: &Group<'_>) -> Markup {
    let all: Vec<_> = group.findings.iter().flat_map(|finding| &finding.witnesses).collect();
    let left = all.len().saturating_sub(MOST_OF_ONE);
    html! {
        @for witness in all.iter().take(MOST_OF_ONE) {
            p.on {
                @match witness.node {
                    Some(node) => (view.both(node)),
                    None => (DoctorText::Here {}.text(view.lang)),
                }
                " " code { (safe(&witness.source)) }
            }
            pre { code { (safe(&witness.said).replace(" | ", "\n")) } }
        }
        @if left > 0 { p { (view.text(&PageText::AndMore { count: &left })) } }
    }
}

fn cures(view: &View, found: Found<'_>, group: &Group<'_>) -> Markup {
    let all = remedies(group);
    let left = all.len().saturating_sub(MOST_OF_ONE);
    html! {
        @if all.is_empty() { p { (DoctorText::NoCommand {}.text(view.lang)) } }
        @for remedy in all.iter().take(MOST_OF_ONE) {
            p { (head(view, found, remedy)) }
            @if !remedy.commands.is_empty() { pre { code { (commands(remedy.commands)) } } }
        }
        @if left > 0 { p { (view.text(&PageText::AndMore { count: &left })) } }
    }
}

/// Who does it, and where.
fn head(view: &View, found: Found<'_>, remedy: &Remedy<'_>) -> String {
    let nodes: Vec<String> = remedy.nodes.iter().take(MOST_OF_ONE).map(|node| view.both(*node)).collect();
    let more = if remedy.nodes.len() > MOST_OF_ONE { ", ..." } else { "" };
    let nodes = &format!("{}{more}", nodes.join(view.comma()));
    let as_root = remedy.commands.first().is_some_and(|command| command.as_root);
    let user = &if as_root { "root".to_owned() } else { safe(&found.case.user) };
    let text = match remedy.healing {
        Healing::Run => DoctorText::WillRun { nodes, user },
        Healing::Restore(_) => {
            let parts: Vec<String> = remedy.parts().iter().map(|part| part_text(part, view.lang)).collect();
            return DoctorText::WillRestore { nodes, parts: &parts.join(view.comma()) }.text(view.lang);
        }
        Healing::ByHand(why) => {
            let why = &by_hand(*why, view.lang);
            let mut text = DoctorText::ForYou { why }.text(view.lang);
            if !remedy.commands.is_empty() {
                text.push_str(if view.lang == Lang::En { " " } else { "" });
                text.push_str(&DoctorText::OnAs { nodes, user }.text(view.lang));
            }
            return text;
        }
    };
    text.text(view.lang)
}

fn commands(commands: &[Command]) -> String {
    commands.iter().flat_map(typed).collect::<Vec<String>>().join("\n")
}
