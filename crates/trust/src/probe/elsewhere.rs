//! Callers that were shown another host key than the one that was recorded for the node just before. Pure.

use super::{By, Cause, TrustMatrix};
use crate::inventory::{NodeIx, NodeMap};

/// What `ssh` says before the fingerprint of a key that contradicts its records, from OpenSSH 6.8 to 10.
const BEFORE: &str = "sent by the remote host is";
/// SHA-256 as Base64 without padding (RFC 4648, 4), in characters.
const LENGTH: usize = 43;

/// A node that showed a caller a key that it had not shown to whoever recorded its keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OtherKey {
    /// Who called.
    pub from: NodeIx,
    /// Who was called.
    pub to: NodeIx,
    /// The fingerprint of what answered.
    pub presented: String,
}

/// The calls by address that met another key than those of `known`: fingerprints, for each node. A call by name may have
/// been led to another machine.
#[must_use]
pub fn other_keys(matrix: &TrustMatrix, known: &NodeMap<Vec<String>>) -> Vec<OtherKey> {
    let broken =
        matrix.edges().iter().filter(|edge| edge.by == By::Ip && edge.cause == Cause::HostKeyChanged);
    let other = broken.filter_map(|edge| {
        let presented = presented(&edge.said)?;
        let known = known.get(edge.to)?;
        let other = !known.is_empty() && !known.contains(&presented);
        other.then_some(OtherKey { from: edge.from, to: edge.to, presented })
    });
    other.collect()
}

/// The fingerprint of the key that was presented, in the words of `ssh`.
fn presented(said: &str) -> Option<String> {
    let (_, rest) = said.split_once(BEFORE)?;
    let (_, rest) = rest.split_once("SHA256:")?;
    let is_base64 = |c: &char| c.is_ascii_alphanumeric() || *c == '+' || *c == '/';
    let hash: String = rest.chars().take_while(is_base64).collect();
    (hash.len() == LENGTH).then(|| format!("SHA256:{hash}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::NodeSpec;
    use crate::probe::{PairState, TrustEdge};

    const HASH: &str = "IKyHezDQTZPay4hAkPvy3Hug3QG87Lz8wCiNfHEO2dI";

    /// What OpenSSH 9.2 prints, as it is kept.
    fn said(hash: &str) -> String {
        format!(
            "@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @ | The fingerprint for the ED25519 key sent by the \
             remote host is | SHA256:{hash}. | Please contact your system administrator."
        )
    }

    fn found(by: By, cause: Cause, said: &str, known: &[&str]) -> Vec<OtherKey> {
        let nodes: NodeMap<NodeSpec> =
            [1, 2].map(|n| NodeSpec { ip: [10, 0, 0, n].into(), port: 22 }).into_iter().collect();
        let [from, to] = [0, 1].map(NodeIx::new);
        let (host, said, state) = ("10.0.0.2".to_owned(), said.to_owned(), PairState::Broken);
        let edge = TrustEdge { from, to, by, host, state, status: Some(255), said, cause, millis: 1 };
        let known = known.iter().map(|hash| format!("SHA256:{hash}")).collect();
        let mut matrix = TrustMatrix::new(nodes, vec![By::Ip, By::Name]);
        matrix.add(edge);
        other_keys(&matrix, &vec![Vec::new(), known].into())
    }

    #[test]
    fn a_key_that_nobody_recorded_is_told_with_who_saw_it() {
        let other = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
        let seen = found(By::Ip, Cause::HostKeyChanged, &said(HASH), &[other]);
        let [from, to] = [0, 1].map(NodeIx::new);
        assert_eq!(seen, [OtherKey { from, to, presented: format!("SHA256:{HASH}") }]);
        // A stale record of the caller's own.
        assert_eq!(found(By::Ip, Cause::HostKeyChanged, &said(HASH), &[other, HASH]), []);
        // Another machine may have that name.
        assert_eq!(found(By::Name, Cause::HostKeyChanged, &said(HASH), &[other]), []);
        assert_eq!(found(By::Ip, Cause::HostKeyUnknown, &said(HASH), &[other]), []);
        assert_eq!(found(By::Ip, Cause::HostKeyChanged, &said("short"), &[other]), []);
        assert_eq!(found(By::Ip, Cause::HostKeyChanged, "", &[other]), []);
        assert_eq!(found(By::Ip, Cause::HostKeyChanged, &said(HASH), &[]), []);
    }
}
