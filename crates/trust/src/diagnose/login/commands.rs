//! Rules about accounts that are let in and run no command, or another one than they are told.

use super::edit::{comment_out, lines, reload};
use super::settings::for_caller;
use super::shell;
use crate::diagnose::keys::forced_line;
use crate::diagnose::{ByHand, Case, Code, Command, Cure, Finding};
use crate::enter::{ConnectError, NoEntry, NodeError};
use crate::inventory::NodeIx;
use crate::observe::Evidence;
use crate::probe::{Cause, EdgeIx, TrustEdge};
use crate::text::sh_quote;

/// The findings about commands that do not run.
pub(super) fn find(case: &Case) -> Vec<Finding> {
    let rules: [fn(&Case, NodeIx) -> Option<Finding>; 2] = [refused, forced];
    case.nodes.indices().flat_map(|node| rules.iter().filter_map(move |rule| rule(case, node))).collect()
}

/// sshd lets the user in and starts nothing for it.
fn refused(case: &Case, node: NodeIx) -> Option<Finding> {
    let said = |error: &NodeError| matches!(error, NodeError::Refused | NodeError::Unanswered(_));
    let entry = case.node(node)?.entry.as_ref();
    let barred = entry.err().filter(|why| match why {
        NoEntry::Node(error) if said(error) || error.is_of_processes() => true,
        why => why.is_of_pam_session(),
    });
    // A session that is not opened is another thing; a shell that cannot fork says so by itself.
    let hangs = matches!(barred, Some(NoEntry::Node(NodeError::Unanswered(_))));
    let by_pam = barred.is_some_and(NoEntry::is_of_pam_session);
    let refuses = |edge: &TrustEdge| match edge.cause {
        Cause::Hung => hangs,
        Cause::CommandRefused => !edge.said.contains("open failed"),
        Cause::NoLogin | Cause::ForcedCommand => NodeError::NoShell(edge.said.clone()).is_of_processes(),
        _ => false,
    };
    let pairs = case.pairs(|edge| edge.to == node && edge.from != node && refuses(edge));
    let first = pairs.first().and_then(|pair| case.edge(*pair));
    if first.is_none() && barred.is_none() {
        return None;
    }
    let mut finding = Finding::new(Code::CommandRefused, node).likely().bars(barred.is_some());
    if let Some(edge) = first {
        finding = finding.seen(edge.from, &format!("ssh {}", edge.host), &edge.said);
    }
    if let Some(error) = barred {
        finding = finding.seen_from_here(&format!("ssh {}", case.label(node)), &error.to_string());
    }
    let user = sh_quote(&case.user);
    if hangs || by_pam {
        // What sshd waits for between the login and the command, or what refuses it.
        let commands = [
            Command::root("grep -n '^session' /etc/pam.d/sshd"),
            Command::root(format!("timeout 10 ls -d \"$(getent passwd {user} | cut -d: -f6)\"")),
        ];
        return Some(finding.explains(pairs).cure(Cure::by_hand(node, ByHand::Judgement, commands)));
    }
    let commands = [
        Command::root(format!("ps -u {user} -L --no-headers | wc -l")),
        Command::root(format!("su -s /bin/sh -c 'ulimit -u' {user}")),
        Command::root("grep -n nproc /etc/security/limits.conf /etc/security/limits.d/*"),
    ];
    Some(finding.explains(pairs).cure(Cure::by_hand(node, ByHand::Judgement, commands)))
}

/// Something else runs than what the caller asked for.
fn forced(case: &Case, node: NodeIx) -> Option<Finding> {
    let known = case.node(node)?;
    let pairs = case.pairs(|edge| edge.to == node && is_forced(edge));
    if let Some(evidence) = &known.evidence {
        return by_setting(case, node, evidence, &pairs)
            .or_else(|| by_line(case, node, evidence, &pairs))
            .or_else(|| unseen(case, node, pairs));
    }
    let (why, shut) = match &known.entry {
        Err(why) if why.is_of_pam_session() || shell::is_missing(why.said_by_session()) => return None,
        Err(why @ NoEntry::Connect(ConnectError::ForcedCommand { .. })) => (why, true),
        Err(why @ NoEntry::Node(NodeError::NoShell(said))) if is_for_files(said) => (why, true),
        _ => return unseen(case, node, pairs),
    };
    let (source, said) = (format!("ssh {}", case.label(node)), why.to_string());
    let finding = Finding::new(Code::ForcedCommand, node).likely().bars(shut).explains(pairs);
    Some(finding.seen_from_here(&source, &said).cure(look(case, node)))
}

/// Whether a command is a server for files alone.
fn serves_files(command: &str) -> bool {
    command == "internal-sftp" || command.ends_with("/sftp-server")
}

/// Whether a server for files alone said so, or ended as one does.
pub(super) fn is_for_files(said: &str) -> bool {
    ["This service allows sftp connections only", "for SFTP alone"].iter().any(|words| said.contains(words))
}

/// Calls that were let in, and what they were to run did not.
fn is_forced(edge: &TrustEdge) -> bool {
    let ended = edge.cause == Cause::NoLogin && edge.status.is_some_and(|status| status != 255);
    edge.from != edge.to && (edge.cause == Cause::ForcedCommand || ended)
}

/// `ForceCommand` of sshd, for these callers.
fn by_setting(case: &Case, node: NodeIx, evidence: &Evidence, pairs: &[EdgeIx]) -> Option<Finding> {
    let settings = &evidence.login.settings;
    let command = |from: NodeIx| {
        let address = case.node(from).map(|node| node.spec.ip);
        for_caller(settings, address).map(|one| one.forced.as_str()).filter(|forced| !forced.is_empty())
    };
    let of = |pair: &EdgeIx| case.edge(*pair).and_then(|edge| command(edge.from));
    let explained: Vec<EdgeIx> = pairs.iter().copied().filter(|pair| of(pair).is_some()).collect();
    // Before anybody has called, only what surely runs nothing else: many such commands run what was asked for, and log it.
    let others = || {
        let callers = case.nodes.indices().filter(|from| *from != node);
        callers.filter_map(command).find(|command| command.split(' ').next().is_some_and(serves_files))
    };
    let said = if case.preflight { others() } else { explained.first().and_then(of) }?;
    let mut finding = Finding::new(Code::ForcedCommand, node).explains(explained);
    let lines = lines(evidence, &["ForceCommand"]);
    if lines.is_empty() {
        finding = finding.seen(node, "sshd -T", &format!("forcecommand {said}"));
    }
    for line in lines.iter().take(3) {
        finding = finding.seen(node, &format!("{}:{}", line.file, line.line), &line.text);
    }
    let mut commands: Vec<Command> = lines.iter().map(|line| comment_out(line)).collect();
    if commands.is_empty() {
        return Some(finding.cure(look(case, node)));
    }
    commands.push(reload(case, node));
    Some(finding.cure(Cure::by_hand(node, ByHand::Security, commands)))
}

/// `command=` in the line of a key that these callers come with.
fn by_line(case: &Case, node: NodeIx, evidence: &Evidence, pairs: &[EdgeIx]) -> Option<Finding> {
    let mut finding = Finding::new(Code::ForcedCommand, node);
    let mut told: Vec<(String, usize)> = Vec::new();
    for pair in pairs {
        let Some(from) = case.edge(*pair).and_then(|edge| case.node(edge.from)?.evidence.as_ref()) else {
            continue;
        };
        let Some((path, line, options)) = forced_line(evidence, from) else { continue };
        finding = finding.explains([*pair]);
        if !told.contains(&(path.clone(), line)) {
            finding = finding.seen(node, &path, &format!("line {line}: {options}"));
            let show = Command::new(format!("sed -n {line}p {}", sh_quote(&path)));
            finding = finding.cure(Cure::by_hand(node, ByHand::Security, [show]));
            told.push((path, line));
        }
    }
    (!told.is_empty()).then_some(finding)
}

/// A call ended well and its command did not run; nobody saw where that is said.
fn unseen(case: &Case, node: NodeIx, pairs: Vec<EdgeIx>) -> Option<Finding> {
    let is_sure = |pair: &EdgeIx| case.edge(*pair).is_some_and(|edge| edge.cause == Cause::ForcedCommand);
    let pairs: Vec<EdgeIx> = pairs.into_iter().filter(is_sure).collect();
    let edge = pairs.first().and_then(|pair| case.edge(*pair))?;
    let said = if edge.said.is_empty() { "exit status 0, and the command did not run" } else { &edge.said };
    let finding = Finding::new(Code::ForcedCommand, node).likely();
    let finding = finding.seen(edge.from, &format!("ssh {}", edge.host), said);
    Some(finding.explains(pairs).cure(look(case, node)))
}

/// Where it may be said, to be looked at on the node.
fn look(case: &Case, node: NodeIx) -> Cure {
    let user = sh_quote(&case.user);
    let commands = [
        Command::root(format!("sshd -T -C user={user},host=localhost,addr=127.0.0.1 | grep -i forcecommand")),
        Command::root(format!(
            "grep -n command= \"$(getent passwd {user} | cut -d: -f6)/.ssh/authorized_keys\""
        )),
    ];
    Cure::by_hand(node, ByHand::Security, commands)
}

#[cfg(test)]
mod tests {
    use super::super::super::diagnose;
    use super::super::super::sample::{healthy, short};
    use super::*;
    use crate::observe::{LoginSettings, Setting};

    const FORK: &str = "exec request failed on channel 0";

    fn setting(text: &str) -> Setting {
        Setting { file: "/etc/ssh/sshd_config".to_owned(), line: 7, text: text.to_owned() }
    }

    #[test]
    fn a_setting_that_forces_a_command_is_told_with_its_line() {
        let mut case = healthy(3);
        case.break_column(2, &Cause::ForcedCommand, "Hello");
        // Nobody saw where it is said.
        let found = diagnose(&case).findings;
        assert_eq!(short(&found), [("forced-command", 2, 2)]);
        assert_eq!(found[0].certainty, crate::diagnose::Certainty::Likely);
        let login = &mut case.seen_mut(2).login;
        login.settings.push(LoginSettings { forced: "internal-sftp".to_owned(), ..LoginSettings::default() });
        login.lines.push(setting("ForceCommand internal-sftp"));
        let found = diagnose(&case).findings;
        assert_eq!(short(&found), [("forced-command", 2, 2)]);
        assert_eq!(found[0].witnesses[0].source, "/etc/ssh/sshd_config:7");
        assert_eq!(found[0].certainty, crate::diagnose::Certainty::Certain);
        assert!(found[0].cures[0].commands[0].run.contains("7s/^/#/"), "{:?}", found[0].cures);
        // Before trust is made nobody has called.
        for (command, wanted) in
            [("internal-sftp -l INFO", 1), ("/usr/lib/openssh/sftp-server", 1), ("/opt/log-and-run", 0)]
        {
            let mut case = healthy(3);
            case.preflight = true;
            let forced = LoginSettings { forced: command.to_owned(), ..LoginSettings::default() };
            case.seen_mut(1).login.settings.push(forced);
            let found = diagnose(&case).findings;
            assert_eq!(short(&found), [("forced-command", 1, 0)][..wanted], "{command}");
        }
    }

    #[test]
    fn a_node_that_nobody_can_enter_is_told_by_what_it_did() {
        let sftp = NodeError::NoShell(
            "it ended with status 11 without a word, as a server for SFTP alone does".to_owned(),
        );
        // Why it could not be entered, how calls end there, the finding.
        type Barred<'a> = (NodeError, Option<(Cause, &'a str)>, &'a str);
        let cases: [Barred<'_>; 8] = [
            (sftp, Some((Cause::ForcedCommand, "")), "forced-command"),
            (NodeError::Refused, Some((Cause::CommandRefused, FORK)), "command-refused"),
            (NodeError::Refused, None, "command-refused"),
            (NodeError::Unanswered(30), None, "command-refused"),
            (
                NodeError::Unanswered(30),
                Some((Cause::Hung, "Timeout, server not responding.")),
                "command-refused",
            ),
            (NodeError::Lost("sh: 1: Cannot fork".to_owned()), None, "command-refused"),
            (
                NodeError::NoShell("-bash: fork: Resource temporarily unavailable".to_owned()),
                Some((Cause::NoLogin, "-bash: fork: Resource temporarily unavailable")),
                "command-refused",
            ),
            (
                NodeError::NoSession("Failed to open channel (ConnectFailed)".to_owned()),
                Some((Cause::CommandRefused, "channel 0: open failed: connect failed: open failed")),
                "max-sessions",
            ),
        ];
        for (why, call, wanted) in cases {
            let mut case = healthy(3);
            case.bar(1, why.clone());
            let pairs = if call.is_some() { 2 } else { 0 };
            if let Some((cause, said)) = &call {
                case.break_column(1, cause, said);
                for edge in case.matrix.edges().to_vec() {
                    assert_eq!(edge.to, NodeIx::new(1));
                }
            }
            let found = diagnose(&case).findings;
            assert_eq!(short(&found), [(wanted, 1, pairs)], "{why:?}");
            assert!(found[0].bars, "{why:?}");
        }
    }
}
