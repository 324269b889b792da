use std::path::PathBuf;

use super::super::find;
use super::{cluster, file, hands, host_key, parts, said};
use crate::diagnose::ByHand;
use crate::diagnose::sample::{short, spec};
use crate::enter::{ConnectError, HostKeyConflict, NoEntry};
use crate::inventory::NodeIx;
use crate::place::Place;
use crate::plan::Part;
use crate::probe::Cause;

#[test]
fn a_key_that_changed_for_everybody_is_one_finding_at_the_node() {
    let (mut case, _) = cluster();
    let new = host_key(9);
    case.at(2).host_keys = vec![new.clone()];
    case.break_column(2, &Cause::HostKeyChanged, "REMOTE HOST IDENTIFICATION HAS CHANGED!");
    let found = find(&case);
    assert_eq!(short(&found), [("known-hosts-conflict", 2, 3)]);
    assert_eq!((found[0].about, found[0].bars), (None, false));
    assert_eq!(parts(&found[0]), vec![Part::HostKeys(NodeIx::new(2)); 3]);
    assert!(
        said(&found[0]).contains(&new.fingerprint()) && said(&found[0]).contains(&host_key(2).fingerprint())
    );
    // Whoever has forgotten it counts for nothing.
    let (mut case, _) = cluster();
    case.at(2).host_keys = vec![new];
    file(&mut case, 3, Place::KnownHosts, ".ssh/known_hosts", b"");
    for from in [0, 1] {
        case.break_pair(from, 2, Cause::HostKeyChanged, "");
    }
    case.break_pair(3, 2, Cause::HostKeyUnknown, "");
    assert_eq!(short(&find(&case)), [("known-hosts-conflict", 2, 3)]);
}

#[test]
fn a_stale_record_is_told_where_it_is() {
    let (mut case, _) = cluster();
    let stale = format!("{} {}\n", spec(2).ip, host_key(9));
    for from in [0, 1] {
        file(&mut case, from, Place::KnownHosts, ".ssh/known_hosts", stale.as_bytes());
        case.break_pair(from, 2, Cause::HostKeyChanged, "");
    }
    let found = find(&case);
    assert_eq!(short(&found), [("known-hosts-conflict", 0, 1), ("known-hosts-conflict", 1, 1)]);
    assert_eq!(found[0].about, Some(NodeIx::new(2)));
    let commands: Vec<&str> = found[0].cures[0].commands.iter().map(|c| c.run.as_str()).collect();
    assert_eq!(commands[0], "ssh-keygen -R '10.0.0.3' -f '/root/.ssh/known_hosts'");
    assert_eq!(
        commands[1],
        format!("printf '%s\\n' '10.0.0.3 {} #OM' >>'/root/.ssh/known_hosts'", host_key(2))
    );
    // All of a caller's records are one fault.
    case.break_pair(0, 1, Cause::HostKeyUnknown, "");
    let found = find(&case);
    assert_eq!(short(&found), [("known-hosts-conflict", 0, 2), ("known-hosts-conflict", 1, 1)]);
    assert_eq!(found[0].about, None);
    assert_eq!(parts(&found[0]), [Part::HostKeys(NodeIx::new(1)), Part::HostKeys(NodeIx::new(2))]);
}

#[test]
fn two_nodes_are_judged_by_what_the_called_one_knows_of_itself() {
    let (mut case, _) = cluster();
    case.nodes = case.nodes.into_iter().take(2).collect();
    case.matrix =
        crate::probe::TrustMatrix::new([spec(0), spec(1)].into_iter().collect(), vec![crate::probe::By::Ip]);
    case.break_pair(0, 1, Cause::HostKeyChanged, "");
    assert_eq!(short(&find(&case)), [("known-hosts-conflict", 0, 1)]);
    case.at(1).host_keys = vec![host_key(9)];
    assert_eq!(short(&find(&case)), [("known-hosts-conflict", 1, 1)]);
}

fn conflict() -> Box<HostKeyConflict> {
    Box::new(HostKeyConflict {
        key_type: "ssh-ed25519".to_owned(),
        presented: host_key(9).fingerprint(),
        recorded: format!("ssh-ed25519 {}", host_key(2).fingerprint()),
        host: "10.0.0.3".to_owned(),
        file: PathBuf::from("/root/.ssh/known_hosts"),
        line: 3,
    })
}

#[test]
fn an_unconfirmed_key_is_shown_and_not_taken() {
    let (mut case, _) = cluster();
    case.at(2).host_keys = Vec::new();
    case.bar(2, NoEntry::Connect(ConnectError::HostKeyChanged(conflict())));
    case.break_column(2, &Cause::HostKeyChanged, "");
    let found = find(&case);
    assert_eq!(short(&found), [("known-hosts-conflict", 2, 3)]);
    assert!(found[0].bars && parts(&found[0]).is_empty());
    assert!(hands(&found[0]).iter().all(|why| *why == ByHand::Unconfirmed));
    let said = said(&found[0]);
    assert!(said.contains(&host_key(9).fingerprint()) && said.contains(&host_key(2).fingerprint()), "{said}");
    case.preflight = true;
    assert_eq!(find(&case).len(), 1);
    // Entered without a record here, against what all others have on record.
    let (mut case, _) = cluster();
    case.at(2).host_keys = vec![host_key(9)];
    case.at(2).proven = false;
    file(&mut case, 0, Place::KnownHosts, ".ssh/known_hosts", b"");
    case.break_pair(0, 2, Cause::HostKeyUnknown, "");
    case.break_pair(1, 2, Cause::HostKeyChanged, "");
    case.break_pair(3, 2, Cause::HostKeyChanged, "");
    let found = find(&case);
    assert_eq!(short(&found), [("known-hosts-conflict", 2, 3)]);
    assert!(parts(&found[0]).is_empty());
}

#[test]
fn a_revoked_key_is_left_to_people() {
    let (mut case, _) = cluster();
    let line = format!("@revoked * {}\n", host_key(2));
    file(&mut case, 1, Place::KnownHosts, ".ssh/known_hosts", line.as_bytes());
    case.break_pair(1, 2, Cause::HostKeyRevoked, "REVOKED HOST KEY DETECTED");
    let found = find(&case);
    assert_eq!(short(&found), [("known-hosts-conflict", 1, 1)]);
    assert_eq!((found[0].about, hands(&found[0])), (Some(NodeIx::new(2)), vec![ByHand::Revoked]));
    assert!(said(&found[0]).contains("@revoked"));
    case.bar(2, NoEntry::Connect(ConnectError::HostKeyRevoked(conflict())));
    case.break_pair(0, 2, Cause::HostKeyRevoked, "");
    let found = find(&case);
    assert_eq!(short(&found), [("known-hosts-conflict", 2, 2)]);
    assert!(found[0].bars && hands(&found[0]).iter().all(|why| *why == ByHand::Revoked));
}
