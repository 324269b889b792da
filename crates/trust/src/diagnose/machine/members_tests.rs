//! Who is trusted, against who is listed.

use sshfiles::{HostEntry, SshConfig};

use super::members::find;
use crate::diagnose::sample::{healthy, spec};
use crate::diagnose::{Case, Code};
use crate::inventory::NodeIx;
use crate::observe::{Entry, EntryKind};
use crate::place::Place;
use crate::probe::{By, Cause, Pair};

/// Writes the block that knows these nodes.
fn know(case: &mut Case, node: usize, known: &[usize]) {
    let entry = |other: &usize| HostEntry {
        address: spec(*other).ip.to_string(),
        name: format!("node{}", other + 1),
        port: 22,
    };
    let entries: Vec<HostEntry> = known.iter().map(entry).collect();
    write(case, node, &entries);
}

fn write(case: &mut Case, node: usize, entries: &[HostEntry]) {
    let mut config = SshConfig::parse(b"");
    config.set_block(&SshConfig::render_block(entries, "root", "~/.ssh/id_om", "~/agent"));
    let entry = Entry { kind: EntryKind::File, bytes: config.to_bytes().into(), ..Entry::absent("/c") };
    case.seen_mut(node).state.entries.insert(Place::Config, entry);
}

/// A cluster of so many nodes in which each knows all of these.
fn knowing(nodes: usize, known: &[usize]) -> Case {
    let mut case = healthy(nodes);
    (0..nodes).for_each(|node| know(&mut case, node, known));
    case
}

/// Node, the other node, what the first witness said, the command.
fn told(case: &Case) -> Vec<(usize, Option<usize>, String, String)> {
    let told = find(case).into_iter().map(|finding| {
        assert!(finding.code == Code::MembersDiffer && !finding.breaks(), "{finding:?}");
        let (said, cure) = (finding.witnesses[0].said.clone(), finding.cures[0].commands[0].run.clone());
        (finding.node.get(), finding.about.map(NodeIx::get), said, cure)
    });
    told.collect()
}

#[test]
fn lists_that_agree_or_say_nothing_give_no_finding() {
    assert_eq!(told(&healthy(4)), []);
    assert_eq!(told(&knowing(4, &[0, 1, 2, 3])), []);
    let mut lost = knowing(4, &[0, 1, 2, 3]);
    write(&mut lost, 2, &[]);
    assert_eq!(told(&lost), []);
    let preflight = Case { preflight: true, ..knowing(3, &[0, 1, 2, 3]) };
    assert_eq!(told(&preflight), []);
    // A node that has another address now is known by its name; and an entry may be a name alone.
    let mut moved = knowing(2, &[0, 1]);
    let entry =
        |address: &str, name: &str, port: u16| HostEntry { address: address.into(), name: name.into(), port };
    let entries = [entry("10.9.9.9", "node2", 2222), entry("10.0.0.1", "", 22), entry("elsewhere", "", 22)];
    write(&mut moved, 0, &entries);
    assert_eq!(told(&moved), []);
}

#[test]
fn nodes_that_are_trusted_and_not_listed_are_told_once() {
    let said = "not in the list, and trusted: 10.0.0.4, 10.0.0.5";
    let cure =
        "gs_sshexkey shrink --hosts 10.0.0.1,10.0.0.2,10.0.0.3,10.0.0.4,10.0.0.5 --remove 10.0.0.4,10.0.0.5";
    let case = knowing(3, &[0, 1, 2, 3, 4]);
    assert_eq!(told(&case), [(0, None, said.to_owned(), cure.to_owned())]);
    assert_eq!(find(&case)[0].witnesses.len(), 3);
    // Many, or on ports of their own: by files.
    let many: Vec<usize> = (0..40).collect();
    let (.., said, cure) = told(&knowing(3, &many)).pop().unwrap();
    assert!(said.ends_with("10.0.0.19 and 21 more"), "{said}");
    assert_eq!(cure, "gs_sshexkey shrink -f HOSTFILE --remove @FILE");
    // Only one node knows one of them.
    let mut some = knowing(3, &[0, 1, 2]);
    know(&mut some, 1, &[0, 1, 2, 7]);
    assert_eq!(told(&some).iter().map(|found| found.0).collect::<Vec<_>>(), [1]);
}

#[test]
fn a_listed_node_that_nobody_knows_is_to_be_added() {
    let mut case = knowing(4, &[0, 1, 2]);
    write(&mut case, 3, &[]);
    let said = "in the list, and not known here: 10.0.0.4".to_owned();
    let cure = "gs_sshexkey expand --hosts 10.0.0.1,10.0.0.2,10.0.0.3 --add 10.0.0.4".to_owned();
    assert_eq!(told(&case), [(0, Some(3), said.clone(), cure.clone())]);
    // Also one that is not seen, or does not let anybody in.
    case.break_column(3, &Cause::KeyRefused, "Permission denied");
    assert_eq!(told(&case), [(0, Some(3), said.clone(), cure.clone())]);
    case.at(3).evidence = None;
    assert_eq!(told(&case), [(0, Some(3), said, cure)]);
}

#[test]
fn a_node_that_some_do_not_know_is_told_where_its_pairs_work() {
    let mut case = knowing(4, &[0, 1, 2, 3]);
    know(&mut case, 1, &[0, 1, 2]);
    let said = "in the list, and not known here: 10.0.0.4".to_owned();
    let cure = "gs_sshexkey expand --hosts 10.0.0.1,10.0.0.2,10.0.0.3,10.0.0.4 --add 10.0.0.4".to_owned();
    assert_eq!(told(&case), [(1, Some(3), said, cure)]);
    case.matrix.set(NodeIx::new(1), NodeIx::new(3), By::Ip, Pair::UNSEEN);
    assert_eq!(told(&case), []);
}
