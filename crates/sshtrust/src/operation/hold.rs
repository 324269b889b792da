//! Nodes that are entered, locked and held for a change.

use futures_util::future::join_all;

use super::RevokeError;
use crate::apply::Worksite;
use crate::change::NodeFailure;
use crate::check::{Options, enter_all};
use crate::enter::Passwords;
use crate::event::Observer;
use crate::fleet::{HoldError, Visited, hold, worksite};
use crate::inventory::NodeSpec;

/// A node of a cluster that is held, or was not entered.
pub(super) struct Held {
    /// Who, and how it was entered. Keeps the connection open.
    pub(super) visited: Visited,
    /// Where it can be changed; `None` if it was not entered.
    pub(super) site: Option<Worksite>,
}

impl Held {
    pub(super) const fn spec(&self) -> NodeSpec {
        self.visited.spec
    }

    /// Whether it is this machine.
    pub(super) fn is_local(&self) -> bool {
        self.visited.result.as_ref().is_ok_and(|inside| inside.entered.is_local())
    }
}

/// Enters what can be entered and holds it: locked, and with what earlier runs left settled, unless nothing may be
/// written.
pub(super) async fn enter_and_hold(
    options: &Options,
    writes: bool,
    passwords: &mut impl Passwords,
    observer: &dyn Observer,
) -> Result<Vec<Held>, RevokeError> {
    let visited = enter_all(options, passwords, observer).await?;
    let opening = visited.into_iter().map(|visited| async {
        let spec = visited.spec;
        let site = match &visited.result {
            Ok(inside) => worksite(inside, &options.user, options.limits).await.map(Some),
            Err(_) => Ok(None),
        };
        site.map(|site| Held { visited, site }).map_err(|e| NodeFailure { node: spec, trouble: e.into() })
    });
    let (mut held, mut failed) = (Vec::new(), Vec::new());
    for result in join_all(opening).await {
        match result {
            Ok(node) => held.push(node),
            Err(failure) => failed.push(failure),
        }
    }
    if !failed.is_empty() {
        return Err(HoldError::Failed(failed).into());
    }
    let sites: Vec<_> = held.iter().filter_map(|node| Some((node.spec(), node.site.as_ref()?))).collect();
    hold(&sites, &options.limits, writes, observer).await?;
    Ok(held)
}
