//! The coordinator: which request comes after which answers.

use crate::disk::{ALL, Key, NODES, Name, Node, Nodes, OLD};
use crate::rules::{Orphan, Rules};
use crate::state::{Answer, Phase, Run, Shell, State};
use crate::step::{Request, Stage, Transaction, Work};

/// Starts a run over some nodes: it enters and locks them, and deals with what earlier runs left.
pub(crate) fn next_run(state: &mut State, rules: &Rules, nodes: Nodes, replacing: bool) {
    state.runs_left -= 1;
    state.runs += 1;
    let number = state.runs;
    for node in nodes.iter() {
        state.nodes[node].shell = Some(Shell { run: number, work: None, ended: false, silent: false });
    }
    let later = judge_all(state, rules, nodes);
    let (phase, answers) = (Phase::Recovering { later }, [Answer::None; NODES]);
    state.coordinator = Some(Run { number, nodes, replacing, key: 0, phase, answers });
    // The deciders go first: while one of them is prepared, it may be asked.
    let mut rest = later;
    for node in nodes.iter() {
        if let Some(work) = later[node].filter(|work| state.transactions[work.of].decider == Some(node)) {
            state.send(node, work.request, work.of);
            rest[node] = None;
        }
    }
    set_phase(state, Phase::Recovering { later: rest });
    go_on(state, rules);
}

/// What becomes of each journal that the run found.
fn judge_all(state: &mut State, rules: &Rules, nodes: Nodes) -> [Option<Work>; NODES] {
    let mut works = [None; NODES];
    for node in nodes.iter() {
        let Some(journal) = state.nodes[node].disk.now.journal else { continue };
        let request = match journal.name {
            Name::Open | Name::Undo => Request::Undo,
            Name::Kept => Request::Commit,
            Name::Prepared => judge(state, rules, nodes, journal.of),
        };
        works[node] = Some(Work::new(request, journal.of));
    }
    works
}

/// Whether a prepared change is kept or undone, from what the nodes of this run know.
fn judge(state: &mut State, rules: &Rules, nodes: Nodes, of: usize) -> Request {
    match rules.orphan {
        Orphan::Commits => return Request::Commit,
        Orphan::Undoes => return Request::Undo,
        Orphan::Settles => {}
    }
    let knowing: Vec<Node> = nodes.iter().filter(|node| state.has_kept(rules, *node, of)).collect();
    if !knowing.is_empty() {
        knowing.into_iter().for_each(|node| state.answer_kept(rules, node));
        return Request::Commit;
    }
    match state.transactions[of].decider {
        Some(decider) if !nodes.has(decider) => {
            state.transactions[of].forced = true;
            Request::Commit
        }
        _ => Request::Undo,
    }
}

fn set_phase(state: &mut State, phase: Phase) {
    if let Some(run) = &mut state.coordinator {
        run.phase = phase;
    }
}

/// Sends one request to some nodes and waits for their answers.
fn ask(state: &mut State, nodes: Nodes, request: Request, of: usize, phase: Phase) {
    if let Some(run) = &mut state.coordinator {
        run.answers = [Answer::None; NODES];
    }
    set_phase(state, phase);
    nodes.iter().for_each(|node| state.send(node, request, of));
}

/// Goes on as far as the answers allow.
pub(crate) fn go_on(state: &mut State, rules: &Rules) {
    while let Some(run) = state.coordinator {
        if run.answers.contains(&Answer::Waiting) {
            return;
        }
        let failed = run.answers.iter().any(|answer| matches!(answer, Answer::Refused | Answer::Lost));
        match run.phase {
            Phase::Undoing => state.end_run(),
            Phase::Recovering { .. } if failed => state.end_run(),
            Phase::Recovering { later } => recover_rest(state, rules, later),
            Phase::Changing(of) | Phase::Preparing(of) if failed => undo(state, of),
            Phase::Changing(of) => {
                let nodes = state.transactions[of].nodes;
                ask(state, nodes, Request::Prepare, of, Phase::Preparing(of));
            }
            Phase::Preparing(of) => decide(state, rules, of),
            Phase::Deciding(of) => match run.answers.iter().find(|answer| **answer != Answer::None) {
                Some(Answer::Refused) => undo(state, of),
                Some(Answer::Lost) => state.end_run(),
                _ => commit_rest(state, of),
            },
            Phase::Committing(_) => committed(state, rules, run),
        }
    }
}

fn recover_rest(state: &mut State, rules: &Rules, later: [Option<Work>; NODES]) {
    if later.iter().all(Option::is_none) {
        return plan(state, rules);
    }
    if let Some(run) = &mut state.coordinator {
        run.answers = [Answer::None; NODES];
    }
    set_phase(state, Phase::Recovering { later: [None; NODES] });
    for (node, work) in later.into_iter().enumerate() {
        if let Some(work) = work {
            state.send(node, work.request, work.of);
        }
    }
}

fn undo(state: &mut State, of: usize) {
    let nodes = state.transactions[of].nodes;
    ask(state, nodes, Request::Undo, of, Phase::Undoing);
}

fn decide(state: &mut State, rules: &Rules, of: usize) {
    let Transaction { nodes, decider, .. } = state.transactions[of];
    match decider {
        Some(decider) if rules.decider_first => {
            let alone = Nodes::of(|node| node == decider);
            ask(state, alone, Request::Commit, of, Phase::Deciding(of));
        }
        _ => ask(state, nodes, Request::Commit, of, Phase::Committing(of)),
    }
}

fn commit_rest(state: &mut State, of: usize) {
    let Transaction { nodes, decider, .. } = state.transactions[of];
    let others = Nodes::of(|node| nodes.has(node) && Some(node) != decider);
    ask(state, others, Request::Commit, of, Phase::Committing(of));
}

/// A stage is kept, as far as the nodes have said so.
fn committed(state: &mut State, rules: &Rules, run: Run) {
    if run.answers.iter().all(|answer| matches!(answer, Answer::None | Answer::Done)) {
        return plan(state, rules);
    }
    // A node that decides for itself may go back; where there is a decider, the last stage stands.
    if next_stage(state, rules, &run).is_none() && !rules.each_decides {
        return succeed(state, &run);
    }
    state.end_run();
}

fn succeed(state: &mut State, run: &Run) {
    state.owed |= state.working(run.nodes);
    state.succeeded = true;
    state.end_run();
}

/// Begins the next stage, if there is one.
fn plan(state: &mut State, rules: &Rules) {
    let Some(mut run) = state.coordinator else { return };
    if run.key == 0 {
        run.key = choose(state, &run);
        state.coordinator = Some(run);
    }
    let Some((stage, nodes)) = next_stage(state, rules, &run) else { return succeed(state, &run) };
    // The coordinator's own node is the first of its run.
    let decider = nodes.iter().next();
    let of = state.transactions.len();
    let decider = if rules.each_decides { None } else { decider };
    let transaction = Transaction { run: run.number, stage, key: run.key, nodes, decider, forced: false };
    state.transactions.push(transaction);
    ask(state, nodes, Request::Begin, of, Phase::Changing(of));
}

/// `plan/choose.rs`: the key that most nodes have; between equals the coordinator's. Otherwise a new one.
fn choose(state: &State, run: &Run) -> Key {
    let ids: Vec<Key> = run.nodes.iter().map(|node| state.nodes[node].disk.now.files.id).collect();
    let fits = |key: Key| key != 0 && !(run.replacing && key == OLD);
    let count = |key: Key| ids.iter().filter(|id| **id == key).count();
    let best = ids.iter().copied().filter(|key| fits(*key)).rev().max_by_key(|key| count(*key));
    best.unwrap_or(OLD + run.number)
}

/// What is still to be done with the run's key: the goal less what is there.
fn next_stage(state: &State, rules: &Rules, run: &Run) -> Option<(Stage, Nodes)> {
    let key = run.key;
    let files = |node: Node| state.nodes[node].disk.now.files;
    let whole = run.nodes == ALL || !rules.whole_cluster_only;
    let stages: &[Stage] = match (rules.stages, whole) {
        (false, _) => &[Stage::Replace],
        (true, true) => &[Stage::Authorize, Stage::Switch, Stage::Retire],
        (true, false) => &[Stage::Authorize],
    };
    let differing =
        |stage: Stage| Nodes::of(|node| run.nodes.has(node) && stage.of(files(node), key) != files(node));
    stages.iter().map(|stage| (*stage, differing(*stage))).find(|(_, nodes)| !nodes.is_empty())
}
