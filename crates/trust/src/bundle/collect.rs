//! What the answers mean for the records of the coordinator.

use std::collections::HashMap;
use std::path::PathBuf;

use sshfiles::{KnownHosts, Marker, PublicKey, host_field};

use super::Answer;
use crate::enter::HostKeyConflict;
use crate::inventory::NodeSpec;

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
) -> Result<(), Box<HostKeyConflict>> {
    admit_as(records, &node.ip.to_string(), node.port, answer)
}

fn admit_as(
    records: &[(PathBuf, KnownHosts)],
    host: &str,
    port: u16,
    answer: &Answer,
) -> Result<(), Box<HostKeyConflict>> {
    for key in &answer.host_keys {
        let mut other = None;
        let mut same = false;
        let all = records
            .iter()
            .flat_map(|(path, file)| file.lookup(host, port).into_iter().map(move |r| (path, r)));
        for (path, record) in all {
            let conflict = || {
                Box::new(HostKeyConflict {
                    key_type: key.algorithm().to_owned(),
                    presented: key.fingerprint(),
                    recorded: format!("{} {}", record.key.algorithm(), record.key.fingerprint()),
                    host: host_field(host, port),
                    file: path.clone(),
                    line: record.line,
                })
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
        if let Some(conflict) = other.filter(|_| !same) {
            return Err(conflict);
        }
    }
    Ok(())
}

/// Takes the names away by which nodes cannot be called: those of more than one node, and those that a record of the
/// user's own gives another key. Returns them.
pub fn settle_names(
    records: &[(PathBuf, KnownHosts)],
    answers: &mut [(NodeSpec, Answer)],
) -> Vec<(NodeSpec, String)> {
    let mut count: HashMap<String, usize> = HashMap::new();
    for name in answers.iter().filter_map(|(_, answer)| answer.name.as_ref()) {
        *count.entry(name.to_ascii_lowercase()).or_default() += 1;
    }
    let mut left_out = Vec::new();
    for (node, answer) in answers {
        let Some(name) = answer.name.clone() else { continue };
        let alone = count.get(&name.to_ascii_lowercase()) == Some(&1);
        if !alone || admit_as(records, &name, node.port, answer).is_err() {
            answer.name = None;
            left_out.push((*node, name));
        }
    }
    left_out
}

/// Records the host keys of all answers. What was replaced is told; whether anything changed is in the bytes.
pub fn merge(known: &mut KnownHosts, answers: &[(NodeSpec, Answer)]) -> Vec<Replaced> {
    let mut replaced: Vec<Replaced> = Vec::new();
    for (node, answer) in answers {
        let hosts = answer.hosts(*node);
        let hosts: Vec<&str> = hosts.iter().map(String::as_str).collect();
        let keys = |known: &KnownHosts| {
            let records = hosts.iter().flat_map(|host| known.lookup(host, node.port));
            records.filter(|record| record.ours).map(|record| record.key).collect::<Vec<PublicKey>>()
        };
        let before = keys(known);
        known.set_ours(&hosts, node.port, &answer.host_keys);
        let after = keys(known);
        let gone = before.into_iter().filter(|key| !after.contains(key));
        for one in gone.map(|old| Replaced { node: *node, old }) {
            if !replaced.contains(&one) {
                replaced.push(one);
            }
        }
    }
    replaced
}

/// Nodes whose answers are alike in every key: probably one machine on which two scripts were run.
#[must_use]
pub fn twins(answers: &[(NodeSpec, Answer)]) -> Vec<(NodeSpec, NodeSpec)> {
    let mut seen = HashMap::new();
    let mut found = Vec::new();
    for (node, answer) in answers {
        let first = *seen.entry((&answer.host_keys, &answer.public_key)).or_insert(*node);
        if first != *node {
            found.push((first, *node));
        }
    }
    found
}
