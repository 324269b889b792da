//! The options of a line of `authorized_keys`, as sshd reads them (sshd(8), AUTHORIZED_KEYS FILE FORMAT).
//!
//! Options stand in a row, with commas between them. A value is in double quotes; inside of those `\"` is a quote, and any other
//! backslash is itself. Names are the same in capitals.

use std::fmt;

use crate::words::is_blank;

const FROM: &str = "from";
const EXPIRY: &str = "expiry-time";

/// From where and until when a key opens a node; `None`: from anywhere, for ever.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct KeyBounds {
    /// `from="..."`: patterns and CIDRs, with commas between them.
    pub from: Option<String>,
    /// `expiry-time="..."`: `YYYYMMDD[HHMM[SS]]`, by the node's own clock and zone, or with a `Z` behind it by UTC.
    pub expiry: Option<String>,
}

impl KeyBounds {
    /// Whether there is none.
    pub const fn is_empty(&self) -> bool {
        self.from.is_none() && self.expiry.is_none()
    }

    /// The bounds in an options field. Where one is given twice, the first counts.
    pub(crate) fn of(options: &[u8]) -> Self {
        Self { from: value_of(options, FROM), expiry: value_of(options, EXPIRY) }
    }

    /// An options field with these bounds in place of its own. All other options stay byte for byte, and so does a bound
    /// that is the same.
    pub(crate) fn put_into(&self, options: &[u8]) -> Vec<u8> {
        let mut parts: Vec<Vec<u8>> = Vec::new();
        let mut missing = [(FROM, self.from.as_ref()), (EXPIRY, self.expiry.as_ref())];
        for part in split(options) {
            let known = missing.iter_mut().find(|(name, _)| has_name(part, name));
            let Some((name, wanted)) = known else {
                parts.push(part.to_vec());
                continue;
            };
            // The second one of a name has nothing to be any more; sshd takes no line that has two.
            let Some(value) = wanted.take() else { continue };
            let same = dequoted(part).as_deref() == Some(value.as_bytes());
            parts.push(if same { part.to_vec() } else { quoted(name, value) });
        }
        let new = missing.into_iter().filter_map(|(name, value)| Some(quoted(name, value?)));
        // Bounds come first: what others cut off at a width must not be these.
        let all: Vec<Vec<u8>> = new.chain(parts).collect();
        all.join(&b","[..])
    }
}

/// The options field of a key with these bounds and no other option; empty without bounds.
impl fmt::Display for KeyBounds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&String::from_utf8_lossy(&self.put_into(b"")))
    }
}

/// Whether each option of a field is one that bounds a key and nothing else.
pub(crate) fn only_bounds(options: &[u8]) -> bool {
    split(options).all(|part| has_name(part, FROM) || has_name(part, EXPIRY))
}

fn value_of(options: &[u8], name: &str) -> Option<String> {
    let part = split(options).find(|part| has_name(part, name))?;
    Some(String::from_utf8_lossy(&dequoted(part)?).into_owned())
}

/// The options of a field: it is cut at commas outside of quotes.
fn split(options: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(options).filter(|options| !options.is_empty());
    std::iter::from_fn(move || {
        let text = rest?;
        let (part, after) = text.split_at_checked(end_of_first(text))?;
        rest = after.split_first().map(|(_, after)| after);
        Some(part)
    })
}

fn end_of_first(text: &[u8]) -> usize {
    let (mut quoted, mut escaped) = (false, false);
    for (at, byte) in text.iter().enumerate() {
        match byte {
            b'"' if !escaped => quoted = !quoted,
            b',' if !quoted => return at,
            _ => {}
        }
        // Only a quote can be escaped; a backslash before a backslash is none.
        escaped = *byte == b'\\';
    }
    text.len()
}

fn has_name(part: &[u8], name: &str) -> bool {
    let head = part.split_at_checked(name.len());
    head.is_some_and(|(head, rest)| head.eq_ignore_ascii_case(name.as_bytes()) && rest.starts_with(b"="))
}

/// The value of an option, as sshd takes it out of its quotes; `None` if it is not in quotes.
fn dequoted(part: &[u8]) -> Option<Vec<u8>> {
    let at = part.iter().position(|byte| *byte == b'=')?;
    let inner = part.get(at + 1..)?.strip_prefix(b"\"")?;
    let mut value = Vec::with_capacity(inner.len());
    let mut bytes = inner.iter().copied().peekable();
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => return bytes.next().is_none().then_some(value),
            b'\\' if bytes.peek() == Some(&b'"') => value.extend(bytes.next()),
            byte => value.push(byte),
        }
    }
    None
}

/// `name="value"`. Control characters have no business in a bound, nor has a backslash: at the end it would take the quote.
fn quoted(name: &str, value: &str) -> Vec<u8> {
    let value: String = value.chars().filter(|c| !c.is_control() && *c != '\\').collect();
    format!("{name}=\"{}\"", value.replace('"', "\\\"")).into_bytes()
}

/// A line with another options field; `options`: the one that it has, if it has one.
pub(crate) fn with_options(line: &[u8], options: Option<&[u8]>, new: &[u8]) -> Option<Vec<u8>> {
    let indent = line.iter().position(|byte| !is_blank(*byte))?;
    let (head, rest) = line.split_at_checked(indent)?;
    let (blanks, rest) = match options {
        Some(options) => {
            let rest = rest.get(options.len()..)?;
            let blanks = rest.iter().position(|byte| !is_blank(*byte))?;
            rest.split_at_checked(blanks)?
        }
        None => (&b" "[..], rest),
    };
    let blanks = if new.is_empty() { &[][..] } else { blanks };
    Some([head, new, blanks, rest].concat())
}
