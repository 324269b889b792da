//! Host certificates (OpenSSH's PROTOCOL.certkeys), as the decision needs them.

use sshfiles::{PublicKey, matches_pattern};

/// A host certificate that a node presented. Its signature is verified by whoever makes one of these.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostCertificate {
    /// The certified key, which the node proved to have.
    pub key: PublicKey,
    /// The key that signed it.
    pub authority: PublicKey,
    /// Whether the signature is right, and not by SHA-1, and the time within the validity.
    pub holds: bool,
    /// Whether it is one of a host, not of a user.
    pub of_host: bool,
    /// The names that it is for, which may be patterns; none: any.
    pub principals: Vec<String>,
    /// Whether it has options that must be understood. None are defined for hosts.
    pub critical: bool,
}

impl HostCertificate {
    /// Whether it certifies this host: an address, a name, or what `HostKeyAlias` says; without a port.
    #[must_use]
    pub fn certifies(&self, host: &str) -> bool {
        let host = host.to_ascii_lowercase();
        let names = |principal: &String| matches_pattern(principal.as_bytes(), host.as_bytes());
        let named = self.principals.is_empty() || self.principals.iter().any(names);
        self.holds && self.of_host && !self.critical && named
    }
}
