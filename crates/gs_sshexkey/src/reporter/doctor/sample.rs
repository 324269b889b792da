//! Made-up examinations for the tests of what is shown.

use std::collections::BTreeMap;

use sshtrust::apply::ApplyError;
use sshtrust::check::{Checked, NoEntry};
use sshtrust::diagnose::{ByHand, Case, CaseNode, Code, Command, Cure, Diagnosis, Finding, Part};
use sshtrust::doctor::NodeTreatment;
use sshtrust::inventory::NodeIx;
use sshtrust::observe::{Entry, EntryKind, Unseen};
use sshtrust::plan::{AgentEdit, Content, FileEdit, Keepalive, NodePlan};
use sshtrust::probe::{By, Cause, EdgeIx, TrustEdge, TrustMatrix};
use sshtrust::session::ConnectError;
use sshtrust::setup::NodeFailure;

use super::{Fixed, Next, Stage, Told};
use crate::reporter::sample::{CHANGED, REFUSED, Sample, ix, spec};

/// An examination that owns what it tells.
pub(crate) struct Examination {
    pub(crate) checked: Checked,
    pub(crate) case: Case,
    pub(crate) diagnosis: Diagnosis,
    pub(crate) unseen: BTreeMap<NodeIx, Vec<Unseen>>,
    pub(crate) treatment: Vec<NodeTreatment>,
    pub(crate) left: Vec<usize>,
    pub(crate) failed: Vec<NodeFailure>,
}

impl Examination {
    pub(crate) fn new(checked: Checked, findings: Vec<Finding>) -> Self {
        let nodes = checked.nodes.iter().map(|node| CaseNode {
            spec: node.spec,
            name: node.name.clone(),
            described: node.described.clone(),
            local: false,
            entry: node.entry.clone(),
            wants_more: None,
            evidence: None,
            host_keys: Vec::new(),
            proven: true,
            alive: None,
        });
        let (user, matrix) = (checked.user.clone(), checked.matrix.clone());
        let case = Case { user, preflight: false, key_type: None, nodes: nodes.collect(), matrix };
        let (treatment, left, failed) = (Vec::new(), Vec::new(), Vec::new());
        let diagnosis = Diagnosis { findings };
        Self { checked, case, diagnosis, unseen: BTreeMap::new(), treatment, left, failed }
    }

    pub(crate) fn preflight(mut self) -> Self {
        self.case.preflight = true;
        let nodes = self.checked.matrix.nodes().clone();
        self.checked.matrix = TrustMatrix::new(nodes, Vec::new());
        self.case.matrix = self.checked.matrix.clone();
        self
    }

    pub(crate) fn told<'a>(&'a self, stage: Stage<'a>) -> Told<'a> {
        let nodes = self.case.nodes.entries();
        let unseen = nodes.map(|(index, node)| {
            node.entry.is_ok().then(|| self.unseen.get(&index).cloned().unwrap_or_default())
        });
        let command = |flags: &str| format!("gs_sshexkey doctor -f hostfile{flags}");
        let next = Next {
            fix: command(" --fix"),
            again: command(if self.case.preflight { " --preflight" } else { "" }),
            setup: "gs_sshexkey -f hostfile".to_owned(),
        };
        Told {
            checked: &self.checked,
            case: &self.case,
            diagnosis: &self.diagnosis,
            unseen: unseen.collect(),
            stage,
            repeated: false,
            next,
        }
    }

    /// As the end of `--fix`; `self` is what was before.
    pub(crate) fn fixed<'a>(&'a self, after: &'a Self) -> Told<'a> {
        let fixed = Fixed { before: &self.diagnosis, nodes: &self.treatment, failed: &self.failed };
        after.told(Stage::Fixed(fixed))
    }
}

/// The pairs that lead to a node and do not work. Nodes are numbered from 1 here, as their addresses are.
fn pairs_to(checked: &Checked, node: usize) -> Vec<EdgeIx> {
    let edges = checked.matrix.entries();
    edges.filter(|(_, edge)| edge.to == ix(node - 1)).map(|(place, _)| place).collect()
}

fn pairs_from(checked: &Checked, node: usize) -> Vec<EdgeIx> {
    let edges = checked.matrix.entries();
    edges.filter(|(_, edge)| edge.from == ix(node - 1)).map(|(place, _)| place).collect()
}

pub(crate) fn healthy(size: u32) -> Examination {
    Examination::new(Sample::new(size).checked(), Vec::new())
}

/// The server of one node is stopped, and nobody can enter it.
pub(crate) fn stopped(size: u32, node: usize) -> Examination {
    let checked = Sample::new(size).stopped(node).checked();
    let finding = Finding::new(Code::SshdDown, ix(node - 1))
        .bars(true)
        .explains(pairs_to(&checked, node))
        .seen(ix(0), &format!("ssh 10.0.0.{node}"), &REFUSED.replace("{host}", &format!("10.0.0.{node}")))
        .seen_from_here(&format!("connect 10.0.0.{node} port 22"), "Connection refused")
        .likely()
        .cure(Cure::by_hand(
            ix(node - 1),
            ByHand::NotEntered,
            [Command::root("systemctl enable --now sshd")],
        ));
    Examination::new(checked, vec![finding])
}

/// What the program mends by commands on one node, files on others, and a risk on all.
pub(crate) fn healable() -> Examination {
    let checked = Sample::new(5).keyless(2).breaks(1, 3, By::Ip, Cause::KeyRefused, "").checked();
    let home = Finding::new(Code::HomePermissions, ix(2))
        .explains(pairs_to(&checked, 3))
        .seen(ix(2), "ls -ld /home/omm", "drwxrwxrwx omm:omm")
        .seen(
            ix(2),
            "the log of sshd",
            "Authentication refused: bad ownership or modes for directory /home/omm",
        )
        .cure(Cure::run(ix(2), [Command::new("chmod go-w '/home/omm'").undo("chmod 777 '/home/omm'")]));
    let key = Finding::new(Code::KeyMismatch, ix(1))
        .explains(pairs_from(&checked, 2))
        .seen(ix(1), "/home/omm/.ssh/id_om", "not there")
        .cure(Cure::restore(ix(1), [Part::Key, Part::Agent], [Command::new("gs_sshexkey agent start")]));
    let risks = (0..5).map(|node| {
        Finding::new(Code::KeepaliveMissing, ix(node))
            .seen(ix(node), "crontab -l", "no job of gs_sshexkey")
            .cure(Cure::restore(ix(node), [Part::Keepalive], [Command::new("gs_sshexkey agent keep")]))
    });
    let mut examination = Examination::new(checked, vec![home, key].into_iter().chain(risks).collect());
    examination.unseen.insert(ix(3), vec![Unseen::SshdSettings, Unseen::Firewall]);
    examination.unseen.insert(ix(4), vec![Unseen::SshdSettings]);
    examination.treatment = vec![
        treated(0, Vec::new(), &[Part::Keepalive], None),
        treated(1, Vec::new(), &[Part::Key, Part::Agent, Part::Keepalive], Some("export SSH_AUTH_SOCK\n")),
        treated(2, vec![Command::new("chmod go-w '/home/omm'")], &[Part::Keepalive], None),
        treated(3, Vec::new(), &[Part::Keepalive], None),
        treated(4, Vec::new(), &[Part::Keepalive], None),
    ];
    examination
}

pub(crate) fn treated(
    node: usize,
    commands: Vec<Command>,
    parts: &[Part],
    profile: Option<&str>,
) -> NodeTreatment {
    let spec = spec(node as u32 + 1);
    let edit = |text: &str| FileEdit {
        old: Entry {
            kind: EntryKind::File,
            bytes: b"# .bashrc\n".into(),
            ..Entry::absent("/home/omm/.bashrc")
        },
        content: Content::Bytes(std::sync::Arc::new(format!("# .bashrc\n{text}").into_bytes())),
        mode: None,
        secret: false,
    };
    let plan = NodePlan {
        spec,
        socket: "/home/omm/gaussdb_tmp/gauss_socket_tmp".to_owned(),
        keys_file: "/home/omm/.ssh/authorized_keys".to_owned(),
        dirs: Vec::new(),
        agent: if profile.is_some() { AgentEdit::AddKey } else { AgentEdit::Nothing },
        files: profile.into_iter().map(edit).collect(),
        keepalive: Keepalive::Off,
    };
    NodeTreatment { node: ix(node), spec, commands, parts: parts.to_vec(), plan: Some(plan) }
}

/// A node was installed anew: all others have its old key on record. And a pair that nobody can explain.
pub(crate) fn reinstalled(size: usize) -> Examination {
    let mut sample = Sample::new(size as u32);
    for from in (1..=size).filter(|from| *from != 4) {
        sample = sample.breaks(from, 4, By::Ip, Cause::HostKeyChanged, CHANGED);
    }
    let said =
        "kex_exchange_identification: read: Connection reset by peer | Connection reset by {host} port 22";
    let checked = sample.breaks(1, 2, By::Ip, Cause::Other, said).checked();
    let others = (0..size).filter(|from| *from != 3);
    let changed = others.map(|from| {
        let leads = |(_, edge): &(EdgeIx, &TrustEdge)| (edge.from, edge.to) == (ix(from), ix(3));
        let pair = checked.matrix.entries().find(leads).map(|(pair, _)| pair);
        let command = Command::new("ssh-keygen -R '10.0.0.4'");
        Finding::new(Code::KnownHostsConflict, ix(from))
            .about(ix(3))
            .explains(pair)
            .seen(ix(from), "~/.ssh/known_hosts line 3", "SHA256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")
            .seen(ix(3), "ssh-keyscan 10.0.0.4", "SHA256:IKyHezDQTZPay4hAkPvy3Hug3QG87Lz8wCiNfHEO2dI")
            .cure(Cure::by_hand(ix(from), ByHand::Unconfirmed, [command]))
    });
    let odd = Finding::new(Code::Unexplained, ix(1))
        .about(ix(0))
        .explains(pairs_to(&checked, 2))
        .likely()
        .seen(ix(0), "ssh 10.0.0.2", &said.replace("{host}", "10.0.0.2"));
    let findings = changed.chain([odd]).collect();
    Examination::new(checked, findings)
}

/// Before trust is set up: a firewall, a closed door, a home that everybody may write.
pub(crate) fn preflight() -> Examination {
    let checked = Sample::new(4)
        .barred(3, ConnectError::TimedOut(10).into())
        .barred(4, NoEntry::WrongPassword)
        .checked();
    let opened =
        [Command::root("firewall-cmd --permanent --add-service=ssh"), Command::root("firewall-cmd --reload")];
    let findings = vec![
        Finding::new(Code::Firewall, ix(2))
            .bars(true)
            .likely()
            .seen_from_here("connect 10.0.0.3 port 22", "Connection timed out")
            .cure(Cure::by_hand(ix(2), ByHand::NotEntered, opened)),
        Finding::new(Code::HomePermissions, ix(1))
            .seen(ix(1), "ls -ld /home/omm", "drwxrwxrwx omm:omm")
            .cure(Cure::run(ix(1), [Command::new("chmod go-w '/home/omm'")])),
        Finding::new(Code::PasswordRefused, ix(3))
            .bars(true)
            .seen_from_here("ssh 10.0.0.4", "the password was refused")
            .cure(Cure::by_hand(ix(3), ByHand::Judgement, [])),
    ];
    Examination::new(checked, findings).preflight()
}

/// Nobody gave a password, and one node does not take the key.
pub(crate) fn closed() -> Examination {
    let why = || NoEntry::NoPassword("no password was wanted".to_owned());
    let said = "omm@{host}: Permission denied (publickey,password).";
    let checked = Sample::new(2).breaks(1, 2, By::Ip, Cause::KeyRefused, said).barred(2, why()).checked();
    let words = said.replace("{host}", "10.0.0.2");
    let finding = || Finding::new(Code::Unexplained, ix(1)).likely();
    let pair = finding().about(ix(0)).explains([EdgeIx::new(0)]).seen(ix(0), "ssh 10.0.0.2", &words);
    let node = finding().bars(true).seen_from_here("ssh 10.0.0.2", &why().to_string());
    Examination::new(checked, vec![node, pair])
}

/// Every other code on every node, with commands of its own: as much as there can be.
pub(crate) fn flood(size: u32) -> Examination {
    let sample = Sample::new(size).stopped(2).checked();
    let findings = Code::ALL.iter().step_by(2).flat_map(|code| {
        (0..size as usize).map(|node| {
            let finding = Finding::new(*code, ix(node)).about(ix((node + 1) % size as usize));
            let finding = (0..5)
                .fold(finding, |f, n| f.seen(ix(node), "cat", &format!("word {n} of {node}\n").repeat(9)));
            finding
                .explains([EdgeIx::new(node)])
                .cure(Cure::run(ix(node), [Command::root(format!("mend '{node}'"))]))
        })
    });
    let mut all = Examination::new(sample, findings.collect());
    all.treatment = (0..size as usize)
        .map(|node| treated(node, vec![Command::root(format!("mend '{node}'"))], &[Part::Agent], Some("x\n")))
        .collect();
    all.left = (0..all.diagnosis.findings.len()).collect();
    all
}

/// A node that gave up under treatment.
pub(crate) fn failure(examination: &Examination, node: usize) -> NodeFailure {
    let trouble = ApplyError::Unwritable("cannot write /home/omm/.bashrc: Read-only file system".to_owned());
    NodeFailure { node: examination.case.node(ix(node - 1)).unwrap().spec, trouble: trouble.into() }
}

/// Everything that nodes say is hostile.
pub(crate) fn hostile(evil: &str) -> Examination {
    let mut checked = Sample::new(3).keyless(2).checked();
    for node in &mut checked.nodes {
        node.name = Some(evil.to_owned());
    }
    checked.user = evil.to_owned();
    let witness =
        sshtrust::diagnose::Witness { node: Some(ix(1)), source: evil.to_owned(), said: evil.to_owned() };
    let command = || Command::root(format!("chmod go-w '/home/{evil}'"));
    let mut finding = Finding::new(Code::HomePermissions, ix(1))
        .explains(pairs_from(&checked, 2))
        .cure(Cure::run(ix(1), [command()]))
        .cure(Cure::by_hand(ix(2), ByHand::Security, [command()]));
    finding.witnesses.push(witness);
    let mut all = Examination::new(checked, vec![finding]);
    let mut treatment = treated(1, vec![command()], &[Part::Profile], Some(evil));
    treatment.plan.as_mut().unwrap().socket = evil.to_owned();
    all.treatment = vec![treatment];
    let trouble = ApplyError::Agent(evil.to_owned()).into();
    all.failed = vec![NodeFailure { node: all.case.node(ix(1)).unwrap().spec, trouble }];
    all
}
