//! What holds for any bytes.

use std::net::{IpAddr, Ipv4Addr};

use proptest::prelude::*;
use sshfiles::lines::Lines;
use sshfiles::{
    AuthorizedKeys, HOSTS_MARK, Hosts, KeyBounds, KnownHosts, ShellProfile, SshConfig, SshdConfig,
    line_changes, unified_diff,
};

use crate::{is_restored, key, key_of};

const SOCKET: &str = "/home/omm/gaussdb_tmp/gauss_socket_tmp";

/// A line that means something to at least one of the formats.
fn known_line() -> impl Strategy<Value = Vec<u8>> {
    let k = key(1);
    let lines = vec![
        format!("{k}"),
        format!("{k} me #OM"),
        format!("no-pty,command=\"a b\" {k} x"),
        format!("from=\"10.0.0.1\",no-pty {k} me #OM"),
        format!("10.0.0.1 {k} #OM"),
        format!("10.0.0.1,node1 {k} #OM"),
        format!("@revoked * {k}"),
        format!("*,!node1 {} #OM", key_of("ssh-rsa", 2)),
        format!("10.0.0.1  node1  {HOSTS_MARK}"),
        format!("10.0.0.2 node2 node1 {HOSTS_MARK}"),
        format!("export SSH_AUTH_SOCK={SOCKET}"),
        "export SSH_AGENT_PID=4".into(),
        "export SSH_AUTH_SOCK=/run/user/1/x".into(),
        "# BEGIN gs_sshexkey".into(),
        "# END gs_sshexkey: x".into(),
        "Match all".into(),
        "# a comment".into(),
        "[ -n \"$PS1\" ] || return".into(),
        "a \\".into(),
    ];
    prop::sample::select(lines).prop_map(String::into_bytes)
}

/// Files of known lines, noise, every line ending, with and without a final newline.
pub(crate) fn any_file() -> impl Strategy<Value = Vec<u8>> {
    let line = prop_oneof![
        3 => known_line(),
        1 => prop::collection::vec(any::<u8>(), 0..40),
        1 => "[ -~\t]{0,30}".prop_map(String::into_bytes),
    ];
    let ending = prop::sample::select(vec![&b"\n"[..], b"\n", b"\r\n", b"\n\n", b"\0\n"]);
    (prop::collection::vec((line, ending), 0..12), any::<bool>()).prop_map(|(lines, cut)| {
        let mut bytes: Vec<u8> =
            lines.into_iter().flat_map(|(line, ending)| [&line, ending].concat()).collect();
        if cut && bytes.ends_with(b"\n") {
            bytes.pop();
        }
        bytes
    })
}

/// Edits twice and undoes: the second edit reports and changes nothing, also after a new reading.
fn twice_is_once<T>(
    bytes: &[u8],
    parse: impl Fn(&[u8]) -> T,
    to_bytes: impl Fn(&T) -> Vec<u8>,
    edit: impl Fn(&mut T) -> bool,
) -> Result<Vec<u8>, TestCaseError> {
    let mut file = parse(bytes);
    let changed = edit(&mut file);
    let once = to_bytes(&file);
    prop_assert_eq!(changed, once != bytes);
    prop_assert!(!edit(&mut file));
    prop_assert_eq!(&to_bytes(&file), &once);
    let mut again = parse(&once);
    prop_assert!(!edit(&mut again));
    prop_assert_eq!(to_bytes(&again), once.clone());
    Ok(once)
}

/// What is appended to an edited file is glued to no line of ours: as many are found as before.
fn is_glued_to_nothing(edited: &[u8], count: impl Fn(&[u8]) -> usize) -> Result<(), TestCaseError> {
    prop_assert_eq!(count(&[edited, b"more"].concat()), count(edited));
    Ok(())
}

/// The lines of a file that an edit must not lose, in order.
fn keeps_lines(before: &[u8], after: &[u8], ours: impl Fn(&[u8]) -> bool) -> Result<(), TestCaseError> {
    let user = |bytes: &[u8]| -> Vec<Vec<u8>> {
        let lines = Lines::parse(bytes);
        lines.iter().map(|(_, line)| line.to_vec()).filter(|line| !ours(line)).collect()
    };
    prop_assert_eq!(user(before), user(after));
    Ok(())
}

fn contains(line: &[u8], word: &str) -> bool {
    line.windows(word.len()).any(|window| window == word.as_bytes())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn parse_then_print_is_the_identity(bytes in any_file()) {
        prop_assert_eq!(&Lines::parse(&bytes).to_bytes(), &bytes);
        prop_assert_eq!(&AuthorizedKeys::parse(&bytes).to_bytes(), &bytes);
        prop_assert_eq!(&KnownHosts::parse(&bytes).to_bytes(), &bytes);
        prop_assert_eq!(&SshConfig::parse(&bytes).to_bytes(), &bytes);
        prop_assert_eq!(&Hosts::parse(&bytes).to_bytes(), &bytes);
        prop_assert_eq!(&ShellProfile::parse(&bytes).to_bytes(), &bytes);
        SshdConfig::parse(&bytes).get("match");
    }

    #[test]
    fn authorized_keys_edits(bytes in any_file()) {
        let mut clean = AuthorizedKeys::parse(&bytes);
        clean.remove_ours(|_| true);
        let clean = clean.to_bytes();
        keeps_lines(&bytes, &clean, |line| contains(line, "#OM"))?;
        for start in [&bytes, &clean] {
            let edited = twice_is_once(start, AuthorizedKeys::parse, AuthorizedKeys::to_bytes, |f| f.add(&key(9), "me"))?;
            let mut file = AuthorizedKeys::parse(&edited);
            is_glued_to_nothing(&edited, |bytes| AuthorizedKeys::parse(bytes).remove_ours(|_| true))?;
            prop_assert!(file.grants(&key(9)));
            prop_assert_eq!(file.remove_ours(|k| *k == key(9)), 1);
            prop_assert!(is_restored(start, &file.to_bytes()));
        }
    }

    #[test]
    fn bounds_come_and_go(bytes in any_file(), from in "[0-9./,\"\\\\ ]{0,12}") {
        let wanted = KeyBounds { from: Some(from), expiry: Some("20261231".to_owned()) };
        let bound = twice_is_once(&bytes, AuthorizedKeys::parse, AuthorizedKeys::to_bytes, |f| f.bound_ours(|_| wanted.clone()) > 0)?;
        let file = AuthorizedKeys::parse(&bound);
        for line in file.entries().filter(|line| line.ours) {
            // No bound has a backslash.
            if !wanted.from.as_deref().is_some_and(|from| from.contains('\\')) {
                prop_assert_eq!(&line.bounds, &wanted);
            }
        }
        prop_assert_eq!(file.entries().count(), AuthorizedKeys::parse(&bytes).entries().count());
        let had = AuthorizedKeys::parse(&bytes).entries().any(|line| line.ours && !line.bounds.is_empty());
        let mut file = file;
        file.bound_ours(|_| KeyBounds::default());
        prop_assert!(had || file.to_bytes() == bytes);
    }

    #[test]
    fn known_hosts_edits(bytes in any_file(), port in prop::sample::select(vec![22u16, 2222])) {
        let keys = [key(1), key(2)];
        let edit = |file: &mut KnownHosts| file.set_ours(&["10.0.0.1"], port, &keys);
        let edited = twice_is_once(&bytes, KnownHosts::parse, KnownHosts::to_bytes, edit)?;
        keeps_lines(&bytes, &edited, |line| contains(line, "#OM"))?;
        is_glued_to_nothing(&edited, |bytes| KnownHosts::parse(bytes).remove_ours())?;
        let file = KnownHosts::parse(&edited);
        for k in &keys {
            prop_assert!(file.lookup("10.0.0.1", port).iter().any(|found| found.ours && found.key == *k));
        }
        let mut clean = KnownHosts::parse(&bytes);
        clean.remove_ours();
        let clean = clean.to_bytes();
        let mut file = KnownHosts::parse(&clean);
        file.set_ours(&["10.0.0.1"], port, &keys);
        prop_assert_eq!(KnownHosts::parse(&file.to_bytes()).remove_ours(), 2);
        prop_assert_eq!(file.remove_ours(), 2);
        prop_assert!(is_restored(&clean, &file.to_bytes()));
    }

    #[test]
    fn a_host_is_replaced_and_no_other(bytes in any_file(), port in prop::sample::select(vec![22u16, 2222])) {
        let keys = [key(3), key(2)];
        let before = KnownHosts::parse(&bytes);
        let mut file = before.clone();
        file.replace("10.0.0.1", port, &keys);
        let edited = file.to_bytes();
        for mut again in [file, KnownHosts::parse(&edited)] {
            prop_assert!(!again.replace("10.0.0.1", port, &keys));
            prop_assert_eq!(&again.to_bytes(), &edited);
            let found = again.lookup("10.0.0.1", port);
            prop_assert!(keys.iter().all(|k| found.iter().any(|found| found.key == *k)));
            for (host, port) in [("node1", 22), ("10.0.0.2", 22), ("10.0.0.1", port ^ 22 ^ 2222), ("x", 22)] {
                let of = |known: &KnownHosts| -> Vec<_> {
                    known.lookup(host, port).into_iter().map(|found| (found.marker, found.key, found.ours)).collect()
                };
                prop_assert_eq!(of(&again), of(&before));
            }
        }
    }

    #[test]
    fn ssh_config_edits(bytes in any_file(), body in "(Host [a-z]{1,9}\n(\tPort [0-9]{1,3}\n)?){1,3}") {
        let edit = |file: &mut SshConfig| file.set_block(&body);
        let edited = twice_is_once(&bytes, SshConfig::parse, SshConfig::to_bytes, edit)?;
        let mut file = SshConfig::parse(&edited);
        prop_assert_eq!(file.block(), Some(body.as_bytes()));
        file.remove_block();
        let clean = file.to_bytes();
        prop_assert!(!SshConfig::parse(&clean).remove_block());
        let mut removed = SshConfig::parse(&bytes);
        removed.remove_block();
        prop_assert_eq!(removed.to_bytes(), clean);
    }

    #[test]
    fn hosts_edits(bytes in any_file(), keep_old in any::<bool>()) {
        let mapping = [1, 2].map(|n| (IpAddr::V4(Ipv4Addr::new(10, 0, 0, n)), format!("node{n}")));
        let edit = |file: &mut Hosts| file.set_mapping(&mapping, keep_old);
        let edited = twice_is_once(&bytes, Hosts::parse, Hosts::to_bytes, edit)?;
        keeps_lines(&bytes, &edited, |line| contains(line, HOSTS_MARK))?;
        is_glued_to_nothing(&edited, |bytes| Hosts::parse(bytes).remove_mapping())?;
        let file = Hosts::parse(&edited);
        for (ip, name) in &mapping {
            prop_assert!(file.lookup(name).iter().any(|(_, found, ours)| found == ip && *ours));
        }
        let mut clean = Hosts::parse(&bytes);
        clean.remove_mapping();
        let clean = clean.to_bytes();
        let mut file = Hosts::parse(&clean);
        file.set_mapping(&mapping, keep_old);
        prop_assert_eq!(file.remove_mapping(), 2);
        prop_assert!(is_restored(&clean, &file.to_bytes()));
    }

    #[test]
    fn shell_profile_edits(bytes in any_file()) {
        let edit = |file: &mut ShellProfile| file.set_agent(SOCKET, "77");
        let edited = twice_is_once(&bytes, ShellProfile::parse, ShellProfile::to_bytes, edit)?;
        keeps_lines(&bytes, &edited, |line| contains(line, SOCKET) || contains(line, "SSH_AGENT_PID"))?;
        prop_assert_eq!(ShellProfile::parse(&edited).agent(), Some((SOCKET.into(), "77".into())));
        is_glued_to_nothing(&edited, |bytes| usize::from(ShellProfile::parse(bytes).agent().is_some()))?;
        let mut clean = ShellProfile::parse(&bytes);
        while clean.remove_agent() {}
        let clean = clean.to_bytes();
        let mut file = ShellProfile::parse(&clean);
        file.set_agent(SOCKET, "77");
        let mut file = ShellProfile::parse(&file.to_bytes());
        prop_assert!(file.remove_agent());
        prop_assert!(is_restored(&clean, &file.to_bytes()));
    }

    #[test]
    fn changes_of_lines_lead_from_one_version_to_the_other(old in any_file(), new in any_file()) {
        let bag = |bytes: &[u8]| -> Vec<Vec<u8>> {
            Lines::parse(bytes).iter().map(|(_, line)| line.to_vec()).collect()
        };
        let changes = line_changes(&old, &new);
        let (mut there, mut wanted) = ([bag(&old), changes.added].concat(), [bag(&new), changes.removed].concat());
        there.sort();
        wanted.sort();
        prop_assert_eq!(there, wanted);
    }

    #[test]
    fn diffs_are_printable(old in any_file(), new in any_file()) {
        let diff = unified_diff(&old, &new, "file");
        prop_assert_eq!(diff.is_empty(), old == new);
        prop_assert!(diff.chars().all(|c| !c.is_control() || c == '\n' || c == '\t'));
    }
}
