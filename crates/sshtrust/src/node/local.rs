//! The shell of the machine that runs the tool.

use std::process::Stdio;

use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::Command;
use tokio::sync::mpsc;

use super::shell::Chunk;
use super::{NodeError, Pipes, Shell};
use crate::limits::Limits;

/// What we inherited must not live on in the agent: the one who started us may wait for the end of a pipe. Higher
/// numbers have no name in a POSIX shell.
const CLOSE: &str = "exec 3<&- 4<&- 5<&- 6<&- 7<&- 8<&- 9<&-";

/// Starts a shell on this machine.
///
/// It has a process group of its own, so that Ctrl-C at the terminal does not reach it: it has to outlive us for the
/// undo. It ends by itself when its standard input closes.
///
/// # Errors
/// [`NodeError::NoShell`] if `sh` cannot be started.
pub async fn shell() -> Result<Shell, NodeError> {
    let mut child = Command::new("sh")
        .arg("-c")
        .arg(format!("{CLOSE}; {}", Shell::bootstrap()))
        // A database's profile points it at other libraries.
        .env_remove("LD_LIBRARY_PATH")
        .env_remove("LD_PRELOAD")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .spawn()
        .map_err(|e| NodeError::NoShell(e.to_string()))?;
    let (Some(input), Some(out), Some(err)) = (child.stdin.take(), child.stdout.take(), child.stderr.take())
    else {
        return Err(NodeError::NoShell("no pipes".to_owned()));
    };
    let (sender, output) = mpsc::channel(64);
    tokio::spawn(pump(out, sender.clone(), Chunk::Out));
    tokio::spawn(pump(err, sender, Chunk::Err));
    tokio::spawn(async move { child.wait().await });
    // No login, so no profile: the time of a remote one is more than enough.
    Shell::open(Pipes { input: Box::pin(input), output }, Limits::default().startup).await
}

async fn pump(mut from: impl AsyncRead + Unpin, to: mpsc::Sender<Chunk>, wrap: fn(Vec<u8>) -> Chunk) {
    let mut buffer = vec![0u8; 32 << 10];
    while let Ok(count @ 1..) = from.read(&mut buffer).await {
        let Some(bytes) = buffer.get(..count) else { return };
        if to.send(wrap(bytes.to_vec())).await.is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::time::Duration;

    use zeroize::Zeroizing;

    const LIMIT: Duration = Duration::from_secs(20);

    fn input(bytes: &[u8]) -> crate::node::Input {
        Arc::new(Zeroizing::new(bytes.to_vec()))
    }

    #[tokio::test]
    async fn answers_come_apart() {
        let shell = shell().await.unwrap();
        let one = shell.run("printf 'no newline'; echo problem >&2; exit 3", LIMIT).await.unwrap();
        assert_eq!(
            (one.status, &one.stdout[..], &one.stderr[..]),
            (3, &b"no newline"[..], &b"problem\n"[..])
        );
        shell.define("x=kept", LIMIT).await.unwrap();
        let two = shell.run("printf %s \"$x\"; x=lost; cat", LIMIT).await.unwrap();
        assert_eq!(two.stdout, b"kept");
        let three = shell.run("printf '%s\\n' \"$x\"; printf '\\0\\377'", LIMIT).await.unwrap();
        assert_eq!(three.stdout, b"kept\n\0\xff");
    }

    #[tokio::test]
    async fn input_arrives_whole_and_nothing_is_left_of_it() {
        let shell = shell().await.unwrap();
        let bytes: Vec<u8> = (0..300_000u32).map(|i| (i % 256) as u8).collect();
        let script = "printf '\\n%s send\\n' \"$gs_token\"; head -c 300000";
        let echo = shell.run_with_input(script, input(&bytes), LIMIT).await.unwrap();
        assert!(echo.stdout == bytes);
        assert_eq!(shell.run("echo next", LIMIT).await.unwrap().stdout, b"next\n");
    }

    #[tokio::test]
    async fn a_script_that_fails_before_its_input_gets_none() {
        let shell = shell().await.unwrap();
        let out = shell.run_with_input("exit 4", input(b"exit 5\n"), LIMIT).await.unwrap();
        assert_eq!(out.status, 4);
        assert_eq!(shell.run("echo next", LIMIT).await.unwrap().stdout, b"next\n");
    }

    #[tokio::test]
    async fn input_that_was_not_read_does_no_harm() {
        let shell = shell().await.unwrap();
        let script = "printf '\\n%s send\\n' \"$gs_token\"; exit 4";
        let rest = input(b"12\necho evil\nmore \0 bytes");
        assert_eq!(shell.run_with_input(script, rest, LIMIT).await.unwrap().status, 4);
        assert_eq!(shell.run("echo next", LIMIT).await.unwrap().stdout, b"next\n");
    }

    #[tokio::test]
    async fn a_hung_script_is_given_up() {
        let shell = shell().await.unwrap();
        let hung = shell.run("sleep 5", Duration::from_millis(50)).await;
        assert_eq!(hung, Err(NodeError::Timeout(0)));
        assert!(matches!(shell.run("echo next", LIMIT).await, Err(NodeError::Lost(_))));
    }

    #[tokio::test]
    async fn the_end_of_the_loop_runs_what_was_left_for_it() {
        let dir = tempfile::tempdir().unwrap();
        let fifo = dir.path().join("end");
        let made = std::process::Command::new("mkfifo").arg(&fifo).status().unwrap();
        assert!(made.success());
        let shell = shell().await.unwrap();
        let script = format!("gs_at_end='echo over > {}'", fifo.display());
        shell.define(&script, LIMIT).await.unwrap();
        drop(shell);
        let said = tokio::task::spawn_blocking(move || std::fs::read(fifo)).await.unwrap().unwrap();
        assert_eq!(said, b"over\n");
    }

    #[tokio::test]
    async fn a_shell_that_says_no_is_quoted() {
        let (sender, output) = mpsc::channel(4);
        sender.send(Chunk::Err(b"This account is currently not available.\n".to_vec())).await.unwrap();
        drop(sender);
        let refused = Shell::open(Pipes { input: Box::pin(tokio::io::sink()), output }, LIMIT).await;
        let Err(NodeError::NoShell(text)) = refused else { panic!() };
        assert_eq!(text, "This account is currently not available.");
    }

    #[tokio::test]
    async fn a_talk_goes_line_by_line_and_its_end_leaves_the_shell_in_order() {
        let shell = shell().await.unwrap();
        let echo = "printf '\\n%s send\\n' \"$gs_token\"; while read -r l; do [ \"$l\" != end ] || break; echo \"<$l>\"; done";
        let mut talk = shell.talk(echo, LIMIT).await.unwrap();
        for word in ["one", "two words"] {
            talk.say.send(word.to_owned()).await.unwrap();
            assert_eq!(talk.hear.recv().await.unwrap(), format!("<{word}>").into_bytes());
        }
        drop(talk.say);
        assert_eq!(talk.hear.recv().await, None);
        assert_eq!(shell.run("echo after", LIMIT).await.unwrap().stdout, b"after\n");
        // One whose script ends by itself, or is killed.
        for end in ["exit 3", "kill -9 $(exec sh -c 'echo $PPID')"] {
            let script = format!("printf '\\n%s send\\n' \"$gs_token\"; read -r l; {end}");
            let mut talk = shell.talk(&script, LIMIT).await.unwrap();
            talk.say.send("go".to_owned()).await.unwrap();
            assert_eq!(talk.hear.recv().await, None, "{end}");
            assert_eq!(shell.run("echo after", LIMIT).await.unwrap().stdout, b"after\n", "{end}");
        }
    }
}
