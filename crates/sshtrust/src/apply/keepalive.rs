//! The keepalive of a node: the program goes there, then the first job that can be installed. That a node cannot have
//! one is no error: trust is made all the same.

use std::sync::Arc;

use zeroize::Zeroizing;

use super::{ApplyError, LIMIT, Worksite, judge, script};
use crate::node::{NodeError, Output};
use crate::plan::{DirEdit, Job, JobEdit, Keepalive, KeepaliveEdit, Unable};
use crate::program::Program;
use crate::text::sh_quote;

const FUNCTIONS: &str = include_str!("keepalive.sh");
/// Status of the scripts when the node cannot have it.
const UNABLE: i32 = 78;

/// Steps of the journal, in order.
const FOLDERS: usize = 100;
const PROGRAM: &str = "3000";
const CRON: &str = "3100";
const UNIT_FOLDERS: usize = 200;
const UNITS: usize = 3200;
const TIMER: &str = "3300";
const PROFILE: usize = 3400;

impl Worksite {
    /// Before the agent starts: it is to live where nothing ends it.
    pub(super) async fn linger(&self, keepalive: &Keepalive) -> Result<(), ApplyError> {
        let Some(edit) = keepalive.edit() else { return Ok(()) };
        self.shell.define(FUNCTIONS, LIMIT).await?.success("preparing the keepalive")?;
        if edit.linger {
            match self.shell.run("gs_linger", LIMIT).await? {
                // What needs it will say so.
                Output { status: UNABLE, .. } => {}
                output => judge(output, "letting the user's systemd linger")?,
            }
        }
        Ok(())
    }

    /// Places the program and installs the job. Returns what came of it.
    pub(super) async fn keepalive(&self, keepalive: &Keepalive) -> Result<Keepalive, ApplyError> {
        let (Some(edit), Keepalive::By { job, why, .. }) = (keepalive.edit(), keepalive) else {
            return Ok(keepalive.clone());
        };
        if let Err(why) = self.place_program(edit).await?
            && !edit.older
        {
            return Ok(Keepalive::Unable(Unable::Program(why)));
        }
        let done = |job, why| Keepalive::By { job, why, edit: KeepaliveEdit::default() };
        if edit.jobs.is_empty() {
            return Ok(done(*job, why.clone()));
        }
        let mut troubles = if why.is_empty() { Vec::new() } else { vec![why.clone()] };
        for job in &edit.jobs {
            match self.install(job).await? {
                Ok(()) => return Ok(done(job.job, troubles.join("; "))),
                Err(trouble) => troubles.push(trouble),
            }
        }
        Ok(Keepalive::Unable(Unable::Job(troubles.join("; "))))
    }

    /// Places the program, if it has to be; the inner error says why it cannot. Disk full, not allowed, not for this
    /// system: all the same for trust.
    async fn place_program(&self, edit: &KeepaliveEdit) -> Result<Result<(), String>, ApplyError> {
        let Some((path, program)) = &edit.program else { return Ok(Ok(())) };
        let packed = match program.packed().await {
            Ok(packed) => packed,
            Err(error) => return Ok(Err(error.to_string())),
        };
        let placing = async {
            self.make(&edit.dirs, FOLDERS).await?;
            let script = place(path, program, packed.len());
            judge(self.shell.run_with_input(&script, packed, LIMIT).await?, "placing the program")
        };
        self.or_retreat(placing.await, &["30", "01"]).await
    }

    /// Installs a job; the inner error says why that way is closed.
    async fn install(&self, edit: &JobEdit) -> Result<Result<(), String>, ApplyError> {
        let installing = async {
            self.make(&edit.dirs, UNIT_FOLDERS).await?;
            match edit.job {
                Job::Cron => self.crontab(edit).await,
                Job::Timer => {
                    self.write(&edit.files, "", UNITS).await?;
                    let output = self.shell.run(&format!("gs_timer_on {TIMER}"), LIMIT).await?;
                    judge(output, "switching the timer on")
                }
                Job::Profile => self.write(&edit.files, "", PROFILE).await,
            }
        };
        let steps: &[&str] = match edit.job {
            Job::Cron => &["31"],
            Job::Timer => &["33", "32", "09", "02"],
            Job::Profile => &["34"],
        };
        self.or_retreat(installing.await, steps).await
    }

    async fn make(&self, dirs: &[DirEdit], first_step: usize) -> Result<(), ApplyError> {
        if dirs.is_empty() {
            return Ok(());
        }
        judge(self.shell.run(&script::dirs(dirs, first_step), LIMIT).await?, "making folders")
    }

    /// What failed is taken back at once, and is no error; a node that does not answer is one.
    async fn or_retreat(
        &self,
        result: Result<(), ApplyError>,
        steps: &[&str],
    ) -> Result<Result<(), String>, ApplyError> {
        let why = match result {
            Ok(()) => return Ok(Ok(())),
            Err(ApplyError::Node(NodeError::Command { stderr, .. })) => stderr,
            Err(error @ (ApplyError::Node(_) | ApplyError::GaveUp)) => return Err(error),
            Err(error) => error.to_string(),
        };
        let script: String = steps.iter().map(|steps| format!("gs_retreat {steps}\n")).collect();
        self.shell.run(&script, LIMIT).await?;
        Ok(Err(why))
    }

    async fn crontab(&self, edit: &JobEdit) -> Result<(), ApplyError> {
        let Some(table) = edit.files.first() else { return Ok(()) };
        let (old, new) = (&table.old.bytes, table.content.render(""));
        let digest = if table.old.exists() { table.old.stamp.as_str() } else { "" };
        let script = format!("gs_set_crontab {CRON} {} {} {}", sh_quote(digest), old.len(), new.len());
        let input = Arc::new(Zeroizing::new([old.as_slice(), new.as_slice()].concat()));
        judge(self.shell.run_with_input(&script, input, LIMIT).await?, "writing the crontab")
    }
}

fn place(path: &str, program: &Program, length: usize) -> String {
    let folder = path.rsplit_once('/').map_or("/", |(folder, _)| folder);
    let new = sh_quote(&sh_quote(&format!("{folder}/.gs_sshexkey.{PROGRAM}.new")));
    let path = sh_quote(path);
    format!("gs_place {PROGRAM} {path} {} {new} {} {length}", sh_quote(&path), sh_quote(program.digest()))
}
