//! The names of the nodes that go into files.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::time::Duration;

use tokio::time::timeout;

use super::{Options, SetupError, read};
use crate::event::{Event, Observer};
use crate::fleet::enter::own_addresses;
use crate::inventory::{NodeIx, name_conflicts};
use crate::plan::{KnownNames, NamesError, node_names};
use crate::resolver;

/// How long name servers may take. A set-up must not hang on one that does not answer; then nobody has the names.
const LIMIT: Duration = Duration::from_secs(10);
/// This machine's table of names.
const HOSTS: &str = "/etc/hosts";

/// Compares the host names with those of the description.
pub(super) fn check(options: &Options, nodes: &[read::Node]) -> Result<(), SetupError> {
    // What a node that comes is called may be an alias.
    let is_new = |spec| options.growth.as_ref().is_some_and(|growth| growth.newcomers.contains(&spec));
    let described = nodes.iter().filter(|node| !is_new(node.spec));
    let said = described.map(|node| (node.spec, node.state.hostname.as_str()));
    let conflicts = name_conflicts(&options.cluster, said.filter(|_| options.check_names));
    if conflicts.is_empty() { Ok(()) } else { Err(SetupError::OtherNames(conflicts)) }
}

/// The names that only the nodes themselves say they have: a description is the user's word, and counts.
pub(super) fn unconfirmed(options: &Options, nodes: &[read::Node]) -> BTreeSet<String> {
    let described = |index| options.cluster.names.get(NodeIx::new(index)).cloned().flatten();
    let said = nodes.iter().enumerate().map(|(index, node)| (described(index), &node.state.hostname));
    let only_said = said.filter(|(described, name)| {
        crate::inventory::is_host_name(name)
            && !described.as_ref().is_some_and(|known| known.eq_ignore_ascii_case(name))
    });
    only_said.map(|(_, name)| name.clone()).collect()
}

/// What this machine's resolver says of names; nothing if it has no answer in time.
pub(super) async fn resolve(names: BTreeSet<String>) -> BTreeMap<String, Vec<IpAddr>> {
    if names.is_empty() {
        return BTreeMap::new();
    }
    timeout(LIMIT, resolver::addresses(&names)).await.ok().and_then(Result::ok).unwrap_or_default()
}

/// The names for the files. Where they are mapped, each node needs one of its own. One that leads to another machine here
/// is left out, so that no node can take somebody else's name by calling itself so.
pub(super) fn usable(
    nodes: &[read::Node],
    answers: &BTreeMap<String, Vec<IpAddr>>,
    mapped: bool,
    observer: &dyn Observer,
) -> Result<Vec<Option<String>>, SetupError> {
    let judged = node_names(nodes.iter().map(|node| node.state.hostname.as_str()));
    let mut bad = Vec::new();
    for (node, name) in nodes.iter().zip(&judged) {
        let Err(error) = name else { continue };
        observer.event(&Event::NameLeftOut { node: node.spec, reason: error.to_string() });
        bad.push((node.spec, error.clone()));
    }
    if mapped && !bad.is_empty() {
        return Err(SetupError::HostNames(bad));
    }
    let hosts = std::fs::read(HOSTS).unwrap_or_default();
    let own = own_addresses();
    let known = KnownNames { hosts: &hosts, own: &own };
    let names = nodes.iter().zip(judged).map(|(node, name)| {
        let name = name.ok()?;
        let answer = answers.get(&name).map(Vec::as_slice).unwrap_or_default();
        let Some(address) = known.elsewhere(&name, node.spec.ip, answer) else { return Some(name) };
        let text = NamesError::Elsewhere { name, address }.to_string();
        observer.event(&Event::Notice { node: node.spec, text });
        None
    });
    Ok(names.collect())
}
