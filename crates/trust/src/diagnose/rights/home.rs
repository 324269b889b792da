//! `home-permissions`.

use std::collections::BTreeMap;

use super::{is_reached, is_secure, set_right, written};
use crate::diagnose::{ByHand, Case, Code, Cure, Finding};
use crate::inventory::NodeIx;
use crate::observe::{Evidence, Right};
use crate::probe::Cause;

pub(super) fn find(case: &Case) -> Vec<Finding> {
    case.seen().filter_map(|(node, _, evidence)| at(case, node, evidence)).collect()
}

fn at(case: &Case, node: NodeIx, evidence: &Evidence) -> Option<Finding> {
    let open = if is_reached(case, node) { BTreeMap::new() } else { open_to_others(case, evidence) };
    let closed = closed_to_the_user(case, evidence);
    let mut pairs = Vec::new();
    if !open.is_empty() || !closed.is_empty() {
        pairs.extend(case.pairs_to(node, &[Cause::KeyRefused]));
    }
    if !closed.is_empty() {
        // ssh finds neither the host keys on record nor the key.
        pairs.extend(case.pairs_from(node, &[Cause::HostKeyUnknown, Cause::KeyRefused, Cause::Permissions]));
    }
    // A guess about sshd counts only where sshd refused a key, or before there is trust.
    let open = if pairs.is_empty() && !case.preflight { BTreeMap::new() } else { open };
    if open.is_empty() && closed.is_empty() {
        return None;
    }
    let mut finding = Finding::new(Code::HomePermissions, node).explains(pairs);
    let mut commands = Vec::new();
    let mut all: BTreeMap<&str, (&Right, bool)> = open.into_iter().map(|(p, r)| (p, (r, false))).collect();
    all.extend(closed.into_iter().map(|(path, right)| (path, (right, true))));
    for (path, (right, closed)) in all {
        finding = finding.seen(node, &format!("ls -ld {path}"), &format!("{} {path}", right.shown));
        if let Some(acl) = evidence.rights.acls.get(path) {
            finding = finding.seen(node, &format!("getfacl {path}"), &acl.join(", "));
        }
        let mode = match (closed, right.mode & 0o022) {
            (true, 0) => Some("u+rwx"),
            (true, _) => Some("u+rwx,go-w"),
            (false, 0) => None,
            (false, _) => Some("go-w"),
        };
        commands.extend(set_right(evidence, path, right, mode));
    }
    // What the program changes it notes down in the home, to take it back; where it cannot, it keeps its hands off.
    let cure = match evidence.rights.home_access {
        Some(false) => Cure::by_hand(node, ByHand::NeedsRoot, commands),
        _ => Cure::run(node, commands),
    };
    Some(finding.cure(cure))
}

/// The folders on the way from `authorized_keys` up to the home for which sshd ignores the file.
fn open_to_others<'a>(case: &Case, evidence: &'a Evidence) -> BTreeMap<&'a str, &'a Right> {
    let rights = &evidence.rights;
    if !rights.settings.strict_modes {
        return BTreeMap::new();
    }
    // Where `~/.ssh` leads.
    let usual = format!("{}/.ssh/authorized_keys", evidence.state.home);
    let usual = rights.key_files.iter().find(|file| file.path == usual);
    let own = usual.and_then(|file| file.will.rsplit_once('/')).map(|(folder, _)| folder.to_owned());
    let own = own.unwrap_or_else(|| format!("{}/.ssh", rights.home));
    let mut folders: Vec<String> = Vec::new();
    for file in &rights.key_files {
        match (&file.real, case.preflight) {
            (Some(real), _) => folders.extend(above(real, &rights.home)),
            // What will be there, if it is where the set-up writes.
            (None, true) if Some(file) == written(evidence) => {
                folders.extend(above(&file.will, &rights.home))
            }
            (None, _) => {}
        }
    }
    if folders.is_empty() {
        folders = vec![own.clone(), rights.home.clone()];
    }
    let bad = folders.iter().filter_map(|path| {
        let (path, right) = rights.paths.get_key_value(path)?;
        let secure = is_secure(rights, right, evidence.state.uid);
        // The set-up sets this one right by itself.
        let set_up = case.preflight && *path == own && right.uid == evidence.state.uid;
        (!secure && !set_up).then_some((path.as_str(), right))
    });
    bad.collect()
}

/// The folders above a file, up to the home, or to the root if it is not below the home.
fn above(file: &str, home: &str) -> Vec<String> {
    let mut folders = Vec::new();
    let mut path = file;
    while let Some((folder, _)) = path.rsplit_once('/') {
        path = folder;
        folders.push(if folder.is_empty() { "/".to_owned() } else { folder.to_owned() });
        if folder == home {
            break;
        }
    }
    folders
}

/// The user's own folders that the user cannot use. Nothing is closed to root.
fn closed_to_the_user<'a>(case: &Case, evidence: &'a Evidence) -> BTreeMap<&'a str, &'a Right> {
    let rights = &evidence.rights;
    if evidence.is_root() {
        return BTreeMap::new();
    }
    let closed = |path: &String, wanted: u32| {
        let (path, right) = rights.paths.get_key_value(path)?;
        let own = right.uid == evidence.state.uid && right.mode & wanted == wanted;
        (!own).then_some((path.as_str(), right))
    };
    // A group or an ACL may open the home to the user.
    let home = closed(&rights.home, 0o700).filter(|_| rights.home_access == Some(false));
    // To read and search this one is enough for ssh and sshd, and some give it to root. The set-up writes there; what is
    // the user's own it opens by itself.
    let foreign = |right: &Right| right.uid != evidence.state.uid;
    let folder = closed(&format!("{}/.ssh", rights.home), 0o500);
    let folder =
        folder.filter(|(_, right)| if case.preflight { foreign(right) } else { right.mode & 0o5 != 0o5 });
    let tools = closed(&format!("{}/gaussdb_tmp", rights.home), 0o700);
    let tools = tools.filter(|(_, right)| case.preflight && foreign(right));
    home.into_iter().chain(folder).chain(tools).collect()
}
