//! Rules about who a machine says it is.

use std::collections::BTreeMap;

use crate::diagnose::login::reload;
use crate::diagnose::{ByHand, Case, CaseNode, Code, Command, Cure, Finding};
use crate::inventory::NodeIx;
use crate::probe::{By, Cause};
use crate::text::sh_quote;

/// The findings about machines that are not who they should be.
pub(super) fn find(case: &Case) -> Vec<Finding> {
    let differ = (case.nodes.indices()).filter_map(|node| name_differs(case, node));
    clones(case).into_iter().chain(differ).collect()
}

/// What two machines must not have in common.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Sign {
    HostKey(String),
    MachineId(String),
    HostName(String),
}

fn signs(node: &CaseNode) -> Vec<Sign> {
    let keys =
        node.host_keys.iter().map(|key| Sign::HostKey(format!("{} {}", key.algorithm(), key.fingerprint())));
    let mut signs: Vec<Sign> = keys.collect();
    if let Some(evidence) = &node.evidence {
        signs.extend(evidence.machine.id.clone().map(Sign::MachineId));
        signs.push(Sign::HostName(evidence.state.hostname.to_lowercase()));
    }
    signs
}

/// Each node that has something in common with an earlier one, in one finding for the two.
fn clones(case: &Case) -> Vec<Finding> {
    let mut owners: BTreeMap<Sign, NodeIx> = BTreeMap::new();
    let mut common: BTreeMap<(NodeIx, NodeIx), Vec<Sign>> = BTreeMap::new();
    for (index, node) in case.nodes.entries() {
        for sign in signs(node) {
            match owners.get(&sign) {
                // One machine can be listed by two of its addresses; then it is not this rule's to tell.
                Some(first) if *first != index && !is_same_machine(case, index, *first) => {
                    common.entry((index, *first)).or_default().push(sign)
                }
                _ => {
                    owners.insert(sign, index);
                }
            }
        }
    }
    common.into_iter().map(|((node, other), signs)| clone(case, node, other, &signs)).collect()
}

/// Whether a node has the other's address too.
fn is_same_machine(case: &Case, node: NodeIx, other: NodeIx) -> bool {
    let has = |node: NodeIx, other: NodeIx| {
        let evidence = case.node(node).and_then(|node| node.evidence.as_ref());
        let address = case.node(other).map(|other| other.spec.ip);
        evidence.zip(address).is_some_and(|(evidence, ip)| evidence.service.interface(ip).is_some())
    };
    has(node, other) || has(other, node)
}

fn clone(case: &Case, node: NodeIx, other: NodeIx, signs: &[Sign]) -> Finding {
    let mut finding = Finding::new(Code::ClonedNode, node).about(other);
    let mut commands = Vec::new();
    let has_systemd =
        |n: &CaseNode| n.evidence.as_ref().is_some_and(|evidence| evidence.machine.has("systemd"));
    let systemd = case.node(node).is_some_and(has_systemd);
    for sign in signs {
        let (source, said) = match sign {
            Sign::HostKey(key) => ("/etc/ssh/ssh_host_*_key.pub", key),
            Sign::MachineId(id) => ("/etc/machine-id", id),
            Sign::HostName(name) => ("uname -n", name),
        };
        finding = finding.seen(node, source, said).seen(other, source, said);
    }
    if signs.iter().any(|sign| matches!(sign, Sign::HostKey(_))) {
        commands.push(Command::root(
            "rm -f /etc/ssh/ssh_host_*_key /etc/ssh/ssh_host_*_key.pub && ssh-keygen -A",
        ));
        commands.push(reload(case, node));
    }
    if signs.iter().any(|sign| matches!(sign, Sign::MachineId(_))) {
        // systemd-machine-id-setup(1) may find the same again, where it asks the hypervisor.
        let id = "tr -d - </proc/sys/kernel/random/uuid >/etc/machine-id";
        commands.push(Command::root(id));
    }
    if signs.iter().any(|sign| matches!(sign, Sign::HostName(_))) {
        commands.push(set_name("NEW-NAME", systemd));
    }
    finding.cure(Cure::by_hand(node, ByHand::Judgement, commands))
}

/// Gives a machine a host name.
fn set_name(name: &str, systemd: bool) -> Command {
    let name = sh_quote(name);
    Command::root(if systemd {
        format!("hostnamectl set-hostname {name}")
    } else {
        format!("hostname {name} && printf '%s\\n' {name} >/etc/hostname")
    })
}

/// A machine that does not have the name that the description of the cluster gives it.
fn name_differs(case: &Case, index: NodeIx) -> Option<Finding> {
    let node = case.node(index)?;
    let described = node.described.as_ref()?;
    let evidence = node.evidence.as_ref()?;
    let pairs = case.pairs(|edge| {
        let by_name = edge.by == By::Name && edge.host == *described;
        edge.to == index && by_name && matches!(edge.cause, Cause::NameUnknown | Cause::WrongAddress { .. })
    });
    let finding = Finding::new(Code::NameDiffers, index).explains(pairs);
    let finding = finding
        .seen(index, "uname -n", &evidence.state.hostname)
        .seen_from_here("the description of the cluster", described);
    let command = set_name(described, evidence.machine.has("systemd"));
    Some(finding.cure(Cure::by_hand(index, ByHand::Judgement, [command])))
}
