//! Errors as a person and openGauss's own programs read them: the code, what happened where, and the cure.

mod access;
mod bounds;
mod bundle;
mod check;
mod connect;
mod expand;
mod heal;
mod keep;
mod key;
mod lend;
mod node;
mod revoke;
mod rotate;
mod setup;
mod source;

use std::fmt;

pub(crate) use access::access;
pub(crate) use bounds::bounds;
pub(crate) use bundle::{NoAnswer, answers, conflicts};
pub(crate) use check::{NOT_DONE, check};
pub(crate) use expand::{all_come, expand};
pub(crate) use heal::heal;
pub(crate) use keep::keep;
pub(crate) use key::{left_out, passed_over};
pub(crate) use lend::lend;
pub(crate) use revoke::revoke;
pub(crate) use rotate::rotate;
pub(crate) use setup::{explain, hostfile, hostfile_of};
pub(crate) use source::{NAMES_CURE, ansible, content, nodeset, nodeset_of, password_file, xml};

/// One error screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Report {
    lines: Vec<String>,
    status: u8,
}

impl Report {
    /// An error with the code that openGauss documents.
    pub(crate) fn new(code: &str, text: &str) -> Self {
        Self { lines: vec![format!("[GAUSS-{code}] : {text}")], status: 1 }
    }

    /// An error that has no code of its own.
    pub(crate) fn other(text: &str) -> Self {
        Self { lines: vec![format!("[GAUSS-50100]: {text}")], status: 1 }
    }

    /// Adds a detail: a node and what was seen there.
    pub(crate) fn detail(mut self, text: &str) -> Self {
        self.lines.push(format!("  {text}"));
        self
    }

    /// Adds what to do.
    pub(crate) fn cure(mut self, text: &str) -> Self {
        self.lines.push(text.to_owned());
        self
    }

    /// Ends the program with another exit status than 1.
    pub(crate) fn exit(mut self, status: u8) -> Self {
        self.status = status;
        self
    }

    /// The exit status.
    pub(crate) const fn status(&self) -> u8 {
        self.status
    }

    /// Puts another error below this one.
    pub(crate) fn and(mut self, other: Self) -> Self {
        self.lines.extend(other.lines);
        self
    }
}

/// Reports that differ in their details alone, as those of nodes with the same trouble, as one; `none`: what is said without any.
fn together(reports: impl IntoIterator<Item = Report>, none: &str) -> Report {
    let is_detail = |line: &String| line.starts_with("  ");
    let frame = |report: &Report| -> Vec<String> {
        report.lines.iter().filter(|line| !is_detail(line)).cloned().collect()
    };
    let mut joined: Vec<Report> = Vec::new();
    for report in reports {
        match joined.iter_mut().find(|known| frame(known) == frame(&report)) {
            Some(known) => {
                let place =
                    known.lines.iter().rposition(is_detail).map_or(known.lines.len(), |place| place + 1);
                known.lines.splice(place..place, report.lines.into_iter().filter(is_detail));
            }
            None => joined.push(report),
        }
    }
    joined.into_iter().reduce(Report::and).unwrap_or_else(|| Report::other(none))
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.lines.join("\n"))
    }
}

/// Another run is at work on these nodes.
fn busy(nodes: &str) -> Report {
    Report::other(&format!("Another run of gs_sshexkey is at work on {nodes}. Nothing was changed."))
        .cure("Wait until it has ended and run again.")
}

/// A file of this machine that is needed and cannot be used.
fn unusable_file(path: &str, reason: &str) -> Report {
    let report = Report::new("50204", &format!("Failed to read {path}. {reason}"));
    if reason.contains("ermission denied") {
        return report.cure(&format!("Give the user the right to read it: chown and chmod {path}."));
    }
    report.cure("The files of host keys are those that ssh itself would read (ssh -G HOST). Nothing was sent anywhere.")
}

/// A list as openGauss's tools print it.
pub(crate) fn list(items: impl IntoIterator<Item = String>) -> String {
    let items: Vec<String> = items.into_iter().map(|i| format!("'{i}'")).collect();
    format!("[{}]", items.join(", "))
}
