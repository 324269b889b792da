//! Lists of addresses: who may come with a key.

use std::collections::BTreeSet;
use std::fmt;
use std::net::IpAddr;

use sshfiles::matches_pattern;

/// Addresses and networks, each right and none twice, as the user wrote them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origins(Vec<Network>);

/// An address, or a network in CIDR notation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Network {
    ip: IpAddr,
    bits: u32,
}

/// What is wrong with a list.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OriginsError {
    /// A word that is neither an address nor a network.
    #[error("{0} is neither an address nor a network")]
    NoNetwork(String),
    /// Bits are set behind the mask: sshd takes no list with such a one.
    #[error("{0} has bits behind its mask: the network is {1}")]
    HostBits(String, String),
    /// There is nothing.
    #[error("the list is empty")]
    Empty,
}

impl Origins {
    /// Reads `10.0.0.0/24,10.0.1.7,fd00::/64`.
    ///
    /// # Errors
    /// [`OriginsError`]: the first thing that is wrong.
    pub fn read(text: &str) -> Result<Self, OriginsError> {
        let mut all = Vec::new();
        for word in text.split(',').map(str::trim) {
            let network = Network::read(word)?;
            if !all.contains(&network) {
                all.push(network);
            }
        }
        if all.is_empty() { Err(OriginsError::Empty) } else { Ok(Self(all)) }
    }

    /// Whether an address is in it.
    #[must_use]
    pub fn covers(&self, ip: IpAddr) -> bool {
        self.0.iter().any(|network| network.covers(ip))
    }
}

impl fmt::Display for Origins {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words: Vec<String> = self.0.iter().map(ToString::to_string).collect();
        f.write_str(&words.join(","))
    }
}

impl Network {
    fn read(word: &str) -> Result<Self, OriginsError> {
        let wrong = || {
            if word.is_empty() { OriginsError::Empty } else { OriginsError::NoNetwork(word.to_owned()) }
        };
        let (ip, bits) = match word.split_once('/') {
            Some((ip, bits)) => (ip, Some(bits)),
            None => (word, None),
        };
        let ip: IpAddr = ip.parse().map_err(|_| wrong())?;
        let most = width(ip);
        let plain = |bits: &&str| !bits.is_empty() && bits.bytes().all(|byte| byte.is_ascii_digit());
        let bits = match bits {
            Some(bits) => Some(bits).filter(plain).and_then(|bits| bits.parse().ok()).ok_or_else(wrong)?,
            None => most,
        };
        if bits > most {
            return Err(wrong());
        }
        let network = Self { ip: masked(ip, bits), bits };
        if network.ip == ip {
            Ok(network)
        } else {
            Err(OriginsError::HostBits(word.to_owned(), network.to_string()))
        }
    }

    fn covers(self, ip: IpAddr) -> bool {
        let ip = ip.to_canonical();
        self.ip.is_ipv4() == ip.is_ipv4() && masked(ip, self.bits) == self.ip
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.bits == width(self.ip) {
            write!(f, "{}", self.ip)
        } else {
            write!(f, "{}/{}", self.ip, self.bits)
        }
    }
}

const fn width(ip: IpAddr) -> u32 {
    if ip.is_ipv4() { 32 } else { 128 }
}

/// An address without the bits behind the mask.
fn masked(ip: IpAddr, bits: u32) -> IpAddr {
    match ip {
        IpAddr::V4(ip) => {
            let mask = u32::MAX.checked_shl(32_u32.saturating_sub(bits)).unwrap_or(0);
            IpAddr::V4((ip.to_bits() & mask).into())
        }
        IpAddr::V6(ip) => {
            let mask = u128::MAX.checked_shl(128_u32.saturating_sub(bits)).unwrap_or(0);
            IpAddr::V6((ip.to_bits() & mask).into())
        }
    }
}

/// Whether sshd lets an address through a list of `from=` (sshd(8), ssh_config(5), PATTERNS). `None`: that depends on the name
/// that the address has at the node.
#[must_use]
pub fn matches_address(list: &str, ip: IpAddr) -> Option<bool> {
    let text = ip.to_string();
    let (mut found, mut names) = (false, false);
    for word in list.split(',').filter(|word| !word.is_empty()) {
        let (negated, word) = word.strip_prefix('!').map_or((false, word), |word| (true, word));
        let hit = match Network::read(word) {
            Ok(network) => network.covers(ip),
            // sshd lets nobody in by a list that has one of these.
            Err(OriginsError::HostBits(..)) => return Some(false),
            Err(_) => {
                // What can be an address is one; anything else is a name, of which nothing is known here.
                names |= !word.bytes().all(|byte| byte.is_ascii_hexdigit() || b".:*?".contains(&byte));
                matches_pattern(word.to_ascii_lowercase().as_bytes(), text.as_bytes())
            }
        };
        if hit && negated {
            return Some(false);
        }
        found |= hit;
    }
    match (found, names) {
        // A name may be shut out that an address of the list has.
        (found, false) => Some(found),
        (true, true) if !list.contains('!') => Some(true),
        (_, true) => None,
    }
}

/// The addresses of a list that consists of nothing else.
pub(crate) fn addresses(list: &str) -> Option<BTreeSet<IpAddr>> {
    list.split(',').map(|word| word.parse().ok()).collect()
}

/// A list of addresses as it is written: in the order of their numbers, so that it is the same on all nodes.
pub(crate) fn list_of(addresses: &BTreeSet<IpAddr>) -> String {
    addresses.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_networks() {
        let good = [
            ("10.0.0.0/24", "10.0.0.0/24"),
            ("10.0.0.1, 10.0.1.0/24", "10.0.0.1,10.0.1.0/24"),
            ("10.0.0.1/32,10.0.0.1", "10.0.0.1"),
            ("0.0.0.0/0,::/0", "0.0.0.0/0,::/0"),
            ("FD00::/64", "fd00::/64"),
        ];
        for (text, wanted) in good {
            assert_eq!(Origins::read(text).map(|list| list.to_string()), Ok(wanted.to_owned()), "{text}");
        }
        let bad = [
            ("", OriginsError::Empty),
            ("10.0.0.1,", OriginsError::Empty),
            ("node1", OriginsError::NoNetwork("node1".to_owned())),
            ("10.0.0.0/33", OriginsError::NoNetwork("10.0.0.0/33".to_owned())),
            ("10.0.0.0/", OriginsError::NoNetwork("10.0.0.0/".to_owned())),
            ("10.0.0.0/+8", OriginsError::NoNetwork("10.0.0.0/+8".to_owned())),
            ("10.0.0.*", OriginsError::NoNetwork("10.0.0.*".to_owned())),
            ("!10.0.0.1", OriginsError::NoNetwork("!10.0.0.1".to_owned())),
            ("10.0.0.1/24", OriginsError::HostBits("10.0.0.1/24".to_owned(), "10.0.0.0/24".to_owned())),
        ];
        for (text, wanted) in bad {
            assert_eq!(Origins::read(text), Err(wanted), "{text}");
        }
    }

    #[test]
    fn who_is_let_through() {
        let ip: IpAddr = [10, 0, 0, 7].into();
        let cases = [
            ("10.0.0.7", Some(true)),
            ("10.0.0.8", Some(false)),
            ("10.0.0.0/24", Some(true)),
            ("10.0.1.0/24", Some(false)),
            ("10.0.0.*", Some(true)),
            ("10.0.?.7", Some(true)),
            ("10.0.0.0/24,!10.0.0.7", Some(false)),
            ("!10.0.0.7,10.0.0.0/24", Some(false)),
            ("!10.0.0.8,10.0.0.0/24", Some(true)),
            ("fd00::/64", Some(false)),
            ("10.0.0.7/24", Some(false)),
            ("node1", None),
            ("node1,10.0.0.7", Some(true)),
            ("!node1,10.0.0.7", None),
            ("", Some(false)),
        ];
        for (list, wanted) in cases {
            assert_eq!(matches_address(list, ip), wanted, "{list}");
        }
        assert_eq!(matches_address("fd00::/64", "fd00::7".parse().unwrap()), Some(true));
    }
}
