//! How a shell begins: what profiles print before it is dropped, and why there is none is told.

use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::time::{Instant, timeout_at};

use super::NodeError;
use super::frame;
use super::shell::{Chunk, MOST_OUTPUT, Pipes};
use crate::text::printable;
use trust::enter::NOT_BEGUN;

/// Exit status of OpenSSH's SFTP server for what it does not understand.
const SFTP_ENDS: u32 = 11;
/// How long to wait for the loop before the token is sent again.
const GREETING: Duration = Duration::from_millis(500);

/// Sends the token until the loop answers: a profile that reads a line takes one. One that reads to the end, as cat(1)
/// does, never lets the loop begin.
pub(super) async fn greet(pipes: &mut Pipes, token: &str, limit: Duration) -> Result<(), NodeError> {
    let hello = format!("{token}\n");
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let (mut status, mut refused) = (None, None);
    let deadline = Instant::now() + limit;
    let mut next = Instant::now();
    while !frame::is_ready(&out, token) {
        let now = Instant::now();
        if now >= deadline {
            return Err(NodeError::NoShell(format!("{NOT_BEGUN} {} seconds", limit.as_secs())));
        }
        if now >= next {
            let sent = async { pipes.input.write_all(hello.as_bytes()).await.and(pipes.input.flush().await) };
            // One that takes nothing would keep us for ever. What is told then is why it ended, if it did.
            match timeout_at(deadline, sent).await {
                Err(_) => continue,
                Ok(Err(error)) => refused = Some(error.to_string()),
                Ok(Ok(())) => {}
            }
            next = now + GREETING;
        }
        match timeout_at(next.min(deadline), pipes.output.recv()).await {
            Err(_) => match refused {
                None => {}
                Some(why) => return Err(NodeError::NoShell(why)),
            },
            Ok(None) => {
                out.extend_from_slice(&err);
                return Err(NodeError::NoShell(ended(&out, status)));
            }
            Ok(Some(Chunk::Out(bytes))) => out.extend_from_slice(&bytes),
            Ok(Some(Chunk::Err(bytes))) => err.extend_from_slice(&bytes),
            Ok(Some(Chunk::Status(ended))) => status = Some(ended),
        }
        if out.len().max(err.len()) > MOST_OUTPUT {
            return Err(NodeError::TooMuch(MOST_OUTPUT));
        }
    }
    Ok(())
}

/// What a login shell said that ended, or what is to be said of it.
fn ended(said: &[u8], status: Option<u32>) -> String {
    let said = printable(said);
    match status {
        _ if !said.is_empty() => said,
        // sftp-server(8), when what comes is no request of its protocol.
        Some(SFTP_ENDS) => {
            "it ended with status 11 without a word, as a server for SFTP alone does".to_owned()
        }
        Some(status) => format!("it ended with status {status} without a word"),
        None => said,
    }
}

/// 128 random bits that no output contains by chance or malice.
pub(super) fn token() -> Result<String, NodeError> {
    let mut bytes = [0u8; 16];
    getrandom::fill(&mut bytes).map_err(|e| NodeError::NoShell(e.to_string()))?;
    Ok(bytes.iter().fold(String::from("gs"), |token, byte| format!("{token}{byte:02x}")))
}
