//! Any bytes as a password file: an answer, and an error that tells nothing.
#![no_main]

use libfuzzer_sys::fuzz_target;
use trust::inventory::parse_hostfile;
use trust::passwords::PasswordFile;
use zeroize::Zeroizing;

fuzz_target!(|bytes: &[u8]| {
    let Ok(cluster) = parse_hostfile(b"10.0.0.1\nfd00::2\n") else { return };
    if let Ok(PasswordFile::Each(secrets)) = PasswordFile::parse(&Zeroizing::new(bytes.to_vec()), &cluster) {
        assert!(secrets.len() <= cluster.nodes.len());
    }
});
