//! Homes on file systems of their own, and what a power cut leaves of them.
//!
//! The nodes' disks are in memory, so nothing on them is ever lost: a program that forgets to sync looks right there. A
//! home on a loop file with ext4 or xfs is different. What its file system has written to the device is what a reboot
//! sees; all else is in the page cache and is lost with the power. So a copy of the device's file, taken at a moment, is
//! the home after a power cut at that moment.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, SystemTime};

use crate::error::LabError;
use crate::fault::run;
use crate::node::Node;

/// A file system that a home can be on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Filesystem {
    /// What most machines have. It writes what was not synced every five seconds.
    Ext4,
    /// What Red Hat, openEuler and their relatives have.
    Xfs,
}

impl Filesystem {
    /// The name that mount(8) knows.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ext4 => "ext4",
            Self::Xfs => "xfs",
        }
    }

    /// Whether the kernel has it, and the machine the program that makes one. Kernels without modules have what they have.
    #[must_use]
    pub fn is_available(self) -> bool {
        let known = fs::read_to_string("/proc/filesystems").unwrap_or_default();
        let known = known.lines().any(|line| line.split_ascii_whitespace().next_back() == Some(self.name()));
        known && crate::requirements::find_program(self.maker()).is_some()
    }

    /// Options of a mount. A copy has the identity of what it is a copy of, which xfs does not like.
    const fn options(self) -> &'static str {
        match self {
            Self::Ext4 => "rw",
            Self::Xfs => "rw,nouuid",
        }
    }

    const fn maker(self) -> &'static str {
        match self {
            Self::Ext4 => "mkfs.ext4",
            Self::Xfs => "mkfs.xfs",
        }
    }

    /// The smallest that its maker makes without complaint, and room for some programs. The file has holes.
    const fn size(self) -> u64 {
        match self {
            Self::Ext4 => 128 << 20,
            Self::Xfs => 320 << 20,
        }
    }

    fn make(self, image: &Path) -> Result<(), LabError> {
        let file = fs::File::create(image).map_err(LabError::io("create", image))?;
        file.set_len(self.size()).map_err(LabError::io("enlarge", image))?;
        let mut command = Command::new(self.maker());
        match self {
            // Nothing is left for the kernel to write later by itself.
            Self::Ext4 => {
                command.args(["-q", "-F", "-E", "lazy_itable_init=0,lazy_journal_init=0,nodiscard"])
            }
            Self::Xfs => command.args(["-q", "-f", "-K"]),
        };
        command.arg(image);
        run(command, self.maker())
    }
}

impl fmt::Display for Filesystem {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())
    }
}

/// What a power cut at one moment leaves of a home: a copy of its device.
#[derive(Debug)]
pub struct PowerCut {
    home: String,
    filesystem: Filesystem,
    image: PathBuf,
}

/// Moves a home onto a device. `$1`: home, `$2`: file system, `$3`: options, `$4` and `$5`: the device's numbers.
const MOVE_IN: &str = "\
set -e; umask 022; new=/run/gs-lab-home; mkdir -p $new; mknod $new.dev b $4 $5
mount -t $2 -o $3 $new.dev $new; rm -f $new.dev; rm -rf $new/lost+found
cp -a $1/. $new/; sync -f $new; mount --move $new $1; rmdir $new";
/// Puts a device in a home's place. As above; what still stands there goes with its last user.
const PUT_IN_PLACE: &str = "\
set -e; dev=/run/gs-lab-home.dev; mknod $dev b $4 $5; cd /
while mountpoint -q $1; do umount -l $1; done
mount -t $2 -o $3 $dev $1; rm -f $dev";
/// Ends all but process 1 at once: none may see another one die.
const ALL_ENDS: &str = "kill -s STOP -- -1; kill -s KILL -- -1; :";
/// What a reboot empties, and who the kernel is then. `$1`: another boot's number.
const NEW_BOOT: &str = "\
set -e; for dir in /tmp /run; do find $dir -xdev -mindepth 1 -delete; done
mkdir -p /run/sshd /run/lock /run/user; id=/proc/sys/kernel/random/boot_id
while grep -q \" $id \" /proc/self/mountinfo; do umount $id; done
echo $1 >/run/gs-lab-boot-id; mount --bind /run/gs-lab-boot-id $id";

impl Node {
    /// Moves the user's home, as it is, onto a file system of its own: a loop file. Not for a whole system that reboots.
    ///
    /// # Errors
    /// When the node is dead, there is no such user, or the file system cannot be made or mounted.
    pub fn loop_home(&self, user: &str, filesystem: Filesystem) -> Result<(), LabError> {
        self.check_alive()?;
        let home = self.user(user)?.home();
        let image = self.image(user);
        filesystem.make(&image)?;
        fs::write(self.kind(user), filesystem.name()).map_err(LabError::io("write", self.kind(user)))?;
        self.with_device(&image, &home, filesystem, MOVE_IN)
    }

    /// What a power cut would leave of a home that is [a loop file](Node::loop_home). The node goes on.
    ///
    /// # Errors
    /// When there is no such user, its home is no loop file, or the device is never still long enough to be copied.
    pub fn power_cut(&self, user: &str) -> Result<PowerCut, LabError> {
        let home = self.user(user)?.home();
        let kind = fs::read_to_string(self.kind(user)).map_err(LabError::io("read", self.kind(user)))?;
        let filesystem = if kind == Filesystem::Xfs.name() { Filesystem::Xfs } else { Filesystem::Ext4 };
        let device = self.image(user);
        let number = (0..).find(|number| !self.cut_image(user, *number).exists()).unwrap_or(0);
        let image = self.cut_image(user, number);
        // A write in the middle would make a copy of no moment at all.
        for _ in 0..TRIES {
            let before = changed(&device)?;
            copy(&device, &image)?;
            if changed(&device)? == before {
                return Ok(PowerCut { home, filesystem, image });
            }
        }
        Err(LabError::Tool { program: "cp", stderr: format!("{} changes all the time", device.display()) })
    }

    /// Starts the node as after that power cut: every process on it but process 1 ends at once, `/tmp` and `/run` are
    /// empty, the home is what was on the device then, the boot has another number, and sshd and cron run.
    /// The copy is used up, as a disk is: what the node writes now, it writes there.
    ///
    /// # Errors
    /// When the node is dead or a whole system, the device cannot be mounted, or sshd does not start.
    pub fn restart_after(&self, cut: &PowerCut) -> Result<(), LabError> {
        self.check_alive()?;
        // The script is among those that end, so it cannot tell how it ended.
        let _ = self.sh("root", ALL_ENDS)?;
        self.with_device(&cut.image, &cut.home, cut.filesystem, PUT_IN_PLACE)?;
        let mut boot = self.command("root");
        boot.args(["sh", "-c", NEW_BOOT, "sh", &new_boot_id()?]);
        run(boot, "sh")?;
        self.start_sshd()?;
        let cron = fs::read_to_string(self.outside("cron")).unwrap_or_default();
        self.must(&format!("{} >/dev/null 2>&1 </dev/null", cron.trim())).map(drop)
    }

    /// Runs a script on the node, as root, that mounts the image. Its device goes with the last mount.
    fn with_device(&self, image: &Path, home: &str, kind: Filesystem, script: &str) -> Result<(), LabError> {
        let mut command = Command::new("losetup");
        let output = command.args(["--find", "--show"]).arg(image).output();
        let output = output.map_err(LabError::io("run", "losetup"))?;
        let stderr = || String::from_utf8_lossy(&output.stderr).into_owned();
        let device = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        if !output.status.success() {
            return Err(LabError::Tool { program: "losetup", stderr: stderr() });
        }
        let done = device_numbers(Path::new(&device)).and_then(|(major, minor)| {
            let mut enter = Command::new("nsenter");
            // Not the control group: whole systems may not use devices in theirs.
            enter.arg("-t").arg(self.init_pid().to_string());
            enter.args(["--mount", "--pid", "--root", "--wd", "--", "sh", "-c", script, "sh", home]);
            enter.args([kind.name(), kind.options(), &major.to_string(), &minor.to_string()]);
            run(enter, "mount")
        });
        let mut detach = Command::new("losetup");
        detach.args(["--detach", &device]);
        done.and(run(detach, "losetup"))
    }

    fn image(&self, user: &str) -> PathBuf {
        self.outside(&format!("home-{user}.img"))
    }

    fn kind(&self, user: &str) -> PathBuf {
        self.outside(&format!("home-{user}.kind"))
    }

    fn cut_image(&self, user: &str, number: usize) -> PathBuf {
        self.outside(&format!("home-{user}.cut{number}.img"))
    }
}

/// How often a device is copied until nothing wrote meanwhile.
const TRIES: usize = 50;

/// When a file was changed last; not a moment ago, so that another change would be seen.
fn changed(path: &Path) -> Result<SystemTime, LabError> {
    loop {
        let metadata = fs::metadata(path).map_err(LabError::io("read", path))?;
        let changed = metadata.modified().map_err(LabError::io("read", path))?;
        if changed.elapsed().is_ok_and(|age| age > GRAIN) {
            return Ok(changed);
        }
        thread::sleep(GRAIN);
    }
}

/// Coarser than any clock of file times.
const GRAIN: Duration = Duration::from_millis(12);

fn copy(from: &Path, to: &Path) -> Result<(), LabError> {
    let mut command = Command::new("cp");
    command.arg("--sparse=always").arg(from).arg(to);
    run(command, "cp")
}

fn device_numbers(device: &Path) -> Result<(u32, u32), LabError> {
    use std::os::unix::fs::MetadataExt;
    let number = fs::metadata(device).map_err(LabError::io("read", device))?.rdev();
    Ok((rustix::fs::major(number), rustix::fs::minor(number)))
}

fn new_boot_id() -> Result<String, LabError> {
    let path = "/proc/sys/kernel/random/uuid";
    fs::read_to_string(path).map(|id| id.trim().to_owned()).map_err(LabError::io("read", path))
}
