//! `iptables -S` and `ip6tables -S`.

use super::rules::{Chain, Condition, Field, Hook, Manager, Rule, Verdict, words};
use crate::text::printable;

/// Reads a listing of the filter table by this program.
pub(super) fn parse(tool: &str, text: &str) -> Vec<Chain> {
    let family = if tool.starts_with("ip6") { "ip6 filter" } else { "ip filter" };
    let mut chains = Vec::<Chain>::new();
    for line in text.lines() {
        let words = words(line.trim());
        let word = |at: usize| words.get(at).map_or("", String::as_str);
        let hook = match word(1) {
            "INPUT" => Some(Hook::Input),
            "OUTPUT" => Some(Hook::Output),
            _ => None,
        };
        match word(0) {
            "-P" | "-N" => chains.push(Chain {
                manager: Manager::Iptables(printable(tool.as_bytes())),
                table: family.to_owned(),
                name: printable(word(1).as_bytes()),
                hook,
                drops: word(0) == "-P" && word(2) == "DROP",
                rules: Vec::new(),
            }),
            "-A" => {
                let name = printable(word(1).as_bytes());
                if let Some(chain) = chains.iter_mut().find(|chain| chain.name == name) {
                    let (conditions, verdict) = rule(words.get(2..).unwrap_or_default());
                    let text = printable(line.as_bytes());
                    chain.rules.push(Rule { text, handle: None, conditions, verdict });
                }
            }
            _ => {}
        }
    }
    chains
}

/// Matches that only carry options which are read below, or nothing that counts.
const PLAIN: [&str; 6] = ["tcp", "state", "conntrack", "multiport", "comment", "udp"];

fn rule(mut rest: &[String]) -> (Vec<Condition>, Option<Verdict>) {
    let (mut conditions, mut verdict) = (Vec::new(), None);
    let mut negated = false;
    while let Some((first, more)) = rest.split_first() {
        let value = more.first().map_or("", String::as_str);
        let field = match first.as_str() {
            "-s" | "--source" => Some(Field::Source),
            "-d" | "--destination" => Some(Field::Destination),
            "-p" | "--protocol" => Some(Field::Protocol),
            "-i" => Some(Field::In),
            "-o" => Some(Field::Out),
            "--dport" | "--dports" => Some(Field::DestinationPort),
            "--sport" | "--sports" => Some(Field::SourcePort),
            "--state" | "--ctstate" => Some(Field::State),
            _ => None,
        };
        match (first.as_str(), field) {
            ("!", _) => {
                negated = true;
                rest = more;
                continue;
            }
            (_, Some(field)) => {
                // A range of ports is written 20:25 here; addresses have colons too.
                let ports = matches!(field, Field::DestinationPort | Field::SourcePort);
                let value = if ports { value.replace(':', "-") } else { value.to_owned() };
                conditions.push(Condition::new(field, negated, &value));
            }
            ("-m", _) if !PLAIN.contains(&value) => conditions.push(Condition::unknown()),
            ("-g", _) => verdict = Some(Verdict::Goto(printable(value.as_bytes()))),
            ("-j", _) => verdict = target(value),
            _ => {}
        }
        negated = false;
        rest = if first.starts_with('-') { more.get(1..).unwrap_or_default() } else { more };
    }
    (conditions, verdict)
}

fn target(word: &str) -> Option<Verdict> {
    match word {
        "ACCEPT" => Some(Verdict::Accept),
        "DROP" | "REJECT" | "TARPIT" => Some(Verdict::Drop),
        "RETURN" => Some(Verdict::Return),
        "LOG" | "NFLOG" | "ULOG" | "MARK" | "CONNMARK" | "AUDIT" | "TRACE" | "" => None,
        "NFQUEUE" | "QUEUE" => Some(Verdict::Unknown),
        chain => Some(Verdict::Jump(printable(chain.as_bytes()))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listing_is_read() {
        let text = "-P INPUT DROP\n-P FORWARD ACCEPT\n-P OUTPUT ACCEPT\n-N mine\n\
                    -A INPUT -m state --state RELATED,ESTABLISHED -j ACCEPT\n\
                    -A INPUT ! -s 10.0.0.0/8 -p tcp -m tcp --dport 22 -m comment --comment \"no -j DROP here\" -j REJECT --reject-with icmp-host-prohibited\n\
                    -A INPUT -p tcp -m multiport --dports 20:25,80 -m limit --limit 3/min -j mine\n-A INPUT -i lo -g mine\n\
                    -A mine -j LOG --log-prefix \"x: \"\n";
        let chains = parse("iptables", text);
        let input = &chains[0];
        assert_eq!((input.hook, input.drops, input.table.as_str()), (Some(Hook::Input), true, "ip filter"));
        let rules = &input.rules;
        assert_eq!(rules[0].verdict, Some(Verdict::Accept));
        assert_eq!(rules[1].conditions[0], Condition::new(Field::Source, true, "10.0.0.0/8"));
        assert_eq!(rules[1].conditions[2], Condition::new(Field::DestinationPort, false, "22"));
        assert_eq!(rules[1].verdict, Some(Verdict::Drop));
        assert_eq!(rules[2].conditions[1].values, ["20-25", "80"]);
        assert!(rules[2].conditions.contains(&Condition::unknown()));
        assert_eq!(rules[2].verdict, Some(Verdict::Jump("mine".to_owned())));
        assert_eq!(rules[3].verdict, Some(Verdict::Goto("mine".to_owned())));
        assert_eq!(chains[3].rules[0].verdict, None);
    }
}
