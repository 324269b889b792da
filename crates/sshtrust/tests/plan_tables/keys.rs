//! Which keys the nodes get, one for all or each its own, and what that changes.

use std::collections::BTreeSet;

use sshtrust::identity::{KeyMode, open_each};
use sshtrust::plan::{Choice, Pick, Wish, bereaved, choose_keys, standing_mode};

use super::*;

pub(super) const PER_NODE: Wish<'_> =
    Wish { mode: Some(KeyMode::PerNode), key_type: None, new_key: false, prefer: None, newcomers: None };
pub(super) const SHARED: Wish<'_> =
    Wish { mode: Some(KeyMode::Shared), key_type: None, new_key: false, prefer: None, newcomers: None };

fn choose(states: &[NodeState], wish: Wish<'_>) -> Choice<IdentityKey> {
    choose_keys(states, wish, open_each).0
}

pub(super) fn spec(number: u8) -> NodeSpec {
    NodeSpec { ip: [10, 0, 0, number].into(), port: 22 }
}

/// The key that a choice keeps for each node; one if it is for all.
fn kept(states: &[NodeState], wish: Wish<'_>) -> Vec<Option<PublicKey>> {
    let key = |pick| match pick {
        Pick::Keep(key) => Some(IdentityKey::public(&key).clone()),
        Pick::Generate(_) => None,
    };
    match choose(states, wish) {
        Choice::Shared(pick) => vec![key(pick)],
        Choice::PerNode(picks) => picks.into_iter().map(key).collect(),
    }
}

/// The keys of a choice, new ones where it wants new ones.
pub(super) fn keys(states: &[NodeState], wish: Wish<'_>) -> NodeKeys<IdentityKey> {
    let make = |pick: Pick<IdentityKey>, state: &NodeState| match pick {
        Pick::Keep(key) => *key,
        Pick::Generate(kind) => IdentityKey::generate(kind, &format!("root@{}", state.hostname)).unwrap(),
    };
    match choose(states, wish) {
        Choice::Shared(pick) => {
            NodeKeys::shared(make(pick, &states[0]), states.iter().map(|state| state.spec))
        }
        Choice::PerNode(picks) => {
            NodeKeys::per_node(states.iter().zip(picks).map(|(state, pick)| (state.spec, make(pick, state))))
        }
    }
}

/// A run over these nodes, to its end.
pub(super) fn run(states: &[NodeState], wish: Wish<'_>) -> (Vec<NodeState>, Plan) {
    let keys = keys(states, wish);
    let plan = try_plan_with(states, &keys, true).unwrap();
    let done = states.iter().zip(&plan.nodes);
    let done = done.map(|(state, node)| carry_out(state, node, keys.of(state.spec).unwrap()));
    let retired = done.zip(&plan.nodes).map(|(mut state, node)| {
        let now = state.entry(Place::AuthorizedKeys).clone();
        let last = without_keys(node, &now, &plan.superseded);
        state = carry_out(&state, &last, key());
        put(&mut state, Place::Pending, Entry::absent("/root/gaussdb_tmp/.pending"));
        state
    });
    (retired.collect(), plan)
}

pub(super) fn own(state: &NodeState) -> PublicKey {
    open_each(&[state]).remove(0).unwrap().public().clone()
}

pub(super) fn let_in(state: &NodeState) -> BTreeSet<PublicKey> {
    sshfiles::AuthorizedKeys::parse(state.bytes(Place::AuthorizedKeys))
        .entries()
        .map(|line| line.key)
        .collect()
}

/// Nodes that trust each other.
pub(super) fn standing(numbers: &[u8], wish: Wish<'_>) -> Vec<NodeState> {
    run(&numbers.iter().map(|number| fresh(*number)).collect::<Vec<_>>(), wish).0
}

#[test]
fn nodes_without_trust_get_a_key_each_and_let_in_all() {
    let (nodes, plan) = run(&[fresh(1), fresh(2), fresh(3)], Wish::default());
    let own: Vec<_> = nodes.iter().map(own).collect();
    assert_eq!(own.iter().collect::<BTreeSet<_>>().len(), 3, "each its own");
    for node in &nodes {
        assert_eq!(let_in(node), own.iter().cloned().collect());
        assert!(text(node, Place::PublicKey).contains(&format!("root@{}", node.hostname)));
    }
    assert!(!plan.replaces_key && plan.superseded.is_empty(), "one stage is enough");
    let (again, second) = run(&nodes, Wish::default());
    assert!(second.is_empty(), "{second:?}");
    assert_eq!(again, nodes);
}

#[test]
fn no_private_half_goes_to_another_node() {
    let keys = keys(&[fresh(1), fresh(2)], Wish::default());
    let plan = try_plan_with(&[fresh(1), fresh(2)], &keys, true).unwrap();
    for node in &plan.nodes {
        let own = keys.of(node.spec).unwrap().private_file();
        let secrets = node.files.iter().filter(|edit| edit.old.path.ends_with("id_om"));
        let secrets: Vec<_> = secrets.map(|edit| edit.content.render("")).collect();
        assert_eq!(secrets.len(), 1);
        assert_eq!(secrets[0].as_slice(), own);
    }
}

#[test]
fn what_was_asked_for_stays_asked_for() {
    for (wish, mode) in [(SHARED, KeyMode::Shared), (PER_NODE, KeyMode::PerNode)] {
        let nodes = standing(&[1, 2, 3], wish);
        assert_eq!(standing_mode(nodes.iter()), Some(mode));
        assert!(run(&nodes, Wish::default()).1.is_empty(), "{mode:?}");
        // One joins; two were made anew.
        for some in [[nodes[0].clone(), nodes[1].clone(), fresh(9)], [nodes[0].clone(), fresh(2), fresh(3)]] {
            let (after, plan) = run(&some, Wish::default());
            assert_eq!(standing_mode(after.iter()), Some(mode), "{plan:?}");
            assert_eq!(own(&after[0]), own(&nodes[0]), "{mode:?}: who had a key keeps it");
            assert!(!plan.replaces_key);
        }
    }
    assert_eq!(standing_mode([fresh(1), fresh(2)].iter()), None);
}

#[test]
fn the_mode_changes_in_stages_and_only_when_it_is_asked_for() {
    for (from, to, mode) in [(SHARED, PER_NODE, KeyMode::PerNode), (PER_NODE, SHARED, KeyMode::Shared)] {
        let nodes = standing(&[1, 2, 3], from);
        let old: BTreeSet<PublicKey> = nodes.iter().map(own).collect();
        let (after, plan) = run(&nodes, to);
        assert!(plan.replaces_key);
        assert_eq!(standing_mode(after.iter()), Some(mode));
        let new: BTreeSet<PublicKey> = after.iter().map(own).collect();
        assert_eq!(new.len(), if mode == KeyMode::PerNode { 3 } else { 1 });
        for node in &after {
            assert_eq!(let_in(node), new, "the old lines are gone");
        }
        let retired: BTreeSet<PublicKey> = plan.superseded.iter().cloned().collect();
        assert_eq!(retired, old.difference(&new).cloned().collect());
        if mode == KeyMode::PerNode {
            assert!(old.is_disjoint(&new), "what all had is nobody's own");
        }
    }
}

#[test]
fn a_change_of_mode_that_was_cut_off_is_finished_by_a_plain_run() {
    for (from, to, mode) in [(SHARED, PER_NODE, KeyMode::PerNode), (PER_NODE, SHARED, KeyMode::Shared)] {
        let nodes = standing(&[1, 2, 3], from);
        let keys = keys(&nodes, to);
        let mut nodes = nodes;
        for node in &mut nodes {
            put(node, Place::Pending, Entry::absent("/root/gaussdb_tmp/.pending"));
        }
        let plan = try_plan_with(&nodes, &keys, true).unwrap();
        // The new keys are let in everywhere, and one node of three has come to its own.
        let stage = |stage, states: &[NodeState]| -> Vec<NodeState> {
            let plans = plan.stage(stage);
            let pairs = states.iter().zip(&plans);
            pairs.map(|(state, node)| carry_out(state, node, keys.of(state.spec).unwrap())).collect()
        };
        let let_in = stage(sshtrust::plan::Stage::Authorize, &nodes);
        let mut cut_off = let_in.clone();
        cut_off[1] = stage(sshtrust::plan::Stage::Establish, &let_in)[1].clone();
        for cut_off in [let_in, cut_off] {
            assert_eq!(standing_mode(cut_off.iter()), Some(mode));
            let (after, _) = run(&cut_off, Wish::default());
            assert_eq!(standing_mode(after.iter()), Some(mode));
            let new: BTreeSet<PublicKey> = after.iter().map(own).collect();
            for node in &after {
                assert_eq!(
                    super::keys::let_in(node),
                    new,
                    "{mode:?}: what was begun and what was before is out"
                );
            }
        }
    }
}

#[test]
fn a_clone_of_a_node_gets_a_key_of_its_own_and_so_does_the_node() {
    let nodes = standing(&[1, 2], PER_NODE);
    let mut clone = nodes[0].clone();
    (clone.spec, clone.hostname) = (spec(3), "node3".to_owned());
    let three = [nodes[0].clone(), nodes[1].clone(), clone];
    let (after, plan) = run(&three, Wish::default());
    assert_eq!(plan.superseded, [own(&nodes[0])]);
    assert_eq!(own(&after[1]), own(&nodes[1]));
    assert_eq!(after.iter().map(own).collect::<BTreeSet<_>>().len(), 3);
}

#[test]
fn a_node_whose_store_is_gone_gets_a_new_key_and_no_other_does() {
    let mut nodes = standing(&[1, 2, 3], PER_NODE);
    nodes[1].entries.retain(|place, _| !matches!(place, Place::Cipher(_)));
    let old = nodes.clone();
    let (after, plan) = run(&nodes, Wish::default());
    assert!(plan.replaces_key);
    assert_eq!((own(&after[0]), own(&after[2])), (own(&old[0]), own(&old[2])));
    assert!(!let_in(&after[0]).contains(&plan.superseded[0]), "the old line is out");
    assert!(let_in(&after[0]).contains(&own(&after[1])));
}

#[test]
fn a_key_that_serves_nodes_outside_of_the_list_is_not_taken_away() {
    // Two clusters, (1, 2) and (3, 4); the run is about 2 and 3.
    for wish in [SHARED, PER_NODE] {
        let (one, two) = (standing(&[1, 2], wish), standing(&[3, 4], wish));
        let states = [one[1].clone(), two[0].clone()];
        let names = [Some("node2".to_owned()), Some("node3".to_owned())];
        let lonely = |wish| bereaved(&states, &names, &keys(&states, wish).materials());
        match wish.mode {
            Some(KeyMode::Shared) => {
                let found = lonely(Wish { prefer: Some(spec(2)), ..Wish::default() });
                assert_eq!(found, [(spec(3), vec!["10.0.0.4".to_owned()])]);
            }
            _ => assert_eq!(lonely(Wish::default()), []),
        }
        assert_eq!(lonely(PER_NODE), [], "with keys of their own nobody loses one");
    }
}

#[test]
fn a_cluster_that_stands_keeps_its_keys_whatever_comes() {
    let make = |key: &IdentityKey, number| {
        let states = [fresh(number)];
        carry_out_all(&states, &plan(&states, key), key).remove(0)
    };
    // Two nodes with one key, and three with another one that come, from one of which it is run.
    let old = [fresh(1), fresh(2)];
    let old = carry_out_all(&old, &plan(&old, key()), key());
    let nodes: Vec<NodeState> = old.iter().cloned().chain((3..=5).map(|n| make(other_key(), n))).collect();
    let all_new: BTreeSet<NodeSpec> = (3..=5).map(spec).collect();
    let from_new = Wish { prefer: Some(spec(3)), ..Wish::default() };
    assert_eq!(kept(&nodes, from_new), [Some(other_key().public().clone())], "else the majority wins");
    let wish = Wish { newcomers: Some(&all_new), ..from_new };
    assert_eq!(kept(&nodes, wish), [Some(key().public().clone())]);
    // A node that does not take the cluster's key changes nothing for the cluster.
    let mut fips = fresh(3);
    fips.ssh.fips = true;
    let one_new: BTreeSet<NodeSpec> = [spec(3)].into();
    let three: Vec<NodeState> = old.iter().cloned().chain([fips.clone()]).collect();
    assert_eq!(kept(&three, Wish::default()), [None]);
    let wish = Wish { newcomers: Some(&one_new), ..Wish::default() };
    assert_eq!(kept(&three, wish), [Some(key().public().clone())]);
    // With keys of their own each keeps what it has; one that comes too, if all take it.
    let standing = standing(&[1, 2], PER_NODE);
    let own: Vec<_> = standing.iter().map(|state| Some(own(state))).collect();
    let with = |new: NodeState| standing.iter().cloned().chain([new]).collect::<Vec<_>>();
    assert_eq!(kept(&with(fips), wish), [own.clone(), vec![None]].concat());
    assert_eq!(kept(&with(fresh(3)), wish), [own.clone(), vec![None]].concat());
    let brought = Some(other_key().public().clone());
    assert_eq!(kept(&with(make(other_key(), 3)), wish), [own.clone(), vec![brought]].concat());
    let mut picky = standing.clone();
    picky[0].accepted_algorithms = Some("ssh-ed25519".to_owned());
    let nodes = picky.into_iter().chain([make(other_key(), 3)]).collect::<Vec<_>>();
    assert_eq!(kept(&nodes, wish), [own, vec![None]].concat());
}

#[test]
fn the_shared_key_that_works_is_kept() {
    let make = |key: &IdentityKey, number| {
        let states = [fresh(number)];
        carry_out_all(&states, &plan(&states, key), key).remove(0)
    };
    let kept = |states: &[NodeState], wish| kept(states, wish).remove(0);
    let (ours, theirs) = (make(key(), 1), make(other_key(), 2));
    let wish = SHARED;
    assert_eq!(kept(&[fresh(1), fresh(2)], wish), None);
    assert_eq!(kept(&[fresh(1), ours.clone()], wish), Some(key().public().clone()));
    // The majority wins; between equals the machine that runs the tool.
    let three = [theirs.clone(), ours.clone(), make(key(), 3)];
    assert_eq!(kept(&three, Wish { prefer: Some(spec(2)), ..wish }), Some(key().public().clone()));
    let two = [ours.clone(), theirs.clone()];
    assert_eq!(kept(&two, Wish { prefer: Some(spec(2)), ..wish }), Some(other_key().public().clone()));
    assert_eq!(kept(&two, Wish { prefer: Some(spec(1)), ..wish }), Some(key().public().clone()));
    // Only a key that the nodes and the user accept.
    let mut fips = ours.clone();
    fips.ssh.fips = true;
    assert_eq!(kept(&[fips.clone()], wish), None);
    assert_eq!(kept(&[fips, theirs.clone()], wish), Some(other_key().public().clone()));
    assert_eq!(kept(std::slice::from_ref(&ours), Wish { key_type: Some(KeyType::EcdsaP256), ..wish }), None);
    // Whatever its type, if a node's sshd refuses it; then it is the other type, and a wish for a new one is heard.
    let refusing = |state: &NodeState, list: &str| {
        let mut state = state.clone();
        state.accepted_algorithms = Some(list.to_owned());
        state
    };
    let made = |states: &[NodeState], wish| match choose(states, wish) {
        Choice::Shared(Pick::Generate(kind)) => Some(kind),
        _ => None,
    };
    let (ed25519, ecdsa) = (Some(KeyType::Ed25519), Some(KeyType::EcdsaP256));
    assert_eq!(made(&[refusing(&ours, "ecdsa-*,ssh-rsa")], wish), ecdsa);
    assert_eq!(made(&[refusing(&theirs, "-ecdsa-*")], wish), ed25519);
    assert_eq!(made(&[refusing(&theirs, "ssh-ed25519"), fresh(1)], wish), ed25519);
    assert_eq!(made(&[refusing(&ours, "+ssh-rsa")], wish), None);
    assert_eq!(made(std::slice::from_ref(&ours), Wish { new_key: true, ..wish }), ed25519);
    assert_eq!(made(&[fresh(1)], Wish { key_type: ecdsa, new_key: true, ..wish }), ecdsa);
    // Where no type serves all, the one that most take.
    assert_eq!(made(&[refusing(&fresh(1), "ssh-rsa"), fresh(2)], wish), ed25519);
    let mixed =
        [refusing(&fresh(1), "ssh-ed25519"), refusing(&fresh(2), "ecdsa-*"), refusing(&fresh(3), "ecdsa-*")];
    assert_eq!(made(&mixed, wish), ecdsa);
    // A store that is gone or lies does not open the key.
    let mut no_store = ours;
    no_store.entries.retain(|place, _| !matches!(place, Place::Cipher(_)));
    assert_eq!(kept(&[no_store], wish), None);
}

#[test]
fn a_wish_for_new_keys_replaces_those_of_all_nodes_and_keeps_the_mode() {
    for (wish, mode) in [(SHARED, KeyMode::Shared), (PER_NODE, KeyMode::PerNode)] {
        let nodes = standing(&[1, 2, 3], wish);
        let old: BTreeSet<PublicKey> = nodes.iter().map(own).collect();
        let (after, plan) = run(&nodes, Wish { new_key: true, ..Wish::default() });
        let new: BTreeSet<PublicKey> = after.iter().map(own).collect();
        assert!(plan.replaces_key && old.is_disjoint(&new), "{mode:?}");
        assert_eq!(standing_mode(after.iter()), Some(mode));
        assert!(after.iter().all(|node| let_in(node) == new));
    }
}

/// A node whose lines of ours are those of these others.
fn with_lines(node: &NodeState, of: &[&NodeState]) -> NodeState {
    let mut node = node.clone();
    let lines: String = of.iter().map(|other| format!("{} x #OM\n", own(other))).collect();
    put(
        &mut node,
        Place::AuthorizedKeys,
        entry(EntryKind::File, "/root/.ssh/authorized_keys", 0o600, lines.as_bytes()),
    );
    node
}

#[test]
fn lines_that_are_lost_make_no_own_key_a_shared_one() {
    for numbers in [&[1, 2][..], &[1, 2, 3, 4]] {
        let nodes = standing(numbers, PER_NODE);
        let none: Vec<_> = nodes.iter().map(|node| with_lines(node, &[])).collect();
        let itself: Vec<_> = nodes.iter().map(|node| with_lines(node, &[node])).collect();
        let mut one = nodes.clone();
        one[0] = itself[0].clone();
        for some in [none, itself, one] {
            assert_eq!(standing_mode(some.iter()), Some(KeyMode::PerNode));
            let (after, plan) = run(&some, Wish::default());
            assert!(!plan.replaces_key);
            assert_eq!(after.iter().map(own).collect::<Vec<_>>(), nodes.iter().map(own).collect::<Vec<_>>());
        }
    }
    // Where the key is shared it stays so, whatever is lost.
    let nodes = standing(&[1, 2, 3], SHARED);
    let none: Vec<_> = nodes.iter().map(|node| with_lines(node, &[])).collect();
    assert_eq!(standing_mode(none.iter()), Some(KeyMode::Shared));
}

#[test]
fn a_node_that_was_alone_shares_its_key_with_no_second_one() {
    let one = standing(&[1], Wish::default());
    assert_eq!(standing_mode(one.iter()), Some(KeyMode::PerNode));
    let (after, _) = run(&[one[0].clone(), fresh(2)], Wish::default());
    assert_eq!(own(&after[0]), own(&one[0]));
    assert_ne!(own(&after[0]), own(&after[1]));
}

#[test]
fn a_node_that_has_another_name_now_keeps_no_key_from_being_replaced() {
    let mut nodes = standing(&[1, 2], SHARED);
    nodes[1].hostname = "db2".to_owned();
    let names = [Some("node1".to_owned()), Some("db2".to_owned())];
    let keys = keys(&nodes, PER_NODE).materials();
    assert_eq!(bereaved(&nodes, &names, &keys), []);
    assert_eq!(run(&nodes, PER_NODE).1.superseded, [own(&nodes[0])]);
}

#[test]
fn a_change_of_rights_alone_brings_no_key() {
    let mut nodes = standing(&[1, 2], PER_NODE);
    let keys = keys(&nodes, PER_NODE);
    nodes[1].entries.get_mut(&Place::PrivateKey).unwrap().mode = 0o644;
    let plan = try_plan_with(&nodes, &keys, true).unwrap();
    assert!(!plan.nodes[1].is_empty() && !plan.nodes[1].brings_secrets());
    let fresh = [fresh(1)];
    assert!(super::plan(&fresh, key()).nodes[0].brings_secrets());
}
