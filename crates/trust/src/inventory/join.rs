//! A cluster that grows.

use super::{Clash, Cluster, Member, NodeIx};

/// Where the nodes stand that are there already, as a person finds it.
const LIST: &str = "the list";

impl Cluster {
    /// This cluster with nodes that come, behind its own and in their order. One that is in it already stays as it is.
    ///
    /// # Errors
    /// Every [`Clash`]: an address that has another port, a name that has another address, ...
    pub fn joined(&self, coming: &Self) -> Result<Self, Vec<Clash>> {
        let is_here = |member: &Member| self.nodes.iter().any(|node| *node == member.spec);
        let here = self.members(|_| LIST.to_owned());
        let coming = coming.members(|member| format!("'{}'", member.spec)).into_iter().map(|member| {
            // What it is called in the list counts; it may have come by an alias.
            let called = if is_here(&member) { member.name.clone() } else { None };
            let name = member.name.filter(|_| called.is_none());
            Member { name, called: member.called.into_iter().chain(called).collect(), ..member }
        });
        Self::new(here.into_iter().chain(coming).collect())
    }

    /// Its nodes as a description has them.
    fn members(&self, origin: impl Fn(&Member) -> String) -> Vec<Member> {
        let one = |index: NodeIx| {
            let (spec, origin_of) = (*self.nodes.get(index)?, &origin);
            let name = self.names.get(index).cloned().flatten();
            let called = self.called.get(index).cloned().unwrap_or_default();
            let member = Member { spec, name, called, origin: String::new() };
            Some(Member { origin: origin_of(&member), ..member })
        };
        self.nodes.indices().filter_map(one).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::NodeSpec;

    fn cluster(members: &[(u8, u16, &str)]) -> Cluster {
        let member = |(number, port, name): &(u8, u16, &str)| Member {
            spec: NodeSpec { ip: [10, 0, 0, *number].into(), port: *port },
            name: (!name.is_empty()).then(|| (*name).to_owned()),
            called: Vec::new(),
            origin: String::new(),
        };
        Cluster::new(members.iter().map(member).collect()).unwrap()
    }

    fn shown(cluster: &Cluster) -> Vec<String> {
        let all = cluster.nodes.iter().zip(&cluster.names);
        all.map(|(node, name)| format!("{node} {}", name.as_deref().unwrap_or("-"))).collect()
    }

    #[test]
    fn nodes_that_come_stand_behind_the_others_and_those_that_are_there_stay_as_they_are() {
        let old = cluster(&[(2, 22, "db2"), (1, 22, "")]);
        let joined = old.joined(&cluster(&[(9, 2222, "n9"), (2, 22, "alias"), (3, 22, "")])).unwrap();
        assert_eq!(shown(&joined), ["10.0.0.2 db2", "10.0.0.1 -", "10.0.0.9:2222 n9", "10.0.0.3 -"]);
        assert_eq!(joined.called.as_slice()[0], ["db2", "alias"]);
        assert_eq!(old.joined(&old).unwrap(), old);
    }

    #[test]
    fn what_contradicts_the_list_is_named() {
        let old = cluster(&[(1, 22, "n1"), (2, 22, "")]);
        let said = |coming: &[(u8, u16, &str)]| {
            let clashes = old.joined(&cluster(coming)).unwrap_err();
            clashes.iter().map(|clash| format!("{}: {clash}", clash.origin())).collect::<Vec<_>>()
        };
        assert_eq!(
            said(&[(2, 2222, ""), (3, 22, "N1")]),
            [
                "'10.0.0.2:2222': 10.0.0.2 has another port than in the list",
                "'10.0.0.3': the name N1 has another address than in the list",
            ]
        );
        let alone = cluster(&[(1, 22, "")]);
        let loopback =
            Cluster { nodes: vec![NodeSpec { ip: [127, 0, 0, 1].into(), port: 22 }].into(), ..alone };
        assert!(loopback.joined(&cluster(&[(2, 22, "")])).is_err());
    }
}
