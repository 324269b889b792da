//! The pipeline of `check`: enter what can be entered, call every pair, change nothing.

mod hush;
mod watch;

use std::collections::HashMap;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::{Duration, Instant, SystemTime};

use futures_util::future::join_all;
use tokio::sync::watch as channel;

use crate::enter::{
    ConfirmedKey, Entered, HostKeyPolicy, Passwords, Patience, Reached, Visit, log_in, no_password, reach,
};
use crate::event::{Event, Login, Observer};
use crate::fleet::{Gate, Visited, visit};
use crate::inventory::{Cluster, NodeIx, NodeMap, NodeSpec};
use crate::limits::Limits;
use crate::plan::{NamesError, node_names};
use crate::probe::{Coverage, Pairs, Prober, Scope, TrustMatrix, probe};
use crate::text::printable;

pub use self::watch::{Room, Round, Watch};
pub use crate::enter::NoEntry;

/// How long a node may look names up.
const NAMES_LIMIT: Duration = Duration::from_secs(15);

/// What the user asked for.
#[derive(Debug, Clone)]
pub struct Options {
    /// The nodes.
    pub cluster: Cluster,
    /// The user whose trust is looked at.
    pub user: String,
    /// That user's home on this machine.
    pub home: PathBuf,
    /// Socket of the user's own agent (`SSH_AUTH_SOCK`).
    pub agent: Option<PathBuf>,
    /// The names of the cluster are host names that the nodes must have, as those of openGauss's XML.
    pub check_names: bool,
    /// Call by address.
    pub by_ip: bool,
    /// Call by host name.
    pub by_name: bool,
    /// How many of the pairs are called.
    pub coverage: Coverage,
    /// Ask for a password where no key opens a node.
    pub ask: bool,
    /// Which host keys count as known.
    pub host_keys: HostKeyPolicy,
    /// How long to wait for what.
    pub limits: Limits,
}

/// What became of a cluster's check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    /// The user whose trust this is.
    pub user: String,
    /// When the check began.
    pub began: SystemTime,
    /// How long it took.
    pub took: Duration,
    /// The nodes, in the order of the matrix.
    pub nodes: NodeMap<CheckedNode>,
    /// All pairs.
    pub matrix: TrustMatrix,
}

impl Checked {
    /// Whether every pair works.
    #[must_use]
    pub fn is_healthy(&self) -> bool {
        self.matrix.is_healthy()
    }
}

/// One node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckedNode {
    /// Which node.
    pub spec: NodeSpec,
    /// Its host name, safe to show: what it says itself, else what the description of the cluster says.
    pub name: Option<String>,
    /// The host name that the description of the cluster gives it, if it has another one.
    pub described: Option<String>,
    /// Why nobody could call it by name, if they should have.
    pub no_name: Option<NoName>,
    /// How it was entered, or why it could not be: then it called nobody.
    pub entry: Result<Login, NoEntry>,
    /// When the first of the tool's lines in its `authorized_keys` ends, in seconds since 1970; `None`: none does, or nobody
    /// could look.
    pub expires: Option<i64>,
}

/// Why a node cannot be called by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoName {
    /// It could not be entered, and nobody else knows its name.
    Unknown,
    /// Its name, safe to show, is none that can be used.
    Invalid(String),
    /// Another node has the same name: it leads to one of them at most.
    Duplicate(String),
}

/// Why nothing can be said about a cluster.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CheckError {
    /// A file of this machine that is needed cannot be read.
    #[error("{path}: {reason}")]
    LocalFile {
        /// Which.
        path: String,
        /// Why.
        reason: String,
    },
    /// No node could be entered, so that nobody called anybody.
    #[error("no node can be entered")]
    NoNodeEntered(Vec<(NodeSpec, NoEntry)>),
    /// There is no pair in a cluster of one node.
    #[error("there is no pair to look at")]
    NoPair,
    /// The user stopped it.
    #[error("interrupted")]
    Interrupted,
}

/// Looks at all pairs. When `stop` becomes true, it ends at once.
///
/// # Errors
/// [`CheckError`] if nothing can be said. A node that cannot be entered is no error: the others call it all the same.
pub async fn check(
    options: &Options,
    passwords: &mut impl Passwords,
    observer: &dyn Observer,
    mut stop: channel::Receiver<bool>,
) -> Result<Checked, CheckError> {
    tokio::select! {
        checked = look(options, passwords, observer) => checked,
        _ = stop.wait_for(|stop| *stop) => Err(CheckError::Interrupted),
    }
}

async fn look(
    options: &Options,
    passwords: &mut impl Passwords,
    observer: &dyn Observer,
) -> Result<Checked, CheckError> {
    let (began, start) = (SystemTime::now(), Instant::now());
    let visited = enter_all(options, passwords, observer).await?;
    if visited.iter().all(|visited| visited.result.is_err()) {
        return Err(CheckError::NoNodeEntered(failures(&visited)));
    }
    let names = names(options, &visited, observer).await;
    let matrix = probe_all(options, &visited, &names, observer).await;
    if matrix.counts().total() == 0 {
        return Err(CheckError::NoPair);
    }
    Ok(checked(options, &visited, &names, matrix, began, start.elapsed()))
}

/// Enters every node and has a glance at it.
pub(crate) async fn enter_all(
    options: &Options,
    passwords: &mut impl Passwords,
    observer: &dyn Observer,
) -> Result<NodeMap<Visited>, CheckError> {
    let entries = enter(options, &options.cluster, &[], passwords, observer).await?;
    let gate = Gate::default();
    let visited = NodeMap::from(join_all(entries.into_iter().map(|entry| gate.pass(visit(entry)))).await);
    for (node, why) in failures(&visited) {
        observer.event(&Event::Warning { node, text: why.to_string() });
    }
    Ok(visited)
}

/// The nodes that could not be entered.
fn failures(visited: &NodeMap<Visited>) -> Vec<(NodeSpec, NoEntry)> {
    let failed = visited.iter().filter_map(|v| v.result.as_ref().err().map(|why| (v.spec, why.clone())));
    failed.collect()
}

/// Every ordered pair.
pub(crate) async fn probe_all(
    options: &Options,
    visited: &NodeMap<Visited>,
    names: &NodeMap<Result<String, NoName>>,
    observer: &dyn Observer,
) -> TrustMatrix {
    let probers: NodeMap<Prober> = visited.iter().zip(names).map(|(v, name)| prober(v, name)).collect();
    let Options { by_ip, by_name, coverage, limits, .. } = *options;
    let scope = Scope {
        pairs: Pairs::all().covered(coverage, probers.len()),
        by_ip,
        by_name,
        demands_names: true,
        with_self: false,
        identities_only: false,
        enough: None,
        limits,
    };
    probe(&probers, scope, &|progress| observer.event(&Event::Verifying(progress))).await
}

/// Puts the result together.
pub(crate) fn checked(
    options: &Options,
    visited: &NodeMap<Visited>,
    names: &NodeMap<Result<String, NoName>>,
    matrix: TrustMatrix,
    began: SystemTime,
    took: Duration,
) -> Checked {
    let nodes = visited.entries().zip(names).map(|((node, visited), name)| {
        let described = options.cluster.names.get(node).cloned().flatten();
        checked_node(visited, described, name.clone(), options)
    });
    Checked { user: options.user.clone(), began, took, nodes: nodes.collect(), matrix }
}

/// Enters whatever can be entered of a cluster; `confirmed`: host keys to take whatever the records say.
pub(crate) async fn enter(
    options: &Options,
    cluster: &Cluster,
    confirmed: &[ConfirmedKey],
    passwords: &mut impl Passwords,
    observer: &dyn Observer,
) -> Result<Vec<(NodeSpec, Result<Entered, NoEntry>)>, CheckError> {
    let visit = Visit {
        cluster,
        confirmed,
        user: &options.user,
        home: &options.home,
        agent: options.agent.as_deref(),
        limits: Limits {
            key_exchange: options.limits.brief_key_exchange,
            startup: options.limits.brief_startup,
            ..options.limits
        },
        local_needs_no_ssh: true,
        host_keys: &options.host_keys,
    };
    let reached = reach(visit, observer).await.map_err(|records| CheckError::LocalFile {
        path: printable(records.path.as_os_str().as_encoded_bytes()),
        reason: records.error.to_string(),
    })?;
    let (mut entries, mut waiting) = (Vec::new(), Vec::new());
    for (spec, result) in cluster.nodes.iter().zip(reached) {
        match result {
            Ok(Reached::Entered(node)) => entries.push((*spec, Ok(node))),
            Ok(Reached::Waits(connection, spec)) => waiting.push((connection, spec)),
            Err(error) => entries.push((*spec, Err(error.into()))),
        }
    }
    if options.ask {
        let witnesses: Vec<&Entered> = entries.iter().filter_map(|(_, entry)| entry.as_ref().ok()).collect();
        let patience = Patience::AsManyAsPossible;
        let logged_in = log_in(waiting, &witnesses, patience, passwords, observer).await;
        // One that a key opened, and that others see otherwise, is not entered after all.
        entries.retain(|(spec, _)| !logged_in.iter().any(|(other, _)| other == spec));
        entries.extend(logged_in);
    } else {
        let why = "no password was wanted".to_owned();
        // A server counts a connection that just goes away as a failure. One that does not answer is not waited for alone.
        let leaving = waiting.into_iter().map(|(connection, spec)| {
            let closed = no_password(&connection, &why);
            async move {
                connection.close().await;
                (spec, Err(closed))
            }
        });
        entries.extend(join_all(leaving).await);
    }
    let places: HashMap<NodeSpec, usize> = cluster.nodes.iter().copied().zip(0..).collect();
    entries.sort_by_key(|(spec, _)| places.get(spec).copied());
    Ok(entries)
}

/// The names of nodes that could not be entered, as another node's resolver knows them: the set-up of trust writes them
/// into `/etc/hosts`. So such a node can be called by name too.
async fn borrow_names(options: &Options, visited: &NodeMap<Visited>) -> HashMap<IpAddr, String> {
    let unknown = |node: &NodeIx| options.cluster.names.get(*node).is_none_or(Option::is_none);
    let barred = visited.entries().filter(|(node, v)| v.result.is_err() && unknown(node));
    let addresses: Vec<String> = barred.map(|(_, visited)| visited.spec.ip.to_string()).collect();
    let Some(inside) = visited.iter().find_map(|visited| visited.result.as_ref().ok()) else {
        return HashMap::new();
    };
    if addresses.is_empty() || !options.by_name {
        return HashMap::new();
    }
    // Without an answer they are called by address only.
    let script = format!("timeout 10 getent hosts {}; true", addresses.join(" "));
    let output = inside.shell.run(&script, NAMES_LIMIT).await;
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
    let pairs = text.lines().filter_map(|line| {
        let mut words = line.split_whitespace();
        Some((words.next()?.parse().ok()?, words.next()?.to_owned()))
    });
    pairs.collect()
}

/// The name that each node is called by: the one of the description, which its users know, else the one that it says
/// itself. A name that two nodes have leads to one of them at most, so neither is called by it.
pub(crate) async fn names(
    options: &Options,
    visited: &NodeMap<Visited>,
    observer: &dyn Observer,
) -> NodeMap<Result<String, NoName>> {
    let borrowed = borrow_names(options, visited).await;
    let said = |node: NodeIx, visited: &Visited| match (options.cluster.names.get(node), &visited.result) {
        (Some(Some(described)), _) => described.clone(),
        (_, Ok(inside)) => inside.glance.hostname.clone(),
        (_, Err(_)) => borrowed.get(&visited.spec.ip).cloned().unwrap_or_default(),
    };
    let said: Vec<String> = visited.entries().map(|(node, v)| said(node, v)).collect();
    let judged = node_names(said.iter().map(String::as_str));
    let names = judged.into_iter().zip(visited).map(|(name, visited)| {
        name.map_err(|error| {
            if options.by_name {
                observer.event(&Event::NameLeftOut { node: visited.spec, reason: error.to_string() });
            }
            match error {
                NamesError::Invalid(name) if name.is_empty() => NoName::Unknown,
                NamesError::Invalid(name) | NamesError::Number(name) => NoName::Invalid(name),
                NamesError::Duplicate(name) => NoName::Duplicate(name),
                // Nobody asked the resolver of this machine.
                NamesError::Elsewhere { name, .. } => NoName::Invalid(name),
            }
        })
    });
    names.collect()
}

fn prober(visited: &Visited, name: &Result<String, NoName>) -> Prober {
    let inside = visited.result.as_ref().ok();
    Prober {
        spec: visited.spec,
        shell: inside.map(|inside| inside.shell.clone()),
        name: name.as_ref().ok().cloned(),
        cheap_kex: inside.is_some_and(|inside| inside.glance.ssh.prefers_kex()),
        machine: inside.map(|inside| inside.glance.machine.clone()),
        posix_shell: inside.is_some_and(|inside| inside.glance.posix_shell),
        hangs: visited.result.as_ref().err().is_some_and(NoEntry::is_of_silence),
    }
}

fn checked_node(
    visited: &Visited,
    described: Option<String>,
    name: Result<String, NoName>,
    options: &Options,
) -> CheckedNode {
    let own = visited.result.as_ref().ok().map(|inside| printable(inside.glance.hostname.as_bytes()));
    let differs = options.check_names && own.is_some() && own != described;
    let (called, no_name) = match name {
        Ok(name) => (Some(name), None),
        Err(why) => (None, Some(why).filter(|_| options.by_name)),
    };
    CheckedNode {
        spec: visited.spec,
        name: own.or(called),
        described: described.filter(|_| differs),
        no_name,
        entry: visited.result.as_ref().map(|inside| inside.login).map_err(NoEntry::clone),
        expires: visited.result.as_ref().ok().and_then(|inside| inside.glance.expires()),
    }
}
