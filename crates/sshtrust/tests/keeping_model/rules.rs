//! The rules of the protocol. Each can be taken away, to see what it is for.

/// What a prepared node does whose coordinator is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Orphan {
    /// It asks the decider, or those who may know.
    Settles,
    /// It commits on its own.
    Commits,
    /// It undoes on its own.
    Undoes,
}

/// How a change is kept.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rules {
    /// What is replaced goes in a later stage than what replaces it.
    pub(crate) stages: bool,
    /// `prepare` syncs before it answers.
    pub(crate) prepare_syncs: bool,
    /// `commit` syncs before it answers.
    pub(crate) commit_syncs: bool,
    /// `undo` syncs what it brought back before it removes the journal, and its removal before it answers.
    pub(crate) undo_syncs: bool,
    /// Who says that it has kept syncs that first.
    pub(crate) answers_are_synced: bool,
    pub(crate) orphan: Orphan,
    /// `commit` renames the journal before it writes `kept_runs`: one rename decides, whoever makes it.
    pub(crate) rename_first: bool,
    /// A kept journal is thrown away only when the decision stands in `kept_runs`, on the disk.
    pub(crate) recorded_before_thrown_away: bool,
    /// A node that settles looks into its own `kept_runs` first.
    pub(crate) own_record_counts: bool,
    /// Each stage has an id of its own in `kept_runs`.
    pub(crate) id_a_stage: bool,
    /// A decider that answers, and refuses the very key that the transaction brings, has undone it.
    pub(crate) refusal_is_undone: bool,
    /// A run that leaves out nodes of the cluster replaces no key.
    pub(crate) whole_cluster_only: bool,
    /// A watcher ends the shell's work before it settles.
    pub(crate) watcher_ends_work_first: bool,
    /// Each node decides for itself, as in healing.
    pub(crate) each_decides: bool,
    /// The coordinator tells the decider first.
    pub(crate) decider_first: bool,
}

impl Rules {
    /// As it is built.
    pub(crate) const BUILT: Self = Self {
        stages: true,
        prepare_syncs: true,
        commit_syncs: true,
        undo_syncs: true,
        answers_are_synced: true,
        orphan: Orphan::Settles,
        rename_first: true,
        recorded_before_thrown_away: true,
        own_record_counts: true,
        id_a_stage: true,
        refusal_is_undone: true,
        whole_cluster_only: true,
        watcher_ends_work_first: true,
        each_decides: false,
        decider_first: true,
    };
}
