//! Contents of files. Most files are the same on all nodes of a cluster, and large where it is large: each distinct content is
//! held once and taken apart once, and it is fetched from one node. The others only say which it is, by its digest.

use std::borrow::Borrow;
use std::collections::{BTreeSet, HashSet};
use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::Deref;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock, OnceLock};

use sha2::{Digest, Sha256};
use sshfiles::{AuthorizedKeys, HostEntry, KeyBounds, KnownHosts, PublicKey, SshConfig};

/// The bytes of a file. A copy shares them, and what was read out of them.
#[derive(Clone)]
pub struct FileBytes(Arc<Held>);

struct Held {
    bytes: Box<[u8]>,
    /// Several nodes have it: what is read out of it is kept for the next one. Of one that only one node has that would be
    /// memory for nothing.
    common: AtomicBool,
    views: OnceLock<Box<Views>>,
}

/// What was read out of a content, as the kind of file that it is asked for.
#[derive(Default)]
struct Views {
    records: OnceLock<Arc<KnownHosts>>,
    block: OnceLock<Arc<Vec<HostEntry>>>,
    lines: OnceLock<Arc<OurLines>>,
}

/// The lines of the tool in an `authorized_keys`.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct OurLines {
    /// The keys that they let in.
    pub(crate) keys: BTreeSet<PublicKey>,
    /// The bounds of each, in their order.
    pub(crate) bounds: Vec<KeyBounds>,
}

impl FileBytes {
    /// As a file of host keys.
    pub(crate) fn known_hosts(&self) -> Arc<KnownHosts> {
        self.view(|views| &views.records, KnownHosts::parse)
    }

    /// What the block says in a `~/.ssh/config`.
    pub(crate) fn block_entries(&self) -> Arc<Vec<HostEntry>> {
        self.view(|views| &views.block, |bytes| SshConfig::parse(bytes).block_entries())
    }

    /// Our lines in an `authorized_keys`.
    pub(crate) fn our_lines(&self) -> Arc<OurLines> {
        self.view(
            |views| &views.lines,
            |bytes| {
                let file = AuthorizedKeys::parse(bytes);
                let ours = file.entries().filter(|line| line.ours);
                let (keys, bounds) = ours.map(|line| (line.key, line.bounds)).unzip();
                OurLines { keys, bounds }
            },
        )
    }

    fn view<T>(&self, kept: impl Fn(&Views) -> &OnceLock<Arc<T>>, read: impl FnOnce(&[u8]) -> T) -> Arc<T> {
        if !self.0.common.load(Ordering::Relaxed) {
            return Arc::new(read(self));
        }
        kept(self.0.views.get_or_init(Box::default)).get_or_init(|| Arc::new(read(self))).clone()
    }

    /// Tells apart what is held: the same for copies.
    pub(crate) fn place(&self) -> usize {
        Arc::as_ptr(&self.0).addr()
    }
}

impl Default for FileBytes {
    fn default() -> Self {
        static EMPTY: LazyLock<FileBytes> = LazyLock::new(|| FileBytes::from(Vec::new()));
        EMPTY.clone()
    }
}

impl From<Vec<u8>> for FileBytes {
    fn from(bytes: Vec<u8>) -> Self {
        let (common, views) = (AtomicBool::new(false), OnceLock::new());
        Self(Arc::new(Held { bytes: bytes.into_boxed_slice(), common, views }))
    }
}

impl From<&[u8]> for FileBytes {
    fn from(bytes: &[u8]) -> Self {
        if bytes.is_empty() { Self::default() } else { bytes.to_vec().into() }
    }
}

impl<const N: usize> From<&[u8; N]> for FileBytes {
    fn from(bytes: &[u8; N]) -> Self {
        bytes.as_slice().into()
    }
}

impl Deref for FileBytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0.bytes
    }
}

impl Borrow<[u8]> for FileBytes {
    fn borrow(&self) -> &[u8] {
        self
    }
}

impl PartialEq for FileBytes {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || **self == **other
    }
}

impl Eq for FileBytes {}

impl Hash for FileBytes {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (**self).hash(state);
    }
}

/// Some are secret.
impl fmt::Debug for FileBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes", self.len())
    }
}

/// The contents that nodes of a run have, each once.
#[derive(Debug, Default)]
pub struct Contents(HashSet<FileBytes>);

impl Contents {
    /// Holds a content: the one that is held already, if there is an equal one.
    pub fn hold(&mut self, bytes: &FileBytes) -> FileBytes {
        if bytes.is_empty() {
            return FileBytes::default();
        }
        if let Some(held) = self.0.get(bytes) {
            held.0.common.store(true, Ordering::Relaxed);
            return held.clone();
        }
        self.0.insert(bytes.clone());
        bytes.clone()
    }

    /// How many different ones there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// What a node's own shell says of a file in place of the content: its SHA-256 digest. Only bytes that have it are taken for
/// that content, whichever node they come from.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Promise(String);

impl Promise {
    /// Reads what sha256sum(1) prints. What is no digest is a promise that nothing keeps.
    #[must_use]
    pub(super) fn read(said: &[u8]) -> Self {
        let text = String::from_utf8_lossy(said);
        let word = text.split_whitespace().next().unwrap_or_default();
        let whole =
            word.len() == 64 && word.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        Self(if whole { word.to_owned() } else { String::new() })
    }

    /// Whether these are the bytes.
    #[must_use]
    pub fn is_kept_by(&self, bytes: &[u8]) -> bool {
        self.can_be_kept() && self.0 == digest(bytes)
    }

    /// Whether it is a digest at all.
    #[must_use]
    pub const fn can_be_kept(&self) -> bool {
        !self.0.is_empty()
    }
}

/// As sha256sum(1) prints it.
pub(super) fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

    #[test]
    fn equal_contents_are_held_once_and_taken_apart_once() {
        let text = format!("{KEY} a #OM\nfrom=\"10.0.0.1\" {KEY} b #OM\n{KEY} mine\n");
        let mut contents = Contents::default();
        let of_nodes: Vec<FileBytes> = (0..1000)
            .map(|node| {
                let own = contents.hold(&format!("node{node}").into_bytes().into());
                drop(own);
                contents.hold(&text.clone().into_bytes().into())
            })
            .collect();
        assert_eq!(contents.len(), 1001);
        let places: BTreeSet<usize> = of_nodes.iter().map(FileBytes::place).collect();
        assert_eq!(places.len(), 1, "one content is held {} times", places.len());
        let views: Vec<_> = of_nodes.iter().map(FileBytes::our_lines).collect();
        assert!(views.iter().all(|view| Arc::ptr_eq(view, &views[0])), "it was taken apart twice");
        assert_eq!((views[0].keys.len(), views[0].bounds.len()), (1, 2));
    }

    #[test]
    fn what_one_node_has_alone_is_not_kept_taken_apart() {
        let mut contents = Contents::default();
        let alone = contents.hold(&format!("host {KEY}\n").into_bytes().into());
        assert!(!Arc::ptr_eq(&alone.known_hosts(), &alone.known_hosts()));
        let second = contents.hold(&format!("host {KEY}\n").into_bytes().into());
        assert!(Arc::ptr_eq(&alone.known_hosts(), &second.known_hosts()));
    }

    #[test]
    fn only_the_very_bytes_keep_a_promise() {
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        let cases: &[(&str, &[u8], bool)] = &[
            (&format!("{empty}  -\n"), b"", true),
            (empty, b"", true),
            (empty, b"\n", false),
            (&empty[1..], b"", false),
            (&empty.to_uppercase(), b"", false),
            ("", b"", false),
            ("  ", b"", false),
            (&"g".repeat(64), b"", false),
        ];
        for (said, bytes, kept) in cases {
            assert_eq!(Promise::read(said.as_bytes()).is_kept_by(bytes), *kept, "{said:?} {bytes:?}");
        }
        assert!(!Promise::read(b"\xff\xfe").can_be_kept());
    }

    #[test]
    fn no_content_is_printed() {
        assert_eq!(format!("{:?}", FileBytes::from(b"a private key")), "13 bytes");
    }
}
