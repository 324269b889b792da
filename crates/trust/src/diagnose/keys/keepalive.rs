//! `keepalive-missing`.

use sshfiles::{Crontab, ShellProfile};

use crate::diagnose::{ByHand, Case, Code, Cure, Finding};
use crate::inventory::NodeIx;
use crate::observe::{Evidence, KeepaliveState};
use crate::place::Place;
use crate::plan::{Command, Part, job_in_force};
use crate::text::sh_quote;

/// Where agents were to come back by themselves and do not on a node. A cluster that was set up without that
/// (`--no-keepalive`) has neither program nor job on any node, and that is not told.
pub(super) fn find(case: &Case) -> Vec<Finding> {
    let keepalive = |evidence: &Evidence| evidence.state.keepalive.clone();
    let wanted = case
        .seen()
        .any(|(_, _, evidence)| keepalive(evidence).is_some_and(|k| k.program.is_some() || has_job(&k)));
    if case.preflight || !wanted {
        return Vec::new();
    }
    let with_trust = case.seen().filter(|(_, _, evidence)| evidence.state.entry(Place::PrivateKey).exists());
    with_trust.filter_map(|(node, _, evidence)| at(node, evidence, &keepalive(evidence)?)).collect()
}

/// Whether a job of ours stands anywhere, in force or not.
fn has_job(keepalive: &KeepaliveState) -> bool {
    Crontab::parse(&keepalive.entry(Place::Crontab).bytes).has_job()
        || ShellProfile::parse(&keepalive.entry(Place::LoginProfile).bytes).has_job()
        || keepalive.entry(Place::Timer).exists()
}

/// Nothing runs from the home, so no program of ours can be there: whether that is meant, a person knows.
fn unable(finding: Finding, evidence: &Evidence) -> Finding {
    let node = finding.node;
    let home = sh_quote(&evidence.state.home);
    let finding = finding.seen(node, &format!("findmnt -no OPTIONS -T {home}"), "noexec");
    let remount = Command::root(format!("mount -o remount,exec \"$(findmnt -no TARGET -T {home})\""));
    finding.cure(Cure::by_hand(node, ByHand::Security, [remount]))
}

fn at(node: NodeIx, evidence: &Evidence, keepalive: &KeepaliveState) -> Option<Finding> {
    let program = format!("{}/gaussdb_tmp/bin/gs_sshexkey", evidence.state.home);
    if keepalive.noexec {
        return Some(unable(Finding::new(Code::KeepaliveMissing, node), evidence));
    }
    let in_force = job_in_force(keepalive).is_some();
    if in_force && keepalive.program.is_some() {
        return None;
    }
    let mut finding = Finding::new(Code::KeepaliveMissing, node);
    if keepalive.program.is_none() {
        finding = finding.seen(node, &format!("ls -l {program}"), "No such file or directory");
    }
    let mut commands = Vec::new();
    if !in_force {
        let trouble = keepalive.cron_trouble();
        if trouble.is_empty() {
            finding = finding.seen(node, "crontab -l", "no job of gs_sshexkey");
            let job = "* * * * * gaussdb_tmp/bin/gs_sshexkey agent keep >/dev/null 2>&1 #OM";
            commands.push(Command::new(format!(
                "{{ crontab -l 2>/dev/null; echo {}; }} | crontab -",
                sh_quote(job)
            )));
        } else if keepalive.cron == Some(false) {
            finding = finding.seen(node, "systemctl is-active cron crond", &trouble);
            let unit = if evidence.rights.debian { "cron" } else { "crond" };
            let start = format!("systemctl enable --now {unit} 2>/dev/null || service {unit} start");
            commands.push(Command::root(start));
        } else {
            finding = finding.seen(node, "crontab -l", &trouble);
            let user = sh_quote(&evidence.state.user);
            commands.push(Command::root(format!(
                "if [ -e /etc/cron.allow ]; then echo {user} >>/etc/cron.allow; \
                 else sed -i '/^'{user}'$/d' /etc/cron.deny; fi"
            )));
        }
    }
    Some(finding.cure(Cure::restore(node, [Part::Keepalive], commands)))
}
