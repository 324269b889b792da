//! What can be a host name.

/// Letters, digits, `-`, `.` and `_`, as in RFC 952 and what machines really have; no address, not this host's own.
#[must_use]
pub fn is_host_name(name: &str) -> bool {
    let plain = name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_'));
    let lower = name.to_ascii_lowercase();
    plain
        && !name.is_empty()
        && name.len() <= 253
        && !name.starts_with(['-', '.'])
        && name.parse::<std::net::IpAddr>().is_err()
        && !matches!(lower.as_str(), "localhost" | "localhost.localdomain" | "localhost4" | "localhost6")
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
        for name in ["node1", "db-01.example.com", "a_b", "N", "1a"] {
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
