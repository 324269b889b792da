//! What a call's own answer proves: that our command ran, and on which machine. Pure.
//!
//! Exit status 0 proves neither. A forced command ends well too, and a caller may be led elsewhere, by its settings or by the
//! network. So the command says which machine it runs on, and that is compared with what the node said when it was entered.

use std::net::IpAddr;

use super::By;
use crate::inventory::{NodeIx, NodeMap, NodeSpec};
use crate::machine::MachineId;

/// What the command of a call said.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Proof {
    /// The machine on which it ran.
    pub machine: MachineId,
    /// The address at which that machine was reached, as its sshd sees it (`SSH_CONNECTION`): behind a translation of
    /// addresses it is another one than was called.
    pub reached_at: Option<IpAddr>,
}

impl Proof {
    /// Reads `BOOT/NET/ADDRESS`; what is not told is `-`. `None`: the command did not run.
    #[must_use]
    pub fn read(words: &str) -> Option<Self> {
        let mut words = words.split('/');
        let (boot, net, address) = (words.next()?, words.next()?, words.next()?);
        let address: Option<IpAddr> = address.parse().ok();
        Some(Self { machine: MachineId::read(boot, net), reached_at: address.map(|a| a.to_canonical()) })
    }
}

/// Another machine answered: the node of the cluster that it is, if it is one.
type Wrong = Option<NodeIx>;

/// An answer that was taken for right, although nobody has been on that node.
#[derive(Debug, Clone)]
struct Taken {
    from: NodeIx,
    to: NodeIx,
    by: By,
    proof: Proof,
}

/// The machines of a cluster, as far as they were entered.
#[derive(Debug, Clone, Default)]
pub struct Machines {
    nodes: NodeMap<(NodeSpec, Option<MachineId>)>,
    taken: Vec<Taken>,
}

impl Machines {
    /// Those of these nodes; `None`: nobody has been there.
    #[must_use]
    pub fn new(nodes: NodeMap<(NodeSpec, Option<MachineId>)>) -> Self {
        Self { nodes, taken: Vec::new() }
    }

    /// A node was lost. If it comes back, it may be after a restart, as another one.
    pub fn forget(&mut self, node: NodeIx) {
        self.nodes.get_mut(node).into_iter().for_each(|(_, id)| *id = None);
    }

    /// Takes the answer of a call.
    ///
    /// # Errors
    /// Another machine answered.
    pub fn take(&mut self, from: NodeIx, to: NodeIx, by: By, proof: Proof) -> Result<(), Wrong> {
        let (address, known) = self.nodes.get(to).map_or((None, None), |(s, id)| (Some(s.ip), id.as_ref()));
        match known.and_then(|id| id.is(&proof.machine)) {
            Some(true) => return Ok(()),
            // A boot id alone says who it is most likely: it is not the one that was called.
            Some(false) => return Err(self.whose(to, &proof, |one, other| one.is(other) == Some(true))),
            None => {}
        }
        // Its address is its own, whatever else it is.
        let is_at_home = proof.reached_at.is_some() && proof.reached_at == address;
        if !is_at_home && let Some(other) = self.whose(to, &proof, MachineId::is_surely) {
            return Err(Some(other));
        }
        if known.is_none() {
            self.taken.push(Taken { from, to, by, proof });
        }
        Ok(())
    }

    /// The other node that gave this answer, if these are one.
    fn whose(&self, to: NodeIx, proof: &Proof, one: fn(&MachineId, &MachineId) -> bool) -> Option<NodeIx> {
        let others = || self.nodes.entries().filter(|(node, _)| *node != to);
        let at = |spec: &NodeSpec| proof.reached_at == Some(spec.ip);
        let same = others().filter(|(_, (_, id))| id.as_ref().is_some_and(|id| one(id, &proof.machine)));
        let nearest = same.min_by_key(|(_, (spec, _))| !at(spec));
        // Of one that nobody has entered, or that told nothing, the address is all that is known.
        let untold = |id: &Option<MachineId>| id.as_ref().is_none_or(|id| id.is(&proof.machine).is_none());
        let by_address = || others().find(|(_, (spec, id))| at(spec) && untold(id));
        nearest.or_else(by_address).map(|(node, _)| node)
    }

    /// The pairs whose callers reached different machines at one address, on which nobody has been: which of them is right
    /// is told by the address at which it was reached; where that tells nothing, none is proven.
    #[must_use]
    pub fn doubtful(&self) -> Vec<(NodeIx, NodeIx, By)> {
        let mut doubtful = Vec::new();
        for node in self.nodes.indices() {
            let taken: Vec<&Taken> = self.taken.iter().filter(|taken| taken.to == node).collect();
            let address = self.nodes.get(node).map(|(spec, _)| spec.ip);
            let differ =
                |one: &Taken, other: &Taken| one.proof.machine.is(&other.proof.machine) == Some(false);
            let disputed = |of: &[&Taken]| of.iter().any(|one| of.iter().any(|other| differ(one, other)));
            if !disputed(&taken) {
                continue;
            }
            let at_home: Vec<&Taken> =
                taken.iter().copied().filter(|t| t.proof.reached_at == address).collect();
            let nobody = at_home.is_empty() || disputed(&at_home);
            let wrong = taken.iter().filter(|one| nobody || at_home.iter().any(|right| differ(one, right)));
            doubtful.extend(wrong.map(|taken| (taken.from, taken.to, taken.by)));
        }
        doubtful
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PORT: u16 = 22;

    fn spec(node: usize) -> NodeSpec {
        NodeSpec { ip: [10, 0, 0, node as u8 + 1].into(), port: PORT }
    }

    fn ix(node: usize) -> NodeIx {
        NodeIx::new(node)
    }

    /// Nodes on one kernel, told apart by their namespaces; `None`: nobody has been there.
    fn machines(nets: &[Option<u64>]) -> Machines {
        let node = |(place, net): (usize, &Option<u64>)| {
            (spec(place), net.map(|net| MachineId { boot: Some("ab".to_owned()), net: Some(net) }))
        };
        Machines::new(nets.iter().enumerate().map(node).collect())
    }

    fn proof(words: &str) -> Proof {
        Proof::read(words).unwrap()
    }

    #[test]
    fn an_answer_is_read_or_it_is_none() {
        let full = proof("ab-1/ino:7/10.0.0.3");
        assert_eq!((full.machine.net, full.reached_at), (Some(7), Some([10, 0, 0, 3].into())));
        assert_eq!(proof("-/-/-"), Proof::default());
        assert_eq!(proof("ab/ino:7/fe80::1%eth0").reached_at, None);
        assert_eq!(proof("ab/-/::ffff:10.0.0.3").reached_at, Some([10, 0, 0, 3].into()));
        for none in ["", "-", "?", "ab/7"] {
            assert_eq!(Proof::read(none), None, "{none}");
        }
    }

    #[test]
    fn the_machine_that_answers_is_the_one_that_was_entered() {
        // What each node told when it was entered; the answer of a call of the first to the second; what is made of it.
        type Case<'a> = (&'a [Option<u64>], &'a str, Result<(), Option<usize>>);
        let all: &[Option<u64>] = &[Some(1), Some(2), Some(3)];
        let unseen: &[Option<u64>] = &[Some(1), None, Some(3), None];
        let cases: [Case<'_>; 16] = [
            (all, "ab/ino:2/10.0.0.2", Ok(())),
            // Behind a translation of addresses it is the same machine.
            (all, "ab/ino:2/192.168.7.7", Ok(())),
            (all, "ab/ino:2/-", Ok(())),
            (all, "ab/ino:3/10.0.0.3", Err(Some(2))),
            (all, "ab/ino:1/127.0.0.1", Err(Some(0))),
            (all, "ab/ino:9/10.0.0.2", Err(None)),
            (all, "cd/ino:2/10.0.0.2", Err(None)),
            // It says less: the boot id alone is the same, and the address tells what it can.
            (all, "ab/-/10.0.0.2", Ok(())),
            (all, "-/-/10.0.0.2", Ok(())),
            (all, "-/-/-", Ok(())),
            (all, "-/-/10.0.0.3", Err(Some(2))),
            // Nobody has been on the called node.
            (unseen, "ab/ino:9/10.0.0.2", Ok(())),
            (unseen, "ab/ino:9/192.168.7.7", Ok(())),
            (unseen, "ab/ino:3/10.0.0.3", Err(Some(2))),
            (unseen, "ab/ino:9/10.0.0.4", Err(Some(3))),
            // One machine that stands in the list twice.
            (unseen, "ab/ino:3/10.0.0.2", Ok(())),
        ];
        for (nodes, words, wanted) in cases {
            let taken = machines(nodes).take(ix(0), ix(1), By::Ip, proof(words));
            assert_eq!(taken, wanted.map_err(|node| node.map(ix)), "{words} of {nodes:?}");
        }
    }

    #[test]
    fn a_node_and_itself_and_one_that_was_lost() {
        let mut all = machines(&[Some(1), Some(2)]);
        assert_eq!(all.take(ix(0), ix(0), By::Name, proof("ab/ino:1/127.0.1.1")), Ok(()));
        // It restarted meanwhile: it is another one, at its own address.
        assert_eq!(all.take(ix(0), ix(1), By::Ip, proof("cd/ino:2/10.0.0.2")), Err(None));
        all.forget(ix(1));
        assert_eq!(all.take(ix(0), ix(1), By::Ip, proof("cd/ino:2/10.0.0.2")), Ok(()));
    }

    #[test]
    fn callers_that_reach_different_machines_at_one_address() {
        // Answers to the first three nodes at the fourth, where nobody has been; which of them do not hold.
        let cases: [([&str; 3], &[usize]); 6] = [
            (["ab/ino:9/10.0.0.4"; 3], &[]),
            (["ab/ino:9/10.0.0.4", "ab/ino:9/10.0.0.4", "ab/ino:8/10.9.9.9"], &[2]),
            // What is not told contradicts nothing.
            (["ab/ino:9/10.0.0.4", "-/-/-", "ab/-/-"], &[]),
            // Two machines have the address, or none that answered: nobody knows which is right.
            (["ab/ino:9/10.0.0.4", "ab/ino:9/10.0.0.4", "ab/ino:8/10.0.0.4"], &[0, 1, 2]),
            (["ab/ino:9/10.9.9.9", "ab/ino:9/10.9.9.9", "ab/ino:8/10.9.9.9"], &[0, 1, 2]),
            (["cd/ino:9/-", "ab/ino:9/10.0.0.4", "ab/ino:9/10.0.0.4"], &[0]),
        ];
        for (answers, wanted) in cases {
            let mut machines = machines(&[Some(1), Some(2), Some(3), None]);
            for (from, words) in answers.iter().enumerate() {
                assert_eq!(machines.take(ix(from), ix(3), By::Ip, proof(words)), Ok(()));
            }
            let doubtful: Vec<usize> = machines.doubtful().iter().map(|(from, ..)| from.get()).collect();
            assert_eq!(doubtful, wanted, "{answers:?}");
        }
    }
}
