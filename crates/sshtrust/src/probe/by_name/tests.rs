//! The script and the judgement with the real `ssh -G`; only the resolver is played. Skipped where there is no OpenSSH.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Command;

use tempfile::TempDir;
use trust::probe::by_name::Why;

use super::script::script_with;
use super::*;
use crate::inventory::NodeIx;
use crate::probe::script::SSH;

const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKDoJ0RZiZz0ww1F5b8Jrfk8SuiYWL0W3bXsDzhBhNsp";
const OTHER: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// Prints the lines of a file of names and addresses, as getent(1) of glibc does.
const GETENT: &str = r#"#!/bin/sh
[ "$1" = ahosts ] || exec /usr/bin/getent "$@"
shift
all=0
for name in "$@"; do
    canon=$name known=2
    # The resolver does not tell capitals from small letters.
    name=$(echo "$name" | tr A-Z a-z)
    while read -r address names; do
        case " $(echo "$names" | tr A-Z a-z) " in
        *" $name "*)
            printf '%-15s STREAM %s\n%-15s DGRAM  \n%-15s RAW    \n' "$address" "$canon" "$address" "$address"
            canon='' known=0
            ;;
        esac
    done <"$(dirname "$0")/hosts"
    [ $known -eq 0 ] || all=2
done
exit $all
"#;

/// A node, with what stands in its files.
struct Caller {
    folder: TempDir,
    shell: &'static str,
}

impl Caller {
    /// On which three nodes are as a set-up leaves them.
    fn new(shell: &'static str) -> Self {
        let caller = Self { folder: TempDir::new().unwrap(), shell };
        caller.write("getent", GETENT);
        fs::set_permissions(caller.path("getent"), fs::Permissions::from_mode(0o755)).unwrap();
        caller.write("hosts", "10.0.0.1 node1\n10.0.0.2 Node2 # OM\n10.0.0.3 node3\n");
        let known = |i: usize, name: &str| format!("10.0.0.{i} {KEY} #OM\n{name} {KEY} #OM\n");
        let known: String = [known(1, "node1"), known(2, "Node2"), known(3, "node3")].concat();
        caller.write("known", &known.replace("10.0.0.3", "[10.0.0.3]:2222").replace("node3", "[node3]:2222"));
        caller.config("");
        caller
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    fn append(&self, name: &str, text: &str) {
        self.write(name, &(fs::read_to_string(self.path(name)).unwrap() + text));
    }

    /// Our block, and lines of the user's.
    fn config(&self, lines: &str) {
        let identity = "IdentityFile ~/.ssh/id_om\nIdentityAgent ~/gauss%%db\n";
        let known = self.path("known");
        let third =
            |alias: &str| format!("Host {alias}\nHostName 10.0.0.3\nPort 2222\nUser root\n{identity}");
        let text = format!(
            "Host 10.0.0.1 10.0.0.2 node1 Node2\n{identity}{}{}Match all\n{lines}\nMatch all\n\
             UserKnownHostsFile {} /none/known_hosts2\nGlobalKnownHostsFile {}\n",
            third("10.0.0.3"),
            third("node3"),
            known.display(),
            self.path("global").display()
        );
        self.write("config", &text);
    }

    fn ask(&self, known: &Files) -> Vec<u8> {
        let ssh = SSH.replacen("ssh", &format!("ssh -F {}", self.path("config").display()), 1);
        let path = format!("PATH={}:$PATH; export PATH\n", self.folder.path().display());
        let script = path + &script_with(&ssh, 60, &CALLEES, known);
        Command::new(self.shell).args(["-c", &script]).output().unwrap().stdout
    }

    /// What follows for nodes 1, 2 and 3.
    fn judged(&self) -> [Result<(), Why>; 3] {
        let told = Told::read(&self.ask(&Files::new()), &Files::new());
        let judge = Judge::new(&told);
        CALLEES.map(|(to, address, _)| judge.follows(to, address))
    }
}

const fn address(last: u8) -> IpAddr {
    IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, last))
}

const CALLEES: [Callee<'static>; 3] = [
    (NodeIx::new(0), address(1), "node1"),
    (NodeIx::new(1), address(2), "Node2"),
    (NodeIx::new(2), address(3), "node3"),
];

fn has_ssh() -> bool {
    Command::new("ssh").arg("-G").arg("a").output().is_ok_and(|output| output.status.success())
}

#[test]
fn as_a_set_up_leaves_it_all_follows_under_every_shell() {
    for shell in ["sh", "bash", "dash"] {
        let caller = Caller::new(shell);
        if !has_ssh() || Command::new(shell).args(["-c", "true"]).output().is_err() {
            continue;
        }
        assert_eq!(caller.judged(), [Ok(()); 3], "{shell}");
    }
}

#[test]
fn files_that_are_known_are_not_sent_again() {
    let caller = Caller::new("sh");
    if !has_ssh() {
        return;
    }
    let first = caller.ask(&Files::new());
    let known = Told::read(&first, &Files::new()).into_files();
    let second = caller.ask(&known);
    assert!(second.len() + 200 < first.len() && !String::from_utf8_lossy(&second).contains(KEY));
    let told = Told::read(&second, &known);
    assert_eq!(CALLEES.map(|(to, at, _)| Judge::new(&told).follows(to, at)), [Ok(()); 3]);
    // Changed meanwhile, it is sent.
    caller.append("known", "# one more line, without an end");
    let third = Told::read(&caller.ask(&known), &known);
    assert_eq!(CALLEES.map(|(to, at, _)| Judge::new(&third).follows(to, at)), [Ok(()); 3]);
}

/// Lines of the user's configuration below our block, and whether nodes 1 and 2 are the same by name.
#[test]
fn lines_of_the_configuration_that_treat_a_name_apart() {
    let caller = Caller::new("sh");
    if !has_ssh() {
        return;
    }
    let cases = [
        ("Host other\nPort 1", [true, true]),
        ("Host node* 10.0.0.*\nCompression yes", [true, false]),
        ("Host node1\nPort 2222", [false, true]),
        ("Host node1\nUser omm", [false, true]),
        ("Host node1\nIdentityFile /other", [false, true]),
        ("Host node1\nUserKnownHostsFile /none", [false, true]),
        ("Host node1\nGlobalKnownHostsFile /none", [false, true]),
        ("Host node1\nBindAddress 10.9.9.9", [false, true]),
        ("Host node1\nAddressFamily inet6", [false, true]),
        ("Host node1\nHostKeyAlgorithms ssh-rsa", [false, true]),
        ("Host node1\nKexAlgorithms diffie-hellman-group14-sha256", [false, true]),
        ("Host node1\nPubkeyAuthentication no", [false, true]),
        ("Host node1\nPreferredAuthentications password", [false, true]),
        ("Host node1\nHostKeyAlias node2", [false, true]),
        ("Host node1\nProxyCommand nc %h %p", [false, true]),
        ("Host node1\nCanonicalizeHostname yes\nCanonicalizeFallbackLocal yes", [false, true]),
        ("Match originalhost node1\nPort 2222", [false, true]),
        ("Match host Node2\nPort 2222", [true, false]),
        ("Match exec \"test %n = node1\"\nUser omm", [false, true]),
        ("Match exec \"test %n = 10.0.0.2\"\nUser omm", [true, false]),
        ("Host 10.0.0.1\nIdentityFile /other", [false, true]),
        // The address leads elsewhere, and the name leads there too.
        ("Host 10.0.0.1 node1\nHostName 10.0.0.2", [false, true]),
        ("Host 10.0.0.1\nHostName node1", [false, true]),
        ("Host *\nProxyJump gate", [false; 2]),
        ("Host *\nProxyCommand nc gate 22", [false; 2]),
        ("Host *\nHostKeyAlias cluster", [false; 2]),
        ("Host *\nUserKnownHostsFile ~/known/%h", [false; 2]),
        ("Host *\nCertificateFile ~/.ssh/%n-cert.pub", [false; 2]),
        ("Host *\nVerifyHostKeyDNS yes", [false; 2]),
        ("Host *\nPermitLocalCommand yes\nLocalCommand echo %n", [false; 2]),
        ("Host *\nRevokedHostKeys /etc/ssh/revoked", [false; 2]),
        // These the calls override for all hosts.
        ("Host node1\nStrictHostKeyChecking no\nCheckHostIP yes\nControlPath /tmp/%h", [true, true]),
        // What ssh itself does not read.
        ("Host node1\nNoSuchOption yes", [false; 2]),
    ];
    for (lines, wanted) in cases {
        caller.config(lines);
        let judged = caller.judged();
        assert_eq!([judged[0].is_ok(), judged[1].is_ok()], wanted, "{judged:?}: {lines}");
    }
}

#[test]
fn names_that_lead_elsewhere() {
    let caller = Caller::new("sh");
    if !has_ssh() {
        return;
    }
    let elsewhere = Err(Why::LeadsElsewhere);
    let cases = [
        // One that nobody knows does not cast a doubt on the other.
        ("10.0.0.2 node2\n", [elsewhere, Ok(())]),
        ("10.0.0.9 node1\n10.0.0.2 node2\n", [elsewhere, Ok(())]),
        ("10.0.0.9 node1\n10.0.0.1 node1\n10.0.0.2 node2\n", [elsewhere, Ok(())]),
        ("10.0.0.1 node1\n10.0.0.9 node1\n10.0.0.2 node2\n", [elsewhere, Ok(())]),
        ("fd00::1 node1\n10.0.0.1 node1\n10.0.0.2 node2\n", [elsewhere, Ok(())]),
        ("127.0.1.1 node1\n10.0.0.2 node2\n", [elsewhere, Ok(())]),
        ("10.0.0.1 node1\n10.0.0.1 node1\n10.0.0.2 node2\n", [Ok(()), Ok(())]),
        ("", [elsewhere; 2]),
    ];
    for (hosts, wanted) in cases {
        caller.write("hosts", hosts);
        // It goes to the address by `HostName`, whatever the resolver says.
        assert_eq!(caller.judged(), [wanted[0], wanted[1], Ok(())], "{hosts}");
    }
}

#[test]
fn records_of_a_name_that_are_not_those_of_its_address() {
    let caller = Caller::new("sh");
    if !has_ssh() {
        return;
    }
    let sound = fs::read_to_string(caller.path("known")).unwrap();
    let records = Err(Why::OtherRecords);
    let cases = [
        (format!("node1 {OTHER}\n"), [records, Ok(()), Ok(())]),
        (format!("10.0.0.1 {OTHER}\n"), [records, Ok(()), Ok(())]),
        (format!("@revoked node1 {KEY}\n"), [records, Ok(()), Ok(())]),
        (format!("@cert-authority *1 {OTHER}\n"), [records, Ok(()), Ok(())]),
        (format!("node? {OTHER}\n"), [records, records, Ok(())]),
        // By name node 3 is looked up by its address, as `HostName` says.
        (format!("[node3]:2222 {OTHER}\n"), [Ok(()), Ok(()), Ok(())]),
        (format!("node3 {OTHER}\n"), [Ok(()), Ok(()), Ok(())]),
    ];
    for (more, wanted) in cases {
        for file in ["known", "global"] {
            caller.write("known", &sound);
            caller.write("global", "");
            caller.append(file, &more);
            assert_eq!(caller.judged(), wanted, "{file}: {more}");
            let hash =
                Command::new("ssh-keygen").arg("-H").arg("-f").arg(caller.path(file)).output().unwrap();
            let hashed = fs::read_to_string(caller.path(file)).unwrap();
            assert!(hash.status.success() && (hashed.starts_with("|1|") || more.contains(['?', '@', '*'])));
            assert_eq!(caller.judged(), wanted, "{file}, hashed: {more}");
        }
    }
    // A file of host keys that cannot be judged.
    fs::remove_file(caller.path("global")).unwrap();
    fs::create_dir(caller.path("global")).unwrap();
    assert_eq!(caller.judged(), [Err(Why::UnclearOptions); 3]);
}

#[test]
fn a_command_of_the_configuration_that_hangs_is_ended() {
    let caller = Caller::new("sh");
    if !has_ssh() {
        return;
    }
    caller.config("Match originalhost Node2 exec \"sleep 600\"\nUser omm");
    let ssh = SSH.replacen("ssh", &format!("ssh -F {}", caller.path("config").display()), 1);
    let script = script_with(&ssh, 1, &CALLEES, &Files::new());
    let output = Command::new("sh").args(["-c", &script]).output().unwrap();
    let told = Told::read(&output.stdout, &Files::new());
    let judge = Judge::new(&told);
    let judged = CALLEES.map(|(to, address, _)| judge.follows(to, address));
    // It told what ssh would do with the first, but not with which host keys.
    assert_eq!(judged, [Err(Why::UnclearOptions), Err(Why::Untold), Err(Why::Untold)]);
}
