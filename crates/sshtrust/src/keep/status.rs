//! How the agent of a node is.

use sshfiles::PublicKey;

use super::{Account, Agent, Holder, KeepError, PATIENCE, STOPPED, agent, lock};
use crate::apply::Worksite;
use crate::identity::{Unopened, read_identity};
use crate::limits::Limits;
use crate::node::local;
use crate::observe::{Shelf, look};
use crate::plan::{Job, job_in_force};

/// Whether the profile tells where the agent is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exports {
    /// It does.
    Right,
    /// It tells a process that is no agent any more.
    Stale,
    /// It does not.
    Missing,
}

/// Whether the stored passphrase serves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoreState {
    /// It opens the key.
    OpensKey,
    /// It cannot be read, or does not open the key.
    Useless,
    /// To try it costs too much.
    NotTried(Unopened),
}

/// How the agent of a node is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// The agent behind the socket.
    pub agent: Agent,
    /// Its processes; more than one if others were left without a socket.
    pub processes: Vec<i32>,
    /// It was stopped on purpose.
    pub stopped: bool,
    /// The cluster's key, if there is trust.
    pub key: Option<PublicKey>,
    /// The passphrase store.
    pub store: StoreState,
    /// The two exports in `~/.bashrc`.
    pub exports: Exports,
    /// Who holds the lock of the node just now.
    pub held_by: Option<Holder>,
    /// SHA-256 digest of the program that was placed on this node.
    pub program: Option<String>,
    /// By what the agent comes back; `None` if by nothing.
    pub job: Option<Job>,
    /// Why it is not cron; empty if cron would do.
    pub cron_trouble: String,
}

impl Status {
    /// Whether the agent holds the key.
    #[must_use]
    pub fn holds_key(&self) -> bool {
        match (&self.agent, &self.key) {
            (Agent::Holds(keys), Some(key)) => keys.iter().any(|held| held == key.blob()),
            _ => false,
        }
    }
}

/// Looks at the agent and all that it needs. Changes nothing.
///
/// # Errors
/// [`KeepError`] if the node's shell cannot be used.
pub async fn status(account: &Account) -> Result<Status, KeepError> {
    let home = account.home.clone();
    let opened = tokio::task::spawn_blocking(move || read_identity(&home)).await;
    let store = match opened {
        Ok(Ok(_)) => StoreState::OpensKey,
        Ok(Err(why)) if why.is_for_its_cost() => StoreState::NotTried(why),
        _ => StoreState::Useless,
    };
    let site = Worksite::open(local::shell().await?, &account.user, Limits::default()).await?;
    let state = look(site.shell(), account.node(), &account.user, true, &Shelf::default())
        .await
        .map_err(|e| KeepError::Node(e.into()))?;
    let keepalive = state.keepalive.unwrap_or_default();
    Ok(Status {
        agent: agent::ask(&account.socket(), PATIENCE).await,
        processes: agent::processes(&account.socket()),
        stopped: account.home.join(STOPPED).exists(),
        key: account.public_key(),
        store,
        exports: account.exports(),
        held_by: lock::holder(&account.home),
        job: job_in_force(&keepalive),
        cron_trouble: keepalive.cron_trouble(),
        program: keepalive.program,
    })
}
