//! Who is in the cluster, and the ways in which that can be described.
//!
//! - [`parse_hostfile`]: the hostfile of the classic command.
//! - [`xml`]: openGauss's cluster XML.
//! - [`nodeset`]: a node set as ClusterShell writes it.
//! - [`ansible`]: an Ansible inventory.
//!
//! Where a description names hosts instead of addresses, [`resolve`] turns them into a cluster with what the system
//! said about the names. All of it is pure: any bytes give a cluster or an error.

pub mod ansible;
mod cluster;
mod hostfile;
mod index;
mod join;
mod name;
pub mod nodeset;
mod removal;
mod resolve;
pub mod xml;

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

pub use cluster::{Clash, Cluster, Member, NameConflict, name_conflicts};
pub use hostfile::{BadLine, HostfileError, LARGEST_HOSTFILE, LineError, parse_hostfile};
pub use index::{Entries, NodeIx, NodeMap};
pub use name::is_host_name;
pub(crate) use name::is_number;
pub use removal::RemovalError;
pub use resolve::{Address, Host, ResolveError, names, parse_getent, resolve};

/// Most nodes that a description may name.
pub const MOST_NODES: usize = 1_000;
/// Largest cluster XML or Ansible inventory that is read, in bytes.
pub const LARGEST_DESCRIPTION: u64 = 4 << 20;

/// A node as the user named it: an address and the port of its SSH daemon.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NodeSpec {
    /// The address. It is the identity of the node.
    pub ip: IpAddr,
    /// The port its `sshd` listens on.
    pub port: u16,
}

impl fmt::Display for NodeSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.port, self.ip) {
            (22, ip) => write!(f, "{ip}"),
            (port, IpAddr::V6(ip)) => write!(f, "[{ip}]:{port}"),
            (port, ip) => write!(f, "{ip}:{port}"),
        }
    }
}

/// A mistake in a description, and the line it stands on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake<E> {
    /// Line number, from 1.
    pub line: usize,
    /// What is wrong.
    pub error: E,
}

impl<E: fmt::Display> fmt::Display for Mistake<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.error)
    }
}

/// Ports as openGauss allows them: 22 or 1025 to 65534, in digits only.
#[must_use]
pub fn port(text: &str) -> Option<u16> {
    if text.is_empty() || !text.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    text.parse().ok().filter(|port| matches!(port, 22 | 1025..=65534))
}

/// Why no cluster node can have this address, if so.
fn unusable(ip: IpAddr) -> Option<&'static str> {
    let link_local_v6 = matches!(ip, IpAddr::V6(v6) if is_link_local(v6));
    if ip.is_unspecified() {
        Some("the unspecified address")
    } else if ip.is_multicast() {
        Some("a multicast address")
    } else if link_local_v6 {
        Some("a link-local address (fe80::/10) needs an interface to mean anything")
    } else if matches!(ip, IpAddr::V4(v4) if v4.is_broadcast()) {
        Some("the broadcast address")
    } else {
        None
    }
}

fn is_link_local(ip: Ipv6Addr) -> bool {
    ip.segments().first().is_some_and(|s| s & 0xffc0 == 0xfe80)
}
