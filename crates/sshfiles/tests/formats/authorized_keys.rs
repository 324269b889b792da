use sshfiles::AuthorizedKeys;

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
        ("# a".into(), "me", format!("# a\n{k} me #OM")),
        ("# a\r\n".into(), " ", format!("# a\r\n{k} #OM\n")),
        (format!("{k} mine\n"), "me", format!("{k} mine\n{k} me #OM\n")),
        (format!("no-pty {k} me #OM\n"), "me", format!("no-pty {k} me #OM\n{k} me #OM\n")),
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
