//! The lock of a keep, and who holds that of the node.

use std::fs::{self, File};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::Duration;

use rustix::fs::{FlockOperation, flock};
use rustix::param::clock_ticks_per_second;
use rustix::process::getuid;

use super::{Account, KeepError, folder};
use crate::identity::{STORE_DIR, TOOL_DIR};

/// The file that is the node's lock where others can read the home, as `apply/lock.sh` has it.
const FILE: &str = ".gs_sshexkey.lock";
/// The descriptor by which a run holds the lock.
const DESCRIPTOR: u8 = 9;
/// Rights of the group and of others to read, and so to lock.
const READ_OF_OTHERS: u32 = 0o044;
/// From so long on a lock that is held is told: a set-up of a hundred nodes takes a minute.
const LONG: Duration = Duration::from_secs(180);

/// Who holds the lock of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Holder {
    /// The process: the shell of a run.
    pub pid: u32,
    /// Since when it lives.
    pub age: Duration,
}

impl Holder {
    /// Whether it is at work for longer than a run usually takes.
    #[must_use]
    pub fn is_long(&self) -> bool {
        self.age >= LONG
    }
}

/// One keep at a time. The lock is on a folder of the tool itself, so that nothing is left behind: the first that nobody
/// else can open, because who can open it can lock it (flock(2)).
pub(super) fn lock(account: &Account) -> Result<Option<File>, KeepError> {
    let folders = [TOOL_DIR, STORE_DIR, ".ssh"].map(|name| account.home.join(name));
    let path = folders.iter().find(|path| is_closed(path)).unwrap_or(&folders[0]);
    let dir = File::open(path).map_err(|e| folder(path, &e))?;
    match flock(&dir, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(Some(dir)),
        Err(rustix::io::Errno::WOULDBLOCK) => Ok(None),
        // A file system without locks.
        Err(_) => Ok(Some(dir)),
    }
}

/// Whether nobody else can open a folder. An ACL shows in the bits of the group (acl(5)).
fn is_closed(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|meta| meta.uid() == getuid().as_raw() && meta.mode() & READ_OF_OTHERS == 0)
}

/// The run that holds the lock of this node; the oldest, should there be several processes of it. `None` if there is none,
/// or if it is on another machine that shares the home.
pub(super) fn holder(home: &Path) -> Option<Holder> {
    let place = |path: &Path| fs::metadata(path).ok().map(|meta| (meta.dev(), meta.ino()));
    let locks: Vec<_> = [home.to_owned(), home.join(FILE)].iter().filter_map(|path| place(path)).collect();
    let holds = |pid: u32| {
        let own = fs::metadata(format!("/proc/{pid}")).is_ok_and(|meta| meta.uid() == getuid().as_raw());
        let held = || place(Path::new(&format!("/proc/{pid}/fd/{DESCRIPTOR}")));
        own && held().is_some_and(|held| locks.contains(&held)) && is_a_run(pid)
    };
    let processes = fs::read_dir("/proc").ok()?;
    let pids = processes.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    let found = pids.filter(|pid| holds(*pid)).filter_map(|pid| Some(Holder { pid, age: age(pid)? }));
    found.max_by_key(|holder| holder.age)
}

/// Whether a process is the shell of a run: by the loop in its arguments.
fn is_a_run(pid: u32) -> bool {
    let cmdline = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    cmdline.windows(b"gs_token".len()).any(|window| window == b"gs_token")
}

/// How long a process lives: from when it began, in clock ticks since the start of the machine (proc(5), `stat`).
fn age(pid: u32) -> Option<Duration> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name of the program may hold anything.
    let began: u64 = stat.rsplit_once(") ")?.1.split(' ').nth(19)?.parse().ok()?;
    let up: f64 = fs::read_to_string("/proc/uptime").ok()?.split(' ').next()?.parse().ok()?;
    let began = Duration::from_millis(began.saturating_mul(1000) / clock_ticks_per_second().max(1));
    Some(Duration::try_from_secs_f64(up).ok()?.saturating_sub(began))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;
    use std::process::{Child, Command, Stdio};

    /// A shell that has this as descriptor 9; `word` is in its arguments.
    fn shell(path: &Path, word: &str) -> Child {
        let script = format!(": {word}; exec 9<\"$1\"; echo held; read -r end");
        let mut shell = Command::new("sh");
        shell.args(["-c", &script, "sh"]).arg(path).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut shell = shell.spawn().unwrap();
        let mut line = String::new();
        std::io::BufRead::read_line(&mut std::io::BufReader::new(shell.stdout.take().unwrap()), &mut line)
            .unwrap();
        assert_eq!(line, "held\n");
        shell
    }

    #[test]
    fn the_run_that_holds_the_lock_is_found_and_nobody_else() {
        let home = tempfile::tempdir().unwrap();
        std::fs::write(home.path().join(FILE), "").unwrap();
        assert_eq!(holder(home.path()), None);
        let mut other = shell(home.path(), "other");
        assert_eq!(holder(home.path()), None);
        for lock in [home.path().to_owned(), home.path().join(FILE)] {
            let mut run = shell(&lock, "gs_token");
            let found = holder(home.path()).unwrap();
            assert_eq!((found.pid, found.age < Duration::from_secs(60)), (run.id(), true));
            assert!(!found.is_long() && Holder { age: LONG, ..found }.is_long());
            drop(run.stdin.take());
            run.wait().unwrap();
            assert_eq!(holder(home.path()), None);
        }
        drop(other.stdin.take());
        other.wait().unwrap();
    }

    #[test]
    fn the_age_of_a_process_is_that_of_ps() {
        let mut sleep = Command::new("sleep").arg("60").spawn().unwrap();
        let ps = Command::new("ps").args(["-o", "etimes=", "-p", "1"]).output().unwrap();
        let seconds: i64 = String::from_utf8(ps.stdout).unwrap().trim().parse().unwrap();
        let ours = i64::try_from(age(1).unwrap().as_secs()).unwrap();
        assert!((ours - seconds).abs() <= 5, "{ours} {seconds}");
        assert!(age(sleep.id()).unwrap() < Duration::from_secs(60));
        sleep.kill().unwrap();
        sleep.wait().unwrap();
        assert_eq!(age(sleep.id()), None);
    }

    #[test]
    fn a_stranger_who_locks_a_folder_that_others_can_open_is_in_no_keeps_way() {
        let home = tempfile::tempdir().unwrap();
        let account = Account { user: "omm".to_owned(), home: home.path().to_owned() };
        for (name, mode) in [(TOOL_DIR, 0o755), (STORE_DIR, 0o700), (".ssh", 0o700)] {
            let path = home.path().join(name);
            fs::create_dir_all(&path).unwrap();
            fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
        }
        let stranger = File::open(home.path().join(TOOL_DIR)).unwrap();
        flock(&stranger, FlockOperation::NonBlockingLockExclusive).unwrap();
        let ours = lock(&account).unwrap();
        assert!(ours.is_some() && lock(&account).unwrap().is_none(), "one at a time");
        drop(ours);
        // A folder of the tool that is as it should be, is what all take.
        drop(stranger);
        fs::set_permissions(home.path().join(TOOL_DIR), fs::Permissions::from_mode(0o700)).unwrap();
        let ours = lock(&account).unwrap();
        let dir = File::open(home.path().join(TOOL_DIR)).unwrap();
        assert!(ours.is_some() && flock(&dir, FlockOperation::NonBlockingLockExclusive).is_err());
    }
}
