//! Owners, modes, ACLs and labels.

mod files;
mod fixed;
mod home;
mod selinux;

use super::{Case, Finding};
use crate::inventory::NodeIx;
use crate::observe::{Evidence, KeysFile, Right, Rights};
use crate::plan::Command;
use crate::text::sh_quote;

/// The findings of this family.
pub(super) fn find(case: &Case) -> Vec<Finding> {
    [home::find, files::find, fixed::find, selinux::find].iter().flat_map(|rule| rule(case)).collect()
}

/// Whether somebody was seen to reach a node by its key: then its sshd has no fault to find with the files.
pub(super) fn is_reached(case: &Case, node: NodeIx) -> bool {
    let ways = case.matrix.by();
    let callers = (case.nodes.indices()).filter(|from| *from != node);
    let mut pairs = callers.flat_map(|from| ways.iter().map(move |by| (from, *by)));
    pairs.any(|(from, by)| case.matrix.get(from, node, by).is_some_and(|pair| pair.state.is_good()))
}

/// Whether sshd(8) and ssh(1) take owner and mode of a file or folder (`safe_path` in OpenSSH's misc.c): the user's or
/// root's, and nobody else may write. Debian lets the group write if nobody but the user is in it.
fn is_secure(rights: &Rights, right: &Right, uid: u32) -> bool {
    let owned = right.uid == 0 || right.uid == uid;
    let alone = rights.debian && right.mode & 0o022 == 0o020 && is_private(rights, right, uid);
    owned && (right.mode & 0o022 == 0 || alone)
}

fn is_private(rights: &Rights, right: &Right, uid: u32) -> bool {
    let Some(group) = rights.groups.get(&right.gid) else { return false };
    let owner = right.shown.split(' ').nth(1).and_then(|names| names.split(':').next()).unwrap_or_default();
    let members = match group.members.as_slice() {
        [] => !group.primary.is_empty(),
        [only] => only == owner,
        _ => false,
    };
    members && group.primary.iter().all(|(_, other)| *other == uid)
}

/// The file of keys that the set-up writes: the first below the home, else the first.
pub(super) fn written(evidence: &Evidence) -> Option<&KeysFile> {
    let below = format!("{}/", evidence.state.home);
    let files = &evidence.rights.key_files;
    files.iter().find(|file| file.path.starts_with(&below)).or(files.first())
}

/// Whether a path is a folder or what is below it.
fn is_below(path: &str, folder: &str) -> bool {
    !folder.is_empty()
        && path.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The commands that set owner and mode right; `mode`: for chmod(1).
fn set_right(evidence: &Evidence, path: &str, right: &Right, mode: Option<&str>) -> Vec<Command> {
    let quoted = sh_quote(path);
    let (uid, gid) =
        if is_below(path, &evidence.rights.home) { (evidence.state.uid, evidence.state.gid) } else { (0, 0) };
    let mut commands = Vec::new();
    let foreign = right.uid != uid && (right.uid != 0 || mode.is_some_and(|mode| mode.contains("u+")));
    if foreign {
        let back = format!("chown {}:{} {quoted}", right.uid, right.gid);
        commands.push(Command::root(format!("chown {uid}:{gid} {quoted}")).undo(back));
    }
    let new = |command: String| {
        if right.uid == evidence.state.uid { Command::new(command) } else { Command::root(command) }
    };
    if let Some(entries) = evidence.rights.acls.get(path) {
        let back = format!("setfacl --set {} {quoted}", sh_quote(&entries.join(",")));
        commands.push(new(format!("setfacl -b {quoted}")).undo(back));
    }
    if let Some(mode) = mode {
        let back = format!("chmod {:o} {quoted}", right.mode);
        commands.push(new(format!("chmod {mode} {quoted}")).undo(back));
    }
    commands
}

#[cfg(test)]
mod tests;
