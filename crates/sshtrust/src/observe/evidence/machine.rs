//! TODO-machine

use super::Facts;

/// TODO-machine
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Machine {}

impl Machine {
    pub(super) fn take(_facts: Facts<'_>) -> Self {
        Self {}
    }
}
