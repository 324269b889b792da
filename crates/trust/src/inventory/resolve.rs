//! From names to addresses, with what the system said about the names.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use super::name::looks_like_address;
use super::{Clash, Cluster, Member, NodeSpec, is_host_name, unusable};
use crate::text::printable;

/// Where a host can be reached, as a description has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    /// An address.
    Ip(IpAddr),
    /// A name that has to be resolved.
    Name(String),
}

/// A host of a description that may name hosts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Host {
    /// Where it is.
    pub address: Address,
    /// Its port, if the description gives one.
    pub port: Option<u16>,
    /// Its name in the cluster, if the description gives one.
    pub name: Option<String>,
    /// Other names by which the description calls it.
    pub called: Vec<String>,
    /// Where that stands, as a person finds it.
    pub origin: String,
}

/// Why a word is neither an address nor a host name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("neither an IP address nor a host name")]
pub struct NoAddress;

impl Address {
    /// The name, if it is one.
    fn name(&self) -> Option<&str> {
        match self {
            Self::Name(name) => Some(name),
            Self::Ip(_) => None,
        }
    }

    /// Reads an address or a host name.
    ///
    /// # Errors
    /// The name, if it leads nowhere; also for what looks like an address and is none: `10.0.0.01`, `10.0.0.1:22`.
    pub fn read(word: &str) -> Result<Self, NoAddress> {
        if let Ok(ip) = word.parse::<IpAddr>() {
            return Ok(Self::Ip(ip.to_canonical()));
        }
        if is_host_name(word) && !looks_like_address(word) {
            return Ok(Self::Name(word.to_owned()));
        }
        Err(NoAddress)
    }
}

/// Why a name leads to no node.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ResolveError {
    /// The system knows no address.
    #[error("{origin}: the name {name} cannot be resolved on this machine")]
    Unknown {
        /// Where it stands.
        origin: String,
        /// Which.
        name: String,
    },
    /// There is more than one address, and which one is meant cannot be known.
    #[error("{origin}: the name {name} has several addresses: {}", list(.addresses))]
    Ambiguous {
        /// Where it stands.
        origin: String,
        /// Which.
        name: String,
        /// They.
        addresses: Vec<IpAddr>,
    },
    /// It leads to this machine itself, whichever machine that is.
    #[error(
        "{origin}: the name {name} leads to the loopback address {ip}: /etc/hosts maps a machine's own name to 127.0.x.1 \
         on many systems (Debian)"
    )]
    Loopback {
        /// Where it stands.
        origin: String,
        /// Which.
        name: String,
        /// The address.
        ip: IpAddr,
    },
    /// It leads to an address that no node can have.
    #[error("{origin}: the name {name} leads to {ip}: {why}")]
    Unusable {
        /// Where it stands.
        origin: String,
        /// Which.
        name: String,
        /// The address.
        ip: IpAddr,
        /// Why.
        why: &'static str,
    },
    /// The hosts contradict each other.
    #[error("{}", with_origin(.0))]
    Clash(Clash),
}

fn with_origin(clash: &Clash) -> String {
    if clash.origin().is_empty() { clash.to_string() } else { format!("{}: {clash}", clash.origin()) }
}

fn list(addresses: &[IpAddr]) -> String {
    addresses.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// The names that have to be resolved, each once.
#[must_use]
pub fn names(hosts: &[Host]) -> BTreeSet<String> {
    hosts.iter().filter_map(|host| host.address.name()).map(str::to_owned).collect()
}

/// Makes a cluster of the hosts. `found` has the addresses of each name; `port` is that of hosts without one.
///
/// # Errors
/// Every [`ResolveError`].
pub fn resolve(
    hosts: Vec<Host>,
    found: &BTreeMap<String, Vec<IpAddr>>,
    port: u16,
) -> Result<Cluster, Vec<ResolveError>> {
    let mut members = Vec::new();
    let mut errors = Vec::new();
    for host in hosts {
        let ip = match &host.address {
            Address::Ip(ip) => Ok(*ip),
            Address::Name(name) => choose(name, &host.origin, found.get(name).map_or(&[], Vec::as_slice)),
        };
        match ip {
            Ok(ip) => {
                let spec = NodeSpec { ip, port: host.port.unwrap_or(port) };
                let mut called = host.called;
                called.extend(host.address.name().map(str::to_owned));
                members.push(Member { spec, name: host.name, called, origin: host.origin });
            }
            Err(error) => errors.push(error),
        }
    }
    match Cluster::new(members) {
        Ok(cluster) if errors.is_empty() => Ok(cluster),
        Ok(_) => Err(errors),
        Err(clashes) => {
            // That nothing is left is no news where every name failed.
            let news = clashes.into_iter().filter(|c| errors.is_empty() || *c != Clash::Empty);
            let news: Vec<ResolveError> = news.map(ResolveError::Clash).collect();
            errors.extend(news);
            Err(errors)
        }
    }
}

/// The one address of a name. Of both families IPv4 counts.
fn choose(name: &str, origin: &str, found: &[IpAddr]) -> Result<IpAddr, ResolveError> {
    let (origin, name) = (origin.to_owned(), name.to_owned());
    let distinct: BTreeSet<IpAddr> = found.iter().map(IpAddr::to_canonical).collect();
    let (v4, v6): (Vec<IpAddr>, Vec<IpAddr>) = distinct.into_iter().partition(IpAddr::is_ipv4);
    // Without an interface a link-local address is no answer.
    let v6 = v6.into_iter().filter(|ip| v4.is_empty() && unusable(*ip).is_none());
    let addresses: Vec<IpAddr> = if v4.is_empty() { v6.collect() } else { v4 };
    if let Some(ip) = addresses.iter().find(|ip| ip.is_loopback()) {
        return Err(ResolveError::Loopback { origin, name, ip: *ip });
    }
    match addresses.as_slice() {
        [] => Err(ResolveError::Unknown { origin, name }),
        [ip] => match unusable(*ip) {
            Some(why) => Err(ResolveError::Unusable { origin, name, ip: *ip, why }),
            None => Ok(*ip),
        },
        _ => Err(ResolveError::Ambiguous { origin, name, addresses }),
    }
}

/// Reads what `getent ahosts` printed for several names, each name's answer below a line `= NAME`.
///
/// See getent(1): an address a line, once for each type of socket. Lines that are none of this are skipped.
#[must_use]
pub fn parse_getent(output: &[u8]) -> BTreeMap<String, Vec<IpAddr>> {
    let mut found: BTreeMap<String, Vec<IpAddr>> = BTreeMap::new();
    let mut name = None;
    for line in String::from_utf8_lossy(output).lines() {
        if let Some(next) = line.strip_prefix("= ") {
            name = Some(printable(next.as_bytes()));
            continue;
        }
        let word = line.split_whitespace().next().unwrap_or_default();
        // An address with an interface: fe80::1%eth0.
        let address = word.split('%').next().unwrap_or_default().parse::<IpAddr>();
        if let (Some(name), Ok(ip)) = (&name, address) {
            let known = found.entry(name.clone()).or_default();
            if !known.contains(&ip) {
                known.push(ip);
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn host(word: &str) -> Host {
        Host {
            address: Address::read(word).unwrap(),
            port: None,
            name: Some(word.to_owned()).filter(|w| w.parse::<IpAddr>().is_err()),
            called: Vec::new(),
            origin: format!("'{word}'"),
        }
    }

    fn run(words: &[&str], found: &[(&str, &[&str])]) -> Result<Vec<String>, Vec<String>> {
        let found = found
            .iter()
            .map(|(name, ips)| ((*name).to_owned(), ips.iter().map(|ip| ip.parse().unwrap()).collect()))
            .collect();
        let hosts: Vec<Host> = words.iter().map(|word| host(word)).collect();
        let cluster = resolve(hosts, &found, 22);
        let show = |e: Vec<ResolveError>| e.iter().map(ToString::to_string).collect();
        cluster.map(|c| c.nodes.iter().map(ToString::to_string).collect()).map_err(show)
    }

    #[test]
    fn places() {
        assert_eq!(Address::read("::ffff:10.0.0.1"), Address::read("10.0.0.1"));
        for word in ["", "10.0.0.01", "10.0.0.1:22", "a b", "localhost", "-n", "fd00::g", "10.1"] {
            assert_eq!(Address::read(word), Err(NoAddress), "{word}");
        }
    }

    #[test]
    fn good_names() {
        let found: &[(&str, &[&str])] = &[
            ("a", &["10.0.0.1", "10.0.0.1", "fd00::1"]),
            ("b", &["fd00::2", "fe80::2"]),
            ("c", &["::ffff:10.0.0.3", "::1"]),
        ];
        assert_eq!(
            run(&["a", "b", "c", "10.0.0.4"], found).unwrap(),
            ["10.0.0.1", "fd00::2", "10.0.0.3", "10.0.0.4"]
        );
        assert_eq!(run(&["a", "a", "10.0.0.1"], found).unwrap(), ["10.0.0.1"]);
    }

    #[test]
    fn every_bad_name_is_named() {
        let found: &[(&str, &[&str])] = &[
            ("many", &["10.0.0.1", "10.0.0.2"]),
            ("own", &["127.0.1.1"]),
            ("half", &["10.0.0.9", "127.0.1.1"]),
            ("six", &["fd00::1", "fd00::2"]),
            ("any", &["0.0.0.0"]),
        ];
        let said = run(&["many", "own", "half", "six", "any", "none"], found).unwrap_err();
        let loopback =
            "127.0.1.1: /etc/hosts maps a machine's own name to 127.0.x.1 on many systems (Debian)";
        assert_eq!(
            said,
            [
                "'many': the name many has several addresses: 10.0.0.1, 10.0.0.2".to_owned(),
                format!("'own': the name own leads to the loopback address {loopback}"),
                format!("'half': the name half leads to the loopback address {loopback}"),
                "'six': the name six has several addresses: fd00::1, fd00::2".to_owned(),
                "'any': the name any leads to 0.0.0.0: the unspecified address".to_owned(),
                "'none': the name none cannot be resolved on this machine".to_owned(),
            ]
        );
        let twins = run(&["a", "b"], &[("a", &["10.0.0.1"]), ("b", &["10.0.0.1"])]).unwrap_err();
        assert_eq!(twins, ["'b': b has the same address as a in 'a': 10.0.0.1"]);
    }

    #[test]
    fn what_getent_prints() {
        let output = b"= node1\n10.0.0.1        STREAM node1.example.com\n10.0.0.1        DGRAM  \n10.0.0.1        RAW    \n\
                       fe80::1%eth0    STREAM \n= none\n= node2\nfd00::2         STREAM node2\ngarbage \xff\n";
        let found = parse_getent(output);
        assert_eq!(found.keys().collect::<Vec<_>>(), ["node1", "node2"]);
        assert_eq!(found["node1"], ["10.0.0.1".parse::<IpAddr>().unwrap(), "fe80::1".parse().unwrap()]);
        assert!(parse_getent(b"10.0.0.1 STREAM x\n").is_empty(), "an answer to no question");
    }

    proptest! {
        #[test]
        fn any_output_gives_an_answer(output in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = parse_getent(&output);
        }
    }
}
