//! What `revoke` takes away and took away: for people, and for programs.

mod json;
mod plan;
mod text;

#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use sshtrust::enter::NoEntry;
use sshtrust::inventory::NodeSpec;
use sshtrust::operation::{Ended, Revoked, Survey, Surveyed};
use sshtrust::plan::{ChangeText, Found, Left, LeftWhy, Teller};
use sshtrust::session::Refusal;

pub(crate) use json::write as write_json;
pub(super) use json::{left_value, node as json_node, refusal_value};
pub(crate) use plan::{question, render as render_plan};
pub(super) use text::{MOST_HOSTS, colon, host_line, host_lines, sections, who, why as left_text};
pub(crate) use text::{changes, render as render_text};

/// What is told.
#[derive(Debug, Clone)]
pub(crate) struct RevokeReport {
    /// Whose trust.
    pub(crate) user: String,
    /// When it began.
    pub(crate) began: SystemTime,
    /// How long it took.
    pub(crate) took: Duration,
    /// How far the work is.
    pub(crate) stage: Stage,
    /// The fingerprints of the keys that can be tried: one where all nodes share it.
    pub(crate) keys: Vec<String>,
    /// In the user's order.
    pub(crate) nodes: Vec<RevokedNode>,
    /// The program's own file, if that is to go too.
    pub(crate) program: Option<PathBuf>,
    /// What the user types next.
    pub(crate) next: Next,
}

/// Commands to type, ready to be shown.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Next {
    /// Leave out the nodes that cannot be entered.
    pub(crate) partial: String,
    /// Do the nodes that were left out; `HOSTFILE` stands for them.
    pub(crate) rest: String,
}

/// How far the work is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// There is no trust.
    Nothing,
    /// Nodes could not be entered, and were not to be left out, or there is nothing on the others.
    Barred,
    /// It is about to be done.
    Planned,
    /// It was only to be shown.
    DryRun,
    /// The user did not agree.
    Declined,
    /// It was done.
    Done,
}

/// One node.
#[derive(Debug, Clone)]
pub(crate) struct RevokedNode {
    /// Which one.
    pub(crate) spec: NodeSpec,
    /// Its host name, if it was entered.
    pub(crate) name: Option<String>,
    /// Why it could not be entered.
    pub(crate) entry: Result<(), NoEntry>,
    /// An earlier run took the trust away there, so that nobody gets in any more.
    pub(crate) done_before: bool,
    /// What of ours was there.
    pub(crate) found: Vec<Found>,
    /// What stays, and why.
    pub(crate) left: Vec<Left>,
    /// Processes of a database that run as the user: number and name.
    pub(crate) databases: Vec<(u32, String)>,
    /// The change as text, without anything secret.
    pub(crate) change: ChangeText,
    /// All that was found is gone, but for what is left.
    pub(crate) gone: bool,
    /// How it received the key afterwards; `None` if that was not tried.
    pub(crate) refusal: Option<Refusal>,
}

impl RevokeReport {
    /// What was found in a cluster, and is about to be taken away.
    pub(crate) fn new(user: &str, began: SystemTime, survey: &Survey, next: Next) -> Self {
        let mut teller = Teller::default();
        Self {
            user: user.to_owned(),
            began,
            took: Duration::ZERO,
            stage: Stage::Planned,
            keys: survey.fingerprints(),
            nodes: survey.nodes.iter().map(|node| RevokedNode::new(node, &mut teller)).collect(),
            program: None,
            next,
        }
    }

    /// The key that all nodes share, if they do.
    pub(crate) fn shared_key(&self) -> Option<&String> {
        self.keys.first().filter(|_| self.keys.len() == 1)
    }

    /// Whether nothing of the trust was found.
    pub(crate) fn is_nothing(&self) -> bool {
        self.nodes.iter().all(|node| node.found.is_empty() && !node.done_before)
    }

    /// Whether there is nothing left to do: what was asked for is done and proven.
    pub(crate) fn is_done(&self) -> bool {
        let entered = self.barred().is_empty();
        match self.stage {
            Stage::Nothing | Stage::DryRun => entered,
            Stage::Barred | Stage::Planned | Stage::Declined => false,
            Stage::Done => entered && self.nodes.iter().all(RevokedNode::is_done),
        }
    }

    /// Nodes that could not be entered, and are not done.
    pub(crate) fn barred(&self) -> Vec<&RevokedNode> {
        self.nodes.iter().filter(|node| node.is_barred()).collect()
    }

    /// The nodes that are left over, as lines of a hostfile.
    pub(crate) fn rest(&self) -> Vec<String> {
        self.barred().iter().map(|node| host_line(node.spec)).collect()
    }

    /// The same, after it was done.
    pub(crate) fn done(self, revoked: &[Revoked]) -> Self {
        let took = self.began.elapsed().unwrap_or_default();
        let mut nodes = self.nodes;
        nodes.iter_mut().for_each(|node| node.end(revoked));
        Self { stage: Stage::Done, took, nodes, ..self }
    }
}

impl RevokedNode {
    /// One that could not be entered.
    pub(super) const fn barred(spec: NodeSpec, why: NoEntry) -> Self {
        Self {
            spec,
            name: None,
            entry: Err(why),
            done_before: false,
            found: Vec::new(),
            left: Vec::new(),
            databases: Vec::new(),
            change: ChangeText { pieces: Vec::new() },
            gone: false,
            refusal: None,
        }
    }

    /// Before anything was done.
    pub(super) fn new(node: &Surveyed, teller: &mut Teller) -> Self {
        let taking = node.taking.as_ref();
        Self {
            spec: node.spec,
            name: node.name.clone(),
            entry: node.barred.clone().map_or(Ok(()), Err),
            done_before: node.done_before,
            found: taking.map(|taking| taking.found.clone()).unwrap_or_default(),
            left: taking.map(|taking| taking.left.clone()).unwrap_or_default(),
            databases: node.databases.clone(),
            change: taking.map(|taking| teller.taking(taking)).unwrap_or_default(),
            gone: false,
            refusal: None,
        }
    }

    /// Notes what became of it.
    pub(super) fn end(&mut self, revoked: &[Revoked]) {
        if let Some(ended) = revoked.iter().find(|ended| ended.spec == self.spec) {
            self.gone = ended.ended == Ended::Gone;
            (self.left, self.refusal) = (ended.left.clone(), ended.refusal.clone());
        }
    }

    /// Whether it could not be entered, and is not done.
    const fn is_barred(&self) -> bool {
        self.entry.is_err() && !self.done_before
    }

    /// Whether all that was to go is gone.
    fn is_gone(&self) -> bool {
        self.gone && !self.left.iter().any(|left| matches!(left.why, LeftWhy::Failed(_)))
    }

    /// Whether nothing of ours is there any more, and that was seen.
    pub(super) fn is_done(&self) -> bool {
        let lets_in = |left: &Left| matches!(left.why, LeftWhy::OwnKey | LeftWhy::Failed(_));
        (self.gone || self.found.is_empty())
            && !self.left.iter().any(lets_in)
            && matches!(self.refusal, None | Some(Refusal::Refused))
    }
}
