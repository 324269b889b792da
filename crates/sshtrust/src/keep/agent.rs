//! The agent behind a socket, asked by the agent protocol (draft-ietf-sshm-ssh-agent), and its process.
//!
//! Only which keys it holds is asked for: one message of one byte. A library would read the keys as well, and would
//! stumble over one of a type that it does not know.

use std::io::{self, ErrorKind};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::Duration;

use rustix::process::{Pid, Signal, getuid, kill_process, test_kill_process};
use sshfiles::wire::{string, uint32};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::time::timeout;

/// `SSH_AGENTC_REQUEST_IDENTITIES`, with its length before it.
const REQUEST: [u8; 5] = [0, 0, 0, 1, 11];
/// `SSH_AGENT_IDENTITIES_ANSWER`.
const ANSWER: u8 = 12;
/// Longest answer that is read, in bytes: OpenSSH's own limit.
const LONGEST: usize = 256 << 10;

/// What is behind a socket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Agent {
    /// No socket.
    None,
    /// A socket that nobody listens at.
    Dead,
    /// Somebody listens and does not answer, or not as an agent does.
    Silent,
    /// An agent, and the public keys that it holds (RFC 4253, section 6.6).
    Holds(Vec<Vec<u8>>),
}

/// Asks the agent at a socket.
pub(super) async fn ask(socket: &Path, limit: Duration) -> Agent {
    match timeout(limit, converse(socket)).await {
        Err(_) => Agent::Silent,
        Ok(Ok(answer)) => keys(&answer).map_or(Agent::Silent, Agent::Holds),
        Ok(Err(error)) => match error.kind() {
            ErrorKind::NotFound => Agent::None,
            ErrorKind::ConnectionRefused => Agent::Dead,
            _ => Agent::Silent,
        },
    }
}

async fn converse(socket: &Path) -> io::Result<Vec<u8>> {
    let mut stream = UnixStream::connect(socket).await?;
    stream.write_all(&REQUEST).await?;
    let length = stream.read_u32().await? as usize;
    let mut answer = vec![0; length.min(LONGEST)];
    stream.read_exact(&mut answer).await?;
    Ok(answer)
}

/// The keys of an answer: their number, then key and comment of each.
fn keys(answer: &[u8]) -> Option<Vec<Vec<u8>>> {
    let (kind, rest) = answer.split_first()?;
    if *kind != ANSWER {
        return None;
    }
    let (count, mut rest) = uint32(rest)?;
    let mut keys = Vec::new();
    for _ in 0..count {
        let (key, after) = string(rest)?;
        let (_comment, after) = string(after)?;
        keys.push(key.to_vec());
        rest = after;
    }
    Some(keys)
}

/// The processes of this user's agents that were started for a socket: by their arguments, so that no other agent is
/// ever meant, and not those of containers, which may have the same path and be somebody else's. The same as `gs_agents` of
/// the scripts.
pub(super) fn processes(socket: &Path) -> Vec<i32> {
    let Ok(proc) = std::fs::read_dir("/proc") else { return Vec::new() };
    let pids = proc.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    pids.filter(|pid| serves(*pid, socket)).collect()
}

fn serves(pid: i32, socket: &Path) -> bool {
    let file = |name: &str| std::fs::read(format!("/proc/{pid}/{name}")).unwrap_or_default();
    let own = std::fs::metadata(format!("/proc/{pid}")).is_ok_and(|m| m.uid() == getuid().as_raw());
    let contained = nested(&String::from_utf8_lossy(&file("status"))).unwrap_or_else(|| is_apart(pid));
    own && !contained
        && !means_another(pid, socket)
        && file("comm") == b"ssh-agent\n"
        && file("cmdline").split(|b| *b == 0).any(|word| word == socket.as_os_str().as_encoded_bytes())
}

/// Whether a process has a number in another PID namespace too (proc(5), `NSpid` of status); `None` before Linux 4.1, which
/// does not tell.
fn nested(status: &str) -> Option<bool> {
    let numbers = status.lines().find_map(|line| line.strip_prefix("NSpid:"))?;
    Some(numbers.split_whitespace().count() > 1)
}

/// Whether a process is in another PID namespace, as far as its owner may see.
fn is_apart(pid: i32) -> bool {
    let space = |of: &str| std::fs::read_link(format!("/proc/{of}/ns/pid")).ok();
    space(&pid.to_string()).is_some_and(|theirs| space("self").is_some_and(|ours| ours != theirs))
}

/// Whether a process with our numbers and other mounts means another socket by that path, because the folder that it sees
/// there is another one. Only root can look: ssh-agent hides its root from others (prctl(2), `PR_SET_DUMPABLE`). Where a folder
/// is gone nothing is said: an agent that lost its socket is to be found.
fn means_another(pid: i32, socket: &Path) -> bool {
    let Some(folder) = socket.parent() else { return false };
    let place = |path: &Path| std::fs::metadata(path).ok().map(|meta| (meta.dev(), meta.ino()));
    let theirs = Path::new("/proc")
        .join(pid.to_string())
        .join("root")
        .join(folder.strip_prefix("/").unwrap_or(folder));
    matches!((place(&theirs), place(folder)), (Some(theirs), Some(ours)) if theirs != ours)
}

/// Whether a process may be an agent: it is one, or it lives and /proc hides it (proc(5), `hidepid`).
pub(super) fn is_agent(pid: &str) -> bool {
    match std::fs::read(format!("/proc/{pid}/comm")) {
        Ok(comm) => comm == b"ssh-agent\n",
        Err(_) => pid.parse().ok().and_then(Pid::from_raw).is_some_and(|pid| test_kill_process(pid).is_ok()),
    }
}

/// Ends the agents of a socket and waits until they are gone. One that is asked to end removes the socket; one that does
/// not listen to that, or that nobody can reach (`gently` is false), is killed.
pub(super) async fn end(socket: &Path, gently: bool) -> Vec<i32> {
    let found = processes(socket);
    for signal in [Signal::TERM, Signal::KILL].into_iter().skip(usize::from(!gently)) {
        let mut left = found.clone();
        left.retain(|pid| serves(*pid, socket));
        for pid in &left {
            // It may have ended by itself.
            let _ = Pid::from_raw(*pid).map(|pid| kill_process(pid, signal));
        }
        for _ in 0..50 {
            left.retain(|pid| serves(*pid, socket));
            if left.is_empty() {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::process::Command;

    const LIMIT: Duration = Duration::from_secs(5);

    #[tokio::test]
    async fn openssh_answers() {
        let dir = tempfile::tempdir().unwrap();
        let socket = dir.path().join("agent");
        assert_eq!(ask(&socket, LIMIT).await, Agent::None);
        drop(std::os::unix::net::UnixListener::bind(&socket).unwrap());
        assert_eq!(ask(&socket, LIMIT).await, Agent::Dead);
        std::fs::remove_file(&socket).unwrap();
        let sh = |script: &str| {
            let output = Command::new("sh").args(["-ec", script]).current_dir(dir.path()).output().unwrap();
            assert!(output.status.success(), "{output:?}");
        };
        sh("ssh-agent -a \"$PWD/agent\" >/dev/null");
        assert_eq!(ask(&socket, LIMIT).await, Agent::Holds(Vec::new()));
        assert_eq!(processes(&socket).len(), 1);
        assert!(is_agent(&processes(&socket)[0].to_string()));
        sh(
            "for t in ed25519 rsa; do ssh-keygen -q -N '' -t $t -f $t; SSH_AUTH_SOCK=$PWD/agent ssh-add -q $t; done",
        );
        let key = std::fs::read_to_string(dir.path().join("ed25519.pub")).unwrap();
        let key: sshfiles::PublicKey = key.parse().unwrap();
        let Agent::Holds(held) = ask(&socket, LIMIT).await else { panic!() };
        assert_eq!((held.len(), held[0].as_slice()), (2, key.blob()));
        // Stopped, so that it takes connections and says nothing.
        let pid = processes(&socket)[0];
        kill_process(Pid::from_raw(pid).unwrap(), Signal::STOP).unwrap();
        assert_eq!(ask(&socket, Duration::from_millis(100)).await, Agent::Silent);
        assert_eq!(end(&socket, true).await, [pid]);
        assert!(processes(&socket).is_empty());
    }

    #[test]
    fn a_process_of_a_container_has_two_numbers() {
        for (status, wanted) in [
            ("Name:\tssh-agent\nNSpid:\t177\n", Some(false)),
            ("NSpid:\t177\t12\nNSsid: 1\n", Some(true)),
            ("Pid:\t177\n", None),
            ("", None),
        ] {
            assert_eq!(nested(status), wanted, "{status}");
        }
    }

    /// An agent in namespaces of its own, at a path that is the same and another. Both end with the test, and what is in it
    /// with them.
    struct Contained {
        _dir: tempfile::TempDir,
        socket: std::path::PathBuf,
        holder: std::process::Child,
    }

    impl Contained {
        fn new(namespaces: &[&str]) -> Self {
            let dir = tempfile::tempdir().unwrap();
            let folder = dir.path().join("gaussdb_tmp");
            std::fs::create_dir(&folder).unwrap();
            let socket = folder.join("socket");
            // The agent ends with its parent, which ends with the pipe that it reads.
            let script = "mount -t tmpfs none \"$1\"; ssh-agent -D -a \"$1/socket\" >/dev/null & agent=$!\n\
                          until [ -S \"$1/socket\" ]; do sleep 0.01; done; echo ready; read -r end; kill -KILL $agent";
            let mut holder = Command::new("unshare")
                .args(namespaces)
                .args(["sh", "-c", script, "sh"])
                .arg(&folder)
                .stdin(std::process::Stdio::piped())
                .stdout(std::process::Stdio::piped())
                .spawn()
                .unwrap();
            let mut line = String::new();
            let out = holder.stdout.take().unwrap();
            std::io::BufRead::read_line(&mut std::io::BufReader::new(out), &mut line).unwrap();
            assert_eq!(line, "ready\n");
            Self { _dir: dir, socket, holder }
        }

        /// The processes with this path in their arguments, whoever they are.
        fn all(&self) -> usize {
            let path = self.socket.display().to_string();
            let output =
                Command::new("pgrep").args(["-c", "-f", &format!("^ssh-agent -D -a {path}")]).output();
            String::from_utf8(output.unwrap().stdout).unwrap().trim().parse().unwrap()
        }
    }

    impl Drop for Contained {
        fn drop(&mut self) {
            drop(self.holder.stdin.take());
            let _ = self.holder.wait();
        }
    }

    #[tokio::test]
    #[ignore = "needs root: run `cargo xtask test`"]
    async fn an_agent_in_namespaces_of_its_own_is_not_ours_and_lives() {
        for namespaces in [&["--mount", "--pid", "--fork"][..], &["--mount"]] {
            let contained = Contained::new(namespaces);
            let socket = &contained.socket;
            assert_eq!((contained.all(), processes(socket)), (1, Vec::new()), "{namespaces:?}");
            let script = |call: &str| {
                let functions = include_str!("../observe/agents.sh");
                let script = format!("{functions}{call} '{}'", socket.display());
                let output = Command::new("sh").args(["-c", &script]).output().unwrap();
                assert!(output.stderr.is_empty(), "{output:?}");
                String::from_utf8(output.stdout).unwrap()
            };
            assert_eq!(script("gs_agents"), "", "{namespaces:?}");
            // Our own, at the same path.
            let own = Command::new("ssh-agent").arg("-a").arg(socket).output().unwrap();
            assert!(own.status.success());
            let found = processes(socket);
            assert_eq!((found.len(), script("gs_agents")), (1, format!("{}\n", found[0])), "{namespaces:?}");
            assert_eq!(end(socket, false).await, found);
            assert_eq!((contained.all(), processes(socket)), (1, Vec::new()), "{namespaces:?}");
        }
    }

    #[test]
    fn another_agent_is_never_meant() {
        assert!(processes(Path::new("/nowhere/agent")).is_empty());
        assert!(
            !is_agent(&std::process::id().to_string())
                && !is_agent("")
                && !is_agent("../1")
                && !is_agent("99999999")
        );
    }

    proptest! {
        #[test]
        fn any_answer_is_read(mut answer in proptest::collection::vec(any::<u8>(), 0..60)) {
            let _ = keys(&answer);
            answer.splice(0..0, [ANSWER, 0, 0, 0, 2]);
            let _ = keys(&answer);
        }
    }
}
