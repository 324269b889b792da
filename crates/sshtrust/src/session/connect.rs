//! TCP, the key exchange and the host key.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use russh::client::{Config, Handle};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::algorithms::{self, Wanted};
use super::handler::{Client, Shared};
use super::host_key::TrustedHosts;
use super::peek::{FirstBytes, Peek};
use super::revocation::listed_in;
use super::{ConnectError, PassedKey, ShutKey};
use crate::inventory::NodeSpec;
use crate::limits::Limits;
use crate::node::{NodeError, Shell};
use crate::text::printable;
use trust::enter::{HostKeyConflict, UnknownHostKey};
use trust::host_keys::HostKeyVerdict;

/// A connection to a node, not necessarily authenticated yet.
pub struct Connection {
    pub(super) spec: NodeSpec,
    pub(super) user: String,
    pub(super) trusted: Arc<TrustedHosts>,
    pub(super) handle: Handle<Client>,
    pub(super) shared: Shared,
    /// How long to wait for it.
    pub(super) limits: Box<Limits>,
    /// Keys of this machine that were not tried.
    pub(super) passed: Vec<PassedKey>,
    /// Keys that open the account and run no command of ours.
    pub(super) shut: Vec<ShutKey>,
    /// A key was accepted, and the node wants these methods besides.
    pub(super) wants_more: Option<String>,
    /// A shell that runs already, or why there is none, for the first who asks for one.
    pub(super) ready: Mutex<Option<Result<Shell, NodeError>>>,
}

impl Connection {
    /// Connects, exchanges keys, and checks the host key against the records. A server that throttles is tried again a
    /// few times.
    ///
    /// # Errors
    /// [`ConnectError`], of the last try.
    pub async fn open(
        spec: NodeSpec,
        user: &str,
        trusted: Arc<TrustedHosts>,
        limits: &Limits,
    ) -> Result<Self, ConnectError> {
        let (first, certificate) = (trusted.types(spec), trusted.wants_certificate(spec));
        let wanted = Wanted { first, certificate, only: None };
        let config = Arc::new(algorithms::config(&wanted, limits.alive));
        for wait in limits.back_off {
            match Self::open_once(spec, user, &trusted, &config, limits).await {
                Err(error) if error.is_throttling() => tokio::time::sleep(wait).await,
                result => return result?.unless_listed().await,
            }
        }
        Self::open_once(spec, user, &trusted, &config, limits).await?.unless_listed().await
    }

    /// The same, if the host key is on no revocation list.
    async fn unless_listed(self) -> Result<Self, ConnectError> {
        let Some(key) = self.host_key() else { return Ok(self) };
        let listed = listed_in(self.trusted.lists(self.spec), &key).await.cloned();
        let Some(file) = listed else { return Ok(self) };
        self.close().await;
        let (key_type, presented) = (key.algorithm().to_owned(), key.fingerprint());
        let (recorded, host) = (format!("{key_type} {presented}"), "*".to_owned());
        let conflict = HostKeyConflict { key_type, presented, recorded, host, file, line: 0 };
        Err(ConnectError::HostKeyRevoked(Box::new(conflict)))
    }

    pub(super) async fn open_once(
        spec: NodeSpec,
        user: &str,
        trusted: &Arc<TrustedHosts>,
        config: &Arc<Config>,
        limits: &Limits,
    ) -> Result<Self, ConnectError> {
        let stream = tcp(spec, limits.tcp).await?;
        let first = FirstBytes::default();
        let shared = Shared::default();
        let client = Client { spec, trusted: trusted.clone(), shared: shared.clone() };
        let exchange =
            russh::client::connect_stream(config.clone(), Peek::new(stream, first.clone()), client);
        let handle = match timeout(limits.key_exchange, exchange).await {
            Err(_) => return Err(ConnectError::Silent(limits.key_exchange.as_secs())),
            Ok(Err(error)) => {
                return Err(
                    refused(spec, trusted, &shared).unwrap_or_else(|| explain(error, &shared, &first))
                );
            }
            Ok(Ok(handle)) => handle,
        };
        let (trusted, user) = (trusted.clone(), user.to_owned());
        Ok(Self {
            spec,
            user,
            trusted,
            handle,
            shared,
            limits: Box::new(*limits),
            passed: Vec::new(),
            shut: Vec::new(),
            wants_more: None,
            ready: Mutex::new(None),
        })
    }

    /// Makes the same connection again, after the server closed this one.
    pub(super) async fn reopen(&mut self) -> Result<(), ConnectError> {
        let again = Self::open(self.spec, &self.user, self.trusted.clone(), &self.limits).await?;
        if again.host_key() != self.host_key() {
            return Err(ConnectError::Protocol(
                "two machines answer at this address: the second connection met another host key".to_owned(),
            ));
        }
        // What was learned about keys holds for this one too.
        let (passed, shut) = (std::mem::take(&mut self.passed), std::mem::take(&mut self.shut));
        let wants_more = self.wants_more.take();
        *self = Self { passed, shut, wants_more, ..again };
        Ok(())
    }

    /// The key that the node proved to have.
    #[must_use]
    pub fn host_key(&self) -> Option<sshfiles::PublicKey> {
        self.shared.get().host_key.clone()
    }

    /// The records that it was checked against.
    #[must_use]
    pub const fn trusted(&self) -> &Arc<TrustedHosts> {
        &self.trusted
    }

    /// How long to wait for this node.
    pub(crate) const fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Whether that key was on record.
    #[must_use]
    pub fn host_key_was_known(&self) -> bool {
        self.shared.get().verdict == Some(HostKeyVerdict::Known)
    }

    /// All host keys of the node, as it announced them after the login; empty if it did not. It proved to have one of
    /// them; that it claims others too harms nobody but itself, because they are recorded for its own names only.
    #[must_use]
    pub fn announced_host_keys(&self) -> Vec<sshfiles::PublicKey> {
        self.shared.get().announced.clone()
    }

    /// Ends the connection politely, so that the server does not count it as one that gave up.
    pub async fn close(self) {
        let goodbye = self.handle.disconnect(russh::Disconnect::ByApplication, "", "");
        let _ = timeout(Duration::from_secs(1), goodbye).await;
    }
}

async fn tcp(spec: NodeSpec, limit: Duration) -> Result<TcpStream, ConnectError> {
    match timeout(limit, TcpStream::connect(SocketAddr::new(spec.ip, spec.port))).await {
        Err(_) => Err(ConnectError::TimedOut(limit.as_secs())),
        Ok(Ok(stream)) => {
            // Only a matter of speed.
            let _ = stream.set_nodelay(true);
            Ok(stream)
        }
        Ok(Err(e)) => Err(match e.kind() {
            ErrorKind::ConnectionRefused => ConnectError::Refused,
            ErrorKind::TimedOut => ConnectError::TimedOut(limit.as_secs()),
            ErrorKind::HostUnreachable => ConnectError::Unreachable("no route to host".to_owned()),
            ErrorKind::NetworkUnreachable => ConnectError::Unreachable("network is unreachable".to_owned()),
            ErrorKind::ConnectionReset => ConnectError::ClosedEarly { said: String::new() },
            _ => ConnectError::Unreachable(printable(e.to_string().as_bytes())),
        }),
    }
}

/// Why this side hung up: the host key that it was shown.
fn refused(spec: NodeSpec, trusted: &TrustedHosts, shared: &Shared) -> Option<ConnectError> {
    let mut learned = shared.get();
    match learned.verdict.take()? {
        HostKeyVerdict::Changed(conflict) => Some(ConnectError::HostKeyChanged(Box::new(conflict))),
        HostKeyVerdict::Revoked(conflict) => Some(ConnectError::HostKeyRevoked(Box::new(conflict))),
        HostKeyVerdict::Unknown => {
            let (key, strict) = (learned.host_key.as_ref()?, trusted.strict(spec)?.clone());
            let (key_type, presented) = (key.algorithm().to_owned(), key.fingerprint());
            Some(ConnectError::HostKeyUnknown(Box::new(UnknownHostKey { key_type, presented, strict })))
        }
        HostKeyVerdict::Known => None,
    }
}

/// Finds the real reason behind the library's error.
fn explain(error: russh::Error, shared: &Shared, first: &FirstBytes) -> ConnectError {
    let said = first.get();
    match error {
        russh::Error::NoCommonAlgo { kind, ours, theirs } => ConnectError::NoCommonAlgorithm(format!(
            "no common {kind:?} algorithm; this side offers {}; the node offers {}",
            ours.join(","),
            printable(theirs.join(",").as_bytes())
        )),
        _ if !said.starts_with(b"SSH-") && !said.windows(5).any(|w| w == b"\nSSH-") => {
            ConnectError::ClosedEarly { said: printable(&said) }
        }
        // A server with MaxStartups or penalties may also reset after its own banner.
        russh::Error::HUP => ConnectError::ClosedEarly { said: String::new() },
        russh::Error::IO(e) if e.kind() == ErrorKind::ConnectionReset => {
            ConnectError::ClosedEarly { said: String::new() }
        }
        error => {
            let farewell = shared.get().farewell.take().unwrap_or_else(|| error.to_string());
            ConnectError::Protocol(farewell)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use tokio::net::TcpListener;

    async fn listener() -> (TcpListener, NodeSpec) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        (listener, NodeSpec { ip: address.ip(), port: address.port() })
    }

    async fn open(spec: NodeSpec, limits: &Limits) -> Option<ConnectError> {
        Connection::open(spec, "nobody", Arc::default(), limits).await.err()
    }

    #[tokio::test]
    async fn a_server_that_says_nothing_is_waited_for_as_long_as_the_limit_says() {
        let (_listener, spec) = listener().await;
        let limits = Limits { key_exchange: Duration::from_secs(1), ..Limits::default() };
        assert_eq!(open(spec, &limits).await, Some(ConnectError::Silent(1)));
    }

    #[tokio::test]
    async fn a_server_that_throttles_is_tried_again_after_each_pause() {
        let (listener, spec) = listener().await;
        let tries = Arc::new(AtomicUsize::new(0));
        let counted = tries.clone();
        tokio::spawn(async move {
            while listener.accept().await.is_ok() {
                counted.fetch_add(1, Ordering::Relaxed);
            }
        });
        let limits = Limits { back_off: [Duration::ZERO; 5], ..Limits::default() };
        let ended = open(spec, &limits).await;
        assert!(matches!(ended, Some(ConnectError::ClosedEarly { .. })), "{ended:?}");
        assert_eq!(tries.load(Ordering::Relaxed), 6);
    }
}
