//! What keeps the agent alive on a node, and what could.

use std::collections::BTreeMap;

use super::state::{Entry, EntryId, EntryKind};

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
    /// Files and folders. The one of id `crontab` is the table, its stamp the digest of it.
    pub entries: BTreeMap<EntryId, Entry>,
}

/// The files and folders that belong here.
const IDS: [&str; 8] =
    ["crontab", "bin-dir", "config-dir", "systemd-dir", "unit-dir", "service", "timer", "login-profile"];

impl KeepaliveState {
    /// Puts it together from the facts and entries of an observation; takes its own entries out.
    pub(super) fn take(fact: impl Fn(&str) -> String, entries: &mut BTreeMap<EntryId, Entry>) -> Self {
        let own = IDS.iter().filter_map(|id| entries.remove_entry(*id)).collect();
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
            refused: fact("refused"),
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
    pub fn entry(&self, id: &str) -> Entry {
        self.entries.get(id).cloned().unwrap_or_else(|| Entry::absent(""))
    }

    /// Whether a job of cron would run: there is a table that can be read and changed, and the daemon lives.
    #[must_use]
    pub fn cron_is_usable(&self) -> bool {
        let table = self.entries.get("crontab").map(|entry| entry.kind);
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
