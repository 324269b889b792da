//! `authorized_keys`, as in sshd(8), AUTHORIZED_KEYS FILE FORMAT.

use std::collections::BTreeSet;

use crate::OM_MARK;
use crate::key::PublicKey;
use crate::key_options::{KeyBounds, only_bounds, with_options};
use crate::lines::Lines;
use crate::words::{has_mark, is_blank, skip_blanks, split_key, visible, without_ours};

/// The public keys that may log in as a user.
///
/// A line of ours is `algorithm base64 comment #OM`, with its bounds before it, if it has some. It ends in LF whatever the other lines end in: sshd
/// accepts CRLF too (the CR falls into the comment), but nobody needs a CR after the mark.
#[derive(Clone, Debug)]
pub struct AuthorizedKeys {
    lines: Lines,
}

/// One key line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthorizedKey {
    /// The line's number, from 1.
    pub line: usize,
    /// The options field, such as `command="...",no-pty`, if there is one. Bytes that are no UTF-8 are
    /// replaced.
    pub options: Option<String>,
    /// From where and until when it opens the node, by its options.
    pub bounds: KeyBounds,
    /// The options, if there are some, are bounds and nothing else.
    pub only_bound: bool,
    /// The key.
    pub key: PublicKey,
    /// All that follows the key, the mark included. Bytes that are no UTF-8 are replaced.
    pub comment: String,
    /// Whether the last word is [`OM_MARK`].
    pub ours: bool,
}

/// A key line's fields as they stand in the file.
struct Fields<'a> {
    options: Option<&'a [u8]>,
    key: PublicKey,
    comment: &'a [u8],
}

impl AuthorizedKeys {
    /// Reads any bytes. Lines that are not keys are kept and never looked at again.
    pub fn parse(bytes: &[u8]) -> Self {
        Self { lines: Lines::parse(bytes) }
    }

    /// The bytes of the file.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.lines.to_bytes()
    }

    /// The key lines, in order.
    pub fn entries(&self) -> impl Iterator<Item = AuthorizedKey> {
        self.fields().map(|(id, fields)| AuthorizedKey {
            line: self.lines.number(id),
            options: fields.options.map(|options| String::from_utf8_lossy(options).into_owned()),
            bounds: fields.options.map(KeyBounds::of).unwrap_or_default(),
            only_bound: fields.options.is_none_or(only_bounds),
            comment: String::from_utf8_lossy(fields.comment).into_owned(),
            ours: has_mark(fields.comment),
            key: fields.key,
        })
    }

    /// The lines that are no key, no comment and not empty, in order, with their numbers: sshd ignores them. Bytes that are
    /// no UTF-8 are replaced.
    pub fn broken(&self) -> impl Iterator<Item = (usize, String)> {
        let said = |line: &[u8]| {
            let text = skip_blanks(visible(line)).trim_ascii_end();
            !text.is_empty() && !text.starts_with(b"#")
        };
        let broken = self.lines.iter().filter(move |(_, line)| said(line) && fields(line).is_none());
        broken.map(|(id, line)| (self.lines.number(id), String::from_utf8_lossy(line).into_owned()))
    }

    /// Whether a line gives this key full access. A line with options does not count: each option restricts
    /// the key or, as `cert-authority` does, gives it another meaning.
    pub fn grants(&self, key: &PublicKey) -> bool {
        self.fields().any(|(_, fields)| fields.options.is_none() && fields.key == *key)
    }

    /// Appends a line of ours for the key. Returns whether a byte changed: a line of ours that holds the key already is enough,
    /// whatever its options: what somebody restricted is not to be let in by a plain line beside it. The user's own line for
    /// it is not, because the user may take that away. If the last line is one of ours that does not end, as older versions
    /// left it, it is ended.
    ///
    /// Control characters in the comment become blanks.
    pub fn add(&mut self, key: &PublicKey, comment: &str) -> bool {
        self.add_all([(key, comment)])
    }

    /// As [`Self::add`], for many keys with their comments: the file is looked through once.
    pub fn add_all<'a>(&mut self, keys: impl IntoIterator<Item = (&'a PublicKey, &'a str)>) -> bool {
        self.add_bound(keys, &KeyBounds::default())
    }

    /// As [`Self::add_all`]; the new lines have these bounds.
    pub fn add_bound<'a>(
        &mut self,
        keys: impl IntoIterator<Item = (&'a PublicKey, &'a str)>,
        bounds: &KeyBounds,
    ) -> bool {
        let ours = |fields: &Fields<'_>| has_mark(fields.comment);
        let mut present: BTreeSet<PublicKey> =
            self.fields().filter(|(_, fields)| ours(fields)).map(|(_, fields)| fields.key).collect();
        let options = if bounds.is_empty() { String::new() } else { format!("{bounds} ") };
        let mut added = false;
        for (key, comment) in keys {
            if !present.insert(key.clone()) {
                continue;
            }
            let comment: String = comment.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
            let line = match comment.trim() {
                "" => format!("{options}{key} {OM_MARK}"),
                comment => format!("{options}{key} {comment} {OM_MARK}"),
            };
            self.lines.push(line.into_bytes());
            added = true;
        }
        added || self.end_ours()
    }

    /// Gives each line of ours the bounds that are chosen for it. All else in the line stays byte for byte, other options
    /// included. Returns how many lines changed.
    pub fn bound_ours(&mut self, mut choose: impl FnMut(&KeyBounds) -> KeyBounds) -> usize {
        self.lines.rewrite(|line| {
            what_is_left(line)?;
            let options = fields(line)?.options;
            let new = choose(&options.map(KeyBounds::of).unwrap_or_default());
            let new = new.put_into(options.unwrap_or_default());
            let new = with_options(line, options, &new)?;
            (new != line).then_some(new)
        })
    }

    /// Whether there is a line of ours, also one to which somebody's line is glued.
    pub fn has_ours(&self) -> bool {
        self.lines.iter().any(|(_, line)| what_is_left(line).is_some())
    }

    /// Removes the lines of ours whose key is chosen, also those to which somebody has added options. Returns
    /// how many. What is glued to one, because it did not end when somebody appended, becomes a line of its own.
    pub fn remove_ours(&mut self, mut which: impl FnMut(&PublicKey) -> bool) -> usize {
        self.lines.rewrite(|line| {
            let left = what_is_left(line)?;
            which(&fields(line)?.key).then(|| left.to_vec())
        })
    }

    /// Ends the last line, if it is ours. Returns whether a byte changed.
    fn end_ours(&mut self) -> bool {
        let ours = self.lines.unfinished().is_some_and(|(_, line)| is_ours(line));
        if ours {
            self.lines.finish();
        }
        ours
    }

    fn fields(&self) -> impl Iterator<Item = (usize, Fields<'_>)> {
        self.lines.iter().filter_map(|(id, line)| Some((id, fields(line)?)))
    }
}

fn is_ours(line: &[u8]) -> bool {
    fields(line).is_some_and(|fields| has_mark(fields.comment))
}

/// What is left of a line without what is ours; `None` if nothing of it is.
fn what_is_left(line: &[u8]) -> Option<&[u8]> {
    without_ours(line, OM_MARK, is_ours, |rest| fields(rest).is_some())
}

/// Reads one line. As sshd does: a line that does not start with a key starts with options.
fn fields(line: &[u8]) -> Option<Fields<'_>> {
    let text = skip_blanks(visible(line));
    if text.is_empty() || text.starts_with(b"#") {
        return None;
    }
    if let Some((key, comment)) = split_key(text) {
        return Some(Fields { options: None, key, comment });
    }
    let (options, rest) = split_options(text)?;
    let (key, comment) = split_key(rest)?;
    Some(Fields { options: Some(options), key, comment })
}

/// Cuts the options field off: it ends at the first blank outside double quotes. `\"` is a quote inside
/// quotes.
fn split_options(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut quoted = false;
    let mut bytes = text.iter().enumerate().peekable();
    while let Some((at, byte)) = bytes.next() {
        match byte {
            b'\\' if bytes.peek().is_some_and(|(_, next)| **next == b'"') => {
                bytes.next();
            }
            b'"' => quoted = !quoted,
            byte if is_blank(*byte) && !quoted => {
                let (options, rest) = text.split_at_checked(at)?;
                return Some((options, skip_blanks(rest)));
            }
            _ => {}
        }
    }
    None
}
