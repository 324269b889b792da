//! The keepalive of a node: the program goes there, then the first job that can be installed. That a node cannot have
//! one is no error: trust is made all the same.

use std::sync::Arc;

use zeroize::Zeroizing;

use super::phase::Phase;
use super::{ApplyError, Worksite, judge, script};
use crate::node::{NodeError, Output};
use crate::plan::{DirEdit, Job, JobEdit, Keepalive, KeepaliveEdit, Unable};
use crate::program::Programs;
use crate::text::sh_quote;

pub(super) const FUNCTIONS: &str = include_str!("keepalive.sh");
/// Status of the scripts when the node cannot have it.
const UNABLE: i32 = 78;

impl Worksite {
    /// Before the agent starts: it is to live where nothing ends it.
    pub(super) async fn linger(&self, keepalive: &Keepalive) -> Result<(), ApplyError> {
        let Some(edit) = keepalive.edit() else { return Ok(()) };
        self.shell.define(FUNCTIONS, self.limits.step).await?.success("preparing the keepalive")?;
        if edit.linger {
            match self.shell.run(&format!("gs_linger {}", Phase::Linger.step()), self.limits.step).await? {
                // What needs it will say so.
                Output { status: UNABLE, .. } => {}
                output => judge(output, "letting the user's systemd linger")?,
            }
        }
        Ok(())
    }

    /// Places the program and installs the job. Returns what came of it.
    pub(super) async fn keepalive(
        &self,
        keepalive: &Keepalive,
        programs: &Programs,
    ) -> Result<Keepalive, ApplyError> {
        let (Some(edit), Keepalive::By { job, why, .. }) = (keepalive.edit(), keepalive) else {
            return Ok(keepalive.clone());
        };
        if let Err(why) = self.place_program(edit, programs).await?
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
    async fn place_program(
        &self,
        edit: &KeepaliveEdit,
        programs: &Programs,
    ) -> Result<Result<(), String>, ApplyError> {
        let Some((path, build)) = &edit.program else { return Ok(Ok(())) };
        let Some(program) = programs.with_digest(&build.digest) else {
            return Ok(Err("the planned build is not there".to_owned()));
        };
        let packed = match program.packed().await {
            Ok(packed) => packed,
            Err(error) => return Ok(Err(error.to_string())),
        };
        let placing = async {
            self.make(&edit.dirs, Phase::ProgramFolder).await?;
            let script = place(self.mark(), path, &build.digest, packed.len());
            judge(self.shell.run_with_input(&script, packed, self.limits.step).await?, "placing the program")
        };
        self.or_retreat(placing.await, &[Phase::Program, Phase::ProgramFolder]).await
    }

    /// Installs a job; the inner error says why that way is closed.
    async fn install(&self, edit: &JobEdit) -> Result<Result<(), String>, ApplyError> {
        let installing = async {
            self.make(&edit.dirs, Phase::UnitFolder).await?;
            match edit.job {
                Job::Cron => self.crontab(edit).await,
                Job::Timer => {
                    self.write(&edit.files, "", Phase::Unit).await?;
                    let output = self.shell.run(&timer_on(), self.limits.step).await?;
                    judge(output, "switching the timer on")
                }
                Job::Profile => self.write(&edit.files, "", Phase::Profile).await,
            }
        };
        let steps: &[Phase] = match edit.job {
            Job::Cron => &[Phase::Crontab],
            Job::Timer => &[Phase::Timer, Phase::Unit, Phase::Reload, Phase::Linger, Phase::UnitFolder],
            Job::Profile => &[Phase::Profile],
        };
        self.or_retreat(installing.await, steps).await
    }

    async fn make(&self, dirs: &[DirEdit], phase: Phase) -> Result<(), ApplyError> {
        if dirs.is_empty() {
            return Ok(());
        }
        judge(self.shell.run(&script::dirs(dirs, phase), self.limits.step).await?, "making folders")
    }

    /// What failed is taken back at once, and is no error; a node that does not answer is one.
    async fn or_retreat(
        &self,
        result: Result<(), ApplyError>,
        phases: &[Phase],
    ) -> Result<Result<(), String>, ApplyError> {
        let why = match result {
            Ok(()) => return Ok(Ok(())),
            Err(ApplyError::Node(NodeError::Command { stderr, .. })) => stderr,
            Err(error @ (ApplyError::Node(_) | ApplyError::GaveUp)) => return Err(error),
            Err(error) => error.to_string(),
        };
        let steps = phases.iter().flat_map(|phase| phase.prefixes());
        let script: String = steps.map(|steps| format!("gs_retreat {steps}\n")).collect();
        self.shell.run(&script, self.limits.step).await?;
        Ok(Err(why))
    }

    pub(super) async fn crontab(&self, edit: &JobEdit) -> Result<(), ApplyError> {
        let Some(table) = edit.files.first() else { return Ok(()) };
        let (old, new) = (&table.old.bytes, table.content.render(""));
        let digest = if table.old.exists() { table.old.stamp.as_str() } else { "" };
        let step = Phase::Crontab.step();
        let script = format!("gs_set_crontab {step} {} {} {}", sh_quote(digest), old.len(), new.len());
        let input = Arc::new(Zeroizing::new([&**old, &**new].concat()));
        judge(self.shell.run_with_input(&script, input, self.limits.step).await?, "writing the crontab")
    }
}

fn timer_on() -> String {
    format!("gs_timer_on {} {}", Phase::Timer.step(), Phase::Reload.step())
}

fn place(mark: &str, path: &str, digest: &str, length: usize) -> String {
    let step = Phase::Program.step();
    let new = sh_quote(&sh_quote(&script::beside(mark, &step, path)));
    let path = sh_quote(path);
    format!("gs_place {step} {path} {} {new} {} {length}", sh_quote(&path), sh_quote(digest))
}
