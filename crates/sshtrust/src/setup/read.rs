//! Locks and reads every node that was entered.

use futures_util::future::join_all;
use tokio::sync::Semaphore;

use super::{NodeFailure, NodeTrouble, Options, SetupError};
use crate::apply::Worksite;
use crate::enter::Entered;
use crate::event::Observer;
use crate::fleet::hold;
use crate::inventory::NodeSpec;
use crate::node::NodeError;
use crate::observe::{Evidence, NodeState, Purpose, Questions, Shelf, fit, gather};

/// Most nodes that are read at a time: the scripts on their way to a thousand would take more memory than what comes back.
const READING_AT_ONCE: usize = 64;

/// A node that was read and is locked.
pub(crate) struct Node {
    pub(crate) spec: NodeSpec,
    pub(super) local: bool,
    pub(crate) site: Worksite,
    pub(crate) state: NodeState,
    /// What may make the set-up fail.
    pub(super) evidence: Option<Evidence>,
    /// The way in; keeps the connection open.
    pub(super) entered: Entered,
}

/// The name of this machine, for the comment of a key.
pub(super) fn this_host() -> String {
    host(&std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default())
}

/// A machine's name as it fits the comment of a key.
pub(crate) fn host(name: &str) -> String {
    let plain: String = name.trim().chars().filter(|c| c.is_ascii_graphic()).collect();
    if plain.is_empty() { "localhost".to_owned() } else { plain }
}

/// Reads all nodes.
pub(super) async fn read(
    entered: Vec<Entered>,
    options: &Options,
    observer: &dyn Observer,
) -> Result<Vec<Node>, SetupError> {
    let gate = &Semaphore::new(READING_AT_ONCE);
    let opening = entered.into_iter().map(|node| async {
        let _slot = gate.acquire().await;
        let open = async { Worksite::open(node.shell().await?, &options.user, options.limits).await };
        match open.await {
            Ok(site) => Ok((node, site)),
            Err(error) => Err(NodeFailure { node: node.spec, trouble: error.into() }),
        }
    });
    let open = all(join_all(opening).await)?;
    let sites: Vec<_> = open.iter().map(|(entered, site)| (entered.spec, site)).collect();
    // A dry run writes nothing at all.
    hold(&sites, &options.limits, !options.dry_run, observer).await?;
    let shelf = &Shelf::for_nodes(open.len());
    let reading = open.into_iter().map(|(entered, site)| async {
        let _slot = gate.acquire().await;
        let spec = entered.spec;
        read_one(entered, site, options, shelf).await.map_err(|trouble| NodeFailure { node: spec, trouble })
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

async fn read_one(
    entered: Entered,
    site: Worksite,
    options: &Options,
    shelf: &Shelf,
) -> Result<Node, NodeTrouble> {
    let peers = options.cluster.nodes.iter().map(|node| node.ip).collect();
    let questions = Questions { peers, port: entered.spec.port, ..Questions::default() };
    let evidence =
        gather(site.shell(), entered.spec, &options.user, &questions, Purpose::SetUp, shelf).await?;
    let mut state = fit(site.shell(), evidence.state.clone(), shelf).await?;
    state.keepalive = state.keepalive.filter(|_| options.keepalive.is_some());
    state.host_keys = entered
        .host_keys()
        .await
        .map_err(|e| NodeTrouble::Shell(NodeError::Lost(format!("its host keys cannot be read: {e}"))))?;
    Ok(Node { spec: entered.spec, local: entered.is_local(), site, state, evidence: Some(evidence), entered })
}
