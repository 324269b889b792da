//! Texts, looked through for what names somebody.

use super::book::{Book, Kind};
use super::shapes;

/// Names that this program and OpenSSH give to files: what is known of a cluster is not looked for in them.
const FILES: [&str; 11] = [
    "gaussdb_tmp",
    "gauss_socket_tmp",
    "gs_sshexkey",
    "ssh_protect",
    "authorized_keys",
    "known_hosts",
    "sshd_config",
    "ssh_config",
    "ssh-agent",
    "ssh-add",
    "ssh-keygen",
];
/// Words behind which a machine is named, in ssh's messages and in ssh_config(5).
const HOSTS: [&str; 5] = ["host", "hostname", "hostkeyalias", "proxyjump", "canonicaldomains"];
/// Settings that name users or groups.
const USERS: [&str; 4] = ["allowusers", "denyusers", "allowgroups", "denygroups"];
/// Settings of which every word may name somebody.
const VALUES: [&str; 5] = ["proxycommand", "match", "remotecommand", "forcecommand", "localcommand"];

/// Replaces every word of a list; what is between them stays.
pub(super) fn each_word(text: &str, mut told: impl FnMut(&str) -> String) -> String {
    let mut out = String::new();
    for piece in text.split_inclusive([' ', ',']) {
        let word = piece.trim_end_matches([' ', ',']);
        if !word.is_empty() {
            out.push_str(&told(word));
        }
        out.push_str(&piece[word.len()..]);
    }
    out
}

/// The options of a key. What stands in quotes is somebody's, but for a moment and for addresses.
pub(super) fn options(book: &mut Book, text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, quoted)) = rest.split_once('"') {
        let bytes = quoted.as_bytes();
        let end = (0..bytes.len()).find(|at| bytes[*at] == b'"' && (*at == 0 || bytes[at - 1] != b'\\'));
        let (inside, behind) = end.map_or((quoted, ""), |end| (&quoted[..end], &quoted[end + 1..]));
        let told = if before.to_ascii_lowercase().ends_with("from=") {
            each_word(inside, |word| pattern(book, word))
        } else if inside.bytes().all(|b| b.is_ascii_digit() || b == b'Z') {
            inside.to_owned()
        } else {
            book.number(Kind::Value, inside)
        };
        out.push_str(&format!("{}\"{told}\"", free(book, before)));
        rest = behind;
    }
    out + &free(book, rest)
}

/// A pattern of addresses or names, as `from=` has it.
fn pattern(book: &mut Book, word: &str) -> String {
    let (not, word) = word.strip_prefix('!').map_or(("", word), |word| ("!", word));
    let (ip, bits) = word.split_once('/').unwrap_or((word, ""));
    let told = if word.contains(['*', '?']) { book.number(Kind::Addresses, word) } else { book.machine(ip) };
    if bits.is_empty() { format!("{not}{told}") } else { format!("{not}{told}/{bits}") }
}

/// Any text.
pub(super) fn free(book: &mut Book, text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    let mut inside = false;
    let mut line_begins = true;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let goes_on = inside && rest.as_bytes()[0].is_ascii_alphanumeric();
        let found =
            if goes_on { in_word(book, rest, out.as_bytes()) } else { thing(book, rest, line_begins) };
        let size = if let Some((size, told)) = found {
            out.push_str(&told);
            size
        } else {
            let size = rest.chars().next().map_or(1, char::len_utf8);
            out.push_str(&rest[..size]);
            size
        };
        let last = rest.as_bytes()[size - 1];
        inside = last.is_ascii_alphanumeric();
        line_begins = matches!(last, b'\n' | b'|' | b'"') || (line_begins && last == b' ');
        at += size;
    }
    out
}

/// An IPv4 address in the middle of a word; never a part of a longer number.
fn in_word(book: &mut Book, text: &str, before: &[u8]) -> Option<(usize, String)> {
    if before.last().is_some_and(u8::is_ascii_digit) {
        return None;
    }
    let (size, ip) = shapes::address_in_word(text)?;
    Some((size, book.address(ip)))
}

/// What begins a text, and what is told instead.
fn thing(book: &mut Book, text: &str, line_begins: bool) -> Option<(usize, String)> {
    if let Some(file) = FILES.iter().find(|file| begins_with_word(text, file)) {
        return Some((file.len(), (*file).to_owned()));
    }
    if let Some(size) = shapes::fingerprint(text) {
        return Some((size, book.number(Kind::Fingerprint, &text[..size])));
    }
    if let Some(size) = shapes::key(text) {
        return Some((size, book.number(Kind::Key, &text[..size])));
    }
    if let Some(size) = shapes::addresses(text) {
        return Some((size, book.number(Kind::Addresses, &text[..size])));
    }
    if let Some((size, ip)) = shapes::address(text).or_else(|| shapes::address_in_word(text)) {
        return Some((size, book.address(ip)));
    }
    if let Some(size) = shapes::card(text) {
        return Some((size, book.number(Kind::Card, &text[..size])));
    }
    if let Some((user, end)) = shapes::user_at_host(text) {
        return Some((end, format!("{}@{}", book.user(&text[..user]), book.machine(&text[user + 1..end]))));
    }
    if let Some((mode, owner)) = shapes::owner(text) {
        let group = mode + owner + 1;
        let end = text[group..].find(|c: char| c.is_whitespace() || "|,".contains(c));
        let end = end.map_or(text.len(), |end| group + end);
        let told = [&text[mode..mode + owner], &text[group..end]].map(|name| book.user(name));
        return Some((end, format!("{}{}", &text[..mode], told.join(":"))));
    }
    known(book, text).or_else(|| home(book, text)).or_else(|| said_of(book, text, line_begins))
}

fn begins_with_word(text: &str, word: &str) -> bool {
    let starts = text.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word));
    starts && !text.as_bytes().get(word.len()).is_some_and(u8::is_ascii_alphanumeric)
}

/// A known name; that of a machine with the domain that follows it.
fn known(book: &Book, text: &str) -> Option<(usize, String)> {
    let (mut size, told, is_host) = book.word_at(text)?;
    while is_host && text[size..].starts_with('.') {
        let label = text[size + 1..].bytes().take_while(|b| b.is_ascii_alphanumeric() || *b == b'-').count();
        if label == 0 {
            break;
        }
        size += 1 + label;
    }
    // A set of machines: `node[1-9]` has their name and no other.
    Some((size, told.to_owned()))
}

/// A home directory: `/home/USER`, `~USER`.
fn home(book: &mut Book, text: &str) -> Option<(usize, String)> {
    let before = ["/home/", "~"].into_iter().find(|before| text.starts_with(before))?;
    let name = &text[before.len()..];
    let size = name.find(|c: char| c.is_whitespace() || "/'\":|,;()".contains(c)).unwrap_or(name.len());
    (size > 0).then(|| (before.len() + size, format!("{before}{}", book.user(&name[..size]))))
}

/// A word behind which somebody is named, with the name.
fn said_of(book: &mut Book, text: &str, line_begins: bool) -> Option<(usize, String)> {
    let word = text.bytes().take_while(u8::is_ascii_alphabetic).count();
    let behind = text[word..].bytes().take_while(|b| matches!(b, b' ' | b'=' | b'"')).count();
    if word == 0 || behind == 0 {
        return None;
    }
    let (keyword, start) = (text[..word].to_ascii_lowercase(), word + behind);
    let (before, rest) = text.split_at(start);
    let first = rest.find([' ', ':', '|', '\n', '"', ',', ';', '\'']).unwrap_or(rest.len());
    let line = rest.find(['|', '\n']).unwrap_or(rest.len());
    let whole = rest[..line].trim_end();
    // A setting says one word; a sentence goes on.
    let is_setting = line_begins && first == whole.len();
    let (size, told) = match keyword.as_str() {
        _ if first == 0 => return None,
        word if HOSTS.contains(&word)
            && (is_setting || [": ", " port "].iter().any(|end| rest[first..].starts_with(end))) =>
        {
            (first, pattern(book, &rest[..first]))
        }
        // ssh's own sentences about host keys.
        "for" if HOST_KEY_SENTENCES.iter().any(|end| rest[first..].starts_with(end)) => {
            (first, book.machine(&rest[..first]))
        }
        // sshd's, about who came.
        "user" if behind == 1 && shapes::address(rest[first..].trim_start()).is_some() => {
            (first, book.user(&rest[..first]))
        }
        "user" if rest[..first].contains('(') => {
            let name = rest.find('(').unwrap_or(first);
            (name, book.user(&rest[..name]))
        }
        "user" if is_setting => (first, book.user(&rest[..first])),
        "user" | "for" if rest[first..].starts_with(" from ") => (first, book.user(&rest[..first])),
        word if line_begins && USERS.contains(&word) => {
            (whole.len(), each_word(whole, |word| user_or_pattern(book, word)))
        }
        word if line_begins && VALUES.contains(&word) => (whole.len(), book.number(Kind::Value, whole)),
        _ => return None,
    };
    Some((start + size, format!("{before}{told}")))
}

/// What follows the name of a host in what ssh says of host keys.
const HOST_KEY_SENTENCES: [&str; 3] = [" and you have requested", " has changed and you", " is known for"];

fn user_or_pattern(book: &mut Book, word: &str) -> String {
    match word.split_once('@') {
        Some((user, host)) => format!("{}@{}", book.user(user), pattern(book, host)),
        None => book.user(word),
    }
}
