//! The keepalive of a node: the program goes there, then the first job that can be installed. That a node cannot have
//! one is no error: trust is made all the same.

use std::sync::Arc;

use zeroize::Zeroizing;

use super::{ApplyError, LIMIT, Worksite, judge, script};
use crate::node::Output;
use crate::plan::{Job, JobEdit, Keepalive, KeepaliveEdit, Unable};
use crate::program::Program;
use crate::text::{printable, sh_quote};

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
        if let Err(unable) = self.place_program(edit).await? {
            return Ok(Keepalive::Unable(unable));
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

    /// Places the program, if it has to be.
    async fn place_program(&self, edit: &KeepaliveEdit) -> Result<Result<(), Unable>, ApplyError> {
        let Some((path, program)) = &edit.program else { return Ok(Ok(())) };
        if !edit.dirs.is_empty() {
            judge(self.shell.run(&script::dirs(&edit.dirs, FOLDERS), LIMIT).await?, "making folders")?;
        }
        let output = match program.packed().await {
            Ok(packed) => {
                self.shell.run_with_input(&place(path, program, packed.len()), packed, LIMIT).await?
            }
            Err(error) => return Ok(Err(Unable::Program(error.to_string()))),
        };
        if output.status == 0 {
            return Ok(Ok(()));
        }
        // Disk full, not allowed, not for this system: all the same for trust.
        self.shell.run(&unplace(path), LIMIT).await?;
        Ok(Err(Unable::Program(printable(&output.stderr))))
    }

    /// Installs a job; the inner error says why that way is closed.
    async fn install(&self, edit: &JobEdit) -> Result<Result<(), String>, ApplyError> {
        if !edit.dirs.is_empty() {
            judge(self.shell.run(&script::dirs(&edit.dirs, UNIT_FOLDERS), LIMIT).await?, "making folders")?;
        }
        let output = match edit.job {
            Job::Cron => self.crontab(edit).await?,
            Job::Timer => {
                self.write(&edit.files, "", UNITS).await?;
                self.shell.run(&format!("gs_timer_on {TIMER}"), LIMIT).await?
            }
            Job::Profile => {
                self.write(&edit.files, "", PROFILE).await?;
                Output::default()
            }
        };
        match output.status {
            UNABLE => Ok(Err(printable(&output.stderr))),
            _ => judge(output, "installing the keepalive's job").map(Ok),
        }
    }

    async fn crontab(&self, edit: &JobEdit) -> Result<Output, ApplyError> {
        let Some(table) = edit.files.first() else { return Ok(Output::default()) };
        let bytes = table.content.render("");
        let digest = if table.old.exists() { table.old.stamp.as_str() } else { "" };
        let script = format!("gs_set_crontab {CRON} {} {}", sh_quote(digest), bytes.len());
        let input = Arc::new(Zeroizing::new(bytes.to_vec()));
        Ok(self.shell.run_with_input(&script, input, LIMIT).await?)
    }
}

/// The new file beside a program.
fn staged(path: &str) -> String {
    let folder = path.rsplit_once('/').map_or("/", |(folder, _)| folder);
    format!("{folder}/.gs_sshexkey.{PROGRAM}.new")
}

/// Takes away what a failed placing has left. An older program stays.
fn unplace(path: &str) -> String {
    let folder = path.rsplit_once('/').map_or("/", |(folder, _)| folder);
    format!("rm -f {}; rmdir {} 2>/dev/null; :", sh_quote(&staged(path)), sh_quote(folder))
}

fn place(path: &str, program: &Program, length: usize) -> String {
    let new = sh_quote(&sh_quote(&staged(path)));
    let path = sh_quote(path);
    format!("gs_place {PROGRAM} {path} {} {new} {} {length}", sh_quote(&path), sh_quote(program.digest()))
}
