//! What is missed when a rule is taken away: the failures that were seen, and those that the model found.

use stateright::{Checker, HasDiscoveries};

use crate::disk::{ALL, Node};
use crate::laws::{AT_REST, LAW_1, NOBODY_WAITS, ONE_DECISION};
use crate::model::{Action, Keeping};
use crate::rules::{Orphan, Rules};
use crate::step::Request;
use crate::{BUILT, check};

/// A rule of the protocol is not kept, and a law does not hold.
#[track_caller]
fn must_be_missed(what: &str, law: &'static str, model: &Keeping) -> impl Checker<Keeping> {
    let checker = check(what, model, HasDiscoveries::AnyOf([law].into()));
    checker.assert_any_discovery(law);
    checker
}

const ONE_FAULT: Keeping = Keeping { faults: 1, ..BUILT };
const REPLACING: Keeping = Keeping { trusting: true, ..ONE_FAULT };

#[test]
fn every_rule_is_missed() {
    let rules = Rules::BUILT;
    let table: &[(&str, &'static str, &Keeping, Rules)] = &[
        ("no stages", LAW_1, &REPLACING, Rules { stages: false, ..rules }),
        ("prepare does not sync", LAW_1, &ONE_FAULT, Rules { prepare_syncs: false, ..rules }),
        ("commit does not sync", LAW_1, &ONE_FAULT, Rules { commit_syncs: false, ..rules }),
        ("undo does not sync", LAW_1, &BUILT, Rules { undo_syncs: false, ..rules }),
        ("an answer is not synced", ONE_DECISION, &BUILT, Rules { answers_are_synced: false, ..rules }),
        ("an orphan commits", ONE_DECISION, &ONE_FAULT, Rules { orphan: Orphan::Commits, ..rules }),
        ("an orphan undoes", LAW_1, &ONE_FAULT, Rules { orphan: Orphan::Undoes, ..rules }),
        ("the decider is not the first", LAW_1, &ONE_FAULT, Rules { decider_first: false, ..rules }),
        ("its own record is not read", ONE_DECISION, &ONE_FAULT, Rules { own_record_counts: false, ..rules }),
        (
            "its record may be lost",
            ONE_DECISION,
            &ONE_FAULT,
            Rules { recorded_before_thrown_away: false, ..rules },
        ),
        ("one id for all stages", ONE_DECISION, &REPLACING, Rules { id_a_stage: false, ..rules }),
        ("a refusal says nothing", NOBODY_WAITS, &ONE_FAULT, Rules { refusal_is_undone: false, ..rules }),
        ("half a cluster replaces its key", LAW_1, &REPLACING, Rules { whole_cluster_only: false, ..rules }),
        (
            "the watcher lets the work go on",
            LAW_1,
            &ONE_FAULT,
            Rules { watcher_ends_work_first: false, ..rules },
        ),
    ];
    for (what, law, model, rules) in table {
        must_be_missed(what, law, &Keeping { rules: *rules, ..(*model).clone() });
    }
}

/// All steps of a request on one node.
fn steps(model: &Keeping, node: Node, request: Request) -> Vec<Action> {
    request.steps(&model.rules).iter().map(|step| Action::Shell(node, *step)).collect()
}

/// The same on several nodes, one after the other.
fn on_all(model: &Keeping, nodes: &[Node], request: Request) -> Vec<Action> {
    nodes.iter().flat_map(|node| steps(model, *node, request)).collect()
}

/// What a node does by itself.
fn settling(model: &Keeping, node: Node, request: Request) -> Vec<Action> {
    let steps = request.steps(&model.rules).iter().map(|step| Action::Settling(node, *step));
    [Action::Settle(node, request, None)].into_iter().chain(steps).collect()
}

/// Seen with a key that was replaced: one node's `mv` of preparing took 110 s. The others went back, and it kept the new
/// key and no longer let the old one in.
#[test]
fn without_stages_the_pairs_break_that_were_seen_to_break() {
    let rules = Rules {
        stages: false,
        orphan: Orphan::Commits,
        commit_syncs: false,
        prepare_syncs: false,
        ..Rules::BUILT
    };
    let model = Keeping { rules, runs: 1, ..REPLACING };
    let seen = [
        vec![Action::NextRun(ALL, true)],
        on_all(&model, &[0, 1, 2], Request::Begin),
        on_all(&model, &[0, 1], Request::Prepare),
        vec![Action::GiveUp(2)],
        on_all(&model, &[0, 1], Request::Undo),
        steps(&model, 2, Request::Prepare),
        settling(&model, 2, Request::Commit),
        vec![Action::ThrowAway(2)],
    ];
    must_be_missed("as it was: a node stalls", AT_REST, &model).assert_discovery(AT_REST, seen.concat());
}

/// Seen: the power was cut within 5 s after the end. The journal was back, and the node undid what was verified.
#[test]
fn without_syncs_the_power_cut_undoes_what_was_seen_to_be_undone() {
    let rules = Rules { commit_syncs: false, prepare_syncs: false, ..Rules::BUILT };
    let model = Keeping { rules, runs: 1, ..ONE_FAULT };
    let nodes = [0, 1, 2];
    let finished = [
        vec![Action::NextRun(ALL, false)],
        on_all(&model, &nodes, Request::Begin),
        on_all(&model, &nodes, Request::Prepare),
        on_all(&model, &nodes, Request::Commit),
        nodes.map(Action::ThrowAway).to_vec(),
    ]
    .concat();
    // The files were synced when they were written; the journal's folder and what was recorded were not.
    let journal_and_record = 0b1100;
    let undone = settling(&model, 1, Request::Undo);
    let seen = [finished, vec![Action::PowerCut(1, journal_and_record)], undone].concat();
    must_be_missed("as it was: the power is cut", LAW_1, &model).assert_discovery(LAW_1, seen);
}
