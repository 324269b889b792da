//! The command of `--on-change`: `sh -c` runs it as it was written, with the document on its standard input.

use std::ffi::OsStr;
use std::os::fd::AsFd;
use std::os::unix::process::ExitStatusExt;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};
use sshtrust::text::printable;
use tokio::io::AsyncWriteExt;
use tokio::process::{Child, Command};
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use crate::i18n::{Lang, WatchText};

/// How long it may take: the next round waits for it.
const LIMIT: Duration = Duration::from_secs(60);
/// What it gets to end by itself, when it has to.
const ENDING: Duration = Duration::from_secs(5);
/// How often it is looked at meanwhile.
const LOOK: Duration = Duration::from_millis(50);

/// How it ended.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Ended {
    /// By itself.
    Itself(ExitStatus),
    /// It took too long.
    TooLong,
    /// It had to end because the program does.
    Stopped,
    /// It did not begin.
    NotStarted(String),
}

impl Ended {
    /// What went wrong; `None`: nothing.
    pub(super) fn text(&self, lang: Lang) -> Option<String> {
        let text = match self {
            Self::Stopped => return None,
            Self::Itself(status) if status.success() => return None,
            Self::Itself(status) => match (status.code(), status.signal()) {
                (Some(status), _) => WatchText::HookStatus { status: &status }.text(lang),
                (None, signal) => WatchText::HookKilled { signal: &signal.unwrap_or_default() }.text(lang),
            },
            Self::TooLong => WatchText::HookTooLong { seconds: &LIMIT.as_secs() }.text(lang),
            Self::NotStarted(why) => WatchText::HookNotStarted { why: &printable(why.as_bytes()) }.text(lang),
        };
        Some(text)
    }
}

/// Runs it, in a process group of its own, until it ends or has to. Nothing is put into the command: what nodes say comes on
/// its standard input alone. What it prints goes to standard error, because standard output is for programs.
pub(super) async fn run(command: &OsStr, document: &[u8], stop: &mut watch::Receiver<bool>) -> Ended {
    match start(command) {
        Ok(child) => follow(child, document, tokio::time::sleep(LIMIT), stop).await,
        Err(error) => Ended::NotStarted(error.to_string()),
    }
}

fn start(command: &OsStr) -> std::io::Result<Child> {
    let error = std::io::stderr().as_fd().try_clone_to_owned()?;
    Command::new("sh")
        .arg("-c")
        .arg(command)
        // The service manager wants to hear of the program, not of what it starts.
        .env_remove("NOTIFY_SOCKET")
        .env_remove("WATCHDOG_USEC")
        .env_remove("WATCHDOG_PID")
        .stdin(Stdio::piped())
        .stdout(Stdio::from(error))
        .process_group(0)
        .spawn()
}

async fn follow(
    mut child: Child,
    document: &[u8],
    limit: impl Future<Output = ()>,
    stop: &mut watch::Receiver<bool>,
) -> Ended {
    let group = child.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?));
    let input = child.stdin.take();
    let feed = async {
        if let Some(mut input) = input {
            // It need not read it.
            let _ = input.write_all(document).await;
        }
        // The end of the input is told by dropping it; only the end of the command counts.
        std::future::pending::<()>().await;
    };
    let forced = tokio::select! {
        ended = child.wait() => {
            return ended.map_or_else(|error| Ended::NotStarted(error.to_string()), Ended::Itself);
        }
        () = feed => Ended::TooLong,
        () = limit => Ended::TooLong,
        _ = stop.wait_for(|stop| *stop) => Ended::Stopped,
    };
    let kill = |signal| group.map(|group| kill_process_group(group, signal));
    kill(Signal::TERM);
    // What the shell has started may outlive it. Until the shell is waited for, its number is given to nobody else.
    if let Some(pid) = group {
        let _ = timeout(ENDING, dead(pid)).await;
    }
    kill(Signal::KILL);
    let _ = child.wait().await;
    forced
}

/// Until a child has ended. It is left to be waited for.
async fn dead(child: Pid) {
    let how = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT | WaitIdOptions::NOHANG;
    while let Ok(None) = waitid(WaitId::Pid(child), how) {
        sleep(LOOK).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    async fn ran(command: &str, document: &[u8], limit: impl Future<Output = ()>) -> Ended {
        let (_stop, mut stopped) = watch::channel(false);
        follow(start(OsStr::new(command)).unwrap(), document, limit, &mut stopped).await
    }

    fn never() -> impl Future<Output = ()> {
        std::future::pending()
    }

    fn quoted(path: &Path) -> String {
        format!("'{}'", path.display())
    }

    #[tokio::test]
    async fn the_document_comes_on_standard_input_whole() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("got");
        // Larger than a pipe has room for.
        let document = "{\"said\": \"$(touch /tmp/no) `x` ; ' \\\"\"}\n".repeat(10_000);
        let ended = ran(&format!("cat > {}", quoted(&file)), document.as_bytes(), never()).await;
        assert_eq!(ended.text(Lang::En), None);
        assert!(std::fs::read(&file).unwrap() == document.as_bytes());
    }

    #[tokio::test]
    async fn how_it_ended_is_told() {
        let large = vec![b' '; 1 << 20];
        // It need not read anything, and may leave somebody behind who holds the pipe.
        for good in ["true", "exec <&-", "exec 3<&0; sleep 5 <&3 >/dev/null 2>&1 & :"] {
            assert_eq!(ran(good, &large, never()).await.text(Lang::En), None, "{good}");
        }
        for (command, words) in
            [("exit 3", "status 3."), ("/nonexistent/x", "status 127."), ("kill -9 $$", "signal 9.")]
        {
            let said = ran(command, b"{}", never()).await.text(Lang::En).unwrap();
            assert!(said.contains(words), "{command}: {said}");
        }
    }

    /// Runs a command that does not end; it says so on descriptor 9. A reader there sees the end when the last process is gone.
    async fn must_be_ended(endless: &str) {
        let folder = tempfile::tempdir().unwrap();
        let fifo = folder.path().join("alive");
        assert!(std::process::Command::new("mkfifo").arg(&fifo).status().unwrap().success());
        let command = format!("exec 9>{}; {endless}", quoted(&fifo));
        let (begun, has_begun) = tokio::sync::oneshot::channel();
        let reading = tokio::task::spawn_blocking(move || {
            let mut lines =
                std::io::BufRead::lines(std::io::BufReader::new(std::fs::File::open(fifo).unwrap()));
            begun.send(lines.next().unwrap().unwrap()).unwrap();
            lines.count()
        });
        let limit = async { assert_eq!(has_begun.await.unwrap(), "begun") };
        assert_eq!(ran(&command, b"{}", limit).await, Ended::TooLong);
        assert_eq!(reading.await.unwrap(), 0);
    }

    #[tokio::test]
    async fn one_that_does_not_end_is_ended_with_all_that_it_started() {
        must_be_ended("trap '' TERM; echo begun >&9; sleep 600 & sleep 600").await;
    }

    #[tokio::test]
    async fn what_outlives_the_shell_is_ended_too() {
        must_be_ended("(trap '' TERM; echo begun >&9; exec sleep 600) & wait").await;
    }

    #[tokio::test]
    async fn a_signal_to_the_program_ends_it_too() {
        let (stop, mut stopped) = watch::channel(false);
        let child = start(OsStr::new("sleep 600")).unwrap();
        stop.send(true).unwrap();
        let ended = follow(child, b"{}", never(), &mut stopped).await;
        assert_eq!((ended.text(Lang::En), ended), (None, Ended::Stopped));
    }
}
