//! 1,000 nodes, 30 of them broken in different ways, as each verb sees them.

use std::sync::LazyLock;
use std::time::{Duration, SystemTime};

use sshtrust::apply::ApplyError;
use sshtrust::change::{NodeFailure, Undone};
use sshtrust::check::{Checked, NoEntry, Round};
use sshtrust::diagnose::{ByHand, Code, Command, Cure, Finding, Part};
use sshtrust::identity::KeyMode;
use sshtrust::inventory::NodeSpec;
use sshtrust::plan::{ChangeText, Found, Job, Left, LeftWhy, Teller};
use sshtrust::probe::{Cause, LastSeen, Proofs};
use sshtrust::session::{ConnectError, HostKeyConflict, Refusal};
use sshtrust::setup::SetupError;

use super::super::doctor::sample::{self as doctor, Examination};
use super::super::expand::{self, ExpandReport, ExpandedNode, Role};
use super::super::revoke::{self, RevokeReport, RevokedNode};
use super::super::rotate::{self, RotateReport, RotatedNode};
use super::super::sample::{CHANGED, REFUSED, Sample, ix, spec};
use super::super::shrink::{Keys, ShrinkReport};
use super::super::watch;
use crate::errors;
use crate::i18n::Lang;

pub(super) const SIZE: u32 = 1_000;

/// Every 33rd node is broken.
pub(super) fn broken() -> impl Iterator<Item = usize> {
    (1..=30).map(|number| 33 * number)
}

pub(super) fn barred(number: usize) -> Option<NoEntry> {
    match number / 33 {
        _ if !number.is_multiple_of(33) => None,
        1..=8 => Some(ConnectError::Refused.into()),
        9..=13 => Some(ConnectError::TimedOut(10).into()),
        14..=16 => Some(NoEntry::WrongPassword),
        17 => Some(ConnectError::Unreachable("No route to host".to_owned()).into()),
        _ => None,
    }
}

/// Servers that are stopped, machines that are down, keys that are gone, host keys that are new, and single pairs.
pub(super) static CHECKED: LazyLock<Checked> = LazyLock::new(|| {
    let mut sample = Sample::new(SIZE);
    for number in broken() {
        if let Some(why) = barred(number) {
            sample = sample.barred(number, why);
        }
    }
    let all = 1..=SIZE as usize;
    for number in broken() {
        let to = all.clone().map(|from| (from, number));
        let from = all.clone().map(|to| (number, to)).filter(|(_, to)| !to.is_multiple_of(33));
        let denied = "omm@{host}: Permission denied (publickey,password).";
        sample = match number / 33 {
            1..=8 => sample.all_break(to, &Cause::Refused, REFUSED),
            9..=13 => sample.all_break(
                to,
                &Cause::TimedOut,
                "ssh: connect to host {host} port 22: Connection timed out",
            ),
            17 => {
                sample.all_break(to, &Cause::NoRoute, "ssh: connect to host {host} port 22: No route to host")
            }
            18..=22 => sample.all_break(from, &Cause::KeyRefused, denied),
            23..=25 => sample.all_break(to, &Cause::HostKeyChanged, CHANGED),
            26 => sample.all_break(
                from,
                &Cause::Permissions,
                "Bad owner or permissions on /home/omm/.ssh/config",
            ),
            27 => sample.all_break(
                from,
                &Cause::Libraries,
                "ssh: error while loading shared libraries: libcrypto.so.1.1",
            ),
            28..=30 => {
                sample.all_break([(number, number + 1)], &Cause::MaxStartups, "Connection reset by {host}")
            }
            _ => sample,
        };
    }
    sample.checked()
});

pub(super) static EXAMINED: LazyLock<Examination> = LazyLock::new(|| {
    let mut findings = Vec::new();
    for number in broken() {
        let (node, address) = (ix(number - 1), spec(number as u32).ip);
        let finding = |code| Finding::new(code, node);
        match number / 33 {
            1..=8 => findings.push(
                finding(Code::SshdDown)
                    .bars(true)
                    .seen_from_here(&format!("connect {address} port 22"), "Connection refused")
                    .cure(Cure::by_hand(
                        node,
                        ByHand::NotEntered,
                        [Command::root("systemctl enable --now sshd")],
                    )),
            ),
            9..=13 => findings.push(
                finding(Code::Firewall)
                    .bars(true)
                    .likely()
                    .seen_from_here(&format!("connect {address} port 22"), "timed out")
                    .cure(Cure::by_hand(
                        node,
                        ByHand::NotEntered,
                        [Command::root("firewall-cmd --add-service=ssh")],
                    )),
            ),
            14..=16 => {
                findings.push(finding(Code::PasswordRefused).bars(true).seen_from_here("ssh", "refused"))
            }
            18..=22 => findings.push(
                finding(Code::KeyMismatch).seen(node, "/home/omm/.ssh/id_om", "not there").cure(
                    Cure::restore(node, [Part::Key, Part::Agent], [Command::new("gs_sshexkey agent start")]),
                ),
            ),
            23..=25 => findings.extend((0..SIZE as usize).filter(|from| from % 33 != 32).map(|from| {
                Finding::new(Code::KnownHostsConflict, ix(from))
                    .about(node)
                    .seen(
                        ix(from),
                        &format!("~/.ssh/known_hosts line {number}"),
                        "SHA256:aaaaaaaaaaaaaaaaaaaaaaaaaa",
                    )
                    .seen(
                        node,
                        &format!("ssh-keyscan {address}"),
                        "SHA256:IKyHezDQTZPay4hAkPvy3Hug3QG87Lz8wCiNfHEO2dI",
                    )
                    .cure(Cure::restore(
                        ix(from),
                        [Part::HostKeys(node)],
                        [Command::new(format!("ssh-keygen -R {address}"))],
                    ))
            })),
            26..=27 => findings.push(
                finding(Code::HomePermissions).seen(node, "ls -ld /home/omm", "drwxrwxrwx omm:omm").cure(
                    Cure::run(node, [Command::new("chmod go-w '/home/omm'").undo("chmod 777 '/home/omm'")]),
                ),
            ),
            _ => findings.push(
                finding(Code::KeepaliveMissing)
                    .seen(node, "crontab -l", "no job of gs_sshexkey")
                    .cure(Cure::restore(node, [Part::Keepalive], [Command::new("gs_sshexkey agent keep")])),
            ),
        }
    }
    let mut examined = Examination::new(CHECKED.clone(), findings);
    let treated = |node: usize| match node % 33 {
        32 => doctor::treated(node, vec![Command::new("chmod go-w '/home/omm'")], &[Part::Key], Some("a\n")),
        // Each has a profile of its own.
        _ => doctor::treated(node, Vec::new(), &[Part::Profile], Some(&format!("export NODE={node}\n"))),
    };
    examined.treatment = (0..SIZE as usize).filter(|node| barred(node + 1).is_none()).map(treated).collect();
    examined
});

pub(super) fn revoked(number: u32) -> RevokedNode {
    let mut node = RevokedNode::barred(spec(number), NoEntry::WrongPassword);
    node.entry = barred(number as usize).map_or(Ok(()), Err);
    if node.entry.is_ok() {
        node.name = Some(format!("node{number}"));
        node.found = vec![
            Found::Key { path: "/home/omm/.ssh/id_om".to_owned() },
            Found::AuthorizedKeys { path: "/home/omm/.ssh/authorized_keys".to_owned(), lines: 1_000 },
            Found::Agent { pid: Some(number) },
            Found::Job { by: Job::Cron, path: "crontab".to_owned() },
        ];
        // Every second one, so that it is seen whether ranges do.
        if number.is_multiple_of(2) {
            node.databases = vec![(number, "gaussdb".to_owned())];
        }
    }
    if broken().any(|broken| broken == number as usize) {
        node.left = vec![left(number)];
        // All that can be different is.
        node.found.truncate(number as usize / 33 % 5);
    }
    node
}

pub(super) fn left(number: u32) -> Left {
    let why = match number / 33 % 3 {
        0 => LeftWhy::OwnKey,
        1 => LeftWhy::Failed("it is still there".to_owned()),
        _ => LeftWhy::Failed(format!("process {number} holds it")),
    };
    Left { path: "/home/omm/.ssh/authorized_keys".to_owned(), why }
}

/// How a node received the old key.
pub(super) fn refusal(number: u32) -> Option<Refusal> {
    let broken = broken().any(|broken| broken == number as usize);
    Some(match number / 33 {
        18..=20 if broken => Refusal::Accepted,
        21..=25 if broken => Refusal::NotTried("Connection refused".to_owned()),
        26..=27 if broken => Refusal::NotTried(format!("no answer of process {number}")),
        _ => Refusal::Refused,
    })
}

pub(super) fn revoking(stage: revoke::Stage) -> RevokeReport {
    let mut nodes: Vec<RevokedNode> = (1..=SIZE).map(revoked).collect();
    if stage == revoke::Stage::Done {
        for (number, node) in (1..).zip(&mut nodes).filter(|(_, node)| node.entry.is_ok()) {
            (node.gone, node.refusal) = (true, refusal(number));
        }
    }
    RevokeReport {
        user: "omm".to_owned(),
        began: SystemTime::UNIX_EPOCH,
        took: Duration::from_secs(9),
        stage,
        keys: vec!["SHA256:Ydi4WQTIRDLAOFfEqGAEbxs1zLBbTqcXaoF8mHOdwHU".to_owned()],
        nodes,
        program: None,
        next: revoke::Next::default(),
    }
}

pub(super) fn rotated(number: u32) -> RotatedNode {
    RotatedNode {
        spec: spec(number),
        name: format!("node{number}"),
        key: format!("ssh-ed25519 SHA256:new{number}"),
        change: ChangeText::default(),
        left: Vec::new(),
        refusal: None,
    }
}

pub(super) fn ended(number: u32) -> RotatedNode {
    let broken = broken().any(|broken| broken == number as usize);
    let left = broken.then(|| left(number)).into_iter().collect();
    RotatedNode { left, refusal: refusal(number), ..rotated(number) }
}

pub(super) fn rotating(stage: rotate::Stage, node: fn(u32) -> RotatedNode) -> RotateReport {
    RotateReport {
        user: "omm".to_owned(),
        began: SystemTime::UNIX_EPOCH,
        took: Duration::from_secs(9),
        stage,
        modes: (Some(KeyMode::PerNode), KeyMode::PerNode),
        finishes: false,
        samples: false,
        old: (1..=SIZE).map(|number| format!("SHA256:old{number}")).collect(),
        nodes: (1..=SIZE).map(node).collect(),
        proofs: Proofs { called: 1_000_000, ..Proofs::default() },
    }
}

/// A hundred leave.
pub(super) fn shrinking(stage: rotate::Stage, node: fn(u32) -> RotatedNode) -> ShrinkReport {
    let RotateReport { user, began, took, old, nodes, proofs, .. } = rotating(stage, node);
    let mut leave: Vec<RevokedNode> = revoking(revoke::Stage::Done).nodes;
    let leave = leave.split_off(900);
    let stay = nodes.into_iter().take(900).collect();
    let (mode, keys, not_cleaned) = (KeyMode::PerNode, Keys::New, None);
    ShrinkReport { user, began, took, stage, mode, keys, old, stay, proofs, leave, not_cleaned }
}

/// 300 come.
pub(super) fn expanding(stage: expand::Stage) -> ExpandReport {
    let mut teller = Teller::default();
    let node = |number: u32| ExpandedNode {
        spec: spec(number),
        name: Some(format!("node{number}")),
        role: match number % 10 {
            0 => Role::Already,
            1..=3 => Role::New,
            _ => Role::Old,
        },
        entered: None,
        change: "/root/.ssh/known_hosts".to_owned(),
        diff: teller.text("--- a\n+++ a\n@@ -1 +1,2 @@\n a\n+b\n"),
    };
    ExpandReport {
        user: "omm".to_owned(),
        began: SystemTime::UNIX_EPOCH,
        took: Duration::from_secs(9),
        stage,
        proves_all: true,
        proofs: Proofs { called: 7, derived: 7, sampled: None },
        nodes: (1..=SIZE).map(node).collect(),
    }
}

/// All was well, and is not any more; then it is again.
pub(super) fn round(number: u64, lang: Lang) -> String {
    let mut seen = LastSeen::default();
    let well = &Sample::new(2).checked().matrix;
    if number > 1 {
        seen.learn(well);
    }
    let checked = CHECKED.clone();
    let changes = seen.compare(&checked.matrix);
    watch::render(&Round { number, checked, changes }, Duration::from_secs(300), "2026-01-02 03:04:05", lang)
        .join("\n")
}

pub(super) fn refused(nodes: impl Iterator<Item = NodeSpec>) -> Vec<(NodeSpec, ConnectError)> {
    nodes.map(|node| (node, ConnectError::Refused)).collect()
}

pub(super) fn barred_nodes() -> Vec<(NodeSpec, ConnectError)> {
    let changed = |number: usize| {
        ConnectError::HostKeyChanged(Box::new(HostKeyConflict {
            key_type: "ssh-ed25519".to_owned(),
            presented: format!("SHA256:new{number}"),
            recorded: format!("ssh-ed25519 SHA256:old{number}"),
            host: spec(number as u32).ip.to_string(),
            file: "/home/omm/.ssh/known_hosts".into(),
            line: number,
        }))
    };
    let why = |number: usize| match (barred(number), number / 33) {
        (Some(NoEntry::Connect(error)), _) => error,
        (_, 14..=25) => changed(number),
        _ => ConnectError::ClosedEarly { said: format!("Not allowed at {number}") },
    };
    broken().map(|number| (spec(number as u32), why(number))).collect()
}

pub(super) fn failures() -> Vec<NodeFailure> {
    let said = |number: usize| match number / 33 % 3 {
        0 => "cannot write /home/omm/.bashrc: Read-only file system".to_owned(),
        1 => "cannot write /home/omm/.bashrc: No space left on device".to_owned(),
        _ => format!("cannot write /home/omm/.bashrc: {number}"),
    };
    let failure = |number: usize| NodeFailure {
        node: spec(number as u32),
        trouble: ApplyError::Unwritable(said(number)).into(),
    };
    broken().map(failure).collect()
}

pub(super) fn undone() -> Undone {
    Undone {
        stuck: failures(),
        remnants: Vec::new(),
        keyed: (1..=SIZE).map(|n| (spec(n), KeyMode::Shared)).collect(),
    }
}

pub(super) fn setup_error(error: &SetupError) -> String {
    errors::explain(error).to_string()
}

pub(super) fn document(write: impl FnOnce(&mut Vec<u8>)) -> String {
    let mut out = Vec::new();
    write(&mut out);
    String::from_utf8(out).unwrap()
}
