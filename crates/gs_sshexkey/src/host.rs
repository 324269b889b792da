//! This process and the machine it runs on.

use std::path::PathBuf;
use std::process::Command;

use rustix::mm::{MlockAllFlags, mlockall};
use rustix::process::{DumpableBehavior, Resource, Rlimit, getrlimit, set_dumpable_behavior, setrlimit};

use crate::errors::Report;

/// No core dump and no swap space may hold a secret, no other process of the user may read our memory, and a thousand
/// connections need as many file descriptors.
pub(crate) fn harden() {
    // Best effort: none of these is a condition for the work.
    let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
    let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
    keep_out_of_swap();
    let files = getrlimit(Resource::Nofile);
    let _ = setrlimit(Resource::Nofile, Rlimit { current: files.maximum, maximum: files.maximum });
}

/// Where the system sets no bound, as for root; below a bound, the first allocation beyond it would end the program.
fn keep_out_of_swap() {
    let _ = setrlimit(Resource::Memlock, Rlimit { current: None, maximum: None });
    if getrlimit(Resource::Memlock).current.is_none() {
        // Pages as they come into use: a thread's stack is mostly never touched.
        let _ = mlockall(MlockAllFlags::CURRENT | MlockAllFlags::FUTURE | MlockAllFlags::ONFAULT);
    }
}

/// The user who runs the program.
pub(crate) struct User {
    /// Login name.
    pub(crate) name: String,
    /// Home directory by the password database, whatever `$HOME` says.
    pub(crate) home: PathBuf,
}

/// The password database: first the local file, as nsswitch.conf(5) has it, then the system's own tools, which know
/// every source of users (LDAP, sss) that a static program does not.
pub(crate) fn user() -> Result<User, Report> {
    const SCRIPT: &str = "u=$(id -un) && getent passwd \"$u\"";
    let failed = |why: &str| Report::new("51400", &format!("Failed to execute the command: id -un. {why}"));
    let uid = rustix::process::geteuid().as_raw().to_string();
    let local = std::fs::read("/etc/passwd").unwrap_or_default();
    let found = String::from_utf8_lossy(&local).lines().find_map(|line| entry(line, Some(&uid)));
    if let Some(user) = found {
        return Ok(user);
    }
    let output = Command::new("sh")
        .args(["-c", SCRIPT])
        .env_clear()
        .env("PATH", "/usr/bin:/bin:/usr/sbin:/sbin")
        .output()
        .map_err(|e| failed(&e.to_string()))?;
    entry(String::from_utf8_lossy(&output.stdout).trim(), None)
        .ok_or_else(|| failed("The user has no entry in the password database."))
}

/// One line of passwd(5), if it is this user's.
fn entry(line: &str, uid: Option<&str>) -> Option<User> {
    match line.split(':').collect::<Vec<_>>().as_slice() {
        [name, _, id, _, _, home, ..] if !name.is_empty() && home.starts_with('/') => uid
            .is_none_or(|wanted| wanted == *id)
            .then(|| User { name: (*name).to_owned(), home: PathBuf::from(*home) }),
        _ => None,
    }
}
