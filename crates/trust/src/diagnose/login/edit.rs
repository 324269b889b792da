//! Commands that change `sshd_config` at a node's console.

use crate::diagnose::{Case, Command};
use crate::inventory::NodeIx;
use crate::observe::{Evidence, Setting};
use crate::text::sh_quote;

/// sshd's own file.
const FILE: &str = "/etc/ssh/sshd_config";

/// Makes a running sshd read its settings again, if they have no mistake.
pub(in crate::diagnose) fn reload(case: &Case, node: NodeIx) -> Command {
    let evidence = case.node(node).and_then(|node| node.evidence.as_ref());
    let by_number = "kill -HUP \"$(cat /run/sshd.pid)\"";
    Command::root(match evidence.map(|evidence| &evidence.machine) {
        Some(machine) if machine.has("systemd") && machine.has("ssh.service") => {
            "sshd -t && systemctl reload ssh".to_owned()
        }
        Some(machine) if machine.has("systemd") => "sshd -t && systemctl reload sshd".to_owned(),
        Some(_) => format!("sshd -t && {by_number}"),
        None => format!(
            "sshd -t && {{ systemctl reload sshd 2>/dev/null || systemctl reload ssh 2>/dev/null || {by_number}; }}"
        ),
    })
}

/// The lines about some keywords.
pub(super) fn lines<'a>(evidence: &'a Evidence, keywords: &[&str]) -> Vec<&'a Setting> {
    evidence.login.lines.iter().filter(|line| line.is_about(keywords)).collect()
}

/// Replaces, on one line, what the extended regular expression finds; case does not matter.
pub(in crate::diagnose) fn replace(line: &Setting, find: &str, by: &str) -> Command {
    let expression = format!("{}s/{find}/{by}/I", line.line);
    Command::root(format!("sed -E -i {} {}", sh_quote(&expression), sh_quote(&line.file)))
}

/// Makes a comment of a line.
pub(super) fn comment_out(line: &Setting) -> Command {
    Command::root(format!("sed -i {} {}", sh_quote(&format!("{}s/^/#/", line.line)), sh_quote(&line.file)))
}

/// Puts a line at the top, where it wins over all others outside of `Match` blocks.
pub(super) fn put_first(line: &str) -> Command {
    Command::root(format!("sed -i {} {FILE}", sh_quote(&format!("1i {line}"))))
}

/// Adds a block for one user at the end; it wins over what stands outside of `Match` blocks.
pub(in crate::diagnose) fn add_for_user(user: &str, line: &str) -> Command {
    let user = sh_quote(&format!("Match User {user}"));
    Command::root(format!("printf '%s\\n' {user} {} 'Match all' >>{FILE}", sh_quote(line)))
}

/// A text as an extended regular expression, and in the place of what it finds, between slashes.
pub(super) fn literal(text: &str) -> String {
    let special = |c: char| "\\/.*+?[](){}^$|&".contains(c);
    text.chars().flat_map(|c| special(c).then_some('\\').into_iter().chain([c])).collect()
}
