use sshfiles::SshdConfig;

use crate::corpus;

fn words(list: &[&str]) -> Vec<String> {
    list.iter().map(|word| (*word).to_owned()).collect()
}

#[test]
fn reads_directives() {
    let cases: [(&str, &[&str]); 16] = [
        ("Key value", &["value"]),
        ("  kEY\tvalue  \r\n", &["value"]),
        ("key=value", &["value"]),
        ("key = value", &["value"]),
        ("key == value", &["=", "value"]),
        ("key a b  c", &["a", "b", "c"]),
        ("key \"a b\" c", &["a b", "c"]),
        ("key a\"b c\"d", &["ab cd"]),
        ("key 'a \"b'", &["a \"b"]),
        (r#"key "a \"b\\" c\ d \e"#, &["a \"b\\", "c d", "\\e"]),
        ("key \"\" a", &["", "a"]),
        ("key \"open end", &["open end"]),
        ("key a # b", &["a"]),
        ("key a#b", &["a#b"]),
        ("key", &[]),
        ("# key a\nkey b\nkey c", &["b"]),
    ];
    for (line, want) in cases {
        assert_eq!(SshdConfig::parse(line.as_bytes()).get("Key"), Some(words(want)), "{line}");
    }
    for line in ["", "#key a", "keys a", "other key", "=", "Match all\nother"] {
        assert_eq!(SshdConfig::parse(line.as_bytes()).get("key"), None, "{line}");
    }
}

#[test]
fn match_blocks_are_conditions() {
    let config = SshdConfig::parse(b"Match User a\n Key 1\nMatch all\n Key 2\nmatch=user b\nOther 3\n");
    assert_eq!(config.get("key"), Some(words(&["2"])));
    assert_eq!(config.get("other"), None);
    assert!(config.has_match());
    assert!(!SshdConfig::parse(b"Match ALL\nKey 1\n#Match user x\n").has_match());
}

#[test]
fn reads_the_example() {
    for name in ["sshd_config", "sshd_config.crlf"] {
        let config = SshdConfig::parse(&corpus(name));
        assert_eq!(config.get("Port"), Some(words(&["22"])));
        assert_eq!(config.get_all("port"), words(&["22", "2022"]));
        assert_eq!(config.get("PASSWORDAUTHENTICATION"), Some(words(&["no"])));
        assert_eq!(
            config.get("AuthorizedKeysFile"),
            Some(words(&[".ssh/authorized_keys", "/etc/ssh/keys of/%u"]))
        );
        assert_eq!(config.get("maxstartups"), Some(words(&["10:30:100"])));
        assert_eq!(config.get_all("AllowUsers"), words(&["alice", "bob@10.0.0.0/8"]));
        assert_eq!(config.get("X11Forwarding"), None);
        assert_eq!(config.get("PermitRootLogin"), Some(words(&["prohibit-password"])));
        assert_eq!(config.includes(), words(&["/etc/ssh/sshd_config.d/*.conf", "/etc/ssh/extra dir/*.conf"]));
        assert!(config.has_match());
    }
}
