//! Which nodes of a cluster leave it.

use super::{Cluster, NodeSpec};

/// What is wrong with a list of nodes that shall leave.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RemovalError {
    /// It names no node.
    #[error("it names no node")]
    Empty,
    /// Words that are neither an address nor a name of a node of the cluster.
    #[error("not in the cluster")]
    Unknown(Vec<String>),
    /// No node would stay.
    #[error("no node would stay")]
    All,
}

impl Cluster {
    /// The nodes that stay, and those that leave. `words`: addresses, or names by which the description calls nodes; a node
    /// that comes twice counts once.
    ///
    /// # Errors
    /// [`RemovalError`].
    pub fn part<'a>(&self, words: impl IntoIterator<Item = &'a str>) -> Result<(Self, Self), RemovalError> {
        let (mut leave, mut unknown): (Vec<NodeSpec>, Vec<String>) = (Vec::new(), Vec::new());
        for word in words.into_iter().map(str::trim).filter(|word| !word.is_empty()) {
            match self.node_called(word) {
                Some(node) => leave.push(node),
                None => unknown.push(word.to_owned()),
            }
        }
        if !unknown.is_empty() {
            return Err(RemovalError::Unknown(unknown));
        }
        if leave.is_empty() {
            return Err(RemovalError::Empty);
        }
        let stays = |node: NodeSpec| !leave.contains(&node);
        if !self.nodes.iter().any(|node| stays(*node)) {
            return Err(RemovalError::All);
        }
        Ok((self.only(stays), self.only(|node| leave.contains(&node))))
    }

    /// The node that is called so.
    fn node_called(&self, word: &str) -> Option<NodeSpec> {
        let address = word.parse().ok();
        let named = |name: &String| name.eq_ignore_ascii_case(word);
        let all = self.nodes.iter().zip(&self.names).zip(&self.called);
        let mut found = all.filter(|((node, name), called)| {
            address == Some(node.ip) || name.iter().any(named) || called.iter().any(named)
        });
        found.next().map(|((node, _), _)| *node)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::Member;

    fn cluster() -> Cluster {
        let member = |number: u8| Member {
            spec: NodeSpec { ip: [10, 0, 0, number].into(), port: 22 },
            name: Some(format!("node{number}")),
            called: vec![format!("db{number}")],
            origin: String::new(),
        };
        Cluster::new((1..=3).map(member).collect()).unwrap()
    }

    #[test]
    fn nodes_leave_by_address_and_by_name_and_the_rest_stays() {
        let cases: [(&[&str], &[u8]); 5] = [
            (&["10.0.0.3"], &[3]),
            (&["NODE2", " 10.0.0.1 "], &[1, 2]),
            (&["db1", "node1", "10.0.0.1"], &[1]),
            (&["", "db3"], &[3]),
            (&["node3", "node2"], &[2, 3]),
        ];
        let numbers = |cluster: &Cluster| -> Vec<u8> {
            let last = |node: &NodeSpec| node.ip.to_string().rsplit('.').next().unwrap().parse().unwrap();
            cluster.nodes.iter().map(last).collect()
        };
        for (words, wanted) in cases {
            let (stay, leave) = cluster().part(words.iter().copied()).unwrap();
            assert_eq!(numbers(&leave), wanted, "{words:?}");
            let rest: Vec<u8> = (1..=3).filter(|number| !wanted.contains(number)).collect();
            assert_eq!(numbers(&stay), rest, "{words:?}");
        }
    }

    #[test]
    fn mistakes_are_told_apart() {
        let unknown = |words: &[&str]| RemovalError::Unknown(words.iter().map(|w| (*w).to_owned()).collect());
        let cases: [(&[&str], RemovalError); 5] = [
            (&[], RemovalError::Empty),
            (&["", " "], RemovalError::Empty),
            (&["10.0.0.4", "node1", "node"], unknown(&["10.0.0.4", "node"])),
            (&["node1", "node2", "node3"], RemovalError::All),
            (&["node1", "node2", "node3", "x"], unknown(&["x"])),
        ];
        for (words, wanted) in cases {
            assert_eq!(cluster().part(words.iter().copied()), Err(wanted), "{words:?}");
        }
    }
}
