//! Any bytes as what getent(1) prints.
#![no_main]

use libfuzzer_sys::fuzz_target;
use trust::inventory::parse_getent;

fuzz_target!(|bytes: &[u8]| {
    assert!(parse_getent(bytes).values().all(|addresses| !addresses.is_empty()));
});
