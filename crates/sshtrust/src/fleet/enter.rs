//! Reaches every node and enters it by a key, if one opens it.

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use futures_util::future::join_all;
use sshfiles::PublicKey;

use crate::event::{Event, Login, Observer};
use crate::inventory::{Cluster, NodeSpec};
use crate::limits::Limits;
use crate::node::{NodeError, Shell, local};
use crate::session::{
    ConnectError, Connection, Credentials, Search, ShutKey, TrustedHosts, find_records, scan_host_keys,
};

use super::Gate;
pub(crate) use super::login::no_password;
pub use super::login::{Passwords, Patience, Question, log_in};
pub use crate::session::{ConfirmedKey, HostKeyPolicy, RecordFile};
pub use trust::enter::NoEntry;

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
    /// How long to wait for a node.
    pub limits: Limits,
    /// This machine is entered without SSH, even if its SSH server cannot be reached.
    pub local_needs_no_ssh: bool,
    /// Host keys that were confirmed in another way: for their nodes the records do not count.
    pub confirmed: &'a [ConfirmedKey],
    /// What whoever started the run demands of host keys.
    pub host_keys: &'a HostKeyPolicy,
}

/// A node that can be worked on.
pub struct Entered {
    /// Which node.
    pub spec: NodeSpec,
    /// How it was entered.
    pub login: Login,
    /// None if it is this machine and its SSH server was not asked.
    connection: Option<Box<Connection>>,
}

impl Entered {
    pub(super) const fn new(spec: NodeSpec, login: Login, connection: Option<Box<Connection>>) -> Self {
        Self { spec, login, connection }
    }

    /// Gives a shell back that nobody uses any more.
    pub(super) fn spare(&self, shell: Shell) {
        if let Some(connection) = &self.connection {
            connection.give_back(shell);
        }
    }

    /// Whether it is this machine.
    #[must_use]
    pub fn is_local(&self) -> bool {
        self.login == Login::Local
    }

    /// Whether its host key was on record on this machine, or confirmed in another way.
    #[must_use]
    pub fn host_key_was_known(&self) -> bool {
        self.connection.as_ref().is_some_and(|connection| connection.host_key_was_known())
    }

    /// The error if a key was accepted there, and was not enough.
    #[must_use]
    pub fn wants_more(&self) -> Option<ConnectError> {
        self.connection.as_ref()?.wants_more()
    }

    /// The host key that it presented here; none if its SSH server was not asked.
    #[must_use]
    pub fn host_key(&self) -> Option<PublicKey> {
        self.connection.as_ref()?.host_key()
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
            keys = scan_host_keys(self.spec, presented, connection.trusted(), connection.limits()).await?;
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

/// What host keys are judged by on this machine cannot be read.
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
    let own = own_addresses();
    let Visit { cluster, user, home, confirmed, host_keys: policy, .. } = visit;
    let search = Search { cluster, user, home, own: &own, confirmed, policy };
    let trusted = find_records(search).await.map_err(|(path, error)| UnreadableRecords { path, error })?;
    let trusted = Arc::new(trusted);
    let credentials = Credentials::collect(visit.home, visit.agent).await;
    credentials.passed().iter().for_each(|key| observer.event(&Event::OwnKeyPassedOver(key.clone())));
    let gate = Gate::default();
    let opening = visit.cluster.nodes.iter().map(|spec| {
        gate.pass(open(*spec, own.contains(&spec.ip), visit, trusted.clone(), &credentials, observer))
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
        return Ok(Reached::Entered(Entered::new(spec, Login::Local, None)));
    }
    let mut connection = Connection::open(spec, visit.user, trusted, &visit.limits).await?;
    let host_key = connection.host_key().as_ref().map_or_else(String::new, describe);
    observer.event(&Event::Connected { node: spec, host_key, known: connection.host_key_was_known() });
    let by_key = connection.try_keys(credentials, !local).await?;
    for ShutKey { key, said } in connection.shut() {
        let text = format!("key {key} opens it and runs no command of ours: {said}");
        observer.event(&Event::Warning { node: spec, text });
    }
    if by_key || local {
        let login = if local { Login::Local } else { Login::Key };
        observer.event(&Event::LoggedIn { node: spec, how: login });
        return Ok(Reached::Entered(Entered::new(spec, login, Some(Box::new(connection)))));
    }
    connection.demand_password_method().await?;
    Ok(Reached::Waits(Box::new(connection), spec))
}

/// Its type and fingerprint.
pub(super) fn describe(key: &PublicKey) -> String {
    format!("{} {}", key.algorithm(), key.fingerprint())
}
