//! Nodes that could not be read, planned for, changed or put back.

use sshtrust::apply::ApplyError;
use sshtrust::change::{NodeFailure, NodeTrouble};
use sshtrust::node::NodeError;
use sshtrust::observe::ObserveError;
use sshtrust::plan::PlanError;

use super::Report;

/// One failed node.
pub(super) fn explain(failure: &NodeFailure) -> Report {
    let (head, cure) = parts(&failure.trouble);
    cured(head.on(failure.node, &failure.trouble.to_string()), &cure)
}

/// Trouble on this machine.
pub(super) fn local(trouble: &NodeTrouble) -> Report {
    let (head, cure) = parts(trouble);
    cured(head.detail(&trouble.to_string()), &cure)
}

fn cured(report: Report, cure: &str) -> Report {
    if cure.is_empty() { report } else { report.cure(cure) }
}

/// What happened, and what to do.
fn parts(trouble: &NodeTrouble) -> (Report, String) {
    let (code, text, cure) = match trouble {
        NodeTrouble::Shell(error) | NodeTrouble::Observe(ObserveError::Node(error)) => shell(error),
        NodeTrouble::Apply(ApplyError::Node(error)) => shell(error),
        NodeTrouble::Observe(error) => observe(error),
        NodeTrouble::Plan(error) => plan(error),
        NodeTrouble::Apply(error) => apply(error),
        NodeTrouble::Remnant(_) => {
            let cure = "Look at that file and take out what should not be there.";
            ("50205", "Somebody edited a file during the run.".to_owned(), cure.to_owned())
        }
        NodeTrouble::SharedHome(_) | NodeTrouble::Recovered | NodeTrouble::Interrupted => {
            let cure = "Run the command again: it looks at the node anew.";
            ("51632", "The node was left as it is.".to_owned(), cure.to_owned())
        }
    };
    (Report::new(code, &text), cure)
}

type Parts = (&'static str, String, String);

/// What to do where a node starts no process.
const NO_PROCESS: &str = "Most likely the user may start no more processes there: as root, compare 'ps -u USER -L | wc -l' with \
    nproc in /etc/security/limits.conf and limits.d, and with TasksMax of systemd; end what is too many or raise the limit. A \
    device that runs no commands cannot be a node.";

fn shell(error: &NodeError) -> Parts {
    let (code, text, cure) = match error {
        error if error.is_of_processes() => ("51400", "Failed to execute the command: sh.", NO_PROCESS),
        NodeError::Refused => ("51400", "Failed to execute the command: sh.", NO_PROCESS),
        NodeError::NoSession(_) => (
            "51400",
            "Failed to execute the command: sh.",
            "Set MaxSessions to 10 in the node's sshd_config and reload sshd. A device that opens no session cannot be a node.",
        ),
        NodeError::Unanswered(_) => (
            "51400",
            "Failed to execute the command: sh.",
            "See the node's log of sshd: a module of PAM, or the user's home (NFS), may hang there. A device that runs no \
             commands cannot be a node.",
        ),
        NodeError::Lost(_) => {
            ("51101", "SSH exception: \nthe connection was lost.", "See whether the node runs.")
        }
        NodeError::Timeout(_) => {
            ("51101", "SSH exception: \nno answer in time.", "See whether the node is overloaded.")
        }
        NodeError::NoShell(_) => (
            "51400",
            "Failed to execute the command: sh.",
            "See whether the user can run a command there: login shell, expired account, and what runs before a command: ~/.bashrc, \
             ~/.ssh/rc, /etc/ssh/sshrc. One of them may end the shell, start another program in its place, or wait for an \
             answer: gs_sshexkey doctor --explain profile-blocks. ForceCommand in sshd_config (internal-sftp serves files \
             alone) and command= in authorized_keys run something else.",
        ),
        NodeError::TooMuch(_) => {
            ("51101", "SSH exception: \ntoo much output.", "See what the login profiles print.")
        }
        NodeError::Command { what, .. } => {
            let cure = "See what the node says, and run again.".to_owned();
            return ("51400", format!("Failed to execute the command: {what}."), cure);
        }
    };
    (code, text.to_owned(), cure.to_owned())
}

fn observe(error: &ObserveError) -> Parts {
    match error {
        ObserveError::Missing(names) => (
            "51400",
            format!("Failed to execute the command: {}.", names.join(", ")),
            "Install OpenSSH's client: 'dnf install openssh-clients' or 'apt-get install openssh-client'."
                .to_owned(),
        ),
        ObserveError::AgentHangs(pid) => (
            "51400",
            "Failed to execute the command: ssh-add -L.".to_owned(),
            format!("End that agent ('kill -CONT {pid}; kill {pid}') and run again: a new one is started."),
        ),
        ObserveError::NoHome(home) => (
            "50201",
            format!("The {home} does not exist."),
            "Make the home directory, or correct it in the password database.".to_owned(),
        ),
        ObserveError::NoKeysFile(_) => (
            "50205",
            "Failed to write authorized_keys.".to_owned(),
            "Set AuthorizedKeysFile in the node's sshd_config to a file in the user's home.".to_owned(),
        ),
        ObserveError::Node(_) | ObserveError::Incomplete(_) => {
            let cure = "See whether the usual commands (uname, stat, id) work there in /bin/sh.".to_owned();
            ("51400", "Failed to execute the command: sh.".to_owned(), cure)
        }
    }
}

fn plan(error: &PlanError) -> Parts {
    match error {
        PlanError::Unreadable { path } => {
            ("50204", format!("Failed to read {path}."), format!("Give the user back the right to it: chown and chmod {path}."))
        }
        PlanError::WrongKind { path, .. } => {
            ("50205", format!("Failed to write {path}."), format!("Move {path} out of the way."))
        }
        PlanError::ForeignLink { path, .. } => (
            "50205",
            format!("Failed to write {path}."),
            "A link that belongs to somebody else is not followed: make it the user's (chown -h) or remove it.".to_owned(),
        ),
        PlanError::SocketPath { path, .. } => {
            ("50205", format!("Failed to write {path}."), "Give the user a shorter home directory.".to_owned())
        }
    }
}

fn apply(error: &ApplyError) -> Parts {
    match error {
        ApplyError::Unwritable(said) => {
            let path = said.rsplit("cannot write ").next().unwrap_or_default().trim();
            ("50205", format!("Failed to write {path}."), write_cure(said).to_owned())
        }
        ApplyError::Changed(_) => (
            "50205",
            "Failed to write a file: somebody else changed it during the run.".to_owned(),
            "Run again.".to_owned(),
        ),
        ApplyError::Agent(said) => (
            "51400",
            "Failed to execute the command: ssh-agent.".to_owned(),
            if said.contains("FIPS") {
                "Run again with --key-type ecdsa.".to_owned()
            } else {
                "Run 'ssh-agent' on the node by hand and see what it says.".to_owned()
            },
        ),
        ApplyError::SharedFolder { folder, .. } => (
            "50205",
            format!("Failed to write into {folder}."),
            format!(
                "Nodes that share {folder} would overwrite each other's files. Give each node a folder of its own, or \
                 leave all but one of them out of the list."
            ),
        ),
        ApplyError::GaveUp | ApplyError::Node(_) => (
            "51101",
            "SSH exception: \nthe node was out of reach for too long.".to_owned(),
            "Run again.".to_owned(),
        ),
    }
}

fn write_cure(said: &str) -> &'static str {
    if said.contains("No space left") || said.contains("quota") {
        "Free some space there (df, quota) and run again."
    } else if said.contains("Read-only") {
        "Mount the file system writable again (mount -o remount,rw) and run again."
    } else if said.contains("ermission denied") || said.contains("not permitted") {
        "Give the user the right to write there (ls -ld, lsattr, SELinux: ausearch -m avc) and run again."
    } else {
        "See what the node says and run again."
    }
}
