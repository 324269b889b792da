//! Passwords and passphrases: wiped when dropped, never printed.

use std::fmt;

use zeroize::Zeroizing;

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
