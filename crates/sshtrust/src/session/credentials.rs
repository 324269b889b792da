//! What this machine has that may open a node without a password.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use russh::keys::{PrivateKey, PublicKey};
use trust::enter::{PassedKey, Unfit};

use super::{agent, key_file};
use crate::identity::{self, AGENT_SOCKET};
use crate::text::printable;

/// Most keys that are tried at one node: many servers hang up at the third or sixth failure, and the password has to
/// come before that.
const MOST_KEYS: usize = 3;
/// Default identities of ssh(1), the ones in use first. Those in tokens and DSA are never used, but named.
const DEFAULT_IDENTITIES: [&str; 6] =
    ["id_ed25519", "id_ecdsa", "id_rsa", "id_ed25519_sk", "id_ecdsa_sk", "id_dsa"];

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
    /// Its fingerprint, as `ssh-keygen -l` shows it.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        self.public_key().fingerprint(russh::keys::HashAlg::Sha256).to_string()
    }

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
        write!(f, "Credential({})", self.fingerprint())
    }
}

/// The keys to try, best first: the tool's own, those of the user's agent, unencrypted default identities.
#[derive(Debug, Clone, Default)]
pub struct Credentials {
    keys: Vec<Credential>,
    passed: Vec<PassedKey>,
}

impl Credentials {
    /// Collects them. `agent` is the socket of the user's own agent (`SSH_AUTH_SOCK`), if there is one.
    pub async fn collect(home: &Path, agent: Option<&Path>) -> Self {
        let mut found = Self::default();
        found.add(own_key(home).await);
        let in_agent = match agent {
            Some(socket) => agent::keys(socket).await,
            None => Vec::new(),
        };
        let defaults = found.default_identities(home, &in_agent);
        // One default identity at least, however many keys the agent has.
        let room = MOST_KEYS.saturating_sub(found.keys.len() + usize::from(!defaults.is_empty()));
        if let Some(socket) = agent {
            for key in in_agent.into_iter().take(room) {
                found.add(Some(Credential::Agent { socket: socket.to_owned(), key: Box::new(key) }));
            }
        }
        defaults.into_iter().for_each(|key| found.add(Some(key)));
        found.keys.truncate(MOST_KEYS);
        found
    }

    /// The keys.
    #[must_use]
    pub fn keys(&self) -> &[Credential] {
        &self.keys
    }

    /// Keys that are there and cannot be used.
    #[must_use]
    pub fn passed(&self) -> &[PassedKey] {
        &self.passed
    }

    /// Reads them; notes those that cannot be used. One that is locked is no loss if the agent has it.
    fn default_identities(&mut self, home: &Path, in_agent: &[PublicKey]) -> Vec<Credential> {
        let mut keys = Vec::new();
        for name in DEFAULT_IDENTITIES {
            let path = home.join(".ssh").join(name);
            match key_file::read(&path) {
                None => {}
                Some(Ok(key)) => keys.push(Credential::Key(Arc::new(key))),
                Some(Err(Unfit::Locked)) if is_in(in_agent, &path) => {}
                Some(Err(why)) => {
                    let path = printable(path.as_os_str().as_encoded_bytes());
                    self.passed.push(PassedKey { path, why });
                }
            }
        }
        keys
    }

    fn add(&mut self, credential: Option<Credential>) {
        let Some(credential) = credential else { return };
        let same = |c: &Credential| c.public_key().key_data() == credential.public_key().key_data();
        if !self.keys.iter().any(same) {
            self.keys.push(credential);
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
    // bcrypt may take its time.
    let opened = tokio::task::spawn_blocking(move || identity::read_identity(&home)).await.ok()?;
    Some(Credential::Key(opened.ok()?.private()?))
}

/// Whether an agent has the key of this file, by the public half beside it.
fn is_in(agent: &[PublicKey], path: &Path) -> bool {
    let mut public = path.as_os_str().to_owned();
    public.push(".pub");
    let text = std::fs::read_to_string(public).unwrap_or_default();
    let public = PublicKey::from_openssh(text.trim());
    public.is_ok_and(|public| agent.iter().any(|key| key.key_data() == public.key_data()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keygen(home: &Path, name: &str, words: &[&str]) {
        let mut command = std::process::Command::new("ssh-keygen");
        command.args(["-q", "-f"]).arg(home.join(".ssh").join(name)).args(words);
        assert!(command.status().unwrap().success());
    }

    #[tokio::test]
    async fn keys_are_tried_or_named() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join(".ssh")).unwrap();
        let old = ["-t", "rsa", "-b", "2048", "-m", "PEM", "-N", ""];
        keygen(dir.path(), "id_rsa", &old);
        keygen(dir.path(), "id_ed25519", &["-t", "ed25519", "-N", "open sesame"]);
        std::fs::write(dir.path().join(".ssh/id_ecdsa"), "nothing").unwrap();
        let found = Credentials::collect(dir.path(), None).await;
        let kinds: Vec<_> = found.keys().iter().map(|k| k.public_key().algorithm().to_string()).collect();
        assert_eq!(kinds, ["ssh-rsa"]);
        let passed: Vec<_> = found.passed().iter().map(|key| (&key.path, &key.why)).collect();
        let at = |name: &str| dir.path().join(".ssh").join(name).display().to_string();
        let wanted = [(&at("id_ed25519"), &Unfit::Locked), (&at("id_ecdsa"), &Unfit::UnknownFormat)];
        assert_eq!(passed, wanted);
    }
}
