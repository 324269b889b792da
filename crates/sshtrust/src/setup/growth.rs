//! Nodes that come to a cluster that stands: what it has is kept, and only what is new is proven.

use std::collections::BTreeSet;

use super::{SetupError, read};
use crate::event::{Event, Observer};
use crate::identity::{IdentityKey, NodeKeys};
use crate::inventory::{NodeIx, NodeSpec};
use crate::observe::NodeState;
use crate::plan::{AgentEdit, Ingredients, Intent, NodePlan, standing_mode};
use crate::probe::Pairs;

/// A set-up that makes a cluster larger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Growth {
    /// The nodes that come. The others are those that have trust.
    pub newcomers: BTreeSet<NodeSpec>,
    /// Every pair is proven; else those that touch a node which comes or was mended.
    pub proves_all: bool,
}

impl Growth {
    fn is_new(&self, node: NodeSpec) -> bool {
        self.newcomers.contains(&node)
    }

    /// Refuses to expand what is not there. Nothing was written yet.
    pub(super) fn check(&self, nodes: &[read::Node]) -> Result<(), SetupError> {
        let old = nodes.iter().map(|node| &node.state).filter(|state| !self.is_new(state.spec));
        if standing_mode(old).is_none() { Err(SetupError::NoTrust) } else { Ok(()) }
    }

    /// Refuses nodes that do not take a key that stands: for their sake it would have to become another one everywhere.
    pub(super) fn check_keys(
        &self,
        nodes: &[read::Node],
        keys: &NodeKeys<IdentityKey>,
    ) -> Result<(), SetupError> {
        let refuses = |node: &read::Node| {
            let mut types = keys.all().map(|key| key.public().algorithm());
            let refused = types.find(|has| !node.state.takes_key(has))?;
            self.is_new(node.spec).then(|| (node.spec, refused.to_owned()))
        };
        let refused: Vec<_> = nodes.iter().filter_map(refuses).collect();
        if refused.is_empty() { Ok(()) } else { Err(SetupError::KeyNotTaken(refused)) }
    }

    /// Tells which of the nodes that should have trust no key opens, so that nobody wonders at the question.
    pub(super) fn tell_shut(&self, waiting: impl Iterator<Item = NodeSpec>, observer: &dyn Observer) {
        let shut: Vec<NodeSpec> = waiting.filter(|node| !self.is_new(*node)).collect();
        let Some(node) = shut.first().copied() else { return };
        let others = match shut.len() - 1 {
            0 => String::new(),
            others => format!(", nor {others} others of the list"),
        };
        let text =
            format!("it should have trust, but no key of this machine opens it{others}: a password does.");
        observer.event(&Event::Notice { node, text });
    }

    /// What is to be proven: the pairs of nodes that come, and those of nodes at which something of the old trust was missing.
    pub(super) fn pairs(&self, from: &Ingredients<'_>) -> Pairs {
        if self.proves_all {
            return Pairs::all();
        }
        let Some(mended) = self.mended(from) else { return Pairs::all() };
        let touched = from.states.iter().enumerate();
        let touched = touched.filter(|(_, s)| self.is_new(s.spec) || mended.contains(&s.spec));
        Pairs::touching(touched.map(|(place, _)| NodeIx::new(place)).collect())
    }

    /// The old nodes that a set-up over themselves alone would change too. `None`: all of them, or nobody knows.
    fn mended(&self, from: &Ingredients<'_>) -> Option<BTreeSet<NodeSpec>> {
        let named = from.states.iter().zip(from.names).filter(|(state, _)| !self.is_new(state.spec));
        let (states, names): (Vec<NodeState>, Vec<_>) =
            named.map(|(state, name)| (state.clone(), name.clone())).unzip();
        let keys = from.keys.only(|node| !self.is_new(node));
        // A line about a node that comes is no fault of the old.
        let intent = Intent { keep_old_mapping: true, ..from.intent.clone() };
        let ingredients =
            Ingredients { states: &states, names: &names, keys: &keys, intent: &intent, ..*from };
        let plan = crate::plan::setup(&ingredients).ok().filter(|plan| !plan.replaces_key)?;
        let lacks = |plan: &&NodePlan| plan.agent != AgentEdit::Nothing || !plan.files.is_empty();
        Some(plan.nodes.iter().filter(lacks).map(|plan| plan.spec).collect())
    }
}
