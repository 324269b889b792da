//! What `check` shows at a terminal.

use std::collections::{BTreeSet, HashMap};

use sshtrust::check::{Checked, CheckedNode, NoName};
use sshtrust::inventory::{NodeIx, NodeSpec};
use sshtrust::probe::{By, Counts, PairState, Sampled};
use sshtrust::text::printable;

use super::fold::{fits, folded};
use super::layout::{grouped, seconds, wrap};
use super::style::{Style, Tone};
use super::{blocks, grid};
use crate::i18n::{Lang, Message, barred};

/// So many ranges of addresses are written.
const MOST_RANGES: usize = 8;
/// So many slow pairs are shown.
const MOST_SLOW: usize = 5;
/// So many lines about nodes are shown in a section.
const MOST_LINES: usize = 10;

/// The whole screen.
pub(crate) fn render(checked: &Checked, style: &Style) -> String {
    let mut lines = head(checked, style);
    let sections = [
        grid::draw(checked, style),
        blocks::draw(checked, style),
        not_entered(checked, &Message::NotEntered {}.text(style.lang), style),
        lost(checked, checked.matrix.lost(), style),
        names(checked, style),
        slow(checked, style),
        verdict(checked, style),
    ];
    for section in sections.into_iter().filter(|section| !section.is_empty()) {
        lines.push(String::new());
        lines.extend(section);
    }
    lines.push(String::new());
    lines.join("\n")
}

/// Nodes in words: one with its host name, more of them folded and counted.
pub(super) fn who(checked: &Checked, nodes: &[NodeIx], most: usize, lang: Lang) -> String {
    let known: Vec<&CheckedNode> = nodes.iter().filter_map(|node| checked.nodes.get(*node)).collect();
    match known.as_slice() {
        [node] => match &node.name {
            Some(name) => format!("{} ({})", node.spec, label(name)),
            None => node.spec.to_string(),
        },
        many => most_of(checked, nodes, most, lang).unwrap_or_else(|| {
            let count = Message::NodeCount { count: &grouped(many.len()) }.text(lang);
            format!("{} ({count})", folded(many.iter().map(|node| node.spec), most))
        }),
    }
}

/// Nearly all nodes, which are easier told by those that are not among them; `None` where that is not so.
fn most_of(checked: &Checked, nodes: &[NodeIx], most: usize, lang: Lang) -> Option<String> {
    let all = checked.nodes.len();
    let of = |nodes: &[NodeIx]| -> Vec<NodeSpec> {
        nodes.iter().filter_map(|node| checked.nodes.get(*node)).map(|node| node.spec).collect()
    };
    if 2 * nodes.len() <= all || fits(of(nodes), most) {
        return None;
    }
    let among: BTreeSet<NodeIx> = nodes.iter().copied().collect();
    let others: Vec<NodeIx> = checked.nodes.indices().filter(|node| !among.contains(node)).collect();
    let (count, rest) = (&grouped(nodes.len()), &grouped(others.len()));
    let others = of(&others);
    Some(if fits(others.iter().copied(), most) {
        Message::AllBut { count, nodes: &folded(others, most) }.text(lang)
    } else {
        Message::AllButSome { count, rest }.text(lang)
    })
}

/// Many nodes in words: folded and counted.
pub(super) fn counted(nodes: impl IntoIterator<Item = NodeSpec>, lang: Lang) -> String {
    let nodes: Vec<NodeSpec> = nodes.into_iter().collect();
    let count = Message::NodeCount { count: &grouped(nodes.len()) }.text(lang);
    format!("{} ({count})", folded(nodes, MOST_RANGES))
}

/// What is said of nodes, the same of several once; in order.
pub(super) fn alike<T>(items: impl IntoIterator<Item = (T, String)>) -> Vec<(Vec<T>, String)> {
    let mut places: HashMap<String, usize> = HashMap::new();
    let mut all: Vec<(Vec<T>, String)> = Vec::new();
    for (node, text) in items {
        let place = *places.entry(text.clone()).or_insert(all.len());
        match all.get_mut(place) {
            Some((nodes, _)) => nodes.push(node),
            None => all.push((vec![node], text)),
        }
    }
    all
}

/// A host name, safe to show and of bounded length.
pub(super) fn label(name: &str) -> String {
    super::layout::cut(&printable(name.as_bytes()), 64)
}

fn head(checked: &Checked, style: &Style) -> Vec<String> {
    let user = &label(&checked.user);
    let nodes = &grouped(checked.nodes.len());
    let pairs = &grouped(checked.matrix.counts().total());
    let message = match checked.matrix.by() {
        [By::Ip] => Message::HeadIp { user, nodes, pairs },
        [By::Name] => Message::HeadName { user, nodes, pairs },
        _ => Message::HeadBoth { user, nodes, pairs },
    };
    let lines = wrap(&message.text(style.lang), style.width, "", "  ");
    let mut lines: Vec<String> = lines.into_iter().map(|line| style.paint(Tone::Head, &line)).collect();
    if let Some(sampled) = checked.matrix.sampled() {
        let text = sample_text(checked.matrix.counts().total(), sampled, style.lang);
        lines.extend(wrap(&text, style.width, "", "  "));
    }
    lines
}

/// What so many pairs stand for.
pub(super) fn sample_text(pairs: usize, sampled: Sampled, lang: Lang) -> String {
    let (pairs, all, seed) = (&grouped(pairs), &grouped(sampled.of), &sampled.seed);
    Message::Sampled { pairs, all, seed }.text(lang)
}

/// A heading and its lines, as many as are shown.
pub(super) fn section(title: &str, items: Vec<String>, style: &Style) -> Vec<String> {
    if items.is_empty() {
        return items;
    }
    let title = wrap(title, style.width, "", "");
    let mut lines: Vec<String> = title.iter().map(|line| style.paint(Tone::Head, line)).collect();
    let more = items.len().saturating_sub(MOST_LINES);
    for item in items.into_iter().take(MOST_LINES) {
        lines.extend(wrap(&printable(item.as_bytes()), style.width, "  ", "    "));
    }
    if more > 0 {
        lines.push(format!("  {}", Message::MoreLines { count: &grouped(more) }.text(style.lang)));
    }
    lines
}

/// Nodes that called nobody: those with the same reason together.
pub(super) fn not_entered(checked: &Checked, title: &str, style: &Style) -> Vec<String> {
    let mut reasons: Vec<(String, Vec<NodeIx>)> = Vec::new();
    for (place, node) in checked.nodes.entries() {
        let Err(why) = &node.entry else { continue };
        let why = barred(why, style.lang);
        match reasons.iter_mut().find(|(known, _)| *known == why) {
            Some((_, nodes)) => nodes.push(place),
            None => reasons.push((why, vec![place])),
        }
    }
    let colon = if style.lang == Lang::Zh { "：" } else { ": " };
    let items = reasons
        .into_iter()
        .map(|(why, nodes)| format!("{}{colon}{why}", who(checked, &nodes, 12, style.lang)))
        .collect();
    section(title, items, style)
}

/// Nodes whose connection ended before all their pairs were tried.
fn lost(checked: &Checked, lost: &[NodeIx], style: &Style) -> Vec<String> {
    let items = lost.iter().map(|node| {
        let by = checked.matrix.by().iter();
        let pairs = by.flat_map(|by| checked.nodes.indices().map(|to| checked.matrix.get(*node, to, *by)));
        let untried = pairs.flatten().filter(|pair| pair.state == PairState::Unseen).count();
        let nodes = who(checked, &[*node], 1, style.lang);
        Message::LostWhat { nodes: &nodes, count: &grouped(untried) }.text(style.lang)
    });
    section(&Message::Lost {}.text(style.lang), items.collect(), style)
}

/// Nodes whose host name is another one than the description says.
fn names(checked: &Checked, style: &Style) -> Vec<String> {
    let items = checked.nodes.iter().filter_map(|node| {
        let described = &label(node.described.as_deref()?);
        let spec = &node.spec;
        Some(match &node.name {
            Some(is) => Message::NameDiffers { node: spec, is: &label(is), described }.text(style.lang),
            None => Message::NameMissing { node: spec, described }.text(style.lang),
        })
    });
    let uncalled = checked.nodes.iter().filter_map(|node| {
        let spec = &node.spec;
        Some(match node.no_name.as_ref()? {
            NoName::Unknown => Message::NameUnknown { node: spec }.text(style.lang),
            NoName::Invalid(name) => Message::NameInvalid { node: spec, name: &label(name) }.text(style.lang),
            NoName::Duplicate(name) => {
                Message::NameDuplicate { node: spec, name: &label(name) }.text(style.lang)
            }
        })
    });
    section(&Message::Names {}.text(style.lang), items.chain(uncalled).collect(), style)
}

/// The slowest of the slow pairs.
fn slow(checked: &Checked, style: &Style) -> Vec<String> {
    let slow = checked.matrix.iter().filter(|(.., pair)| pair.state == PairState::Slow);
    let mut slow: Vec<_> = slow.collect();
    slow.sort_by_key(|(.., pair)| std::cmp::Reverse(pair.millis));
    let more = slow.len().saturating_sub(MOST_SLOW);
    let mut items: Vec<String> = slow
        .iter()
        .take(MOST_SLOW)
        .map(|(from, to, by, pair)| {
            let from = who(checked, &[*from], 1, style.lang);
            let called = checked.nodes.get(*to);
            let to = match (by, called.and_then(|node| node.name.as_deref())) {
                (By::Name, Some(name)) => label(name),
                _ => who(checked, &[*to], 1, style.lang),
            };
            Message::SlowPair { from: &from, to: &to, seconds: &seconds(pair.time()) }.text(style.lang)
        })
        .collect();
    if more > 0 {
        items.push(Message::MoreSlow { count: &grouped(more) }.text(style.lang));
    }
    section(&Message::SlowPairs {}.text(style.lang), items, style)
}

/// The last line.
fn verdict(checked: &Checked, style: &Style) -> Vec<String> {
    let counts = checked.matrix.counts();
    let nodes = &grouped(checked.nodes.len());
    let seconds = &seconds(checked.took);
    let healthy = checked.is_healthy();
    let text = if counts.total() == 0 {
        Message::NothingToCheck { seconds }.text(style.lang)
    } else if let Some(sampled) = checked.matrix.sampled().filter(|_| healthy) {
        let (works, all) = (&grouped(counts.good()), &grouped(sampled.of));
        Message::AllSampledWork { works, all, nodes, seconds }.text(style.lang)
    } else if healthy {
        Message::AllWork { works: &grouped(counts.good()), nodes, seconds }.text(style.lang)
    } else {
        Message::Took { what: &faults(counts, style.lang), seconds }.text(style.lang)
    };
    let tone = if healthy { Tone::Good } else { Tone::Bad };
    wrap(&text, style.width, "", "").into_iter().map(|line| style.paint(tone, &line)).collect()
}

/// What is not well, in numbers.
pub(super) fn faults(counts: Counts, lang: Lang) -> String {
    let total = &grouped(counts.total());
    let all = [
        (counts.broken, Message::IsBroken {}, Message::AreBroken {}),
        (counts.throttled, Message::WasThrottled {}, Message::AreThrottled {}),
        (counts.unseen, Message::WasUnseen {}, Message::AreUnseen {}),
    ];
    let texts: Vec<String> = all
        .iter()
        .filter(|(count, ..)| *count > 0)
        .enumerate()
        .map(|(place, (count, one, many))| {
            let what = &if *count == 1 { one } else { many }.text(lang);
            let count = &grouped(*count);
            let first = Message::FirstFault { count, total, what };
            let message = if place == 0 { first } else { Message::NextFault { count, what } };
            message.text(lang)
        })
        .collect();
    texts.join(if lang == Lang::Zh { "，" } else { ", " })
}

#[cfg(test)]
mod tests;
