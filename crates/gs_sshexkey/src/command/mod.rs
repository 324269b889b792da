//! One file a command.

mod agent;
mod setup;

use std::ffi::OsString;
use std::io::Write;

use crate::args::{self, Job};
use crate::i18n;

/// Runs the command line. The error was already shown.
pub(crate) fn run(args: impl Iterator<Item = OsString>) -> Result<(), ()> {
    match args::parse(args, i18n::of_environment()) {
        Ok(Job::Show(text)) => {
            // Nobody may be listening any more.
            let _ = writeln!(std::io::stdout(), "{}", text.trim_end());
            Ok(())
        }
        Ok(Job::Setup(words)) => setup::run(&words),
        Ok(Job::Agent(job, lang)) => agent::run(job, lang),
        Err(report) => {
            let _ = writeln!(std::io::stderr(), "{report}");
            Err(())
        }
    }
}
