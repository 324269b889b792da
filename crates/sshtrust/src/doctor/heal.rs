//! Carries a treatment out: journaled on every node, looked at again, kept or undone.

use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::future::join_all;
use tokio::sync::{Semaphore, watch};

use super::treat::Kit;
use super::{Examined, NodeTreatment, Options, Treatment, look};
use crate::apply::{LockError, RENEWAL, Worksite, lock_all};
use crate::check::{self, CheckError, Inside, Visited, enter, visit};
use crate::enter::{Passwords, Question};
use crate::event::{Event, Observer};
use crate::inventory::{Cluster, NodeSpec};
use crate::observe;
use crate::probe::{PairState, TrustMatrix};
use crate::secret::Secret;
use crate::setup::{NodeFailure, NodeTrouble};

/// Most nodes that are changed at a time.
const CHANGING_AT_ONCE: usize = 16;

/// Why nothing was healed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HealError {
    /// Another run is at work on these nodes. Nothing was changed.
    #[error("another run is at work")]
    Busy(Vec<NodeSpec>),
    /// The cluster could not be looked at again, so all was undone but on these nodes.
    #[error("the cluster cannot be looked at: {0}")]
    Blind(CheckError, Vec<NodeFailure>),
    /// Nodes that gave up meanwhile; all was undone but on `stuck`.
    #[error("nodes failed")]
    Failed {
        /// The nodes that failed.
        nodes: Vec<NodeFailure>,
        /// The nodes that could not be put back.
        stuck: Vec<NodeFailure>,
    },
    /// Pairs that worked before did not any more, so all was undone but on `stuck`.
    #[error("pairs that worked do not any more")]
    Worse {
        /// How many pairs.
        pairs: usize,
        /// The nodes that could not be put back.
        stuck: Vec<NodeFailure>,
    },
    /// The user stopped it; all was undone but on these nodes.
    #[error("interrupted and undone")]
    Interrupted(Vec<NodeFailure>),
}

/// How it ended.
pub struct Healed {
    /// The cluster as it is now.
    pub after: Examined,
    /// Nodes whose treatment failed; each was put back as it was, or says that it was not.
    pub failed: Vec<NodeFailure>,
}

/// A node under treatment.
struct Patient<'a> {
    spec: NodeSpec,
    treatment: &'a NodeTreatment,
    site: Worksite,
    /// Its journal was begun, and it has not been put back: from then on it waits for signs of life.
    changed: AtomicBool,
}

impl Patient<'_> {
    fn is_changed(&self) -> bool {
        self.changed.load(Ordering::Relaxed)
    }

    fn failure(&self, trouble: impl Into<NodeTrouble>) -> NodeFailure {
        NodeFailure { node: self.spec, trouble: trouble.into() }
    }
}

/// Why the work stopped.
enum Stop {
    Blind(CheckError),
    GaveUp(Vec<NodeFailure>),
    Worse(usize),
    Interrupted,
}

/// Carries it out and looks again. When `stop` becomes true, all is undone.
///
/// # Errors
/// [`HealError`].
pub async fn heal(
    options: &Options,
    examined: Examined,
    treatment: &Treatment,
    observer: &dyn Observer,
    mut stop: watch::Receiver<bool>,
) -> Result<Healed, HealError> {
    let before = examined.checked.matrix.clone();
    let (patients, mut failed) = open(&examined, treatment, observer).await?;
    let work = async {
        failed.extend(treat_all(&examined, &treatment.kit, &patients, observer).await);
        observer.event(&Event::Applied);
        let visited = reenter(options, examined.visited, observer).await.map_err(Stop::Blind)?;
        look(options, visited, observer).await.map_err(Stop::Blind)
    };
    let result = tokio::select! {
        after = work => after,
        failures = keep_alive(&patients) => Err(Stop::GaveUp(failures)),
        _ = stop.wait_for(|stop| *stop) => Err(Stop::Interrupted),
    };
    let result = result.and_then(|after| match worse(&before, &after.checked.matrix) {
        0 => Ok(after),
        pairs => Err(Stop::Worse(pairs)),
    });
    // From here on the user's Ctrl-C waits: a change is kept by all or by none.
    let result = match result {
        Ok(after) => keep(&patients, observer).await.map(|()| after).map_err(Stop::GaveUp),
        Err(stop) => Err(stop),
    };
    match result {
        Ok(after) => Ok(Healed { after, failed }),
        Err(why) => {
            let stuck = undo(&patients, observer).await;
            Err(match why {
                Stop::Blind(error) => HealError::Blind(error, stuck),
                Stop::GaveUp(nodes) => HealError::Failed { nodes, stuck },
                Stop::Worse(pairs) => HealError::Worse { pairs, stuck },
                Stop::Interrupted => HealError::Interrupted(stuck),
            })
        }
    }
}

/// Opens and locks the nodes to be treated. Those that cannot be opened are failures of their own.
async fn open<'a>(
    examined: &Examined,
    treatment: &'a Treatment,
    observer: &dyn Observer,
) -> Result<(Vec<Patient<'a>>, Vec<NodeFailure>), HealError> {
    let opening = treatment.nodes.iter().filter_map(|node| {
        let inside = examined.visited.get(node.node)?.result.as_ref().ok()?;
        Some(async move { (node, worksite(inside, &examined.case.user).await) })
    });
    let (mut patients, mut failed): (Vec<Patient<'a>>, Vec<NodeFailure>) = (Vec::new(), Vec::new());
    for (treatment, opened) in join_all(opening).await {
        match opened {
            Ok(site) => match patients.iter().find(|known| known.site.place() == site.place()) {
                // They would wait for each other's lock.
                Some(known) => {
                    let trouble = NodeTrouble::SharedHome(known.spec);
                    failed.push(NodeFailure { node: treatment.spec, trouble });
                }
                None => {
                    let (spec, changed) = (treatment.spec, AtomicBool::new(false));
                    patients.push(Patient { spec, treatment, site, changed });
                }
            },
            Err(trouble) => failed.push(NodeFailure { node: treatment.spec, trouble }),
        }
    }
    let sites: Vec<_> = patients.iter().map(|patient| (patient.spec, &patient.site)).collect();
    match lock_all(&sites).await {
        Ok(()) => {}
        Err(LockError::Busy(nodes)) => return Err(HealError::Busy(nodes)),
        Err(LockError::Failed(nodes)) => {
            let failure =
                |(node, error): (_, crate::node::NodeError)| NodeFailure { node, trouble: error.into() };
            let nodes = nodes.into_iter().map(failure).collect();
            return Err(HealError::Failed { nodes, stuck: Vec::new() });
        }
    }
    let recovered = join_all(patients.iter().map(|patient| patient.site.recover())).await;
    let mut fit = Vec::new();
    for (patient, recovered) in patients.into_iter().zip(recovered) {
        match recovered {
            Ok(false) => fit.push(patient),
            // What was seen there is not so any more.
            Ok(true) => {
                observer.event(&Event::Recovered(patient.spec));
                failed.push(patient.failure(NodeTrouble::Recovered));
            }
            Err(error) => failed.push(patient.failure(error)),
        }
    }
    Ok((fit, failed))
}

/// A shell of its own, so that the other one is free for the probe; the same where sshd allows only one (MaxSessions).
async fn worksite(inside: &Inside, user: &str) -> Result<Worksite, NodeTrouble> {
    let shell = inside.entered.shell().await.unwrap_or_else(|_| inside.shell.clone());
    Ok(Worksite::open(shell, user).await?)
}

/// Treats all nodes; one that fails is put back at once and holds up no other. The failures.
async fn treat_all(
    examined: &Examined,
    kit: &Kit,
    patients: &[Patient<'_>],
    observer: &dyn Observer,
) -> Vec<NodeFailure> {
    observer.event(&Event::Applying);
    let gate = &Semaphore::new(CHANGING_AT_ONCE);
    let treating = patients.iter().map(|patient| async move {
        let _slot = gate.acquire().await;
        let Err(trouble) = treat_one(examined, kit, patient).await else { return Vec::new() };
        patient.changed.store(false, Ordering::Relaxed);
        let mut failures = vec![patient.failure(trouble)];
        // Once more: the first try may have met the very trouble.
        match patient.site.undo().await.or(patient.site.undo().await) {
            Ok(()) => observer.event(&Event::Undone(patient.spec)),
            Err(error) => failures.push(patient.failure(error)),
        }
        failures
    });
    join_all(treating).await.concat()
}

async fn treat_one(examined: &Examined, kit: &Kit, patient: &Patient<'_>) -> Result<(), NodeTrouble> {
    let (site, treatment) = (&patient.site, patient.treatment);
    // Before, because a journal may be begun and the answer lost.
    patient.changed.store(true, Ordering::Relaxed);
    site.begin().await?;
    site.run(&treatment.commands).await?;
    if treatment.parts.is_empty() {
        return Ok(());
    }
    // The commands may have changed owners and modes of the files that are written now.
    let mut state = observe::observe(site.shell(), patient.spec, &examined.case.user, true).await?;
    if let Some(node) = examined.case.node(treatment.node) {
        state.host_keys.clone_from(&node.host_keys);
    }
    let plan = kit.plan(&state, &treatment.parts)?;
    site.change(&plan, &kit.identity).await?;
    Ok(())
}

/// Tries again to enter the nodes that could not be entered: what was healed may have been the reason. Nobody is asked
/// for a password a second time.
async fn reenter(
    options: &Options,
    mut visited: Vec<Visited>,
    observer: &dyn Observer,
) -> Result<Vec<Visited>, CheckError> {
    let closed: Vec<NodeSpec> = visited.iter().filter(|v| v.result.is_err()).map(|v| v.spec).collect();
    if closed.is_empty() {
        return Ok(visited);
    }
    let quiet = check::Options { ask: false, ..options.check.clone() };
    let names = vec![None; closed.len()];
    let cluster = Cluster { nodes: closed, names };
    for entry in enter(&quiet, &cluster, &[], &mut Nobody, observer).await? {
        let again = visit(entry).await;
        let place = visited.iter_mut().find(|visited| visited.spec == again.spec);
        if let (Some(place), true) = (place, again.result.is_ok()) {
            *place = again;
        }
    }
    Ok(visited)
}

/// Answers no question.
struct Nobody;

impl Passwords for Nobody {
    async fn ask(&mut self, _question: Question) -> Result<Secret, String> {
        Err("nobody is asked again".to_owned())
    }
}

/// How many pairs worked and were seen not to any more.
fn worse(before: &TrustMatrix, after: &TrustMatrix) -> usize {
    let lost = before.iter().filter(|(from, to, by, pair)| {
        let now = after.get(*from, *to, *by);
        pair.state.is_good() && now.is_some_and(|now| now.state == PairState::Broken)
    });
    lost.count()
}

/// Tells the nodes that are changed again and again that the coordinator lives. Ends only if one has given up.
async fn keep_alive(patients: &[Patient<'_>]) -> Vec<NodeFailure> {
    loop {
        tokio::time::sleep(RENEWAL).await;
        let changed = patients.iter().filter(|patient| patient.is_changed());
        let renewed = join_all(changed.map(|patient| async {
            // One that failed meanwhile says so itself.
            let renewed = patient.site.renew().await;
            renewed.or_else(|e| if patient.is_changed() { Err(patient.failure(e)) } else { Ok(()) })
        }));
        let failed: Vec<_> = renewed.await.into_iter().filter_map(Result::err).collect();
        if !failed.is_empty() {
            return failed;
        }
    }
}

/// Keeps the change in two halves: only when all nodes are prepared is anything thrown away.
async fn keep(patients: &[Patient<'_>], observer: &dyn Observer) -> Result<(), Vec<NodeFailure>> {
    let patients: Vec<&Patient<'_>> = patients.iter().filter(|patient| patient.is_changed()).collect();
    let preparing = join_all(
        patients.iter().map(|patient| async { patient.site.prepare().await.map_err(|e| patient.failure(e)) }),
    );
    let failed: Vec<_> = preparing.await.into_iter().filter_map(Result::err).collect();
    if !failed.is_empty() {
        return Err(failed);
    }
    for (patient, result) in
        patients.iter().zip(join_all(patients.iter().map(|patient| patient.site.commit())).await)
    {
        if let Err(error) = result {
            observer.event(&Event::Warning { node: patient.spec, text: error.to_string() });
        }
    }
    Ok(())
}

/// Puts every node back. Returns those where that could not be seen to happen.
async fn undo(patients: &[Patient<'_>], observer: &dyn Observer) -> Vec<NodeFailure> {
    observer.event(&Event::Undoing);
    let undoing = patients.iter().map(|patient| async {
        let undone = patient.site.undo().await;
        if undone.is_ok() {
            observer.event(&Event::Undone(patient.spec));
        }
        undone.map_err(|e| patient.failure(e))
    });
    join_all(undoing).await.into_iter().filter_map(Result::err).collect()
}
