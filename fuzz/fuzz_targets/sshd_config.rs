//! Any bytes as `sshd_config`.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sshfiles::SshdConfig;

fuzz_target!(|bytes: &[u8]| {
    let config = SshdConfig::parse(bytes);
    let first = config.get("AllowUsers").unwrap_or_default();
    assert!(config.get_all("allowusers").starts_with(&first));
    config.includes();
    config.has_match();
});
