//! TODO-service

use super::Facts;

/// TODO-service
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Service {}

impl Service {
    pub(super) fn take(_facts: Facts<'_>) -> Self {
        Self {}
    }
}
