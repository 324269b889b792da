//! Folders that two nodes share, by whatever file system: each leaves a mark in its own, and looks for those of the others.

use futures_util::future::join_all;

use super::{NodeFailure, NodeTrouble, Stop, Transaction};
use crate::apply::ApplyError;
use crate::text::printable;

impl Transaction<'_> {
    /// Sees to it that no folder which is about to be written into is another node's too.
    pub(super) async fn distinct_folders<R>(&self) -> Result<Vec<NodeFailure>, Stop<R>> {
        if self.begun().filter(|party| !party.folders.is_empty()).count() < 2 {
            return Ok(Vec::new());
        }
        let claiming = self.begun().map(|party| async move {
            party.site.claim(&party.folders).await.map_err(|e| (party, NodeTrouble::from(e)))
        });
        let results = join_all(claiming).await;
        let mut failed = self.judge(results).await?;
        let looking = self.begun().map(|party| async move {
            let found = party.site.rivals(&party.folders).await.map_err(|e| (party, NodeTrouble::from(e)))?;
            let shared = found.into_iter().find_map(|(mark, folder)| {
                let other = self.parties.iter().find(|other| other.site.mark() == mark)?.spec;
                Some(ApplyError::SharedFolder { folder: printable(folder.as_bytes()), other })
            });
            shared.map_or(Ok(()), |shared| Err((party, shared.into())))
        });
        let results = join_all(looking).await;
        failed.extend(self.judge(results).await?);
        Ok(failed)
    }
}
