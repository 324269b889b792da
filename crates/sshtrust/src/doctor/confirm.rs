//! A changed host key that was confirmed over a second way, or that the user vouches for.

use super::Options;
use crate::check::{CheckError, enter};
use crate::enter::{ConfirmedKey, NoEntry, Passwords};
use crate::event::Observer;
use crate::fleet::witness::has_on_record;
use crate::fleet::{Visited, visit};
use crate::inventory::{NodeMap, NodeSpec};
use crate::session::ConnectError;

/// Most nodes that are asked for their record.
const MOST_PEERS: usize = 8;

/// Enters the nodes that were refused for their host key, where the very key that they present is confirmed: another
/// node that was entered has it on record, or the user vouches for it. Nothing is written.
pub(super) async fn enter_confirmed(
    options: &Options,
    visited: &mut NodeMap<Visited>,
    passwords: &mut impl Passwords,
    observer: &dyn Observer,
) -> Result<(), CheckError> {
    let mut confirmed = Vec::new();
    for (node, fingerprint) in refused(visited) {
        let vouched = options.accept.contains(&node);
        if vouched || is_on_record(visited, node, &fingerprint).await {
            confirmed.push(ConfirmedKey { node, fingerprint });
        }
    }
    if confirmed.is_empty() {
        return Ok(());
    }
    let cluster = options.check.cluster.only(|node| confirmed.iter().any(|key| key.node == node));
    let entries = enter(&options.check, &cluster, &confirmed, passwords, observer).await?;
    for entry in entries {
        let again = visit(entry).await;
        if let Some(place) = visited.iter_mut().find(|visited| visited.spec == again.spec) {
            *place = again;
        }
    }
    Ok(())
}

/// The nodes that were refused for their host key, with the fingerprint of the one they present.
fn refused(visited: &NodeMap<Visited>) -> Vec<(NodeSpec, String)> {
    let refused = visited.iter().filter_map(|visited| match &visited.result {
        Err(NoEntry::Connect(ConnectError::HostKeyChanged(conflict))) => {
            Some((visited.spec, conflict.presented.clone()))
        }
        Err(NoEntry::Connect(ConnectError::HostKeyUnknown(key))) => {
            Some((visited.spec, key.presented.clone()))
        }
        _ => None,
    });
    refused.collect()
}

/// Whether a node that was entered over SSH, and proved to be itself, knows this key as that host's: a second way, which does not lead through this
/// machine's network.
async fn is_on_record(visited: &NodeMap<Visited>, node: NodeSpec, fingerprint: &str) -> bool {
    let peers = visited.iter().filter(|visited| visited.spec != node).filter_map(|v| v.result.as_ref().ok());
    // One whose own host key nobody knew could be the very man in the middle.
    for peer in peers.filter(|peer| peer.entered.host_key_was_known()).take(MOST_PEERS) {
        if has_on_record(&peer.shell, node, fingerprint).await {
            return true;
        }
    }
    false
}
