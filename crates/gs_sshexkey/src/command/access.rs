//! `gs_sshexkey access`: who can get in.

use std::io::{self, ErrorKind, Write};
use std::path::Path;
use std::process::ExitCode;
use std::time::SystemTime;

use sshtrust::operation::access;

use super::asker::Asker;
use super::check::written;
use super::runtime;
use super::verb::{self, Inputs, Prepared, Watcher};
use crate::args::Access;
use crate::errors::{self, NOT_DONE, Report};
use crate::host::{self, User};
use crate::i18n::Lang;
use crate::prompt::Channel;
use crate::reporter::access::{AccessReport, render, write_json};
use crate::reporter::{Redactor, Style};

/// Runs it. An error was already shown.
pub(crate) fn run(words: &Access) -> ExitCode {
    let (passwords, log) = (words.password_file.as_deref(), words.log.as_deref());
    let prepared = Prepared::of(&words.source, passwords, &words.host_keys, log);
    verb::run(words.lang, prepared, |inputs, watcher| {
        work(words, inputs, watcher).map_err(|report| report.exit(NOT_DONE))
    })
}

/// Whether every node could be read.
fn work(words: &Access, inputs: Inputs, watcher: &Watcher) -> Result<bool, Report> {
    let redactor = Redactor::new(words.redact, &inputs.cluster);
    let report = host::user().and_then(|user| look(words, inputs, user, watcher));
    watcher.0.clear_progress();
    let report = report?;
    let plain = Style { lang: Lang::En, width: 120, colour: false, unicode: true };
    watcher.0.detail(render(&report, &plain).trim_end());
    let mut out = io::stdout().lock();
    let result = if words.json {
        write_json(&report, &redactor, &mut out)
    } else {
        out.write_all(render(&report, &Style::of_stdout(words.lang)).as_bytes())
    };
    match result {
        // Nobody may be listening any more.
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            written(Path::new("standard output"), Err(error))?;
        }
        _ => {}
    }
    Ok(report.is_whole())
}

fn look(words: &Access, inputs: Inputs, user: User, watcher: &Watcher) -> Result<AccessReport, Report> {
    let Inputs { cluster, passwords, host_keys } = inputs;
    let options = verb::entering(cluster, user, host_keys, !words.no_password);
    let began = SystemTime::now();
    let seen = runtime::complete(async {
        let shown = |text: &str| watcher.0.asked(text);
        let mut asker =
            Asker { user: &options.user, file: passwords, channel: Channel::Error, shown: &shown };
        access(&options, &mut asker, watcher, runtime::stop_on_signals()).await
    })?;
    let seen = seen.map_err(|error| errors::access(&error))?;
    Ok(AccessReport { user: options.user, began, took: began.elapsed().unwrap_or_default(), seen })
}
