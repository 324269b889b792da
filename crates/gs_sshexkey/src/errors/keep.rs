//! Why the agent of this machine could not be kept.

use sshtrust::keep::KeepError;

use super::{Report, key, node};

/// The screen of an error.
pub(crate) fn keep(error: &KeepError) -> Report {
    let text = error.to_string();
    match error {
        KeepError::NoKey(_) => {
            Report::new("50201", &text).cure("Run gs_sshexkey -f HOSTFILE on one node of the cluster.")
        }
        KeepError::Store(_) => Report::new("50204", &text)
            .cure("Run gs_sshexkey -f HOSTFILE on a node where trust works: it writes the passphrase anew."),
        KeepError::Key { .. } => Report::new("50204", &text).cure(key::CURE),
        KeepError::Node(trouble) => node::local(trouble),
        KeepError::Folder { path, .. } => Report::new("50204", &text).cure(&format!(
            "Give the user the right to it (chown, chmod 700 {path}), or make room on its disk."
        )),
        KeepError::TooLong => Report::new("51400", &text)
            .cure("See whether the machine is overloaded; the next run tries again."),
    }
}
