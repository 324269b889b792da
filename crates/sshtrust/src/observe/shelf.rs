//! The files of many nodes, read once: a node says by a digest what it has, and only the first that has it sends it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::join_all;
use tokio::sync::Mutex as Turn;
use tokio::time::timeout;

use trust::observe::{Contents, Entry, FileBytes, Frames, ObserveError, Promise};

use super::{read, whole};
use crate::node::Shell;

/// So much of one file all nodes together may send at once, in bytes. A small cluster is read in one round trip; in a large
/// one what is large comes from one node.
const AT_ONCE: usize = 4 << 20;
/// The least that comes at once of each node: a digest saves nothing there.
const LEAST: usize = 4 << 10;
/// How long a node waits for another one that has the same content and is asked for it. Then it is asked itself.
const PATIENCE: Duration = Duration::from_secs(5);

/// What was read from the nodes of a run. Every distinct content is held once.
#[derive(Debug, Default)]
pub struct Shelf {
    /// Larger files are told by their digest first; `None`: all files come at once.
    at_once: Option<usize>,
    held: Mutex<Contents>,
    fetched: Mutex<HashMap<Promise, Slot>>,
}

/// A content that was promised, when it has come. Whoever holds the lock fetches it.
type Slot = Arc<Turn<Option<FileBytes>>>;

impl Shelf {
    /// For a run over so many nodes.
    #[must_use]
    pub fn for_nodes(count: usize) -> Self {
        let share = AT_ONCE.checked_div(count).unwrap_or(AT_ONCE);
        Self { at_once: (count > 1).then(|| share.max(LEAST)), ..Self::default() }
    }

    /// For nodes that send at once no files that are larger.
    #[must_use]
    pub fn with_at_once(bytes: usize) -> Self {
        Self { at_once: Some(bytes), ..Self::default() }
    }

    /// How many different contents it holds.
    #[must_use]
    pub fn len(&self) -> usize {
        self.held.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Whether it holds none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What the script has to know.
    pub(super) fn head(&self) -> String {
        self.at_once.map(|bytes| format!("gs_at_once={bytes}\n")).unwrap_or_default()
    }

    /// Brings the contents that a node only promised, and has all of them held once.
    pub(super) async fn complete(&self, shell: &Shell, frames: &mut Frames<'_>) -> Result<(), ObserveError> {
        let promised = frames.promised();
        let bringing = promised.iter().map(|(_, path, promise)| self.bring(shell, path, promise));
        let brought = join_all(bringing).await;
        for ((id, ..), brought) in promised.iter().zip(brought) {
            match brought? {
                Brought::Kept(bytes) => frames.keep(id, &bytes),
                Brought::Changed(now) => frames.replace(id, now),
            }
        }
        frames.share(&mut self.held.lock().unwrap_or_else(PoisonError::into_inner));
        Ok(())
    }

    /// The promised content, from the shelf or else from this node. One that breaks its promise has it for itself: others
    /// are asked for theirs.
    async fn bring(&self, shell: &Shell, path: &str, promise: &Promise) -> Result<Brought, ObserveError> {
        let slot = if promise.can_be_kept() { self.slot(promise) } else { Slot::default() };
        // One that hangs must not hold up all others, one after the other.
        let mut turn = timeout(PATIENCE, slot.lock()).await.ok();
        if let Some(bytes) = turn.as_deref().and_then(Option::as_ref) {
            return Ok(Brought::Kept(bytes.clone()));
        }
        let now = self::now(shell, path).await?;
        if !promise.is_kept_by(&now.bytes) {
            return Ok(Brought::Changed(now));
        }
        let bytes = self.held.lock().unwrap_or_else(PoisonError::into_inner).hold(&now.bytes);
        if let Some(slot) = turn.as_deref_mut() {
            *slot = Some(bytes.clone());
        }
        Ok(Brought::Kept(bytes))
    }

    fn slot(&self, promise: &Promise) -> Slot {
        let mut fetched = self.fetched.lock().unwrap_or_else(PoisonError::into_inner);
        fetched.entry(promise.clone()).or_default().clone()
    }
}

/// What came of a promise.
enum Brought {
    Kept(FileBytes),
    /// The file has become another one meanwhile.
    Changed(Entry),
}

/// A file with all its bytes, as it is now.
async fn now(shell: &Shell, path: &str) -> Result<Entry, ObserveError> {
    let (token, output) = read(shell, whole(path)).await?;
    Frames::parse(&output, &token).into_entries().remove("again").ok_or(ObserveError::Incomplete("file"))
}
