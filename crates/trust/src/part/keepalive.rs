//! How the agent of a node comes back after a crash or a reboot: the program on the node, and a job that runs it.

use std::sync::Arc;

use sshfiles::{Crontab, ShellProfile};

use super::job::{self, PROGRAM, UNIT};
use crate::observe::{Entry, EntryKind, KeepaliveState, Linger, NodeState};
use crate::place::Place;
use crate::plan::{Content, DirEdit, FileEdit};
use crate::program::{Build, Builds};
use crate::text::printable;

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
    /// There is an older program, which serves if this one cannot be placed.
    pub older: bool,
    /// The program, to be placed at this path.
    pub program: Option<(String, Build)>,
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
        /// Why it is not cron, or why cron may not be enough; empty if all is well.
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
#[must_use]
pub fn put(node: &NodeState, programs: &Builds) -> Keepalive {
    let Some(state) = &node.keepalive else { return Keepalive::Off };
    let machine = node.system.split_whitespace().last().unwrap_or_default();
    // An older program that runs is better than none.
    let older = state.program.is_some() && job_in_force(state).is_some();
    let mut edit = KeepaliveEdit { older, ..KeepaliveEdit::default() };
    let build = programs.get(machine).ok_or_else(|| Unable::NoBuild(printable(machine.as_bytes())));
    let build = build.and_then(|program| match program.size + RESERVE {
        _ if state.noexec => Err(Unable::NoExec),
        needed if is_new(state, program) && state.free.is_some_and(|free| free < needed) => {
            Err(Unable::NoSpace(needed.div_ceil(1 << 20)))
        }
        _ => Ok(program),
    });
    let build = match build {
        Err(why) if !edit.older || state.noexec => return Keepalive::Unable(why),
        other => other.ok(),
    };
    if let Some(program) = build.filter(|program| is_new(state, program)) {
        edit.dirs.extend(folder(state, Place::ProgramDir, &format!("{}/gaussdb_tmp/bin", node.home), 0o700));
        edit.program = Some((format!("{}/{PROGRAM}", node.home), program.clone()));
    }
    let job = schedule(node, state, &mut edit);
    if job == Job::Profile && edit.jobs.is_empty() && job_in_force(state) != Some(job) {
        let path = printable(state.entry(Place::LoginProfile).path.as_bytes());
        let why = format!("{}, and {path} is no file of the user's own", state.cron_trouble());
        return Keepalive::Unable(Unable::Job(why));
    }
    // Else logind would end the agent with the session that started it.
    edit.linger |= state.kills && node.uid != 0 && state.linger == Linger::Possible;
    let why = if job == Job::Cron { session_trouble(node, state) } else { state.cron_trouble() };
    // Nothing to be done for an older program that stays.
    edit.older &= edit.program.is_some();
    Keepalive::By { job, why, edit }
}

/// Where a job of cron is a session of its own, as on Red Hat's systems, what it starts ends with it.
fn session_trouble(node: &NodeState, state: &KeepaliveState) -> String {
    if state.kills && node.uid != 0 && state.linger == Linger::No {
        "logind ends what a session leaves behind (KillUserProcesses=yes), and the user may not linger"
            .to_owned()
    } else {
        String::new()
    }
}

fn is_new(state: &KeepaliveState, program: &Build) -> bool {
    state.program.as_deref() != Some(program.digest.as_str())
}

/// By what the agent comes back now.
#[must_use]
pub fn job_in_force(state: &KeepaliveState) -> Option<Job> {
    if state.cron_is_usable() && Crontab::parse(&state.entry(Place::Crontab).bytes).has_job() {
        return Some(Job::Cron);
    }
    if state.timer_active && state.linger == Linger::On {
        return Some(Job::Timer);
    }
    ShellProfile::parse(&state.entry(Place::LoginProfile).bytes).has_job().then_some(Job::Profile)
}

/// By what the job is to run, and what is to be done for it. A way that works is kept.
fn schedule(node: &NodeState, state: &KeepaliveState, edit: &mut KeepaliveEdit) -> Job {
    let in_force = job_in_force(state);
    if in_force == Some(Job::Timer) && timer(node, state).files.is_empty() {
        return Job::Timer;
    }
    if state.cron_is_usable() {
        edit.jobs.extend(cron(state));
        return Job::Cron;
    }
    // Where the profile has the job, a timer may have failed before.
    let may = state.linger == Linger::On || (state.linger == Linger::Possible && in_force.is_none());
    if may && fits(node, state, Place::Service) && fits(node, state, Place::Timer) {
        edit.linger = state.linger == Linger::Possible;
        edit.jobs.push(timer(node, state));
        // What looks possible may fail all the same.
        edit.jobs.extend(profile(node, state));
        return Job::Timer;
    }
    // A line that stands may lack its end, as older versions left it.
    let cut = !state.entry(Place::LoginProfile).bytes.ends_with(b"\n");
    let needed = |job: &JobEdit| in_force != Some(Job::Profile) || cut && !job.files.is_empty();
    edit.jobs.extend(profile(node, state).filter(needed));
    Job::Profile
}

/// The table with our line; nothing if it is there.
fn cron(state: &KeepaliveState) -> Option<JobEdit> {
    let old = state.entry(Place::Crontab).clone();
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
        (Place::ConfigDir, "/.config"),
        (Place::SystemdDir, "/.config/systemd"),
        (Place::UnitDir, "/.config/systemd/user"),
    ];
    let missing = |(place, path): (Place, &str)| {
        if state.entry(place).exists() {
            None
        } else {
            folder(state, place, &format!("{}{path}", node.home), 0o755)
        }
    };
    let unit = |place: Place, text: String| {
        let mut old = state.entry(place).clone();
        if *old.bytes == *text.as_bytes() {
            return None;
        }
        if !old.exists() {
            old = Entry::absent(&format!("{}/.config/systemd/user/{UNIT}.{place}", node.home));
        }
        Some(FileEdit {
            old,
            content: Content::Bytes(Arc::new(text.into_bytes())),
            mode: Some(0o644),
            secret: false,
        })
    };
    let units = [unit(Place::Service, job::service()), unit(Place::Timer, job::timer())];
    JobEdit {
        job: Job::Timer,
        dirs: folders.into_iter().filter_map(missing).collect(),
        files: units.into_iter().flatten().collect(),
    }
}

/// The profile with our line, no file if it is there; nothing if it must not be edited.
fn profile(node: &NodeState, state: &KeepaliveState) -> Option<JobEdit> {
    let old = state.entry(Place::LoginProfile).clone();
    if !fits(node, state, Place::LoginProfile) || old.path.is_empty() {
        return None;
    }
    let mut profile = ShellProfile::parse(&old.bytes);
    let mut files = Vec::new();
    if profile.set_job(&job::login(&old.path)) {
        let mode = if old.exists() { None } else { Some(0o644) };
        let content = Content::Bytes(Arc::new(profile.to_bytes()));
        files.push(FileEdit { old, content, mode, secret: false });
    }
    Some(JobEdit { job: Job::Profile, dirs: Vec::new(), files })
}

/// Whether a file may be written: nothing, or the user's own regular file, reached by no link of somebody else's.
fn fits(node: &NodeState, state: &KeepaliveState, place: Place) -> bool {
    let entry = state.entry(place);
    let own = entry.link_owner.is_none_or(|owner| owner == node.uid);
    match entry.kind {
        EntryKind::Absent => own,
        EntryKind::File => own && entry.uid == node.uid,
        _ => false,
    }
}

fn folder(state: &KeepaliveState, place: Place, path: &str, mode: u32) -> Option<DirEdit> {
    let old = state.entry(place);
    let old_mode = old.exists().then_some(old.mode);
    (old_mode != Some(mode)).then(|| DirEdit { path: path.to_owned(), old_mode, mode })
}
