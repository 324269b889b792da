//! The changes of many nodes as text, of which everything that is equal is held once.
//!
//! A thousand nodes get the same four thousand lines of `known_hosts`. What stands around them, and the numbers of the lines,
//! differ; so a text is held as runs of lines, and a long run in pieces that end where the content says so. Two runs that differ in
//! one line then share all but the piece with that line.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use super::{Content, FileEdit, NodePlan, Taking};
use crate::observe::FileBytes;

/// A piece of a run ends at about every sixteenth line ...
const CUT: u64 = 16;
/// ... and has no more lines than these.
const MOST: usize = 256;

/// What the lines of a run are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LineKind {
    /// Words, a command, the head of a diff.
    Plain,
    /// Where in the file the lines below are: `@@ -1,3 +1,4 @@`.
    Place,
    /// Lines that stay.
    Around,
    /// Lines that come.
    Added,
    /// Lines that go.
    Removed,
}

impl LineKind {
    /// Of a line of a unified diff below its head.
    fn of(line: &str) -> Self {
        match line.as_bytes().first() {
            Some(b'+') => Self::Added,
            Some(b'-') => Self::Removed,
            Some(b'@') => Self::Place,
            _ => Self::Around,
        }
    }
}

/// Neighbouring lines of one kind, or a part of them; each ends in a newline.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Run {
    /// What they are.
    pub kind: LineKind,
    /// The lines, with their signs; safe to show.
    pub text: Arc<str>,
}

/// One thing that changes on a node.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Piece {
    /// What it is: the same for the same thing on other nodes, however the rest of the text differs.
    pub about: Arc<str>,
    /// All of its text.
    pub runs: Vec<Run>,
}

impl Piece {
    /// Its lines of one kind.
    pub fn of_kind(&self, kind: LineKind) -> impl Iterator<Item = &str> {
        self.runs.iter().filter(move |run| run.kind == kind).flat_map(|run| run.text.lines())
    }

    /// What tells it from another change of the same thing: lines that come and go, or its words. Not what stands around them.
    /// Texts that one teller has made are compared by where they lie.
    #[must_use]
    pub fn essence(&self) -> Vec<(LineKind, usize)> {
        let differs = |run: &&Run| !matches!(run.kind, LineKind::Place | LineKind::Around);
        self.runs.iter().filter(differs).map(|run| (run.kind, place(&run.text))).collect()
    }
}

/// What changes on a node, as text without anything secret. A copy shares all of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ChangeText {
    /// Each thing that changes, in order.
    pub pieces: Vec<Arc<Piece>>,
}

impl ChangeText {
    /// Whether nothing changes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    /// The same, and what changes afterwards.
    #[must_use]
    pub fn then(mut self, after: Self) -> Self {
        self.pieces.extend(after.pieces);
        self
    }

    /// Its runs, in order.
    pub fn runs(&self) -> impl Iterator<Item = &Run> {
        self.pieces.iter().flat_map(|piece| &piece.runs)
    }
}

impl fmt::Display for ChangeText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.runs().try_for_each(|run| f.write_str(&run.text))
    }
}

/// Where a file is, as it was, and what comes in at which offset, in memory: the same diff is not made twice.
type Versions = (String, usize, usize, usize);
/// Where the parts of a piece lie in memory: what it is about, and its runs.
type Places = (usize, Vec<(LineKind, usize)>);
/// They are held, so that nothing else comes to lie there.
type Held = (FileBytes, Arc<Vec<u8>>);

/// Makes the texts of nodes.
#[derive(Debug, Default)]
pub struct Teller {
    texts: HashSet<Arc<str>>,
    pieces: HashMap<Places, Arc<Piece>>,
    diffs: HashMap<Versions, (Held, Option<Arc<Piece>>)>,
    told: Vec<Arc<Piece>>,
}

impl Teller {
    /// What changes on a node.
    pub fn plan(&mut self, plan: &NodePlan) -> ChangeText {
        plan.tell(self);
        ChangeText { pieces: std::mem::take(&mut self.told) }
    }

    /// What is taken away from a node.
    pub fn taking(&mut self, taking: &Taking) -> ChangeText {
        taking.tell(self);
        ChangeText { pieces: std::mem::take(&mut self.told) }
    }

    /// What changes, from a text of diffs and of lines that stand alone.
    pub fn text(&mut self, text: &str) -> ChangeText {
        let mut diff = String::new();
        // A line that goes may look like a head.
        let is_head = |line: &str, next: Option<&&str>| {
            line.starts_with("--- ") && next.is_some_and(|next| next.starts_with("+++ "))
        };
        let lines: Vec<&str> = text.lines().collect();
        for (at, line) in lines.iter().enumerate() {
            let head = is_head(line, lines.get(at + 1));
            if head || (!diff.is_empty() && !line.starts_with(['+', '-', ' ', '@', '\\'])) {
                self.push_diff(&std::mem::take(&mut diff));
            }
            if head || !diff.is_empty() {
                diff.push_str(line);
                diff.push('\n');
            } else {
                let more = ["   (", ", process "].iter().find_map(|more| line.find(more));
                let (about, more) = line.split_at(more.unwrap_or(line.len()));
                self.line(about, more);
            }
        }
        self.push_diff(&diff);
        ChangeText { pieces: std::mem::take(&mut self.told) }
    }

    /// One line, without its end; `more`: what may differ from node to node.
    pub(super) fn line(&mut self, about: &str, more: &str) {
        let text = self.held(&format!("{about}{more}\n"));
        let about = if more.is_empty() { text.clone() } else { self.held(about) };
        let piece = self.piece(about, vec![Run { kind: LineKind::Plain, text }]);
        self.told.push(piece);
    }

    /// The diff of a file, which is empty if only its mode changes.
    pub(super) fn diff(&mut self, edit: &FileEdit, make: impl FnOnce() -> String) {
        // What no other node shares needs no remembering.
        let (at, new) = match &edit.content {
            Content::Bytes(new) => (0, Some(new)),
            Content::Spliced(splice) => (splice.at, Some(&splice.new)),
            _ => (0, None),
        };
        let new = new.filter(|new| Arc::strong_count(new) > 1);
        let shared = new.map(|new| (edit.old.bytes.clone(), new.clone()));
        let versions = shared.as_ref().map(|(old, new)| {
            let old = if old.is_empty() { 0 } else { old.place() };
            (edit.old.path.clone(), old, at, Arc::as_ptr(new).addr())
        });
        if let Some((_, known)) = versions.as_ref().and_then(|versions| self.diffs.get(versions)) {
            return self.told.extend(known.clone());
        }
        let before = self.told.len();
        self.push_diff(&make());
        let made = self.told.get(before).cloned();
        if let (Some(versions), Some(held)) = (versions, shared) {
            self.diffs.insert(versions, (held, made));
        }
    }

    fn push_diff(&mut self, text: &str) {
        let mut lines = text.split_inclusive('\n');
        let (Some(from), Some(to)) = (lines.next(), lines.next()) else { return };
        let about = self.held(&format!("{from}{to}"));
        let mut runs = vec![Run { kind: LineKind::Plain, text: about.clone() }];
        let lines: Vec<(LineKind, &str)> = lines.map(|line| (LineKind::of(line), line)).collect();
        for run in lines.chunk_by(|(a, _), (b, _)| a == b) {
            let (mut part, mut count) = (String::new(), 0);
            for (place, (kind, line)) in run.iter().enumerate() {
                part.push_str(line);
                count += 1;
                if place + 1 == run.len() || count == MOST || ends_part(line) {
                    runs.push(Run { kind: *kind, text: self.held(&std::mem::take(&mut part)) });
                    count = 0;
                }
            }
        }
        let piece = self.piece(about, runs);
        self.told.push(piece);
    }

    fn held(&mut self, text: &str) -> Arc<str> {
        if let Some(known) = self.texts.get(text) {
            return known.clone();
        }
        let text: Arc<str> = text.into();
        self.texts.insert(text.clone());
        text
    }

    fn piece(&mut self, about: Arc<str>, runs: Vec<Run>) -> Arc<Piece> {
        let key = (place(&about), runs.iter().map(|run| (run.kind, place(&run.text))).collect());
        self.pieces.entry(key).or_insert_with(|| Arc::new(Piece { about, runs })).clone()
    }
}

/// Where a text lies in memory: the same for texts that are held once.
fn place(text: &Arc<str>) -> usize {
    text.as_ptr().addr()
}

/// Whether a part of a run ends here, by the content of the line alone.
fn ends_part(line: &str) -> bool {
    let mut hasher = DefaultHasher::new();
    line.hash(&mut hasher);
    hasher.finish().is_multiple_of(CUT)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A diff that adds so many lines below one of its own, without the line `but`.
    fn diff(count: usize, but: usize, own: &str) -> String {
        let added: String =
            (0..count).filter(|line| *line != but).map(|line| format!("+10.0.0.{line} key\n")).collect();
        format!("--- known_hosts\n+++ known_hosts\n@@ -1 +1,{count} @@\n {own}\n{added}")
    }

    fn held(teller: &Teller) -> usize {
        teller.texts.iter().map(|text| text.len()).sum()
    }

    #[test]
    fn a_text_comes_out_as_it_went_in() {
        let cases = [
            String::new(),
            "mkdir -m 700 /root/.ssh\n".to_owned(),
            diff(2_000, 7, "own"),
            format!("rm /a\n{}{}chmod 600 /b   (was 644)\n", diff(3, 9, "a"), diff(5, 9, "b")),
            // A line that goes and looks like a head.
            "--- a\n+++ a\n@@ -1,2 +0,0 @@\n--- b\n-c\n\\ No newline at end of file\n".to_owned(),
        ];
        for text in cases {
            assert_eq!(Teller::default().text(&text).to_string(), text);
        }
    }

    #[test]
    fn what_is_equal_is_held_once_whatever_stands_around_it() {
        let mut teller = Teller::default();
        teller.text(&diff(4_000, 5_000, "first"));
        let one = held(&teller);
        for node in 0..200 {
            teller.text(&diff(4_000, 5_000, &format!("own {node}")));
        }
        assert!(held(&teller) < one + 200 * 60, "{one} {}", held(&teller));
        // Each lacks one line, as a node that knows itself.
        for node in 0..200 {
            teller.text(&diff(4_000, node * 20, "own"));
        }
        assert!(held(&teller) < 8 * one, "{one} {}", held(&teller));
    }

    #[test]
    fn changes_are_compared_by_what_comes_and_goes() {
        let mut teller = Teller::default();
        let mut essence = |text: String| teller.text(&text).pieces[0].essence();
        let first = essence(diff(300, 1, "own"));
        assert_eq!(first, essence(diff(300, 1, "other")));
        assert_ne!(first, essence(diff(300, 2, "own")));
        assert_ne!(first, essence(diff(300, 1, "own").replace("known_hosts", "config")));
    }
}
