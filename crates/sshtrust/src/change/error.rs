//! Why a change was not kept, and what became of it.

use crate::apply::{ApplyError, Remnant};
use crate::identity::KeyMode;
use crate::inventory::NodeSpec;
use crate::node::NodeError;
use crate::observe::ObserveError;
use crate::plan::PlanError;

/// What went wrong on one node.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NodeTrouble {
    /// Its shell.
    #[error(transparent)]
    Shell(#[from] NodeError),
    /// Reading it.
    #[error(transparent)]
    Observe(#[from] ObserveError),
    /// Planning for it.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// Changing it.
    #[error(transparent)]
    Apply(#[from] ApplyError),
    /// It shares its home directory with a node that is changed in this run.
    #[error("it shares its home directory with {0}, which is changed in this run")]
    SharedHome(NodeSpec),
    /// What an earlier run had left was undone, so that it is not as it was seen any more.
    #[error("what an earlier run had left half done was undone just now")]
    Recovered,
    /// The user stopped the run before it was done there.
    #[error("the run was interrupted")]
    Interrupted,
    /// A file of it was edited by somebody during the run.
    #[error("{}", remnant(.0))]
    Remnant(Remnant),
}

fn remnant(remnant: &Remnant) -> String {
    match remnant {
        Remnant::Merged(path) => {
            format!("{path} was edited during the run: the edit stays, the run's lines are out")
        }
        Remnant::Left(path) => format!("{path} was changed during the run and stays as it is now"),
    }
}

/// A node and what went wrong on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeFailure {
    /// Which node.
    pub node: NodeSpec,
    /// What.
    pub trouble: NodeTrouble,
}

/// Why a change was not kept. `R`: how a proof says that it is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stop<R> {
    /// Nodes failed.
    Failed(Vec<NodeFailure>),
    /// The proof failed.
    Refuted(R),
    /// The user stopped it.
    Interrupted,
    /// It was proven, and these nodes did not answer when they were told to keep it. Each learns the decision by itself.
    Undecided(Vec<NodeFailure>),
}

/// A change that was not kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotKept<R> {
    /// Why.
    pub why: Stop<R>,
    /// What became of the undoing.
    pub undone: Undone,
}

/// How nodes were put back as they were.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Undone {
    /// The nodes where that was not seen to happen.
    pub stuck: Vec<NodeFailure>,
    /// Files that somebody edited during the run: they keep the edit.
    pub remnants: Vec<(NodeSpec, Remnant)>,
    /// The nodes that a private key had been sent to: one that all nodes share, or the node's own.
    pub keyed: Vec<(NodeSpec, KeyMode)>,
}
