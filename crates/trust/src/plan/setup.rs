//! The plan of the classic command: every part on every node, as far as it is missing.

use std::collections::BTreeSet;
use std::net::IpAddr;

use sshfiles::{HostEntry, PublicKey};

use super::mode;
use super::{AgentEdit, Bounding, FileEdit, Ingredients, Keepalive, NodePlan, Plan, PlanError};
use crate::inventory::NodeSpec;
use crate::key::KeyMaterial;
use crate::observe::{Entry, EntryKind, NodeState};
use crate::part::{agent, authorize, config, file, folder, keepalive, key, known_hosts, mapping, profile};
use crate::place::Place;

/// Plans the trust of the classic command. It keeps the bounds that stand on the nodes.
///
/// # Errors
/// The node and the reason why it cannot be planned for.
pub fn setup(from: &Ingredients<'_>) -> Result<Plan, (NodeSpec, PlanError)> {
    setup_bound(from, &Bounding::standing(from.states))
}

/// As [`setup`], with these bounds. Where a key is replaced, lines that stand keep theirs: new keys are let in before they are
/// proven, and nobody is to be shut out then. Their turn comes with [`authorize::bound`].
///
/// # Errors
/// The node and the reason why it cannot be planned for.
pub fn setup_bound(from: &Ingredients<'_>, bounding: &Bounding) -> Result<Plan, (NodeSpec, PlanError)> {
    let replaces_key = from.states.iter().any(|state| {
        let old = state.bytes(Place::PrivateKey);
        !old.is_empty() && from.keys.of(state.spec).is_some_and(|key| key.private_file() != old)
    });
    let common = Common::of(from, bounding, !replaces_key);
    let plans = from.states.iter().map(|state| common.node(state).map_err(|e| (state.spec, e)));
    let nodes = plans.collect::<Result<Vec<_>, _>>()?;
    let mut plan = Plan { nodes, superseded: superseded(from), replaces_key };
    if replaces_key {
        let text = mode::note(from.keys, from.states, &plan.superseded, &from.intent.leaving);
        for (node, state) in plan.nodes.iter_mut().zip(from.states) {
            // Where nobody looked there is no path.
            let known = !state.entry(Place::Pending).path.is_empty();
            let note = file(state, Place::Pending, text.clone(), Some(0o600));
            node.files.extend(note.filter(|_| known));
        }
    }
    Ok(plan)
}

/// Plans that the lines of these keys leave a node. `done` is its plan of [`setup`]; `now` its `authorized_keys` as it is
/// now.
#[must_use]
pub fn without_keys(done: &NodePlan, now: &Entry, keys: &[PublicKey]) -> NodePlan {
    let files = authorize::without(now, keys, &BTreeSet::new()).into_iter().collect();
    NodePlan { files, dirs: Vec::new(), agent: AgentEdit::Nothing, keepalive: Keepalive::Off, ..done.clone() }
}

/// Plans what brings the agent of a node back where trust stands: an agent with the key, and its exports.
///
/// # Errors
/// What stands in the way.
pub fn keep(state: &NodeState, key: &KeyMaterial) -> Result<NodePlan, PlanError> {
    check(state, Place::Bashrc)?;
    let socket = agent::socket(state)?;
    let agent = agent::put(state, key);
    let files = profile::put(state, &socket, agent).into_iter().collect();
    let (dirs, keepalive) = (Vec::new(), Keepalive::Off);
    let keys_file = state.entry(Place::AuthorizedKeys).path.clone();
    Ok(NodePlan { spec: state.spec, socket, keys_file, dirs, agent, files, keepalive })
}

/// Keys of the tool on the nodes that are not the cluster's any more.
fn superseded(from: &Ingredients<'_>) -> Vec<PublicKey> {
    // The old key may be what nodes outside this run still come with.
    let here: Vec<HostEntry> = entries(from.states, from.names);
    let called = config::Called::of(&here);
    let is_here =
        |old: &HostEntry| called.has(old) || from.intent.leaving.iter().any(|leaver| leaver.is(old));
    let has_address = |host: &&HostEntry| host.address.parse::<IpAddr>().is_ok();
    if from.states.iter().any(|s| !config::known(s).iter().filter(has_address).all(is_here)) {
        return Vec::new();
    }
    // Those of a replacement that did not come to its end: the new one, and the ones that were to go.
    let here = from.states.iter();
    let mut keys: Vec<PublicKey> =
        mode::own_keys(here.clone()).into_iter().chain(here.flat_map(mode::noted)).collect();
    let serves: BTreeSet<&PublicKey> = from.keys.all().map(KeyMaterial::public).collect();
    keys.retain(|key| !serves.contains(key));
    keys.sort();
    keys.dedup();
    keys
}

/// What the block in `~/.ssh/config` says of nodes.
pub(super) fn entries(states: &[NodeState], names: &[Option<String>]) -> Vec<HostEntry> {
    states.iter().zip(names).map(|(state, name)| config::entry_of(state, name.as_ref())).collect()
}

/// What all nodes have in common, computed once.
struct Common<'a> {
    from: &'a Ingredients<'a>,
    lines: authorize::Lines<'a>,
    records: known_hosts::Records<'a>,
    block: config::Block,
    mapping: mapping::Mapping,
}

impl<'a> Common<'a> {
    fn of(from: &'a Ingredients<'a>, bounding: &'a Bounding, rebound: bool) -> Self {
        let named = from.states.iter().zip(from.names);
        let pairs = named.filter_map(|(state, name)| Some((state.spec.ip, name.clone()?))).collect();
        Self {
            from,
            lines: authorize::Lines::of(from.keys, bounding, rebound),
            records: known_hosts::Records::of(from.states, from.names),
            block: config::Block::of(entries(from.states, from.names)),
            mapping: mapping::Mapping::of(pairs, from.intent.keep_old_mapping),
        }
    }

    fn node(&self, state: &NodeState) -> Result<NodePlan, PlanError> {
        let Ingredients { keys, intent, programs, .. } = self.from;
        if let Some(error) = unfit_for(state, intent.map_names).next() {
            return Err(error);
        }
        let socket = agent::socket(state)?;
        let own = keys.of(state.spec);
        let agent = own.map_or(AgentEdit::Nothing, |key| agent::put(state, key));
        let (mut dirs, mut files): (_, Vec<FileEdit>) = (folder::put(state), Vec::new());
        if let Some(key) = own {
            key::put(state, key, &mut dirs, &mut files);
        }
        files.extend(self.lines.put(state));
        files.extend(self.records.put(state));
        files.extend(self.block.put(state));
        files.extend(profile::put(state, &socket, agent));
        if intent.map_names {
            files.extend(self.mapping.put(state));
        }
        let keepalive = keepalive::put(state, programs);
        let keys_file = state.entry(Place::AuthorizedKeys).path.clone();
        Ok(NodePlan { spec: state.spec, socket, keys_file, dirs, agent, files, keepalive })
    }
}

/// What stands in the way of a plan for a node, as far as its files go.
pub(crate) fn unfit(state: &NodeState) -> Vec<PlanError> {
    unfit_for(state, state.uid == 0).collect()
}

fn unfit_for(state: &NodeState, map_names: bool) -> impl Iterator<Item = PlanError> + '_ {
    let touched = state.entries.keys().filter(move |place| **place != Place::Hosts || map_names);
    touched.filter_map(|place| check(state, *place).err())
}

/// Refuses what must not be edited. What was not observed is not there.
pub(super) fn check(state: &NodeState, place: Place) -> Result<(), PlanError> {
    let entry = state.entry(place);
    let path = entry.path.clone();
    if let Some(owner) = entry.link_owner.filter(|owner| *owner != state.uid && !place.is_the_systems()) {
        return Err(PlanError::ForeignLink { path, owner });
    }
    match (entry.kind, place.is_dir()) {
        (EntryKind::Absent, _) | (EntryKind::Directory, true) | (EntryKind::File, false) => Ok(()),
        (EntryKind::Unreadable, false) => Err(PlanError::Unreadable { path }),
        (_, true) => Err(PlanError::WrongKind { path, wanted: "folder" }),
        (_, false) => Err(PlanError::WrongKind { path, wanted: "file" }),
    }
}
