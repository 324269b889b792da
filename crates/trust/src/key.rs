//! The keys that make trust, as a plan knows them: a plan names a key by its [`KeyId`] and writes its files. Opening and
//! using a key is somebody else's business.

use std::collections::BTreeMap;
use std::fmt;

use sshfiles::PublicKey;

use crate::inventory::NodeSpec;
use crate::secret::Secret;
use crate::store::Sealed;

/// Characters of a passphrase that the tool makes.
pub const PASSPHRASE_LENGTH: usize = 32;

/// The type of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyType {
    /// Ed25519 (RFC 8709).
    Ed25519,
    /// ECDSA over NIST P-256 (RFC 5656), for FIPS mode.
    EcdsaP256,
}

impl KeyType {
    /// The name in a public key file.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ed25519 => "ssh-ed25519",
            Self::EcdsaP256 => "ecdsa-sha2-nistp256",
        }
    }
}

/// How the keys of a cluster are shared out (`--keys`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyMode {
    /// All nodes come with the same pair, as openGauss's own tool makes it: each can pass for every other.
    Shared,
    /// Each node comes with a pair of its own. Its private half lies on no other node.
    PerNode,
}

/// Which key: the fingerprint of its public half.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(String);

impl From<&PublicKey> for KeyId {
    fn from(key: &PublicKey) -> Self {
        Self(key.fingerprint())
    }
}

impl fmt::Display for KeyId {
    /// As `ssh-keygen -l` shows it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a plan needs of a key pair: what goes into files. Shown, it is a fingerprint.
#[derive(Clone, PartialEq, Eq)]
pub struct KeyMaterial {
    public: PublicKey,
    comment: String,
    private_file: Vec<u8>,
    passphrase: Secret,
    sealed: Sealed,
}

impl fmt::Debug for KeyMaterial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyMaterial({})", self.public.fingerprint())
    }
}

impl KeyMaterial {
    /// Puts a pair together. `private_file` is the private key in OpenSSH's format, locked with the passphrase; `sealed` is
    /// the passphrase, encrypted for the store.
    #[must_use]
    pub fn new(
        public: PublicKey,
        comment: String,
        private_file: Vec<u8>,
        passphrase: Secret,
        sealed: Sealed,
    ) -> Self {
        Self { public, comment, private_file, passphrase, sealed }
    }

    /// Which key it is.
    #[must_use]
    pub fn id(&self) -> KeyId {
        KeyId::from(&self.public)
    }

    /// The public key.
    #[must_use]
    pub const fn public(&self) -> &PublicKey {
        &self.public
    }

    /// The comment, `user@host`.
    #[must_use]
    pub fn comment(&self) -> &str {
        &self.comment
    }

    /// The content of `id_om`.
    #[must_use]
    pub fn private_file(&self) -> &[u8] {
        &self.private_file
    }

    /// The content of `id_om.pub`.
    #[must_use]
    pub fn public_file(&self) -> Vec<u8> {
        format!("{} {}\n", self.public, self.comment).into_bytes()
    }

    /// The passphrase.
    #[must_use]
    pub const fn passphrase(&self) -> &Secret {
        &self.passphrase
    }

    /// The passphrase, encrypted for the store.
    #[must_use]
    pub const fn sealed(&self) -> &Sealed {
        &self.sealed
    }
}

impl AsRef<Self> for KeyMaterial {
    fn as_ref(&self) -> &Self {
        self
    }
}

/// The keys of a change, by [`KeyId`]: one where all nodes share it, one a node where each has its own. `K` is a
/// [`KeyMaterial`], or a key that can also be used.
#[derive(Debug, Clone)]
pub struct KeyRing<K = KeyMaterial>(BTreeMap<KeyId, K>);

impl<K> Default for KeyRing<K> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<K: AsRef<KeyMaterial>> KeyRing<K> {
    /// Puts a key on the ring. One that is there already is replaced.
    pub fn add(&mut self, key: K) -> KeyId {
        let id = key.as_ref().id();
        self.0.insert(id.clone(), key);
        id
    }

    /// The key with this name.
    #[must_use]
    pub fn get(&self, id: &KeyId) -> Option<&K> {
        self.0.get(id)
    }

    /// All keys.
    pub fn iter(&self) -> impl Iterator<Item = (&KeyId, &K)> {
        self.0.iter()
    }
}

impl<K: AsRef<KeyMaterial>> FromIterator<K> for KeyRing<K> {
    fn from_iter<I: IntoIterator<Item = K>>(keys: I) -> Self {
        Self(keys.into_iter().map(|key| (key.as_ref().id(), key)).collect())
    }
}

/// The keys of a cluster, and which node comes with which.
#[derive(Debug, Clone)]
pub struct NodeKeys<K = KeyMaterial> {
    mode: KeyMode,
    ring: KeyRing<K>,
    of: BTreeMap<NodeSpec, KeyId>,
}

impl<K: AsRef<KeyMaterial>> NodeKeys<K> {
    /// One key for all these nodes.
    pub fn shared(key: K, nodes: impl IntoIterator<Item = NodeSpec>) -> Self {
        let mut ring = KeyRing::default();
        let id = ring.add(key);
        let of = nodes.into_iter().map(|node| (node, id.clone())).collect();
        Self { mode: KeyMode::Shared, ring, of }
    }

    /// Each node's own.
    pub fn per_node(keys: impl IntoIterator<Item = (NodeSpec, K)>) -> Self {
        let mut ring = KeyRing::default();
        let of = keys.into_iter().map(|(node, key)| (node, ring.add(key))).collect();
        Self { mode: KeyMode::PerNode, ring, of }
    }

    /// How they are shared out.
    #[must_use]
    pub const fn mode(&self) -> KeyMode {
        self.mode
    }

    /// The key that a node comes with; `None`: it has no part in this.
    #[must_use]
    pub fn of(&self, node: NodeSpec) -> Option<&K> {
        self.ring.get(self.of.get(&node)?)
    }

    /// Every key once, in the order of the nodes' addresses.
    pub fn all(&self) -> impl Iterator<Item = &K> {
        let mut told = std::collections::BTreeSet::new();
        self.of.values().filter(move |id| told.insert(*id)).filter_map(|id| self.ring.get(id))
    }

    /// Those of some nodes only.
    #[must_use]
    pub fn only(&self, wanted: impl Fn(NodeSpec) -> bool) -> Self
    where
        K: Clone,
    {
        let of: BTreeMap<NodeSpec, KeyId> =
            self.of.iter().filter(|(node, _)| wanted(**node)).map(|(node, id)| (*node, id.clone())).collect();
        let left = of.values().filter_map(|id| self.ring.get(id).cloned()).collect();
        Self { mode: self.mode, ring: left, of }
    }

    /// What a plan needs of them.
    #[must_use]
    pub fn materials(&self) -> NodeKeys {
        let ring = self.ring.iter().map(|(_, key)| key.as_ref().clone()).collect();
        NodeKeys { mode: self.mode, ring, of: self.of.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn material(number: u8) -> KeyMaterial {
        let mut blob = b"\0\0\0\x0bssh-ed25519\0\0\0\x20".to_vec();
        blob.extend([number; 32]);
        let public = PublicKey::from_blob(blob).unwrap();
        KeyMaterial::new(
            public,
            "omm@node1".to_owned(),
            b"locked".to_vec(),
            Secret::new("open sesame".to_owned()),
            Sealed::new(),
        )
    }

    #[test]
    fn a_ring_finds_its_keys_by_name() {
        let mut ring: KeyRing = [material(1), material(2)].into_iter().collect();
        assert_eq!(ring.get(&material(2).id()), Some(&material(2)));
        assert_eq!(ring.get(&material(3).id()), None);
        let id = ring.add(material(2));
        assert_eq!((id, ring.iter().count()), (material(2).id(), 2));
    }

    #[test]
    fn every_node_has_its_key_and_every_key_is_told_once() {
        let node = |number: u8| NodeSpec { ip: [10, 0, 0, number].into(), port: 22 };
        let own =
            NodeKeys::per_node([(node(2), material(7)), (node(1), material(8)), (node(3), material(9))]);
        assert_eq!((own.of(node(1)), own.of(node(4))), (Some(&material(8)), None));
        assert_eq!(own.all().cloned().collect::<Vec<_>>(), [8, 7, 9].map(material));
        let some = own.only(|spec| spec != node(2));
        assert_eq!((some.of(node(2)), some.of(node(3))), (None, Some(&material(9))));
        assert_eq!(some.all().cloned().collect::<Vec<_>>(), [8, 9].map(material));
        let shared = NodeKeys::shared(material(7), [node(1), node(2)]);
        assert_eq!((shared.of(node(2)), shared.all().count()), (Some(&material(7)), 1));
    }

    #[test]
    fn a_key_shows_its_fingerprint_and_nothing_else() {
        let key = material(1);
        assert_eq!(format!("{key:?}"), format!("KeyMaterial({})", key.id()));
    }
}
