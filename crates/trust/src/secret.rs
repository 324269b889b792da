//! Passwords and passphrases: wiped when dropped, never printed.

use std::fmt;

use zeroize::{Zeroize, Zeroizing};

/// A password or passphrase. Its memory is wiped on drop and `Debug` shows nothing of it.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes a secret into custody.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// The secret itself, for the one call that needs it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

/// How much of the stack is wiped, in bytes: more than any library needs to decode or encrypt a key.
const DEEPEST: usize = 64 << 10;

/// Wipes the stack below the caller, where functions that have returned left copies of a secret: a value that moves is
/// copied, and only its last place is wiped on drop.
#[inline(never)]
pub fn wipe_stack() {
    let mut below = [0u8; DEEPEST];
    below.zeroize();
    std::hint::black_box(&mut below);
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_nothing() {
        let text =
            format!("{:?} {:#?}", Secret::new("Gauss_234".into()), Some(Secret::new("Gauss_234".into())));
        assert!(!text.contains("Gauss"), "{text}");
    }
}
