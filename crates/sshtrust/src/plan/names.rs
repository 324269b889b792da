//! Host names that can go into files.

use std::collections::HashMap;

use crate::text::printable;

/// Host names that cannot be mapped.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NamesError {
    /// A name that would break or shadow something.
    #[error("the host name \"{0}\" cannot be mapped")]
    Invalid(String),
    /// Two nodes say the same name: a cloned machine, mostly.
    #[error("the host name {0} is used by more than one node")]
    Duplicate(String),
}

/// The name of each node as `uname -n` tells it, or what is wrong with it.
#[must_use]
pub fn node_names<'a>(hostnames: impl Iterator<Item = &'a str> + Clone) -> Vec<Result<String, NamesError>> {
    let mut count: HashMap<String, usize> = HashMap::new();
    for name in hostnames.clone() {
        *count.entry(name.to_ascii_lowercase()).or_default() += 1;
    }
    let judge = |name: &str| {
        if !is_usable(name) {
            return Err(NamesError::Invalid(printable(name.as_bytes())));
        }
        match count.get(&name.to_ascii_lowercase()) {
            Some(0 | 1) | None => Ok(name.to_owned()),
            Some(_) => Err(NamesError::Duplicate(name.to_owned())),
        }
    };
    hostnames.map(judge).collect()
}

/// Letters, digits, `-`, `.` and `_`, as in RFC 952 and what machines really have; no address, not this host's own.
fn is_usable(name: &str) -> bool {
    let plain = name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_'));
    let lower = name.to_ascii_lowercase();
    plain
        && !name.is_empty()
        && name.len() <= 253
        && !name.starts_with(['-', '.'])
        && name.parse::<std::net::IpAddr>().is_err()
        && !matches!(lower.as_str(), "localhost" | "localhost.localdomain" | "localhost4" | "localhost6")
}

#[cfg(test)]
mod tests {
    use super::is_usable;

    #[test]
    fn names() {
        for name in ["node1", "db-01.example.com", "a_b", "N", "1a"] {
            assert!(is_usable(name), "{name}");
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
            assert!(!is_usable(name), "{name}");
        }
    }
}
