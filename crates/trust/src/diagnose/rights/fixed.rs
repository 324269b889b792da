//! Files and folders that not even their owner may change: chattr(1).

use crate::diagnose::{ByHand, Case, Code, Command, Cure, Finding};
use crate::text::sh_quote;

/// Before trust is made they stand in its way; once it is there they do no harm.
pub(super) fn find(case: &Case) -> Vec<Finding> {
    let fixed = case.seen().filter(|(_, _, evidence)| case.preflight && !evidence.rights.fixed.is_empty());
    let told = fixed.map(|(node, _, evidence)| {
        let mut commands = Vec::new();
        let mut finding = Finding::new(Code::FixedFile, node);
        for (flags, path) in &evidence.rights.fixed {
            finding = finding.seen(node, &format!("lsattr -d {path}"), flags);
            let path = sh_quote(path);
            let flags: String = ["i", "a"].into_iter().filter(|flag| flags.contains(flag)).collect();
            commands.push(
                Command::root(format!("chattr -{flags} {path}")).undo(format!("chattr +{flags} {path}")),
            );
        }
        // Somebody has done that on purpose.
        finding.cure(Cure::by_hand(node, ByHand::Security, commands))
    });
    told.collect()
}
