//! Which keys open a node.

use sshfiles::{AuthorizedKeys, PublicKey};

use crate::observe::Evidence;
use crate::place::Place;

/// The file that the set-up writes, unless sshd looks elsewhere.
pub(super) fn usual(evidence: &Evidence) -> String {
    format!("{}/.ssh/authorized_keys", evidence.state.home)
}

/// The files in which sshd looks, each read. Without evidence of its settings: the usual one.
pub(super) fn files(evidence: &Evidence) -> Vec<(String, AuthorizedKeys)> {
    let usual = usual(evidence);
    let places = &evidence.rights.key_files;
    let mut files = Vec::new();
    if places.is_empty() || places.iter().any(|file| file.path == usual) {
        files.push((usual, AuthorizedKeys::parse(evidence.state.bytes(Place::AuthorizedKeys))));
    }
    files.extend(evidence.keys.grants().map(|(path, keys)| (path.to_owned(), keys)));
    files
}

/// What a node makes of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Grant {
    /// It opens the node, at the right time and to the right callers: whether these are, is judged apart.
    Full,
    /// Only under these options, in this file and line.
    Restricted(String, usize, String),
    /// It is not there.
    None,
}

/// What the files make of a key.
pub(super) fn grant(files: &[(String, AuthorizedKeys)], key: &PublicKey) -> Grant {
    if files.iter().any(|(_, keys)| keys.entries().any(|line| line.only_bound && line.key == *key)) {
        return Grant::Full;
    }
    let restricted = files.iter().find_map(|(path, keys)| {
        let entry = keys.entries().find(|entry| entry.key == *key)?;
        Some(Grant::Restricted(path.clone(), entry.line, entry.options.unwrap_or_default()))
    });
    restricted.unwrap_or(Grant::None)
}
