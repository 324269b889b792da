//! The parts that trust on a node consists of: each says how it is put there, and how it is taken away.
//!
//! `put` gives what a node lacks; where nothing is missing it gives nothing. `take` gives up only what bears a mark of the
//! tool's, or of openGauss's tool, which is the same. All of it is pure: the present state goes in, edits come out.

pub mod agent;
pub mod authorize;
pub mod config;
pub mod folder;
pub mod job;
pub mod jobs;
pub mod keepalive;
pub mod key;
pub mod known_hosts;
pub mod mapping;
pub mod profile;

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::observe::{FileBytes, NodeState};
use crate::place::Place;
use crate::plan::{Content, DirEdit, FileEdit, Splice};

/// New contents of a file by the old ones: most nodes start with the same file and end with the same.
#[derive(Debug, Default)]
pub(crate) struct Made {
    /// By where it is held, which is soon told; it stays held as long as this is.
    held: RefCell<HashMap<usize, (FileBytes, Content)>>,
    /// By its bytes.
    equal: RefCell<HashMap<FileBytes, Content>>,
    /// What comes into files that differ is mostly the same.
    lines: RefCell<HashSet<Arc<Vec<u8>>>>,
}

impl Made {
    /// What becomes of a content; made when it is first met.
    pub(crate) fn of(&self, old: &FileBytes, make: impl FnOnce() -> Vec<u8>) -> Content {
        if let Some((_, new)) = self.held.borrow().get(&old.place()) {
            return new.clone();
        }
        let known = self.equal.borrow().get(old).cloned();
        let new = known.unwrap_or_else(|| self.shared(Content::of(old, make())));
        self.equal.borrow_mut().insert(old.clone(), new.clone());
        self.held.borrow_mut().insert(old.place(), (old.clone(), new.clone()));
        new
    }

    fn shared(&self, content: Content) -> Content {
        let Content::Spliced(splice) = content else { return content };
        let mut lines = self.lines.borrow_mut();
        let new = lines.get(&splice.new).unwrap_or(&splice.new).clone();
        lines.insert(new.clone());
        Content::Spliced(Splice { new, ..splice })
    }
}

/// A folder of the user's alone, if it is missing or open to others.
pub(crate) fn dir(state: &NodeState, place: Place, path: String) -> Option<DirEdit> {
    let old = state.entry(place);
    let old_mode = old.exists().then_some(old.mode);
    (old_mode != Some(0o700)).then_some(DirEdit { path, old_mode, mode: 0o700 })
}

/// The mode of a file that is made; one that is there keeps its own.
pub(crate) fn only_new(state: &NodeState, place: Place, mode: u32) -> Option<u32> {
    if state.entry(place).exists() { None } else { Some(mode) }
}

/// A file, if its bytes or its mode differ.
pub(crate) fn file(state: &NodeState, place: Place, bytes: Vec<u8>, mode: Option<u32>) -> Option<FileEdit> {
    shared_file(state, place, Content::of(&state.entry(place).bytes, bytes), mode)
}

/// As [`file`], with a content that several nodes get.
pub(crate) fn shared_file(
    state: &NodeState,
    place: Place,
    content: Content,
    mode: Option<u32>,
) -> Option<FileEdit> {
    let old = state.entry(place);
    let same_mode = mode.is_none_or(|mode| mode == old.mode);
    if old.exists() && same_mode && content.is(&old.bytes) {
        return None;
    }
    Some(FileEdit { old: old.clone(), content, mode, secret: false })
}
