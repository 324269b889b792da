//! Libraries of somebody else in ssh: ld.so(8).

use crate::diagnose::{ByHand, Case, Code, Command, Cure, Finding};
use crate::inventory::NodeIx;
use crate::observe::{Evidence, Libraries, Setting};
use crate::probe::Cause;
use crate::text::sh_quote;

/// The findings about libraries.
pub(super) fn find(case: &Case) -> Vec<Finding> {
    case.seen().filter_map(|(node, _, evidence)| wrong(case, node, evidence)).collect()
}

fn wrong(case: &Case, node: NodeIx, evidence: &Evidence) -> Option<Finding> {
    let pairs = case.pairs_from(node, &[Cause::Libraries]);
    let libraries = evidence.machine.libraries.as_ref();
    let finding = Finding::new(Code::LdLibraryPath, node);
    let edge = pairs.first().and_then(|pair| case.edge(*pair));
    let finding = match edge {
        Some(edge) => finding.seen(node, &format!("ssh {}", edge.host), &edge.said),
        None => finding,
    };
    let finding = match libraries {
        Some(found) => {
            let finding = finding.seen(node, "ssh -V", &found.said).seen(node, "env", &found.set);
            found.lines.iter().take(3).fold(finding, |finding, line| {
                finding.seen(node, &format!("{}:{}", line.file, line.line), &line.text)
            })
        }
        // For all users: /etc/ld.so.preload, /etc/ld.so.conf.
        None => {
            edge?;
            let look = [
                Command::root("cat /etc/ld.so.preload; cat /etc/ld.so.conf /etc/ld.so.conf.d/*"),
                Command::root("ldd \"$(command -v ssh)\""),
            ];
            return Some(finding.explains(pairs).cure(Cure::by_hand(node, ByHand::Judgement, look)));
        }
    };
    let commands = libraries.map(|libraries| heal(libraries, &evidence.state.home)).unwrap_or_default();
    Some(finding.explains(pairs).cure(Cure::by_hand(node, ByHand::Judgement, commands)))
}

/// Puts the system's own libraries before those of the profile, which the profile's programs may need all the same. A
/// library that is loaded into everything has to go.
fn heal(libraries: &Libraries, home: &str) -> Vec<Command> {
    let on = |line: &Setting, expression: String| {
        let command =
            format!("sed -i {} {}", sh_quote(&format!("{}{expression}", line.line)), sh_quote(&line.file));
        if line.file.starts_with(&format!("{home}/")) {
            Command::new(command)
        } else {
            Command::root(command)
        }
    };
    let mut lines: Vec<&Setting> = libraries.lines.iter().collect();
    // From the end, because lines are added.
    lines.sort_by_key(|line| std::cmp::Reverse((&line.file, line.line)));
    let heals = lines.into_iter().filter_map(|line| {
        let shell = !line.text.starts_with("setenv") && !line.file.ends_with("environment");
        match &libraries.right {
            Some(right) if shell && line.text.contains("LD_LIBRARY_PATH") => {
                Some(on(line, format!("a export LD_LIBRARY_PATH={right}:$LD_LIBRARY_PATH")))
            }
            _ if !line.text.starts_with('#') => Some(on(line, "s/^/#/".to_owned())),
            _ => None,
        }
    });
    heals.collect()
}
