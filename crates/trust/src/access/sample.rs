//! Keys and nodes for tests.

use sshfiles::PublicKey;

use super::{FileKind, KeysFile, Lock, Log, NodeAccess, PrivateKey, Seen, Settings};

/// A key of these parts; the first is its type.
pub(super) fn blob(parts: &[&[u8]]) -> PublicKey {
    let bytes = parts.iter().flat_map(|part| {
        let size = u32::try_from(part.len()).unwrap().to_be_bytes();
        size.into_iter().chain(part.iter().copied())
    });
    PublicKey::from_blob(bytes.collect()).unwrap()
}

pub(super) fn ed25519(number: u8) -> PublicKey {
    blob(&[b"ssh-ed25519", &[number; 32]])
}

pub(super) fn rsa(bits: usize) -> PublicKey {
    let mut modulus = vec![0xff; bits.div_ceil(8)];
    modulus[0] = u8::try_from((1_u16 << ((bits - 1) % 8 + 1)) - 1).unwrap();
    modulus.insert(0, 0);
    blob(&[b"ssh-rsa", b"\x01\x00\x01", &modulus])
}

pub(super) fn dsa() -> PublicKey {
    let long = [0xff_u8; 128];
    blob(&[b"ssh-dss", &long, &long[..20], &long, &long])
}

/// A node with these lines and these private keys.
pub(super) fn node(lines: &str, private: &[(&PublicKey, Lock)]) -> NodeAccess {
    let key = |(key, lock): &(&PublicKey, Lock)| PrivateKey {
        path: "/home/omm/.ssh/id_om".to_owned(),
        key: Some((*key).clone()),
        lock: *lock,
    };
    NodeAccess {
        hostname: "node".to_owned(),
        version: Some((9, 2)),
        settings: Settings { seen: Seen::Effective, ..Settings::default() },
        local: "20260302101500".to_owned(),
        utc: "20260302021500".to_owned(),
        files: vec![KeysFile {
            kind: FileKind::File,
            open_to_others: false,
            path: "/home/omm/.ssh/authorized_keys".to_owned(),
            bytes: lines.as_bytes().to_vec(),
        }],
        private: private.iter().map(key).collect(),
        private_seen: true,
        log: Log { since: Some("2026-01-01 00:00:00".to_owned()), ..Log::default() },
    }
}
