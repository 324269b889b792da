//! What can be told by its shape: each looks at the beginning of a text and says how long the thing is.

use std::net::IpAddr;

/// How many bytes at the beginning are of a kind.
fn run(text: &str, is: impl Fn(u8) -> bool) -> usize {
    text.bytes().take_while(|byte| is(*byte)).count()
}

/// Whether a word could go on at this place.
fn goes_on(text: &str, end: usize) -> bool {
    text.as_bytes().get(end).is_some_and(u8::is_ascii_alphanumeric)
}

/// A fingerprint, as OpenSSH writes it (`SHA256:` and base64, or `MD5:` and pairs of hexadecimal digits).
pub(super) fn fingerprint(text: &str) -> Option<usize> {
    if let Some(rest) = text.strip_prefix("SHA256:") {
        let digits = run(rest, |b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'='));
        return (digits >= 20).then_some(7 + digits);
    }
    let rest = text.strip_prefix("MD5:").unwrap_or(text);
    let digits = run(rest, |b| b.is_ascii_hexdigit() || b == b':');
    let pairs = rest.get(..digits)?.split(':');
    let pairs = pairs.map(str::len).try_fold(0, |count, size| (size == 2).then_some(count + 1))?;
    (pairs == 16).then_some(text.len() - rest.len() + digits)
}

/// A public key in base64: every one begins with the length of its type.
pub(super) fn key(text: &str) -> Option<usize> {
    let size = run(text, |b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'='));
    (text.starts_with("AAAA") && size >= 16).then_some(size)
}

/// The address of a network card.
pub(super) fn card(text: &str) -> Option<usize> {
    let size = run(text, |b| b.is_ascii_hexdigit() || b == b':');
    let pairs = text.get(..size)?.split(':').filter(|pair| pair.len() == 2).count();
    (size == 17 && pairs == 6).then_some(size)
}

/// An IP address: the longest that there is.
pub(super) fn address(text: &str) -> Option<(usize, IpAddr)> {
    let longest = run(text, |b| b.is_ascii_hexdigit() || matches!(b, b'.' | b':'));
    (2..=longest).rev().filter(|end| !goes_on(text, *end)).find_map(|end| {
        let ip = text.get(..end)?.parse().ok()?;
        Some((end, ip))
    })
}

/// An IPv4 address at the beginning of a text, whatever letters follow.
pub(super) fn address_in_word(text: &str) -> Option<(usize, IpAddr)> {
    let longest = run(text, |b| b.is_ascii_digit() || b == b'.').min(15);
    let ends = (7..=longest).rev().filter(|end| !text.as_bytes().get(*end).is_some_and(u8::is_ascii_digit));
    ends.filter_map(|end| Some((end, text.get(..end)?.parse().ok()?))).next()
}

/// Several addresses in one word: `10.0.0.[1-3,7]`, `fd00::[1-9]`, `10.0.*`, `10.0.0.1-10.0.0.9`.
pub(super) fn addresses(text: &str) -> Option<usize> {
    let mut size = 0;
    let mut is_set = false;
    loop {
        let rest = text.get(size..)?;
        let plain = run(rest, |b| b.is_ascii_hexdigit() || matches!(b, b'.' | b':'));
        let set = match rest.as_bytes().get(plain) {
            Some(b'*' | b'?') => 1,
            Some(b'[') if size + plain > 0 => {
                let inner = rest.get(plain + 1..)?;
                let inside = run(inner, |b| b.is_ascii_hexdigit() || matches!(b, b',' | b'-'));
                if inner.as_bytes().get(inside) == Some(&b']') { inside + 2 } else { 0 }
            }
            _ => 0,
        };
        size += plain + set;
        is_set |= set > 0;
        if set == 0 {
            break;
        }
    }
    let word = text.get(..size)?.trim_end_matches([':', '.']);
    let parts = word.bytes().take_while(|b| *b != b'[').filter(|b| matches!(b, b'.' | b':')).count();
    let begins = word.as_bytes().first().is_some_and(u8::is_ascii_hexdigit);
    (is_set && begins && parts >= 1 && !goes_on(text, size)).then_some(word.len())
}

/// `USER@HOST`: where the user ends, and where the host does. Not names of algorithms and of units, which look alike.
pub(super) fn user_at_host(text: &str) -> Option<(usize, usize)> {
    let is_word = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-');
    let user = run(text, is_word);
    let rest = text.get(user..)?.strip_prefix('@')?;
    let mut host = run(rest, is_word);
    while rest.get(..host)?.ends_with(['.', '-']) {
        host -= 1;
    }
    let name = rest.get(..host)?;
    let ours = ["openssh.com", "libssh.org", "lysator.liu.se", "ssh.com"].contains(&name);
    let unit = [".service", ".socket", ".slice", ".timer"].iter().any(|end| name.ends_with(end));
    (user > 0 && host > 0 && !ours && !unit).then_some((user, user + 1 + host))
}

/// Owner and group behind a mode as ls(1) writes it: `drwxr-xr-x omm:dba`. The length of the mode with the blank, and
/// that of the owner.
pub(super) fn owner(text: &str) -> Option<(usize, usize)> {
    let mode = text.get(..10)?;
    let is_mode = mode.bytes().all(|b| b"-dlbcpsrwxStTs".contains(&b)) && mode.contains(['r', 'w', 'x', '-']);
    let rest = text.get(10..)?;
    let rest = rest.strip_prefix(['.', '+', '@']).unwrap_or(rest).strip_prefix(' ')?;
    let owner = run(rest, |b| !b.is_ascii_whitespace() && !matches!(b, b':' | b'|' | b','));
    (is_mode && owner > 0 && rest.as_bytes().get(owner) == Some(&b':'))
        .then_some((text.len() - rest.len(), owner))
}
