//! Errors as a person and openGauss's own programs read them: the code, what happened where, and the cure.

mod access;
mod bounds;
mod bundle;
mod check;
mod connect;
mod expand;
mod heal;
mod keep;
mod key;
mod lend;
mod node;
mod not_trusted;
mod revoke;
mod rotate;
mod setup;
mod source;

use std::collections::HashMap;
use std::fmt;

use sshtrust::inventory::NodeSpec;

use crate::reporter::{folded, grouped};

pub(crate) use access::access;
pub(crate) use bounds::bounds;
pub(crate) use bundle::{NoAnswer, answers, conflicts};
pub(crate) use check::{NOT_DONE, check};
pub(crate) use expand::{all_come, expand};
pub(crate) use heal::heal;
pub(crate) use keep::keep;
pub(crate) use key::{left_out, passed_over};
pub(crate) use lend::lend;
use not_trusted::not_trusted;
pub(crate) use revoke::revoke;
pub(crate) use rotate::rotate;
pub(crate) use setup::{explain, hostfile, hostfile_of};
pub(crate) use source::{NAMES_CURE, ansible, content, nodeset, nodeset_of, password_file, xml};

/// Up to so many nodes have a line each.
const FEW: usize = 8;
/// So many lines about nodes are shown at once.
const MOST_LINES: usize = 20;
/// So many nodes of a list are written one by one: other programs read it.
const MOST_LISTED: usize = 32;
/// So many ranges of addresses are written in a list ...
const MOST_RANGES: usize = 64;
/// ... and in a sentence.
const MOST_IN_WORDS: usize = 12;
/// So many different troubles are told with what to do.
const MOST_KINDS: usize = 8;

/// One error screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Report {
    lines: Vec<Line>,
    status: u8,
}

/// What stands on a screen.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Line {
    /// What happened, or what to do.
    Said(String),
    /// Something that was seen.
    Detail(String),
    /// Something that was seen on a node.
    On(NodeSpec, String),
}

impl Report {
    /// An error with the code that openGauss documents.
    pub(crate) fn new(code: &str, text: &str) -> Self {
        Self { lines: vec![Line::Said(format!("[GAUSS-{code}] : {text}"))], status: 1 }
    }

    /// An error that has no code of its own.
    pub(crate) fn other(text: &str) -> Self {
        Self { lines: vec![Line::Said(format!("[GAUSS-50100]: {text}"))], status: 1 }
    }

    /// Adds a detail.
    pub(crate) fn detail(mut self, text: &str) -> Self {
        self.lines.push(Line::Detail(text.to_owned()));
        self
    }

    /// Adds a detail: a node and what was seen there. Many nodes with the same one are told together.
    pub(crate) fn on(mut self, node: NodeSpec, text: &str) -> Self {
        self.lines.push(Line::On(node, text.to_owned()));
        self
    }

    /// Adds what to do.
    pub(crate) fn cure(mut self, text: &str) -> Self {
        self.lines.push(Line::Said(text.to_owned()));
        self
    }

    /// Ends the program with another exit status than 1.
    pub(crate) fn exit(mut self, status: u8) -> Self {
        self.status = status;
        self
    }

    /// The exit status.
    pub(crate) const fn status(&self) -> u8 {
        self.status
    }

    /// Puts another error below this one.
    pub(crate) fn and(mut self, other: Self) -> Self {
        self.lines.extend(other.lines);
        self
    }
}

/// Reports that differ in their details alone, as those of nodes with the same trouble, as one; `none`: what is said without any.
fn together(reports: impl IntoIterator<Item = Report>, none: &str) -> Report {
    let is_detail = |line: &Line| !matches!(line, Line::Said(_));
    let frame = |report: &Report| -> Vec<Line> {
        report.lines.iter().filter(|line| !is_detail(line)).cloned().collect()
    };
    let mut joined: Vec<Report> = Vec::new();
    for report in reports {
        match joined.iter_mut().find(|known| frame(known) == frame(&report)) {
            Some(known) => {
                let place =
                    known.lines.iter().rposition(is_detail).map_or(known.lines.len(), |place| place + 1);
                known.lines.splice(place..place, report.lines.into_iter().filter(is_detail));
            }
            None => joined.push(report),
        }
    }
    let rest = joined.split_off(joined.len().min(MOST_KINDS));
    let more = rest.into_iter().flat_map(|report| report.lines).filter(is_detail);
    let more: Vec<Line> = more.collect();
    if !more.is_empty() {
        let mut report = Report::other("There are more nodes with troubles of their own.");
        report.lines.extend(more);
        joined.push(report);
    }
    joined.into_iter().reduce(Report::and).unwrap_or_else(|| Report::other(none))
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let alike = |one: &Line, other: &Line| matches!((one, other), (Line::On(..), Line::On(..)));
        let lines: Vec<String> = self.lines.chunk_by(alike).flat_map(shown).collect();
        f.write_str(&lines.join("\n"))
    }
}

/// Lines as they are shown. Where they are of many nodes, those with the same text are one.
fn shown(lines: &[Line]) -> Vec<String> {
    if lines.len() <= FEW {
        return lines.iter().map(Line::to_string).collect();
    }
    let mut texts: Vec<(&str, Vec<NodeSpec>)> = Vec::new();
    let mut places: HashMap<&str, usize> = HashMap::new();
    for line in lines {
        let Line::On(node, text) = line else { continue };
        let place = *places.entry(text).or_insert(texts.len());
        match texts.get_mut(place) {
            Some((_, nodes)) => nodes.push(*node),
            None => texts.push((text, vec![*node])),
        }
    }
    // What is said of many nodes comes first: it is never among those that there is no room for.
    texts.sort_by_key(|(_, nodes)| std::cmp::Reverse(nodes.len()));
    let mut all: Vec<String> =
        texts.iter().take(MOST_LINES).map(|(text, nodes)| format!("  {}: {text}", named(nodes))).collect();
    let rest: Vec<NodeSpec> = texts.iter().skip(MOST_LINES).flat_map(|(_, nodes)| nodes).copied().collect();
    if !rest.is_empty() {
        all.push(format!("  and more on {}", named(&rest)));
    }
    all
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Said(text) => f.write_str(text),
            Self::Detail(text) => write!(f, "  {text}"),
            Self::On(node, text) => write!(f, "  {node}: {text}"),
        }
    }
}

/// Another run is at work on these nodes.
fn busy(nodes: &str) -> Report {
    Report::other(&format!("Another run of gs_sshexkey is at work on {nodes}. Nothing was changed."))
        .cure("Wait until it has ended and run again.")
}

/// A file of this machine that is needed and cannot be used.
fn unusable_file(path: &str, reason: &str) -> Report {
    let report = Report::new("50204", &format!("Failed to read {path}. {reason}"));
    if reason.contains("ermission denied") {
        return report.cure(&format!("Give the user the right to read it: chown and chmod {path}."));
    }
    report.cure("The files of host keys are those that ssh itself would read (ssh -G HOST). Nothing was sent anywhere.")
}

/// Nodes in a sentence: a few one by one, many in ranges.
fn named(nodes: &[NodeSpec]) -> String {
    if nodes.len() <= FEW {
        return nodes.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    }
    format!("{} ({} nodes)", folded(nodes.iter().copied(), MOST_IN_WORDS), grouped(nodes.len()))
}

/// Nodes as openGauss's tools print a list; a great many in ranges.
pub(crate) fn nodes(nodes: impl IntoIterator<Item = NodeSpec>) -> String {
    let nodes: Vec<NodeSpec> = nodes.into_iter().collect();
    if nodes.len() <= MOST_LISTED {
        return list(nodes.iter().map(ToString::to_string));
    }
    list(folded(nodes, MOST_RANGES).split(", ").map(str::to_owned))
}

/// The same without their ports.
fn addresses(all: impl IntoIterator<Item = NodeSpec>) -> String {
    nodes(all.into_iter().map(|node| NodeSpec { port: 22, ..node }))
}

/// A list as openGauss's tools print it.
pub(crate) fn list(items: impl IntoIterator<Item = String>) -> String {
    let items: Vec<String> = items.into_iter().map(|i| format!("'{i}'")).collect();
    format!("[{}]", items.join(", "))
}
