//! Facts and files of a node, in one round trip; a file that many nodes have is fetched from one of them.

mod access;
mod evidence;
mod shelf;

use std::time::{Duration, SystemTime};

use crate::bounds::NodeClock;
use crate::inventory::NodeSpec;
use crate::node::{NodeError, Shell};
use crate::place::Place;
use crate::text::{printable, sh_quote};

pub use access::who_gets_in;
pub use evidence::gather;
pub use shelf::Shelf;
pub use trust::access::NodeAccess;
pub use trust::observe::*;

const SCRIPT: &str = concat!(include_str!("agents.sh"), include_str!("observe.sh"));
const KEEPALIVE: &str = include_str!("keepalive.sh");
/// How long reading may take on a busy node.
const LIMIT: Duration = Duration::from_secs(60);

/// Reads a node, whatever is wrong with it; `keepalive`: also what keeps the agent alive there; `shelf`: what the nodes of the run
/// have in common.
///
/// # Errors
/// [`ObserveError`] if it could not be read.
pub async fn look(
    shell: &Shell,
    spec: NodeSpec,
    user: &str,
    keepalive: bool,
    shelf: &Shelf,
) -> Result<NodeState, ObserveError> {
    let script = format!("{}{SCRIPT}{}", shelf.head(), if keepalive { KEEPALIVE } else { "" });
    let from = now();
    let (token, output) = read(shell, script).await?;
    let mut frames = Frames::parse(&output, &token);
    shelf.complete(shell, &mut frames).await?;
    let mut state = frames.into_state(spec, user, keepalive)?;
    read_between(&mut state.clock, from);
    Ok(state)
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
    shelf: &Shelf,
) -> Result<NodeState, ObserveError> {
    fit(shell, look(shell, spec, user, keepalive, shelf).await?, shelf).await
}

/// Whether a node that was read can be worked on. Reads `authorized_keys` where sshd looks for it.
///
/// # Errors
/// [`ObserveError`] if it is not fit for work.
pub async fn fit(shell: &Shell, mut state: NodeState, shelf: &Shelf) -> Result<NodeState, ObserveError> {
    if !state.missing.is_empty() {
        return Err(ObserveError::Missing(state.missing));
    }
    if state.entry(Place::Home).kind != EntryKind::Directory {
        return Err(ObserveError::NoHome(state.home));
    }
    if state.agent.hangs {
        let pid = state.agent.pid.map_or_else(|| "unknown".to_owned(), |pid| pid.to_string());
        return Err(ObserveError::AgentHangs(pid));
    }
    let path = keys_file(&state)?;
    if path != format!("{}/.ssh/authorized_keys", state.home) {
        state.entries.insert(Place::AuthorizedKeys, read_one(shell, &path, shelf).await?);
    }
    Ok(state)
}

/// The file that sshd reads keys from, if it is another one than `~/.ssh/authorized_keys`.
///
/// # Errors
/// [`ObserveError`].
pub async fn keys_file_elsewhere(
    shell: &Shell,
    state: &NodeState,
    shelf: &Shelf,
) -> Result<Option<Entry>, ObserveError> {
    let usual = &state.entry(Place::AuthorizedKeys).path;
    match keys_file(state) {
        Ok(path) if path != *usual => {
            let entry = read_one(shell, &path, shelf).await?;
            // The usual place may be a link: both names lead to one file then.
            Ok((entry.path != *usual).then_some(entry))
        }
        _ => Ok(None),
    }
}

/// Takes the least that has to be known of a node.
///
/// # Errors
/// [`ObserveError`].
pub async fn glance(shell: &Shell) -> Result<Glance, ObserveError> {
    const FACTS: &str = "uname -n | gs_fact hostname\nssh -V 2>&1 </dev/null | gs_fact ssh\n\
                         cat /proc/sys/crypto/fips_enabled 2>/dev/null | gs_fact fips\n\
                         date '+%s %z' 2>/dev/null | gs_fact clock\n\
                         gs_home=$(getent passwd \"$(id -u)\" 2>/dev/null | cut -d: -f6,7)\n\
                         gs_machine \"${gs_home##*:}\"\ngs_home=${gs_home%:*}\n\
                         grep -i 'expiry-time=' \"$gs_home/.ssh/authorized_keys\" 2>/dev/null | \
                         head -c 1048576 | gs_fact ends";
    let from = now();
    let (token, output) = read(shell, format!("{}\n{FACTS}", functions())).await?;
    let mut glance = Frames::parse(&output, &token).into_glance()?;
    read_between(&mut glance.clock, from);
    Ok(glance)
}

/// Reads one file again.
///
/// # Errors
/// [`ObserveError`].
pub async fn reread(shell: &Shell, path: &str) -> Result<Entry, ObserveError> {
    read_one(shell, path, &Shelf::default()).await
}

/// Reads one file that other nodes may have too.
async fn read_one(shell: &Shell, path: &str, shelf: &Shelf) -> Result<Entry, ObserveError> {
    let (token, output) = read(shell, format!("{}{}", shelf.head(), whole(path))).await?;
    let mut frames = Frames::parse(&output, &token);
    shelf.complete(shell, &mut frames).await?;
    frames.into_entries().remove("again").ok_or(ObserveError::Incomplete("file"))
}

/// What reads one file.
fn whole(path: &str) -> String {
    format!("{}\ngs_file again {}", functions(), sh_quote(path))
}

async fn read(shell: &Shell, script: String) -> Result<(String, Vec<u8>), ObserveError> {
    read_within(shell, script, LIMIT).await
}

/// Seconds since 1970 by the clock of this machine.
pub(crate) fn now() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

/// Notes when a clock was read: between then and now.
fn read_between(clock: &mut Option<NodeClock>, from: i64) {
    if let Some(clock) = clock {
        (clock.from, clock.to) = (from, now());
    }
}

/// Runs a reading script under a token of its own.
async fn read_within(
    shell: &Shell,
    script: String,
    limit: Duration,
) -> Result<(String, Vec<u8>), ObserveError> {
    let mut bytes = [0u8; 12];
    getrandom::fill(&mut bytes).map_err(|e| NodeError::NoShell(e.to_string()))?;
    let token = bytes.iter().fold(String::from("gsobserve"), |token, byte| format!("{token}{byte:02x}"));
    // A thousand nodes may be at it: what was sent is kept by nobody.
    let whole = format!("gs_token={token}\n{script}");
    drop(script);
    let output = shell.run(whole, limit).await?.success("reading the node")?;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_that_the_scripts_read_is_a_place() {
        let calls = [SCRIPT, KEEPALIVE].into_iter().flat_map(str::lines).map(str::trim);
        let words = calls.filter_map(|line| line.strip_prefix("gs_file ")?.split(' ').next());
        let words: Vec<String> = words.map(|word| word.trim_matches('"').replace("$gs_part", "0")).collect();
        assert!(words.len() > 15, "{words:?}");
        for word in words {
            assert!(Place::named(&word).is_some(), "{word}");
        }
    }

    /// What an ordinary user makes of files of sshd's settings, where root is the user.
    fn settings(files: &[&str]) -> String {
        let dir = tempfile::tempdir().unwrap();
        let paths: Vec<String> = files
            .iter()
            .enumerate()
            .map(|(number, text)| {
                let path = dir.path().join(number.to_string());
                std::fs::write(&path, text).unwrap();
                path.display().to_string()
            })
            .collect();
        let parts = sh_quote(&paths.join("\n"));
        let script =
            format!("{}\ngs_user=root gs_policy=/dev/null gs_sshd_parts={parts}\ngs_sshd_text", functions());
        let output = std::process::Command::new("sh").args(["-c", &script]).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    }

    #[test]
    fn settings_in_a_match_that_holds_for_the_user_win() {
        const KEYS: &str = "AuthorizedKeysFile";
        // The files, and the first value that counts.
        let cases: &[(&[&str], &str)] = &[
            (&["AuthorizedKeysFile a\nAuthorizedKeysFile b\n"], "a"),
            (&["AuthorizedKeysFile a\nMatch User root\n AuthorizedKeysFile b\n"], "b"),
            (&["AuthorizedKeysFile a\nMatch User omm\n AuthorizedKeysFile b\n"], "a"),
            (&["AuthorizedKeysFile a\nMatch User omm,ro?t\n AuthorizedKeysFile b\n"], "b"),
            (&["AuthorizedKeysFile a\nMatch User *,!root\n AuthorizedKeysFile b\n"], "a"),
            (&["AuthorizedKeysFile a\nmatch group wheel,root\n AuthorizedKeysFile b\n"], "b"),
            (
                &[
                    "AuthorizedKeysFile a\nMatch Group dbgrp\n AuthorizedKeysFile b\nMatch all\n AuthorizedKeysFile c\n",
                ],
                "c",
            ),
            (&["AuthorizedKeysFile a\nMatch User root Address 10.0.0.0/8\n AuthorizedKeysFile b\n"], "a"),
            (&["AuthorizedKeysFile a\nMatch User r.ot\n AuthorizedKeysFile b\n"], "a"),
            (&["Match User root\n AuthorizedKeysFile b\nMatch Group root\n AuthorizedKeysFile c\n"], "b"),
            // A block ends with its file.
            (&["Match User omm\n AuthorizedKeysFile b\n", "AuthorizedKeysFile a\n"], "a"),
            (&["", "AuthorizedKeysFile a\n"], "a"),
        ];
        for (files, wanted) in cases {
            let text = settings(files);
            let value = sshfiles::SshdConfig::parse(text.as_bytes()).get(KEYS);
            assert_eq!(value, Some(vec![(*wanted).to_owned()]), "{files:?}:\n{text}");
        }
    }
}
