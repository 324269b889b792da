//! Carries a treatment out: journaled on every node, looked at again, kept or undone.

use futures_util::future::join_all;
use tokio::sync::watch;

use super::treat::Kit;
use super::{Examined, NodeTreatment, Options, Since, Treatment, look};
use crate::apply::Worksite;
use crate::change::{NodeFailure, NodeTrouble, NotKept, Party, Policy, Stop, Transaction, Undone};
use crate::check::{self, CheckError, enter};
use crate::diagnose::Case;
use crate::enter::{Passwords, Question};
use crate::event::{Event, Observer};
use crate::fleet::{HoldError, Visited, hold, visit, worksite};
use crate::inventory::{NodeMap, NodeSpec};
use crate::observe;
use crate::probe::{PairState, TrustMatrix};
use crate::secret::Secret;

/// Why nothing was healed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HealError {
    /// Another run is at work on these nodes. Nothing was changed.
    #[error("another run is at work")]
    Busy(Vec<NodeSpec>),
    /// The cluster could not be looked at again, so all was undone.
    #[error("the cluster cannot be looked at: {0}")]
    Blind(CheckError, Undone),
    /// Nodes that gave up meanwhile; all was undone.
    #[error("nodes failed")]
    Failed {
        /// The nodes that failed.
        nodes: Vec<NodeFailure>,
        /// How all were put back.
        undone: Undone,
    },
    /// Pairs that worked before did not any more, so all was undone.
    #[error("pairs that worked do not any more")]
    Worse {
        /// How many pairs.
        pairs: usize,
        /// How all were put back.
        undone: Undone,
    },
    /// It was seen to help, and these nodes did not say in the end that they keep it; all others do.
    #[error("nodes did not answer in the end")]
    Undecided(Vec<NodeFailure>),
    /// The user stopped it; all was undone.
    #[error("interrupted and undone")]
    Interrupted(Undone),
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
}

impl Patient<'_> {
    fn failure(&self, trouble: impl Into<NodeTrouble>) -> NodeFailure {
        NodeFailure { node: self.spec, trouble: trouble.into() }
    }
}

/// Why the cluster is not seen to be better.
enum Doubt {
    Blind(CheckError),
    Worse(usize),
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
    let (patients, mut failed) = open(options, &examined, treatment, observer).await?;
    let parties: Vec<Party<'_>> = patients.iter().map(party).collect();
    let transaction = Transaction::new(&parties, Policy::EachForItself, options.check.limits, observer);
    let (case, visited) = (examined.case, examined.visited);
    let act = async |party: &Party<'_>| {
        let patient = patients.iter().find(|patient| patient.spec == party.spec);
        match patient {
            Some(patient) => treat_one(&case, &treatment.kit, patient).await,
            None => Ok(()),
        }
    };
    observer.event(&Event::Applying);
    let prove = async || {
        observer.event(&Event::Applied);
        let since = Since::now();
        let visited = reenter(options, visited, observer).await.map_err(Doubt::Blind)?;
        let after = look(options, visited, since, observer).await.map_err(Doubt::Blind)?;
        match worse(&before, &after.checked.matrix) {
            0 => Ok(after),
            pairs => Err(Doubt::Worse(pairs)),
        }
    };
    match transaction.run(act, prove, &mut stop).await {
        Ok((after, more)) => {
            failed.extend(more);
            Ok(Healed { after, failed })
        }
        Err(NotKept { why, undone }) => Err(match why {
            Stop::Refuted(Doubt::Blind(error)) => HealError::Blind(error, undone),
            Stop::Refuted(Doubt::Worse(pairs)) => HealError::Worse { pairs, undone },
            Stop::Failed(nodes) => HealError::Failed { nodes, undone },
            Stop::Undecided(nodes) => HealError::Undecided(nodes),
            Stop::Interrupted => HealError::Interrupted(undone),
        }),
    }
}

fn party<'a>(patient: &'a Patient<'_>) -> Party<'a> {
    let plan = patient.treatment.plan.as_ref();
    let folders = plan.map(crate::plan::NodePlan::folders).unwrap_or_default();
    // A key that is restored is the node's own or the one that it shared before: nobody gets what is new to it.
    Party::new(patient.spec, &patient.site, folders, None)
}

/// Opens and locks the nodes to be treated. Those that cannot be opened are failures of their own.
async fn open<'a>(
    options: &Options,
    examined: &Examined,
    treatment: &'a Treatment,
    observer: &dyn Observer,
) -> Result<(Vec<Patient<'a>>, Vec<NodeFailure>), HealError> {
    let opening = treatment.nodes.iter().filter_map(|node| {
        let inside = examined.visited.get(node.node)?.result.as_ref().ok()?;
        Some(async move { (node, worksite(inside, &options.check.user, options.check.limits).await) })
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
                    patients.push(Patient { spec: treatment.spec, treatment, site });
                }
            },
            Err(trouble) => failed.push(NodeFailure { node: treatment.spec, trouble: trouble.into() }),
        }
    }
    let sites: Vec<_> = patients.iter().map(|patient| (patient.spec, &patient.site)).collect();
    let recovered =
        hold(&sites, &options.check.limits, true, observer).await.map_err(|error| match error {
            HoldError::Busy(nodes) => HealError::Busy(nodes),
            HoldError::Failed(nodes) => HealError::Failed { nodes, undone: Undone::default() },
            HoldError::SamePlace(one, two) => {
                let nodes = vec![NodeFailure { node: two, trouble: NodeTrouble::SharedHome(one) }];
                HealError::Failed { nodes, undone: Undone::default() }
            }
        })?;
    let mut fit = Vec::new();
    for (patient, changed) in patients.into_iter().zip(recovered) {
        if changed {
            // What was seen there is not so any more.
            failed.push(patient.failure(NodeTrouble::Recovered));
        } else {
            fit.push(patient);
        }
    }
    Ok((fit, failed))
}

async fn treat_one(case: &Case, kit: &Kit, patient: &Patient<'_>) -> Result<(), NodeTrouble> {
    let (site, treatment) = (&patient.site, patient.treatment);
    site.run(&treatment.commands).await?;
    if treatment.parts.is_empty() {
        return Ok(());
    }
    // The commands may have changed owners and modes of the files that are written now.
    let mut state =
        observe::observe(site.shell(), patient.spec, &case.user, true, &observe::Shelf::default()).await?;
    if let Some(node) = case.node(treatment.node) {
        state.host_keys.clone_from(&node.host_keys);
    }
    let plan = kit.plan(&state, &treatment.parts)?;
    site.change(&plan, kit.keys.of(patient.spec), &kit.programs).await?;
    Ok(())
}

/// Tries again to enter the nodes that could not be entered: what was healed may have been the reason. Nobody is asked
/// for a password a second time.
async fn reenter(
    options: &Options,
    mut visited: NodeMap<Visited>,
    observer: &dyn Observer,
) -> Result<NodeMap<Visited>, CheckError> {
    let is_closed = |node| visited.iter().any(|v| v.spec == node && v.result.is_err());
    let cluster = options.check.cluster.only(is_closed);
    if cluster.nodes.is_empty() {
        return Ok(visited);
    }
    let quiet = check::Options { ask: false, ..options.check.clone() };
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
