//! The key pair, and the store of its passphrase that openGauss's tools read.

use std::sync::Arc;

use super::{dir, file};
use crate::key::KeyMaterial;
use crate::observe::{Entry, NodeState};
use crate::place::{Place, STORE_DIR, part_path};
use crate::plan::{Content, DirEdit, FileEdit, Found, Taking};
use crate::store::{MOST_PARTS, Sealed, open_passphrase};
use crate::unlock::sealed;

/// Puts the pair and its store on a node.
pub fn put(state: &NodeState, key: &KeyMaterial, dirs: &mut Vec<DirEdit>, files: &mut Vec<FileEdit>) {
    if !store_is_right(state, key) {
        store(state, key.sealed(), dirs, files);
    }
    let secret = |edit: FileEdit| FileEdit { secret: true, ..edit };
    files.extend(file(state, Place::PrivateKey, key.private_file().to_vec(), Some(0o600)).map(secret));
    files.extend(file(state, Place::PublicKey, key.public_file(), Some(0o600)));
}

/// Whether the node's store gives the passphrase of the key.
fn store_is_right(state: &NodeState, key: &KeyMaterial) -> bool {
    let parts = sealed(state);
    parts == *key.sealed() || open_passphrase(&parts).is_ok_and(|p| p == *key.passphrase())
}

fn store(state: &NodeState, sealed: &Sealed, dirs: &mut Vec<DirEdit>, files: &mut Vec<FileEdit>) {
    let store = format!("{}/{STORE_DIR}", state.home);
    dirs.extend(dir(state, Place::StoreDir, store.clone()));
    for (kind, place) in [("cipher", Place::Cipher as fn(u8) -> Place), ("rand", Place::Rand)] {
        if state.entry(place(0)).path.is_empty() {
            dirs.push(DirEdit { path: format!("{store}/{kind}"), old_mode: None, mode: 0o700 });
        }
        for (i, (cipher, rand)) in (0..MOST_PARTS).zip(sealed) {
            let bytes = if kind == "cipher" { cipher } else { rand };
            let mut old = state.entry(place(i)).clone();
            if old.path.is_empty() {
                dirs.push(DirEdit { path: format!("{store}/{kind}/key_{i}"), old_mode: None, mode: 0o700 });
                old = Entry::absent(&format!("{store}/{}", part_path(kind, i)));
            }
            let content = Content::Bytes(Arc::new(bytes.clone()));
            files.push(FileEdit { old, content, mode: Some(0o600), secret: true });
        }
    }
}

/// Takes it from a node.
pub fn take(state: &NodeState, taking: &mut Taking) {
    for place in [Place::PrivateKey, Place::PublicKey] {
        let entry = state.entry(place);
        if entry.exists() {
            taking.found.push(Found::Key { path: entry.path.clone() });
            taking.gone(entry, true);
        }
    }
}
