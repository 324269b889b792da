//! One line of `known_hosts`.

use super::Marker;
use super::pattern::HostField;
use crate::OM_MARK;
use crate::key::PublicKey;
use crate::words::{has_mark, skip_blanks, split_key, split_word, visible, without_ours};

/// A line that holds a key.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) marker: Marker,
    pub(super) hosts: HostField,
    pub(super) key: PublicKey,
    pub(super) ours: bool,
}

impl Entry {
    /// Reads one line; nothing for a blank line, a comment, and whatever OpenSSH would skip.
    pub(super) fn parse(line: &[u8]) -> Option<Self> {
        let text = skip_blanks(visible(line));
        if text.is_empty() || text.starts_with(b"#") {
            return None;
        }
        let (marker, text) = split_marker(text)?;
        let (hosts, rest) = split_word(text);
        let (key, comment) = split_key(rest)?;
        // We never write a marked line; one with our mark at its end is a decision of the user's, such as a
        // revocation.
        let ours = marker == Marker::None && has_mark(comment);
        Some(Self { marker, hosts: HostField::parse(hosts), key, ours })
    }

    /// The names and addresses by which an index can find this line; nothing if only matching can.
    pub(super) fn names(&self) -> Option<&[Vec<u8>]> {
        match &self.hosts {
            HostField::Names(names) => Some(names),
            HostField::Patterns(_) | HostField::Hashed { .. } => None,
        }
    }

    /// Whether this line, without a marker, speaks of exactly this host, given in lower case: by its name or its hash. A
    /// pattern speaks of others as well.
    pub(super) fn is_about(&self, host: &[u8]) -> bool {
        let literal = !matches!(self.hosts, HostField::Patterns(_));
        literal && self.marker == Marker::None && self.hosts.matches(host)
    }
}

/// A line without a marker, less one of the hosts that it names, given in lower case; `None` if no other is left.
pub(super) fn without_host(line: &[u8], host: &[u8]) -> Option<Vec<u8>> {
    let start = line.len() - skip_blanks(line).len();
    let (before, text) = line.split_at_checked(start)?;
    let (hosts, _) = split_word(visible(text));
    let after = text.get(hosts.len()..).unwrap_or_default();
    let names = hosts.split(|byte| *byte == b',').filter(|name| !name.eq_ignore_ascii_case(host));
    let names: Vec<&[u8]> = names.collect();
    // At the start of a line these would mean something else; no host is called so.
    let special = names
        .first()
        .is_some_and(|name| name.starts_with(b"#") || name.starts_with(b"@") || name.starts_with(b"|"));
    if special || names.iter().all(|name| name.is_empty()) {
        return None;
    }
    Some([before, &names.join(&b','), after].concat())
}

/// What is left of a line without what is ours; `None` if nothing of it is.
pub(super) fn what_is_left(line: &[u8]) -> Option<&[u8]> {
    let ours = |text: &[u8]| Entry::parse(text).is_some_and(|entry| entry.ours);
    without_ours(line, OM_MARK, ours, |rest| Entry::parse(rest).is_some())
}

/// Cuts the marker off. A line with an unknown or a second marker is no entry.
fn split_marker(text: &[u8]) -> Option<(Marker, &[u8])> {
    if !text.starts_with(b"@") {
        return Some((Marker::None, text));
    }
    let (word, rest) = split_word(text);
    let marker = match word {
        b"@cert-authority" => Marker::CertAuthority,
        b"@revoked" => Marker::Revoked,
        _ => return None,
    };
    (!rest.starts_with(b"@")).then_some((marker, rest))
}
