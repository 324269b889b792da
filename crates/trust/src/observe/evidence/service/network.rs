//! What the network says: listeners, addresses, neighbours, answers.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use crate::inventory::NodeSpec;
use crate::text::printable;

/// A node that this one could not log in to, and what the network answers there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Callee {
    /// Which.
    pub spec: NodeSpec,
    /// It answers ping(8).
    pub ping: bool,
    /// It answers for its hardware address, though not to a ping; `None`: nobody can say.
    pub near: Option<bool>,
    /// It refuses another port.
    pub other: bool,
    /// The interface that leads there, safe to show.
    pub interface: String,
    /// The MTU of that interface, if pings that must not be taken apart get through at all.
    pub mtu: Option<u32>,
    /// The largest of the packets tried that comes back; `None`: not even the smallest.
    pub passes: Option<u32>,
}

impl Callee {
    /// Whether anything there answered; `None`: nobody can say.
    #[must_use]
    pub fn alive(&self) -> Option<bool> {
        if self.ping || self.other { Some(true) } else { self.near }
    }
}

/// An entry of ip-neighbour(8).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Neighbour {
    /// Its address.
    pub ip: IpAddr,
    /// Its hardware address, in small letters.
    pub hardware: String,
}

/// Lines of proc_net_tcp(5).
pub(super) fn listeners(text: &str) -> Vec<SocketAddr> {
    text.lines().filter_map(|line| place(line.split_whitespace().nth(1)?)).collect()
}

/// `0100007F:0016`: words of 32 bits, each as the processor has it. All that are supported have the small end first.
fn place(text: &str) -> Option<SocketAddr> {
    let (address, port) = text.split_once(':')?;
    let port = u16::from_str_radix(port, 16).ok()?;
    let word = |at: usize| u32::from_str_radix(address.get(at..at + 8)?, 16).ok().map(u32::to_le_bytes);
    let ip = match address.len() {
        8 => IpAddr::V4(Ipv4Addr::from(word(0)?)),
        32 => {
            let words = [word(0)?, word(8)?, word(16)?, word(24)?];
            let bytes: Vec<u8> = words.concat();
            let ip = Ipv6Addr::from(<[u8; 16]>::try_from(bytes).ok()?);
            ip.to_ipv4_mapped().map_or(IpAddr::V6(ip), IpAddr::V4)
        }
        _ => return None,
    };
    Some(SocketAddr::new(ip, port))
}

/// `ip -o addr`: `2: eth0    inet 10.0.0.1/24 brd ...`.
pub(super) fn addresses(text: &str) -> Vec<(String, IpAddr)> {
    let one = |line: &str| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let [_, name, "inet" | "inet6", address, ..] = words.as_slice() else { return None };
        Some((printable(name.as_bytes()), address.split('/').next()?.parse().ok()?))
    };
    text.lines().filter_map(one).collect()
}

/// Lines of `/sys/class/net/*/address`. A loopback has nothing but zeros.
pub(super) fn hardware(text: &str) -> BTreeSet<String> {
    let all = text.lines().map(|line| printable(line.as_bytes()).to_ascii_lowercase());
    all.filter(|address| address.bytes().any(|b| b != b'0' && b != b':')).collect()
}

/// `ip neigh`: `10.0.0.2 dev eth0 lladdr 02:00:00:00:00:02 REACHABLE`. What failed has no hardware address.
pub(super) fn neighbours(text: &str) -> Vec<Neighbour> {
    let one = |line: &str| {
        let ip = line.split_whitespace().next()?.parse().ok()?;
        let (_, after) = line.split_once(" lladdr ")?;
        let hardware = printable(after.split_whitespace().next()?.as_bytes()).to_ascii_lowercase();
        Some(Neighbour { ip, hardware })
    };
    text.lines().filter_map(one).collect()
}

/// An address and a number a line.
pub(super) fn lookups(text: &str) -> Vec<(IpAddr, u64)> {
    let one = |line: &str| {
        let (ip, time) = line.split_once(' ')?;
        Some((ip.parse().ok()?, time.trim().parse().ok()?))
    };
    text.lines().filter_map(one).collect()
}

/// Address, port, words.
pub(super) fn callees(text: &str) -> Vec<Callee> {
    let one = |line: &str| {
        let mut words = line.split_whitespace();
        let spec = NodeSpec { ip: words.next()?.parse().ok()?, port: words.next()?.parse().ok()? };
        let words: Vec<(&str, &str)> = words.filter_map(|word| word.split_once('=')).collect();
        let value = |key: &str| words.iter().find(|(name, _)| *name == key).map(|(_, value)| *value);
        Some(Callee {
            spec,
            ping: value("ping").is_some(),
            near: value("near").map(|near| near == "y"),
            other: value("other").is_some(),
            interface: printable(value("dev").unwrap_or_default().as_bytes()),
            mtu: value("mtu").and_then(|mtu| mtu.parse().ok()),
            passes: value("passes").and_then(|size| size.parse().ok()),
        })
    };
    text.lines().filter_map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn listeners_are_read() {
        let lines = "   0: 00000000:0016 00000000:0000 0A\n   1: 0100007F:1F90 00000000:0000 0A\n\
                     2: 00000000000000000000000000000000:0016 00000000000000000000000000000000:0000 0A\n\
                     3: B80D01200000000000000000010000FF:0050 0 0A\nsl local_address";
        let wanted = ["0.0.0.0:22", "127.0.0.1:8080", "[::]:22", "[2001:db8::ff00:1]:80"];
        let found: Vec<String> = listeners(lines).iter().map(ToString::to_string).collect();
        assert_eq!(found, wanted);
    }

    #[test]
    fn the_words_of_ip_are_read() {
        let text = "1: lo    inet 127.0.0.1/8 scope host lo\n2: eth0    inet 10.0.0.2/24 brd 10.0.0.255\n\
                    2: eth0    inet6 fe80::1/64 scope link \n3: tun0    inet 10.8.0.2 peer 10.8.0.1/32 scope global";
        let found: Vec<String> = addresses(text).iter().map(|(name, ip)| format!("{name} {ip}")).collect();
        assert_eq!(found, ["lo 127.0.0.1", "eth0 10.0.0.2", "eth0 fe80::1", "tun0 10.8.0.2"]);
        let all = hardware("00:00:00:00:00:00\n02:AA:00:00:00:01\n");
        assert_eq!(all.into_iter().collect::<Vec<_>>(), ["02:aa:00:00:00:01"]);
        let near = "10.0.0.3 dev eth0 lladdr 02:00:00:00:00:03 STALE\n10.0.0.4 dev eth0 FAILED\n\
                    10.0.0.5 dev eth0 INCOMPLETE";
        let found = neighbours(near);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].hardware, "02:00:00:00:00:03");
    }

    #[test]
    fn answers_are_read() {
        let text = "10.0.0.2 22 ping=y dev=eth0 mtu=1500 passes=576\n10.0.0.3 2222 near=n\n10.0.0.4 22\n\
                    10.0.0.5 22 other=y\nfd00::1 22 near=y\nx 22 ping=y";
        let found = callees(text);
        let alive: Vec<Option<bool>> = found.iter().map(Callee::alive).collect();
        assert_eq!(alive, [Some(true), Some(false), None, Some(true), Some(true)]);
        assert_eq!((found[0].mtu, found[0].passes), (Some(1500), Some(576)));
        assert_eq!(lookups("10.0.0.1 512\nx 1\n10.0.0.2 x"), [([10, 0, 0, 1].into(), 512)]);
    }
}
