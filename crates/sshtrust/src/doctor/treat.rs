//! What the program would do about what was found. Nothing is written here.

use std::collections::BTreeSet;
use std::path::PathBuf;

use sshfiles::public_half;

use super::Examined;
use crate::diagnose::{Case, Code, Cure, Finding, Healing};
use crate::event::Observer;
use crate::identity::{IdentityKey, KeyMode, NodeKeys, Obtained, obtain, tell_passed_over};
use crate::inventory::{NodeIx, NodeMap, NodeSpec};
use crate::observe::NodeState;
use crate::place::Place;
use crate::plan::{Command, Ingredients, Intent, NodePlan, Part, Peer, PlanError, Wish, node_names, restore};
use crate::program::{Programs, tell_left_out};
use crate::setup::host;

/// Which findings are to be healed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Only these; empty: all.
    pub only: Vec<Code>,
    /// All but these.
    pub skip: Vec<Code>,
}

impl Wanted {
    /// Whether a finding is wanted.
    #[must_use]
    pub fn includes(&self, code: Code) -> bool {
        (self.only.is_empty() || self.only.contains(&code)) && !self.skip.contains(&code)
    }
}

/// What is to be done on one node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeTreatment {
    /// Which node.
    pub node: NodeIx,
    /// Its address.
    pub spec: NodeSpec,
    /// Commands, first.
    pub commands: Vec<Command>,
    /// Then what is restored.
    pub parts: Vec<Part>,
    /// What restoring would write as the node is now; `None` if nothing is restored.
    pub plan: Option<NodePlan>,
}

/// What is to be done on all nodes.
pub struct Treatment {
    /// The nodes where something is done.
    pub nodes: Vec<NodeTreatment>,
    /// Findings that stay as they are, as places in the diagnosis: not wanted, or for a person.
    pub left: Vec<usize>,
    pub(super) kit: Kit,
}

impl Treatment {
    /// Whether there is nothing to do.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }
}

/// Why nothing can be restored.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no key can be made: {0}")]
pub struct NoKit(String);

/// What restoring needs.
pub(super) struct Kit {
    pub(super) keys: NodeKeys<IdentityKey>,
    /// The nodes whose key is new: what they had is lost, or does not open.
    new: BTreeSet<NodeSpec>,
    pub(super) programs: Programs,
    states: Vec<NodeState>,
    names: Vec<Option<String>>,
    peers: NodeMap<Peer>,
}

impl Kit {
    async fn new(case: &Case, program: Option<PathBuf>, observer: &dyn Observer) -> Result<Self, NoKit> {
        let states: Vec<NodeState> = case.seen().map(|(_, _, evidence)| evidence.state.clone()).collect();
        let local = case.seen().find(|(_, node, _)| node.local).map(|(_, node, _)| node.spec);
        let user = case.user.clone();
        let chosen = tokio::task::spawn_blocking(move || {
            let wish = Wish { prefer: local, ..Wish::default() };
            let name = |node: Option<&NodeState>| {
                node.map_or_else(|| "restored".to_owned(), |node| host(&node.hostname))
            };
            let obtained = obtain(&states, wish, |node| format!("{user}@{}", name(node)))
                .map_err(|e| NoKit(e.to_string()))?;
            let machines = states.iter().filter_map(|state| state.system.split_whitespace().last());
            let (programs, left_out) = program.map(|own| Programs::find(&own, machines)).unwrap_or_default();
            Ok::<_, NoKit>((obtained, programs, left_out, states))
        });
        let (Obtained { keys, new, passed }, programs, left_out, states) =
            chosen.await.map_err(|e| NoKit(e.to_string()))??;
        tell_passed_over(passed, observer);
        tell_left_out(left_out, observer);
        let judged = node_names(states.iter().map(|state| state.hostname.as_str()));
        let names = judged.into_iter().map(Result::ok).collect();
        let peers = case.nodes.iter().map(|node| Peer {
            spec: node.spec,
            name: node.name.clone().filter(|name| crate::inventory::is_host_name(name)),
            host_keys: node.host_keys.clone(),
        });
        let peers = peers.collect();
        Ok(Self { keys, new, programs, states, names, peers })
    }

    /// What restoring these parts would write on a node that is in this state.
    pub(super) fn plan(&self, state: &NodeState, parts: &[Part]) -> Result<NodePlan, PlanError> {
        let intent = Intent { map_names: true, keep_old_mapping: true, ..Intent::default() };
        let ingredients = Ingredients {
            states: &self.states,
            names: &self.names,
            keys: &self.keys.materials(),
            intent: &intent,
            programs: &self.programs.builds(),
        };
        restore(&ingredients, &self.peers, state, parts)
    }

    /// Whether these parts can be restored at all: a key that all share cannot be made anew here, a node's own can.
    fn can(&self, node: NodeIx, parts: &[Part]) -> bool {
        let lost = self.peers.get(node).is_some_and(|peer| self.new.contains(&peer.spec));
        let brings = parts.contains(&Part::Key);
        let makes = self.keys.mode() == KeyMode::PerNode && brings;
        let comes_with = !lost && (brings || self.is_in_place(node));
        comes_with || makes || !parts.iter().any(Part::needs_key)
    }

    /// Whether the key that the node is to come with is the one in its file: no other goes into its agent.
    fn is_in_place(&self, node: NodeIx) -> bool {
        let Some(spec) = self.peers.get(node).map(|peer| peer.spec) else { return false };
        let state = self.states.iter().find(|state| state.spec == spec);
        let file = state.and_then(|state| public_half(state.bytes(Place::PrivateKey)));
        file.is_some() && file.as_ref() == self.keys.of(spec).map(IdentityKey::public)
    }
}

/// Puts together what is to be done; `program`: where this program is, for the keepalive.
///
/// # Errors
/// [`NoKit`] if this machine has no random numbers.
pub async fn treat(
    examined: &Examined,
    wanted: &Wanted,
    program: Option<PathBuf>,
    observer: &dyn Observer,
) -> Result<Treatment, NoKit> {
    let case = &examined.case;
    let kit = Kit::new(case, program, observer).await?;
    let mut nodes: Vec<NodeTreatment> = Vec::new();
    let mut left = Vec::new();
    for (place, finding) in examined.diagnosis.findings.iter().enumerate() {
        if !wanted.includes(finding.code) || !is_healed(finding, &kit) {
            left.push(place);
            continue;
        }
        for cure in &finding.cures {
            let Some(spec) = case.node(cure.node).map(|node| node.spec) else { continue };
            let known = nodes.iter().position(|node| node.node == cure.node);
            let place = known.unwrap_or_else(|| {
                let (commands, parts) = (Vec::new(), Vec::new());
                nodes.push(NodeTreatment { node: cure.node, spec, commands, parts, plan: None });
                nodes.len() - 1
            });
            let Some(node) = nodes.get_mut(place) else { continue };
            match &cure.healing {
                Healing::Run => {
                    let new = cure.commands.iter().filter(|c| !node.commands.contains(c));
                    let new: Vec<Command> = new.cloned().collect();
                    node.commands.extend(new);
                }
                Healing::Restore(parts) if kit.can(cure.node, parts) => {
                    node.parts.extend(parts.iter().cloned())
                }
                Healing::Restore(_) | Healing::ByHand(_) => {}
            }
        }
    }
    nodes.retain(|node| !node.commands.is_empty() || !node.parts.is_empty());
    for node in &mut nodes {
        node.parts.sort();
        node.parts.dedup();
        let state = case.node(node.node).and_then(|node| node.evidence.as_ref()).map(|e| &e.state);
        // What stands in the way may be what the commands mend; the real plan is made after them.
        node.plan = state.filter(|_| !node.parts.is_empty()).and_then(|s| kit.plan(s, &node.parts).ok());
    }
    nodes.sort_by_key(|node| node.node);
    Ok(Treatment { nodes, left, kit })
}

/// Whether the program does something about a finding, on one node at least.
fn is_healed(finding: &Finding, kit: &Kit) -> bool {
    let by_hand = |cure: &Cure| match &cure.healing {
        Healing::Run => false,
        Healing::Restore(parts) => !kit.can(cure.node, parts),
        Healing::ByHand(_) => true,
    };
    !finding.cures.iter().all(by_hand)
}
