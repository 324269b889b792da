//! TODO-keys

use super::Facts;

/// TODO-keys
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Keys {}

impl Keys {
    pub(super) fn take(_facts: Facts<'_>) -> Self {
        Self {}
    }
}
