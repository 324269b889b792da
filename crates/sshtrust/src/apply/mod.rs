//! Makes a plan real on one node: journaled on the node itself, atomic, undoable.
//!
//! The journal and the undo live on the node (`journal.sh`, `files.sh`, `vote.sh`). So a node goes back to the bytes it had
//! when it is told to, when the connection ends, when the coordinator has been silent for [`Limits::patience`], and at the
//! next run after a power cut. From its vote on ([`Worksite::prepare`]) it only does what was decided.

mod ending;
mod error;
mod keepalive;
mod lock;
mod outcome;
mod phase;
mod script;
mod take;

use std::sync::Arc;

use zeroize::Zeroizing;

use crate::identity::IdentityKey;
use crate::inventory::NodeSpec;
use crate::limits::Limits;
use crate::node::{NodeError, Shell};
use crate::plan::{AgentEdit, Command, FileEdit, Keepalive, NodePlan};
use crate::program::Programs;
use crate::text::{printable, sh_quote};

use error::{UNWRITABLE, judge};
use phase::Phase;

pub use error::ApplyError;
pub use lock::{LockError, lock_all};
pub use outcome::{Committed, Late, Recovered, Remnant, Waiting};

const FUNCTIONS: &str = concat!(
    include_str!("files.sh"),
    include_str!("vote.sh"),
    include_str!("agent.sh"),
    include_str!("../observe/agents.sh"),
    include_str!("lock.sh"),
    include_str!("journal.sh")
);
/// Status of the script when another run has the lock.
const LOCKED: i32 = 75;
/// A change of several nodes that is kept by all of them or by none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// Tells it from every other one: random, in hexadecimal.
    pub id: String,
    /// The node whose word counts when the coordinator is gone; `None`: each node's own.
    pub decider: Option<NodeSpec>,
    /// Other nodes to ask, if that one cannot be reached.
    pub peers: Vec<NodeSpec>,
}

/// A node that is being worked on.
#[derive(Debug, Clone)]
pub struct Worksite {
    shell: Shell,
    place: String,
    mark: String,
    limits: Limits,
}

impl Worksite {
    /// Prepares a node's shell.
    ///
    /// # Errors
    /// [`NodeError`].
    pub async fn open(shell: Shell, user: &str, limits: Limits) -> Result<Self, NodeError> {
        let mark = random_id(8)?;
        let script = format!("gs_user={} gs_mark={mark}\n{FUNCTIONS}", sh_quote(user));
        let output =
            shell.define(&script, limits.step).await?.success("finding the user's home directory")?;
        Ok(Self { shell, place: printable(&output.stdout), mark, limits })
    }

    /// What no other node and no other run has: random, in hexadecimal. New files bear it until they are in place.
    #[must_use]
    pub fn mark(&self) -> &str {
        &self.mark
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
        self.take_lock("gs_lock").await
    }

    /// As [`Self::lock`], for a run that writes nothing at all.
    ///
    /// # Errors
    /// [`NodeError`].
    pub async fn lock_to_look(&self) -> Result<bool, NodeError> {
        self.take_lock("gs_lock look").await
    }

    async fn take_lock(&self, script: &str) -> Result<bool, NodeError> {
        let output = self.shell.define(script, self.limits.step).await?;
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
        self.shell.define("gs_unlock", self.limits.step).await.map(|_| ())
    }

    /// As [`Self::unlock`], at the end of a run: where something is left to be done at the end of the shell, such as an undo,
    /// the lock goes with that. What cannot be told any more learns it by the end of its shell.
    pub async fn let_go(&self) {
        let _ = self.shell.define("[ -n \"$gs_at_end\" ] || gs_unlock", self.limits.step).await;
    }

    /// Makes the change, but does not keep it yet. `key`: what the node comes with. On an error the change may be half made: [`Self::undo`] it. Returns
    /// what became of the keepalive, which is the one thing that a node may go without.
    ///
    /// # Errors
    /// [`ApplyError`].
    pub async fn apply<'k>(
        &self,
        run: &Run,
        plan: &NodePlan,
        key: impl Into<Option<&'k IdentityKey>>,
        programs: &Programs,
    ) -> Result<Keepalive, ApplyError> {
        self.begin(run).await?;
        self.change(plan, key, programs).await
    }

    /// As [`Self::apply`], in a journal that was begun already.
    ///
    /// # Errors
    /// [`ApplyError`].
    pub async fn change<'k>(
        &self,
        plan: &NodePlan,
        key: impl Into<Option<&'k IdentityKey>>,
        programs: &Programs,
    ) -> Result<Keepalive, ApplyError> {
        if !plan.dirs.is_empty() {
            judge(
                self.shell.run(&script::dirs(&plan.dirs, Phase::Folder), self.limits.step).await?,
                "making folders",
            )?;
        }
        self.linger(&plan.keepalive).await?;
        let started = self.agent(plan, key.into()).await?;
        self.write(&plan.files, &started, Phase::File).await?;
        self.keepalive(&plan.keepalive, programs).await
    }

    /// Begins the journal: what is done from here on is undone unless it is kept.
    ///
    /// # Errors
    /// [`ApplyError`].
    pub async fn begin(&self, run: &Run) -> Result<(), ApplyError> {
        let address = |node: &NodeSpec| sh_quote(&format!("{} {}", node.ip, node.port));
        let decider = run.decider.as_ref().map_or_else(|| "''".to_owned(), address);
        let peers: Vec<String> = run.peers.iter().map(address).collect();
        let patience = self.limits.patience.as_secs();
        let begin = format!("gs_begin {patience} {} {decider} {}", run.id, peers.join(" "));
        judge(self.shell.define(&begin, self.limits.step).await?, "making the journal")
    }

    /// Leaves this node's mark in the folders that it is about to write into.
    ///
    /// # Errors
    /// [`ApplyError`].
    pub async fn claim(&self, folders: &[String]) -> Result<(), ApplyError> {
        let output = self.shell.run(&format!("gs_claim {}", words(folders)), self.limits.step).await?;
        judge(output, "writing into its folders")
    }

    /// The marks that other nodes of the run left in these folders: whose, and in which.
    ///
    /// # Errors
    /// [`ApplyError`].
    pub async fn rivals(&self, folders: &[String]) -> Result<Vec<(String, String)>, ApplyError> {
        let output = self.shell.run(&format!("gs_rivals {}", words(folders)), self.limits.step).await?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        judge(output, "looking at its folders")?;
        Ok(text
            .lines()
            .filter_map(|line| line.split_once(' '))
            .map(|(a, b)| (a.to_owned(), b.to_owned()))
            .collect())
    }

    /// Runs commands in a journal that was begun: what takes each back is noted before it.
    ///
    /// # Errors
    /// [`ApplyError`], of the first one that fails.
    pub async fn run(&self, commands: &[Command]) -> Result<(), ApplyError> {
        for (index, command) in commands.iter().enumerate() {
            let output = self
                .shell
                .run(&script::command(command, Phase::Command.first() + index), self.limits.step)
                .await?;
            judge(output, &format!("'{}'", printable(command.run.as_bytes())))?;
        }
        Ok(())
    }

    /// Makes only the files of a plan.
    ///
    /// # Errors
    /// [`ApplyError`].
    pub async fn apply_files(&self, run: &Run, plan: &NodePlan) -> Result<(), ApplyError> {
        self.begin(run).await?;
        self.write(&plan.files, "", Phase::File).await
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
        self.write(&plan.files, "", Phase::File).await
    }

    /// Starts the agent if need be and gives it the key. Returns its process number.
    async fn agent(&self, plan: &NodePlan, key: Option<&IdentityKey>) -> Result<String, ApplyError> {
        let Some(key) = key else { return Ok(String::new()) };
        let Some(script) = script::agent(plan, key) else { return Ok(String::new()) };
        let said = self.run_agent(key, &script).await?;
        if matches!(plan.agent, AgentEdit::Start { .. }) { number(said) } else { Ok(said) }
    }

    /// Runs a script that reads the open key. What it printed.
    async fn run_agent(&self, key: &IdentityKey, script: &str) -> Result<String, ApplyError> {
        let wrong = |e: String| ApplyError::Agent(e);
        let unlocked = key.unlocked().map_err(|e| wrong(e.to_string()))?;
        let input = Arc::new(Zeroizing::new(unlocked.as_bytes().to_vec()));
        drop(unlocked);
        let output = self.shell.run_with_input(script, input, self.limits.step).await?;
        match output.status {
            0 => {}
            UNWRITABLE => return Err(ApplyError::Unwritable(printable(&output.stderr))),
            _ => return Err(wrong(printable(&output.stderr))),
        }
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }

    async fn write(&self, files: &[FileEdit], agent_pid: &str, phase: Phase) -> Result<(), ApplyError> {
        if files.is_empty() {
            return Ok(());
        }
        let (script, blob) = script::files(files, &self.mark, agent_pid, phase.first());
        let input = Arc::new(Zeroizing::new(blob));
        judge(self.shell.run_with_input(&script, input, self.limits.step).await?, "writing files")
    }

    /// Tells the node that the coordinator lives.
    ///
    /// # Errors
    /// [`ApplyError::GaveUp`] if it comes too late.
    pub async fn renew(&self) -> Result<(), ApplyError> {
        let output = self.shell.define("gs_renew", self.limits.step).await?;
        if output.status == 0 { Ok(()) } else { Err(ApplyError::GaveUp) }
    }
}

/// Random bytes in hexadecimal.
pub(crate) fn random_id(length: usize) -> Result<String, NodeError> {
    let mut bytes = vec![0u8; length];
    getrandom::fill(&mut bytes).map_err(|e| NodeError::NoShell(e.to_string()))?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

fn words(paths: &[String]) -> String {
    paths.iter().map(|path| sh_quote(path)).collect::<Vec<_>>().join(" ")
}

/// A process number, as ssh-agent tells it.
fn number(pid: String) -> Result<String, ApplyError> {
    if pid.is_empty() || !pid.bytes().all(|b| b.is_ascii_digit()) {
        return Err(ApplyError::Agent("ssh-agent did not tell its process number".to_owned()));
    }
    Ok(pid)
}
