//! Reaches and enters every node: keys first, then the password, asked for only if a node still needs it.

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use sshfiles::PublicKey;
use tokio::sync::Semaphore;

use crate::event::{Event, Login, Observer};
use crate::inventory::{Cluster, NodeSpec};
use crate::node::{NodeError, Shell, local};
use crate::secret::Secret;
use crate::session::{ConnectError, Connection, Credentials, PasswordOutcome, TrustedHosts, scan_host_keys};

pub use crate::session::ConfirmedKey;

/// Most nodes that are being connected at a time.
const AT_ONCE: usize = 64;

/// Which password is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Question {
    /// The user's, for all nodes that need one.
    Common,
    /// The user's on one node.
    OnNode(NodeSpec),
}

/// Asks for passwords.
pub trait Passwords: Send {
    /// The answer, or why there is none.
    fn ask(&mut self, question: Question) -> impl Future<Output = Result<Secret, String>> + Send;

    /// Whether this node has a password of its own: it is tried there, and the common one is not.
    fn has_own(&self, _node: NodeSpec) -> bool {
        false
    }

    /// Whether there can be another answer for a node that refused the first.
    fn asks_again(&self) -> bool {
        true
    }
}

/// Who enters which nodes.
#[derive(Debug, Clone, Copy)]
pub struct Visit<'a> {
    /// The nodes.
    pub cluster: &'a Cluster,
    /// The user to log in as.
    pub user: &'a str,
    /// That user's home on this machine.
    pub home: &'a Path,
    /// Socket of the user's own agent (`SSH_AUTH_SOCK`).
    pub agent: Option<&'a Path>,
    /// How long the key exchange with a node may take.
    pub limit: Duration,
    /// This machine is entered without SSH, even if its SSH server cannot be reached.
    pub local_needs_no_ssh: bool,
    /// Host keys that were confirmed in another way: for their nodes the records do not count.
    pub confirmed: &'a [ConfirmedKey],
}

/// Why a node could not be entered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoEntry {
    /// Its SSH server cannot be reached or logged in to.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// No key opens it, and no password was given: why.
    #[error("no key opens it, and {0}")]
    NoPassword(String),
    /// It refused the password.
    #[error("it refused the password")]
    WrongPassword,
    /// Its shell does not do.
    #[error(transparent)]
    Node(#[from] NodeError),
}

/// A node that can be worked on.
pub struct Entered {
    /// Which node.
    pub spec: NodeSpec,
    /// How it was entered.
    pub login: Login,
    /// None if it is this machine and its SSH server was not asked.
    connection: Option<Connection>,
}

impl Entered {
    /// Whether it is this machine.
    #[must_use]
    pub fn is_local(&self) -> bool {
        self.login == Login::Local
    }

    /// Whether its host key was on record on this machine, or confirmed in another way.
    #[must_use]
    pub fn host_key_was_known(&self) -> bool {
        self.connection.as_ref().is_some_and(Connection::host_key_was_known)
    }

    /// Starts the node's shell; on this machine without SSH.
    ///
    /// # Errors
    /// [`NodeError`].
    pub async fn shell(&self) -> Result<Shell, NodeError> {
        match &self.connection {
            Some(connection) if !self.is_local() => connection.shell().await,
            _ => local::shell().await,
        }
    }

    /// All host keys of the node. Those that it announced after the login; without a login, those that it proves.
    ///
    /// # Errors
    /// [`ConnectError`].
    pub async fn host_keys(&self) -> Result<Vec<PublicKey>, ConnectError> {
        let Some(connection) = &self.connection else { return Ok(Vec::new()) };
        let mut keys = connection.announced_host_keys();
        let presented = connection.host_key();
        if !presented.as_ref().is_some_and(|key| keys.contains(key)) {
            keys = scan_host_keys(self.spec, presented, connection.trusted()).await?;
        }
        keys.sort();
        keys.dedup();
        Ok(keys)
    }
}

/// A node that was reached: entered, or waiting for a password.
pub enum Reached {
    /// A key opened it, or it is this machine.
    Entered(Entered),
    /// It takes a password.
    Waits(Box<Connection>, NodeSpec),
}

/// A record of host keys on this machine that cannot be read.
#[derive(Debug)]
pub struct UnreadableRecords {
    /// Which file.
    pub path: PathBuf,
    /// Why.
    pub error: std::io::Error,
}

/// Reaches all nodes and tries the keys, each node for itself.
///
/// # Errors
/// [`UnreadableRecords`]: without them no host key can be judged.
pub async fn reach(
    visit: Visit<'_>,
    observer: &dyn Observer,
) -> Result<Vec<Result<Reached, ConnectError>>, UnreadableRecords> {
    let trusted =
        TrustedHosts::read(visit.home).map_err(|(path, error)| UnreadableRecords { path, error })?;
    let trusted = Arc::new(trusted.confirming(visit.confirmed.to_vec()));
    let own = own_addresses();
    let credentials = Credentials::collect(visit.home, visit.agent).await;
    let gate = Semaphore::new(AT_ONCE);
    let opening = visit.cluster.nodes.iter().map(|spec| async {
        let _slot = gate.acquire().await;
        open(*spec, own.contains(&spec.ip), visit, trusted.clone(), &credentials, observer).await
    });
    Ok(join_all(opening).await)
}

/// This machine's addresses.
#[must_use]
pub fn own_addresses() -> Vec<IpAddr> {
    if_addrs::get_if_addrs().unwrap_or_default().iter().map(if_addrs::Interface::ip).collect()
}

/// Connects to one node and tries the keys.
async fn open(
    spec: NodeSpec,
    local: bool,
    visit: Visit<'_>,
    trusted: Arc<TrustedHosts>,
    credentials: &Credentials,
    observer: &dyn Observer,
) -> Result<Reached, ConnectError> {
    if local && visit.local_needs_no_ssh {
        observer.event(&Event::LoggedIn { node: spec, how: Login::Local });
        return Ok(Reached::Entered(Entered { spec, login: Login::Local, connection: None }));
    }
    let mut connection = Connection::open(spec, visit.user, trusted, visit.limit).await?;
    let host_key =
        connection.host_key().map_or_else(String::new, |k| format!("{} {}", k.algorithm(), k.fingerprint()));
    observer.event(&Event::Connected { node: spec, host_key, known: connection.host_key_was_known() });
    let by_key = connection.try_keys(credentials).await?;
    if by_key || local {
        let login = if local { Login::Local } else { Login::Key };
        observer.event(&Event::LoggedIn { node: spec, how: login });
        return Ok(Reached::Entered(Entered { spec, login, connection: Some(connection) }));
    }
    connection.demand_password_method().await?;
    Ok(Reached::Waits(Box::new(connection), spec))
}

/// What to do when a node refuses its password, or nobody has one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Patience {
    /// All nodes are needed: ask no more.
    AllOrNothing,
    /// Go on with the others.
    AsManyAsPossible,
}

/// Tries the node's own password, or the common one; then asks for each node that refused it. Two tries a node at the
/// most: many systems lock an account at the third.
pub async fn log_in(
    waiting: Vec<(Box<Connection>, NodeSpec)>,
    patience: Patience,
    passwords: &mut impl Passwords,
    observer: &dyn Observer,
) -> Vec<(NodeSpec, Result<Entered, NoEntry>)> {
    let (ready, mut done) = first_answers(waiting, patience, passwords).await;
    let gate = &Semaphore::new(AT_ONCE);
    let tries = ready.into_iter().map(|((connection, spec), password)| async move {
        let _slot = gate.acquire().await;
        attempt(connection, spec, &password, observer).await
    });
    let mut refused = Vec::new();
    for tried in join_all(tries).await {
        match tried {
            Tried::Refused(connection, spec) => refused.push((connection, spec)),
            Tried::Ended(spec, result) => done.push((spec, result)),
        }
    }
    let failed = done.iter().any(|(_, result)| result.is_err());
    let over = !passwords.asks_again() || (failed && patience == Patience::AllOrNothing);
    if refused.is_empty() || over {
        done.extend(refused.into_iter().map(|(_, spec)| (spec, Err(NoEntry::WrongPassword))));
        return done;
    }
    observer.event(&Event::PasswordsRefused(refused.iter().map(|(_, spec)| *spec).collect()));
    done.extend(one_by_one(refused, patience, passwords, observer).await);
    done
}

/// A node that takes a password.
type Waiting = (Box<Connection>, NodeSpec);
/// What became of a node.
type Ended = (NodeSpec, Result<Entered, NoEntry>);

/// The password to begin with, for each node, and the nodes that have none. Where all are needed, nothing is tried
/// unless all have one.
async fn first_answers(
    waiting: Vec<Waiting>,
    patience: Patience,
    passwords: &mut impl Passwords,
) -> (Vec<(Waiting, Secret)>, Vec<Ended>) {
    let common = match waiting.iter().any(|(_, spec)| !passwords.has_own(*spec)) {
        true => Some(passwords.ask(Question::Common).await),
        false => None,
    };
    let (mut ready, mut done) = (Vec::new(), Vec::new());
    for node in waiting {
        let answer = match &common {
            Some(common) if !passwords.has_own(node.1) => common.clone(),
            _ => passwords.ask(Question::OnNode(node.1)).await,
        };
        match answer {
            Ok(password) => ready.push((node, password)),
            Err(why) => done.push((node.1, Err(NoEntry::NoPassword(why)))),
        }
    }
    if patience == Patience::AllOrNothing && !done.is_empty() {
        ready.clear();
    }
    (ready, done)
}

/// Asks for the password of each node.
async fn one_by_one(
    refused: Vec<(Box<Connection>, NodeSpec)>,
    patience: Patience,
    passwords: &mut impl Passwords,
    observer: &dyn Observer,
) -> Vec<(NodeSpec, Result<Entered, NoEntry>)> {
    let mut done: Vec<(NodeSpec, Result<Entered, NoEntry>)> = Vec::new();
    let mut nobody: Option<String> = None;
    for (connection, spec) in refused {
        let failed = done.iter().any(|(_, result)| result.is_err());
        if failed && patience == Patience::AllOrNothing {
            break;
        }
        if let Some(why) = &nobody {
            done.push((spec, Err(NoEntry::NoPassword(why.clone()))));
            continue;
        }
        match passwords.ask(Question::OnNode(spec)).await {
            Err(why) => {
                done.push((spec, Err(NoEntry::NoPassword(why.clone()))));
                nobody = Some(why);
            }
            Ok(own) => match attempt(connection, spec, &own, observer).await {
                Tried::Ended(spec, result) => done.push((spec, result)),
                Tried::Refused(_, spec) => done.push((spec, Err(NoEntry::WrongPassword))),
            },
        }
    }
    done
}

/// What a try with a password came to.
enum Tried {
    /// One failed try.
    Refused(Box<Connection>, NodeSpec),
    Ended(NodeSpec, Result<Entered, NoEntry>),
}

async fn attempt(
    mut connection: Box<Connection>,
    spec: NodeSpec,
    password: &Secret,
    observer: &dyn Observer,
) -> Tried {
    match connection.try_password(password).await {
        Err(error) => Tried::Ended(spec, Err(error.into())),
        Ok(PasswordOutcome::Refused) => Tried::Refused(connection, spec),
        Ok(PasswordOutcome::Accepted) => {
            observer.event(&Event::LoggedIn { node: spec, how: Login::Password });
            let login = Login::Password;
            Tried::Ended(spec, Ok(Entered { spec, login, connection: Some(*connection) }))
        }
    }
}
