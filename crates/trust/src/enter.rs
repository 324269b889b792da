//! Why a node cannot be entered.

use std::fmt;
use std::path::PathBuf;

use crate::inventory::NodeSpec;

/// A host key that contradicts what is on record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostKeyConflict {
    /// Type of the key, as in `known_hosts`.
    pub key_type: String,
    /// Fingerprint of the key that the node presents.
    pub presented: String,
    /// Type and fingerprint of the key on record.
    pub recorded: String,
    /// The host that the record is for, as `known_hosts` has it: an address or a name, `[host]:port` if the port is not
    /// 22, or what `HostKeyAlias` says.
    pub host: String,
    /// The file that has the record.
    pub file: PathBuf,
    /// Line number, from 1; 0 where the file has no lines: a key revocation list.
    pub line: usize,
}

/// A host key that no record knows, where only known ones count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownHostKey {
    /// Type of the key, as in `known_hosts`.
    pub key_type: String,
    /// Fingerprint of the key that the node presents.
    pub presented: String,
    /// Who wants only known keys.
    pub strict: Strict,
}

/// Who wants only known host keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Strict {
    /// Whoever started the run, by an option.
    Asked,
    /// `StrictHostKeyChecking yes` of ssh_config(5), for this host.
    Configured(String),
}

/// A node that showed another host key to another node than to this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenOtherwise {
    /// Type of the key that this machine saw, as in `known_hosts`.
    pub key_type: String,
    /// Its fingerprint.
    pub presented: String,
    /// Who saw another key, and its fingerprint.
    pub others: Vec<(NodeSpec, String)>,
}

/// A private key of this machine that was found and is not used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PassedKey {
    /// Its file, safe to show.
    pub path: String,
    /// Why.
    pub why: Unfit,
}

impl fmt::Display for PassedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is not used: {}", self.path, self.why)
    }
}

/// Why a private key is not used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// It has a passphrase, which nobody is asked for.
    #[error("it is locked by a passphrase")]
    Locked,
    /// DSA, which OpenSSH has dropped.
    #[error("it is a DSA key, which servers no longer take")]
    Dsa,
    /// Its secret is in a security token (FIDO), which has to be touched.
    #[error("it lies in a security token")]
    Token,
    /// Not a format that OpenSSH writes, or a type of key that it does not have.
    #[error("its format or type is not known")]
    UnknownFormat,
    /// It cannot be decoded.
    #[error("it is damaged")]
    Broken,
    /// The file cannot be read.
    #[error("it cannot be read: {0}")]
    Unreadable(String),
}

/// A key that opens an account and does not run what it is asked to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShutKey {
    /// Its fingerprint, as `ssh-keygen -l` shows it.
    pub key: String,
    /// What came instead, safe to show.
    pub said: String,
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
    /// No record knows the host key, and only known ones count.
    #[error("its host key is not on record")]
    HostKeyUnknown(Box<UnknownHostKey>),
    /// Another node sees another host key at its address. Found before any password was sent.
    #[error("other nodes see another host key there")]
    HostKeySeenOtherwise(Box<SeenOtherwise>),
    /// Method `none` (RFC 4252, 5.2) is enough.
    #[error("it lets anybody in without authentication")]
    NoAuthentication,
    /// The node allows neither `password` nor `keyboard-interactive`, at least not as the first step.
    #[error("the node accepts no password; it offers: {offers}{}", listed(.passed))]
    NoPasswordMethod {
        /// The methods that it offers (RFC 4252, 5.2); safe to show.
        offers: String,
        /// Keys of this machine that were not tried.
        passed: Vec<PassedKey>,
    },
    /// One proof is not enough: the node wants another one besides (sshd_config(5), AuthenticationMethods; or a dialogue of
    /// PAM's).
    #[error("the node wants more than {first}: {wants}{}", listed(.passed))]
    SecondFactor {
        /// What was given.
        first: Factor,
        /// What it wants besides, safe to show.
        wants: String,
        /// It is sshd that wants it, by a list of methods; else it is asked for in a dialogue.
        by_methods: bool,
        /// Keys of this machine that were not tried.
        passed: Vec<PassedKey>,
    },
    /// A key opens the account, but no shell comes of it, and nothing else does: why.
    #[error(
        "key {} opens the account, but runs no command of ours: it carries a forced command (command= in \
         authorized_keys), or the login shell ends at once{}; and {instead}",
        .shut.key, quoted(&.shut.said)
    )]
    ForcedCommand {
        /// The first such key.
        shut: ShutKey,
        /// Why there is no other way in.
        instead: String,
    },
    /// The node ended the login as soon as it had the proof: it closed the connection without an answer, or said something
    /// in place of one. sshd(8) does so where PAM's account rules keep the user out, whatever key or password it is
    /// (pam(8), `account`).
    #[error("as soon as it had {first}, the node ended the login{}", quoted(.said))]
    AccountRefused {
        /// What was given.
        first: Factor,
        /// What it said before, safe to show.
        said: String,
    },
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

/// What a login was tried with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Factor {
    /// A key.
    Key,
    /// A password.
    Password,
}

impl fmt::Display for Factor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Key => "a key",
            Self::Password => "the password",
        })
    }
}

fn listed(passed: &[PassedKey]) -> String {
    passed.iter().map(|key| format!("; {key}")).collect()
}

fn quoted(said: &str) -> String {
    if said.is_empty() { String::new() } else { format!(": \"{said}\"") }
}

/// Why a request to a node's shell got no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NodeError {
    /// The connection or the process behind it is gone.
    #[error("the connection to the node was lost{}", detail(.0))]
    Lost(String),
    /// No answer in time.
    #[error("the node did not answer within {0} seconds")]
    Timeout(u64),
    /// The server opened no session, although it let us in (`MaxSessions 0`, a gateway).
    #[error("the SSH server let us in and opened no session{}", detail(.0))]
    NoSession(String),
    /// The server opened a session and refused to run a command in it: it cannot start a process, or it runs none.
    #[error("the SSH server let us in and refused to run a command")]
    Refused,
    /// The server opened a session, or did not, and did not say whether it runs a command.
    #[error("the SSH server let us in and did not say within {0} seconds whether it runs a command")]
    Unanswered(u64),
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

/// What is said of a login shell that let ours not begin: these words, and within how many seconds.
pub const NOT_BEGUN: &str = "it did not begin within";

/// What is said of a session that PAM did not open: sshd ends it with this status, and says nothing (session.c).
const NO_PAM_SESSION: &str = "it ended with status 254 without a word";

impl NoEntry {
    /// What came in place of a shell, where the node let us in; safe to show.
    #[must_use]
    pub fn said_by_session(&self) -> Option<&str> {
        match self {
            Self::Node(NodeError::NoShell(said)) => Some(said),
            Self::Connect(ConnectError::ForcedCommand { shut, .. }) => Some(&shut.said),
            _ => None,
        }
    }

    /// Whether the node let us in, and PAM opened no session (pam(8), `session`).
    #[must_use]
    pub fn is_of_pam_session(&self) -> bool {
        self.said_by_session() == Some(NO_PAM_SESSION)
    }

    /// Whether the node let us in and then nothing came, for as long as that is waited for.
    #[must_use]
    pub fn is_of_silence(&self) -> bool {
        match self {
            Self::Node(NodeError::Unanswered(_) | NodeError::Timeout(_)) => true,
            Self::Node(NodeError::NoShell(said)) => said.starts_with(NOT_BEGUN),
            Self::Connect(ConnectError::ForcedCommand { shut, .. }) => shut.said.starts_with(NOT_BEGUN),
            _ => false,
        }
    }
}

impl NodeError {
    /// Whether the node could start no process: most likely its user is at a limit.
    #[must_use]
    pub fn is_of_processes(&self) -> bool {
        const WORDS: [&str; 4] = ["annot fork", "an't fork", "fork: ", "Resource temporarily unavailable"];
        let (Self::Lost(said) | Self::NoShell(said)) = self else { return false };
        WORDS.iter().any(|words| said.contains(words))
    }

    /// Whether the node says that it lets nobody in on this account, whatever key or password they come with.
    #[must_use]
    pub fn is_of_the_account(&self) -> bool {
        const WORDS: [&str; 6] = [
            "account is currently not available",
            "account has expired",
            "password has expired",
            "Password change required",
            "pam_nologin",
            "System is booting up",
        ];
        matches!(self, Self::NoShell(said) if WORDS.iter().any(|words| said.contains(words)))
    }
}

fn detail(text: &str) -> String {
    if text.is_empty() { String::new() } else { format!(": {text}") }
}

/// Why a node could not be entered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoEntry {
    /// Its SSH server cannot be reached or logged in to.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// No key opens it, and no password was given: why.
    #[error("no key opens it, and {0}")]
    NoPassword(String),
    /// It refused the password.
    #[error("it refused the password")]
    WrongPassword,
    /// Its shell does not do.
    #[error(transparent)]
    Node(#[from] NodeError),
}
