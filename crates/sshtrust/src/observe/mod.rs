//! Facts and files of a node, in one round trip.

mod evidence;
mod keepalive;
mod parse;
mod state;

use std::time::Duration;

use crate::inventory::NodeSpec;
use crate::node::{NodeError, Shell};
use crate::text::{printable, sh_quote};
use parse::Frames;

pub(crate) use evidence::CLASSIC;
pub use evidence::{
    Ageing, Breadth, Callee, Chain, Clock, Condition, Disk, Evidence, Field, Group, Hook, Init, Keys,
    KeysFile, Label, Libraries, Lockout, Login, LoginSettings, LoginShell, Machine, Manager, Neighbour,
    OwnKey, Process, Questions, Revoked, Right, Rights, Rule, Selinux, Service, Setting, Settings, ShellKind,
    Spared, Unit, Unseen, Verdict, Wrappers, gather,
};
pub use keepalive::{KeepaliveState, Linger};
pub use state::{AgentState, Entry, EntryId, EntryKind, NodeState, SshClient};

const SCRIPT: &str = include_str!("observe.sh");
const KEEPALIVE: &str = include_str!("keepalive.sh");
/// How long reading may take on a busy node.
const LIMIT: Duration = Duration::from_secs(60);

/// Why a node could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ObserveError {
    /// No answer.
    #[error(transparent)]
    Node(#[from] NodeError),
    /// The answer lacks something.
    #[error("the node did not tell its {0}")]
    Incomplete(&'static str),
    /// A program that is needed is not installed.
    #[error("not installed: {}", .0.join(", "))]
    Missing(Vec<String>),
    /// The user has no home directory.
    #[error("the home directory {0} of the user does not exist")]
    NoHome(String),
    /// The tool's agent is there and does not answer: it must not get a twin.
    #[error("the ssh-agent of process {0} does not answer")]
    AgentHangs(String),
    /// No file of the daemon's setting can be used.
    #[error("sshd looks for keys in {0}, where nothing can be written")]
    NoKeysFile(String),
}

/// Reads a node, whatever is wrong with it; `keepalive`: also what keeps the agent alive there.
///
/// # Errors
/// [`ObserveError`] if it could not be read.
pub async fn look(
    shell: &Shell,
    spec: NodeSpec,
    user: &str,
    keepalive: bool,
) -> Result<NodeState, ObserveError> {
    let script = if keepalive { format!("{SCRIPT}{KEEPALIVE}") } else { SCRIPT.to_owned() };
    let (token, output) = read(shell, &script).await?;
    Frames::parse(&output, &token).into_state(spec, user, keepalive)
}

/// As [`look`], of a node that is to be worked on.
///
/// # Errors
/// [`ObserveError`] if it could not be read or is not fit for work.
pub async fn observe(
    shell: &Shell,
    spec: NodeSpec,
    user: &str,
    keepalive: bool,
) -> Result<NodeState, ObserveError> {
    fit(shell, look(shell, spec, user, keepalive).await?).await
}

/// Whether a node that was read can be worked on. Reads `authorized_keys` where sshd looks for it.
///
/// # Errors
/// [`ObserveError`] if it is not fit for work.
pub async fn fit(shell: &Shell, mut state: NodeState) -> Result<NodeState, ObserveError> {
    if !state.missing.is_empty() {
        return Err(ObserveError::Missing(state.missing));
    }
    if state.entry("home").kind != EntryKind::Directory {
        return Err(ObserveError::NoHome(state.home));
    }
    if state.agent.hangs {
        let pid = state.agent.pid.map_or_else(|| "unknown".to_owned(), |pid| pid.to_string());
        return Err(ObserveError::AgentHangs(pid));
    }
    let path = keys_file(&state)?;
    if path != format!("{}/.ssh/authorized_keys", state.home) {
        state.entries.insert("authorized_keys".to_owned(), reread(shell, &path).await?);
    }
    Ok(state)
}

/// The least that has to be known of a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Glance {
    /// Host name, as `uname -n` says.
    pub hostname: String,
    /// Its `ssh`.
    pub ssh: SshClient,
}

/// Takes the least that has to be known of a node.
///
/// # Errors
/// [`ObserveError`].
pub async fn glance(shell: &Shell) -> Result<Glance, ObserveError> {
    const FACTS: &str = "uname -n | gs_fact hostname\nssh -V 2>&1 </dev/null | gs_fact ssh\n\
                         cat /proc/sys/crypto/fips_enabled 2>/dev/null | gs_fact fips";
    let (token, output) = read(shell, &format!("{}\n{FACTS}", functions())).await?;
    Frames::parse(&output, &token).into_glance()
}

/// Reads one file again.
///
/// # Errors
/// [`ObserveError`].
pub async fn reread(shell: &Shell, path: &str) -> Result<Entry, ObserveError> {
    let script = format!("{}\ngs_file again {}", functions(), sh_quote(path));
    let (token, output) = read(shell, &script).await?;
    Frames::parse(&output, &token).into_entries().remove("again").ok_or(ObserveError::Incomplete("file"))
}

async fn read(shell: &Shell, script: &str) -> Result<(String, Vec<u8>), ObserveError> {
    read_within(shell, script, LIMIT).await
}

/// Runs a reading script under a token of its own.
async fn read_within(
    shell: &Shell,
    script: &str,
    limit: Duration,
) -> Result<(String, Vec<u8>), ObserveError> {
    let mut bytes = [0u8; 12];
    getrandom::fill(&mut bytes).map_err(|e| NodeError::NoShell(e.to_string()))?;
    let token = bytes.iter().fold(String::from("gsobserve"), |token, byte| format!("{token}{byte:02x}"));
    let output =
        shell.run(&format!("gs_token={token}\n{script}"), limit).await?.success("reading the node")?;
    Ok((token, output.stdout))
}

/// The functions of the script, without what it does with them.
fn functions() -> &'static str {
    SCRIPT.split_once("\ngs_socket=").map_or(SCRIPT, |(functions, _)| functions)
}

/// The first path of `AuthorizedKeysFile` that lies in the user's home, else the first at all; with the tokens of
/// sshd_config(5) filled in.
fn keys_file(state: &NodeState) -> Result<String, ObserveError> {
    let expand = |path: &String| {
        let path = path.replace("%h", &state.home).replace("%u", &state.user);
        let path = path.replace("%U", &state.uid.to_string()).replace("%%", "%");
        if path.starts_with('/') { path } else { format!("{}/{path}", state.home) }
    };
    let paths: Vec<String> =
        state.authorized_keys_files.iter().filter(|p| !p.eq_ignore_ascii_case("none")).map(expand).collect();
    let at_home = paths.iter().find(|p| p.starts_with(&format!("{}/", state.home)));
    at_home
        .or(paths.first())
        .cloned()
        .ok_or_else(|| ObserveError::NoKeysFile(printable(state.authorized_keys_files.join(" ").as_bytes())))
}
