//! The files of a node, reached from outside.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt, chown};
use std::path::{Component, Path, PathBuf};

use crate::error::LabError;
use crate::node::Node;
use crate::snapshot::Snapshot;

/// As many symbolic links as the kernel follows.
const MOST_LINKS: usize = 40;

impl Node {
    /// The node's root directory, as this process reaches it. For a node that was killed it is the disk alone,
    /// without `/run` and `/tmp`.
    ///
    /// Absolute symbolic links below it lead into the machine's own files; [`Node::read`], [`Node::write`] and
    /// [`Node::snapshot`] follow them as the node does.
    #[must_use]
    pub fn root_dir(&self) -> PathBuf {
        if self.is_alive() {
            PathBuf::from(format!("/proc/{}/root", self.init_pid()))
        } else {
            self.outside("root")
        }
    }

    /// A file of the node's disk, as this process reaches it.
    pub(crate) fn outside(&self, name: &str) -> PathBuf {
        PathBuf::from(format!("/proc/{}/root{}/{name}", self.keeper.pid, self.disk.display()))
    }

    /// Reads a file.
    ///
    /// # Errors
    /// When there is none.
    pub fn read(&self, path: impl AsRef<Path>) -> Result<Vec<u8>, LabError> {
        let outside = resolve(&self.root_dir(), path.as_ref(), true);
        fs::read(&outside).map_err(LabError::io("read", outside))
    }

    /// Writes a file in place, with mode and owner. Missing directories are made, with mode 700 and this owner.
    ///
    /// # Errors
    /// When there is no such user, or the file cannot be written.
    pub fn write(
        &self,
        path: impl AsRef<Path>,
        bytes: &[u8],
        mode: u32,
        owner: &str,
    ) -> Result<(), LabError> {
        let uid = self.user(owner)?.uid;
        let outside = resolve(&self.root_dir(), path.as_ref(), true);
        let missing: Vec<&Path> = outside.ancestors().skip(1).take_while(|dir| !dir.exists()).collect();
        for dir in missing.into_iter().rev() {
            fs::DirBuilder::new().mode(0o700).create(dir).map_err(LabError::io("create", dir))?;
            chown(dir, Some(uid), Some(uid)).map_err(LabError::io("chown", dir))?;
        }
        fs::write(&outside, bytes).map_err(LabError::io("write", &outside))?;
        chown(&outside, Some(uid), Some(uid)).map_err(LabError::io("chown", &outside))?;
        let mode = fs::Permissions::from_mode(mode);
        fs::set_permissions(&outside, mode).map_err(LabError::io("chmod", &outside))
    }

    /// Records these files and directories with all below them. Works on a dead node too.
    #[must_use]
    pub fn snapshot(&self, paths: &[&str]) -> Snapshot {
        let root = self.root_dir();
        Snapshot::take(paths.iter().map(|path| ((*path).to_owned(), resolve(&root, Path::new(path), false))))
    }
}

/// Finds what an absolute path of the node means outside, where its absolute links would lead astray.
fn resolve(root: &Path, path: &Path, follow_last: bool) -> PathBuf {
    let mut left: VecDeque<OsString> = names(path).collect();
    let mut done = PathBuf::new();
    let mut links = 0;
    while let Some(name) = left.pop_front() {
        if name == ".." {
            done.pop();
            continue;
        }
        let next = done.join(&name);
        let follow = (follow_last || !left.is_empty()) && links < MOST_LINKS;
        match fs::read_link(root.join(&next)) {
            Ok(target) if follow => {
                links += 1;
                if target.is_absolute() {
                    done = PathBuf::new();
                }
                for name in names(&target).collect::<Vec<_>>().into_iter().rev() {
                    left.push_front(name);
                }
            }
            _ => done = next,
        }
    }
    root.join(done)
}

fn names(path: &Path) -> impl Iterator<Item = OsString> {
    path.components().filter_map(|component| match component {
        Component::Normal(name) => Some(name.to_owned()),
        Component::ParentDir => Some(OsString::from("..")),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn links_stay_inside() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir_all(root.path().join("run/x")).unwrap();
        fs::create_dir(root.path().join("var")).unwrap();
        symlink("/run", root.path().join("var/run")).unwrap();
        symlink("../../../../run", root.path().join("var/up")).unwrap();
        let at = |path, follow| resolve(root.path(), Path::new(path), follow);
        assert_eq!(at("/var/run/x", true), root.path().join("run/x"));
        assert_eq!(at("/var/up/x", true), root.path().join("run/x"));
        assert_eq!(at("/var/run", false), root.path().join("var/run"));
        assert_eq!(at("/nothing/there", true), root.path().join("nothing/there"));
    }
}
