//! Any bytes as files of ssh's configuration that include each other.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sshfiles::ClientConfig;

const OWN: &str = "/root/.ssh/config";
const OTHER: &str = "/root/.ssh/other";

fuzz_target!(|files: (Vec<u8>, Vec<u8>)| {
    let files = vec![(OWN.to_owned(), files.0), (OTHER.to_owned(), files.1)];
    for setting in ClientConfig::new(files).settings("10.0.0.1", &[OWN]) {
        assert!(setting.line > 0 && !setting.keyword.is_empty());
    }
});
