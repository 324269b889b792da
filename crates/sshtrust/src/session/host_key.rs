//! Is a host key the recorded one? The records are those that ssh(1) reads.

use std::path::{Path, PathBuf};

use sshfiles::{KnownHosts, Marker, PublicKey};

use super::HostKeyConflict;
use super::algorithms::KEY_TYPES;
use crate::inventory::NodeSpec;

/// What the records say about a host key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HostKeyVerdict {
    /// It is on record for this node.
    Known,
    /// There is no record of this type for this node.
    Unknown,
    /// Another key of the same type is on record.
    Changed(HostKeyConflict),
    /// It is marked `@revoked`.
    Revoked(HostKeyConflict),
}

/// A host key that was confirmed in another way than by the records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfirmedKey {
    /// Whose.
    pub node: NodeSpec,
    /// Its fingerprint, as `ssh-keygen -l` shows it. Only this very key is taken.
    pub fingerprint: String,
}

/// The known host keys of this machine: the user's files and the system's.
#[derive(Debug, Default)]
pub struct TrustedHosts {
    files: Vec<(PathBuf, KnownHosts)>,
    confirmed: Vec<ConfirmedKey>,
}

impl TrustedHosts {
    /// Reads the four files that ssh_config(5) names as defaults. A file that does not exist is empty.
    ///
    /// # Errors
    /// The path and the error of a file that exists and cannot be read.
    pub fn read(home: &Path) -> Result<Self, (PathBuf, std::io::Error)> {
        let paths = [
            home.join(".ssh/known_hosts"),
            home.join(".ssh/known_hosts2"),
            PathBuf::from("/etc/ssh/ssh_known_hosts"),
            PathBuf::from("/etc/ssh/ssh_known_hosts2"),
        ];
        let mut files = Vec::new();
        for path in paths {
            match std::fs::read(&path) {
                Ok(bytes) => files.push((path, KnownHosts::parse(&bytes))),
                Err(e) if e.kind() == std::io::ErrorKind::NotFound => {}
                Err(e) => return Err((path, e)),
            }
        }
        Ok(Self { files, confirmed: Vec::new() })
    }

    /// Takes files that were read already.
    #[must_use]
    pub fn from_files(files: Vec<(PathBuf, KnownHosts)>) -> Self {
        Self { files, confirmed: Vec::new() }
    }

    /// Takes these keys too, unless they are marked `@revoked`.
    #[must_use]
    pub fn confirming(mut self, keys: Vec<ConfirmedKey>) -> Self {
        self.confirmed = keys;
        self
    }

    /// The key types that are on record for a node.
    #[must_use]
    pub fn types(&self, node: NodeSpec) -> Vec<String> {
        let entries = self.files.iter().flat_map(|(_, file)| file.lookup(&node.ip.to_string(), node.port));
        entries.filter(|e| e.marker == Marker::None).map(|e| e.key.algorithm().to_owned()).collect()
    }

    /// Compares a key with the records: `@revoked` wins over all, then any matching record.
    ///
    /// A record of another type contradicts too: recorded types are asked for first, so a node that still has its key
    /// presents it. ssh(1) asks a person in this case; here nobody would see a man in the middle who offers another
    /// type.
    #[must_use]
    pub fn check(&self, node: NodeSpec, key: &PublicKey) -> HostKeyVerdict {
        let mut changed = None;
        let mut known = false;
        for (path, file) in &self.files {
            for entry in file.lookup(&node.ip.to_string(), node.port) {
                let conflict = || HostKeyConflict {
                    key_type: key.algorithm().to_owned(),
                    presented: key.fingerprint(),
                    recorded: format!("{} {}", entry.key.algorithm(), entry.key.fingerprint()),
                    file: path.clone(),
                    line: entry.line,
                };
                match entry.marker {
                    Marker::Revoked if entry.key == *key => return HostKeyVerdict::Revoked(conflict()),
                    Marker::None if entry.key == *key => known = true,
                    Marker::None if KEY_TYPES.contains(&entry.key.algorithm()) => {
                        changed = changed.or_else(|| Some(conflict()));
                    }
                    _ => {}
                }
            }
        }
        let is_this = |c: &ConfirmedKey| c.node == node && c.fingerprint == key.fingerprint();
        match changed {
            _ if known || self.confirmed.iter().any(is_this) => HostKeyVerdict::Known,
            Some(conflict) => HostKeyVerdict::Changed(conflict),
            None => HostKeyVerdict::Unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    const B: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEB";

    const P256: &str = "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBAAAAAAAAAAAAAAAAAAAAAAA\
        AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

    #[test]
    fn a_confirmed_key_is_taken_and_no_other_and_no_revoked_one() {
        let node = NodeSpec { ip: "10.0.0.1".parse().unwrap(), port: 22 };
        let key: PublicKey = A.parse().unwrap();
        let verdict = |text: &str, confirmed: &str, port| {
            let files = vec![(PathBuf::from("known_hosts"), KnownHosts::parse(text.as_bytes()))];
            let fingerprint = confirmed.parse::<PublicKey>().unwrap().fingerprint();
            let confirmed = ConfirmedKey { node: NodeSpec { port, ..node }, fingerprint };
            TrustedHosts::from_files(files).confirming(vec![confirmed]).check(node, &key)
        };
        let stale = format!("10.0.0.1 {B}\n");
        assert_eq!(verdict(&stale, A, 22), HostKeyVerdict::Known);
        assert!(matches!(verdict(&stale, B, 22), HostKeyVerdict::Changed(_)));
        assert!(matches!(verdict(&stale, A, 2222), HostKeyVerdict::Changed(_)));
        assert!(matches!(verdict(&format!("@revoked * {A}\n"), A, 22), HostKeyVerdict::Revoked(_)));
    }

    fn verdict(text: &str, port: u16) -> HostKeyVerdict {
        let files = vec![(PathBuf::from("known_hosts"), KnownHosts::parse(text.as_bytes()))];
        let node = NodeSpec { ip: "10.0.0.1".parse().unwrap(), port };
        TrustedHosts::from_files(files).check(node, &A.parse().unwrap())
    }

    #[test]
    fn verdicts() {
        use HostKeyVerdict::{Changed, Known, Revoked, Unknown};
        assert_eq!(verdict("", 22), Unknown);
        assert_eq!(verdict(&format!("10.0.0.1 {A}\n"), 22), Known);
        assert_eq!(verdict(&format!("10.0.0.11 {B}\n"), 22), Unknown);
        assert_eq!(verdict(&format!("10.0.0.1 {B}\n10.0.0.1 {A}\n"), 22), Known);
        assert!(matches!(verdict(&format!("# c\n10.0.0.1 {B}\n"), 22), Changed(c) if c.line == 2));
        assert!(matches!(verdict(&format!("10.0.0.1 {A}\n@revoked * {A}\n"), 22), Revoked(c) if c.line == 2));
        assert_eq!(verdict(&format!("10.0.0.1 {B}\n"), 2222), Unknown);
        // Another type than the recorded one is what a man in the middle would offer.
        assert!(matches!(verdict(&format!("10.0.0.1 {P256}\n"), 22), Changed(_)));
        assert_eq!(verdict(&format!("10.0.0.1 {P256}\n10.0.0.1 {A}\n"), 22), Known);
        assert!(matches!(verdict(&format!("[10.0.0.1]:2222 {B}\n"), 2222), Changed(_)));
    }
}
