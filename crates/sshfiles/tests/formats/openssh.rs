//! OpenSSH's own tools must see what we see. Skipped where they are not installed.

use std::path::Path;
use std::process::Command;

use sshfiles::{AuthorizedKeys, HostEntry, KnownHosts, PublicKey, SshConfig};

use crate::{corpus, corpus_path, key, text};

/// The standard output of a tool; nothing if it is not installed.
fn run(tool: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(tool).args(arguments).output().ok()?;
    Some(String::from_utf8_lossy(&output.stdout).into_owned())
}

fn path_text(path: &Path) -> String {
    path.to_str().unwrap().to_owned()
}

/// Where `ssh-keygen -F` finds a host.
fn lines_found(host: &str, file: &Path) -> Option<Vec<usize>> {
    let shown = run("ssh-keygen", &["-F", host, "-f", &path_text(file)])?;
    Some(
        shown
            .lines()
            .filter_map(|line| line.split_once(" found: line ")?.1.split(' ').next()?.parse().ok())
            .collect(),
    )
}

#[test]
fn finds_the_lines_that_ssh_keygen_finds() {
    let hosts = [
        ("10.0.0.1", 22),
        ("10.0.0.11", 22),
        ("10.0.0.1", 2222),
        ("fe80::1", 2222),
        ("fe80::1", 22),
        ("node1", 22),
        ("web.example.com", 22),
        ("db1.example.com", 22),
        ("corp", 22),
        ("a.corp.example", 22),
        ("node7", 22),
        ("2001:db8::7", 22),
        ("old.example.com", 22),
        ("hidden.example.com", 22),
        ("hidden.example.com", 2222),
    ];
    for file in ["known_hosts", "known_hosts.crlf", "known_hosts.hashed"] {
        let known = KnownHosts::parse(&corpus(file));
        for (host, port) in hosts {
            let field = if port == 22 { host.to_owned() } else { format!("[{host}]:{port}") };
            let Some(theirs) = lines_found(&field, &corpus_path(file)) else { return };
            let ours: Vec<usize> = known.lookup(host, port).iter().map(|found| found.line).collect();
            assert_eq!(ours, theirs, "{file} {field}");
        }
    }
}

#[test]
fn ssh_keygen_reads_lines_of_ours_among_crlf() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("known_hosts");
    let mut known = KnownHosts::parse(&corpus("known_hosts.crlf"));
    known.set_ours(&["fe80::2"], 2222, &[key(1)]);
    std::fs::write(&file, known.to_bytes()).unwrap();
    let Some(found) = lines_found("[fe80::2]:2222", &file) else { return };
    let ours: Vec<usize> = known.lookup("fe80::2", 2222).iter().map(|found| found.line).collect();
    assert_eq!(found, ours);
}

#[test]
fn fingerprints_are_those_of_ssh_keygen() {
    for name in ["authorized_keys", "authorized_keys.crlf"] {
        let Some(shown) = run("ssh-keygen", &["-l", "-f", &path_text(&corpus_path(name))]) else { return };
        let theirs: Vec<&str> = shown.lines().filter_map(|line| line.split(' ').nth(1)).collect();
        let ours: Vec<String> =
            AuthorizedKeys::parse(&corpus(name)).entries().map(|e| e.key.fingerprint()).collect();
        assert_eq!(ours, theirs, "{name}");
    }
    let line = text(corpus("authorized_keys")).lines().nth(2).unwrap().to_owned();
    assert!(line.parse::<PublicKey>().is_ok());
}

#[test]
fn ssh_reads_our_block_and_the_users_text_keeps_its_scope() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("config");
    let entries: Vec<HostEntry> = (1..=200)
        .map(|n| HostEntry {
            address: format!("10.0.0.{n}"),
            name: format!("node{n}"),
            port: if n == 2 { 2222 } else { 22 },
        })
        .collect();
    let body = SshConfig::render_block(&entries, "omm", "/home/o m/50%/id_om", "/run/50%/agent");
    let mut config = SshConfig::parse(b"ServerAliveInterval 33\nHost node2\n\tCompression yes\n");
    config.set_block(&body);
    std::fs::write(&file, config.to_bytes()).unwrap();
    let settings = |host: &str| run("ssh", &["-G", "-F", &path_text(&file), host]);
    let Some(node2) = settings("node2") else { return };
    for line in ["hostname 10.0.0.2", "port 2222", "user omm", "serveraliveinterval 33", "compression yes"] {
        assert!(node2.lines().any(|known| known == line), "{line} not in {node2}");
    }
    let node199 = settings("10.0.0.199").unwrap();
    for line in ["port 22", "serveraliveinterval 33"] {
        assert!(node199.lines().any(|known| known == line), "{line} not in {node199}");
    }
    assert!(node199.lines().any(|line| line.starts_with("identityfile /home/o m/50%")), "{node199}");
    let other = settings("other").unwrap();
    assert!(other.contains("serveraliveinterval 33") && !other.contains("id_om"), "{other}");
}

/// What stands below the block, or in the system's file, and must not count for its nodes.
const ASTRAY: &[(&str, &str, &str)] = &[
    ("HostName 10.9.9.9", "hostname", "10.0.0.1"),
    ("Port 2222", "port", "22"),
    ("User admin", "user", "omm"),
    ("UserKnownHostsFile /dev/null", "userknownhostsfile", "/.ssh/known_hosts"),
    ("ProxyCommand /no/such/program %h", "proxycommand", ""),
    ("ProxyJump gate", "proxyjump", ""),
    ("PubkeyAuthentication no", "pubkeyauthentication", "yes|true"),
    ("PreferredAuthentications password", "preferredauthentications", "publickey,"),
    ("IdentityAgent none", "identityagent", "/agent"),
    ("IdentityFile ~/.ssh/other", "identityfile", "id_om"),
    ("AddressFamily inet6", "addressfamily", "any"),
    ("CanonicalizeHostname always", "canonicalizehostname", "no|false"),
    ("ControlMaster auto", "controlmaster", "no|false"),
    ("ControlPath /tmp/one-for-all", "controlpath", ""),
    ("RequestTTY force", "requesttty", "auto"),
];

#[test]
fn nothing_below_the_block_leads_astray() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("config");
    let node =
        |address: &str, name: &str, port| HostEntry { address: address.into(), name: name.into(), port };
    let entries = [node("10.0.0.1", "Node1", 22), node("10.0.0.2", "Node2", 2022)];
    let body = SshConfig::render_block(&entries, "omm", "~/.ssh/id_om", "~/agent");
    for (line, keyword, wanted) in ASTRAY {
        let mut config = SshConfig::parse(format!("Host *\n\t{line}\n").as_bytes());
        config.set_block(&body);
        std::fs::write(&file, config.to_bytes()).unwrap();
        for (host, address, port) in [
            ("10.0.0.1", "10.0.0.1", "22"),
            ("Node1", "node1", "22"),
            ("node1", "node1", "22"),
            ("10.0.0.2", "10.0.0.2", "2022"),
            ("Node2", "10.0.0.2", "2022"),
            ("node2", "10.0.0.2", "2022"),
        ] {
            let Some(said) = run("ssh", &["-G", "-F", &path_text(&file), host]) else { return };
            let values = said.lines().filter_map(|line| line.split_once(' '));
            let first = values.filter(|(word, _)| word == keyword).map(|(_, value)| value).next();
            let wanted = match *keyword {
                "hostname" => address,
                "port" => port,
                _ => wanted,
            };
            // `none` is printed by some releases, and left out by others.
            let first = first.filter(|value| *value != "none").unwrap_or_default();
            let fits =
                |wanted: &str| if wanted.is_empty() { first.is_empty() } else { first.contains(wanted) };
            assert!(wanted.split('|').any(fits), "{line}, {host}: {keyword} {first}, not {wanted}");
        }
    }
}
