//! Addresses and cables: input for `ip -batch`.

use std::fmt::Write;
use std::net::{Ipv4Addr, Ipv6Addr};

use crate::spec::LabSpec;

/// The kernel keeps at most 1,024 learnt neighbours over all network namespaces. Larger labs get theirs told.
const MOST_LEARNING_NODES: usize = 20;

/// The IPv4 address of a node. Every lab uses the same ones, each on its own bridge.
pub(crate) fn ipv4(index: usize) -> Ipv4Addr {
    let [high, low] = number(index).to_be_bytes();
    Ipv4Addr::new(10, 77, high, low)
}

/// The IPv4 address of a node in the second network.
pub(crate) fn ipv4_second(index: usize) -> Ipv4Addr {
    let [high, low] = number(index).to_be_bytes();
    Ipv4Addr::new(10, 78, high, low)
}

/// The IPv6 address of a node.
pub(crate) fn ipv6(index: usize) -> Ipv6Addr {
    Ipv6Addr::new(0xfd77, 0, 0, 0, 0, 0, 0, number(index))
}

/// Makes the bridge, in the keeper's namespace.
pub(crate) fn bridge() -> String {
    "link set lo up\nlink add bridge type bridge stp_state 0 mcast_snooping 0\nlink set bridge up\n"
        .to_owned()
}

/// The bridge's end of a node's cable.
pub(crate) fn port(index: usize) -> String {
    format!("port{index}")
}

/// Connects a node with the bridge. Runs in the keeper's network namespace, but in the node's PID namespace:
/// process 1 is the node's.
pub(crate) fn cable(index: usize) -> String {
    let port = port(index);
    let mac = mac(index);
    format!(
        "link add {port} type veth peer name eth0 address {mac} netns 1\n\
         link set {port} master bridge up\n"
    )
}

/// The same for a whole system, whose network namespace is a new one at each boot: what removes the last boot's
/// cable, what makes the new one (in the node's network namespace, and in the keeper's PID namespace), and what
/// connects it (in the keeper's network namespace).
pub(crate) fn cable_at_boot(index: usize) -> [String; 3] {
    let port = port(index);
    let mac = mac(index);
    [
        format!("link delete {port}\n"),
        format!("link add eth0 address {mac} type veth peer name {port} netns 1\n"),
        format!("link set {port} master bridge up\n"),
    ]
}

/// Sets a node's addresses.
pub(crate) fn address(spec: &LabSpec, index: usize) -> String {
    let mut batch = format!(
        "link set lo up\nlink set eth0 addrgenmode none\naddr add {}/16 brd + dev eth0\n",
        ipv4(index)
    );
    if spec.ipv6 {
        // Without "nodad" the address cannot be used for its first second.
        let _ = writeln!(batch, "addr add {}/64 dev eth0 nodad", ipv6(index));
    }
    if spec.second_network {
        let _ = writeln!(batch, "addr add {}/16 brd + dev eth0", ipv4_second(index));
    }
    batch.push_str("link set eth0 up\n");
    if !spec.as_shipped {
        // The routes that the kernel has made, also the one to the node itself (ip-route(8), quickack).
        let ip = ipv4(index);
        let _ =
            writeln!(batch, "route change 10.77.0.0/16 dev eth0 proto kernel scope link src {ip} quickack 1");
        let _ = writeln!(
            batch,
            "route change local {ip} dev eth0 table local proto kernel scope host src {ip} quickack 1"
        );
    }
    if spec.nodes.len() > MOST_LEARNING_NODES {
        for other in (0..spec.nodes.len()).filter(|other| *other != index) {
            let mac = mac(other);
            let _ = writeln!(batch, "neigh add {} lladdr {mac} dev eth0 nud permanent", ipv4(other));
            if spec.ipv6 {
                let _ = writeln!(batch, "neigh add {} lladdr {mac} dev eth0 nud permanent", ipv6(other));
            }
        }
    }
    batch
}

/// The last part of a node's addresses, from 1. Skips numbers that end in 0 or 255, which look like a
/// network's own or a broadcast address.
fn number(index: usize) -> u16 {
    let index = u16::try_from(index).unwrap_or(u16::MAX);
    (index / 254) * 256 + index % 254 + 1
}

fn mac(index: usize) -> String {
    let [high, low] = number(index).to_be_bytes();
    format!("02:77:00:00:{high:02x}:{low:02x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_distinct_and_plain() {
        let all: Vec<Ipv4Addr> = (0..1000).map(ipv4).collect();
        assert_eq!(all[0], Ipv4Addr::new(10, 77, 0, 1));
        assert_eq!(all[253], Ipv4Addr::new(10, 77, 0, 254));
        assert_eq!(all[254], Ipv4Addr::new(10, 77, 1, 1));
        let mut unique = all.clone();
        unique.dedup();
        assert_eq!(unique.len(), all.len());
    }
}
