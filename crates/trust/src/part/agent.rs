//! The tool's own agent.

use crate::key::KeyMaterial;
use crate::observe::{AgentState, NodeState};
use crate::place::AGENT_SOCKET;
use crate::plan::{AgentEdit, Found, PlanError, Taking};
use crate::text::sh_quote;

/// Longest path of a Unix socket, in bytes: `sun_path` of unix(7) less its final zero.
const LONGEST_SOCKET: usize = 107;

/// Where it listens.
///
/// # Errors
/// [`PlanError::SocketPath`].
pub fn socket(state: &NodeState) -> Result<String, PlanError> {
    let path = format!("{}/{AGENT_SOCKET}", state.home);
    if path.len() > LONGEST_SOCKET {
        return Err(PlanError::SocketPath { length: path.len(), path });
    }
    Ok(path)
}

/// What it needs to hold a key.
#[must_use]
pub fn put(state: &NodeState, key: &KeyMaterial) -> AgentEdit {
    match &state.agent {
        AgentState { alive: true, keys, .. } if keys.contains(key.public()) => AgentEdit::Nothing,
        AgentState { alive: true, .. } => AgentEdit::AddKey,
        AgentState { socket, .. } => AgentEdit::Start { stale_socket: *socket },
    }
}

/// Ends it when the change is kept: its key could not be given back.
pub fn take(state: &NodeState, taking: &mut Taking) {
    let socket = sh_quote(&format!("{}/{AGENT_SOCKET}", state.home));
    if state.agent.alive || state.agent.hangs || state.agent.pid.is_some() {
        taking.found.push(Found::Agent { pid: state.agent.pid });
    }
    // One that was asked to end, and did not listen, is killed.
    taking.after.push(format!(
        "for gs_signal in TERM KILL; do for gs_pid in $(gs_agents {socket}); do kill -$gs_signal \"$gs_pid\"; done; \
         gs_left=20; while [ $gs_left -gt 0 ] && [ -n \"$(gs_agents {socket})\" ]; do sleep 0.1; \
         gs_left=$((gs_left - 1)); done; done; rm -f {socket}"
    ));
}
