//! The words of `agent`.

use std::ffi::OsString;

use clap::Args;
use sshtrust::text::printable;

use super::mistake::{see, unknown};
use super::{CommonWords, Job, Words};
use crate::errors::Report;
use crate::i18n::Lang;

/// What to do with this machine's agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AgentJob {
    /// Show it.
    Status {
        /// For programs.
        json: bool,
    },
    /// Start it.
    Start,
    /// End it.
    Stop,
    /// See to it that it lives.
    Keep,
}

#[derive(Args)]
pub(super) struct AgentWords {
    #[arg(num_args = 0..)]
    words: Vec<OsString>,
    /// For `status`.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    common: CommonWords,
}

impl Words for AgentWords {
    fn common(&self) -> &CommonWords {
        &self.common
    }

    fn job(self, lang: Lang) -> Result<Job, Report> {
        let words: Vec<String> = self.words.iter().map(|word| printable(word.as_encoded_bytes())).collect();
        let job = match words.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
            ["status"] => AgentJob::Status { json: self.json },
            ["start"] => AgentJob::Start,
            ["stop"] => AgentJob::Stop,
            ["keep"] => AgentJob::Keep,
            [] => {
                let text = "Incorrect parameter. 'agent' needs one of: status, start, stop, keep.";
                return Err(Report::new("50001", text).cure(&see(Some("agent"))));
            }
            ["status" | "start" | "stop" | "keep", other, ..] | [other, ..] => {
                return Err(unknown(other).cure(&see(Some("agent"))));
            }
        };
        if self.json && !matches!(job, AgentJob::Status { .. }) {
            return Err(unknown("--json").cure("It goes with 'agent status'."));
        }
        Ok(Job::Agent(job, lang))
    }
}
