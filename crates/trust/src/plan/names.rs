//! Host names that can go into files.

use std::collections::HashMap;
use std::net::IpAddr;

use sshfiles::Hosts;

use crate::inventory::{is_host_name, is_number};
use crate::text::printable;

/// Host names that cannot be mapped.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NamesError {
    /// A name that would break or shadow something.
    #[error("the host name \"{0}\" cannot be mapped")]
    Invalid(String),
    /// A name that resolvers take for an address: nobody could be called by it.
    #[error("the host name \"{0}\" cannot be mapped: resolvers take it for an address, not for a name")]
    Number(String),
    /// Two nodes say the same name: a cloned machine, mostly.
    #[error("the host name {0} is used by more than one node")]
    Duplicate(String),
    /// Here the name leads to another machine: written into files of the nodes, it would lead their users astray.
    #[error("its host name {name} is left out: on this machine that name leads to {address}")]
    Elsewhere {
        /// The name.
        name: String,
        /// Where it leads.
        address: IpAddr,
    },
}

/// What this machine knows of names.
#[derive(Debug, Clone, Copy)]
pub struct KnownNames<'a> {
    /// Its `/etc/hosts`. What earlier runs wrote there says nothing: it is replaced.
    pub hosts: &'a [u8],
    /// Its own addresses: its own name may lead to any of them.
    pub own: &'a [IpAddr],
}

impl KnownNames<'_> {
    /// Whether a name that a node says it has belongs to another machine: `answer` is what the resolver gives, and the
    /// node's own address is not in it. Returns one of those addresses. A name that nobody knows belongs to nobody.
    #[must_use]
    pub fn elsewhere(&self, name: &str, node: IpAddr, answer: &[IpAddr]) -> Option<IpAddr> {
        if answer.contains(&node) {
            return None;
        }
        let lines = Hosts::parse(self.hosts).lookup(name);
        let others_say = |ip: &IpAddr| lines.iter().any(|(_, address, ours)| address == ip && !ours);
        let earlier_run = |ip: &IpAddr| lines.iter().any(|(_, address, _)| address == ip) && !others_say(ip);
        let own_name = |ip: &IpAddr| self.own.contains(&node) && (ip.is_loopback() || self.own.contains(ip));
        answer.iter().find(|ip| !earlier_run(ip) && !own_name(ip)).copied()
    }
}

/// The name of each node as `uname -n` tells it, or what is wrong with it.
#[must_use]
pub fn node_names<'a>(hostnames: impl Iterator<Item = &'a str> + Clone) -> Vec<Result<String, NamesError>> {
    let mut count: HashMap<String, usize> = HashMap::new();
    for name in hostnames.clone() {
        *count.entry(name.to_ascii_lowercase()).or_default() += 1;
    }
    let judge = |name: &str| {
        if is_number(name) {
            return Err(NamesError::Number(printable(name.as_bytes())));
        }
        if !is_host_name(name) {
            return Err(NamesError::Invalid(printable(name.as_bytes())));
        }
        match count.get(&name.to_ascii_lowercase()) {
            Some(0 | 1) | None => Ok(name.to_owned()),
            Some(_) => Err(NamesError::Duplicate(name.to_owned())),
        }
    };
    hostnames.map(judge).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_judged_by_what_resolvers_make_of_it() {
        let cases = [
            ("node1", None),
            ("1002", Some(NamesError::Number("1002".to_owned()))),
            ("0x7f.1", Some(NamesError::Number("0x7f.1".to_owned()))),
            ("10.0.0.1", Some(NamesError::Number("10.0.0.1".to_owned()))),
            ("a b", Some(NamesError::Invalid("a b".to_owned()))),
            ("twin", Some(NamesError::Duplicate("twin".to_owned()))),
            ("Twin", Some(NamesError::Duplicate("Twin".to_owned()))),
        ];
        let judged = node_names(cases.iter().map(|(name, _)| *name));
        for ((name, wanted), judged) in cases.iter().zip(judged) {
            assert_eq!(judged.err(), *wanted, "{name}");
        }
    }

    #[test]
    fn a_name_that_leads_to_another_machine_is_not_the_nodes() {
        let ip = |text: &str| text.parse::<IpAddr>().unwrap();
        let hosts = b"10.0.0.9 node2 #Gauss OM IP Hosts Mapping\n10.0.0.8 old\n10.0.0.8 old #Gauss OM IP Hosts Mapping\n";
        let own = [ip("10.0.0.1"), ip("192.168.1.1")];
        let known = KnownNames { hosts, own: &own };
        let cases: &[(&str, &str, &[&str], Option<&str>)] = &[
            ("nobody", "10.0.0.2", &[], None),
            ("db", "10.0.0.2", &["10.0.0.2"], None),
            ("db", "10.0.0.2", &["10.9.9.9", "10.0.0.2"], None),
            ("db", "10.0.0.2", &["10.9.9.9"], Some("10.9.9.9")),
            ("db", "10.0.0.2", &["fd00::9"], Some("fd00::9")),
            ("db", "10.0.0.2", &["127.0.1.1"], Some("127.0.1.1")),
            // An earlier run wrote it, when the node had that address.
            ("node2", "10.0.0.2", &["10.0.0.9"], None),
            ("NODE2", "10.0.0.2", &["10.0.0.9"], None),
            ("node2", "10.0.0.2", &["10.0.0.9", "10.9.9.9"], Some("10.9.9.9")),
            // An earlier run, and somebody else too.
            ("old", "10.0.0.2", &["10.0.0.8"], Some("10.0.0.8")),
            // This machine's own name, by its other addresses.
            ("me", "10.0.0.1", &["127.0.1.1"], None),
            ("me", "10.0.0.1", &["192.168.1.1", "::1"], None),
            ("me", "10.0.0.1", &["10.9.9.9"], Some("10.9.9.9")),
            ("me", "10.0.0.2", &["192.168.1.1"], Some("192.168.1.1")),
        ];
        for (name, node, answer, wanted) in cases {
            let answer: Vec<IpAddr> = answer.iter().map(|text| ip(text)).collect();
            assert_eq!(known.elsewhere(name, ip(node), &answer), wanted.map(ip), "{name} {node} {answer:?}");
        }
    }
}
