//! The formats, one module each, then what holds for all of them.

// Helpers outside test functions are not covered by the workspace's exception for tests.
#![allow(clippy::unwrap_used)]

use std::time::Duration;

mod authorized_keys;
mod client_config;
mod crontab;
mod diff;
mod endings;
mod examples;
mod hosts;
mod keys_and_lines;
mod known_hosts;
mod openssh;
mod private_key;
mod properties;
mod removal;
mod shell_profile;
mod ssh_config;
mod sshd_config;

use std::path::PathBuf;

use sshfiles::PublicKey;

/// A key of some algorithm; the same number gives the same key.
fn key_of(algorithm: &str, number: u32) -> PublicKey {
    let mut blob = u32::try_from(algorithm.len()).unwrap().to_be_bytes().to_vec();
    blob.extend_from_slice(algorithm.as_bytes());
    blob.extend_from_slice(&[0, 0, 0, 32]);
    blob.extend_from_slice(&[7; 28]);
    blob.extend_from_slice(&number.to_be_bytes());
    PublicKey::from_blob(blob).unwrap()
}

fn key(number: u32) -> PublicKey {
    key_of("ssh-ed25519", number)
}

fn corpus_path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/corpus").join(name)
}

fn corpus(name: &str) -> Vec<u8> {
    std::fs::read(corpus_path(name)).unwrap()
}

/// Whether a removal gave the old bytes back, but for a final newline that was missing.
fn is_restored(before: &[u8], after: &[u8]) -> bool {
    let ended = before.is_empty() || before.ends_with(b"\n");
    after == before || (!ended && after.strip_suffix(b"\n") == Some(before))
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap()
}

/// The processor time that this thread takes for something, whatever else the machine does.
fn processor_time(work: impl FnOnce()) -> Duration {
    let now = || {
        let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
        Duration::new(time.tv_sec.try_into().unwrap(), time.tv_nsec.try_into().unwrap())
    };
    let begin = now();
    work();
    now() - begin
}
