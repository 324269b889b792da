use super::super::find;
use super::{REFUSED, cluster, file, hands, host_key, pair, parts, said};
use crate::diagnose::sample::{healthy, short};
use crate::diagnose::{ByHand, Case};
use crate::observe::OwnKey;
use crate::plan::Part;
use crate::probe::Cause;

#[test]
fn a_lost_line_in_authorized_keys_is_the_fault_of_the_node_that_lost_it() {
    let (mut case, key) = cluster();
    file(&mut case, 2, "authorized_keys", ".ssh/authorized_keys", b"# empty\n");
    assert_eq!(find(&case), []);
    case.break_column(2, &Cause::KeyRefused, REFUSED);
    let found = find(&case);
    assert_eq!(short(&found), [("key-mismatch", 2, 3)]);
    assert_eq!((found[0].about, parts(&found[0])), (None, vec![Part::Authorize(key.clone())]));
    // Another cause than the key that is there.
    file(&mut case, 2, "authorized_keys", ".ssh/authorized_keys", format!("{key}\n").as_bytes());
    assert_eq!(find(&case), []);
    file(
        &mut case,
        2,
        "authorized_keys",
        ".ssh/authorized_keys",
        format!("from=\"1.2.3.4\" {key}\n").as_bytes(),
    );
    let found = find(&case);
    assert_eq!(short(&found), [("key-mismatch", 2, 3)]);
    assert_eq!(hands(&found[0]), [ByHand::Security]);
    assert!(said(&found[0]).contains("line 1: from=\"1.2.3.4\""));
}

#[test]
fn a_lost_key_is_the_fault_of_its_node() {
    let (mut case, _) = cluster();
    case.seen_mut(3).state.entries.remove("id_om");
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
    file(&mut case, 3, "id_om", ".ssh/id_om", &private);
    file(&mut case, 3, "id_om.pub", ".ssh/id_om.pub", public.to_string().as_bytes());
    assert_eq!(short(&find(&case)), [("key-mismatch", 3, 3)]);
    file(&mut case, 3, "id_om", ".ssh/id_om", b"rubbish");
    assert_eq!(short(&find(&case)), [("key-mismatch", 3, 3)]);
}

#[test]
fn where_nothing_can_be_seen_nothing_is_missed() {
    let (mut case, _) = cluster();
    let evidence = case.seen_mut(2);
    evidence.rights.closed = true;
    ["id_om", "id_om.pub", "authorized_keys", "known_hosts", "config"].iter().for_each(|id| {
        evidence.state.entries.remove(*id);
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
    file(&mut case, 1, "id_om.pub", ".ssh/id_om.pub", other.to_string().as_bytes());
    let found = find(&case);
    assert_eq!(short(&found), [("key-mismatch", 1, 0)]);
    assert!(said(&found[0]).contains(&other.fingerprint()) && said(&found[0]).contains(&key.fingerprint()));
    let (mut case, _) = cluster();
    case.seen_mut(1).state.agent.keys = vec![other];
    let found = find(&case);
    assert_eq!(short(&found), [("key-mismatch", 1, 0)]);
    assert_eq!(parts(&found[0]), [Part::Agent]);
}

/// Trust as people make it by hand: a key pair a node, each node grants all.
fn by_hand() -> Case {
    let mut case = healthy(3);
    let granted: String = (0..3).map(|node| format!("{}\n", host_key(100 + node))).collect();
    for node in 0..3 {
        file(&mut case, node, "authorized_keys", ".ssh/authorized_keys", granted.as_bytes());
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
    file(&mut case, 1, "authorized_keys", ".ssh/authorized_keys", left.as_bytes());
    case.break_pair(0, 1, Cause::KeyRefused, REFUSED);
    let found = find(&case);
    assert_eq!(short(&found), [("key-mismatch", 1, 1)]);
    assert_eq!((found[0].about, parts(&found[0])), (Some(0), vec![Part::Authorize(host_key(100))]));
    // A node has a new key, which nobody knows.
    let mut case = by_hand();
    let new = Some(host_key(200));
    case.seen_mut(2).keys.own.insert("rsa", OwnKey { private: new.clone(), public: new });
    case.break_pair(2, 0, Cause::KeyRefused, REFUSED);
    case.break_pair(2, 1, Cause::KeyRefused, REFUSED);
    let found = find(&case);
    assert_eq!(short(&found), [("key-mismatch", 2, 2)]);
    assert_eq!(found[0].cures.iter().map(|cure| cure.node).collect::<Vec<_>>(), [0, 1]);
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
