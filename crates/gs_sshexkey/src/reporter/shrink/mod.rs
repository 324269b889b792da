//! Nodes that leave a cluster: for people, and for programs.

mod json;
mod text;

#[cfg(test)]
mod tests;

use std::time::{Duration, SystemTime};

use sshtrust::enter::NoEntry;
use sshtrust::identity::KeyMode;
use sshtrust::inventory::NodeSpec;
use sshtrust::operation::{Shrinking, Shrunk};
use sshtrust::plan::Teller;
use sshtrust::probe::Proofs;

use super::revoke::{RevokedNode, host_line};
use super::rotate::{RotatedNode, Stage};

pub(crate) use json::write as write_json;
pub(crate) use text::{changes, question, render as render_text, render_plan};

/// What is told.
#[derive(Debug, Clone)]
pub(crate) struct ShrinkReport {
    /// Whose trust.
    pub(crate) user: String,
    /// When it began.
    pub(crate) began: SystemTime,
    /// How long it took.
    pub(crate) took: Duration,
    /// How far the work is.
    pub(crate) stage: Stage,
    /// How the keys are shared out.
    pub(crate) mode: KeyMode,
    /// What becomes of the keys of those that stay.
    pub(crate) keys: Keys,
    /// The fingerprints of the keys that can be tried.
    pub(crate) old: Vec<String>,
    /// The nodes that stay, in the user's order.
    pub(crate) stay: Vec<RotatedNode>,
    /// How many pairs of them were proven to work, and how.
    pub(crate) proofs: Proofs,
    /// The nodes that leave, in the user's order.
    pub(crate) leave: Vec<RevokedNode>,
    /// Why those that leave were not cleaned, if they were to be.
    pub(crate) not_cleaned: Option<String>,
}

/// What becomes of the keys of those that stay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Keys {
    /// They get new ones.
    New,
    /// They have got new ones in an earlier run, which is finished.
    Finished,
    /// They keep theirs, which no other has.
    Own,
    /// They keep one that those that leave have too.
    Kept,
}

impl Keys {
    /// Its word for programs.
    const fn word(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Finished => "finished-earlier",
            Self::Own => "own",
            Self::Kept => "kept",
        }
    }
}

impl ShrinkReport {
    /// What is about to be done.
    pub(crate) fn new(user: &str, began: SystemTime, shrinking: &Shrinking) -> Self {
        let keys = match shrinking {
            Shrinking { keeps_key: true, .. } => Keys::Kept,
            Shrinking { finishes: true, .. } => Keys::Finished,
            Shrinking { rotates: true, .. } => Keys::New,
            _ => Keys::Own,
        };
        let mut teller = Teller::default();
        let entered = shrinking.survey.iter().flat_map(|survey| &survey.nodes);
        let entered = entered.map(|node| RevokedNode::new(node, &mut teller));
        let mut leave: Vec<RevokedNode> = entered.collect();
        for (spec, why) in &shrinking.barred {
            if !leave.iter().any(|node| node.spec == *spec) {
                leave.push(RevokedNode::barred(*spec, why.clone()));
            }
        }
        Self {
            user: user.to_owned(),
            began,
            took: Duration::ZERO,
            stage: Stage::Planned,
            mode: shrinking.mode,
            keys,
            old: shrinking.old_keys(),
            stay: shrinking.nodes.iter().map(RotatedNode::new).collect(),
            proofs: Proofs::default(),
            leave,
            not_cleaned: None,
        }
    }

    /// The same, after it was done. `why`: the words of an error.
    pub(crate) fn done(
        mut self,
        shrunk: &Shrunk,
        why: impl Fn(&sshtrust::operation::RevokeError) -> String,
    ) -> Self {
        self.stay.iter_mut().for_each(|node| node.part(&shrunk.nodes));
        match &shrunk.left {
            Ok(revoked) => self.leave.iter_mut().for_each(|node| node.end(revoked)),
            Err(error) => self.not_cleaned = Some(why(error)),
        }
        let took = self.began.elapsed().unwrap_or_default();
        Self { stage: Stage::Done, took, proofs: shrunk.proofs, ..self }
    }

    /// Whether there is nothing left to do: what was asked for is done and proven. A node that left and cannot be entered
    /// is no reason to wait.
    pub(crate) fn is_done(&self) -> bool {
        let clean = |node: &RevokedNode| node.entry.is_err() || node.is_done();
        match self.stage {
            Stage::DryRun => true,
            Stage::Planned | Stage::Declined => false,
            Stage::Done => {
                self.not_cleaned.is_none()
                    && self.stay.iter().all(RotatedNode::is_done)
                    && self.leave.iter().all(clean)
            }
        }
    }

    /// The list that holds afterwards, as lines of a hostfile.
    pub(crate) fn hosts(&self) -> Vec<String> {
        self.stay.iter().map(|node| host_line(node.spec)).collect()
    }

    fn entered(&self) -> Vec<&RevokedNode> {
        self.leave.iter().filter(|node| node.entry.is_ok()).collect()
    }

    fn barred(&self) -> Vec<(NodeSpec, &NoEntry)> {
        self.leave.iter().filter_map(|node| Some((node.spec, node.entry.as_ref().err()?))).collect()
    }
}
