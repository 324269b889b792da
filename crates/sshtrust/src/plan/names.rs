//! Host names that can go into files.

use std::collections::HashMap;

use crate::inventory::is_host_name;
use crate::observe::NodeState;
use crate::text::printable;

/// Host names that cannot be mapped.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NamesError {
    /// A name that would break or shadow something.
    #[error("the host name \"{0}\" cannot be mapped")]
    Invalid(String),
    /// Two nodes say the same name: a cloned machine, mostly.
    #[error("the host name {0} is used by more than one node")]
    Duplicate(String),
}

/// The name of each node, or what is wrong with it.
#[must_use]
pub fn node_names<'a>(
    states: impl Iterator<Item = &'a NodeState> + Clone,
) -> Vec<Result<String, NamesError>> {
    let mut count: HashMap<String, usize> = HashMap::new();
    for state in states.clone() {
        *count.entry(state.hostname.to_ascii_lowercase()).or_default() += 1;
    }
    let judge = |state: &NodeState| {
        let name = &state.hostname;
        if !is_host_name(name) {
            return Err(NamesError::Invalid(printable(name.as_bytes())));
        }
        match count.get(&name.to_ascii_lowercase()) {
            Some(0 | 1) | None => Ok(name.clone()),
            Some(_) => Err(NamesError::Duplicate(name.clone())),
        }
    };
    states.map(judge).collect()
}
