//! From where and until when: what lines get, and what they keep.

use sshfiles::KeyBounds;
use sshtrust::bounds::{Ask, BoundsWish, Expiry, NodeClock, Origin, Origins};
use sshtrust::plan::{Bounding, BoundsError, foresee_bounds, setup_bound};

use super::*;

/// 2026-12-31 18:00 UTC.
const NOW: i64 = 1_798_740_000;
const HOUR: i64 = 3_600;

fn node(number: u8) -> NodeState {
    let clock = NodeClock { said: NOW, offset: 0, from: NOW, to: NOW };
    NodeState { clock: Some(clock), ..fresh(number) }
}

fn asks(from: Ask<Origin>, expires: Ask<Expiry>) -> BoundsWish {
    BoundsWish { from, expires }
}

fn list(text: &str) -> Ask<Origin> {
    Ask::Set(Origin::List(Origins::read(text).unwrap()))
}

/// A run over these nodes with a key that all share, to its end.
fn run(states: &[NodeState], wish: &BoundsWish) -> Result<Vec<NodeState>, BoundsError> {
    let bounding = Bounding::of(states, wish, NOW)?;
    let keys = NodeKeys::shared(key().clone(), states.iter().map(|state| state.spec));
    let names: Vec<Option<String>> = states.iter().map(|state| Some(state.hostname.clone())).collect();
    let intent = Intent { map_names: false, keep_old_mapping: false, leaving: Vec::new() };
    let ingredients = Ingredients {
        states,
        names: &names,
        keys: &keys.materials(),
        intent: &intent,
        programs: &programs(),
    };
    let plan = setup_bound(&ingredients, &bounding).unwrap();
    Ok(states.iter().zip(&plan.nodes).map(|(state, plan)| carry_out(state, plan, key())).collect())
}

/// The options of the first of our lines.
fn options(state: &NodeState) -> String {
    let file = sshfiles::AuthorizedKeys::parse(state.bytes(Place::AuthorizedKeys));
    let line = file.entries().find(|line| line.ours).unwrap();
    line.options.unwrap_or_default()
}

fn all_options(states: &[NodeState]) -> Vec<String> {
    states.iter().map(options).collect()
}

/// Puts other options before our lines.
fn edit(state: &mut NodeState, options: &str) {
    let mut file = sshfiles::AuthorizedKeys::parse(state.bytes(Place::AuthorizedKeys));
    let line = format!("{options} {}", key().public());
    let bounds = sshfiles::AuthorizedKeys::parse(line.as_bytes()).entries().next().map(|line| line.bounds);
    file.bound_ours(|_| bounds.clone().unwrap_or_default());
    let bytes = file.to_bytes();
    put(state, Place::AuthorizedKeys, entry(EntryKind::File, "/root/.ssh/authorized_keys", 0o600, &bytes));
}

const KEEP: BoundsWish = BoundsWish { from: Ask::Keep, expires: Ask::Keep };

#[test]
fn bounds_come_stay_grow_and_go() {
    let first = [node(1), node(2)];
    let wish = asks(Ask::Set(Origin::Cluster), Ask::Set(Expiry::After(8 * HOUR)));
    let bound = run(&first, &wish).unwrap();
    let wanted = "from=\"10.0.0.1,10.0.0.2\",expiry-time=\"202701010200\"";
    assert_eq!(all_options(&bound), [wanted; 2]);
    // Byte for byte.
    let again = run(&bound, &KEEP).unwrap();
    assert_eq!(again, bound);
    // In the zone of the one that comes, whose clock is wrong besides.
    let clock = NodeClock { said: NOW - HOUR, offset: 28_800, from: NOW, to: NOW };
    let newcomer = NodeState { clock: Some(clock), ..fresh(3) };
    let grown = run(&[again[0].clone(), again[1].clone(), newcomer], &KEEP).unwrap();
    let from = "from=\"10.0.0.1,10.0.0.2,10.0.0.3\"";
    let old = format!("{from},expiry-time=\"202701010200\"");
    assert_eq!(all_options(&grown), [old.clone(), old, format!("{from},expiry-time=\"202701010900\"")]);
    // A run about a part of them shuts nobody out.
    assert_eq!(run(&grown[..2], &KEEP).unwrap(), grown[..2]);
    let lifted = run(&grown, &asks(Ask::Lift, Ask::Keep)).unwrap();
    assert_eq!(options(&lifted[0]), "expiry-time=\"202701010200\"");
    let lifted = run(&lifted, &asks(Ask::Keep, Ask::Lift)).unwrap();
    assert_eq!(all_options(&lifted), [""; 3]);
}

#[test]
fn a_list_that_was_written_stays_and_has_to_hold_every_node() {
    let states = [node(1), node(2)];
    let bound = run(&states, &asks(list("10.0.0.0/30,192.0.2.1"), Ask::Keep)).unwrap();
    assert_eq!(all_options(&bound), ["from=\"10.0.0.0/30,192.0.2.1\""; 2]);
    let more = run(&[bound[0].clone(), bound[1].clone(), node(3)], &KEEP).unwrap();
    assert_eq!(all_options(&more), ["from=\"10.0.0.0/30,192.0.2.1\""; 3]);
    let out = run(&[bound[0].clone(), bound[1].clone(), node(4)], &KEEP);
    let wanted = |list: &str, nodes: &[u8]| {
        let nodes = nodes.iter().map(|number| [10, 0, 0, *number].into()).collect();
        Err(BoundsError::LeavesOut { list: list.to_owned(), nodes })
    };
    assert_eq!(out, wanted("10.0.0.0/30,192.0.2.1", &[4]));
    // Nodes that are known and not in this run, too.
    assert_eq!(
        run(&more[..2], &asks(list("10.0.0.1,10.0.0.2"), Ask::Keep)),
        wanted("10.0.0.1,10.0.0.2", &[3])
    );
    let early = foresee_bounds(&asks(list("10.0.0.1"), Ask::Keep), states.iter().map(|state| state.spec.ip));
    assert_eq!(early.map(|()| Vec::<NodeState>::new()), wanted("10.0.0.1", &[2]));
}

#[test]
fn where_nodes_differ_lines_without_a_bound_get_the_strictest() {
    let states = run(&[node(1), node(2), node(3)], &KEEP).unwrap();
    let changed = |edits: [&str; 3]| {
        let mut states = states.clone();
        states.iter_mut().zip(edits).filter(|(_, e)| !e.is_empty()).for_each(|(state, e)| edit(state, e));
        all_options(&run(&states, &KEEP).unwrap())
    };
    let cluster = "from=\"10.0.0.1,10.0.0.2,10.0.0.3\"";
    assert_eq!(changed(["", cluster, ""]), [cluster; 3]);
    let wide = "from=\"10.0.0.0/8\"";
    assert_eq!(changed([wide, "", wide]), [wide; 3]);
    // Each keeps its own; what they have in common for certain are the nodes.
    assert_eq!(changed([wide, "from=\"10.0.0.0/16\"", ""]), [wide, "from=\"10.0.0.0/16\"", cluster]);
    assert_eq!(changed([wide, cluster, ""]), [wide, cluster, cluster]);
    let (early, late) = ("expiry-time=\"20270102\"", "expiry-time=\"20270103\"");
    assert_eq!(changed([late, early, ""]), [late, early, "expiry-time=\"202701020000\""]);
    // A list of a part of those that the node knows is somebody's own: it is not widened, it is told.
    let mut narrowed = states.clone();
    edit(&mut narrowed[0], "from=\"10.0.0.3,10.0.0.1\"");
    let told = run(&narrowed, &KEEP).unwrap_err();
    assert!(matches!(&told, BoundsError::LeavesOut { nodes, .. } if nodes.len() == 1), "{told:?}");
}

#[test]
fn bounds_of_a_node_that_comes_are_of_another_trust() {
    let old = run(&[node(1), node(2)], &KEEP).unwrap();
    let alone = super::keys::standing(&[3], super::keys::PER_NODE).remove(0);
    let mut comes = NodeState { clock: node(3).clock, ..alone };
    for options in
        ["expiry-time=\"20200101\"", "from=\"10.0.0.3\"", "from=\"10.0.0.3\",expiry-time=\"20270102\""]
    {
        edit(&mut comes, options);
        let states = [old[0].clone(), old[1].clone(), comes.clone()];
        for state in run(&states, &KEEP).unwrap() {
            let file = sshfiles::AuthorizedKeys::parse(state.bytes(Place::AuthorizedKeys));
            let line = file.entries().find(|line| line.key == *key().public()).unwrap();
            assert_eq!(line.options, None, "{options}: {}", state.spec);
        }
    }
}

#[test]
fn bounds_that_cannot_be_are_told_before_anything_is_written() {
    let many: Vec<NodeState> = (1..=65).map(node).collect();
    let cluster = asks(Ask::Set(Origin::Cluster), Ask::Keep);
    assert_eq!(run(&many, &cluster), Err(BoundsError::TooMany(65)));
    let early = foresee_bounds(&cluster, many.iter().map(|state| state.spec.ip));
    assert_eq!(early, Err(BoundsError::TooMany(65)));
    let bound = run(&many[..64], &cluster).unwrap();
    let grown: Vec<NodeState> = bound.into_iter().chain([node(65)]).collect();
    assert_eq!(run(&grown, &KEEP), Err(BoundsError::TooMany(65)));
    let hour = asks(Ask::Keep, Ask::Set(Expiry::After(HOUR)));
    let mut states = [node(1), node(2)];
    states[1].ssh.version = Some((7, 6));
    assert_eq!(run(&states, &hour), Err(BoundsError::TooOld(vec![(states[1].spec, (7, 6))])));
    assert!(run(&states, &asks(Ask::Keep, Ask::Lift)).is_ok());
    states[1].ssh.version = Some((7, 7));
    let bound = run(&states, &hour).unwrap();
    states[1].clock = None;
    assert_eq!(run(&states, &hour), Err(BoundsError::NoClock(vec![states[1].spec])));
    // It is over.
    let later = NodeClock { said: NOW + 2 * HOUR, offset: 0, from: NOW + 2 * HOUR, to: NOW + 2 * HOUR };
    let over: Vec<NodeState> =
        bound.into_iter().map(|state| NodeState { clock: Some(later), ..state }).collect();
    let specs: Vec<NodeSpec> = over.iter().map(|state| state.spec).collect();
    assert_eq!(run(&over, &KEEP), Err(BoundsError::Over(specs)));
    assert!(run(&over, &asks(Ask::Keep, Ask::Set(Expiry::At(NOW + 3 * HOUR)))).is_ok());
}

#[test]
fn lines_that_stand_are_not_narrowed_before_a_new_key_is_proven() {
    let states = run(&[node(1), node(2)], &KEEP).unwrap();
    let other = IdentityKey::generate(sshtrust::identity::KeyType::Ed25519, "root@node1").unwrap();
    let keys = NodeKeys::shared(other.clone(), states.iter().map(|state| state.spec));
    let names: Vec<Option<String>> = states.iter().map(|state| Some(state.hostname.clone())).collect();
    let intent = Intent { map_names: false, keep_old_mapping: false, leaving: Vec::new() };
    let materials = keys.materials();
    let programs = programs();
    let ingredients = Ingredients {
        states: &states,
        names: &names,
        keys: &materials,
        intent: &intent,
        programs: &programs,
    };
    let bounding = Bounding::of(&states, &asks(Ask::Set(Origin::Cluster), Ask::Keep), NOW).unwrap();
    let plan = setup_bound(&ingredients, &bounding).unwrap();
    let after = carry_out(&states[0], &plan.nodes[0], &other);
    let file = sshfiles::AuthorizedKeys::parse(after.bytes(Place::AuthorizedKeys));
    let bounds = |key: &PublicKey| file.entries().find(|line| line.key == *key).map(|line| line.bounds);
    assert_eq!(bounds(key().public()), Some(KeyBounds::default()));
    let wanted = KeyBounds { from: Some("10.0.0.1,10.0.0.2".to_owned()), expiry: None };
    assert_eq!(bounds(other.public()), Some(wanted.clone()));
    // Then it is their turn.
    let edit = sshtrust::plan::bound_lines(&after, after.entry(Place::AuthorizedKeys), &bounding).unwrap();
    let file = sshfiles::AuthorizedKeys::parse(&edit.content.render(""));
    assert!(file.entries().all(|line| line.bounds == wanted));
}
