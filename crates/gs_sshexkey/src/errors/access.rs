//! Why nothing can be said of who can get in.

use sshtrust::check::CheckError;

use super::{Report, check};

/// The screen of an error.
pub(crate) fn access(error: &CheckError) -> Report {
    match error {
        CheckError::NoNodeEntered(nodes) => {
            check::no_entry("No node can be read, so nothing can be said of its keys.", nodes)
        }
        error => check::check(error),
    }
}
