//! What there is to take away, on nodes that are held.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use tokio::sync::watch;

use super::{Options, RevokeError};
use crate::change::{NodeFailure, NodeTrouble, Undone};
use crate::enter::{NoEntry, Passwords};
use crate::event::Observer;
use crate::fleet::HoldError;
use crate::inventory::NodeSpec;
use crate::keep::PublicKey;
use crate::observe::{Entry, NodeState, Shelf, keys_file_elsewhere, look};
use crate::operation::hold::{Held, enter_and_hold};
use crate::operation::taken::TakenKeys;
use crate::plan::{Taking, own_keys, take_all};
use crate::session::ConnectError;

/// A cluster that is held, and what would be taken from it. Dropped, it is let go as it is.
pub struct Survey {
    /// The nodes, in the order of the cluster.
    pub nodes: Vec<Surveyed>,
    pub(super) held: Vec<Held>,
    /// The keys that could be opened, to be tried in the end.
    pub(in crate::operation) keys: TakenKeys,
    /// All keys that the nodes come with.
    pub(in crate::operation) publics: BTreeSet<PublicKey>,
}

impl Survey {
    /// The fingerprints of the keys that can be opened, each once: one where all nodes share it.
    #[must_use]
    pub fn fingerprints(&self) -> Vec<String> {
        self.keys.fingerprints()
    }
}

/// One node of it.
pub struct Surveyed {
    /// Which node.
    pub spec: NodeSpec,
    /// Its host name, safe to show, if it was entered.
    pub name: Option<String>,
    /// Why it was not entered; then nothing is known of it.
    pub barred: Option<NoEntry>,
    /// An interrupted run had taken the trust away here already, and no key of the cluster opens it now.
    pub done_before: bool,
    /// What is taken.
    pub taking: Option<Taking>,
    /// Processes of a database that run as this user: number and name, safe to show.
    pub databases: Vec<(u32, String)>,
    pub(super) host_keys: Vec<PublicKey>,
}

/// Enters the nodes, holds them, and looks what is there. Changes nothing.
///
/// # Errors
/// [`RevokeError`].
pub async fn survey(
    options: &Options,
    passwords: &mut impl Passwords,
    observer: &dyn Observer,
    mut stop: watch::Receiver<bool>,
) -> Result<Survey, RevokeError> {
    let work = async {
        let held = enter_and_hold(&options.check, !options.dry_run, passwords, observer).await?;
        let shelf = &Shelf::for_nodes(held.len());
        let looking = held.iter().map(|node| look_at(node, options, shelf));
        let looked = join_all(looking).await.into_iter().collect::<Result<Vec<_>, _>>();
        let looked = looked.map_err(|failure| HoldError::Failed(vec![failure]))?;
        let publics = own_keys(looked.iter().filter_map(|(_, seen)| Some(&seen.as_ref()?.0)));
        let (mut nodes, mut read) = (Vec::new(), Vec::new());
        for (mut node, seen) in looked {
            let take =
                |(state, elsewhere): &Seen| take_all(state, elsewhere.as_ref(), &publics, options.keep_names);
            node.taking = seen.as_ref().map(take);
            read.push((node.spec, seen.map(|(state, _)| state)));
            nodes.push(node);
        }
        let keys = TakenKeys::open(read, observer).await;
        let before = done_before(&held).await;
        for node in nodes.iter_mut().filter(|node| node.barred.is_some()) {
            // One that was not reached may have been put back since, and still let the key in.
            let turned_away = matches!(
                node.barred,
                Some(
                    NoEntry::NoPassword(_)
                        | NoEntry::WrongPassword
                        | NoEntry::Connect(ConnectError::ForcedCommand { .. })
                )
            );
            node.done_before = turned_away && before.contains(&node.spec);
        }
        Ok(Survey { nodes, held, keys, publics })
    };
    tokio::select! {
        surveyed = work => surveyed,
        _ = stop.wait_for(|stop| *stop) => Err(RevokeError::Interrupted(Undone::default())),
    }
}

/// What is on a node, and in the file where its sshd looks for keys, if that is not the usual one.
type Seen = (NodeState, Option<Entry>);

/// Looks at a node, if it was entered.
async fn look_at(
    held: &Held,
    options: &Options,
    shelf: &Shelf,
) -> Result<(Surveyed, Option<Seen>), NodeFailure> {
    let spec = held.spec();
    let mut seen = Surveyed {
        spec,
        name: None,
        barred: held.visited.result.as_ref().err().cloned(),
        done_before: false,
        taking: None,
        databases: Vec::new(),
        host_keys: Vec::new(),
    };
    let (Some(site), Ok(inside)) = (&held.site, &held.visited.result) else { return Ok((seen, None)) };
    let failure = |trouble: NodeTrouble| NodeFailure { node: spec, trouble };
    let (shell, user) = (site.shell(), &options.check.user);
    let state = look(shell, spec, user, true, shelf).await.map_err(|e| failure(e.into()))?;
    let elsewhere = keys_file_elsewhere(shell, &state, shelf).await.map_err(|e| failure(e.into()))?;
    seen.databases = site.databases().await.map_err(|e| failure(e.into()))?;
    seen.name = Some(crate::text::printable(state.hostname.as_bytes()));
    seen.host_keys = inside.entered.host_keys().await.unwrap_or_default();
    Ok((seen, Some((state, elsewhere))))
}

/// The nodes that an interrupted run had come to: noted on this machine before it told them.
async fn done_before(held: &[Held]) -> Vec<NodeSpec> {
    let local = held.iter().find(|node| node.is_local()).and_then(|node| node.site.as_ref());
    match local {
        Some(site) => site.revoking().await.unwrap_or_default(),
        None => Vec::new(),
    }
}
