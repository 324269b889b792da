//! A plan as a person reads it: a unified diff a file, secrets left out.

use sshfiles::unified_diff;

use super::{
    AgentEdit, Content, DirEdit, FileEdit, Found, Job, Keepalive, KeepaliveEdit, NodePlan, Taking, Teller,
};
use crate::text::printable;

/// Stands for the process number that the agent will have.
const FUTURE_PID: &str = "<pid>";

impl NodePlan {
    /// What will be written, by path only. Empty if there is nothing to do.
    #[must_use]
    pub fn summary(&self) -> String {
        let dirs = self.dirs.iter().map(|dir| dir.path.as_str());
        let files = self.files.iter().map(|edit| edit.old.path.as_str());
        let program = self.keepalive.edit().and_then(|edit| edit.program.as_ref());
        let jobs = self.keepalive.edit().and_then(|edit| edit.jobs.first());
        let kept = program.map(|(path, _)| path.as_str()).into_iter();
        let kept = kept.chain(jobs.iter().flat_map(|job| &job.files).map(|edit| edit.old.path.as_str()));
        let paths: Vec<String> = dirs.chain(files).chain(kept).map(|p| printable(p.as_bytes())).collect();
        match self.agent {
            AgentEdit::Nothing => paths.join(" "),
            AgentEdit::AddKey => format!("key to the agent; {}", paths.join(" ")),
            AgentEdit::Start { .. } => format!("new agent; {}", paths.join(" ")),
        }
    }

    /// The change as text, without anything secret. Empty if there is nothing to do.
    #[must_use]
    pub fn render(&self) -> String {
        Teller::default().plan(self).to_string()
    }

    pub(super) fn tell(&self, teller: &mut Teller) {
        self.dirs.iter().for_each(|dir| tell_dir(dir, teller));
        let socket = printable(self.socket.as_bytes());
        match self.agent {
            AgentEdit::Nothing => {}
            AgentEdit::AddKey => teller.line(&format!("add the key to the agent at {socket}"), ""),
            AgentEdit::Start { .. } => {
                teller.line(&format!("start an ssh-agent at {socket} and add the key"), "");
            }
        }
        self.files.iter().for_each(|edit| tell_file(edit, teller));
        match &self.keepalive {
            Keepalive::Unable(why) => teller.line("no keepalive", &format!(": {why}")),
            other => other.edit().into_iter().for_each(|edit| tell_keepalive(edit, teller)),
        }
    }
}

impl Taking {
    /// What goes, as text. Empty if there is nothing.
    #[must_use]
    pub fn render(&self) -> String {
        Teller::default().taking(self).to_string()
    }

    pub(super) fn tell(&self, teller: &mut Teller) {
        self.files.iter().chain(&self.crontab).for_each(|edit| tell_file(edit, teller));
        for found in &self.found {
            match found {
                Found::Agent { pid: Some(pid) } => {
                    teller.line("end the ssh-agent", &format!(", process {pid}"))
                }
                Found::Agent { pid: None } => teller.line("end the ssh-agent", ""),
                Found::Linger => teller.line("loginctl disable-linger", ""),
                Found::Job { by: Job::Timer, .. } => {
                    teller.line("systemctl --user disable the timer, and remove it", "");
                }
                Found::Program { path } => teller.line(&format!("rm {}", printable(path.as_bytes())), ""),
                Found::Folder { path } => {
                    let path = printable(path.as_bytes());
                    teller.line(&format!("rmdir {path}   (if nothing else is in it)"), "");
                }
                _ => {}
            }
        }
    }
}

fn tell_dir(dir: &DirEdit, teller: &mut Teller) {
    let (path, mode) = (printable(dir.path.as_bytes()), dir.mode);
    match dir.old_mode {
        None => teller.line(&format!("mkdir -m {mode:o} {path}"), ""),
        Some(old) => teller.line(&format!("chmod {mode:o} {path}"), &format!("   (was {old:o})")),
    }
}

fn tell_file(edit: &FileEdit, teller: &mut Teller) {
    let path = printable(edit.old.path.as_bytes());
    if edit.content == Content::Gone {
        return teller.line(&format!("rm {path}"), "");
    }
    if edit.secret {
        let verb = if edit.old.exists() { "replace" } else { "create" };
        let size = edit.content.render(FUTURE_PID).len();
        teller.line(&format!("{verb} {path}"), &format!("   ({size} bytes, content not shown)"));
    } else {
        teller.diff(edit, || unified_diff(&edit.old.bytes, &edit.content.render(FUTURE_PID), &edit.old.path));
    }
    if let Some(mode) = edit.mode.filter(|mode| edit.old.exists() && *mode != edit.old.mode) {
        teller.line(&format!("chmod {mode:o} {path}"), &format!("   (was {:o})", edit.old.mode));
    }
}

fn tell_keepalive(edit: &KeepaliveEdit, teller: &mut Teller) {
    edit.dirs.iter().for_each(|dir| tell_dir(dir, teller));
    if edit.linger {
        teller.line("loginctl enable-linger", "");
    }
    if let Some((path, program)) = &edit.program {
        let path = printable(path.as_bytes());
        teller.line(&format!("place this program at {path}"), &format!("   ({} bytes)", program.size));
    }
    // The others are for the case that the first one fails.
    for job in edit.jobs.iter().take(1) {
        job.dirs.iter().for_each(|dir| tell_dir(dir, teller));
        job.files.iter().for_each(|edit| tell_file(edit, teller));
    }
}
