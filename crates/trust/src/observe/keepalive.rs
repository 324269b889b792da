//! What keeps the agent alive on a node, and what could.

use std::collections::BTreeMap;

use super::contents::digest;
use super::state::{self, Entry, EntryKind};
use crate::place::Place;

/// Whether the user's own manager of systemd can live without a session: loginctl(1), `enable-linger`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Linger {
    /// There is no systemd, or the user may not.
    #[default]
    No,
    /// The user may switch it on.
    Possible,
    /// It does.
    On,
}

/// What the keepalive finds on a node.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KeepaliveState {
    /// SHA-256 digest of the program that was placed there.
    pub program: Option<String>,
    /// The home's file system runs no programs.
    pub noexec: bool,
    /// Free space of the home's file system, in bytes.
    pub free: Option<u64>,
    /// The daemon of cron runs; `None`: there is no crontab(1).
    pub cron: Option<bool>,
    /// Why crontab(1) does not show the user's table.
    pub refused: String,
    /// The user's manager of systemd.
    pub linger: Linger,
    /// The manager runs our timer.
    pub timer_active: bool,
    /// logind ends what a session leaves behind: logind.conf(5), `KillUserProcesses`.
    pub kills: bool,
    /// Files and folders.
    pub entries: BTreeMap<Place, Entry>,
}

impl KeepaliveState {
    /// Puts it together from the facts and entries of an observation; takes its own entries out.
    pub(super) fn take<'a>(
        raw: impl Fn(&str) -> &'a [u8],
        entries: &mut BTreeMap<Place, Entry>,
        user: &str,
    ) -> Self {
        let fact = |name: &str| String::from_utf8_lossy(raw(name)).trim().to_owned();
        let mut own: BTreeMap<Place, Entry> =
            entries.extract_if(.., |place, _| place.is_keepalive()).collect();
        let (table, refused) = crontab(raw("crontab"), &fact("crontab-said"), &fact("crontab-shown"), user);
        own.insert(Place::Crontab, table);
        let digest = fact("program").split_whitespace().next().map(str::to_owned);
        Self {
            program: digest.filter(|d| d.len() == 64 && d.bytes().all(|b| b.is_ascii_hexdigit())),
            noexec: fact("mount").split(',').any(|option| option == "noexec"),
            free: fact("free").parse::<u64>().ok().map(|blocks| blocks.saturating_mul(1024)),
            cron: match fact("cron").as_str() {
                "yes" => Some(true),
                "no" => Some(false),
                _ => None,
            },
            refused,
            linger: match fact("linger").as_str() {
                "on" => Linger::On,
                "can" => Linger::Possible,
                _ => Linger::No,
            },
            timer_active: fact("timer") == "active",
            kills: fact("kill") == "KillUserProcesses=yes",
            entries: own,
        }
    }

    /// A file or folder; one that was not observed counts as absent.
    #[must_use]
    pub fn entry(&self, place: Place) -> &Entry {
        state::entry(&self.entries, place)
    }

    /// Whether a job of cron would run: there is a table that can be read and changed, and the daemon lives.
    #[must_use]
    pub fn cron_is_usable(&self) -> bool {
        let table = self.entries.get(&Place::Crontab).map(|entry| entry.kind);
        self.cron == Some(true) && matches!(table, Some(EntryKind::File | EntryKind::Absent))
    }

    /// Why a job of cron would not run. Empty if it would.
    #[must_use]
    pub fn cron_trouble(&self) -> String {
        match self.cron {
            None => "cron is not installed".to_owned(),
            Some(_) if !self.refused.is_empty() => {
                format!("crontab says: {}", crate::text::printable(self.refused.as_bytes()))
            }
            Some(false) => "cron does not run".to_owned(),
            Some(true) => String::new(),
        }
    }
}

/// The user's table, and why it is not shown. `raw` is the table with all that stands above it, `said` the exit status of
/// crontab(1) and what it said, `shown` the digest of what it shows when it is not asked for all.
fn crontab(raw: &[u8], said: &str, shown: &str, user: &str) -> (Entry, String) {
    let mut entry = Entry::absent(&format!("crontab of {user}"));
    let (status, said) = said.split_once('\n').unwrap_or((said, ""));
    let busybox = said.starts_with("crontab: can't open '") && said.ends_with("No such file or directory");
    match status {
        "0" => {
            let Some(table) = without_header(raw, shown) else {
                entry.kind = EntryKind::Unreadable;
                return (entry, "not the same table at two calls".to_owned());
            };
            (entry.kind, entry.stamp, entry.bytes) = (EntryKind::File, digest(raw), table.into());
        }
        _ if said.contains("no crontab for") || busybox => {}
        _ => {
            entry.kind = EntryKind::Unreadable;
            return (entry, said.to_owned());
        }
    }
    (entry, String::new())
}

/// Debian's crontab(1) puts three comments above a table and leaves them out when it shows one. They are its own only if
/// what it shows is the rest: other implementations put nothing there, and what stands there is the user's.
fn without_header<'a>(raw: &'a [u8], shown: &str) -> Option<&'a [u8]> {
    let mut rest = raw;
    for head in ["# DO NOT EDIT THIS FILE - edit the master and reinstall", "# (", "# (Cron version"] {
        let end = rest.iter().position(|byte| *byte == b'\n').filter(|_| rest.starts_with(head.as_bytes()));
        let Some(end) = end else { return Some(raw) };
        rest = rest.get(end + 1..).unwrap_or_default();
    }
    let shown = shown.split_whitespace().next().unwrap_or_default();
    [rest, raw].into_iter().find(|table| digest(table) == shown)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &str = "# DO NOT EDIT THIS FILE - edit the master and reinstall.\n\
                          # (- installed on Sat Nov 21 05:00:00 2026)\n# (Cron version -- $Id$)\n";

    #[test]
    fn only_what_crontab_has_put_there_is_left_out() {
        let table = "# mine\n0 1 * * * x\n";
        let raw = format!("{HEADER}{table}");
        let debian = digest(table.as_bytes());
        let cronie = digest(raw.as_bytes());
        let read =
            |raw: &str, shown: &str| crontab(raw.as_bytes(), "0\n", &format!("{shown}  -"), "omm").0.bytes;
        assert_eq!(*read(&raw, &debian), *table.as_bytes());
        assert_eq!(*read(&raw, &cronie), *raw.as_bytes());
        assert_eq!(*read(table, &debian), *table.as_bytes());
        // Debian does not show the user's own first comment; it is not lost for that.
        assert_eq!(*read(table, &digest(b"0 1 * * * x\n")), *table.as_bytes());
        let (entry, said) = crontab(raw.as_bytes(), "0\n", "", "omm");
        assert_eq!((entry.kind, said.as_str()), (EntryKind::Unreadable, "not the same table at two calls"));
        let (mine, _) = raw.split_at(HEADER.len() - 20);
        assert_eq!(*read(mine, &debian), *mine.as_bytes());
    }

    #[test]
    fn only_a_table_that_is_not_there_counts_as_none() {
        let kind = |said: &str| {
            let (entry, refused) = crontab(b"", said, "", "omm");
            (entry.kind, refused)
        };
        assert_eq!(kind("1\nno crontab for omm").0, EntryKind::Absent);
        assert_eq!(kind("1\ncrontab: can't open 'omm': No such file or directory").0, EntryKind::Absent);
        for said in ["crontab: cannot open: I/O error", "libpam.so.0: No such file or directory", ""] {
            assert_eq!(kind(&format!("1\n{said}")), (EntryKind::Unreadable, said.to_owned()));
        }
    }
}
