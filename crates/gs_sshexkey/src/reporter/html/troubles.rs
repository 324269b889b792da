//! What is wrong, the worst first: one entry for what belongs together.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use maud::{Markup, html};
use sshtrust::inventory::NodeIx;
use sshtrust::probe::{PairState, Shape, Trouble, troubles};

use super::signs::icon;
use super::view::{View, class, safe};
use crate::i18n::{PageText, cause, page_by};

/// So many troubles are seen at once ...
const AT_ONCE: usize = 8;
/// ... and so many more are there to unfold; beyond that the table of pairs is better reading.
const MOST: usize = 60;
/// So many different wordings of one trouble are shown.
const WORDINGS: usize = 3;

pub(super) fn section(view: &View) -> Markup {
    let mut all = troubles(view.matrix());
    all.sort_by_key(|trouble| (state(trouble) == PairState::Throttled, Reverse(trouble.edges.len())));
    let (first, rest) = all.split_at(all.len().min(AT_ONCE));
    let (more, left) = rest.split_at(rest.len().min(MOST));
    html! {
        @if !all.is_empty() {
            section #troubles aria-labelledby="troubles-title" {
                h2 #troubles-title { (view.text(&PageText::Troubles {})) }
                @for trouble in first { (entry(view, trouble)) }
                @if !more.is_empty() {
                    details.others {
                        summary { (view.text(&PageText::AndMore { count: &more.len() })) }
                        @for trouble in more { (entry(view, trouble)) }
                    }
                }
                @if !left.is_empty() { p { (view.text(&PageText::MoreTroubles { count: &left.len() })) } }
            }
        }
    }
}

/// Broken, unless every pair was only turned away.
fn state(trouble: &Trouble) -> PairState {
    if trouble.edges.iter().all(|edge| edge.state == PairState::Throttled) {
        PairState::Throttled
    } else {
        PairState::Broken
    }
}

fn entry(view: &View, trouble: &Trouble) -> Markup {
    let (Shape::Unreachable(node) | Shape::Isolated(node) | Shape::Pairs(node)) = trouble.shape;
    let (label, mut others): (PageText, Vec<NodeIx>) = match trouble.shape {
        Shape::Isolated(_) => (PageText::CalledNodesLabel {}, trouble.edges.iter().map(|e| e.to).collect()),
        _ => (PageText::CallersLabel {}, trouble.edges.iter().map(|e| e.from).collect()),
    };
    others.sort_unstable();
    others.dedup();
    let state = state(trouble);
    html! {
        article class=(class(state)) {
            h3 { (icon(state)) span { (title(view, trouble, &others)) } }
            dl {
                div.cause {
                    dt { (view.text(&PageText::CauseLabel {})) }
                    dd { (safe(&cause(trouble.cause).text(view.lang))) (notes(view, trouble)) }
                }
                div { dt { (view.text(&PageText::PairsLabel {})) } dd { (trouble.edges.len()) } }
                div { dt { (view.text(&label)) } dd { (view.list(&others)) } }
                div { dt { (view.text(&PageText::SshSaid {})) } dd { (evidence(view, trouble)) } }
            }
            p.more hidden { a href={ "#q=" (view.address(node)) } { (view.text(&PageText::ShowPairs {})) } }
        }
    }
}

fn title(view: &View, trouble: &Trouble, others: &[NodeIx]) -> String {
    let of = |node: NodeIx| view.both(node);
    match (trouble.shape, others) {
        (Shape::Unreachable(node), _) => view.text(&PageText::NobodyReaches { node: &of(node) }),
        (Shape::Isolated(node), _) => view.text(&PageText::ReachesNobody { node: &of(node) }),
        (Shape::Pairs(node), [from]) if *from == node => view.text(&PageText::NotItself { node: &of(node) }),
        (Shape::Pairs(node), [from]) => {
            view.text(&PageText::OneDoesNotReach { from: &of(*from), node: &of(node) })
        }
        (Shape::Pairs(node), _) => view.text(&PageText::SomeDoNotReach { node: &of(node) }),
    }
}

/// What narrows the trouble down: only by name, only in one direction.
fn notes(view: &View, trouble: &Trouble) -> Markup {
    let first = trouble.edges.first().map(|edge| edge.by);
    let only =
        first.filter(|by| view.matrix().by().len() > 1 && trouble.edges.iter().all(|edge| edge.by == *by));
    html! {
        @if let Some(by) = only { p { (view.text(&PageText::OnlyBy { by: &view.text(&page_by(by)) })) } }
        @if trouble.one_way { p { (view.text(&PageText::OneWay {})) } }
    }
}

/// The words of `ssh`, each wording once, the most frequent first.
fn evidence(view: &View, trouble: &Trouble) -> Markup {
    // Words that differ only in the host that was called are the same words.
    let mut wordings: BTreeMap<String, (&str, usize)> = BTreeMap::new();
    for edge in &trouble.edges {
        let alike = if edge.host.is_empty() { edge.said.clone() } else { edge.said.replace(&edge.host, "") };
        wordings.entry(alike).or_insert((&edge.said, 0)).1 += 1;
    }
    let mut wordings: Vec<(&str, usize)> = wordings.into_values().collect();
    wordings.sort_by_key(|(_, count)| Reverse(*count));
    let left = wordings.len().saturating_sub(WORDINGS);
    let several = wordings.len() > 1;
    html! {
        @for (said, count) in wordings.into_iter().take(WORDINGS) {
            (words(view, said))
            @if several { p.on { (view.text(&PageText::SaidOn { count: &count })) } }
        }
        @if left > 0 { p { (view.text(&PageText::OtherWords { count: &left })) } }
    }
}

/// One wording, line by line as `ssh` printed it.
fn words(view: &View, said: &str) -> Markup {
    let lines = safe(said).replace(" | ", "\n");
    html! {
        @if lines.is_empty() { p { (view.text(&PageText::SaidNothing {})) } } @else { pre { code { (lines) } } }
    }
}
