//! Who is meant by a pattern of sshd_config(5): `*` and `?` in names, addresses in CIDR form.

use std::net::IpAddr;

use crate::observe::matches;

/// Whether a caller's address is meant: `*`, a pattern, or `ADDRESS/BITS`.
fn address_matches(address: IpAddr, pattern: &str) -> bool {
    let Some((network, bits)) = pattern.split_once('/') else {
        return matches(&address.to_string(), pattern);
    };
    let (Ok(network), Ok(bits)) = (network.parse::<IpAddr>(), bits.parse::<u32>()) else { return false };
    match (address, network) {
        (IpAddr::V4(a), IpAddr::V4(n)) => {
            bits <= 32 && (u64::from(a.to_bits() ^ n.to_bits()) >> (32 - bits)) == 0
        }
        (IpAddr::V6(a), IpAddr::V6(n)) => {
            bits <= 128 && (a.to_bits() ^ n.to_bits()).checked_shr(128 - bits).unwrap_or(0) == 0
        }
        _ => false,
    }
}

/// Who logs in, and from where.
#[derive(Debug, Clone, Copy)]
pub(super) struct Caller<'a> {
    pub(super) user: &'a str,
    /// `None`: from anywhere.
    pub(super) address: Option<IpAddr>,
    pub(super) name: Option<&'a str>,
}

impl Caller<'_> {
    /// Whether `USER` or `USER@HOST` of `AllowUsers` or `DenyUsers` means this login.
    pub(super) fn is_meant(self, pattern: &str) -> bool {
        let Some((user, host)) = pattern.split_once('@') else { return matches(self.user, pattern) };
        let address = self.address.is_some_and(|address| address_matches(address, host));
        let name = self.name.is_some_and(|name| matches(&name.to_lowercase(), &host.to_lowercase()));
        matches(self.user, user) && (address || name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_login_is_meant_by_user_and_host() {
        let caller = Caller { user: "omm", address: "10.77.0.2".parse().ok(), name: Some("Node2") };
        let cases = [
            ("omm", true),
            ("root", false),
            ("omm@10.77.0.2", true),
            ("omm@10.77.0.*", true),
            ("omm@10.77.0.3", false),
            ("omm@10.77.0.0/24", true),
            ("omm@10.78.0.0/24", false),
            ("omm@0.0.0.0/0", true),
            ("*@10.77.0.2/32", true),
            ("omm@fd00::/8", false),
            ("omm@10.77.0.2/33", false),
            ("omm@node2", true),
            ("omm@node3", false),
        ];
        for (pattern, wanted) in cases {
            assert_eq!(caller.is_meant(pattern), wanted, "{pattern}");
        }
        let six = Caller { user: "omm", address: "fd77::2".parse().ok(), name: None };
        assert!(six.is_meant("omm@fd77::/64") && six.is_meant("omm@::/0") && !six.is_meant("omm@fd78::/64"));
    }

    proptest! {
        #[test]
        fn any_pattern_gives_an_answer(text in ".{0,20}", pattern in ".{0,20}") {
            let caller = Caller { user: &text, address: "10.0.0.1".parse().ok(), name: Some(&text) };
            let _ = (matches(&text, &pattern), caller.is_meant(&pattern));
            prop_assert!(matches(&text, "*"));
        }
    }
}
