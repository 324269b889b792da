//! The cluster's key pair, its passphrase, and the store that openGauss's own tools read the passphrase from.

mod store;

use std::path::Path;

use russh::keys::ssh_key::LineEnding;
use russh::keys::{Algorithm, EcdsaCurve, PrivateKey, key::safe_rng};
use zeroize::Zeroizing;

use crate::secret::Secret;

pub use store::{Sealed, StoreError, decrypt_part, encrypt_part, open_passphrase, seal_passphrase};

/// The tool's agent socket, below the home directory.
pub const AGENT_SOCKET: &str = "gaussdb_tmp/gauss_socket_tmp";
/// The folder of the tool's own files, below the home directory.
pub const TOOL_DIR: &str = "gaussdb_tmp";
/// The passphrase store, below the home directory.
pub const STORE_DIR: &str = "gaussdb_tmp/ssh_protect";
/// Characters of the passphrase.
pub const PASSPHRASE_LENGTH: usize = 32;
/// Most parts of a passphrase that are read: openGauss writes three.
pub const MOST_PARTS: usize = 8;

/// The type of the cluster's key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyType {
    /// Ed25519 (RFC 8709).
    Ed25519,
    /// ECDSA over NIST P-256 (RFC 5656), for FIPS mode.
    EcdsaP256,
}

impl KeyType {
    fn algorithm(self) -> Algorithm {
        match self {
            Self::Ed25519 => Algorithm::Ed25519,
            Self::EcdsaP256 => Algorithm::Ecdsa { curve: EcdsaCurve::NistP256 },
        }
    }

    /// The name in a public key file.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ed25519 => "ssh-ed25519",
            Self::EcdsaP256 => "ecdsa-sha2-nistp256",
        }
    }
}

/// Why a key pair could not be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct IdentityError(String);

/// The cluster's key pair: as it lies on disk, and opened.
#[derive(Clone)]
pub struct IdentityKey {
    private: PrivateKey,
    public: sshfiles::PublicKey,
    file: Vec<u8>,
    comment: String,
    passphrase: Secret,
}

impl std::fmt::Debug for IdentityKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "IdentityKey({})", self.public.fingerprint())
    }
}

impl IdentityKey {
    /// Makes a new pair with a new passphrase. Takes a fifth of a second: bcrypt is slow by design.
    ///
    /// # Errors
    /// [`IdentityError`] if the system gives no random bytes or the library refuses.
    pub fn generate(kind: KeyType, comment: &str) -> Result<Self, IdentityError> {
        let wrong = |e: russh::keys::ssh_key::Error| IdentityError(e.to_string());
        let mut rng = safe_rng();
        let mut private = PrivateKey::random(&mut rng, kind.algorithm()).map_err(wrong)?;
        private.set_comment(comment);
        let passphrase = random_passphrase()?;
        let locked = private.encrypt(&mut rng, passphrase.expose()).map_err(wrong)?;
        let file = locked.to_openssh(LineEnding::LF).map_err(wrong)?.as_bytes().to_vec();
        Self::assemble(private, file, passphrase)
            .ok_or_else(|| IdentityError("the new key cannot be encoded".to_owned()))
    }

    /// Opens a key file with a passphrase. `None` if they do not belong together, or if the file is not protected by
    /// one.
    #[must_use]
    pub fn open(file: &[u8], passphrase: &Secret) -> Option<Self> {
        let locked = PrivateKey::from_openssh(file).ok().filter(PrivateKey::is_encrypted)?;
        let private = locked.decrypt(passphrase.expose()).ok()?;
        Self::assemble(private, file.to_vec(), passphrase.clone())
    }

    fn assemble(private: PrivateKey, file: Vec<u8>, passphrase: Secret) -> Option<Self> {
        let public = sshfiles::PublicKey::from_blob(private.public_key().to_bytes().ok()?).ok()?;
        let comment = String::from_utf8_lossy(private.comment().as_ref()).into_owned();
        Some(Self { private, public, file, comment, passphrase })
    }

    /// The public key.
    #[must_use]
    pub const fn public(&self) -> &sshfiles::PublicKey {
        &self.public
    }

    /// The comment, `user@host`.
    #[must_use]
    pub fn comment(&self) -> &str {
        &self.comment
    }

    /// The content of `id_om`: OpenSSH's format, locked with the passphrase.
    #[must_use]
    pub fn private_file(&self) -> &[u8] {
        &self.file
    }

    /// The content of `id_om.pub`.
    #[must_use]
    pub fn public_file(&self) -> Vec<u8> {
        format!("{} {}\n", self.public, self.comment).into_bytes()
    }

    /// The private key unlocked, for `ssh-add -` on a node: through the encrypted channel and into the agent's memory.
    ///
    /// # Errors
    /// [`IdentityError`] if the library refuses.
    pub fn unlocked(&self) -> Result<Zeroizing<String>, IdentityError> {
        self.private.to_openssh(LineEnding::LF).map_err(|e| IdentityError(e.to_string()))
    }

    /// The private key, opened.
    #[must_use]
    pub fn into_private(self) -> PrivateKey {
        self.private
    }

    /// The passphrase.
    #[must_use]
    pub const fn passphrase(&self) -> &Secret {
        &self.passphrase
    }
}

/// 32 random letters and digits: 190 bits, and nothing that any shell or `expect` script could trip over.
fn random_passphrase() -> Result<Secret, IdentityError> {
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    let mut text = String::with_capacity(PASSPHRASE_LENGTH);
    let mut bytes = Zeroizing::new([0u8; 64]);
    while text.len() < PASSPHRASE_LENGTH {
        getrandom::fill(bytes.as_mut()).map_err(|e| IdentityError(e.to_string()))?;
        // Bytes past the end of the alphabet are thrown away, so that every letter is equally likely.
        let letters = bytes.iter().filter_map(|b| LETTERS.get(usize::from(b & 63)));
        text.extend(letters.take(PASSPHRASE_LENGTH - text.len()).map(|b| char::from(*b)));
    }
    Ok(Secret::new(text))
}

/// Opens the tool's key of this machine's user, from its file and its passphrase store.
#[must_use]
pub fn read_identity(home: &Path) -> Option<IdentityKey> {
    let file = std::fs::read(home.join(".ssh/id_om")).ok()?;
    let store = home.join(STORE_DIR);
    let parts: Vec<(Vec<u8>, Vec<u8>)> = (0..MOST_PARTS)
        .map_while(|part| {
            let read = |kind: &str| std::fs::read(store.join(part_path(kind, part))).ok();
            Some((read("cipher")?, read("rand")?))
        })
        .collect();
    let passphrase = open_passphrase(&parts).ok()?;
    IdentityKey::open(&file, &passphrase)
}

/// The tool's public key of this machine's user: it stands in the clear in the locked private file.
#[must_use]
pub fn read_public(home: &Path) -> Option<sshfiles::PublicKey> {
    let locked = PrivateKey::from_openssh(std::fs::read(home.join(".ssh/id_om")).ok()?).ok()?;
    sshfiles::PublicKey::from_blob(locked.public_key().to_bytes().ok()?).ok()
}

/// Where a part of the passphrase lies below the store; `kind` is `cipher` or `rand`.
#[must_use]
pub fn part_path(kind: &str, part: usize) -> String {
    format!("{kind}/key_{part}/server.key.{kind}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_key_opens_with_its_passphrase_only() {
        for kind in [KeyType::Ed25519, KeyType::EcdsaP256] {
            let key = IdentityKey::generate(kind, "omm@node1").unwrap();
            assert_eq!(key.public().algorithm(), kind.name());
            assert_eq!(key.passphrase().expose().len(), PASSPHRASE_LENGTH);
            let again = IdentityKey::open(key.private_file(), key.passphrase()).unwrap();
            assert_eq!((again.public(), again.comment()), (key.public(), "omm@node1"));
            assert!(IdentityKey::open(key.private_file(), &Secret::new("x".repeat(32))).is_none());
            let unlocked = key.unlocked().unwrap();
            assert!(
                IdentityKey::open(unlocked.as_bytes(), key.passphrase()).is_none(),
                "an open key is not ours"
            );
        }
    }

    #[test]
    fn openssh_agrees() {
        let dir = tempfile::tempdir().unwrap();
        let key = IdentityKey::generate(KeyType::Ed25519, "omm@node1").unwrap();
        let path = dir.path().join("id_om");
        std::fs::write(&path, key.private_file()).unwrap();
        std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
        let keygen = |passphrase: &str| {
            let mut command = std::process::Command::new("ssh-keygen");
            command.args(["-y", "-P", passphrase, "-f"]).arg(&path).output().unwrap()
        };
        let right = keygen(key.passphrase().expose());
        assert_eq!(right.stdout, key.public_file(), "{right:?}");
        assert!(!keygen("").status.success());
    }

    #[test]
    fn nothing_secret_is_shown() {
        let key = IdentityKey::generate(KeyType::Ed25519, "c").unwrap();
        assert!(!format!("{key:?}").contains(key.passphrase().expose()));
    }
}
