//! The machine: disk, names, clock, libraries, who it is.

use std::net::IpAddr;

use super::{Facts, Setting};
use crate::text::printable;

/// Less than so much room, in KiB, is none.
const NO_ROOM: u64 = 16;
/// File systems that more than one machine can have mounted.
const SHARED: [&str; 14] = [
    "nfs",
    "nfs4",
    "ceph",
    "lustre",
    "gpfs",
    "beegfs",
    "fuse.glusterfs",
    "fuse.ceph",
    "cifs",
    "smb3",
    "ocfs2",
    "gfs2",
    "9p",
    "virtiofs",
];

/// A machine.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Machine {
    /// machine-id(5), if it has one.
    pub id: Option<String>,
    /// Its clock when it was asked.
    pub clock: Option<Clock>,
    /// The file system of the user's home.
    pub disk: Option<Disk>,
    /// What quota(1) says of limits that are reached; empty if none is.
    pub quota: Vec<String>,
    /// Names of nodes that do not lead where they should, each with where it leads.
    pub names: Vec<(String, Option<String>)>,
    /// Libraries of somebody else, under which ssh does not run.
    pub libraries: Option<Libraries>,
    /// Programs and services of the distribution: `apt-get`, `systemd`, `ssh.service`, ...
    pub has: Vec<String>,
}

/// A node's clock. `said` was read some time between `from` and `to`, which are of the coordinator's clock. In seconds
/// since 1970.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Clock {
    /// What the node said.
    pub said: i64,
    /// When it was asked.
    pub from: i64,
    /// When the answer was there.
    pub to: i64,
}

/// The file system of a home directory.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Disk {
    /// The device, or `HOST:PATH`.
    pub source: String,
    /// Its type, as `nfs4`.
    pub kind: String,
    /// Where it is mounted.
    pub mount: String,
    /// Nothing can be written any more: no room, or no inode.
    pub full: bool,
    /// It is mounted read-only.
    pub read_only: bool,
    /// What df(1) said.
    pub said: String,
}

impl Disk {
    /// Whether another machine can have the same one mounted.
    #[must_use]
    pub fn can_be_shared(&self) -> bool {
        SHARED.contains(&self.kind.as_str())
    }
}

/// Libraries of somebody else.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Libraries {
    /// What a profile sets: `LD_LIBRARY_PATH=...`.
    pub set: String,
    /// What `ssh -V` said with it.
    pub said: String,
    /// The folder of the library that ssh was made for, if it is known.
    pub right: Option<String>,
    /// Where it is set.
    pub lines: Vec<Setting>,
}

impl Machine {
    pub(super) fn take(facts: Facts<'_>) -> Self {
        let id = facts.text("machine-id");
        let said = facts.text("machine-clock").parse().ok();
        Self {
            id: Some(id).filter(|id| id.len() == 32 && id.bytes().all(|b| b.is_ascii_hexdigit())),
            clock: said.map(|said| Clock { said, from: 0, to: 0 }),
            disk: disk(facts),
            quota: facts.lines("machine-quota").into_iter().filter(|line| is_reached(line)).collect(),
            names: facts.text("machine-names").lines().filter_map(lost_name).collect(),
            libraries: libraries(facts),
            has: facts.text("machine-has").lines().map(str::to_owned).collect(),
        }
    }

    /// Whether it has this program or service.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.has.iter().any(|known| known == name)
    }
}

/// Reads the last lines of `df -PTk` and `df -Pi`.
fn disk(facts: Facts<'_>) -> Option<Disk> {
    let line = facts.text("machine-disk");
    let words: Vec<&str> = line.split_whitespace().collect();
    // From the right: a source may have blanks in it.
    let [source @ .., kind, _, _, free, _, mount] = words.as_slice() else { return None };
    let free: Option<u64> = free.parse().ok();
    let inodes = facts.text("machine-inodes");
    let words: Vec<&str> = inodes.split_whitespace().rev().collect();
    // Some file systems have no fixed number of inodes, and say 0 of 0.
    let no_inode = matches!(words.as_slice(), [_, _, "0", used, ..] if *used != "0" && *used != "-");
    let full = free.is_some_and(|free| free < NO_ROOM);
    let said = if full { &line } else { &inodes };
    Some(Disk {
        source: printable(source.join(" ").as_bytes()),
        kind: (*kind).to_owned(),
        mount: (*mount).to_owned(),
        full: full || no_inode,
        read_only: facts.text("mount").split(',').any(|option| option == "ro"),
        said: printable(said.as_bytes()),
    })
}

/// Whether quota(1) speaks of a limit that is reached, not of one that is near.
fn is_reached(line: &str) -> bool {
    line.contains("limit reached on") || line.starts_with("Over ")
}

fn lost_name(line: &str) -> Option<(String, Option<String>)> {
    let (name, found) = line.split_once(' ')?;
    Some((name.to_owned(), found.parse::<IpAddr>().ok().map(|ip| ip.to_string())))
}

fn libraries(facts: Facts<'_>) -> Option<Libraries> {
    let fact = facts.text("machine-ld");
    let (set, said) = fact.split_once('\n').unwrap_or((&fact, ""));
    let right = facts.text("machine-ld-right").lines().next().map(str::to_owned);
    let plain = |c: char| c.is_ascii_alphanumeric() || "/_.+-".contains(c);
    (!set.is_empty()).then(|| Libraries {
        set: printable(set.as_bytes()),
        said: printable(said.as_bytes()),
        right: right.filter(|path| path.starts_with('/') && path.chars().all(plain)),
        lines: facts.text("machine-ld-lines").lines().filter_map(Setting::parse).collect(),
    })
}

#[cfg(test)]
mod tests;
