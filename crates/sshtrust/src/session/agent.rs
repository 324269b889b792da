//! Keys that live in an ssh-agent of this machine.

use std::path::Path;
use std::time::Duration;

use russh::keys::PublicKey;
use russh::keys::agent::AgentIdentity;
use russh::keys::agent::client::AgentClient;
use tokio::net::UnixStream;
use tokio::time::timeout;

/// How long an agent may take: one that asks its user for a confirmation never answers.
pub(super) const AGENT_LIMIT: Duration = Duration::from_secs(5);

/// Opens an agent. `None` if there is none that answers.
pub(super) async fn open(socket: &Path) -> Option<AgentClient<UnixStream>> {
    timeout(AGENT_LIMIT, AgentClient::connect_uds(socket)).await.ok()?.ok()
}

/// The plain keys that an agent holds; none if it does not answer.
pub(super) async fn keys(socket: &Path) -> Vec<PublicKey> {
    let Some(mut agent) = open(socket).await else { return Vec::new() };
    let Ok(Ok(identities)) = timeout(AGENT_LIMIT, agent.request_identities()).await else {
        return Vec::new();
    };
    let plain = identities.into_iter().filter_map(|identity| match identity {
        AgentIdentity::PublicKey { key, .. } => Some(key),
        AgentIdentity::Certificate { .. } => None,
    });
    plain.collect()
}
