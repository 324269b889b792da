//! What `expand` did: for people, and for programs.

mod json;
mod text;

#[cfg(test)]
mod tests;

use std::time::{Duration, SystemTime};

use sshtrust::event::{Event, Login};
use sshtrust::inventory::NodeSpec;
use sshtrust::plan::{ChangeText, Teller};
use sshtrust::probe::Proofs;
use sshtrust::setup::{Options, Outcome};

pub(crate) use json::write as write_json;
pub(crate) use text::{already as render_already, render as render_text, render_whole};

/// What is told.
#[derive(Debug, Clone)]
pub(crate) struct ExpandReport {
    /// Whose trust.
    pub(crate) user: String,
    /// When it began.
    pub(crate) began: SystemTime,
    /// How long it took.
    pub(crate) took: Duration,
    /// How it ended.
    pub(crate) stage: Stage,
    /// Every pair was to be proven.
    pub(crate) proves_all: bool,
    /// How many pairs work, and how each was proven.
    pub(crate) proofs: Proofs,
    /// The list that holds from now on.
    pub(crate) nodes: Vec<ExpandedNode>,
}

/// How it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// It was only to be shown.
    DryRun,
    /// It was done.
    Done,
}

/// What a node is in this.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// It was there.
    Old,
    /// It came.
    New,
    /// It was to come, and the list has it already.
    Already,
}

/// One node.
#[derive(Debug, Clone)]
pub(crate) struct ExpandedNode {
    /// Which one.
    pub(crate) spec: NodeSpec,
    /// The host name that its description gives it.
    pub(crate) name: Option<String>,
    /// What it is in this.
    pub(crate) role: Role,
    /// How it was entered.
    pub(crate) entered: Option<Login>,
    /// The paths of what changes, without any content; empty if nothing does.
    pub(crate) change: String,
    /// The change as text, without anything secret; empty if it was made.
    pub(crate) diff: ChangeText,
}

impl ExpandReport {
    /// Before anything is known of the nodes.
    pub(crate) fn new(options: &Options, began: SystemTime, role: impl Fn(NodeSpec) -> Role) -> Self {
        let nodes =
            options.cluster.nodes.iter().zip(&options.cluster.names).map(|(spec, name)| ExpandedNode {
                spec: *spec,
                name: name.clone(),
                role: role(*spec),
                entered: None,
                change: String::new(),
                diff: ChangeText::default(),
            });
        Self {
            user: options.user.clone(),
            began,
            took: Duration::ZERO,
            stage: Stage::DryRun,
            proves_all: options.growth.as_ref().is_some_and(|growth| growth.proves_all),
            proofs: Proofs::default(),
            nodes: nodes.collect(),
        }
    }

    /// Notes what happened to a node.
    pub(crate) fn hear(&mut self, event: &Event) {
        match event {
            Event::LoggedIn { node, how } => self.of(*node).for_each(|node| node.entered = Some(*how)),
            Event::Planned { node, change } => {
                self.of(*node).for_each(|node| node.change.clone_from(change));
            }
            _ => {}
        }
    }

    /// Notes the end.
    pub(crate) fn end(&mut self, outcome: &Outcome) {
        self.took = self.began.elapsed().unwrap_or_default();
        match outcome {
            Outcome::Created { proofs, .. } => (self.stage, self.proofs) = (Stage::Done, *proofs),
            Outcome::Planned(plans) => {
                self.stage = Stage::DryRun;
                let mut teller = Teller::default();
                for plan in plans {
                    let diff = teller.plan(plan);
                    self.of(plan.spec).for_each(|node| node.diff = diff.clone());
                }
            }
        }
    }

    fn of(&mut self, spec: NodeSpec) -> impl Iterator<Item = &mut ExpandedNode> {
        self.nodes.iter_mut().filter(move |node| node.spec == spec)
    }

    /// The list that holds afterwards, as lines of a hostfile.
    pub(crate) fn hosts(&self) -> Vec<String> {
        self.nodes.iter().map(|node| host_line(node.spec)).collect()
    }

    /// The nodes with this role.
    pub(crate) fn with_role(&self, role: Role) -> Vec<&ExpandedNode> {
        self.nodes.iter().filter(|node| node.role == role).collect()
    }

    /// How many nodes change.
    pub(crate) fn changed(&self) -> usize {
        self.nodes.iter().filter(|node| !node.change.is_empty()).count()
    }
}

/// A line of a hostfile.
fn host_line(node: NodeSpec) -> String {
    match node.port {
        22 => node.ip.to_string(),
        port => format!("{},{port}", node.ip),
    }
}
