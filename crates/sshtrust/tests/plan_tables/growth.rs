//! What planning costs grows with the pairs of nodes, not with the cube of the nodes; what a plan holds, with the nodes.

use std::collections::HashMap;
use std::time::Duration;

use sshtrust::plan::Content;

use super::*;

/// The processor time that this thread takes for something, whatever else the machine does.
fn processor_time(work: impl FnOnce()) -> Duration {
    let now = || {
        let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
        Duration::new(time.tv_sec.try_into().unwrap(), time.tv_nsec.try_into().unwrap())
    };
    let begin = now();
    work();
    now() - begin
}

/// Nodes with trust, each with a line of its own in its files: no two have the same ones.
fn standing(nodes: u8) -> Vec<NodeState> {
    let states: Vec<NodeState> = (1..=nodes).map(fresh).collect();
    let first = plan(&states, key());
    let mut states = carry_out_all(&states, &first, key());
    for (number, state) in states.iter_mut().enumerate() {
        for place in [Place::KnownHosts, Place::Config, Place::Hosts, Place::AuthorizedKeys] {
            let old = state.entry(place).clone();
            let bytes = [&old.bytes[..], format!("# of node {number}\n").as_bytes()].concat();
            put(state, place, Entry { bytes: bytes.into(), ..old });
        }
    }
    states
}

#[test]
fn four_times_the_nodes_cost_about_sixteen_times_as_much() {
    let cost = |nodes: u8| {
        let states = standing(nodes);
        // One more comes, so that each file changes.
        let all: Vec<NodeState> = states.into_iter().chain([fresh(nodes + 1)]).collect();
        processor_time(|| {
            let plan = plan(&all, key());
            let all_change = plan
                .nodes
                .iter()
                .all(|node| node.files.iter().any(|edit| edit.old.path.ends_with("known_hosts")));
            assert!(all_change);
            let names: Vec<Option<String>> = all.iter().map(|state| Some(state.hostname.clone())).collect();
            assert!(outside(&all, &names, &[]).is_empty());
        })
    };
    let (few, many) = (cost(60), cost(240));
    let ratio = many.as_secs_f64() / few.as_secs_f64();
    // The cube would be 64.
    assert!(ratio < 32.0, "{few:?} and {many:?}: {ratio}");
}

/// The new bytes that a plan holds for all its nodes; what several of them share, once.
fn held(plan: &Plan) -> usize {
    let edits = plan.nodes.iter().flat_map(|node| &node.files);
    let new = edits.filter_map(|edit| match &edit.content {
        Content::Bytes(bytes) => Some(bytes),
        Content::Spliced(splice) => Some(&splice.new),
        Content::Gone | Content::Profile { .. } => None,
    });
    let distinct: HashMap<*const Vec<u8>, usize> =
        new.map(|bytes| (Arc::as_ptr(bytes), bytes.len())).collect();
    distinct.values().sum()
}

#[test]
fn four_times_the_nodes_take_about_four_times_the_memory() {
    let memory = |nodes: u8| {
        let all: Vec<NodeState> = standing(nodes).into_iter().chain([fresh(nodes + 1)]).collect();
        let plan = plan(&all, key());
        let known_hosts = all[0].bytes(Place::KnownHosts).len();
        // No node that has the table gets it again.
        assert!(held(&plan) < 4 * known_hosts, "{} bytes, the table has {known_hosts}", held(&plan));
        held(&plan)
    };
    let (few, many) = (memory(60), memory(240));
    // The square would be 16.
    assert!(many < 8 * few, "{few} and {many} bytes");
}
