use sshfiles::{AuthorizedKeys, KeyBounds};

use crate::{corpus, key, key_of, text};

/// options, comment, ours of the only entry of a line.
fn read(line: &str) -> Option<(Option<String>, String, bool)> {
    let keys = AuthorizedKeys::parse(line.as_bytes());
    let mut entries = keys.entries();
    let entry = entries.next()?;
    assert!(entries.next().is_none());
    Some((entry.options, entry.comment, entry.ours))
}

#[test]
fn reads_every_shape_of_line() {
    let k = key(1);
    let cases: Vec<(String, Option<&str>, &str, bool)> = vec![
        (format!("{k}"), None, "", false),
        (format!("{k}\r"), None, "", false),
        (format!(" \t {k}\ttwo words "), None, "two words", false),
        (format!("{k} # not a comment line"), None, "# not a comment line", false),
        (format!("{k} #OM"), None, "#OM", true),
        (format!("{k} omm@node1 #OM\r\n"), None, "omm@node1 #OM", true),
        (format!("{k} omm\t#OM \t"), None, "omm\t#OM", true),
        (format!("{k} see #OM for this"), None, "see #OM for this", false),
        (format!("{k} x#OM"), None, "x#OM", false),
        (format!("{k} #OMM"), None, "#OMM", false),
        (format!("{k} #om"), None, "#om", false),
        (
            format!(r#"command="echo \"a # b\" # x" {k} c"#),
            Some(r#"command="echo \"a # b\" # x""#),
            "c",
            false,
        ),
        (format!(r#"from="a b,c",no-pty  {k} c #OM"#), Some(r#"from="a b,c",no-pty"#), "c #OM", true),
        (format!("no-pty\t{k}"), Some("no-pty"), "", false),
        (format!(r#"command="a\\" {k}"#), None, "", false), // the quote never ends
        (format!("cert-authority {k}"), Some("cert-authority"), "", false),
        (format!("ssh-rsa {k}"), Some("ssh-rsa"), "", false),
        (format!("{k} seen\0 #OM"), None, "seen", false),
    ];
    for (line, options, comment, ours) in cases {
        if line.contains(r"a\\") {
            assert_eq!(read(&line), None, "{line}");
            continue;
        }
        assert_eq!(read(&line), Some((options.map(str::to_owned), comment.to_owned(), ours)), "{line}");
    }
}

#[test]
fn passes_over_what_is_no_entry() {
    let k = key(1);
    let base64 = k.base64();
    let lines = [
        String::new(),
        "\r".into(),
        "   ".into(),
        "#".into(),
        format!("# {k} #OM"),
        format!("  #{k}"),
        format!("ssh-rsa {base64}"),
        "ssh-ed25519".into(),
        "ssh-ed25519 #OM".into(),
        format!("command=\"open {k}"),
        format!("no-pty, no-x11 {k}"),
        format!("\0{k}"),
    ];
    for line in lines {
        assert_eq!(read(&line), None, "{line:?}");
    }
}

#[test]
fn reads_keys_of_all_kinds() {
    let kinds =
        ["ssh-rsa", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp521", "sk-ssh-ed25519@openssh.com", "ssh-dss"];
    for kind in kinds {
        let k = key_of(kind, 3);
        let keys = AuthorizedKeys::parse(format!("{k} me\n").as_bytes());
        assert!(keys.grants(&k));
        assert_eq!(keys.entries().next().unwrap().key.algorithm(), kind);
    }
}

#[test]
fn only_lines_without_options_grant() {
    let k = key(1);
    for line in [
        format!("no-pty {k} #OM"),
        format!("cert-authority {k}"),
        format!("@cert-authority {k}"),
        format!("#{k}"),
    ] {
        assert!(!AuthorizedKeys::parse(line.as_bytes()).grants(&k), "{line}");
    }
    let both = format!("command=\"x\" {k}\n{k} user's own");
    assert!(AuthorizedKeys::parse(both.as_bytes()).grants(&k));
    assert!(!AuthorizedKeys::parse(both.as_bytes()).grants(&key(2)));
}

#[test]
fn adds_one_line_of_ours() {
    let k = key(1);
    let cases = [
        (String::new(), "me", format!("{k} me #OM\n")),
        ("# a\n".into(), "me", format!("# a\n{k} me #OM\n")),
        ("# a".into(), "me", format!("# a\n{k} me #OM\n")),
        ("# a\r".into(), "me", format!("# a\r\n{k} me #OM\n")),
        ("\n".into(), "me", format!("\n{k} me #OM\n")),
        ("a\\".into(), "me", format!("a\\\n{k} me #OM\n")),
        ("a\0b".into(), "me", format!("a\0b\n{k} me #OM\n")),
        ("# a\r\n".into(), " ", format!("# a\r\n{k} #OM\n")),
        (format!("{k} mine\n"), "me", format!("{k} mine\n{k} me #OM\n")),
        (format!("no-pty {k} me\n"), "me", format!("no-pty {k} me\n{k} me #OM\n")),
        (String::new(), "two\nlines\r", format!("{k} two lines #OM\n")),
    ];
    for (before, comment, after) in cases {
        let mut keys = AuthorizedKeys::parse(before.as_bytes());
        assert!(keys.add(&k, comment), "{before}");
        assert!(!keys.add(&k, "another comment"));
        assert!(keys.grants(&k));
        assert_eq!(text(keys.to_bytes()), after);
        assert!(!AuthorizedKeys::parse(after.as_bytes()).add(&k, comment));
    }
}

#[test]
fn removes_ours_and_nothing_else() {
    let (a, b) = (key(1), key(2));
    let before =
        format!("# #OM\n{a} mine\n{a} x #OM\r\n{b} y #OM\nfrom=\"h\" {a} z #OM\n{a} #OM not last\n{a} #OM");
    let mut keys = AuthorizedKeys::parse(before.as_bytes());
    assert_eq!(keys.remove_ours(|k| *k == a), 3);
    assert_eq!(text(keys.to_bytes()), format!("# #OM\n{a} mine\n{b} y #OM\n{a} #OM not last"));
    assert_eq!(keys.remove_ours(|k| *k == a), 0);
    assert_eq!(keys.remove_ours(|_| true), 1);
    assert_eq!(text(keys.to_bytes()), format!("# #OM\n{a} mine\n{a} #OM not last"));
}

#[test]
fn reads_the_example() {
    for name in ["authorized_keys", "authorized_keys.crlf"] {
        let keys = AuthorizedKeys::parse(&corpus(name));
        let seen: Vec<_> = keys.entries().map(|e| (e.line, e.options.is_some(), e.comment, e.ours)).collect();
        let want = [
            (3, false, "alice@laptop", false),
            (4, true, "c", false),
            (5, true, "backup of db, nightly", false),
            (6, false, "ticket #4711, see #OM wiki", false),
            (7, true, "company CA", false),
            (8, false, "token of alice", false),
            (11, true, "", false),
            (12, false, "omm@10.0.0.1 #OM", true),
        ];
        assert_eq!(seen, want.map(|(l, o, c, ours)| (l, o, c.to_owned(), ours)), "{name}");
    }
}

fn bounds(from: Option<&str>, expiry: Option<&str>) -> KeyBounds {
    KeyBounds { from: from.map(str::to_owned), expiry: expiry.map(str::to_owned) }
}

#[test]
fn bounds_are_read_as_sshd_reads_options() {
    let k = key(1);
    let (list, time) = (Some("10.0.0.1,10.0.0.0/8"), Some("202612311800"));
    let cases = [
        ("no-pty", bounds(None, None), false),
        ("from=\"10.0.0.1,10.0.0.0/8\"", bounds(list, None), true),
        ("expiry-time=\"202612311800\",FROM=\"10.0.0.1,10.0.0.0/8\"", bounds(list, time), true),
        ("command=\"echo \\\",from=\\\"x\",expiry-time=\"202612311800\"", bounds(None, time), false),
        ("environment=\"a=from=b\",no-pty,Expiry-Time=\"202612311800\"", bounds(None, time), false),
        // What is not in quotes sshd does not take; nor do these mean a bound.
        ("from=10.0.0.1", bounds(None, None), true),
        ("from", bounds(None, None), false),
        ("fromage=\"x\"", bounds(None, None), false),
        ("from=\"a\\\"b\\c\"", bounds(Some("a\"b\\c"), None), true),
    ];
    for (options, wanted, only) in cases {
        let line = format!("{options} {k} me #OM");
        let entry = AuthorizedKeys::parse(line.as_bytes()).entries().next().unwrap();
        assert_eq!((entry.bounds, entry.only_bound), (wanted, only), "{options}");
    }
}

#[test]
fn bounds_of_ours_change_and_nothing_else() {
    let k = key(1);
    let both = bounds(Some("10.0.0.1"), Some("20261231"));
    let cases = [
        ("", &both, "from=\"10.0.0.1\",expiry-time=\"20261231\" "),
        ("from=\"10.0.0.1\",expiry-time=\"20261231\" ", &bounds(None, None), ""),
        ("\tno-pty,from=\"x\"\t ", &both, "\texpiry-time=\"20261231\",no-pty,from=\"10.0.0.1\"\t "),
        ("  command=\"a,\\\"b\",From=\"x\",no-pty ", &bounds(None, None), "  command=\"a,\\\"b\",no-pty "),
        ("Expiry-Time=\"20261231\" ", &bounds(None, Some("20261231")), "Expiry-Time=\"20261231\" "),
        // sshd takes no line with two lists.
        ("from=\"a\",from=\"b\" ", &bounds(Some("c"), None), "from=\"c\" "),
    ];
    for (before, wanted, after) in cases {
        for tail in ["me #OM", "me #OM\r", " #OM"] {
            let theirs = format!("no-pty {k} mine\n# {k} #OM\n");
            let file = format!("{theirs}{before}{k} {tail}\n");
            let mut keys = AuthorizedKeys::parse(file.as_bytes());
            assert_eq!(keys.bound_ours(|_| wanted.clone()), usize::from(before != after), "{before}");
            assert_eq!(text(keys.to_bytes()), format!("{theirs}{after}{k} {tail}\n"));
            let again = keys.to_bytes();
            let mut keys = AuthorizedKeys::parse(&again);
            assert_eq!(keys.bound_ours(|_| wanted.clone()), 0, "{before}");
            assert!(keys.entries().filter(|line| line.ours).all(|line| line.bounds == *wanted));
        }
    }
}

#[test]
fn no_plain_line_comes_beside_a_restricted_one_of_ours() {
    let (a, b) = (key(1), key(2));
    for options in ["from=\"10.0.0.1\"", "expiry-time=\"20200101\"", "no-pty"] {
        let file = format!("{options} {a} me #OM\n");
        let mut keys = AuthorizedKeys::parse(file.as_bytes());
        assert!(!keys.add(&a, "me"));
        assert!(keys.add_bound([(&a, "me"), (&b, "you")], &bounds(Some("10.0.0.2"), None)));
        assert_eq!(text(keys.to_bytes()), format!("{file}from=\"10.0.0.2\" {b} you #OM\n"));
        assert_eq!(keys.remove_ours(|_| true), 2);
    }
}

#[test]
fn lines_that_are_no_key_are_told_with_their_numbers() {
    let k = key(1);
    let file = format!(
        "# a comment\n{k} x\n\nssh-ed25519 AAAA x\n \t# more\r\n\nno-pty {k}\nnonsense\u{e9}\0hidden\n  \r\n"
    );
    let keys = AuthorizedKeys::parse(file.as_bytes());
    let broken: Vec<_> = keys.broken().collect();
    let lines: Vec<usize> = broken.iter().map(|(line, _)| *line).collect();
    assert_eq!(lines, [4, 8], "{broken:?}");
    assert_eq!(broken[0].1, "ssh-ed25519 AAAA x");
    assert_eq!(keys.entries().map(|entry| entry.line).collect::<Vec<_>>(), [2, 7]);
    assert_eq!(AuthorizedKeys::parse(b"\xff\xfe").broken().count(), 1);
}
