//! Keys, host keys, and the agent that holds the key.

mod agent;
mod bounds;
mod elsewhere;
mod granted;
mod host_keys;
mod keepalive;
mod limits;
mod never;
mod offered;
mod pairs;
mod records;

use super::{Case, Finding};
use crate::observe::Evidence;

/// The findings of this family.
pub(super) fn find(case: &Case) -> Vec<Finding> {
    let rules = [
        host_keys::find,
        bounds::find,
        pairs::find,
        agent::find,
        keepalive::find,
        elsewhere::find,
        limits::find,
    ];
    never::instead(case, rules.iter().flat_map(|rule| rule(case)).collect())
}

/// A line that lets a caller in for a command of its own alone: file, line, options.
pub(super) fn forced_line(called: &Evidence, caller: &Evidence) -> Option<(String, usize, String)> {
    let keys = offered::offered(caller);
    let is_forced = |options: &str| options.to_ascii_lowercase().contains("command=\"");
    // Another line may let the same key in from elsewhere.
    granted::files(called).into_iter().find_map(|(path, file)| {
        let mut lines = file.entries().filter(|line| keys.contains(&line.key));
        let (line, options) = lines.find_map(|entry| {
            let options = entry.options.filter(|options| is_forced(options))?;
            Some((entry.line, options))
        })?;
        Some((path, line, options))
    })
}

#[cfg(test)]
mod tests;
