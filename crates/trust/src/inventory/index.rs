//! Which node, and what is known of each: a position in one list cannot be taken for a position in another.

use std::fmt;
use std::iter::{Enumerate, Map};
use std::slice;
use std::vec;

/// Which node of a cluster: its place in the user's order, from 0.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeIx(usize);

impl NodeIx {
    /// The node at this place.
    #[must_use]
    pub const fn new(place: usize) -> Self {
        Self(place)
    }

    /// The place, for output and arithmetic.
    #[must_use]
    pub const fn get(self) -> usize {
        self.0
    }
}

impl fmt::Debug for NodeIx {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}", self.0)
    }
}

/// Something of every node of a cluster, in the user's order.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct NodeMap<T>(Vec<T>);

impl<T> NodeMap<T> {
    /// How many nodes there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// That of one node.
    #[must_use]
    pub fn get(&self, node: NodeIx) -> Option<&T> {
        self.0.get(node.0)
    }

    /// That of one node, to be changed.
    #[must_use]
    pub fn get_mut(&mut self, node: NodeIx) -> Option<&mut T> {
        self.0.get_mut(node.0)
    }

    /// All nodes. It borrows nothing.
    pub fn indices(&self) -> impl DoubleEndedIterator<Item = NodeIx> + ExactSizeIterator + Clone + use<T> {
        (0..self.0.len()).map(NodeIx)
    }

    /// That of every node.
    pub fn iter(&self) -> slice::Iter<'_, T> {
        self.0.iter()
    }

    /// That of every node, to be changed.
    pub fn iter_mut(&mut self) -> slice::IterMut<'_, T> {
        self.0.iter_mut()
    }

    /// Every node with what is its.
    pub fn entries(&self) -> Entries<'_, T> {
        self.0.iter().enumerate().map(|(place, of)| (NodeIx(place), of))
    }

    /// The first node of which this holds.
    pub fn position(&self, holds: impl FnMut(&T) -> bool) -> Option<NodeIx> {
        self.0.iter().position(holds).map(NodeIx)
    }

    /// Something else of every node.
    #[must_use]
    pub fn map<U>(&self, of: impl FnMut(&T) -> U) -> NodeMap<U> {
        NodeMap(self.0.iter().map(of).collect())
    }

    /// The list.
    #[must_use]
    pub fn as_slice(&self) -> &[T] {
        &self.0
    }
}

/// See [`NodeMap::entries`].
pub type Entries<'a, T> = Map<Enumerate<slice::Iter<'a, T>>, fn((usize, &'a T)) -> (NodeIx, &'a T)>;

impl<T> Default for NodeMap<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> From<Vec<T>> for NodeMap<T> {
    fn from(list: Vec<T>) -> Self {
        Self(list)
    }
}

impl<T> FromIterator<T> for NodeMap<T> {
    fn from_iter<I: IntoIterator<Item = T>>(all: I) -> Self {
        Self(all.into_iter().collect())
    }
}

impl<T> IntoIterator for NodeMap<T> {
    type Item = T;
    type IntoIter = vec::IntoIter<T>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'a, T> IntoIterator for &'a NodeMap<T> {
    type Item = &'a T;
    type IntoIter = slice::Iter<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

impl<'a, T> IntoIterator for &'a mut NodeMap<T> {
    type Item = &'a mut T;
    type IntoIter = slice::IterMut<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter_mut()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_of_a_node_stays_with_it() {
        let map: NodeMap<&str> = ["a", "b", "c"].into_iter().collect();
        let places: Vec<usize> = map.indices().map(NodeIx::get).collect();
        assert_eq!(places, [0, 1, 2]);
        assert!(map.entries().eq(map.indices().zip(&map)));
        let second = map.position(|of| *of == "b").unwrap();
        assert_eq!((map.get(second), map.map(|of| of.len()).get(second)), (Some(&"b"), Some(&1)));
        assert_eq!(map.get(NodeIx::new(3)), None);
        assert_eq!(format!("{second:?}"), "#1");
    }
}
