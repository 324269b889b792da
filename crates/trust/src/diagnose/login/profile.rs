//! `profile-blocks`: what runs before a command does not let it run.

use super::commands::is_for_files;
use super::shell::{guard, is_ended};
use crate::diagnose::{ByHand, Case, Code, Command, Cure, Finding};
use crate::enter::{ConnectError, NoEntry, NodeError};
use crate::inventory::NodeIx;
use crate::observe::{Evidence, Setting, ShellKind};
use crate::probe::{Cause, NO_ANSWER, TIMED_OUT, TrustEdge};

/// What can be put behind a guard by itself: a line that is one whole command of this kind.
const WHOLE: [&str; 6] = ["exec", "exit", "read", "tmux", "screen", "logout"];

/// The finding about a node, if nothing is wrong with its shell itself.
pub(super) fn find(case: &Case, node: NodeIx) -> Option<Finding> {
    match &case.node(node)?.evidence {
        Some(evidence) => seen(case, node, evidence),
        None => concluded(case, node),
    }
}

/// The shell was started there, and its profile ended it; or it goes on, and what sshd starts before it does not.
fn seen(case: &Case, node: NodeIx, evidence: &Evidence) -> Option<Finding> {
    let shell = &evidence.login.shell;
    let ends = case.pairs(|edge| edge.to == node && edge.from != node && is_ended(edge));
    let hangs = case.pairs(|edge| edge.to == node && edge.from != node && hangs(edge));
    let first = ends.first().or(hangs.first()).and_then(|pair| case.edge(*pair))?;
    let finding = Finding::new(Code::ProfileBlocks, node).seen(
        first.from,
        &format!("ssh {} true", first.host),
        &first.said,
    );
    if shell.kind == ShellKind::Ends {
        let finding = finding.explains(ends).explains(hangs);
        let Some(last) = &shell.last else {
            return Some(finding.likely().cure(Cure::by_hand(node, ByHand::Judgement, look(&shell.path))));
        };
        let finding = finding.seen(node, &format!("{}:{}", last.file, last.line), &last.text);
        let commands =
            if is_whole(last) { vec![guard(last, &evidence.state.home)] } else { look(&shell.path) };
        return Some(finding.cure(Cure::by_hand(node, ByHand::Judgement, commands)));
    }
    let rc = evidence.login.rc.as_ref().filter(|_| shell.kind == ShellKind::Runs)?;
    // It runs before the command, and its status counts for nothing: only one that does not end is in the way.
    if hangs.is_empty() {
        return None;
    }
    let finding = finding.likely().explains(hangs).seen(
        node,
        &format!("ls -l {rc}"),
        "sshd runs it before each command",
    );
    let show = Command::new(format!("cat {}", crate::text::sh_quote(rc)));
    Some(finding.cure(Cure::by_hand(node, ByHand::Judgement, [show])))
}

/// A call that got as far as the login, and no further.
fn hangs(edge: &TrustEdge) -> bool {
    let silent = edge.said.is_empty() || edge.said.starts_with(NO_ANSWER);
    edge.cause == Cause::Hung && edge.status == Some(TIMED_OUT) && silent
}

fn is_whole(line: &Setting) -> bool {
    let mut words = line.text.split_whitespace();
    let word = words.next().unwrap_or_default();
    let plain = !line.text.trim_end().ends_with(['\\', '{', '(', '|', '&']);
    WHOLE.contains(&word) && plain
}

/// Nobody can look: a login is as far as this machine got too.
fn concluded(case: &Case, node: NodeIx) -> Option<Finding> {
    let why = case.node(node)?.entry.as_ref().err()?;
    let pairs = case.pairs(|edge| edge.to == node && edge.from != node && (is_ended(edge) || hangs(edge)));
    match why {
        NoEntry::Node(NodeError::NoShell(said)) if is_for_files(said) => return None,
        why if why.is_of_pam_session() => return None,
        NoEntry::Node(error @ (NodeError::NoShell(_) | NodeError::Timeout(_)))
            if !error.is_of_the_account() && !error.is_of_processes() => {}
        // A key that leads nowhere may be bound to a command of its own: then calls have not met the same.
        NoEntry::Connect(ConnectError::ForcedCommand { .. }) if !pairs.is_empty() => {}
        _ => return None,
    }
    let finding = Finding::new(Code::ProfileBlocks, node).likely().bars(true);
    let finding = finding.seen_from_here(&format!("ssh {}", case.label(node)), &why.to_string());
    let edge = pairs.first().and_then(|pair| case.edge(*pair));
    let finding = edge.map_or(finding.clone(), |edge| {
        finding.seen(edge.from, &format!("ssh {} true", edge.host), &edge.said)
    });
    Some(finding.explains(pairs).cure(Cure::by_hand(node, ByHand::NotEntered, look("bash"))))
}

/// What names file and line, at the console: the last line that the profile comes to.
fn look(shell: &str) -> Vec<Command> {
    let trace = match shell.rsplit('/').next().unwrap_or_default() {
        "zsh" => Some("zsh -x -c : 2>&1 | tail -n 5"),
        "bash" => Some(
            "bash -c 'PS4=\"+\\$BASH_SOURCE:\\$LINENO: \"; SSH_CLIENT=x; set -x; . ~/.bashrc' 2>&1 </dev/null | tail -n 5",
        ),
        _ => None,
    };
    let rest = "grep -n command= ~/.ssh/authorized_keys; ls -l ~/.ssh/rc /etc/ssh/sshrc ~/.bashrc ~/.zshenv ~/.cshrc ~/.tcshrc ~/.config/fish/config.fish 2>/dev/null";
    trace.into_iter().chain([rest]).map(Command::new).collect()
}
