//! The pipeline of the classic command: enter all nodes, read them, plan, change, verify, keep or undo.

mod change;
mod enter;
mod error;
mod foresee;
mod growth;
mod keys;
mod names;
mod read;
mod retire;

use std::path::PathBuf;

use tokio::sync::watch;

use crate::bounds::BoundsWish;
use crate::enter::HostKeyPolicy;
use crate::event::{Event, Observer};
use crate::identity::{IdentityKey, KeyMode, KeyType, NodeKeys, Obtained, tell_passed_over};
use crate::inventory::{Cluster, NodeSpec};
use crate::limits::Limits;
use crate::observe::now;
use crate::plan::{
    Bounding, Ingredients, Intent, Keepalive, Leaver, NodePlan, Plan, bereaved, leavers, outside,
};
use crate::probe::{Coverage, Pairs, Proofs};
use crate::program::{Programs, tell_left_out};

pub(crate) use change::{Changed, run as change};
pub(crate) use read::Node;

pub use crate::change::{NodeFailure, NodeTrouble};
pub use crate::enter::{Passwords, Question};
pub use error::{Impostor, SetupError};
pub use growth::Growth;
pub(crate) use read::host;

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
    /// How the keys are shared out, if the user said so; else as they stand, and where none stands each node has its own.
    pub keys: Option<KeyMode>,
    /// Type of the key, if the user named one.
    pub key_type: Option<KeyType>,
    /// Make a new key although there is one.
    pub new_key: bool,
    /// From where and until when trust holds, as far as the user says it; else as it stands.
    pub bounds: BoundsWish,
    /// Stop after the plan.
    pub dry_run: bool,
    /// How many of the pairs are proven.
    pub coverage: Coverage,
    /// Which host keys count as known.
    pub host_keys: HostKeyPolicy,
    /// How long to wait for what.
    pub limits: Limits,
    /// Let each node bring its agent back by itself, with a copy of the program that runs at this path.
    pub keepalive: Option<PathBuf>,
    /// Some of the nodes come to a cluster that stands.
    pub growth: Option<Growth>,
}

/// How a run ended well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Trust stands. `changed` is false if no byte had to be written.
    Created {
        /// How many pairs work, and how each was proven.
        proofs: Proofs,
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
    let preparing = async {
        let nodes = look(options, passwords, observer).await?;
        plan(options, nodes, &[], observer).await
    };
    // Nothing is written before the plan is made, so leaving is enough.
    let ready = tokio::select! {
        ready = preparing => ready?,
        _ = interrupted.wait_for(|stop| *stop) => return Err(SetupError::Interrupted),
    };
    if options.dry_run {
        return Ok(Outcome::Planned(ready.plan.nodes));
    }
    let Changed { proofs, changed, keepalive, still_let_in } =
        change::run(&ready, observer, &mut stop).await?;
    // Trust stands: that what it replaced could not be taken is no reason to take it away again.
    for NodeFailure { node, trouble } in still_let_in {
        let text = format!("the lines of the old key stay there: {trouble}. Run again.");
        observer.event(&Event::Notice { node, text });
    }
    Ok(Outcome::Created { proofs, changed, keepalive })
}

/// Everything that the change needs. Dropped, the nodes are let go as they are.
pub(crate) struct Ready {
    /// The nodes, held, as they were read.
    pub(crate) nodes: Vec<Node>,
    names: Vec<Option<String>>,
    mapped: bool,
    /// The keys that they shall come with.
    pub(crate) keys: NodeKeys<IdentityKey>,
    programs: Programs,
    bounding: Bounding,
    /// What changes.
    pub(crate) plan: Plan,
    /// What is to be proven.
    pub(crate) pairs: Pairs,
    /// The nodes that leave.
    pub(crate) leaving: Vec<Leaver>,
    limits: Limits,
}

/// Enters all nodes, or none; holds and reads them.
pub(crate) async fn look(
    options: &Options,
    passwords: &mut impl Passwords,
    observer: &dyn Observer,
) -> Result<Vec<Node>, SetupError> {
    let entered = enter::enter(options, passwords, observer).await?;
    observer.event(&Event::NetworkChecked);
    read::read(entered, options, observer).await
}

/// Plans the change of nodes that were read. `leaving`: nodes that leave the cluster, with what they are called. Writes
/// nothing.
pub(crate) async fn plan(
    options: &Options,
    mut nodes: Vec<Node>,
    leaving: &[(NodeSpec, Vec<String>)],
    observer: &dyn Observer,
) -> Result<Ready, SetupError> {
    options.growth.iter().try_for_each(|growth| growth.check(&nodes))?;
    names::check(options, &nodes)?;
    let mapped = options.map_names && nodes.iter().all(|node| node.state.uid == 0);
    let resolving = names::resolve(names::unconfirmed(options, &nodes));
    let (chosen, answers) = tokio::join!(keys::choose(options, &nodes), resolving);
    let keys::Chosen { obtained: Obtained { keys, new, passed }, states, programs, left_out } = chosen?;
    tell_passed_over(passed, observer);
    tell_left_out(left_out, observer);
    options.growth.iter().try_for_each(|growth| growth.check_keys(&nodes, &keys))?;
    // Judged by the keys that will be used.
    foresee::foresee(options, &mut nodes, &keys, &new)?;
    let names = names::usable(&nodes, &answers, mapped, observer)?;
    keys::tell(&keys, &new, &nodes, observer);
    let materials = keys.materials();
    let leaving = leavers(leaving, &states, &names);
    // Where nodes leave, all others have to be here: whose a line is could not be told.
    let lonely = if leaving.is_empty() {
        bereaved(&states, &names, &materials)
    } else {
        outside(&states, &names, &leaving)
    };
    if !lonely.is_empty() {
        return Err(SetupError::ServesOthers(lonely));
    }
    let bounding = Bounding::of(&states, &options.bounds, now())?;
    let intent = Intent { map_names: mapped, keep_old_mapping: options.keep_old_mapping, leaving };
    let ingredients = Ingredients {
        states: &states,
        names: &names,
        keys: &materials,
        intent: &intent,
        programs: &programs.builds(),
    };
    let plan = crate::plan::setup_bound(&ingredients, &bounding)
        .map_err(|(node, error)| SetupError::Unfit(vec![NodeFailure { node, trouble: error.into() }]))?;
    let pairs = options.growth.as_ref().map_or_else(Pairs::all, |growth| growth.pairs(&ingredients));
    // What lets keys go, or bounds whom they let in, is proven by each pair, if nobody says otherwise.
    let at_stake =
        plan.replaces_key || !plan.superseded.is_empty() || options.bounds != BoundsWish::default();
    let pairs = pairs.covered(options.coverage.of_all_if(at_stake), states.len());
    for node in &plan.nodes {
        observer.event(&Event::Planned { node: node.spec, change: node.summary() });
    }
    let (leaving, limits) = (intent.leaving, options.limits);
    Ok(Ready { nodes, names, mapped, keys, programs, bounding, plan, pairs, leaving, limits })
}
