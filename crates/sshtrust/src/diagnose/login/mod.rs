//! Rules about the account: who may log in, and what the shell does then.

mod account;
mod edit;
mod keys;
mod outside;
mod patterns;
mod settings;
mod shell;
mod tools;

#[cfg(test)]
mod tests;

use super::{Case, Finding};

pub(super) use edit::reload;

/// The findings of this family.
pub(super) fn find(case: &Case) -> Vec<Finding> {
    let rules = [settings::find, account::find, shell::find, outside::find, tools::find];
    rules.iter().flat_map(|rule| rule(case)).collect()
}
