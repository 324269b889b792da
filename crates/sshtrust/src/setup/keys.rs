//! The keys of a run: chosen or made, and told.

use std::collections::BTreeSet;

use super::{Options, SetupError, read};
use crate::event::{Event, Observer};
use crate::identity::{IdentityError, IdentityKey, KeyMode, NodeKeys, Obtained, obtain};
use crate::inventory::NodeSpec;
use crate::observe::NodeState;
use crate::place::Place;
use crate::plan::Wish;
use crate::program::{LeftOut, Programs};
use crate::text::printable;

/// The keys that the nodes shall come with, and what was computed beside them.
pub(super) struct Chosen {
    pub(super) obtained: Obtained,
    pub(super) states: Vec<NodeState>,
    pub(super) programs: Programs,
    pub(super) left_out: Vec<LeftOut>,
}

/// Chooses or makes the keys, and packs the programs. Not on the async threads: both take their time.
pub(super) async fn choose(options: &Options, nodes: &[read::Node]) -> Result<Chosen, SetupError> {
    let states: Vec<_> = nodes.iter().map(|node| node.state.clone()).collect();
    let local = nodes.iter().find(|node| node.local).map(|node| node.spec);
    let (mode, key_type, new_key) = (options.keys, options.key_type, options.new_key);
    let newcomers = options.growth.as_ref().map(|growth| growth.newcomers.clone());
    let (user, own) = (options.user.clone(), options.keepalive.clone());
    let work = tokio::task::spawn_blocking(move || {
        let host =
            |node: Option<&NodeState>| node.map_or_else(read::this_host, |node| read::host(&node.hostname));
        let wish = Wish { mode, key_type, new_key, prefer: local, newcomers: newcomers.as_ref() };
        let obtained = obtain(&states, wish, |node| format!("{user}@{}", host(node)))?;
        let machines = states.iter().filter_map(|state| state.system.split_whitespace().last());
        let (programs, left_out) = own.map(|own| Programs::find(&own, machines)).unwrap_or_default();
        Ok::<_, IdentityError>(Chosen { obtained, states, programs, left_out })
    });
    Ok(work.await.map_err(|e| SetupError::Key(e.to_string()))??)
}

/// One line for a key that all share; else one for each node.
pub(super) fn tell(
    keys: &NodeKeys<IdentityKey>,
    new: &BTreeSet<NodeSpec>,
    nodes: &[read::Node],
    observer: &dyn Observer,
) {
    let shared = keys.mode() == KeyMode::Shared;
    for node in nodes.iter().take(if shared { 1 } else { nodes.len() }) {
        let Some(key) = keys.of(node.spec) else { continue };
        let new = new.contains(&node.spec);
        let holder = if shared && !new { holder(key, nodes) } else { None };
        let text = format!("{} {}", key.public().algorithm(), key.public().fingerprint());
        let node = (!shared).then_some(node.spec);
        observer.event(&Event::KeyReady { node, key: text, new, holder });
    }
}

/// Whose key it is that all shall share, if it is there already and not the coordinator's own: name and address, safe to show.
fn holder(key: &IdentityKey, nodes: &[read::Node]) -> Option<String> {
    let has = |node: &&read::Node| node.state.bytes(Place::PrivateKey) == key.private_file();
    if nodes.iter().filter(|node| node.local).any(|node| has(&node)) {
        return None;
    }
    let first = nodes.iter().find(has)?;
    Some(format!("{} ({})", printable(first.state.hostname.as_bytes()), first.spec))
}
