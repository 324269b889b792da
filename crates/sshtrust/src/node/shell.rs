//! One shell on one node: requests in, answers out, one at a time.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncWrite, AsyncWriteExt};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, timeout_at};
use zeroize::Zeroizing;

use super::NodeError;
use super::frame::{self, Tail};
use super::greet::{greet, token};
use crate::text::printable;

/// Most output of one request that is kept, in bytes.
pub(super) const MOST_OUTPUT: usize = 64 << 20;

/// How much is written at once, in bytes.
const PIECE: usize = 4 << 10;

/// A piece of what the shell printed.
#[derive(Debug)]
pub enum Chunk {
    /// Standard output.
    Out(Vec<u8>),
    /// Standard error.
    Err(Vec<u8>),
    /// Its exit status, if somebody told it. More may come.
    Status(u32),
}

/// The three pipes of a shell, wherever it runs.
pub struct Pipes {
    /// Its standard input.
    pub input: Pin<Box<dyn AsyncWrite + Send>>,
    /// What it prints. Closed when it ends.
    pub output: mpsc::Receiver<Chunk>,
}

/// What a script printed and how it ended.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Output {
    /// Exit status.
    pub status: i32,
    /// Standard output.
    pub stdout: Vec<u8>,
    /// Standard error.
    pub stderr: Vec<u8>,
}

impl Output {
    /// Turns a failed command into an error that says what was tried.
    ///
    /// # Errors
    /// [`NodeError::Command`] if the status is not 0.
    pub fn success(self, what: &str) -> Result<Self, NodeError> {
        if self.status == 0 {
            return Ok(self);
        }
        Err(NodeError::Command {
            what: what.to_owned(),
            status: self.status,
            stderr: printable(&self.stderr),
        })
    }
}

/// What a script reads. Shared, because the same program goes to many nodes; wiped, because it may be a key.
pub type Input = Arc<Zeroizing<Vec<u8>>>;

/// What a request gives to its script.
enum Stdin {
    /// Nothing.
    Nothing,
    /// Some bytes, when it asks for them.
    Bytes(Input),
    /// Lines as they come, when it has asked; and its own lines go back as they come.
    Talk(Talk),
}

/// The worker's side of a talk.
struct Talk {
    said: mpsc::Receiver<String>,
    heard: mpsc::Sender<Vec<u8>>,
}

/// A talk with a script that is running on a node, line by line.
#[derive(Debug)]
pub struct Dialogue {
    /// Lines for the script, one or several, without the last end. Dropped, the script is told the end.
    pub say: mpsc::Sender<String>,
    /// The lines that it prints, without their ends and without empty ones. Closed when it has ended.
    pub hear: mpsc::Receiver<Vec<u8>>,
}

/// So many lines may wait for a script without anybody having to wait.
const WAITING_LINES: usize = 16;

/// The line that ends a talk.
pub const END_OF_TALK: &str = "end";

struct Request {
    script: String,
    stdin: Stdin,
    keep: bool,
    limit: Duration,
    answer: oneshot::Sender<Result<Output, NodeError>>,
}

/// A handle to a node's shell. Requests run in the order in which they were made, each to its end, even when the one
/// who asked has gone: so an undo always finds the shell between two requests.
#[derive(Clone, Debug)]
pub struct Shell {
    requests: mpsc::Sender<Request>,
}

impl Shell {
    /// The command line that starts the shell's loop, under any login shell.
    #[must_use]
    pub const fn bootstrap() -> &'static str {
        frame::BOOTSTRAP
    }

    /// Waits until the loop runs, dropping what profiles printed before it. A login shell may take as long as `limit`.
    ///
    /// # Errors
    /// [`NodeError::NoShell`] with what the login shell said.
    pub async fn open(mut pipes: Pipes, limit: Duration) -> Result<Self, NodeError> {
        let token = token()?;
        greet(&mut pipes, &token, limit).await?;
        let (requests, queue) = mpsc::channel(4);
        tokio::spawn(Worker { pipes, token, number: 0 }.run(queue));
        Ok(Self { requests })
    }

    /// Runs a script in a subshell, with nothing on its standard input. One that is given away is not kept while it runs.
    ///
    /// # Errors
    /// [`NodeError`] if there was no answer; a failed script is an [`Output`] with its status.
    pub async fn run(&self, script: impl Into<String>, limit: Duration) -> Result<Output, NodeError> {
        self.request(script.into(), Stdin::Nothing, false, limit).await
    }

    /// Runs a script in the loop itself, so that what it defines stays.
    ///
    /// # Errors
    /// As [`Self::run`].
    pub async fn define(&self, script: &str, limit: Duration) -> Result<Output, NodeError> {
        self.request(script.to_owned(), Stdin::Nothing, true, limit).await
    }

    /// Runs a script that asks for it (a line `TOKEN send`) and then reads `input` from standard input, to the last byte.
    ///
    /// # Errors
    /// As [`Self::run`].
    pub async fn run_with_input(
        &self,
        script: &str,
        input: Input,
        limit: Duration,
    ) -> Result<Output, NodeError> {
        self.request(script.to_owned(), Stdin::Bytes(input), false, limit).await
    }

    /// Starts a script that first prints a line `TOKEN send`, and then reads lines until one is [`END_OF_TALK`]. What
    /// follows waits until it has ended.
    ///
    /// # Errors
    /// [`NodeError::Lost`] if the shell is gone. That it goes later is told by the end of the lines.
    pub async fn talk(&self, script: &str, limit: Duration) -> Result<Dialogue, NodeError> {
        let (say, said) = mpsc::channel(WAITING_LINES);
        let (heard, hear) = mpsc::channel(64);
        let (answer, _) = oneshot::channel();
        let stdin = Stdin::Talk(Talk { said, heard });
        let request = Request { script: script.to_owned(), stdin, keep: false, limit, answer };
        self.requests.send(request).await.map_err(|_| NodeError::Lost(String::new()))?;
        Ok(Dialogue { say, hear })
    }

    async fn request(
        &self,
        script: String,
        stdin: Stdin,
        keep: bool,
        limit: Duration,
    ) -> Result<Output, NodeError> {
        let (answer, wait) = oneshot::channel();
        let request = Request { script, stdin, keep, limit, answer };
        self.requests.send(request).await.map_err(|_| NodeError::Lost(String::new()))?;
        wait.await.map_err(|_| NodeError::Lost(String::new()))?
    }
}

/// A longer line of a talk is cut, in bytes.
const LONGEST_LINE: usize = 64 << 10;

/// Takes the whole lines out of a buffer.
fn lines(buffer: &mut Vec<u8>) -> Vec<Vec<u8>> {
    let Some(end) = buffer.iter().rposition(|b| *b == b'\n') else {
        buffer.truncate(LONGEST_LINE);
        return Vec::new();
    };
    let rest = buffer.split_off(end + 1);
    let whole = std::mem::replace(buffer, rest);
    whole.split(|b| *b == b'\n').filter(|line| !line.is_empty()).map(<[u8]>::to_vec).collect()
}

/// Owns the pipes and serves the requests.
struct Worker {
    pipes: Pipes,
    token: String,
    number: u64,
}

impl Worker {
    /// Ends with the last handle, or with the first request that got no answer: what comes after it could not be
    /// told apart.
    async fn run(mut self, mut queue: mpsc::Receiver<Request>) {
        while let Some(mut request) = queue.recv().await {
            self.number += 1;
            let result = self.serve(&mut request).await;
            let broken = result.is_err();
            // The one who asked may have been cancelled.
            let _ = request.answer.send(result);
            if broken {
                break;
            }
        }
        let _ = self.pipes.input.shutdown().await;
    }

    async fn serve(&mut self, request: &mut Request) -> Result<Output, NodeError> {
        let deadline = Instant::now() + request.limit;
        let reads = !matches!(request.stdin, Stdin::Nothing);
        // What was sent is not kept as long as the script runs: a thousand nodes may be at it.
        let script = std::mem::take(&mut request.script);
        let bytes = frame::request(&self.token, self.number, &script, request.keep, reads);
        drop(script);
        self.send(&bytes, deadline, request.limit).await?;
        drop(bytes);
        let (mut out, mut err) = (Vec::new(), Vec::new());
        loop {
            match (frame::tail(&out, &self.token, self.number), frame::tail(&err, &self.token, self.number)) {
                (Tail::Done(out_end, status), Tail::Done(err_end, _)) => {
                    out.truncate(out_end);
                    err.truncate(err_end);
                    return Ok(Output { status, stdout: out, stderr: err });
                }
                (Tail::WantsInput(end), _) => {
                    out.truncate(end);
                    match std::mem::replace(&mut request.stdin, Stdin::Nothing) {
                        Stdin::Nothing => {}
                        Stdin::Bytes(input) => self.send(&input, deadline, request.limit).await?,
                        Stdin::Talk(talk) => {
                            err = self.talk(talk, &mut out, deadline, request.limit).await?;
                            // The end may have been heard already.
                            continue;
                        }
                    }
                }
                _ => {}
            }
            self.hear(&mut out, &mut err, deadline, request.limit).await?;
        }
    }

    /// Waits for the next piece of output.
    async fn hear(
        &mut self,
        out: &mut Vec<u8>,
        err: &mut Vec<u8>,
        deadline: Instant,
        limit: Duration,
    ) -> Result<(), NodeError> {
        match timeout_at(deadline, self.pipes.output.recv()).await {
            Err(_) => return Err(NodeError::Timeout(limit.as_secs())),
            Ok(None) => return Err(NodeError::Lost(printable(err))),
            Ok(Some(Chunk::Out(bytes))) => out.extend_from_slice(&bytes),
            Ok(Some(Chunk::Err(bytes))) => err.extend_from_slice(&bytes),
            Ok(Some(Chunk::Status(_))) => {}
        }
        if out.len().max(err.len()) > MOST_OUTPUT { Err(NodeError::TooMuch(MOST_OUTPUT)) } else { Ok(()) }
    }

    /// Carries lines in both directions until the script has ended, or there is nobody on this side any more; then the
    /// script is told the end. Returns the end of what it wrote to standard error.
    async fn talk(
        &mut self,
        mut talk: Talk,
        out: &mut Vec<u8>,
        deadline: Instant,
        limit: Duration,
    ) -> Result<Vec<u8>, NodeError> {
        out.clear();
        let mut err = Vec::new();
        loop {
            let said = tokio::select! {
                said = talk.said.recv() => said,
                heard = self.hear(out, &mut err, deadline, limit) => {
                    heard?;
                    // Of what it says beside, the end tells why it was lost.
                    err.drain(..err.len().saturating_sub(LONGEST_LINE));
                    for line in lines(out) {
                        // The script has ended by itself.
                        if line.starts_with(self.token.as_bytes()) {
                            out.clear();
                            out.push(b'\n');
                            out.extend_from_slice(&line);
                            out.push(b'\n');
                            return Ok(err);
                        }
                        // Whoever has stopped listening will stop talking too.
                        let _ = talk.heard.send(line).await;
                    }
                    continue;
                }
            };
            let Some(mut text) = said else {
                self.send(format!("{END_OF_TALK}\n").as_bytes(), deadline, limit).await?;
                return Ok(err);
            };
            // What waits besides goes the same way.
            while let Ok(line) = talk.said.try_recv() {
                text.push('\n');
                text.push_str(&line);
            }
            text.push('\n');
            self.send(text.as_bytes(), deadline, limit).await?;
        }
    }

    async fn send(&mut self, bytes: &[u8], deadline: Instant, limit: Duration) -> Result<(), NodeError> {
        let write = async {
            // In small pieces, each on its way before the next: the connection's buffer stays for good as large as it
            // once was.
            for piece in bytes.chunks(PIECE) {
                self.pipes.input.write_all(piece).await?;
                tokio::task::yield_now().await;
            }
            self.pipes.input.flush().await
        };
        match timeout_at(deadline, write).await {
            Err(_) => Err(NodeError::Timeout(limit.as_secs())),
            Ok(Err(error)) => Err(NodeError::Lost(error.to_string())),
            Ok(Ok(())) => Ok(()),
        }
    }
}
