//! Changes all nodes stage by stage; each stage is proven and kept before the next begins.

use std::sync::Mutex;

use futures_util::future::join_all;
use sshfiles::PublicKey;
use tokio::sync::watch;

use super::read::Node;
use super::{Impostor, NodeFailure, Ready, SetupError, retire};
use crate::change::{NotKept, Party, Policy, Stop, Transaction, Undone};
use crate::event::{Event, Login, Observer};
use crate::identity::IdentityKey;
use crate::inventory::{NodeMap, NodeSpec};
use crate::observe::reread;
use crate::place::Place;
use crate::plan::{Keepalive, NodePlan, Stage, bound_lines};
use crate::probe::{Prober, Proofs, Scope, TrustMatrix, other_keys, probe_what_differs};
use crate::session::SeenOtherwise;

/// One broken pair undoes the change; so many show where the fault is.
const ENOUGH_BROKEN: usize = 20;

/// How the agent of each node comes back.
type Keepalives = Vec<(NodeSpec, Keepalive)>;

/// Trust stands.
pub(crate) struct Changed {
    /// How many pairs work, and how each was proven.
    pub(crate) proofs: Proofs,
    /// Whether anything was written.
    pub(crate) changed: bool,
    /// How the agent of each node comes back.
    pub(crate) keepalive: Keepalives,
    /// The nodes where the lines of replaced keys stay.
    pub(crate) still_let_in: Vec<NodeFailure>,
}

/// Runs the second half of the pipeline.
pub(crate) async fn run(
    ready: &Ready,
    observer: &dyn Observer,
    stop: &mut watch::Receiver<bool>,
) -> Result<Changed, SetupError> {
    let mut changing = Changing { ready, observer, kept: Mutex::default() };
    let mut proofs = Proofs::default();
    observer.event(&Event::Applying);
    for stage in [Stage::Authorize, Stage::Establish] {
        match changing.stage(stage, stop).await {
            Ok(proven) => proofs += proven,
            Err(failed) => return Err(changing.give_up(stage, failed).await),
        }
    }
    // Trust stands from here on. What it replaced goes.
    let still_let_in = retire::retire(ready, observer, stop).await;
    let keepalive = changing.keepalives();
    Ok(Changed { proofs, changed: !ready.plan.is_empty(), keepalive, still_let_in })
}

/// Why a stage was not kept.
type Failed = NotKept<TrustMatrix>;

struct Changing<'a> {
    ready: &'a Ready,
    observer: &'a dyn Observer,
    kept: Mutex<Keepalives>,
}

impl Changing<'_> {
    /// Carries one stage out. Returns how many pairs were proven, and how.
    async fn stage(&self, stage: Stage, stop: &mut watch::Receiver<bool>) -> Result<Proofs, Failed> {
        let mut plans: Vec<NodePlan> = self.ready.plan.stage(stage);
        let proves = stage == Stage::Establish;
        if proves && self.ready.plan.replaces_key {
            self.bound_lines(&mut plans).await?;
        }
        let work: Vec<(&Node, &NodePlan)> =
            self.ready.nodes.iter().zip(&plans).filter(|(_, plan)| !plan.is_empty()).collect();
        if work.is_empty() {
            return if proves { self.prove_alone(stop).await } else { Ok(Proofs::default()) };
        }
        let parties: Vec<Party<'_>> = work
            .iter()
            .map(|(node, plan)| {
                let gets_key = (!node.local && plan.brings_secrets()).then(|| self.ready.keys.mode());
                Party::new(node.spec, &node.site, plan.folders(), gets_key)
            })
            .collect();
        let decider = work.iter().position(|(node, _)| node.local).unwrap_or_default();
        let policy = Policy::AllOrNothing { decider };
        let transaction = Transaction::new(&parties, policy, self.ready.limits, self.observer);
        let act = async |party: &Party<'_>| {
            let Some((_, plan)) = work.iter().find(|(node, _)| node.spec == party.spec) else {
                return Ok(());
            };
            let key = self.ready.keys.of(party.spec);
            let keepalive = party.site.change(plan, key, &self.ready.programs).await?;
            // Else the note of the keys has to last until the old ones are out.
            if proves && self.ready.plan.superseded.is_empty() {
                party.site.settle_key().await?;
            }
            self.kept.lock().unwrap_or_else(|e| e.into_inner()).push((party.spec, keepalive));
            Ok(())
        };
        let prove = async || if proves { self.prove().await } else { Ok(Proofs::default()) };
        transaction.run(act, prove, stop).await.map(|(proofs, _)| proofs)
    }

    /// The lines that stood before a new key was let in get their bounds when that is proven: none is narrowed before.
    async fn bound_lines(&self, plans: &mut [NodePlan]) -> Result<(), Failed> {
        let reading = self.ready.nodes.iter().map(|node| async {
            let path = &node.state.entry(Place::AuthorizedKeys).path;
            let now = reread(node.site.shell(), path).await;
            now.map_err(|error| NodeFailure { node: node.spec, trouble: error.into() })
        });
        let mut failed = Vec::new();
        for ((result, node), plan) in join_all(reading).await.into_iter().zip(&self.ready.nodes).zip(plans) {
            match result {
                Ok(now) => plan.files.extend(bound_lines(&node.state, &now, &self.ready.bounding)),
                Err(failure) => failed.push(failure),
            }
        }
        if failed.is_empty() {
            return Ok(());
        }
        Err(NotKept { why: Stop::Failed(failed), undone: Undone::default() })
    }

    /// Where nothing had to be written, there is nothing to undo either.
    async fn prove_alone(&self, stop: &mut watch::Receiver<bool>) -> Result<Proofs, Failed> {
        let proven = tokio::select! {
            proven = self.prove() => proven.map_err(Stop::Refuted),
            _ = stop.wait_for(|stop| *stop) => Err(Stop::Interrupted),
        };
        proven.map_err(|why| NotKept { why, undone: Undone::default() })
    }

    async fn prove(&self) -> Result<Proofs, TrustMatrix> {
        // Every agent has it: nothing that is still to come needs it open.
        self.ready.keys.all().for_each(IdentityKey::close);
        self.observer.event(&Event::Applied);
        let matrix = verify(self.ready, self.observer).await;
        if !matrix.is_healthy() {
            return Err(matrix);
        }
        let proofs = matrix.proofs();
        self.observer.event(&Event::Verified(proofs));
        Ok(proofs)
    }

    /// Ends the run without trust. What an earlier stage had kept is taken back too.
    async fn give_up(&self, stage: Stage, failed: Failed) -> SetupError {
        let NotKept { why, mut undone } = failed;
        if stage == Stage::Establish && !matches!(why, Stop::Undecided(_)) {
            undone.stuck.extend(retire::take_back(self.ready, self.observer).await);
        }
        match why {
            Stop::Failed(nodes) => SetupError::Failed { nodes, undone },
            Stop::Refuted(matrix) => {
                let otherwise = impostors(self.ready, &matrix);
                SetupError::NotTrusted { matrix: Box::new(matrix), otherwise, undone }
            }
            Stop::Interrupted => SetupError::InterruptedAndUndone(undone),
            Stop::Undecided(nodes) => SetupError::Undecided(nodes),
        }
    }

    /// What became of the keepalive of every node, also of those that had nothing to change.
    fn keepalives(&mut self) -> Keepalives {
        let mut all: Vec<_> = self.ready.plan.nodes.iter().map(|p| (p.spec, p.keepalive.clone())).collect();
        let changed = std::mem::take(self.kept.get_mut().unwrap_or_else(|e| e.into_inner()));
        for (spec, keepalive) in changed {
            all.iter_mut().filter(|(known, _)| *known == spec).for_each(|(_, old)| *old = keepalive.clone());
        }
        all
    }
}

/// The nodes that showed callers another host key than they had shown here.
fn impostors(ready: &Ready, matrix: &TrustMatrix) -> Vec<Impostor> {
    let prints = |node: &Node| node.state.host_keys.iter().map(PublicKey::fingerprint).collect();
    let calls = other_keys(matrix, &ready.nodes.iter().map(prints).collect());
    let spec = |index| matrix.nodes().get(index).copied();
    let one = |(place, node): (usize, &Node)| {
        let seen = calls.iter().filter(|call| call.to.get() == place);
        let others: Vec<_> =
            seen.filter_map(|call| Some((spec(call.from)?, call.presented.clone()))).collect();
        let here = node.entered.host_key()?;
        let (key_type, presented) = (here.algorithm().to_owned(), here.fingerprint());
        let exposed = node.entered.login == Login::Password && !node.entered.host_key_was_known();
        let seen = SeenOtherwise { key_type, presented, others };
        (!seen.others.is_empty()).then_some(Impostor { node: node.spec, seen, exposed })
    };
    ready.nodes.iter().enumerate().filter_map(one).collect()
}

/// Real `ssh` between every ordered pair: by address, and by name where names were mapped.
async fn verify(ready: &Ready, observer: &dyn Observer) -> TrustMatrix {
    // A shell of its own: the other one must stay free for signs of life and for the undo. A server that allows one
    // session only (MaxSessions) gets it all over that one.
    let opening = ready
        .nodes
        .iter()
        .map(|node| async { node.entered.shell().await.unwrap_or_else(|_| node.site.shell().clone()) });
    let shells = join_all(opening).await;
    let nodes = ready.nodes.iter().zip(&ready.names).zip(shells);
    let probers: NodeMap<Prober> = nodes
        .map(|((node, name), shell)| Prober {
            spec: node.spec,
            shell: Some(shell),
            name: name.clone(),
            cheap_kex: node.state.ssh.prefers_kex(),
            machine: Some(node.state.machine.clone()),
            posix_shell: node.state.posix_shell,
            hangs: false,
        })
        .collect();
    let enough = Some(ENOUGH_BROKEN);
    let limits = ready.limits;
    // A name that was left out is called by nobody.
    let by_name = ready.mapped;
    let pairs = ready.pairs.clone();
    let scope = Scope {
        pairs,
        by_ip: true,
        by_name,
        demands_names: false,
        with_self: true,
        identities_only: ready.plan.replaces_key,
        enough,
        limits,
    };
    probe_what_differs(&probers, scope, &|progress| observer.event(&Event::Verifying(progress))).await
}
