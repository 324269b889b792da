//! The key pairs of a cluster, their passphrases, and the store that openGauss's own tools read a passphrase from.

mod nodes;

use std::fs::OpenOptions;
use std::io::Read;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use getrandom::SysRng;
use getrandom::rand_core::UnwrapErr;
use russh::keys::ssh_key::{Cipher, Kdf, LineEnding};
use russh::keys::{Algorithm, EcdsaCurve, PrivateKey};
use rustix::fs::OFlags;
use zeroize::Zeroizing;

use crate::secret::{Secret, wipe_stack};

pub(crate) use nodes::tell_passed_over;
pub use nodes::{Obtained, obtain, open_each, open_identities};
pub use trust::key::{KeyId, KeyMaterial, KeyMode, KeyRing, KeyType, NodeKeys, PASSPHRASE_LENGTH};
pub use trust::place::{AGENT_SOCKET, STORE_DIR, TOOL_DIR, part_path};
pub use trust::store::{MOST_PARTS, Randomness, Sealed, StoreError, open_passphrase};
pub use trust::unlock::{LONGEST_FILE, Unopened, cost};

/// Rounds of bcrypt that lock a new key. More would cost all who open it more, and nobody who guesses: the passphrase has
/// the strength of its 32 random characters, 190 bits.
const ROUNDS: u32 = 1;
/// Length of the salt in bytes, as OpenSSH makes it.
const SALT: usize = 16;

fn algorithm(kind: KeyType) -> Algorithm {
    match kind {
        KeyType::Ed25519 => Algorithm::Ed25519,
        KeyType::EcdsaP256 => Algorithm::Ecdsa { curve: EcdsaCurve::NistP256 },
    }
}

/// Why a key pair could not be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct IdentityError(String);

/// A key pair: as it lies on disk, and opened. Copies share the open one, so that it is in memory once, and
/// [`IdentityKey::close`] wipes it for all.
#[derive(Clone)]
pub struct IdentityKey {
    private: Arc<Mutex<Option<Arc<PrivateKey>>>>,
    material: KeyMaterial,
}

impl std::fmt::Debug for IdentityKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "IdentityKey({})", self.material.id())
    }
}

impl IdentityKey {
    /// Makes a new pair with a new passphrase.
    ///
    /// # Errors
    /// [`IdentityError`] if the system gives no random bytes or the library refuses.
    pub fn generate(kind: KeyType, comment: &str) -> Result<Self, IdentityError> {
        let made = Self::make(kind, comment);
        wipe_stack();
        made
    }

    fn make(kind: KeyType, comment: &str) -> Result<Self, IdentityError> {
        let wrong = |e: russh::keys::ssh_key::Error| IdentityError(e.to_string());
        // That there are some is asked first, for an answer instead of a panic.
        getrandom::fill(&mut [0]).map_err(|e| IdentityError(e.to_string()))?;
        let mut rng = UnwrapErr(SysRng);
        let mut private = PrivateKey::random(&mut rng, algorithm(kind)).map_err(wrong)?;
        private.set_comment(comment);
        let passphrase = random_passphrase()?;
        let (mut salt, mut check) = (vec![0; SALT], [0; 4]);
        for bytes in [&mut salt[..], &mut check[..]] {
            getrandom::fill(bytes).map_err(|e| IdentityError(e.to_string()))?;
        }
        let kdf = Kdf::Bcrypt { salt, rounds: ROUNDS };
        // The cipher that ssh-keygen(1) uses.
        let locked =
            private.encrypt_with(Cipher::Aes256Ctr, kdf, u32::from_ne_bytes(check), passphrase.expose());
        let locked = locked.map_err(wrong)?;
        let file = locked.to_openssh(LineEnding::LF).map_err(wrong)?.as_bytes().to_vec();
        let sealed = seal_passphrase(&passphrase).map_err(|e| IdentityError(e.to_string()))?;
        Self::assemble(private, file, passphrase, sealed)
            .ok_or_else(|| IdentityError("the new key cannot be encoded".to_owned()))
    }

    /// Opens a key file with the passphrase of a store, if that does not cost too much.
    ///
    /// # Errors
    /// [`Unopened`] if they do not belong together, if the file is not protected by a passphrase, or if it takes too long.
    pub fn open(file: &[u8], sealed: Sealed) -> Result<Self, Unopened> {
        cost(file)?;
        let passphrase = open_passphrase(&sealed)?;
        let open = || {
            let locked = PrivateKey::from_openssh(file).map_err(|_| Unopened::Damaged)?;
            let private = locked.decrypt(passphrase.expose()).map_err(|_| Unopened::OtherPassphrase)?;
            Self::assemble(private, file.to_vec(), passphrase.clone(), sealed).ok_or(Unopened::Damaged)
        };
        let opened = open();
        wipe_stack();
        opened
    }

    fn assemble(private: PrivateKey, file: Vec<u8>, passphrase: Secret, sealed: Sealed) -> Option<Self> {
        let public = sshfiles::PublicKey::from_blob(private.public_key().to_bytes().ok()?).ok()?;
        let comment = String::from_utf8_lossy(private.comment().as_ref()).into_owned();
        let private = Arc::new(Mutex::new(Some(Arc::new(private))));
        Some(Self { private, material: KeyMaterial::new(public, comment, file, passphrase, sealed) })
    }

    /// What a plan needs of it.
    #[must_use]
    pub const fn material(&self) -> &KeyMaterial {
        &self.material
    }

    /// The public key.
    #[must_use]
    pub const fn public(&self) -> &sshfiles::PublicKey {
        self.material.public()
    }

    /// The comment, `user@host`.
    #[must_use]
    pub fn comment(&self) -> &str {
        self.material.comment()
    }

    /// The content of `id_om`: OpenSSH's format, locked with the passphrase.
    #[must_use]
    pub fn private_file(&self) -> &[u8] {
        self.material.private_file()
    }

    /// The content of `id_om.pub`.
    #[must_use]
    pub fn public_file(&self) -> Vec<u8> {
        self.material.public_file()
    }

    /// The private key unlocked, for `ssh-add -` on a node: through the encrypted channel and into the agent's memory.
    ///
    /// # Errors
    /// [`IdentityError`] if the library refuses, or after [`Self::close`].
    pub fn unlocked(&self) -> Result<Zeroizing<String>, IdentityError> {
        let text = match &*self.lock() {
            Some(private) => private.to_openssh(LineEnding::LF).map_err(|e| IdentityError(e.to_string())),
            None => Err(IdentityError("the key was closed".to_owned())),
        };
        wipe_stack();
        text
    }

    /// The private key, opened; `None` after [`Self::close`].
    #[must_use]
    pub fn private(&self) -> Option<Arc<PrivateKey>> {
        self.lock().clone()
    }

    /// Wipes the open key: nobody needs it any more. What lies on disk stays known.
    pub fn close(&self) {
        *self.lock() = None;
        wipe_stack();
    }

    fn lock(&self) -> MutexGuard<'_, Option<Arc<PrivateKey>>> {
        self.private.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The passphrase.
    #[must_use]
    pub const fn passphrase(&self) -> &Secret {
        self.material.passphrase()
    }
}

impl AsRef<KeyMaterial> for IdentityKey {
    fn as_ref(&self) -> &KeyMaterial {
        &self.material
    }
}

/// Cuts a passphrase into parts and encrypts each, see [`trust::store::seal_passphrase`].
///
/// # Errors
/// [`StoreError::NoRandom`].
pub fn seal_passphrase(passphrase: &Secret) -> Result<Sealed, StoreError> {
    trust::store::seal_passphrase(passphrase, || {
        let mut random = [0; size_of::<Randomness>()];
        getrandom::fill(&mut random).map_err(|_| StoreError::NoRandom)?;
        Ok(random)
    })
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
///
/// # Errors
/// [`Unopened`]; a file that cannot be read counts as damaged.
pub fn read_identity(home: &Path) -> Result<IdentityKey, Unopened> {
    let file = read_file(&home.join(".ssh/id_om")).ok_or(Unopened::Damaged)?;
    let store = home.join(STORE_DIR);
    let parts = (0..MOST_PARTS).map_while(|part| {
        let read = |kind: &str| read_file(&store.join(part_path(kind, part)));
        Some((read("cipher")?, read("rand")?))
    });
    IdentityKey::open(&file, parts.collect())
}

/// The tool's public key of this machine's user: it stands in the clear in the locked private file.
#[must_use]
pub fn read_public(home: &Path) -> Option<sshfiles::PublicKey> {
    sshfiles::public_half(&read_file(&home.join(".ssh/id_om"))?)
}

/// A file of a key, which must be a plain one of a key's size: a pipe would never end, a large one cost memory.
fn read_file(path: &Path) -> Option<Vec<u8>> {
    let flags = i32::try_from(OFlags::NONBLOCK.bits()).ok()?;
    let file = OpenOptions::new().read(true).custom_flags(flags).open(path).ok()?;
    if !file.metadata().ok()?.is_file() {
        return None;
    }
    let mut bytes = Vec::new();
    // One byte more, so that it is seen to be too large.
    file.take(LONGEST_FILE as u64 + 1).read_to_end(&mut bytes).ok()?;
    Some(bytes)
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
            assert_eq!(cost(key.private_file()), Ok(ROUNDS));
            let sealed = || key.material().sealed().clone();
            let again = IdentityKey::open(key.private_file(), sealed()).unwrap();
            assert_eq!((again.public(), again.comment()), (key.public(), "omm@node1"));
            let other = seal_passphrase(&Secret::new("x".repeat(32))).unwrap();
            assert!(IdentityKey::open(key.private_file(), other).is_err());
            let unlocked = key.unlocked().unwrap();
            assert!(IdentityKey::open(unlocked.as_bytes(), sealed()).is_err(), "an open key is not ours");
        }
    }

    #[test]
    fn a_key_that_was_closed_is_closed_for_all_who_have_it() {
        let key = IdentityKey::generate(KeyType::Ed25519, "omm@node1").unwrap();
        let (copy, file) = (key.clone(), key.private_file().to_vec());
        key.close();
        assert!(copy.unlocked().is_err() && copy.private().is_none());
        assert!(IdentityKey::open(&file, copy.material().sealed().clone()).unwrap().unlocked().is_ok());
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

    /// The file of a key as a node may send it: the same, but for what it says of its rounds.
    fn with_rounds(key: &IdentityKey, rounds: u32) -> Vec<u8> {
        use base64ct::{Base64, Encoding};
        let text = std::str::from_utf8(key.private_file()).unwrap();
        let body: String = text.lines().filter(|line| !line.starts_with('-')).collect();
        let mut bytes = Base64::decode_vec(&body).unwrap();
        // Magic, cipher, key derivation, length of its options, salt.
        let place = 15 + (4 + 10) + (4 + 6) + 4 + (4 + SALT);
        assert_eq!(bytes[place..place + 4], ROUNDS.to_be_bytes());
        bytes[place..place + 4].copy_from_slice(&rounds.to_be_bytes());
        let body = Base64::encode_string(&bytes);
        format!("-----BEGIN OPENSSH PRIVATE KEY-----\n{body}\n-----END OPENSSH PRIVATE KEY-----\n")
            .into_bytes()
    }

    #[test]
    fn a_key_that_would_take_for_ever_is_not_begun() {
        let key = IdentityKey::generate(KeyType::Ed25519, "c").unwrap();
        let endless = with_rounds(&key, (1 << 31) - 1);
        let error = IdentityKey::open(&endless, key.material().sealed().clone()).unwrap_err();
        assert_eq!(error, Unopened::TooManyRounds((1 << 31) - 1));
        // As it lies in a home, where it may also be something else.
        let home = tempfile::tempdir().unwrap();
        let file = |name: &str, bytes: &[u8]| {
            let path = home.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, bytes).unwrap();
        };
        for ((cipher, rand), part) in seal_passphrase(key.passphrase()).unwrap().iter().zip(0..) {
            file(&format!("{STORE_DIR}/{}", part_path("cipher", part)), cipher);
            file(&format!("{STORE_DIR}/{}", part_path("rand", part)), rand);
        }
        file(".ssh/id_om", key.private_file());
        assert_eq!(read_identity(home.path()).unwrap().public(), key.public());
        file(".ssh/id_om", &endless);
        assert_eq!(read_identity(home.path()).unwrap_err(), Unopened::TooManyRounds((1 << 31) - 1));
        file(".ssh/id_om", &vec![b'A'; LONGEST_FILE + 1]);
        assert_eq!(read_identity(home.path()).unwrap_err(), Unopened::TooLarge);
        let path = home.path().join(".ssh/id_om");
        std::fs::remove_file(&path).unwrap();
        assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
        assert_eq!(read_identity(home.path()).unwrap_err(), Unopened::Damaged);
    }

    #[test]
    fn nothing_secret_is_shown() {
        let key = IdentityKey::generate(KeyType::Ed25519, "c").unwrap();
        assert!(!format!("{key:?}").contains(key.passphrase().expose()));
    }
}
