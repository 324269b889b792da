//! The nodes of a cluster, and what a description may not say about them.

use std::collections::HashMap;
use std::net::IpAddr;

use super::{NodeMap, NodeSpec, unusable};
use crate::text::printable;

/// The nodes of a cluster, each address once, in the user's order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cluster {
    /// The nodes. Never empty.
    pub nodes: NodeMap<NodeSpec>,
    /// The host name that the description gives each node; `None` where it gives none. As many as nodes.
    pub names: NodeMap<Option<String>>,
    /// Every name by which the description calls each node, whether or not it is the machine's own: a host key may be on
    /// record under any of them. As many as nodes.
    pub called: NodeMap<Vec<String>>,
}

/// A node as a description has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// The node.
    pub spec: NodeSpec,
    /// The host name that the description gives it.
    pub name: Option<String>,
    /// Other names by which it calls the node.
    pub called: Vec<String>,
    /// Where that stands, as a person finds it: `line 7`, or the word of a node set.
    pub origin: String,
}

/// Two things in a description that cannot both be true, or one that can never be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Clash {
    /// There is no node.
    #[error("it names no node")]
    Empty,
    /// An address that no cluster node can have.
    #[error("{ip}: {why}")]
    UnusableAddress {
        /// Where.
        origin: String,
        /// Which.
        ip: IpAddr,
        /// Why.
        why: &'static str,
    },
    /// One address with two ports.
    #[error("{ip} has another port than in {first}")]
    OtherPort {
        /// Where.
        origin: String,
        /// Where the address stood before.
        first: String,
        /// Which.
        ip: IpAddr,
    },
    /// One address with two names.
    #[error("{name} has the same address as {other} in {first}: {ip}")]
    SameAddress {
        /// Where.
        origin: String,
        /// Where the address stood before.
        first: String,
        /// Which.
        ip: IpAddr,
        /// Its name here.
        name: String,
        /// Its name before.
        other: String,
    },
    /// One name with two addresses.
    #[error("the name {name} has another address than in {first}")]
    SameName {
        /// Where.
        origin: String,
        /// Where the name stood before.
        first: String,
        /// Which.
        name: String,
    },
}

impl Clash {
    /// Where the mistake stands; empty if it is the description as a whole.
    #[must_use]
    pub fn origin(&self) -> &str {
        match self {
            Self::Empty => "",
            Self::UnusableAddress { origin, .. }
            | Self::OtherPort { origin, .. }
            | Self::SameAddress { origin, .. }
            | Self::SameName { origin, .. } => origin,
        }
    }
}

impl Cluster {
    /// Nodes without names. The caller has seen to it that they are distinct, and that there is one.
    pub(super) fn unnamed(nodes: Vec<NodeSpec>) -> Self {
        let names = nodes.iter().map(|_| None).collect();
        let called = nodes.iter().map(|_| Vec::new()).collect();
        Self { nodes: nodes.into(), names, called }
    }

    /// The same cluster with some of its nodes only.
    #[must_use]
    pub fn only(&self, wanted: impl Fn(NodeSpec) -> bool) -> Self {
        let all = self.nodes.iter().zip(&self.names).zip(&self.called);
        let some = all.filter(|((node, _), _)| wanted(**node));
        let (rest, called): (Vec<_>, Vec<_>) =
            some.map(|((node, name), called)| ((*node, name.clone()), called.clone())).unzip();
        let (nodes, names): (Vec<_>, Vec<_>) = rest.into_iter().unzip();
        Self { nodes: nodes.into(), names: names.into(), called: called.into() }
    }

    /// Puts the nodes of a description together. One that comes twice counts once.
    ///
    /// # Errors
    /// Every [`Clash`].
    pub fn new(members: Vec<Member>) -> Result<Self, Vec<Clash>> {
        let mut made: Vec<Member> = Vec::new();
        let mut by_ip: HashMap<IpAddr, usize> = HashMap::new();
        let mut by_name: HashMap<String, usize> = HashMap::new();
        let mut clashes = Vec::new();
        for member in members {
            let at = by_ip.get(&member.spec.ip).copied();
            if let Some(clash) = at.and_then(|at| made.get(at)).and_then(|first| clash(first, &member)) {
                clashes.push(clash);
                continue;
            }
            if let Some(name) = &member.name {
                let place = *by_name.entry(name.to_ascii_lowercase()).or_insert(at.unwrap_or(made.len()));
                if let Some(first) = made.get(place).filter(|first| first.spec.ip != member.spec.ip) {
                    let (origin, first) = (member.origin, first.origin.clone());
                    clashes.push(Clash::SameName { origin, first, name: name.clone() });
                    continue;
                }
            }
            match at.and_then(|at| made.get_mut(at)) {
                Some(first) => {
                    first.called.extend(member.called);
                    first.name = first.name.take().or(member.name);
                }
                None => {
                    by_ip.insert(member.spec.ip, made.len());
                    made.push(member);
                }
            }
        }
        clashes.extend(addresses(&made, clashes.is_empty()));
        if !clashes.is_empty() {
            return Err(clashes);
        }
        let called = made.iter().map(Member::all_names).collect();
        let (nodes, names): (Vec<_>, Vec<_>) = made.into_iter().map(|m| (m.spec, m.name)).unzip();
        Ok(Self { nodes: nodes.into(), names: names.into(), called })
    }
}

impl Member {
    /// Every name that it has, each once; letters count alike, large or small.
    fn all_names(&self) -> Vec<String> {
        let mut all: Vec<String> = Vec::new();
        for name in self.name.iter().chain(&self.called) {
            if !all.iter().any(|known| known.eq_ignore_ascii_case(name)) {
                all.push(name.clone());
            }
        }
        all
    }
}

/// What a second mention of an address contradicts in the first.
fn clash(first: &Member, again: &Member) -> Option<Clash> {
    let (origin, ip) = (again.origin.clone(), again.spec.ip);
    match (&first.name, &again.name) {
        (Some(other), Some(name)) if !other.eq_ignore_ascii_case(name) => Some(Clash::SameAddress {
            origin,
            first: first.origin.clone(),
            ip,
            name: name.clone(),
            other: other.clone(),
        }),
        _ if first.spec.port != again.spec.port => {
            Some(Clash::OtherPort { origin, first: first.origin.clone(), ip })
        }
        _ => None,
    }
}

/// Addresses that no node can have. Loopback makes sense only for a "cluster" of this machine alone.
fn addresses(members: &[Member], complete: bool) -> Vec<Clash> {
    if members.is_empty() && complete {
        return vec![Clash::Empty];
    }
    let alone = members.len() == 1 && complete;
    let judge = |member: &Member| {
        let ip = member.spec.ip;
        let loopback = (ip.is_loopback() && !alone).then_some("a loopback address is every machine's own");
        let why = unusable(ip).or(loopback)?;
        Some(Clash::UnusableAddress { origin: member.origin.clone(), ip, why })
    };
    members.iter().filter_map(judge).collect()
}

/// A node whose real host name is not the one that the description gives it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NameConflict {
    /// Which node.
    pub node: NodeSpec,
    /// Its name in the description.
    pub described: String,
    /// What `uname -n` says there, safe to show.
    pub real: String,
}

/// The nodes whose host name (`uname -n`) differs from the description's. openGauss compares them letter by letter.
///
/// Meaningful for descriptions that state host names: openGauss's XML. The words of a node set may be aliases.
pub fn name_conflicts<'a>(
    cluster: &Cluster,
    said: impl IntoIterator<Item = (NodeSpec, &'a str)>,
) -> Vec<NameConflict> {
    let described: HashMap<NodeSpec, &String> = cluster
        .nodes
        .iter()
        .zip(&cluster.names)
        .filter_map(|(node, name)| name.as_ref().map(|n| (*node, n)))
        .collect();
    let judge = |(node, real): (NodeSpec, &'a str)| {
        let name = described.get(&node).filter(|name| name.as_str() != real)?;
        Some(NameConflict { node, described: (*name).clone(), real: printable(real.as_bytes()) })
    };
    said.into_iter().filter_map(judge).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member(ip: &str, port: u16, name: &str, origin: &str) -> Member {
        let name = (!name.is_empty()).then(|| name.to_owned());
        let spec = NodeSpec { ip: ip.parse().unwrap(), port };
        Member { spec, name, called: Vec::new(), origin: origin.to_owned() }
    }

    #[test]
    fn every_name_of_a_node_is_kept_once() {
        let called = |mut member: Member, names: &[&str]| {
            member.called = names.iter().map(|name| (*name).to_owned()).collect();
            member
        };
        let cluster = Cluster::new(vec![
            called(member("10.0.0.1", 22, "n1", "a"), &["N1", "n1.example.com"]),
            member("10.0.0.2", 22, "", "b"),
            called(member("10.0.0.1", 22, "", "c"), &["db1"]),
        ])
        .unwrap();
        assert_eq!(cluster.called.as_slice(), [vec!["n1", "n1.example.com", "db1"], vec![]]);
        let one = cluster.only(|node| node.ip == cluster.nodes.as_slice()[0].ip);
        assert_eq!(
            (one.nodes.len(), one.names.len(), one.called.as_slice()),
            (1, 1, &cluster.called.as_slice()[..1])
        );
    }

    #[test]
    fn a_node_that_comes_twice_counts_once_and_keeps_its_name() {
        let cluster = Cluster::new(vec![
            member("10.0.0.2", 22, "", "a"),
            member("10.0.0.1", 22, "n1", "b"),
            member("10.0.0.2", 22, "n2", "c"),
            member("10.0.0.1", 22, "N1", "d"),
            member("10.0.0.1", 22, "", "e"),
        ])
        .unwrap();
        let nodes: Vec<String> = cluster.nodes.iter().map(ToString::to_string).collect();
        assert_eq!(nodes, ["10.0.0.2", "10.0.0.1"]);
        assert_eq!(cluster.names.as_slice(), [Some("n2".to_owned()), Some("n1".to_owned())]);
    }

    #[test]
    fn contradictions_are_all_named() {
        let clashes = Cluster::new(vec![
            member("10.0.0.1", 22, "n1", "line 1"),
            member("10.0.0.1", 2222, "n1", "line 2"),
            member("10.0.0.1", 22, "n9", "line 3"),
            member("10.0.0.2", 22, "N1", "line 4"),
            member("127.0.0.1", 22, "", "line 5"),
            member("0.0.0.0", 22, "", "line 6"),
        ])
        .unwrap_err();
        let said: Vec<String> = clashes.iter().map(|c| format!("{}: {c}", c.origin())).collect();
        assert_eq!(
            said,
            [
                "line 2: 10.0.0.1 has another port than in line 1",
                "line 3: n9 has the same address as n1 in line 1: 10.0.0.1",
                "line 4: the name N1 has another address than in line 1",
                "line 5: 127.0.0.1: a loopback address is every machine's own",
                "line 6: 0.0.0.0: the unspecified address",
            ]
        );
        assert_eq!(Cluster::new(Vec::new()), Err(vec![Clash::Empty]));
        assert!(Cluster::new(vec![member("127.0.0.1", 22, "", "alone")]).is_ok());
    }

    #[test]
    fn names_are_compared_letter_by_letter_where_both_are_known() {
        let cluster = Cluster::new(vec![
            member("10.0.0.1", 22, "node1", "1"),
            member("10.0.0.2", 2222, "node2", "2"),
            member("10.0.0.3", 22, "", "3"),
        ])
        .unwrap();
        let said = ["node1", "Node2\x1b", "anything"];
        let conflicts = name_conflicts(&cluster, cluster.nodes.iter().copied().zip(said));
        assert_eq!(
            conflicts,
            [NameConflict {
                node: cluster.nodes.as_slice()[1],
                described: "node2".to_owned(),
                real: "Node2\\u{1b}".to_owned()
            }]
        );
    }
}
