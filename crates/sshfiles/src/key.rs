//! Public keys as one line of text.

use std::fmt;
use std::str::FromStr;

use base64ct::{Base64, Base64Unpadded, Encoding};
use sha2::{Digest, Sha256};
use thiserror::Error;

use crate::wire;

/// RFC 4251, section 6: no algorithm name is longer.
const MAX_ALGORITHM_BYTES: usize = 64;

/// Why some text or bytes are not a public key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum KeyError {
    /// There are fewer than two words.
    #[error("a public key is an algorithm and Base64 text")]
    MissingField,
    /// The second word is not padded Base64 (RFC 4648, section 4).
    #[error("the public key is not valid Base64")]
    Base64,
    /// The bytes end before the algorithm name does, or right after it.
    #[error("the public key is cut short")]
    Truncated,
    /// The algorithm name is not printable ASCII of 1 to 64 bytes.
    #[error("the public key has no valid algorithm name")]
    Algorithm,
    /// The first word names another algorithm than the key itself.
    #[error("the algorithm does not match the public key")]
    Mismatch,
}

/// A public key: an algorithm and the bytes of RFC 4253, section 6.6.
///
/// Only the name of the algorithm is looked at, so keys of every kind pass, also those not invented yet.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PublicKey {
    algorithm: String,
    blob: Vec<u8>,
}

impl PublicKey {
    /// Takes the bytes of a key; they start with the name of its algorithm.
    ///
    /// # Errors
    /// [`KeyError::Truncated`] or [`KeyError::Algorithm`] if they do not.
    pub fn from_blob(blob: Vec<u8>) -> Result<Self, KeyError> {
        let (name, material) = wire::string(&blob).ok_or(KeyError::Truncated)?;
        if material.is_empty() {
            return Err(KeyError::Truncated);
        }
        let printable = name.iter().all(|byte| byte.is_ascii_graphic() && *byte != b',');
        if name.is_empty() || name.len() > MAX_ALGORITHM_BYTES || !printable {
            return Err(KeyError::Algorithm);
        }
        let algorithm = String::from_utf8_lossy(name).into_owned();
        Ok(Self { algorithm, blob })
    }

    /// Reads the two words of a key line.
    pub(crate) fn from_words(algorithm: &[u8], base64: &[u8]) -> Result<Self, KeyError> {
        if algorithm.is_empty() || base64.is_empty() {
            return Err(KeyError::MissingField);
        }
        let base64 = std::str::from_utf8(base64).map_err(|_| KeyError::Base64)?;
        let key = Self::from_blob(Base64::decode_vec(base64).map_err(|_| KeyError::Base64)?)?;
        if key.algorithm.as_bytes() == algorithm { Ok(key) } else { Err(KeyError::Mismatch) }
    }

    /// The name of the algorithm, such as `ssh-ed25519`.
    pub fn algorithm(&self) -> &str {
        &self.algorithm
    }

    /// The bytes of RFC 4253, section 6.6.
    pub fn blob(&self) -> &[u8] {
        &self.blob
    }

    /// The bytes as padded Base64, one word.
    pub fn base64(&self) -> String {
        Base64::encode_string(&self.blob)
    }

    /// `SHA256:` and the unpadded Base64 of the hash, as `ssh-keygen -l` prints it.
    pub fn fingerprint(&self) -> String {
        format!("SHA256:{}", Base64Unpadded::encode_string(Sha256::digest(&self.blob).as_slice()))
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.algorithm, self.base64())
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({} {})", self.algorithm, self.fingerprint())
    }
}

impl FromStr for PublicKey {
    type Err = KeyError;

    /// Reads `algorithm base64 [comment]`, the content of a `.pub` file.
    fn from_str(line: &str) -> Result<Self, KeyError> {
        let mut words = line.split_ascii_whitespace();
        let algorithm = words.next().unwrap_or_default();
        let base64 = words.next().unwrap_or_default();
        Self::from_words(algorithm.as_bytes(), base64.as_bytes())
    }
}
