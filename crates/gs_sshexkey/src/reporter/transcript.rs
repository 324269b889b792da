//! The screens that tests compare with: files of `transcripts`, and documents that are made of the same texts.

use std::path::{Path, PathBuf};

/// The file of a screen.
pub(crate) fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src/reporter/transcripts").join(format!("{name}.txt"))
}

/// A screen as it was written down.
pub(crate) fn read(name: &str) -> String {
    std::fs::read_to_string(path(name)).unwrap()
}

/// With `UPDATE_SCREENS` set, the transcript is written instead; look at it then.
#[track_caller]
pub(crate) fn must_show(name: &str, text: &str) {
    must_be_the_file(&path(name), text, "UPDATE_SCREENS");
}

/// With the variable `update` set, the file is written instead.
#[track_caller]
pub(crate) fn must_be_the_file(path: &Path, text: &str, update: &str) {
    if std::env::var_os(update).is_some() {
        std::fs::write(path, text).unwrap();
    }
    let wanted = std::fs::read_to_string(path).unwrap();
    assert_eq!(text, wanted, "{} is not as what is shown: set {update} to write it", path.display());
}
