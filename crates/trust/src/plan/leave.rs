//! Nodes that leave a cluster: what the others know of them, and how that goes. Pure.

use std::collections::BTreeSet;
use std::net::IpAddr;

use sshfiles::{AuthorizedKeys, HostEntry, Hosts, KnownHosts, PublicKey, host_field};

use super::setup::entries;
use super::{AgentEdit, Keepalive, NodePlan};
use crate::inventory::NodeSpec;
use crate::key::{KeyMaterial, NodeKeys};
use crate::observe::NodeState;
use crate::part::{authorize, config, known_hosts, mapping};
use crate::place::Place;

/// A node that leaves, by all that the others call it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leaver {
    /// Which node.
    pub spec: NodeSpec,
    /// Its names: those of the description, and those that the others have it under.
    pub names: BTreeSet<String>,
}

impl Leaver {
    /// Whether a host is this node: by its address or one of its names.
    #[must_use]
    pub fn is_called(&self, host: &str) -> bool {
        host.parse::<IpAddr>().is_ok_and(|ip| ip == self.spec.ip)
            || self.names.iter().any(|name| name.eq_ignore_ascii_case(host))
    }

    /// Whether an entry of the block in `~/.ssh/config` is about this node.
    #[must_use]
    pub fn is(&self, host: &HostEntry) -> bool {
        self.is_called(&host.address) || self.is_called(&host.name)
    }
}

/// The nodes that leave, with the names by which those that stay know them. `said`: each with the names that the description
/// and the node itself give it. A name of a node that stays is nobody else's.
#[must_use]
pub fn leavers(
    said: &[(NodeSpec, Vec<String>)],
    stay: &[NodeState],
    names: &[Option<String>],
) -> Vec<Leaver> {
    let stays = |name: &str| {
        let known = stay.iter().zip(names).any(|(state, own)| {
            own.as_deref().is_some_and(|own| own.eq_ignore_ascii_case(name))
                || state.hostname.eq_ignore_ascii_case(name)
        });
        known || name.parse::<IpAddr>().is_ok()
    };
    let one = |(spec, said): &(NodeSpec, Vec<String>)| {
        let known = stay.iter().flat_map(|state| names_on(state, *spec));
        let names =
            said.iter().cloned().chain(known).filter(|name| !name.is_empty() && !stays(name)).collect();
        Leaver { spec: *spec, names }
    };
    said.iter().map(one).collect()
}

/// The names that a node's files give an address: by the mapping, by the block, and by host keys that are on record for both.
fn names_on(state: &NodeState, spec: NodeSpec) -> Vec<String> {
    let mapped = Hosts::parse(state.bytes(Place::Hosts)).mapping().into_iter();
    let mut names: Vec<String> =
        mapped.filter(|(ip, _)| *ip == spec.ip).flat_map(|(_, names)| names).collect();
    let address = spec.ip.to_string();
    let known = config::known(state);
    names.extend(known.iter().filter(|host| host.address == address).map(|host| host.name.clone()));
    let records = KnownHosts::parse(state.bytes(Place::KnownHosts)).ours();
    let field = host_field(&address, spec.port);
    let keys: Vec<&PublicKey> =
        records.iter().filter(|(host, _)| *host == field).map(|(_, key)| key).collect();
    names
        .extend(records.iter().filter(|(_, key)| keys.contains(&key)).map(|(host, _)| bare(host).to_owned()));
    names
}

/// A host without brackets and port.
pub(crate) fn bare(field: &str) -> &str {
    let inner = field.strip_prefix('[').and_then(|rest| rest.split_once(']'));
    inner.map_or(field, |(host, _)| host)
}

/// Whether a node has the block in `~/.ssh/config`, which says whom it knows.
#[must_use]
pub fn has_block(state: &NodeState) -> bool {
    !config::known(state).is_empty()
}

/// Whether a node has anything of one that leaves on record: in the block, or a host key.
#[must_use]
pub fn knows(state: &NodeState, leaver: &Leaver) -> bool {
    let records = KnownHosts::parse(state.bytes(Place::KnownHosts)).ours();
    config::known(state).iter().any(|host| leaver.is(host))
        || records.iter().any(|(host, _)| leaver.is_called(bare(host)))
}

/// The keys that lines of ours on a node let in although no node that stays comes with them: once all of a cluster is
/// here, those of nodes that leave. What a node that leaves says of its own key does not count.
#[must_use]
pub fn strange_keys<'a>(authorized: &[u8], stay: impl Iterator<Item = &'a PublicKey>) -> Vec<PublicKey> {
    let stay: BTreeSet<&PublicKey> = stay.collect();
    let lines = AuthorizedKeys::parse(authorized);
    let ours = lines.entries().filter(|line| line.ours && !stay.contains(&line.key));
    ours.map(|line| line.key).collect::<BTreeSet<_>>().into_iter().collect()
}

/// Who stays, and with what.
pub struct Staying<'a> {
    /// The nodes as they were read, with their host keys.
    pub states: &'a [NodeState],
    /// Their names in files.
    pub names: &'a [Option<String>],
    /// The keys that they come with.
    pub keys: &'a NodeKeys,
}

/// Plans that all that a node has of those that leave goes: their keys, host keys, names and entries. `done` is its plan of a
/// set-up without them, `now` the node as it is after it.
#[must_use]
pub fn without_nodes(done: &NodePlan, now: &NodeState, gone: &[Leaver], stay: &Staying<'_>) -> NodePlan {
    let lines = now.entry(Place::AuthorizedKeys);
    let keys = strange_keys(&lines.bytes, stay.keys.all().map(KeyMaterial::public));
    let block = config::Block::of(entries(stay.states, stay.names));
    let files = [
        authorize::without(lines, &keys, &gone.iter().map(|leaver| leaver.spec.ip).collect()),
        known_hosts::without(now, gone, stay.states),
        block.without(now, gone),
        mapping::without(now, gone),
    ];
    let files = files.into_iter().flatten().collect();
    NodePlan { files, dirs: Vec::new(), agent: AgentEdit::Nothing, keepalive: Keepalive::Off, ..done.clone() }
}
