//! The log file: everything that appears on the screen and the details that do not, nothing secret.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// How much a line matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Level {
    /// As on the screen.
    Log,
    /// A detail.
    Debug,
    /// An error.
    Error,
}

/// An open log file, or none.
#[derive(Debug, Default)]
pub(crate) struct Log(Option<Mutex<File>>);

impl Log {
    /// Opens a log for appending; missing folders are made. A relative path counts from the current folder.
    ///
    /// # Errors
    /// The absolute path and the error.
    pub(crate) fn open(path: &Path) -> Result<Self, (PathBuf, io::Error)> {
        let absolute = std::path::absolute(path).map_err(|e| (path.to_owned(), e))?;
        let made = absolute
            .parent()
            .map_or(Ok(()), |folder| DirBuilder::new().recursive(true).mode(0o700).create(folder));
        made.and_then(|()| Self::append(&absolute)).map_err(|error| (absolute, error))
    }

    /// Opens a log for appending in a folder that is there.
    ///
    /// # Errors
    /// That of the file.
    pub(crate) fn append(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().append(true).create(true).mode(0o600).open(path)?;
        Ok(Self(Some(Mutex::new(file))))
    }

    /// Whether there is one.
    pub(crate) const fn is_kept(&self) -> bool {
        self.0.is_some()
    }

    /// Appends each line of a text.
    pub(crate) fn write(&self, level: Level, text: &str) {
        let Some(file) = &self.0 else { return };
        let level = match level {
            Level::Log => "LOG",
            Level::Debug => "DEBUG",
            Level::Error => "ERROR",
        };
        let time = jiff::Zoned::now().strftime("%Y-%m-%d %H:%M:%S.%6f").to_string();
        let head = format!("[{time}][{}][gs_sshexkey][{level}]", std::process::id());
        let lines: String = text.lines().map(|line| format!("{head}:{line}\n")).collect();
        let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
        // A full disk under the log is no reason to stop.
        let _ = file.write_all(lines.as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn lines_have_the_documented_form() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a/b/setup.log");
        Log::open(&path).unwrap().write(Level::Log, "one\ntwo");
        Log::open(&path).unwrap().write(Level::Error, "three");
        let text = std::fs::read_to_string(&path).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 3);
        assert!(lines[0].ends_with("][gs_sshexkey][LOG]:one"), "{text}");
        assert!(lines[2].ends_with("][gs_sshexkey][ERROR]:three"), "{text}");
        let time = lines[0].trim_start_matches('[').split(']').next().unwrap();
        let shape: String = time.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
        assert_eq!(shape, "0000-00-00 00:00:00.000000");
        let mode = |p: &Path| std::fs::metadata(p).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&path), mode(path.parent().unwrap())), (0o600, 0o700));
    }

    #[test]
    fn a_path_that_cannot_be_written_is_an_error() {
        let dir = tempfile::tempdir().unwrap();
        assert!(Log::open(dir.path()).is_err());
        assert!(Log::open(Path::new("/proc/none/x.log")).is_err());
        let missing = dir.path().join("missing/x.log");
        assert!(Log::append(&missing).is_err() && !missing.parent().unwrap().exists());
    }
}
