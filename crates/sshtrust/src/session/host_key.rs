//! The records of host keys for a connection: those of each node, and the certificates that a node may present.

use std::collections::HashMap;
use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use russh::keys::{Algorithm, Certificate, HashAlg};
use sshfiles::PublicKey;
use trust::enter::Strict;
use trust::host_keys::{HostCertificate, HostKeyVerdict, NodeRecords};

use super::handler::convert;
use crate::inventory::NodeSpec;

/// What is on record on this machine for each node.
#[derive(Debug, Default)]
pub struct TrustedHosts {
    nodes: HashMap<NodeSpec, NodeRecords>,
}

impl TrustedHosts {
    /// Those of these nodes. About any other node nothing is on record.
    #[must_use]
    pub const fn new(nodes: HashMap<NodeSpec, NodeRecords>) -> Self {
        Self { nodes }
    }

    /// The key types that are on record for a node.
    #[must_use]
    pub fn types(&self, node: NodeSpec) -> Vec<String> {
        self.nodes.get(&node).map(NodeRecords::types).unwrap_or_default()
    }

    /// Whether a certificate is asked for first.
    #[must_use]
    pub fn wants_certificate(&self, node: NodeSpec) -> bool {
        self.nodes.get(&node).is_some_and(NodeRecords::wants_certificate)
    }

    /// Who wants only known keys at a node.
    #[must_use]
    pub fn strict(&self, node: NodeSpec) -> Option<&Strict> {
        self.nodes.get(&node).and_then(NodeRecords::strict)
    }

    /// Key revocation lists that have to be asked about a node's key.
    pub(super) fn lists(&self, node: NodeSpec) -> &[PathBuf] {
        self.nodes.get(&node).map(NodeRecords::lists).unwrap_or_default()
    }

    /// Compares a key with the records; `certificate`: with which it was presented.
    #[must_use]
    pub fn check(
        &self,
        node: NodeSpec,
        key: &PublicKey,
        certificate: Option<&HostCertificate>,
    ) -> HostKeyVerdict {
        let records = self.nodes.get(&node);
        records.map_or(HostKeyVerdict::Unknown, |records| records.check(key, certificate))
    }
}

/// A certificate as the records judge it; `None` if its keys have no form in which they could be on record.
pub(super) fn certificate(presented: &Certificate) -> Option<HostCertificate> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| now.as_secs());
    let authority = presented.signature_key();
    // ssh(1) has refused SHA-1 here since 8.2.
    let weak = matches!(presented.signature().algorithm(), Algorithm::Rsa { hash: None });
    let holds = presented.validate_at(now, [&authority.fingerprint(HashAlg::Sha256)]).is_ok();
    Some(HostCertificate {
        key: convert(&presented.public_key().clone().into())?,
        authority: convert(&authority.clone().into())?,
        holds: holds && !weak,
        of_host: presented.cert_type().is_host(),
        principals: presented.valid_principals().to_vec(),
        critical: !presented.critical_options().is_empty(),
    })
}

#[cfg(test)]
#[path = "host_key_tests.rs"]
mod tests;
