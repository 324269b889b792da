//! Any bytes as a private key in OpenSSH's format, without and with its armour: a public half and a locking, or nothing.
#![no_main]

use base64ct::{Base64, Encoding};
use libfuzzer_sys::fuzz_target;
use sshfiles::{PublicKey, locking, public_half};

fuzz_target!(|bytes: &[u8]| {
    let _ = (public_half(bytes), locking(bytes));
    let body = Base64::encode_string(&[b"openssh-key-v1\0", bytes].concat());
    let file = format!("-----BEGIN OPENSSH PRIVATE KEY-----\n{body}\n-----END OPENSSH PRIVATE KEY-----\n");
    let _ = locking(file.as_bytes());
    if let Some(key) = public_half(file.as_bytes()) {
        assert_eq!(PublicKey::from_blob(key.blob().to_vec()), Ok(key));
    }
});
