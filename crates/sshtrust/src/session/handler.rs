//! The callbacks of a connection: the host key check and what the server tells by itself.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use russh::client::{DisconnectReason, Handler, Session};
use russh::keys::{PublicKey, PublicKeyOrCertificate};
use trust::host_keys::HostKeyVerdict;

use super::auth::shown;
use super::host_key::{self, TrustedHosts};
use crate::inventory::NodeSpec;
use crate::text::printable;

/// What is learned in callbacks.
#[derive(Debug, Default)]
pub(super) struct Learned {
    /// The key that the server proved to have in the key exchange.
    pub(super) host_key: Option<sshfiles::PublicKey>,
    /// What the records say about it.
    pub(super) verdict: Option<HostKeyVerdict>,
    /// All its host keys (`hostkeys-00@openssh.com`, OpenSSH's PROTOCOL 2.5), sent after login.
    pub(super) announced: Vec<sshfiles::PublicKey>,
    /// Why the server disconnected.
    pub(super) farewell: Option<String>,
    /// It said so itself (RFC 4253, 11.1).
    pub(super) dismissed: bool,
    /// What it said to the user last, before the login ended (RFC 4252, 5.4); safe to show.
    pub(super) banner: String,
}

/// Shared between a connection and its callbacks.
#[derive(Debug, Clone, Default)]
pub(super) struct Shared(Arc<Mutex<Learned>>);

impl Shared {
    pub(super) fn get(&self) -> MutexGuard<'_, Learned> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// See the module.
pub(super) struct Client {
    pub(super) spec: NodeSpec,
    pub(super) trusted: Arc<TrustedHosts>,
    pub(super) shared: Shared,
}

pub(super) fn convert(key: &PublicKey) -> Option<sshfiles::PublicKey> {
    sshfiles::PublicKey::from_blob(key.to_bytes().ok()?).ok()
}

impl Handler for Client {
    type Error = russh::Error;

    async fn check_server_key(&mut self, key: &PublicKeyOrCertificate) -> Result<bool, Self::Error> {
        let certificate = key.certificate().and_then(host_key::certificate);
        let Some(key) = convert(&key.public_key()) else { return Ok(false) };
        let verdict = self.trusted.check(self.spec, &key, certificate.as_ref());
        let accepted = match verdict {
            HostKeyVerdict::Known => true,
            HostKeyVerdict::Unknown => self.trusted.strict(self.spec).is_none(),
            HostKeyVerdict::Changed(_) | HostKeyVerdict::Revoked(_) => false,
        };
        let mut learned = self.shared.get();
        learned.host_key = Some(key);
        learned.verdict = Some(verdict);
        Ok(accepted)
    }

    async fn openssh_ext_host_keys_announced(
        &mut self,
        keys: Vec<PublicKey>,
        _session: &mut Session,
    ) -> Result<(), Self::Error> {
        self.shared.get().announced = keys.iter().filter_map(convert).collect();
        Ok(())
    }

    async fn auth_banner(&mut self, banner: &str, _session: &mut Session) -> Result<(), Self::Error> {
        self.shared.get().banner = shown(banner);
        Ok(())
    }

    async fn disconnected(&mut self, reason: DisconnectReason<Self::Error>) -> Result<(), Self::Error> {
        let text = match &reason {
            DisconnectReason::ReceivedDisconnect(info) => printable(info.message.as_bytes()),
            DisconnectReason::Error(error) => printable(error.to_string().as_bytes()),
        };
        let mut learned = self.shared.get();
        learned.farewell = Some(text);
        learned.dismissed = matches!(reason, DisconnectReason::ReceivedDisconnect(_));
        drop(learned);
        match reason {
            DisconnectReason::ReceivedDisconnect(_) => Ok(()),
            DisconnectReason::Error(error) => Err(error),
        }
    }
}
