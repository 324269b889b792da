//! What may be spent on opening the keys that lie on nodes.
//!
//! A node chooses what its key costs: the rounds of bcrypt stand in the file. So the header is judged before anything is
//! derived from the passphrase, and all keys together have a [`Budget`]. The passphrase store needs no such judgement:
//! its rounds are fixed by its format, and of its files only what the format names is read ([`crate::store`]).

use sshfiles::{Locking, locking};

use crate::observe::NodeState;
use crate::place::Place;
use crate::store::{MOST_PARTS, Sealed, StoreError};

/// Most rounds of bcrypt for one key. A round takes 7 to 10 ms of a processor of 2020, so this is 2.5 s, and fits into the
/// 5 s of a keepalive; `ssh-keygen` makes 16 or 24, and careful people ask for 100.
pub const MOST_ROUNDS: u32 = 256;
/// Most rounds for all keys of a run together: 10 s, or 64 keys as `ssh-keygen` makes them.
const ALL_ROUNDS: u32 = 1024;
/// Longest key file in bytes; an RSA key of 16384 bits has 13 KB.
pub const LONGEST_FILE: usize = 64 << 10;
/// Longest salt in bytes; OpenSSH makes 16.
const LONGEST_SALT: usize = 1024;

/// Why the key of a node was not opened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unopened {
    /// Another format, or damaged.
    #[error("it is no private key in OpenSSH's format, or it is damaged")]
    Damaged,
    /// Anybody who reads it has it.
    #[error("no passphrase protects it")]
    NotLocked,
    /// Another way to make a key of a passphrase.
    #[error("its passphrase is turned into a key by '{}', which is not known", crate::text::printable(.0.as_bytes()))]
    UnknownKdf(String),
    /// More rounds than [`MOST_ROUNDS`].
    #[error("to open it takes {0} rounds of bcrypt, and {MOST_ROUNDS} are the most that are made")]
    TooManyRounds(u32),
    /// A file or a salt that no tool makes so long.
    #[error("it is larger than any key")]
    TooLarge,
    /// The other keys have used the budget up.
    #[error(
        "{ALL_ROUNDS} rounds of bcrypt were made for the keys of other nodes, and no more are made in a run"
    )]
    Enough,
    /// The passphrase is not there.
    #[error("{0}")]
    Store(#[from] StoreError),
    /// The passphrase is another key's.
    #[error("the passphrase in its store does not open it")]
    OtherPassphrase,
}

impl Unopened {
    /// Whether it might well be a good key, and what it costs is the reason.
    #[must_use]
    pub const fn is_for_its_cost(&self) -> bool {
        matches!(self, Self::UnknownKdf(_) | Self::TooManyRounds(_) | Self::TooLarge | Self::Enough)
    }
}

/// How many rounds of bcrypt it takes to open a key file.
///
/// # Errors
/// [`Unopened`] if it is not worth it.
pub fn cost(file: &[u8]) -> Result<u32, Unopened> {
    if file.len() > LONGEST_FILE {
        return Err(Unopened::TooLarge);
    }
    let Locking { cipher, kdf, salt, rounds } = locking(file).ok_or(Unopened::Damaged)?;
    match (kdf.as_str(), rounds) {
        _ if cipher == "none" => Err(Unopened::NotLocked),
        ("none", _) | ("bcrypt", 0) => Err(Unopened::Damaged),
        ("bcrypt", _) if salt > LONGEST_SALT => Err(Unopened::TooLarge),
        ("bcrypt", _) if rounds > MOST_ROUNDS => Err(Unopened::TooManyRounds(rounds)),
        ("bcrypt", _) => Ok(rounds),
        _ => Err(Unopened::UnknownKdf(kdf)),
    }
}

/// What is left to be spent on the keys of a run.
#[derive(Debug)]
pub struct Budget(u32);

impl Default for Budget {
    fn default() -> Self {
        Self(ALL_ROUNDS)
    }
}

impl Budget {
    /// Whether a key file may be opened; what that costs is taken off.
    ///
    /// # Errors
    /// [`Unopened`] if it is not worth it.
    pub fn admit(&mut self, file: &[u8]) -> Result<(), Unopened> {
        self.0 = self.0.checked_sub(cost(file)?).ok_or(Unopened::Enough)?;
        Ok(())
    }
}

/// The store of a node as it was read.
#[must_use]
pub fn sealed(state: &NodeState) -> Sealed {
    let part = |index: u8| {
        let (cipher, rand) = (state.bytes(Place::Cipher(index)), state.bytes(Place::Rand(index)));
        (!cipher.is_empty()).then(|| (cipher.to_vec(), rand.to_vec()))
    };
    (0..MOST_PARTS).map_while(part).collect()
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use base64ct::{Base64, Encoding};

    /// A key file with this header, armoured.
    fn file(cipher: &str, kdf: &str, options: &[u8]) -> Vec<u8> {
        // Another key for other options.
        let mut own = [0; 32];
        own.iter_mut().zip(options).for_each(|(byte, option)| *byte = *option);
        let string = |bytes: &[u8]| [&u32::try_from(bytes.len()).unwrap().to_be_bytes(), bytes].concat();
        let bytes = [
            b"openssh-key-v1\0".to_vec(),
            string(cipher.as_bytes()),
            string(kdf.as_bytes()),
            string(options),
            [0, 0, 0, 1].to_vec(),
            string(&[&string(b"ssh-ed25519")[..], &string(&own)].concat()),
            string(&[0; 16]),
        ]
        .concat();
        let body = Base64::encode_string(&bytes);
        format!("-----BEGIN OPENSSH PRIVATE KEY-----\n{body}\n-----END OPENSSH PRIVATE KEY-----\n")
            .into_bytes()
    }

    fn bcrypt(salt: &[u8], rounds: u32) -> Vec<u8> {
        [&u32::try_from(salt.len()).unwrap().to_be_bytes(), salt, &rounds.to_be_bytes()].concat()
    }

    /// The beginning of a key file that is locked with this salt and so many rounds.
    pub(crate) fn locked(salt: &[u8], rounds: u32) -> Vec<u8> {
        file("aes256-ctr", "bcrypt", &bcrypt(salt, rounds))
    }

    #[test]
    fn what_a_key_costs_is_judged_by_its_header() {
        let locked = |salt, rounds| cost(&locked(&vec![7; salt], rounds));
        for rounds in [1, 16, 24, 100, MOST_ROUNDS] {
            assert_eq!(locked(16, rounds), Ok(rounds));
        }
        for rounds in [MOST_ROUNDS + 1, (1 << 31) - 1, u32::MAX] {
            assert_eq!(locked(16, rounds), Err(Unopened::TooManyRounds(rounds)));
        }
        assert_eq!(locked(16, 0), Err(Unopened::Damaged));
        assert_eq!(locked(LONGEST_SALT + 1, 1), Err(Unopened::TooLarge));
        assert_eq!(cost(&file("none", "none", b"")), Err(Unopened::NotLocked));
        assert_eq!(cost(&file("none", "bcrypt", &bcrypt(&[7; 16], u32::MAX))), Err(Unopened::NotLocked));
        assert_eq!(cost(&file("aes256-ctr", "none", b"")), Err(Unopened::Damaged));
        let other = cost(&file("aes256-ctr", "argon\u{1b}", &bcrypt(&[7; 16], 1))).unwrap_err();
        assert!(
            matches!(&other, Unopened::UnknownKdf(_)) && !other.to_string().contains('\u{1b}'),
            "{other}"
        );
        assert_eq!(cost(&vec![b'A'; LONGEST_FILE + 1]), Err(Unopened::TooLarge));
        assert_eq!(cost(b""), Err(Unopened::Damaged));
        // The options are more than they say, or less.
        let long = [bcrypt(&[7; 16], 1), vec![0]].concat();
        for options in [&long[..], &long[..20], &long[..3]] {
            assert_eq!(cost(&file("aes256-ctr", "bcrypt", options)), Err(Unopened::Damaged));
        }
    }
}
