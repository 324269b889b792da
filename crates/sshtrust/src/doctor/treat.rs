//! What the program would do about what was found. Nothing is written here.

use std::path::PathBuf;
use std::sync::Arc;

use super::Examined;
use crate::diagnose::{Case, Code, Finding, Healing};
use crate::identity::{IdentityKey, KeyType, Sealed, seal_passphrase};
use crate::inventory::NodeSpec;
use crate::observe::NodeState;
use crate::plan::{
    Choice, Command, Ingredients, Intent, NodePlan, Part, Peer, PlanError, Wish, choose_identity, node_names,
    restore,
};
use crate::program::Programs;

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
    /// Index of the node.
    pub node: usize,
    /// Which node.
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
    pub(super) identity: Arc<IdentityKey>,
    /// The cluster has this key; else it was made up and is not used.
    has_key: bool,
    sealed: Sealed,
    programs: Programs,
    states: Vec<NodeState>,
    names: Vec<Option<String>>,
    peers: Vec<Peer>,
}

impl Kit {
    async fn new(case: &Case, program: Option<PathBuf>) -> Result<Self, NoKit> {
        let states: Vec<NodeState> = case.seen().map(|(_, _, evidence)| evidence.state.clone()).collect();
        let local = case.seen().position(|(_, node, _)| node.local);
        let chosen = tokio::task::spawn_blocking(move || {
            let wish = Wish { key_type: None, prefer: local };
            let (identity, has_key) = match choose_identity(&states, wish) {
                Choice::Keep(key) => (*key, true),
                Choice::Generate(_) => {
                    let key = IdentityKey::generate(KeyType::Ed25519, "unused");
                    (key.map_err(|e| NoKit(e.to_string()))?, false)
                }
            };
            let sealed = seal_passphrase(identity.passphrase()).map_err(|e| NoKit(e.to_string()))?;
            let machines = states.iter().filter_map(|state| state.system.split_whitespace().last());
            let programs = program.map(|own| Programs::find(&own, machines)).unwrap_or_default();
            Ok::<_, NoKit>((identity, has_key, sealed, programs, states))
        });
        let (identity, has_key, sealed, programs, states) =
            chosen.await.map_err(|e| NoKit(e.to_string()))??;
        let judged = node_names(states.iter().map(|state| state.hostname.as_str()));
        let names = judged.into_iter().map(Result::ok).collect();
        let peers = case.nodes.iter().map(|node| Peer {
            spec: node.spec,
            name: node.name.clone().filter(|name| crate::inventory::is_host_name(name)),
            host_keys: node.host_keys.clone(),
        });
        let peers = peers.collect();
        Ok(Self { identity: Arc::new(identity), has_key, sealed, programs, states, names, peers })
    }

    /// What restoring these parts would write on a node that is in this state.
    pub(super) fn plan(&self, state: &NodeState, parts: &[Part]) -> Result<NodePlan, PlanError> {
        let intent = Intent { map_names: true, keep_old_mapping: true };
        let ingredients = Ingredients {
            states: &self.states,
            names: &self.names,
            identity: &self.identity,
            sealed: self.sealed.clone(),
            intent: &intent,
            programs: &self.programs,
        };
        restore(&ingredients, &self.peers, state, parts)
    }

    /// Whether these parts can be restored at all.
    fn can(&self, parts: &[Part]) -> bool {
        self.has_key || !parts.iter().any(Part::needs_key)
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
) -> Result<Treatment, NoKit> {
    let case = &examined.case;
    let kit = Kit::new(case, program).await?;
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
                Healing::Restore(parts) if kit.can(parts) => node.parts.extend(parts.iter().cloned()),
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
    let by_hand = |healing: &Healing| match healing {
        Healing::Run => false,
        Healing::Restore(parts) => !kit.can(parts),
        Healing::ByHand(_) => true,
    };
    !finding.cures.is_empty() && !finding.cures.iter().all(|cure| by_hand(&cure.healing))
}
