//! Any two versions of a file: the difference is safe to print.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sshfiles::unified_diff;

fuzz_target!(|versions: (&[u8], &[u8])| {
    let (old, new) = versions;
    let diff = unified_diff(old, new, "file");
    assert_eq!(diff.is_empty(), old == new);
    assert!(diff.chars().all(|c| !c.is_control() || c == '\n' || c == '\t'));
});
