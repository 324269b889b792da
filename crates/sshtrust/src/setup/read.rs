//! Locks and reads every node that was entered.

use futures_util::future::join_all;

use super::{NodeFailure, Options, SetupError};
use crate::apply::{LockError, Worksite, lock_all};
use crate::enter::Entered;
use crate::event::{Event, Observer};
use crate::inventory::NodeSpec;
use crate::node::NodeError;
use crate::observe::{Breadth, Evidence, NodeState, Questions, fit, gather};
use crate::setup::error::NodeTrouble;

/// A node that was read and is locked.
pub(super) struct Node {
    pub(super) spec: NodeSpec,
    pub(super) local: bool,
    pub(super) site: Worksite,
    pub(super) state: NodeState,
    /// What may make the set-up fail.
    pub(super) evidence: Option<Evidence>,
    /// The way in; keeps the connection open.
    pub(super) entered: Entered,
}

/// The name of this machine, for the comment of the key.
pub(super) fn this_host() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let plain: String = name.trim().chars().filter(|c| c.is_ascii_graphic()).collect();
    if plain.is_empty() { "localhost".to_owned() } else { plain }
}

/// Reads all nodes.
pub(super) async fn read(
    entered: Vec<Entered>,
    options: &Options,
    observer: &dyn Observer,
) -> Result<Vec<Node>, SetupError> {
    let opening = entered.into_iter().map(|node| async {
        let open = async { Worksite::open(node.shell().await?, &options.user).await };
        match open.await {
            Ok(site) => Ok((node, site)),
            Err(error) => Err(NodeFailure { node: node.spec, trouble: error.into() }),
        }
    });
    let open = all(join_all(opening).await)?;
    distinct(&open)?;
    lock(&open).await?;
    let reading = open.into_iter().map(|(entered, site)| async {
        let spec = entered.spec;
        read_one(entered, site, options, observer)
            .await
            .map_err(|trouble| NodeFailure { node: spec, trouble })
    });
    all(join_all(reading).await)
}

/// All values, or all failures.
fn all<T>(results: Vec<Result<T, NodeFailure>>) -> Result<Vec<T>, SetupError> {
    let (good, bad): (Vec<_>, Vec<_>) = results.into_iter().partition(Result::is_ok);
    let failures: Vec<_> = bad.into_iter().filter_map(Result::err).collect();
    if failures.is_empty() {
        return Ok(good.into_iter().filter_map(Result::ok).collect());
    }
    Err(SetupError::Unfit(failures))
}

/// Two entries that are one machine would wait for each other's lock.
fn distinct(open: &[(Entered, Worksite)]) -> Result<(), SetupError> {
    let mut seen: Vec<(&str, NodeSpec)> = Vec::new();
    for (entered, site) in open {
        if let Some((_, other)) = seen.iter().find(|(place, _)| *place == site.place()) {
            return Err(SetupError::SamePlace(*other, entered.spec));
        }
        seen.push((site.place(), entered.spec));
    }
    Ok(())
}

async fn lock(open: &[(Entered, Worksite)]) -> Result<(), SetupError> {
    let sites: Vec<_> = open.iter().map(|(entered, site)| (entered.spec, site)).collect();
    lock_all(&sites).await.map_err(|error| match error {
        LockError::Busy(nodes) => SetupError::Busy(nodes),
        LockError::Failed(nodes) => {
            let failure = |(node, error): (_, NodeError)| NodeFailure { node, trouble: error.into() };
            SetupError::Unfit(nodes.into_iter().map(failure).collect())
        }
    })
}

async fn read_one(
    entered: Entered,
    site: Worksite,
    options: &Options,
    observer: &dyn Observer,
) -> Result<Node, NodeTrouble> {
    // A dry run writes nothing at all, not even that.
    if !options.dry_run && site.recover().await? {
        observer.event(&Event::Recovered(entered.spec));
    }
    let peers = options.cluster.nodes.iter().map(|node| node.ip).collect();
    let questions = Questions { peers, port: entered.spec.port, ..Questions::default() };
    let mut evidence = gather(site.shell(), entered.spec, &options.user, &questions, Breadth::SetUp).await?;
    let mut state = fit(site.shell(), evidence.state.clone()).await?;
    // The largest file of all, which nothing that is foreseen depends on.
    evidence.state.entries.remove("known_hosts");
    state.keepalive = state.keepalive.filter(|_| options.keepalive.is_some());
    state.host_keys = entered
        .host_keys()
        .await
        .map_err(|e| NodeTrouble::Shell(NodeError::Lost(format!("its host keys cannot be read: {e}"))))?;
    Ok(Node { spec: entered.spec, local: entered.is_local(), site, state, evidence: Some(evidence), entered })
}
