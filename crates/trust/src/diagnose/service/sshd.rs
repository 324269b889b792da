//! sshd does not run, cannot start, or hangs.

use super::{UNREACHED, commands, connect_error, with_own_word, with_words};
use crate::diagnose::{ByHand, Case, Code, Command, Cure, Finding};
use crate::enter::ConnectError;
use crate::inventory::NodeIx;
use crate::observe::{Evidence, Init, Service};
use crate::probe::{Cause, EdgeIx, TrustEdge};
use crate::text::sh_quote;

/// sshd needs an empty folder, `/run/sshd` on Debian and its relatives.
const MISSING_FOLDER: &str = "Missing privilege separation directory: ";
/// What a person is told at most of what sshd says of itself.
const MOST_WORDS: usize = 4;

pub(super) fn find(case: &Case) -> Vec<Finding> {
    let nodes = case.nodes.indices();
    nodes.filter_map(|node| seen(case, node).or_else(|| concluded(case, node))).collect()
}

/// The node itself was looked at.
fn seen(case: &Case, node: NodeIx) -> Option<Finding> {
    let visited = case.node(node)?;
    let evidence = visited.evidence.as_ref()?;
    let spec = visited.spec;
    // Somebody talks to it, perhaps by a port that is forwarded.
    let reached =
        case.matrix.iter().any(|(from, to, _, pair)| to == node && from != to && pair.state.is_good());
    let refused = case.pairs_to(node, &[Cause::Refused]);
    if reached || (!visited.local && refused.is_empty() && case.pairs_to(node, &[Cause::Hung]).is_empty()) {
        return None;
    }
    if evidence.service.listens_on(spec.ip, spec.port)? {
        return hung(case, node, &evidence.service);
    }
    let finding = Finding::new(Code::SshdDown, node).explains(case.pairs_to(node, &UNREACHED));
    let finding = finding.bars(connect_error(case, node).is_some());
    let words = said(finding, node, evidence, spec.port);
    Some(mend(with_words(words, case), case, node, &evidence.service))
}

/// What the node says of its sshd.
fn said(mut finding: Finding, node: NodeIx, evidence: &Evidence, port: u16) -> Finding {
    let service = &evidence.service;
    let listening = service.listens.iter().flatten().map(ToString::to_string).collect::<Vec<_>>().join(" ");
    let nobody = format!("nobody listens on port {port}; listening: {listening}");
    finding = finding.seen(node, "/proc/net/tcp", &nobody);
    for unit in service.units.iter().filter(|unit| unit.load != "not-found") {
        let state = format!("{} {}, {}", unit.load, unit.active, unit.enabled);
        finding = finding.seen(node, &format!("systemctl show {}", unit.id), &state);
    }
    if service.program.is_none() {
        return finding.seen(node, "command -v sshd", "not found");
    }
    let complaints = complaints(service);
    if !complaints.is_empty() {
        finding = finding.seen(node, "sshd -t", &last(&complaints));
    } else if !service.journal.is_empty() {
        finding = finding.seen(node, &format!("journalctl -u {}", service.unit), &last(&service.journal));
    }
    finding
}

/// What sshd has against its configuration. The folder that it misses while its service does not run comes with the
/// service.
fn complaints(service: &Service) -> Vec<String> {
    let comes = |line: &&String| service.init == Init::Systemd && line.contains(MISSING_FOLDER);
    service.test.iter().filter(|line| !comes(line)).cloned().collect()
}

fn last(lines: &[String]) -> String {
    lines.get(lines.len().saturating_sub(MOST_WORDS)..).unwrap_or_default().join("\n")
}

/// First what keeps it from starting, then the start.
fn mend(finding: Finding, case: &Case, node: NodeIx, service: &Service) -> Finding {
    let start = commands::start(case, node);
    if service.program.is_none() {
        return finding.cure(Cure::by_hand(node, ByHand::Judgement, []));
    }
    // It runs, but elsewhere: whether that is meant only a person knows. Lines of this kind add up.
    if let (Some(_), true, Some(visited)) = (&service.process, service.effective, case.node(node)) {
        let (ip, port) = (visited.spec.ip, visited.spec.port);
        let same_port = service.number("Port") == Some(u32::from(port));
        let line = if same_port { format!("ListenAddress {ip}") } else { format!("Port {port}") };
        return finding.cure(Cure::by_hand(node, ByHand::Judgement, [commands::set(case, node, &line)]));
    }
    let complaints = complaints(service);
    if complaints.is_empty() {
        return finding.cure(Cure::run(node, start));
    }
    let mut mends = Vec::new();
    let mut judged = false;
    for line in &complaints {
        match obstacle(line, service) {
            Some(Obstacle::Known(command)) if !mends.contains(&command) => mends.push(command),
            Some(Obstacle::Setting(command)) => {
                judged = true;
                mends.push(command);
            }
            _ => {}
        }
    }
    let nothing = mends.is_empty();
    mends.extend(start);
    finding.cure(if judged || nothing {
        Cure::by_hand(node, ByHand::Judgement, mends)
    } else {
        Cure::run(node, mends)
    })
}

/// What keeps sshd from starting.
enum Obstacle {
    /// There is one way to mend it.
    Known(Command),
    /// A line of its settings: perhaps there is a better way than to leave it out.
    Setting(Command),
}

/// Reads a line of `sshd -t`.
fn obstacle(line: &str, service: &Service) -> Option<Obstacle> {
    if let Some((_, path)) = line.split_once(MISSING_FOLDER) {
        let path = sh_quote(path.trim());
        let make =
            Command::root(format!("mkdir -m 755 {path}")).undo(format!("rmdir {path} 2>/dev/null || :"));
        return Some(Obstacle::Known(make));
    }
    if let Some((path, _)) = line.split_once(" must be owned by root and not group or world-writable.") {
        let path = sh_quote(path.trim());
        return Some(Obstacle::Known(Command::root(format!("chown root:root {path} && chmod 755 {path}"))));
    }
    // `Permissions 0666 for '/etc/ssh/ssh_host_rsa_key' are too open.`
    if let Some((mode, rest)) =
        line.split_once("Permissions ").and_then(|(_, rest)| rest.split_once(" for '"))
    {
        let (path, _) = rest.split_once("' are too open")?;
        let path = sh_quote(path);
        let mode = Some(mode).filter(|mode| mode.bytes().all(|b| b.is_ascii_digit()))?;
        let close = Command::root(format!("chmod 600 {path}")).undo(format!("chmod {mode} {path}"));
        return Some(Obstacle::Known(close));
    }
    if line.contains("no hostkeys available") && !service.test.iter().any(|line| line.contains("too open")) {
        return Some(Obstacle::Setting(Command::root("ssh-keygen -A")));
    }
    // `/etc/ssh/sshd_config: line 3: Bad configuration option: Foo`, `... line 3: no argument after keyword "Port"`.
    let (path, rest) = line.split_once(": line ").or_else(|| line.split_once(" line "))?;
    let number: String = rest.chars().take_while(char::is_ascii_digit).collect();
    let place = path.find('/')?;
    let path = sh_quote(path.get(place..)?);
    number.parse::<u32>().ok()?;
    let leave_out = Command::root(format!("sed -i '{number}s/^/#/' {path}"));
    Some(Obstacle::Setting(leave_out.undo(format!("sed -i '{number}s/^#//' {path}"))))
}

/// It has its port, and yet says nothing to anybody.
fn hung(case: &Case, node: NodeIx, service: &Service) -> Option<Finding> {
    let pairs = silent(case, node);
    let process = service.process.as_ref()?;
    let stopped = process.state == 'T';
    if pairs.is_empty() || !(stopped || case.node(node)?.local) {
        return None;
    }
    let state = format!("state {}: {}", process.state, process.title);
    let finding =
        Finding::new(Code::SshdDown, node).explains(pairs).bars(connect_error(case, node).is_some());
    let finding = finding.seen(node, &format!("/proc/{}/stat", process.pid), &state);
    let finding = if stopped { finding } else { finding.likely() };
    Some(with_words(finding, case).cure(Cure::run(node, commands::restart(case, node))))
}

/// The pairs to a node that are connected and hear nothing at all, or come in no more because so many wait for that.
fn silent(case: &Case, node: NodeIx) -> Vec<EdgeIx> {
    let before_banner = |edge: &TrustEdge| edge.cause == Cause::Hung && edge.said.contains("banner");
    let to = |edge: &TrustEdge| edge.to == node && edge.from != node;
    if case.pairs(|edge| to(edge) && before_banner(edge)).is_empty() {
        return Vec::new();
    }
    case.pairs(|edge| to(edge) && (before_banner(edge) || edge.cause == Cause::TimedOut))
}

/// Nobody was on the node: what it does from outside.
fn concluded(case: &Case, node: NodeIx) -> Option<Finding> {
    if case.node(node)?.evidence.is_some() {
        return None;
    }
    let finding = Finding::new(Code::SshdDown, node).likely().bars(true);
    let refused = case.pairs_to(node, &[Cause::Refused]);
    let (finding, cure) = match connect_error(case, node)? {
        ConnectError::Refused => (finding.explains(refused), commands::start(case, node)),
        error if error.is_network() && !refused.is_empty() => {
            (finding.explains(refused), commands::start(case, node))
        }
        ConnectError::Silent(_) if !silent(case, node).is_empty() => {
            (finding.explains(silent(case, node)), commands::restart(case, node))
        }
        _ => return None,
    };
    let finding = with_words(with_own_word(finding, case), case);
    Some(finding.cure(Cure::by_hand(node, ByHand::NotEntered, cure)))
}
