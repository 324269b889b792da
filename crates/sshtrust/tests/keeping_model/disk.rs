//! What is on a node's disk: the key that it calls with, the keys that it lets in, and the journal.

/// A node: the first one is the coordinator's own.
pub(crate) type Node = usize;
/// How many there are.
pub(crate) const NODES: usize = 3;
/// All of them.
pub(crate) const ALL: Nodes = Nodes(0b111);

/// Some of the nodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(crate) struct Nodes(pub(crate) u8);

impl Nodes {
    pub(crate) fn has(self, node: Node) -> bool {
        self.0 & (1 << node) != 0
    }

    pub(crate) fn iter(self) -> impl Iterator<Item = Node> {
        (0..NODES).filter(move |node| self.has(*node))
    }

    pub(crate) fn of(wanted: impl Fn(Node) -> bool) -> Self {
        Self((0..NODES).filter(|node| wanted(*node)).map(|node| 1 << node).sum())
    }

    pub(crate) fn is_empty(self) -> bool {
        self.0 == 0
    }
}

/// A key pair; 0 is none.
pub(crate) type Key = u8;
/// The key that a cluster has before its key is replaced.
pub(crate) const OLD: Key = 1;

/// The files that trust is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(crate) struct Files {
    /// `id_om`.
    pub(crate) id: Key,
    /// `authorized_keys`: a bit a key.
    pub(crate) granted: u8,
}

impl Files {
    /// Of a node that has this key and lets it in.
    pub(crate) fn with(key: Key) -> Self {
        Self { id: key, granted: 0 }.granting(key)
    }

    pub(crate) fn granting(self, key: Key) -> Self {
        Self { granted: self.granted | (1 << key), ..self }
    }

    pub(crate) fn grants(self, key: Key) -> bool {
        key != 0 && self.granted & (1 << key) != 0
    }
}

/// The names that the journal's folder goes through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Name {
    /// `.gs_sshexkey.journal`: undone by the node itself if nobody comes.
    Open,
    /// `.gs_sshexkey.journal.prepared`: the node has voted.
    Prepared,
    /// `.gs_sshexkey.journal.kept`: decided, old bytes are being thrown away.
    Kept,
    /// `.gs_sshexkey.journal.undo`: being undone.
    Undo,
}

/// The journal of one transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Journal {
    pub(crate) name: Name,
    /// Which transaction, as an index.
    pub(crate) of: usize,
    /// The way back.
    pub(crate) before: Files,
}

/// A home.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(crate) struct Disk {
    pub(crate) files: Files,
    pub(crate) journal: Option<Journal>,
    /// `kept_runs`: a bit a transaction.
    pub(crate) kept_runs: u16,
}

impl Disk {
    /// The journal's name, if it is this transaction's.
    pub(crate) fn name_of(&self, transaction: usize) -> Option<Name> {
        self.journal.filter(|journal| journal.of == transaction).map(|journal| journal.name)
    }

    pub(crate) fn rename(&mut self, name: Name) {
        if let Some(journal) = &mut self.journal {
            journal.name = name;
        }
    }
}

/// What a power cut may keep or lose, each by itself.
pub(crate) const PARTS: u8 = 4;

/// A disk and what of it would outlive a power cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(crate) struct Storage {
    pub(crate) now: Disk,
    pub(crate) synced: Disk,
}

impl Storage {
    pub(crate) fn with(files: Files) -> Self {
        let disk = Disk { files, ..Disk::default() };
        Self { now: disk, synced: disk }
    }

    pub(crate) fn sync_files(&mut self) {
        self.synced.files = self.now.files;
    }

    /// The home folder and the record in it.
    pub(crate) fn sync_home(&mut self) {
        self.synced.journal = self.now.journal;
        self.synced.kept_runs = self.now.kept_runs;
    }

    /// The parts that a power cut could lose, as bits.
    pub(crate) fn dirty(&self) -> u8 {
        let (now, synced) = (&self.now, &self.synced);
        let parts = [
            now.files.id != synced.files.id,
            now.files.granted != synced.files.granted,
            now.journal != synced.journal,
            now.kept_runs != synced.kept_runs,
        ];
        parts.iter().enumerate().map(|(index, dirty)| u8::from(*dirty) << index).sum()
    }

    /// A power cut that loses these parts of what is not synced.
    pub(crate) fn cut(&mut self, lost: u8) {
        let kept = |part: u8| lost & (1 << part) == 0;
        let (now, synced) = (self.now, &mut self.synced);
        if kept(0) {
            synced.files.id = now.files.id;
        }
        if kept(1) {
            synced.files.granted = now.files.granted;
        }
        if kept(2) {
            synced.journal = now.journal;
        }
        if kept(3) {
            synced.kept_runs = now.kept_runs;
        }
        self.now = *synced;
    }
}
