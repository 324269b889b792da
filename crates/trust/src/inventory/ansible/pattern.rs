//! A host of an inventory: `db1`, `db1:2222`, `[fd00::1]:2222`, `db[01:16].example.com`, `db[a:f]`.

use std::net::IpAddr;

use super::{AnsibleError, AnsibleMistake};
use crate::inventory::MOST_NODES;
use crate::text::printable;

/// Aliases, and the port if the pattern has one.
type Expanded = (Vec<String>, Option<String>);

/// Expands a pattern.
pub(super) fn expand(pattern: &str) -> Result<Result<Expanded, AnsibleMistake>, AnsibleError> {
    let (host, port) = cut_port(pattern);
    let bad = || AnsibleMistake::Range(printable(pattern.as_bytes()));
    let mut found = vec![String::new()];
    let mut rest = host;
    while let Some((head, tail)) = rest.split_once('[') {
        let Some((range, tail)) = tail.split_once(']') else { return Ok(Err(bad())) };
        let Some(values) = values(range) else { return Ok(Err(bad())) };
        let Some(values) = values.filter(|v| v.len().saturating_mul(found.len()) <= 10 * MOST_NODES) else {
            return Err(AnsibleError::TooMany);
        };
        found =
            found.iter().flat_map(|f| values.iter().map(move |value| format!("{f}{head}{value}"))).collect();
        rest = tail;
    }
    if rest.contains(']') || host.is_empty() {
        return Ok(Err(bad()));
    }
    found.iter_mut().for_each(|f| f.push_str(rest));
    Ok(Ok((found, port.map(str::to_owned))))
}

/// `host:port` and `[address]:port`. An IPv6 address without brackets has no port.
fn cut_port(pattern: &str) -> (&str, Option<&str>) {
    let address = |text: &str| text.parse::<IpAddr>().is_ok();
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if let Some((inner, tail)) = pattern.strip_prefix('[').and_then(|p| p.split_once(']')) {
        match tail.strip_prefix(':') {
            Some(port) if address(inner) && digits(port) => return (inner, Some(port)),
            None if address(inner) && tail.is_empty() => return (inner, None),
            _ => {}
        }
    }
    if address(pattern) {
        return (pattern, None);
    }
    match pattern.rsplit_once(':') {
        Some((host, port)) if digits(port) && !outside(host) => (host, Some(port)),
        _ => (pattern, None),
    }
}

/// Whether a colon stands outside of brackets.
fn outside(text: &str) -> bool {
    let mut inside = false;
    text.chars().any(|c| {
        inside = (inside || c == '[') && c != ']';
        c == ':' && !inside
    })
}

/// `1:30`, `01:16`, `0:10:2`, `a:f`. The inner `None`: too many.
#[allow(clippy::option_option, reason = "no range, and a range that is too long, are two things")]
fn values(range: &str) -> Option<Option<Vec<String>>> {
    let (from, rest) = range.split_once(':')?;
    let (to, step) = rest.split_once(':').unwrap_or((rest, "1"));
    let step = number(step).filter(|step| *step > 0)?;
    if let (Some(first), Some(last)) = (number(from), number(to)) {
        let padded = from.len() > 1 && from.starts_with('0');
        if first > last || padded && from.len() != to.len() {
            return None;
        }
        if (last - first) / step >= 10 * MOST_NODES {
            return Some(None);
        }
        let width = if padded { from.len() } else { 0 };
        return Some(Some((first..=last).step_by(step).map(|n| format!("{n:0width$}")).collect()));
    }
    let (first, last) = (letter(from)?, letter(to)?);
    let same = first.is_ascii_lowercase() == last.is_ascii_lowercase();
    (same && first <= last).then(|| Some((first..=last).step_by(step).map(String::from).collect()))
}

fn number(text: &str) -> Option<usize> {
    let plain = !text.is_empty() && text.len() <= 18 && text.bytes().all(|b| b.is_ascii_digit());
    plain.then(|| text.parse().ok()).flatten()
}

fn letter(text: &str) -> Option<char> {
    let mut chars = text.chars();
    chars.next().filter(|c| c.is_ascii_alphabetic() && chars.next().is_none())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns() {
        let cases: &[(&str, &str, Option<&str>)] = &[
            ("db1", "db1", None),
            ("db1:2222", "db1", Some("2222")),
            ("10.0.0.1:2222", "10.0.0.1", Some("2222")),
            ("fd00::1", "fd00::1", None),
            ("[fd00::1]:2222", "fd00::1", Some("2222")),
            ("[fd00::1]", "fd00::1", None),
            ("db[09:11]", "db09 db10 db11", None),
            ("db[1:5:2].x:2222", "db1.x db3.x db5.x", Some("2222")),
            ("[a:c]1", "a1 b1 c1", None),
            ("r[1:2]n[1:2]", "r1n1 r1n2 r2n1 r2n2", None),
            ("10.0.0.[1:2]", "10.0.0.1 10.0.0.2", None),
        ];
        for (pattern, wanted, port) in cases {
            let (found, at) = expand(pattern).unwrap().unwrap();
            assert_eq!((found.join(" ").as_str(), at.as_deref()), (*wanted, *port), "{pattern}");
        }
        for pattern in
            ["", "db[1:", "db1]", "db[3:1]", "db[1]", "db[1:a]", "db[01:100]", "db[a:C]", "db[1:3:0]"]
        {
            assert!(expand(pattern).unwrap().is_err(), "{pattern}");
        }
        for pattern in ["db[1:999999999]", "db[1:200][1:200]"] {
            assert_eq!(expand(pattern), Err(AnsibleError::TooMany), "{pattern}");
        }
    }
}
