//! What an edit would change, for a reader at a terminal.

use std::collections::HashMap;
use std::fmt::Write;
use std::ops::Range;

use crate::lines::Lines;
use similar::{Algorithm, DiffOp, DiffTag, capture_diff_slices, group_diff_ops};

/// Unchanged lines shown around a change.
const CONTEXT_LINES: usize = 3;

/// The difference between two versions of a file in the format of `diff -u`; empty if there is none.
///
/// The text is safe to show on a terminal: control characters other than tabs, characters that turn or hide
/// text, and bytes that are no UTF-8 are written as escapes (`\u{1b}`, `\xff`).
pub fn unified_diff(old: &[u8], new: &[u8], name: &str) -> String {
    if old == new {
        return String::new();
    }
    let old: Vec<&[u8]> = old.split_inclusive(|byte| *byte == b'\n').collect();
    let new: Vec<&[u8]> = new.split_inclusive(|byte| *byte == b'\n').collect();
    let name = escaped(name.as_bytes());
    let mut text = format!("--- {name}\n+++ {name}\n");
    for hunk in group_diff_ops(capture_diff_slices(Algorithm::Myers, &old, &new), CONTEXT_LINES) {
        push_hunk(&mut text, &hunk, &old, &new);
    }
    text
}

/// The lines that one version of a file has and the other has not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LineChanges {
    /// Lines of the new version, in its order, without their LF.
    pub added: Vec<Vec<u8>>,
    /// Lines of the old version, in its order, without their LF.
    pub removed: Vec<Vec<u8>>,
}

/// Compares two versions of a file as bags of lines: a line that moved is no change, and of a line that comes several
/// times as many are changes as one version has more of it, the later ones. Neither is a final newline a change.
pub fn line_changes(old: &[u8], new: &[u8]) -> LineChanges {
    let (old, new) = (Lines::parse(old), Lines::parse(new));
    LineChanges { added: beyond(&new, &old), removed: beyond(&old, &new) }
}

/// The lines of one version for which the other has no partner.
fn beyond(one: &Lines, other: &Lines) -> Vec<Vec<u8>> {
    let mut partners: HashMap<&[u8], usize> = HashMap::new();
    for (_, line) in other.iter() {
        *partners.entry(line).or_default() += 1;
    }
    let mut alone = Vec::new();
    for (_, line) in one.iter() {
        match partners.get_mut(line) {
            Some(count) if *count > 0 => *count -= 1,
            _ => alone.push(line.to_vec()),
        }
    }
    alone
}

fn push_hunk(text: &mut String, hunk: &[DiffOp], old: &[&[u8]], new: &[&[u8]]) {
    let (Some(first), Some(last)) = (hunk.first(), hunk.last()) else { return };
    let old_span = range(first.old_range().start..last.old_range().end);
    let new_span = range(first.new_range().start..last.new_range().end);
    text.push_str(&format!("@@ -{old_span} +{new_span} @@\n"));
    for op in hunk {
        if op.tag() == DiffTag::Equal {
            push_lines(text, ' ', old.get(op.old_range()));
        } else {
            push_lines(text, '-', old.get(op.old_range()));
            push_lines(text, '+', new.get(op.new_range()));
        }
    }
}

fn push_lines(text: &mut String, sign: char, lines: Option<&[&[u8]]>) {
    for line in lines.unwrap_or_default() {
        text.push(sign);
        text.push_str(&escaped(line.strip_suffix(b"\n").unwrap_or(line)));
        text.push_str(if line.ends_with(b"\n") { "\n" } else { "\n\\ No newline at end of file\n" });
    }
}

/// Line numbers as `diff -u` writes them: a count of one is left out, an empty range names the line before
/// it.
fn range(lines: Range<usize>) -> String {
    match lines.len() {
        0 => format!("{},0", lines.start),
        1 => format!("{}", lines.start + 1),
        count => format!("{},{count}", lines.start + 1),
    }
}

fn escaped(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            if is_unsafe(c) { text.extend(c.escape_default()) } else { text.push(c) }
        }
        for byte in chunk.invalid() {
            // Writing to a string cannot fail.
            let _ = write!(text, "\\x{byte:02x}");
        }
    }
    text
}

/// Control characters, and Unicode's invisible and direction-turning format characters.
fn is_unsafe(c: char) -> bool {
    let turns_or_hides = matches!(
        c,
        '\u{ad}' | '\u{61c}' | '\u{feff}'
            | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
    );
    (c.is_control() && c != '\t') || turns_or_hides
}
