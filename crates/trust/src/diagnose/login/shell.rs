//! Rules about the login shell.

use super::account::refusal;
use super::edit::literal;
use super::profile;
use crate::diagnose::{ByHand, Case, Code, Command, Cure, Finding};
use crate::enter::NoEntry;
use crate::inventory::NodeIx;
use crate::machine::is_posix_shell;
use crate::observe::{Evidence, Setting, ShellKind};
use crate::probe::{Cause, TrustEdge};
use crate::text::sh_quote;

/// The words of nologin(8).
const UNAVAILABLE: &str = "account is currently not available";
/// What other shells say to a mistake in their profiles.
const FOREIGN_WORDS: [&str; 8] = [
    "Expression Syntax.",
    "Badly placed ",
    "Undefined variable.",
    "Too many ('s.",
    "Command not found.",
    "Missing end",
    "config.fish",
    // A restricted one: bash(1), -r.
    "exec: restricted",
];

/// The findings about login shells.
pub(super) fn find(case: &Case) -> Vec<Finding> {
    let silent =
        (case.nodes.indices()).filter_map(|node| ended(case, node).or_else(|| profile::find(case, node)));
    silent.chain(case.seen().filter_map(|(node, _, evidence)| noisy(case, node, evidence))).collect()
}

/// Calls whose key was accepted, and whose command did not run: by its status it is the shell that ended them.
pub(super) fn is_ended(edge: &TrustEdge) -> bool {
    edge.cause == Cause::NoLogin
        && edge.status.is_some_and(|status| status != 255)
        && !["account has expired", "pam_nologin", "System is booting up"]
            .iter()
            .any(|s| edge.said.contains(s))
}

/// Whether these are words of a shell that does not do what is written for sh(1).
fn is_foreign(said: &str) -> bool {
    FOREIGN_WORDS.iter().any(|word| said.contains(word))
}

/// Whether sshd said that it cannot start the login shell: its path, and why (session.c, perror(3)). Profiles say it with
/// their own name before that.
pub(super) fn is_missing(said: Option<&str>) -> bool {
    const SHELLS: [&str; 8] = ["sh", "bash", "dash", "zsh", "ksh", "csh", "tcsh", "fish"];
    const REASONS: [&str; 3] = ["No such file or directory", "Permission denied", "Exec format error"];
    said.unwrap_or_default().split(" | ").any(|line| {
        line.trim().split_once(": ").is_some_and(|(path, why)| {
            let name = path.strip_prefix('/').and_then(|path| path.rsplit('/').next());
            name.is_some_and(|name| SHELLS.contains(&name)) && REASONS.contains(&why)
        })
    })
}

/// There is no shell that would run a command.
fn ended(case: &Case, node: NodeIx) -> Option<Finding> {
    let known = case.node(node)?;
    let shell = known.evidence.as_ref().map(|evidence| &evidence.login.shell);
    let kind = shell.map(|shell| shell.kind);
    let mut pairs = case.pairs(|edge| edge.to == node && edge.from != node && is_ended(edge));
    if kind == Some(ShellKind::Missing) {
        // sshd does not let in whose shell is not there.
        pairs.extend(case.pairs_to(node, &[Cause::KeyRefused]));
    }
    let edge = pairs.first().and_then(|pair| case.edge(*pair));
    let why = refusal(case, node).unwrap_or_default();
    // nologin(8) says it where calls do not listen, and the coordinator does. Before trust is made there are no calls.
    let said = edge.map_or("", |edge| edge.said.as_str());
    let speaks = why.contains(UNAVAILABLE) || is_foreign(&why);
    let said = if said.is_empty() && speaks { why.as_str() } else { said };
    let none = matches!(kind, Some(ShellKind::NoLogin | ShellKind::Missing));
    let barred = known.entry.as_ref().err();
    // Also where it is there, and sshd looks for it within a ChrootDirectory.
    let missing = is_missing(Some(said)) || is_missing(barred.and_then(NoEntry::said_by_session));
    let told = missing || said.contains(UNAVAILABLE) || why.contains(UNAVAILABLE);
    if edge.is_none() && !told && !(case.preflight && (none || is_foreign(&why))) {
        return None;
    }
    let foreign = match shell {
        // One that is restricted understands what is written for sh(1), and may not do it.
        Some(shell) => {
            shell.kind == ShellKind::Ends && (!is_posix_shell(&shell.path) || shell.name() == "rbash")
        }
        None => is_foreign(said),
    };
    let code = match () {
        () if foreign => Code::ForeignShell,
        () if none || told => Code::NoLoginShell,
        // It ends without a word, as false(1) does, and nobody can look. A profile may do the same.
        () if kind.is_none() && said.is_empty() && edge.is_some_and(|edge| edge.status == Some(1)) => {
            Code::NoLoginShell
        }
        () => return None,
    };
    let mut finding = Finding::new(code, node).bars(known.entry.is_err());
    finding = match (shell, edge) {
        (Some(shell), _) => finding.seen(node, &format!("getent passwd {}", case.user), &shell.path),
        (None, Some(edge)) => {
            let status = edge.status.map_or_else(String::new, |status| format!("exit status {status}"));
            let said = if said.is_empty() { &status } else { said };
            finding.seen(edge.from, &format!("ssh {} true", edge.host), said)
        }
        (None, None) => finding.seen_from_here(&format!("ssh {}", case.label(node)), said),
    };
    if !none && !told {
        finding = finding.likely();
    }
    let user = sh_quote(&case.user);
    let mut commands = vec![Command::root(format!("usermod -s /bin/sh {user}"))];
    if missing {
        let look = "grep -niE '^[[:space:]]*ChrootDirectory' /etc/ssh/sshd_config /etc/ssh/sshd_config.d/*.conf || :";
        commands = vec![
            Command::root(look),
            Command::root(format!("ls -lL \"$(getent passwd {user} | cut -d: -f7)\"")),
        ];
    }
    Some(finding.explains(pairs).cure(Cure::by_hand(node, ByHand::Security, commands)))
}

/// A profile that prints where nobody is at a terminal. It breaks scp(1) and sftp(1).
fn noisy(case: &Case, node: NodeIx, evidence: &Evidence) -> Option<Finding> {
    let shell = &evidence.login.shell;
    if shell.noise.is_empty() {
        return None;
    }
    let finding = Finding::new(Code::NoisyShell, node);
    let finding = finding.seen(node, &format!("ssh {} true", case.label(node)), &shell.noise);
    let finding = shell.lines.iter().take(3).fold(finding, |finding, line| {
        finding.seen(node, &format!("{}:{}", line.file, line.line), &line.text)
    });
    let guards = shell.lines.iter().map(|line| guard(line, &evidence.state.home));
    Some(finding.cure(Cure::by_hand(node, ByHand::Judgement, guards)))
}

/// Lets a line run only where somebody is at a terminal.
pub(super) fn guard(line: &Setting, home: &str) -> Command {
    let expression = format!("{}s/^(.*)$/case $- in *i*) \\1 ;; esac/", line.line);
    let command = format!("sed -E -i {} {}", sh_quote(&expression), sh_quote(&line.file));
    let undo = format!("{}s/^case {} in {}\\) (.*) ;; esac$/\\1/", line.line, literal("$-"), literal("*i*"));
    let undo = format!("sed -E -i {} {}", sh_quote(&undo), sh_quote(&line.file));
    let own = line.file.starts_with(&format!("{home}/"));
    let command = if own { Command::new(command) } else { Command::root(command) };
    command.undo(undo)
}
