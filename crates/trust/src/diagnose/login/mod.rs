//! Rules about the account: who may log in, and what the shell does then.

mod account;
mod commands;
mod edit;
mod factors;
mod keys;
mod outside;
mod patterns;
mod profile;
mod settings;
mod shell;
mod tools;

#[cfg(test)]
mod tests;

use super::{Case, Finding};
use crate::inventory::NodeIx;

pub(super) use edit::{add_for_user, reload, replace};

/// The findings of this family.
pub(super) fn find(case: &Case) -> Vec<Finding> {
    let rules = [settings::find, factors::find, account::find, shell::find, tools::find];
    let mut findings: Vec<Finding> = rules.iter().flat_map(|rule| rule(case)).collect();
    // Of a node that says why it lets nobody in, it is no news that it refused the password too.
    let told: Vec<NodeIx> =
        findings.iter().filter(|finding| finding.bars).map(|finding| finding.node).collect();
    findings.extend(commands::find(case).into_iter().filter(|finding| !told.contains(&finding.node)));
    let told: Vec<NodeIx> =
        findings.iter().filter(|finding| finding.bars).map(|finding| finding.node).collect();
    findings.extend(outside::find(case).into_iter().filter(|finding| !told.contains(&finding.node)));
    findings
}
