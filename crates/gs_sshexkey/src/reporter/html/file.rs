//! The file of the page: there as a whole or not at all.

use std::ffi::OsString;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use sshtrust::check::Checked;

use crate::i18n::Lang;

/// Why the page could not be written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WriteError {
    /// The path is a folder, or names no file.
    #[error("{} is no file", .0.display())]
    NoFile(PathBuf),
    /// The folder that shall hold it is not there.
    #[error("{}: there is no such folder", .0.display())]
    NoFolder(PathBuf),
    /// The file could not be written.
    #[error("{}: {}", .path.display(), .error)]
    Write {
        /// The page.
        path: PathBuf,
        /// Why not.
        error: io::Error,
    },
}

/// Writes the page. A file that is there is replaced in one step; a link to it stays a link; a device or a pipe is
/// written to.
///
/// # Errors
/// [`WriteError`], with the path.
pub(crate) fn write(path: &Path, checked: &Checked, lang: Lang) -> Result<(), WriteError> {
    put(path, super::render(checked, lang).as_bytes())
}

pub(super) fn put(path: &Path, bytes: &[u8]) -> Result<(), WriteError> {
    let failed = |error| WriteError::Write { path: path.to_owned(), error };
    match fs::metadata(path) {
        Ok(found) if found.is_dir() => Err(WriteError::NoFile(path.to_owned())),
        Ok(found) if found.is_file() => {
            let real = fs::canonicalize(path).map_err(failed)?;
            replace(&real, bytes)
        }
        Ok(_) => {
            let mut open = OpenOptions::new().write(true).open(path).map_err(failed)?;
            open.write_all(bytes).map_err(failed)
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => replace(path, bytes),
        Err(error) => Err(failed(error)),
    }
}

fn replace(path: &Path, bytes: &[u8]) -> Result<(), WriteError> {
    let failed = |error| WriteError::Write { path: path.to_owned(), error };
    let name = path.file_name().ok_or_else(|| WriteError::NoFile(path.to_owned()))?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if !folder.is_dir() {
        return Err(WriteError::NoFolder(folder.to_owned()));
    }
    let mut temporary = OsString::from(".");
    temporary.push(name);
    temporary.push(format!(".{}", std::process::id()));
    let temporary = folder.join(temporary);
    let done = write_new(&temporary, bytes).and_then(|()| fs::rename(&temporary, path));
    if done.is_err() {
        // What is left of a try that failed.
        let _ = fs::remove_file(&temporary);
    }
    done.map_err(failed)
}

fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    // One of an earlier run with the same number that was killed.
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o644).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::{PermissionsExt, symlink};

    #[test]
    fn a_page_is_written_and_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("page.html");
        put(&path, b"one").unwrap();
        put(&path, b"two").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two");
        let mode = fs::metadata(&path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode & !0o644, 0, "{mode:o}");
        let link = dir.path().join("link.html");
        symlink(&path, &link).unwrap();
        put(&link, b"three").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"three");
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 2, "nothing temporary is left");
    }

    #[test]
    fn what_cannot_be_written_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let missing = dir.path().join("none/page.html");
        let error = put(&missing, b"").unwrap_err();
        assert!(matches!(&error, WriteError::NoFolder(folder) if folder.ends_with("none")), "{error}");
        let error = put(dir.path(), b"").unwrap_err();
        assert!(error.to_string().contains(&*dir.path().to_string_lossy()), "{error}");
        let below = dir.path().join("file");
        put(&below, b"").unwrap();
        let error = put(&below.join("page.html"), b"").unwrap_err();
        assert!(error.to_string().contains("file"), "{error}");
        let long = dir.path().join("n".repeat(254));
        assert!(matches!(put(&long, b""), Err(WriteError::Write { .. })));
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "nothing temporary is left");
    }

    #[test]
    fn a_device_stays_a_device() {
        put(Path::new("/dev/null"), b"page").unwrap();
        assert!(!fs::metadata("/dev/null").unwrap().is_file());
    }
}
