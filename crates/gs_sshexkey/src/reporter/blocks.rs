//! The troubles, each told once: who, the likely cause and its cure, and the words of `ssh`.

use sshtrust::check::Checked;
use sshtrust::inventory::NodeIx;
use sshtrust::probe::{By, Cause, Shape, Trouble, TrustEdge, troubles};
use sshtrust::text::printable;

use super::layout::{grouped, wrap};
use super::matrix::who;
use super::style::{Style, Tone};
use crate::i18n::{Message, cause, headline};

/// So many troubles are told.
const MOST: usize = 20;
/// Up to so many are told in full ...
const CROWD: usize = 6;
/// ... and of more than these only so many, the others in a line.
const MOST_OF_CROWD: usize = 4;
/// So many lines of what `ssh` printed are shown.
const MOST_SAID: usize = 7;

/// How broken pairs hang together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    /// Nobody reaches these nodes.
    Unreachable,
    /// These nodes reach nobody.
    Isolated,
    /// Some reach some others not.
    Pairs,
}

/// Troubles that are one to the reader: many nodes with the same fate.
struct Block<'a> {
    kind: Kind,
    from: Vec<NodeIx>,
    to: Vec<NodeIx>,
    cause: &'a Cause,
    /// If only one way to call is concerned, of two.
    by: Option<By>,
    one_way: bool,
    example: &'a TrustEdge,
    pairs: usize,
}

/// All blocks, the worst first, with a heading.
pub(super) fn draw(checked: &Checked, style: &Style) -> Vec<String> {
    let blocks = blocks(checked);
    if blocks.is_empty() {
        return Vec::new();
    }
    let mut lines = vec![style.paint(Tone::Head, &Message::Troubles {}.text(style.lang))];
    let full = if blocks.len() > CROWD { MOST_OF_CROWD } else { CROWD };
    for (place, block) in blocks.iter().take(MOST).enumerate() {
        lines.extend(if place < full {
            block.draw(place + 1, checked, style)
        } else {
            block.draw_short(place + 1, checked, style)
        });
    }
    if blocks.len() > MOST {
        let count = grouped(blocks.len() - MOST);
        lines.extend(wrap(
            &Message::MoreTroubles { count: &count }.text(style.lang),
            style.width,
            "  ",
            "  ",
        ));
    }
    lines
}

fn blocks(checked: &Checked) -> Vec<Block<'_>> {
    let mut blocks: Vec<Block<'_>> = Vec::new();
    for trouble in troubles(&checked.matrix) {
        let Some(block) = Block::of(checked, trouble) else { continue };
        match blocks.iter_mut().find(|known| known.takes(&block)) {
            Some(known) => known.join(block),
            None => blocks.push(block),
        }
    }
    if blocks.len() > CROWD {
        blocks = by_cause(blocks);
    }
    blocks.sort_by_key(|block| (block.kind, usize::MAX - block.pairs));
    blocks
}

/// Single pairs, where there are many troubles: those with one cause together, whoever they are.
fn by_cause(blocks: Vec<Block<'_>>) -> Vec<Block<'_>> {
    let mut joined: Vec<Block<'_>> = Vec::new();
    for block in blocks {
        let same = |known: &&mut Block<'_>| {
            known.kind == Kind::Pairs
                && (known.kind, known.cause, known.by, known.one_way)
                    == (block.kind, block.cause, block.by, block.one_way)
        };
        match joined.iter_mut().find(same) {
            Some(known) => known.join(block),
            None => joined.push(block),
        }
    }
    joined
}

impl<'a> Block<'a> {
    fn of(checked: &Checked, trouble: Trouble<'a>) -> Option<Self> {
        let example = *trouble.edges.iter().find(|edge| !edge.said.is_empty()).or(trouble.edges.first())?;
        let first = trouble.edges.first()?.by;
        let one_by = checked.matrix.by().len() > 1 && trouble.edges.iter().all(|edge| edge.by == first);
        let of = |side: fn(&TrustEdge) -> NodeIx| {
            let mut nodes: Vec<NodeIx> = trouble.edges.iter().map(|edge| side(edge)).collect();
            nodes.sort_unstable();
            nodes.dedup();
            nodes
        };
        Some(Self {
            kind: match trouble.shape {
                Shape::Unreachable(_) => Kind::Unreachable,
                Shape::Isolated(_) => Kind::Isolated,
                Shape::Pairs(_) => Kind::Pairs,
            },
            from: of(|edge| edge.from),
            to: of(|edge| edge.to),
            cause: trouble.cause,
            by: one_by.then_some(first),
            one_way: trouble.one_way,
            example,
            pairs: trouble.edges.len(),
        })
    }

    /// Whether another block is the same to the reader, of other nodes.
    fn takes(&self, other: &Self) -> bool {
        let alike = self.kind == other.kind
            && self.cause == other.cause
            && self.by == other.by
            && self.one_way == other.one_way;
        alike && (self.kind != Kind::Pairs || self.from == other.from)
    }

    fn join(&mut self, other: Self) {
        for (all, more) in [(&mut self.from, other.from), (&mut self.to, other.to)] {
            all.extend(more);
            all.sort_unstable();
            all.dedup();
        }
        self.pairs += other.pairs;
        if self.example.said.is_empty() {
            self.example = other.example;
        }
    }

    fn counted(&self, checked: &Checked, style: &Style) -> String {
        let head = self.head(checked, style);
        match self.pairs {
            1 => head,
            many => Message::Counted { what: &head, count: &grouped(many) }.text(style.lang),
        }
    }

    fn draw_short(&self, number: usize, checked: &Checked, style: &Style) -> Vec<String> {
        let colon = if style.lang == crate::i18n::Lang::Zh { "：" } else { ": " };
        let why = printable(headline(self.cause, style.lang).as_bytes());
        let text = format!("{}{colon}{why}", self.counted(checked, style));
        wrap(&text, style.width, &format!("{number:>3}. "), "     ")
    }

    fn draw(&self, number: usize, checked: &Checked, style: &Style) -> Vec<String> {
        let lang = style.lang;
        let head = self.counted(checked, style);
        let mut lines: Vec<String> = wrap(&head, style.width, &format!("{number:>3}. "), "     ")
            .into_iter()
            .map(|line| style.paint(Tone::Bad, &line))
            .collect();
        if self.one_way {
            lines.extend(wrap(&Message::OneWay {}.text(lang), style.width, "     ", "     "));
        }
        let reason = Message::Likely { cause: &cause(self.cause).text(lang) }.text(lang);
        lines.extend(wrap(&printable(reason.as_bytes()), style.width, "     ", "     "));
        lines.extend(said(self.example, checked, style));
        lines
    }

    fn head(&self, checked: &Checked, style: &Style) -> String {
        let from = &who(checked, &self.from, 12, style.lang);
        let to = &who(checked, &self.to, 12, style.lang);
        let message = match (self.kind, self.by) {
            (Kind::Unreachable, None) => Message::NobodyReaches { nodes: to },
            (Kind::Unreachable, Some(By::Ip)) => Message::NobodyReachesByIp { nodes: to },
            (Kind::Unreachable, Some(By::Name)) => Message::NobodyReachesByName { nodes: to },
            (Kind::Isolated, None) => Message::ReachesNobody { nodes: from },
            (Kind::Isolated, Some(By::Ip)) => Message::ReachesNobodyByIp { nodes: from },
            (Kind::Isolated, Some(By::Name)) => Message::ReachesNobodyByName { nodes: from },
            (Kind::Pairs, None) => Message::DoesNotReach { from, to },
            (Kind::Pairs, Some(By::Ip)) => Message::DoesNotReachByIp { from, to },
            (Kind::Pairs, Some(By::Name)) => Message::DoesNotReachByName { from, to },
        };
        message.text(style.lang)
    }
}

/// The words of `ssh` on one pair, set apart as not ours.
fn said(edge: &TrustEdge, checked: &Checked, style: &Style) -> Vec<String> {
    let from = &who(checked, &[edge.from], 1, style.lang);
    let to = &printable(edge.host.as_bytes());
    let words = printable(edge.said.as_bytes());
    let words: Vec<&str> = words.split(" | ").map(str::trim).filter(|line| !is_noise(line)).collect();
    let head =
        if words.is_empty() { Message::SaidNothing { from, to } } else { Message::SaidOn { from, to } };
    let mut lines = wrap(&head.text(style.lang), style.width, "     ", "     ");
    let mut quoted = Vec::new();
    // The end says why; what comes first says what about.
    let late = words.len().saturating_sub(MOST_SAID - 3);
    for (place, line) in words.iter().enumerate() {
        if words.len() <= MOST_SAID || place < 2 || place >= late {
            quoted.extend(wrap(line, style.width, "     | ", "     |   "));
        } else if place == 2 {
            quoted.push("     | [...]".to_owned());
        }
    }
    lines.extend(quoted.into_iter().take(2 * MOST_SAID).map(|line| style.paint(Tone::Faint, &line)));
    lines
}

/// Whether a line is empty, a frame around a warning, or advice that ssh(1) gives to everybody.
pub(crate) fn is_noise(line: &str) -> bool {
    const ADVICE: [&str; 6] = [
        "IT IS POSSIBLE THAT SOMEONE",
        "Someone could be eavesdropping",
        "It is also possible that",
        "Please contact your system",
        "Add correct host key in",
        "remove with:",
    ];
    line.chars().all(|c| c == '@' || c == ' ') || ADVICE.iter().any(|advice| line.starts_with(advice))
}
