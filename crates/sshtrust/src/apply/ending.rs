//! How a change ends on a node: its vote, the decision, or going back; now, or by a later run.

use sshfiles::PublicKey;

use crate::node::NodeError;
use crate::text::{printable, sh_quote};

use super::error::{UNWRITABLE, judge};
use super::phase::{self, Phase};
use super::{ApplyError, Committed, Recovered, Remnant, Worksite, script};

impl Worksite {
    /// Puts in order what a run left that ended with the node or with its coordinator: what was kept is kept, what the
    /// node has not voted on is undone. What it has voted on waits for [`Self::commit`] or [`Self::abort`].
    ///
    /// # Errors
    /// [`NodeError`].
    pub async fn recover(&self) -> Result<Recovered, NodeError> {
        let output =
            self.shell.run("gs_recover", self.limits.step).await?.success("undoing an earlier run")?;
        Ok(Recovered::parse(&output.stdout))
    }

    /// As [`Self::recover`], by the node itself: a journal that cannot be judged stays.
    ///
    /// # Errors
    /// [`NodeError`].
    pub async fn recover_carefully(&self) -> Result<Recovered, NodeError> {
        let output = self
            .shell
            .run("gs_recover careful", self.limits.step)
            .await?
            .success("undoing an earlier run")?;
        Ok(Recovered::parse(&output.stdout))
    }

    /// Whether the node knows a run as one that it has kept.
    pub async fn has_kept(&self, run: &str) -> bool {
        let script = format!("grep -qx {} \"$gs_home/gaussdb_tmp/.kept_runs\"", sh_quote(run));
        self.shell.run(&script, self.limits.step).await.is_ok_and(|output| output.status == 0)
    }

    /// A node that waits for a decision asks for it once, and does what was decided; behind the back of whoever asked, who
    /// may be gone before that.
    ///
    /// # Errors
    /// [`NodeError`].
    pub async fn settle_behind(&self) -> Result<(), NodeError> {
        // The lock goes with it, not with the loop.
        let script = "{ gs_settle 1; gs_unlock; } >/dev/null 2>&1 </dev/null &\ngs_locked=";
        self.shell.define(script, self.limits.step).await.map(|_| ())
    }

    /// Puts the node back to the bytes it had. Returns the files that somebody has edited meanwhile.
    ///
    /// # Errors
    /// [`ApplyError`] with what could not be undone.
    pub async fn undo(&self) -> Result<Vec<Remnant>, ApplyError> {
        let output = self.shell.define("gs_undo", self.limits.step).await?;
        let remnants = Remnant::parse(&output.stdout);
        judge(output, "undoing the change").map(|()| remnants)
    }

    /// As [`Self::undo`], of a change that an earlier run left for a decision.
    ///
    /// # Errors
    /// [`ApplyError`].
    pub async fn abort(&self) -> Result<Vec<Remnant>, ApplyError> {
        let output = self.shell.run("gs_rollback", self.limits.step).await?;
        let remnants = Remnant::parse(&output.stdout);
        judge(output, "undoing the change").map(|()| remnants)
    }

    /// First half of keeping the change: the node's vote. On its disk when this returns; from here on it does what is
    /// decided.
    ///
    /// # Errors
    /// [`ApplyError::GaveUp`] if it has gone back already; a timeout after [`prepare`](crate::limits::Limits::prepare).
    pub async fn prepare(&self) -> Result<(), ApplyError> {
        let output = self.shell.define("gs_prepare", self.limits.prepare).await?;
        match output.status {
            0 => Ok(()),
            UNWRITABLE => Err(ApplyError::Unwritable(printable(&output.stderr))),
            _ => Err(ApplyError::GaveUp),
        }
    }

    /// Notes that the key which was let in before is the cluster's from now on, or is out again.
    ///
    /// # Errors
    /// [`ApplyError`].
    pub async fn settle_key(&self) -> Result<(), ApplyError> {
        let step = phase::step(Phase::After.first());
        let script = format!(
            "[ ! -e \"$gs_home/gaussdb_tmp/.pending\" ] || gs_note_after {step} 'rm -f \"$gs_home/gaussdb_tmp/.pending\"' \
             || gs_fail \"$gs_journal\""
        );
        judge(self.shell.run(&script, self.limits.step).await?, "noting the key")
    }

    /// Notes that folders go in the end which an earlier stage of this run made, if nothing else is in them.
    ///
    /// # Errors
    /// [`ApplyError`].
    pub async fn leave_nothing(
        &self,
        tool_dir_was_there: bool,
        ssh_dir_was_there: bool,
    ) -> Result<(), ApplyError> {
        let mut script = String::new();
        let mut note = |number: usize, code: &str| {
            let step = phase::step(Phase::After.first() + number);
            script.push_str(&format!("gs_note_after {step} {} || gs_fail \"$gs_journal\"\n", sh_quote(code)));
        };
        if !tool_dir_was_there {
            note(
                1,
                "cd \"$gs_home/gaussdb_tmp\" && rm -f .kept_runs .made .pending && rmdir \"$gs_home/gaussdb_tmp\"",
            );
        }
        if !ssh_dir_was_there {
            note(2, "rmdir \"$gs_home/.ssh\" 2>/dev/null");
        }
        judge(self.shell.run(&script, self.limits.step).await?, "noting what goes in the end")
    }

    /// Takes replaced keys out of the agent once the change is kept: an agent cannot be given back what is no longer
    /// there in the clear.
    ///
    /// # Errors
    /// [`ApplyError`].
    pub async fn forget(&self, socket: &str, keys: &[PublicKey]) -> Result<(), ApplyError> {
        if keys.is_empty() {
            return Ok(());
        }
        let script = script::forget(socket, keys);
        judge(self.shell.run(&script, self.limits.step).await?, "removing replaced keys")
    }

    /// Second half: the change stands. To be called when every node is prepared.
    ///
    /// # Errors
    /// [`ApplyError::GaveUp`] if the node has undone it; [`ApplyError::Node`] if it did not answer: then nobody knows.
    pub async fn commit(&self) -> Result<Committed, ApplyError> {
        let output = self.shell.define("gs_commit", self.limits.step).await?;
        Committed::parse(&output.stdout).ok_or(ApplyError::GaveUp)
    }
}
