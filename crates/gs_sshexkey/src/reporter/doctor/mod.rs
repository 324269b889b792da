//! What `doctor` says: for people, and for programs.

mod json;
mod text;

use sshtrust::diagnose::Diagnosis;
use sshtrust::doctor::{Examined, Treatment};
use sshtrust::setup::NodeFailure;

pub(crate) use json::write as write_json;
pub(crate) use text::{write as write_text, write_plan};

/// What is told.
pub(crate) struct Told<'a> {
    /// The cluster as it is now.
    pub(crate) examined: &'a Examined,
    /// What was done before.
    pub(crate) fixed: Option<Fixed<'a>>,
    /// It is the end of `--fix`: what was found before was told already.
    pub(crate) at_the_end: bool,
}

impl<'a> Told<'a> {
    /// Only what was found.
    pub(crate) const fn found(examined: &'a Examined) -> Self {
        Self { examined, fixed: None, at_the_end: false }
    }
}

/// What `--fix` did.
pub(crate) struct Fixed<'a> {
    /// What was wrong before.
    pub(crate) before: &'a Diagnosis,
    /// What was to be done.
    pub(crate) treatment: &'a Treatment,
    /// Where it failed.
    pub(crate) failed: &'a [NodeFailure],
}
