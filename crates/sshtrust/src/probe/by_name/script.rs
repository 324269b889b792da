//! The request that asks a caller what decides its calls by name.

use std::fmt::Write;

use trust::probe::by_name::Files;

use super::Callee;
use crate::limits::Limits;
use crate::probe::script::SSH;
use crate::text::sh_quote;

const NAMES: &str = include_str!("names.sh");

/// The script for a caller: the nodes by number, address and name, and the files that it need not send. It may take as long
/// as a call; what it has not told by then is called. 1,000 names take about 7 seconds.
pub(super) fn script(callees: &[Callee<'_>], known: &Files, limits: &Limits) -> String {
    script_with(SSH, limits.call.as_secs(), callees, known)
}

/// The same, with words for `ssh`. It runs in a process of its own that can be ended, because a command of the user's
/// configuration may hang.
pub(super) fn script_with(ssh: &str, seconds: u64, callees: &[Callee<'_>], known: &Files) -> String {
    let digests: Vec<&str> = known.keys().map(String::as_str).collect();
    let mut script = format!(
        "ulimit -v 262144 2>/dev/null\ntimeout 5 true 2>/dev/null || exit 0\ntimeout {seconds} sh -c {} names {} {}",
        sh_quote(NAMES),
        sh_quote(ssh),
        sh_quote(&digests.join(" "))
    );
    for (node, address, name) in callees {
        // Writing to a String cannot fail.
        let _ = write!(script, " {}", sh_quote(&format!("{}/{address}/{name}", node.get())));
    }
    script.push_str(" 2>/dev/null");
    script
}
