//! TCP, the key exchange and the host key.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use russh::client::{Config, Handle};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::algorithms;
use super::error::ConnectError;
use super::handler::{Client, Shared};
use super::host_key::{HostKeyVerdict, TrustedHosts};
use super::peek::{FirstBytes, Peek};
use crate::inventory::NodeSpec;
use crate::text::printable;

/// How long TCP may take.
const TCP_LIMIT: Duration = Duration::from_secs(10);
/// How long a key exchange may take where the node is needed: some servers ask slow name servers before they say a word.
pub const KEX_LIMIT: Duration = Duration::from_secs(60);
/// Waits between tries of a server that throttles; its penalties last some 15 seconds.
const BACK_OFF: [Duration; 5] = [
    Duration::from_millis(200),
    Duration::from_millis(800),
    Duration::from_secs(3),
    Duration::from_secs(6),
    Duration::from_secs(10),
];

/// A connection to a node, not necessarily authenticated yet.
pub struct Connection {
    pub(super) spec: NodeSpec,
    pub(super) user: String,
    pub(super) trusted: Arc<TrustedHosts>,
    pub(super) handle: Handle<Client>,
    pub(super) shared: Shared,
    /// How long a key exchange may take.
    pub(super) limit: Duration,
    pub(super) authenticated: bool,
}

impl Connection {
    /// Connects, exchanges keys, which may take as long as `limit`, and checks the host key against the records. A
    /// server that throttles is tried again a few times.
    ///
    /// # Errors
    /// [`ConnectError`], of the last try.
    pub async fn open(
        spec: NodeSpec,
        user: &str,
        trusted: Arc<TrustedHosts>,
        limit: Duration,
    ) -> Result<Self, ConnectError> {
        let config = Arc::new(algorithms::config(&trusted.types(spec), None));
        for wait in BACK_OFF {
            match Self::open_once(spec, user, &trusted, &config, limit).await {
                Err(error) if error.is_throttling() => tokio::time::sleep(wait).await,
                result => return result,
            }
        }
        Self::open_once(spec, user, &trusted, &config, limit).await
    }

    pub(super) async fn open_once(
        spec: NodeSpec,
        user: &str,
        trusted: &Arc<TrustedHosts>,
        config: &Arc<Config>,
        limit: Duration,
    ) -> Result<Self, ConnectError> {
        let stream = tcp(spec).await?;
        let first = FirstBytes::default();
        let shared = Shared::default();
        let client = Client { spec, trusted: trusted.clone(), shared: shared.clone() };
        let exchange =
            russh::client::connect_stream(config.clone(), Peek::new(stream, first.clone()), client);
        let handle = match timeout(limit, exchange).await {
            Err(_) => return Err(ConnectError::Silent(limit.as_secs())),
            Ok(Err(error)) => return Err(explain(error, &shared, &first)),
            Ok(Ok(handle)) => handle,
        };
        let (trusted, user) = (trusted.clone(), user.to_owned());
        Ok(Self { spec, user, trusted, handle, shared, limit, authenticated: false })
    }

    /// Makes the same connection again, after the server closed this one.
    pub(super) async fn reopen(&mut self) -> Result<(), ConnectError> {
        let again = Self::open(self.spec, &self.user, self.trusted.clone(), self.limit).await?;
        if again.host_key() != self.host_key() {
            return Err(ConnectError::Protocol(
                "two machines answer at this address: the second connection met another host key".to_owned(),
            ));
        }
        *self = again;
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

    /// Whether somebody is logged in on it.
    #[must_use]
    pub const fn is_authenticated(&self) -> bool {
        self.authenticated
    }

    /// Ends the connection politely, so that the server does not count it as one that gave up.
    pub async fn close(self) {
        let goodbye = self.handle.disconnect(russh::Disconnect::ByApplication, "", "");
        let _ = timeout(Duration::from_secs(1), goodbye).await;
    }
}

async fn tcp(spec: NodeSpec) -> Result<TcpStream, ConnectError> {
    match timeout(TCP_LIMIT, TcpStream::connect(SocketAddr::new(spec.ip, spec.port))).await {
        Err(_) => Err(ConnectError::TimedOut(TCP_LIMIT.as_secs())),
        Ok(Ok(stream)) => {
            // Only a matter of speed.
            let _ = stream.set_nodelay(true);
            Ok(stream)
        }
        Ok(Err(e)) => Err(match e.kind() {
            ErrorKind::ConnectionRefused => ConnectError::Refused,
            ErrorKind::TimedOut => ConnectError::TimedOut(TCP_LIMIT.as_secs()),
            ErrorKind::HostUnreachable => ConnectError::Unreachable("no route to host".to_owned()),
            ErrorKind::NetworkUnreachable => ConnectError::Unreachable("network is unreachable".to_owned()),
            ErrorKind::ConnectionReset => ConnectError::ClosedEarly { said: String::new() },
            _ => ConnectError::Unreachable(printable(e.to_string().as_bytes())),
        }),
    }
}

/// Finds the real reason behind the library's error.
fn explain(error: russh::Error, shared: &Shared, first: &FirstBytes) -> ConnectError {
    match shared.get().verdict.take() {
        Some(HostKeyVerdict::Changed(conflict)) => return ConnectError::HostKeyChanged(Box::new(conflict)),
        Some(HostKeyVerdict::Revoked(conflict)) => return ConnectError::HostKeyRevoked(Box::new(conflict)),
        _ => {}
    }
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
