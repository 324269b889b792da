//! What the answers mean for the records of the coordinator.

use std::path::PathBuf;

use sshfiles::{KnownHosts, Marker, PublicKey};

use super::Answer;
use crate::inventory::NodeSpec;
use crate::session::HostKeyConflict;

/// A record of ours that an answer made stale.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replaced {
    /// Which node.
    pub node: NodeSpec,
    /// The key that was on record.
    pub old: PublicKey,
}

/// Whether the host keys of an answer may be recorded beside what is on record already. `records` are the files that
/// ssh(1) reads.
///
/// # Errors
/// The record of the user's own that says otherwise: another key of the same type for this node, or a revocation.
pub fn admit(
    records: &[(PathBuf, KnownHosts)],
    node: NodeSpec,
    answer: &Answer,
) -> Result<(), HostKeyConflict> {
    for key in &answer.host_keys {
        let mut other = None;
        let mut same = false;
        for (path, file) in records {
            for record in file.lookup(&node.ip.to_string(), node.port) {
                let conflict = || HostKeyConflict {
                    key_type: key.algorithm().to_owned(),
                    presented: key.fingerprint(),
                    recorded: format!("{} {}", record.key.algorithm(), record.key.fingerprint()),
                    file: path.clone(),
                    line: record.line,
                };
                let foreign = record.marker == Marker::None && !record.ours;
                match record.marker {
                    Marker::Revoked if record.key == *key => return Err(conflict()),
                    _ if foreign && record.key == *key => same = true,
                    _ if foreign && record.key.algorithm() == key.algorithm() => {
                        other = other.or_else(|| Some(conflict()));
                    }
                    _ => {}
                }
            }
        }
        if let Some(conflict) = other.filter(|_| !same) {
            return Err(conflict);
        }
    }
    Ok(())
}

/// Records the host keys of all answers. What was replaced is told; whether anything changed is in the bytes.
pub fn merge(known: &mut KnownHosts, answers: &[(NodeSpec, Answer)]) -> Vec<Replaced> {
    let mut replaced = Vec::new();
    for (node, answer) in answers {
        let host = node.ip.to_string();
        let before = known.lookup(&host, node.port).into_iter().filter(|record| record.ours);
        let stale = before.filter(|record| !answer.host_keys.contains(&record.key)).map(|record| record.key);
        let stale: Vec<PublicKey> = stale.collect();
        known.set_ours(&host, node.port, &answer.host_keys);
        let after: Vec<PublicKey> = known.lookup(&host, node.port).into_iter().map(|r| r.key).collect();
        let gone = stale.into_iter().filter(|key| !after.contains(key));
        replaced.extend(gone.map(|old| Replaced { node: *node, old }));
    }
    replaced
}

/// Nodes whose answers are alike in every key: probably one machine on which two scripts were run.
#[must_use]
pub fn twins(answers: &[(NodeSpec, Answer)]) -> Vec<(NodeSpec, NodeSpec)> {
    let mut seen = std::collections::HashMap::new();
    let mut found = Vec::new();
    for (node, answer) in answers {
        let first = *seen.entry((&answer.host_keys, &answer.public_key)).or_insert(*node);
        if first != *node {
            found.push((first, *node));
        }
    }
    found
}
