//! One file a command.

mod access;
mod agent;
mod agree;
mod asker;
mod bundle;
mod check;
mod doctor;
mod expand;
mod help;
mod host_keys;
mod job_control;
mod named;
mod password_file;
mod revoke;
mod rotate;
mod runtime;
mod setup;
mod shrink;
mod source;
mod typed;
mod verb;
mod watch;
mod with;

use std::ffi::OsString;
use std::io::Write;
use std::process::ExitCode;

use crate::args::{self, Job};
use crate::i18n;

/// Runs the command line. An error was already shown.
pub(crate) fn run(args: impl Iterator<Item = OsString>) -> ExitCode {
    let done = match args::parse(args, i18n::of_environment()) {
        Ok(Job::Show(text)) => {
            // Nobody may be listening any more.
            let _ = writeln!(std::io::stdout(), "{}", text.trim_end());
            Ok(())
        }
        Ok(Job::Write(form, topic, lang)) => {
            let _ = write!(std::io::stdout(), "{}", help::written(form, topic, lang));
            Ok(())
        }
        Ok(Job::Setup(words)) => return setup::run(&words),
        Ok(Job::Agent(job, lang)) => agent::run(job, lang),
        Ok(Job::Check(words)) => return check::run(&words),
        Ok(Job::Doctor(words)) => return doctor::run(&words),
        Ok(Job::Explain(code, lang)) => {
            doctor::explain(code, lang);
            Ok(())
        }
        Ok(Job::Bundle(words)) => bundle::run(&words),
        Ok(Job::Revoke(words)) => return revoke::run(&words),
        Ok(Job::Access(words)) => return access::run(&words),
        Ok(Job::Expand(words)) => return expand::run(&words),
        Ok(Job::With(words)) => return with::run(&words),
        Ok(Job::Rotate(words)) => return rotate::run(&words),
        Ok(Job::Shrink(words)) => return shrink::run(&words),
        Err(report) => {
            let _ = writeln!(std::io::stderr(), "{report}");
            return ExitCode::from(report.status());
        }
    };
    if done.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
