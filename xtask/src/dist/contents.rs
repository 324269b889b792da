//! Which file of a package comes from where.

use std::path::PathBuf;

use crate::dist::builds::Build;

/// The packages that a file belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Both,
    Deb,
    Rpm,
}

/// A file of a package.
#[derive(Debug, Clone)]
pub(super) struct File {
    /// Where it is now.
    pub(super) from: PathBuf,
    /// Where it belongs.
    pub(super) to: String,
    /// Its rights. It is root's.
    pub(super) mode: u32,
    /// Which packages have it.
    pub(super) kind: Kind,
}

impl File {
    /// A file that everybody may read.
    pub(super) fn new(from: PathBuf, to: String) -> Self {
        Self { from, to, mode: 0o644, kind: Kind::Both }
    }

    /// The same for some packages.
    pub(super) fn only(self, kind: Kind) -> Self {
        Self { kind, ..self }
    }

    fn program(from: &Build, to: String) -> Self {
        Self { mode: 0o755, ..Self::new(from.program.clone(), to) }
    }
}

/// All files of the package for one processor, sorted: the builds for the others lie where the program looks for them.
pub(super) fn of(build: &Build, all: &[Build], shared: &[File]) -> Vec<File> {
    let others = all.iter().filter(|other| other.machine != build.machine);
    let others = others
        .map(|other| File::program(other, format!("/usr/libexec/gs_sshexkey/gs_sshexkey-{}", other.machine)));
    let own = File::program(build, "/usr/bin/gs_sshexkey".to_owned());
    let mut files: Vec<File> = std::iter::once(own).chain(others).chain(shared.iter().cloned()).collect();
    files.sort_by(|one, other| one.to.cmp(&other.to));
    files
}
