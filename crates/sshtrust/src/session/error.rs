//! Why a node cannot be entered.

use std::path::PathBuf;

/// A host key that contradicts what is on record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostKeyConflict {
    /// Type of the key, as in `known_hosts`.
    pub key_type: String,
    /// Fingerprint of the key that the node presents.
    pub presented: String,
    /// Type and fingerprint of the key on record.
    pub recorded: String,
    /// The file that has the record.
    pub file: PathBuf,
    /// Line number, from 1.
    pub line: usize,
}

/// Why there is no usable connection to a node.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConnectError {
    /// The node answers, but nothing listens on the port, or a firewall rejects it.
    #[error("connection refused")]
    Refused,
    /// No answer to the TCP connection.
    #[error("timed out after {0} seconds")]
    TimedOut(u64),
    /// The network knows no way.
    #[error("{0}")]
    Unreachable(String),
    /// TCP works, but the SSH protocol did not start in time.
    #[error("connected, but the SSH server said nothing for {0} seconds")]
    Silent(u64),
    /// The server hung up before its identification string. `said` is what it sent instead.
    #[error("the SSH server closed the connection before its banner{}", quoted(.said))]
    ClosedEarly {
        /// What it said, safe to show.
        said: String,
    },
    /// The two sides share no algorithm.
    #[error("{0}")]
    NoCommonAlgorithm(String),
    /// Anything else in the protocol.
    #[error("{0}")]
    Protocol(String),
    /// The host key is another one than the recorded one.
    #[error("the host key has changed")]
    HostKeyChanged(Box<HostKeyConflict>),
    /// The host key is marked `@revoked`.
    #[error("the host key is revoked")]
    HostKeyRevoked(Box<HostKeyConflict>),
    /// The node allows neither `password` nor `keyboard-interactive`, or only together with something else.
    #[error("the node accepts no password; it offers: {0}")]
    NoPasswordMethod(String),
    /// The account needs a new password first.
    #[error("the password has expired and must be changed at the node")]
    PasswordExpired,
    /// The login process of the node did not answer in time.
    #[error("the login did not finish within {0} seconds")]
    AuthTimedOut(u64),
}

impl ConnectError {
    /// Whether this is mere throttling (`MaxStartups`, `PerSourcePenalties`), or a restart of the server: worth
    /// another try later.
    #[must_use]
    pub const fn is_throttling(&self) -> bool {
        matches!(self, Self::ClosedEarly { .. })
    }

    /// Whether no SSH server could be talked to at all.
    #[must_use]
    pub const fn is_network(&self) -> bool {
        matches!(
            self,
            Self::Refused
                | Self::TimedOut(_)
                | Self::Unreachable(_)
                | Self::Silent(_)
                | Self::ClosedEarly { .. }
        )
    }
}

fn quoted(said: &str) -> String {
    if said.is_empty() { String::new() } else { format!(": \"{said}\"") }
}
