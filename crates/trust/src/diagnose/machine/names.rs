//! Names that do not lead to their nodes.

use std::net::IpAddr;

use sshfiles::{HOSTS_MARK, Hosts};

use crate::diagnose::{ByHand, Case, Code, Command, Cure, Finding, Part};
use crate::inventory::NodeIx;
use crate::observe::{EntryKind, Evidence};
use crate::place::Place;
use crate::plan::node_names;
use crate::probe::{By, Cause};
use crate::text::sh_quote;

const FILE: &str = "/etc/hosts";

/// The findings about `/etc/hosts`, one a node.
pub(super) fn find(case: &Case) -> Vec<Finding> {
    let mapped: Vec<Mapped> = case.nodes.entries().filter_map(|(node, _)| mapped(case, node)).collect();
    let lost = case.seen().filter_map(|(node, _, evidence)| lost(case, node, evidence, &mapped));
    let unusable = case.seen().filter_map(|(node, _, evidence)| unusable(case, node, evidence));
    lost.chain(unusable).collect()
}

/// A name of the node's own that cannot be mapped: root's set-up writes all of them into `/etc/hosts`.
fn unusable(case: &Case, node: NodeIx, evidence: &Evidence) -> Option<Finding> {
    if !case.preflight || !evidence.is_root() {
        return None;
    }
    let judged = node_names(std::iter::once(evidence.state.hostname.as_str()));
    let error = judged.into_iter().next()?.err()?;
    let finding = Finding::new(Code::HostsMapping, node).seen(node, "uname -n", &error.to_string());
    let rename = Command::root("hostnamectl set-hostname NAME");
    Some(finding.cure(Cure::by_hand(node, ByHand::Judgement, [rename])))
}

/// A node with a name by which the others should know it.
struct Mapped<'a> {
    node: NodeIx,
    name: &'a str,
    address: IpAddr,
    /// A line of ours on some node says so.
    ours: bool,
}

fn mapped(case: &Case, node: NodeIx) -> Option<Mapped<'_>> {
    let known = case.node(node)?;
    // A machine that has another name than the description says is found by another rule.
    let name = known.name.as_deref().filter(|_| known.described.is_none())?;
    let address = known.spec.ip;
    // A name that two machines have leads to one of them at most.
    let twins = case.nodes.iter().filter(|node| node.name.as_deref() == Some(name)).count();
    if twins > 1 {
        return None;
    }
    let ours = |evidence: &Evidence| {
        let lines = Hosts::parse(evidence.state.bytes(Place::Hosts)).lookup(name);
        lines.iter().any(|(_, ip, ours)| *ours && *ip == address)
    };
    let ours = case.seen().any(|(_, _, evidence)| ours(evidence));
    Some(Mapped { node, name, address, ours })
}

/// A name that leads elsewhere, or nowhere.
struct Lost<'a> {
    mapped: &'a Mapped<'a>,
    /// Where it leads.
    found: Option<&'a str>,
}

fn lost(case: &Case, node: NodeIx, evidence: &Evidence, mapped: &[Mapped<'_>]) -> Option<Finding> {
    let hosts = Hosts::parse(evidence.state.bytes(Place::Hosts));
    let shadowed = |to: NodeIx| {
        mapped.iter().find(|mapped| mapped.node == to).is_some_and(|mapped| is_shadowed(&hosts, mapped))
    };
    let pairs = case.pairs(|edge| {
        let lost = matches!(edge.cause, Cause::NameUnknown | Cause::WrongAddress { .. });
        let known = mapped.iter().any(|mapped| mapped.node == edge.to);
        let fits = (lost && known) || shadowed(edge.to);
        edge.from == node && edge.to != node && edge.by == By::Name && fits
    });
    let red = |to: NodeIx| pairs.iter().any(|pair| case.edge(*pair).is_some_and(|edge| edge.to == to));
    let names: Vec<Lost<'_>> = mapped
        .iter()
        .filter(|mapped| mapped.node != node && (mapped.ours || red(mapped.node)))
        .filter_map(|mapped| {
            let told = evidence.machine.names.iter().find(|(name, _)| name == mapped.name);
            let found = told.and_then(|(_, found)| found.as_deref());
            (told.is_some() || is_shadowed(&hosts, mapped)).then_some(Lost { mapped, found })
        })
        .collect();
    let file = evidence.state.entries.get(&Place::Hosts);
    let unreadable = file.filter(|file| file.kind == EntryKind::Unreadable);
    if names.is_empty() && pairs.is_empty() {
        return None;
    }
    let mut finding = Finding::new(Code::HostsMapping, node).explains(pairs.iter().copied());
    if let [only] = names.as_slice() {
        finding = finding.about(only.mapped.node);
    }
    for lost in names.iter().take(3) {
        let shadowed = lost.found.is_none() && is_shadowed(&hosts, lost.mapped);
        let said = if shadowed { "more than one address" } else { lost.found.unwrap_or("nothing") };
        finding = finding.seen(node, &format!("getent ahosts {}", lost.mapped.name), said);
    }
    if let (true, Some(edge)) = (names.is_empty(), pairs.first().and_then(|pair| case.edge(*pair))) {
        finding = finding.seen(node, &format!("ssh {}", edge.host), &edge.said);
    }
    if let Some(file) = unreadable {
        let finding = finding.seen(node, &format!("ls -l {FILE}"), &format!("mode {:o}", file.mode));
        let open = Command::root(format!("chmod 644 {FILE}")).undo(format!("chmod {:o} {FILE}", file.mode));
        return Some(finding.cure(Cure::run(node, [open])));
    }
    Some(told_by_file(finding, node, evidence, &names).cure(cure(case, node, evidence, &names, mapped)))
}

/// Whether a line of the user's stands before ours and says something else: ssh goes there first.
fn is_shadowed(hosts: &Hosts, mapped: &Mapped<'_>) -> bool {
    let lines = hosts.lookup(mapped.name);
    let right = lines.iter().position(|(_, ip, _)| *ip == mapped.address);
    let before = lines.iter().take(right.unwrap_or(0));
    before.into_iter().any(|(_, ip, ours)| !ours && ip.is_ipv4() == mapped.address.is_ipv4())
}

/// The lines of the file that have a name, too.
fn told_by_file(finding: Finding, node: NodeIx, evidence: &Evidence, names: &[Lost<'_>]) -> Finding {
    let hosts = Hosts::parse(evidence.state.bytes(Place::Hosts));
    names.iter().take(3).fold(finding, |finding, lost| {
        hosts.lookup(lost.mapped.name).iter().take(3).fold(finding, |finding, (line, ip, _)| {
            finding.seen(node, &format!("{FILE}:{line}"), &format!("{ip} {}", lost.mapped.name))
        })
    })
}

/// The mapping is restored. A line of the user's that says something else is the user's to judge.
fn cure(case: &Case, node: NodeIx, evidence: &Evidence, names: &[Lost<'_>], mapped: &[Mapped<'_>]) -> Cure {
    let hosts = Hosts::parse(evidence.state.bytes(Place::Hosts));
    // Without names the file was not asked about them; then all of them are put in order.
    let all: Vec<&Mapped<'_>> = match names.is_empty() {
        true => mapped.iter().collect(),
        false => names.iter().map(|lost| lost.mapped).collect(),
    };
    let mut shadows: Vec<usize> = Vec::new();
    let mut commands = Vec::new();
    for mapped in all {
        let lines = hosts.lookup(mapped.name);
        shadows
            .extend(lines.iter().filter(|(_, ip, ours)| !ours && *ip != mapped.address).map(|line| line.0));
        if lines.iter().any(|(_, ip, _)| *ip == mapped.address) {
            continue;
        }
        if lines.iter().any(|(_, _, ours)| *ours) {
            let name = mapped.name.replace('.', "\\.");
            let expression = format!("/^[^#]*[[:space:]]{name}[[:space:]]*{HOSTS_MARK}/d");
            commands.push(Command::root(format!("sed -i {} {FILE}", sh_quote(&expression))));
        }
        let line = format!("{}  {}  {HOSTS_MARK}", mapped.address, mapped.name);
        commands.push(Command::root(format!("printf '%s\\n' {} >>{FILE}", sh_quote(&line))));
    }
    if shadows.is_empty() {
        // The file is right, and something else answers first: the order of nsswitch.conf(5), or ssh's HostName.
        if commands.is_empty() {
            let look = [
                Command::root("grep '^hosts:' /etc/nsswitch.conf"),
                Command::new(format!("ssh -G {} | grep '^hostname '", name_of(case, names))),
            ];
            return Cure::by_hand(node, ByHand::Judgement, look);
        }
        return Cure::restore(node, [Part::Mapping], commands);
    }
    shadows.sort_unstable();
    shadows.dedup();
    // Before lines move.
    let mut first: Vec<Command> = shadows
        .into_iter()
        .map(|line| Command::root(format!("sed -i {} {FILE}", sh_quote(&format!("{line}s/^/#/")))))
        .collect();
    first.extend(commands);
    Cure::by_hand(node, ByHand::Judgement, first)
}

fn name_of(case: &Case, names: &[Lost<'_>]) -> String {
    let name = names.first().map(|lost| lost.mapped.name);
    sh_quote(name.or_else(|| case.nodes.iter().next()?.name.as_deref()).unwrap_or_default())
}
