//! When a whole system is up, and how it boots again.

use std::thread;
use std::time::{Duration, Instant};

use crate::error::LabError;
use crate::node::Node;

/// How long a system may take to boot, or to end, on a machine that is busy with other labs.
const PATIENCE: Duration = Duration::from_secs(90);
/// How often to look.
const GLANCE: Duration = Duration::from_millis(10);
/// sshd says to systemd that it listens just before it writes its number.
const SSHD_PATIENCE: Duration = Duration::from_secs(5);
/// What happened to sshd, and to the boot.
const WHAT_FAILED: &str = "systemctl --no-pager --failed --plain --no-legend; systemctl list-jobs --no-pager; \
                           journalctl --no-pager --quiet --boot --unit=ssh.service --lines=20";

impl Node {
    /// Restarts a whole system, in order: services stop, all processes end, and the system boots again with the
    /// same disk. Returns when the boot is complete and sshd listens. What was in `/run` and `/tmp`, the rules of
    /// the firewall and read-only homes are gone, as on a real machine.
    ///
    /// # Errors
    /// When the node is dead or not a whole system, or sshd does not listen after the boot.
    pub fn reboot(&self) -> Result<(), LabError> {
        self.check_system()?;
        self.check_alive()?;
        let before = self.init();
        // It may be ended by what it asked for, so its own end says nothing.
        let asked = self.sh("root", "systemctl reboot --ignore-inhibitors")?;
        let deadline = Instant::now() + PATIENCE;
        while before.is_alive() {
            if Instant::now() > deadline {
                return Err(self.not_ready(format!("it does not go down: {}", asked.stderr)));
            }
            thread::sleep(GLANCE);
        }
        wait_until_up(std::slice::from_ref(self))
    }

    /// The identity of the node's present boot: another one after each reboot.
    ///
    /// # Errors
    /// When the node is dead or not a whole system.
    pub fn boot_id(&self) -> Result<String, LabError> {
        self.check_system()?;
        self.check_alive()?;
        let id = self.read("/proc/sys/kernel/random/boot_id")?;
        Ok(String::from_utf8_lossy(&id).trim_end().to_owned())
    }

    fn check_system(&self) -> Result<(), LabError> {
        if self.is_system() { Ok(()) } else { Err(LabError::NotASystem { node: self.name.clone() }) }
    }

    fn not_ready(&self, log: String) -> LabError {
        LabError::NotReady { node: self.name.clone(), log }
    }

    fn is_booted(&self) -> bool {
        // systemd answers as soon as this is there.
        self.root_dir().join("run/systemd/private").exists()
            && self.sh("root", "timeout 60 systemctl is-system-running --wait").is_ok_and(|said| {
                // Degraded: a service failed that does not work on this machine.
                ["running\n", "degraded\n"].contains(&said.stdout.as_str())
            })
    }

    /// Whether systemd believes that sshd runs.
    fn sshd_is_active(&self) -> bool {
        self.sh("root", "systemctl is-active ssh.service").is_ok_and(|said| said.stdout == "active\n")
    }

    /// Whether anything is left that could boot.
    fn is_lost(&self) -> bool {
        !self.is_alive() && !self.is_held()
    }
}

/// Waits until these systems have booted and their sshd listens.
pub(crate) fn wait_until_up(nodes: &[Node]) -> Result<(), LabError> {
    let deadline = Instant::now() + PATIENCE;
    for node in nodes {
        while !(node.is_alive() && node.is_booted()) {
            if Instant::now() > deadline || node.is_lost() {
                return Err(node.not_ready(what_failed(node)));
            }
            thread::sleep(GLANCE);
        }
        let deadline = Instant::now() + SSHD_PATIENCE;
        while !node.sshd_listens() {
            if Instant::now() > deadline || node.is_lost() || !node.sshd_is_active() {
                return Err(node.not_ready(what_failed(node)));
            }
            thread::sleep(GLANCE);
        }
    }
    Ok(())
}

fn what_failed(node: &Node) -> String {
    node.sh("root", WHAT_FAILED).map_or_else(|error| error.to_string(), |said| said.stdout)
}
