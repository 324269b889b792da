//! Cases for the tests of the rules.

use std::collections::{BTreeMap, BTreeSet};

use super::{Case, CaseNode, Finding};
use crate::enter::NoEntry;
use crate::event::Login;
use crate::inventory::{NodeIx, NodeSpec};
use crate::machine::MachineId;
use crate::observe::{
    AgentState, Client, Evidence, Keys, Login as LoginEvidence, Machine, NodeState, Rights, Service,
    SshClient,
};
use crate::probe::{By, Cause, Pair, PairState, TrustEdge, TrustMatrix};

/// Which node this is: 10.0.0.1 is the first.
pub(super) fn spec(node: usize) -> NodeSpec {
    NodeSpec { ip: [10, 0, 0, node as u8 + 1].into(), port: 22 }
}

/// A healthy cluster of so many nodes, the first of which runs the program. Of each node that is known which every rule
/// needs; the evidence of the families is empty.
pub(super) fn healthy(nodes: usize) -> Case {
    let mut matrix = TrustMatrix::new((0..nodes).map(spec).collect(), vec![By::Ip]);
    let pairs = (0..nodes).flat_map(|from| (0..nodes).map(move |to| (from, to)));
    let works = Pair { state: PairState::Works, millis: 100 };
    pairs
        .filter(|(from, to)| from != to)
        .for_each(|(from, to)| matrix.set(NodeIx::new(from), NodeIx::new(to), By::Ip, works));
    let nodes = (0..nodes).map(|node| CaseNode {
        spec: spec(node),
        name: Some(format!("node{}", node + 1)),
        described: None,
        local: node == 0,
        entry: Ok(if node == 0 { Login::Local } else { Login::Key }),
        wants_more: None,
        evidence: Some(evidence(node)),
        host_keys: Vec::new(),
        proven: true,
        alive: Some(true),
    });
    Case { user: "root".to_owned(), preflight: false, key_type: None, nodes: nodes.collect(), matrix }
}

/// What is read of a node on which root has nothing out of order.
pub(crate) fn evidence(node: usize) -> Evidence {
    let state = NodeState {
        spec: spec(node),
        user: "root".to_owned(),
        uid: 0,
        gid: 0,
        home: "/root".to_owned(),
        hostname: format!("node{}", node + 1),
        system: "Linux x86_64".to_owned(),
        ssh: SshClient { version: Some((9, 2)), fips: false },
        missing: Vec::new(),
        authorized_keys_files: vec![".ssh/authorized_keys".to_owned()],
        accepted_algorithms: None,
        clock: None,
        machine: MachineId::default(),
        posix_shell: true,
        agent: AgentState::default(),
        host_keys: Vec::new(),
        keepalive: None,
        entries: BTreeMap::new(),
    };
    Evidence {
        state,
        service: Service::default(),
        rights: Rights::default(),
        keys: Keys::default(),
        login: LoginEvidence::default(),
        machine: Machine::default(),
        client: Client::default(),
        not_seen: BTreeSet::new(),
        records: Default::default(),
    }
}

impl Case {
    /// A pair does not work.
    pub(super) fn break_pair(&mut self, from: usize, to: usize, cause: Cause, said: &str) {
        let throttled = cause.is_throttling();
        self.matrix.add(TrustEdge {
            from: NodeIx::new(from),
            to: NodeIx::new(to),
            by: By::Ip,
            host: spec(to).ip.to_string(),
            state: if throttled { PairState::Throttled } else { PairState::Broken },
            status: Some(255),
            said: said.to_owned(),
            cause,
            millis: 100,
        });
    }

    /// Nobody reaches a node any more.
    pub(super) fn break_column(&mut self, to: usize, cause: &Cause, said: &str) {
        let callers = self.nodes.entries().map(|(from, node)| (from.get(), node.entry.is_ok()));
        let callers: Vec<usize> =
            callers.filter(|(from, inside)| *from != to && *inside).map(|(from, _)| from).collect();
        callers.into_iter().for_each(|from| self.break_pair(from, to, cause.clone(), said));
    }

    /// A node could not be entered, so that nothing was read there and its own calls are not seen.
    pub(super) fn bar(&mut self, node: usize, why: impl Into<NoEntry>) {
        self.at(node).entry = Err(why.into());
        self.at(node).evidence = None;
        let node = NodeIx::new(node);
        for to in self.nodes.indices().filter(|to| *to != node) {
            self.matrix.set(node, to, By::Ip, Pair::UNSEEN);
        }
    }

    /// A node, to be changed.
    pub(super) fn at(&mut self, node: usize) -> &mut CaseNode {
        self.nodes.get_mut(NodeIx::new(node)).unwrap()
    }

    /// What was read of a node.
    pub(super) fn seen_mut(&mut self, node: usize) -> &mut Evidence {
        let evidence = self.at(node).evidence.as_mut().unwrap();
        // What is about to change may have been read already.
        evidence.records = Default::default();
        evidence
    }
}

/// Findings in short: code, node, number of pairs.
pub(super) fn short(findings: &[Finding]) -> Vec<(&'static str, usize, usize)> {
    findings.iter().map(|finding| (finding.code.as_str(), finding.node.get(), finding.pairs.len())).collect()
}
