//! The steps of a plan as calls of the functions in `journal.sh`.

use std::fmt::Write;

use sshfiles::PublicKey;

use super::phase::{Phase, step};
use crate::identity::IdentityKey;
use crate::place::{LOG, OLD_LOG, TOOL_DIR};
use crate::plan::{AgentEdit, Command, Content, DirEdit, FileEdit, NodePlan, Splice};
use crate::text::sh_quote;

/// Folders, outer ones first; undone in the opposite order.
pub(super) fn dirs(dirs: &[DirEdit], phase: Phase) -> String {
    let mut script = String::new();
    for (index, dir) in dirs.iter().enumerate() {
        let step = step(phase.first() + index);
        let path = sh_quote(&dir.path);
        // Writing to a String cannot fail.
        let _ = match dir.old_mode {
            Some(old) => {
                let undo = sh_quote(&format!("chmod {old:o} {path}"));
                writeln!(script, "gs_note {step} {undo} && chmod {:o} {path} || gs_fail {path}", dir.mode)
            }
            None => {
                let undo = sh_quote(&take_back(&dir.path));
                writeln!(
                    script,
                    "[ -d {path} ] || {{ gs_note {step} {undo} && mkdir -m {:o} {path} && gs_note_made {path} || gs_fail {path}\n\
                     ! command -v restorecon >/dev/null 2>&1 || restorecon {path} 2>/dev/null; }}",
                    dir.mode
                )
            }
        };
    }
    script.push_str(":\n");
    script
}

/// Takes a folder back that this run has made. What somebody else has put into it stays, but not what a keepalive says in it
/// that began by our job and ends behind the undo.
fn take_back(path: &str) -> String {
    let path_word = sh_quote(path);
    let remove = format!("rmdir {path_word} 2>/dev/null");
    if !path.ends_with(&format!("/{TOOL_DIR}")) {
        return format!("{remove} || :");
    }
    let logs = [LOG, OLD_LOG].map(|name| sh_quote(&format!("{path}/{name}"))).join(" ");
    // It may speak just between the two.
    format!("rm -f {logs}; {remove} || {{ rm -f {logs}; {remove} || :; }}")
}

/// How long one command of a cure may take, in seconds.
const COMMAND_LIMIT: u64 = 60;

/// A command of a cure. What it starts must not inherit the lock.
pub(super) fn command(command: &Command, number: usize) -> String {
    let note = command.undo.as_ref().map_or_else(String::new, |undo| {
        let undo = format!("( {undo} ) >/dev/null 2>&1 </dev/null 7<&- 8<&- 9<&-");
        format!("gs_note {} {} || gs_fail \"$gs_journal\"\n", step(number), sh_quote(&undo))
    });
    format!(
        "{note}gs_bounded {COMMAND_LIMIT} sh -c {} >/dev/null </dev/null 7<&- 8<&- 9<&-\n",
        sh_quote(&command.run)
    )
}

/// Starts the agent or adds the key; `None` if there is nothing to do.
pub(super) fn agent(plan: &NodePlan, key: &IdentityKey) -> Option<String> {
    let socket = sh_quote(&plan.socket);
    let length = key.unlocked().map(|k| k.len()).unwrap_or_default();
    // One that was stopped on purpose is wanted again.
    let mark =
        sh_quote(&format!("{}/agent.stopped", plan.socket.rsplit_once('/').map_or("", |(folder, _)| folder)));
    let back = sh_quote(&format!("true >{mark}"));
    let (own, wanted) = (Phase::AgentKey.step(), Phase::AgentWanted.step());
    let mut script = format!(
        "[ ! -e {mark} ] || {{ gs_note {wanted} {back} && rm -f {mark}; }} || gs_fail \"$gs_journal\"\n"
    );
    match plan.agent {
        AgentEdit::Nothing => return None,
        AgentEdit::AddKey => {
            let public = sh_quote(&format!("{} {}", key.public(), key.comment()));
            let undo = sh_quote(&format!(
                "SSH_AUTH_SOCK={socket} gs_bounded 20 ssh-add -d ./{own}.key 2>/dev/null || :"
            ));
            let _ = writeln!(
                script,
                "printf '%s\\n' {public} >\"$gs_journal/{own}.key.pub\" || gs_fail \"$gs_journal\""
            );
            let _ = writeln!(
                script,
                "cp \"$gs_journal/{own}.key.pub\" \"$gs_journal/{own}.key\" || gs_fail \"$gs_journal\""
            );
            let _ = writeln!(script, "gs_note {own} {undo} || gs_fail \"$gs_journal\"");
        }
        AgentEdit::Start { stale_socket } => {
            if stale_socket {
                let undo = sh_quote(&format!("[ ! -S {own}.old ] || mv -f {own}.old {socket}"));
                let _ = writeln!(
                    script,
                    "gs_note {own} {undo} && mv {socket} \"$gs_journal/{own}.old\" || exit 1"
                );
            }
            let _ = writeln!(
                script,
                "gs_start_agent {} {socket} {}",
                Phase::AgentStart.step(),
                sh_quote(&socket)
            );
        }
    }
    let _ = writeln!(script, "gs_add_key {socket} {length}");
    Some(script)
}

/// As [`agent`], without a way back. An agent that does not take the key is ended: it would pass for a healthy one.
pub(super) fn revive(socket: &str, start: bool, key: &IdentityKey) -> String {
    let socket = sh_quote(socket);
    let length = key.unlocked().map(|k| k.len()).unwrap_or_default();
    let add = format!("gs_patience=4; gs_add_key {socket} {length}");
    if start {
        format!("rm -f {socket}; gs_launch {socket}\n{add} || {{ kill \"$SSH_AGENT_PID\"; exit 1; }}\n")
    } else {
        add
    }
}

/// Notes that keys leave the agent when the change is kept. That one is not held is no error.
pub(super) fn forget(socket: &str, keys: &[PublicKey]) -> String {
    let mut script = String::new();
    for (index, key) in keys.iter().enumerate() {
        let step = step(Phase::Forget.first() + index);
        let public = sh_quote(&key.to_string());
        let after =
            format!("SSH_AUTH_SOCK={} gs_bounded 20 ssh-add -d ./{step}.pub 2>/dev/null", sh_quote(socket));
        // Writing to a String cannot fail.
        let _ = writeln!(
            script,
            "printf '%s\\n' {public} >\"$gs_journal/{step}.pub\" && gs_note_after {step} {} || gs_fail \"$gs_journal\"",
            sh_quote(&after)
        );
    }
    script.push_str(":\n");
    script
}

/// Writes files: all are staged before the first is swapped in. Returns the script and its input.
pub(super) fn files(files: &[FileEdit], mark: &str, agent_pid: &str, first_step: usize) -> (String, Vec<u8>) {
    let mut blob = Vec::new();
    let mut checks = String::new();
    let mut stages = String::new();
    let mut saves = String::new();
    let mut swaps = String::new();
    let mut folders: Vec<&str> = Vec::new();
    for (index, edit) in files.iter().enumerate() {
        let step = step(first_step + index);
        let path = sh_quote(&edit.old.path);
        let folder = folder_of(&edit.old.path);
        let new = sh_quote(&sh_quote(&beside(mark, &step, &edit.old.path)));
        let mode = edit.mode.map_or_else(|| "keep".to_owned(), |mode| format!("{mode:o}"));
        let (quoted, stamp) = (sh_quote(&path), sh_quote(&edit.old.stamp));
        let kind = if edit.secret { "whole" } else { "lines" };
        if !folders.contains(&folder) {
            folders.push(folder);
        }
        // Writing to a String cannot fail.
        if edit.content == Content::Gone {
            let _ = writeln!(swaps, "gs_remove {step} {path} {quoted} {stamp} {kind}");
            continue;
        }
        let _ = writeln!(checks, "gs_same {path} {}", sh_quote(&edit.old.stamp));
        let (content, place) = match &edit.content {
            Content::Spliced(splice) => {
                let Splice { at, from, new, sum, .. } = splice;
                (new.clone(), format!(" {at} {from} '{sum} {}'", splice.length()))
            }
            whole => (whole.render(agent_pid), String::new()),
        };
        let (offset, length) = (blob.len(), content.len());
        let _ = writeln!(stages, "gs_stage {step} {offset} {length} {mode} {path} {new}{place}");
        let _ = writeln!(saves, "gs_save {step} {path} {quoted} {stamp} {kind}");
        let _ = writeln!(swaps, "gs_swap {step} {path} {}", sh_quote(&path));
        blob.extend_from_slice(&content);
    }
    let folders: Vec<String> = folders.iter().map(|f| sh_quote(f)).collect();
    let folders = folders.join(" ");
    // The way back is durable before the first file changes.
    let script = format!(
        "gs_unclaim {folders}\ngs_receive {}\n{checks}{stages}{saves}gs_sync_journal\n{swaps}\
         gs_sync {folders} || gs_fail \"$gs_journal\"\n",
        blob.len(),
    );
    (script, blob)
}

/// The folder that a file is in.
pub(super) fn folder_of(path: &str) -> &str {
    path.rsplit_once('/').map_or("/", |(folder, _)| if folder.is_empty() { "/" } else { folder })
}

/// Where a step puts the new file, beside the old one: `gs_beside`. No other node and no other run has that name.
pub(super) fn beside(mark: &str, step: &str, path: &str) -> String {
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    format!("{folder}/.gs_sshexkey.{mark}.{step}.new")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_that_was_made_goes_with_what_a_keepalive_said_there_and_stays_with_all_else() {
        let home = tempfile::tempdir().unwrap();
        for (name, files, stays) in [
            (TOOL_DIR, vec![], false),
            (TOOL_DIR, vec![LOG, OLD_LOG], false),
            (TOOL_DIR, vec![LOG, "mine"], true),
            (".ssh", vec![], false),
            (".ssh", vec![LOG], true),
        ] {
            let folder = home.path().join("it's").join(name);
            std::fs::create_dir_all(&folder).unwrap();
            files.iter().for_each(|file| std::fs::write(folder.join(file), "x").unwrap());
            let undo = take_back(folder.to_str().unwrap());
            let output = std::process::Command::new("sh").args(["-c", &undo]).output().unwrap();
            assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
            assert_eq!(folder.exists(), stays, "{name} with {files:?}");
            let _ = std::fs::remove_dir_all(&folder);
        }
    }
}
