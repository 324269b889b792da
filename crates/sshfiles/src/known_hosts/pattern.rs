//! The host field of `known_hosts`: names, patterns, or one hashed name.

use base64ct::{Base64, Encoding};
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;

/// The salt and the hash are as long as SHA-1's result.
const HASH_BYTES: usize = 20;

/// What the first field of a line stands for.
#[derive(Clone, Debug)]
pub(super) enum HostField {
    /// Plain names and addresses, in lower case. They can be found by an index.
    Names(Vec<Vec<u8>>),
    /// Names of which at least one has a wildcard or a negation, in lower case.
    Patterns(Vec<Vec<u8>>),
    /// `|1|salt|hash`, as `ssh-keygen -H` writes it.
    Hashed { salt: Vec<u8>, hash: Vec<u8> },
}

impl HostField {
    pub(super) fn parse(field: &[u8]) -> Self {
        if field.starts_with(b"|") {
            // A hash that cannot be read matches no host.
            return Self::parse_hashed(field).unwrap_or(Self::Names(Vec::new()));
        }
        let names: Vec<Vec<u8>> = field.split(|byte| *byte == b',').map(<[u8]>::to_ascii_lowercase).collect();
        let special = |name: &Vec<u8>| name.starts_with(b"!") || name.iter().any(|byte| b"*?".contains(byte));
        if names.iter().any(special) { Self::Patterns(names) } else { Self::Names(names) }
    }

    fn parse_hashed(field: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(field.strip_prefix(b"|1|")?).ok()?;
        let (salt, hash) = text.split_once('|')?;
        let salt = Base64::decode_vec(salt).ok()?;
        let hash = Base64::decode_vec(hash).ok()?;
        (salt.len() == HASH_BYTES && hash.len() == HASH_BYTES).then_some(Self::Hashed { salt, hash })
    }

    /// Whether the field stands for a host, given in lower case as `name` or `[name]:port`.
    ///
    /// As in OpenSSH, a negated pattern that matches decides, wherever it stands in the list.
    pub(super) fn matches(&self, host: &[u8]) -> bool {
        match self {
            Self::Names(names) => names.iter().any(|name| name == host),
            Self::Patterns(patterns) => {
                let negated = |p: &Vec<u8>| p.strip_prefix(b"!").is_some_and(|p| matches_pattern(p, host));
                let positive = |p: &Vec<u8>| !p.starts_with(b"!") && matches_pattern(p, host);
                patterns.iter().any(positive) && !patterns.iter().any(negated)
            }
            Self::Hashed { salt, hash } => host_hash(salt, host).is_some_and(|found| found == *hash),
        }
    }
}

/// HMAC-SHA1 of the host, keyed with the salt.
fn host_hash(salt: &[u8], host: &[u8]) -> Option<Vec<u8>> {
    let mut mac = Hmac::<Sha1>::new_from_slice(salt).ok()?;
    mac.update(host);
    Some(mac.finalize().into_bytes().to_vec())
}

/// Whether a pattern covers the whole text: `*` is any run of bytes, `?` any one byte (ssh_config(5),
/// PATTERNS).
///
/// Only the last `*` is ever tried again, so the time is at most pattern × text.
#[must_use]
pub fn matches_pattern(pattern: &[u8], text: &[u8]) -> bool {
    let (mut p, mut t) = (pattern, text);
    let mut retry: Option<(&[u8], &[u8])> = None;
    loop {
        match (p.split_first(), t.split_first()) {
            (Some((b'*', rest)), _) => {
                retry = Some((rest, t));
                p = rest;
            }
            (Some((want, p_rest)), Some((have, t_rest))) if *want == b'?' || want == have => {
                (p, t) = (p_rest, t_rest);
            }
            (None, None) => return true,
            _ => match retry {
                Some((after_star, [_, rest @ ..])) => {
                    retry = Some((after_star, rest));
                    (p, t) = (after_star, rest);
                }
                _ => return false,
            },
        }
    }
}
