//! What a machine must offer before a lab can run on it.

use std::fmt;
use std::path::{Path, PathBuf};

/// Something that is missing, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Requirement {
    /// The process is not root.
    Root,
    /// A program is not installed.
    Program {
        /// The program that was looked for.
        program: &'static str,
        /// The distribution package that has it (Debian's name).
        package: &'static str,
    },
    /// `/usr` is a file system of its own, so that it is not part of the nodes' lower layer.
    SeparateUsr,
}

impl fmt::Display for Requirement {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Requirement::Root => write!(out, "A lab makes namespaces and mounts, which only root may do."),
            Requirement::Program { program, package } => {
                write!(out, "The program {program} is missing; install the package {package}.")
            }
            Requirement::SeparateUsr => {
                write!(out, "/usr is a file system of its own; a lab needs it on the same one as /.")
            }
        }
    }
}

/// The programs that a lab calls, with their packages.
const PROGRAMS: [(&str, &str); 10] = [
    ("sshd", "openssh-server"),
    ("ssh", "openssh-client"),
    ("ssh-keygen", "openssh-client"),
    ("ip", "iproute2"),
    ("nft", "nftables"),
    ("nsenter", "util-linux"),
    ("unshare", "util-linux"),
    ("setpriv", "util-linux"),
    ("script", "bsdutils"),
    ("chpasswd", "passwd"),
];

/// What whole systems need beside that.
const SYSTEM_PROGRAMS: [(&str, &str); 1] = [("systemd-nspawn", "systemd-container")];
/// What makes a root file system.
const ROOT_PROGRAMS: [(&str, &str); 1] = [("debootstrap", "debootstrap")];

/// What is missing on this machine for whole systems, beside what [`requirements`] tells.
#[must_use]
pub fn system_requirements() -> Vec<Requirement> {
    missing_programs(&SYSTEM_PROGRAMS)
}

/// What is missing on this machine to [make a root file system](crate::build_root), beside what [`requirements`] tells.
#[must_use]
pub fn root_requirements() -> Vec<Requirement> {
    missing_programs(&ROOT_PROGRAMS)
}

/// What is missing on this machine. Empty when a lab can run.
#[must_use]
pub fn requirements() -> Vec<Requirement> {
    let mut missing = Vec::new();
    if !rustix::process::geteuid().is_root() {
        missing.push(Requirement::Root);
    }
    missing.extend(missing_programs(&PROGRAMS));
    if is_mount_point(Path::new("/usr")) {
        missing.push(Requirement::SeparateUsr);
    }
    missing
}

fn missing_programs(programs: &[(&'static str, &'static str)]) -> Vec<Requirement> {
    let missing = programs.iter().filter(|(program, _)| find_program(program).is_none());
    missing.map(|(program, package)| Requirement::Program { program, package }).collect()
}

/// The search path of every process that the lab starts.
pub(crate) const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Finds a program of this machine on the fixed search path.
pub(crate) fn find_program(name: &str) -> Option<PathBuf> {
    PATH.split(':').map(|dir| Path::new(dir).join(name)).find(|path| path.is_file())
}

/// Finds a program on the fixed search path of a system whose root is `base`. The path is the one in that system.
pub(crate) fn program_in(base: &Path, name: &str) -> Option<PathBuf> {
    // Not followed: an absolute link would lead into this machine.
    let is_there =
        |path: &PathBuf| base.join(path.strip_prefix("/").unwrap_or(path)).symlink_metadata().is_ok();
    PATH.split(':').map(|dir| Path::new(dir).join(name)).find(is_there)
}

fn is_mount_point(dir: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    match (std::fs::metadata(dir), std::fs::metadata("/")) {
        (Ok(inner), Ok(outer)) => inner.dev() != outer.dev(),
        _ => false,
    }
}
