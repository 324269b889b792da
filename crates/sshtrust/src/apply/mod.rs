//! Makes a plan real on one node: journaled on the node itself, atomic, undoable.
//!
//! The journal and the undo live on the node (`journal.sh`). So a node goes back to the bytes it had when it is told
//! to, when the connection ends, when the coordinator has been silent for [`PATIENCE`], and at the next run after a
//! power cut.

mod keepalive;
mod lock;
mod script;

use std::sync::Arc;
use std::time::Duration;

use sshfiles::PublicKey;
use zeroize::Zeroizing;

use crate::identity::IdentityKey;
use crate::node::{NodeError, Output, Shell};
use crate::plan::{AgentEdit, Command, FileEdit, Keepalive, NodePlan};
use crate::text::{printable, sh_quote};

pub use lock::{LockError, lock_all};

const FUNCTIONS: &str = include_str!("journal.sh");
/// After this time without [`Worksite::renew`] a node undoes the change by itself.
pub const PATIENCE: Duration = Duration::from_secs(150);
/// How often to renew: several times within [`PATIENCE`].
pub const RENEWAL: Duration = Duration::from_secs(20);
/// How long one step on a node may take. Writing waits for the disk of a busy node.
const LIMIT: Duration = Duration::from_secs(90);

/// Status of the script when another run has the lock.
const LOCKED: i32 = 75;
/// Status of the script when a file is not the one that was read.
const CHANGED: i32 = 76;
/// Status of the script when a file cannot be written.
const UNWRITABLE: i32 = 77;

/// Why a change could not be made or unmade.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ApplyError {
    /// No answer, or a command failed.
    #[error(transparent)]
    Node(#[from] NodeError),
    /// A file could not be written: disk full, read-only, not allowed.
    #[error("{0}")]
    Unwritable(String),
    /// Somebody changed a file between reading and writing.
    #[error("{0}")]
    Changed(String),
    /// The agent could not be started or did not take the key.
    #[error("{0}")]
    Agent(String),
    /// The node has gone back by itself, because it heard nothing for too long.
    #[error("the node has undone the change because it heard nothing for {} seconds", PATIENCE.as_secs())]
    GaveUp,
}

/// A node that is being worked on.
#[derive(Debug, Clone)]
pub struct Worksite {
    shell: Shell,
    place: String,
}

impl Worksite {
    /// Prepares a node's shell.
    ///
    /// # Errors
    /// [`NodeError`].
    pub async fn open(shell: Shell, user: &str) -> Result<Self, NodeError> {
        let script = format!("gs_user={}\n{FUNCTIONS}", sh_quote(user));
        let output = shell.define(&script, LIMIT).await?.success("finding the user's home directory")?;
        Ok(Self { shell, place: printable(&output.stdout) })
    }

    /// Where the home is: the same for two nodes that are one machine, or share one home.
    #[must_use]
    pub fn place(&self) -> &str {
        &self.place
    }

    /// The shell, for reading and probing.
    #[must_use]
    pub const fn shell(&self) -> &Shell {
        &self.shell
    }

    /// Takes the lock that keeps two runs apart. `false`: another run has it.
    ///
    /// # Errors
    /// [`NodeError`].
    pub async fn lock(&self) -> Result<bool, NodeError> {
        let output = self.shell.define("gs_lock", LIMIT).await?;
        if output.status == LOCKED {
            return Ok(false);
        }
        output.success("locking").map(|_| true)
    }

    /// Gives the lock back.
    ///
    /// # Errors
    /// [`NodeError`].
    pub async fn unlock(&self) -> Result<(), NodeError> {
        self.shell.define("gs_unlock", LIMIT).await.map(|_| ())
    }

    /// Undoes what a run left that ended with the node. `true` if there was something.
    ///
    /// # Errors
    /// [`NodeError`].
    pub async fn recover(&self) -> Result<bool, NodeError> {
        let output = self.shell.run("gs_recover", LIMIT).await?.success("undoing an earlier run")?;
        Ok(!output.stdout.is_empty())
    }

    /// Makes the change, but does not keep it yet. On an error the change may be half made: [`Self::undo`] it. Returns
    /// what became of the keepalive, which is the one thing that a node may go without.
    ///
    /// # Errors
    /// [`ApplyError`].
    pub async fn apply(&self, plan: &NodePlan, key: &IdentityKey) -> Result<Keepalive, ApplyError> {
        self.begin().await?;
        self.change(plan, key).await
    }

    /// As [`Self::apply`], in a journal that was begun already.
    ///
    /// # Errors
    /// [`ApplyError`].
    pub async fn change(&self, plan: &NodePlan, key: &IdentityKey) -> Result<Keepalive, ApplyError> {
        if !plan.dirs.is_empty() {
            judge(self.shell.run(&script::dirs(&plan.dirs, 0), LIMIT).await?, "making folders")?;
        }
        self.linger(&plan.keepalive).await?;
        let started = self.agent(plan, key).await?;
        self.write(&plan.files, &started, 2000).await?;
        self.keepalive(&plan.keepalive).await
    }

    /// Begins the journal: what is done from here on is undone unless it is kept.
    ///
    /// # Errors
    /// [`ApplyError`].
    pub async fn begin(&self) -> Result<(), ApplyError> {
        let begin = format!("gs_begin {}", PATIENCE.as_secs());
        judge(self.shell.define(&begin, LIMIT).await?, "making the journal")
    }

    /// Runs commands in a journal that was begun: what takes each back is noted before it.
    ///
    /// # Errors
    /// [`ApplyError`], of the first one that fails.
    pub async fn run(&self, commands: &[Command]) -> Result<(), ApplyError> {
        for (index, command) in commands.iter().enumerate() {
            let output = self.shell.run(&script::command(command, 500 + index), LIMIT).await?;
            judge(output, &format!("'{}'", printable(command.run.as_bytes())))?;
        }
        Ok(())
    }

    /// Makes only the files of a plan.
    ///
    /// # Errors
    /// [`ApplyError`].
    pub async fn apply_files(&self, plan: &NodePlan) -> Result<(), ApplyError> {
        self.begin().await?;
        self.write(&plan.files, "", 2000).await
    }

    /// Starts an agent, or gives one that lives the key, without a journal: what was there is dead. Returns the process
    /// number of one that was started.
    ///
    /// # Errors
    /// [`ApplyError`].
    pub async fn revive(&self, socket: &str, start: bool, key: &IdentityKey) -> Result<String, ApplyError> {
        let pid = self.run_agent(key, &script::revive(socket, start, key)).await?;
        if start { number(pid) } else { Ok(String::new()) }
    }

    /// Writes the files of a plan into the same journal: the second stage of a change.
    ///
    /// # Errors
    /// [`ApplyError`].
    pub async fn amend(&self, plan: &NodePlan) -> Result<(), ApplyError> {
        self.write(&plan.files, "", 5000).await
    }

    /// Starts the agent if need be and gives it the key. Returns its process number.
    async fn agent(&self, plan: &NodePlan, key: &IdentityKey) -> Result<String, ApplyError> {
        let Some(script) = script::agent(plan, key) else { return Ok(String::new()) };
        let said = self.run_agent(key, &script).await?;
        if matches!(plan.agent, AgentEdit::Start { .. }) { number(said) } else { Ok(said) }
    }

    /// Runs a script that reads the open key. What it printed.
    async fn run_agent(&self, key: &IdentityKey, script: &str) -> Result<String, ApplyError> {
        let wrong = |e: String| ApplyError::Agent(e);
        let unlocked = key.unlocked().map_err(|e| wrong(e.to_string()))?;
        let input = Arc::new(Zeroizing::new(unlocked.as_bytes().to_vec()));
        let output = self.shell.run_with_input(script, input, LIMIT).await?;
        match output.status {
            0 => {}
            UNWRITABLE => return Err(ApplyError::Unwritable(printable(&output.stderr))),
            _ => return Err(wrong(printable(&output.stderr))),
        }
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }

    async fn write(&self, files: &[FileEdit], agent_pid: &str, first_step: usize) -> Result<(), ApplyError> {
        if files.is_empty() {
            return Ok(());
        }
        let (script, blob) = script::files(files, agent_pid, first_step);
        let input = Arc::new(Zeroizing::new(blob));
        judge(self.shell.run_with_input(&script, input, LIMIT).await?, "writing files")
    }

    /// Tells the node that the coordinator lives.
    ///
    /// # Errors
    /// [`ApplyError::GaveUp`] if it comes too late.
    pub async fn renew(&self) -> Result<(), ApplyError> {
        let output = self.shell.define("gs_renew", LIMIT).await?;
        if output.status == 0 { Ok(()) } else { Err(ApplyError::GaveUp) }
    }

    /// Puts the node back to the bytes it had.
    ///
    /// # Errors
    /// [`ApplyError`] with what could not be undone.
    pub async fn undo(&self) -> Result<(), ApplyError> {
        judge(self.shell.define("gs_undo", LIMIT).await?, "undoing the change")
    }

    /// First half of keeping the change: the node will no longer go back by itself.
    ///
    /// # Errors
    /// [`ApplyError::GaveUp`] if it already did.
    pub async fn prepare(&self) -> Result<(), ApplyError> {
        let output = self.shell.define("gs_prepare", LIMIT).await?;
        if output.status == 0 { Ok(()) } else { Err(ApplyError::GaveUp) }
    }

    /// Takes replaced keys out of the agent, where it holds them. Only when the change is kept for good: an agent
    /// cannot be given back what is no longer there in the clear.
    ///
    /// # Errors
    /// [`NodeError`].
    pub async fn forget(&self, socket: &str, keys: &[PublicKey]) -> Result<(), NodeError> {
        if keys.is_empty() {
            return Ok(());
        }
        self.shell
            .run(&script::forget(socket, keys), LIMIT)
            .await?
            .success("removing replaced keys")
            .map(|_| ())
    }

    /// Second half: the old bytes are thrown away. To be called when every node is prepared.
    ///
    /// # Errors
    /// [`NodeError`]. The change stands all the same; the next run cleans up.
    pub async fn commit(&self) -> Result<(), NodeError> {
        self.shell.run("gs_commit", LIMIT).await?.success("removing the journal").map(|_| ())
    }
}

/// A process number, as ssh-agent tells it.
fn number(pid: String) -> Result<String, ApplyError> {
    if pid.is_empty() || !pid.bytes().all(|b| b.is_ascii_digit()) {
        return Err(ApplyError::Agent("ssh-agent did not tell its process number".to_owned()));
    }
    Ok(pid)
}

/// Turns the status of a script into an error.
fn judge(output: Output, what: &str) -> Result<(), ApplyError> {
    match output.status {
        0 => Ok(()),
        CHANGED => Err(ApplyError::Changed(printable(&output.stderr))),
        UNWRITABLE => Err(ApplyError::Unwritable(printable(&output.stderr))),
        _ => Err(output.success(what).err().map_or(ApplyError::GaveUp, ApplyError::Node)),
    }
}
