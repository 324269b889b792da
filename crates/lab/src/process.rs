//! What `/proc` tells about processes.

use std::fs;
use std::path::Path;

use rustix::process::{Pid, Signal, kill_process};

/// A process of a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proc {
    /// Its number as the machine sees it.
    pub pid: i32,
    /// Its arguments, each ended by a zero byte.
    pub cmdline: Vec<u8>,
    /// Its environment, each variable ended by a zero byte.
    pub environ: Vec<u8>,
}

/// A process that cannot be mistaken for a later one with the same number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ProcessId {
    pub(crate) pid: i32,
    /// In clock ticks since boot, field 22 of `/proc/PID/stat`.
    start: u64,
}

impl ProcessId {
    /// The process that has this number now.
    pub(crate) fn of(pid: i32) -> Option<ProcessId> {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        // The name, in parentheses, may hold anything; the fields begin after the last one.
        let mut fields = stat.rsplit_once(')')?.1.split_ascii_whitespace();
        let state = fields.next()?;
        let start = fields.nth(18)?.parse().ok()?;
        (state != "Z" && state != "X").then_some(ProcessId { pid, start })
    }

    pub(crate) fn current() -> Option<ProcessId> {
        ProcessId::of(rustix::process::getpid().as_raw_nonzero().get())
    }

    /// One that is not alive.
    pub(crate) fn nobody() -> ProcessId {
        ProcessId { pid: 0, start: 0 }
    }

    pub(crate) fn is_alive(self) -> bool {
        ProcessId::of(self.pid) == Some(self)
    }

    /// Kills the process, if it is still this one.
    pub(crate) fn kill(self) {
        if self.is_alive()
            && let Some(pid) = Pid::from_raw(self.pid)
        {
            // It may have ended just now, which is as good.
            let _ = kill_process(pid, Signal::KILL);
        }
    }

    pub(crate) fn to_line(self) -> String {
        format!("{} {}\n", self.pid, self.start)
    }

    pub(crate) fn from_line(line: &str) -> Option<ProcessId> {
        let (pid, start) = line.trim_end().split_once(' ')?;
        Some(ProcessId { pid: pid.parse().ok()?, start: start.parse().ok()? })
    }
}

/// The process 1 that a `boot.sh` holds: a child of the `systemd-nspawn` that is its own child.
pub(crate) fn init_held_by(holder: ProcessId) -> Option<ProcessId> {
    let parents: Vec<(i32, i32)> = if holder.is_alive() {
        pids().filter_map(|pid| Some((pid, parent(pid)?))).collect()
    } else {
        Vec::new()
    };
    let children = |of: i32| parents.iter().filter(move |(_, parent)| *parent == of).map(|(pid, _)| *pid);
    let init = children(holder.pid).flat_map(children).find(|pid| is_init(*pid))?;
    ProcessId::of(init)
}

fn parent(pid: i32) -> Option<i32> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit_once(')')?.1.split_ascii_whitespace().nth(1)?.parse().ok()
}

/// Whether a process is process 1 in the innermost PID namespace that knows it.
fn is_init(pid: i32) -> bool {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let numbers = status.lines().find_map(|line| line.strip_prefix("NSpid:"));
    numbers.is_some_and(|numbers| numbers.split_ascii_whitespace().next_back() == Some("1"))
}

fn pids() -> impl Iterator<Item = i32> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

/// All processes in the PID namespace of `init`.
pub(crate) fn in_namespace_of(init: i32) -> Vec<Proc> {
    let Ok(namespace) = fs::read_link(format!("/proc/{init}/ns/pid")) else {
        return Vec::new();
    };
    pids()
        .filter_map(|pid| {
            let dir = Path::new("/proc").join(pid.to_string());
            if fs::read_link(dir.join("ns/pid")).ok()? != namespace {
                return None;
            }
            Some(Proc {
                pid,
                cmdline: fs::read(dir.join("cmdline")).ok()?,
                environ: fs::read(dir.join("environ")).unwrap_or_default(),
            })
        })
        .collect()
}
