//! Ctrl-Z and `fg`: the program stops and goes on as any other, and a question for a password survives it.

use std::fs;

use rustix::process::{Pid, Signal, getpgid, getpgrp, getpid, getppid, getsid, kill_process};
use tokio::signal::unix::{SignalKind, signal};

use crate::prompt;

/// Follows the signals of job control. Must be called within the runtime.
pub(super) fn follow() {
    let kind = |signal: Signal| SignalKind::from_raw(signal.as_raw());
    // Without handlers the program stops as before; only the echo stays off then.
    let (Ok(mut stops), Ok(mut continues)) = (signal(kind(Signal::TSTP)), signal(kind(Signal::CONT))) else {
        return;
    };
    tokio::spawn(async move {
        loop {
            tokio::select! {
                heard = stops.recv() => match heard {
                    // The system drops the signal where no shell could continue the program. So do we.
                    Some(()) if can_be_continued() => {
                        prompt::suspend();
                        let _ = kill_process(getpid(), Signal::STOP);
                    }
                    Some(()) => {}
                    None => return,
                },
                heard = continues.recv() => match heard {
                    Some(()) => prompt::resume(),
                    None => return,
                },
            }
        }
    });
}

/// Most ancestors that are looked at.
const MOST_ANCESTORS: usize = 64;

/// Whether the process group has a parent in its session that is not in the group: a shell with job control. Else it is
/// orphaned (POSIX.1, 3.268).
fn can_be_continued() -> bool {
    let (group, session) = (getpgrp(), getsid(None));
    let mut ancestor = getppid();
    for _ in 0..MOST_ANCESTORS {
        let Some(pid) = ancestor else { return false };
        if getsid(Some(pid)) != session {
            return false;
        }
        if getpgid(Some(pid)) != Ok(group) {
            return true;
        }
        ancestor = parent(pid);
    }
    false
}

/// The parent of a process, by proc_pid_stat(5). The program's name, in brackets, may hold anything.
fn parent(pid: Pid) -> Option<Pid> {
    let text = fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero())).ok()?;
    let (_, rest) = text.rsplit_once(')')?;
    Pid::from_raw(rest.split_whitespace().nth(1)?.parse().ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parent_is_found() {
        assert_eq!(parent(getpid()), getppid());
        assert_eq!(parent(Pid::INIT), None);
    }
}
