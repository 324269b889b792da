use std::net::IpAddr;

use sshfiles::{HOSTS_MARK, Hosts};

use crate::{corpus, text};

fn pair(address: &str, name: &str) -> (IpAddr, String) {
    (address.parse().unwrap(), name.into())
}

#[test]
fn replaces_marked_lines() {
    let m = HOSTS_MARK;
    let cases = [
        (String::new(), format!("10.0.0.1  a  {m}\n::1  b  {m}\n")),
        ("127.0.0.1 localhost".into(), format!("127.0.0.1 localhost\n10.0.0.1  a  {m}\n::1  b  {m}\n")),
        ("\n".into(), format!("\n10.0.0.1  a  {m}\n::1  b  {m}\n")),
        (format!("user\n9.9.9.9 z {m}"), format!("user\n10.0.0.1  a  {m}\n::1  b  {m}\n")),
        (format!("9.9.9.9 z {m}\nuser"), format!("10.0.0.1  a  {m}\n::1  b  {m}\nuser")),
        ("1.1.1.1\tx\r\n".into(), format!("1.1.1.1\tx\r\n10.0.0.1  a  {m}\n::1  b  {m}\n")),
        (format!("9.9.9.9 z {m}\nuser\n8.8.8.8 y {m}\r\n"), format!("10.0.0.1  a  {m}\n::1  b  {m}\nuser\n")),
        (format!("::1  b  {m}\n10.0.0.1  a  {m}\n"), format!("10.0.0.1  a  {m}\n::1  b  {m}\n")),
        (format!("10.0.0.1 a b {m}\n#::1 b {m}"), format!("10.0.0.1  a  {m}\n::1  b  {m}\n#::1 b {m}")),
        (format!("{m}\n1.1.1.1 x # {m}\n"), format!("{m}\n1.1.1.1 x # {m}\n10.0.0.1  a  {m}\n::1  b  {m}\n")),
    ];
    let mapping =
        [pair("10.0.0.1", "a"), pair("::1", "b"), pair("10.0.0.1", "a"), pair("10.0.0.9", "no name")];
    for (before, after) in cases {
        let mut hosts = Hosts::parse(before.as_bytes());
        assert!(hosts.set_mapping(&mapping, false), "{before}");
        assert_eq!(text(hosts.to_bytes()), after);
        assert!(!hosts.set_mapping(&mapping, false));
        assert!(!Hosts::parse(after.as_bytes()).set_mapping(&mapping, false));
    }
}

#[test]
fn right_lines_keep_their_blanks() {
    let before = format!("10.0.0.1\ta {HOSTS_MARK}\r\nuser\n");
    let mut hosts = Hosts::parse(before.as_bytes());
    assert!(!hosts.set_mapping(&[pair("10.0.0.1", "a")], false));
    assert_eq!(text(hosts.to_bytes()), before);
}

#[test]
fn keeps_old_lines_if_told() {
    let m = HOSTS_MARK;
    let before = format!("9.9.9.9 z {m}\n10.0.0.1 A {m}\n::1 b\n");
    let mapping = [pair("10.0.0.1", "a"), pair("::1", "b")];
    let mut hosts = Hosts::parse(before.as_bytes());
    assert!(hosts.set_mapping(&mapping, true));
    assert!(!hosts.set_mapping(&mapping, true));
    assert_eq!(text(hosts.to_bytes()), format!("{before}::1  b  {m}\n"));
    assert_eq!(hosts.remove_mapping(), 3);
    assert_eq!(hosts.to_bytes(), b"::1 b\n");
}

#[test]
fn looks_names_up() {
    let ip = |text: &str| text.parse::<IpAddr>().unwrap();
    for name in ["hosts", "hosts.crlf"] {
        let hosts = Hosts::parse(&corpus(name));
        assert_eq!(hosts.lookup("localhost"), [(2, ip("127.0.0.1"), false), (3, ip("::1"), false)]);
        assert_eq!(hosts.lookup("NODE1.example.com"), [(5, ip("10.0.0.1"), false)]);
        assert_eq!(hosts.lookup("node11"), [(6, ip("10.0.0.11"), false)]);
        assert_eq!(hosts.lookup("node2"), [(7, ip("10.0.0.2"), true)]);
        assert_eq!(hosts.lookup("node4"), [(9, ip("10.0.0.4"), true)]);
        for absent in ["node3", "rack", "zoned", "alias", "10.0.0.1", ""] {
            assert!(hosts.lookup(absent).is_empty(), "{absent}");
        }
    }
}

#[test]
fn replaces_the_example_in_place() {
    let mut hosts = Hosts::parse(&corpus("hosts"));
    assert!(hosts.set_mapping(&[pair("10.0.0.5", "node5")], false));
    let want = text(corpus("hosts"))
        .replace("10.0.0.2  node2  #", "10.0.0.5  node5  #")
        .replace("10.0.0.4 node4 #Gauss OM IP Hosts Mapping\n", "");
    assert_eq!(text(hosts.to_bytes()), want);
}
