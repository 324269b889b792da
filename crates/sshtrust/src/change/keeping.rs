//! The two halves of keeping a change, and undoing it.

use std::sync::atomic::Ordering;

use futures_util::future::join_all;

use super::{NodeFailure, Party, Policy, Stop, Transaction, Undone};
use crate::apply::{ApplyError, Committed, Late};
use crate::event::Event;

impl Transaction<'_> {
    /// Every node votes. Until the last one has, all can still be undone.
    pub(super) async fn prepare(&self) -> Result<(), Vec<NodeFailure>> {
        self.observer.event(&Event::Preparing);
        let preparing = self.begun().map(|party| async move {
            let prepared = party.site.prepare().await;
            if prepared.is_ok() {
                self.observer.event(&Event::Prepared(party.spec));
            }
            prepared.map_err(|e| party.failure(e))
        });
        let failed: Vec<_> = join_all(preparing).await.into_iter().filter_map(Result::err).collect();
        if failed.is_empty() { Ok(()) } else { Err(failed) }
    }

    /// The decider first: what it has on its disk holds. Then all others.
    pub(super) async fn decide<R>(&self) -> Result<(), Stop<R>> {
        let decider = match self.policy {
            Policy::AllOrNothing { decider } => self.parties.get(decider),
            Policy::AllAlone | Policy::EachForItself => None,
        };
        if let Some(decider) = decider {
            match decider.site.commit().await {
                Ok(committed) => self.committed(decider, &committed),
                Err(error @ ApplyError::GaveUp) => return Err(Stop::Failed(vec![decider.failure(error)])),
                // It may have heard it. The others will ask it.
                Err(error) => return Err(Stop::Undecided(vec![decider.failure(error)])),
            }
        }
        let others =
            self.begun().filter(|party| !decider.is_some_and(|decider| std::ptr::eq(decider, *party)));
        let committing = others.map(|party| async move {
            let committed = party.site.commit().await;
            committed.map(|committed| self.committed(party, &committed)).map_err(|e| party.failure(e))
        });
        let failed: Vec<_> = join_all(committing).await.into_iter().filter_map(Result::err).collect();
        if failed.is_empty() { Ok(()) } else { Err(Stop::Undecided(failed)) }
    }

    fn committed(&self, party: &Party<'_>, committed: &Committed) {
        party.begun.store(false, Ordering::Relaxed);
        self.observer.event(&Event::Committed(party.spec));
        let tell = |text: String| self.observer.event(&Event::Notice { node: party.spec, text });
        if !committed.durable {
            tell("the change stands, but is perhaps not on its disk yet".to_owned());
        }
        for late in &committed.late {
            tell(match late {
                Late::Carried(path) => {
                    format!("{path} was written to while it was replaced; what was added is in it")
                }
                Late::Saved(path) => {
                    format!(
                        "a file was changed while it was replaced; what somebody else wrote stands in {path}"
                    )
                }
            });
        }
    }

    /// Puts every node back.
    pub(super) async fn undo(&self) -> Undone {
        self.observer.event(&Event::Undoing);
        let undoing = self.begun().map(|party| async move { (party, party.site.undo().await) });
        let mut undone = Undone::default();
        for (party, result) in join_all(undoing).await {
            if let Some(mode) = party.gets_key.filter(|_| party.acted.load(Ordering::Relaxed)) {
                undone.keyed.push((party.spec, mode));
            }
            match result {
                Ok(remnants) => {
                    self.observer.event(&Event::Undone(party.spec));
                    undone.remnants.extend(remnants.into_iter().map(|remnant| (party.spec, remnant)));
                }
                Err(error) => undone.stuck.push(party.failure(error)),
            }
        }
        undone
    }
}
