//! Any bytes as the first part of a passphrase store: a passphrase or an error.
#![no_main]

use libfuzzer_sys::fuzz_target;
use trust::store::open_passphrase;

fuzz_target!(|bytes: &[u8]| {
    let (cipher, rand) = bytes.split_at(bytes.len().min(51));
    let _ = open_passphrase(&[(cipher.to_vec(), rand.to_vec())]);
});
