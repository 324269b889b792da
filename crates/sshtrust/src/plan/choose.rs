//! Which key pair the cluster gets: the one it has, if it works, else a new one.

use std::collections::BTreeMap;

use crate::identity::{IdentityKey, KeyType, MOST_PARTS, open_passphrase};
use crate::observe::NodeState;

/// What the user and the nodes ask of the key.
#[derive(Debug, Clone, Copy, Default)]
pub struct Wish {
    /// The type that the user named (`--key-type`).
    pub key_type: Option<KeyType>,
    /// The node whose key is preferred among keys that equally many nodes have: the machine that runs the tool.
    pub prefer: Option<usize>,
}

/// The outcome.
#[derive(Debug)]
pub enum Choice {
    /// Use a key that is there.
    Keep(Box<IdentityKey>),
    /// Make a new one.
    Generate(KeyType),
}

/// Chooses. Slow (bcrypt, a fifth of a second for each different key that is tried): not for the async threads.
#[must_use]
pub fn choose_identity(states: &[NodeState], wish: Wish) -> Choice {
    let no_ed25519 = states.iter().any(|s| s.ssh.fips || s.refuses_ed25519);
    let kind = wish.key_type.unwrap_or(if no_ed25519 { KeyType::EcdsaP256 } else { KeyType::Ed25519 });
    let fits = |key: &IdentityKey| {
        let has = key.public().algorithm();
        match wish.key_type {
            Some(kind) => has == kind.name(),
            None => !(no_ed25519 && has == KeyType::Ed25519.name()),
        }
    };
    let found =
        candidates(states, wish.prefer).into_iter().find_map(|i| states.get(i).and_then(open).filter(fits));
    found.map_or(Choice::Generate(kind), |key| Choice::Keep(Box::new(key)))
}

/// One node for each different key file, by how many nodes have it: a machine that brings a key of its own must not
/// take the cluster's away.
fn candidates(states: &[NodeState], prefer: Option<usize>) -> Vec<usize> {
    let mut holders: BTreeMap<&[u8], Vec<usize>> = BTreeMap::new();
    for (index, state) in states.iter().enumerate() {
        let file = state.bytes("id_om");
        if !file.is_empty() {
            holders.entry(file).or_default().push(index);
        }
    }
    let mut groups: Vec<Vec<usize>> = holders.into_values().collect();
    groups.sort_by_key(|nodes| {
        let preferred = prefer.is_some_and(|p| nodes.contains(&p));
        (usize::MAX - nodes.len(), !preferred, nodes.first().copied())
    });
    // A store may be damaged on one node and whole on the next.
    groups.into_iter().flat_map(|nodes| nodes.into_iter().take(2)).collect()
}

fn open(state: &NodeState) -> Option<IdentityKey> {
    let parts: Vec<(Vec<u8>, Vec<u8>)> = (0..MOST_PARTS)
        .map_while(|part| {
            let cipher = state.bytes(&format!("cipher/{part}"));
            (!cipher.is_empty()).then(|| (cipher.to_vec(), state.bytes(&format!("rand/{part}")).to_vec()))
        })
        .collect();
    IdentityKey::open(state.bytes("id_om"), &open_passphrase(&parts).ok()?)
}
