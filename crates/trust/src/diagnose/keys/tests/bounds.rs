use super::super::find;
use super::{REFUSED, cluster, cluster_of_own_keys, file, hands, said};
use crate::bounds::NodeClock;
use crate::diagnose::sample::short;
use crate::diagnose::{ByHand, Case, Finding};
use crate::inventory::NodeIx;
use crate::place::Place;
use crate::probe::Cause;

/// 2026-12-31 18:00 UTC.
const NOW: i64 = 1_798_740_000;

/// Gives a node lines of ours with these options, and a clock.
fn bound(case: &mut Case, node: usize, options: &str, keys: &[sshfiles::PublicKey]) {
    let lines: String = keys.iter().map(|key| format!("{options}{key} me #OM\n")).collect();
    file(case, node, Place::AuthorizedKeys, ".ssh/authorized_keys", lines.as_bytes());
    let state = &mut case.seen_mut(node).state;
    state.clock = Some(NodeClock { said: NOW, offset: 3_600, from: NOW, to: NOW });
    let entry = state.entries.get_mut(&Place::AuthorizedKeys).unwrap();
    entry.stamp = format!("1:2:{}:4", NOW - 100 * 3_600);
}

fn command(finding: &Finding) -> &str {
    &finding.cures[0].commands[0].run
}

#[test]
fn a_line_whose_time_is_over_explains_the_calls_that_it_refuses() {
    let (mut case, key) = cluster();
    bound(&mut case, 2, "expiry-time=\"202612311859\" ", std::slice::from_ref(&key));
    // It is told before somebody calls, too.
    assert_eq!(short(&find(&case)), [("expired", 2, 0)]);
    case.break_column(2, &Cause::KeyRefused, REFUSED);
    let found = find(&case);
    assert_eq!(short(&found), [("expired", 2, 3)]);
    assert_eq!((hands(&found[0]), found[0].cures[0].node), (vec![ByHand::Security], NodeIx::new(0)));
    assert!(command(&found[0]).ends_with(" --expires 8h"), "{}", command(&found[0]));
    let said = said(&found[0]);
    assert!(said.contains("expiry-time=\"202612311859\"") && said.contains("202612311900"), "{said}");
    // The user's own line lets it in all the same: then it is something else that refuses.
    let both = format!("expiry-time=\"20200101\" {key} me #OM\n{key} mine\n");
    file(&mut case, 2, Place::AuthorizedKeys, ".ssh/authorized_keys", both.as_bytes());
    assert_eq!(find(&case), []);
}

#[test]
fn the_end_is_told_in_the_last_tenth_and_in_the_last_hour() {
    let (mut case, key) = cluster();
    let keys = [key];
    // Written 100 hours ago; it is 19:00 there.
    let cases = [
        ("202612311930", true),
        ("202612312000", true),
        ("202701010600", true),
        ("202701010619", false),
        ("202701010500Z", true),
        ("20991231", false),
    ];
    for (end, soon) in cases {
        bound(&mut case, 1, &format!("expiry-time=\"{end}\" "), &keys);
        let wanted: &[_] = if soon { &[("expiring", 1, 0)] } else { &[] };
        assert_eq!(short(&find(&case)), wanted, "{end}");
    }
    // Somebody has edited the file of one node: the others tell how long it is.
    for node in [1, 2] {
        bound(&mut case, node, "expiry-time=\"202701010500\" ", &keys);
    }
    let entry = case.seen_mut(1).state.entries.get_mut(&Place::AuthorizedKeys).unwrap();
    entry.stamp = format!("1:2:{NOW}:4");
    assert_eq!(short(&find(&case)), [("expiring", 1, 0), ("expiring", 2, 0)]);
}

#[test]
fn a_caller_that_is_not_in_the_list_is_told() {
    let (mut case, keys) = cluster_of_own_keys();
    bound(&mut case, 2, "from=\"10.0.0.1,10.0.0.3,10.0.0.4\" ", &keys);
    assert_eq!(find(&case), []);
    case.break_pair(1, 2, Cause::KeyRefused, REFUSED);
    let found = find(&case);
    assert_eq!(short(&found), [("from-mismatch", 2, 1)]);
    assert_eq!((found[0].about, hands(&found[0])), (Some(NodeIx::new(1)), vec![ByHand::Security]));
    assert!(said(&found[0]).contains("10.0.0.2 is not in it"), "{}", said(&found[0]));
    assert!(command(&found[0]).ends_with(" --from cluster"), "{}", command(&found[0]));
    // One that is in the list is refused for another reason.
    case.break_pair(0, 2, Cause::KeyRefused, REFUSED);
    assert_eq!(short(&find(&case)), [("from-mismatch", 2, 1)]);
    // What is over is over, whoever comes.
    bound(&mut case, 2, "from=\"10.0.0.9\",expiry-time=\"20261231\" ", &keys);
    assert_eq!(short(&find(&case)), [("expired", 2, 2)]);
}
