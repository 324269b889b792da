//! Changes all nodes, verifies, and keeps the change or undoes it.

use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::future::join_all;
use tokio::sync::{Semaphore, watch};

use super::read::Node;
use super::{NodeFailure, Outcome, Ready, SetupError};
use crate::apply::{RENEWAL, Worksite};
use crate::event::{Event, Observer};
use crate::inventory::NodeSpec;
use crate::observe::reread;
use crate::plan::{Keepalive, NodePlan, settle};
use crate::probe::{Prober, Scope, TrustMatrix, probe};
use crate::setup::error::NodeTrouble;

/// One broken pair undoes the change; so many show where the fault is.
const ENOUGH_BROKEN: usize = 20;

/// Most nodes that are sent their files at a time: known_hosts alone has 200 KB a node in a cluster of 100.
const CHANGING_AT_ONCE: usize = 16;

/// Why the work stopped.
enum Stop {
    Failed(Vec<NodeFailure>),
    NotTrusted(TrustMatrix),
    Interrupted,
}

/// Runs the second half of the pipeline.
pub(super) async fn run(
    ready: Ready,
    observer: &dyn Observer,
    stop: &mut watch::Receiver<bool>,
) -> Result<Outcome, SetupError> {
    let changed = !ready.plan.is_empty();
    let applied = AtomicBool::new(false);
    let result = tokio::select! {
        result = work(&ready, &applied, observer) => result,
        failures = keep_alive(&ready, &applied) => Err(Stop::Failed(failures)),
        _ = stop.wait_for(|stop| *stop) => Err(Stop::Interrupted),
    };
    // From here on the user's Ctrl-C waits: a change is kept by all or by none.
    let result = match result {
        Ok(done) => keep(&ready, observer).await.map(|()| done).map_err(Stop::Failed),
        Err(stop) => Err(stop),
    };
    match result {
        Ok((pairs, keepalive)) => Ok(Outcome::Created { pairs, changed, keepalive }),
        Err(why) => {
            let stuck = undo(&ready, observer).await;
            Err(match why {
                Stop::Failed(nodes) => SetupError::Failed { nodes, stuck },
                Stop::NotTrusted(matrix) => SetupError::NotTrusted { matrix: Box::new(matrix), stuck },
                Stop::Interrupted => SetupError::InterruptedAndUndone(stuck),
            })
        }
    }
}

/// The nodes that change, with their plans.
fn changing(ready: &Ready) -> impl Iterator<Item = (&Node, &NodePlan)> {
    ready.nodes.iter().zip(&ready.plan.nodes).filter(|(_, plan)| !plan.is_empty())
}

/// Does something on all changing nodes at once; all failures.
async fn on_all<'a, F, R, T>(ready: &'a Ready, act: F) -> Result<Vec<T>, Vec<NodeFailure>>
where
    F: Fn(&'a Worksite, &'a NodePlan) -> R,
    R: Future<Output = Result<T, NodeTrouble>>,
{
    let acting = changing(ready).map(|(node, plan)| {
        let doing = act(&node.site, plan);
        async move { doing.await.map_err(|trouble| NodeFailure { node: node.spec, trouble }) }
    });
    let (done, failures): (Vec<_>, Vec<_>) = join_all(acting).await.into_iter().partition(Result::is_ok);
    if failures.is_empty() {
        return Ok(done.into_iter().filter_map(Result::ok).collect());
    }
    Err(failures.into_iter().filter_map(Result::err).collect())
}

/// The pairs that work, and how the agent of each node comes back.
type Done = (usize, Vec<(NodeSpec, Keepalive)>);

async fn work(ready: &Ready, applied: &AtomicBool, observer: &dyn Observer) -> Result<Done, Stop> {
    observer.event(&Event::Applying);
    let key = &ready.identity;
    let gate = &Semaphore::new(CHANGING_AT_ONCE);
    let applying = on_all(ready, |site, plan| async move {
        let _slot = gate.acquire().await;
        Ok((plan.spec, site.apply(plan, key).await?))
    });
    let kept = applying.await.map_err(Stop::Failed)?;
    applied.store(true, Ordering::Relaxed);
    observer.event(&Event::Applied);
    let matrix = verify(ready, observer).await;
    if !matrix.is_healthy() {
        return Err(Stop::NotTrusted(matrix));
    }
    let total = matrix.counts().total();
    observer.event(&Event::Verified { total });
    retire_old_keys(ready, observer).await.map_err(Stop::Failed)?;
    Ok((total, keepalives(ready, kept)))
}

/// What became of the keepalive of every node, also of those that had nothing to change.
fn keepalives(ready: &Ready, changed: Vec<(NodeSpec, Keepalive)>) -> Vec<(NodeSpec, Keepalive)> {
    let mut all: Vec<_> = ready.plan.nodes.iter().map(|p| (p.spec, p.keepalive.clone())).collect();
    for (spec, keepalive) in changed {
        all.iter_mut().filter(|(known, _)| *known == spec).for_each(|(_, old)| *old = keepalive.clone());
    }
    all
}

/// Real `ssh` between every ordered pair: by address, and by name where names were mapped.
async fn verify(ready: &Ready, observer: &dyn Observer) -> TrustMatrix {
    // A shell of its own: the other one must stay free for signs of life and for the undo. A server that allows one
    // session only (MaxSessions) gets it all over that one.
    let opening = ready
        .nodes
        .iter()
        .map(|node| async { node.entered.shell().await.unwrap_or_else(|_| node.site.shell().clone()) });
    let shells = join_all(opening).await;
    let nodes = ready.nodes.iter().zip(&ready.names).zip(shells);
    let probers: Vec<Prober> = nodes
        .map(|((node, name), shell)| Prober {
            spec: node.spec,
            shell: Some(shell),
            name: name.clone(),
            cheap_kex: node.state.ssh.prefers_kex(),
        })
        .collect();
    let enough = Some(ENOUGH_BROKEN);
    let scope = Scope { by_ip: true, by_name: ready.mapped, with_self: true, enough };
    probe(&probers, scope, &|progress| observer.event(&Event::Verifying(progress))).await
}

/// Access is only ever added before it is removed: the lines of replaced keys go now, when the new key was seen to
/// work.
async fn retire_old_keys(ready: &Ready, observer: &dyn Observer) -> Result<(), Vec<NodeFailure>> {
    if ready.plan.superseded.is_empty() {
        return Ok(());
    }
    let reading = ready.nodes.iter().map(|node| async {
        let path = node.state.entry("authorized_keys").path;
        reread(node.site.shell(), &path).await.map_err(|e| NodeFailure { node: node.spec, trouble: e.into() })
    });
    let (mut entries, mut failures) = (Vec::new(), Vec::new());
    for result in join_all(reading).await {
        match result {
            Ok(entry) => entries.push(entry),
            Err(failure) => failures.push(failure),
        }
    }
    if !failures.is_empty() {
        return Err(failures);
    }
    let plan = settle(&ready.plan, &entries);
    let amending =
        ready.nodes.iter().zip(&plan.nodes).zip(&ready.plan.nodes).map(|((node, plan), first)| async move {
            // A node that had nothing to change has no journal to write into.
            if first.is_empty() {
                return Ok(());
            }
            let amended = node.site.amend(plan).await;
            amended.map_err(|e| NodeFailure { node: node.spec, trouble: e.into() })
        });
    let failures: Vec<_> = join_all(amending).await.into_iter().filter_map(Result::err).collect();
    observer.event(&Event::Settled);
    if failures.is_empty() { Ok(()) } else { Err(failures) }
}

/// Tells the nodes again and again that the coordinator lives. Ends only if a node has given up.
/// While some nodes are still being changed, one that failed is not asked why: its own error is on the way.
async fn keep_alive(ready: &Ready, applied: &AtomicBool) -> Vec<NodeFailure> {
    loop {
        tokio::time::sleep(RENEWAL).await;
        let renewed = on_all(ready, |site, _| async move { Ok(site.renew().await?) }).await;
        match renewed {
            Err(failures) if applied.load(Ordering::Relaxed) => return failures,
            _ => {}
        }
    }
}

/// Keeps the change in two halves: only when all nodes are prepared is anything thrown away.
async fn keep(ready: &Ready, observer: &dyn Observer) -> Result<(), Vec<NodeFailure>> {
    on_all(ready, |site, _| async move { Ok(site.prepare().await?) }).await?;
    let committed = on_all(ready, |site, plan| async move {
        site.forget(&plan.socket, &ready.plan.superseded).await?;
        Ok(site.commit().await?)
    })
    .await;
    for failure in committed.err().unwrap_or_default() {
        observer.event(&Event::Warning { node: failure.node, text: failure.trouble.to_string() });
    }
    Ok(())
}

/// Puts every node back. Returns those where that could not be seen to happen.
async fn undo(ready: &Ready, observer: &dyn Observer) -> Vec<NodeFailure> {
    observer.event(&Event::Undoing);
    let undoing = changing(ready).map(|(node, _)| async {
        let undone = node.site.undo().await;
        if undone.is_ok() {
            observer.event(&Event::Undone(node.spec));
        }
        undone.map_err(|e| NodeFailure { node: node.spec, trouble: e.into() })
    });
    join_all(undoing).await.into_iter().filter_map(Result::err).collect()
}
