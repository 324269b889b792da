//! A node: who it is, and how to run something on it.

use std::net::{IpAddr, Ipv6Addr};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::Arc;

use crate::error::LabError;
use crate::init::Init;
use crate::keeper::Keeper;
use crate::lab::disk_name;
use crate::network;
use crate::process::{self, Proc, ProcessId};
use crate::registry::to_node_line;
use crate::spec::{LabSpec, User};

/// One node of a lab.
#[derive(Debug)]
pub struct Node {
    pub(crate) index: usize,
    pub(crate) name: String,
    ip: IpAddr,
    ip6: Option<Ipv6Addr>,
    second_ip: Option<IpAddr>,
    port: u16,
    init: Init,
    pub(crate) keeper: ProcessId,
    /// The node's disk, in the keeper's mount namespace.
    pub(crate) disk: PathBuf,
    users: Arc<[User]>,
    variables: Vec<String>,
}

/// What a script printed and how it ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShellOutput {
    /// How it ended.
    pub status: ExitStatus,
    /// Its standard output; bytes that are not UTF-8 are replaced.
    pub stdout: String,
    /// Its standard error; bytes that are not UTF-8 are replaced.
    pub stderr: String,
}

impl Node {
    pub(crate) fn new(spec: &LabSpec, index: usize, init: Init, keeper: &Keeper, users: Arc<[User]>) -> Node {
        let own = &spec.nodes[index];
        Node {
            index,
            name: own.name.clone(),
            ip: IpAddr::V4(network::ipv4(index)),
            ip6: spec.ipv6.then(|| network::ipv6(index)),
            second_ip: spec.second_network.then(|| IpAddr::V4(network::ipv4_second(index))),
            port: own.port,
            init,
            keeper: keeper.process,
            disk: keeper.dir.fs().join(disk_name(index)),
            users,
            variables: spec.variables.clone(),
        }
    }

    /// Its IPv4 address.
    #[must_use]
    pub fn ip(&self) -> IpAddr {
        self.ip
    }

    /// Its IPv6 address, in a lab that has them.
    #[must_use]
    pub fn ip6(&self) -> Option<Ipv6Addr> {
        self.ip6
    }

    /// Its address in the second network, in a lab that has two.
    #[must_use]
    pub fn second_ip(&self) -> Option<IpAddr> {
        self.second_ip
    }

    /// Its host name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The port on which its sshd listens.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The number of its process 1, as the machine sees it. A whole system has another one after each boot.
    #[must_use]
    pub fn init_pid(&self) -> i32 {
        self.init().pid
    }

    pub(crate) fn init(&self) -> ProcessId {
        self.init.now()
    }

    /// Whether it is a whole system, see [`LabSpec::systems`].
    #[must_use]
    pub fn is_system(&self) -> bool {
        self.init.holder().is_some()
    }

    /// Whether a whole system will boot when it is not there.
    pub(crate) fn is_held(&self) -> bool {
        self.init.holder().is_some_and(ProcessId::is_alive)
    }

    /// Its line in the table of the lab's nodes.
    pub(crate) fn to_line(&self) -> String {
        to_node_line(&self.name, self.ip, &self.init)
    }

    /// Whether it was not killed.
    #[must_use]
    pub fn is_alive(&self) -> bool {
        self.init().is_alive()
    }

    /// A command on the node, as that user, in that user's home, with the environment of a fresh login. The
    /// caller adds program and arguments with `arg`, and more environment with a leading `NAME=value`.
    ///
    /// What the caller holds is the process that entered the node; the program itself is its child there. A
    /// signal for the program goes to it directly, see [`Node::signal`].
    ///
    /// # Panics
    /// When the lab has no such user.
    #[must_use]
    #[expect(clippy::panic, reason = "a test that asks for a user it did not add is wrong, and ends here")]
    pub fn command(&self, user: &str) -> Command {
        let Ok(user) = self.user(user) else {
            panic!("the lab has no user {user}");
        };
        let mut command = self.enter(&user.home());
        if user.uid != 0 {
            let id = user.uid.to_string();
            command.args(["setpriv", "--reuid", &id, "--regid", &id, "--init-groups", "--"]);
        }
        command.args(["env", "-i"]).args(environment(user)).args(&self.variables);
        command
    }

    /// A command within a login session of that user: PAM opens it, and on a whole system logind knows it while the
    /// command lasts. A command of [`Node::command`] and [`Node::sh`] has none, like one that a service runs. The
    /// caller adds program and arguments with `arg`.
    ///
    /// # Errors
    /// When the node is dead or there is no such user.
    pub fn login(&self, user: &str) -> Result<Command, LabError> {
        self.check_alive()?;
        let name = &self.user(user)?.name;
        let mut command = self.command("root");
        command.args(["su", "--login", "--shell", "/bin/sh", "--command", "exec \"$@\"", "--", name, "sh"]);
        Ok(command)
    }

    /// Runs `sh -c script` as a user, without standard input.
    ///
    /// # Errors
    /// When the node is dead, there is no such user, or the shell cannot be started.
    pub fn sh(&self, user: &str, script: &str) -> Result<ShellOutput, LabError> {
        self.check_alive()?;
        self.user(user)?;
        let mut command = self.command(user);
        let output = command
            .args(["sh", "-c", script])
            .stdin(Stdio::null())
            .output()
            .map_err(LabError::io("run", "nsenter"))?;
        Ok(ShellOutput {
            status: output.status,
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        })
    }

    /// Runs a script as root, which must succeed.
    pub(crate) fn must(&self, script: &str) -> Result<String, LabError> {
        let output = self.sh("root", script)?;
        if output.status.success() {
            return Ok(output.stdout);
        }
        Err(LabError::Tool { program: "sh", stderr: format!("{}: {}", self.name, output.stderr) })
    }

    /// Sends a signal (`INT`, `TERM`, `KILL`, …) to every process of the node with this program name.
    ///
    /// # Errors
    /// When the node is dead or no such process runs.
    pub fn signal(&self, program: &str, signal: &str) -> Result<(), LabError> {
        // The name in /proc is cut at 15 characters.
        let name = program.chars().take(15).collect::<String>();
        self.must(&format!(
            "found=; for dir in /proc/[0-9]*; do\n\
             read -r comm 2>/dev/null <\"$dir/comm\" || continue\n\
             [ \"$comm\" != '{name}' ] || {{ kill -{signal} \"${{dir#/proc/}}\" && found=1; }}\n\
             done; [ \"$found\" ] || {{ echo 'no process {name}' >&2; exit 1; }}"
        ))
        .map(drop)
    }

    /// All processes of the node, with their arguments and environments.
    #[must_use]
    pub fn processes(&self) -> Vec<Proc> {
        if self.is_alive() { process::in_namespace_of(self.init_pid()) } else { Vec::new() }
    }

    pub(crate) fn check_alive(&self) -> Result<(), LabError> {
        if self.is_alive() { Ok(()) } else { Err(LabError::Dead { node: self.name.clone() }) }
    }

    pub(crate) fn user(&self, name: &str) -> Result<&User, LabError> {
        let found = self.users.iter().find(|user| user.name == name);
        found.ok_or_else(|| LabError::UnknownUser { user: name.to_owned() })
    }

    /// In this folder: not every `env` can go into one.
    fn enter(&self, folder: &str) -> Command {
        let to = |word: String| if word == "--wd" { format!("--wdns={folder}") } else { word };
        let mut words = enter_words(self.init_pid()).into_iter().map(to);
        let mut command = Command::new(words.next().unwrap_or_default());
        command.args(words);
        command
    }
}

/// The beginning of a command line that runs something on the node with this process 1 (as the machine sees it):
/// `nsenter` and its options. What follows runs as root, with the caller's environment.
#[must_use]
pub fn enter_words(init_pid: i32) -> Vec<String> {
    let pid = init_pid.to_string();
    let words =
        ["nsenter", "-t", &pid, "--mount", "--uts", "--ipc", "--net", "--pid", "--root", "--wd", "--"];
    let mut words = words.map(str::to_owned).to_vec();
    let groups = format!("/proc/{pid}/root/sys/fs/cgroup");
    if !Path::new(&groups).join("cgroup.procs").exists() {
        return words;
    }
    // systemd and logind know processes by their control groups, so the command must not stay in the caller's.
    words.insert(1, "--cgroup".to_owned());
    ["sh", "-c", JOIN, &groups].map(str::to_owned).into_iter().chain(words).collect()
}

/// Goes into a control group of a whole system that no service owns.
const JOIN: &str = "mkdir -p \"$0/lab\" && echo 0 >\"$0/lab/cgroup.procs\" && exec \"$@\"";

/// What a login sets.
fn environment(user: &User) -> [String; 7] {
    let path = if user.uid == 0 { crate::requirements::PATH } else { "/usr/local/bin:/usr/bin:/bin" };
    [
        format!("HOME={}", user.home()),
        format!("USER={}", user.name),
        format!("LOGNAME={}", user.name),
        format!("SHELL={}", user.shell),
        format!("PATH={path}"),
        "TERM=xterm".to_owned(),
        "LANG=C.UTF-8".to_owned(),
    ]
}
