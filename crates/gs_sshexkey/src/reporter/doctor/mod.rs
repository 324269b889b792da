//! What `doctor` found and did: for people, and for programs.

mod end;
mod findings;
mod group;
mod json;
mod plan;
mod text;
mod words;

#[cfg(test)]
mod json_tests;
#[cfg(test)]
pub(crate) mod sample;
#[cfg(test)]
mod tests;

use sshtrust::check::Checked;
use sshtrust::diagnose::{Case, Diagnosis, Healing};
use sshtrust::doctor::{Examined, NodeTreatment};
use sshtrust::inventory::NodeMap;
use sshtrust::observe::Unseen;
use sshtrust::setup::NodeFailure;

pub(crate) use group::{Group, Remedy, groups, remedies};
pub(crate) use json::write as write_json;
pub(crate) use plan::{render as render_plan, render_whole as render_whole_plan};
pub(crate) use text::render as render_text;
pub(crate) use words::{by_hand, part as part_text, typed};

/// What is told.
pub(crate) struct Told<'a> {
    /// As `check` tells it.
    pub(crate) checked: &'a Checked,
    /// All that was seen.
    pub(crate) case: &'a Case,
    /// What is wrong.
    pub(crate) diagnosis: &'a Diagnosis,
    /// For each node that was examined, what could not be seen there.
    pub(crate) unseen: NodeMap<Option<Vec<Unseen>>>,
    /// How far the work is.
    pub(crate) stage: Stage<'a>,
    /// What was found before the work was told already, above on the same screen.
    pub(crate) repeated: bool,
    /// What the user types next: to heal, to look again, to set trust up.
    pub(crate) next: Next,
}

/// Commands to type, ready to be shown.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Next {
    /// The program may heal.
    pub(crate) fix: String,
    /// Examine again.
    pub(crate) again: String,
    /// Set trust up.
    pub(crate) setup: String,
}

/// How far the work is.
pub(crate) enum Stage<'a> {
    /// The cluster was examined, and nothing else was asked for.
    Found,
    /// A plan to heal comes next.
    Planned,
    /// There is nothing that the program could heal.
    Unable,
    /// The user did not agree.
    Declined,
    /// It was done.
    Fixed(Fixed<'a>),
}

/// What `--fix` did.
pub(crate) struct Fixed<'a> {
    /// What was wrong before.
    pub(crate) before: &'a Diagnosis,
    /// What was to be done.
    pub(crate) nodes: &'a [NodeTreatment],
    /// Where it failed.
    pub(crate) failed: &'a [NodeFailure],
}

impl<'a> Told<'a> {
    /// What was found in a cluster.
    pub(crate) fn new(examined: &'a Examined, stage: Stage<'a>, next: Next) -> Self {
        let nodes = examined.case.nodes.iter();
        let unseen = nodes.map(|node| Some(node.evidence.as_ref()?.not_seen.iter().copied().collect()));
        Self {
            checked: &examined.checked,
            case: &examined.case,
            diagnosis: &examined.diagnosis,
            unseen: unseen.collect(),
            stage,
            repeated: false,
            next,
        }
    }

    /// The findings were told above.
    pub(crate) fn repeated(self, repeated: bool) -> Self {
        Self { repeated, ..self }
    }

    /// Whether the program would heal something of it by itself.
    fn is_healed(&self) -> bool {
        let mut cures = self.diagnosis.findings.iter().flat_map(|finding| &finding.cures);
        cures.any(|cure| !matches!(cure.healing, Healing::ByHand(_)))
    }
}
