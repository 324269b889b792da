//! Many addresses in few words: `10.0.0.[1-37,40]`, as ClusterShell writes node sets.

use std::net::IpAddr;

use sshtrust::inventory::NodeSpec;

/// Whether so many ranges are enough to write all of these addresses.
pub(crate) fn fits(nodes: impl IntoIterator<Item = NodeSpec>, most: usize) -> bool {
    !folded(nodes, most).contains("...")
}

/// Addresses that differ in their last part only.
struct Group {
    before: String,
    after: String,
    /// The last parts: numbers of an IPv4 address, or of an IPv6 address in hexadecimal.
    numbers: Vec<u16>,
    hex: bool,
}

/// Writes addresses in at most so many ranges; three dots stand for what is left out.
pub(crate) fn folded(nodes: impl IntoIterator<Item = NodeSpec>, most: usize) -> String {
    let mut groups: Vec<Group> = Vec::new();
    for node in nodes {
        let (before, number, after, hex) = split(node);
        let known = groups.iter_mut().rev().find(|g| g.before == before && g.after == after);
        match (known, number) {
            (Some(group), Some(number)) => group.numbers.push(number),
            (Some(_), None) => {}
            (None, number) => {
                groups.push(Group { before, after, numbers: number.into_iter().collect(), hex });
            }
        }
    }
    let mut left = most.max(1);
    let mut words = Vec::new();
    for group in &mut groups {
        if left == 0 {
            words.push("...".to_owned());
            break;
        }
        words.push(group.text(&mut left));
    }
    words.join(", ")
}

/// An address in three parts: what comes before its last number, the number, and what comes after it.
fn split(node: NodeSpec) -> (String, Option<u16>, String, bool) {
    let text = node.to_string();
    match node.ip {
        IpAddr::V4(ip) => {
            let [.., last] = ip.octets();
            let address = ip.to_string();
            let before = address.rsplit_once('.').map_or("", |(before, _)| before);
            let after = if node.port == 22 { String::new() } else { format!(":{}", node.port) };
            (format!("{before}."), Some(u16::from(last)), after, false)
        }
        IpAddr::V6(ip) if node.port == 22 => {
            let [.., last] = ip.segments();
            match text.rsplit_once(':') {
                Some((before, end)) if !end.is_empty() => {
                    (format!("{before}:"), Some(last), String::new(), true)
                }
                _ => (text, None, String::new(), true),
            }
        }
        IpAddr::V6(_) => (text, None, String::new(), true),
    }
}

impl Group {
    /// Takes away from `left` as many ranges as it uses.
    fn text(&mut self, left: &mut usize) -> String {
        self.numbers.sort_unstable();
        self.numbers.dedup();
        let mut ranges: Vec<(u16, u16)> = Vec::new();
        for number in &self.numbers {
            match ranges.last_mut() {
                Some((_, end)) if end.checked_add(1) == Some(*number) => *end = *number,
                _ => ranges.push((*number, *number)),
            }
        }
        let name = |number: u16| if self.hex { format!("{number:x}") } else { number.to_string() };
        let mut words: Vec<String> = ranges
            .iter()
            .take(*left)
            .map(|(from, to)| if from == to { name(*from) } else { format!("{}-{}", name(*from), name(*to)) })
            .collect();
        *left = left.saturating_sub(words.len().max(1));
        if words.len() < ranges.len() {
            words.push("...".to_owned());
        }
        match self.numbers.as_slice() {
            [] | [_] => format!("{}{}{}", self.before, words.concat(), self.after),
            _ => format!("{}[{}]{}", self.before, words.join(","), self.after),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nodes(texts: &[&str]) -> Vec<NodeSpec> {
        let node = |text: &&str| {
            let (ip, port) = text.split_once(',').unwrap_or((text, "22"));
            NodeSpec { ip: ip.parse().unwrap(), port: port.parse().unwrap() }
        };
        texts.iter().map(node).collect()
    }

    #[test]
    fn addresses_are_folded() {
        let cases: [(&[&str], usize, &str); 9] = [
            (&["10.0.0.1"], 9, "10.0.0.1"),
            (&["10.0.0.3", "10.0.0.1", "10.0.0.2", "10.0.0.9"], 9, "10.0.0.[1-3,9]"),
            (&["10.0.0.1", "10.0.1.1", "10.0.1.2"], 9, "10.0.0.1, 10.0.1.[1-2]"),
            (&["10.0.0.1", "10.0.0.2,2222", "10.0.0.3,2222"], 9, "10.0.0.1, 10.0.0.[2-3]:2222"),
            (&["10.0.0.1", "10.0.0.3", "10.0.0.5"], 2, "10.0.0.[1,3,...]"),
            (&["10.0.0.1", "10.0.1.1", "10.0.2.1"], 2, "10.0.0.1, 10.0.1.1, ..."),
            (&["fd00::9", "fd00::a", "fd00::1f"], 9, "fd00::[9-a,1f]"),
            (&["fd00::", "fd00::1,2222"], 9, "fd00::, [fd00::1]:2222"),
            (&["10.0.0.254", "10.0.0.255"], 9, "10.0.0.[254-255]"),
        ];
        for (texts, most, wanted) in cases {
            assert_eq!(folded(nodes(texts), most), wanted);
        }
    }
}
