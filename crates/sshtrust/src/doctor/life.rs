//! Whether a machine lives although its sshd cannot be reached.

use std::io::ErrorKind;
use std::net::SocketAddr;

use futures_util::future::join_all;
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::BRIEF;
use crate::enter::NoEntry;
use crate::fleet::Visited;
use crate::inventory::{NodeMap, NodeSpec};
use crate::session::ConnectError;

/// Ports that nothing listens on, as a rule: a machine that lives refuses them, unless a firewall is silent about all.
const QUIET_PORTS: [u16; 2] = [1, 9];

/// For each node that the network kept us away from, whether something on it answers.
pub(super) async fn signs(visited: &NodeMap<Visited>) -> Vec<Option<bool>> {
    join_all(visited.iter().map(|visited| async {
        match &visited.result {
            Err(NoEntry::Connect(ConnectError::Refused | ConnectError::Silent(_))) => Some(true),
            Err(NoEntry::Connect(error)) if error.is_network() => Some(answers(visited.spec).await),
            _ => None,
        }
    }))
    .await
}

async fn answers(node: NodeSpec) -> bool {
    let tries = QUIET_PORTS.iter().filter(|port| **port != node.port).map(|port| async move {
        match timeout(BRIEF, TcpStream::connect(SocketAddr::new(node.ip, *port))).await {
            Ok(Ok(_)) => true,
            // A router's word that there is no such host is none of its own.
            Ok(Err(error)) => {
                matches!(error.kind(), ErrorKind::ConnectionRefused | ErrorKind::ConnectionReset)
            }
            Err(_) => false,
        }
    });
    join_all(tries).await.contains(&true)
}
