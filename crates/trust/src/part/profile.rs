//! The exports in `~/.bashrc` that tell where the agent is.

use std::sync::Arc;

use sshfiles::ShellProfile;

use crate::observe::NodeState;
use crate::place::Place;
use crate::plan::{AgentEdit, Content, FileEdit, Found, Job, Left, LeftWhy, Taking};

/// The profile, if its exports are missing or the agent is a new one. A process number that cannot be seen (hidepid) is
/// taken from the profile.
#[must_use]
pub fn put(state: &NodeState, socket: &str, agent: AgentEdit) -> Option<FileEdit> {
    let old = state.entry(Place::Bashrc).clone();
    let mode = if old.exists() { None } else { Some(0o644) };
    let mut profile = ShellProfile::parse(&old.bytes);
    // A process number that cannot be seen (hidepid) is taken from the profile; empty is better than one that scripts
    // would kill.
    let seen = state.agent.pid.map(|pid| pid.to_string());
    let content = match (agent, seen.or_else(|| profile.agent().map(|(_, pid)| pid))) {
        (AgentEdit::Start { .. }, _) => {
            Content::Profile { old: old.bytes.clone(), socket: socket.to_owned() }
        }
        (_, pid) => {
            if !profile.set_agent(socket, &pid.unwrap_or_default()) {
                return None;
            }
            Content::Bytes(Arc::new(profile.to_bytes()))
        }
    };
    Some(FileEdit { old, content, mode, secret: false })
}

/// Takes the exports, and jobs in profiles, from a node.
pub fn take(state: &NodeState, taking: &mut Taking) {
    let entry = state.entry(Place::Bashrc);
    let mut profile = ShellProfile::parse(&entry.bytes);
    let exports = profile.remove_agent();
    if exports {
        taking.found.push(Found::Exports { path: entry.path.clone() });
    }
    if !profile.names_agent().is_empty() {
        taking.left.push(Left { path: entry.path.clone(), why: LeftWhy::OwnCode });
    }
    let job = profile.remove_job() > 0;
    if job {
        taking.found.push(Found::Job { by: Job::Profile, path: entry.path.clone() });
    }
    if exports || job {
        taking.edit(state, entry, profile.to_bytes());
    }
    let Some(login) = state.keepalive.as_ref().map(|keepalive| keepalive.entry(Place::LoginProfile)) else {
        return;
    };
    let mut profile = ShellProfile::parse(&login.bytes);
    if login.path != entry.path && profile.remove_job() > 0 {
        taking.found.push(Found::Job { by: Job::Profile, path: login.path.clone() });
        taking.edit(state, login, profile.to_bytes());
    }
}
