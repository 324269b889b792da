//! The folders that everything is in.

use super::dir;
use crate::observe::NodeState;
use crate::part::job::PROGRAM;
use crate::place::{LOG, OLD_LOG, Place, STORE_DIR, TOOL_DIR};
use crate::plan::{DirEdit, Found, Taking};
use crate::store::MOST_PARTS;
use crate::text::sh_quote;

/// Files of the tool's own in its folder that hold nothing of trust, below the home.
const SMALL_FILES: [&str; 10] = [
    "agent.stopped",
    LOG,
    OLD_LOG,
    ".kept_runs",
    ".kept_runs.new",
    ".made",
    ".made.new",
    ".pending",
    ".linger",
    ".revoking",
];

/// `~/.ssh` and the tool's own folder.
#[must_use]
pub fn put(state: &NodeState) -> Vec<DirEdit> {
    let folders = [
        (Place::SshDir, format!("{}/.ssh", state.home)),
        (Place::ToolDir, format!("{}/{TOOL_DIR}", state.home)),
    ];
    folders.into_iter().filter_map(|(place, path)| dir(state, place, path)).collect()
}

/// What the set-up noted to have made, inner ones first.
#[must_use]
pub fn made(state: &NodeState) -> Vec<String> {
    let text = String::from_utf8_lossy(state.bytes(Place::Made)).into_owned();
    let mut paths: Vec<String> =
        text.lines().filter(|line| line.starts_with('/')).map(str::to_owned).collect();
    paths.sort_by(|a, b| b.cmp(a));
    paths.dedup();
    paths
}

/// Takes the tool's folder with what is in it of ours; then the folders go that are empty by that.
pub fn take(state: &NodeState, taking: &mut Taking) {
    let tools = format!("{}/{TOOL_DIR}", state.home);
    for part in 0..MOST_PARTS {
        for place in [Place::Cipher(part), Place::Rand(part)] {
            let entry = state.entry(place);
            if entry.exists() {
                taking.gone(entry, true);
            }
        }
    }
    let program = format!("{}/{PROGRAM}", state.home);
    if state.keepalive.as_ref().is_some_and(|keepalive| keepalive.program.is_some()) {
        taking.found.push(Found::Program { path: program.clone() });
    }
    if state.entry(Place::ToolDir).exists() {
        taking.found.push(Found::Folder { path: tools.clone() });
    }
    let small = SMALL_FILES.iter().map(|name| sh_quote(&format!("{tools}/{name}")));
    let files: Vec<String> = std::iter::once(sh_quote(&program)).chain(small).collect();
    taking.after.push(format!("rm -f {}", files.join(" ")));
    let store = format!("{}/{STORE_DIR}", state.home);
    let parts =
        (0..MOST_PARTS).flat_map(|part| ["cipher", "rand"].map(|kind| format!("{store}/{kind}/key_{part}")));
    let outer = ["/cipher", "/rand", ""].map(|name| format!("{store}{name}"));
    let folders = parts.chain(outer).chain([format!("{tools}/bin"), tools]);
    let made = made(state).into_iter().filter(|path| *path != state.home);
    let folders: Vec<String> = folders.chain(made).map(|path| sh_quote(&path)).collect();
    // What somebody else has put there stays, and so does a file.
    taking.after.push(format!(
        "for gs_dir in {}; do [ ! -d \"$gs_dir\" ] || rmdir \"$gs_dir\" 2>/dev/null; done",
        folders.join(" ")
    ));
}
