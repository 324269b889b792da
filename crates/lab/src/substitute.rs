//! What a node has in place of the usual.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::error::{LabError, SpecMistake};
use crate::layers::{link, make_dir, put, whiteout};
use crate::requirements::program_in;

/// What a node can have in place of the usual. All of it is in the root of [`Release::Bookworm`](crate::Release), all but
/// the client and the clock in the others too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Substitute {
    /// `ssh` is that of OpenSSH 7.5. The agent and the server stay.
    OldClient,
    /// The server is dropbear. There is no sshd, and no settings of one. It has the node's own host keys.
    Dropbear,
    /// All programs that busybox has too are busybox's, `sh` among them.
    Busybox,
    /// sshd and `date` see a clock that is two days ahead.
    ClockAhead,
}

/// What starts the server of a node, if it is not sshd as it is.
pub(crate) const SERVER: &str = "/usr/local/sbin/lab-server";
/// The client of OpenSSH 7.5, as Debian calls it.
const OLD_CLIENT: &str = "usr/bin/ssh1";
const BUSYBOX: &str = "bin/busybox";
/// With these the lab itself works on a node, and busybox's know less.
const OWN: [&str; 13] = [
    "busybox", "crond", "crontab", "init", "ip", "losetup", "mount", "nsenter", "script", "setpriv", "su",
    "umount", "unshare",
];

impl Substitute {
    /// Puts it into a node's layer, over the system in `base`.
    pub(crate) fn lay(self, layer: &Path, base: &Path, port: u16) -> Result<(), LabError> {
        match self {
            Substitute::OldClient => old_client(layer, base),
            Substitute::Dropbear => dropbear(layer, base, port),
            Substitute::Busybox => busybox(layer, base),
            Substitute::ClockAhead => clock_ahead(layer, base),
        }
    }

    /// Whether the server is another than sshd, or started otherwise: by [`SERVER`].
    pub(crate) fn starts_the_server(self) -> bool {
        matches!(self, Substitute::Dropbear | Substitute::ClockAhead)
    }

    fn missing(self, base: &Path) -> LabError {
        LabError::Spec(SpecMistake::NoSubstitute { what: self, base: base.to_owned() })
    }
}

fn old_client(layer: &Path, base: &Path) -> Result<(), LabError> {
    let bytes = fs::read(base.join(OLD_CLIENT)).map_err(|_| Substitute::OldClient.missing(base))?;
    put(&layer.join("usr/bin/ssh"), &bytes, 0o755, 0)
}

fn dropbear(layer: &Path, base: &Path, port: u16) -> Result<(), LabError> {
    let program = program_in(base, "dropbear").ok_or_else(|| Substitute::Dropbear.missing(base))?;
    make_dir(&layer.join("usr/sbin"), 0o755)?;
    whiteout(&layer.join("usr/sbin/sshd"))?;
    let settings = layer.join("etc/ssh/sshd_config");
    fs::remove_file(&settings).map_err(LabError::io("remove", &settings))?;
    let script = format!(
        "#!/bin/sh\n\
         mkdir -p /etc/dropbear\n\
         for type in rsa ecdsa ed25519; do\n\
         key=/etc/dropbear/dropbear_${{type}}_host_key\n\
         [ -s $key ] || [ ! -e /etc/ssh/ssh_host_${{type}}_key ] ||\n\
         dropbearconvert openssh dropbear /etc/ssh/ssh_host_${{type}}_key $key || exit\n\
         done >>/var/log/sshd.log 2>&1\n\
         exec {} -E -P /run/sshd.pid -p {port} 2>>/var/log/sshd.log\n",
        program.display()
    );
    put(&layer.join(SERVER.trim_start_matches('/')), script.as_bytes(), 0o755, 0)
}

/// As `busybox --install` would put it over what is there.
fn busybox(layer: &Path, base: &Path) -> Result<(), LabError> {
    let missing = || Substitute::Busybox.missing(base);
    let listed = Command::new(base.join(BUSYBOX)).arg("--list").output().map_err(|_| missing())?;
    let names = String::from_utf8_lossy(&listed.stdout).into_owned();
    if !listed.status.success() || names.is_empty() {
        return Err(missing());
    }
    for name in names.lines().filter(|name| !OWN.contains(name)) {
        let Some(path) = program_in(base, name) else {
            continue;
        };
        let path = layer.join(merged(base, &path));
        make_dir(path.parent().unwrap_or(layer), 0o755)?;
        if path.symlink_metadata().is_err() {
            link("/bin/busybox", &path)?;
        }
    }
    Ok(())
}

/// Where a program lies that is found at this path: `/bin` and `/sbin` may be links to those of `/usr`.
fn merged(base: &Path, path: &Path) -> PathBuf {
    let path = path.strip_prefix("/").unwrap_or(path);
    let top = path.components().next().map(|part| base.join(part));
    let is_link =
        top.and_then(|top| top.symlink_metadata().ok()).is_some_and(|metadata| metadata.is_symlink());
    if is_link { Path::new("usr").join(path) } else { path.to_owned() }
}

fn clock_ahead(layer: &Path, base: &Path) -> Result<(), LabError> {
    let library = fs::read_dir(base.join("usr/lib"))
        .map_err(LabError::io("list", base))?
        .flatten()
        .map(|entry| entry.path().join("faketime/libfaketimeMT.so.1"))
        .find(|path| path.exists())
        .ok_or_else(|| Substitute::ClockAhead.missing(base))?;
    let inside = Path::new("/").join(library.strip_prefix(base).unwrap_or(&library));
    // Not for all programs: what the library shares among them by their numbers is in the way of other users'.
    let ahead = |program: &Path| {
        format!(
            "#!/bin/sh\nexec env LD_PRELOAD={} FAKETIME=+2d FAKETIME_DISABLE_SHM=1 {} \"$@\"\n",
            inside.display(),
            program.display()
        )
    };
    let find = |name| program_in(base, name).ok_or_else(|| Substitute::ClockAhead.missing(base));
    put(&layer.join(SERVER.trim_start_matches('/')), ahead(&find("sshd")?).as_bytes(), 0o755, 0)?;
    let date = ahead(&find("date")?);
    ["sbin", "bin"]
        .iter()
        .try_for_each(|dir| put(&layer.join("usr/local").join(dir).join("date"), date.as_bytes(), 0o755, 0))
}
