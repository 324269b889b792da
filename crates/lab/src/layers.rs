//! The nodes' file systems. A node sees, from the top:
//!
//! 1. its own layer, on a tmpfs of its own: homes, host keys, host name, and whatever is written later;
//! 2. the lab's layer: users, PAM and SSH settings, an empty `/var/log`, the program under test;
//! 3. a layer of whiteouts, which hides what is the machine's own business;
//! 4. the machine's `/` or the root of another release, read-only: the *base*.

use std::fs;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt, chown, symlink};
use std::path::Path;

use rustix::fs::{CWD, FileType, Mode, makedev, mknodat};

use crate::error::LabError;
use crate::requirements::program_in;
use crate::spec::{LabSpec, NodeSpec};
use crate::substitute::SERVER;
use crate::{accounts, host_keys};

/// Where the first tier's nodes have their system from, unless told.
pub(crate) const MACHINE: &str = "/";
/// What stays visible of the base. All else in it is hidden.
const VISIBLE: [&str; 8] = ["bin", "sbin", "lib", "lib32", "lib64", "libx32", "usr", "etc"];
/// Hidden below the top.
const HIDDEN: [&str; 12] = [
    "usr/local",
    "etc/ssh",
    "etc/profile.d",
    "etc/ld.so.preload",
    "etc/crontab",
    "etc/cron.d",
    "etc/cron.hourly",
    "etc/cron.daily",
    "etc/cron.weekly",
    "etc/cron.monthly",
    "etc/cron.allow",
    "etc/nologin",
];
/// Directories of the lab's layer, with their modes.
const DIRECTORIES: [(&str, u32); 24] = [
    ("etc", 0o755),
    ("etc/cron.d", 0o755),
    ("etc/pam.d", 0o755),
    ("etc/profile.d", 0o755),
    ("etc/ssh", 0o755),
    ("etc/ssh/ssh_config.d", 0o755),
    ("dev", 0o755),
    ("dev/pts", 0o755),
    ("dev/shm", 0o1777),
    ("home", 0o755),
    ("mnt", 0o755),
    ("opt", 0o755),
    ("proc", 0o755),
    ("run", 0o755),
    ("srv", 0o755),
    ("sys", 0o755),
    ("tmp", 0o1777),
    ("usr", 0o755),
    ("usr/local", 0o755),
    ("usr/local/bin", 0o755),
    ("usr/local/sbin", 0o755),
    ("var", 0o755),
    ("var/log", 0o755),
    ("var/tmp", 0o1777),
];
/// Files of the lab's layer that are the same for all nodes of all labs.
const FILES: [(&str, &str, u32); 14] = [
    ("etc/environment", "", 0o644),
    ("etc/resolv.conf", "", 0o644),
    ("etc/default/locale", "", 0o644),
    ("etc/crontab", "", 0o644),
    ("etc/nsswitch.conf", "passwd: files\ngroup: files\nshadow: files\nhosts: files dns\n", 0o644),
    ("etc/profile", PROFILE, 0o644),
    ("etc/bash.bashrc", "[ -z \"${PS1-}\" ] && return\nPS1='\\u@\\h:\\w\\$ '\n", 0o644),
    ("etc/bashrc", "[ -z \"${PS1-}\" ] && return\nPS1='\\u@\\h:\\w\\$ '\n", 0o644),
    ("etc/motd", "", 0o644),
    ("etc/ssh/ssh_config", SSH_CONFIG, 0o644),
    ("var/log/wtmp", "", 0o664),
    ("var/log/btmp", "", 0o660),
    ("var/log/lastlog", "", 0o664),
    ("etc/subuid", "", 0o644),
];
const PROFILE: &str = "\
if [ \"$(id -u)\" -eq 0 ]; then
  PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
else
  PATH=/usr/local/bin:/usr/bin:/bin
fi
export PATH
";
/// As Debian ships it.
const SSH_CONFIG: &str = "\
Include /etc/ssh/ssh_config.d/*.conf
Host *
    SendEnv LANG LC_*
    HashKnownHosts yes
    GSSAPIAuthentication yes
";
/// The node's own name is not in it, as on many machines.
const HOSTS: &str = "\
127.0.0.1\tlocalhost

# The following lines are desirable for IPv6 capable hosts
::1     localhost ip6-localhost ip6-loopback
";
/// The cheapest key exchange that everything of interest knows, under both its names.
const CHEAP_KEX: &str = "KexAlgorithms curve25519-sha256,curve25519-sha256@libssh.org\n";
/// PAM modules that print or look for mail at every login: their cost differs from machine to machine.
const CHATTY_PAM: [&str; 3] = ["pam_motd.so", "pam_lastlog.so", "pam_mail.so"];
/// Character devices, all for everyone.
const DEVICES: [(&str, u32, u32); 6] =
    [("null", 1, 3), ("zero", 1, 5), ("full", 1, 7), ("random", 1, 8), ("urandom", 1, 9), ("tty", 5, 0)];
const SFTP_SERVERS: [&str; 4] = [
    "/usr/lib/openssh/sftp-server",
    "/usr/libexec/openssh/sftp-server",
    "/usr/libexec/sftp-server",
    "/usr/lib/ssh/sftp-server",
];

/// Writes the layer of whiteouts.
pub(crate) fn hide(layer: &Path, base: &Path) -> Result<(), LabError> {
    make_dir(&layer.join("usr"), 0o755)?;
    make_dir(&layer.join("etc"), 0o755)?;
    make_dir(&layer.join("var/spool"), 0o755)?;
    let top = fs::read_dir(base).map_err(LabError::io("list", base))?;
    for entry in top.flatten() {
        let name = entry.file_name();
        let visible = name.to_str().is_some_and(|name| VISIBLE.contains(&name) || name == "var");
        if !visible {
            whiteout(&layer.join(name))?;
        }
    }
    HIDDEN.iter().try_for_each(|path| whiteout(&layer.join(path)))?;
    ["var/log", "var/tmp", "var/mail", "var/spool/cron", "var/spool/mail", "var/run", "var/lock"]
        .iter()
        .try_for_each(|path| whiteout(&layer.join(path)))
}

/// Writes the lab's layer.
pub(crate) fn share(layer: &Path, spec: &LabSpec, base: &Path) -> Result<(), LabError> {
    for (path, mode) in DIRECTORIES {
        make_dir(&layer.join(path), mode)?;
    }
    for (path, text, mode) in FILES {
        put(&layer.join(path), text.as_bytes(), mode, 0)?;
    }
    for (path, target) in [("var/run", "../run"), ("var/lock", "../run/lock"), ("dev/fd", "/proc/self/fd")] {
        link(target, &layer.join(path))?;
    }
    share_devices(&layer.join("dev"))?;
    share_pam(layer, base)?;
    share_crontabs(layer, base)?;
    if let Ok(moduli) = fs::read(base.join("etc/ssh/moduli")) {
        put(&layer.join("etc/ssh/moduli"), &moduli, 0o644, 0)?;
    }
    share_program(layer, spec)?;
    accounts::write(layer, &spec.users, base)
}

/// The program under test.
pub(crate) fn share_program(layer: &Path, spec: &LabSpec) -> Result<(), LabError> {
    let Some(program) = &spec.program else {
        return Ok(());
    };
    let bytes = fs::read(program).map_err(LabError::io("read", program))?;
    put(&layer.join("usr/local/bin/gs_sshexkey"), &bytes, 0o755, 0)
}

fn share_devices(dev: &Path) -> Result<(), LabError> {
    for (name, major, minor) in DEVICES {
        let path = dev.join(name);
        mknodat(CWD, &path, FileType::CharacterDevice, Mode::from_raw_mode(0o666), makedev(major, minor))
            .map_err(|errno| LabError::io("make", &path)(errno.into()))?;
        set_mode(&path, 0o666)?;
    }
    let names = [("ptmx", "pts/ptmx"), ("stdin", "fd/0"), ("stdout", "fd/1"), ("stderr", "fd/2")];
    names.iter().try_for_each(|(name, target)| link(target, &dev.join(name)))
}

/// The PAM settings of sshd in `base`, without what prints.
pub(crate) fn share_pam(layer: &Path, base: &Path) -> Result<(), LabError> {
    let Ok(text) = fs::read_to_string(base.join("etc/pam.d/sshd")) else {
        return Ok(());
    };
    let quiet = text.lines().filter(|line| !CHATTY_PAM.iter().any(|module| line.contains(module)));
    let quiet: String = quiet.map(|line| format!("{line}\n")).collect();
    put(&layer.join("etc/pam.d/sshd"), quiet.as_bytes(), 0o644, 0)
}

/// An empty cron spool with the owner and mode that the base's cron package chose.
fn share_crontabs(layer: &Path, base: &Path) -> Result<(), LabError> {
    for path in ["var/spool/cron", "var/spool/cron/crontabs", "var/mail"] {
        let Ok(metadata) = fs::metadata(base.join(path)) else {
            continue;
        };
        let dir = layer.join(path);
        make_dir(&dir, 0o755)?;
        chown(&dir, Some(metadata.uid()), Some(metadata.gid())).map_err(LabError::io("chown", &dir))?;
        set_mode(&dir, metadata.mode() & 0o7777)?;
    }
    Ok(())
}

/// Writes the layer of one node, which lies over the system in `base`.
pub(crate) fn node(layer: &Path, spec: &LabSpec, index: usize, base: &Path) -> Result<(), LabError> {
    let Some(node) = spec.nodes.get(index) else {
        return Ok(());
    };
    let etc = layer.join("etc");
    make_dir(&etc.join("ssh"), 0o755)?;
    put(&etc.join("hostname"), format!("{}\n", node.name).as_bytes(), 0o644, 0)?;
    put(&etc.join("hosts"), HOSTS.as_bytes(), 0o644, 0)?;
    put(&etc.join("machine-id"), format!("{:032x}\n", index + 1).as_bytes(), 0o444, 0)?;
    put(&etc.join("ssh/sshd_config"), sshd_config(spec, index, base).as_bytes(), 0o644, 0)?;
    for key in host_keys::of_node(index, spec.key_types())? {
        put(&etc.join("ssh").join(&key.file), &key.private, 0o600, 0)?;
        put(&etc.join("ssh").join(format!("{}.pub", key.file)), &key.public, 0o644, 0)?;
    }
    for user in &spec.users {
        home(&layer.join(user.home().trim_start_matches('/')), user.uid, base)?;
    }
    if let Some(sh) = node.sh {
        let merged = fs::symlink_metadata(base.join("bin")).is_ok_and(|metadata| metadata.is_symlink());
        let bin = layer.join(if merged { "usr/bin" } else { "bin" });
        make_dir(&bin, 0o755)?;
        link(sh.program(), &bin.join("sh"))?;
    }
    node.substitutes.iter().try_for_each(|substitute| substitute.lay(layer, base, node.port))
}

/// What Debian's sshd_config says, after the node's own lines.
fn sshd_config(spec: &LabSpec, index: usize, base: &Path) -> String {
    let node = &spec.nodes[index];
    let sftp = match SFTP_SERVERS.iter().find(|path| base.join(path.trim_start_matches('/')).exists()) {
        _ if !node.sftp => String::new(),
        Some(path) => format!("Subsystem sftp {path}\n"),
        None => "Subsystem sftp internal-sftp\n".to_owned(),
    };
    let kex = if spec.as_shipped || spec.release_of(index).is_some() { "" } else { CHEAP_KEX };
    format!(
        "{}Port {}\nPermitRootLogin yes\nPasswordAuthentication yes\nKbdInteractiveAuthentication no\n\
         UsePAM yes\nX11Forwarding yes\nPrintMotd no\nPrintLastLog no\nAcceptEnv LANG LC_*\n{kex}{sftp}",
        node.sshd_config, node.port
    )
}

/// A fresh home with the files of `/etc/skel`.
fn home(dir: &Path, uid: u32, base: &Path) -> Result<(), LabError> {
    make_dir(dir, if uid == 0 { 0o700 } else { 0o755 })?;
    chown(dir, Some(uid), Some(uid)).map_err(LabError::io("chown", dir))?;
    let Ok(skel) = fs::read_dir(base.join("etc/skel")) else {
        return Ok(());
    };
    for entry in skel.flatten().filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_file())) {
        let bytes = fs::read(entry.path()).map_err(LabError::io("read", entry.path()))?;
        put(&dir.join(entry.file_name()), &bytes, 0o644, uid)?;
    }
    Ok(())
}

/// The daemons that process 1 of a node starts: its server, and cron where there is one.
pub(crate) fn daemons(node: &NodeSpec, base: &Path) -> (String, String) {
    let path = |name| program_in(base, name).map(|path| format!("{}\n", path.display())).unwrap_or_default();
    let cron = ["cron", "crond"].into_iter().map(path).find(|path| !path.is_empty());
    let other = node.substitutes.iter().any(|substitute| substitute.starts_the_server());
    let server = if other { format!("{SERVER}\n") } else { path("sshd") };
    (server, cron.unwrap_or_default())
}

/// Creates a directory with its parents, and sets its mode whatever the umask.
pub(crate) fn make_dir(path: &Path, mode: u32) -> Result<(), LabError> {
    fs::DirBuilder::new().recursive(true).mode(0o755).create(path).map_err(LabError::io("create", path))?;
    set_mode(path, mode)
}

/// Writes a file with its parents, mode and owner.
pub(crate) fn put(path: &Path, bytes: &[u8], mode: u32, uid: u32) -> Result<(), LabError> {
    if let Some(parent) = path.parent().filter(|parent| !parent.exists()) {
        make_dir(parent, 0o755)?;
    }
    fs::write(path, bytes).map_err(LabError::io("write", path))?;
    chown(path, Some(uid), Some(uid)).map_err(LabError::io("chown", path))?;
    set_mode(path, mode)
}

fn set_mode(path: &Path, mode: u32) -> Result<(), LabError> {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).map_err(LabError::io("chmod", path))
}

pub(crate) fn link(target: &str, path: &Path) -> Result<(), LabError> {
    symlink(target, path).map_err(LabError::io("link", path))
}

/// Overlayfs takes a character device 0:0 for "nothing here".
pub(crate) fn whiteout(path: &Path) -> Result<(), LabError> {
    mknodat(CWD, path, FileType::CharacterDevice, Mode::empty(), 0)
        .map_err(|errno| LabError::io("make", path)(errno.into()))
}
