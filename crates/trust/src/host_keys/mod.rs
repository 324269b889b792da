//! Is a host key the recorded one? The answer of ssh(1) for every name of a node at once. Pure.
//!
//! A node has an address and the names that the description of the cluster gives it, and a record may stand under any of
//! them. Each is looked up as `ssh` would look it up; a contradiction under one of them is a contradiction.

mod certificate;
mod client;
mod records;

use std::path::PathBuf;
use std::sync::Arc;

use sshfiles::KnownHosts;

use crate::enter::HostKeyConflict;
use crate::inventory::{Cluster, NodeSpec};

pub use certificate::HostCertificate;
pub use client::{ClientSays, Scan, Tokens, UnknownToken, expand, scan};
pub use records::{ConfirmedKey, NodeRecords};

/// Host key types that can be proven, as in `known_hosts`, in the order of preference.
pub const KEY_TYPES: &[&str] =
    &["ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521", "ssh-rsa"];

/// What the records say about a host key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HostKeyVerdict {
    /// It is on record for this node.
    Known,
    /// There is no record for this node.
    Unknown,
    /// Another key is on record.
    Changed(HostKeyConflict),
    /// It is marked `@revoked`.
    Revoked(HostKeyConflict),
}

/// A file in the form of `known_hosts`.
#[derive(Debug)]
pub struct RecordFile {
    /// Where it lies.
    pub path: PathBuf,
    /// What it says.
    pub records: KnownHosts,
}

impl RecordFile {
    /// Reads any bytes.
    #[must_use]
    pub fn parse(path: PathBuf, bytes: &[u8]) -> Self {
        Self { path, records: KnownHosts::parse(bytes) }
    }

    /// Whether it says anything of a node, by its address or one of its names.
    #[must_use]
    pub fn speaks_of_any(&self, cluster: &Cluster) -> bool {
        let mut nodes = cluster.nodes.iter().zip(&cluster.called);
        nodes.any(|(node, called)| {
            hosts(*node, called).any(|host| self.speaks_of(&host, node.port) || self.speaks_of(&host, 22))
        })
    }

    /// Whether it has a line for a host on this port.
    #[must_use]
    pub fn speaks_of(&self, host: &str, port: u16) -> bool {
        !self.records.lookup(host, port).is_empty()
    }
}

/// All that a node is called: its address, and the names that the description gives it.
pub fn hosts(node: NodeSpec, called: &[String]) -> impl Iterator<Item = String> {
    std::iter::once(node.ip.to_string()).chain(called.iter().cloned())
}

/// A host under which a node's key may be on record, and the files in which `ssh` would look.
#[derive(Debug, Clone)]
pub struct Lookup {
    /// An address, a name, or what `HostKeyAlias` says.
    pub host: String,
    /// The port; 22 for an alias, which ssh looks up as it stands.
    pub port: u16,
    /// The files, the user's before the system's.
    pub files: Vec<Arc<RecordFile>>,
}

/// What whoever started the run demands of host keys.
#[derive(Debug, Clone, Default)]
pub struct HostKeyPolicy {
    /// Only known keys count.
    pub strict: bool,
    /// For the nodes that this file names, only what it says makes a key known.
    pub pins: Option<Arc<RecordFile>>,
}
