//! The screen that other programs parse: fixed lines, each once, each only when it is true.

use std::io::{IsTerminal, Write};
use std::sync::atomic::{AtomicUsize, Ordering};

use sshtrust::event::{Event, Observer};
use sshtrust::identity::Unopened;
use sshtrust::inventory::NodeSpec;
use sshtrust::probe::Proofs;

use super::matrix::sample_text;
use super::progress::Bar;
use crate::errors::{Report, left_out, passed_over};
use crate::i18n::{HostKeyText, Lang};
use crate::log::{Level, Log};
use crate::testing;

/// Most notices about nodes that are shown on the screen.
const MOST_NOTICES: usize = 20;
/// Most new host keys that are shown on the screen.
const MOST_NEW_KEYS: usize = 8;

/// Writes the screen and the log.
pub(crate) struct Classic {
    log: Log,
    /// A dry run shows its plan instead.
    quiet: bool,
    lang: Lang,
    bar: Bar,
    /// Notices so far.
    notices: AtomicUsize,
}

impl Classic {
    /// `quiet`: without the lines of the transcript. `lang`: of the progress bar and of hints; the transcript is English.
    pub(crate) fn new(log: Log, quiet: bool, lang: Lang) -> Self {
        Self { log, quiet, lang, bar: Bar::new(lang), notices: AtomicUsize::new(0) }
    }

    /// Lines for standard output and the log.
    pub(crate) fn say(&self, text: &str) {
        self.bar.clear();
        self.log.write(Level::Log, text);
        let mut out = std::io::stdout().lock();
        // Nobody may be listening any more; the work goes on.
        let _ = writeln!(out, "{text}").and_then(|()| out.flush());
    }

    /// A long text for standard output, and all of it for the log.
    pub(crate) fn show(&self, shown: &str, whole: impl FnOnce() -> String) {
        self.bar.clear();
        if self.log.is_kept() {
            self.log.write(Level::Log, &whole());
        }
        let mut out = std::io::stdout().lock();
        // Nobody may be listening any more; the work goes on.
        let _ = out.write_all(shown.as_bytes()).and_then(|()| out.flush());
    }

    /// An error, on standard error and in the log.
    pub(crate) fn error(&self, report: &Report) {
        self.bar.clear();
        let text = report.to_string();
        self.log.write(Level::Error, &text);
        let _ = writeln!(std::io::stderr(), "{text}");
    }

    /// A hint, on standard error and in the log.
    pub(crate) fn hint(&self, text: &str) {
        self.bar.clear();
        self.log.write(Level::Log, text);
        let _ = writeln!(std::io::stderr(), "{text}");
    }

    /// How the pairs were proven, and what they stand for.
    fn proven(&self, proofs: &Proofs) {
        let (total, Proofs { called, derived, sampled }) = (proofs.total(), proofs);
        self.detail(&format!("{total} pairs work: {called} called, {derived} derived by name"));
        if let Some(sampled) = sampled {
            let text = sample_text(total, *sampled, self.lang);
            // A screen of its own says it where it says what works.
            if self.quiet { self.detail(&text) } else { self.hint(&text) }
        }
    }

    /// Something about one node. The log has all of them; on the screen there are not more than a person reads.
    fn notice(&self, node: NodeSpec, text: &str) {
        let text = format!("{node}: {text}");
        match self.notices.fetch_add(1, Ordering::Relaxed) {
            0..MOST_NOTICES => self.hint(&text),
            MOST_NOTICES => {
                self.detail(&text);
                self.hint(&HostKeyText::MoreNotices {}.text(self.lang));
            }
            _ => self.detail(&text),
        }
    }

    /// A question, for the log alone: the prompt shows it itself.
    pub(crate) fn asked(&self, question: &str) {
        self.log.write(Level::Log, question);
    }

    /// A hint for a person who waits; programs do not get it.
    fn passing_hint(&self, text: &str) {
        self.detail(text);
        if std::io::stderr().is_terminal() {
            self.bar.clear();
            let _ = writeln!(std::io::stderr(), "{text}");
        }
    }

    /// A key that was not considered. One that is damaged is only replaced; one that might have served is missed by somebody.
    fn passed_over(&self, node: NodeSpec, others: usize, why: &Unopened) {
        let text = passed_over(node, others, why);
        if why.is_for_its_cost() { self.hint(&text) } else { self.detail(&text) }
    }

    /// A detail, for the log alone.
    pub(crate) fn detail(&self, text: &str) {
        self.log.write(Level::Debug, text);
    }

    /// A detail that is long, for the log alone.
    pub(crate) fn long_detail(&self, text: impl FnOnce() -> String) {
        if self.log.is_kept() {
            self.detail(&text());
        }
    }

    fn lines(&self, lines: &[&str]) {
        if !self.quiet {
            self.say(&lines.join("\n"));
        }
    }

    /// Host keys that are about to be trusted with a secret: some on the screen, all in the log.
    fn new_host_keys(&self, keys: &[(NodeSpec, String)]) {
        self.hint(&new_host_keys(keys, self.lang));
        for (node, key) in keys.iter().skip(MOST_NEW_KEYS) {
            self.detail(&format!("{node}: {key}"));
        }
    }

    /// The key is there. One that is not the coordinator's own is its user's business: it may be a stranger's.
    fn key_ready(&self, node: Option<NodeSpec>, key: &str, new: bool, holder: Option<&str>) {
        let of = node.map(|node| format!("{node}: ")).unwrap_or_default();
        self.detail(&format!("{of}key {key} ({})", if new { "new" } else { "kept" }));
        if let Some(holder) = holder {
            self.hint(&format!(
                "The key of {holder} is kept for the cluster: {key}. For a new one: --new-key."
            ));
        }
    }

    /// Takes the progress bar away.
    pub(crate) fn clear_progress(&self) {
        self.bar.clear();
    }
}

/// How what was undecided ended.
const fn ended(kept: bool) -> &'static str {
    if kept { "kept" } else { "undone" }
}

/// The hint about new host keys: some of them, and how many there are besides.
fn new_host_keys(keys: &[(NodeSpec, String)], lang: Lang) -> String {
    let mut lines = vec![HostKeyText::New {}.text(lang)];
    let shown = keys.iter().take(MOST_NEW_KEYS);
    lines.extend(shown.map(|(node, key)| format!("  {node}: {key}")));
    let count = keys.len().saturating_sub(MOST_NEW_KEYS);
    if count > 0 {
        lines.push(HostKeyText::More { count: &count }.text(lang));
    }
    lines.join("\n")
}

impl Observer for Classic {
    fn event(&self, event: &Event) {
        testing::hear(event);
        match event {
            Event::Connected { node, host_key, known } => {
                let record = if *known { "on record" } else { "new" };
                self.detail(&format!("{node}: connected; host key {host_key} ({record})"));
            }
            Event::OwnKeyPassedOver(key) => self.detail(&key.to_string()),
            Event::LoggedIn { node, how } => self.detail(&format!("{node}: entered ({how:?})")),
            Event::NewHostKeys(keys) => self.new_host_keys(keys),
            Event::PasswordsRefused(nodes) => {
                nodes.iter().for_each(|node| self.detail(&format!("{node}: refused")));
                self.say("Notice :The password of some nodes is incorrect.");
            }
            Event::NetworkChecked => self.lines(&[
                "Checking network information.",
                "All nodes in the network are Normal.",
                "Successfully checked network information.",
                "Creating SSH trust.",
                "Creating the local key file.",
            ]),
            Event::Recovered(node) => self.detail(&format!("{node}: undid what an earlier run left")),
            Event::KeyReady { node, key, new, holder } => self.key_ready(*node, key, *new, holder.as_deref()),
            Event::KeyPassedOver { node, others, why } => self.passed_over(*node, *others, why),
            Event::ProgramLeftOut { file, why, other } => self.hint(&left_out(file, why, *other)),
            Event::NameLeftOut { node, reason } => self.detail(&format!("{node}: {reason}")),
            Event::Planned { node, change } if change.is_empty() => {
                self.detail(&format!("{node}: no change"))
            }
            Event::Planned { node, change } => self.detail(&format!("{node}: will write {change}")),
            Event::Applying => self.lines(&["Appending local ID to authorized_keys."]),
            Event::Applied => self.lines(&[
                "Successfully appended local ID to authorized_keys.",
                "Updating the known_hosts file.",
                "Successfully updated the known_hosts file.",
                "Appending authorized_key on the remote node.",
                "Successfully appended authorized_key on all remote node.",
                "Checking common authentication file content.",
                "Successfully checked common authentication content.",
                "Distributing SSH trust file to all node.",
                "Successfully distributed SSH trust file to all node.",
                "Verifying SSH trust on all hosts.",
            ]),
            Event::Verifying(progress) => self.bar.update(*progress),
            Event::Verified(proofs) => {
                self.proven(proofs);
                self.lines(&["Successfully verified SSH trust on all hosts."]);
            }
            Event::Settled { node, kept } => {
                self.detail(&format!("{node}: what an earlier run had left undecided was {}", ended(*kept)));
            }
            Event::Changed(node) => self.detail(&format!("{node}: its part is done")),
            Event::Preparing => self.detail("every node is asked to vote"),
            Event::Prepared(node) => self.detail(&format!("{node}: votes to keep the change")),
            Event::Committed(node) => self.detail(&format!("{node}: keeps the change")),
            Event::Undoing => self.passing_hint("Putting all nodes back as they were ..."),
            Event::Undone(node) => self.detail(&format!("{node}: put back")),
            Event::Notice { node, text } => self.notice(*node, text),
            Event::Warning { node, text } => self.detail(&format!("{node}: {text}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn new_host_keys_are_shown_up_to_eight_and_without_the_word_that_installers_answer() {
        let keys = |count: u8| {
            let key =
                |n| (NodeSpec { ip: [10, 0, 0, n].into(), port: 22 }, format!("ssh-ed25519 SHA256:{n}"));
            (1..=count).map(key).collect::<Vec<_>>()
        };
        for lang in Lang::ALL {
            assert_eq!(new_host_keys(&keys(8), lang).lines().count(), 9);
            let many = new_host_keys(&keys(100), lang);
            assert_eq!(many.lines().count(), 10);
            assert!(
                many.contains("10.0.0.8") && many.contains("SHA256:8\n") && many.contains("92"),
                "{many}"
            );
            assert!(!many.to_ascii_lowercase().contains("password"), "{many}");
        }
    }
}
