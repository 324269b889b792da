//! Any bytes as `known_hosts`: unedited, looked up, with a key set, and with it removed again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sshfiles::{KnownHosts, PublicKey};

const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAINdamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1Ea";

fuzz_target!(|bytes: &[u8]| {
    let Ok(key) = KEY.parse::<PublicKey>() else { return };
    let mut file = KnownHosts::parse(bytes);
    assert_eq!(file.to_bytes(), bytes);
    file.lookup("node1.example.com", 2222);
    file.remove_ours();
    let clean = file.to_bytes();
    assert!(file.set_ours(&["node1"], 22, std::slice::from_ref(&key)));
    assert!(!file.set_ours(&["node1"], 22, std::slice::from_ref(&key)));
    assert!(file.lookup("node1", 22).iter().any(|known| known.ours && known.key == key));
    assert_eq!(file.remove_ours(), 1);
    // But for a final newline that was missing.
    let left = file.to_bytes();
    assert!(left == clean || left.strip_suffix(b"\n") == Some(&clean));
});
