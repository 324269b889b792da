//! A user's table of jobs, as `crontab -l` prints it: crontab(5).

use crate::job::{is_only_job, job_ids};
use crate::lines::Lines;

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

    /// Sees to it that this line is the one job of ours. Returns whether a byte changed. One that is there stays where
    /// it is.
    pub fn set_job(&mut self, job: &str) -> bool {
        if is_only_job(&self.lines, job) {
            return false;
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
}
