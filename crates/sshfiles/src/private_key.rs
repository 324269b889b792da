//! Private key files in OpenSSH's own format (PROTOCOL.key). Only what stands in them in the clear is read.

use base64ct::{Base64, Encoding};

use crate::PublicKey;
use crate::wire::{string, uint32};

const BEGIN: &str = "-----BEGIN OPENSSH PRIVATE KEY-----";
const END: &str = "-----END OPENSSH PRIVATE KEY-----";
const MAGIC: &[u8] = b"openssh-key-v1\0";
/// The longest tag that an authenticated cipher puts behind the private half: AES-GCM's and Poly1305's.
const LONGEST_TAG: usize = 16;

/// How the private half of a key file is locked. It stands in the clear before it, so what opening the file costs is known
/// before it is opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Locking {
    /// The cipher by its name in SSH; `none` for a file that is open.
    pub cipher: String,
    /// How the passphrase becomes a key: `bcrypt`, or `none` for a file that is open.
    pub kdf: String,
    /// Length of the salt, in bytes.
    pub salt: usize,
    /// Rounds of bcrypt, as `ssh-keygen -a` chooses them. Each costs the same time.
    pub rounds: u32,
}

/// How the private half of a key file is locked. `None` if the file is of another format, or its header is damaged.
#[must_use]
pub fn locking(file: &[u8]) -> Option<Locking> {
    let bytes = decode(file)?;
    let (cipher, rest) = string(bytes.strip_prefix(MAGIC)?)?;
    let (kdf, rest) = string(rest)?;
    let (options, _) = string(rest)?;
    let (salt, rounds) = if options.is_empty() {
        (0, 0)
    } else {
        let (salt, rest) = string(options)?;
        let (rounds, rest) = uint32(rest)?;
        rest.is_empty().then_some((salt.len(), rounds))?
    };
    let word = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).ok();
    Some(Locking { cipher: word(cipher)?, kdf: word(kdf)?, salt, rounds })
}

/// What stands between the first and the last line.
fn decode(file: &[u8]) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(file).ok()?.trim();
    let body = text.strip_prefix(BEGIN)?.strip_suffix(END)?;
    let base64: String = body.split_ascii_whitespace().collect();
    Base64::decode_vec(&base64).ok()
}

/// The public half of a private key file. It stands in the clear, whatever passphrase locks the private half. `None` if
/// the file is of another format, or damaged as far as that can be seen without the passphrase.
#[must_use]
pub fn public_half(file: &[u8]) -> Option<PublicKey> {
    let bytes = decode(file)?;
    let (cipher, rest) = string(bytes.strip_prefix(MAGIC)?)?;
    let (_kdf, rest) = string(rest)?;
    let (_options, rest) = string(rest)?;
    let (count, rest) = uint32(rest)?;
    let (public, rest) = string(rest)?;
    let (private, tag) = string(rest)?;
    let whole =
        if cipher == b"none" { tag.is_empty() && is_open(private, public) } else { is_locked(private, tag) };
    (count == 1 && whole).then(|| PublicKey::from_blob(public.to_vec()).ok())?
}

/// Whether this may be a locked private half: whole blocks, and perhaps a tag.
fn is_locked(private: &[u8], tag: &[u8]) -> bool {
    !private.is_empty() && private.len().is_multiple_of(8) && tag.len() <= LONGEST_TAG
}

/// Whether this is an open private half: twice the same number, then a key of the same algorithm.
fn is_open(private: &[u8], public: &[u8]) -> bool {
    let read = || {
        let (first, rest) = uint32(private)?;
        let (second, rest) = uint32(rest)?;
        Some(first == second && string(rest)?.0 == string(public)?.0)
    };
    read().unwrap_or(false)
}
