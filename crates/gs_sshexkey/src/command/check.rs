//! `gs_sshexkey check`: who can reach whom.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use sshtrust::check::{CheckError, Checked, Options, check};
use sshtrust::event::{Event, Observer};
use sshtrust::inventory::Cluster;
use sshtrust::passwords::PasswordFile;

use super::asker::Asker;
use super::runtime;
use super::setup::unwritable_log;
use super::{password_file, source};
use crate::args::Check;
use crate::errors::{self, Report};
use crate::host::{self, User};
use crate::log::Log;
use crate::prompt::{self, Channel};
use crate::reporter::Classic;

/// Exit status when not every pair works.
const BROKEN: u8 = 1;

/// Runs it. An error was already shown.
pub(crate) fn run(words: &Check) -> ExitCode {
    match work(words) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(BROKEN),
        Err(report) => {
            let _ = writeln!(std::io::stderr(), "{report}");
            ExitCode::from(report.status())
        }
    }
}

/// Whether every pair works.
fn work(words: &Check) -> Result<bool, Report> {
    let done = || -> Result<bool, Report> {
        let cluster = source::read(&words.source)?;
        let file = words.password_file.as_deref();
        let passwords = file.map(|path| password_file::read(path, &cluster)).transpose()?;
        let log = match &words.log {
            Some(path) => Log::open(path).map_err(|(path, e)| unwritable_log(&path, &e))?,
            None => Log::default(),
        };
        let watcher = Watcher(Classic::new(log, true));
        let checked = look(words, cluster, passwords, host::user()?, &watcher);
        watcher.0.clear_progress();
        let checked = checked?;
        tell(words, &checked)?;
        Ok(checked.is_healthy())
    };
    done().map_err(|report| report.exit(errors::NOT_DONE))
}

fn look(
    words: &Check,
    cluster: Cluster,
    passwords: Option<PasswordFile>,
    user: User,
    watcher: &Watcher,
) -> Result<Checked, Report> {
    let options = Options {
        cluster,
        user: user.name,
        home: user.home,
        agent: std::env::var_os("SSH_AUTH_SOCK").map(PathBuf::from),
        by_ip: words.by_ip,
        by_name: words.by_name,
        ask: !words.no_password,
    };
    let runtime = runtime::start()?;
    let result: Result<Checked, CheckError> = runtime.block_on(async {
        let shown = |text: &str| watcher.0.asked(text);
        let mut asker =
            Asker { user: &options.user, file: passwords, channel: Channel::Error, shown: &shown };
        check(&options, &mut asker, watcher, runtime::stop_on_signals()).await
    });
    prompt::restore();
    // A thread that still waits for an answer at the terminal must not hold up the end.
    runtime.shutdown_background();
    result.map_err(|error| errors::check(&error))
}

fn tell(_words: &Check, checked: &Checked) -> Result<(), Report> {
    let counts = checked.matrix.counts();
    let _ = writeln!(std::io::stdout(), "{counts:?} {:.2}", checked.took.as_secs_f64());
    for edge in checked.matrix.edges() {
        let _ = writeln!(std::io::stdout(), "{edge:?}");
    }
    Ok(())
}

/// Writes the log and the progress bar; standard output is for the result.
struct Watcher(Classic);

impl Observer for Watcher {
    fn event(&self, event: &Event) {
        match event {
            Event::PasswordsRefused(nodes) => {
                let nodes = errors::list(nodes.iter().map(ToString::to_string));
                self.0.hint(&format!("{nodes} refused it."));
            }
            other => self.0.event(other),
        }
    }
}
