//! The Debian root file systems that nodes of this machine lie over: how one is made, and where it is kept.

mod mirror;

use std::fmt;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::error::LabError;
use crate::requirements::{PATH, requirements, root_requirements};
use mirror::mirror;

/// Outside of the build directory: a fresh clone does not make it again.
const CACHE: &str = "/var/cache/gs_sshexkey-lab";
const SCRIPT: &str = include_str!("build.sh");
/// So many lines of a failed build are shown.
const SHOWN: usize = 30;

/// A release of Debian that nodes can be of, whatever the machine itself runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Release {
    /// Debian 11 with OpenSSH 8.4, but for a C library that programs built on this machine can use. Its root is small: it
    /// cannot boot.
    Bullseye,
    /// Debian 12 with OpenSSH 9.2. Its root has systemd 252 too, and is what whole systems boot from.
    Bookworm,
    /// Debian 13 with OpenSSH 10.0, whose sshd bars an address for a while that makes it work for nothing
    /// (`PerSourcePenalties`). Its root is small: it cannot boot.
    Trixie,
}

/// What a root file system is made of.
#[derive(Debug)]
struct Recipe {
    /// The release of Debian, by its code name.
    suite: &'static str,
    /// What debootstrap itself installs beside the essential packages.
    first: &'static [&'static str],
    /// What is installed when the rest is configured: sshd, polkit and firewalld want it so.
    packages: &'static [&'static [&'static str]],
}

/// Whole systems.
const BOOKWORM: Recipe = Recipe {
    suite: "bookworm",
    first: &["systemd", "systemd-sysv", "dbus", "libpam-systemd"],
    packages: &[NODE, PLATFORM, SERVER, RARE],
};

/// Nodes of the first tier only: what they start, and what their tests use.
const TRIXIE: Recipe = Recipe { suite: "trixie", first: &[], packages: &[NODE, PLATFORM] };
const BULLSEYE: Recipe = Recipe { suite: "bullseye", first: &[], packages: &[NODE, PLATFORM, YOUNG] };

/// A program that is built on this machine wants a C library that is not older than this. One that is released wants none.
const YOUNG: &[&str] = &["libc6/bookworm"];
/// What every node has, and its tests use.
const NODE: &[&str] =
    &["openssh-server", "openssh-client", "cron", "procps", "csh", "dash", "diffutils", "sshpass"];
/// What nodes may have in place of the usual: login shells, a userland, a server.
const PLATFORM: &[&str] = &["zsh", "fish", "tcsh", "ksh", "busybox-static", "dropbear-bin"];
/// What a whole system has.
const SERVER: &[&str] = &[
    "polkitd",
    "firewalld",
    "nftables",
    "iproute2",
    "iputils-ping",
    // firewalld asks it for the names of protocols.
    "netbase",
    // What the tests of the first tier use.
    "expect",
    "openssl",
];
/// Of one release only: a client of OpenSSH 7.5, a second factor, and a clock that can be wrong.
const RARE: &[&str] = &["openssh-client-ssh1", "libpam-google-authenticator", "libfaketime"];

impl Release {
    /// All of them.
    pub const ALL: [Release; 3] = [Release::Bullseye, Release::Bookworm, Release::Trixie];

    /// Its code name, as Debian writes it.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.recipe().suite
    }

    /// The release with this code name.
    #[must_use]
    pub fn named(name: &str) -> Option<Release> {
        Release::ALL.into_iter().find(|release| release.name() == name)
    }

    fn recipe(self) -> &'static Recipe {
        match self {
            Release::Bullseye => &BULLSEYE,
            Release::Bookworm => &BOOKWORM,
            Release::Trixie => &TRIXIE,
        }
    }
}

impl fmt::Display for Release {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())
    }
}

/// The root file system of a release, ready for use.
///
/// # Errors
/// When it was not made yet on this machine; the error says how.
pub fn root(release: Release) -> Result<PathBuf, LabError> {
    let path = release.recipe().path();
    if path.is_dir() { Ok(path) } else { Err(LabError::NoRoot { release, path }) }
}

/// Makes the root file system of a release if it is not there, which takes about a minute and needs a mirror
/// of Debian: the one in `GS_LAB_MIRROR`, or that of the machine's own package sources. Another builder is
/// waited for, and the remains of one that was killed are removed.
///
/// # Errors
/// When the machine lacks something, or a step of the build fails.
pub fn build_root(release: Release) -> Result<PathBuf, LabError> {
    let missing: Vec<_> = requirements().into_iter().chain(root_requirements()).collect();
    if !missing.is_empty() {
        return Err(LabError::Requirements(missing));
    }
    fs::create_dir_all(CACHE).map_err(LabError::io("create", CACHE))?;
    let lock = Path::new(CACHE).join("lock");
    let held = File::create(&lock).map_err(LabError::io("create", &lock))?;
    held.lock().map_err(LabError::io("lock", &lock))?;
    let recipe = release.recipe();
    let path = recipe.path();
    if !path.is_dir() {
        remove_half_built()?;
        recipe.build(&path)?;
    }
    Ok(path)
}

impl Recipe {
    fn path(&self) -> PathBuf {
        Path::new(CACHE).join(format!("{}-{:016x}", self.suite, self.hash()))
    }

    /// FNV-1a over all that the result depends on. The standard library's hashes may change with its version.
    fn hash(&self) -> u64 {
        let packages =
            self.first.iter().chain(&["then"]).chain(self.packages.iter().copied().flatten()).copied();
        let words = [SCRIPT, self.suite].into_iter().chain(packages);
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
            .arg(self.first.join(","))
            .args(self.packages.iter().copied().flatten())
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
        let other = Recipe { suite: "trixie", ..BOOKWORM };
        let fewer = Recipe { packages: &BOOKWORM.packages[1..], ..BOOKWORM };
        let later = Recipe { first: &[], packages: &[&["a"]], ..BOOKWORM };
        let sooner = Recipe { first: &["a"], packages: &[], ..BOOKWORM };
        assert_ne!(other.hash(), BOOKWORM.hash());
        assert_ne!(fewer.path(), BOOKWORM.path());
        assert_ne!(later.path(), sooner.path());
        assert!(!is_half_built(&BOOKWORM.path()) && is_half_built(&BOOKWORM.path().with_extension("new")));
    }

    #[test]
    fn a_release_is_found_by_its_name() {
        for release in Release::ALL {
            assert_eq!(Release::named(&release.to_string()), Some(release));
        }
        assert_eq!(Release::named("sid"), None);
    }
}
