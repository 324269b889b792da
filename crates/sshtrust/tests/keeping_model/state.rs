//! The whole of what the model looks at: three nodes, one coordinator, and how much may still go wrong.

use crate::disk::{ALL, Files, NODES, Name, Node, Nodes, OLD, Storage};
use crate::rules::Rules;
use crate::step::{Request, Transaction, Work};

/// The shell of a run on a node. It holds the lock of the home.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Shell {
    pub(crate) run: u8,
    pub(crate) work: Option<Work>,
    /// The connection is gone: what was sent may still be done, then the shell ends.
    pub(crate) ended: bool,
    /// Its watcher has lost patience.
    pub(crate) silent: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(crate) struct NodeState {
    pub(crate) disk: Storage,
    pub(crate) shell: Option<Shell>,
    /// The end of a shell, a watcher or a keepalive at its work.
    pub(crate) settler: Option<Work>,
}

/// What the coordinator knows of the request that it sent to a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(crate) enum Answer {
    #[default]
    None,
    Waiting,
    Done,
    Refused,
    /// The connection ended, or the limit passed.
    Lost,
}

/// How far a run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Phase {
    /// What earlier runs left is dealt with; these nodes come after the deciders.
    Recovering {
        later: [Option<Work>; NODES],
    },
    Changing(usize),
    Preparing(usize),
    /// The decider alone is told to commit.
    Deciding(usize),
    Committing(usize),
    Undoing,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Run {
    pub(crate) number: u8,
    pub(crate) nodes: Nodes,
    /// The key that is there does not do, say for `--key-type`.
    pub(crate) replacing: bool,
    /// Chosen when all nodes were read.
    pub(crate) key: u8,
    pub(crate) phase: Phase,
    pub(crate) answers: [Answer; NODES],
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct State {
    pub(crate) nodes: [NodeState; NODES],
    pub(crate) coordinator: Option<Run>,
    pub(crate) transactions: Vec<Transaction>,
    /// The pairs that have to work, a bit each: those that worked before, and those that a run has promised.
    pub(crate) owed: u16,
    pub(crate) faults_left: u8,
    pub(crate) runs_left: u8,
    pub(crate) runs: u8,
    /// A run said that all is done.
    pub(crate) succeeded: bool,
}

impl State {
    /// Nodes that trust each other by one key, or none that do.
    pub(crate) fn new(trusting: bool, faults: u8, runs: u8) -> Self {
        let files = if trusting { Files::with(OLD) } else { Files::default() };
        let node = NodeState { disk: Storage::with(files), ..NodeState::default() };
        let mut state = Self {
            nodes: [node; NODES],
            coordinator: None,
            transactions: Vec::new(),
            owed: 0,
            faults_left: faults,
            runs_left: runs,
            runs: 0,
            succeeded: false,
        };
        state.owed = state.working(ALL);
        state
    }

    /// Whether a node's key opens another node.
    pub(crate) fn works(&self, from: Node, to: Node) -> bool {
        self.nodes[to].disk.now.files.grants(self.nodes[from].disk.now.files.id)
    }

    /// The pairs among some nodes that work, a bit each.
    pub(crate) fn working(&self, among: Nodes) -> u16 {
        let pairs = among.iter().flat_map(|from| among.iter().map(move |to| (from, to)));
        pairs.filter(|(from, to)| self.works(*from, *to)).map(|(from, to)| 1 << (from * NODES + to)).sum()
    }

    /// Whether two transactions have the same id in `kept_runs`.
    fn same_id(&self, rules: &Rules, one: usize, other: usize) -> bool {
        one == other || (!rules.id_a_stage && self.transactions[one].run == self.transactions[other].run)
    }

    /// Whether this transaction is in the node's `kept_runs`.
    pub(crate) fn recorded(&self, rules: &Rules, node: Node, of: usize) -> bool {
        let kept = self.nodes[node].disk.now.kept_runs;
        (0..self.transactions.len()).any(|other| kept & (1 << other) != 0 && self.same_id(rules, other, of))
    }

    /// Whether a node says of itself that it has kept.
    pub(crate) fn has_kept(&self, rules: &Rules, node: Node, of: usize) -> bool {
        let now = &self.nodes[node].disk.now;
        self.recorded(rules, node, of) || (rules.rename_first && now.name_of(of) == Some(Name::Kept))
    }

    /// The old bytes may go when the record of the decision is on the disk.
    pub(crate) fn may_throw_away(&self, rules: &Rules, node: Node, of: usize) -> bool {
        let disk = &self.nodes[node].disk;
        let record = if rules.commit_syncs { disk.synced.kept_runs } else { disk.now.kept_runs };
        record & (1 << of) != 0 || !rules.recorded_before_thrown_away
    }

    /// A node says that it has kept.
    pub(crate) fn answer_kept(&mut self, rules: &Rules, node: Node) {
        if rules.answers_are_synced {
            self.nodes[node].disk.sync_home();
        }
    }

    /// Sends a request; without a connection there is no answer.
    pub(crate) fn send(&mut self, node: Node, request: Request, of: usize) {
        let Some(run) = &mut self.coordinator else { return };
        run.answers[node] = match &mut self.nodes[node].shell {
            Some(shell) if shell.run == run.number && !shell.ended => {
                shell.work = Some(Work::new(request, of));
                Answer::Waiting
            }
            _ => Answer::Lost,
        };
    }

    /// The coordinator hears from a node, if it still listens.
    pub(crate) fn hear(&mut self, node: Node, run: u8, answer: Answer) {
        if let Some(at) = &mut self.coordinator
            && at.number == run
            && at.answers[node] == Answer::Waiting
        {
            at.answers[node] = answer;
        }
    }

    /// A node's shell is gone.
    pub(crate) fn lose_shell(&mut self, node: Node) {
        if let Some(shell) = self.nodes[node].shell.take() {
            self.hear(node, shell.run, Answer::Lost);
        }
    }

    /// The coordinator is gone, and its connections end.
    pub(crate) fn end_run(&mut self) {
        let Some(run) = self.coordinator.take() else { return };
        for node in &mut self.nodes {
            if let Some(shell) = &mut node.shell
                && shell.run == run.number
            {
                shell.ended = true;
            }
        }
    }

    /// A shell without a connection ends when its request is done.
    pub(crate) fn end_idle_shells(&mut self) {
        for node in &mut self.nodes {
            if node.shell.is_some_and(|shell| shell.ended && shell.work.is_none()) {
                node.shell = None;
            }
        }
    }
}
