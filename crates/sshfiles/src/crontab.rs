//! A user's table of jobs, as `crontab -l` prints it: crontab(5).

use crate::job::{is_job, is_only_job, job_ids};
use crate::lines::Lines;
use crate::words::visible;

/// openGauss's program that starts the agent again, below its folder of tools.
const AGENT_CHECK: &[u8] = b"/CheckSshAgent.py";

/// The user's crontab.
///
/// Ours is one line at its top, so that the user's `SHELL`, `PATH` and `MAILTO`, which hold for the lines below them,
/// do not reach it.
#[derive(Clone, Debug)]
pub struct Crontab {
    lines: Lines,
}

impl Crontab {
    /// Reads any bytes.
    pub fn parse(bytes: &[u8]) -> Self {
        Self { lines: Lines::parse(bytes) }
    }

    /// The bytes of the table. It ends in LF if a job was set: cron passes over a table, and crontab(1) refuses one,
    /// whose last line does not.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.lines.to_bytes()
    }

    /// Whether there is a job of ours.
    pub fn has_job(&self) -> bool {
        !job_ids(&self.lines).is_empty()
    }

    /// Whether there is a job of ours, or openGauss's own for the same agent.
    pub fn has_ours(&self) -> bool {
        self.lines.iter().any(|(_, line)| is_job(line) || is_agent_check(line))
    }

    /// Sees to it that this line is the one job of ours. Returns whether a byte changed. One that is there stays where
    /// it is.
    pub fn set_job(&mut self, job: &str) -> bool {
        if is_only_job(&self.lines, job) {
            let unfinished = self.lines.unfinished().is_some_and(|(_, line)| is_job(line));
            if unfinished {
                self.lines.finish();
            }
            return unfinished;
        }
        let place = job_ids(&self.lines).first().copied().unwrap_or(0);
        self.remove_job();
        self.lines.insert(place, job.as_bytes().to_vec());
        self.lines.finish();
        true
    }

    /// Removes our jobs. Returns how many.
    pub fn remove_job(&mut self) -> usize {
        let ours = job_ids(&self.lines);
        ours.into_iter().filter(|id| self.lines.remove(*id)).count()
    }

    /// Removes openGauss's own jobs, which start the agent again that was taken away: lines that run its
    /// `CheckSshAgent.py`. Returns how many.
    pub fn remove_agent_check(&mut self) -> usize {
        let theirs: Vec<usize> =
            self.lines.iter().filter(|(_, line)| is_agent_check(line)).map(|(id, _)| id).collect();
        theirs.into_iter().filter(|id| self.lines.remove(*id)).count()
    }
}

/// Whether a line runs openGauss's agent check. One that the user has commented out is the user's.
fn is_agent_check(line: &[u8]) -> bool {
    let line = visible(line).trim_ascii();
    let ends = |rest: &[u8]| rest.first().is_none_or(|byte| b" \t;&|<>'\")".contains(byte));
    let runs = line
        .windows(AGENT_CHECK.len())
        .enumerate()
        .any(|(at, word)| word == AGENT_CHECK && ends(line.get(at + word.len()..).unwrap_or_default()));
    !line.starts_with(b"#") && runs
}
