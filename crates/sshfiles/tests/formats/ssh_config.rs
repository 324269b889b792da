use sshfiles::{HostEntry, SshConfig};

use crate::{corpus, text};

const BEGIN: &str =
    "# BEGIN gs_sshexkey: written by gs_sshexkey, what you change down to the END line is lost\n";
const END: &str = "# END gs_sshexkey\n";

fn entry(address: &str, name: &str, port: u16) -> HostEntry {
    HostEntry { address: address.into(), name: name.into(), port }
}

fn block(body: &str) -> String {
    format!("{BEGIN}{body}Match all\n{END}")
}

#[test]
fn puts_the_block_at_the_top() {
    let body = "Host a\n\tPort 1\n";
    let ours = block(body);
    let cases = [
        (String::new(), ours.clone()),
        ("Host *\n  User x".into(), format!("{ours}Host *\n  User x")),
        ("# c\r\nUser x\r\n".into(), format!("{ours}# c\r\nUser x\r\n")),
        (block("Host old\n"), ours.clone()),
        (format!("User x\n{}User y\n", block("Host old\n")), format!("{ours}User x\nUser y\n")),
        (format!("{}User x\n{}", block("Host b\n"), block("Host c\n")), format!("{ours}User x\n")),
        // A begin mark without its end marks nothing.
        (format!("{BEGIN}Host b\nUser x\n"), format!("{ours}Host b\nUser x\n")),
        (format!("{BEGIN}User x\n{}User y\n", block("Host b\n")), format!("{ours}User x\nUser y\n")),
        // Neither does an end mark without its begin.
        (format!("User x\n{END}User y\n"), format!("{ours}User x\nUser y\n")),
        (format!("{}{END}User y", block("Host b\n")), format!("{ours}User y")),
        (block("Host b\n").replace('\n', "\r\n"), ours.clone()),
        (block("Host b\n").trim_end().to_owned(), ours.clone()),
        (format!("  {}\nUser x\n", block("Host b\n").replace('\n', "\n  ")), format!("{ours}  \nUser x\n")),
        (
            "# BEGIN gs_sshexkeys notes\n# END gs_sshexkey2\n".into(),
            format!("{ours}# BEGIN gs_sshexkeys notes\n# END gs_sshexkey2\n"),
        ),
    ];
    for (before, after) in cases {
        let mut config = SshConfig::parse(before.as_bytes());
        assert!(config.set_block(body), "{before}");
        assert_eq!(text(config.to_bytes()), after);
        assert_eq!(config.block(), Some(body.as_bytes()));
        assert!(!config.set_block(body), "{before}");
        assert!(!SshConfig::parse(after.as_bytes()).set_block(body));
    }
}

#[test]
fn removes_the_block() {
    for name in ["ssh_config", "ssh_config.crlf", "bashrc.debian", "authorized_keys.binary"] {
        let mut config = SshConfig::parse(&corpus(name));
        assert!(config.block().is_none());
        assert!(!config.remove_block());
        assert!(config.set_block("Host a\n"));
        assert!(config.remove_block());
        assert_eq!(config.to_bytes(), corpus(name));
    }
}

#[test]
fn bodies_are_made_whole() {
    let cases = [
        ("Host a", "Host a\n"),
        ("Host a\nMatch all\n", "Host a\n"),
        ("Host a\nmatch all", "Host a\n"),
        ("Host a\n\n", "Host a\n\n"),
        ("Host a\n# END gs_sshexkey\nUser x", "Host a\nUser x\n"),
    ];
    for (given, kept) in cases {
        let mut config = SshConfig::parse(b"User u\n");
        assert!(config.set_block(given));
        assert_eq!(text(config.to_bytes()), format!("{}User u\n", block(kept)));
        assert_eq!(config.block(), Some(kept.as_bytes()));
    }
    let mut config = SshConfig::parse(block("Host a\n").as_bytes());
    assert!(config.set_block(" \n"));
    assert_eq!(config.to_bytes(), b"");
}

const NEEDS: &str = "\tProxyCommand none\n\tUserKnownHostsFile ~/.ssh/known_hosts ~/.ssh/known_hosts2\n\
    \tPubkeyAuthentication yes\n\
    \tPreferredAuthentications publickey,gssapi-with-mic,hostbased,keyboard-interactive,password\n\
    \tAddressFamily any\n\tCanonicalizeHostname no\n\tControlMaster no\n\tControlPath none\n\tRequestTTY auto\n";

#[test]
fn renders_nodes() {
    let entries = [
        entry("10.0.0.1", "node1", 22),
        entry("10.0.0.2", "Node2", 2222),
        entry("10.0.0.3", "", 22),
        entry("10.0.0.4", "10.0.0.4", 22),
        entry("2001:db8::5", "", 2222),
        entry("10.0.0.6", "evil *\n", 22),
        entry("10.0.0.7", "NODE7", 22),
    ];
    let body = SshConfig::render_block(&entries, "omm", "/home/omm/.ssh/id_om", "/home/om m/100%/sock");
    let own = "\tUser omm\n\tIdentityFile /home/omm/.ssh/id_om\n\tIdentityAgent \"/home/om m/100%%/sock\"\n";
    let alone =
        |alias: &str, address: &str| format!("Host {alias}\n\tHostName {address}\n\tPort 2222\n{own}");
    let want = format!(
        "Host 10.0.0.1 node1 10.0.0.3 10.0.0.4 10.0.0.6 10.0.0.7 NODE7 node7\n\tHostName %h\n\tPort 22\n{own}{NEEDS}{}{}{}\
         Host 10.0.0.2 Node2 node2 2001:db8::5\n{NEEDS}",
        alone("10.0.0.2", "10.0.0.2"),
        alone("Node2 node2", "10.0.0.2"),
        alone("2001:db8::5", "2001:db8::5"),
    );
    assert_eq!(body, want);
    assert_eq!(SshConfig::render_block(&[], "omm", "a", "b"), "");
}

#[test]
fn long_lists_are_split() {
    let entries: Vec<HostEntry> = (0..1000)
        .map(|n| entry(&format!("10.0.{}.{}", n / 250, n % 250), &format!("node{n}.example.com"), 22))
        .collect();
    let body = SshConfig::render_block(&entries, "omm", "/f", "/a");
    assert!(body.lines().all(|line| line.len() <= 900));
    assert!(body.lines().filter(|line| line.starts_with("Host ")).count() < 50);
    let words: Vec<&str> =
        body.lines().filter_map(|line| line.strip_prefix("Host ")).flat_map(|line| line.split(' ')).collect();
    let all: Vec<&str> = entries.iter().flat_map(|e| [e.address.as_str(), e.name.as_str()]).collect();
    assert_eq!(words, all);
}

#[test]
fn reads_back_which_nodes_the_block_knows() {
    let nodes = [entry("10.0.0.1", "A", 22), entry("fd00::2", "", 22), entry("10.0.0.3", "C", 2222)];
    let body = SshConfig::render_block(&nodes, "omm", "~/.ssh/id_om", "~/agent");
    let mut config = SshConfig::parse(b"Host mine\n\tPort 7\n");
    assert_eq!(config.block_entries(), []);
    config.set_block(&body);
    let wanted = [
        entry("10.0.0.1", "", 22),
        entry("A", "", 22),
        entry("fd00::2", "", 22),
        entry("10.0.0.3", "", 2222),
        entry("10.0.0.3", "C", 2222),
    ];
    assert_eq!(config.block_entries(), wanted);
    let again = SshConfig::render_block(&config.block_entries(), "omm", "~/.ssh/id_om", "~/agent");
    assert_eq!(again, body, "what is read back is written as it was");
}

#[test]
fn blocks_of_earlier_versions_are_read_back() {
    let own = "\tIdentityFile ~/.ssh/id_om\n\tIdentityAgent ~/agent\n";
    let old = format!(
        "Host 10.0.0.1 a fd00::2\n{own}Host 10.0.0.3\n\tHostName 10.0.0.3\n\tPort 2222\n\tUser omm\n{own}\
         Host C c\n\tHostName 10.0.0.3\n\tPort 2222\n\tUser omm\n{own}"
    );
    let mut config = SshConfig::parse(b"");
    config.set_block(&old);
    let wanted = [
        entry("10.0.0.1", "", 22),
        entry("a", "", 22),
        entry("fd00::2", "", 22),
        entry("10.0.0.3", "", 2222),
        entry("10.0.0.3", "C", 2222),
    ];
    assert_eq!(config.block_entries(), wanted);
}
