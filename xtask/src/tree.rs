//! What version control says about the tree.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::error::TaskError;

/// The top of the tree.
pub(crate) fn root() -> PathBuf {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    own.parent().unwrap_or(own).to_owned()
}

/// The id of the tree, if nothing in it differs from what is committed.
pub(crate) fn clean() -> Option<String> {
    let changes = git(&["status", "--porcelain"])?;
    let id = git(&["rev-parse", "HEAD^{tree}"])?;
    changes.is_empty().then(|| id.trim().to_owned())
}

/// The files that are under version control or could be, by their paths from the top.
pub(crate) fn files() -> Option<Vec<String>> {
    let listed = git(&["ls-files", "-z", "--cached", "--others", "--exclude-standard"])?;
    Some(listed.split('\0').filter(|path| !path.is_empty()).map(str::to_owned).collect())
}

/// When what is built was written, in seconds since 1970: as SOURCE_DATE_EPOCH says, else when it was committed.
pub(crate) fn epoch() -> Result<String, TaskError> {
    let said = std::env::var("SOURCE_DATE_EPOCH").ok();
    let epoch = said.or_else(|| git(&["log", "-1", "--format=%ct"])).map(|text| text.trim().to_owned());
    let number = epoch.filter(|text| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()));
    number.ok_or(TaskError::NoTime)
}

fn git(words: &[&str]) -> Option<String> {
    let output = Command::new("git").arg("-C").arg(root()).args(words).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then_some(text)
}
