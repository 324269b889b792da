//! The account: who may log in, and what its shell does.

mod settings;

use std::collections::BTreeSet;

use super::Facts;
use crate::text::printable;

pub use settings::{Setting, Settings};

/// What the script puts between what a login shell prints by itself and what it was asked for.
const MARK: &str = "gs_sshexkey:mark";
/// `deny` of faillock.conf(5) and pam_tally2(8) if nothing is said.
const DENY: u64 = 3;
/// `unlock_time` of faillock.conf(5) if nothing is said, in seconds.
const UNLOCK: i64 = 600;

/// The account on a node.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Login {
    /// The login shell.
    pub shell: Shell,
    /// What sshd's settings come to for the user, by who calls; empty if none of them could refuse anybody.
    pub settings: Vec<Settings>,
    /// Where such settings stand.
    pub lines: Vec<Setting>,
    /// The groups of the user; only known if sshd has such settings.
    pub groups: Vec<String>,
    /// The age of the password; only root can see it.
    pub ageing: Option<Ageing>,
    /// Wrong passwords have locked the account for now.
    pub lockout: Option<Lockout>,
    /// What sshd runs before each command: `~/.ssh/rc`, else `/etc/ssh/sshrc` (sshd(8), SSHRC).
    pub rc: Option<String>,
    /// The file that keeps everybody but root out, and what it says: pam_nologin(8).
    pub nologin: Option<(String, String)>,
}

/// The login shell of a user.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Shell {
    /// Its path, as the password database has it.
    pub path: String,
    /// What it is.
    pub kind: ShellKind,
    /// What it prints to standard output although nobody is at a terminal.
    pub noise: String,
    /// Lines of profiles that print, of those that a login comes to.
    pub lines: Vec<Setting>,
    /// The last line of a profile that a login comes to, where it does not come to its end.
    pub last: Option<Setting>,
}

impl Shell {
    /// Its name without the folder.
    #[must_use]
    pub fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(&self.path)
    }
}

/// What a login shell does with a command.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ShellKind {
    /// It runs it.
    #[default]
    Runs,
    /// It ends before: its profile, or it itself.
    Ends,
    /// It is none, as nologin(8).
    NoLogin,
    /// There is no such program.
    Missing,
}

/// shadow(5), in days since 1970; what is not set is `None`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Ageing {
    /// The password is locked by a mark before it.
    pub locked: bool,
    /// When it was last changed; 0: it must be changed.
    pub changed: Option<i64>,
    /// How many days later it must be changed.
    pub most: Option<i64>,
    /// From which day the account is closed.
    pub expires: Option<i64>,
}

impl Ageing {
    /// Reads a line of the shadow file from its second field on, of which only the marks are left.
    fn parse(line: &str) -> Option<Self> {
        let fields: Vec<&str> = line.trim().split(':').collect();
        let [marks, changed, _, most, _, _, expires, ..] = fields.as_slice() else { return None };
        let days = |field: &str| field.parse::<i64>().ok().filter(|days| *days >= 0);
        Some(Self {
            locked: marks.starts_with('!'),
            changed: days(changed),
            most: days(most),
            expires: days(expires),
        })
    }

    /// Whether the account is closed on this day.
    #[must_use]
    pub fn is_closed(&self, today: i64) -> bool {
        self.expires.is_some_and(|day| today >= day)
    }

    /// Whether the password must be changed before anything else on this day.
    #[must_use]
    pub fn must_change(&self, today: i64) -> bool {
        let old = self.changed.zip(self.most).is_some_and(|(day, most)| today > day.saturating_add(most));
        self.changed == Some(0) || old
    }
}

/// Wrong passwords have locked an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lockout {
    /// The program that counts: `faillock` or `pam_tally2`.
    pub program: &'static str,
    /// What it said.
    pub said: String,
}

impl Login {
    pub(super) fn take(facts: Facts<'_>) -> Self {
        let nologin = facts.text("login-nologin");
        let (path, text) = nologin.split_once('\n').unwrap_or((&nologin, ""));
        let nologin = (!path.is_empty()).then(|| (printable(path.as_bytes()), printable(text.as_bytes())));
        let shell = shell(&facts.text("login-shell"), &facts.text("login-said"));
        let trace = Trace::of(facts);
        let mut noisy = settings_of(facts, "login-noise");
        // What stands in a function is printed by nobody unless somebody calls it.
        noisy.retain(|line| trace.comes_to(line));
        let last = trace.last.filter(|_| !trace.finished);
        Self {
            shell: Shell { lines: noisy, last, ..shell },
            settings: settings::settings(facts.raw("login-sshd"), facts.raw("login-config")),
            lines: settings_of(facts, "login-lines"),
            groups: facts.text("login-groups").split_whitespace().map(str::to_owned).collect(),
            ageing: Ageing::parse(&facts.text("login-shadow")),
            lockout: faillock(facts).or_else(|| tally(facts)),
            rc: Some(printable(facts.text("login-rc").as_bytes())).filter(|rc| !rc.is_empty()),
            nologin,
        }
    }
}

/// The lines of profiles that a login comes to, as the shell itself told them.
#[derive(Default)]
struct Trace {
    ran: BTreeSet<(String, usize)>,
    last: Option<Setting>,
    finished: bool,
}

impl Trace {
    /// Reads `+gs:FILE:LINE: COMMAND`; a plus sign for each level.
    fn of(facts: Facts<'_>) -> Self {
        let mut trace = Self::default();
        for line in facts.text("login-trace").lines() {
            let line = line.trim_start_matches('+');
            if line == "gs:finished" {
                trace.finished = true;
            }
            let Some(mut setting) = line.strip_prefix("gs:").and_then(Setting::parse) else { continue };
            setting.text = setting.text.trim_start().to_owned();
            trace.ran.insert((setting.file.clone(), setting.line));
            trace.last = Some(setting);
        }
        trace
    }

    /// Whether a login comes to a line; where nobody could trace it, perhaps.
    fn comes_to(&self, line: &Setting) -> bool {
        self.ran.is_empty() || self.ran.contains(&(line.file.clone(), line.line))
    }
}

fn shell(fact: &str, said: &str) -> Shell {
    let (kind, path) = fact.split_once(' ').unwrap_or_default();
    let (noise, kind) = match (kind, said.split_once(MARK)) {
        ("none", _) => ("", ShellKind::NoLogin),
        ("missing", _) => ("", ShellKind::Missing),
        ("there", Some((noise, _))) => (noise, ShellKind::Runs),
        // The mark does not come any more where a profile prints without end.
        ("there", None) if said.len() > 3_000 => (said, ShellKind::Runs),
        ("there", None) => (said, ShellKind::Ends),
        _ => ("", ShellKind::Runs),
    };
    Shell { path: path.to_owned(), kind, noise: printable(noise.as_bytes()), ..Shell::default() }
}

/// Lines that `grep -nH` found.
fn settings_of(facts: Facts<'_>, name: &str) -> Vec<Setting> {
    facts.text(name).lines().filter_map(Setting::parse).collect()
}

/// Whether the account is locked by pam_faillock(8): as many valid records as are allowed, the last not long ago.
fn faillock(facts: Facts<'_>) -> Option<Lockout> {
    let table = facts.text("login-faillock");
    let valid = table.lines().filter(|line| line.split_whitespace().last() == Some("V")).count() as u64;
    let rules = facts.text("login-faillock-rules");
    let rule = |name: &str| number(&rules, name);
    let root = facts.text("ids").starts_with("0 ");
    let unlock = if root { rule("root_unlock_time") } else { None }.or_else(|| rule("unlock_time"));
    let unlock = unlock.map_or(UNLOCK, |seconds| i64::try_from(seconds).unwrap_or(0));
    let (last, now) =
        (facts.text("login-faillock-last").parse::<i64>(), facts.text("machine-clock").parse::<i64>());
    let over = unlock > 0 && last.is_ok_and(|last| now.is_ok_and(|now| now.saturating_sub(last) > unlock));
    let spared = root && !rules.contains("even_deny_root");
    let locked = valid >= rule("deny").unwrap_or(DENY).max(1) && !over && !spared;
    locked.then(|| Lockout { program: "faillock", said: printable(table.as_bytes()) })
}

/// Whether the account is locked by pam_tally2(8).
fn tally(facts: Facts<'_>) -> Option<Lockout> {
    let table = facts.text("login-tally");
    let failures: u64 = table.lines().nth(1)?.split_whitespace().nth(1)?.parse().ok()?;
    let rules = facts.text("login-tally-rules");
    let spared = facts.text("ids").starts_with("0 ") && !rules.contains("even_deny_root");
    let locked = number(&rules, "deny").is_some_and(|deny| deny > 0 && failures > deny) && !spared;
    locked.then(|| Lockout { program: "pam_tally2", said: printable(table.as_bytes()) })
}

/// The number that a word `NAME=NUMBER` or `NAME = NUMBER` gives; the first one counts.
fn number(text: &str, name: &str) -> Option<u64> {
    let spaced = text.replace('=', " ");
    let mut words = spaced.split_whitespace();
    words.find(|word| *word == name)?;
    words.next()?.parse().ok()
}

#[cfg(test)]
mod tests;
