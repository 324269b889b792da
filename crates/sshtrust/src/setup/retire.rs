//! Keys that are let in no more: old ones when the new one serves, or the new one when it came to nothing.

use std::collections::BTreeSet;
use std::convert::Infallible;

use futures_util::future::join_all;
use sshfiles::AuthorizedKeys;
use tokio::sync::watch;

use super::read::Node;
use super::{NodeFailure, NodeTrouble, Ready};
use crate::change::{NotKept, Party, Policy, Stop, Transaction};
use crate::event::Observer;
use crate::identity::IdentityKey;
use crate::keep::PublicKey;
use crate::observe::{NodeState, Shelf, observe, reread};
use crate::place::Place;
use crate::plan::{ChangeText, Content, NodePlan, Stage, Staying, Teller, without_keys, without_nodes};

/// Access is only ever added before it is removed: the lines of replaced keys go when the new key was seen to work and is
/// kept on all nodes, and agents forget them. The nodes where they stay.
pub(super) async fn retire(
    ready: &Ready,
    observer: &dyn Observer,
    stop: &mut watch::Receiver<bool>,
) -> Vec<NodeFailure> {
    let keys = &ready.plan.superseded;
    if keys.is_empty() && ready.leaving.is_empty() {
        return Vec::new();
    }
    let all: Vec<(&Node, &NodePlan)> = ready.nodes.iter().zip(&ready.plan.nodes).collect();
    let (work, failed) = if ready.leaving.is_empty() {
        read_again(&all, |_| keys.clone()).await
    } else {
        see_off(ready, &all).await
    };
    if !failed.is_empty() {
        return failed;
    }
    let decider = work.iter().position(|(node, _)| node.local).unwrap_or_default();
    let policy = Policy::AllOrNothing { decider };
    take_out(ready, observer, &work, policy, Some(keys), stop).await
}

/// The new keys came to nothing: their lines go from the nodes that let them in in this run; on others they may be what trust
/// stands on. Each for itself, because one that is gone must not keep the others from it. The nodes where that was not seen.
pub(super) async fn take_back(ready: &Ready, observer: &dyn Observer) -> Vec<NodeFailure> {
    let authorized = ready.plan.stage(Stage::Authorize);
    let let_in = ready.nodes.iter().zip(&ready.plan.nodes).zip(&authorized);
    let let_in: Vec<_> = let_in.filter(|(_, plan)| !plan.is_empty()).map(|(node, _)| node).collect();
    if let_in.is_empty() {
        return Vec::new();
    }
    let (work, mut failed) = read_again(&let_in, |node| ready.let_in_by_this_run(node)).await;
    // A Ctrl-C has been heard already; this has to be done all the same.
    let (_sender, mut deaf) = watch::channel(false);
    failed.extend(take_out(ready, observer, &work, Policy::EachForItself, None, &mut deaf).await);
    failed
}

impl Ready {
    /// The keys that a node did not let in before.
    fn let_in_by_this_run(&self, node: &Node) -> Vec<PublicKey> {
        let before = AuthorizedKeys::parse(node.state.bytes(Place::AuthorizedKeys));
        let old: BTreeSet<PublicKey> =
            before.entries().filter(|line| line.ours).map(|line| line.key).collect();
        self.keys.all().map(IdentityKey::public).filter(|key| !old.contains(key)).cloned().collect()
    }
}

/// What goes of nodes that leave, and of replaced keys with it, as the files are now; and the nodes that cannot be read.
async fn see_off<'a>(
    ready: &Ready,
    nodes: &[(&'a Node, &NodePlan)],
) -> (Vec<(&'a Node, NodePlan)>, Vec<NodeFailure>) {
    let states: Vec<NodeState> = ready.nodes.iter().map(|node| node.state.clone()).collect();
    let keys = ready.keys.materials();
    let stay = &Staying { states: &states, names: &ready.names, keys: &keys };
    let shelf = &Shelf::for_nodes(nodes.len());
    let reading = nodes.iter().map(|(node, plan)| async move {
        let now = observe(node.site.shell(), node.spec, &node.state.user, false, shelf).await;
        let now = now.map_err(|e| NodeFailure { node: node.spec, trouble: NodeTrouble::from(e) })?;
        Ok((*node, without_nodes(plan, &now, &ready.leaving, stay)))
    });
    sorted(join_all(reading).await)
}

impl Ready {
    /// What would go from each node later, as text: replaced keys, and what it has of nodes that leave.
    pub(crate) fn going(&self, teller: &mut Teller) -> Vec<ChangeText> {
        let states: Vec<NodeState> = self.nodes.iter().map(|node| node.state.clone()).collect();
        let keys = self.keys.materials();
        let stay = Staying { states: &states, names: &self.names, keys: &keys };
        let one = |(state, plan): (&NodeState, &NodePlan)| {
            let entry = state.entry(Place::AuthorizedKeys);
            if self.leaving.is_empty() {
                return teller.plan(&without_keys(plan, entry, &self.plan.superseded));
            }
            teller.plan(&without_nodes(plan, state, &self.leaving, &stay))
        };
        states.iter().zip(&self.plan.nodes).map(one).collect()
    }
}

/// What goes from each node, as its file is now; and the nodes that cannot be read.
async fn read_again<'a>(
    nodes: &[(&'a Node, &NodePlan)],
    keys: impl Fn(&Node) -> Vec<PublicKey>,
) -> (Vec<(&'a Node, NodePlan)>, Vec<NodeFailure>) {
    let keys = &keys;
    let reading = nodes.iter().map(|(node, plan)| async move {
        let old = node.state.entry(Place::AuthorizedKeys);
        let entry = reread(node.site.shell(), &old.path).await;
        let entry = entry.map_err(|e| NodeFailure { node: node.spec, trouble: NodeTrouble::from(e) })?;
        let mut plan = without_keys(plan, &entry, &keys(node));
        // A file that this run has made goes with its only line.
        for edit in plan.files.iter_mut().filter(|edit| !old.exists() && edit.content.render("").is_empty()) {
            edit.content = Content::Gone;
        }
        Ok((*node, plan))
    });
    sorted(join_all(reading).await)
}

fn sorted<T>(results: Vec<Result<T, NodeFailure>>) -> (Vec<T>, Vec<NodeFailure>) {
    let (mut work, mut failed) = (Vec::new(), Vec::new());
    for result in results {
        match result {
            Ok(done) => work.push(done),
            Err(failure) => failed.push(failure),
        }
    }
    (work, failed)
}

/// One transaction; with `forget` the agents lose these keys too.
async fn take_out(
    ready: &Ready,
    observer: &dyn Observer,
    work: &[(&Node, NodePlan)],
    policy: Policy,
    forget: Option<&[PublicKey]>,
    stop: &mut watch::Receiver<bool>,
) -> Vec<NodeFailure> {
    let parties: Vec<Party<'_>> =
        work.iter().map(|(node, plan)| Party::new(node.spec, &node.site, plan.folders(), None)).collect();
    let transaction = Transaction::new(&parties, policy, ready.limits, observer);
    let act = async |party: &Party<'_>| {
        let Some((node, plan)) = work.iter().find(|(node, _)| node.spec == party.spec) else { return Ok(()) };
        party.site.amend(plan).await?;
        // The note of an earlier run that was cut off is still right.
        if forget.is_some() || node.state.bytes(Place::Pending).is_empty() {
            party.site.settle_key().await?;
        }
        match forget {
            Some([]) => {}
            Some(keys) => party.site.forget(&plan.socket, keys).await?,
            None => {
                let had = |place: Place| node.state.entry(place).exists();
                party.site.leave_nothing(had(Place::ToolDir), had(Place::SshDir)).await?;
            }
        }
        Ok(())
    };
    let prove = async || Ok::<_, Infallible>(());
    match transaction.run(act, prove, stop).await {
        Ok((_, failed)) => failed,
        Err(NotKept { why: Stop::Failed(nodes) | Stop::Undecided(nodes), .. }) => nodes,
        Err(_) => parties.iter().map(|party| party.failure(NodeTrouble::Interrupted)).collect(),
    }
}
