//! The folder that is carried from node to node.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;
use sshtrust::bundle::FileKind;
use sshtrust::guard::{self, Unguarded, Weakness};
use sshtrust::text::printable;

use crate::errors::{Report, list};

/// How much of a file tells whose it is, in bytes.
const BEGINNING: u64 = 512;
/// Most files of others that are named.
const MOST_NAMED: usize = 5;

/// A folder with nothing in it but the files of a bundle, which nobody else can change.
pub(super) struct Folder(PathBuf);

/// A path, safe to show.
pub(super) fn shown(path: &Path) -> String {
    printable(path.as_os_str().as_encoded_bytes())
}

impl Folder {
    /// Makes it, or takes one that is there.
    pub(super) fn make(path: &Path) -> Result<Self, Report> {
        // Before anything is made, so that nothing is left where it may not be.
        guarded(path)?;
        let made = DirBuilder::new().recursive(true).mode(0o700).create(path);
        made.map_err(|error| unwritable(path, &error))?;
        Self::open(path)
    }

    /// Takes one that is there.
    pub(super) fn open(path: &Path) -> Result<Self, Report> {
        let folder = Self(path.to_owned());
        folder.check_rights()?;
        folder.check_content()?;
        Ok(folder)
    }

    pub(super) fn shown(&self) -> String {
        shown(&self.0)
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// What is written into it is run on every node, by root perhaps.
    fn check_rights(&self) -> Result<(), Report> {
        fs::metadata(&self.0).map_err(|error| unreadable(&self.0, &error))?;
        guarded(&self.0)
    }

    fn check_content(&self) -> Result<(), Report> {
        let foreign: Vec<String> = self
            .names()?
            .iter()
            .filter(|name| !self.is_ours(name))
            .map(|name| printable(name.as_bytes()))
            .collect();
        if foreign.is_empty() {
            return Ok(());
        }
        let more = foreign.len().saturating_sub(MOST_NAMED);
        let report = incorrect("There are files in it that are not of a bundle.");
        let report =
            report.detail(&format!("{}: {}", self.shown(), list(foreign.into_iter().take(MOST_NAMED))));
        let report = if more == 0 { report } else { report.detail(&format!("and {more} more")) };
        Err(report.cure("Name a folder of its own, one that is empty or not there yet."))
    }

    /// Names that are no UTF-8 come with replacements, so they are nobody's.
    fn names(&self) -> Result<Vec<String>, Report> {
        let read = || -> io::Result<Vec<String>> {
            fs::read_dir(&self.0)?.map(|e| Ok(e?.file_name().to_string_lossy().into_owned())).collect()
        };
        read().map_err(|error| unreadable(&self.0, &error))
    }

    fn is_ours(&self, name: &str) -> bool {
        // What a run that was killed left of a file.
        if let Some(rest) = name.strip_prefix('.') {
            let whole = rest.strip_suffix(".new").or_else(|| rest.strip_suffix(".tmp"));
            return whole.and_then(FileKind::named).is_some();
        }
        let Some(kind) = FileKind::named(name) else { return false };
        let mut beginning = Vec::new();
        let read = open(&self.0.join(name)).and_then(|f| f.take(BEGINNING).read_to_end(&mut beginning));
        read.is_ok() && kind.is_ours(&beginning)
    }

    /// Removes the scripts of nodes that are in the list no more.
    pub(super) fn remove_scripts_but(&self, wanted: &[String]) -> Result<(), Report> {
        let is_old =
            |name: &&String| FileKind::named(name) == Some(FileKind::Script) && !wanted.contains(name);
        for name in self.names()?.iter().filter(is_old) {
            let path = self.0.join(name);
            fs::remove_file(&path).map_err(|error| unwritable(&path, &error))?;
        }
        Ok(())
    }

    /// Writes a file, whole or not at all.
    pub(super) fn write(&self, name: &str, bytes: &[u8], mode: u32) -> Result<(), Report> {
        let beside = self.0.join(format!(".{name}.tmp"));
        let path = self.0.join(name);
        let write = || -> io::Result<()> {
            match fs::remove_file(&beside) {
                Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
                _ => {}
            }
            let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(&beside)?;
            file.write_all(bytes)?;
            file.sync_all()?;
            fs::rename(&beside, &path)
        };
        write().map_err(|error| {
            let _ = fs::remove_file(&beside);
            unwritable(&path, &error)
        })
    }

    /// Reads a file; `None` if it is not there.
    pub(super) fn read(&self, name: &str, largest: u64) -> io::Result<Option<Vec<u8>>> {
        let mut bytes = Vec::new();
        match open(&self.0.join(name)) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            other => other?.take(largest + 1).read_to_end(&mut bytes)?,
        };
        if bytes.len() as u64 > largest {
            return Err(io::Error::new(ErrorKind::FileTooLarge, "it is too large for an answer"));
        }
        Ok(Some(bytes))
    }
}

/// Whether nobody else can change the folder or put another one in its place.
fn guarded(path: &Path) -> Result<(), Report> {
    let Err(Unguarded { path: weak, why }) = guard::folder(path) else { return Ok(()) };
    let wrong = match why {
        Weakness::Kind => "It is no folder.".to_owned(),
        Weakness::Owner(_) => {
            "It belongs to another user, who could change what you run on the nodes.".to_owned()
        }
        Weakness::Writable(_) => {
            "Others may write it, and could change what you run on the nodes.".to_owned()
        }
        Weakness::Unseen(_) | Weakness::Links => format!("It {why}."),
    };
    let report = incorrect(&wrong).detail(&shown(&weak));
    let itself = path.canonicalize().is_ok_and(|path| path == weak);
    Err(if itself {
        report.cure(
            "Name a folder that is not there yet: it is made with the right mode. Or: chmod go-w. What was written can \
             be copied to a stick.",
        )
    } else {
        report.detail(&format!("It lies on the way to {}.", shown(path))).cure(
            "Name a folder in your home directory, or in another one that only root and you can write, all the way up. \
             What was written can be copied to a stick.",
        )
    })
}

/// Opens a plain file; a pipe or a link that somebody planted is none.
fn open(path: &Path) -> io::Result<File> {
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
    let flags = i32::try_from(flags.bits()).unwrap_or_default();
    let file = OpenOptions::new().read(true).custom_flags(flags).open(path)?;
    match file.metadata()?.is_file() {
        true => Ok(file),
        false => Err(io::Error::new(ErrorKind::InvalidInput, "it is no plain file")),
    }
}

fn incorrect(why: &str) -> Report {
    Report::new("50004", &format!("The parameter '-o' value is incorrect. {why}"))
}

fn unwritable(path: &Path, error: &io::Error) -> Report {
    Report::new("50205", &format!("Failed to write {}. {error}", shown(path)))
        .cure("Name a folder that you may write, on a disk that has room.")
}

fn unreadable(path: &Path, error: &io::Error) -> Report {
    match error.kind() {
        ErrorKind::NotFound => Report::new("50201", &format!("The {} does not exist.", shown(path)))
            .cure("Run it without --collect first, and bring that folder back from the nodes."),
        _ => Report::new("50204", &format!("Failed to read {}. {error}", shown(path)))
            .cure("Name the folder that was carried to the nodes, with the right to read it."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::{PermissionsExt, symlink};

    fn refused(path: &Path) -> String {
        Folder::make(path).err().map(|report| report.to_string()).unwrap_or_default()
    }

    #[test]
    fn a_folder_is_made_for_its_owner_alone_and_files_are_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a/b");
        for text in ["one", "two"] {
            let folder = Folder::make(&path).unwrap();
            let text = format!("#!/bin/sh\n# gs_sshexkey bundle 1: {text}\n");
            folder.write("finish.sh", text.as_bytes(), 0o700).unwrap();
            assert_eq!(fs::read_to_string(path.join("finish.sh")).unwrap(), text);
        }
        let mode = |p: &Path| fs::metadata(p).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&path), mode(&path.join("finish.sh"))), (0o700, 0o700));
        assert_eq!(fs::read_dir(&path).unwrap().count(), 1);
    }

    #[test]
    fn answers_and_what_a_dead_run_left_are_no_strangers() {
        let dir = tempfile::tempdir().unwrap();
        let names = ["answer-10.0.0.1.txt", ".answer-10.0.0.1.txt.new", ".node-10.0.0.1.sh.tmp"];
        names.iter().for_each(|name| fs::write(dir.path().join(name), "x").unwrap());
        let folder = Folder::make(dir.path()).unwrap();
        folder.write("node-10.0.0.1.sh", b"#!/bin/sh\n# gs_sshexkey bundle 1\n", 0o700).unwrap();
        folder.write("node-10.0.0.9.sh", b"#!/bin/sh\n# gs_sshexkey bundle 1\n", 0o700).unwrap();
        Folder::make(dir.path()).unwrap().remove_scripts_but(&["node-10.0.0.1.sh".to_owned()]).unwrap();
        assert!(!dir.path().join("node-10.0.0.9.sh").exists());
        assert!(dir.path().join("answer-10.0.0.1.txt").exists());
    }

    #[test]
    fn files_of_others_are_not_touched() {
        let cases =
            [("notes", "x"), ("node-10.0.0.1.sh", "echo mine"), ("README.txt", "mine"), (".profile", "")];
        for (name, text) in cases {
            let dir = tempfile::tempdir().unwrap();
            fs::write(dir.path().join(name), text).unwrap();
            let said = refused(dir.path());
            assert!(said.contains(&format!("['{name}']")), "{said}");
            assert_eq!(fs::read_to_string(dir.path().join(name)).unwrap(), text);
        }
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("\u{1b}[2J"), "").unwrap();
        assert!(!refused(dir.path()).contains('\u{1b}'));
    }

    #[test]
    fn a_folder_that_others_may_write_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        for mode in [0o770, 0o707, 0o1777] {
            fs::set_permissions(dir.path(), fs::Permissions::from_mode(mode)).unwrap();
            assert!(refused(dir.path()).contains("Others may write it"), "{mode:o}");
        }
        // One of our own in a folder where anybody could put another in its place.
        let below = dir.path().join("bundle");
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o770)).unwrap();
        let said = refused(&below);
        for part in ["Others may write it", "It lies on the way to", "/bundle", "all the way up"] {
            assert!(said.contains(part), "{said}");
        }
        assert!(!below.exists(), "it was made all the same");
        // As in /tmp, where what is ours stays ours.
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o1777)).unwrap();
        assert_eq!(refused(&below), "");
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o700)).unwrap();
        let file = dir.path().join("file");
        fs::write(&file, "").unwrap();
        assert!(refused(&file).contains("It is no folder."));
        assert!(Folder::open(&dir.path().join("none")).is_err());
    }

    #[test]
    fn only_plain_files_of_some_size_are_read() {
        let dir = tempfile::tempdir().unwrap();
        let folder = Folder::make(dir.path()).unwrap();
        assert!(folder.read("answer-1.txt", 10).unwrap().is_none());
        fs::write(dir.path().join("answer-1.txt"), [b'x'; 10]).unwrap();
        assert_eq!(folder.read("answer-1.txt", 10).unwrap().unwrap().len(), 10);
        assert!(folder.read("answer-1.txt", 9).is_err());
        symlink("/etc/passwd", dir.path().join("answer-2.txt")).unwrap();
        assert!(folder.read("answer-2.txt", 10).is_err());
        let pipe = dir.path().join("answer-3.txt");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        assert!(folder.read("answer-3.txt", 10).is_err());
    }
}
