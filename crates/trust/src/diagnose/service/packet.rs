//! What a packet filter would do with a packet: certain only where every condition is understood.

use std::net::IpAddr;

use crate::observe::{Chain, Condition, Field, Hook, Rule, Verdict};

/// Rules may call chains that call chains. The kernel allows 16.
const DEEPEST: usize = 16;

/// A packet of a connection to sshd.
#[derive(Debug, Clone, Copy)]
pub(super) struct Packet<'a> {
    /// Who sends it.
    pub(super) from: IpAddr,
    /// To whom.
    pub(super) to: IpAddr,
    /// The sender's port, if it is sshd's.
    pub(super) from_port: Option<u16>,
    /// The receiver's port, if it is sshd's.
    pub(super) to_port: Option<u16>,
    /// The interface of the machine whose rules are asked, if it is known.
    pub(super) interface: Option<&'a str>,
}

/// Where a packet is lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Loss<'a> {
    /// In which chain.
    pub(super) chain: &'a Chain,
    /// By which rule; `None`: at its end.
    pub(super) rule: Option<(usize, &'a Rule)>,
    /// Every condition on the way was understood.
    pub(super) sure: bool,
}

/// What a chain does.
enum Fate<'a> {
    Accepted,
    Lost(Loss<'a>),
    /// It comes to the end of the chain.
    Passes,
}

/// Where a packet is lost among the chains of these hooks, if it is. The first loss that is sure, else the first.
pub(super) fn loss<'a>(chains: &'a [Chain], hooks: &[Hook], packet: Packet<'_>) -> Option<Loss<'a>> {
    let base = chains.iter().filter(|chain| chain.hook.is_some_and(|hook| hooks.contains(&hook)));
    let mut found: Option<Loss<'a>> = None;
    for chain in base.filter(|chain| speaks_of(chain, packet)) {
        let mut walk = Walk { chains, packet, arriving: arrives(chain), doubt: None };
        let end = Loss { chain, rule: None, sure: true };
        let loss = match walk.chain(chain, DEEPEST) {
            Fate::Accepted => walk.doubt,
            // It is lost here at the latest, and perhaps before.
            Fate::Lost(loss) => Some(Loss { sure: loss.sure, ..walk.doubt.unwrap_or(loss) }),
            Fate::Passes if chain.drops => Some(Loss { sure: true, ..walk.doubt.unwrap_or(end) }),
            Fate::Passes => walk.doubt,
        };
        match loss {
            Some(loss) if loss.sure => return Some(loss),
            loss => found = found.or(loss),
        }
    }
    found
}

fn arrives(chain: &Chain) -> bool {
    matches!(chain.hook, Some(Hook::Input | Hook::Prerouting))
}

/// Whether a chain's table sees packets of this family.
fn speaks_of(chain: &Chain, packet: Packet<'_>) -> bool {
    match chain.table.split(' ').next() {
        Some("ip") => packet.to.is_ipv4(),
        Some("ip6") => packet.to.is_ipv6(),
        Some("inet") => true,
        // Of other layers: bridge, arp, netdev.
        _ => false,
    }
}

/// A packet on its way.
struct Walk<'a, 'p> {
    chains: &'a [Chain],
    packet: Packet<'p>,
    arriving: bool,
    /// Where it may have been lost already.
    doubt: Option<Loss<'a>>,
}

impl<'a> Walk<'a, '_> {
    fn chain(&mut self, chain: &'a Chain, depth: usize) -> Fate<'a> {
        // A rule that may have let it through makes what follows unsure.
        let mut unsure = false;
        for (index, rule) in chain.rules.iter().enumerate() {
            let Some(verdict) = &rule.verdict else { continue };
            let fits = self.fits(rule);
            if fits == Some(false) {
                continue;
            }
            let sure = fits == Some(true) && !unsure;
            let loss = Loss { chain, rule: Some((index, rule)), sure };
            let fate = match verdict {
                Verdict::Accept => Fate::Accepted,
                Verdict::Drop => Fate::Lost(loss),
                Verdict::Return => return Fate::Passes,
                Verdict::Unknown => {
                    unsure = true;
                    continue;
                }
                Verdict::Jump(name) | Verdict::Goto(name) => match self.called(chain, name, depth) {
                    Fate::Passes if matches!(verdict, Verdict::Goto(_)) && sure => return Fate::Passes,
                    fate => fate,
                },
            };
            match fate {
                Fate::Passes => {}
                fate if sure => return fate,
                Fate::Accepted => unsure = true,
                Fate::Lost(loss) => self.doubt = self.doubt.or(Some(Loss { sure: false, ..loss })),
            }
        }
        if unsure && chain.hook.is_some() && chain.drops {
            return Fate::Lost(Loss { chain, rule: None, sure: false });
        }
        Fate::Passes
    }

    fn called(&mut self, from: &Chain, name: &str, depth: usize) -> Fate<'a> {
        let same =
            |chain: &&Chain| chain.name == name && chain.table == from.table && chain.manager == from.manager;
        match (self.chains.iter().find(same), depth.checked_sub(1)) {
            (Some(chain), Some(depth)) => self.chain(chain, depth),
            _ => Fate::Passes,
        }
    }

    /// Whether all conditions of a rule hold; `None`: nobody can say.
    fn fits(&self, rule: &Rule) -> Option<bool> {
        let held: Vec<Option<bool>> = rule.conditions.iter().map(|one| self.holds(one)).collect();
        if held.contains(&Some(false)) {
            return Some(false);
        }
        held.iter().all(Option::is_some).then_some(true)
    }

    fn holds(&self, condition: &Condition) -> Option<bool> {
        let packet = self.packet;
        let any = |test: &dyn Fn(&str) -> Option<bool>| {
            let tests: Vec<Option<bool>> = condition.values.iter().map(|value| test(value)).collect();
            if tests.contains(&Some(true)) {
                return Some(true);
            }
            tests.iter().all(Option::is_some).then_some(false)
        };
        let held = match condition.field {
            Field::Source => any(&|value| in_net(value, packet.from)),
            Field::Destination => any(&|value| in_net(value, packet.to)),
            Field::SourcePort => any(&|value| in_ports(value, packet.from_port)),
            Field::DestinationPort => any(&|value| in_ports(value, packet.to_port)),
            Field::In if self.arriving => any(&|value| is_interface(value, packet.interface)),
            Field::Out if !self.arriving => any(&|value| is_interface(value, packet.interface)),
            Field::In | Field::Out | Field::Translated => Some(false),
            Field::State => {
                // The first packet of a connection, or an answer.
                let state = if packet.to_port.is_some() { "new" } else { "established" };
                any(&|value| Some(value.eq_ignore_ascii_case(state)))
            }
            Field::Protocol => any(&|value| Some(matches!(value, "tcp" | "6" | "all"))),
            Field::Family => {
                let family = if packet.to.is_ipv4() { "ipv4" } else { "ipv6" };
                any(&|value| Some(value == family))
            }
            Field::Unknown => None,
        };
        held.map(|held| held != condition.negated)
    }
}

/// `10.0.0.1`, `10.0.0.0/8`.
fn in_net(value: &str, ip: IpAddr) -> Option<bool> {
    let (net, length) = value.split_once('/').map_or((value, None), |(net, length)| (net, Some(length)));
    let net: IpAddr = net.parse().ok()?;
    let (net, ip, width) = match (net, ip) {
        (IpAddr::V4(net), IpAddr::V4(ip)) => (u128::from(net.to_bits()), u128::from(ip.to_bits()), 32),
        (IpAddr::V6(net), IpAddr::V6(ip)) => (net.to_bits(), ip.to_bits(), 128),
        _ => return Some(false),
    };
    let length: u32 = length.map_or(Ok(width), str::parse).ok().filter(|length| *length <= width)?;
    let differing = net ^ ip;
    Some(differing.checked_shr(width - length).unwrap_or(0) == 0)
}

/// `22`, `ssh`, `20-25`. The port of a caller is one of the high ones.
fn in_ports(value: &str, port: Option<u16>) -> Option<bool> {
    let number = |text: &str| if text == "ssh" { Some(22) } else { text.parse::<u16>().ok() };
    let (first, last) = value.split_once('-').unwrap_or((value, value));
    let (first, last) = (number(first)?, number(last)?);
    match port {
        Some(port) => Some((first..=last).contains(&port)),
        // Which one is not known: below 1024 it is not, and a range of all of them has it.
        None if last < 1024 => Some(false),
        None if first <= 1024 && last == u16::MAX => Some(true),
        None => None,
    }
}

/// `eth0`, `eth*` of nft, `eth+` of iptables.
fn is_interface(value: &str, interface: Option<&str>) -> Option<bool> {
    let interface = match interface {
        Some(interface) => interface,
        // It came from elsewhere.
        None if value == "lo" => return Some(false),
        None => return None,
    };
    Some(match value.strip_suffix(['*', '+']) {
        Some(start) => interface.starts_with(start),
        None => value == interface,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_understood() {
        let ip = |text: &str| text.parse::<IpAddr>().unwrap();
        let nets = [
            ("10.77.0.2", Some(true)),
            ("10.77.0.3", Some(false)),
            ("10.77.0.0/16", Some(true)),
            ("10.78.0.0/16", Some(false)),
            ("0.0.0.0/0", Some(true)),
            ("fd00::/8", Some(false)),
            ("10.0.0.1-10.99.0.1", None),
            ("10.0.0.0/99", None),
            ("$x", None),
        ];
        for (net, wanted) in nets {
            assert_eq!(in_net(net, ip("10.77.0.2")), wanted, "{net}");
        }
        assert_eq!(in_net("::/0", ip("fd00::1")), Some(true));
        let ports = [
            ("22", Some(true)),
            ("ssh", Some(true)),
            ("20-25", Some(true)),
            ("80", Some(false)),
            ("x", None),
        ];
        for (value, wanted) in ports {
            assert_eq!(in_ports(value, Some(22)), wanted, "{value}");
        }
        assert_eq!(in_ports("1024-65535", None), Some(true));
        assert_eq!(in_ports("22", None), Some(false));
        assert_eq!((is_interface("eth*", Some("eth0")), is_interface("lo", None)), (Some(true), Some(false)));
    }
}
