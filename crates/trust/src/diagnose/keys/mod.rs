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

#[cfg(test)]
mod tests;
