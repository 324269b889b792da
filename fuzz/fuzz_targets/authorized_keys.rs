//! Any bytes as `authorized_keys`: unedited, with a key added, and with it removed again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sshfiles::{AuthorizedKeys, PublicKey};

const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAINdamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1Ea";

fuzz_target!(|bytes: &[u8]| {
    let Ok(key) = KEY.parse::<PublicKey>() else { return };
    let mut file = AuthorizedKeys::parse(bytes);
    assert_eq!(file.to_bytes(), bytes);
    file.remove_ours(|known| *known == key);
    let clean = file.to_bytes();
    assert!(file.add(&key, "fuzz"));
    assert!(!file.add(&key, "fuzz"));
    assert!(file.grants(&key));
    assert_eq!(AuthorizedKeys::parse(&file.to_bytes()).entries().count(), file.entries().count());
    assert_eq!(file.remove_ours(|known| *known == key), 1);
    // But for a final newline that was missing.
    let left = file.to_bytes();
    assert!(left == clean || left.strip_suffix(b"\n") == Some(&clean));
});
