//! The hostfile of the classic command: an address a line.

use std::collections::HashMap;
use std::net::IpAddr;

use super::{Cluster, NodeSpec, port, unusable};
use crate::text::printable;

/// Largest hostfile that is read, in bytes. 1,000 nodes need 50 KB.
pub const LARGEST_HOSTFILE: u64 = 4 << 20;

/// Why a line of a hostfile is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LineError {
    /// The first field is no IPv4 or IPv6 address.
    #[error("not an IP address")]
    NotAnAddress,
    /// An address that no cluster node can have.
    #[error("{0}")]
    UnusableAddress(&'static str),
    /// The port is neither 22 nor in 1025..65534.
    #[error("the port must be 22 or 1025 to 65534")]
    BadPort,
    /// The address stands on an earlier line with another port.
    #[error("line {0} gives the same address another port")]
    OtherPort(usize),
}

/// A line that was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadLine {
    /// Line number, from 1.
    pub number: usize,
    /// The line, safe to show.
    pub text: String,
    /// What is wrong with it.
    pub error: LineError,
}

/// Why a hostfile is refused as a whole.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HostfileError {
    /// No line names a node.
    #[error("the hostfile names no node")]
    Empty,
    /// Some lines are wrong: all of them.
    #[error("{} bad lines in the hostfile", .0.len())]
    BadLines(Vec<BadLine>),
}

/// Reads a hostfile: one `IP` or `IP,PORT` a line.
///
/// Blank lines, `#` comment lines, CRLF, a byte order mark and surrounding blanks are accepted; a repeated node counts
/// once. Total: any bytes give a cluster or an error.
///
/// # Errors
/// [`HostfileError::BadLines`] with every bad line, or [`HostfileError::Empty`].
pub fn parse_hostfile(bytes: &[u8]) -> Result<Cluster, HostfileError> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut nodes: Vec<NodeSpec> = Vec::new();
    let mut seen: HashMap<IpAddr, (usize, u16)> = HashMap::new();
    let mut bad = Vec::new();
    for (index, raw) in bytes.split(|b| *b == b'\n').enumerate() {
        let number = index + 1;
        let line = raw.trim_ascii();
        if line.is_empty() || line.starts_with(b"#") {
            continue;
        }
        let parsed = parse_line(line).and_then(|node| match seen.get(&node.ip) {
            Some((_, port)) if *port == node.port => Ok(None),
            Some((first, _)) => Err(LineError::OtherPort(*first)),
            None => Ok(Some(node)),
        });
        match parsed {
            Ok(None) => {}
            Ok(Some(node)) => {
                seen.insert(node.ip, (number, node.port));
                nodes.push(node);
            }
            Err(error) => bad.push(BadLine { number, text: printable(line), error }),
        }
    }
    refuse_loopback(&nodes, &seen, &mut bad);
    match (bad.is_empty(), nodes.is_empty()) {
        (false, _) => {
            bad.sort_by_key(|b| b.number);
            Err(HostfileError::BadLines(bad))
        }
        (true, true) => Err(HostfileError::Empty),
        (true, false) => Ok(Cluster::unnamed(nodes)),
    }
}

/// Loopback makes sense only for a "cluster" of this machine alone.
fn refuse_loopback(nodes: &[NodeSpec], seen: &HashMap<IpAddr, (usize, u16)>, bad: &mut Vec<BadLine>) {
    if nodes.len() + bad.len() < 2 {
        return;
    }
    for node in nodes.iter().filter(|n| n.ip.is_loopback()) {
        let number = seen.get(&node.ip).map_or(0, |(line, _)| *line);
        let error = LineError::UnusableAddress("a loopback address is every machine's own");
        bad.push(BadLine { number, text: node.ip.to_string(), error });
    }
}

/// Reads `IP` or `IP,PORT`.
fn parse_line(line: &[u8]) -> Result<NodeSpec, LineError> {
    let text = std::str::from_utf8(line).map_err(|_| LineError::NotAnAddress)?;
    let (address, port) = match text.split_once(',') {
        Some((address, text)) => (address.trim(), port(text.trim()).ok_or(LineError::BadPort)),
        None => (text, Ok(22)),
    };
    let ip = address.parse::<IpAddr>().map_err(|_| LineError::NotAnAddress)?.to_canonical();
    if let Some(reason) = unusable(ip) {
        return Err(LineError::UnusableAddress(reason));
    }
    Ok(NodeSpec { ip, port: port? })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn ips(text: &str) -> Vec<String> {
        parse_hostfile(text.as_bytes()).unwrap().nodes.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn accepted() {
        let cases: &[(&str, &[&str])] = &[
            ("10.0.0.1", &["10.0.0.1"]),
            ("10.0.0.1\n10.0.0.2\n", &["10.0.0.1", "10.0.0.2"]),
            ("\u{feff}10.0.0.1\r\n\r\n  10.0.0.2\t\r\n", &["10.0.0.1", "10.0.0.2"]),
            ("# all\n10.0.0.1,22\n10.0.0.1\n", &["10.0.0.1"]),
            ("10.0.0.1,2222\n10.0.0.2 , 65534", &["10.0.0.1:2222", "10.0.0.2:65534"]),
            ("FD00:0:0::0001\nfd00::1", &["fd00::1"]),
            ("fd00::1,2222", &["[fd00::1]:2222"]),
            ("::ffff:10.0.0.1\n10.0.0.1", &["10.0.0.1"]),
            ("127.0.0.1", &["127.0.0.1"]),
            ("::1", &["::1"]),
        ];
        for (text, wanted) in cases {
            assert_eq!(ips(text), *wanted, "{text:?}");
        }
    }

    #[test]
    fn refused() {
        use LineError::{BadPort, NotAnAddress, OtherPort};
        let cases: &[(&str, usize, LineError)] = &[
            ("node1", 1, NotAnAddress),
            ("10.0.0.1\nIP1:10.0.0.1", 2, NotAnAddress),
            ("10.0.0.256", 1, NotAnAddress),
            ("10.0.0.01", 1, NotAnAddress),
            ("10.0.0.1 10.0.0.2", 1, NotAnAddress),
            ("10.0.0.1 # master", 1, NotAnAddress),
            ("[fd00::1]:22", 1, NotAnAddress),
            ("fe80::1%eth0", 1, NotAnAddress),
            ("10.0.0.1,", 1, BadPort),
            ("10.0.0.1,ssh", 1, BadPort),
            ("10.0.0.1,+22", 1, BadPort),
            ("10.0.0.1,1024", 1, BadPort),
            ("10.0.0.1,65535", 1, BadPort),
            ("10.0.0.1,99999999999", 1, BadPort),
            ("10.0.0.1,22,22", 1, BadPort),
            ("10.0.0.1\n10.0.0.1,2222", 2, OtherPort(1)),
        ];
        for (text, number, error) in cases {
            let Err(HostfileError::BadLines(bad)) = parse_hostfile(text.as_bytes()) else {
                panic!("{text:?}")
            };
            assert_eq!((bad[0].number, &bad[0].error), (*number, error), "{text:?}");
        }
        for text in
            ["0.0.0.0", "::", "224.0.0.1", "ff02::1", "fe80::1", "255.255.255.255", "10.0.0.1\n127.0.0.1"]
        {
            let Err(HostfileError::BadLines(bad)) = parse_hostfile(text.as_bytes()) else {
                panic!("{text:?}")
            };
            assert!(matches!(bad[0].error, LineError::UnusableAddress(_)), "{text:?}");
        }
        let Err(HostfileError::BadLines(bad)) = parse_hostfile(b"127.0.0.1\nnode1") else { panic!() };
        assert_eq!(bad.len(), 2, "all is said at once");
        for text in ["", "\n\n", "# nothing\n", "\u{feff}"] {
            assert_eq!(parse_hostfile(text.as_bytes()), Err(HostfileError::Empty), "{text:?}");
        }
    }

    #[test]
    fn every_bad_line_is_named() {
        let Err(HostfileError::BadLines(bad)) = parse_hostfile(b"a\n10.0.0.1\nb\n\xff\xfe\n") else {
            panic!()
        };
        assert_eq!(bad.iter().map(|b| b.number).collect::<Vec<_>>(), [1, 3, 4]);
    }

    proptest! {
        #[test]
        fn any_bytes_give_an_answer(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            let _ = parse_hostfile(&bytes);
        }

        #[test]
        fn what_is_printed_is_read_again(ip in any::<[u8; 4]>(), port in 1025u16..65535) {
            let text = format!("{},{port}", IpAddr::from(ip));
            if let Ok(cluster) = parse_hostfile(text.as_bytes()) {
                prop_assert_eq!(cluster.nodes.as_slice(), &[NodeSpec { ip: IpAddr::from(ip), port }]);
            }
        }
    }
}
