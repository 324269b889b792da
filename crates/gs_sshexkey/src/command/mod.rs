//! One file a command.

mod agent;
mod asker;
mod password_file;
mod setup;
mod source;

use std::ffi::OsString;
use std::io::Write;

use crate::args::{self, Job};

/// Runs the command line. The error was already shown.
pub(crate) fn run(args: impl Iterator<Item = OsString>) -> Result<(), ()> {
    match args::parse(args) {
        Ok(Job::Show(text)) => {
            // Nobody may be listening any more.
            let _ = writeln!(std::io::stdout(), "{}", text.trim_end());
            Ok(())
        }
        Ok(Job::Setup(words)) => setup::run(&words),
        Ok(Job::Agent(job)) => agent::run(job),
        Err(report) => {
            let _ = writeln!(std::io::stderr(), "{report}");
            Err(())
        }
    }
}
