//! The bounds that our lines get: as they stand on the nodes, unless the user says otherwise. There is no state file.
//!
//! What stands is what our lines say. A line that has a bound keeps it to the byte; one that has none gets what the others have,
//! and so does a new one, also on a new node. Where the nodes differ, because somebody edited one or a run did not come to
//! its end, that is the strictest reading:
//!
//! - The end is the earliest of all.
//! - A list that consists of addresses of nodes, as the blocks in `~/.ssh/config` know them, is what `--from cluster` wrote: it
//!   grows when a node joins. Any other list stays as it is.
//! - Of lists that differ, each has to let all nodes in. What they have in common for certain are the nodes: so that is what
//!   lines get that have no list.

use std::collections::BTreeSet;
use std::net::IpAddr;

use sshfiles::KeyBounds;

use crate::bounds::{
    Ask, BoundsWish, MOST_ADDRESSES, NodeClock, Origin, addresses, list_of, matches_address,
};
use crate::inventory::NodeSpec;
use crate::observe::NodeState;
use crate::part::config;
use crate::plan::mode::{let_in, private_half};

/// The first OpenSSH that knows `expiry-time`. An older one takes no line that has it.
const KNOWS_EXPIRY: (u32, u32) = (7, 7);

/// The bounds of all our lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bounding {
    from: Ask<Source>,
    expires: Ask<i64>,
    /// What lines get that say nothing, where the user says nothing either.
    standing: Standing,
    /// The nodes of this run.
    here: BTreeSet<IpAddr>,
    /// And those that the blocks on them know.
    members: BTreeSet<IpAddr>,
    /// Nodes that come: what their lines say is of another trust.
    strangers: BTreeSet<NodeSpec>,
}

/// From where: as a file or the user says it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Source {
    Cluster,
    List(String),
}

/// The bounds that stand on some nodes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Standing {
    from: Option<Source>,
    expires: Option<i64>,
}

/// Why trust cannot have these bounds.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BoundsError {
    /// More addresses than go into a line.
    #[error("{0} addresses are too many for a line")]
    TooMany(usize),
    /// A list that does not let these nodes in.
    #[error("{list} leaves out {}", .nodes.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "))]
    LeavesOut {
        /// The list: remote text, if it stands on a node.
        list: String,
        /// Their addresses.
        nodes: Vec<IpAddr>,
    },
    /// On these nodes trust has ended, or would have at once.
    #[error("trust has expired")]
    Over(Vec<NodeSpec>),
    /// The OpenSSH of these nodes is older than `expiry-time`: the node and its version.
    #[error("nodes are too old for an expiry")]
    TooOld(Vec<(NodeSpec, (u32, u32))>),
    /// Nodes that do not tell their time.
    #[error("nodes do not tell their time")]
    NoClock(Vec<NodeSpec>),
}

impl Bounding {
    /// The bounds that stand on these nodes.
    #[must_use]
    pub fn standing(states: &[NodeState]) -> Self {
        let here: BTreeSet<IpAddr> = states.iter().map(|state| state.spec.ip).collect();
        let members: BTreeSet<IpAddr> = here.iter().copied().chain(states.iter().flat_map(known)).collect();
        let strangers = strangers(states);
        let belong = || states.iter().filter(|state| !strangers.contains(&state.spec));
        let lists: BTreeSet<Source> = belong()
            .flat_map(|state| lines(state).into_iter().map(move |bounds| (state, bounds)))
            .filter_map(|(state, bounds)| Some(Source::read(&bounds.from?, state, &members)))
            .collect();
        let from = match lists.len() {
            0 | 1 => lists.into_iter().next(),
            _ => Some(Source::Cluster),
        };
        let moments = belong().flat_map(|state| {
            let clock = clock_of(state);
            lines(state).into_iter().filter_map(move |bounds| clock.moment(&bounds.expiry?))
        });
        let standing = Standing { from, expires: moments.min() };
        Self { from: Ask::Keep, expires: Ask::Keep, standing, here, members, strangers }
    }

    /// What stands on these nodes, with what the user asks in its place. `now`: seconds since 1970.
    ///
    /// # Errors
    /// [`BoundsError`] where that cannot be.
    pub fn of(states: &[NodeState], wish: &BoundsWish, now: i64) -> Result<Self, BoundsError> {
        let mut bounding = Self::standing(states);
        bounding.from = match &wish.from {
            Ask::Keep => Ask::Keep,
            Ask::Lift => Ask::Lift,
            Ask::Set(Origin::Cluster) => Ask::Set(Source::Cluster),
            Ask::Set(Origin::List(list)) => Ask::Set(Source::List(list.to_string())),
        };
        bounding.expires = match wish.expires {
            Ask::Keep => Ask::Keep,
            Ask::Lift => Ask::Lift,
            Ask::Set(expiry) => Ask::Set(expiry.moment(now)),
        };
        bounding.check(states)?;
        Ok(bounding)
    }

    /// What a line of ours on a node gets that has these bounds; [`KeyBounds::default`] for a new one.
    #[must_use]
    pub fn line(&self, state: &NodeState, old: &KeyBounds) -> KeyBounds {
        let none = KeyBounds::default();
        let old = if self.strangers.contains(&state.spec) { &none } else { old };
        KeyBounds { from: self.from(state, old), expiry: self.expiry(state, old) }
    }

    /// Whether there are none, and lines stay as they are.
    #[must_use]
    pub fn is_none(&self) -> bool {
        let keep = (&self.from, &self.expires) == (&Ask::Keep, &Ask::Keep);
        keep && self.standing == Standing::default() && self.strangers.is_empty()
    }

    /// When trust ends, in seconds since 1970; `None`: never.
    #[must_use]
    pub const fn ends(&self) -> Option<i64> {
        match self.expires {
            Ask::Keep => self.standing.expires,
            Ask::Lift => None,
            Ask::Set(moment) => Some(moment),
        }
    }

    fn from(&self, state: &NodeState, old: &KeyBounds) -> Option<String> {
        let own = || Some(Source::read(old.from.as_deref()?, state, &self.members));
        let source = match &self.from {
            Ask::Lift => return None,
            Ask::Set(source) => Some(source.clone()),
            Ask::Keep => own().or_else(|| self.standing.from.clone()),
        };
        match source? {
            Source::List(list) => Some(list),
            Source::Cluster => {
                let mut all: BTreeSet<IpAddr> = known(state).into_iter().chain(self.here.clone()).collect();
                let had = old.from.as_deref().and_then(addresses);
                if self.from == Ask::Keep {
                    // Nobody is shut out by a run that says nothing of it.
                    all.extend(had.iter().flatten().filter(|ip| self.members.contains(ip)));
                }
                if had.as_ref() == Some(&all) { old.from.clone() } else { Some(list_of(&all)) }
            }
        }
    }

    fn expiry(&self, state: &NodeState, old: &KeyBounds) -> Option<String> {
        let clock = clock_of(state);
        let moment = match self.expires {
            Ask::Lift => return None,
            Ask::Set(moment) => moment,
            Ask::Keep if old.expiry.is_some() => return old.expiry.clone(),
            Ask::Keep => {
                let moment = self.standing.expires?;
                // As the node's own lines say it, if one does.
                let texts = lines(state).into_iter().filter_map(|bounds| bounds.expiry);
                let same = texts
                    .filter(|_| !self.strangers.contains(&state.spec))
                    .filter(|text| clock.moment(text) == Some(moment))
                    .min();
                return same.or_else(|| clock.text(moment));
            }
        };
        clock.text(moment)
    }

    /// What lines of ours on a node are going to have; that of a new one too.
    fn coming(&self, state: &NodeState) -> Vec<KeyBounds> {
        let new = std::iter::once(KeyBounds::default());
        lines(state).into_iter().chain(new).map(|old| self.line(state, &old)).collect()
    }

    fn check(&self, states: &[NodeState]) -> Result<(), BoundsError> {
        for bounds in states.iter().flat_map(|state| self.coming(state)) {
            let Some(list) = bounds.from else { continue };
            self.check_list(list)?;
        }
        let ends: Vec<(&NodeState, String)> = states
            .iter()
            .flat_map(|state| self.coming(state).into_iter().filter_map(move |b| Some((state, b.expiry?))))
            .collect();
        let nodes = |bad: &dyn Fn(&NodeState, &str) -> bool| {
            let mut nodes: Vec<NodeSpec> =
                ends.iter().filter(|(state, end)| bad(state, end)).map(|(state, _)| state.spec).collect();
            nodes.dedup();
            nodes
        };
        let old = nodes(&|state, _| state.ssh.version.is_some_and(|version| version < KNOWS_EXPIRY));
        if !old.is_empty() {
            let version = |spec: NodeSpec| {
                let state = states.iter().find(|state| state.spec == spec)?;
                Some((spec, state.ssh.version?))
            };
            return Err(BoundsError::TooOld(old.into_iter().filter_map(version).collect()));
        }
        let timeless = nodes(&|state, _| state.clock.is_none());
        if !timeless.is_empty() {
            return Err(BoundsError::NoClock(timeless));
        }
        let over = nodes(&|state, end| clock_of(state).left(end).is_none_or(|left| left <= 0));
        if over.is_empty() { Ok(()) } else { Err(BoundsError::Over(over)) }
    }

    fn check_list(&self, list: String) -> Result<(), BoundsError> {
        let grown = addresses(&list).filter(|all| all.is_subset(&self.members) && all.len() > MOST_ADDRESSES);
        if let Some(all) = grown {
            return Err(BoundsError::TooMany(all.len()));
        }
        // Who is in no list of this run may still be one of the cluster. A run that changes nothing for it does not ask.
        let asked = matches!(self.from, Ask::Set(_));
        let all = if asked { &self.members } else { &self.here };
        let out = all.iter().copied().filter(|ip| matches_address(&list, *ip) == Some(false));
        let nodes: Vec<IpAddr> = out.collect();
        if nodes.is_empty() { Ok(()) } else { Err(BoundsError::LeavesOut { list, nodes }) }
    }
}

impl Source {
    /// A list of some of the nodes only is somebody's, and stays.
    fn read(list: &str, state: &NodeState, members: &BTreeSet<IpAddr>) -> Self {
        let whole = |all: &BTreeSet<IpAddr>| known(state).iter().all(|ip| all.contains(ip));
        match addresses(list) {
            Some(all) if all.is_subset(members) && whole(&all) => Self::Cluster,
            _ => Self::List(list.to_owned()),
        }
    }
}

/// Whether the bounds that a user asks for fit these nodes, as far as that can be told before any of them is entered.
///
/// # Errors
/// [`BoundsError::TooMany`], [`BoundsError::LeavesOut`].
pub fn foresee_bounds(wish: &BoundsWish, nodes: impl Iterator<Item = IpAddr>) -> Result<(), BoundsError> {
    match &wish.from {
        Ask::Keep | Ask::Lift => Ok(()),
        Ask::Set(Origin::Cluster) => {
            let all: BTreeSet<IpAddr> = nodes.collect();
            if all.len() > MOST_ADDRESSES { Err(BoundsError::TooMany(all.len())) } else { Ok(()) }
        }
        Ask::Set(Origin::List(list)) => {
            let nodes: Vec<IpAddr> = nodes.filter(|ip| !list.covers(*ip)).collect();
            if nodes.is_empty() {
                Ok(())
            } else {
                Err(BoundsError::LeavesOut { list: list.to_string(), nodes })
            }
        }
    }
}

/// The nodes that let in none of the others, where some do: they come, and what they have is of another trust.
fn strangers(states: &[NodeState]) -> BTreeSet<NodeSpec> {
    let own: Vec<_> = states.iter().filter_map(|state| Some((state.spec, private_half(state)?))).collect();
    let belongs = |state: &&NodeState| {
        let lines = let_in(state);
        own.iter().any(|(spec, key)| *spec != state.spec && lines.keys.contains(key))
    };
    let belong: BTreeSet<NodeSpec> = states.iter().filter(belongs).map(|state| state.spec).collect();
    let others = states.iter().map(|state| state.spec).filter(|spec| !belong.contains(spec));
    if belong.is_empty() { BTreeSet::new() } else { others.collect() }
}

/// The bounds of our lines on a node.
fn lines(state: &NodeState) -> Vec<KeyBounds> {
    let_in(state).bounds.clone()
}

/// The addresses that the block on a node knows.
fn known(state: &NodeState) -> Vec<IpAddr> {
    config::known(state).iter().filter_map(|host| host.address.parse().ok()).collect()
}

/// The clock of a node; of one that does not tell, that of UTC: nothing new is written there.
fn clock_of(state: &NodeState) -> NodeClock {
    state.clock.unwrap_or(NodeClock { said: 0, offset: 0, from: 0, to: 0 })
}
