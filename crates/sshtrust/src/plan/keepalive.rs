//! How the agent of a node comes back after a crash or a reboot: the program on the node, and a job that runs it.

use std::sync::Arc;

use sshfiles::{Crontab, ShellProfile};

use super::job::{self, PROGRAM, UNIT};
use super::{Content, DirEdit, FileEdit};
use crate::observe::{Entry, EntryKind, KeepaliveState, Linger, NodeState};
use crate::program::{Program, Programs};

/// Space that is left to the user, in bytes, beside the program, its packed form and the old one.
const RESERVE: u64 = 8 << 20;

/// By what the keepalive is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Job {
    /// The user's crontab(5), each minute.
    Cron,
    /// A timer of the user's systemd, each minute; it lives on without a session.
    Timer,
    /// The profile that the login shell reads: at the next login.
    Profile,
}

/// Why a node's agent does not come back by itself.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unable {
    /// There is no build of the program for its processor.
    #[error("there is no build of this program for its processor ({0})")]
    NoBuild(String),
    /// Nothing can be run from the home.
    #[error("its home directory is on a file system that runs no programs (noexec)")]
    NoExec,
    /// The home's file system is too full.
    #[error("the disk of its home directory is too full: {0} MiB are needed")]
    NoSpace(u64),
    /// The program was placed there and does not run, or could not be placed.
    #[error("the program could not be placed there: {0}")]
    Program(String),
    /// The job could not be installed in any way.
    #[error("no job could be installed: {0}")]
    Job(String),
}

/// One way to install the job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobEdit {
    /// Which way.
    pub job: Job,
    /// Folders, outer ones first.
    pub dirs: Vec<DirEdit>,
    /// Files. With [`Job::Cron`] it is one, the table.
    pub files: Vec<FileEdit>,
}

/// What the keepalive of a node needs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KeepaliveEdit {
    /// The user's manager of systemd has to live without a session.
    pub linger: bool,
    /// Folders.
    pub dirs: Vec<DirEdit>,
    /// The program, to be placed at this path.
    pub program: Option<(String, Arc<Program>)>,
    /// Ways to install the job, the best one first. Empty if it stands.
    pub jobs: Vec<JobEdit>,
}

/// The keepalive of a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Keepalive {
    /// Nobody wants one.
    Off,
    /// It cannot be.
    Unable(Unable),
    /// It runs, or will.
    By {
        /// By what.
        job: Job,
        /// Why it is not cron; empty if it is.
        why: String,
        /// What is to be done for it.
        edit: KeepaliveEdit,
    },
}

impl Keepalive {
    /// What has to be done; `None` if nothing.
    #[must_use]
    pub fn edit(&self) -> Option<&KeepaliveEdit> {
        match self {
            Self::By { edit, .. } if *edit != KeepaliveEdit::default() => Some(edit),
            _ => None,
        }
    }
}

/// Plans the keepalive of a node.
pub(super) fn keepalive(node: &NodeState, programs: &Programs) -> Keepalive {
    let Some(state) = &node.keepalive else { return Keepalive::Off };
    let machine = node.system.split_whitespace().last().unwrap_or_default();
    let Some(program) = programs.build(machine) else {
        return Keepalive::Unable(Unable::NoBuild(crate::text::printable(machine.as_bytes())));
    };
    if state.noexec {
        return Keepalive::Unable(Unable::NoExec);
    }
    let mut edit = KeepaliveEdit::default();
    if state.program.as_deref() != Some(program.digest()) {
        let needed = program.size() + RESERVE;
        if state.free.is_some_and(|free| free < needed) {
            return Keepalive::Unable(Unable::NoSpace(needed.div_ceil(1 << 20)));
        }
        edit.dirs.extend(folder(state, "bin-dir", &format!("{}/gaussdb_tmp/bin", node.home), 0o700));
        edit.program = Some((format!("{}/{PROGRAM}", node.home), program));
    }
    let job = schedule(node, state, &mut edit);
    let profile = state.entry("login-profile");
    if job == Job::Profile && edit.jobs.is_empty() && !ShellProfile::parse(&profile.bytes).has_job() {
        let path = crate::text::printable(profile.path.as_bytes());
        let why = format!("{}, and {path} is no file of the user's own", state.cron_trouble());
        return Keepalive::Unable(Unable::Job(why));
    }
    // Else logind would end the agent with the session that started it.
    edit.linger |= state.kills && node.uid != 0 && state.linger == Linger::Possible;
    let why = if job == Job::Cron { String::new() } else { state.cron_trouble() };
    Keepalive::By { job, why, edit }
}

/// By what the agent comes back now.
#[must_use]
pub fn job_in_force(state: &KeepaliveState) -> Option<Job> {
    if state.cron_is_usable() && Crontab::parse(&state.entry("crontab").bytes).has_job() {
        return Some(Job::Cron);
    }
    if state.timer_active && state.linger == Linger::On {
        return Some(Job::Timer);
    }
    ShellProfile::parse(&state.entry("login-profile").bytes).has_job().then_some(Job::Profile)
}

/// By what the job is to run, and what is to be done for it. A way that works is kept.
fn schedule(node: &NodeState, state: &KeepaliveState, edit: &mut KeepaliveEdit) -> Job {
    let in_force = job_in_force(state);
    if in_force == Some(Job::Timer) && timer(node, state).files.is_empty() {
        Job::Timer
    } else if state.cron_is_usable() {
        edit.jobs.extend(cron(state));
        Job::Cron
    } else if state.linger != Linger::No && fits(state, "service") && fits(state, "timer") {
        edit.linger = state.linger == Linger::Possible;
        edit.jobs.push(timer(node, state));
        // What looks possible may fail all the same.
        edit.jobs.extend(profile(state));
        Job::Timer
    } else {
        edit.jobs.extend(profile(state));
        Job::Profile
    }
}

/// The table with our line; nothing if it is there.
fn cron(state: &KeepaliveState) -> Option<JobEdit> {
    let old = state.entry("crontab");
    let mut table = Crontab::parse(&old.bytes);
    table.set_job(&job::cron()).then(|| {
        let content = Content::Bytes(Arc::new(table.to_bytes()));
        let files = vec![FileEdit { old, content, mode: None, secret: false }];
        JobEdit { job: Job::Cron, dirs: Vec::new(), files }
    })
}

/// The units of the timer; no files if they are there.
fn timer(node: &NodeState, state: &KeepaliveState) -> JobEdit {
    let folders = [
        ("config-dir", "/.config"),
        ("systemd-dir", "/.config/systemd"),
        ("unit-dir", "/.config/systemd/user"),
    ];
    let missing = |(id, path): (&str, &str)| {
        if state.entry(id).exists() {
            None
        } else {
            folder(state, id, &format!("{}{path}", node.home), 0o755)
        }
    };
    let unit = |id: &str, text: String| {
        let mut old = state.entry(id);
        if old.bytes == text.as_bytes() {
            return None;
        }
        if !old.exists() {
            old = Entry::absent(&format!("{}/.config/systemd/user/{UNIT}.{id}", node.home));
        }
        Some(FileEdit {
            old,
            content: Content::Bytes(Arc::new(text.into_bytes())),
            mode: Some(0o644),
            secret: false,
        })
    };
    let units = [unit("service", job::service()), unit("timer", job::timer())];
    JobEdit {
        job: Job::Timer,
        dirs: folders.into_iter().filter_map(missing).collect(),
        files: units.into_iter().flatten().collect(),
    }
}

/// The profile with our line; nothing if it is there or must not be edited.
fn profile(state: &KeepaliveState) -> Option<JobEdit> {
    let old = state.entry("login-profile");
    if !fits(state, "login-profile") || old.path.is_empty() {
        return None;
    }
    let mut profile = ShellProfile::parse(&old.bytes);
    profile.set_job(&job::login(&old.path)).then(|| {
        let mode = if old.exists() { None } else { Some(0o644) };
        let content = Content::Bytes(Arc::new(profile.to_bytes()));
        let files = vec![FileEdit { old, content, mode, secret: false }];
        JobEdit { job: Job::Profile, dirs: Vec::new(), files }
    })
}

/// Whether a file may be written: nothing, or a regular file, and no link that leads elsewhere.
fn fits(state: &KeepaliveState, id: &str) -> bool {
    let entry = state.entry(id);
    matches!(entry.kind, EntryKind::Absent | EntryKind::File) && entry.link_owner.is_none()
}

fn folder(state: &KeepaliveState, id: &str, path: &str, mode: u32) -> Option<DirEdit> {
    let old = state.entry(id);
    let old_mode = old.exists().then_some(old.mode);
    (old_mode != Some(mode)).then(|| DirEdit { path: path.to_owned(), old_mode, mode })
}
