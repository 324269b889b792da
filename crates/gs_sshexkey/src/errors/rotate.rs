//! Why keys were not replaced.

use sshtrust::operation::RotateError;
use sshtrust::setup::SetupError;

use super::{NOT_DONE, Report, explain};

/// The screen of an error, with the exit status: a node that cannot be entered means that it is not done; what could not be
/// tried at all has another.
pub(crate) fn rotate(error: &RotateError) -> Report {
    match error {
        RotateError::NoTrust => {
            Report::other("There is no trust on these nodes: there is no key to replace.")
                .cure("Set trust up first: gs_sshexkey -f HOSTFILE. Nothing was changed.")
        }
        RotateError::Leaving(error) => super::revoke(error).exit(NOT_DONE),
        RotateError::Setup(error) => explain(error).exit(status(error)),
    }
}

const fn status(error: &SetupError) -> u8 {
    match error {
        SetupError::Unreachable(_)
        | SetupError::WrongPassword(_)
        | SetupError::NoPassword { .. }
        | SetupError::ServesOthers(_)
        | SetupError::Failed { .. }
        | SetupError::NotTrusted { .. }
        | SetupError::Undecided(_)
        | SetupError::InterruptedAndUndone(_) => 1,
        _ => NOT_DONE,
    }
}
