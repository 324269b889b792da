//! What goes from a node: files and lines now, with their way back; what could not be put back when the change is kept.

use std::fmt::Write;
use std::sync::Arc;

use zeroize::Zeroizing;

use super::keepalive::FUNCTIONS;
use super::phase::{Phase, step};
use super::{ApplyError, Worksite, judge};
use crate::inventory::NodeSpec;
use crate::node::NodeError;
use crate::plan::{FileEdit, Job, JobEdit, Taking};
use crate::text::{printable, sh_quote};

impl Worksite {
    /// Takes all that is planned, in a journal that was begun.
    ///
    /// # Errors
    /// [`ApplyError`]. What was taken by then comes back with [`Self::undo`].
    pub async fn take(&self, taking: &Taking) -> Result<(), ApplyError> {
        let defined = self.shell.define(FUNCTIONS, self.limits.step).await?;
        judge(defined, "preparing the removal")?;
        self.write(&taking.files, "", Phase::File).await?;
        // After the files: until then the node's own job can still put them back.
        if let Some(table) = &taking.crontab {
            self.shrink_crontab(table).await?;
        }
        let mut script = String::new();
        for (index, code) in taking.after.iter().enumerate() {
            // Writing to a String cannot fail.
            let _ = writeln!(
                script,
                "gs_note_after {} {} || gs_fail \"$gs_journal\"",
                step(Phase::After.first() + index),
                sh_quote(code)
            );
        }
        judge(self.shell.run(&script, self.limits.step).await?, "noting what goes in the end")
    }

    /// Notes on this machine which nodes are about to be done: their key is what this machine enters them by.
    ///
    /// # Errors
    /// [`ApplyError`].
    pub async fn note_revoking(&self, nodes: &[NodeSpec]) -> Result<(), ApplyError> {
        let lines: Vec<String> =
            nodes.iter().map(|node| sh_quote(&format!("{} {}", node.ip, node.port))).collect();
        let script = format!(
            "[ ! -d \"$gs_home/gaussdb_tmp\" ] || {{ printf '%s\\n' {} >\"$gs_home/gaussdb_tmp/.revoking\" && \
             gs_sync \"$gs_home/gaussdb_tmp/.revoking\" \"$gs_home/gaussdb_tmp\"; }} || gs_fail \"$gs_home/gaussdb_tmp\"",
            lines.join(" ")
        );
        judge(self.shell.run(&script, self.limits.step).await?, "noting the nodes")
    }

    /// Takes the note back. Where that fails, the nodes let their key in, and are seen not to be done.
    pub async fn forget_revoking(&self) {
        let _ = self.shell.run("rm -f \"$gs_home/gaussdb_tmp/.revoking\"", self.limits.step).await;
    }

    /// The nodes that an interrupted run noted with [`Self::note_revoking`].
    ///
    /// # Errors
    /// [`NodeError`].
    pub async fn revoking(&self) -> Result<Vec<NodeSpec>, NodeError> {
        let script = "cat \"$gs_home/gaussdb_tmp/.revoking\" 2>/dev/null; true";
        let output = self.shell.run(script, self.limits.step).await?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let node = |line: &str| {
            let (ip, port) = line.split_once(' ')?;
            Some(NodeSpec { ip: ip.parse().ok()?, port: port.parse().ok()? })
        };
        Ok(text.lines().filter_map(node).collect())
    }

    /// Processes of a database that run as this user: number and name, safe to show.
    ///
    /// # Errors
    /// [`NodeError`].
    pub async fn databases(&self) -> Result<Vec<(u32, String)>, NodeError> {
        const SCRIPT: &str = "for gs_proc in /proc/[0-9]*; do\n\
            { [ -O \"$gs_proc\" ] && read -r gs_comm <\"$gs_proc/comm\"; } 2>/dev/null || continue\n\
            case $gs_comm in\ngs_sshexkey*) ;;\n\
            gaussdb* | gs_* | cm_* | om_monitor* | postgres | postmaster) echo \"${gs_proc#/proc/} $gs_comm\" ;;\nesac\ndone";
        let output = self.shell.run(SCRIPT, self.limits.step).await?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let process = |line: &str| {
            let (pid, name) = line.split_once(' ')?;
            Some((pid.parse().ok()?, printable(name.as_bytes())))
        };
        Ok(text.lines().filter_map(process).collect())
    }

    async fn shrink_crontab(&self, table: &FileEdit) -> Result<(), ApplyError> {
        let new = table.content.render("");
        if !new.is_empty() {
            let job = JobEdit { job: Job::Cron, dirs: Vec::new(), files: vec![table.clone()] };
            return self.crontab(&job).await;
        }
        let old = Zeroizing::new(table.old.bytes.to_vec());
        let digest = sh_quote(&table.old.stamp);
        let script = format!("gs_clear_crontab {} {digest} {}", Phase::Crontab.step(), old.len());
        let output = self.shell.run_with_input(&script, Arc::new(old), self.limits.step).await?;
        judge(output, "clearing the crontab")
    }
}
