//! All that is on record for one node, and what it says of a key.

use std::path::{Path, PathBuf};

use sshfiles::{KnownHost, Marker, PublicKey, host_field};

use super::{HostCertificate, HostKeyVerdict, KEY_TYPES, Lookup};
use crate::enter::{HostKeyConflict, Strict};
use crate::inventory::NodeSpec;

/// A host key that was confirmed in another way than by the records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfirmedKey {
    /// Whose.
    pub node: NodeSpec,
    /// Its fingerprint, as `ssh-keygen -l` shows it. Only this very key is taken.
    pub fingerprint: String,
}

/// All that is on record for one node.
#[derive(Debug, Default)]
pub struct NodeRecords {
    hosts: Vec<Host>,
    /// By hosts again, if they alone make a key known.
    pins: Vec<Host>,
    /// Keys that must never be accepted, whatever the host: the file and the line.
    revoked: Vec<(PathBuf, KnownHost)>,
    /// Key revocation lists that have to be asked about a key.
    lists: Vec<PathBuf>,
    /// Fingerprints that are taken whatever the records say, unless they are revoked.
    confirmed: Vec<String>,
    /// Who wants only known keys.
    strict: Option<Strict>,
}

/// What is on record under one host.
#[derive(Debug)]
struct Host {
    host: String,
    /// As in `known_hosts`.
    field: String,
    hits: Vec<(PathBuf, KnownHost)>,
    /// Where ssh looks if there is nothing under `[host]:port`: under the host alone.
    without_port: Vec<KnownHost>,
}

impl Host {
    fn find(lookup: &Lookup) -> Self {
        let Lookup { host, port, files } = lookup;
        let at = |port: u16| {
            files.iter().flat_map(move |file| {
                file.records.lookup(host, port).into_iter().map(|hit| (file.path.clone(), hit))
            })
        };
        let bare = if *port == 22 { None } else { Some(at(22)) };
        let without_port = bare.into_iter().flatten().map(|(_, hit)| hit).collect();
        Self { host: host.clone(), field: host_field(host, *port), hits: at(*port).collect(), without_port }
    }

    fn plain(&self) -> impl Iterator<Item = &(PathBuf, KnownHost)> {
        self.hits.iter().filter(|(_, hit)| hit.marker == Marker::None)
    }

    fn authorities(&self) -> impl Iterator<Item = &PublicKey> {
        let hits = self.hits.iter().map(|(_, hit)| hit);
        hits.filter(|hit| hit.marker == Marker::CertAuthority).map(|hit| &hit.key)
    }

    fn is_empty(&self) -> bool {
        self.plain().next().is_none() && self.authorities().next().is_none()
    }

    /// The record that forbids one of these keys.
    fn forbids(&self, keys: &[&PublicKey]) -> Option<HostKeyConflict> {
        let revoked =
            |(_, hit): &&(PathBuf, KnownHost)| hit.marker == Marker::Revoked && keys.contains(&&hit.key);
        let (path, hit) = self.hits.iter().find(revoked)?;
        Some(conflict(path, hit, &self.field, keys.first()?))
    }

    fn says(&self, key: &PublicKey, certificate: Option<&HostCertificate>) -> Word {
        let vouches = |certificate: &HostCertificate| {
            certificate.certifies(&self.host) && self.authorities().any(|key| *key == certificate.authority)
        };
        if certificate.is_some_and(vouches) || self.plain().any(|(_, hit)| hit.key == *key) {
            return Word::Known;
        }
        let speak = |(path, hit): &(PathBuf, KnownHost)| conflict(path, hit, &self.field, key);
        if let Some(same_type) = self.plain().find(|(_, hit)| hit.key.algorithm() == key.algorithm()) {
            return Word::Changed(speak(same_type));
        }
        if let Some(other) = self.plain().find(|(_, hit)| KEY_TYPES.contains(&hit.key.algorithm())) {
            return Word::OtherType(speak(other));
        }
        let bare = |marker| self.without_port.iter().any(|hit| hit.marker == marker && hit.key == *key);
        if bare(Marker::None) && !bare(Marker::Revoked) { Word::Known } else { Word::Nothing }
    }
}

/// What the records of one host say of a key.
enum Word {
    Known,
    Nothing,
    /// Another key of the same type is on record.
    Changed(HostKeyConflict),
    /// Only keys of other types are.
    OtherType(HostKeyConflict),
}

fn conflict(path: &Path, hit: &KnownHost, field: &str, key: &PublicKey) -> HostKeyConflict {
    HostKeyConflict {
        key_type: key.algorithm().to_owned(),
        presented: key.fingerprint(),
        recorded: format!("{} {}", hit.key.algorithm(), hit.key.fingerprint()),
        host: field.to_owned(),
        file: path.to_owned(),
        line: hit.line,
    }
}

impl NodeRecords {
    /// Looks all hosts of a node up.
    #[must_use]
    pub fn new(lookups: &[Lookup]) -> Self {
        Self { hosts: lookups.iter().map(Host::find).collect(), ..Self::default() }
    }

    /// If this file says anything of one of these hosts, only it makes a key known. What is revoked stays revoked.
    #[must_use]
    pub fn pinned(mut self, lookups: &[Lookup]) -> Self {
        let pins: Vec<Host> = lookups.iter().map(Host::find).collect();
        if pins.iter().any(|host| !host.is_empty()) {
            self.pins = pins;
        }
        self
    }

    /// Never takes these keys (`RevokedHostKeys`).
    #[must_use]
    pub fn revoking(mut self, keys: Vec<(PathBuf, KnownHost)>) -> Self {
        self.revoked = keys;
        self
    }

    /// Key revocation lists (OpenSSH's PROTOCOL.krl), which ssh-keygen(1) has to be asked about each key.
    #[must_use]
    pub fn listing(mut self, lists: Vec<PathBuf>) -> Self {
        self.lists = lists;
        self
    }

    /// The same.
    #[must_use]
    pub fn lists(&self) -> &[PathBuf] {
        &self.lists
    }

    /// Takes these fingerprints too, unless they are revoked.
    #[must_use]
    pub fn confirming(mut self, fingerprints: Vec<String>) -> Self {
        self.confirmed = fingerprints;
        self
    }

    /// Takes only known keys, if somebody wants that.
    #[must_use]
    pub fn strictly(mut self, strict: Option<Strict>) -> Self {
        self.strict = strict;
        self
    }

    /// Who wants only known keys.
    #[must_use]
    pub const fn strict(&self) -> Option<&Strict> {
        self.strict.as_ref()
    }

    fn judges(&self) -> &[Host] {
        if self.pins.is_empty() { &self.hosts } else { &self.pins }
    }

    /// The key types that are on record.
    #[must_use]
    pub fn types(&self) -> Vec<String> {
        let plain = self.judges().iter().flat_map(Host::plain);
        plain.map(|(_, hit)| hit.key.algorithm().to_owned()).collect()
    }

    /// Whether a line `@cert-authority` covers the node: a certificate is asked for first then, as ssh(1) does.
    #[must_use]
    pub fn wants_certificate(&self) -> bool {
        self.judges().iter().any(|host| host.authorities().next().is_some())
    }

    /// Compares a key with all that is on record. `certificate`: with which it was presented.
    ///
    /// What is revoked under any host wins over all, then another key of the same type under any host. A record of
    /// another type alone contradicts too, unless the key is known under another host: recorded types are asked for first,
    /// so a node that still has its key presents it. ssh(1) asks a person in this case; here nobody would see a man in the
    /// middle who offers another type.
    #[must_use]
    pub fn check(&self, key: &PublicKey, certificate: Option<&HostCertificate>) -> HostKeyVerdict {
        let keys: Vec<&PublicKey> =
            std::iter::once(key).chain(certificate.map(|certificate| &certificate.authority)).collect();
        let everywhere = self.hosts.iter().chain(&self.pins);
        if let Some(conflict) = everywhere.into_iter().find_map(|host| host.forbids(&keys)) {
            return HostKeyVerdict::Revoked(conflict);
        }
        if let Some((path, hit)) = self.revoked.iter().find(|(_, hit)| keys.contains(&&hit.key)) {
            return HostKeyVerdict::Revoked(conflict(path, hit, "*", key));
        }
        if self.confirmed.contains(&key.fingerprint()) {
            return HostKeyVerdict::Known;
        }
        let (mut known, mut changed, mut other) = (false, None, None);
        for word in self.judges().iter().map(|host| host.says(key, certificate)) {
            match word {
                Word::Known => known = true,
                Word::Nothing => {}
                Word::Changed(conflict) => changed = changed.or(Some(conflict)),
                Word::OtherType(conflict) => other = other.or(Some(conflict)),
            }
        }
        match (changed, known, other) {
            (Some(conflict), ..) | (None, false, Some(conflict)) => HostKeyVerdict::Changed(conflict),
            (None, true, _) => HostKeyVerdict::Known,
            (None, false, None) => HostKeyVerdict::Unknown,
        }
    }
}

#[cfg(test)]
#[path = "records_tests.rs"]
mod tests;
