//! What stands in the way of a set-up, or cannot be brought back: told before it is tried.

use super::*;
use crate::diagnose::sample::short;
use crate::observe::{KeysAccess, KeysFile, Setting};

#[test]
fn a_home_that_runs_no_programs_is_left_to_a_person() {
    let (mut case, _) = cluster();
    let keepalive = case.seen_mut(1).state.keepalive.as_mut().unwrap();
    (keepalive.program, keepalive.noexec) = (None, true);
    let found = find(&case);
    assert_eq!(short(&found), [("keepalive-missing", 1, 0)]);
    assert!(matches!(found[0].cures[0].healing, Healing::ByHand(ByHand::Security)), "{found:?}");
    assert!(found[0].cures[0].commands[0].run.contains("remount,exec"));
}

#[test]
fn a_home_with_a_token_in_its_path_is_told_before_trust_is_made() {
    for (home, told) in [
        ("/home/omm", false),
        ("/home/50%", true),
        ("/home/%u", true),
        ("/home/${x}", true),
        ("/home/$x", false),
    ] {
        let mut case = healthy(2);
        case.preflight = true;
        case.seen_mut(1).state.home = home.to_owned();
        let wanted: &[_] = if told { &[("home-unusable", 1, 0)] } else { &[] };
        assert_eq!(short(&find(&case)), wanted, "{home}");
    }
}

#[test]
fn keys_that_cannot_be_written_where_sshd_looks_are_told_before_trust_is_made() {
    // The files of AuthorizedKeysFile with what the user may do there; whose number; the first command.
    type Files = &'static [(&'static str, KeysAccess)];
    let rows: [(Files, u32, Option<&str>); 9] = [
        (&[("/root/.ssh/authorized_keys", KeysAccess::Closed)], 1000, None),
        (&[("/root/.ssh/authorized_keys", KeysAccess::NoFolder)], 1000, None),
        (&[("/root/.ssh/my_root", KeysAccess::NoFolder)], 1000, None),
        (&[("/etc/ssh/keys/omm", KeysAccess::Open)], 1000, None),
        (&[("/etc/ssh/keys/omm", KeysAccess::Closed)], 1000, Some("sed -E -i")),
        (&[("/etc/ssh/keys/omm", KeysAccess::NoFolder)], 1000, Some("sed -E -i")),
        (
            &[("/etc/ssh/keys/omm", KeysAccess::Closed), ("/root/.ssh/authorized_keys", KeysAccess::Open)],
            1000,
            None,
        ),
        (&[("/etc/ssh/keys/root", KeysAccess::NoFolder)], 0, Some("mkdir -p -m 755 '/etc/ssh/keys'")),
        (&[("/root/.keys/own", KeysAccess::NoFolder)], 1000, Some("mkdir -p -m 755 '/root/.keys'")),
    ];
    for (files, uid, wanted) in rows {
        let mut case = healthy(2);
        case.preflight = true;
        let evidence = case.seen_mut(1);
        evidence.state.uid = uid;
        let file =
            |(path, access): &(&str, KeysAccess)| KeysFile { access: *access, ..KeysFile::at(path, false) };
        evidence.rights.key_files = files.iter().map(file).collect();
        let text = "AuthorizedKeysFile /etc/ssh/keys/%u".to_owned();
        evidence.rights.lines = vec![Setting { file: "/etc/ssh/sshd_config".to_owned(), line: 3, text }];
        let found = find(&case);
        let first = found.first().map(|finding| finding.cures[0].commands[0].run.clone()).unwrap_or_default();
        assert_eq!(found.len(), usize::from(wanted.is_some()), "{files:?} {:?}", short(&found));
        assert!(first.starts_with(wanted.unwrap_or_default()), "{files:?} {first}");
    }
}
