//! The locks of many nodes.

use std::time::Duration;

use futures_util::future::join_all;

use super::Worksite;
use crate::inventory::NodeSpec;
use crate::node::NodeError;

/// Why not all nodes could be locked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LockError {
    /// Another run is at work on these.
    #[error("another run is at work")]
    Busy(Vec<NodeSpec>),
    /// These did not answer.
    #[error("nodes cannot be locked")]
    Failed(Vec<(NodeSpec, NodeError)>),
}

/// Takes the locks of all nodes, or of none: two runs that each hold half would wait for ever. `patience`: how long to wait
/// for another run; `writes`: else nothing at all is written.
///
/// # Errors
/// [`LockError`].
pub async fn lock_all(
    sites: &[(NodeSpec, &Worksite)],
    patience: Duration,
    writes: bool,
) -> Result<(), LockError> {
    let deadline = tokio::time::Instant::now() + patience;
    // Two runs that give way to each other must not do so in step.
    let mut pause = Duration::from_millis(100 + u64::from(std::process::id() % 200));
    loop {
        let taken =
            join_all(sites.iter().map(|(_, site)| async {
                if writes { site.lock().await } else { site.lock_to_look().await }
            }))
            .await;
        let (mut busy, mut failed) = (Vec::new(), Vec::new());
        for ((node, _), taken) in sites.iter().zip(taken) {
            match taken {
                Ok(true) => {}
                Ok(false) => busy.push(*node),
                Err(error) => failed.push((*node, error)),
            }
        }
        if !failed.is_empty() {
            return Err(LockError::Failed(failed));
        }
        if busy.is_empty() {
            return Ok(());
        }
        // A node that cannot be unlocked is lost; the next round says so.
        join_all(sites.iter().map(|(_, site)| site.unlock())).await;
        if tokio::time::Instant::now() + pause > deadline {
            return Err(LockError::Busy(busy));
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 3 / 2).min(Duration::from_secs(2));
    }
}
