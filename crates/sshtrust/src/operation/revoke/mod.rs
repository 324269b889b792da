//! Takes trust away: everything that bears the tool's mark goes from every node, this machine's own last; then the key is
//! tried everywhere, and must be refused.

mod proof;
mod survey;

use futures_util::future::join_all;
use tokio::sync::watch;

use super::hold::Held;
use crate::apply::{ApplyError, Worksite};
use crate::change::{NodeFailure, NotKept, Party, Policy, Stop, Transaction, Undone};
use crate::check::{self, CheckError};
use crate::event::{Event, Observer};
use crate::fleet::HoldError;
use crate::inventory::NodeSpec;

pub use proof::{Ended, Revoked};
pub use survey::{Survey, Surveyed, survey};

/// What the user asked for.
#[derive(Debug, Clone)]
pub struct Options {
    /// The cluster, the user, and how nodes are entered.
    pub check: check::Options,
    /// Go on with the nodes that can be entered.
    pub partial: bool,
    /// Leave the mapping in `/etc/hosts`.
    pub keep_names: bool,
    /// Only look: write nothing at all.
    pub dry_run: bool,
}

/// Why nothing was taken away.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RevokeError {
    /// The nodes could not be entered. Nothing was changed.
    #[error(transparent)]
    Check(#[from] CheckError),
    /// The nodes could not be held. Nothing was changed.
    #[error(transparent)]
    Hold(#[from] HoldError),
    /// Nodes failed; all were put back.
    #[error("nodes failed")]
    Failed {
        /// The nodes that failed.
        nodes: Vec<NodeFailure>,
        /// How all were put back.
        undone: Undone,
    },
    /// These did not say in the end whether it is done there; the others are done, but for this machine.
    #[error("nodes did not answer in the end")]
    Undecided(Vec<NodeFailure>),
    /// The user stopped it; all were put back.
    #[error("interrupted")]
    Interrupted(Undone),
}

/// Takes away what was surveyed, and has the refusal proven. When `stop` becomes true before it is decided, all is put back.
///
/// # Errors
/// [`RevokeError`].
pub async fn revoke(
    options: &Options,
    survey: &Survey,
    observer: &dyn Observer,
    mut stop: watch::Receiver<bool>,
) -> Result<Vec<Revoked>, RevokeError> {
    observer.event(&Event::Applying);
    let local = |node: &&Held| node.is_local();
    let others: Vec<&Held> = survey.held.iter().filter(|node| !local(node)).collect();
    let own: Vec<&Held> = survey.held.iter().filter(local).collect();
    let note = own.first().and_then(|node| node.site.as_ref());
    let begun = take_from(options, survey, &others, note, observer, &mut stop).await?;
    let (_sender, mut deaf) = watch::channel(false);
    // Where the others are done a Ctrl-C waits, and nobody is told that all were put back.
    let stop = if begun { &mut deaf } else { &mut stop };
    take_from(options, survey, &own, None, observer, stop).await.map_err(|error| match error {
        RevokeError::Failed { nodes, undone } if begun => {
            RevokeError::Undecided(nodes.into_iter().chain(undone.stuck).collect())
        }
        error => error,
    })?;
    observer.event(&Event::Applied);
    let ending =
        survey.nodes.iter().zip(&survey.held).map(|(seen, held)| proof::end(options, survey, seen, held));
    Ok(join_all(ending).await)
}

/// One stage: these nodes together. Whether there was anything to take.
async fn take_from(
    options: &Options,
    survey: &Survey,
    stage: &[&Held],
    note: Option<&Worksite>,
    observer: &dyn Observer,
    stop: &mut watch::Receiver<bool>,
) -> Result<bool, RevokeError> {
    let taking = |spec: NodeSpec| {
        survey
            .nodes
            .iter()
            .find(|node| node.spec == spec)?
            .taking
            .as_ref()
            .filter(|taking| !taking.is_empty())
    };
    let parties: Vec<Party<'_>> = stage
        .iter()
        .filter_map(|held| {
            let folders = taking(held.spec())?.folders();
            Some(Party::new(held.spec(), held.site.as_ref()?, folders, None))
        })
        .collect();
    if parties.is_empty() {
        return Ok(false);
    }
    let transaction = Transaction::new(&parties, Policy::AllAlone, options.check.limits, observer);
    let act = async |party: &Party<'_>| match taking(party.spec) {
        Some(taking) => Ok(party.site.take(taking).await?),
        None => Ok(()),
    };
    // From here on a node may be done whose key this machine needs to enter it again.
    let prove = async || match note {
        Some(site) => {
            let nodes: Vec<NodeSpec> = parties.iter().map(|party| party.spec).collect();
            site.note_revoking(&nodes).await
        }
        None => Ok(()),
    };
    let result = transaction.run(act, prove, stop).await;
    // Put back, they are not done. What did not answer may be.
    if let (Some(site), Err(NotKept { why, .. })) = (note, &result)
        && !matches!(why, Stop::Undecided(_))
    {
        site.forget_revoking().await;
    }
    result.map(|_| true).map_err(|NotKept { why, undone }| match why {
        Stop::Failed(nodes) => RevokeError::Failed { nodes, undone },
        Stop::Refuted::<ApplyError>(error) => {
            let nodes = parties.first().map(|party| party.failure(error)).into_iter().collect();
            RevokeError::Failed { nodes, undone }
        }
        Stop::Undecided(nodes) => RevokeError::Undecided(nodes),
        Stop::Interrupted => RevokeError::Interrupted(undone),
    })
}
