//! `gs_sshexkey check`: who can reach whom.

use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use rustix::fs::{Access, access};
use sshtrust::check::{CheckError, Checked, Options, check};
use sshtrust::inventory::NodeIx;
use sshtrust::passwords::PasswordFile;
use sshtrust::text::printable;

use super::asker::Asker;
use super::runtime;
use super::verb::{self, Inputs, Prepared, Watcher};
use super::watch;
use crate::args::{Check, Format};
use crate::errors::{self, NOT_DONE, Report};
use crate::host::{self, User};
use crate::prompt::Channel;
use crate::reporter::{
    Classic, Redactor, Style, render_matrix, render_page, render_prometheus, replace, replace_metrics,
    write_json,
};
use crate::testing;

/// Runs it. An error was already shown.
pub(crate) fn run(words: &Check) -> ExitCode {
    if let Some(every) = &words.every {
        return watch::run(words, every);
    }
    verb::run(words.lang, prepare(words), |inputs, watcher| {
        work(words, inputs, watcher).map_err(|report| report.exit(NOT_DONE))
    })
}

/// All that is needed before the network.
pub(super) fn prepare(words: &Check) -> Result<Prepared, Report> {
    let (passwords, log) = (words.password_file.as_deref(), words.log.as_deref());
    let prepared = Prepared::of(&words.source, passwords, &words.host_keys, log)?;
    foresee(words)?;
    Ok(prepared)
}

/// Whether every pair works.
fn work(words: &Check, inputs: Inputs, watcher: &Watcher) -> Result<bool, Report> {
    let redactor = Redactor::new(words.redact, &inputs.cluster);
    let checked = host::user().and_then(|user| look(words, inputs, user, watcher));
    watcher.0.clear_progress();
    let checked = checked.inspect_err(|_| alarm(words))?;
    note(&checked, &watcher.0);
    tell(words, &redactor, &checked)?;
    Ok(checked.is_healthy())
}

/// What was found, for the log: every pair that does not work, with the words of `ssh`.
pub(super) fn note(checked: &Checked, log: &Classic) {
    let counts = checked.matrix.counts();
    log.detail(&format!("{} of {} pairs work", counts.good(), counts.total()));
    let node =
        |index: NodeIx| checked.matrix.nodes().get(index).map_or_else(String::new, ToString::to_string);
    for edge in checked.matrix.edges() {
        let (from, to, cause) = (node(edge.from), node(edge.to), edge.cause.code());
        log.detail(&format!("{from} -> {to} (ssh {}): {cause}: {}", edge.host, edge.said));
    }
}

/// A check that could not be done rings the alarm too: nobody was seen to reach anybody.
pub(super) fn alarm(words: &Check) {
    if let (Some(path), Format::Prometheus) = (&words.output, words.format) {
        // The error that led here is the one to show.
        let _ = replace_metrics(path, None, None);
    }
}

/// What is asked of the pipeline, and the passwords that it may use.
pub(super) fn options(words: &Check, inputs: Inputs, user: User) -> (Options, Option<PasswordFile>) {
    let Inputs { cluster, passwords, host_keys } = inputs;
    let options = Options {
        cluster,
        user: user.name,
        home: user.home,
        agent: std::env::var_os("SSH_AUTH_SOCK").map(PathBuf::from),
        check_names: words.source.states_host_names(),
        by_ip: words.by_ip,
        by_name: words.by_name,
        coverage: words.coverage,
        ask: !words.no_password,
        host_keys,
        limits: testing::limits(),
    };
    (options, passwords)
}

fn look(words: &Check, inputs: Inputs, user: User, watcher: &Watcher) -> Result<Checked, Report> {
    let (options, passwords) = options(words, inputs, user);
    let result: Result<Checked, CheckError> = runtime::complete(async {
        let shown = |text: &str| watcher.0.asked(text);
        let mut asker =
            Asker { user: &options.user, file: passwords, channel: Channel::Error, shown: &shown };
        check(&options, &mut asker, watcher, runtime::stop_on_signals()).await
    })?;
    result.map_err(|error| errors::check(&error))
}

/// Shows the result, or writes it.
fn tell(words: &Check, redactor: &Redactor, checked: &Checked) -> Result<(), Report> {
    match &words.output {
        Some(path) if words.format == Format::Prometheus => {
            written(path, replace_metrics(path, Some(checked), None))?
        }
        Some(path) => written(path, replace(path, |out| result(words, redactor, checked, out)))?,
        None => match result(words, redactor, checked, &mut std::io::stdout().lock()) {
            // Nobody may be listening any more.
            Err(error) if error.kind() != ErrorKind::BrokenPipe => {
                written(Path::new("standard output"), Err(error))?;
            }
            _ => {}
        },
    }
    if let Some(path) = &words.html {
        let page = render_page(checked, words.lang);
        written(path, replace(path, |out| out.write_all(page.as_bytes())))?;
    }
    Ok(())
}

/// Whether the files can be made, as far as can be said before: a long check must not end without its result.
fn foresee(words: &Check) -> Result<(), Report> {
    for path in [&words.output, &words.html].into_iter().flatten() {
        // Where a link leads is replaced, not the link.
        let path = &std::fs::canonicalize(path).unwrap_or_else(|_| path.clone());
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let wrong = if path.is_dir() {
            Some(ErrorKind::IsADirectory.into())
        } else if path.exists() && !path.is_file() {
            None
        } else {
            access(folder, Access::WRITE_OK | Access::EXEC_OK).err().map(io::Error::from)
        };
        written(path, wrong.map_or(Ok(()), Err))?;
    }
    Ok(())
}

fn result(words: &Check, redactor: &Redactor, checked: &Checked, out: &mut dyn Write) -> io::Result<()> {
    match words.format {
        Format::Text => out.write_all(render_matrix(checked, &style(words)).as_bytes()),
        Format::Json => write_json(checked, redactor, out),
        Format::Prometheus => out.write_all(render_prometheus(checked, None, None).as_bytes()),
    }
}

/// A file is no terminal, whatever standard output is.
pub(super) fn style(words: &Check) -> Style {
    let style = Style::of_stdout(words.lang);
    if words.output.is_some() { Style { colour: false, ..style } } else { style }
}

pub(super) fn written(path: &Path, result: io::Result<()>) -> Result<(), Report> {
    result.map_err(|error| {
        let path = printable(path.as_os_str().as_encoded_bytes());
        Report::new("50205", &format!("Failed to write {path}. {error}"))
            .cure("Name a file in a folder that is there and that you may write.")
    })
}
