//! TODO-rights

use super::Facts;

/// TODO-rights
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rights {}

impl Rights {
    pub(super) fn take(_facts: Facts<'_>) -> Self {
        Self {}
    }
}
