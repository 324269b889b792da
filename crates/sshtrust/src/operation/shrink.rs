//! Nodes leave a cluster: those that stay get a new key where the old one was shared, then all that they have of the others
//! goes; then the nodes that left are cleaned, as far as they can be entered; then the old key is tried everywhere.

use std::collections::BTreeSet;

use sshfiles::PublicKey;
use tokio::sync::watch;

use super::revoke::{Options as RevokeOptions, RevokeError, Revoked, Survey, revoke, survey};
use super::rotate::{Parted, RotateError, Rotating, has_trust, part, rotating};
use super::taken::TakenKeys;
use crate::check::{CheckError, Options as CheckOptions};
use crate::enter::{NoEntry, Passwords};
use crate::event::{Event, Observer};
use crate::identity::{IdentityKey, KeyMode};
use crate::inventory::NodeSpec;
use crate::observe::NodeState;
use crate::place::Place;
use crate::plan::{has_block, is_replaced_without, knows, leavers, own_keys, standing_mode, strange_keys};
use crate::probe::Proofs;
use crate::setup::{self, Options as SetupOptions, Ready, SetupError};

/// What the user asked for.
#[derive(Debug, Clone)]
pub struct Options {
    /// The nodes that stay, the user, and how nodes are entered.
    pub stay: SetupOptions,
    /// The nodes that leave; they are entered by key only.
    pub leave: CheckOptions,
    /// Make no new key where all share one.
    pub keep_key: bool,
}

/// A cluster that is held, and what becomes of it. Dropped, it is let go as it is.
pub struct Shrinking {
    /// The nodes that stay, in the order of the cluster.
    pub nodes: Vec<Rotating>,
    /// How the keys are shared out.
    pub mode: KeyMode,
    /// The nodes that stay get new keys.
    pub rotates: bool,
    /// An earlier run was cut off when every node had its new key already: no other is made.
    pub finishes: bool,
    /// The nodes that leave keep a key that opens the others: `keep_key`.
    pub keeps_key: bool,
    /// The nodes that leave and were entered, and what goes there.
    pub survey: Option<Survey>,
    /// The nodes that leave and could not be entered.
    pub barred: Vec<(NodeSpec, NoEntry)>,
    ready: Ready,
    taken: TakenKeys,
    /// The keys with which nodes that leave came, as they say.
    theirs: BTreeSet<PublicKey>,
}

impl Shrinking {
    /// The fingerprints of the keys that can be tried in the end.
    #[must_use]
    pub fn old_keys(&self) -> Vec<String> {
        self.tried().map(TakenKeys::fingerprints).unwrap_or_default()
    }

    /// The keys that must not open a node that stays: the one that all shared, else those of the nodes that leave.
    fn tried(&self) -> Option<&TakenKeys> {
        if self.keeps_key {
            return None;
        }
        let own = Some(&self.taken).filter(|taken| !taken.fingerprints().is_empty());
        own.or_else(|| self.survey.as_ref().map(|survey| &survey.keys))
    }
}

/// The nodes have left.
#[derive(Debug, Clone)]
pub struct Shrunk {
    /// How many pairs of those that stay work, and how each was proven.
    pub proofs: Proofs,
    /// What became of each node that stays.
    pub nodes: Vec<Parted>,
    /// What became of those that left and were entered.
    pub left: Result<Vec<Revoked>, RevokeError>,
}

/// Enters the nodes, holds them, and plans. Changes nothing. All that stay have to be entered; of those that leave, as many as
/// can be.
///
/// # Errors
/// [`RotateError`].
pub async fn plan_shrinking(
    options: &Options,
    passwords: &mut impl Passwords,
    observer: &dyn Observer,
    mut stop: watch::Receiver<bool>,
) -> Result<Shrinking, RotateError> {
    let stopped = stop.clone();
    let work = async {
        let nodes = setup::look(&options.stay, passwords, observer).await?;
        let states: Vec<NodeState> = nodes.iter().map(|node| node.state.clone()).collect();
        if !has_trust(&states) {
            return Err(RotateError::NoTrust);
        }
        let (survey, barred) = look_at_leaving(options, passwords, observer, stopped).await?;
        let theirs = survey.as_ref().map(|survey| survey.publics.clone()).unwrap_or_default();
        let leaving = called(options, survey.as_ref());
        let keys = Keys::of(options, &states, &leaving, &theirs, barred.is_empty());
        let stay = SetupOptions {
            keys: Some(keys.mode),
            new_key: keys.rotates && !keys.finishes,
            ..options.stay.clone()
        };
        let ready = setup::plan(&stay, nodes, &leaving, observer).await?;
        let old = states.into_iter().map(|state| (state.spec, stay.new_key.then_some(state))).collect();
        let taken = TakenKeys::open(old, observer).await;
        let nodes = rotating(&ready);
        let Keys { mode, rotates, finishes, keeps_key } = keys;
        Ok(Shrinking { nodes, mode, rotates, finishes, keeps_key, survey, barred, ready, taken, theirs })
    };
    tokio::select! {
        planned = work => planned,
        _ = stop.wait_for(|stop| *stop) => Err(SetupError::Interrupted.into()),
    }
}

/// Carries it out. When `stop` becomes true, what the stage at work has changed is put back.
///
/// # Errors
/// [`SetupError`], of the nodes that stay. Those that leave were not touched then.
pub async fn shrink(
    options: &Options,
    shrinking: &Shrinking,
    observer: &dyn Observer,
    mut stop: watch::Receiver<bool>,
) -> Result<Shrunk, SetupError> {
    let ready = &shrinking.ready;
    let changed = setup::change(ready, observer, &mut stop).await?;
    let left = match &shrinking.survey {
        Some(survey) => revoke(&revoking(options), survey, observer, stop).await,
        None => Ok(Vec::new()),
    };
    observer.event(&Event::Applied);
    let serves: BTreeSet<&PublicKey> = ready.keys.all().map(IdentityKey::public).collect();
    let strange = ready
        .nodes
        .iter()
        .flat_map(|node| strange_keys(node.state.bytes(Place::AuthorizedKeys), serves.iter().copied()));
    let strange: Vec<PublicKey> = strange.collect();
    let gone = ready.plan.superseded.iter().chain(&shrinking.theirs).chain(&strange);
    let gone = gone.filter(|key| !serves.contains(key)).cloned().collect();
    let nodes = part(&options.stay, ready, shrinking.tried(), &gone, &changed).await;
    Ok(Shrunk { proofs: changed.proofs, nodes, left })
}

fn revoking(options: &Options) -> RevokeOptions {
    let check = options.leave.clone();
    RevokeOptions { check, partial: true, keep_names: false, dry_run: options.stay.dry_run }
}

type Leaving = (Option<Survey>, Vec<(NodeSpec, NoEntry)>);

/// Enters the nodes that leave, as far as that is possible. One that is held by another run, or cannot be read, is an error.
async fn look_at_leaving(
    options: &Options,
    passwords: &mut impl Passwords,
    observer: &dyn Observer,
    stop: watch::Receiver<bool>,
) -> Result<Leaving, RotateError> {
    match survey(&revoking(options), passwords, observer, stop).await {
        Ok(survey) => {
            let barred = survey.nodes.iter().filter_map(|node| Some((node.spec, node.barred.clone()?)));
            let barred = barred.collect();
            Ok((Some(survey), barred))
        }
        Err(RevokeError::Check(CheckError::NoNodeEntered(nodes))) => Ok((None, nodes)),
        Err(error) => Err(RotateError::Leaving(error)),
    }
}

/// The nodes that leave, with the names that the description and they themselves have for them.
fn called(options: &Options, survey: Option<&Survey>) -> Vec<(NodeSpec, Vec<String>)> {
    let cluster = &options.leave.cluster;
    let described = cluster.nodes.iter().zip(&cluster.names).zip(&cluster.called);
    let one = |((spec, name), called): ((&NodeSpec, &Option<String>), &Vec<String>)| {
        let own = survey.and_then(|survey| survey.nodes.iter().find(|node| node.spec == *spec)?.name.clone());
        (*spec, name.iter().chain(called).cloned().chain(own).collect())
    };
    described.map(one).collect()
}

/// What becomes of the keys of those that stay.
struct Keys {
    mode: KeyMode,
    rotates: bool,
    finishes: bool,
    keeps_key: bool,
}

impl Keys {
    fn of(
        options: &Options,
        states: &[NodeState],
        leaving: &[(NodeSpec, Vec<String>)],
        theirs: &BTreeSet<PublicKey>,
        all_seen: bool,
    ) -> Self {
        let own = own_keys(states.iter());
        let standing = standing_mode(states.iter()).unwrap_or(KeyMode::PerNode);
        let shares = standing == KeyMode::Shared || !own.is_disjoint(theirs);
        // What a node that leaves says of its key is a reason for new ones, not for another way to share them out.
        let mode = standing;
        // A node that was not seen, and of whose key there is no line, may have that of another.
        let strange =
            |state: &NodeState| !strange_keys(state.bytes(Place::AuthorizedKeys), own.iter()).is_empty();
        let unsure = !shares && !all_seen && !states.iter().any(strange);
        let specs: Vec<NodeSpec> = leaving.iter().map(|(spec, _)| *spec).collect();
        // Where it is seen with a key that opens the others, it has not left yet, whatever these know of it.
        let needed = !own.is_disjoint(theirs) || ((shares || unsure) && !is_gone(states, leaving));
        let finishes = needed && is_replaced_without(states, &specs);
        Self { mode, rotates: needed && !options.keep_key, finishes, keeps_key: needed && options.keep_key }
    }
}

/// Whether an earlier run has taken all of these nodes away: every node that stays has a block, and knows none of them.
fn is_gone(states: &[NodeState], leaving: &[(NodeSpec, Vec<String>)]) -> bool {
    let names: Vec<Option<String>> = states.iter().map(|state| Some(state.hostname.clone())).collect();
    let gone = leavers(leaving, states, &names);
    states.iter().all(|state| has_block(state) && !gone.iter().any(|leaver| knows(state, leaver)))
}
