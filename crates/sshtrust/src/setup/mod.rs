//! The pipeline of the classic command: enter all nodes, read them, plan, change, verify, keep or undo.

mod change;
mod enter;
mod error;
mod foresee;
mod read;

use std::path::PathBuf;

use tokio::sync::watch;

use crate::event::{Event, Observer};
use crate::identity::{IdentityKey, KeyType, seal_passphrase};
use crate::inventory::{Cluster, NodeSpec, name_conflicts};
use crate::plan::{
    Choice, Ingredients, Intent, Keepalive, NodePlan, Plan, Wish, choose_identity, node_names,
};
use crate::program::Programs;

pub use crate::enter::{Passwords, Question};
pub use error::{NodeFailure, NodeTrouble, SetupError};

/// What the user asked for.
#[derive(Debug, Clone)]
pub struct Options {
    /// The nodes.
    pub cluster: Cluster,
    /// The user whose trust is made, on all nodes.
    pub user: String,
    /// That user's home on this machine.
    pub home: PathBuf,
    /// Socket of the user's own agent (`SSH_AUTH_SOCK`).
    pub agent: Option<PathBuf>,
    /// The names of the cluster are host names that the nodes must have, as those of openGauss's XML.
    pub check_names: bool,
    /// Write host names into `/etc/hosts`, where the user is root.
    pub map_names: bool,
    /// Keep mapping lines of earlier runs.
    pub keep_old_mapping: bool,
    /// Type of the key, if the user named one.
    pub key_type: Option<KeyType>,
    /// Stop after the plan.
    pub dry_run: bool,
    /// Let each node bring its agent back by itself, with a copy of the program that runs at this path.
    pub keepalive: Option<PathBuf>,
}

/// How a run ended well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Trust stands: this many pairs were seen to work. `changed` is false if no byte had to be written.
    Created {
        /// Pairs.
        pairs: usize,
        /// Whether anything was written.
        changed: bool,
        /// How the agent of each node comes back.
        keepalive: Vec<(NodeSpec, Keepalive)>,
    },
    /// What a run would do, a node each.
    Planned(Vec<NodePlan>),
}

/// Runs the command. When `stop` becomes true, the run ends as soon as it can with everything undone.
///
/// # Errors
/// [`SetupError`]. Every node then has the bytes it had before, or the error says which one has not.
pub async fn setup(
    options: &Options,
    passwords: &mut impl Passwords,
    observer: &dyn Observer,
    mut stop: watch::Receiver<bool>,
) -> Result<Outcome, SetupError> {
    let mut interrupted = stop.clone();
    // Nothing is written before the plan is made, so leaving is enough.
    let ready = tokio::select! {
        ready = prepare(options, passwords, observer) => ready?,
        _ = interrupted.wait_for(|stop| *stop) => return Err(SetupError::Interrupted),
    };
    if options.dry_run {
        return Ok(Outcome::Planned(ready.plan.nodes));
    }
    change::run(ready, observer, &mut stop).await
}

/// Everything that the change needs.
struct Ready {
    nodes: Vec<read::Node>,
    names: Vec<Option<String>>,
    mapped: bool,
    identity: IdentityKey,
    plan: Plan,
}

async fn prepare(
    options: &Options,
    passwords: &mut impl Passwords,
    observer: &dyn Observer,
) -> Result<Ready, SetupError> {
    let entered = enter::enter(options, passwords, observer).await?;
    observer.event(&Event::NetworkChecked);
    let mut nodes = read::read(entered, options, observer).await?;
    check_names(options, &nodes)?;
    foresee::foresee(options, &mut nodes)?;
    let mapped = options.map_names && nodes.iter().all(|node| node.state.uid == 0);
    let names = names(&nodes, mapped, observer)?;
    let states: Vec<_> = nodes.iter().map(|node| node.state.clone()).collect();
    let wish = Wish { key_type: options.key_type, prefer: nodes.iter().position(|node| node.local) };
    let host = read::this_host();
    let comment = format!("{}@{host}", options.user);
    let own = options.keepalive.clone();
    let chosen = tokio::task::spawn_blocking(move || {
        let choice = choose_identity(&states, wish);
        let identity = match choice {
            Choice::Keep(key) => (*key, false),
            Choice::Generate(kind) => (IdentityKey::generate(kind, &comment)?, true),
        };
        let machines = states.iter().filter_map(|state| state.system.split_whitespace().last());
        let programs = own.map(|own| Programs::find(&own, machines)).unwrap_or_default();
        Ok::<_, crate::identity::IdentityError>((identity, states, programs))
    });
    let ((identity, new), states, programs) = chosen.await.map_err(|e| SetupError::Key(e.to_string()))??;
    let key = format!("{} {}", identity.public().algorithm(), identity.public().fingerprint());
    observer.event(&Event::KeyReady { key, new });
    let intent = Intent { map_names: mapped, keep_old_mapping: options.keep_old_mapping };
    let sealed = seal_passphrase(identity.passphrase()).map_err(|e| SetupError::Key(e.to_string()))?;
    let ingredients = Ingredients {
        states: &states,
        names: &names,
        identity: &identity,
        sealed,
        intent: &intent,
        programs: &programs,
    };
    let plan = crate::plan::setup(&ingredients)
        .map_err(|(node, error)| SetupError::Unfit(vec![NodeFailure { node, trouble: error.into() }]))?;
    for node in &plan.nodes {
        observer.event(&Event::Planned { node: node.spec, change: node.summary() });
    }
    Ok(Ready { nodes, names, mapped, identity, plan })
}

/// Compares the host names with those of the description.
fn check_names(options: &Options, nodes: &[read::Node]) -> Result<(), SetupError> {
    let said = nodes.iter().map(|node| (node.spec, node.state.hostname.as_str()));
    let conflicts = name_conflicts(&options.cluster, said.filter(|_| options.check_names));
    if conflicts.is_empty() { Ok(()) } else { Err(SetupError::OtherNames(conflicts)) }
}

/// The names for the files. Where they are mapped, each node needs one of its own.
fn names(
    nodes: &[read::Node],
    mapped: bool,
    observer: &dyn Observer,
) -> Result<Vec<Option<String>>, SetupError> {
    let judged = node_names(nodes.iter().map(|node| node.state.hostname.as_str()));
    let mut bad = Vec::new();
    for (node, name) in nodes.iter().zip(&judged) {
        let Err(error) = name else { continue };
        observer.event(&Event::NameLeftOut { node: node.spec, reason: error.to_string() });
        bad.push((node.spec, error.clone()));
    }
    if mapped && !bad.is_empty() {
        return Err(SetupError::HostNames(bad));
    }
    Ok(judged.into_iter().map(Result::ok).collect())
}
