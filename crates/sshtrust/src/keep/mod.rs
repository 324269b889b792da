//! Run on a node, for its user: sees to it that the tool's agent lives and holds the cluster's key.
//!
//! With nothing to do this takes one question to the agent and two small files. Only what is amiss is worked on: the
//! agent through the node's shell, as setup does it, but without a journal, because there is nothing to go back to and a
//! full disk must not stand in the way; the exports with one.

mod agent;
mod status;

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::{FlockOperation, flock};
use sshfiles::ShellProfile;

use crate::apply::{ApplyError, Worksite};
use crate::identity::{AGENT_SOCKET, IdentityKey, TOOL_DIR, read_identity};
use crate::inventory::NodeSpec;
use crate::node::{NodeError, local};
use crate::observe::observe;
use crate::plan::{self, AgentEdit};
use crate::setup::NodeTrouble;

pub use agent::Agent;
pub use sshfiles::PublicKey;
pub use status::{Exports, Status, StoreState, status};

/// How long one keep may take.
pub const LIMIT: Duration = Duration::from_secs(5);
/// How long the agent may take to answer.
const PATIENCE: Duration = Duration::from_secs(2);
/// Says that the agent was stopped on purpose, below the home.
const STOPPED: &str = "gaussdb_tmp/agent.stopped";

/// The user whose agent it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Login name.
    pub user: String,
    /// Home directory, by the password database.
    pub home: PathBuf,
}

impl Account {
    /// The agent's socket.
    #[must_use]
    pub fn socket(&self) -> PathBuf {
        self.home.join(AGENT_SOCKET)
    }

    /// The cluster's public key, as it lies beside the private one.
    #[must_use]
    pub fn public_key(&self) -> Option<PublicKey> {
        fs::read_to_string(self.home.join(".ssh/id_om.pub")).ok()?.parse().ok()
    }

    /// Whether the profile tells the agent's socket, and a process that is an agent.
    fn exports(&self) -> Exports {
        let profile = fs::read(self.home.join(".bashrc")).unwrap_or_default();
        match ShellProfile::parse(&profile).agent() {
            Some((socket, pid)) if Path::new(&socket) == self.socket() => {
                if pid.is_empty() || agent::is_agent(&pid) { Exports::Right } else { Exports::Stale }
            }
            _ => Exports::Missing,
        }
    }

    /// This machine, as the one node of a pipeline.
    fn node(&self) -> NodeSpec {
        NodeSpec { ip: std::net::Ipv4Addr::LOCALHOST.into(), port: 22 }
    }
}

/// What a keep did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kept {
    /// All was well.
    Healthy,
    /// The agent was stopped on purpose.
    Stopped,
    /// Another keep, or a setup, is at work.
    Busy,
    /// The agent was started, with this process number, or got its key.
    Repaired(String),
    /// Only the exports were wrong.
    ExportsSet,
}

/// Why the agent could not be kept.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeepError {
    /// There is no trust on this node.
    #[error("{0} does not exist: there is no trust to be kept")]
    NoKey(String),
    /// The stored passphrase does not open the key.
    #[error("the passphrase in {0} cannot be read or does not open the key")]
    Store(String),
    /// A step failed.
    #[error(transparent)]
    Node(#[from] NodeTrouble),
    /// The tool's folder cannot be opened or written.
    #[error("{path}: {reason}")]
    Folder {
        /// Which.
        path: String,
        /// Why.
        reason: String,
    },
    /// It took longer than [`LIMIT`].
    #[error("it was not done within {} seconds", LIMIT.as_secs())]
    TooLong,
}

impl From<NodeError> for KeepError {
    fn from(error: NodeError) -> Self {
        Self::Node(error.into())
    }
}

impl From<ApplyError> for KeepError {
    fn from(error: ApplyError) -> Self {
        Self::Node(error.into())
    }
}

/// Sees to it that the agent lives and holds the key. Nothing is done where nothing is amiss.
///
/// # Errors
/// [`KeepError`].
pub async fn keep(account: &Account) -> Result<Kept, KeepError> {
    match tokio::time::timeout(LIMIT, work(account)).await {
        Ok(result) => result,
        Err(_) => Err(KeepError::TooLong),
    }
}

/// The same, also for an agent that was stopped on purpose.
///
/// # Errors
/// [`KeepError`].
pub async fn start(account: &Account) -> Result<Kept, KeepError> {
    let mark = account.home.join(STOPPED);
    match fs::remove_file(&mark) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(folder(&mark, &error)),
        _ => keep(account).await,
    }
}

/// Ends the agent; it stays away until [`start`] or a setup. Returns the processes that were ended.
///
/// # Errors
/// [`KeepError::Folder`].
pub async fn stop(account: &Account) -> Result<Vec<i32>, KeepError> {
    let mark = account.home.join(STOPPED);
    fs::write(&mark, "").map_err(|e| folder(&mark, &e))?;
    let ended = agent::end(&account.socket()).await;
    // Left by an agent that had to be killed.
    let _ = fs::remove_file(account.socket());
    Ok(ended)
}

async fn work(account: &Account) -> Result<Kept, KeepError> {
    let key = account
        .public_key()
        .ok_or_else(|| KeepError::NoKey(account.home.join(".ssh/id_om.pub").display().to_string()))?;
    let found = agent::ask(&account.socket(), PATIENCE).await;
    let holds = |found: &Agent| matches!(found, Agent::Holds(keys) if keys.iter().any(|k| k == key.blob()));
    if holds(&found) {
        // A setup has started it again.
        let _ = fs::remove_file(account.home.join(STOPPED));
        if account.exports() == Exports::Right {
            return Ok(Kept::Healthy);
        }
    } else if account.home.join(STOPPED).exists() {
        return Ok(Kept::Stopped);
    }
    let Some(_lock) = lock(account)? else { return Ok(Kept::Busy) };
    repair(account, agent::ask(&account.socket(), PATIENCE).await).await
}

/// One keep at a time. The lock is on the tool's folder itself, so that nothing is left behind.
fn lock(account: &Account) -> Result<Option<File>, KeepError> {
    let path = account.home.join(TOOL_DIR);
    let dir = File::open(&path).map_err(|e| folder(&path, &e))?;
    match flock(&dir, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(Some(dir)),
        Err(rustix::io::Errno::WOULDBLOCK) => Ok(None),
        // A file system without locks.
        Err(_) => Ok(Some(dir)),
    }
}

async fn repair(account: &Account, found: Agent) -> Result<Kept, KeepError> {
    let path = |name: &str| account.home.join(name).display().to_string();
    let home = account.home.clone();
    let key = tokio::task::spawn_blocking(move || read_identity(&home)).await.ok().flatten();
    let key = key.ok_or_else(|| KeepError::Store(path("gaussdb_tmp/ssh_protect")))?;
    let site = Worksite::open(local::shell().await?, &account.user).await?;
    if !site.lock().await? {
        return Ok(Kept::Busy);
    }
    if !matches!(found, Agent::Holds(_)) {
        // One that nobody can reach any more would hold the key for ever.
        agent::end(&account.socket()).await;
    }
    // What cannot be undone now is for the next setup; the agent does not wait for that.
    let _ = site.recover().await;
    mend(account, &site, &key).await
}

async fn mend(account: &Account, site: &Worksite, key: &IdentityKey) -> Result<Kept, KeepError> {
    let state = observe(site.shell(), account.node(), &account.user, false)
        .await
        .map_err(|e| KeepError::Node(e.into()))?;
    let mut plan = plan::keep(&state, key).map_err(|e| KeepError::Node(e.into()))?;
    let mut kept = Kept::ExportsSet;
    let mut pid = String::new();
    if plan.agent != AgentEdit::Nothing {
        pid = site.revive(&plan, key).await?;
        kept = Kept::Repaired(pid.clone());
    }
    plan.agent = AgentEdit::Nothing;
    if !plan.files.is_empty() {
        site.apply_files(&plan, &pid).await?;
        site.prepare().await?;
        site.commit().await?;
    }
    Ok(kept)
}

fn folder(path: &Path, error: &std::io::Error) -> KeepError {
    KeepError::Folder { path: path.display().to_string(), reason: error.to_string() }
}
