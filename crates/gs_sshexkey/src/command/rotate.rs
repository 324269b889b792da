//! `gs_sshexkey rotate`: gives every node a new key, and has it proven that the old one is refused.

use std::io::{self, ErrorKind, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::SystemTime;

use sshtrust::bounds::BoundsWish;
use sshtrust::enter::{HostKeyPolicy, Passwords, Question};
use sshtrust::inventory::{Cluster, NodeSpec};
use sshtrust::operation::{RotateOptions as Options, plan_rotation, rotate};
use sshtrust::passwords::PasswordFile;
use sshtrust::probe::Coverage;
use sshtrust::secret::Secret;
use tokio::sync::watch;

use super::agree::agreed;
use super::asker::Asker;
use super::check::written;
use super::runtime;
use super::verb::{self, Inputs, Prepared, Watcher};
use crate::args::{ChangeRun, Rotate, Source};
use crate::errors::{self, NOT_DONE, Report};
use crate::host::{self, User};
use crate::i18n::Lang;
use crate::prompt::Channel;
use crate::reporter::Style;
use crate::reporter::changes::How;
use crate::reporter::rotate::{RotateReport, Stage, changes, question, render_plan, render_text, write_json};
use crate::testing;

/// Runs it. An error was already shown.
pub(crate) fn run(words: &Rotate) -> ExitCode {
    verb::run(words.run.lang, prepared(&words.source, &words.run), |inputs, watcher| {
        work(words, inputs, watcher)
    })
}

/// All that is needed before the network.
pub(super) fn prepared(source: &Source, run: &ChangeRun) -> Result<Prepared, Report> {
    Prepared::of(source, run.password_file.as_deref(), &run.host_keys, run.log.as_deref())
}

/// Whether what was asked for is done.
fn work(words: &Rotate, inputs: Inputs, watcher: &Watcher) -> Result<bool, Report> {
    let not_tried = |report: Report| report.exit(NOT_DONE);
    let Inputs { cluster, passwords, host_keys } = inputs;
    let user = host::user().map_err(not_tried)?;
    let options = Options {
        keys: words.keys,
        key_type: words.key_type,
        dry_run: words.run.dry_run,
        coverage: words.run.coverage,
        ..options(cluster, host_keys, user, words.source.states_host_names())
    };
    let result = runtime::complete(drive(words, &options, passwords, watcher)).map_err(not_tried)?;
    watcher.0.clear_progress();
    result
}

/// What replaces keys, and nothing else: names and jobs stay as they are.
pub(super) fn options(cluster: Cluster, host_keys: HostKeyPolicy, user: User, check_names: bool) -> Options {
    Options {
        cluster,
        user: user.name,
        home: user.home,
        agent: std::env::var_os("SSH_AUTH_SOCK").map(PathBuf::from),
        check_names,
        map_names: false,
        keep_old_mapping: true,
        keys: None,
        key_type: None,
        new_key: false,
        // As they stand.
        bounds: BoundsWish::default(),
        growth: None,
        dry_run: false,
        coverage: Coverage::default(),
        host_keys,
        limits: testing::limits(),
        keepalive: None,
    }
}

async fn drive(
    words: &Rotate,
    options: &Options,
    passwords: Option<PasswordFile>,
    watcher: &Watcher,
) -> Result<bool, Report> {
    let (stop, began, run) = (runtime::stop_on_signals(), SystemTime::now(), &words.run);
    let shown = |text: &str| watcher.0.asked(text);
    let asker = Asker { user: &options.user, file: passwords, channel: Channel::Error, shown: &shown };
    let mut asker = MayAsk { asker, may: !run.no_password };
    let planned = plan_rotation(options, &mut asker, watcher, stop.clone()).await;
    watcher.0.clear_progress();
    let rotation = planned.map_err(|error| errors::rotate(&error))?;
    let report = RotateReport::new(&options.user, began, &rotation);
    watcher.0.long_detail(|| changes(&report.nodes, How::for_log()));
    if run.dry_run {
        return end(run, &RotateReport { stage: Stage::DryRun, ..report }, watcher);
    }
    show_plan(run, &render_plan(&report, &Style::of_stdout(run.lang)));
    if run.ask && !agree(question(run.lang), stop.clone()).await? {
        return end(run, &RotateReport { stage: Stage::Declined, ..report }, watcher);
    }
    let rotated = rotate(options, &rotation, watcher, stop).await;
    watcher.0.clear_progress();
    let rotated = rotated.map_err(|error| errors::explain(&error))?;
    end(run, &report.done(&rotated), watcher)
}

/// Asks for passwords, if that is allowed.
pub(super) struct MayAsk<'a> {
    pub(super) asker: Asker<'a>,
    pub(super) may: bool,
}

impl Passwords for MayAsk<'_> {
    async fn ask(&mut self, question: Question) -> Result<Secret, String> {
        if self.may { self.asker.ask(question).await } else { Err("--no-password was given".to_owned()) }
    }

    fn has_own(&self, node: NodeSpec) -> bool {
        self.asker.has_own(node)
    }

    fn asks_again(&self) -> bool {
        self.may && self.asker.asks_again()
    }

    fn forget(&mut self) {
        self.asker.forget();
    }
}

/// Shows the plan; where somebody is to agree to it, on the channel of the question too, if standard output is not that
/// person's screen.
pub(super) fn show_plan(run: &ChangeRun, plan: &str) {
    let elsewhere = run.ask && (run.json || !io::stdout().is_terminal());
    // Nobody may be listening any more.
    if !run.json {
        let _ = writeln!(io::stdout(), "{plan}");
    }
    if elsewhere {
        let _ = writeln!(io::stderr(), "{plan}");
    }
}

pub(super) async fn agree(question: String, stop: watch::Receiver<bool>) -> Result<bool, Report> {
    agreed(question, stop).await.map_err(|report| report.exit(NOT_DONE))
}

/// Tells how it ended. Returns whether it is done.
fn end(run: &ChangeRun, report: &RotateReport, watcher: &Watcher) -> Result<bool, Report> {
    watcher.0.detail(render_text(report, &for_log()).trim_end());
    to_stdout(|out| {
        if run.json {
            return write_json(report, out);
        }
        let style = Style::of_stdout(run.lang);
        if report.stage == Stage::DryRun {
            writeln!(out, "{}\n{}", render_plan(report, &style), changes(&report.nodes, How::of(&style)))?;
        }
        out.write_all(render_text(report, &style).as_bytes())
    })?;
    Ok(report.is_done())
}

/// How the log has it.
pub(super) const fn for_log() -> Style {
    Style { lang: Lang::En, width: 120, colour: false, unicode: true }
}

/// Writes the result; nobody may be listening any more.
pub(super) fn to_stdout(tell: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), Report> {
    match tell(&mut io::stdout().lock()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            written(Path::new("standard output"), Err(error))
        }
        _ => Ok(()),
    }
}
