//! `gs_sshexkey revoke`: takes trust away, and has it proven.

use std::io::{self, ErrorKind, IsTerminal, Write};
use std::path::Path;
use std::process::ExitCode;
use std::time::SystemTime;

use sshtrust::enter::HostKeyPolicy;
use sshtrust::inventory::Cluster;
use sshtrust::operation::{RevokeOptions as Options, revoke, survey};
use sshtrust::passwords::PasswordFile;
use tokio::sync::watch;

use super::agree::agreed;
use super::asker::Asker;
use super::check::written;
use super::runtime;
use super::typed::command;
use super::verb::{self, Inputs, Prepared, Watcher};
use crate::args::Revoke;
use crate::errors::{self, NOT_DONE, Report};
use crate::host::{self, User};
use crate::i18n::Lang;
use crate::prompt::Channel;
use crate::reporter::Style;
use crate::reporter::changes::How;
use crate::reporter::revoke::{
    Next, RevokeReport, Stage, changes, question, render_plan, render_text, write_json,
};

/// Runs it. An error was already shown.
pub(crate) fn run(words: &Revoke) -> ExitCode {
    let (passwords, log) = (words.password_file.as_deref(), words.log.as_deref());
    let prepared = Prepared::of(&words.source, passwords, &words.host_keys, log);
    verb::run(words.lang, prepared, |inputs, watcher| work(words, inputs, watcher))
}

/// Whether what was asked for is done.
fn work(words: &Revoke, inputs: Inputs, watcher: &Watcher) -> Result<bool, Report> {
    let not_tried = |report: Report| report.exit(NOT_DONE);
    let Inputs { cluster, passwords, host_keys } = inputs;
    let options = options(words, cluster, host_keys, host::user().map_err(not_tried)?);
    let result = runtime::complete(drive(words, &options, passwords, watcher)).map_err(not_tried)?;
    watcher.0.clear_progress();
    result
}

fn options(words: &Revoke, cluster: Cluster, host_keys: HostKeyPolicy, user: User) -> Options {
    let check = verb::entering(cluster, user, host_keys, !words.no_password);
    Options { check, partial: words.partial, keep_names: words.keep_names, dry_run: words.dry_run }
}

async fn drive(
    words: &Revoke,
    options: &Options,
    passwords: Option<PasswordFile>,
    watcher: &Watcher,
) -> Result<bool, Report> {
    let (stop, began) = (runtime::stop_on_signals(), SystemTime::now());
    let shown = |text: &str| watcher.0.asked(text);
    let user = &options.check.user;
    let mut asker = Asker { user, file: passwords, channel: Channel::Error, shown: &shown };
    let surveyed = survey(options, &mut asker, watcher, stop.clone()).await;
    watcher.0.clear_progress();
    let surveyed = surveyed.map_err(|error| errors::revoke(&error).exit(NOT_DONE))?;
    let mut report = RevokeReport::new(user, began, &surveyed, next(words));
    report.program = if words.remove_program { std::env::current_exe().ok() } else { None };
    watcher.0.long_detail(|| changes(&report, How::for_log()));
    if let Some(stage) = without_change(words, &report) {
        return end(words, &RevokeReport { stage, ..report }, watcher);
    }
    show_plan(words, &report);
    if words.ask && !agree(words, &report, stop.clone()).await? {
        return end(words, &RevokeReport { stage: Stage::Declined, ..report }, watcher);
    }
    let revoked = revoke(options, &surveyed, watcher, stop).await;
    watcher.0.clear_progress();
    let report = report.done(&revoked.map_err(|error| errors::revoke(&error))?);
    remove_program(&report, watcher);
    end(words, &report, watcher)
}

/// What is said where nothing is to be changed.
fn without_change(words: &Revoke, report: &RevokeReport) -> Option<Stage> {
    match (report.barred().is_empty(), report.is_nothing()) {
        (true, true) => Some(Stage::Nothing),
        (false, true) => Some(Stage::Barred),
        (false, _) if !words.partial => Some(Stage::Barred),
        _ => words.dry_run.then_some(Stage::DryRun),
    }
}

/// What to type next.
fn next(words: &Revoke) -> Next {
    let flags = [
        (words.keep_names, "--keep-names"),
        (words.remove_program, "--remove-program"),
        (words.no_password, "--no-password"),
    ];
    let mut flags: Vec<String> =
        flags.iter().filter(|(given, _)| *given).map(|(_, flag)| (*flag).to_owned()).collect();
    if let Some(path) = &words.password_file {
        flags.extend(["--password-file".to_owned(), path.to_string_lossy().into_owned()]);
    }
    flags.extend(words.host_keys.words());
    let with = |source: Vec<String>| [source, flags.clone()].concat();
    let partial = [with(words.source.words()), vec!["--partial".to_owned()]].concat();
    let rest = with(vec!["-f".to_owned(), "HOSTFILE".to_owned()]);
    Next { partial: command(&["revoke"], &partial), rest: command(&["revoke"], &rest) }
}

/// Shows the plan; where somebody is to agree to it, on the channel of the question too, if standard output is not that
/// person's screen.
fn show_plan(words: &Revoke, report: &RevokeReport) {
    let plan = render_plan(report, &Style::of_stdout(words.lang)) + "\n";
    let elsewhere = words.ask && (words.json || !io::stdout().is_terminal());
    // Nobody may be listening any more.
    if !words.json {
        let _ = io::stdout().write_all(plan.as_bytes());
    }
    if elsewhere {
        let _ = io::stderr().write_all(plan.as_bytes());
    }
}

async fn agree(words: &Revoke, report: &RevokeReport, stop: watch::Receiver<bool>) -> Result<bool, Report> {
    agreed(question(report, words.lang), stop).await.map_err(|report| report.exit(NOT_DONE))
}

/// The program's own file goes last, when nothing is left for it to do.
fn remove_program(report: &RevokeReport, watcher: &Watcher) {
    let Some(path) = report.program.as_ref().filter(|_| report.is_done()) else { return };
    match std::fs::remove_file(path) {
        // It may have been the copy in the folder that is gone.
        Err(error) if error.kind() != ErrorKind::NotFound => {
            watcher.0.hint(&format!("Warning: {} was not removed: {error}", path.display()));
        }
        _ => watcher.0.detail("removed the program's own file"),
    }
}

/// Tells how it ended. Returns whether it is done.
fn end(words: &Revoke, report: &RevokeReport, watcher: &Watcher) -> Result<bool, Report> {
    let plain = Style { lang: Lang::En, width: 120, colour: false, unicode: true };
    watcher.0.detail(render_text(report, &plain).trim_end());
    watcher.0.long_detail(|| format!("Left over:\n{}", report.rest().join("\n")));
    let mut out = io::stdout().lock();
    let result = if words.json { write_json(report, &mut out) } else { tell(words, report, &mut out) };
    match result {
        // Nobody may be listening any more.
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            written(Path::new("standard output"), Err(error))?;
        }
        _ => {}
    }
    Ok(report.is_done())
}

fn tell(words: &Revoke, report: &RevokeReport, out: &mut dyn Write) -> io::Result<()> {
    let style = Style::of_stdout(words.lang);
    if report.stage == Stage::DryRun {
        writeln!(out, "{}\n{}", render_plan(report, &style), changes(report, How::of(&style)))?;
    }
    out.write_all(render_text(report, &style).as_bytes())
}
