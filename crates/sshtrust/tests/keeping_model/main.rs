//! How a change is kept on three nodes, as a model of which every state is looked at: a coordinator that dies, nodes that
//! stall, requests and answers that are lost, power cuts before and after each sync, the next run at any time.
//!
//! The names are the code's: `begin`, `prepare`, `commit`, `undo`, `settle`, `recover`; `docs/architecture.md` holds them
//! side by side. A rule of the protocol that is taken away is missed: see `without.rs`.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test; the model's indexes are nodes and transactions that exist"
)]

mod coordinator;
mod disk;
mod laws;
mod model;
mod rules;
mod settle;
mod state;
mod step;
mod without;

use std::time::Instant;

use stateright::{Checker, HasDiscoveries, Model};

use laws::LAWS;
use model::Keeping;
use rules::Rules;

/// Looks at every state, or until a failure of interest is found.
fn check(what: &str, model: &Keeping, end: HasDiscoveries) -> impl Checker<Keeping> {
    let begin = Instant::now();
    let checker = model.clone().checker().threads(2).finish_when(end).spawn_bfs().join();
    let (states, depth) = (checker.unique_state_count(), checker.max_depth());
    println!("{what}: {states} states, {depth} deep, {:.1?}", begin.elapsed());
    checker
}

/// Fails with the shortest way to a state in which a law does not hold.
#[track_caller]
fn must_hold(what: &str, model: &Keeping) -> impl Checker<Keeping> {
    let checker = check(what, model, HasDiscoveries::AnyOf(LAWS.into()));
    for law in LAWS {
        if let Some(path) = checker.discovery(law) {
            let last = path.last_state().clone();
            panic!("{what}: {law} does not hold after {:#?}\n{last:#?}", path.into_actions());
        }
    }
    checker
}

/// New trust, with any two faults and a second run.
const BUILT: Keeping = Keeping { rules: Rules::BUILT, trusting: false, outside: false, faults: 2, runs: 2 };

#[test]
fn new_trust_stands_whatever_goes_wrong() {
    let checker = must_hold("new trust", &BUILT);
    // What the laws are about does happen.
    checker.assert_properties();
}

#[test]
fn a_key_is_replaced_and_no_pair_breaks_whatever_goes_wrong() {
    must_hold("a key is replaced", &Keeping { trusting: true, ..BUILT });
}

#[test]
fn two_more_runs_after_a_fault_do_no_harm() {
    must_hold("three runs, new trust", &Keeping { faults: 1, runs: 3, ..BUILT });
    must_hold("three runs, a key is replaced", &Keeping { trusting: true, faults: 1, runs: 3, ..BUILT });
}

#[test]
fn a_coordinator_outside_of_the_cluster_is_no_different() {
    must_hold("from outside, new trust", &Keeping { outside: true, runs: 1, ..BUILT });
    must_hold(
        "from outside, a key is replaced",
        &Keeping { outside: true, trusting: true, runs: 1, ..BUILT },
    );
}

#[test]
fn where_each_node_decides_for_itself_no_pair_breaks_and_nobody_waits() {
    let rules = Rules { each_decides: true, ..Rules::BUILT };
    must_hold("each for itself, new trust", &Keeping { rules, runs: 1, ..BUILT });
    must_hold("each for itself, a key is replaced", &Keeping { rules, trusting: true, faults: 1, ..BUILT });
}
