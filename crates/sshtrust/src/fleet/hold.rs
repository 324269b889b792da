//! Nodes that are held for a change: locked, all or none, and in order.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::join_all;

use crate::apply::{LockError, Worksite, lock_all};
use crate::change::{NodeFailure, resolve};
use crate::event::Observer;
use crate::fleet::Inside;
use crate::inventory::NodeSpec;
use crate::limits::Limits;
use crate::node::NodeError;

/// Why nodes could not be held. Nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HoldError {
    /// Another run is at work on these.
    #[error("another run is at work")]
    Busy(Vec<NodeSpec>),
    /// These could not be worked on.
    #[error("nodes failed")]
    Failed(Vec<NodeFailure>),
    /// Two entries are one machine, or share one home: they would wait for each other's lock.
    #[error("{0} and {1} are the same machine, or share one home directory")]
    SamePlace(NodeSpec, NodeSpec),
}

/// The nodes that this process holds, whatever becomes of the run that has taken them.
static HELD: Mutex<Vec<Worksite>> = Mutex::new(Vec::new());
/// How long letting go may take: a node that is gone does that by itself.
const LETTING_GO: Duration = Duration::from_secs(2);

/// Lets all nodes go that were held, and waits until their locks are gone: without that they would go at the end of the shells, a
/// moment after the program has ended.
pub async fn let_go() {
    let held = std::mem::take(&mut *HELD.lock().unwrap_or_else(PoisonError::into_inner));
    let letting_go = join_all(held.iter().map(Worksite::let_go));
    let _ = tokio::time::timeout(LETTING_GO, letting_go).await;
}

/// Locks these nodes, or none of them, and puts in order what earlier runs left there; not if nothing at all may be written.
/// Returns, for each, whether that changed it.
pub(crate) async fn hold(
    sites: &[(NodeSpec, &Worksite)],
    limits: &Limits,
    writes: bool,
    observer: &dyn Observer,
) -> Result<Vec<bool>, HoldError> {
    distinct(sites)?;
    if writes {
        let sites = sites.iter().map(|(_, site)| (*site).clone());
        HELD.lock().unwrap_or_else(PoisonError::into_inner).extend(sites);
    }
    lock_all(sites, limits.lock, writes).await.map_err(|error| match error {
        LockError::Busy(nodes) => HoldError::Busy(nodes),
        LockError::Failed(nodes) => {
            let failure = |(node, error): (_, NodeError)| NodeFailure { node, trouble: error.into() };
            HoldError::Failed(nodes.into_iter().map(failure).collect())
        }
    })?;
    if !writes {
        return Ok(vec![false; sites.len()]);
    }
    resolve(sites, observer).await.map_err(HoldError::Failed)
}

fn distinct(sites: &[(NodeSpec, &Worksite)]) -> Result<(), HoldError> {
    let mut seen: Vec<(&str, NodeSpec)> = Vec::new();
    for (spec, site) in sites {
        if let Some((_, other)) = seen.iter().find(|(place, _)| *place == site.place()) {
            return Err(HoldError::SamePlace(*other, *spec));
        }
        seen.push((site.place(), *spec));
    }
    Ok(())
}

/// Where a node that was visited can be changed. A shell of its own, so that the other one is free for the probe; the same
/// where sshd allows only one (MaxSessions).
pub(crate) async fn worksite(inside: &Inside, user: &str, limits: Limits) -> Result<Worksite, NodeError> {
    let shell = inside.entered.shell().await.unwrap_or_else(|_| inside.shell.clone());
    Worksite::open(shell, user, limits).await
}
