//! Any text as the line of a `.pub` file.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sshfiles::PublicKey;

fuzz_target!(|line: &str| {
    if let Ok(key) = line.parse::<PublicKey>() {
        assert_eq!(key.to_string().parse(), Ok(key.clone()));
        assert_eq!(PublicKey::from_blob(key.blob().to_vec()), Ok(key));
    }
});
