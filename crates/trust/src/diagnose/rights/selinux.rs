//! `selinux-context`. The policy on the node decides which label is right, not a table here.

use crate::diagnose::{ByHand, Case, Code, Cure, Finding};
use crate::inventory::NodeIx;
use crate::observe::{Evidence, Selinux};
use crate::plan::Command;
use crate::probe::{Cause, EdgeIx};
use crate::text::sh_quote;

/// Labels of homes that sshd may enter.
const HOMES: [&str; 5] = ["user_home_dir_t", "admin_home_t", "user_home_t", "home_root_t", "nfs_t"];

pub(super) fn find(case: &Case) -> Vec<Finding> {
    case.seen()
        .filter_map(|(node, _, evidence)| {
            let selinux = evidence.rights.selinux.as_ref()?;
            labels(case, node, evidence, selinux)
                .or_else(|| home(case, node, evidence, selinux))
                .or_else(|| port(case, node, selinux))
        })
        .collect()
}

fn refused(case: &Case, node: NodeIx) -> Option<Vec<EdgeIx>> {
    let pairs = case.pairs_to(node, &[Cause::KeyRefused]);
    (!super::is_reached(case, node) && (case.preflight || !pairs.is_empty())).then_some(pairs)
}

/// Labels that the policy wants otherwise.
fn labels(case: &Case, node: NodeIx, evidence: &Evidence, selinux: &Selinux) -> Option<Finding> {
    if selinux.wrong.is_empty() {
        return None;
    }
    let mut finding = Finding::new(Code::SelinuxContext, node).explains(refused(case, node)?);
    finding = finding.seen(node, "getenforce", "Enforcing");
    let mut commands = Vec::new();
    let ssh = format!("{}/.ssh", evidence.state.home);
    for label in &selinux.wrong {
        finding = finding.seen(node, &format!("matchpathcon -V {}", label.path), &label.said);
        let path = sh_quote(&label.path);
        // Of the home only itself: what else is in it is the user's affair.
        let all = if label.path == ssh { "-RF" } else { "-F" };
        let back = format!("chcon {} {path}", sh_quote(&label.has));
        commands.push(Command::root(format!("restorecon {all}v {path}")).undo(back));
    }
    Some(finding.cure(Cure::run(node, commands)))
}

/// A home where the policy knows of no homes.
fn home(case: &Case, node: NodeIx, evidence: &Evidence, selinux: &Selinux) -> Option<Finding> {
    let home = &evidence.state.home;
    let label = selinux.contexts.get(home)?;
    let kind = label.split(':').nth(2).unwrap_or_default();
    let on_nfs = selinux.filesystem.starts_with("nfs") && selinux.no_nfs_homes;
    if !on_nfs && (HOMES.contains(&kind) || kind.is_empty()) {
        return None;
    }
    let finding = Finding::new(Code::SelinuxContext, node).likely().explains(refused(case, node)?);
    let finding = finding.seen(node, "getenforce", "Enforcing");
    if on_nfs {
        let finding = finding.seen(node, "getsebool use_nfs_home_dirs", "use_nfs_home_dirs --> off");
        let command = Command::root("setsebool -P use_nfs_home_dirs on");
        return Some(finding.cure(Cure::by_hand(node, ByHand::Security, [command])));
    }
    let finding = finding.seen(node, &format!("ls -Zd {home}"), &format!("{label} {home}"));
    let (above, _) = home.rsplit_once('/')?;
    let above = if above.is_empty() { home.as_str() } else { above };
    let commands = [
        Command::root(format!("semanage fcontext -a -e /home {}", sh_quote(above))),
        Command::root(format!("restorecon -RF {}", sh_quote(home))),
    ];
    Some(finding.cure(Cure::by_hand(node, ByHand::Security, commands)))
}

/// A port that sshd may not listen at.
fn port(case: &Case, node: NodeIx, selinux: &Selinux) -> Option<Finding> {
    let port = case.node(node)?.spec.port;
    let said = selinux.ports.as_ref()?;
    // `ssh_port_t  tcp  2222, 22`, ranges as `2000-2100`.
    let listed = said.split([' ', ',']).any(|word| match word.split_once('-') {
        Some((first, last)) => {
            let range = first.parse::<u16>().ok().zip(last.parse::<u16>().ok());
            range.is_some_and(|(first, last)| (first..=last).contains(&port))
        }
        None => word.parse() == Ok(port),
    });
    let pairs = case.pairs_to(node, &[Cause::Refused]);
    if listed || pairs.is_empty() {
        return None;
    }
    let finding = Finding::new(Code::SelinuxContext, node).likely().explains(pairs);
    let finding = finding.seen(node, "semanage port -l", said);
    let back = format!("semanage port -d -t ssh_port_t -p tcp {port}");
    let command = Command::root(format!("semanage port -a -t ssh_port_t -p tcp {port}")).undo(back);
    Some(finding.cure(Cure::run(node, [command])))
}
