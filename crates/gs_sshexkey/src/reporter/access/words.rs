//! Keys, nodes and oddities in words.

use std::collections::HashSet;

use sshtrust::access::{AccessKey, BadOption, Half, Ignored, LastUse, Lock, Note, Odd};
use sshtrust::inventory::{NodeIx, NodeSpec};

use super::AccessReport;
use crate::i18n::{AccessText, Lang, Message};
use crate::reporter::fold::folded;
use crate::reporter::layout::{cut, grouped};
use crate::reporter::matrix::label;

/// So many ranges of addresses are written.
const MOST_RANGES: usize = 8;
/// So many columns of a text of somebody's are shown.
const MOST_TEXT: usize = 160;

/// Nodes in words: one with its host name, more of them folded and counted.
pub(super) fn who(report: &AccessReport, nodes: &[NodeIx], lang: Lang) -> String {
    who_within(report, nodes, MOST_RANGES, lang)
}

/// The same, in so many ranges.
pub(super) fn who_within(report: &AccessReport, nodes: &[NodeIx], most: usize, lang: Lang) -> String {
    let spec = |node: &NodeIx| report.seen.nodes.get(*node).map(|node| node.spec);
    let specs: Vec<NodeSpec> = nodes.iter().filter_map(spec).collect();
    match (nodes, specs.as_slice()) {
        ([node], [spec]) => match name(report, *node) {
            Some(name) => format!("{spec} ({name})"),
            None => spec.to_string(),
        },
        (_, many) => {
            let count = Message::NodeCount { count: &grouped(many.len()) }.text(lang);
            format!("{} ({count})", folded(many.iter().copied(), most))
        }
    }
}

/// The host name of a node that was read.
pub(super) fn name(report: &AccessReport, node: NodeIx) -> Option<String> {
    let said = report.seen.said.get(node)?.as_ref()?;
    Some(label(&said.hostname))
}

/// Text of somebody's, of bounded length.
pub(super) fn short(text: &str) -> String {
    cut(text, MOST_TEXT)
}

/// The kind of a key.
pub(super) fn kind(key: &AccessKey, lang: Lang) -> String {
    match key.kind {
        Some(kind) if kind.name.starts_with("ED25519") => kind.name.to_owned(),
        Some(kind) => format!("{} {}", kind.name, kind.bits),
        None => AccessText::Unknown {}.text(lang),
    }
}

/// The different comments of some keys: the first ones.
pub(super) fn comments(keys: &[&AccessKey], lang: Lang) -> String {
    let mut seen = HashSet::new();
    let comments = keys.iter().flat_map(|key| &key.variants).map(|variant| variant.comment.as_str());
    let all: Vec<&str> = comments.filter(|comment| !comment.is_empty() && seen.insert(*comment)).collect();
    match all.as_slice() {
        [first, _, rest @ ..] => AccessText::And { first, count: &grouped(rest.len() + 1) }.text(lang),
        few => few.concat(),
    }
}

/// The different options of some keys.
pub(super) fn options(keys: &[&AccessKey]) -> Vec<String> {
    let mut all: Vec<String> =
        keys.iter().flat_map(|key| &key.variants).filter_map(|variant| variant.options.clone()).collect();
    all.sort_unstable();
    all.dedup();
    all
}

/// Until when they let in: the different times.
pub(super) fn ends(keys: &[&AccessKey], lang: Lang) -> Vec<String> {
    let times = keys.iter().flat_map(|key| &key.variants).filter_map(|variant| variant.expires.as_ref());
    let mut all: Vec<String> = times.map(|(time, utc)| moment(time, *utc, lang)).collect();
    all.sort_unstable();
    all.dedup();
    all
}

/// 14 digits as people write them.
fn moment(digits: &str, utc: bool, lang: Lang) -> String {
    let part = |from: usize, to: usize| digits.get(from..to).unwrap_or_default();
    let day = format!("{}-{}-{}", part(0, 4), part(4, 6), part(6, 8));
    let zone = if utc { "UTC".to_owned() } else { AccessText::Local {}.text(lang) };
    format!("{day} {}:{}:{} ({zone})", part(8, 10), part(10, 12), part(12, 14))
}

/// Where the private halves lie, those that are locked alike together.
pub(super) fn halves(report: &AccessReport, keys: &[&AccessKey], lang: Lang) -> Vec<String> {
    let all: Vec<&Half> = keys.iter().flat_map(|key| &key.halves).collect();
    if all.is_empty() {
        return vec![AccessText::HalfNowhere {}.text(lang)];
    }
    let one_each = keys.len() > 1 && keys.iter().all(|key| key.halves.len() == 1);
    [Lock::Locked, Lock::Open, Lock::Unknown]
        .into_iter()
        .filter_map(|lock| {
            let mut nodes: Vec<NodeIx> =
                all.iter().filter(|half| half.lock == lock).map(|half| half.node).collect();
            nodes.sort_unstable();
            nodes.dedup();
            let word = self::lock(lock).text(lang);
            match nodes.as_slice() {
                [] => None,
                _ if one_each && nodes.len() == keys.len() => {
                    Some(AccessText::HalfEach { lock: &word }.text(lang))
                }
                nodes => Some(AccessText::Half { nodes: &who(report, nodes, lang), lock: &word }.text(lang)),
            }
        })
        .collect()
}

const fn lock(lock: Lock) -> AccessText<'static> {
    match lock {
        Lock::Locked => AccessText::Locked {},
        Lock::Open => AccessText::Open {},
        Lock::Unknown => AccessText::LockUnknown {},
    }
}

/// When one of some keys was last used.
pub(super) fn last_use(report: &AccessReport, keys: &[&AccessKey], lang: Lang) -> String {
    let used = keys.iter().filter_map(|key| match &key.last_use {
        LastUse::At(used, node) => Some((used, *node)),
        _ => None,
    });
    if let Some((used, node)) = used.max_by(|one, other| one.0.cmp(other.0)) {
        let (time, from) = (&used.time, &short(&used.from));
        let node = report.seen.nodes.get(node).map(|node| node.spec.to_string()).unwrap_or_default();
        return AccessText::UsedAt { time, from, node: &node }.text(lang);
    }
    let since = keys.iter().map(|key| match &key.last_use {
        LastUse::NotSince(since) => Some(since),
        _ => None,
    });
    match since.collect::<Option<Vec<_>>>().and_then(|all| all.into_iter().max()) {
        Some(time) => AccessText::NotUsedSince { time }.text(lang),
        None => AccessText::UseUnknown {}.text(lang),
    }
}

/// What is odd about a key, and what to do about it.
pub(super) fn odd(report: &AccessReport, keys: &[&AccessKey], odd: &Odd, lang: Lang) -> String {
    let on = |nodes: &[NodeIx]| who(report, nodes, lang);
    match odd {
        Odd::Weak => AccessText::Weak {}.text(lang),
        Odd::Defeated(nodes) => AccessText::Defeated { nodes: &on(nodes) }.text(lang),
        Odd::Twice(nodes) => AccessText::Twice { nodes: &on(nodes) }.text(lang),
        Odd::Differs => AccessText::Differs {}.text(lang),
        Odd::OwnLine(nodes) => AccessText::OwnLine { nodes: &on(nodes) }.text(lang),
        Odd::OpenHalf(_) => {
            let open = || keys.iter().flat_map(|key| &key.halves).filter(|half| half.lock == Lock::Open);
            let mut nodes: Vec<NodeIx> = open().map(|half| half.node).collect();
            nodes.sort_unstable();
            nodes.dedup();
            let path = open().next().map_or("", |half| half.path.as_str());
            AccessText::OpenHalf { nodes: &on(&nodes), path: &short(path) }.text(lang)
        }
        Odd::NoHalf => AccessText::NoHalf {}.text(lang),
        Odd::Authority => AccessText::Authority {}.text(lang),
        Odd::Expired(nodes) => AccessText::Expired { nodes: &on(nodes) }.text(lang),
        Odd::Ignored(why, nodes) => {
            AccessText::Ignored { nodes: &on(nodes), why: &ignored(why, lang) }.text(lang)
        }
        Odd::Missing(nodes) => AccessText::Missing { nodes: &on(nodes) }.text(lang),
    }
}

/// Why sshd ignores a line.
pub(super) fn ignored(why: &Ignored, lang: Lang) -> String {
    match why {
        Ignored::Type => AccessText::WhyType {}.text(lang),
        Ignored::Option(BadOption::Unknown(name)) => AccessText::WhyOption { name: &quoted(name) }.text(lang),
        Ignored::Option(BadOption::Malformed(name)) => {
            AccessText::WhyMalformed { name: &quoted(name) }.text(lang)
        }
        Ignored::Option(BadOption::Old(name, (major, minor))) => {
            AccessText::WhyOld { name: &quoted(name), version: &format!("{major}.{minor}") }.text(lang)
        }
        Ignored::NotAccepted => AccessText::WhyNotAccepted {}.text(lang),
        Ignored::Short => AccessText::WhyShort {}.text(lang),
        Ignored::NoKeys => AccessText::WhyNoKeys {}.text(lang),
    }
}

/// A name that a node gave.
fn quoted(name: &str) -> String {
    format!("'{}'", cut(&sshtrust::text::printable(name.as_bytes()), 40))
}

/// What is to be known of nodes beside their keys.
pub(super) fn note(report: &AccessReport, note: &Note, nodes: &[NodeIx], lang: Lang) -> String {
    let nodes = &who(report, nodes, lang);
    match note {
        Note::FileUnseen(path) => AccessText::FileUnseen { nodes, path: &short(path) }.text(lang),
        Note::FileOpen(path) => AccessText::FileOpen { nodes, path: &short(path) }.text(lang),
        Note::Command(command) => AccessText::Command { nodes, command: &short(command) }.text(lang),
        Note::Authorities(path) => AccessText::Authorities { nodes, path: &short(path) }.text(lang),
        Note::NoKeys => AccessText::NodeNoKeys { nodes }.text(lang),
        Note::SettingsUnseen => AccessText::SettingsUnseen { nodes }.text(lang),
        Note::HalvesUnseen => AccessText::HalvesUnseen { nodes }.text(lang),
        Note::LogUnseen => AccessText::LogUnseen { nodes }.text(lang),
    }
}
