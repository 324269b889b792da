//! Which keys are tried, at what cost, and which are named.

use std::cell::RefCell;
use std::sync::LazyLock;

use super::*;
use crate::diagnose::sample;
use crate::observe::{Entry, EntryKind};
use crate::secret::Secret;
use crate::store::{MOST_PARTS, Randomness, Sealed, open_passphrase, seal_passphrase};
use crate::unlock::{sealed, tests::locked};
use sshfiles::PublicKey;

const SHARED: Wish<'_> =
    Wish { mode: Some(KeyMode::Shared), key_type: None, new_key: false, prefer: None, newcomers: None };

/// The nodes at these places have this number in their address.
fn spec(place: usize) -> NodeSpec {
    let [.., high, low] = u32::try_from(place).unwrap().to_be_bytes();
    NodeSpec { ip: [10, 0, high, low].into(), port: 22 }
}

/// Each at its place.
fn placed(mut states: Vec<NodeState>) -> Vec<NodeState> {
    states.iter_mut().enumerate().for_each(|(place, state)| state.spec = spec(place));
    states
}

/// A node with a key of its own that takes so many rounds, and with a store.
fn node(number: usize, rounds: u32) -> NodeState {
    let mut state = sample::evidence(0).state;
    let salt: [u8; 16] = std::array::from_fn(|place| number.to_be_bytes()[place % 8]);
    put(&mut state, Place::PrivateKey, &locked(&salt, rounds));
    // Deriving its key takes its time, so all nodes have one store.
    static STORE: LazyLock<Sealed> = LazyLock::new(|| {
        let random = || Ok(Randomness::from([7; size_of::<Randomness>()]));
        seal_passphrase(&Secret::new("passphrase".to_owned()), random).unwrap()
    });
    for ((cipher, rand), part) in STORE.iter().zip(0..MOST_PARTS) {
        put(&mut state, Place::Cipher(part), cipher);
        put(&mut state, Place::Rand(part), rand);
    }
    state
}

fn put(state: &mut NodeState, place: Place, bytes: &[u8]) {
    let entry = Entry { kind: EntryKind::File, bytes: bytes.into(), ..Entry::absent("/a") };
    state.entries.insert(place, entry);
}

/// The place of the node whose key is chosen, with what is passed over, and how many rounds it took. A key opens if it is
/// that of a `good` place.
fn chosen(states: &[NodeState], good: &[usize]) -> (Option<u8>, Vec<PassedOver>, u32) {
    let states = &placed(states.to_vec());
    let spent = RefCell::new(0);
    let open_one = |state: &&NodeState| {
        let file = state.bytes(Place::PrivateKey);
        let rounds = crate::unlock::cost(file)?;
        let (sealed, place) =
            (sealed(state), states.iter().position(|state| state.bytes(Place::PrivateKey) == file));
        let (passphrase, place) = (open_passphrase(&sealed)?, place.unwrap());
        *spent.borrow_mut() += rounds;
        assert_eq!(passphrase.expose(), "passphrase");
        if !good.contains(&place) {
            return Err(Unopened::OtherPassphrase);
        }
        let blob = [&b"\0\0\0\x0bssh-ed25519\0\0\0\x20"[..], &[u8::try_from(place).unwrap(); 32]].concat();
        let public = PublicKey::from_blob(blob).unwrap();
        Ok(KeyMaterial::new(public, String::new(), file.to_vec(), passphrase, sealed))
    };
    let open = |nodes: &[&NodeState]| nodes.iter().map(open_one).collect();
    let (choice, passed) = choose_keys(states, SHARED, open);
    let number = match choice {
        Choice::Shared(Pick::Keep(key)) => key.public().blob().last().copied(),
        _ => None,
    };
    (number, passed, spent.into_inner())
}

#[test]
fn a_key_that_costs_too_much_is_named_and_never_opened() {
    let endless = (1 << 31) - 1;
    let passed =
        |node, others| vec![PassedOver { node: spec(node), others, why: Unopened::TooManyRounds(endless) }];
    // Alone; beside a good one; as the key of most nodes.
    assert_eq!(chosen(&[node(0, endless)], &[0]), (None, passed(0, 0), 0));
    assert_eq!(chosen(&[node(0, endless), node(1, 16)], &[0, 1]), (Some(1), passed(0, 0), 16));
    let shared = [node(2, 1), node(1, endless), node(1, endless)];
    assert_eq!(chosen(&shared, &[0, 1]), (Some(0), passed(1, 1), 1));
    // What is true of many is told once.
    let many: Vec<_> = (0..500).map(|number| node(number, endless)).collect();
    assert_eq!(chosen(&many, &[]), (None, passed(0, 499), 0));
}

#[test]
fn a_thousand_different_keys_have_one_bound() {
    let states: Vec<_> = (0..1000).map(|number| node(number, 16)).collect();
    let (number, passed, spent) = chosen(&states, &[999]);
    assert_eq!((number, spent), (None, 1024));
    let enough = passed.iter().find(|passed| passed.why == Unopened::Enough).unwrap();
    assert_eq!((enough.node, enough.others), (spec(64), 1000 - 64 - 1));
    // Within the bound the right one is found, wherever it is.
    assert_eq!(chosen(&states[..64], &[63]).0, Some(63));
}

#[test]
fn a_store_that_is_damaged_on_one_node_may_be_whole_on_the_next() {
    let mut states = [node(0, 4), node(0, 4), node(0, 4)];
    states[0].entries.remove(&Place::Cipher(0));
    assert_eq!(chosen(&states, &[0]), (Some(0), Vec::new(), 4));
    states[1].entries.remove(&Place::Cipher(0));
    let (number, passed, _) = chosen(&states, &[0]);
    assert_eq!((number, passed.len(), passed[0].others), (None, 1, 2));
    assert!(!passed[0].why.is_for_its_cost());
}

#[test]
fn keys_of_their_own_have_the_same_bound_and_the_others_are_made_anew() {
    let kept = |states: &[NodeState]| {
        let states = placed(states.to_vec());
        let open = |nodes: &[&NodeState]| {
            let key = |node: &&NodeState| {
                let blob = [&b"\0\0\0\x0bssh-ed25519\0\0\0\x20"[..], &[7; 32]].concat();
                let public = PublicKey::from_blob(blob).unwrap();
                let secret = Secret::new(String::new());
                Ok(KeyMaterial::new(
                    public,
                    String::new(),
                    node.bytes(Place::PrivateKey).to_vec(),
                    secret,
                    sealed(node),
                ))
            };
            nodes.iter().map(key).collect()
        };
        let wish = Wish { mode: Some(KeyMode::PerNode), ..Wish::default() };
        let (Choice::PerNode(picks), passed) = choose_keys(&states, wish, open) else {
            panic!("one for all")
        };
        (picks.iter().filter(|pick| matches!(pick, Pick::Keep(_))).count(), passed)
    };
    // As this program makes them, there is enough for a thousand.
    let thousand: Vec<_> = (0..1000).map(|number| node(number, 1)).collect();
    assert_eq!(kept(&thousand), (1000, Vec::new()));
    let (count, passed) = kept(&[node(0, 1), node(1, u32::MAX), node(2, 1)]);
    assert_eq!((count, passed.len(), passed[0].node), (2, 1, spec(1)));
    // A key in another format says nothing of whose it is; that it is replaced is told.
    let mut pem = node(1, 1);
    put(&mut pem, Place::PrivateKey, b"-----BEGIN EC PRIVATE KEY-----\n");
    let damaged = vec![PassedOver { node: spec(1), others: 0, why: Unopened::Damaged }];
    assert_eq!(kept(&[node(0, 1), pem, node(2, 1)]), (2, damaged));
}
