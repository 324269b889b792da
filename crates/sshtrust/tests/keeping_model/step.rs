//! The requests of keeping, as the steps that a node makes of them one by one.

use crate::disk::{Files, Journal, Key, Name, Node, Nodes, Storage};
use crate::rules::Rules;

/// What a stage does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Stage {
    /// The key is let in; a node that has none gets it.
    Authorize,
    /// The key is called with.
    Switch,
    /// All other keys are let in no more.
    Retire,
    /// All of it at once.
    Replace,
}

impl Stage {
    /// The files that the stage makes of these.
    pub(crate) fn of(self, files: Files, key: Key) -> Files {
        match self {
            Self::Authorize if files.id == 0 => Files { id: key, ..files.granting(key) },
            Self::Authorize => files.granting(key),
            Self::Switch => Files { id: key, ..files },
            Self::Retire => Files { granted: 1 << key, ..files },
            Self::Replace => Files::with(key),
        }
    }
}

/// One stage of one run, on the nodes that it changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Transaction {
    pub(crate) run: u8,
    pub(crate) stage: Stage,
    pub(crate) key: Key,
    pub(crate) nodes: Nodes,
    /// `None`: each node decides for itself.
    pub(crate) decider: Option<Node>,
    /// A run that could not know kept it, because every stage leaves trust either way.
    pub(crate) forced: bool,
}

/// What a node is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Request {
    /// `begin` and the steps of the change.
    Begin,
    Prepare,
    Commit,
    Undo,
}

/// What happens on a node between two moments at which the power may be cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Step {
    Begin,
    Change,
    SyncChanged,
    RenameToPrepared,
    SyncPrepared,
    RenameToKept,
    RecordRun,
    SyncRecord,
    SyncKept,
    RenameToUndo,
    Play,
    SyncPlayed,
    Remove,
    SyncRemoved,
}

impl Request {
    /// Its steps, in order.
    pub(crate) fn steps(self, rules: &Rules) -> &'static [Step] {
        use Step::{
            Begin, Change, Play, RecordRun, Remove, RenameToKept, RenameToPrepared, RenameToUndo,
            SyncChanged, SyncKept, SyncPlayed, SyncPrepared, SyncRecord, SyncRemoved,
        };
        match self {
            Self::Begin => &[Begin, Change],
            Self::Prepare if rules.prepare_syncs => &[SyncChanged, RenameToPrepared, SyncPrepared],
            Self::Prepare => &[RenameToPrepared],
            Self::Commit => match (rules.rename_first, rules.commit_syncs) {
                (true, true) => &[RenameToKept, RecordRun, SyncKept],
                (true, false) => &[RenameToKept, RecordRun],
                (false, true) => &[RecordRun, SyncRecord, RenameToKept, SyncKept],
                (false, false) => &[RecordRun, RenameToKept],
            },
            Self::Undo if rules.undo_syncs => &[RenameToUndo, Play, SyncPlayed, Remove, SyncRemoved],
            Self::Undo => &[RenameToUndo, Play, Remove],
        }
    }
}

/// The node does not do what it was asked for.
#[derive(Debug)]
pub(crate) struct Refused;

impl Step {
    /// Makes the step of transaction number `of`.
    pub(crate) fn make(self, storage: &mut Storage, of: usize, all: &[Transaction]) -> Result<(), Refused> {
        let now = &mut storage.now;
        let name = now.name_of(of);
        let recorded = now.kept_runs & (1 << of) != 0;
        match self {
            Self::Begin => match now.journal {
                Some(Journal { name: Name::Open | Name::Prepared | Name::Undo, .. }) => return Err(Refused),
                // The way back is on the disk before anything is changed. A power cut in between is one before it.
                _ => {
                    now.journal = Some(Journal { name: Name::Open, of, before: now.files });
                    storage.sync_home();
                }
            },
            Self::Change => now.files = all[of].stage.of(now.files, all[of].key),
            Self::RenameToPrepared if name == Some(Name::Open) => now.rename(Name::Prepared),
            Self::RenameToPrepared => return Err(Refused),
            Self::RenameToKept if matches!(name, Some(Name::Prepared | Name::Kept)) => now.rename(Name::Kept),
            Self::RenameToKept if name.is_none() && recorded => {}
            Self::RenameToKept => return Err(Refused),
            Self::RecordRun => now.kept_runs |= 1 << of,
            Self::RenameToUndo if name == Some(Name::Kept) || (name.is_none() && recorded) => {
                return Err(Refused);
            }
            Self::RenameToUndo if name.is_some() => now.rename(Name::Undo),
            Self::RenameToUndo => {}
            Self::Play => match now.journal {
                Some(journal) if name == Some(Name::Undo) => now.files = journal.before,
                _ => {}
            },
            Self::Remove if name == Some(Name::Undo) => now.journal = None,
            Self::Remove => {}
            Self::SyncChanged | Self::SyncPlayed => storage.sync_files(),
            Self::SyncPrepared | Self::SyncRecord | Self::SyncKept | Self::SyncRemoved => storage.sync_home(),
        }
        Ok(())
    }
}

/// A request on its way through its steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Work {
    pub(crate) request: Request,
    /// The transaction that it is about.
    pub(crate) of: usize,
    /// How many steps are made.
    pub(crate) made: usize,
}

impl Work {
    pub(crate) fn new(request: Request, of: usize) -> Self {
        Self { request, of, made: 0 }
    }
}
