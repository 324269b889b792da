//! Host keys without a login: one key exchange for each type.

use std::sync::Arc;

use sshfiles::PublicKey;

use super::ConnectError;
use super::algorithms::{self, Wanted};
use super::connect::Connection;
use super::host_key::TrustedHosts;
use crate::inventory::NodeSpec;
use crate::limits::Limits;

/// Host key types that are asked for together: a server has one of each family, as a rule.
const FAMILIES: [&[&str]; 3] =
    [&["ssh-ed25519"], &["ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521"], &["ssh-rsa"]];

/// Collects the host keys that a node can prove, as `ssh-keyscan` does.
///
/// `have` is known already. Only for nodes where there is no login: since OpenSSH 9.8 a server counts connections without one against their
/// source.
///
/// # Errors
/// [`ConnectError`] if the node cannot be reached at all; a type that it does not have is left out.
pub async fn scan_host_keys(
    spec: NodeSpec,
    have: Option<PublicKey>,
    trusted: &Arc<TrustedHosts>,
    limits: &Limits,
) -> Result<Vec<PublicKey>, ConnectError> {
    let mut keys = Vec::from_iter(have);
    for family in FAMILIES {
        if keys.iter().any(|key| family.contains(&key.algorithm())) {
            continue;
        }
        let wanted = Wanted { only: Some(family), ..Wanted::default() };
        let config = Arc::new(algorithms::config(&wanted, limits.alive));
        match Connection::open_once(spec, "", trusted, &config, limits).await {
            Ok(connection) => {
                keys.extend(connection.host_key());
                connection.close().await;
            }
            // It has none; or one that is not taken for its own: unknown where only known ones count, revoked, or against
            // a record. What it was reached by has been judged.
            Err(
                ConnectError::NoCommonAlgorithm(_)
                | ConnectError::HostKeyUnknown(_)
                | ConnectError::HostKeyChanged(_)
                | ConnectError::HostKeyRevoked(_),
            ) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(keys)
}
