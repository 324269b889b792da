//! What can be a host name.

/// Letters, digits, `-`, `.` and `_`, as in RFC 952 and what machines really have; no address in any form that a resolver
/// takes for one, not this host's own.
#[must_use]
pub fn is_host_name(name: &str) -> bool {
    let plain = name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_'));
    let lower = name.to_ascii_lowercase();
    plain
        && !name.is_empty()
        && name.len() <= 253
        && !name.starts_with(['-', '.'])
        && !is_number(name)
        && !matches!(lower.as_str(), "localhost" | "localhost.localdomain" | "localhost4" | "localhost6")
}

/// Whether resolvers take a text for an address in IPv4 and look no name up: inet_aton(3). One to four numbers with dots
/// between them, each decimal, octal (`0`) or hexadecimal (`0x`); the last one fills all bytes that are left.
#[must_use]
pub(crate) fn is_number(text: &str) -> bool {
    let parts: Vec<&str> = text.split('.').collect();
    let Some((last, first)) = parts.split_last().filter(|_| parts.len() <= 4) else { return false };
    let bytes = 4_u32.saturating_sub(u32::try_from(first.len()).unwrap_or(4));
    first.iter().all(|part| number(part).is_some_and(|value| value <= 0xff))
        && number(last).is_some_and(|value| value < 1 << (8 * bytes))
}

/// A number as strtoul(3) reads it without being told its base.
fn number(text: &str) -> Option<u64> {
    let (digits, base) = match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(hex) => (hex, 16),
        None if text.len() > 1 && text.starts_with('0') => (text, 8),
        None => (text, 10),
    };
    // from_str_radix takes a sign, which no part of an address has.
    let plain = digits.bytes().all(|b| b.is_ascii_hexdigit());
    u64::from_str_radix(digits, base).ok().filter(|_| plain)
}

/// Whether a text can only be meant as an address: resolvers read `10.1` and `10.0.0.01` as one, each its own way.
pub(super) fn looks_like_address(text: &str) -> bool {
    let last = text.trim_end_matches('.').rsplit('.').next().unwrap_or_default();
    text.contains(':') || (!last.is_empty() && last.bytes().all(|b| b.is_ascii_digit()) && text.contains('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        let good = [
            "node1",
            "db-01.example.com",
            "a_b",
            "N",
            "1a",
            "1002a",
            "0x",
            "0xg",
            "08",
            "256.1",
            "1.2.3.4.5",
            "4294967296",
            "1..2",
            "1.",
            "10-0-0-1",
            "1002.example.com",
        ];
        for name in good {
            assert!(is_host_name(name), "{name}");
        }
        for name in [
            "",
            "localhost",
            "LocalHost.localdomain",
            "-o",
            ".x",
            "a b",
            "a;b",
            "a\n",
            "10.0.0.1",
            // What inet_aton(3) takes for an address.
            "1002",
            "0",
            "4294967295",
            "10.1",
            "10.0.1",
            "0x7f000001",
            "0X7F.1",
            "017700000001",
            "0177.0.0.01",
            "10.0.0.01",
            "节点",
            "*",
            "a#b",
        ] {
            assert!(!is_host_name(name), "{name}");
        }
    }

    #[test]
    fn what_is_meant_as_an_address() {
        for text in ["10.0.0.01", "10.0.0.256", "10.1", "fd00::g", "10.0.0.1:22"] {
            assert!(looks_like_address(text), "{text}");
        }
        for text in ["node1", "node.1a", "7", "db-10", ""] {
            assert!(!looks_like_address(text), "{text}");
        }
    }
}
