use super::find;
use crate::diagnose::sample::{healthy, short};
use crate::diagnose::{Case, Finding, Healing};
use crate::observe::{Entry, EntryKind, Group, KeysFile, Label, Right, Selinux};
use crate::place::Place;
use crate::probe::{Cause, TrustMatrix};

/// A cluster in which everything is as `ssh-keygen` and the set-up make it; the user has this number.
fn cluster(uid: u32) -> Case {
    let mut case = healthy(3);
    for node in 0..3 {
        let evidence = case.seen_mut(node);
        (evidence.state.uid, evidence.state.gid) = (uid, uid);
        evidence.rights.home = "/root".to_owned();
        let file = "/root/.ssh/authorized_keys".to_owned();
        evidence.rights.key_files = vec![KeysFile::at(&file, true)];
        for (path, mode) in [
            ("", 0o700),
            ("/.ssh", 0o700),
            ("/.ssh/authorized_keys", 0o600),
            ("/.ssh/config", 0o600),
            ("/.ssh/id_om", 0o600),
            ("/.ssh/id_om.pub", 0o644),
        ] {
            evidence.rights.paths.insert(format!("/root{path}"), right(mode, uid));
        }
        evidence.rights.home_access = Some(true);
    }
    case
}

fn right(mode: u32, uid: u32) -> Right {
    Right { mode, uid, gid: uid, shown: "-rwxrwxrwx root:root".to_owned() }
}

fn set(case: &mut Case, node: usize, path: &str, right: Right) {
    case.seen_mut(node).rights.paths.insert(path.to_owned(), right);
}

fn commands(finding: &Finding) -> Vec<&str> {
    finding.cures.iter().flat_map(|cure| &cure.commands).map(|command| command.run.as_str()).collect()
}

#[test]
fn a_folder_that_others_may_write_explains_refused_keys() {
    for path in ["/root", "/root/.ssh"] {
        for (mode, uid) in [(0o777, 0), (0o720, 0), (0o702, 0), (0o755, 7)] {
            let mut case = cluster(0);
            set(&mut case, 1, path, right(mode, uid));
            // As long as the key opens the node, sshd has nothing against it.
            assert_eq!(find(&case), []);
            case.break_column(1, &Cause::KeyRefused, "Permission denied (publickey).");
            let found = find(&case);
            assert_eq!(short(&found), [("home-permissions", 1, 2)], "{path} {mode:o} {uid}");
            let wanted =
                if uid == 0 { format!("chmod go-w '{path}'") } else { format!("chown 0:0 '{path}'") };
            assert_eq!(commands(&found[0]), [wanted]);
            assert_eq!(found[0].cures[0].healing, Healing::Run);
            let undo = found[0].cures[0].commands[0].undo.clone().unwrap();
            assert!(
                undo == format!("chmod {mode:o} '{path}'") || undo == format!("chown {uid}:{uid} '{path}'")
            );
            case.seen_mut(1).rights.settings.strict_modes = false;
            assert_eq!(find(&case), []);
        }
    }
}

#[test]
fn sshd_stops_at_the_home_and_follows_the_file_elsewhere() {
    let mut case = cluster(0);
    set(&mut case, 1, "/", right(0o777, 0));
    case.break_column(1, &Cause::KeyRefused, "");
    assert_eq!(find(&case), []);
    let file = KeysFile::at("/k/omm", true);
    case.seen_mut(1).rights.key_files = vec![file];
    assert_eq!(short(&find(&case)), [("home-permissions", 1, 2)]);
}

#[test]
fn debian_lets_a_group_write_that_only_the_owner_is_in() {
    let group = |members: &[&str], primary: &[(&str, u32)]| Group {
        members: members.iter().map(|name| (*name).to_owned()).collect(),
        primary: primary.iter().map(|(name, uid)| ((*name).to_owned(), *uid)).collect(),
    };
    let cases = [
        (true, group(&[], &[("root", 0)]), 0),
        (true, group(&["root"], &[("root", 0)]), 0),
        (true, group(&["omm"], &[("root", 0)]), 1),
        (true, group(&[], &[("root", 0), ("omm", 1)]), 1),
        (true, group(&[], &[]), 1),
        (false, group(&[], &[("root", 0)]), 1),
    ];
    for (debian, group, findings) in cases {
        let mut case = cluster(0);
        set(&mut case, 1, "/root", right(0o770, 0));
        case.break_column(1, &Cause::KeyRefused, "");
        case.seen_mut(1).rights.debian = debian;
        case.seen_mut(1).rights.groups.insert(0, group.clone());
        assert_eq!(find(&case).len(), findings, "{debian} {group:?}");
    }
}

#[test]
fn an_acl_goes_before_the_mode() {
    let mut case = cluster(0);
    set(&mut case, 1, "/root", right(0o770, 0));
    case.seen_mut(1).rights.acls.insert("/root".to_owned(), vec!["user::rwx".into(), "user:7:rwx".into()]);
    case.break_column(1, &Cause::KeyRefused, "");
    let found = find(&case);
    assert_eq!(commands(&found[0]), ["setfacl -b '/root'", "chmod go-w '/root'"]);
    let undo = found[0].cures[0].commands[0].undo.as_deref();
    assert_eq!(undo, Some("setfacl --set 'user::rwx,user:7:rwx' '/root'"));
}

#[test]
fn a_home_that_is_closed_to_its_user_breaks_both_directions() {
    let mut case = cluster(1000);
    set(&mut case, 2, "/root", right(0o000, 1000));
    case.seen_mut(2).rights.home_access = Some(false);
    case.break_column(2, &Cause::KeyRefused, "");
    case.break_pair(2, 0, Cause::HostKeyUnknown, "Host key verification failed.");
    case.break_pair(2, 1, Cause::TimedOut, "");
    let found = find(&case);
    assert_eq!(short(&found), [("home-permissions", 2, 3)]);
    assert_eq!(commands(&found[0]), ["chmod u+rwx '/root'"]);
    // Root's home.
    let mut case = cluster(1000);
    set(&mut case, 2, "/root", right(0o755, 0));
    case.seen_mut(2).rights.home_access = Some(false);
    let found = find(&case);
    assert_eq!(short(&found), [("home-permissions", 2, 0)]);
    assert_eq!(commands(&found[0])[0], "chown 1000:1000 '/root'");
    assert!(found[0].cures[0].commands[0].as_root);
}

#[test]
fn files_that_ssh_or_sshd_ignore() {
    let from = |case: &mut Case| case.break_pair(1, 0, Cause::Permissions, "Bad owner or permissions");
    let to = |case: &mut Case| case.break_column(1, &Cause::KeyRefused, "Permission denied (publickey).");
    let nothing = |_: &mut Case| {};
    type Break = fn(&mut Case);
    let cases: [(&str, u32, u32, Break, usize, &str); 9] = [
        ("id_om", 0o644, 1000, nothing, 0, "chmod u+rw,go= '/root/.ssh/id_om'"),
        ("id_om", 0o644, 1000, from, 1, "chmod u+rw,go= '/root/.ssh/id_om'"),
        ("id_om", 0o600, 7, nothing, 0, "chown 1000:1000 '/root/.ssh/id_om'"),
        ("id_om.pub", 0o000, 1000, nothing, 0, "chmod u+rw,go-w '/root/.ssh/id_om.pub'"),
        ("id_om.pub", 0o600, 0, nothing, 0, "chown 1000:1000 '/root/.ssh/id_om.pub'"),
        ("config", 0o666, 1000, from, 1, "chmod u+rw,go-w '/root/.ssh/config'"),
        ("config", 0o644, 7, from, 1, "chown 1000:1000 '/root/.ssh/config'"),
        ("authorized_keys", 0o666, 1000, to, 2, "chmod u+rw,go-w '/root/.ssh/authorized_keys'"),
        ("authorized_keys", 0o600, 0, to, 2, "chown 1000:1000 '/root/.ssh/authorized_keys'"),
    ];
    for (name, mode, uid, break_it, pairs, command) in cases {
        let mut case = cluster(1000);
        set(&mut case, 1, &format!("/root/.ssh/{name}"), right(mode, uid));
        break_it(&mut case);
        let found = find(&case);
        assert_eq!(short(&found), [("key-permissions", 1, pairs)], "{name} {mode:o} {uid}");
        assert_eq!(commands(&found[0])[0], command);
    }
    for (name, mode, uid) in [
        ("id_om", 0o400, 1000),
        ("id_om.pub", 0o444, 0),
        ("config", 0o644, 0),
        ("authorized_keys", 0o666, 1000),
    ] {
        let mut case = cluster(1000);
        set(&mut case, 1, &format!("/root/.ssh/{name}"), right(mode, uid));
        assert_eq!(find(&case), [], "{name}");
    }
}

#[test]
fn before_there_is_trust_only_what_the_set_up_cannot_mend_counts() {
    let mut case = cluster(1000);
    case.preflight = true;
    case.matrix = crate::probe::TrustMatrix::new(case.matrix.nodes().clone(), Vec::new());
    assert_eq!(find(&case), []);
    set(&mut case, 0, "/root/.ssh", right(0o777, 1000));
    set(&mut case, 0, "/root/.ssh/id_om", right(0o666, 1000));
    set(&mut case, 1, "/root", right(0o777, 1000));
    set(&mut case, 2, "/root/.ssh/config", right(0o600, 0));
    assert_eq!(short(&find(&case)), [("home-permissions", 1, 0), ("key-permissions", 2, 0)]);
}

#[test]
fn labels_that_the_policy_wants_otherwise() {
    let mut case = cluster(0);
    let label = Label {
        path: "/root/.ssh".to_owned(),
        has: "a:b:default_t:s0".to_owned(),
        said: "/root/.ssh has context a:b:default_t:s0, should be a:b:ssh_home_t:s0".to_owned(),
    };
    let contexts = [("/root".to_owned(), "a:b:admin_home_t:s0".to_owned())];
    let selinux = Selinux { wrong: vec![label], contexts: contexts.into(), ..Selinux::default() };
    case.seen_mut(2).rights.selinux = Some(selinux.clone());
    assert_eq!(find(&case), []);
    case.break_column(2, &Cause::KeyRefused, "");
    let found = find(&case);
    assert_eq!(short(&found), [("selinux-context", 2, 2)]);
    assert_eq!(commands(&found[0]), ["restorecon -RFv '/root/.ssh'"]);
    let right = Selinux { wrong: Vec::new(), ..selinux.clone() };
    case.seen_mut(2).rights.selinux = Some(right.clone());
    assert_eq!(find(&case), []);
    let contexts = [("/root".to_owned(), "a:b:default_t:s0".to_owned())];
    case.seen_mut(2).rights.selinux = Some(Selinux { contexts: contexts.into(), ..right });
    assert_eq!(short(&find(&case)), [("selinux-context", 2, 2)]);
}

#[test]
fn the_port_of_sshd_needs_its_label() {
    for (ports, findings) in
        [("ssh_port_t tcp 22", 1), ("ssh_port_t tcp 2222, 22", 0), ("ssh_port_t tcp 2000-3000", 0)]
    {
        let mut case = cluster(0);
        case.at(2).spec.port = 2222;
        case.seen_mut(2).rights.selinux =
            Some(Selinux { ports: Some(ports.to_owned()), ..Selinux::default() });
        case.break_column(2, &Cause::Refused, "Connection refused");
        assert_eq!(find(&case).len(), findings, "{ports}");
    }
}

/// A change of a node before trust is made, and what stands in the way there.
type Ahead<'a> = (&'static str, fn(&mut Case), &'a [&'static str]);

#[test]
fn what_stands_in_the_way_before_trust_is_made() {
    fn through_a_link(case: &mut Case, mode: u32) {
        let rights = &mut case.seen_mut(1).rights;
        let real = "/srv/ssh/authorized_keys".to_owned();
        rights.key_files = vec![KeysFile { will: real, ..KeysFile::at("/root/.ssh/authorized_keys", false) }];
        // The folder itself is the user's: the set-up closes it.
        for (path, mode) in [("/srv/ssh", 0o777), ("/srv", mode), ("/", 0o755)] {
            rights.paths.insert(path.to_owned(), right(mode, if path == "/srv/ssh" { 1000 } else { 0 }));
        }
    }
    fn entry(case: &mut Case, place: Place, kind: EntryKind, link_owner: Option<u32>) {
        let entry = Entry { kind, link_owner, ..Entry::absent("/root/.ssh/config") };
        case.seen_mut(1).state.entries.insert(place, entry);
    }
    let look: &[&str] = &["ls -ld '/root/.ssh/config'"];
    let rows: [Ahead<'_>; 12] = [
        (
            "a folder where a file should be",
            |case| entry(case, Place::Config, EntryKind::Directory, None),
            look,
        ),
        ("a link of somebody else's", |case| entry(case, Place::Config, EntryKind::File, Some(7)), look),
        ("a link of the user's own", |case| entry(case, Place::Config, EntryKind::File, Some(1000)), &[]),
        ("nothing", |_| {}, &[]),
        ("an open home", |case| set(case, 1, "/root", right(0o777, 1000)), &["chmod go-w '/root'"]),
        ("an open folder of the user's own", |case| set(case, 1, "/root/.ssh", right(0o777, 1000)), &[]),
        ("a link into a closed folder", |case| through_a_link(case, 0o755), &[]),
        ("a link into an open folder", |case| through_a_link(case, 0o777), &["chmod go-w '/srv'"]),
        (
            "a folder of root's that the user can only read",
            |case| set(case, 1, "/root/.ssh", right(0o755, 0)),
            &["chown 1000:1000 '/root/.ssh'", "chmod u+rwx '/root/.ssh'"],
        ),
        (
            "known_hosts of root's in the user's folder",
            |case| set(case, 1, "/root/.ssh/known_hosts", right(0o644, 0)),
            &[],
        ),
        (
            "known_hosts of root's that the user cannot read",
            |case| set(case, 1, "/root/.ssh/known_hosts", right(0o600, 0)),
            &["chown 1000:1000 '/root/.ssh/known_hosts'", "chmod u+rw,go-w '/root/.ssh/known_hosts'"],
        ),
        (
            "an immutable file",
            |case| {
                let fixed = ("i---------e".to_owned(), "/root/.ssh/authorized_keys".to_owned());
                case.seen_mut(1).rights.fixed = vec![fixed];
            },
            &["chattr -i '/root/.ssh/authorized_keys'"],
        ),
    ];
    for (what, change, wanted) in rows {
        let mut case = cluster(1000);
        case.preflight = true;
        // Nobody calls anybody.
        case.matrix = TrustMatrix::new(case.nodes.map(|node| node.spec), Vec::new());
        change(&mut case);
        let found = find(&case);
        let told: Vec<&str> = found.iter().flat_map(commands).collect();
        assert_eq!(told, wanted, "{what}: {:?}", short(&found));
    }
}
