//! Faults on demand.

use std::net::IpAddr;
use std::process::Command;
use std::thread;
use std::time::Duration;

use crate::error::LabError;
use crate::lab::DISK;
use crate::network;
use crate::node::Node;

/// How often to look whether a killed node is gone.
const GLANCE: Duration = Duration::from_millis(1);
/// A daemon may write while its disk is being filled.
const FILL_TRIES: usize = 20;

/// Starts sshd and waits until it listens, which is when it writes its number. `$(command -v …)`: sshd wants
/// to be called by its full path.
const START_SSHD: &str = "\
rm -f /run/sshd.pid; \"$(command -v lab-server || command -v sshd)\" -E /var/log/sshd.log || exit 1
i=0; while [ ! -s /run/sshd.pid ]; do
i=$((i + 1)); [ $i -lt 3000 ] || { cat /var/log/sshd.log >&2; exit 1; }; sleep 0.01
done";
/// Ends the listener only: connections that are open stay.
const STOP_SSHD: &str = "\
read -r pid </run/sshd.pid; kill -CONT $pid; kill $pid || exit 1
while kill -0 $pid 2>/dev/null; do sleep 0.01; done; rm -f /run/sshd.pid";
/// The same for a whole system. systemd refuses what starts too often.
const START_SERVICE: &str = "\
systemctl reset-failed ssh.service; systemctl start ssh.service || {
journalctl --no-pager --quiet --boot --unit=ssh.service --lines=20 >&2; exit 1; }";
const STOP_SERVICE: &str = "systemctl is-active --quiet ssh.service && systemctl stop ssh.service";
/// Of the same types as before.
const NEW_HOST_KEYS: &str = "\
for key in /etc/ssh/ssh_host_*_key; do
type=${key#/etc/ssh/ssh_host_}; rm -f \"$key\" \"$key.pub\"
ssh-keygen -q -N '' -t \"${type%_key}\" -f \"$key\" || exit 1
done";
/// In bytes, with the IP header. The first message of a key exchange is about twice as large.
const SMALL_PACKET: u32 = 600;

impl Node {
    /// Ends the listening sshd. Open connections live on, new ones are refused.
    ///
    /// # Errors
    /// When the node is dead or its sshd does not run.
    pub fn stop_sshd(&self) -> Result<(), LabError> {
        self.must(if self.is_system() { STOP_SERVICE } else { STOP_SSHD }).map(drop)
    }

    /// Starts sshd again, with what its configuration says now.
    ///
    /// # Errors
    /// When the node is dead or sshd does not start; the error holds its log.
    pub fn start_sshd(&self) -> Result<(), LabError> {
        self.must(if self.is_system() { START_SERVICE } else { START_SSHD }).map(drop)
    }

    /// Gives the node new host keys, as an installation from scratch does, and starts its sshd again.
    ///
    /// # Errors
    /// When the node is dead, or its sshd does not run or does not start.
    pub fn change_host_keys(&self) -> Result<(), LabError> {
        self.must(NEW_HOST_KEYS)?;
        self.stop_sshd()?;
        self.start_sshd()
    }

    /// Stops the listening sshd in its tracks: a connection is accepted by the kernel and then nothing is said.
    ///
    /// # Errors
    /// When the node is dead or its sshd does not run.
    pub fn freeze(&self) -> Result<(), LabError> {
        self.must("read -r pid </run/sshd.pid; kill -STOP $pid").map(drop)
    }

    /// Lets a frozen sshd go on.
    ///
    /// # Errors
    /// When the node is dead or its sshd does not run.
    pub fn thaw(&self) -> Result<(), LabError> {
        self.must("read -r pid </run/sshd.pid; kill -CONT $pid").map(drop)
    }

    /// Drops whatever arrives for this TCP port, as a filtering firewall does.
    ///
    /// # Errors
    /// When the node is dead or `nft` fails.
    pub fn drop_port(&self, port: u16) -> Result<(), LabError> {
        self.filter(&format!("add rule inet lab arriving tcp dport {port} drop"))
    }

    /// Refuses connections to this TCP port with a reset.
    ///
    /// # Errors
    /// When the node is dead or `nft` fails.
    pub fn reject_port(&self, port: u16) -> Result<(), LabError> {
        self.filter(&format!("add rule inet lab arriving tcp dport {port} reject with tcp reset"))
    }

    /// Drops what arrives from one address for this TCP port.
    ///
    /// # Errors
    /// When the node is dead or `nft` fails.
    pub fn drop_from(&self, source: IpAddr, port: u16) -> Result<(), LabError> {
        let family = if source.is_ipv4() { "ip" } else { "ip6" };
        self.filter(&format!("add rule inet lab arriving {family} saddr {source} tcp dport {port} drop"))
    }

    /// Loses packets at random, in both directions, this many of a hundred.
    ///
    /// # Errors
    /// When the node is dead or `nft` fails.
    pub fn lose_packets(&self, percent: u8) -> Result<(), LabError> {
        let chance = match percent {
            0..100 => format!("numgen random mod 100 < {percent}"),
            _ => String::new(),
        };
        self.filter(&format!(
            "add rule inet lab arriving iifname eth0 {chance} drop\n\
             add rule inet lab leaving oifname eth0 {chance} drop"
        ))
    }

    /// Loses what is larger than a small packet, in both directions, like a path that passes less than both ends
    /// believe and tells nobody. A connection is made and sshd's greeting arrives, but no key exchange: each side's
    /// first message is too large.
    ///
    /// # Errors
    /// When the node is dead or `nft` fails.
    pub fn lose_large_packets(&self) -> Result<(), LabError> {
        self.filter(&format!(
            "add rule inet lab arriving iifname eth0 meta length > {SMALL_PACKET} drop\n\
             add rule inet lab leaving oifname eth0 meta length > {SMALL_PACKET} drop"
        ))
    }

    /// Takes all network faults of this node back.
    ///
    /// # Errors
    /// When the node is dead or `nft` fails.
    pub fn heal_network(&self) -> Result<(), LabError> {
        self.filter("delete table inet lab")
    }

    /// Leaves not one free page on the node's disk, which holds the user's home and everything else but
    /// `/tmp` and `/run`. No file is made for it: the disk shrinks to what is in use.
    ///
    /// # Errors
    /// When there is no such user or the disk cannot be shrunk.
    pub fn fill_disk(&self, user: &str) -> Result<(), LabError> {
        self.user(user)?;
        let path = self.outside("");
        let mut last = Ok(());
        for _ in 0..FILL_TRIES {
            let disk =
                rustix::fs::statvfs(&path).map_err(|errno| LabError::io("measure", &path)(errno.into()))?;
            let used = (disk.f_blocks - disk.f_bfree) * disk.f_frsize;
            last = self.resize_disk(&used.to_string());
            if last.is_ok() {
                break;
            }
        }
        last
    }

    /// Gives the disk its room back.
    ///
    /// # Errors
    /// When there is no such user or the disk cannot be enlarged.
    pub fn free_disk(&self, user: &str) -> Result<(), LabError> {
        self.user(user)?;
        self.resize_disk(DISK)
    }

    /// Makes the user's home a read-only file system.
    ///
    /// # Errors
    /// When the node is dead, there is no such user, or the mount fails.
    pub fn read_only_home(&self, user: &str) -> Result<(), LabError> {
        let home = self.user(user)?.home();
        self.must(&format!("mount --bind {home} {home} && mount -o remount,bind,ro {home}")).map(drop)
    }

    /// Makes a read-only home writable again.
    ///
    /// # Errors
    /// When the node is dead, there is no such user, or its home was not read-only.
    pub fn writable_home(&self, user: &str) -> Result<(), LabError> {
        let home = self.user(user)?.home();
        self.must(&format!("cd / && umount -l {home}")).map(drop)
    }

    /// Cuts the power: takes the cable away, so that no dying process says goodbye to its peers, and ends
    /// process 1, and with it the node. Its disk stays readable.
    ///
    /// # Errors
    /// When the node is dead already, or its cable cannot be removed.
    pub fn kill(&self) -> Result<(), LabError> {
        self.check_alive()?;
        let mut command = Command::new("nsenter");
        command.arg("-t").arg(self.keeper.pid.to_string());
        command.args(["--net", "--", "ip", "link", "delete", &network::port(self.index)]);
        run(command, "ip")?;
        let init = self.init();
        init.kill();
        while init.is_alive() {
            thread::sleep(GLANCE);
        }
        Ok(())
    }

    /// Whether sshd has written its number, which it does when it listens.
    pub(crate) fn sshd_listens(&self) -> bool {
        self.root_dir().join("run/sshd.pid").metadata().is_ok_and(|file| file.len() > 0)
    }

    fn filter(&self, rules: &str) -> Result<(), LabError> {
        self.check_alive()?;
        let rules = format!(
            "add table inet lab\n\
             add chain inet lab arriving {{ type filter hook input priority 0; }}\n\
             add chain inet lab leaving {{ type filter hook output priority 0; }}\n{rules}\n"
        );
        let mut command = Command::new("nsenter");
        command.arg("-t").arg(self.init_pid().to_string()).args(["--net", "--", "nft", &rules]);
        run(command, "nft")
    }

    fn resize_disk(&self, size: &str) -> Result<(), LabError> {
        let mut command = Command::new("nsenter");
        command.arg("-t").arg(self.keeper.pid.to_string());
        command.args(["--mount", "--", "mount", "-o", &format!("remount,size={size}")]).arg(&self.disk);
        run(command, "mount")
    }
}

pub(crate) fn run(mut command: Command, program: &'static str) -> Result<(), LabError> {
    let output = command.output().map_err(LabError::io("run", "nsenter"))?;
    if output.status.success() {
        return Ok(());
    }
    Err(LabError::Tool { program, stderr: String::from_utf8_lossy(&output.stderr).into_owned() })
}
