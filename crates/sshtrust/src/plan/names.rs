//! Host names that can go into files.

use std::collections::HashMap;

use crate::inventory::is_host_name;
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

/// The name of each node as `uname -n` tells it, or what is wrong with it.
#[must_use]
pub fn node_names<'a>(hostnames: impl Iterator<Item = &'a str> + Clone) -> Vec<Result<String, NamesError>> {
    let mut count: HashMap<String, usize> = HashMap::new();
    for name in hostnames.clone() {
        *count.entry(name.to_ascii_lowercase()).or_default() += 1;
    }
    let judge = |name: &str| {
        if !is_host_name(name) {
            return Err(NamesError::Invalid(printable(name.as_bytes())));
        }
        match count.get(&name.to_ascii_lowercase()) {
            Some(0 | 1) | None => Ok(name.to_owned()),
            Some(_) => Err(NamesError::Duplicate(name.to_owned())),
        }
    };
    hostnames.map(judge).collect()
}
