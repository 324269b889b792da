//! A plan as a person reads it: a unified diff a file, secrets left out.

use std::fmt::Write;

use sshfiles::unified_diff;

use super::{AgentEdit, NodePlan};
use crate::text::printable;

/// Stands for the process number that the agent will have.
const FUTURE_PID: &str = "<pid>";

impl NodePlan {
    /// What will be written, by path only. Empty if there is nothing to do.
    #[must_use]
    pub fn summary(&self) -> String {
        let dirs = self.dirs.iter().map(|dir| dir.path.as_str());
        let files = self.files.iter().map(|edit| edit.old.path.as_str());
        let paths: Vec<String> = dirs.chain(files).map(|path| printable(path.as_bytes())).collect();
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
        for dir in &self.dirs {
            let path = printable(dir.path.as_bytes());
            // Writing to a String cannot fail.
            let _ = match dir.old_mode {
                None => writeln!(text, "mkdir -m {:o} {path}", dir.mode),
                Some(old) => writeln!(text, "chmod {:o} {path}   (was {old:o})", dir.mode),
            };
        }
        let socket = printable(self.socket.as_bytes());
        let _ = match self.agent {
            AgentEdit::Nothing => Ok(()),
            AgentEdit::AddKey => writeln!(text, "add the key to the agent at {socket}"),
            AgentEdit::Start { .. } => writeln!(text, "start an ssh-agent at {socket} and add the key"),
        };
        for edit in &self.files {
            let path = printable(edit.old.path.as_bytes());
            let new = edit.content.render(FUTURE_PID);
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
        text
    }
}
