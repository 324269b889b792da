//! All that can happen next, and what comes of it.

use stateright::{Model, Property};

use crate::coordinator::{go_on, next_run};
use crate::disk::{ALL, Node, Nodes, PARTS};
use crate::laws;
use crate::rules::Rules;
use crate::settle::settle;
use crate::state::{Answer, NodeState, State};
use crate::step::{Request, Step, Work};

/// Something that happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Action {
    /// The shell of a run makes the next step of a request.
    Shell(Node, Step),
    /// What was sent last never arrived.
    LoseRequest(Node),
    /// A prepared node whose coordinator is gone has learned what to do; from whom.
    Settle(Node, Request, Option<Node>),
    /// It makes the next step of that.
    Settling(Node, Step),
    /// The old bytes of a kept change are thrown away.
    ThrowAway(Node),
    /// The coordinator gives a node up: no answer within the limit, or no connection.
    GiveUp(Node),
    /// A node's watcher gives the coordinator up.
    LosePatience(Node),
    /// A power cut that loses these parts of what is not synced.
    PowerCut(Node, u8),
    /// The coordinator dies.
    Die,
    /// Somebody runs the program over these nodes; whether the key that is there does.
    NextRun(Nodes, bool),
}

/// What is tried.
#[derive(Debug, Clone)]
pub(crate) struct Keeping {
    pub(crate) rules: Rules,
    /// The nodes trust each other, and their key is replaced; otherwise trust is new.
    pub(crate) trusting: bool,
    /// The coordinator is no node of the cluster: it does not lose power with the first one.
    pub(crate) outside: bool,
    pub(crate) faults: u8,
    pub(crate) runs: u8,
}

impl Keeping {
    /// What happens if nothing goes wrong any more and nobody comes.
    pub(crate) fn own_steps(&self, state: &State) -> Vec<Action> {
        let mut actions = Vec::new();
        for (index, node) in state.nodes.iter().enumerate() {
            if let Some(shell) = node.shell
                && let Some(work) = shell.work
            {
                actions.push(Action::Shell(index, self.step(work)));
                if shell.ended && work.made == 0 {
                    actions.push(Action::LoseRequest(index));
                }
            }
            match node.settler {
                Some(work) => actions.push(Action::Settling(index, self.step(work))),
                None => settle(&self.rules, state, index, &mut actions),
            }
        }
        actions
    }

    fn step(&self, work: Work) -> Step {
        work.request.steps(&self.rules)[work.made]
    }

    fn faults(&self, state: &State, actions: &mut Vec<Action>) {
        if state.coordinator.is_some() {
            actions.push(Action::Die);
        }
        for (index, node) in state.nodes.iter().enumerate() {
            let live = node.shell.is_some_and(|shell| !shell.ended && !shell.silent);
            let asked = state.coordinator.is_some_and(|run| run.answers[index] == Answer::Waiting);
            if live && asked {
                actions.push(Action::GiveUp(index));
            }
            if live && node.disk.now.journal.is_some() {
                actions.push(Action::LosePatience(index));
            }
            let dirty = node.disk.dirty();
            if dirty != 0 || node.shell.is_some() || node.settler.is_some() {
                let subsets = (0..1 << PARTS).filter(|lost| lost & !dirty == 0);
                actions.extend(subsets.map(|lost| Action::PowerCut(index, lost)));
            }
        }
    }

    fn next_runs(&self, state: &State, actions: &mut Vec<Action>) {
        if state.coordinator.is_some() || state.runs_left == 0 {
            return;
        }
        if state.runs == 0 {
            actions.push(Action::NextRun(ALL, self.trusting));
            return;
        }
        let free = |node: Node| {
            let NodeState { shell, settler, .. } = state.nodes[node];
            shell.is_none() && settler.is_none()
        };
        for nodes in [ALL, Nodes(0b011), Nodes(0b110)] {
            if nodes.iter().all(free) {
                actions.push(Action::NextRun(nodes, false));
                if self.trusting {
                    actions.push(Action::NextRun(nodes, true));
                }
            }
        }
    }

    /// Makes the next step of a request; what the coordinator hears at its end.
    fn advance(&self, state: &mut State, index: Node, work: Work) -> Result<Option<Work>, ()> {
        let disk = &mut state.nodes[index].disk;
        let made = self.step(work).make(disk, work.of, &state.transactions);
        made.map_err(|_| ())?;
        let work = Work { made: work.made + 1, ..work };
        Ok((work.made < work.request.steps(&self.rules).len()).then_some(work))
    }

    fn shell_step(&self, state: &mut State, index: Node) -> Option<()> {
        let shell = state.nodes[index].shell?;
        let (left, answer) = match self.advance(state, index, shell.work?) {
            Ok(Some(work)) => (Some(work), None),
            Ok(None) => (None, Some(Answer::Done)),
            Err(()) => (None, Some(Answer::Refused)),
        };
        if let Some(shell) = &mut state.nodes[index].shell {
            shell.work = left;
        }
        if let Some(answer) = answer.filter(|_| !shell.ended) {
            state.hear(index, shell.run, answer);
        }
        Some(())
    }

    fn settling_step(&self, state: &mut State, index: Node) -> Option<()> {
        let work = state.nodes[index].settler?;
        state.nodes[index].settler = self.advance(state, index, work).unwrap_or(None);
        let node = &state.nodes[index];
        if node.settler.is_none() && node.shell.is_some_and(|shell| shell.silent) {
            state.lose_shell(index);
        }
        Some(())
    }

    fn fault(&self, state: &mut State, action: Action) {
        state.faults_left -= 1;
        match action {
            Action::GiveUp(index) => {
                if let Some(shell) = &mut state.nodes[index].shell {
                    shell.ended = true;
                    let run = shell.run;
                    state.hear(index, run, Answer::Lost);
                }
            }
            Action::LosePatience(index) if self.rules.watcher_ends_work_first => state.lose_shell(index),
            Action::LosePatience(index) => {
                if let Some(shell) = &mut state.nodes[index].shell {
                    shell.silent = true;
                }
            }
            Action::PowerCut(index, lost) => {
                state.nodes[index].disk.cut(lost);
                state.nodes[index].settler = None;
                state.lose_shell(index);
                let seat = state.coordinator.and_then(|run| run.nodes.iter().next());
                if seat == Some(index) && !self.outside {
                    state.end_run();
                }
            }
            _ => state.end_run(),
        }
    }
}

impl Model for Keeping {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        vec![State::new(self.trusting, self.faults, self.runs)]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        actions.extend(self.own_steps(state));
        self.next_runs(state, actions);
        if state.faults_left > 0 {
            self.faults(state, actions);
        }
    }

    fn next_state(&self, last: &State, action: Action) -> Option<State> {
        let mut state = last.clone();
        match action {
            Action::Shell(index, _) => self.shell_step(&mut state, index)?,
            Action::LoseRequest(index) => state.nodes[index].shell.as_mut()?.work = None,
            Action::Settle(index, request, from) => {
                if let Some(from) = from {
                    state.answer_kept(&self.rules, from);
                }
                let of = state.nodes[index].disk.now.journal?.of;
                state.nodes[index].settler = Some(Work::new(request, of));
            }
            Action::Settling(index, _) => self.settling_step(&mut state, index)?,
            Action::ThrowAway(index) => state.nodes[index].disk.now.journal = None,
            Action::NextRun(nodes, replacing) => next_run(&mut state, &self.rules, nodes, replacing),
            _ => self.fault(&mut state, action),
        }
        go_on(&mut state, &self.rules);
        state.end_idle_shells();
        Some(state)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        laws::properties()
    }
}
