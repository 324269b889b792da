//! Who can get in: enter what can be entered, read it, change nothing.

use futures_util::future::join_all;
use tokio::sync::watch;

use crate::access::Access;
use crate::check::{CheckError, Options, enter_all};
use crate::enter::{NoEntry, Passwords};
use crate::event::Observer;
use crate::fleet::Visited;
use crate::inventory::{NodeMap, NodeSpec};
use crate::node::NodeError;
use crate::observe::{NodeAccess, ObserveError, who_gets_in};

/// Who can get in, over all nodes that could be read.
#[derive(Debug, Clone)]
pub struct AccessSeen {
    /// The nodes, in the order of the cluster.
    pub nodes: NodeMap<AccessNode>,
    /// What each said; `None`: it could not be read.
    pub said: NodeMap<Option<NodeAccess>>,
    /// Their keys.
    pub access: Access,
}

/// One node of it.
#[derive(Debug, Clone)]
pub struct AccessNode {
    /// Which node.
    pub spec: NodeSpec,
    /// Why it could not be read.
    pub not_read: Option<NoEntry>,
}

/// Reads who can get in. When `stop` becomes true, it ends at once.
///
/// # Errors
/// [`CheckError`] if no node could be read. One that could not be is no error: the others are shown all the same.
pub async fn access(
    options: &Options,
    passwords: &mut impl Passwords,
    observer: &dyn Observer,
    mut stop: watch::Receiver<bool>,
) -> Result<AccessSeen, CheckError> {
    tokio::select! {
        seen = look(options, passwords, observer) => seen,
        _ = stop.wait_for(|stop| *stop) => Err(CheckError::Interrupted),
    }
}

async fn look(
    options: &Options,
    passwords: &mut impl Passwords,
    observer: &dyn Observer,
) -> Result<AccessSeen, CheckError> {
    let visited = enter_all(options, passwords, observer).await?;
    let reading = visited.iter().map(|visited| read(visited, &options.user));
    let (mut nodes, mut said) = (Vec::new(), Vec::new());
    for (visited, result) in visited.iter().zip(join_all(reading).await) {
        let (seen, not_read) = result.map_or_else(|why| (None, Some(why)), |seen| (Some(seen), None));
        nodes.push(AccessNode { spec: visited.spec, not_read });
        said.push(seen);
    }
    if said.iter().all(Option::is_none) {
        let failed = nodes.into_iter().filter_map(|node| Some((node.spec, node.not_read?)));
        return Err(CheckError::NoNodeEntered(failed.collect()));
    }
    let said = NodeMap::from(said);
    Ok(AccessSeen { nodes: nodes.into(), access: Access::of(&said), said })
}

async fn read(visited: &Visited, user: &str) -> Result<NodeAccess, NoEntry> {
    let inside = visited.result.as_ref().map_err(NoEntry::clone)?;
    who_gets_in(&inside.shell, user).await.map_err(|error| match error {
        ObserveError::Node(error) => error.into(),
        other => NodeError::NoShell(other.to_string()).into(),
    })
}
