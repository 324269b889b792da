//! `agent-dead` and `agent-killed-at-logout`.

use sshfiles::{ShellProfile, SshConfig};

use super::limits::forbid_agent;
use super::offered::{ClusterKeys, has_key_file, own_key};
use super::pairs::lacks_key;
use super::records::names;
use crate::diagnose::{ByHand, Case, Code, Cure, Finding};
use crate::inventory::NodeIx;
use crate::observe::{EntryKind, Evidence, Linger, ShellKind};
use crate::place::{AGENT_SOCKET, Place};
use crate::plan::{Command, Part};
use crate::probe::{Cause, EdgeIx};
use crate::text::sh_quote;

/// Most hosts on a line of ssh's configuration that a person is to write.
const HOSTS_A_LINE: usize = 40;

pub(super) fn find(case: &Case) -> Vec<Finding> {
    if case.preflight {
        return case.seen().filter_map(|(node, _, evidence)| hanging(node, evidence)).collect();
    }
    let (cluster, blocks) = (ClusterKeys::of(case), case.seen().any(|(_, _, evidence)| has_block(evidence)));
    let mut found = Vec::new();
    for (node, _, evidence) in case.seen().filter(|(_, _, evidence)| has_key_file(evidence)) {
        let useless = lacks_key(case, node, evidence, &cluster);
        found.extend(dead(case, node, evidence, useless, blocks));
        found.extend(killed(node, evidence, &case.user));
    }
    found
}

/// An agent that takes connections and does not answer: the set-up gives it no twin.
fn hanging(node: NodeIx, evidence: &Evidence) -> Option<Finding> {
    let end = end_hanging(evidence)?;
    let asked = format!("SSH_AUTH_SOCK={} ssh-add -l", socket(evidence));
    let finding = Finding::new(Code::AgentDead, node).seen(node, &asked, "no answer within 5 seconds");
    Some(finding.cure(Cure::run(node, [end])))
}

/// Starts the tool's agent anew, by hand.
pub(super) fn start(evidence: &Evidence) -> Vec<Command> {
    let home = sh_quote(&evidence.state.home);
    vec![Command::new(format!("PATH={home}/gaussdb_tmp/bin:$PATH gs_sshexkey agent start"))]
}

fn socket(evidence: &Evidence) -> String {
    format!("{}/{AGENT_SOCKET}", evidence.state.home)
}

fn has_block(evidence: &Evidence) -> bool {
    SshConfig::parse(evidence.state.bytes(Place::Config)).block().is_some()
}

/// What is wrong with the agent and with what leads to it. `useless`: the key itself is, so the agent is not to blame;
/// `blocks`: nodes of this cluster have a block in ssh's configuration.
fn dead(case: &Case, node: NodeIx, evidence: &Evidence, useless: bool, blocks: bool) -> Option<Finding> {
    let mut finding = Finding::new(Code::AgentDead, node);
    let (mut parts, mut commands) = (Vec::new(), Vec::new());
    let state = &evidence.state;
    let socket = socket(evidence);
    if let Some(said) = trouble(evidence).filter(|_| !useless) {
        let asked = format!("SSH_AUTH_SOCK={socket} ssh-add -l");
        let source = if state.agent.socket { asked } else { format!("ls -l {socket}") };
        finding = finding.seen(node, &source, said);
        let mut causes = vec![Cause::KeyRefused, Cause::AgentUseless];
        if state.agent.hangs {
            causes.push(Cause::Hung);
        }
        finding = finding.explains(case.pairs_from(node, &causes));
        if evidence.keys.stopped {
            finding = finding.seen(node, "gs_sshexkey agent status", "stopped on purpose");
            finding = finding.cure(Cure::by_hand(node, ByHand::Judgement, start(evidence)));
        } else {
            if let Some(command) = end_hanging(evidence) {
                finding = finding.cure(Cure::run(node, [command]));
            }
            parts.push(Part::Agent);
            commands.extend(start(evidence));
        }
    }
    if let Some((said, pairs)) = no_block(case, node, evidence, blocks) {
        finding = finding.seen(node, &format!("{}/.ssh/config", state.home), &said).explains(pairs);
        parts.push(Part::Config);
        commands.extend(add_block(case, evidence));
    }
    if let Some((said, fix)) = no_exports(evidence) {
        finding = finding.seen(node, &format!("{}/.bashrc", state.home), &said);
        parts.push(Part::Profile);
        commands.push(fix);
    }
    if !parts.is_empty() {
        finding = finding.cure(Cure::restore(node, parts, commands));
    }
    (!finding.witnesses.is_empty()).then_some(finding)
}

/// What `ssh-add -l` says about an agent that is of no use.
fn trouble(evidence: &Evidence) -> Option<&'static str> {
    let agent = &evidence.state.agent;
    match (agent.socket, agent.alive, agent.hangs) {
        // Nobody could have asked.
        _ if !evidence.state.missing.is_empty() || forbid_agent(evidence) => None,
        (false, ..) => Some("No such file or directory"),
        (true, _, true) => Some("no answer within 5 seconds"),
        (true, false, _) => Some("Error connecting to agent: Connection refused"),
        (true, true, _) if agent.keys.is_empty() => Some("The agent has no identities."),
        _ => None,
    }
}

/// An agent that does not answer gets no twin: it has to go first.
fn end_hanging(evidence: &Evidence) -> Option<Command> {
    let agent = &evidence.state.agent;
    let socket = sh_quote(&socket(evidence));
    let end = agent.pid.filter(|_| agent.hangs).map(|pid| format!("kill -KILL {pid} && "));
    agent.hangs.then(|| Command::new(format!("{}rm -f {socket}", end.unwrap_or_default())))
}

/// ssh's configuration does not name the agent: what it says, and the pairs that fail for it.
fn no_block(case: &Case, node: NodeIx, evidence: &Evidence, blocks: bool) -> Option<(String, Vec<EdgeIx>)> {
    let entry = evidence.state.entry(Place::Config);
    if !blocks || entry.kind == EntryKind::Unreadable || own_key(evidence).is_none() {
        return None;
    }
    let known = SshConfig::parse(&entry.bytes).block_entries();
    let holds = own_key(evidence).is_some_and(|key| evidence.state.agent.keys.contains(&key));
    let pairs = case.pairs(|edge| {
        let named = known.iter().any(|entry| entry.address == edge.host || entry.name == edge.host);
        let refused = matches!(edge.cause, Cause::KeyRefused | Cause::AgentUseless);
        edge.from == node && edge.to != node && refused && holds && !named
    });
    // The user's own lines may lead there as well.
    let led = String::from_utf8_lossy(&entry.bytes).contains(AGENT_SOCKET);
    match (known.is_empty(), pairs.is_empty()) {
        (true, true) if led => None,
        (true, _) => {
            Some(("the lines between '# BEGIN gs_sshexkey' and its end are missing".to_owned(), pairs))
        }
        (false, false) => Some(("nodes are missing below '# BEGIN gs_sshexkey'".to_owned(), pairs)),
        (false, true) => None,
    }
}

/// The lines that lead ssh to the agent, by hand: one line a command, and none that is longer than a screen shows.
fn add_block(case: &Case, evidence: &Evidence) -> Vec<Command> {
    let path = sh_quote(&format!("{}/.ssh/config", evidence.state.home));
    let hosts: Vec<String> = case.nodes.iter().flat_map(names).collect();
    let add = |hosts: &[String]| {
        let hosts = sh_quote(&format!("Host {}", hosts.join(" ")));
        let key = "'  IdentityFile ~/.ssh/id_om'";
        let agent = format!("'  IdentityAgent ~/{AGENT_SOCKET}'");
        Command::new(format!("printf '%s\\n' {hosts} {key} {agent} >>{path}"))
    };
    hosts.chunks(HOSTS_A_LINE).map(add).collect()
}

/// The profile does not lead to the agent: what is there, and the command that puts it right.
fn no_exports(evidence: &Evidence) -> Option<(String, Command)> {
    let wanted = socket(evidence);
    // Where the profile does not come to its end, that is the fault.
    if evidence.login.shell.kind == ShellKind::Ends {
        return None;
    }
    let found = evidence.keys.sock.as_deref().filter(|found| *found != wanted)?;
    let entry = evidence.state.entry(Place::Bashrc);
    if entry.kind == EntryKind::Unreadable {
        return None;
    }
    let mut profile = ShellProfile::parse(&entry.bytes);
    let agent = profile.agent();
    let pid = evidence.state.agent.pid.map(|pid| pid.to_string());
    let pid = pid.or_else(|| agent.as_ref().map(|(_, pid)| pid.clone())).unwrap_or_default();
    if !profile.set_agent(&wanted, &pid) {
        // It is all there; what the user does after that is the user's affair.
        return None;
    }
    let said = match agent {
        None => "SSH_AUTH_SOCK and SSH_AGENT_PID are not exported".to_owned(),
        Some((socket, _)) if socket != wanted => format!("SSH_AUTH_SOCK is {socket}"),
        Some(_) => format!("the exports are not reached where nobody types: SSH_AUTH_SOCK is '{found}'"),
    };
    let sock = sh_quote(&format!("export SSH_AUTH_SOCK={wanted}"));
    let lines = format!("{sock} 'export SSH_AGENT_PID={}'", pid.trim_matches(|c: char| !c.is_ascii_digit()));
    let path = sh_quote(&format!("{}/.bashrc", evidence.state.home));
    let old = "/^export SSH_AUTH_SOCK=.*gauss_socket_tmp/d; /^export SSH_AGENT_PID=/d";
    let script = format!(
        "touch {path} && {{ printf '%s\\n' {lines}; sed {} {path}; }} >{path}.gs_new && cat {path}.gs_new >{path} && \
         rm -f {path}.gs_new",
        sh_quote(old)
    );
    Some((said, Command::new(script)))
}

/// logind ends the agent together with the session that started it. Root is spared by default.
fn killed(node: NodeIx, evidence: &Evidence, user: &str) -> Option<Finding> {
    let keepalive = evidence.state.keepalive.as_ref()?;
    let spared = &evidence.keys.spared;
    let is_spared = spared.except.iter().any(|name| name == user)
        || !(spared.only.is_empty() || spared.only.iter().any(|name| name == user));
    if !keepalive.kills || evidence.is_root() || keepalive.linger == Linger::On || is_spared {
        return None;
    }
    let quoted = sh_quote(user);
    let command = format!("loginctl enable-linger {quoted}");
    let undo = format!("loginctl disable-linger {quoted}");
    let command = if keepalive.linger == Linger::Possible {
        Command::new(command)
    } else {
        // Whoever may not do it for themselves needs root.
        Command::root(command)
    };
    let finding = Finding::new(Code::AgentKilledAtLogout, node)
        .seen(node, "loginctl show-session -p KillUserProcesses", "KillUserProcesses=yes")
        .seen(node, &format!("loginctl show-user {user} -p Linger"), "Linger=no");
    Some(finding.cure(Cure::run(node, [command.undo(undo)])))
}
