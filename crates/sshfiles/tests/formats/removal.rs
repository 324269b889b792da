//! Taking away: all that is ours goes, in every form that there was, and nothing else.

use proptest::prelude::*;
use sshfiles::{AuthorizedKeys, Crontab, HOSTS_MARK, Hosts, KnownHosts, ShellProfile};

use crate::endings::FORMATS;
use crate::properties::any_file;
use crate::{is_restored, key, text};

fn format(name: &str) -> &'static crate::endings::Format {
    FORMATS.iter().find(|format| format.name == name).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_was_put_is_taken_away_from_any_file(bytes in any_file()) {
        for format in &FORMATS {
            let left = (format.take)(&bytes);
            prop_assert!(!(format.has)(&left), "{}", format.name);
            prop_assert_eq!(&(format.take)(&left), &left, "{}", format.name);
            prop_assert_eq!((format.has)(&bytes), left != bytes, "{}", format.name);
            let (_, put) = (format.put)(&bytes);
            prop_assert!((format.has)(&put), "{}", format.name);
            let again = (format.take)(&put);
            prop_assert!(is_restored(&left, &again), "{}: {:?} is not {:?}", format.name, again, left);
        }
    }

    #[test]
    fn exports_and_job_of_one_profile_go_together(bytes in any_file(), job_first in any::<bool>()) {
        let job = "sh -c 'gs_sshexkey agent keep' >/dev/null 2>&1 </dev/null #OM";
        let take = format("exports").take;
        let mut profile = ShellProfile::parse(&bytes);
        if job_first {
            profile.set_job(job);
        }
        profile.set_agent("/h/gaussdb_tmp/gauss_socket_tmp", "7");
        profile.set_job(job);
        prop_assert!(is_restored(&take(&bytes), &take(&profile.to_bytes())));
    }
}

#[test]
fn what_was_glued_to_a_line_of_ours_becomes_a_line() {
    let (a, b, m) = (key(1), key(2), HOSTS_MARK);
    let cases = [
        ("authorized_keys", format!("# c\n{a} me #OM{b} colleague\nx"), format!("# c\n{b} colleague\nx")),
        ("authorized_keys", format!("{a} me #OMno-pty {b}"), format!("no-pty {b}")),
        ("authorized_keys", format!("{a} #OM{b} me #OM{a} x #OM\n"), String::new()),
        ("authorized_keys", format!("{a} #OM{b} me #OM{a} x\n"), format!("{a} x\n")),
        ("known_hosts", format!("h {a} #OMh2,h3 {b}\n"), format!("h2,h3 {b}\n")),
        ("known_hosts", format!("h {a} #OM@revoked * {b}\n"), format!("@revoked * {b}\n")),
        ("known_hosts", format!("h {a} #OMh2 {b} #OM\n"), String::new()),
        ("hosts", format!("10.0.0.1  a  {m}10.1.1.1 extra # x\n"), "10.1.1.1 extra # x\n".to_owned()),
        ("hosts", format!("10.0.0.1  a  {m}10.0.0.1  a  {m}\n"), String::new()),
    ];
    for (name, before, after) in cases {
        let format = format(name);
        assert!((format.has)(before.as_bytes()), "{before}");
        assert_eq!(text((format.take)(before.as_bytes())), after, "{before}");
    }
    // Which key is chosen is that of our line.
    let mut keys = AuthorizedKeys::parse(format!("{a} me #OM{b} colleague\n").as_bytes());
    assert_eq!(keys.remove_ours(|known| *known == b), 0);
    assert_eq!(keys.remove_ours(|known| *known == a), 1);
    assert!(keys.grants(&b) && !keys.has_ours());
    let mut known = KnownHosts::parse(format!("h {a} #OMh2 {b}\n").as_bytes());
    assert_eq!((known.remove_ours(), known.lookup("h", 22).len(), known.lookup("h2", 22).len()), (1, 0, 1));
}

#[test]
fn words_of_the_users_own_are_glued_to_nothing() {
    let (a, b, m) = (key(1), key(2), HOSTS_MARK);
    let cases = [
        ("authorized_keys", format!("{a} see #OM{b}!")),
        ("authorized_keys", format!("# {a} #OM{b} x")),
        ("authorized_keys", format!("{a} see #OM {b} x")),
        ("known_hosts", format!("@revoked h {a} #OMh2 {b}")),
        ("known_hosts", format!("h {a} #OMnote")),
        ("hosts", format!("#10.0.0.1 a {m}10.0.0.2 b")),
        ("hosts", format!("10.0.0.1 a {m} and more")),
        ("hosts", format!("10.0.0.1 a {m}, see 10.0.0.2")),
    ];
    for (name, line) in cases {
        assert!(!(format(name).has)(line.as_bytes()), "{line}");
        assert_eq!((format(name).take)(line.as_bytes()), line.as_bytes());
    }
}

#[test]
fn the_forms_of_opengausss_own_tool_are_ours() {
    let (a, m) = (key(1), HOSTS_MARK);
    let cases = [
        ("authorized_keys", "ssh-dss AAAA me\n", format!("{a} root@node1 #OM\n{a} root@node1 #OM\n")),
        (
            "known_hosts",
            "# 10.0.0.1:22 SSH-2.0-OpenSSH_8.8\n",
            format!("10.0.0.1 {a} #OM\nnode1 {a} #OM #OM\n"),
        ),
        ("hosts", "127.0.0.1 localhost\n", format!("10.0.0.1  node1  {m}\n127.0.0.1  localhost  {m}\n")),
        (
            "exports",
            "umask 077\n",
            "export SSH_AUTH_SOCK=/root/gaussdb_tmp/gauss_socket_tmp\nexport SSH_AGENT_PID=6104\n".to_owned(),
        ),
        (
            "crontab",
            "0 1 * * * x\n",
            "*/1 * * * * source ~/.bashrc;python3 /opt/om/script/local/CheckSshAgent.py >>/dev/null 2>&1 &\n"
                .to_owned(),
        ),
    ];
    for (name, user, theirs) in cases {
        for before in [format!("{user}{theirs}"), format!("{theirs}{user}")] {
            assert!((format(name).has)(before.as_bytes()), "{before}");
            assert_eq!(text((format(name).take)(before.as_bytes())), user);
        }
    }
}

#[test]
fn only_what_runs_opengausss_agent_check_is_its_job() {
    let cases = [
        ("* * * * * python3 /x/CheckSshAgent.py\n", true),
        ("* * * * * python3 /x/CheckSshAgent.py>/dev/null\r\n", true),
        ("* * * * * sh -c '/x/CheckSshAgent.py' #x\n", true),
        ("# * * * * * python3 /x/CheckSshAgent.py\n", false),
        ("  #* * * * * python3 /x/CheckSshAgent.py\n", false),
        ("* * * * * /x/CheckSshAgent.py.sh\n", false),
        ("* * * * * /x/NoCheckSshAgent.py\n", false),
        ("* * * * * true\0/CheckSshAgent.py\n", false),
    ];
    for (line, theirs) in cases {
        let mut table = Crontab::parse(line.as_bytes());
        assert_eq!(table.has_ours(), theirs, "{line}");
        assert!(!table.has_job());
        assert_eq!(table.remove_agent_check(), usize::from(theirs), "{line}");
        assert_eq!(table.to_bytes().is_empty(), theirs);
    }
}

#[test]
fn code_of_the_users_that_names_the_agent_is_told_and_stays() {
    let socket = "/home/omm/gaussdb_tmp/gauss_socket_tmp";
    let code = format!(
        "# {socket}\nif [ -S {socket} ]; then\n  export SSH_AUTH_SOCK={socket}\nfi\nexport SSH_AUTH_SOCK=/run/x\n"
    );
    let before = format!("export SSH_AUTH_SOCK={socket}\nexport SSH_AGENT_PID=5\n{code}");
    let mut profile = ShellProfile::parse(before.as_bytes());
    assert_eq!(profile.names_agent(), [4, 5]);
    assert!(profile.has_ours() && profile.remove_agent());
    assert_eq!(text(profile.to_bytes()), code);
    assert_eq!((profile.names_agent(), profile.has_ours()), (vec![2, 3], false));
}

#[test]
fn an_emptied_file_has_no_byte() {
    for format in &FORMATS {
        let (_, put) = (format.put)(b"");
        assert_eq!((format.take)(&put), b"", "{}", format.name);
    }
    let mut hosts = Hosts::parse(b"");
    assert!(!hosts.set_mapping(&[], false) && !hosts.has_ours());
}
