//! What a node has on record about another one's host keys.

use sshfiles::{Marker, PublicKey};

use crate::diagnose::CaseNode;
use crate::observe::Evidence;

/// One record.
pub(super) struct Record {
    /// In which file.
    pub(super) path: String,
    /// Number of its line.
    pub(super) line: usize,
    /// What the line says about the key.
    pub(super) marker: Marker,
    /// The key.
    pub(super) key: PublicKey,
}

/// The names by which a node is known: its address, then its name.
pub(super) fn names(node: &CaseNode) -> Vec<String> {
    let ip = node.spec.ip.to_string();
    let name = node.name.clone().filter(|name| crate::inventory::is_host_name(name));
    std::iter::once(ip).chain(name).collect()
}

/// All records about a node under these names.
pub(super) fn records(evidence: &Evidence, names: &[String], port: u16) -> Vec<Record> {
    let mut found = Vec::new();
    for (path, known) in evidence.known_hosts() {
        for name in names {
            found.extend(known.lookup(name, port).into_iter().map(|known| Record {
                path: path.clone(),
                line: known.line,
                marker: known.marker,
                key: known.key,
            }));
        }
    }
    found.sort_by(|a, b| (&a.path, a.line).cmp(&(&b.path, b.line)));
    found.dedup_by(|a, b| (&a.path, a.line) == (&b.path, b.line));
    found
}

/// Whether a node has one of the keys on record for another one, by its address.
pub(super) fn knows(evidence: &Evidence, callee: &CaseNode, keys: &[PublicKey]) -> bool {
    let records = records(evidence, &[callee.spec.ip.to_string()], callee.spec.port);
    records.iter().any(|record| record.marker == Marker::None && keys.contains(&record.key))
}
