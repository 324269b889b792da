//! How far one line lets its key in, as the sshd of its node sees it.

use sshfiles::PublicKey;

use super::options::{BadOption, fit};
use super::{Kind, Line, NodeAccess};
use crate::observe::accepts_key;

/// From here on sshd takes no DSA keys unless it is told to.
const NO_DSA: (u32, u32) = (7, 0);
/// No sshd of our time takes an RSA key that is shorter, in bits.
const SHORTEST_RSA: usize = 1024;

/// How far a line lets its key in.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    /// All the way.
    Plain,
    /// As far as its options let it.
    Restricted,
    /// Its time is over: not any more.
    Expired,
    /// Not at all: sshd ignores the line.
    Ignored(Ignored),
}

impl State {
    /// Whether it lets anybody in.
    #[must_use]
    pub const fn lets_in(&self) -> bool {
        matches!(self, Self::Plain | Self::Restricted)
    }
}

/// Why sshd ignores a line with a key.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Ignored {
    /// It knows no such type of key, or the key is not whole.
    Type,
    /// Its options.
    Option(BadOption),
    /// It takes no keys of this type.
    NotAccepted,
    /// The key is too short.
    Short,
    /// It lets nobody in by a key.
    NoKeys,
}

/// Judges a line.
pub(super) fn judge(kind: Option<Kind>, key: &PublicKey, line: &Line, said: &NodeAccess) -> State {
    let options = match &line.options {
        Ok(options) => options,
        Err(bad) => return State::Ignored(Ignored::Option(bad.clone())),
    };
    let settings = &said.settings;
    let Some(kind) = kind.filter(|kind| said.version.is_none_or(|version| version >= kind.since)) else {
        return State::Ignored(Ignored::Type);
    };
    if settings.no_keys {
        return State::Ignored(Ignored::NoKeys);
    }
    if let Err(bad) = fit(options, said.version) {
        return State::Ignored(Ignored::Option(bad));
    }
    let by_default = kind.name != "DSA" || said.version.is_none_or(|version| version < NO_DSA);
    let takes = match settings.accepted.as_deref() {
        // A list that adds to the defaults has DSA only if it names it.
        Some(list) if kind.name == "DSA" && list.starts_with(['+', '^']) => list.contains("ssh-dss"),
        Some(list) => accepts_key(list, key.algorithm()),
        None => by_default,
    };
    if !line.variant.authority && !takes {
        return State::Ignored(Ignored::NotAccepted);
    }
    if kind.name == "RSA" && kind.bits < settings.least_rsa.unwrap_or(0).max(SHORTEST_RSA) {
        return State::Ignored(Ignored::Short);
    }
    let over = |(time, utc): &(String, bool)| *time < *(if *utc { &said.utc } else { &said.local });
    match &line.variant.expires {
        Some(expires) if over(expires) => State::Expired,
        _ if options.is_empty() => State::Plain,
        _ => State::Restricted,
    }
}
