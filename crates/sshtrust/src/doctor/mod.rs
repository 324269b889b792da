//! The pipeline of `doctor`: enter what can be entered, call every pair, gather the evidence, say why; and bring back
//! what was lost.

mod confirm;
mod heal;
mod life;
mod treat;

use std::time::{Duration, Instant, SystemTime};

use futures_util::future::join_all;
use tokio::sync::watch;

use crate::check::{self, CheckError, Checked, checked, enter_all, names, probe_all};
use crate::diagnose::{Case, CaseNode, Diagnosis, diagnose};
use crate::enter::Passwords;
use crate::event::{Event, Login, Observer};
use crate::fleet::{Gate, Visited};
use crate::inventory::{NodeMap, NodeSpec};
use crate::observe::{Evidence, Purpose, Questions, Shelf, gather};
use crate::probe::{By, TrustMatrix};

pub use heal::{HealError, Healed, heal};
pub use treat::{NoKit, NodeTreatment, Treatment, Wanted, treat};

/// Most nodes that one node is asked about.
const MOST_CALLEES: usize = 4;
/// Most calls of which one node is asked what its settings make of them.
const MOST_CALLS: usize = 16;

/// What the user asked for.
#[derive(Debug, Clone)]
pub struct Options {
    /// The cluster, the user, and by what pairs are called.
    pub check: check::Options,
    /// Trust is yet to be made: call nobody, look for what would stand in its way.
    pub preflight: bool,
    /// Nodes whose changed host key the user vouches for.
    pub accept: Vec<NodeSpec>,
}

/// A cluster that was examined. Its nodes stay open for [`heal`].
pub struct Examined {
    /// As `check` tells it.
    pub checked: Checked,
    /// All that was seen.
    pub case: Case,
    /// Why trust is broken.
    pub diagnosis: Diagnosis,
    visited: NodeMap<Visited>,
}

/// Examines a cluster. When `stop` becomes true, it ends at once.
///
/// # Errors
/// [`CheckError`] if nothing can be said.
pub async fn examine(
    options: &Options,
    passwords: &mut impl Passwords,
    observer: &dyn Observer,
    mut stop: watch::Receiver<bool>,
) -> Result<Examined, CheckError> {
    let since = Since::now();
    let work = async {
        let mut visited = enter_all(&options.check, passwords, observer).await?;
        confirm::enter_confirmed(options, &mut visited, passwords, observer).await?;
        look(options, visited, since, observer).await
    };
    tokio::select! {
        examined = work => examined,
        _ = stop.wait_for(|stop| *stop) => Err(CheckError::Interrupted),
    }
}

/// When an examination began, to enter the nodes.
#[derive(Clone, Copy)]
struct Since {
    began: SystemTime,
    start: Instant,
}

impl Since {
    fn now() -> Self {
        Self { began: SystemTime::now(), start: Instant::now() }
    }
}

/// Looks at nodes that are open.
async fn look(
    options: &Options,
    visited: NodeMap<Visited>,
    since: Since,
    observer: &dyn Observer,
) -> Result<Examined, CheckError> {
    let Since { began, start } = since;
    let names = names(&options.check, &visited, observer).await;
    let matrix = if options.preflight {
        TrustMatrix::new(visited.map(|node| node.spec), Vec::new())
    } else {
        probe_all(&options.check, &visited, &names, observer).await
    };
    if matrix.counts().total() == 0 && !options.preflight {
        return Err(CheckError::NoPair);
    }
    let checked = checked(&options.check, &visited, &names, matrix, began, start.elapsed());
    let case = case(options, &checked, &visited, observer).await;
    // Large clusters take a while, in which signs of life must go on.
    let diagnosed = tokio::task::spawn_blocking(move || {
        let diagnosis = diagnose(&case);
        (case, diagnosis)
    });
    let Ok((case, diagnosis)) = diagnosed.await else { return Err(CheckError::Interrupted) };
    let checked = Checked { took: start.elapsed(), ..checked };
    Ok(Examined { checked, case, diagnosis, visited })
}

/// Gathers the evidence of every node that is open, and puts the case together.
async fn case(
    options: &Options,
    checked: &Checked,
    visited: &NodeMap<Visited>,
    observer: &dyn Observer,
) -> Case {
    let gate = &Gate::default();
    let questions = questions(checked);
    let shelf = &Shelf::for_nodes(visited.iter().count());
    let gathering = visited.iter().zip(&questions).map(|(node, questions)| async move {
        gate.pass(evidence(node, &options.check.user, questions, shelf, observer)).await
    });
    let lives = life::signs(visited);
    let (evidence, lives) = tokio::join!(join_all(gathering), lives);
    let nodes = visited.iter().zip(&checked.nodes).zip(evidence).zip(lives);
    let nodes = nodes.map(|(((visited, checked), (evidence, host_keys)), alive)| CaseNode {
        spec: visited.spec,
        name: checked.name.clone().filter(|_| checked.no_name.is_none()),
        described: checked.described.clone(),
        local: visited.result.as_ref().is_ok_and(|inside| inside.login == Login::Local),
        entry: checked.entry.clone(),
        wants_more: visited.result.as_ref().ok().and_then(|inside| inside.entered.wants_more()),
        evidence,
        host_keys,
        alive,
        proven: is_proven(options, visited),
    });
    let (user, preflight) = (options.check.user.clone(), options.preflight);
    Case { user, preflight, key_type: None, nodes: nodes.collect(), matrix: checked.matrix.clone() }
}

/// Whether nobody can have posed as this node: its host key was on record here, or was confirmed in another way.
fn is_proven(options: &Options, visited: &Visited) -> bool {
    let inside = visited.result.as_ref();
    inside.is_ok_and(|inside| inside.entered.is_local() || inside.entered.host_key_was_known())
        || options.accept.contains(&visited.spec)
}

/// What each node is asked: about the names of all, and about those that it could not reach.
fn questions(checked: &Checked) -> NodeMap<Questions> {
    let named = checked.nodes.iter().filter(|node| node.no_name.is_none());
    let names: Vec<_> = named.filter_map(|node| Some((node.name.clone()?, node.spec.ip))).collect();
    let names: Vec<_> = names.into_iter().filter(|(name, _)| crate::inventory::is_host_name(name)).collect();
    let peers: Vec<_> = checked.nodes.iter().map(|node| node.spec.ip).collect();
    let mut questions = checked.nodes.map(|node| Questions {
        names: names.clone(),
        peers: peers.clone(),
        callees: Vec::new(),
        calls: Vec::new(),
        in_vain: false,
        port: node.spec.port,
    });
    for edge in checked.matrix.edges() {
        questions.get_mut(edge.to).into_iter().for_each(|questions| questions.in_vain = true);
        let callee = checked.nodes.get(edge.to).map(|node| node.spec);
        let calls = questions.get_mut(edge.from).map(|questions| &mut questions.calls);
        if let (Some(callee), Some(calls)) = (callee, calls)
            && calls.len() < MOST_CALLS
            && (edge.by == By::Ip || crate::inventory::is_host_name(&edge.host))
        {
            calls.push((edge.host.clone(), callee.port));
        }
        let asked = questions.get_mut(edge.from).map(|questions| &mut questions.callees);
        if let (Some(callee), Some(asked)) = (callee, asked)
            && asked.len() < MOST_CALLEES
            && !asked.contains(&callee)
        {
            asked.push(callee);
        }
    }
    questions
}

/// One node's evidence and host keys.
async fn evidence(
    visited: &Visited,
    user: &str,
    questions: &Questions,
    shelf: &Shelf,
    observer: &dyn Observer,
) -> (Option<Evidence>, Vec<sshfiles::PublicKey>) {
    let Ok(inside) = &visited.result else { return (None, Vec::new()) };
    let warn = |text: String| observer.event(&Event::Warning { node: visited.spec, text });
    let mut host_keys = inside.entered.host_keys().await.unwrap_or_default();
    let gathered = gather(&inside.shell, visited.spec, user, questions, Purpose::Diagnosis, shelf).await;
    let mut evidence = match gathered {
        Ok(evidence) => evidence,
        Err(error) => {
            warn(error.to_string());
            return (None, host_keys);
        }
    };
    if host_keys.is_empty() {
        // This machine is entered without SSH.
        host_keys = evidence.keys.host_keys.clone();
    }
    evidence.state.host_keys.clone_from(&host_keys);
    (Some(evidence), host_keys)
}

/// How long something may take that is only asked to be sure.
const BRIEF: Duration = Duration::from_secs(2);
