//! Rules about the ssh of a calling node: not installed, or with a broken configuration.

use std::collections::BTreeSet;

use crate::diagnose::{ByHand, Case, Code, Command, Cure, Finding};
use crate::inventory::NodeIx;
use crate::observe::Evidence;
use crate::probe::Cause;
use crate::text::sh_quote;

/// The findings about what nodes call with.
pub(super) fn find(case: &Case) -> Vec<Finding> {
    let nodes = case.seen();
    nodes
        .flat_map(|(node, _, evidence)| [missing(case, node, evidence), broken(case, node, evidence)])
        .flatten()
        .collect()
}

/// Programs that are needed and not there.
fn missing(case: &Case, node: NodeIx, evidence: &Evidence) -> Option<Finding> {
    let names = &evidence.state.missing;
    if names.is_empty() {
        return None;
    }
    let has = |name| evidence.machine.has(name);
    let of_ssh = names.iter().any(|name| name != "stat");
    let (debian, other) =
        if of_ssh { ("openssh-client", "openssh-clients") } else { ("coreutils", "coreutils") };
    let command = match () {
        () if has("apt-get") => format!("apt-get install --yes {debian}"),
        () if has("dnf") => format!("dnf install --assumeyes {other}"),
        () if has("yum") => format!("yum install --assumeyes {other}"),
        () if has("zypper") => format!("zypper --non-interactive install {other}"),
        () => String::new(),
    };
    let commands = Some(command).filter(|command| !command.is_empty()).map(Command::root);
    let finding = Finding::new(Code::ProgramMissing, node);
    let finding = finding.seen(node, &format!("command -v {}", names.join(" ")), "not found");
    let finding = finding.explains(case.pairs_from(node, &[Cause::NoSsh]));
    Some(finding.cure(Cure::by_hand(node, ByHand::Judgement, commands)))
}

/// A configuration file of ssh that it does not understand.
fn broken(case: &Case, node: NodeIx, evidence: &Evidence) -> Option<Finding> {
    let pairs = case.pairs_from(node, &[Cause::BadConfig]);
    let ahead = evidence.client.refused.join(" | ");
    let (host, said) = match pairs.first().and_then(|pair| case.edge(*pair)) {
        Some(edge) => (edge.host.clone(), edge.said.clone()),
        // Nobody has called yet. Modes are put right by the set-up.
        None if case.preflight && ahead.split(" | ").any(|line| place(line).is_some()) => {
            let other = case.nodes.entries().find(|(other, _)| *other != node);
            (other?.1.spec.ip.to_string(), ahead)
        }
        None => return None,
    };
    let home = format!("{}/", evidence.state.home);
    // A called node may have put words among those of ssh: only what ssh reads itself counts.
    let reads = |(file, _): &(String, usize)| {
        *file == format!("{home}.ssh/config")
            || file == "/etc/ssh/ssh_config"
            || file.strip_prefix("/etc/ssh/ssh_config.d/").is_some_and(|name| !name.contains('/'))
    };
    let places: BTreeSet<(String, usize)> = said.split(" | ").filter_map(place).filter(reads).collect();
    let finding = Finding::new(Code::SshConfigBroken, node);
    let finding = finding.seen(node, &format!("ssh {host}"), &said).explains(pairs);
    let commands: Vec<Command> = places.iter().map(|place| comment_out(place, &home, &host)).collect();
    if commands.is_empty() {
        let look = Command::new(format!("ssh -G {} >/dev/null", sh_quote(&host)));
        return Some(finding.cure(Cure::by_hand(node, ByHand::Judgement, [look])));
    }
    Some(finding.cure(Cure::run(node, commands)))
}

/// What stops ssh, as `FILE: line 3: Bad configuration option: x` or `FILE line 3: ...`.
fn place(line: &str) -> Option<(String, usize)> {
    let (file, rest) = line.split_once(": line ").or_else(|| line.split_once(" line "))?;
    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    // It is said of options that are merely not supported too, and they stop nobody.
    let stops = !line.contains("Unsupported option") && !line.contains("Deprecated option");
    // A path that could not be shown as it is.
    let plain = file.starts_with('/') && !file.contains("\\u{") && !file.contains('\u{fffd}');
    (plain && stops).then_some((file.to_owned(), digits.parse().ok()?))
}

/// Makes a comment of a line that ssh refuses anyway, if the node's own ssh says so when it calls nobody.
fn comment_out((file, line): &(String, usize), home: &str, host: &str) -> Command {
    let sed =
        |expression: &str| format!("sed -i {} {}", sh_quote(&format!("{line}{expression}")), sh_quote(file));
    let (one, other) =
        (sh_quote(&format!("{file}: line {line}:")), sh_quote(&format!("{file} line {line}:")));
    let refuses = format!("ssh -G {} 2>&1 >/dev/null | grep -qF -e {one} -e {other}", sh_quote(host));
    let run = format!("! {refuses} || {}", sed("s/^/#/"));
    let command = if file.starts_with(home) { Command::new(run) } else { Command::root(run) };
    command.undo(sed("s/^#//"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::Healing;
    use crate::diagnose::sample::healthy;

    #[test]
    fn what_a_called_node_says_names_no_file_to_edit() {
        let mut case = healthy(2);
        let said = "Bad configuration option: x | /etc/shadow: line 1: x | /etc/ssh/ssh_config.d/../sshd_config: line 2: x";
        case.break_pair(1, 0, Cause::BadConfig, said);
        let found = find(&case);
        assert_eq!(found.len(), 1);
        assert!(found[0].cures.iter().all(|cure| matches!(cure.healing, Healing::ByHand(_))), "{found:?}");
        // What ssh reads is edited, if the node's own ssh complains of it.
        let mut case = healthy(2);
        case.break_pair(1, 0, Cause::BadConfig, "/root/.ssh/config: line 3: Bad configuration option: x");
        let cure = &find(&case)[0].cures[0];
        assert_eq!(cure.healing, Healing::Run);
        assert!(cure.commands[0].run.starts_with("! ssh -G "), "{}", cure.commands[0].run);
    }

    #[test]
    fn a_file_that_ssh_does_not_take_is_told_before_anybody_calls() {
        let mut case = healthy(2);
        case.preflight = true;
        let refused = &mut case.seen_mut(1).client.refused;
        refused.push("/root/.ssh/config: line 3: Bad configuration option: x".to_owned());
        refused.push("/root/.ssh/config: terminating, 1 bad configuration options".to_owned());
        let found = find(&case);
        assert_eq!(
            found[0].cures[0].commands[0].undo.as_deref(),
            Some("sed -i '3s/^#//' '/root/.ssh/config'")
        );
        // The set-up mends modes itself.
        case.seen_mut(1).client.refused = vec!["Bad owner or permissions on /root/.ssh/config".to_owned()];
        assert_eq!(find(&case), []);
    }

    #[test]
    fn where_ssh_stumbles() {
        let cases = [
            ("/root/.ssh/config: line 3: Bad configuration option: foo", Some(("/root/.ssh/config", 3))),
            ("/etc/ssh/ssh_config line 12: missing argument.", Some(("/etc/ssh/ssh_config", 12))),
            ("/root/.ssh/config: terminating, 1 bad configuration options", None),
            ("/root/.ssh/config line 9: Unsupported option \"gssapiauthentication\"", None),
            ("config: line 3: Bad configuration option", None),
            ("/a\\u{1b}: line 3: Bad configuration option", None),
            ("/a: line : x", None),
            ("/a: line 99999999999999999999: x", None),
        ];
        for (line, wanted) in cases {
            let wanted = wanted.map(|(file, line): (&str, usize)| (file.to_owned(), line));
            assert_eq!(place(line), wanted, "{line}");
        }
    }
}
