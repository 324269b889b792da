//! Reaches and enters every node: keys first, then the password, asked for only if a node still needs it.

use std::net::IpAddr;
use std::sync::Arc;

use futures_util::future::join_all;
use sshfiles::PublicKey;
use tokio::sync::Semaphore;

use super::{Options, Passwords, Question, SetupError};
use crate::event::{Event, Login, Observer};
use crate::inventory::NodeSpec;
use crate::node::{NodeError, Shell, local};
use crate::secret::Secret;
use crate::session::{ConnectError, Connection, Credentials, PasswordOutcome, TrustedHosts, scan_host_keys};

/// Most nodes that are being connected at a time.
const AT_ONCE: usize = 64;

/// A node that can be worked on.
pub struct Entered {
    /// Which node.
    pub spec: NodeSpec,
    /// It is this machine.
    pub local: bool,
    connection: Connection,
}

impl Entered {
    /// Starts the node's shell; on this machine without SSH.
    ///
    /// # Errors
    /// [`NodeError`].
    pub(super) async fn shell(&self) -> Result<Shell, NodeError> {
        if self.local { local::shell().await } else { self.connection.shell().await }
    }

    /// All host keys of the node. Those that it announced after the login; without a login, those that it proves.
    pub(super) async fn host_keys(&self) -> Result<Vec<PublicKey>, ConnectError> {
        let mut keys = self.connection.announced_host_keys();
        let presented = self.connection.host_key();
        if !presented.as_ref().is_some_and(|key| keys.contains(key)) {
            keys = scan_host_keys(self.spec, presented, self.connection.trusted()).await?;
        }
        keys.sort();
        keys.dedup();
        Ok(keys)
    }
}

/// Enters all nodes.
pub(super) async fn enter(
    options: &Options,
    passwords: &mut impl Passwords,
    observer: &dyn Observer,
) -> Result<Vec<Entered>, SetupError> {
    let trusted = TrustedHosts::read(&options.home).map_err(|(path, error)| SetupError::LocalFile {
        path: path.display().to_string(),
        reason: error.to_string(),
    })?;
    let trusted = Arc::new(trusted);
    let own = own_addresses();
    let credentials = Credentials::collect(&options.home, options.agent.as_deref()).await;
    let gate = Semaphore::new(AT_ONCE);
    let opening = options.cluster.nodes.iter().map(|spec| async {
        let _slot = gate.acquire().await;
        open(*spec, own.contains(&spec.ip), options, trusted.clone(), &credentials, observer).await
    });
    let mut nodes = all_or_failures(join_all(opening).await)?;
    let needy: Vec<&mut Entered> =
        nodes.iter_mut().filter(|n| !n.local && !n.connection.is_authenticated()).collect();
    if !needy.is_empty() {
        log_in(needy, passwords, observer, &gate).await?;
    }
    Ok(nodes)
}

/// This machine's addresses.
fn own_addresses() -> Vec<IpAddr> {
    if_addrs::get_if_addrs().unwrap_or_default().iter().map(if_addrs::Interface::ip).collect()
}

type Opened<T> = Result<T, (NodeSpec, ConnectError)>;

/// All values, or all failures.
fn all_or_failures<T>(results: Vec<Opened<T>>) -> Result<Vec<T>, SetupError> {
    let (good, bad): (Vec<_>, Vec<_>) = results.into_iter().partition(Result::is_ok);
    let failures: Vec<_> = bad.into_iter().filter_map(Result::err).collect();
    if failures.is_empty() {
        return Ok(good.into_iter().filter_map(Result::ok).collect());
    }
    Err(SetupError::Unreachable(failures))
}

/// Connects to one node and tries the keys.
async fn open(
    spec: NodeSpec,
    local: bool,
    options: &Options,
    trusted: Arc<TrustedHosts>,
    credentials: &Credentials,
    observer: &dyn Observer,
) -> Opened<Entered> {
    let fail = |error| (spec, error);
    let mut connection = Connection::open(spec, &options.user, trusted).await.map_err(fail)?;
    let host_key =
        connection.host_key().map_or_else(String::new, |k| format!("{} {}", k.algorithm(), k.fingerprint()));
    observer.event(&Event::Connected { node: spec, host_key, known: connection.host_key_was_known() });
    let by_key = connection.try_keys(credentials).await.map_err(fail)?;
    if by_key || local {
        let how = if local { Login::Local } else { Login::Key };
        observer.event(&Event::LoggedIn { node: spec, how });
    } else {
        connection.demand_password_method().await.map_err(fail)?;
    }
    Ok(Entered { spec, local, connection })
}

/// Tries the node's own password, or the common one; then asks for each node that refused it. Two tries a node at the
/// most: many systems lock an account at the third.
async fn log_in(
    mut needy: Vec<&mut Entered>,
    passwords: &mut impl Passwords,
    observer: &dyn Observer,
    gate: &Semaphore,
) -> Result<(), SetupError> {
    let answers = first_answers(&needy, passwords).await?;
    let tries = needy.iter_mut().zip(&answers).map(|(node, password)| async {
        let _slot = gate.acquire().await;
        let outcome = node.connection.try_password(password).await;
        outcome.map(|o| (node.spec, o)).map_err(|e| (node.spec, e))
    });
    let outcomes = all_or_failures(join_all(tries).await)?;
    let refused: Vec<NodeSpec> =
        outcomes.iter().filter(|(_, o)| *o == PasswordOutcome::Refused).map(|(spec, _)| *spec).collect();
    for (node, _) in outcomes.iter().filter(|(spec, _)| !refused.contains(spec)) {
        observer.event(&Event::LoggedIn { node: *node, how: Login::Password });
    }
    if refused.is_empty() {
        return Ok(());
    }
    if !passwords.asks_again() {
        return Err(SetupError::WrongPassword(refused));
    }
    observer.event(&Event::PasswordsRefused(refused.clone()));
    let again = needy.into_iter().filter(|node| refused.contains(&node.spec)).collect();
    second_tries(again, passwords, observer).await
}

/// The password to begin with, for each node. Nothing is tried before all are there.
async fn first_answers(
    needy: &[&mut Entered],
    passwords: &mut impl Passwords,
) -> Result<Vec<Secret>, SetupError> {
    let without: Vec<NodeSpec> =
        needy.iter().map(|node| node.spec).filter(|spec| !passwords.has_own(*spec)).collect();
    let common = match without.is_empty() {
        true => None,
        false => {
            let answer = passwords.ask(Question::Common).await;
            Some(answer.map_err(|why| SetupError::NoPassword { nodes: without.clone(), why })?)
        }
    };
    let mut answers = Vec::with_capacity(needy.len());
    for node in needy {
        let answer = match &common {
            Some(common) if without.contains(&node.spec) => Ok(common.clone()),
            _ => passwords.ask(Question::OnNode(node.spec)).await,
        };
        answers.push(answer.map_err(|why| SetupError::NoPassword { nodes: vec![node.spec], why })?);
    }
    Ok(answers)
}

/// Asks for each node that refused its first password, and tries the answer.
async fn second_tries(
    refused: Vec<&mut Entered>,
    passwords: &mut impl Passwords,
    observer: &dyn Observer,
) -> Result<(), SetupError> {
    for node in refused {
        let own = passwords
            .ask(Question::OnNode(node.spec))
            .await
            .map_err(|why| SetupError::NoPassword { nodes: vec![node.spec], why })?;
        let outcome = node.connection.try_password(&own).await;
        match outcome.map_err(|e| SetupError::Unreachable(vec![(node.spec, e)]))? {
            PasswordOutcome::Accepted => {
                observer.event(&Event::LoggedIn { node: node.spec, how: Login::Password });
            }
            PasswordOutcome::Refused => return Err(SetupError::WrongPassword(vec![node.spec])),
        }
    }
    Ok(())
}
