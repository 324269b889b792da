//! Rules about the machine: disk, names, clock, libraries, who it is.

mod clock;
mod disk;
mod identity;
mod libraries;
mod members;
mod names;

#[cfg(test)]
mod members_tests;
#[cfg(test)]
mod tests;

use super::{Case, Finding};

/// The findings of this family.
pub(super) fn find(case: &Case) -> Vec<Finding> {
    let rules = [disk::find, identity::find, names::find, libraries::find, clock::find, members::find];
    rules.iter().flat_map(|rule| rule(case)).collect()
}
