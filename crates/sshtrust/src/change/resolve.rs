//! What an earlier run left behind when its coordinator died between the votes and the decision: the next run settles it.

use futures_util::future::join_all;

use super::{NodeFailure, NodeTrouble};
use crate::apply::{ApplyError, Recovered, Waiting, Worksite};
use crate::event::{Event, Observer};
use crate::inventory::NodeSpec;

/// Nodes that could not be settled.
pub type Unsettled = Vec<NodeFailure>;

/// Puts in order what earlier runs left on these nodes, which are locked. Returns, for each, whether it was changed by that.
///
/// What was not voted on is undone. What was voted on is kept if any of the nodes has kept it, undone if the decider is
/// among them and has not; and kept if the decider cannot be asked: it was proven, and every stage leaves trust either way.
///
/// # Errors
/// [`Unsettled`].
pub async fn resolve(
    sites: &[(NodeSpec, &Worksite)],
    observer: &dyn Observer,
) -> Result<Vec<bool>, Unsettled> {
    let recovering = sites.iter().map(|(spec, site)| async move {
        site.recover().await.map_err(|e| NodeFailure { node: *spec, trouble: e.into() })
    });
    let (mut found, mut failed) = (Vec::new(), Vec::new());
    for result in join_all(recovering).await {
        match result {
            Ok(recovered) => found.push(recovered),
            Err(failure) => failed.push(failure),
        }
    }
    if !failed.is_empty() {
        return Err(failed);
    }
    for ((spec, _), recovered) in sites.iter().zip(&found) {
        if recovered.undone {
            observer.event(&Event::Recovered(*spec));
        }
        tell_remnants(*spec, recovered, observer);
    }
    let waiting =
        || sites.iter().zip(&found).filter_map(|(site, found)| Some((site, found.waiting.as_ref()?)));
    // Those that decide for themselves first: what they did is what the others ask for, should this run end here.
    for decides in [true, false] {
        for ((spec, site), waits) in waiting().filter(|(_, waits)| waits.decider.is_none() == decides) {
            let keep = is_kept(waits, sites, &found).await;
            finish(*spec, site, keep, observer).await.map_err(|failure| vec![failure])?;
        }
    }
    Ok(found.iter().map(|recovered| recovered.undone || recovered.waiting.is_some()).collect())
}

fn tell_remnants(node: NodeSpec, recovered: &Recovered, observer: &dyn Observer) {
    for remnant in &recovered.remnants {
        let text = NodeTrouble::Remnant(remnant.clone()).to_string();
        observer.event(&Event::Notice { node, text });
    }
}

/// Whether a run that a node waits for was kept, or is to be.
async fn is_kept(waiting: &Waiting, sites: &[(NodeSpec, &Worksite)], found: &[Recovered]) -> bool {
    let asking = sites.iter().map(|(_, site)| site.has_kept(&waiting.run));
    if join_all(asking).await.contains(&true) {
        return true;
    }
    // Its own word counts, and it has heard nothing.
    let Some(decider) = waiting.decider else { return false };
    // A decider that waits for itself, or that knows nothing of it any more.
    let decides = |waits: &Waiting| waits.run == waiting.run && waits.decider.is_none();
    let among = sites.iter().any(|(spec, _)| *spec == decider)
        || found.iter().filter_map(|other| other.waiting.as_ref()).any(decides);
    !among
}

async fn finish(
    node: NodeSpec,
    site: &Worksite,
    keep: bool,
    observer: &dyn Observer,
) -> Result<(), NodeFailure> {
    let failure = |error: ApplyError| NodeFailure { node, trouble: error.into() };
    if keep {
        site.commit().await.map_err(failure)?;
        observer.event(&Event::Settled { node, kept: true });
        return Ok(());
    }
    let remnants = site.abort().await.map_err(failure)?;
    observer.event(&Event::Settled { node, kept: false });
    let recovered = Recovered { remnants, ..Recovered::default() };
    tell_remnants(node, &recovered, observer);
    Ok(())
}
