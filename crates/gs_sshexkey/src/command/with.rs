//! `gs_sshexkey with`: trust for the length of one command.

use std::ffi::{OsStr, OsString};
use std::fmt::Display;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{ExitCode, ExitStatus};
use std::time::SystemTime;

use rustix::fs::{Access, access};
use rustix::process::{Pid, Signal, getpgrp, kill_process};
use sshtrust::bounds::Ask;
use sshtrust::fleet::let_go;
use sshtrust::operation::{LendError, Lent, RevokeOptions, lend, revoke, survey};
use sshtrust::passwords::PasswordFile;
use sshtrust::plan::foresee_bounds;
use sshtrust::setup::Options;
use sshtrust::text::printable;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use super::asker::Asker;
use super::runtime;
use super::typed::command;
use super::verb::{self, Inputs, Prepared, Watcher};
use crate::args::{With, usual_coverage};
use crate::errors::{self, NOT_DONE, Report};
use crate::host;
use crate::i18n::{Lang, WithText};
use crate::prompt::Channel;
use crate::reporter::Style;
use crate::reporter::revoke::{Next, RevokeReport, Stage, render_text};
use crate::testing;

/// What the system adds to a signal's number in the exit status of a command that it ended, as shells do (sh(1)).
const SIGNALLED: i32 = 128;

/// Runs it. Exit status: the command's; 1 if trust was not made or not taken away; 2 if it could not be tried. An error was
/// already shown.
pub(crate) fn run(words: &With) -> ExitCode {
    let prepared = startable(&words.command).and_then(|()| {
        let (passwords, log) = (words.password_file.as_deref(), words.log.as_deref());
        Prepared::of(&words.source, passwords, &words.host_keys, log)
    });
    let prepared = prepared.and_then(|prepared| {
        foresee_bounds(&words.bounds, prepared.inputs.cluster.nodes.iter().map(|node| node.ip))
            .map_err(|error| errors::bounds(&error).exit(NOT_DONE))?;
        Ok(prepared)
    });
    let mut ended = None;
    let done = verb::run(words.lang, prepared, |inputs, watcher| {
        let (status, gone) = work(words, inputs, watcher)?;
        ended = Some(status);
        Ok(gone)
    });
    match ended {
        Some(status) if done == ExitCode::SUCCESS => {
            ExitCode::from(u8::try_from(code(status)).unwrap_or(u8::MAX))
        }
        _ => done,
    }
}

fn code(status: ExitStatus) -> i32 {
    status.code().or_else(|| Some(SIGNALLED + status.signal()?)).unwrap_or(1)
}

/// How the command ended, and whether trust is as it was.
fn work(words: &With, inputs: Inputs, watcher: &Watcher) -> Result<(ExitStatus, bool), Report> {
    let Inputs { cluster, passwords, host_keys } = inputs;
    let user = host::user().map_err(|report| report.exit(NOT_DONE))?;
    let options = Options {
        cluster,
        user: user.name,
        home: user.home,
        agent: std::env::var_os("SSH_AUTH_SOCK").map(PathBuf::from),
        check_names: words.source.states_host_names(),
        map_names: !words.skip_hostname_set,
        keep_old_mapping: true,
        keys: None,
        key_type: None,
        new_key: false,
        bounds: words.bounds.clone(),
        dry_run: false,
        coverage: usual_coverage(),
        host_keys,
        limits: testing::limits(),
        // It is to end, not to come back.
        keepalive: None,
        growth: None,
    };
    runtime::complete(drive(words, &options, passwords, watcher)).map_err(|report| report.exit(NOT_DONE))?
}

async fn drive(
    words: &With,
    options: &Options,
    passwords: Option<PasswordFile>,
    watcher: &Watcher,
) -> Result<(ExitStatus, bool), Report> {
    let stop = runtime::stop_on_signals();
    let shown = |text: &str| watcher.0.asked(text);
    let mut asker = Asker { user: &options.user, file: passwords, channel: Channel::Error, shown: &shown };
    let lent = lend(options, &mut asker, watcher, stop.clone()).await;
    // The command may be this program itself, or last for hours.
    let_go().await;
    watcher.0.clear_progress();
    let revoke = command(&["revoke"], &words.source.words());
    if let Err(LendError::Undecided(_)) = &lent {
        // What some nodes may have kept must not be taken for trust that stood.
        take_away(words.lang, options, false, &revoke, watcher).await;
        let_go().await;
    }
    let lent = lent.map_err(|error| errors::lend(&error))?;
    tell(words, options, &lent, &revoke, watcher);
    // Not held any longer: who tells of a signal waits for it.
    let stopped = *stop.borrow();
    let status = if stopped {
        // Between the proof and the command.
        Ok(ExitStatus::from_raw(Signal::INT.as_raw()))
    } else {
        serve(&words.command, &stop).await
    };
    let gone = lent.stood || take_away(words.lang, options, lent.mapped, &revoke, watcher).await;
    match status {
        Ok(status) => Ok((status, gone)),
        Err(error) => Err(no_start(&words.command, &error.to_string()).exit(1)),
    }
}

fn tell(words: &With, options: &Options, lent: &Lent, revoke: &str, watcher: &Watcher) {
    let user: &dyn Display = &printable(options.user.as_bytes());
    let revoke: &dyn Display = &revoke;
    let say = |text: WithText<'_>| watcher.0.hint(&text.text(words.lang));
    if lent.stood {
        return say(WithText::Stood { user });
    }
    let (nodes, pairs) = (&options.cluster.nodes.len(), &(lent.proofs.called + lent.proofs.derived));
    say(WithText::Lent { user, nodes, pairs });
    let net = words.bounds.expires != Ask::Lift;
    say(if net { WithText::Net { revoke } } else { WithText::NoNet { revoke } });
}

/// Runs the command with the terminal, and hands on the signals that ask for the end.
async fn serve(command: &[OsString], stop: &watch::Receiver<bool>) -> std::io::Result<ExitStatus> {
    let Some((program, words)) = command.split_first() else { return Ok(ExitStatus::from_raw(0)) };
    let mut child = tokio::process::Command::new(program).args(words).spawn()?;
    let pid = child.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?));
    let mut listening = tokio::task::JoinSet::new();
    for kind in [Signal::INT, Signal::QUIT, Signal::TERM, Signal::HUP] {
        let mut signals = signal(SignalKind::from_raw(kind.as_raw()))?;
        listening.spawn(async move {
            while signals.recv().await.is_some() {
                // What is pressed at the terminal the command has already, as it is in the same group.
                let pressed = matches!(kind, Signal::INT | Signal::QUIT) && is_in_foreground();
                if let Some(pid) = pid.filter(|_| !pressed) {
                    let _ = kill_process(pid, kind);
                }
            }
        });
    }
    // Before there was anybody to tell.
    let asked = *stop.borrow();
    if let Some(pid) = pid.filter(|_| asked) {
        let _ = kill_process(pid, Signal::INT);
    }
    child.wait().await
}

/// Whether a terminal sends its signals to this process.
fn is_in_foreground() -> bool {
    let terminal = std::fs::File::open("/dev/tty");
    terminal.is_ok_and(|terminal| rustix::termios::tcgetpgrp(terminal).ok() == Some(getpgrp()))
}

/// Takes away what was lent. A signal does not stop it: it is bounded in time, and what is asked for is its end.
async fn take_away(lang: Lang, options: &Options, keep_names: bool, typed: &str, watcher: &Watcher) -> bool {
    let check = verb::entering_by_key(options, options.cluster.clone());
    // A node that has died meanwhile must not keep the others from it.
    let revoking = RevokeOptions { check, partial: true, keep_names, dry_run: false };
    let (_sender, deaf) = watch::channel(false);
    let mut asker = Asker {
        user: &options.user,
        file: None,
        channel: Channel::Error,
        shown: &|text| watcher.0.asked(text),
    };
    let revoked = async {
        let surveyed = survey(&revoking, &mut asker, watcher, deaf.clone()).await?;
        let next = Next { partial: typed.to_owned(), rest: typed.to_owned() };
        let report = RevokeReport::new(&options.user, SystemTime::now(), &surveyed, next);
        if report.is_nothing() && report.barred().is_empty() {
            return Ok(RevokeReport { stage: Stage::Nothing, ..report });
        }
        let revoked = revoke(&revoking, &surveyed, watcher, deaf.clone()).await?;
        Ok(report.done(&revoked))
    };
    let revoked = revoked.await;
    watcher.0.clear_progress();
    let user = printable(options.user.as_bytes());
    let gone = match revoked {
        Ok(report) => {
            let style = Style { lang, ..Style::of_stdout(lang) };
            let text = render_text(&report, &style);
            if report.is_done() {
                watcher.0.detail(text.trim_end())
            } else {
                watcher.0.hint(text.trim_end())
            }
            report.is_done()
        }
        Err(error) => {
            watcher.0.error(&errors::revoke(&error));
            false
        }
    };
    let text = if gone { WithText::Gone { user: &user } } else { WithText::NotGone { revoke: &typed } };
    watcher.0.hint(&text.text(lang));
    gone
}

/// Fails if the command cannot be started, as far as that can be seen (exec(3)): before anything is asked or changed.
fn startable(command: &[OsString]) -> Result<(), Report> {
    let Some(program) = command.first() else { return Ok(()) };
    let runs = |path: &Path| path.is_file() && access(path, Access::EXEC_OK).is_ok();
    let found = if program.as_bytes().contains(&b'/') {
        runs(Path::new(program))
    } else {
        let path = std::env::var_os("PATH").unwrap_or_default();
        std::env::split_paths(&path).any(|folder| runs(&folder.join(program)))
    };
    let why = "there is no such program, or it may not be run";
    if found { Ok(()) } else { Err(no_start(command, why).exit(NOT_DONE)) }
}

fn no_start(command: &[OsString], why: &str) -> Report {
    let program = printable(command.first().map_or(OsStr::new(""), OsString::as_os_str).as_bytes());
    Report::other(&format!("The command {program} cannot be started: {why}."))
        .cure("Write the command behind the two hyphens as you would at a shell, or give its path.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_started_is_told_before() {
        let command = |word: &str| vec![OsString::from(word)];
        for good in ["sh", "/bin/sh"] {
            assert!(startable(&command(good)).is_ok(), "{good}");
        }
        for bad in ["/etc/passwd", "/etc", "/nonexistent/x", "no-such-program-here", ""] {
            assert_eq!(startable(&command(bad)).unwrap_err().status(), NOT_DONE, "{bad}");
        }
    }

    #[test]
    fn the_exit_status_is_as_a_shell_tells_it() {
        for (raw, wanted) in [(0, 0), (3 << 8, 3), (15, 143), (9, 137)] {
            assert_eq!(code(ExitStatus::from_raw(raw)), wanted);
        }
    }
}
