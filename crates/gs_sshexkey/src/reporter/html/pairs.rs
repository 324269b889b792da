//! The table of the pairs that do not work, or only slowly.

use maud::{Markup, html};
use sshtrust::inventory::NodeIx;
use sshtrust::probe::{By, PairState, TrustEdge};

use super::view::{View, class, safe};
use crate::i18n::{PageText, headline, page_by, page_state};

/// So many rows at most: a browser still sorts and filters them at once.
const MOST: usize = 10_000;
/// So many bytes at most, for the words of `ssh` can be long.
const BUDGET: usize = 4_250_000;

/// One row.
enum Row<'a> {
    /// A pair that does not work.
    Edge(&'a TrustEdge),
    /// A pair that is slow: caller, called, by what, milliseconds.
    Slow(NodeIx, NodeIx, By, u32),
}

pub(super) fn section(view: &View) -> Markup {
    let total = view.counts.broken + view.counts.throttled + view.counts.slow;
    let (rows, shown) = rows(view);
    html! {
        section #pairs {
            h2 #pairs-title tabindex="-1" { (view.text(&PageText::PairsTitle {})) }
            @if total == 0 { p { (view.text(&PageText::NothingWrong {})) } } @else {
                @if shown < total { p { (view.text(&PageText::RowsCut { shown: &shown, total: &total })) } }
                div.scroll tabindex="0" role="region" aria-labelledby="pairs-title" {
                    table.sortable.pairs {
                        (head(view))
                        tbody { (rows) }
                    }
                }
                button #more type="button" hidden
                    data-text=(view.text(&PageText::ShowMore { count: &"{count}" })) {}
            }
        }
    }
}

fn head(view: &View) -> Markup {
    let columns = [
        ("from", PageText::From {}),
        ("to", PageText::To {}),
        ("by", PageText::By {}),
        ("state", PageText::State {}),
        ("cause", PageText::CauseLabel {}),
        ("status", PageText::ExitStatus {}),
        ("time", PageText::Time {}),
        ("said", PageText::SshSaid {}),
    ];
    html! { thead { tr { @for (key, text) in columns {
        th scope="col" data-key=(key) { (view.text(&text)) }
    } } } }
}

/// The rows, the worst state first, and how many.
fn rows(view: &View) -> (Markup, usize) {
    let edges = |state| view.matrix().edges().iter().filter(move |e| e.state == state).map(Row::Edge);
    let slow = view.matrix().iter().filter(|(.., pair)| pair.state == PairState::Slow);
    let slow = slow.map(|(from, to, by, pair)| Row::Slow(from, to, by, pair.millis));
    let all = edges(PairState::Broken).chain(edges(PairState::Throttled)).chain(slow);
    let mut html = String::new();
    let mut shown = 0;
    for row in all.take(MOST) {
        if html.len() > BUDGET {
            break;
        }
        html.push_str(&self::row(view, &row).into_string());
        shown += 1;
    }
    (maud::PreEscaped(html), shown)
}

fn row(view: &View, row: &Row) -> Markup {
    let (from, to, by, millis, state) = match row {
        Row::Edge(edge) => (edge.from, edge.to, edge.by, edge.millis, edge.state),
        Row::Slow(from, to, by, millis) => (*from, *to, *by, *millis, PairState::Slow),
    };
    let edge = match row {
        Row::Edge(edge) => Some(edge),
        Row::Slow(..) => None,
    };
    let mark = match by {
        By::Ip => "ip",
        By::Name => "name",
    };
    html! {
        tr data-f=(from.get()) data-t=(to.get()) data-b=(mark) data-s=(class(state)) {
            td { (view.cell(from)) }
            td { (view.cell(to)) @if let Some(host) = edge.and_then(|e| other_host(view, e)) { " " small { (host) } } }
            td { (view.text(&page_by(by))) }
            td.state { (view.text(&page_state(state))) }
            td { @if let Some(edge) = edge { (safe(&headline(&edge.cause, view.lang))) } }
            td.number { @if let Some(status) = edge.and_then(|e| e.status) { (status) } }
            td.number data-v=(millis) { (seconds(view, millis)) }
            td.said { @if let Some(edge) = edge { code { (plain(&edge.said)) } } }
        }
    }
}

/// What `ssh` said, without the lines of `@` that it draws around its warnings: a row has little room.
fn plain(said: &str) -> String {
    let said = safe(said);
    let lines = said.split(" | ").filter(|line| line.is_empty() || line.contains(|c| c != '@'));
    lines.collect::<Vec<_>>().join(" | ")
}

/// What was called, where the label of the node does not say it.
fn other_host(view: &View, edge: &TrustEdge) -> Option<String> {
    let host = safe(&edge.host);
    let known = view.node(edge.to).is_some_and(|node| node.spec.ip.to_string() == host);
    (!host.is_empty() && !known && view.name(edge.to) != Some(&host)).then_some(host)
}

fn seconds(view: &View, millis: u32) -> String {
    let text = format!("{}.{:02}", millis / 1000, millis % 1000 / 10);
    view.text(&PageText::Seconds { seconds: &text })
}
