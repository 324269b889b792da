//! Lines of ours that run the keepalive: in a crontab(5), or in a profile that a login shell reads.

use crate::OM_MARK;
use crate::lines::Lines;
use crate::words::visible;

/// What every job of ours runs, whatever stands around it.
pub const JOB_COMMAND: &str = "gs_sshexkey agent keep";

/// Whether a line is a job of ours: it runs the keepalive and ends in the mark. One that the user has commented out is
/// the user's.
pub(crate) fn is_job(line: &[u8]) -> bool {
    let line = visible(line);
    let runs = line.windows(JOB_COMMAND.len()).any(|words| words == JOB_COMMAND.as_bytes());
    !line.starts_with(b"#") && runs && line.ends_with(format!(" {OM_MARK}").as_bytes())
}

/// The ids of our jobs.
pub(crate) fn job_ids(lines: &Lines) -> Vec<usize> {
    lines.iter().filter(|(_, line)| is_job(line)).map(|(id, _)| id).collect()
}

/// Whether the only job of ours is this line.
pub(crate) fn is_only_job(lines: &Lines, job: &str) -> bool {
    matches!(job_ids(lines).as_slice(), [only] if lines.get(*only) == Some(job.as_bytes()))
}
