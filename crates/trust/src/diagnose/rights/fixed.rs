//! `unwritable-file`: what the set-up would have to write and cannot.

use crate::diagnose::{ByHand, Case, Code, Command, Cure, Finding};
use crate::inventory::NodeIx;
use crate::observe::Evidence;
use crate::plan::{PlanError, unfit};
use crate::text::sh_quote;

/// Before trust is made they stand in its way; once it is there they do no harm.
pub(super) fn find(case: &Case) -> Vec<Finding> {
    let ahead = case.seen().filter(|_| case.preflight);
    ahead.flat_map(|(node, _, evidence)| [fixed(node, evidence), wrong(node, evidence)]).flatten().collect()
}

/// Not even their owner may change them: chattr(1).
fn fixed(node: NodeIx, evidence: &Evidence) -> Option<Finding> {
    let mut commands = Vec::new();
    let mut finding = Finding::new(Code::UnwritableFile, node);
    for (flags, path) in &evidence.rights.fixed {
        finding = finding.seen(node, &format!("lsattr -d {path}"), flags);
        let path = sh_quote(path);
        let flags: String = ["i", "a"].into_iter().filter(|flag| flags.contains(flag)).collect();
        commands
            .push(Command::root(format!("chattr -{flags} {path}")).undo(format!("chattr +{flags} {path}")));
    }
    // Somebody has done that on purpose.
    (!commands.is_empty()).then(|| finding.cure(Cure::by_hand(node, ByHand::Security, commands)))
}

/// They are of another kind, or somebody else's link leads there. What cannot be read is told with its owner and mode.
fn wrong(node: NodeIx, evidence: &Evidence) -> Option<Finding> {
    let mut commands = Vec::new();
    let mut finding = Finding::new(Code::UnwritableFile, node);
    for error in unfit(&evidence.state) {
        let (PlanError::WrongKind { path, .. } | PlanError::ForeignLink { path, .. }) = &error else {
            continue;
        };
        finding = finding.seen(node, &format!("ls -ld {path}"), &error.to_string());
        commands.push(Command::new(format!("ls -ld {}", sh_quote(path))));
    }
    (!commands.is_empty()).then(|| finding.cure(Cure::by_hand(node, ByHand::Judgement, commands)))
}
