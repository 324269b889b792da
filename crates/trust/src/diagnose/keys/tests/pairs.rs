use super::super::find;
use super::{REFUSED, cluster, cluster_of_own_keys, file, hands, host_key, pair, parts, said};
use crate::diagnose::sample::{healthy, short};
use crate::diagnose::{ByHand, Case, Finding, Healing};
use crate::inventory::NodeIx;
use crate::observe::OwnKey;
use crate::place::Place;
use crate::plan::Part;
use crate::probe::Cause;

#[test]
fn a_lost_line_in_authorized_keys_is_the_fault_of_the_node_that_lost_it() {
    let (mut case, key) = cluster();
    file(&mut case, 2, Place::AuthorizedKeys, ".ssh/authorized_keys", b"# empty\n");
    assert_eq!(find(&case), []);
    case.break_column(2, &Cause::KeyRefused, REFUSED);
    let found = find(&case);
    assert_eq!(short(&found), [("key-mismatch", 2, 3)]);
    assert_eq!((found[0].about, parts(&found[0])), (None, vec![Part::Authorize(key.clone())]));
    // Another cause than the key that is there.
    file(&mut case, 2, Place::AuthorizedKeys, ".ssh/authorized_keys", format!("{key}\n").as_bytes());
    assert_eq!(find(&case), []);
    file(
        &mut case,
        2,
        Place::AuthorizedKeys,
        ".ssh/authorized_keys",
        format!("from=\"1.2.3.4\" {key}\n").as_bytes(),
    );
    let found = find(&case);
    assert_eq!(short(&found), [("from-mismatch", 2, 3)]);
    let restricted = format!("no-pty,command=\"date\" {key}\n");
    file(&mut case, 2, Place::AuthorizedKeys, ".ssh/authorized_keys", restricted.as_bytes());
    let found = find(&case);
    assert_eq!(short(&found), [("key-mismatch", 2, 3)]);
    assert_eq!(hands(&found[0]), [ByHand::Security]);
    assert!(said(&found[0]).contains("line 1: no-pty,command=\"date\""));
}

#[test]
fn a_lost_key_is_the_fault_of_its_node() {
    let (mut case, _) = cluster();
    case.seen_mut(3).state.entries.remove(&Place::PrivateKey);
    let found = find(&case);
    assert_eq!(short(&found), [("key-mismatch", 3, 0)]);
    case.seen_mut(3).state.agent = Default::default();
    for to in 0..3 {
        case.break_pair(3, to, Cause::KeyRefused, REFUSED);
    }
    let found = find(&case);
    assert_eq!(short(&found), [("key-mismatch", 3, 3)]);
    assert_eq!(parts(&found[0]), [Part::Key, Part::Agent, Part::Keepalive]);
    // Another one in its place.
    let (private, public) = pair();
    file(&mut case, 3, Place::PrivateKey, ".ssh/id_om", &private);
    file(&mut case, 3, Place::PublicKey, ".ssh/id_om.pub", public.to_string().as_bytes());
    assert_eq!(short(&find(&case)), [("key-mismatch", 3, 3)]);
    file(&mut case, 3, Place::PrivateKey, ".ssh/id_om", b"rubbish");
    assert_eq!(short(&find(&case)), [("key-mismatch", 3, 3)]);
}

#[test]
fn where_nothing_can_be_seen_nothing_is_missed() {
    let (mut case, _) = cluster();
    let evidence = case.seen_mut(2);
    evidence.rights.closed = true;
    let own = [Place::PrivateKey, Place::PublicKey, Place::AuthorizedKeys, Place::KnownHosts, Place::Config];
    own.iter().for_each(|place| {
        evidence.state.entries.remove(place);
    });
    evidence.state.agent = Default::default();
    case.break_column(2, &Cause::KeyRefused, REFUSED);
    for to in [0, 1, 3] {
        case.break_pair(2, to, Cause::HostKeyUnknown, "Host key verification failed.");
    }
    assert_eq!(find(&case), []);
}

#[test]
fn a_pair_that_was_torn_apart_is_told() {
    let (mut case, key) = cluster();
    let (_, other) = pair();
    file(&mut case, 1, Place::PublicKey, ".ssh/id_om.pub", other.to_string().as_bytes());
    let found = find(&case);
    assert_eq!(short(&found), [("key-mismatch", 1, 0)]);
    assert!(said(&found[0]).contains(&other.fingerprint()) && said(&found[0]).contains(&key.fingerprint()));
    let (mut case, _) = cluster();
    case.seen_mut(1).state.agent.keys = vec![other];
    let found = find(&case);
    assert_eq!(short(&found), [("key-mismatch", 1, 0)]);
    assert_eq!(parts(&found[0]), [Part::Agent]);
}

/// The cures of a finding as `node: parts`.
fn cures(finding: &Finding) -> Vec<(usize, Vec<Part>)> {
    let restored = finding.cures.iter().filter_map(|cure| match &cure.healing {
        Healing::Restore(parts) => Some((cure.node.get(), parts.clone())),
        _ => None,
    });
    restored.collect()
}

#[test]
fn keys_of_their_own_are_no_mismatch() {
    let (mut case, keys) = cluster_of_own_keys();
    assert_eq!(find(&case), []);
    // A line for one of them is gone.
    let left: String = keys[1..].iter().map(|key| format!("{key} me #OM\n")).collect();
    file(&mut case, 2, Place::AuthorizedKeys, ".ssh/authorized_keys", left.as_bytes());
    case.break_pair(0, 2, Cause::KeyRefused, REFUSED);
    let found = find(&case);
    assert_eq!(short(&found), [("key-mismatch", 2, 1)]);
    assert_eq!(found[0].about, Some(NodeIx::new(0)));
    assert_eq!(cures(&found[0]), [(2, vec![Part::Authorize(keys[0].clone())])]);
    // All lines are gone.
    let (mut case, keys) = cluster_of_own_keys();
    file(&mut case, 2, Place::AuthorizedKeys, ".ssh/authorized_keys", b"");
    case.break_column(2, &Cause::KeyRefused, REFUSED);
    let found = find(&case);
    assert_eq!(short(&found), [("key-mismatch", 2, 3)]);
    // Its own too, which no pair shows.
    let mut wanted: Vec<Part> = keys.iter().cloned().map(Part::Authorize).collect();
    let mut parts = parts(&found[0]);
    wanted.sort();
    parts.sort();
    assert_eq!((found[0].about, parts), (None, wanted));
}

#[test]
fn a_key_of_its_own_that_is_lost_is_made_anew_and_never_fetched() {
    let admitted = |node: usize| -> Vec<(usize, Vec<Part>)> {
        (0..4).map(|at| (at, vec![Part::Admit(NodeIx::new(node))])).collect()
    };
    let (foreign, stranger) = pair();
    for lost in [None, Some(&b"rubbish"[..]), Some(&foreign)] {
        let (mut case, _) = cluster_of_own_keys();
        match lost {
            None => drop(case.seen_mut(3).state.entries.remove(&Place::PrivateKey)),
            Some(bytes) => {
                file(&mut case, 3, Place::PrivateKey, ".ssh/id_om", bytes);
                file(&mut case, 3, Place::PublicKey, ".ssh/id_om.pub", stranger.to_string().as_bytes());
            }
        }
        case.seen_mut(3).state.agent.keys.clear();
        for to in 0..3 {
            case.break_pair(3, to, Cause::KeyRefused, REFUSED);
        }
        let found = find(&case);
        assert_eq!(short(&found), [("key-mismatch", 3, 3)], "{lost:?}");
        let cures = cures(&found[0]);
        assert!(cures[0].1.starts_with(&[Part::Key, Part::Agent]), "{cures:?}");
        assert_eq!(cures[1..], admitted(3));
        let commands = found[0].cures.iter().flat_map(|cure| &cure.commands);
        assert!(
            commands.into_iter().all(|command| !command.run.contains("scp")),
            "a key that others have is not its own"
        );
    }
}

/// Trust as people make it by hand: a key pair a node, each node grants all.
fn by_hand() -> Case {
    let mut case = healthy(3);
    let granted: String = (0..3).map(|node| format!("{}\n", host_key(100 + node))).collect();
    for node in 0..3 {
        file(&mut case, node, Place::AuthorizedKeys, ".ssh/authorized_keys", granted.as_bytes());
        let key = Some(host_key(100 + node));
        case.seen_mut(node).keys.own.insert("rsa", OwnKey { private: key.clone(), public: key });
    }
    case
}

#[test]
fn trust_that_was_made_by_hand() {
    let mut case = by_hand();
    assert_eq!(find(&case), []);
    // One line is gone.
    let left = format!("{}\n{}\n", host_key(101), host_key(102));
    file(&mut case, 1, Place::AuthorizedKeys, ".ssh/authorized_keys", left.as_bytes());
    case.break_pair(0, 1, Cause::KeyRefused, REFUSED);
    let found = find(&case);
    assert_eq!(short(&found), [("key-mismatch", 1, 1)]);
    assert_eq!(
        (found[0].about, parts(&found[0])),
        (Some(NodeIx::new(0)), vec![Part::Authorize(host_key(100))])
    );
    // A node has a new key, which nobody knows.
    let mut case = by_hand();
    let new = Some(host_key(200));
    case.seen_mut(2).keys.own.insert("rsa", OwnKey { private: new.clone(), public: new });
    case.break_pair(2, 0, Cause::KeyRefused, REFUSED);
    case.break_pair(2, 1, Cause::KeyRefused, REFUSED);
    let found = find(&case);
    assert_eq!(short(&found), [("key-mismatch", 2, 2)]);
    assert_eq!(found[0].cures.iter().map(|cure| cure.node).collect::<Vec<_>>(), [0, 1].map(NodeIx::new));
    // Private and public file of two pairs.
    let mut case = by_hand();
    case.seen_mut(2).keys.own.get_mut("rsa").unwrap().private = Some(host_key(200));
    case.break_pair(2, 0, Cause::KeyRefused, REFUSED);
    assert_eq!(short(&find(&case)), [("key-mismatch", 2, 1)]);
    // No key at all.
    let mut case = by_hand();
    case.seen_mut(2).keys.own.clear();
    case.break_pair(2, 0, Cause::KeyRefused, REFUSED);
    assert_eq!(short(&find(&case)), [("key-mismatch", 2, 1)]);
}
