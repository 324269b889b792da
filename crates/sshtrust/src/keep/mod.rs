//! Run on a node, for its user: sees to it that the tool's agent lives and holds the node's key.
//!
//! With nothing to do this takes one question to the agent and two small files. Only what is amiss is worked on: the
//! agent through the node's shell, as setup does it, but without a journal, because there is nothing to go back to and a
//! full disk must not stand in the way; the exports with one.

mod agent;
mod lock;
mod status;

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use sshfiles::ShellProfile;

use crate::apply::{ApplyError, Run, Worksite, random_id};
use crate::change::NodeTrouble;
use crate::identity::{AGENT_SOCKET, IdentityKey, STORE_DIR, Unopened, read_identity, read_public};
use crate::inventory::NodeSpec;
use crate::limits::Limits;
use crate::node::{NodeError, local};
use crate::observe::{Shelf, observe};
use crate::plan;

pub use agent::Agent;
pub use lock::Holder;
pub use sshfiles::PublicKey;
pub use status::{Exports, Status, StoreState, status};

/// How long one keep may take.
pub const LIMIT: Duration = Duration::from_secs(5);
/// How long the agent may take to answer.
const PATIENCE: Duration = Duration::from_secs(2);
/// How often to look whether another keep has ended; how long one that is silent is asked again.
const GLANCE: Duration = Duration::from_millis(50);
/// The journal of a run, below the home; with an ending from its vote on.
const JOURNAL: &str = ".gs_sshexkey.journal";
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

    /// The public key that the node comes with.
    #[must_use]
    pub fn public_key(&self) -> Option<PublicKey> {
        read_public(&self.home)
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

    /// Whether a run has left a journal here, or is at work.
    fn has_journal(&self) -> bool {
        ["", ".prepared", ".kept", ".undo"]
            .iter()
            .any(|state| self.home.join(format!("{JOURNAL}{state}")).exists())
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
    /// Another keep, or a setup, is at work: by whom the node is held, if that is known.
    Busy(Option<Holder>),
    /// The agent was started, with this process number, or got its key.
    Repaired(String),
    /// Only the exports were wrong.
    ExportsSet,
    /// What an earlier run left was undone.
    Recovered,
    /// A change of this node waits for the word of the node that decides, which is being asked.
    Waiting,
    /// There is a journal that this program cannot judge; the next run of the program does.
    Unjudged,
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
    /// The key is not opened, because of what that costs.
    #[error("the key {path} is not opened: {why}")]
    Key {
        /// Its file.
        path: String,
        /// Why.
        why: Unopened,
    },
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

/// The same, also for an agent that was stopped on purpose. Waits for a keep that is at work, as long as one may take:
/// with the mark gone a job or a login may be a moment quicker.
///
/// # Errors
/// [`KeepError`].
pub async fn start(account: &Account) -> Result<Kept, KeepError> {
    let mark = account.home.join(STOPPED);
    if let Err(error) = fs::remove_file(&mark)
        && error.kind() != std::io::ErrorKind::NotFound
    {
        return Err(folder(&mark, &error));
    }
    let patience = Instant::now() + LIMIT;
    loop {
        match keep(account).await? {
            Kept::Busy(_) if Instant::now() < patience => tokio::time::sleep(GLANCE).await,
            kept => return Ok(kept),
        }
    }
}

/// Ends the agent; it stays away until [`start`] or a setup. Waits for a keep that is at work. Returns the processes that
/// were ended.
///
/// # Errors
/// [`KeepError`].
pub async fn stop(account: &Account) -> Result<Vec<i32>, KeepError> {
    let waiting = async {
        loop {
            if let Some(lock) = lock::lock(account)? {
                return Ok::<File, KeepError>(lock);
            }
            tokio::time::sleep(GLANCE).await;
        }
    };
    let _lock = tokio::time::timeout(LIMIT * 2, waiting).await.map_err(|_| KeepError::TooLong)??;
    let mark = account.home.join(STOPPED);
    fs::write(&mark, "").map_err(|e| folder(&mark, &e))?;
    let ended = agent::end(&account.socket(), true).await;
    // Left by an agent that had to be killed.
    let _ = fs::remove_file(account.socket());
    Ok(ended)
}

/// What is known without changing anything: what is behind the socket, and, if nothing is to be done, why.
async fn look(account: &Account, patience: Duration) -> Result<(Agent, Option<Kept>), KeepError> {
    // A journal may hold the key: a run that takes trust away, and was cut off.
    if account.has_journal() {
        return Ok((agent::ask(&account.socket(), patience).await, None));
    }
    let key = account
        .public_key()
        .ok_or_else(|| KeepError::NoKey(account.home.join(".ssh/id_om").display().to_string()))?;
    let found = agent::ask(&account.socket(), patience).await;
    let holds = matches!(&found, Agent::Holds(keys) if keys.iter().any(|k| k == key.blob()));
    let idle = match (holds, account.exports()) {
        (true, Exports::Right) => Some(Kept::Healthy),
        (false, _) if account.home.join(STOPPED).exists() => Some(Kept::Stopped),
        _ => None,
    };
    Ok((found, idle))
}

async fn work(account: &Account) -> Result<Kept, KeepError> {
    let (found, idle) = look(account, PATIENCE).await?;
    if let Some(idle) = idle {
        return Ok(idle);
    }
    let Some(_lock) = lock::lock(account)? else { return Ok(busy(account)) };
    // Another one may have been at work until now. One that was silent is not waited for a second time.
    let again = if found == Agent::Silent { GLANCE } else { PATIENCE };
    match look(account, again).await? {
        (_, Some(idle)) => Ok(idle),
        (found, None) => repair(account, &found).await,
    }
}

fn busy(account: &Account) -> Kept {
    Kept::Busy(lock::holder(&account.home))
}

async fn repair(account: &Account, found: &Agent) -> Result<Kept, KeepError> {
    let site = Worksite::open(local::shell().await?, &account.user, Limits::default()).await?;
    if !site.lock().await? {
        return Ok(busy(account));
    }
    let kept = mend(account, &site, found).await;
    site.let_go().await;
    kept
}

/// What is to be done under the lock.
async fn mend(account: &Account, site: &Worksite, found: &Agent) -> Result<Kept, KeepError> {
    // Before anything is read: an undo may bring another key back. What cannot be undone now is for the next setup; the
    // agent does not wait for that.
    let recovered = site.recover_carefully().await.unwrap_or_default();
    let home = account.home.clone();
    let opened = tokio::task::spawn_blocking(move || read_identity(&home)).await;
    let key = opened.unwrap_or(Err(Unopened::Damaged)).map_err(|why| unopened(account, why))?;
    let mut kept = None;
    // The agent first: trust depends on it alone.
    if !matches!(found, Agent::Holds(keys) if keys.iter().any(|k| k == key.public().blob())) {
        let start = !matches!(found, Agent::Holds(_));
        if start {
            // One that nobody can reach any more would hold the key for ever.
            agent::end(&account.socket(), false).await;
        }
        kept = Some(site.revive(&account.socket().to_string_lossy(), start, &key).await?);
    }
    if recovered.waiting.is_some() {
        // It needs the agent, and may take longer than this program may.
        site.settle_behind().await?;
        return Ok(Kept::Waiting);
    }
    if recovered.unjudged {
        return Ok(Kept::Unjudged);
    }
    let pid = kept.as_ref().and_then(|pid| pid.parse().ok());
    let set = set_exports(account, site, &key, pid).await?;
    Ok(match kept {
        Some(pid) => Kept::Repaired(pid),
        None if set => Kept::ExportsSet,
        None if recovered.undone => Kept::Recovered,
        None => Kept::Healthy,
    })
}

/// Sets the exports right; `pid` is the number of an agent that was started just now. Whether they were wrong.
async fn set_exports(
    account: &Account,
    site: &Worksite,
    key: &IdentityKey,
    pid: Option<u32>,
) -> Result<bool, KeepError> {
    let mut state = observe(site.shell(), account.node(), &account.user, false, &Shelf::default())
        .await
        .map_err(|e| KeepError::Node(e.into()))?;
    // Where /proc hides it, nobody else knows.
    state.agent.pid = pid.or(state.agent.pid);
    let plan = plan::keep(&state, key.material()).map_err(|e| KeepError::Node(e.into()))?;
    if plan.files.is_empty() {
        return Ok(false);
    }
    let run = Run { id: random_id(16)?, decider: None, peers: Vec::new() };
    site.apply_files(&run, &plan).await?;
    site.prepare().await?;
    site.commit().await?;
    Ok(true)
}

fn unopened(account: &Account, why: Unopened) -> KeepError {
    if why.is_for_its_cost() {
        let path = account.home.join(".ssh/id_om").display().to_string();
        return KeepError::Key { path, why };
    }
    KeepError::Store(account.home.join(STORE_DIR).display().to_string())
}

fn folder(path: &Path, error: &std::io::Error) -> KeepError {
    KeepError::Folder { path: path.display().to_string(), reason: error.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::{KeyType, TOOL_DIR};

    /// With the mark of a stop gone, a job or a login may take the lock before the start does.
    #[tokio::test]
    async fn a_start_waits_for_the_keep_that_is_at_work() {
        let home = tempfile::tempdir().unwrap();
        let account = Account { user: "omm".to_owned(), home: home.path().to_owned() };
        for name in [TOOL_DIR, ".ssh"] {
            fs::create_dir_all(home.path().join(name)).unwrap();
        }
        let key = IdentityKey::generate(KeyType::Ed25519, "omm@node1").unwrap();
        fs::write(home.path().join(".ssh/id_om"), key.private_file()).unwrap();
        let other = lock::lock(&account).unwrap().unwrap();
        assert!(matches!(keep(&account).await.unwrap(), Kept::Busy(_)));
        // Polled after the start, which waits by then; the other's work ends with nothing left to do.
        let ends = async {
            tokio::task::yield_now().await;
            fs::write(account.home.join(STOPPED), "").unwrap();
            drop(other);
        };
        let (started, ()) = tokio::join!(start(&account), ends);
        assert_eq!(started.unwrap(), Kept::Stopped);
    }
}
