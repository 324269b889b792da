use proptest::prelude::*;
use sshfiles::ClientConfig;

const OWN: &str = "/root/.ssh/config";
const SYSTEM: &str = "/etc/ssh/ssh_config";

/// What stands of a host in these files: file, line, whether it counts for certain, keyword and value.
fn told(files: &[(&str, &str)], host: &str) -> Vec<String> {
    let files = files.iter().map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec())).collect();
    let found = ClientConfig::new(files).settings(host, &[OWN, SYSTEM]);
    let sure = |sure: bool| if sure { "" } else { "?" };
    found.iter().map(|s| format!("{}:{}{} {} {}", s.path, s.line, sure(s.sure), s.keyword, s.value)).collect()
}

#[test]
fn what_is_said_of_a_host_and_where() {
    let own = |text: &'static str| [(OWN, text)];
    let cases: &[(&str, &[&str])] = &[
        ("Port 2222\n", &["1 port 2222"]),
        ("Host *\n  Port=2222\nHost other\n  User x\n", &["2 port 2222"]),
        ("Host a b 10.0.0.?\nPort 1\nHost 10.* !10.0.0.2\nPort 2\n", &["2 port 1"]),
        ("Host NODE2\nPort 1\nMatch all\nUser  \"x y\" # c\n", &["4 user x y"]),
        ("Match host 10.0.0.2\nPort 1\nMatch originalhost 10.0.0.2,b\nPort 2\n", &["2? port 1", "4 port 2"]),
        ("Match originalhost b exec \"true\"\nPort 1\nMatch exec \"true\"\nPort 2\n", &["4? port 2"]),
        ("Match final all\nPort 1\n", &["2? port 1"]),
        ("# Port 1\n\n\tPort 2\r\n", &["3 port 2"]),
    ];
    for (text, wanted) in cases {
        let wanted: Vec<String> = wanted.iter().map(|line| format!("{OWN}:{line}")).collect();
        assert_eq!(told(&own(text), "10.0.0.2"), wanted, "{text}");
    }
}

#[test]
fn files_that_are_included_stand_where_they_are_included() {
    let files = [
        (OWN, "Include conf.d/*.conf ~/.ssh/more\nUser last\nHost no\nInclude never\n"),
        ("/root/.ssh/conf.d/b.conf", "Host *\nPort 2\nHost other\n"),
        ("/root/.ssh/conf.d/a.conf", "Port 1\n"),
        ("/root/.ssh/conf.d/c", "Port 3\n"),
        ("/root/.ssh/more", "Include /root/.ssh/more\nUser more\n"),
        ("/root/.ssh/never", "Port 4\n"),
        (SYSTEM, "Include /etc/ssh/ssh_config.d/*.conf\nHost *\nSendEnv LANG\n"),
        ("/etc/ssh/ssh_config.d/x.conf", "ProxyCommand /usr/bin/sss_ssh_knownhostsproxy -p %p %h\n"),
    ];
    let wanted = [
        "/root/.ssh/conf.d/a.conf:1 port 1",
        "/root/.ssh/conf.d/b.conf:2 port 2",
        "/root/.ssh/more:2 user more",
        "/root/.ssh/config:2 user last",
        "/etc/ssh/ssh_config.d/x.conf:1 proxycommand /usr/bin/sss_ssh_knownhostsproxy -p %p %h",
        "/etc/ssh/ssh_config:3 sendenv LANG",
    ];
    assert_eq!(told(&files, "10.0.0.2"), wanted);
    // Files that include each other without end.
    let all = "Include *\nInclude *\nPort 1\n";
    let many = [OWN, "/root/.ssh/a", "/root/.ssh/b", "/root/.ssh/c", "/root/.ssh/d"].map(|path| (path, all));
    assert!(!told(&many, "10.0.0.2").is_empty());
}

proptest! {
    #[test]
    fn any_files_are_read(texts in prop::collection::vec("(?s)(Include \\*\n|Host |Match |exec|.|\n){0,40}", 3)) {
        let paths = [OWN, "/root/.ssh/a", SYSTEM];
        let files: Vec<(&str, &str)> = paths.into_iter().zip(texts.iter().map(String::as_str)).collect();
        told(&files, "10.0.0.2");
    }
}
