//! `nft -a list ruleset`.

use super::rules::{Chain, Condition, Field, Hook, Manager, Rule, Verdict, words};
use crate::text::printable;

/// Reads a listing. What is not understood counts as unknown.
pub(super) fn parse(text: &str) -> Vec<Chain> {
    let (mut chains, mut table) = (Vec::<Chain>::new(), String::new());
    let mut depth = 0;
    for line in text.lines() {
        let (line, handle) = split_handle(line.trim());
        let opens = line.strip_suffix('{').map(str::trim);
        match (depth, opens) {
            (0, Some(head)) => {
                table = printable(head.strip_prefix("table ").unwrap_or(head).as_bytes());
                depth = 1;
            }
            (1, Some(head)) => {
                depth = if let Some(name) = head.strip_prefix("chain ") {
                    chains.push(chain(&table, name));
                    2
                } else {
                    // A set, a map, a counter, ...
                    3
                };
            }
            (_, _) if line == "}" => depth = if depth >= 2 { 1 } else { 0 },
            (2, _) => {
                if let Some(chain) = chains.last_mut() {
                    add(chain, line, handle);
                }
            }
            _ => {}
        }
    }
    chains
}

fn chain(table: &str, name: &str) -> Chain {
    Chain {
        manager: Manager::Nft,
        table: table.to_owned(),
        name: printable(name.as_bytes()),
        hook: None,
        drops: false,
        rules: Vec::new(),
    }
}

/// Takes `# handle 7` from the end of a line.
fn split_handle(line: &str) -> (&str, Option<u64>) {
    match line.rsplit_once("# handle ") {
        Some((line, handle)) if handle.bytes().all(|b| b.is_ascii_digit()) => {
            (line.trim(), handle.parse().ok())
        }
        _ => (line, None),
    }
}

fn add(chain: &mut Chain, line: &str, handle: Option<u64>) {
    if let Some(base) = line.strip_prefix("type ") {
        let hook = base.split_once(" hook ").and_then(|(_, after)| after.split([' ', ';']).next());
        // Chains of other types change packets and drop none.
        chain.hook = hook.filter(|_| base.starts_with("filter")).and_then(hook_of);
        chain.drops = base.contains("policy drop");
        return;
    }
    let (conditions, verdict) = rule(&words(line));
    chain.rules.push(Rule { text: printable(line.as_bytes()), handle, conditions, verdict });
}

fn hook_of(word: &str) -> Option<Hook> {
    match word {
        "prerouting" => Some(Hook::Prerouting),
        "input" => Some(Hook::Input),
        "output" => Some(Hook::Output),
        "postrouting" => Some(Hook::Postrouting),
        _ => None,
    }
}

/// The conditions of a rule and what it does.
fn rule(words: &[String]) -> (Vec<Condition>, Option<Verdict>) {
    let mut conditions = Vec::new();
    let mut rest = words;
    while let Some((first, more)) = rest.split_first() {
        rest = more;
        let second = rest.first().map_or("", String::as_str);
        let target = || printable(second.as_bytes());
        match first.as_str() {
            "accept" => return (conditions, Some(Verdict::Accept)),
            "drop" | "reject" => return (conditions, Some(Verdict::Drop)),
            "return" => return (conditions, Some(Verdict::Return)),
            "jump" => return (conditions, Some(Verdict::Jump(target()))),
            "goto" => return (conditions, Some(Verdict::Goto(target()))),
            "continue" => return (conditions, None),
            "queue" | "vmap" => return (conditions, Some(Verdict::Unknown)),
            "counter" => rest = skip_pairs(rest, &["packets", "bytes"]),
            "log" => {
                rest = skip_pairs(rest, &["prefix", "level", "group", "snaplen", "queue-threshold", "flags"])
            }
            "comment" => rest = rest.get(1..).unwrap_or_default(),
            "udp" | "icmp" | "icmpv6" | "sctp" | "dccp" | "udplite" => {
                conditions.push(Condition::new(Field::Protocol, false, first));
                rest = skip_value(rest.get(1..).unwrap_or_default());
            }
            _ => rest = condition(first, rest, &mut conditions),
        }
    }
    (conditions, None)
}

/// One condition, which may begin with two words; what is behind it.
fn condition<'a>(first: &str, rest: &'a [String], conditions: &mut Vec<Condition>) -> &'a [String] {
    let second = rest.first().map_or("", String::as_str);
    let (field, used) = match (first, second) {
        ("tcp" | "th", "dport") => (Field::DestinationPort, 1),
        ("tcp" | "th", "sport") => (Field::SourcePort, 1),
        ("ip" | "ip6", "saddr") => (Field::Source, 1),
        ("ip" | "ip6", "daddr") => (Field::Destination, 1),
        ("ip", "protocol") | ("ip6", "nexthdr") | ("meta", "l4proto") => (Field::Protocol, 1),
        ("meta", "nfproto") => (Field::Family, 1),
        ("ct", "state") => (Field::State, 1),
        ("ct", "status") if rest.get(1).is_some_and(|word| word == "dnat") => (Field::Translated, 1),
        ("meta", "iifname" | "iif") => (Field::In, 1),
        ("meta", "oifname" | "oif") => (Field::Out, 1),
        ("iifname" | "iif", _) => (Field::In, 0),
        ("oifname" | "oif", _) => (Field::Out, 0),
        _ => {
            conditions.push(Condition::unknown());
            return rest;
        }
    };
    let rest = rest.get(used..).unwrap_or_default();
    let negated = rest.first().is_some_and(|word| word == "!=");
    let rest = if negated || rest.first().is_some_and(|word| word == "==") {
        rest.get(1..).unwrap_or_default()
    } else {
        rest
    };
    let Some((value, more)) = rest.split_first() else { return rest };
    match value.as_str() {
        // What leads where is in the map itself.
        "vmap" => rest,
        value if value.starts_with('@') => {
            conditions.push(Condition::unknown());
            more
        }
        value => {
            conditions.push(Condition::new(field, negated, value));
            more
        }
    }
}

/// Skips words that come with a value each.
fn skip_pairs<'a>(mut rest: &'a [String], keys: &[&str]) -> &'a [String] {
    while rest.first().is_some_and(|word| keys.contains(&word.as_str())) {
        rest = rest.get(2..).unwrap_or_default();
    }
    rest
}

/// Skips a value, with what negates it.
fn skip_value(rest: &[String]) -> &[String] {
    let negated = rest.first().is_some_and(|word| word == "!=");
    rest.get(usize::from(negated) + 1..).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listing_is_read() {
        let text = "table inet lab { # handle 3\n\tset bad { # handle 9\n\t\ttype ipv4_addr\n\t\telements = { 10.0.0.9 }\n\t}\n\
                    \tchain arriving { # handle 1\n\t\ttype filter hook input priority filter; policy drop;\n\
                    \t\tct state established,related accept # handle 4\n\
                    \t\tip saddr 10.77.0.2 tcp dport { 22, 80-90 } counter packets 3 bytes 180 reject with tcp reset # handle 5\n\
                    \t\tip saddr @bad drop # handle 6\n\t\ticmp type != echo-request drop # handle 7\n\
                    \t\tiifname \"eth0\" goto filter_IN_public comment \"a # handle 1\" # handle 8\n\t}\n\tchain other { # handle 2\n\t}\n}\n\
                    table ip nat { # handle 5\n\tchain out { # handle 1\n\t\ttype nat hook output priority -100; policy accept;\n\t}\n}";
        let chains = parse(text);
        assert_eq!(chains.iter().map(|c| c.name.as_str()).collect::<Vec<_>>(), ["arriving", "other", "out"]);
        let first = &chains[0];
        assert_eq!((first.table.as_str(), first.hook, first.drops), ("inet lab", Some(Hook::Input), true));
        assert_eq!(chains[2].hook, None);
        let rules = &first.rules;
        assert_eq!(rules.iter().map(|r| r.handle.unwrap()).collect::<Vec<_>>(), [4, 5, 6, 7, 8]);
        assert_eq!(rules[0].conditions[0], Condition::new(Field::State, false, "established,related"));
        assert_eq!(rules[1].conditions[1], Condition::new(Field::DestinationPort, false, "22,80-90"));
        assert_eq!(rules[1].verdict, Some(Verdict::Drop));
        assert_eq!(rules[2].conditions, [Condition::unknown()]);
        assert_eq!(rules[3].conditions[0].values, ["icmp"]);
        assert_eq!(rules[3].verdict, Some(Verdict::Drop));
        assert_eq!(rules[4].conditions[0].values, ["eth0"]);
        assert_eq!(rules[4].verdict, Some(Verdict::Goto("filter_IN_public".to_owned())));
    }
}
