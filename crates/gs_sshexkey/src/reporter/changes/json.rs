//! Differences for programs: of each node its text, or, where all texts together would be long, which of the texts that nodes share
//! it is made of.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::Value;
use sshtrust::plan::{ChangeText, Piece};

/// Longer texts than these, all together, are written once and named by their number. In bytes.
const LONG: usize = 1 << 20;

/// The texts of a document.
pub(crate) struct Texts {
    /// Whether they are shared.
    shared: bool,
    /// Of how many nodes a piece is, by where it lies.
    nodes: HashMap<usize, usize>,
    places: HashMap<usize, usize>,
    texts: Vec<Value>,
}

impl Texts {
    /// For these changes.
    pub(crate) fn of<'a>(changes: impl IntoIterator<Item = &'a ChangeText>) -> Self {
        let (mut size, mut nodes) = (0, HashMap::new());
        for piece in changes.into_iter().flat_map(|change| &change.pieces) {
            size += piece.runs.iter().map(|run| run.text.len()).sum::<usize>();
            *nodes.entry(Arc::as_ptr(piece).addr()).or_default() += 1;
        }
        Self { shared: size > LONG, nodes, places: HashMap::new(), texts: Vec::new() }
    }

    /// Writes the change of a node into its object: as the member `name`, or as `name` and `_texts`.
    pub(crate) fn put(&mut self, name: &str, change: &ChangeText, node: &mut Value) {
        if !self.shared {
            node[name] = change.to_string().into();
            return;
        }
        let numbers: Vec<usize> = change.pieces.iter().flat_map(|piece| self.numbers(piece)).collect();
        node[name] = Value::Null;
        node[format!("{name}_texts")] = numbers.into();
    }

    /// A piece that other nodes have too is one text; else its runs may still be shared.
    fn numbers(&mut self, piece: &Arc<Piece>) -> Vec<usize> {
        let place = Arc::as_ptr(piece).addr();
        if self.nodes.get(&place).is_some_and(|count| *count > 1) {
            let text = || piece.runs.iter().map(|run| &*run.text).collect();
            return vec![self.number(place, text)];
        }
        piece
            .runs
            .iter()
            .map(|run| self.number(run.text.as_ptr().addr(), || (*run.text).to_owned()))
            .collect()
    }

    /// What lies at one place is one text.
    fn number(&mut self, place: usize, text: impl FnOnce() -> String) -> usize {
        *self.places.entry(place).or_insert_with(|| {
            self.texts.push(text().into());
            self.texts.len() - 1
        })
    }

    /// Adds what the numbers mean, if there are any, to the document.
    pub(crate) fn end(self, document: &mut Value) {
        if self.shared {
            document["texts"] = self.texts.into();
        }
    }
}
