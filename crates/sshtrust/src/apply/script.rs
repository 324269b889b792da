//! The steps of a plan as calls of the functions in `journal.sh`.

use std::fmt::Write;

use sshfiles::PublicKey;

use crate::identity::IdentityKey;
use crate::plan::{AgentEdit, Command, DirEdit, FileEdit, NodePlan};
use crate::text::sh_quote;

/// Folders, outer ones first; undone in the opposite order.
pub(super) fn dirs(dirs: &[DirEdit], first_step: usize) -> String {
    let mut script = String::new();
    for (index, dir) in dirs.iter().enumerate() {
        let step = first_step + index;
        let path = sh_quote(&dir.path);
        // Writing to a String cannot fail.
        let _ = match dir.old_mode {
            Some(old) => {
                let undo = sh_quote(&format!("chmod {old:o} {path}"));
                writeln!(script, "gs_note {step:04} {undo} && chmod {:o} {path} || gs_fail {path}", dir.mode)
            }
            // What somebody else has put into it stays.
            None => {
                let undo = sh_quote(&format!("rmdir {path} 2>/dev/null || :"));
                writeln!(
                    script,
                    "[ -d {path} ] || {{ gs_note {step:04} {undo} && mkdir -m {:o} {path} || gs_fail {path}\n\
                     ! command -v restorecon >/dev/null 2>&1 || restorecon {path} 2>/dev/null; }}",
                    dir.mode
                )
            }
        };
    }
    script.push_str(":\n");
    script
}

/// How long one command of a cure may take, in seconds.
const COMMAND_LIMIT: u64 = 60;

/// A command of a cure. What it starts must not inherit the lock.
pub(super) fn command(command: &Command, step: usize) -> String {
    let note = command.undo.as_ref().map_or_else(String::new, |undo| {
        let undo = format!("( {undo} ) >/dev/null 2>&1 </dev/null 9<&-");
        format!("gs_note {step:04} {} || gs_fail \"$gs_journal\"\n", sh_quote(&undo))
    });
    format!("{note}gs_bounded {COMMAND_LIMIT} sh -c {} >/dev/null </dev/null 9<&-\n", sh_quote(&command.run))
}

/// Starts the agent or adds the key; `None` if there is nothing to do.
pub(super) fn agent(plan: &NodePlan, key: &IdentityKey) -> Option<String> {
    let socket = sh_quote(&plan.socket);
    let length = key.unlocked().map(|k| k.len()).unwrap_or_default();
    // One that was stopped on purpose is wanted again.
    let mark =
        sh_quote(&format!("{}/agent.stopped", plan.socket.rsplit_once('/').map_or("", |(folder, _)| folder)));
    let back = sh_quote(&format!("true >{mark}"));
    let mut script =
        format!("[ ! -e {mark} ] || {{ gs_note 1005 {back} && rm -f {mark}; }} || gs_fail \"$gs_journal\"\n");
    match plan.agent {
        AgentEdit::Nothing => return None,
        AgentEdit::AddKey => {
            let public = sh_quote(&format!("{} {}", key.public(), key.comment()));
            let undo = sh_quote(&format!("SSH_AUTH_SOCK={socket} ssh-add -d ./1000.key 2>/dev/null || :"));
            let _ = writeln!(
                script,
                "printf '%s\\n' {public} >\"$gs_journal/1000.key.pub\" || gs_fail \"$gs_journal\""
            );
            let _ = writeln!(
                script,
                "cp \"$gs_journal/1000.key.pub\" \"$gs_journal/1000.key\" || gs_fail \"$gs_journal\""
            );
            let _ = writeln!(script, "gs_note 1000 {undo} || gs_fail \"$gs_journal\"");
        }
        AgentEdit::Start { stale_socket } => {
            if stale_socket {
                let undo = sh_quote(&format!("[ ! -S 1000.old ] || mv -f 1000.old {socket}"));
                let _ =
                    writeln!(script, "gs_note 1000 {undo} && mv {socket} \"$gs_journal/1000.old\" || exit 1");
            }
            let _ = writeln!(script, "gs_start_agent {socket} {}", sh_quote(&socket));
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

/// Takes keys out of the agent. That one is not held is no error.
pub(super) fn forget(socket: &str, keys: &[PublicKey]) -> String {
    let mut script = format!("SSH_AUTH_SOCK={}; export SSH_AUTH_SOCK\n", sh_quote(socket));
    for key in keys {
        let public = sh_quote(&key.to_string());
        // Writing to a String cannot fail.
        let _ = writeln!(script, "printf '%s\\n' {public} >\"$gs_journal.kept/old.pub\" || exit 1");
        let _ = writeln!(script, "ssh-add -d \"$gs_journal.kept/old.pub\" 2>/dev/null");
    }
    script.push_str(":\n");
    script
}

/// Writes files: all are staged before the first is swapped in. Returns the script and its input.
pub(super) fn files(files: &[FileEdit], agent_pid: &str, first_step: usize) -> (String, Vec<u8>) {
    let mut blob = Vec::new();
    let mut checks = String::new();
    let mut stages = String::new();
    let mut keeps = String::new();
    let mut swaps = String::new();
    let mut folders: Vec<String> = Vec::new();
    for (index, edit) in files.iter().enumerate() {
        let step = format!("{:04}", first_step + index);
        let content = edit.content.render(agent_pid);
        let path = sh_quote(&edit.old.path);
        let folder = edit.old.path.rsplit_once('/').map_or("/", |(folder, _)| folder);
        let new = sh_quote(&sh_quote(&format!("{folder}/.gs_sshexkey.{step}.new")));
        let mode = edit.mode.map_or_else(|| "keep".to_owned(), |mode| format!("{mode:o}"));
        let (offset, length) = (blob.len(), content.len());
        // Writing to a String cannot fail.
        let _ = writeln!(checks, "gs_same {path} {}", sh_quote(&edit.old.stamp));
        let _ = writeln!(stages, "gs_stage {step} {offset} {length} {mode} {path} {new}");
        let _ = writeln!(keeps, "gs_keep {step} {path} {}", sh_quote(&path));
        let _ = writeln!(swaps, "gs_swap {step} {path} {}", sh_quote(&path));
        blob.extend_from_slice(&content);
        if !folders.iter().any(|f| f == folder) {
            folders.push(folder.to_owned());
        }
    }
    let folders: Vec<String> = folders.iter().map(|f| sh_quote(f)).collect();
    // The way back is durable before the first file changes.
    let script = format!(
        "gs_receive {}\n{checks}{stages}{keeps}gs_sync \"$gs_journal\"/* \"$gs_journal\"\n{swaps}gs_sync {}\n",
        blob.len(),
        folders.join(" ")
    );
    (script, blob)
}
