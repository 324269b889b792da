//! A plan as a person reads it: a unified diff a file, secrets left out.

use std::fmt::Write;

use sshfiles::unified_diff;

use super::{AgentEdit, Content, DirEdit, FileEdit, Found, Job, Keepalive, KeepaliveEdit, NodePlan, Taking};
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
        let mut text = String::new();
        self.dirs.iter().for_each(|dir| render_dir(dir, &mut text));
        let socket = printable(self.socket.as_bytes());
        // Writing to a String cannot fail.
        let _ = match self.agent {
            AgentEdit::Nothing => Ok(()),
            AgentEdit::AddKey => writeln!(text, "add the key to the agent at {socket}"),
            AgentEdit::Start { .. } => writeln!(text, "start an ssh-agent at {socket} and add the key"),
        };
        self.files.iter().for_each(|edit| render_file(edit, &mut text));
        match &self.keepalive {
            Keepalive::Unable(why) => {
                let _ = writeln!(text, "no keepalive: {why}");
            }
            other => other.edit().into_iter().for_each(|edit| render_keepalive(edit, &mut text)),
        }
        text
    }
}

impl Taking {
    /// What goes, as text. Empty if there is nothing.
    #[must_use]
    pub fn render(&self) -> String {
        let mut text = String::new();
        self.files.iter().chain(&self.crontab).for_each(|edit| render_file(edit, &mut text));
        for found in &self.found {
            // Writing to a String cannot fail.
            let _ = match found {
                Found::Agent { pid: Some(pid) } => writeln!(text, "end the ssh-agent, process {pid}"),
                Found::Agent { pid: None } => writeln!(text, "end the ssh-agent"),
                Found::Linger => writeln!(text, "loginctl disable-linger"),
                Found::Job { by: Job::Timer, .. } => {
                    writeln!(text, "systemctl --user disable the timer, and remove it")
                }
                Found::Program { path } => writeln!(text, "rm {}", printable(path.as_bytes())),
                Found::Folder { path } => {
                    writeln!(text, "rmdir {}   (if nothing else is in it)", printable(path.as_bytes()))
                }
                _ => Ok(()),
            };
        }
        text
    }
}

fn render_dir(dir: &DirEdit, text: &mut String) {
    let path = printable(dir.path.as_bytes());
    let _ = match dir.old_mode {
        None => writeln!(text, "mkdir -m {:o} {path}", dir.mode),
        Some(old) => writeln!(text, "chmod {:o} {path}   (was {old:o})", dir.mode),
    };
}

fn render_file(edit: &FileEdit, text: &mut String) {
    let path = printable(edit.old.path.as_bytes());
    let new = edit.content.render(FUTURE_PID);
    if edit.content == Content::Gone {
        let _ = writeln!(text, "rm {path}");
        return;
    }
    if edit.secret {
        let verb = if edit.old.exists() { "replace" } else { "create" };
        let _ = writeln!(text, "{verb} {path}   ({} bytes, content not shown)", new.len());
    } else {
        text.push_str(&unified_diff(&edit.old.bytes, &new, &edit.old.path));
    }
    if let Some(mode) = edit.mode.filter(|mode| edit.old.exists() && *mode != edit.old.mode) {
        let _ = writeln!(text, "chmod {mode:o} {path}   (was {:o})", edit.old.mode);
    }
}

fn render_keepalive(edit: &KeepaliveEdit, text: &mut String) {
    edit.dirs.iter().for_each(|dir| render_dir(dir, text));
    if edit.linger {
        text.push_str("loginctl enable-linger\n");
    }
    if let Some((path, program)) = &edit.program {
        let _ =
            writeln!(text, "place this program at {}   ({} bytes)", printable(path.as_bytes()), program.size);
    }
    // The others are for the case that the first one fails.
    for job in edit.jobs.iter().take(1) {
        job.dirs.iter().for_each(|dir| render_dir(dir, text));
        job.files.iter().for_each(|edit| render_file(edit, text));
    }
}
