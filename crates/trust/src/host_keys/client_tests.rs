//! What `ssh -G` prints, and what files of the configuration have in them.

use proptest::prelude::*;

use super::*;

/// What matters of what OpenSSH 9.2 prints.
const NEW: &str = "host plat1\nuser root\nhostname plat1.example.com\nport 22\nstricthostkeychecking ask\n\
    globalknownhostsfile /etc/ssh/ssh_known_hosts /etc/ssh/ssh_known_hosts2\n\
    userknownhostsfile /root/.ssh/known_hosts /root/.ssh/known_hosts2\nrevokedhostkeys none\n";

#[test]
fn what_ssh_says_is_read() {
    let said = ClientSays::read(NEW).unwrap();
    assert_eq!(said.hostname, "plat1.example.com");
    let files = ["/root/.ssh/known_hosts", "/root/.ssh/known_hosts2", "/etc/ssh/ssh_known_hosts"];
    assert_eq!(said.files[..3], files);
    assert_eq!((said.alias, said.revoked, said.strict), (None, None, false));
    let changed = |old: &str, new: &str| {
        let text = NEW.replace(old, new);
        assert_ne!(text, NEW);
        ClientSays::read(&text)
    };
    for (word, strict) in
        [("true", true), ("yes", true), ("false", false), ("accept-new", false), ("off", false)]
    {
        assert_eq!(changed("checking ask", &format!("checking {word}")).unwrap().strict, strict, "{word}");
    }
    assert_eq!(changed("port 22\n", "hostkeyalias Cluster\n").unwrap().alias, Some("Cluster".to_owned()));
    assert_eq!(changed("keys none", "keys /etc/ssh/krl").unwrap().revoked, Some("/etc/ssh/krl".to_owned()));
    let none = changed(
        "userknownhostsfile /root/.ssh/known_hosts /root/.ssh/known_hosts2",
        "userknownhostsfile none",
    );
    assert_eq!(none.unwrap().files.len(), 2);
    assert_eq!(changed("hostname plat1.example.com\n", ""), None);
    assert_eq!(ClientSays::read(""), None);
}

#[test]
fn tokens_are_expanded_or_named() {
    let home = Path::new("/home/omm");
    let tokens = Tokens { home, user: "omm", uid: 1000, typed: "n", hostname: "h", alias: "k", port: 2222 };
    let good = [
        ("~/.ssh/known_hosts", "/home/omm/.ssh/known_hosts"),
        ("%d/%u.%r.%i", "/home/omm/omm.omm.1000"),
        ("/keys/%n-%h-%k-%p-%%", "/keys/n-h-k-2222-%"),
        ("/dev/null", "/dev/null"),
    ];
    for (name, wanted) in good {
        assert_eq!(expand(name, &tokens), Ok(PathBuf::from(wanted)), "{name}");
    }
    for name in ["~root/x", "/a/%C", "/a/%", "${HOME}/x"] {
        assert!(expand(name, &tokens).is_err(), "{name}");
    }
}

#[test]
fn only_what_decides_about_host_keys_makes_ssh_be_asked() {
    // Debian's and openEuler's own.
    let quiet = "Include /etc/ssh/ssh_config.d/*.conf\n# StrictHostKeyChecking yes\nHost *\n    SendEnv LANG LC_*\n\
        \tHashKnownHosts yes\n    GSSAPIAuthentication yes\nMatch final all\n  ForwardX11Trusted yes\n";
    let found = scan(quiet.as_bytes());
    assert_eq!((found.decides, found.includes), (false, vec!["/etc/ssh/ssh_config.d/*.conf".to_owned()]));
    for line in [
        "StrictHostKeyChecking yes",
        "  stricthostkeychecking=yes",
        "\tUSERKNOWNHOSTSFILE /x",
        "GlobalKnownHostsFile /x",
        "HostKeyAlias cluster",
        "HostName 10.0.0.9",
        "\"RevokedHostKeys\" /etc/ssh/krl",
        "CanonicalizeHostname always",
    ] {
        assert!(scan(format!("Host x\r\n{line}\r\n").as_bytes()).decides, "{line}");
    }
    for (line, strict) in [("StrictHostKeyChecking=yes", true), ("stricthostkeychecking ask", false)] {
        assert_eq!(scan(line.as_bytes()).strict, strict, "{line}");
    }
    assert_eq!(scan(b"include a \"b\"\nInclude=~/c\n").includes, ["a", "b", "~/c"]);
    assert_eq!(scan(b"\xff\xfe\nHost"), Scan::default());
}

proptest! {
    #[test]
    fn any_bytes_are_read(bytes in prop::collection::vec(any::<u8>(), 0..300), name in "[~%a-z{$/]{0,8}") {
        let text = String::from_utf8_lossy(&bytes);
        let found = scan(&bytes);
        prop_assert!(found.includes.iter().all(|name| !name.is_empty()));
        let said = ClientSays::read(&format!("{text}\nhostname h\n"));
        prop_assert!(said.is_some());
        let home = Path::new("/h");
        let tokens = Tokens { home, user: "u", uid: 0, typed: "n", hostname: "h", alias: "k", port: 22 };
        // What is not expanded is an error, never a path with the token in it.
        let expanded = expand(&name, &tokens);
        let odd = name.contains("${");
        prop_assert!(expanded.is_err() || !odd);
    }
}
