//! A node set as ClusterShell writes it: `10.0.0.[1-30]`, `node[01-16,20]`, `rack[1-2]n[1-4]!rack2n3`.
//!
//! The syntax is that of ClusterShell's nodeset(1): ranges with steps (`[0-10/2]`) and leading zeros, several ranges in
//! one word, and the operators `,` (and blanks), `!`, `&`, `^`, taken from left to right. Groups (`@name`) and wildcards
//! need ClusterShell's own configuration and are refused.

use std::collections::HashSet;

use super::resolve::NoAddress;
use super::{Address, Host, MOST_NODES};
use crate::text::printable;

/// Longest node set that is read, in bytes.
const LONGEST: usize = 64 << 10;

/// Why a node set is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NodesetError {
    /// No node is left.
    #[error("it names no node")]
    Empty,
    /// More nodes than [`MOST_NODES`], or a text that no person writes.
    #[error("it names more than {MOST_NODES} nodes")]
    TooMany,
    /// A bracket without its partner, an empty one, or one in another.
    #[error("'{0}': the brackets do not match")]
    Brackets(String),
    /// What stands in brackets is no range.
    #[error("'{0}' is no range: write [1-30], [01-16,20] or [0-10/2]")]
    Range(String),
    /// An operator without a set on each side.
    #[error("'{0}' needs a node on each side")]
    Operator(char),
    /// `@group`, `*` or `?`.
    #[error("'{0}': groups and wildcards are not known here; name the nodes")]
    Group(String),
    /// An element that is neither an address nor a name.
    #[error("'{0}': {NoAddress}")]
    Word(String),
}

/// Reads a node set. Addresses are taken as they are; names have to be resolved.
///
/// # Errors
/// [`NodesetError`]: every bad word, or the one mistake that stops the reading.
pub fn parse_nodeset(spec: &str) -> Result<Vec<Host>, Vec<NodesetError>> {
    let words = expand(spec).map_err(|error| vec![error])?;
    let (good, bad): (Vec<_>, Vec<_>) = words.into_iter().map(host).partition(Result::is_ok);
    let bad: Vec<NodesetError> = bad.into_iter().filter_map(Result::err).collect();
    if bad.is_empty() { Ok(good.into_iter().filter_map(Result::ok).collect()) } else { Err(bad) }
}

fn host(word: String) -> Result<Host, NodesetError> {
    let shown = printable(word.as_bytes());
    let address = Address::read(&word).map_err(|NoAddress| NodesetError::Word(shown.clone()))?;
    let name = match &address {
        Address::Name(name) => Some(name.clone()),
        Address::Ip(_) => None,
    };
    Ok(Host { address, port: None, name, called: Vec::new(), origin: format!("'{shown}'") })
}

/// The words of a node set, each once, in the order in which they come.
///
/// # Errors
/// [`NodesetError`].
pub fn expand(spec: &str) -> Result<Vec<String>, NodesetError> {
    if spec.len() > LONGEST {
        return Err(NodesetError::TooMany);
    }
    let mut set: Vec<String> = Vec::new();
    let (mut operator, mut started) = (None, false);
    for (pending, word) in split(spec)? {
        if word.is_empty() {
            // A comma too many is no mistake in ClusterShell either; a lost operand is.
            operator = pending.filter(|op| *op != ',').or(operator);
            continue;
        }
        let operator = pending.filter(|op| *op != ',').or(operator.take()).unwrap_or(',');
        if operator != ',' && !started {
            return Err(NodesetError::Operator(operator));
        }
        started = true;
        set = combine(set, operator, expand_word(&word)?);
        if set.len() > MOST_NODES {
            return Err(NodesetError::TooMany);
        }
    }
    match operator {
        Some(operator) => Err(NodesetError::Operator(operator)),
        None if set.is_empty() => Err(NodesetError::Empty),
        None => Ok(set),
    }
}

/// Cuts at the operators outside of brackets: each word with the operator before it.
fn split(spec: &str) -> Result<Vec<(Option<char>, String)>, NodesetError> {
    let mut parts = Vec::new();
    let (mut before, mut word, mut inside) = (None, String::new(), false);
    for c in spec.chars() {
        match c {
            '[' | ']' if inside == (c == '[') => {
                return Err(NodesetError::Brackets(printable(format!("{word}{c}").as_bytes())));
            }
            '[' | ']' => {
                inside = !inside;
                word.push(c);
            }
            _ if inside => word.push(c),
            ',' | '!' | '&' | '^' => parts.push((before.replace(c), std::mem::take(&mut word))),
            c if c.is_whitespace() => {
                // Around another operator a blank means nothing.
                if !word.is_empty() {
                    parts.push((before.replace(','), std::mem::take(&mut word)));
                }
            }
            c => word.push(c),
        }
    }
    if inside {
        return Err(NodesetError::Brackets(printable(word.as_bytes())));
    }
    parts.push((before, word));
    Ok(parts)
}

fn combine(left: Vec<String>, operator: char, right: Vec<String>) -> Vec<String> {
    let has_right: HashSet<&String> = right.iter().collect();
    let has_left: HashSet<&String> = left.iter().collect();
    let only = |from: &[String], without: &HashSet<&String>| -> Vec<String> {
        from.iter().filter(|word| !without.contains(word)).cloned().collect()
    };
    match operator {
        '!' => only(&left, &has_right),
        '&' => left.iter().filter(|word| has_right.contains(word)).cloned().collect(),
        '^' => [only(&left, &has_right), only(&right, &has_left)].concat(),
        _ => [left.clone(), only(&right, &has_left)].concat(),
    }
}

/// One word with its ranges, each element once.
fn expand_word(word: &str) -> Result<Vec<String>, NodesetError> {
    if word.starts_with('@') || word.contains(['*', '?']) {
        return Err(NodesetError::Group(printable(word.as_bytes())));
    }
    let mut found = vec![String::new()];
    let mut rest = word;
    while let Some((literal, tail)) = rest.split_once('[') {
        let (ranges, tail) =
            tail.split_once(']').ok_or_else(|| NodesetError::Brackets(printable(word.as_bytes())))?;
        let mut numbers: Vec<String> = Vec::new();
        for range in ranges.split(',') {
            numbers.extend(numbers_of(range)?);
            if numbers.len().saturating_mul(found.len()) > MOST_NODES {
                return Err(NodesetError::TooMany);
            }
        }
        found = found
            .iter()
            .flat_map(|head| numbers.iter().map(move |number| format!("{head}{literal}{number}")))
            .collect();
        rest = tail;
    }
    found.iter_mut().for_each(|head| head.push_str(rest));
    let mut seen = HashSet::new();
    found.retain(|word| seen.insert(word.clone()));
    Ok(found)
}

/// `7`, `1-30`, `01-16`, `0-10/2`. Leading zeros give the width.
fn numbers_of(range: &str) -> Result<Vec<String>, NodesetError> {
    let bad = || NodesetError::Range(printable(range.as_bytes()));
    let range = range.trim();
    let (span, step) = match range.split_once('/') {
        Some((span, step)) => (span, number(step).filter(|step| *step > 0).ok_or_else(bad)?),
        None => (range, 1),
    };
    let (first, last) = span.split_once('-').unwrap_or((span, span));
    let (from, to) = (number(first).ok_or_else(bad)?, number(last).ok_or_else(bad)?);
    let padded = |text: &str| text.len() > 1 && text.starts_with('0');
    if from > to || (padded(first) || padded(last)) && first.len() != last.len() {
        return Err(bad());
    }
    if (to - from) / step >= MOST_NODES as u64 {
        return Err(NodesetError::TooMany);
    }
    let width = if padded(first) { first.len() } else { 0 };
    let step = usize::try_from(step).map_err(|_| bad())?;
    Ok((from..=to).step_by(step).map(|n| format!("{n:0width$}")).collect())
}

fn number(text: &str) -> Option<u64> {
    let plain = !text.is_empty() && text.len() <= 18 && text.bytes().all(|b| b.is_ascii_digit());
    plain.then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn good_sets() {
        let cases: &[(&str, &str)] = &[
            ("node1", "node1"),
            ("10.0.0.[1-3]", "10.0.0.1 10.0.0.2 10.0.0.3"),
            ("node[09-11,20]", "node09 node10 node11 node20"),
            ("node[0-6/3]", "node0 node3 node6"),
            ("r[1-2]n[1-2]x", "r1n1x r1n2x r2n1x r2n2x"),
            ("b,a, c\td,,b", "b a c d"),
            ("n[1-5]!n[2-3],n9", "n1 n4 n5 n9"),
            ("n[1-5] & n[4-9]", "n4 n5"),
            ("n[1-3]^n[3-4]", "n1 n2 n4"),
            ("n[1,1-2, 2]", "n1 n2"),
            ("fd00::[1-2]", "fd00::1 fd00::2"),
            ("n[3-5]!n4 , n4", "n3 n5 n4"),
            ("10.0.[0-1].[1-2]", "10.0.0.1 10.0.0.2 10.0.1.1 10.0.1.2"),
        ];
        for (spec, wanted) in cases {
            assert_eq!(expand(spec).map(|words| words.join(" ")), Ok((*wanted).to_owned()), "{spec}");
        }
        assert_eq!(expand("n[1-1000]").unwrap().len(), 1_000);
    }

    #[test]
    fn bad_sets() {
        use NodesetError::{Brackets, Empty, Group, Operator, Range, TooMany};
        let text = str::to_owned;
        let cases = [
            ("", Empty),
            (" , ,", Empty),
            ("a!a", Empty),
            ("n[1-3", Brackets(text("n[1-3"))),
            ("n1-3]", Brackets(text("n1-3]"))),
            ("n[[1-2]]", Brackets(text("n[["))),
            ("n[]", Range(text(""))),
            ("n[a-b]", Range(text("a-b"))),
            ("n[3-1]", Range(text("3-1"))),
            ("n[1-3/0]", Range(text("1-3/0"))),
            ("n[01-100]", Range(text("01-100"))),
            ("n[1-2-3]", Range(text("1-2-3"))),
            ("n[1-999999999]", TooMany),
            ("n[0-999999999999999999]", TooMany),
            ("n[1-99999999999999999999]", Range(text("1-99999999999999999999"))),
            ("n[1-1001]", TooMany),
            ("n[1-100]m[1-100]", TooMany),
            ("a[1-600],b[1-600]", TooMany),
            ("!a", Operator('!')),
            ("a &", Operator('&')),
            ("@all", Group(text("@all"))),
            ("n*", Group(text("n*"))),
        ];
        for (spec, wanted) in cases {
            assert_eq!(expand(spec), Err(wanted), "{spec}");
        }
        assert_eq!(expand(&"a,".repeat(100_000)), Err(TooMany));
    }

    #[test]
    fn elements_are_addresses_or_names() {
        let hosts = parse_nodeset("10.0.0.1,node1").unwrap();
        assert_eq!(hosts[0].address, Address::Ip("10.0.0.1".parse().unwrap()));
        assert_eq!(hosts[0].name, None);
        assert_eq!(hosts[1].address, Address::Name("node1".to_owned()));
        assert_eq!(hosts[1].name.as_deref(), Some("node1"));
        let bad = parse_nodeset("10.0.0.[01-02],a;b,10.0.0.1:22,ok").unwrap_err();
        let said: Vec<String> = bad.iter().map(ToString::to_string).collect();
        let why = "neither an IP address nor a host name";
        let wanted = ["10.0.0.01", "10.0.0.02", "a;b", "10.0.0.1:22"].map(|w| format!("'{w}': {why}"));
        assert_eq!(said, wanted);
    }

    proptest! {
        #[test]
        fn any_text_gives_an_answer(spec in "[\\PC\\x00-\\x20]{0,60}|[an0-9,!&^\\[\\]/ -]{0,40}") {
            if let Ok(words) = expand(&spec) {
                prop_assert!(!words.is_empty() && words.len() <= MOST_NODES);
                let distinct: HashSet<&String> = words.iter().collect();
                prop_assert_eq!(distinct.len(), words.len());
            }
        }

        #[test]
        fn a_range_has_its_numbers(from in 0u64..500, more in 0u64..500) {
            let words = expand(&format!("n[{from}-{}]", from + more)).unwrap();
            let wanted: Vec<String> = (from..=from + more).map(|n| format!("n{n}")).collect();
            prop_assert_eq!(words, wanted);
        }
    }
}
