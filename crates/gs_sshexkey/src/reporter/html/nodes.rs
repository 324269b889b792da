//! What is to be said of single nodes: those that called nobody, those with another name, and all of them in a table.

use maud::{Markup, html};
use sshtrust::event::Login;
use sshtrust::inventory::NodeIx;

use super::view::{View, safe};
use crate::i18n::{PageText, barred};
use crate::reporter::matrix::alike;

pub(super) fn not_entered(view: &View) -> Markup {
    let whys: Vec<(NodeIx, String)> = view
        .nodes()
        .filter_map(|index| {
            let why = match &view.node(index)?.entry {
                Err(why) => safe(&barred(why, view.lang)),
                Ok(_) if view.matrix().lost().contains(&index) => view.text(&PageText::Lost {}),
                Ok(_) => return None,
            };
            Some((index, why))
        })
        .collect();
    html! {
        @if !whys.is_empty() {
            section #entry aria-labelledby="entry-title" {
                h2 #entry-title { (view.text(&PageText::NotEntered {})) }
                p { (view.text(&PageText::NotEnteredMeans {})) }
                (said_of(view, &whys))
            }
        }
    }
}

pub(super) fn other_names(view: &View) -> Markup {
    let others: Vec<(NodeIx, String)> = view
        .nodes()
        .filter_map(|index| {
            let described = safe(view.node(index)?.described.as_ref()?);
            Some((
                index,
                match view.name(index) {
                    Some(says) if says != described => {
                        view.text(&PageText::SaysDescribed { says: &says, described: &described })
                    }
                    _ => view.text(&PageText::NoNameDescribed { described: &described }),
                },
            ))
        })
        .collect();
    html! {
        @if !others.is_empty() {
            section #names aria-labelledby="names-title" {
                h2 #names-title { (view.text(&PageText::OtherNames {})) }
                (said_of(view, &others))
            }
        }
    }
}

/// What is said of nodes, the same of several once.
fn said_of(view: &View, said: &[(NodeIx, String)]) -> Markup {
    let said = alike(said.iter().cloned());
    html! {
        dl.said-of { @for (nodes, text) in &said {
            div { dt { (view.list(nodes)) } dd { (text) } }
        } }
    }
}

/// How many pairs of a node work, and how many there are.
#[derive(Clone, Copy, Default)]
struct Score {
    good: usize,
    total: usize,
}

/// All nodes: the picture in words, and what the filter looks names up in.
pub(super) fn section(view: &View) -> Markup {
    let mut calls = view.matrix().nodes().map(|_| Score::default());
    let mut called = calls.clone();
    for (from, to, _, pair) in view.matrix().iter() {
        for score in [calls.get_mut(from), called.get_mut(to)].into_iter().flatten() {
            score.total += 1;
            score.good += usize::from(pair.state.is_good());
        }
    }
    html! {
        section #nodes {
            h2 #nodes-title { (view.text(&PageText::NodesTitle {})) }
            p { (view.text(&PageText::NodesMeans {})) }
            div.scroll tabindex="0" role="region" aria-labelledby="nodes-title" {
                table.sortable.nodes {
                    (head(view))
                    tbody { @for ((node, calls), called) in calls.entries().zip(&called) {
                        (row(view, node, *calls, *called))
                    } }
                }
            }
        }
    }
}

fn head(view: &View) -> Markup {
    let columns = [
        ("address", PageText::Address {}),
        ("name", PageText::HostName {}),
        ("entry", PageText::Entered {}),
        ("calls", PageText::Reaches {}),
        ("called", PageText::ReachedBy {}),
    ];
    html! { thead { tr { @for (key, text) in columns {
        th scope="col" data-key=(key) { (view.text(&text)) }
    } } } }
}

fn row(view: &View, index: NodeIx, calls: Score, called: Score) -> Markup {
    let entry = view.node(index).map(|node| &node.entry);
    let how = match entry {
        Some(Ok(Login::Local)) => PageText::Local {},
        Some(Ok(Login::Key)) => PageText::Key {},
        Some(Ok(Login::Password)) => PageText::Password {},
        Some(Err(_)) | None => PageText::NotAtAll {},
    };
    let entered = matches!(entry, Some(Ok(_)));
    html! {
        tr data-n=(index.get()) {
            th scope="row" { (view.address(index)) }
            td { (view.name(index).unwrap_or_default()) }
            td.bad[!entered] { (view.text(&how)) }
            (score(view, calls))
            (score(view, called))
        }
    }
}

fn score(view: &View, score: Score) -> Markup {
    html! {
        td.bad[score.good < score.total] data-v=(score.good) {
            (view.text(&PageText::GoodOf { good: &score.good, total: &score.total }))
        }
    }
}
