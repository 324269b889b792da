//! What commands that work on many nodes share: the runtime and the signals.

use tokio::runtime::Runtime;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use crate::errors::Report;

/// The runtime for the connections.
pub(super) fn start() -> Result<Runtime, Report> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|e| Report::other(&format!("The program cannot start: {e}")))
}

/// Becomes true when a signal asks for the end. Must be called within the runtime.
pub(super) fn stop_on_signals() -> watch::Receiver<bool> {
    let (stop, stopped) = watch::channel(false);
    for kind in [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()] {
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
