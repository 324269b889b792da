//! `key-permissions`.

use super::{is_below, is_reached, is_secure, set_right};
use crate::diagnose::{Case, Code, Cure, Finding};
use crate::inventory::NodeIx;
use crate::observe::{CLASSIC, Evidence, Right};
use crate::plan::Command;
use crate::probe::Cause;

/// One file that is wrong, and what that breaks.
struct Fault<'a> {
    path: &'a str,
    right: &'a Right,
    /// For chmod(1).
    mode: &'static str,
    /// The pairs that come from the node and fail so.
    from: &'static [Cause],
    /// So do pairs that lead to it.
    to: bool,
}

pub(super) fn find(case: &Case) -> Vec<Finding> {
    case.seen().filter_map(|(node, _, evidence)| at(case, node, evidence)).collect()
}

fn at(case: &Case, node: NodeIx, evidence: &Evidence) -> Option<Finding> {
    let mut faults = Vec::new();
    faults.extend(private_keys(evidence));
    faults.extend(public_keys(evidence));
    faults.extend(config(evidence));
    faults.extend(known_hosts(evidence));
    faults.extend(granted(case, node, evidence));
    if case.preflight {
        // The set-up sets modes right by itself; owners it cannot.
        faults.retain(|fault| fault.right.uid != evidence.state.uid);
    }
    if faults.is_empty() {
        return None;
    }
    let mut finding = Finding::new(Code::KeyPermissions, node);
    let mut commands: Vec<Command> = Vec::new();
    for fault in faults {
        let to = if fault.to { case.pairs_to(node, &[Cause::KeyRefused]) } else { Vec::new() };
        finding = finding.explains(to).explains(case.pairs_from(node, fault.from));
        let said = format!("{} {}", fault.right.shown, fault.path);
        finding = finding.seen(node, &format!("ls -l {}", fault.path), &said);
        commands.extend(set_right(evidence, fault.path, fault.right, Some(fault.mode)));
    }
    Some(finding.cure(Cure::run(node, commands)))
}

fn own<'a>(evidence: &'a Evidence, name: &str) -> Option<(&'a str, &'a Right)> {
    let path = format!("{}/.ssh/{name}", evidence.state.home);
    evidence.rights.paths.get_key_value(&path).map(|(path, right)| (path.as_str(), right))
}

/// Whether the user can read a file. Root can read all.
fn can_read(evidence: &Evidence, right: &Right) -> bool {
    let bit = match (right.uid == evidence.state.uid, right.gid == evidence.state.gid) {
        (true, _) => 0o400,
        (false, true) => 0o040,
        (false, false) => 0o004,
    };
    evidence.is_root() || right.mode & bit != 0
}

fn is_foreign(evidence: &Evidence, right: &Right) -> bool {
    right.uid != evidence.state.uid && right.uid != 0
}

fn names() -> impl Iterator<Item = String> {
    ["om"].into_iter().chain(CLASSIC).map(|kind| format!("id_{kind}"))
}

/// ssh ignores a private key of the user's that others may read (`sshkey_perm_ok` in OpenSSH's authfile.c).
fn private_keys(evidence: &Evidence) -> Vec<Fault<'_>> {
    let keys = names().filter_map(|name| own(evidence, &name));
    let bad = keys.filter(|(_, right)| {
        let open = right.uid == evidence.state.uid && right.mode & 0o077 != 0;
        open || is_foreign(evidence, right) || !can_read(evidence, right)
    });
    // With an agent that holds the key nobody looks at the file.
    let from: &[Cause] = if evidence.state.agent.keys.is_empty() {
        &[Cause::Permissions, Cause::KeyRefused, Cause::AgentUseless]
    } else {
        &[Cause::Permissions]
    };
    bad.map(|(path, right)| Fault { path, right, mode: "u+rw,go=", from, to: false }).collect()
}

fn public_keys(evidence: &Evidence) -> Vec<Fault<'_>> {
    let keys = names().filter_map(|name| own(evidence, &format!("{name}.pub")));
    let bad = keys.filter(|(_, right)| is_foreign(evidence, right) || !can_read(evidence, right));
    bad.map(|(path, right)| Fault { path, right, mode: "u+rw,go-w", from: &[], to: false }).collect()
}

/// ssh ends at a configuration that somebody else may write (`read_config_file_depth` in OpenSSH's readconf.c).
fn config(evidence: &Evidence) -> Option<Fault<'_>> {
    let (path, right) = own(evidence, "config")?;
    let bad = !is_secure(&evidence.rights, right, evidence.state.uid) || !can_read(evidence, right);
    let from: &[Cause] = if can_read(evidence, right) {
        &[Cause::Permissions]
    } else {
        &[Cause::Permissions, Cause::BadConfig, Cause::Other, Cause::KeyRefused]
    };
    let fault = Fault { path, right, mode: "u+rw,go-w", from, to: false };
    Some(fault).filter(|_| bad)
}

fn known_hosts(evidence: &Evidence) -> Option<Fault<'_>> {
    let (path, right) = own(evidence, "known_hosts")?;
    let fault = Fault { path, right, mode: "u+rw,go-w", from: &[Cause::HostKeyUnknown], to: false };
    Some(fault).filter(|_| !can_read(evidence, right))
}

/// The files of keys that sshd ignores; the folders above them are `home-permissions`.
fn granted<'a>(case: &Case, node: NodeIx, evidence: &'a Evidence) -> Vec<Fault<'a>> {
    let rights = &evidence.rights;
    let refused = !case.pairs_to(node, &[Cause::KeyRefused]).is_empty();
    if is_reached(case, node) || !(refused || case.preflight) {
        return Vec::new();
    }
    let files = rights.key_files.iter().filter_map(|file| rights.paths.get_key_value(file.real.as_ref()?));
    let bad = files.filter(|(_, right)| {
        let strict = rights.settings.strict_modes && !is_secure(rights, right, evidence.state.uid);
        // sshd reads it as the user.
        strict || !can_read(evidence, right)
    });
    bad.map(|(path, right)| {
        let mode = if is_below(path, &rights.home) { "u+rw,go-w" } else { "go-w" };
        Fault { path, right, mode, from: &[], to: true }
    })
    .collect()
}
