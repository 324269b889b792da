//! The passphrase store, in the format of openGauss's own tools.
//!
//! The passphrase is cut into parts of 15 characters. Each part is one AES-128-CBC block (FIPS 197, SP 800-38A): the
//! part, one padding byte, zero bytes up to 16. The key comes from PBKDF2-HMAC-SHA256 (RFC 8018) over 16 random bytes
//! in the `rand` file. Their reader strips the zeros and then the last byte.

use aes::Aes128;
use cbc::cipher::{Array, BlockModeDecrypt, BlockModeEncrypt, KeyIvInit};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::secret::Secret;

/// Characters in a full part.
const PART: usize = 15;
/// One AES block.
const BLOCK: usize = 16;
/// Rounds of PBKDF2 that openGauss's tools use.
const ROUNDS: u32 = 10_000;
/// Any byte but zero: the readers drop it unseen.
const PADDING: u8 = 1;
/// Offsets in the `cipher` file. Each field of 16 bytes is followed by a zero byte.
const SALT: usize = 17;
const IV: usize = 34;
const CIPHER_LENGTH: usize = 51;
const RAND_LENGTH: usize = 17;
/// Most parts of a passphrase that are read: openGauss writes three.
pub const MOST_PARTS: u8 = 8;

/// What one part takes of random bytes: the seed of its key, the salt and the IV.
pub type Randomness = [u8; 3 * BLOCK];

/// Why a store cannot be read or written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// A file is shorter than the format says.
    #[error("a file of the passphrase store is too short")]
    TooShort,
    /// There is no part, or the list has no end.
    #[error("the passphrase store is incomplete")]
    Incomplete,
    /// What came out is no text.
    #[error("the passphrase store does not decrypt")]
    Garbled,
    /// The system gives no random bytes.
    #[error("no random bytes")]
    NoRandom,
}

/// Encrypts one part of at most 15 bytes: the contents of the `cipher` and the `rand` file. `random` must be new for
/// each part.
///
/// # Errors
/// [`StoreError`] if the part is too long.
pub fn encrypt_part(part: &[u8], random: &Randomness) -> Result<(Vec<u8>, Vec<u8>), StoreError> {
    let (seed, rest) = random.split_at(BLOCK);
    let (salt, iv) = rest.split_at(BLOCK);
    let mut block = Zeroizing::new([0u8; BLOCK]);
    block.get_mut(..part.len()).ok_or(StoreError::TooShort)?.copy_from_slice(part);
    *block.get_mut(part.len()).ok_or(StoreError::TooShort)? = PADDING;
    let key = derive(seed, salt);
    let mut mode = cbc::Encryptor::<Aes128>::new_from_slices(&*key, iv).map_err(|_| StoreError::Garbled)?;
    let mut sealed = Array::from(*block);
    mode.encrypt_block(&mut sealed);
    let mut cipher = vec![0u8; CIPHER_LENGTH];
    for (offset, field) in [(0, &sealed[..]), (SALT, salt), (IV, iv)] {
        cipher.get_mut(offset..offset + BLOCK).ok_or(StoreError::TooShort)?.copy_from_slice(field);
    }
    let mut rand = seed.to_vec();
    rand.resize(RAND_LENGTH, 0);
    Ok((cipher, rand))
}

/// Decrypts one part, as openGauss's reader does.
///
/// # Errors
/// [`StoreError::TooShort`] or [`StoreError::Garbled`].
pub fn decrypt_part(cipher: &[u8], rand: &[u8]) -> Result<Zeroizing<Vec<u8>>, StoreError> {
    let field = |bytes: &[u8], offset: usize| -> Result<[u8; BLOCK], StoreError> {
        let slice = bytes.get(offset..offset + BLOCK).ok_or(StoreError::TooShort)?;
        slice.try_into().map_err(|_| StoreError::TooShort)
    };
    let (seed, salt, iv) = (field(rand, 0)?, field(cipher, SALT)?, field(cipher, IV)?);
    let key = derive(&seed, &salt);
    let mut mode = cbc::Decryptor::<Aes128>::new_from_slices(&*key, &iv).map_err(|_| StoreError::Garbled)?;
    let mut block = Array::from(field(cipher, 0)?);
    mode.decrypt_block(&mut block);
    let mut plain = Zeroizing::new(block.to_vec());
    while plain.last() == Some(&0) {
        plain.pop();
    }
    plain.pop().ok_or(StoreError::Garbled)?;
    Ok(plain)
}

fn derive(seed: &[u8], salt: &[u8]) -> Zeroizing<[u8; BLOCK]> {
    Zeroizing::new(pbkdf2::pbkdf2_hmac_array::<Sha256, BLOCK>(seed, salt, ROUNDS))
}

/// The parts of an encrypted passphrase: `(cipher, rand)` each.
pub type Sealed = Vec<(Vec<u8>, Vec<u8>)>;

/// Cuts a passphrase into parts and encrypts each. If the last part is full, an empty one
/// follows, so that a reader knows the end. `random` draws new bytes for each part.
///
/// # Errors
/// Those of `random`.
pub fn seal_passphrase(
    passphrase: &Secret,
    mut random: impl FnMut() -> Result<Randomness, StoreError>,
) -> Result<Sealed, StoreError> {
    let bytes = passphrase.expose().as_bytes();
    let mut parts: Vec<&[u8]> = bytes.chunks(PART).collect();
    if bytes.len().is_multiple_of(PART) {
        parts.push(&[]);
    }
    parts.into_iter().map(|part| encrypt_part(part, &random()?)).collect()
}

/// Puts the parts together again, up to the first that is not full.
///
/// # Errors
/// [`StoreError`] if a part is missing or does not decrypt.
pub fn open_passphrase(parts: &[(Vec<u8>, Vec<u8>)]) -> Result<Secret, StoreError> {
    let mut whole = Zeroizing::new(Vec::new());
    for (cipher, rand) in parts {
        let part = decrypt_part(cipher, rand)?;
        whole.extend_from_slice(&part);
        if part.len() < PART {
            let text = std::str::from_utf8(&whole).map_err(|_| StoreError::Garbled)?;
            return Ok(Secret::new(text.to_owned()));
        }
    }
    Err(StoreError::Incomplete)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// 00..2f, and so on for each further part.
    fn counted() -> impl FnMut() -> Result<Randomness, StoreError> {
        let mut next = 0u8;
        move || {
            Ok(std::array::from_fn(|_| {
                next = next.wrapping_add(1);
                next.wrapping_sub(1)
            }))
        }
    }

    /// Made with `openssl kdf` and `openssl enc`: seed 00..0f, salt 10..1f, IV 20..2f, part "ABCDEFGHIJKLMNO".
    #[test]
    fn openssl_agrees() {
        use std::process::Command;
        let (cipher, rand) = encrypt_part(b"ABCDEFGHIJKLMNO", &counted()().unwrap()).unwrap();
        let hex = |bytes: &[u8]| bytes.iter().map(|b| format!("{b:02x}")).collect::<String>();
        let dir = tempfile::tempdir().unwrap();
        let sealed = dir.path().join("sealed");
        std::fs::write(&sealed, &cipher[..16]).unwrap();
        let kdf = Command::new("openssl")
            .args(["kdf", "-keylen", "16", "-kdfopt", "digest:SHA256", "-kdfopt", "iter:10000", "-kdfopt"])
            .arg(format!("hexpass:{}", hex(&rand[..16])))
            .arg("-kdfopt")
            .arg(format!("hexsalt:{}", hex(&cipher[17..33])))
            .arg("PBKDF2")
            .output()
            .unwrap();
        let key = String::from_utf8(kdf.stdout).unwrap().trim().replace(':', "");
        let plain = Command::new("openssl")
            .args(["enc", "-d", "-aes-128-cbc", "-nopad", "-K", &key, "-iv", &hex(&cipher[34..50]), "-in"])
            .arg(&sealed)
            .output()
            .unwrap();
        assert_eq!(plain.stdout, b"ABCDEFGHIJKLMNO\x01", "{plain:?}");
    }

    #[test]
    fn damaged_stores_are_refused() {
        let parts = seal_passphrase(&Secret::new("x".repeat(32)), counted()).unwrap();
        assert_eq!(parts.len(), 3);
        assert_eq!(open_passphrase(&[]).unwrap_err(), StoreError::Incomplete);
        assert_eq!(open_passphrase(&parts[..2]).unwrap_err(), StoreError::Incomplete);
        let short = vec![(parts[0].0[..40].to_vec(), parts[0].1.clone())];
        assert_eq!(open_passphrase(&short).unwrap_err(), StoreError::TooShort);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        #[test]
        fn what_is_sealed_opens(text in "[A-Za-z0-9]{0,50}") {
            let parts = seal_passphrase(&Secret::new(text.clone()), counted()).unwrap();
            prop_assert_eq!(parts.len(), text.len() / 15 + 1);
            let opened = open_passphrase(&parts).unwrap();
            prop_assert_eq!(opened.expose(), text.as_str());
        }

        #[test]
        fn any_bytes_give_an_answer(cipher in proptest::collection::vec(any::<u8>(), 0..60),
                                    rand in proptest::collection::vec(any::<u8>(), 0..20)) {
            let _ = open_passphrase(&[(cipher, rand)]);
        }
    }
}
