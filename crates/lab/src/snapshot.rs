//! What files looked like at one moment, to be compared with another.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::Path;

/// What kind of file a path names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Nothing is there.
    Missing,
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// A symbolic link.
    Symlink,
    /// A socket.
    Socket,
    /// A pipe or a device.
    Other,
}

/// One file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// What it is.
    pub kind: Kind,
    /// Its permission bits.
    pub mode: u32,
    /// Its owner.
    pub uid: u32,
    /// Its group.
    pub gid: u32,
    /// When its content changed, in nanoseconds since 1970. 0 for directories and sockets: that of a directory
    /// changes with every temporary file.
    pub mtime_ns: i128,
    /// The bytes of a file, or where a link leads.
    pub content: Vec<u8>,
}

/// Files by their path on the node.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Snapshot {
    /// In order of their paths.
    pub entries: BTreeMap<String, Entry>,
}

impl Snapshot {
    pub(crate) fn take(paths: impl Iterator<Item = (String, std::path::PathBuf)>) -> Snapshot {
        let mut snapshot = Snapshot::default();
        for (name, outside) in paths {
            snapshot.add(name, &outside);
        }
        snapshot
    }

    fn add(&mut self, name: String, outside: &Path) {
        let entry = Entry::of(outside);
        if entry.kind == Kind::Directory {
            let children = fs::read_dir(outside).into_iter().flatten().flatten();
            for child in children {
                let child_name =
                    format!("{}/{}", name.trim_end_matches('/'), child.file_name().to_string_lossy());
                self.add(child_name, &child.path());
            }
        }
        self.entries.insert(name, entry);
    }

    /// The same without the times, to compare bytes and rights only.
    #[must_use]
    pub fn without_times(mut self) -> Snapshot {
        self.entries.values_mut().for_each(|entry| entry.mtime_ns = 0);
        self
    }

    /// The same without the files for whose path the function says `true`.
    #[must_use]
    pub fn without(mut self, ignore: impl Fn(&str) -> bool) -> Snapshot {
        self.entries.retain(|path, _| !ignore(path));
        self
    }

    /// What changed from this one to a later one, a line a change. Empty if nothing did.
    #[must_use]
    pub fn diff(&self, later: &Snapshot) -> String {
        let paths: BTreeSet<&String> = self.entries.keys().chain(later.entries.keys()).collect();
        let mut text = String::new();
        for path in paths {
            match (self.entries.get(path), later.entries.get(path)) {
                (Some(before), Some(after)) => before.tell(after, path, &mut text),
                (None, Some(after)) => text.push_str(&format!("{path}: new, {}\n", after.describe())),
                (Some(before), None) => text.push_str(&format!("{path}: gone, was {}\n", before.describe())),
                (None, None) => {}
            }
        }
        text
    }
}

impl Entry {
    fn of(path: &Path) -> Entry {
        let Ok(metadata) = fs::symlink_metadata(path) else {
            return Entry { kind: Kind::Missing, mode: 0, uid: 0, gid: 0, mtime_ns: 0, content: Vec::new() };
        };
        let kind = kind(metadata.file_type());
        let content = match kind {
            Kind::File => fs::read(path).unwrap_or_default(),
            Kind::Symlink => {
                fs::read_link(path).map(|to| to.as_os_str().as_bytes().to_vec()).unwrap_or_default()
            }
            _ => Vec::new(),
        };
        let timed = matches!(kind, Kind::File | Kind::Symlink);
        let nanoseconds = i128::from(metadata.mtime()) * 1_000_000_000 + i128::from(metadata.mtime_nsec());
        Entry {
            kind,
            mode: metadata.mode() & 0o7777,
            uid: metadata.uid(),
            gid: metadata.gid(),
            mtime_ns: if timed { nanoseconds } else { 0 },
            content,
        }
    }

    fn describe(&self) -> String {
        format!("{:?} {:o} {}:{}, {} bytes", self.kind, self.mode, self.uid, self.gid, self.content.len())
    }

    fn tell(&self, after: &Entry, path: &str, text: &mut String) {
        let mut change = |what: &str, before: String, after: String| {
            if before != after {
                let _ = writeln!(text, "{path}: {what} was {before}, is {after}");
            }
        };
        change("kind", format!("{:?}", self.kind), format!("{:?}", after.kind));
        change("mode", format!("{:o}", self.mode), format!("{:o}", after.mode));
        change("owner", format!("{}:{}", self.uid, self.gid), format!("{}:{}", after.uid, after.gid));
        change("time", self.mtime_ns.to_string(), after.mtime_ns.to_string());
        if self.content != after.content {
            let _ = writeln!(text, "{path}: content differs");
            tell_lines('-', &self.content, &after.content, text);
            tell_lines('+', &after.content, &self.content, text);
        }
    }
}

/// The lines of one content that the other has not.
fn tell_lines(sign: char, of: &[u8], other: &[u8], text: &mut String) {
    let known: BTreeSet<&[u8]> = other.split_inclusive(|byte| *byte == b'\n').collect();
    for line in of.split_inclusive(|byte| *byte == b'\n').filter(|line| !known.contains(line)) {
        let _ = writeln!(text, "  {sign} {}", line.escape_ascii());
    }
}

fn kind(file_type: fs::FileType) -> Kind {
    match () {
        () if file_type.is_file() => Kind::File,
        () if file_type.is_dir() => Kind::Directory,
        () if file_type.is_symlink() => Kind::Symlink,
        () if file_type.is_socket() => Kind::Socket,
        () => Kind::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_byte_is_seen() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("f");
        fs::write(&file, "one\ntwo\n").unwrap();
        let take = || Snapshot::take(std::iter::once(("/d".to_owned(), dir.path().to_path_buf())));
        let before = take();
        assert_eq!(before.diff(&take()), "");
        fs::write(&file, "one\ntwo").unwrap();
        let diff = before.clone().without_times().diff(&take().without_times());
        assert_eq!(diff, "/d/f: content differs\n  - two\\n\n  + two\n");
        fs::remove_file(&file).unwrap();
        assert!(before.diff(&take()).starts_with("/d/f: gone"));
    }
}
