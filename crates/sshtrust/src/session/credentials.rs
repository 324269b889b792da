//! What this machine has that may open a node without a password.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use russh::keys::{PrivateKey, PublicKey};

use super::agent;
use crate::identity::{self, AGENT_SOCKET};

/// Most keys that are tried at one node: many servers hang up at the third or sixth failure, and the password has to
/// come before that.
const MOST_KEYS: usize = 3;
/// Default identities of ssh(1), the ones in use first.
const DEFAULT_IDENTITIES: [&str; 3] = ["id_ed25519", "id_ecdsa", "id_rsa"];

/// A key to log in with.
#[derive(Clone)]
pub enum Credential {
    /// A private key in memory.
    Key(Arc<PrivateKey>),
    /// A key in an agent.
    Agent {
        /// The agent's socket.
        socket: PathBuf,
        /// Which of its keys.
        key: Box<PublicKey>,
    },
}

impl Credential {
    /// The public half.
    #[must_use]
    pub fn public_key(&self) -> &PublicKey {
        match self {
            Self::Key(key) => key.public_key(),
            Self::Agent { key, .. } => key,
        }
    }
}

impl std::fmt::Debug for Credential {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Credential({})", self.public_key().fingerprint(russh::keys::HashAlg::Sha256))
    }
}

/// The keys to try, best first: the tool's own, those of the user's agent, an unencrypted default identity.
#[derive(Debug, Clone, Default)]
pub struct Credentials(Vec<Credential>);

impl Credentials {
    /// Collects them. `agent` is the socket of the user's own agent (`SSH_AUTH_SOCK`), if there is one.
    pub async fn collect(home: &Path, agent: Option<&Path>) -> Self {
        let mut found = Self::default();
        let own = own_key(home).await;
        let default = default_identity(home);
        let room = MOST_KEYS - usize::from(own.is_some()) - usize::from(default.is_some());
        found.add(own);
        if let Some(socket) = agent {
            for key in agent::keys(socket).await.into_iter().take(room) {
                found.add(Some(Credential::Agent { socket: socket.to_owned(), key: Box::new(key) }));
            }
        }
        found.add(default);
        found
    }

    /// The keys.
    #[must_use]
    pub fn keys(&self) -> &[Credential] {
        &self.0
    }

    fn add(&mut self, credential: Option<Credential>) {
        let Some(credential) = credential else { return };
        let same = |c: &Credential| c.public_key().key_data() == credential.public_key().key_data();
        if !self.0.iter().any(same) {
            self.0.push(credential);
        }
    }
}

/// The tool's own key: from its agent if that lives, else from the key file and the passphrase store.
async fn own_key(home: &Path) -> Option<Credential> {
    let public = std::fs::read_to_string(home.join(".ssh/id_om.pub")).ok()?;
    let public = PublicKey::from_openssh(public.trim()).ok()?;
    let socket = home.join(AGENT_SOCKET);
    if agent::keys(&socket).await.iter().any(|k| k.key_data() == public.key_data()) {
        return Some(Credential::Agent { socket, key: Box::new(public) });
    }
    let home = home.to_owned();
    // bcrypt takes a fifth of a second.
    let opened =
        tokio::task::spawn_blocking(move || identity::read_identity(&home)).await.ok()??.into_private();
    Some(Credential::Key(Arc::new(opened)))
}

fn default_identity(home: &Path) -> Option<Credential> {
    DEFAULT_IDENTITIES.iter().find_map(|name| {
        let bytes = zeroize::Zeroizing::new(std::fs::read(home.join(".ssh").join(name)).ok()?);
        let key = PrivateKey::from_openssh(&*bytes).ok().filter(|key| !key.is_encrypted())?;
        Some(Credential::Key(Arc::new(key)))
    })
}
