//! The screen that other programs parse: fixed lines, each once, each only when it is true.

use std::io::{IsTerminal, Write};

use sshtrust::event::{Event, Observer};

use super::progress::Bar;
use crate::errors::Report;
use crate::i18n::Lang;
use crate::log::{Level, Log};

/// Writes the screen and the log.
pub(crate) struct Classic {
    log: Log,
    /// A dry run shows its plan instead.
    quiet: bool,
    bar: Bar,
}

impl Classic {
    /// `quiet`: without the lines of the transcript. `lang`: of the progress bar; the transcript is English.
    pub(crate) fn new(log: Log, quiet: bool, lang: Lang) -> Self {
        Self { log, quiet, bar: Bar::new(lang) }
    }

    /// Lines for standard output and the log.
    pub(crate) fn say(&self, text: &str) {
        self.bar.clear();
        self.log.write(Level::Log, text);
        let mut out = std::io::stdout().lock();
        // Nobody may be listening any more; the work goes on.
        let _ = writeln!(out, "{text}").and_then(|()| out.flush());
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

    /// A detail, for the log alone.
    pub(crate) fn detail(&self, text: &str) {
        self.log.write(Level::Debug, text);
    }

    fn lines(&self, lines: &[&str]) {
        if !self.quiet {
            self.say(&lines.join("\n"));
        }
    }

    /// Takes the progress bar away.
    pub(crate) fn clear_progress(&self) {
        self.bar.clear();
    }
}

impl Observer for Classic {
    fn event(&self, event: &Event) {
        match event {
            Event::Connected { node, host_key, known } => {
                let record = if *known { "on record" } else { "new" };
                self.detail(&format!("{node}: connected; host key {host_key} ({record})"));
            }
            Event::LoggedIn { node, how } => self.detail(&format!("{node}: entered ({how:?})")),
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
            Event::KeyReady { key, new } => {
                self.detail(&format!("key {key} ({})", if *new { "new" } else { "kept" }));
            }
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
            Event::Verified { total } => {
                self.detail(&format!("{total} pairs work"));
                self.lines(&["Successfully verified SSH trust on all hosts."]);
            }
            Event::Settled => self.detail("lines of replaced keys were removed"),
            Event::Undoing => self.passing_hint("Putting all nodes back as they were ..."),
            Event::Undone(node) => self.detail(&format!("{node}: put back")),
            Event::Warning { node, text } => self.detail(&format!("{node}: {text}")),
        }
    }
}
