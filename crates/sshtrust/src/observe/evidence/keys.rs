//! Keys, host keys and agents.

use sshfiles::PublicKey;

use super::Facts;

/// Keys, host keys and agents of a node.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Keys {
    /// The host keys that stand in the machine's own files.
    pub host_keys: Vec<PublicKey>,
}

impl Keys {
    pub(super) fn take(facts: Facts<'_>) -> Self {
        let host_keys = facts.lines("keys-host").iter().filter_map(|line| line.parse().ok()).collect();
        Self { host_keys }
    }
}
