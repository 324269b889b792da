//! The question before something is changed.

use sshtrust::check::CheckError;
use tokio::sync::watch;

use crate::errors::{self, Report};
use crate::prompt;

/// Whether the user agrees. A signal is a no that ends the run.
///
/// # Errors
/// Nobody is there to be asked, or a signal came. Nothing was changed.
pub(super) async fn agreed(question: String, mut stop: watch::Receiver<bool>) -> Result<bool, Report> {
    let asking = tokio::task::spawn_blocking(move || prompt::agrees(&question));
    let answer = tokio::select! {
        answer = asking => answer.map_err(|e| e.to_string()).and_then(|answer| answer),
        _ = stop.wait_for(|stop| *stop) => return Err(errors::check(&CheckError::Interrupted)),
    };
    answer.map_err(|why| {
        Report::other(&format!("Nobody agreed to the changes: {why}. Nothing was changed."))
            .cure("Read the plan above, then add --yes.")
    })
}
