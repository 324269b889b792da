//! Made-up results for the tests of what is shown.

use std::collections::BTreeMap;
use std::time::{Duration, UNIX_EPOCH};

use sshtrust::check::{Checked, CheckedNode, NoEntry};
use sshtrust::event::Login;
use sshtrust::inventory::{NodeIx, NodeMap, NodeSpec};
use sshtrust::limits::Limits;
use sshtrust::probe::{By, Cause, Coverage, Extent, Pair, PairState, Pairs, Scope, TrustEdge, TrustMatrix};
use sshtrust::session::ConnectError;

/// The node at this place, from 0.
pub(crate) const fn ix(place: usize) -> NodeIx {
    NodeIx::new(place)
}

/// A node of a result, to be changed.
pub(crate) fn at(checked: &mut Checked, place: usize) -> &mut CheckedNode {
    checked.nodes.get_mut(ix(place)).unwrap()
}

/// A cluster whose pairs work, and what is then broken in it. Nodes are numbered from 1 here, as their addresses are.
pub(crate) struct Sample {
    nodes: NodeMap<CheckedNode>,
    by: Vec<By>,
    edges: BTreeMap<(NodeIx, NodeIx, By), TrustEdge>,
    slow: Vec<(NodeIx, NodeIx, u32)>,
    pairs: Pairs,
}

/// The address with this number, from 1: 250 in a network.
pub(crate) fn spec(number: u32) -> NodeSpec {
    let address = 0x0a00_0000 + (number - 1) / 250 * 256 + (number - 1) % 250 + 1;
    NodeSpec { ip: std::net::Ipv4Addr::from(address).into(), port: 22 }
}

pub(crate) const REFUSED: &str = "ssh: connect to host {host} port 22: Connection refused";

impl Sample {
    /// Nodes `10.0.0.1` and so on, 250 in a network.
    pub(crate) fn new(size: u32) -> Self {
        let node = |number: u32| {
            let spec = spec(number);
            let entry = Ok(if number == 1 { Login::Local } else { Login::Key });
            let name = Some(format!("node{number}"));
            CheckedNode { spec, name, described: None, no_name: None, entry, expires: None }
        };
        let nodes = (1..=size).map(node).collect();
        Self { nodes, by: vec![By::Ip], edges: BTreeMap::new(), slow: Vec::new(), pairs: Pairs::all() }
    }

    pub(crate) fn by(mut self, by: &[By]) -> Self {
        self.by = by.to_vec();
        self
    }

    /// A node that could not be entered calls nobody.
    pub(crate) fn barred(mut self, node: usize, why: NoEntry) -> Self {
        self = self.node(node, |node| node.entry = Err(why));
        self.edges.retain(|(from, ..), _| *from != ix(node - 1));
        self
    }

    pub(crate) fn node(mut self, node: usize, change: impl FnOnce(&mut CheckedNode)) -> Self {
        change(self.nodes.get_mut(ix(node - 1)).unwrap());
        self
    }

    /// The server of a node is stopped.
    pub(crate) fn stopped(mut self, node: usize) -> Self {
        for from in (1..=self.nodes.len()).filter(|from| *from != node) {
            for by in self.by.clone() {
                self = self.breaks(from, node, by, Cause::Refused, REFUSED);
            }
        }
        self.barred(node, ConnectError::Refused.into())
    }

    /// The private key of a node is gone.
    pub(crate) fn keyless(mut self, node: usize) -> Self {
        for to in (1..=self.nodes.len()).filter(|to| *to != node) {
            let said = "omm@{host}: Permission denied (publickey,password).";
            self = self.breaks(node, to, By::Ip, Cause::KeyRefused, said);
        }
        self
    }

    /// One pair; `{host}` in what ssh said becomes what was called.
    pub(crate) fn breaks(mut self, from: usize, to: usize, by: By, cause: Cause, said: &str) -> Self {
        let (from, to) = (ix(from - 1), ix(to - 1));
        if self.nodes.get(from).unwrap().entry.is_err() {
            return self;
        }
        let host = match by {
            By::Ip => self.nodes.get(to).unwrap().spec.ip.to_string(),
            By::Name => self.nodes.get(to).unwrap().name.clone().unwrap(),
        };
        let state = if cause.is_throttling() { PairState::Throttled } else { PairState::Broken };
        let said = said.replace("{host}", &host);
        let edge = TrustEdge { from, to, by, host, state, status: Some(255), said, cause, millis: 90 };
        self.edges.insert((from, to, by), edge);
        self
    }

    /// Many pairs, by address. What cannot be entered calls nobody.
    pub(crate) fn all_break(
        mut self,
        pairs: impl IntoIterator<Item = (usize, usize)>,
        cause: &Cause,
        said: &str,
    ) -> Self {
        for (from, to) in pairs.into_iter().filter(|(from, to)| from != to) {
            self = self.breaks(from, to, By::Ip, cause.clone(), said);
        }
        self
    }

    pub(crate) fn slow(mut self, from: usize, to: usize, millis: u32) -> Self {
        self.slow.push((ix(from - 1), ix(to - 1), millis));
        self
    }

    /// Only the next node and so many others are called by each.
    pub(crate) fn drawn(mut self, each: usize, seed: u64) -> Self {
        let coverage = Coverage { extent: Extent::Sample(Some(each)), seed };
        self.pairs = self.pairs.covered(coverage, self.nodes.len());
        let pairs = &self.pairs;
        self.edges.retain(|(from, to, _), _| pairs.holds(*from, *to));
        self
    }

    pub(crate) fn checked(self) -> Checked {
        let specs = self.nodes.iter().map(|node| node.spec).collect();
        let scope = Scope {
            pairs: self.pairs.clone(),
            by_ip: self.by.contains(&By::Ip),
            by_name: self.by.contains(&By::Name),
            demands_names: true,
            with_self: false,
            identities_only: false,
            enough: None,
            limits: Limits::default(),
        };
        let mut matrix = TrustMatrix::unseen(specs, &scope, |_| true);
        for (from, node) in self.nodes.entries() {
            let pairs = &self.pairs;
            for to in self.nodes.indices().filter(|to| *to != from && pairs.holds(from, *to)) {
                let works =
                    Pair { state: PairState::Works, millis: 100 + (from.get() + to.get()) as u32 % 100 };
                let pair = if node.entry.is_ok() { works } else { Pair::UNSEEN };
                self.by.iter().for_each(|by| matrix.set(from, to, *by, pair));
            }
        }
        for (from, to, millis) in self.slow {
            matrix.set(from, to, self.by[0], Pair { state: PairState::Slow, millis });
        }
        self.edges.into_values().for_each(|edge| matrix.add(edge));
        Checked {
            user: "omm".to_owned(),
            began: UNIX_EPOCH + Duration::from_millis(1_800_000_000_250),
            took: Duration::from_millis(21_430),
            nodes: self.nodes,
            matrix,
        }
    }
}

/// What `ssh` prints when a host key has changed.
pub(crate) const CHANGED: &str = "@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@ | @    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @ | @@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@ | IT IS POSSIBLE THAT SOMEONE IS DOING SOMETHING NASTY! | Someone could be eavesdropping on you right now (man-in-the-middle attack)! | It is also possible that a host key has just been changed. | The fingerprint for the ED25519 key sent by the remote host is | SHA256:IKyHezDQTZPay4hAkPvy3Hug3QG87Lz8wCiNfHEO2dI. | Please contact your system administrator. | Add correct host key in /home/omm/.ssh/known_hosts to get rid of this message. | Offending ED25519 key in /home/omm/.ssh/known_hosts:3 |   remove with: |   ssh-keygen -f \"/home/omm/.ssh/known_hosts\" -R \"{host}\" | Host key for {host} has changed and you have requested strict checking. | Host key verification failed.";

/// Every cause once. A new variant does not compile until it is in this chain.
pub(crate) fn causes() -> Vec<Cause> {
    let next = |cause: &Cause| match cause {
        Cause::Refused => Some(Cause::TimedOut),
        Cause::TimedOut => Some(Cause::NoRoute),
        Cause::NoRoute => Some(Cause::Hung),
        Cause::Hung => Some(Cause::ClosedEarly),
        Cause::ClosedEarly => Some(Cause::HungUp),
        Cause::HungUp => Some(Cause::ProxyFailed),
        Cause::ProxyFailed => Some(Cause::Penalised),
        Cause::Penalised => Some(Cause::MaxStartups),
        Cause::MaxStartups => Some(Cause::HostKeyChanged),
        Cause::HostKeyChanged => Some(Cause::HostKeyRevoked),
        Cause::HostKeyRevoked => Some(Cause::HostKeyUnknown),
        Cause::HostKeyUnknown => Some(Cause::KeyRefused),
        Cause::KeyRefused => Some(Cause::AgentUseless),
        Cause::AgentUseless => Some(Cause::TooManyKeys),
        Cause::TooManyKeys => Some(Cause::Permissions),
        Cause::Permissions => Some(Cause::NameUnknown),
        Cause::NameUnknown => Some(Cause::WrongAddress { found: "10.9.9.9".to_owned() }),
        Cause::WrongAddress { .. } => {
            let answered = Some(NodeSpec { ip: [10, 9, 9, 9].into(), port: 22 });
            Some(Cause::WrongMachine { answered })
        }
        Cause::WrongMachine { .. } => Some(Cause::ForcedCommand),
        Cause::ForcedCommand => Some(Cause::CommandRefused),
        Cause::CommandRefused => Some(Cause::NoCommonAlgorithm),
        Cause::NoCommonAlgorithm => Some(Cause::PasswordExpired),
        Cause::PasswordExpired => Some(Cause::NoLogin),
        Cause::NoLogin => Some(Cause::Libraries),
        Cause::Libraries => Some(Cause::NoSsh),
        Cause::NoSsh => Some(Cause::BadConfig),
        Cause::BadConfig => Some(Cause::Other),
        Cause::Other => None,
    };
    std::iter::successors(Some(Cause::Refused), next).collect()
}
