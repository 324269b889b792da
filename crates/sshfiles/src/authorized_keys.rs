//! `authorized_keys`, as in sshd(8), AUTHORIZED_KEYS FILE FORMAT.

use crate::OM_MARK;
use crate::key::PublicKey;
use crate::lines::Lines;
use crate::words::{has_mark, is_blank, skip_blanks, split_key, visible};

/// The public keys that may log in as a user.
///
/// A line of ours is `algorithm base64 comment #OM`. It ends in LF whatever the other lines end in: sshd
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
            comment: String::from_utf8_lossy(fields.comment).into_owned(),
            ours: has_mark(fields.comment),
            key: fields.key,
        })
    }

    /// Whether a line gives this key full access. A line with options does not count: each option restricts
    /// the key or, as `cert-authority` does, gives it another meaning.
    pub fn grants(&self, key: &PublicKey) -> bool {
        self.fields().any(|(_, fields)| fields.options.is_none() && fields.key == *key)
    }

    /// Appends a line of ours for the key. Returns whether it did: a line of ours without options that holds
    /// the key already is enough, the user's own line for it is not, because the user may take that away.
    ///
    /// Control characters in the comment become blanks.
    pub fn add(&mut self, key: &PublicKey, comment: &str) -> bool {
        let present =
            |fields: &Fields<'_>| fields.options.is_none() && has_mark(fields.comment) && fields.key == *key;
        if self.fields().any(|(_, fields)| present(&fields)) {
            return false;
        }
        let comment: String = comment.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        let line = match comment.trim() {
            "" => format!("{key} {OM_MARK}"),
            comment => format!("{key} {comment} {OM_MARK}"),
        };
        self.lines.push(line.into_bytes());
        true
    }

    /// Removes the lines of ours whose key is chosen, also those to which somebody has added options. Returns
    /// how many.
    pub fn remove_ours(&mut self, mut which: impl FnMut(&PublicKey) -> bool) -> usize {
        let doomed: Vec<usize> = self
            .fields()
            .filter(|(_, fields)| has_mark(fields.comment) && which(&fields.key))
            .map(|(id, _)| id)
            .collect();
        doomed.into_iter().filter(|id| self.lines.remove(*id)).count()
    }

    fn fields(&self) -> impl Iterator<Item = (usize, Fields<'_>)> {
        self.lines.iter().filter_map(|(id, line)| Some((id, fields(line)?)))
    }
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
