//! What a diagnosis is made from.

use sshfiles::PublicKey;

use crate::enter::{ConnectError, NoEntry};
use crate::event::Login;
use crate::inventory::{NodeIx, NodeMap, NodeSpec};
use crate::observe::Evidence;
use crate::probe::{Cause, EdgeIx, TrustEdge, TrustMatrix};

/// A cluster as it was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case {
    /// The user whose trust this is.
    pub user: String,
    /// Trust is yet to be made: only what would stand in its way counts.
    pub preflight: bool,
    /// The type of the key that will be used, as a public key file names it, if that is decided.
    pub key_type: Option<String>,
    /// The nodes, in the order of the matrix.
    pub nodes: NodeMap<CaseNode>,
    /// Who reached whom; without pairs in a preflight.
    pub matrix: TrustMatrix,
}

/// One node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaseNode {
    /// Which node.
    pub spec: NodeSpec,
    /// The host name that it is called by, if it has one that can be used.
    pub name: Option<String>,
    /// The host name that the description of the cluster gives it, if its own is another.
    pub described: Option<String>,
    /// It is the machine that runs the program.
    pub local: bool,
    /// How it was entered, or why it could not be.
    pub entry: Result<Login, NoEntry>,
    /// A key was accepted there and was not enough: what this machine was told.
    pub wants_more: Option<ConnectError>,
    /// What was read there; `None` if it could not be.
    pub evidence: Option<Evidence>,
    /// Host keys that it proved to have, or announced over a connection to one that it proved.
    pub host_keys: Vec<PublicKey>,
    /// Nobody can have posed as it: this machine had its host key on record, or it was confirmed in another way.
    pub proven: bool,
    /// Something else on it answered the coordinator although its sshd did not; `None`: nobody asked.
    pub alive: Option<bool>,
}

impl Case {
    /// A node.
    #[must_use]
    pub fn node(&self, index: NodeIx) -> Option<&CaseNode> {
        self.nodes.get(index)
    }

    /// Every node with its evidence, if there is some.
    pub fn seen(&self) -> impl Iterator<Item = (NodeIx, &CaseNode, &Evidence)> {
        let nodes = self.nodes.entries();
        nodes.filter_map(|(index, node)| Some((index, node, node.evidence.as_ref()?)))
    }

    /// The pairs that do not work and are like this.
    pub fn pairs<'a>(&'a self, like: impl Fn(&TrustEdge) -> bool + 'a) -> Vec<EdgeIx> {
        self.matrix.entries().filter(|(_, edge)| like(edge)).map(|(pair, _)| pair).collect()
    }

    /// The pairs that lead to a node and do not work for one of these causes.
    #[must_use]
    pub fn pairs_to(&self, node: NodeIx, causes: &[Cause]) -> Vec<EdgeIx> {
        let pairs = self.matrix.edges_to(node).iter().copied();
        let fits = |edge: &TrustEdge| edge.from != node && causes.contains(&edge.cause);
        pairs.filter(|pair| self.edge(*pair).is_some_and(fits)).collect()
    }

    /// The pairs that come from a node and do not work for one of these causes.
    #[must_use]
    pub fn pairs_from(&self, node: NodeIx, causes: &[Cause]) -> Vec<EdgeIx> {
        let pairs = self.matrix.edges_from(node).iter().copied();
        let fits = |edge: &TrustEdge| edge.to != node && causes.contains(&edge.cause);
        pairs.filter(|pair| self.edge(*pair).is_some_and(fits)).collect()
    }

    /// A pair that does not work.
    #[must_use]
    pub fn edge(&self, pair: EdgeIx) -> Option<&TrustEdge> {
        self.matrix.edge(pair)
    }

    /// How a person knows a node: its address.
    #[must_use]
    pub fn label(&self, node: NodeIx) -> String {
        self.node(node).map_or_else(String::new, |node| node.spec.to_string())
    }
}
