//! Every node gets a new key, while trust stands all the time; then the old one is tried everywhere, and must be refused.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use sshfiles::PublicKey;
use tokio::sync::watch;

use super::taken::{Afterwards, Door, TakenKeys};
use crate::enter::Passwords;
use crate::event::{Event, Observer};
use crate::identity::KeyMode;
use crate::inventory::NodeSpec;
use crate::observe::NodeState;
use crate::place::Place;
use crate::plan::{ChangeText, Left, LeftWhy, NodePlan, Teller, is_replaced, standing_mode};
use crate::probe::Proofs;
use crate::session::Refusal;
use crate::setup::{self, Changed, Node, NodeFailure, Options, Ready, SetupError};

/// Why the keys were not replaced. Nothing was changed, or the error of the set-up says what became of it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RotateError {
    /// No node has a key: there is nothing to replace.
    #[error("there is no trust")]
    NoTrust,
    /// Nodes that leave could not be held.
    #[error(transparent)]
    Leaving(super::RevokeError),
    /// As in a set-up.
    #[error(transparent)]
    Setup(#[from] SetupError),
}

/// A cluster that is held, and what becomes of its keys. Dropped, it is let go as it is.
pub struct Rotation {
    /// The nodes, in the order of the cluster.
    pub nodes: Vec<Rotating>,
    /// How the keys are shared out: now, and afterwards.
    pub modes: (Option<KeyMode>, KeyMode),
    /// An earlier replacement was cut off when every node had its new key already: no other is made, the old lines go.
    pub finishes: bool,
    /// Not each pair is proven.
    pub samples: bool,
    pub(super) ready: Ready,
    pub(super) taken: TakenKeys,
}

/// One node of it.
#[derive(Debug, Clone)]
pub struct Rotating {
    /// Which node.
    pub spec: NodeSpec,
    /// Its host name, safe to show.
    pub name: String,
    /// The key that it shall come with: type and fingerprint.
    pub key: String,
    /// The change as text, what comes before what goes, without anything secret.
    pub change: ChangeText,
}

/// The keys are replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rotated {
    /// How many pairs work with the new keys alone, and how each was proven.
    pub proofs: Proofs,
    /// What became of each node.
    pub nodes: Vec<Parted>,
}

/// A node and the keys that were taken away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parted {
    /// Which node.
    pub spec: NodeSpec,
    /// What of the old keys stays, and why.
    pub left: Vec<Left>,
    /// How it received an old key; `None` if there was none that could be tried.
    pub refusal: Option<Refusal>,
}

impl Rotation {
    /// The fingerprints of the old keys that can be tried.
    #[must_use]
    pub fn old_keys(&self) -> Vec<String> {
        self.taken.fingerprints()
    }
}

/// Enters all nodes, or none, holds them, and plans a new key for each. Changes nothing.
///
/// # Errors
/// [`RotateError`].
pub async fn plan_rotation(
    options: &Options,
    passwords: &mut impl Passwords,
    observer: &dyn Observer,
    mut stop: watch::Receiver<bool>,
) -> Result<Rotation, RotateError> {
    let work = async {
        let nodes = setup::look(options, passwords, observer).await?;
        let states: Vec<NodeState> = nodes.iter().map(|node| node.state.clone()).collect();
        if !has_trust(&states) {
            return Err(RotateError::NoTrust);
        }
        let now = standing_mode(states.iter());
        let finishes = is_replaced(&states) && is_as_wished(options, now, &states);
        let options = Options { new_key: !finishes, ..options.clone() };
        let ready = setup::plan(&options, nodes, &[], observer).await?;
        let old = states.into_iter().map(|state| (state.spec, (!finishes).then_some(state))).collect();
        let taken = TakenKeys::open(old, observer).await;
        let (modes, samples) = ((now, ready.keys.mode()), ready.pairs.sample().is_some());
        Ok(Rotation { nodes: rotating(&ready), modes, finishes, samples, ready, taken })
    };
    tokio::select! {
        planned = work => planned,
        _ = stop.wait_for(|stop| *stop) => Err(SetupError::Interrupted.into()),
    }
}

/// Carries it out, stage by stage, and has the refusal proven. When `stop` becomes true, what the stage at work has changed
/// is put back.
///
/// # Errors
/// [`SetupError`].
pub async fn rotate(
    options: &Options,
    rotation: &Rotation,
    observer: &dyn Observer,
    mut stop: watch::Receiver<bool>,
) -> Result<Rotated, SetupError> {
    let Rotation { ready, taken, .. } = rotation;
    let gone = ready.plan.superseded.iter().cloned().collect();
    let changed = setup::change(ready, observer, &mut stop).await?;
    observer.event(&Event::Applied);
    Ok(Rotated { proofs: changed.proofs, nodes: part(options, ready, Some(taken), &gone, &changed).await })
}

/// Looks at every node again, for these keys, and tries an old one there.
pub(super) async fn part(
    options: &Options,
    ready: &Ready,
    taken: Option<&TakenKeys>,
    gone: &BTreeSet<PublicKey>,
    changed: &Changed,
) -> Vec<Parted> {
    let user = &options.user;
    let parting = ready.nodes.iter().map(|node| async move {
        let (left, let_in) = what_is_left(node, user, gone).await;
        let failed = changed.still_let_in.iter().filter(|failure| failure.node == node.spec).map(why);
        let host_keys = &node.state.host_keys;
        let door = Door { node: node.spec, user, host_keys, limits: options.limits };
        let refusal = match taken {
            Some(taken) => taken.try_at(&door, &let_in).await,
            None => None,
        };
        Parted { spec: node.spec, left: failed.chain(left).collect(), refusal }
    });
    join_all(parting).await
}

fn why(failure: &NodeFailure) -> Left {
    Left { path: String::new(), why: LeftWhy::Failed(failure.trouble.to_string()) }
}

/// What is still there of these keys, and which of them the node still lets in.
async fn what_is_left(node: &Node, user: &str, gone: &BTreeSet<PublicKey>) -> (Vec<Left>, Vec<PublicKey>) {
    let failed = |path: &str, why: &str| Left { path: path.to_owned(), why: LeftWhy::Failed(why.to_owned()) };
    let now = match Afterwards::of(&node.site, node.spec, user).await {
        Ok(now) => now,
        Err(error) => return (vec![failed("", &error)], Vec::new()),
    };
    let lines = now.lets_in(gone);
    let mut left: Vec<Left> = Vec::new();
    for (_, path, ours) in &lines {
        let why = if *ours { LeftWhy::Failed("it is still there".to_owned()) } else { LeftWhy::OwnKey };
        let one = Left { path: path.clone(), why };
        if !left.contains(&one) {
            left.push(one);
        }
    }
    if now.state.agent.keys.iter().any(|key| gone.contains(key)) {
        left.push(failed("ssh-agent", "it still holds the old key"));
    }
    (left, lines.into_iter().map(|(key, ..)| key).collect())
}

pub(super) fn has_trust(states: &[NodeState]) -> bool {
    states.iter().any(|state| !state.bytes(Place::PrivateKey).is_empty())
}

/// Whether keys that stand are what is asked for.
fn is_as_wished(options: &Options, mode: Option<KeyMode>, states: &[NodeState]) -> bool {
    let is_kind = |state: &NodeState| {
        let key = sshfiles::public_half(state.bytes(Place::PrivateKey));
        options.key_type.is_none_or(|kind| key.is_some_and(|key| key.algorithm() == kind.name()))
    };
    options.keys.is_none_or(|wanted| mode == Some(wanted)) && states.iter().all(is_kind)
}

pub(super) fn rotating(ready: &Ready) -> Vec<Rotating> {
    let mut teller = Teller::default();
    let going = ready.going(&mut teller);
    let nodes = ready.nodes.iter().zip(&ready.plan.nodes).zip(going);
    let one = |((node, plan), going): ((&Node, &NodePlan), ChangeText)| {
        let key = ready.keys.of(node.spec).map(crate::identity::IdentityKey::public);
        let key = key.map(|key| format!("{} {}", key.algorithm(), key.fingerprint()));
        Rotating {
            spec: node.spec,
            name: crate::text::printable(node.state.hostname.as_bytes()),
            key: key.unwrap_or_default(),
            change: teller.plan(plan).then(going),
        }
    };
    nodes.map(one).collect()
}
