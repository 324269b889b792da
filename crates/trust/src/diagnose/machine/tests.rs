use sshfiles::PublicKey;

use super::find;
use crate::diagnose::sample::{healthy, short, spec};
use crate::diagnose::{ByHand, Case, Code, Finding, Healing, Part};
use crate::inventory::NodeIx;
use crate::observe::{Clock, Disk, Entry, EntryKind, FileBytes, Libraries, Setting};
use crate::place::Place;
use crate::probe::{By, Cause, PairState, TrustEdge, TrustMatrix};

/// A change of a healthy cluster of four.
type Change = fn(&mut Case);
/// Code, node, number of pairs.
type Wanted = &'static [(&'static str, usize, usize)];

const MARK: &str = "#Gauss OM IP Hosts Mapping";

#[track_caller]
fn must_give(cases: &[(&str, Change, Wanted)]) {
    for (what, change, wanted) in cases {
        let mut case = healthy(4);
        change(&mut case);
        assert_eq!(short(&find(&case)), *wanted, "{what}");
    }
}

fn only(case: &Case) -> Finding {
    let found = find(case);
    let [finding] = found.as_slice() else { panic!("{found:#?}") };
    finding.clone()
}

fn disk(case: &mut Case, node: usize, disk: Disk) {
    let evidence = case.seen_mut(node);
    evidence.machine.disk = Some(disk);
    let home = Entry { kind: EntryKind::Directory, stamp: "77:4096:1:1".into(), ..Entry::absent("/root") };
    evidence.state.entries.insert(Place::Home, home);
}

fn nfs() -> Disk {
    Disk { source: "nas:/home".into(), kind: "nfs4".into(), mount: "/home".into(), ..Disk::default() }
}

#[test]
fn disks() {
    must_give(&[
        ("room", |case| disk(case, 1, Disk { kind: "ext4".into(), ..Disk::default() }), &[]),
        ("full", |case| disk(case, 1, Disk { full: true, ..Disk::default() }), &[("disk-full", 1, 0)]),
        (
            "a read-only one is full by nature",
            |case| {
                disk(case, 1, Disk { full: true, read_only: true, ..Disk::default() });
            },
            &[("read-only-home", 1, 0)],
        ),
        (
            "quota",
            |case| case.seen_mut(2).machine.quota = vec!["Block limit reached on /x".into()],
            &[("quota", 2, 0)],
        ),
        (
            "one home of three",
            |case| (0..3).for_each(|node| disk(case, node, nfs())),
            &[("shared-home", 1, 0), ("shared-home", 2, 0)],
        ),
        (
            "one disk, two homes",
            |case| {
                disk(case, 0, nfs());
                disk(case, 1, nfs());
                case.seen_mut(1).state.entries.get_mut(&Place::Home).unwrap().stamp = "78:1:1:1".into();
            },
            &[],
        ),
        (
            "disks of their own that are called the same",
            |case| {
                (0..3).for_each(|node| disk(case, node, Disk { kind: "ext4".into(), ..nfs() }));
            },
            &[],
        ),
    ]);
}

#[test]
fn clones() {
    let mut case = healthy(4);
    let key: PublicKey =
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBvkQ1eRPvMvKcbmHXMwfSFDAKkTNiF2sCPxsDIXPSMV".parse().unwrap();
    case.at(1).host_keys = vec![key.clone()];
    case.at(3).host_keys = vec![key];
    let id = Some("0123456789abcdef0123456789abcdef".to_owned());
    for node in [1, 3] {
        case.seen_mut(node).machine.id.clone_from(&id);
    }
    // Two signs, one finding.
    let finding = only(&case);
    assert_eq!(
        (finding.code, finding.node, finding.about),
        (Code::ClonedNode, NodeIx::new(3), Some(NodeIx::new(1)))
    );
    assert_eq!(finding.witnesses.len(), 4);
    assert!(matches!(finding.cures[0].healing, Healing::ByHand(ByHand::Judgement)));
    let mut case = healthy(4);
    case.seen_mut(2).state.hostname = "NODE1".into();
    let finding = only(&case);
    assert_eq!((finding.node, finding.about), (NodeIx::new(2), Some(NodeIx::new(0))));
}

#[test]
fn clocks() {
    fn clocks(case: &mut Case, said: [(i64, i64, i64); 4]) {
        for (node, (said, from, to)) in said.into_iter().enumerate() {
            case.seen_mut(node).machine.clock = Some(Clock { said, from, to });
        }
    }
    must_give(&[
        (
            "alike",
            |case| clocks(case, [(100, 100, 101), (130, 100, 101), (70, 100, 101), (100, 100, 101)]),
            &[],
        ),
        // All are behind the coordinator's clock by as much.
        (
            "alike and wrong",
            |case| {
                clocks(case, [(10, 9_000, 9_001), (11, 9_000, 9_001), (12, 9_000, 9_001), (9, 9_000, 9_001)])
            },
            &[],
        ),
        (
            "one",
            |case| clocks(case, [(100, 100, 101), (100, 100, 101), (300, 100, 101), (100, 100, 101)]),
            &[("clock-skew", 2, 0)],
        ),
        (
            "behind",
            |case| clocks(case, [(900, 900, 901), (900, 900, 901), (700, 900, 901), (900, 900, 901)]),
            &[("clock-skew", 2, 0)],
        ),
        // Nobody knows when within two minutes it was read.
        (
            "a slow node",
            |case| clocks(case, [(100, 100, 101), (100, 100, 101), (190, 100, 220), (100, 100, 101)]),
            &[],
        ),
        (
            "far apart",
            |case| clocks(case, [(i64::MAX, 0, 1), (0, 0, 1), (1, 0, 1), (i64::MIN, 0, 1)]),
            &[("clock-skew", 0, 0), ("clock-skew", 3, 0)],
        ),
    ]);
    // Of two, the other one.
    for local in [0, 1] {
        let mut case = healthy(2);
        for node in [0, 1] {
            case.at(node).local = node == local;
            let said = if node == 0 { 1_000 } else { 2_000 };
            case.seen_mut(node).machine.clock = Some(Clock { said, from: 1_000, to: 1_001 });
        }
        let finding = only(&case);
        assert_eq!(finding.node.get(), 1 - local);
        assert_eq!(finding.certainty, crate::diagnose::Certainty::Likely);
    }
}

#[test]
fn libraries() {
    let mut case = healthy(3);
    let line = |line, text: &str| Setting { file: "/root/.bashrc".into(), line, text: text.into() };
    case.seen_mut(1).machine.libraries = Some(Libraries {
        set: "LD_LIBRARY_PATH=/opt/lib".into(),
        said: "ssh: symbol lookup error".into(),
        right: Some("/lib64".into()),
        lines: vec![line(2, "export LD_LIBRARY_PATH=/opt/lib"), line(5, "export LD_PRELOAD=/opt/x.so")],
    });
    let finding = only(&case);
    let commands: Vec<&str> = finding.cures[0].commands.iter().map(|c| c.run.as_str()).collect();
    assert_eq!(
        commands,
        [
            "sed -i '5s/^/#/' '/root/.bashrc'",
            "sed -i '2a export LD_LIBRARY_PATH=/lib64:$LD_LIBRARY_PATH' '/root/.bashrc'"
        ]
    );
    let mut case = healthy(3);
    case.break_pair(1, 0, Cause::Libraries, "OpenSSL version mismatch.");
    case.break_pair(1, 2, Cause::Libraries, "OpenSSL version mismatch.");
    assert_eq!(short(&find(&case)), [("ld-library-path", 1, 2)]);
}

/// The table of host names of a node.
fn hosts(case: &mut Case, node: usize, text: &str) {
    let file = Entry {
        kind: EntryKind::File,
        mode: 0o644,
        bytes: text.as_bytes().into(),
        ..Entry::absent("/etc/hosts")
    };
    case.seen_mut(node).state.entries.insert(Place::Hosts, file);
}

/// Trust by name, with a mapping on every node.
fn mapped(nodes: usize) -> Case {
    let mut case = healthy(nodes);
    let table: String = (0..nodes).map(|n| format!("{}  node{}  {MARK}\n", spec(n).ip, n + 1)).collect();
    (0..nodes).for_each(|node| hosts(&mut case, node, &table));
    let specs = case.nodes.iter().map(|node| node.spec).collect();
    case.matrix = TrustMatrix::new(specs, vec![By::Ip, By::Name]);
    case
}

fn lose(case: &mut Case, node: usize, name: &str, found: Option<&str>) {
    case.seen_mut(node).machine.names.push((name.into(), found.map(str::to_owned)));
}

fn break_name(case: &mut Case, from: usize, to: usize, cause: Cause) {
    let (host, said) = (format!("node{}", to + 1), "Could not resolve hostname".to_owned());
    let state = PairState::Broken;
    case.matrix.add(TrustEdge {
        from: NodeIx::new(from),
        to: NodeIx::new(to),
        by: By::Name,
        host,
        state,
        status: Some(255),
        said,
        cause,
        millis: 1,
    });
}

#[test]
fn names() {
    // Nobody maps names, and nobody calls by them.
    let mut case = healthy(3);
    lose(&mut case, 1, "node3", None);
    assert_eq!(find(&case), []);
    // They call by them.
    case.matrix = TrustMatrix::new(case.nodes.iter().map(|node| node.spec).collect(), vec![By::Name]);
    break_name(&mut case, 1, 2, Cause::NameUnknown);
    let finding = only(&case);
    assert_eq!(
        (finding.code, finding.node, finding.about, finding.pairs.len()),
        (Code::HostsMapping, NodeIx::new(1), Some(NodeIx::new(2)), 1)
    );

    // A line of ours is gone, and nobody called.
    let mut case = mapped(3);
    hosts(&mut case, 1, &format!("127.0.0.1 localhost\n10.0.0.1  node1  {MARK}\n"));
    lose(&mut case, 1, "node3", None);
    let finding = only(&case);
    assert!(!finding.breaks());
    assert_eq!(finding.cures[0].healing, Healing::Restore(vec![Part::Mapping]));
    assert_eq!(
        finding.cures[0].commands[0].run,
        format!("printf '%s\\n' '10.0.0.3  node3  {MARK}' >>/etc/hosts")
    );
    // A node's own name may lead to its loopback.
    let mut case = mapped(3);
    lose(&mut case, 1, "node2", Some("127.0.1.1"));
    assert_eq!(find(&case), []);
    // A line of the user's says something else.
    let mut case = mapped(3);
    let table = format!("10.0.0.9 node3\n10.0.0.1  node1  {MARK}\n10.0.0.3  node3  {MARK}\n");
    hosts(&mut case, 1, &table);
    lose(&mut case, 1, "node3", Some("10.0.0.9"));
    break_name(&mut case, 1, 2, Cause::WrongAddress { found: "10.0.0.9".into() });
    let finding = only(&case);
    assert_eq!(finding.cures[0].healing, Healing::ByHand(ByHand::Judgement));
    let commands: Vec<&str> = finding.cures[0].commands.iter().map(|c| c.run.as_str()).collect();
    assert_eq!(commands, ["sed -i '1s/^/#/' /etc/hosts"]);
    // The user may not read it.
    let mut case = mapped(3);
    let file = case.seen_mut(1).state.entries.get_mut(&Place::Hosts).unwrap();
    (file.kind, file.mode, file.bytes) = (EntryKind::Unreadable, 0o600, FileBytes::default());
    lose(&mut case, 1, "node3", None);
    let finding = only(&case);
    assert_eq!(finding.cures[0].commands[0].run, "chmod 644 /etc/hosts");
    assert_eq!(finding.cures[0].commands[0].undo.as_deref(), Some("chmod 600 /etc/hosts"));
}

#[test]
fn a_name_that_only_the_description_knows_is_no_matter_of_the_mapping() {
    let mut case = mapped(3);
    case.at(2).described = Some("node3".into());
    case.seen_mut(2).state.hostname = "other".into();
    lose(&mut case, 1, "node3", None);
    break_name(&mut case, 1, 2, Cause::NameUnknown);
    let finding = only(&case);
    assert_eq!((finding.code, finding.node, finding.pairs.len()), (Code::NameDiffers, NodeIx::new(2), 1));
    let commands = &finding.cures[0].commands;
    assert_eq!(commands[0].run, "hostname 'node3' && printf '%s\\n' 'node3' >/etc/hostname");
}

#[test]
fn nothing_is_found_where_nothing_is_known() {
    let mut case = healthy(3);
    case.nodes.iter_mut().for_each(|node| node.evidence = None);
    assert_eq!(find(&case), []);
    assert_eq!(find(&healthy(3)), []);
}

#[test]
fn a_name_that_cannot_be_mapped_is_told_before_trust_is_made() {
    for (name, uid, told) in
        [("node2", 0, false), ("1002", 0, true), ("0x3ea", 0, true), ("a b", 0, true), ("1002", 1000, false)]
    {
        let mut case = healthy(2);
        case.preflight = true;
        let evidence = case.seen_mut(1);
        (evidence.state.uid, evidence.state.hostname) = (uid, name.to_owned());
        let wanted: &[_] = if told { &[("hosts-mapping", 1, 0)] } else { &[] };
        assert_eq!(short(&find(&case)), wanted, "{name} {uid}");
    }
}
