//! Keys that are replaced, and what became of the old ones: for people, and for programs.

mod json;
mod text;

#[cfg(test)]
mod tests;

use std::time::{Duration, SystemTime};

use sshtrust::identity::KeyMode;
use sshtrust::inventory::NodeSpec;
use sshtrust::operation::{Parted, Rotated, Rotating, Rotation};
use sshtrust::plan::{ChangeText, Left, LeftWhy};
use sshtrust::probe::Proofs;
use sshtrust::session::Refusal;

pub(crate) use json::write as write_json;
pub(super) use json::{counts, node as json_node};
pub(crate) use text::{changes, question, render as render_text, render_plan};
pub(super) use text::{keys, proven, troubles};

/// How far the work is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// It is about to be done.
    Planned,
    /// It was only to be shown.
    DryRun,
    /// The user did not agree.
    Declined,
    /// It was done.
    Done,
}

impl Stage {
    /// Its word for programs.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Planned => "planned",
            Self::DryRun => "dry-run",
            Self::Declined => "declined",
            Self::Done => "done",
        }
    }
}

/// What is told.
#[derive(Debug, Clone)]
pub(crate) struct RotateReport {
    /// Whose trust.
    pub(crate) user: String,
    /// When it began.
    pub(crate) began: SystemTime,
    /// How long it took.
    pub(crate) took: Duration,
    /// How far the work is.
    pub(crate) stage: Stage,
    /// How the keys are shared out: before, and afterwards.
    pub(crate) modes: (Option<KeyMode>, KeyMode),
    /// An earlier replacement is finished; no other key is made.
    pub(crate) finishes: bool,
    /// Not each pair is proven.
    pub(crate) samples: bool,
    /// The fingerprints of the old keys that can be tried.
    pub(crate) old: Vec<String>,
    /// In the user's order.
    pub(crate) nodes: Vec<RotatedNode>,
    /// How many pairs were proven to work, and how.
    pub(crate) proofs: Proofs,
}

/// One node.
#[derive(Debug, Clone)]
pub(crate) struct RotatedNode {
    /// Which one.
    pub(crate) spec: NodeSpec,
    /// Its host name.
    pub(crate) name: String,
    /// The key that it comes with afterwards: type and fingerprint.
    pub(crate) key: String,
    /// The change as text, without anything secret.
    pub(crate) change: ChangeText,
    /// What stays of the old keys, and why.
    pub(crate) left: Vec<Left>,
    /// How it received an old key afterwards; `None` if none was tried.
    pub(crate) refusal: Option<Refusal>,
}

impl RotateReport {
    /// What is about to be done.
    pub(crate) fn new(user: &str, began: SystemTime, rotation: &Rotation) -> Self {
        Self {
            user: user.to_owned(),
            began,
            took: Duration::ZERO,
            stage: Stage::Planned,
            modes: rotation.modes,
            finishes: rotation.finishes,
            samples: rotation.samples,
            old: rotation.old_keys(),
            nodes: rotation.nodes.iter().map(RotatedNode::new).collect(),
            proofs: Proofs::default(),
        }
    }

    /// The same, after it was done.
    pub(crate) fn done(mut self, rotated: &Rotated) -> Self {
        self.nodes.iter_mut().for_each(|node| node.part(&rotated.nodes));
        let took = self.began.elapsed().unwrap_or_default();
        Self { stage: Stage::Done, took, proofs: rotated.proofs, ..self }
    }

    /// Whether there is nothing left to do: what was asked for is done and proven.
    pub(crate) fn is_done(&self) -> bool {
        match self.stage {
            Stage::DryRun => true,
            Stage::Planned | Stage::Declined => false,
            Stage::Done => self.nodes.iter().all(RotatedNode::is_done),
        }
    }
}

impl RotatedNode {
    /// Before anything was done.
    pub(super) fn new(node: &Rotating) -> Self {
        let Rotating { spec, name, key, change } = node.clone();
        Self { spec, name, key, change, left: Vec::new(), refusal: None }
    }

    /// Notes what became of it.
    pub(super) fn part(&mut self, parted: &[Parted]) {
        if let Some(parted) = parted.iter().find(|parted| parted.spec == self.spec) {
            (self.left, self.refusal) = (parted.left.clone(), parted.refusal.clone());
        }
    }

    /// Whether nothing of the old keys is there any more, and that was seen.
    pub(super) fn is_done(&self) -> bool {
        let lets_in = |left: &Left| matches!(left.why, LeftWhy::OwnKey | LeftWhy::Failed(_));
        !self.left.iter().any(lets_in) && matches!(self.refusal, None | Some(Refusal::Refused))
    }
}
