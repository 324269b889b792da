//! What kind of key a line holds, and how strong it is.

use sshfiles::PublicKey;

/// RSA keys below so many bits are weak.
const LEAST_RSA: usize = 2048;

/// A kind of key that sshd knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Kind {
    /// As `ssh-keygen -l` calls it: `RSA`, `ED25519-SK`.
    pub name: &'static str,
    /// Its length in bits.
    pub bits: usize,
    /// Too weak for our time: DSA, and short RSA.
    pub weak: bool,
    /// The first sshd that knows it.
    pub since: (u32, u32),
}

impl Kind {
    /// The kind of a key; `None` if sshd knows none of that name, or its bytes are not whole.
    #[must_use]
    pub fn of(key: &PublicKey) -> Option<Self> {
        let mut parts = Parts(key.blob());
        parts.next()?;
        let kind = |name, bits| Self { name, bits, weak: false, since: (5, 7) };
        let kind = match key.algorithm() {
            "ssh-ed25519" => {
                parts.of(32)?;
                Self { since: (6, 5), ..kind("ED25519", 256) }
            }
            "sk-ssh-ed25519@openssh.com" => {
                parts.of(32)?;
                parts.next()?;
                Self { since: (8, 2), ..kind("ED25519-SK", 256) }
            }
            "ssh-rsa" => {
                parts.next()?;
                let bits = bits(parts.next()?);
                Self { weak: bits < LEAST_RSA, ..kind("RSA", bits) }
            }
            "ssh-dss" => {
                let bits = bits(parts.next()?);
                (0..3).try_for_each(|_| parts.next().map(drop))?;
                Self { weak: true, ..kind("DSA", bits) }
            }
            name => {
                let (bits, point) = match name {
                    "ecdsa-sha2-nistp256" | "sk-ecdsa-sha2-nistp256@openssh.com" => (256, 65),
                    "ecdsa-sha2-nistp384" => (384, 97),
                    "ecdsa-sha2-nistp521" => (521, 133),
                    _ => return None,
                };
                parts.next()?;
                parts.of(point)?;
                if name.starts_with("sk-") {
                    parts.next()?;
                    Self { since: (8, 2), ..kind("ECDSA-SK", bits) }
                } else {
                    kind("ECDSA", bits)
                }
            }
        };
        parts.0.is_empty().then_some(kind)
    }
}

/// The length of a number in bits (RFC 4251, section 5, mpint).
fn bits(number: &[u8]) -> usize {
    let start = number.iter().position(|byte| *byte != 0).unwrap_or(number.len());
    let rest = number.get(start..).unwrap_or_default();
    let first = rest.first().map_or(0, |byte| byte.leading_zeros());
    (rest.len() * 8).saturating_sub(usize::try_from(first).unwrap_or(0))
}

/// The strings of a key, one behind the other (RFC 4251, section 5).
struct Parts<'a>(&'a [u8]);

impl<'a> Parts<'a> {
    fn next(&mut self) -> Option<&'a [u8]> {
        let (size, rest) = self.0.split_first_chunk::<4>()?;
        let (part, rest) = rest.split_at_checked(usize::try_from(u32::from_be_bytes(*size)).ok()?)?;
        self.0 = rest;
        Some(part)
    }

    /// The next one, which must be so long.
    fn of(&mut self, size: usize) -> Option<&'a [u8]> {
        self.next().filter(|part| part.len() == size)
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample::{blob, dsa, ed25519, rsa};
    use super::*;

    #[test]
    fn kinds_and_their_strength() {
        let of = |key: &PublicKey| Kind::of(key).map(|kind| (kind.name, kind.bits, kind.weak));
        assert_eq!(of(&ed25519(7)), Some(("ED25519", 256, false)));
        for (bits, weak) in [(1024, true), (2047, true), (2048, false), (4096, false)] {
            assert_eq!(of(&rsa(bits)), Some(("RSA", bits, weak)), "{bits}");
        }
        assert_eq!(of(&dsa()), Some(("DSA", 1024, true)));
        let point = |name: &[u8], size| blob(&[name, b"nistp", &vec![4; size]]);
        assert_eq!(of(&point(b"ecdsa-sha2-nistp384", 97)), Some(("ECDSA", 384, false)));
        let token = blob(&[b"sk-ssh-ed25519@openssh.com", &[1; 32], b"ssh:"]);
        assert_eq!(of(&token), Some(("ED25519-SK", 256, false)));
        // Cut short, too long, of no known name.
        for bad in [
            blob(&[b"ssh-ed25519", &[1; 31]]),
            blob(&[b"ssh-ed25519", &[1; 32], b"more"]),
            point(b"ecdsa-sha2-nistp256", 64),
            blob(&[b"ssh-rsa", b"\x01\x00\x01"]),
            blob(&[b"ssh-quantum", &[1; 32]]),
        ] {
            assert_eq!(of(&bad), None, "{bad:?}");
        }
    }
}
