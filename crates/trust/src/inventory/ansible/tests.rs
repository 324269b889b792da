//! Both formats against tables.

use proptest::prelude::*;

use super::*;
use crate::inventory::Address;

/// The hosts of a group: `ADDRESS-OR-NAME` or `…,PORT`.
fn hosts(text: &str, group: &str) -> Vec<String> {
    let show = |host: Host| {
        assert_eq!(host.name, None);
        let place = match host.address {
            Address::Ip(ip) => ip.to_string(),
            Address::Name(name) => name,
        };
        host.port.map_or(place.clone(), |port| format!("{place},{port}"))
    };
    parse_ansible(text.as_bytes(), group).unwrap().into_iter().map(show).collect()
}

#[track_caller]
fn mistakes(text: &str) -> Vec<String> {
    match parse_ansible(text.as_bytes(), "all") {
        Err(AnsibleError::Mistakes(found)) => found.iter().map(ToString::to_string).collect(),
        other => panic!("{text}: {other:?}"),
    }
}

const INI: &str = "\
# the whole site
jump ansible_host=10.0.9.1
10.0.9.2:2222

[db] ; no comment
";

const SITE: &str = "\
jump ansible_host=10.0.9.1   # the way in
10.0.9.2:2222

[db]
db[01:02] ansible_user=omm
db03 ansible_host='10.0.0.3' ansible_port=2203
db04 ansible_ssh_host=10.0.0.4 ansible_ssh_port=2204 ansible_password=\"a = #b\"
[web]  # more
10.0.1.1
[fd00::1]:2222
db03

[site:children]
db
web   # both

[site:vars]
ansible_port = 2000
[db:vars]
ansible_port=\"2001\" # wins over the parent's
[all:vars]
ansible_port=2002
";

#[test]
fn ini() {
    assert_eq!(hosts(SITE, "db"), ["db01,2001", "db02,2001", "10.0.0.3,2203", "10.0.0.4,2204"]);
    assert_eq!(hosts(SITE, "web"), ["10.0.0.3,2203", "10.0.1.1,2000", "fd00::1,2222"]);
    assert_eq!(hosts(SITE, "site").len(), 6);
    assert_eq!(hosts(SITE, "ungrouped"), ["10.0.9.1,2002", "10.0.9.2,2222"]);
    assert_eq!(hosts(SITE, "all").len(), 8);
    assert_eq!(hosts("10.0.0.1\n10.0.0.2\r\n", "all"), ["10.0.0.1", "10.0.0.2"]);
    assert_eq!(hosts("\u{feff}[a]\n10.0.0.1", "a"), ["10.0.0.1"]);
    assert_eq!(
        hosts("a ansible_host=10.0.0.1 ansible_ssh_host=10.0.0.2\n", "all"),
        ["10.0.0.2"],
        "the old name wins"
    );
}

const YAML: &str = "\
---
all:
  vars: {ansible_port: 2002}
  hosts:
    jump:
      ansible_host: 10.0.9.1
  children:
    site:
      vars: &defaults
        ansible_port: 2000
      children:
        db:
          hosts:
            db[01:02]:
            db03: {ansible_host: \"10.0.0.3\", ansible_port: 2203}
            db04:
              <<: *defaults
              ansible_host: 10.0.0.4
          vars:
            ansible_port: '2001'
        web:
          hosts: 10.0.1.1
    empty:
";

#[test]
fn yaml() {
    assert_eq!(hosts(YAML, "db"), ["db01,2001", "db02,2001", "10.0.0.3,2203", "10.0.0.4,2000"]);
    assert_eq!(hosts(YAML, "web"), ["10.0.1.1,2000"]);
    assert_eq!(hosts(YAML, "all")[0], "10.0.9.1,2002");
    assert_eq!(hosts(YAML, "ungrouped"), ["10.0.9.1,2002"]);
    assert_eq!(hosts(r#"{"db": {"hosts": {"10.0.0.1": null, "10.0.0.2": {}}}}"#, "db").len(), 2);
    let empty = parse_ansible(YAML.as_bytes(), "empty");
    assert_eq!(empty, Err(AnsibleError::NoHosts("empty".to_owned())));
    let Err(AnsibleError::NoGroup { known, .. }) = parse_ansible(YAML.as_bytes(), "dbs") else { panic!() };
    assert_eq!(known, ["all", "db", "empty", "site", "web"]);
}

#[test]
fn the_inner_group_wins_and_among_equals_priority_and_then_the_name() {
    let text = |b: &str| {
        format!("[a]\nh\n[b]\nh\n[a:vars]\nansible_host=10.0.0.1\n[b:vars]\nansible_host=10.0.0.2\n{b}")
    };
    assert_eq!(hosts(&text(""), "all"), ["10.0.0.2"]);
    assert_eq!(hosts(&text("[a:vars]\nansible_group_priority=10\n"), "all"), ["10.0.0.1"]);
    assert_eq!(hosts(&text("[b:children]\na\n"), "all"), ["10.0.0.1"]);
}

#[test]
fn what_is_no_static_inventory() {
    let cases: &[(&[u8], AnsibleError)] = &[
        (b"#!/usr/bin/python3\n", AnsibleError::Program),
        (b"$ANSIBLE_VAULT;1.1;AES256\n6162", AnsibleError::Vault),
        (b"plugin: aws_ec2\nregions: [a]\n", AnsibleError::Plugin),
        (b"\xff\xfe", AnsibleError::Encoding),
        (b"", AnsibleError::NoHosts("all".to_owned())),
        (b"# nothing\n", AnsibleError::NoHosts("all".to_owned())),
        (b"db[1:99999999]\n", AnsibleError::TooMany),
        (b"db[1:1001]\n", AnsibleError::TooMany),
    ];
    for (bytes, wanted) in cases {
        assert_eq!(parse_ansible(bytes, "all").as_ref(), Err(wanted), "{}", String::from_utf8_lossy(bytes));
    }
    assert!(!hosts(&INI.replace(" ; no comment", ""), "all").is_empty());
}

#[test]
fn every_mistake_has_its_line() {
    let cases: &[(&str, &[&str])] = &[
        (
            "[db:hosts]\n10.0.0.1\n[web:children]\nnone\n[x:vars]\na=1\n[ok]\nh b\n",
            &[
                "line 1: no section: write [group], [group:children] or [group:vars]",
                "line 4: there is no group none",
                "line 5: there is no group x",
                "line 8: something here is no KEY=VALUE",
            ],
        ),
        (INI, &["line 5: no section"]),
        ("h 'a\n", &["line 1: a quote is not closed"]),
        ("h[1:2\n", &["line 1: 'h[1:2' has no range that can be read"]),
        ("[a:children]\nb\n[b:children]\na\n[a]\nh\n", &["line 4: the group a contains itself"]),
        (
            "a ansible_port=80\nb ansible_host={{ip}}\nlocalhost\n",
            &[
                "line 1: the port of a must be 22 or 1025 to 65534, not '80'",
                "line 2: ansible_host of b must be a plain value",
                "line 3: 'localhost' is neither an IP address nor a host name",
            ],
        ),
        (
            "all:\n  hosts: [a]\n  vars: 7\n",
            &["line 2: hosts must be a mapping", "line 3: vars must be a mapping"],
        ),
        (
            "all:\n  hosts:\n    a: {ansible_host: !vault x}\n",
            &["line 3: ansible_host of a must be a plain value"],
        ),
        ("all:\n hosts:\n  a: b: c\n", &["line 3: no YAML that can be read"]),
        ("a: &x\n  children:\n    b: *x\n", &["line 3: no YAML that can be read"]),
        (
            "a:\n  hosts:\n    h:\n---\nb:\n",
            &["line 4: no YAML that can be read: there is a second document"],
        ),
    ];
    for (text, wanted) in cases {
        let said = mistakes(text);
        assert_eq!(said.len(), wanted.len(), "{text}: {said:#?}");
        for (line, wanted) in said.iter().zip(*wanted) {
            assert!(line.starts_with(wanted), "{text}: {said:#?}");
        }
    }
}

#[test]
fn aliases_of_aliases_cost_nothing() {
    let mut laughs = "l0: &l0 {hosts: {10.0.0.1: }}\n".to_owned();
    for level in 1..30 {
        let below: Vec<String> = (0..9).map(|n| format!("g{level}x{n}: *l{}", level - 1)).collect();
        laughs += &format!("l{level}: &l{level} {{children: {{{}}}}}\n", below.join(", "));
    }
    assert_eq!(parse_ansible(laughs.as_bytes(), "all"), Err(AnsibleError::TooMany));
    let deep = format!("a: {}", "{children: {a: ".repeat(10_000));
    assert!(parse_ansible(deep.as_bytes(), "all").is_err());
    let indented: String =
        (0..3_000).map(|n| format!("{}g{n}:\n{0}  children:\n", " ".repeat(4 * n))).collect();
    assert!(parse_ansible(indented.as_bytes(), "all").is_err());
    assert_eq!(
        parse_ansible("- ".repeat(1 << 20).as_bytes(), "all").map_err(|e| e.to_string()),
        Err("1 mistakes".to_owned())
    );
}

proptest! {
    #[test]
    fn any_bytes_give_an_answer(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = parse_ansible(&bytes, "all");
    }

    #[test]
    fn a_damaged_file_gives_an_answer(yaml: bool, at in 0..600usize, byte in 0u8..128) {
        let mut bytes = if yaml { YAML } else { SITE }.as_bytes().to_vec();
        let at = at % bytes.len();
        bytes[at] = byte;
        if let Err(AnsibleError::Mistakes(found)) = parse_ansible(&bytes, "all") {
            prop_assert!(!found.is_empty() && found.iter().all(|mistake| mistake.line >= 1));
        }
    }
}
