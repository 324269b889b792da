//! Any bytes as `~/.ssh/config`: unedited, with a block set, and with it removed again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sshfiles::SshConfig;

const BODY: &str = "Host 10.0.0.1\n\tPort 2222\n";

fuzz_target!(|bytes: &[u8]| {
    let mut file = SshConfig::parse(bytes);
    assert_eq!(file.to_bytes(), bytes);
    file.remove_block();
    let clean = file.to_bytes();
    assert!(file.set_block(BODY));
    assert!(!file.set_block(BODY));
    assert_eq!(file.block(), Some(BODY.as_bytes()));
    assert!(file.remove_block());
    assert_eq!(file.to_bytes(), clean);
});
