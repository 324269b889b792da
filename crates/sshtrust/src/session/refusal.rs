//! A key that was taken away is tried once: the node must refuse it.

use std::sync::Arc;

use russh::client::AuthResult;
use russh::keys::PrivateKey;
use sshfiles::PublicKey;
use tokio::time::timeout;

use super::connect::Connection;
use super::credentials::Credential;
use super::host_key::TrustedHosts;
use crate::inventory::NodeSpec;
use crate::limits::Limits;

/// How a node received a key that must not open it any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// It refused it.
    Refused,
    /// It let it in.
    Accepted,
    /// It could not be tried: why.
    NotTried(String),
}

/// Tries a key at a node, once: a second failure in a row may already be punished (sshd 9.8, PerSourcePenalties).
/// `host_keys`: those that the node had when it was entered; nobody else's word counts.
pub async fn try_taken_key(
    spec: NodeSpec,
    user: &str,
    key: Arc<PrivateKey>,
    host_keys: &[PublicKey],
    limits: &Limits,
) -> Refusal {
    let trusted = Arc::new(TrustedHosts::default());
    let mut connection = match Connection::open(spec, user, trusted, limits).await {
        Ok(connection) => connection,
        Err(error) => return Refusal::NotTried(error.to_string()),
    };
    let known = |key: &PublicKey| host_keys.is_empty() || host_keys.contains(key);
    if !connection.host_key().as_ref().is_some_and(known) {
        connection.close().await;
        return Refusal::NotTried("another machine answers at its address".to_owned());
    }
    let tried = timeout(limits.login, connection.try_key(&Credential::Key(key))).await;
    let refusal = match tried {
        Ok(Some(AuthResult::Success | AuthResult::Failure { partial_success: true, .. })) => {
            Refusal::Accepted
        }
        // No answer is none: PAM may keep the account out today, and the key would open it tomorrow.
        Ok(Some(AuthResult::Failure { .. })) if !connection.hung_up() => Refusal::Refused,
        Ok(_) => Refusal::NotTried("it closed the connection".to_owned()),
        Err(_) => Refusal::NotTried("it did not answer in time".to_owned()),
    };
    connection.close().await;
    refusal
}
