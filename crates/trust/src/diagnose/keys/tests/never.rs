//! Trust that was never made, against trust that was lost.

use super::*;
use crate::diagnose::sample::short;
use crate::diagnose::{Certainty, Code};
use crate::enter::NoEntry;
use crate::observe::OwnKey;
use crate::probe::Cause;

const UNKNOWN: &str = "No ED25519 host key is known for 10.0.0.2 and you have requested strict checking.";

/// Three nodes of which nobody reaches anybody.
fn strangers() -> Case {
    let mut case = healthy(3);
    (0..3).for_each(|to| case.break_column(to, &Cause::HostKeyUnknown, UNKNOWN));
    case
}

/// A change of three strangers, and whether trust was never made then.
type Row = (&'static str, fn(&mut Case), bool);

#[test]
fn trust_was_never_made_only_where_nothing_of_it_is_seen() {
    let rows: [Row; 10] = [
        ("nothing", |_| {}, true),
        ("refused", |case| case.break_pair(0, 1, Cause::KeyRefused, REFUSED), true),
        (
            "one more that nobody reaches",
            |case| case.break_column(2, &Cause::Refused, "Connection refused"),
            true,
        ),
        ("keys that nobody lets in", |case| give_key(case, 1), true),
        (
            "a key that another node lets in",
            |case| {
                give_key(case, 1);
                let_in(case, 0, 1)
            },
            false,
        ),
        (
            "a key that only its own node lets in",
            |case| {
                give_key(case, 1);
                let_in(case, 1, 1)
            },
            true,
        ),
        ("a store", |case| file(case, 2, Place::StoreDir, "gaussdb_tmp/ssh_protect", b""), false),
        ("a key of the tool's", |case| file(case, 2, Place::PrivateKey, ".ssh/id_om", b"x"), false),
        ("a closed home", |case| case.seen_mut(1).rights.closed = true, false),
        ("before it is made", |case| case.preflight = true, false),
    ];
    for (what, change, wanted) in rows {
        let mut case = strangers();
        change(&mut case);
        let found = find(&case);
        let told: Vec<_> = found.iter().filter(|finding| finding.code == Code::NoTrust).collect();
        assert_eq!(told.len(), usize::from(wanted), "{what}: {:?}", short(&found));
        let others = found.iter().any(|f| matches!(f.code, Code::KnownHostsConflict | Code::KeyMismatch));
        assert!(!(wanted && others), "{what}: {:?}", short(&found));
    }
    // One pair that works is trust.
    let mut case = healthy(3);
    case.break_pair(0, 1, Cause::HostKeyUnknown, UNKNOWN);
    assert_eq!(short(&find(&case)), [("known-hosts-conflict", 0, 1)]);
    // What could not be looked at may be otherwise.
    let mut case = healthy(3);
    case.bar(2, NoEntry::NoPassword("nobody was asked".to_owned()));
    (0..3).for_each(|to| case.break_column(to, &Cause::HostKeyUnknown, UNKNOWN));
    let found = find(&case);
    assert_eq!((short(&found), found[0].certainty), (vec![("no-trust", 0, 4)], Certainty::Likely));
}

fn own(node: usize) -> PublicKey {
    host_key(100 + node)
}

fn give_key(case: &mut Case, node: usize) {
    let own = OwnKey { private: Some(own(node)), public: Some(own(node)) };
    case.seen_mut(node).keys.own.insert("ed25519", own);
}

fn let_in(case: &mut Case, at: usize, of: usize) {
    let line = format!("{} me\n", own(of));
    file(case, at, Place::AuthorizedKeys, ".ssh/authorized_keys", line.as_bytes());
}
