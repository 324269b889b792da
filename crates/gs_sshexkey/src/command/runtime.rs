//! What commands that work on many nodes share: the runtime and the signals.

use sshtrust::fleet::let_go;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use super::job_control;
use crate::errors::Report;
use crate::prompt;

/// Works on the nodes to the end, and leaves the terminal as it was.
pub(super) fn complete<T>(work: impl Future<Output = T>) -> Result<T, Report> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|e| Report::other(&format!("The program cannot start: {e}")))?;
    let result = runtime.block_on(async {
        let result = work.await;
        let_go().await;
        result
    });
    prompt::restore();
    // A thread that still waits for an answer at the terminal must not hold up the end.
    runtime.shutdown_background();
    Ok(result)
}

/// Becomes true when a signal asks for the end. Must be called within the runtime.
pub(super) fn stop_on_signals() -> watch::Receiver<bool> {
    let (stop, stopped) = watch::channel(false);
    job_control::follow();
    let kinds = [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup(), SignalKind::quit()];
    for kind in kinds {
        let stop = stop.clone();
        // Without a handler the signal ends the program, and the nodes undo by themselves.
        let Ok(mut signals) = signal(kind) else { continue };
        tokio::spawn(async move {
            while signals.recv().await.is_some() {
                let _ = stop.send(true);
            }
        });
    }
    // Nobody may be left to tell; the receiver must not take that for a signal.
    tokio::spawn(async move { stop.closed().await });
    stopped
}
