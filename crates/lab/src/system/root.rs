//! The root file system that all whole systems of this machine share: how it is made, and where it is kept.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::mirror::mirror;
use crate::error::LabError;
use crate::requirements::{PATH, requirements, system_requirements};

/// Outside of the build directory: a fresh clone does not make it again.
const CACHE: &str = "/var/cache/gs_sshexkey-lab";
const SCRIPT: &str = include_str!("build.sh");
/// So many lines of a failed build are shown.
const SHOWN: usize = 30;

/// What a root file system is made of.
#[derive(Debug)]
struct Recipe {
    /// The release of Debian, by its code name.
    suite: &'static str,
    packages: &'static [&'static str],
}

/// OpenSSH 9.2, systemd 252.
const BOOKWORM: Recipe = Recipe {
    suite: "bookworm",
    packages: &[
        // What a server has.
        "openssh-server",
        "openssh-client",
        "polkitd",
        "cron",
        "firewalld",
        "nftables",
        "iproute2",
        "iputils-ping",
        "procps",
        // firewalld asks it for the names of protocols.
        "netbase",
        // What the tests of the first tier use.
        "csh",
        "dash",
        "diffutils",
        "expect",
        "openssl",
        "sshpass",
    ],
};

/// The root file system of whole systems, ready for use.
///
/// # Errors
/// When it was not made yet on this machine; the error says how.
pub fn system_root() -> Result<PathBuf, LabError> {
    let path = BOOKWORM.path();
    if path.is_dir() { Ok(path) } else { Err(LabError::NoSystemRoot { path }) }
}

/// Makes the root file system of whole systems if it is not there, which takes about a minute and needs a mirror
/// of Debian: the one in `GS_LAB_MIRROR`, or that of the machine's own package sources. Another builder is
/// waited for, and the remains of one that was killed are removed.
///
/// # Errors
/// When the machine lacks something, or a step of the build fails.
pub fn build_system_root() -> Result<PathBuf, LabError> {
    let missing: Vec<_> = requirements().into_iter().chain(system_requirements()).collect();
    if !missing.is_empty() {
        return Err(LabError::Requirements(missing));
    }
    fs::create_dir_all(CACHE).map_err(LabError::io("create", CACHE))?;
    let lock = Path::new(CACHE).join("lock");
    let held = File::create(&lock).map_err(LabError::io("create", &lock))?;
    held.lock().map_err(LabError::io("lock", &lock))?;
    let path = BOOKWORM.path();
    if !path.is_dir() {
        remove_half_built()?;
        BOOKWORM.build(&path)?;
    }
    Ok(path)
}

impl Recipe {
    fn path(&self) -> PathBuf {
        Path::new(CACHE).join(format!("system-{}-{:016x}", self.suite, self.hash()))
    }

    /// FNV-1a over all that the result depends on. The standard library's hashes may change with its version.
    fn hash(&self) -> u64 {
        let words = [SCRIPT, self.suite].into_iter().chain(self.packages.iter().copied());
        let bytes = words.flat_map(|word| word.bytes().chain([0]));
        bytes
            .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
    }

    /// Builds it under another name, which it loses only when it is complete.
    fn build(&self, path: &Path) -> Result<(), LabError> {
        let new = path.with_extension("new");
        fs::create_dir(&new).map_err(LabError::io("create", &new))?;
        let log_path = path.with_extension("log");
        let log = File::create(&log_path).map_err(LabError::io("create", &log_path))?;
        let errors = log.try_clone().map_err(LabError::io("open", &log_path))?;
        let status = Command::new("setpriv")
            // With us it ends, and with process 1 of its namespace all that it has started.
            .args(["--pdeathsig", "KILL", "unshare", "--mount", "--pid", "--fork", "--kill-child"])
            .args(["--mount-proc", "sh", "-c", SCRIPT, "build"])
            .arg(&new)
            .arg(self.suite)
            .arg(mirror().unwrap_or_default())
            .args(self.packages)
            .env("PATH", PATH)
            .current_dir("/")
            .stdin(Stdio::null())
            .stdout(log)
            .stderr(errors)
            .status()
            .map_err(LabError::io("run", "setpriv"))?;
        if !status.success() {
            return Err(LabError::Tool { program: "debootstrap", stderr: end_of(&log_path) });
        }
        // A machine that loses power must not take half of it for the whole.
        let made = File::open(&new).map_err(LabError::io("open", &new))?;
        rustix::fs::syncfs(&made).map_err(|errno| LabError::io("sync", &new)(errno.into()))?;
        fs::rename(&new, path).map_err(LabError::io("rename", &new))?;
        fs::remove_file(&log_path).map_err(LabError::io("remove", &log_path))
    }
}

/// Whoever holds the lock is the only builder, so every unfinished root is abandoned.
fn remove_half_built() -> Result<(), LabError> {
    let entries = fs::read_dir(CACHE).map_err(LabError::io("list", CACHE))?;
    for path in entries.flatten().map(|entry| entry.path()).filter(|path| is_half_built(path)) {
        match fs::remove_dir_all(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(LabError::io("remove", &path)(error));
            }
            _ => {}
        }
    }
    Ok(())
}

fn is_half_built(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "new")
}

fn end_of(log: &Path) -> String {
    let text = String::from_utf8_lossy(&fs::read(log).unwrap_or_default()).into_owned();
    let lines: Vec<&str> = text.lines().collect();
    format!("{}\n(all of it is in {})", lines[lines.len().saturating_sub(SHOWN)..].join("\n"), log.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_recipe_is_another_root() {
        let other = Recipe { suite: "trixie", packages: BOOKWORM.packages };
        let fewer = Recipe { suite: BOOKWORM.suite, packages: &BOOKWORM.packages[1..] };
        assert_ne!(other.hash(), BOOKWORM.hash());
        assert_ne!(fewer.path(), BOOKWORM.path());
        assert!(!is_half_built(&BOOKWORM.path()) && is_half_built(&BOOKWORM.path().with_extension("new")));
    }
}
