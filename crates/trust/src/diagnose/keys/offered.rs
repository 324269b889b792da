//! Which keys a node has and offers.

use std::collections::{BTreeMap, BTreeSet};

use sshfiles::{PublicKey, public_half};

use crate::diagnose::Case;
use crate::key::KeyMode;
use crate::observe::{EntryKind, Evidence};
use crate::place::Place;
use crate::plan::standing_mode;

/// The public part of the tool's key on a node. It stands in the clear in OpenSSH's format, whatever the passphrase.
pub(super) fn own_key(evidence: &Evidence) -> Option<PublicKey> {
    public_half(evidence.state.bytes(Place::PrivateKey))
}

/// The public file beside it.
pub(super) fn public_file(evidence: &Evidence) -> Option<PublicKey> {
    std::str::from_utf8(evidence.state.bytes(Place::PublicKey)).ok()?.parse().ok()
}

/// The tool's keys on the nodes of a case.
#[derive(Debug, Default)]
pub(super) struct ClusterKeys {
    /// The one that all nodes share: the key that most have, of equally many the one of this machine, which is what the
    /// set-up of trust would choose. `None`: each node has its own, or none has any.
    pub(super) shared: Option<PublicKey>,
    /// All that trust is made of: the shared one alone, or each node's own.
    pub(super) all: BTreeSet<PublicKey>,
}

impl ClusterKeys {
    pub(super) fn of(case: &Case) -> Self {
        let mut holders: BTreeMap<PublicKey, (usize, bool)> = BTreeMap::new();
        for (_, node, evidence) in case.seen() {
            let Some(key) = own_key(evidence) else { continue };
            let (count, local) = holders.entry(key).or_default();
            *count += 1;
            *local |= node.local;
        }
        let states = case.seen().map(|(_, _, evidence)| &evidence.state);
        if standing_mode(states.collect::<Vec<_>>().into_iter()) == Some(KeyMode::PerNode) {
            return Self { shared: None, all: holders.into_keys().collect() };
        }
        let shared = holders.into_iter().max_by_key(|(_, rank)| *rank).map(|(key, _)| key);
        Self { all: shared.iter().cloned().collect(), shared }
    }

    /// Whether this is the key that all nodes share.
    pub(super) fn is_shared(&self, key: &PublicKey) -> bool {
        self.shared.as_ref() == Some(key)
    }
}

/// Whether there is something at the place of the cluster's private key.
pub(super) fn has_key_file(evidence: &Evidence) -> bool {
    matches!(evidence.state.entry(Place::PrivateKey).kind, EntryKind::File | EntryKind::Unreadable)
}

/// All keys that `ssh` on a node may log in with: those of its agent, the tool's, and those made by hand.
pub(super) fn offered(evidence: &Evidence) -> Vec<PublicKey> {
    let mut keys: Vec<PublicKey> = own_key(evidence).into_iter().collect();
    keys.extend(evidence.state.agent.keys.iter().cloned());
    // One that needs a passphrase is no use without an agent that holds it; one that belongs to another public file
    // is not taken.
    let open = evidence.keys.own.values().filter(|own| !is_torn(own.private.as_ref(), own.public.as_ref()));
    keys.extend(open.filter_map(|own| own.private.clone()));
    keys.sort();
    keys.dedup();
    keys
}

/// Whether a private and a public file do not belong together.
pub(super) fn is_torn(private: Option<&PublicKey>, public: Option<&PublicKey>) -> bool {
    private.zip(public).is_some_and(|(private, public)| private != public)
}
