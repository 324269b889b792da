//! The program, built for each processor that this machine can build it for.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::cargo::{self, cargo};
use crate::dist::output_of;
use crate::error::TaskError;

/// A build of the program.
#[derive(Debug, Clone)]
pub(super) struct Build {
    /// The processor, as `uname -m` names it.
    pub(super) machine: &'static str,
    /// Where it is.
    pub(super) program: PathBuf,
}

impl Build {
    /// Whether it runs on this machine.
    pub(super) fn runs_here(&self) -> bool {
        self.machine == std::env::consts::ARCH
    }
}

/// The other processor, and the target that makes a static program for it.
const OTHER: (&str, &str) = ("aarch64", "aarch64-unknown-linux-musl");

/// All builds, the one that runs here first. It knows the digest of the other one.
pub(super) fn all() -> Result<Vec<Build>, TaskError> {
    let (machine, target) = OTHER;
    if std::env::consts::ARCH == machine {
        return Ok(vec![Build { machine, program: cargo::build_program("")? }]);
    }
    let other = match lacks(target)? {
        None => Some(Build { machine, program: cargo::build_for(target)? }),
        Some(what) => {
            eprintln!("The build for {machine} is left out: {what}.");
            None
        }
    };
    let digests = match &other {
        Some(build) => format!("{machine}={}", digest(&build.program)?),
        None => String::new(),
    };
    let own = Build { machine: std::env::consts::ARCH, program: cargo::build_program(&digests)? };
    Ok(std::iter::once(own).chain(other).collect())
}

/// What this machine lacks for a target.
fn lacks(target: &str) -> Result<Option<String>, TaskError> {
    let mut command = Command::new(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()));
    let sysroot = output_of(command.args(["--print", "sysroot"]))?;
    let library = Path::new(String::from_utf8_lossy(&sysroot).trim()).join("lib/rustlib").join(target);
    if !library.join("lib").is_dir() {
        return Ok(Some(format!("this toolchain does not have the target {target}")));
    }
    let mut zig = cargo();
    zig.args(["zigbuild", "--version"]).stdout(Stdio::null()).stderr(Stdio::null());
    let is_there = zig.status().is_ok_and(|status| status.success());
    Ok((!is_there).then(|| "cargo-zigbuild is not installed".to_owned()))
}

/// The digest of a file, as sha256sum(1) prints it.
pub(super) fn digest(path: &Path) -> Result<String, TaskError> {
    let text = output_of(Command::new("sha256sum").arg("-b").arg(path))?;
    Ok(String::from_utf8_lossy(&text).split_whitespace().next().unwrap_or_default().to_owned())
}
