//! Keys that live in an ssh-agent of this machine.

use std::path::Path;
use std::time::Duration;

use russh::keys::agent::AgentIdentity;
use russh::keys::agent::client::AgentClient;
use russh::keys::{HashAlg, PublicKey};
use russh::{AgentAuthError, Signer};
use tokio::net::UnixStream;
use tokio::time::timeout;

/// How long an agent may take: one that asks its user for a confirmation never answers.
pub(super) const AGENT_LIMIT: Duration = Duration::from_secs(5);

/// Signs with an agent's key, or gives up. Giving up has to be said to the SSH library, which waits for it.
pub(super) struct BoundedSigner(pub(super) AgentClient<UnixStream>);

impl Signer for BoundedSigner {
    type Error = AgentAuthError;

    async fn auth_sign(
        &mut self,
        key: &AgentIdentity,
        hash: Option<HashAlg>,
        data: Vec<u8>,
    ) -> Result<Vec<u8>, Self::Error> {
        match timeout(AGENT_LIMIT, self.0.auth_sign(key, hash, data)).await {
            Ok(result) => result,
            Err(_) => Err(AgentAuthError::Key(russh::keys::Error::AgentFailure)),
        }
    }
}

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
