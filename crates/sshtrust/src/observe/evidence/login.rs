//! TODO-login

use super::Facts;

/// TODO-login
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Login {}

impl Login {
    pub(super) fn take(_facts: Facts<'_>) -> Self {
        Self {}
    }
}
