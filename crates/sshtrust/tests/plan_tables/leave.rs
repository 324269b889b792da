//! Nodes that leave, and replacements of keys that were cut off.

use std::collections::BTreeSet;

use sshfiles::{Hosts, KnownHosts, SshConfig};
use sshtrust::plan::{
    Leaver, Stage, Staying, Wish, is_replaced, is_replaced_without, knows, leavers, outside, strange_keys,
    without_nodes,
};

use super::keys::{PER_NODE, SHARED, keys, let_in, own, spec, standing};
use super::*;

/// Nodes 1 to 3 with trust, of which the third leaves; the third's port and its name in files.
fn three(wish: Wish, port: u16) -> Vec<NodeState> {
    let mut nodes: Vec<NodeState> = (1..=3).map(fresh).collect();
    nodes[2].spec.port = port;
    super::keys::run(&nodes, wish).0
}

fn names(states: &[NodeState]) -> Vec<Option<String>> {
    states.iter().map(|state| Some(state.hostname.clone())).collect()
}

fn traces(state: &NodeState) -> Vec<String> {
    let files = [Place::KnownHosts, Place::Config, Place::Hosts].map(|place| text(state, place));
    let found = files.iter().flat_map(|text| text.lines()).filter(|line| {
        line.contains("10.0.0.3")
            || line.split([' ', '[', ']', ':']).any(|word| word == "node3" || word == "db3")
    });
    found.map(str::to_owned).collect()
}

fn gone(stay: &[NodeState], port: u16, said: &[&str]) -> Vec<Leaver> {
    let said = said.iter().map(|name| (*name).to_owned()).collect();
    leavers(&[(NodeSpec { port, ..spec(3) }, said)], stay, &names(stay))
}

#[test]
fn all_that_is_known_of_a_node_goes_and_nothing_else() {
    for (wish, port) in [(PER_NODE, 22), (PER_NODE, 2222), (SHARED, 22), (SHARED, 2222)] {
        let nodes = three(wish, port);
        let stay = &nodes[..2];
        let materials = keys(stay, wish).materials();
        let staying = Staying { states: stay, names: &names(stay), keys: &materials };
        // A dead node's names are known by what the others have of it.
        let gone = gone(stay, port, &[]);
        assert_eq!(gone[0].names, BTreeSet::from(["node3".to_owned()]), "{port}");
        assert!(stay.iter().all(|state| knows(state, &gone[0]) && !traces(state).is_empty()));
        assert_eq!(outside(stay, &names(stay), &gone), []);
        assert_eq!(outside(stay, &names(stay), &[])[0].1, ["10.0.0.3"]);
        let programs = programs();
        let intent = Intent { map_names: true, leaving: gone.clone(), ..Intent::default() };
        let plan = setup(&Ingredients {
            states: stay,
            names: &names(stay),
            keys: &materials,
            intent: &Intent { map_names: false, ..intent },
            programs: &programs,
        });
        let plan = plan.unwrap();
        for (state, done) in stay.iter().zip(&plan.nodes) {
            let last = without_nodes(done, state, &gone, &staying);
            let after = carry_out(state, &last, key());
            assert_eq!(traces(&after), Vec::<String>::new(), "{port}");
            assert!(!knows(&after, &gone[0]));
            let wanted: BTreeSet<PublicKey> = materials.all().map(|key| key.public().clone()).collect();
            assert_eq!(let_in(&after), wanted);
            assert_eq!(KnownHosts::parse(after.bytes(Place::KnownHosts)).lookup("node2", 22).len(), 1);
            assert_eq!(SshConfig::parse(after.bytes(Place::Config)).block_entries().len(), 4);
            assert_eq!(Hosts::parse(after.bytes(Place::Hosts)).mapping().len(), 2);
            let again = without_nodes(done, &after, &gone, &staying);
            assert!(again.is_empty(), "{again:?}");
        }
    }
}

#[test]
fn the_list_of_the_clusters_addresses_shrinks_with_it_and_another_stays() {
    let nodes = three(PER_NODE, 22);
    let key = own(&nodes[0]);
    for (before, after) in [
        ("10.0.0.1,10.0.0.2,10.0.0.3", "10.0.0.1,10.0.0.2"),
        ("10.0.0.1,10.0.0.2", "10.0.0.1,10.0.0.2"),
        ("10.0.0.0/24", "10.0.0.0/24"),
        ("10.0.0.3,10.0.0.0/24", "10.0.0.3,10.0.0.0/24"),
        // A line that would let nobody in is no bound.
        ("10.0.0.3", "10.0.0.3"),
    ] {
        let mut states = nodes[..2].to_vec();
        let line = |from: &str| format!("no-pty,from=\"{from}\" {key} me #OM\n");
        let entry = states[0].entries.get_mut(&Place::AuthorizedKeys).unwrap();
        entry.bytes = line(before).into_bytes().into();
        let materials = keys(&states, PER_NODE).materials();
        let staying = Staying { states: &states, names: &names(&states), keys: &materials };
        let done = try_plan_with(&states, &keys(&states, PER_NODE), false).unwrap().nodes[0].clone();
        let plan = without_nodes(&done, &states[0], &gone(&states, 22, &[]), &staying);
        let edit = plan.files.iter().find(|edit| edit.old.path.ends_with("/authorized_keys"));
        let now = edit.map_or_else(
            || line(before),
            |edit| String::from_utf8(edit.content.render("").to_vec()).unwrap(),
        );
        assert_eq!(now, line(after), "{before}");
    }
}

#[test]
fn names_that_others_have_are_nobody_elses() {
    let nodes = standing(&[1, 2, 3], PER_NODE);
    let stay = &nodes[..2];
    let gone = gone(stay, 22, &["db3", "NODE2", "10.0.0.1", ""]);
    assert_eq!(gone[0].names, BTreeSet::from(["db3".to_owned(), "node3".to_owned()]));
    for (host, wanted) in
        [("10.0.0.3", true), ("Node3", true), ("db3", true), ("node2", false), ("10.0.0.33", false)]
    {
        assert_eq!(gone[0].is_called(host), wanted, "{host}");
    }
}

#[test]
fn the_users_own_lines_stay() {
    let nodes = standing(&[1, 2, 3], PER_NODE);
    let mut state = nodes[0].clone();
    let theirs = own(&nodes[2]);
    for (place, line) in [
        (Place::KnownHosts, format!("node3 {}\n10.0.0.3,node3 {} mine\n", host_key(9), host_key(3))),
        (Place::AuthorizedKeys, format!("{theirs} mine\n")),
        (Place::Hosts, "10.0.0.3 node3 # mine\n".to_owned()),
    ] {
        let old = state.entry(place).clone();
        put(&mut state, place, Entry { bytes: [&old.bytes[..], line.as_bytes()].concat().into(), ..old });
    }
    let stay = [state, nodes[1].clone()];
    let materials = keys(&stay, PER_NODE).materials();
    let staying = Staying { states: &stay, names: &names(&stay), keys: &materials };
    let done = try_plan_with(&stay, &keys(&stay, PER_NODE), false).unwrap();
    let last = without_nodes(&done.nodes[0], &stay[0], &gone(&stay, 22, &[]), &staying);
    let after = carry_out(&stay[0], &last, key());
    assert_eq!(traces(&after).len(), 3, "{:?}", traces(&after));
    assert!(let_in(&after).contains(&theirs), "that line is the user's");
    // A user who is not root cannot take the mapping.
    let mut omm = stay[0].clone();
    omm.uid = 1000;
    let last = without_nodes(&done.nodes[0], &omm, &gone(&stay, 22, &[]), &staying);
    assert!(!last.files.iter().any(|edit| edit.old.path == "/etc/hosts"));
}

#[test]
fn keys_that_nobody_comes_with_are_told_by_the_lines_and_not_by_what_a_node_says() {
    let nodes = standing(&[1, 2, 3], PER_NODE);
    let stay: Vec<PublicKey> = nodes[..2].iter().map(own).collect();
    assert_eq!(strange_keys(nodes[0].bytes(Place::AuthorizedKeys), stay.iter()), [own(&nodes[2])]);
    assert_eq!(strange_keys(format!("{} mine\n", own(&nodes[2])).as_bytes(), stay.iter()), []);
}

/// A replacement of all keys of these nodes, as far as a stage, while others leave.
fn cut_off(nodes: &[NodeState], wish: Wish, leaving: &[Leaver]) -> [Vec<NodeState>; 2] {
    let new = keys(nodes, Wish { new_key: true, ..wish });
    let plan = setup(&Ingredients {
        states: nodes,
        names: &names(nodes),
        keys: &new.materials(),
        intent: &Intent { leaving: leaving.to_vec(), ..Intent::default() },
        programs: &programs(),
    });
    let plan = plan.unwrap();
    let stage = |stage, states: &[NodeState]| -> Vec<NodeState> {
        let plans = plan.stage(stage);
        let pairs = states.iter().zip(&plans);
        pairs.map(|(state, node)| carry_out(state, node, new.of(state.spec).unwrap())).collect()
    };
    let let_in = stage(Stage::Authorize, nodes);
    let established = stage(Stage::Establish, &let_in);
    [let_in, established]
}

/// Nodes that trust each other, with a place for the note.
fn noting(wish: Wish) -> Vec<NodeState> {
    let mut nodes = standing(&[1, 2, 3], wish);
    for node in &mut nodes {
        put(node, Place::Pending, Entry::absent("/root/gaussdb_tmp/.pending"));
    }
    nodes
}

#[test]
fn a_replacement_that_was_cut_off_is_finished_only_where_every_node_has_its_new_key() {
    for (from, to) in [(SHARED, SHARED), (PER_NODE, PER_NODE), (SHARED, PER_NODE), (PER_NODE, SHARED)] {
        let nodes = noting(from);
        assert!(!is_replaced(&nodes), "nothing was begun");
        let [let_in, established] = cut_off(&nodes, to, &[]);
        assert!(!is_replaced(&let_in), "the new private halves are lost");
        assert!(is_replaced(&established));
        let mixed = [established[0].clone(), let_in[1].clone(), established[2].clone()];
        assert!(!is_replaced(&mixed), "one still comes with the old key");
    }
}

#[test]
fn a_key_that_a_node_which_leaves_may_have_is_not_taken_for_the_new_one() {
    let (nodes, third) = (noting(SHARED), [spec(3)]);
    let [_, all] = cut_off(&nodes, SHARED, &[]);
    assert!(!is_replaced_without(&all[..2], &third), "the third has got it too");
    let leaving = gone(&nodes[..2], 22, &[]);
    let [let_in, established] = cut_off(&nodes[..2], SHARED, &leaving);
    assert!(is_replaced_without(&established, &third));
    assert!(!is_replaced_without(&let_in, &third));
    assert!(!is_replaced_without(&established, &[spec(2)]), "another one leaves now");
}
