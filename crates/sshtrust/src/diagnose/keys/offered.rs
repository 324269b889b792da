//! Which keys a node has and offers.

use std::collections::BTreeMap;

use russh::keys::PrivateKey;
use sshfiles::PublicKey;

use crate::diagnose::Case;
use crate::observe::{EntryKind, Evidence};

/// The public part of the cluster's key on a node. It stands in the clear in OpenSSH's format, whatever the passphrase.
pub(super) fn own_key(evidence: &Evidence) -> Option<PublicKey> {
    let key = PrivateKey::from_openssh(evidence.state.bytes("id_om")).ok()?;
    PublicKey::from_blob(key.public_key().to_bytes().ok()?).ok()
}

/// The public file beside it.
pub(super) fn public_file(evidence: &Evidence) -> Option<PublicKey> {
    std::str::from_utf8(evidence.state.bytes("id_om.pub")).ok()?.parse().ok()
}

/// The key that most nodes have, of equally many the one of this machine: what the set-up of trust would choose.
pub(super) fn cluster_key(case: &Case) -> Option<PublicKey> {
    let mut holders: BTreeMap<PublicKey, (usize, bool)> = BTreeMap::new();
    for (_, node, evidence) in case.seen() {
        let Some(key) = own_key(evidence) else { continue };
        let (count, local) = holders.entry(key).or_default();
        *count += 1;
        *local |= node.local;
    }
    holders.into_iter().max_by_key(|(_, rank)| *rank).map(|(key, _)| key)
}

/// Whether there is something at the place of the cluster's private key.
pub(super) fn has_key_file(evidence: &Evidence) -> bool {
    matches!(evidence.state.entry("id_om").kind, EntryKind::File | EntryKind::Unreadable)
}

/// All keys that `ssh` on a node may log in with: those of its agent, the cluster's, and those made by hand.
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
