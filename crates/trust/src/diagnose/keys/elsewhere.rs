//! `authorized-keys-elsewhere`.

use super::granted::usual;
use super::offered::{ClusterKeys, offered};
use super::pairs::is_written_elsewhere;
use crate::diagnose::login::{add_for_user, reload, replace};
use crate::diagnose::rights::written;
use crate::diagnose::{ByHand, Case, Code, Cure, Finding};
use crate::inventory::NodeIx;
use crate::observe::{Evidence, KeysAccess, Revoked, Setting};
use crate::plan::{Command, Part};
use crate::probe::{Cause, EdgeIx};
use crate::text::sh_quote;

pub(super) fn find(case: &Case) -> Vec<Finding> {
    let at = |(node, _, evidence): (NodeIx, _, &Evidence)| {
        let revoked = revoked(case, node, evidence);
        revoked.or_else(|| elsewhere(case, node, evidence))
    };
    case.seen().filter_map(at).collect()
}

/// sshd cannot read its list of revoked keys, or the key is in it.
fn revoked(case: &Case, node: NodeIx, evidence: &Evidence) -> Option<Finding> {
    let list = evidence.rights.settings.revoked_keys.as_ref()?;
    let pairs = case.pairs_to(node, &[Cause::KeyRefused]);
    if pairs.is_empty() && !case.preflight {
        return None;
    }
    let finding = Finding::new(Code::AuthorizedKeysElsewhere, node).explains(pairs);
    let finding = finding.seen(node, "sshd -T", &format!("revokedkeys {list}"));
    let quoted = sh_quote(list);
    match evidence.keys.revoked {
        Revoked::No => None,
        Revoked::Unreadable => {
            let finding =
                finding.seen(node, &format!("cat {list}"), "cannot be read, so sshd refuses every key");
            // Who has taken it away, and with which keys in it, nobody knows here.
            let command = Command::root(format!("install -m 644 /dev/null {quoted}"));
            Some(finding.cure(Cure::by_hand(node, ByHand::Security, [command])))
        }
        Revoked::Listed => {
            let key = sh_quote(&format!("{}/.ssh/id_om.pub", evidence.state.home));
            let finding = finding.seen(node, &format!("ssh-keygen -Q -f {list}"), "REVOKED");
            // It was asked about the node's own key; what others come with may be another one.
            let shared = ClusterKeys::of(case).shared.is_some();
            let finding = if shared { finding } else { finding.likely() };
            let command = Command::new(format!("ssh-keygen -Q -f {quoted} {key}"));
            Some(finding.cure(Cure::by_hand(node, ByHand::Revoked, [command])))
        }
    }
}

/// The set-up writes where sshd looks; here it cannot.
fn closed(case: &Case, node: NodeIx, evidence: &Evidence) -> Option<Finding> {
    let settings = &evidence.rights.settings;
    if let (Some(files), true) = (&settings.keys_files, evidence.rights.key_files.is_empty()) {
        let finding = Finding::new(Code::AuthorizedKeysElsewhere, node);
        let finding = finding.seen(node, "sshd", &format!("authorizedkeysfile {}", files.join(" ")));
        let line = add_for_user(&case.user, "AuthorizedKeysFile .ssh/authorized_keys");
        return Some(finding.cure(Cure::by_hand(node, ByHand::Security, [line, reload(case, node)])));
    }
    let file = written(evidence)?;
    let (folder, _) = file.will.rsplit_once('/')?;
    let usual = usual(evidence);
    // That one the set-up makes, and what is wrong with it is told elsewhere; and it makes the folder for any file in it.
    let is_made =
        file.access == KeysAccess::NoFolder && usual.rsplit_once('/').is_some_and(|(own, _)| own == folder);
    if file.path == usual || is_made || file.access == KeysAccess::Open {
        return None;
    }
    let below = format!("{}/", evidence.state.home);
    let mut finding = Finding::new(Code::AuthorizedKeysElsewhere, node);
    finding = evidence.rights.lines.iter().take(3).fold(finding, |finding, line| {
        finding.seen(node, &format!("{}:{}", line.file, line.line), &line.text)
    });
    let said = match file.access {
        KeysAccess::NoFolder => "No such file or directory",
        _ => "Permission denied",
    };
    finding = finding.seen(node, &format!("test -w {folder}"), said);
    if file.access == KeysAccess::NoFolder && (evidence.is_root() || file.path.starts_with(&below)) {
        let make = format!("mkdir -p -m 755 {}", sh_quote(folder));
        let make = if file.path.starts_with(&below) { Command::new(make) } else { Command::root(make) };
        return Some(finding.cure(Cure::by_hand(node, ByHand::Judgement, [make])));
    }
    // sshd may look in the user's own file too.
    let lines = evidence.rights.lines.iter();
    let mut commands: Vec<Command> = lines.map(look_at_home_too).collect();
    if commands.is_empty() {
        let files: Vec<&str> = evidence.rights.key_files.iter().map(|file| file.path.as_str()).collect();
        let line = format!("AuthorizedKeysFile .ssh/authorized_keys {}", files.join(" "));
        commands.push(add_for_user(&case.user, &line));
    }
    commands.push(reload(case, node));
    Some(finding.cure(Cure::by_hand(node, ByHand::Security, commands)))
}

/// Puts the user's own file before the others of a line.
fn look_at_home_too(line: &Setting) -> Command {
    replace(line, "^([[:space:]]*AuthorizedKeysFile[[:space:]=]+)", "\\1.ssh\\/authorized_keys ")
}

/// The key was written where sshd does not look.
fn elsewhere(case: &Case, node: NodeIx, evidence: &Evidence) -> Option<Finding> {
    if case.preflight {
        return closed(case, node, evidence);
    }
    let evidence_of = |from: NodeIx| case.node(from)?.evidence.as_ref();
    let pairs = case.pairs_to(node, &[Cause::KeyRefused]);
    let concerned = pairs.into_iter().filter(|pair| {
        let caller = case.edge(*pair).and_then(|edge| evidence_of(edge.from));
        caller.is_some_and(|caller| is_written_elsewhere(evidence, &offered(caller)))
    });
    let concerned: Vec<EdgeIx> = concerned.collect();
    if concerned.is_empty() {
        return None;
    }
    let mut finding = Finding::new(Code::AuthorizedKeysElsewhere, node).explains(concerned);
    let settings = &evidence.rights.settings;
    let files = settings.keys_files.clone().unwrap_or_default().join(" ");
    finding = finding.seen(node, "sshd -T", &format!("authorizedkeysfile {files}"));
    if let Some(command) = &settings.keys_command {
        finding = finding.seen(node, "sshd -T", &format!("authorizedkeyscommand {command}"));
    }
    let below = format!("{}/", evidence.state.home);
    let places = &evidence.rights.key_files;
    let place = places.iter().find(|file| file.path.starts_with(&below)).or(places.first());
    let Some(place) = place.map(|file| file.path.clone()) else {
        return Some(finding.cure(Cure::by_hand(node, ByHand::Security, [])));
    };
    let source = sh_quote(&usual(evidence));
    let at_home = place.starts_with(&below);
    let new = |command: String| if at_home { Command::new(command) } else { Command::root(command) };
    let quoted = sh_quote(&place);
    let folder = sh_quote(place.rsplit_once('/').map_or("/", |(folder, _)| folder));
    let commands = [new(format!("mkdir -p {folder}")), new(format!("grep '#OM$' {source} >>{quoted}"))];
    let keys = ClusterKeys::of(case).all;
    let cure = if !keys.is_empty() && (at_home || evidence.is_root()) {
        Cure::restore(node, keys.into_iter().map(Part::Authorize), commands)
    } else {
        Cure::by_hand(node, ByHand::NeedsRoot, commands)
    };
    Some(finding.cure(cure))
}
