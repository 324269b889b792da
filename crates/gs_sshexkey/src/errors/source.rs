//! Descriptions of a cluster, and password files, that are refused.

use std::fmt::Display;

use sshtrust::inventory::Mistake;
use sshtrust::inventory::ansible::AnsibleError;
use sshtrust::inventory::xml::XmlMistake;
use sshtrust::passwords::PasswordFileError;

use super::Report;

/// Most mistakes that are spelled out.
const MOST: usize = 50;
/// For names that lead nowhere, or to more than one node.
pub(crate) const NAMES_CURE: &str =
    "Name such a node by its address, or correct /etc/hosts or the name server of this machine.";

fn details(report: Report, mistakes: impl ExactSizeIterator<Item = String>) -> Report {
    let more = mistakes.len().saturating_sub(MOST);
    let report = mistakes.take(MOST).fold(report, |report, mistake| report.detail(&mistake));
    if more == 0 { report } else { report.detail(&format!("and {more} more")) }
}

fn not_correct(name: &str) -> Report {
    Report::new("50222", &format!("The content of file {name} is not correct."))
}

/// A file with mistakes that are sentences of their own.
pub(crate) fn content<E: Display>(mistakes: &[E], name: &str) -> Report {
    details(not_correct(name), mistakes.iter().map(|mistake| format!("{name}, {mistake}")))
}

/// A cluster XML.
pub(crate) fn xml(mistakes: &[Mistake<XmlMistake>], name: &str) -> Report {
    content(mistakes, name).cure(
        "Each DEVICE needs a name, which is the machine's host name, and an address (sshIp1, else backIp1); nodeNames \
         lists the same names.",
    )
}

/// A node set.
pub(crate) fn nodeset<E: Display>(mistakes: &[E]) -> Report {
    nodeset_of("--hosts", mistakes)
}

/// The node set of any flag.
pub(crate) fn nodeset_of<E: Display>(flag: &str, mistakes: &[E]) -> Report {
    let report = Report::new("50004", &format!("The parameter '{flag}' value is incorrect."));
    details(report, mistakes.iter().map(ToString::to_string))
        .cure("Write addresses or names: 10.0.0.[1-30], node[01-16,20]. For another port use --port.")
}

/// An Ansible inventory.
pub(crate) fn ansible(error: &AnsibleError, name: &str) -> Report {
    let static_one =
        format!("Make a static one: ansible-inventory -i {name} --list --yaml --output inventory.yml");
    match error {
        AnsibleError::Mistakes(mistakes) => content(mistakes, name).cure("Correct the inventory."),
        AnsibleError::Program => not_correct(name)
            .detail(&format!("{error}, or it may be executed"))
            .cure(&static_one)
            .cure(&format!("If it is no program: chmod a-x {name}")),
        AnsibleError::Plugin | AnsibleError::Vault => {
            not_correct(name).detail(&error.to_string()).cure(&static_one)
        }
        AnsibleError::NoGroup { .. } | AnsibleError::NoHosts(_) => {
            not_correct(name).detail(&error.to_string()).cure("Name a group that has hosts: --group NAME.")
        }
        AnsibleError::Encoding | AnsibleError::TooMany => {
            not_correct(name).detail(&error.to_string()).cure("Correct the inventory.")
        }
    }
}

/// A password file. Nothing of its content is shown.
pub(crate) fn password_file(error: &PasswordFileError, name: &str) -> Report {
    let report = match error {
        PasswordFileError::BadLines(lines) => details(
            not_correct(name),
            lines.iter().map(|(line, error)| format!("{name}, line {line}: {error}")),
        ),
        other => not_correct(name).detail(&other.to_string()),
    };
    report.cure("Write one line, the password of all nodes, or a line of IP PASSWORD for each node.")
}
