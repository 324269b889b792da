//! Trust for the length of one job: what stands is used and left; what is made for it ends by itself.

use sshfiles::Hosts;
use tokio::sync::watch;

use crate::bounds::{Ask, BoundsWish};
use crate::enter::Passwords;
use crate::event::Observer;
use crate::inventory::NodeSpec;
use crate::observe::NodeState;
use crate::place::Place;
use crate::probe::Proofs;
use crate::setup::{self, Options, SetupError};

/// Why there is no trust to lend. Nothing was changed, or the error of the set-up says what became of it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LendError {
    /// Some nodes have trust and these have none. Taking it away afterwards would take away what stood before; leaving it
    /// would leave what was only lent.
    #[error("only some nodes have trust")]
    Partly(Vec<NodeSpec>),
    /// As in a set-up.
    #[error(transparent)]
    Setup(#[from] SetupError),
    /// It was to be made, and some nodes may have kept it: it has to be taken away.
    #[error(transparent)]
    Undecided(SetupError),
}

/// Trust that serves a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lent {
    /// It stood before: it is to be left.
    pub stood: bool,
    /// Names of the tool's stood in `/etc/hosts` before: they are to be left.
    pub mapped: bool,
    /// How many pairs work, and how each was proven.
    pub proofs: Proofs,
}

/// Makes trust for a job, with the bounds of `options`; where it stands on all nodes it is proven and mended, and its
/// bounds stay as they are. When `stop` becomes true, the run ends as soon as it can with everything undone.
///
/// # Errors
/// [`LendError`].
pub async fn lend(
    options: &Options,
    passwords: &mut impl Passwords,
    observer: &dyn Observer,
    mut stop: watch::Receiver<bool>,
) -> Result<Lent, LendError> {
    let mut interrupted = stop.clone();
    let planning = async {
        let nodes = setup::look(options, passwords, observer).await?;
        let stood = stands(nodes.iter().map(|node| &node.state)).map_err(LendError::Partly)?;
        let is_mapped =
            |node: &setup::Node| !Hosts::parse(node.state.bytes(Place::Hosts)).mapping().is_empty();
        let mapped = nodes.iter().any(is_mapped);
        // What somebody has asked for stays asked for.
        let standing = BoundsWish { from: Ask::Keep, expires: Ask::Keep };
        let bounds = if stood { standing } else { options.bounds.clone() };
        let options = Options { bounds, ..options.clone() };
        Ok::<_, LendError>((stood, mapped, setup::plan(&options, nodes, &[], observer).await?))
    };
    // Nothing is written before the plan is made, so leaving is enough.
    let (stood, mapped, ready) = tokio::select! {
        planned = planning => planned?,
        _ = interrupted.wait_for(|stop| *stop) => return Err(SetupError::Interrupted.into()),
    };
    let changed = setup::change(&ready, observer, &mut stop).await.map_err(|error| match error {
        SetupError::Undecided(_) if !stood => LendError::Undecided(error),
        error => error.into(),
    })?;
    Ok(Lent { stood, mapped, proofs: changed.proofs })
}

/// Whether trust stands: all nodes have a key of the tool. The error is those that have none where others have one.
fn stands<'a>(states: impl Iterator<Item = &'a NodeState>) -> Result<bool, Vec<NodeSpec>> {
    let (with, without): (Vec<&NodeState>, Vec<&NodeState>) =
        states.partition(|state| !state.bytes(Place::PrivateKey).is_empty());
    match (with.is_empty(), without.is_empty()) {
        (true, _) => Ok(false),
        (false, true) => Ok(true),
        (false, false) => Err(without.iter().map(|state| state.spec).collect()),
    }
}
