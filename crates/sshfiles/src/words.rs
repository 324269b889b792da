//! Words and blanks as OpenSSH's own readers see them.

use crate::OM_MARK;
use crate::key::PublicKey;

/// The part of a line that a C program sees: everything up to a NUL.
pub(crate) fn visible(line: &[u8]) -> &[u8] {
    line.split(|byte| *byte == 0).next().unwrap_or_default()
}

/// Space and tab separate the fields of key files; no other byte does.
pub(crate) fn is_blank(byte: u8) -> bool {
    byte == b' ' || byte == b'\t'
}

/// The text without leading spaces and tabs.
pub(crate) fn skip_blanks(text: &[u8]) -> &[u8] {
    let start = text.iter().position(|byte| !is_blank(*byte)).unwrap_or(text.len());
    text.get(start..).unwrap_or_default()
}

/// The first word, and what follows it without leading blanks.
pub(crate) fn split_word(text: &[u8]) -> (&[u8], &[u8]) {
    let end = text.iter().position(|byte| is_blank(*byte)).unwrap_or(text.len());
    let (word, rest) = text.split_at_checked(end).unwrap_or((text, &[]));
    (word, skip_blanks(rest))
}

/// `algorithm base64 [comment]`: the key and the comment.
///
/// A CR at the end of the Base64 text is accepted: OpenSSH's decoder skips it.
pub(crate) fn split_key(text: &[u8]) -> Option<(PublicKey, &[u8])> {
    let (algorithm, rest) = split_word(text);
    let (base64, comment) = split_word(rest);
    let key = PublicKey::from_words(algorithm, base64.trim_ascii_end()).ok()?;
    Some((key, comment.trim_ascii_end()))
}

/// Whether the last word of a comment is [`OM_MARK`].
pub(crate) fn has_mark(comment: &[u8]) -> bool {
    comment.trim_ascii_end().rsplit(|byte| is_blank(*byte)).next() == Some(OM_MARK.as_bytes())
}

/// What is left of a line when what is ours is taken out; `None` if nothing of it is ours. It is empty, or what somebody
/// appended to a line of ours that did not end, as older versions left it: `ours #OMtheirs` leaves `theirs`. `ours` and
/// `theirs` say whether a text is a whole line of its kind.
pub(crate) fn without_ours<'a>(
    line: &'a [u8],
    mark: &str,
    ours: impl Fn(&[u8]) -> bool,
    theirs: impl Fn(&[u8]) -> bool,
) -> Option<&'a [u8]> {
    let mark = mark.as_bytes();
    let is_seam = |(before, after): &(&[u8], &[u8])| {
        before.ends_with(mark)
            && !after.first().is_none_or(|byte| is_blank(*byte))
            && ours(before)
            && theirs(after)
    };
    let mut rest = line;
    let mut at = 0;
    while let Some(start) =
        rest.get(at..).and_then(|text| text.windows(mark.len()).position(|word| word == mark))
    {
        at += start + mark.len();
        if let Some((_, after)) = rest.split_at_checked(at).filter(is_seam) {
            (rest, at) = (after, 0);
        }
    }
    match (ours(rest), rest.len() == line.len()) {
        (true, _) => Some(&[]),
        (false, true) => None,
        (false, false) => Some(rest),
    }
}

/// Whether a text is a host name or an IP address and nothing else, so that it can be written into any of the
/// formats without changing the meaning of the line: no blank, no comma, no wildcard, no quote.
pub(crate) fn is_plain_host(host: &str) -> bool {
    !host.is_empty() && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._:%-".contains(&byte))
}
