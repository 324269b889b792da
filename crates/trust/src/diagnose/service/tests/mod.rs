//! The rules of this family, as tables.

mod reach;
mod turned_away;

use std::net::SocketAddr;

use crate::diagnose::sample::{healthy, short, spec};
use crate::diagnose::{ByHand, Case, Certainty, Finding, Healing};
use crate::enter::{ConnectError, HostKeyConflict};
use crate::observe::{
    Callee, Chain, Condition, Field, Hook, Init, Manager, Process, Rule, Service, Unit, Verdict, Wrappers,
};
use crate::probe::Cause;

const BANNER: &str = "Connection timed out during banner exchange | Connection to 10.0.0.2 port 22 timed out";

/// A cluster in which every sshd listens.
fn cluster(nodes: usize) -> Case {
    let mut case = healthy(nodes);
    (0..nodes).for_each(|node| case.seen_mut(node).service = running(node));
    case
}

fn running(node: usize) -> Service {
    Service {
        unit: "ssh".to_owned(),
        program: Some("/usr/sbin/sshd".to_owned()),
        init: Init::Systemd,
        process: Some(Process {
            pid: 7,
            state: 'S',
            title: "sshd: /usr/sbin/sshd -D [listener] 0 of 10-100 startups".to_owned(),
        }),
        listens: Some(vec![SocketAddr::from(([0, 0, 0, 0], 22))]),
        settings: "port 22\nmaxstartups 10:30:100\nmaxsessions 10\nsubsystem sftp internal-sftp".to_owned(),
        effective: true,
        addresses: vec![("lo".to_owned(), [127, 0, 0, 1].into()), ("eth0".to_owned(), spec(node).ip)],
        hardware: [format!("02:00:00:00:00:0{node}")].into(),
        ..Service::default()
    }
}

fn callee(to: usize) -> Callee {
    let interface = "eth0".to_owned();
    Callee { spec: spec(to), ping: false, near: None, other: false, interface, mtu: None, passes: None }
}

fn chain(hook: Hook, drops: bool, rules: Vec<Rule>) -> Chain {
    let (table, name) = ("inet lab".to_owned(), "arriving".to_owned());
    Chain { manager: Manager::Nft, table, name, hook: Some(hook), drops, rules }
}

fn rule(conditions: &[(Field, &str)], verdict: Verdict) -> Rule {
    let one = |(field, value): &(Field, &str)| Condition {
        field: *field,
        negated: false,
        values: value.split(',').map(str::to_owned).collect(),
    };
    let conditions = conditions.iter().map(one).collect();
    Rule { text: "a rule".to_owned(), handle: Some(9), conditions, verdict: Some(verdict) }
}

/// The commands of all cures.
fn commands(findings: &[Finding]) -> Vec<String> {
    let cures = findings.iter().flat_map(|finding| finding.cures.iter());
    cures.flat_map(|cure| cure.commands.iter().map(|command| command.run.clone())).collect()
}

fn healing(findings: &[Finding]) -> &Healing {
    &findings[0].cures[0].healing
}
