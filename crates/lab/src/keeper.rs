//! The process that holds a lab: how it is started and talked to.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{BufRead, BufReader, Write as _};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use crate::error::LabError;
use crate::process::ProcessId;
use crate::registry::LabDir;
use crate::requirements::PATH;

const SCRIPT: &str = include_str!("keeper.sh");

/// The keeper of a lab that this process owns. The lab ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Keeper {
    pub(crate) dir: LabDir,
    pub(crate) process: ProcessId,
    child: Child,
    /// The only writing end of the pipe that keeps the lab alive. Rust opens it close-on-exec, so no other
    /// process of ours inherits it.
    orders: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Keeper {
    /// Starts the keeper of a new lab: its namespaces, and a tmpfs for all its files.
    pub(crate) fn start() -> Result<Keeper, LabError> {
        let dir = LabDir::create()?;
        let log = File::create(dir.log_path()).map_err(LabError::io("create", dir.log_path()))?;
        let mut child = Command::new("unshare")
            .args([
                "--mount",
                "--net",
                "--ipc",
                "--pid",
                "--fork",
                "--kill-child",
                "sh",
                "-c",
                SCRIPT,
                "keeper",
            ])
            .arg(&dir.path)
            .arg("sh")
            .env_clear()
            .env("PATH", PATH)
            .current_dir("/")
            // Ctrl-C at the owner's terminal is for the owner; the lab goes down in order after it.
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .map_err(LabError::io("run", "unshare"))?;
        let broken = || LabError::Keeper { log: dir.log() };
        let orders = child.stdin.take();
        let mut answers = BufReader::new(child.stdout.take().ok_or_else(broken)?);
        let Some(process) = first_answer(&mut answers) else {
            let _ = child.wait();
            let log = dir.log();
            dir.remove()?;
            return Err(LabError::Keeper { log });
        };
        let keeper = Keeper { dir, process, child, orders, answers };
        keeper.dir.set_keeper(process)?;
        Ok(keeper)
    }

    /// The lab's files, as this process reaches them.
    pub(crate) fn fs(&self) -> PathBuf {
        let inside = self.dir.fs();
        PathBuf::from(format!("/proc/{}/root{}", self.process.pid, inside.display()))
    }

    /// Gives one order and waits for its answer.
    pub(crate) fn order(&mut self, order: &str) -> Result<String, LabError> {
        self.post(order)?;
        self.answer()
    }

    /// Gives one order, whose answer is fetched later.
    pub(crate) fn post(&mut self, order: &str) -> Result<(), LabError> {
        let mut line = String::new();
        let _ = writeln!(line, "{order}");
        let sent = self.orders.as_mut().map(|pipe| pipe.write_all(line.as_bytes()));
        match sent {
            Some(Ok(())) => Ok(()),
            _ => Err(LabError::Keeper { log: self.dir.log() }),
        }
    }

    /// The next line that the keeper or a node prints.
    pub(crate) fn answer(&mut self) -> Result<String, LabError> {
        let mut line = String::new();
        match self.answers.read_line(&mut line) {
            Ok(length) if length > 0 => Ok(line.trim_end().to_owned()),
            _ => Err(LabError::Keeper { log: self.dir.log() }),
        }
    }

    /// Lets the lab outlive this process.
    pub(crate) fn detach(&mut self) -> Result<(), LabError> {
        self.dir.set_detached()?;
        self.order("keep")?;
        self.orders = None;
        Ok(())
    }

    /// Takes the lab down, unless it was detached, and waits until nothing of it is left.
    pub(crate) fn end(&mut self) -> Result<(), LabError> {
        if self.orders.take().is_none() {
            return Ok(());
        }
        self.process.kill();
        self.child.wait().map_err(LabError::io("wait for", "unshare"))?;
        self.dir.remove()
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        // Nobody can be told. What stays behind is removed by the next lab.
        let _ = self.end();
    }
}

fn first_answer(answers: &mut BufReader<ChildStdout>) -> Option<ProcessId> {
    let mut line = String::new();
    answers.read_line(&mut line).ok()?;
    ProcessId::of(line.trim_end().strip_prefix("keeper ")?.parse().ok()?)
}
