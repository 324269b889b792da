//! Rules about the file system of the home.

use crate::diagnose::{ByHand, Case, Code, Command, Cure, Finding};
use crate::inventory::NodeIx;
use crate::observe::{Disk, Evidence};
use crate::place::Place;
use crate::text::sh_quote;

/// The findings about disks.
pub(super) fn find(case: &Case) -> Vec<Finding> {
    let own = case.seen().flat_map(|(node, _, evidence)| {
        [full(node, evidence), quota(case, node, evidence), read_only(node, evidence)]
    });
    own.flatten().chain(shared(case)).collect()
}

fn full(node: NodeIx, evidence: &Evidence) -> Option<Finding> {
    let disk = evidence.machine.disk.as_ref().filter(|disk| disk.full && !disk.read_only)?;
    let mount = sh_quote(&disk.mount);
    let look = [
        Command::root(format!("df -h {mount}; df -i {mount}")),
        Command::root(format!("du -xm --max-depth=2 {mount} 2>/dev/null | sort -n | tail -n 20")),
    ];
    let finding =
        Finding::new(Code::DiskFull, node).seen(node, &format!("df {}", evidence.state.home), &disk.said);
    Some(finding.cure(Cure::by_hand(node, ByHand::Judgement, look)))
}

fn quota(case: &Case, node: NodeIx, evidence: &Evidence) -> Option<Finding> {
    let said = evidence.machine.quota.first()?;
    let user = sh_quote(&case.user);
    let look = [
        Command::new(format!("quota -s -u {user}")),
        Command::new(format!(
            "du -m --max-depth=2 {} | sort -n | tail -n 20",
            sh_quote(&evidence.state.home)
        )),
    ];
    let finding = Finding::new(Code::Quota, node).seen(node, &format!("quota -q -u {}", case.user), said);
    Some(finding.cure(Cure::by_hand(node, ByHand::Judgement, look)))
}

/// A file system is mounted so on purpose, or was made so by the kernel because the disk fails.
fn read_only(node: NodeIx, evidence: &Evidence) -> Option<Finding> {
    let disk = evidence.machine.disk.as_ref().filter(|disk| disk.read_only)?;
    let remount = [
        Command::root("dmesg | tail -n 20"),
        Command::root(format!("mount -o remount,rw {}", sh_quote(&disk.mount))),
    ];
    let finding = Finding::new(Code::ReadOnlyHome, node);
    let finding = finding.seen(node, &format!("findmnt -T {}", evidence.state.home), "ro");
    Some(finding.cure(Cure::by_hand(node, ByHand::Judgement, remount)))
}

/// What makes a home the same one as another's: its file system and its inode there.
fn place(evidence: &Evidence) -> Option<(&Disk, &str)> {
    let disk = evidence.machine.disk.as_ref().filter(|disk| disk.can_be_shared())?;
    let home = evidence.state.entries.get(&Place::Home)?;
    let (inode, _) = home.stamp.split_once(':')?;
    Some((disk, inode))
}

/// Homes that are one: each is told with the first node that has it.
fn shared(case: &Case) -> Vec<Finding> {
    let mut first: Vec<(&str, &str, NodeIx)> = Vec::new();
    let mut findings = Vec::new();
    for (node, _, evidence) in case.seen() {
        let Some((disk, inode)) = place(evidence) else { continue };
        let known = first.iter().find(|(source, known, _)| *source == disk.source && *known == inode);
        let Some((_, _, other)) = known else {
            first.push((&disk.source, inode, node));
            continue;
        };
        let said = format!("{} on {}, inode {inode}", disk.source, disk.mount);
        let source = format!("df {}", evidence.state.home);
        let finding = Finding::new(Code::SharedHome, node).about(*other);
        findings.push(finding.seen(node, &source, &said).seen(*other, &source, &said));
    }
    findings
}
