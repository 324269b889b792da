//! A POSIX shell on a node: the one way in which anything is read or changed there.
//!
//! A node needs nothing but OpenSSH and a shell, so all work goes through one `sh` a node, fed over one channel. The
//! same code serves a remote node ([`crate::session`]) and this machine ([`local`]): only the pipes differ.

mod frame;
pub mod local;
mod shell;

pub use shell::{Chunk, Dialogue, END_OF_TALK, Input, Output, Pipes, Shell};

/// Why a request to a node's shell got no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NodeError {
    /// The connection or the process behind it is gone.
    #[error("the connection to the node was lost{}", detail(.0))]
    Lost(String),
    /// No answer in time.
    #[error("the node did not answer within {0} seconds")]
    Timeout(u64),
    /// The login shell did not start our shell.
    #[error("no POSIX shell could be started on the node{}", detail(.0))]
    NoShell(String),
    /// The node sent more than the tool is willing to keep.
    #[error("the node sent more than {0} bytes")]
    TooMuch(usize),
    /// A command ended with an error.
    #[error("{what} failed with exit status {status}{}", detail(.stderr))]
    Command {
        /// What was being done.
        what: String,
        /// Exit status of the command.
        status: i32,
        /// What it said, safe to show.
        stderr: String,
    },
}

fn detail(text: &str) -> String {
    if text.is_empty() { String::new() } else { format!(": {text}") }
}
