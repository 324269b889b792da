//! Awkward starts: whatever the user had stays, byte for byte, around what the tool writes. Only a final newline that
//! was missing is there afterwards, where something was appended.

use lab::{Kind, Lab, Node, Snapshot};

use crate::before::*;
use crate::harness::*;
use crate::tools::*;

const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEB";

/// What is left of a file when the tool's lines are taken out, by other means than the tool's.
fn without(bytes: &[u8], mut ours: impl FnMut(&str) -> bool) -> Vec<u8> {
    let lines = bytes.split(|byte| *byte == b'\n');
    let users: Vec<&[u8]> = lines.filter(|line| !ours(&String::from_utf8_lossy(line))).collect();
    users.join(&b'\n')
}

fn without_keys(lab: &Lab, node: &Node, user: &str) -> Vec<u8> {
    let public = |node: &Node| format!("{} #OM", text(node, &at_home(user, ".ssh/id_om.pub")).trim_end());
    let ours: Vec<String> = lab.nodes().iter().map(public).collect();
    without(&node.read(at_home(user, ".ssh/authorized_keys")).unwrap(), |line| {
        ours.iter().any(|our| our == line)
    })
}

fn without_hosts(node: &Node, user: &str) -> Vec<u8> {
    without(&node.read(at_home(user, ".ssh/known_hosts")).unwrap(), |line| line.ends_with(" #OM"))
}

fn without_exports(node: &Node, user: &str) -> Vec<u8> {
    let socket = format!("export SSH_AUTH_SOCK={}", at_home(user, "gaussdb_tmp/gauss_socket_tmp"));
    let is_pid =
        |line: &str| line.strip_prefix("export SSH_AGENT_PID=").is_some_and(|pid| pid.parse::<u32>().is_ok());
    without(&node.read(at_home(user, ".bashrc")).unwrap(), |line| line == socket || is_pid(line))
}

fn without_block(node: &Node, user: &str) -> Vec<u8> {
    let mut inside = false;
    without(&node.read(at_home(user, ".ssh/config")).unwrap(), |line| {
        inside |= line.starts_with("# BEGIN gs_sshexkey");
        let ours = inside;
        inside &= line != "# END gs_sshexkey";
        ours
    })
}

fn without_mapping(node: &Node) -> Vec<u8> {
    without(&node.read("/etc/hosts").unwrap(), |line| line.ends_with("  #Gauss OM IP Hosts Mapping"))
}

/// Whether what is left is what was there, but for a final newline that was missing.
fn is_what_was(left: &[u8], start: &[u8]) -> bool {
    left == start || (!start.ends_with(b"\n") && left.strip_suffix(b"\n") == Some(start))
}

/// Gives each node one of these starts for a file of the user, makes trust, and compares; then once more.
#[track_caller]
fn must_survive(lab: &Lab, path: &str, starts: &[&[u8]], left: impl Fn(&Node, &str) -> Vec<u8>) {
    for (node, start) in all(lab).iter().zip(starts) {
        node.write(at_home("omm", path), start, 0o644, "omm").unwrap();
    }
    set_up(lab, "omm");
    must_trust(&all(lab), "omm", false);
    for (node, start) in all(lab).iter().zip(starts) {
        let left = left(node, "omm");
        assert!(
            is_what_was(&left, start),
            "{}\nwas: {}\nis:  {}",
            node.name(),
            start.escape_ascii(),
            left.escape_ascii()
        );
    }
    must_change_nothing(lab, "omm");
}

/// Runs once more and compares every byte and time.
#[track_caller]
fn must_change_nothing(lab: &Lab, user: &str) {
    let before: Vec<Snapshot> = all(lab).iter().map(|node| at_rest(node)).collect();
    assert!(!set_up(lab, user).asked());
    for (node, before) in all(lab).iter().zip(&before) {
        assert_eq!(before.diff(&at_rest(node)), "", "{}", node.name());
    }
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn lines_of_authorized_keys_survive() {
    let no_newline = format!("# mine\n{KEY} me@home");
    let options =
        format!("command=\"echo hi # there\",no-pty {KEY} me #OM not at the end\n\n  # indented #OM\n");
    let crlf = format!("# windows\r\n{KEY} me\r\n\r\n");
    let bytes = [b"# \xff\xfe\0 \xc3\n\x80\x81\n".as_slice(), KEY.as_bytes(), b" caf\xe9\n\n\n"].concat();
    let starts = [no_newline.as_bytes(), options.as_bytes(), crlf.as_bytes(), &bytes];
    let lab = cluster(4);
    must_survive(&lab, ".ssh/authorized_keys", &starts, |node, user| without_keys(&lab, node, user));
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn lines_of_known_hosts_survive() {
    let lab = cluster(4);
    let keys = sh(lab.node(1), "root", "cat /etc/ssh/ssh_host_ed25519_key.pub");
    let node2 = keys.split(' ').take(2).collect::<Vec<_>>().join(" ");
    // A right record of a node, among others, hashed by ssh-keygen; and one of another host with this key.
    let plain = format!("10.77.0.2 {node2}\nold.example {KEY}\n[10.77.0.2]:2222,alias {KEY} note\n");
    lab.node(0).write("/tmp/known", plain.as_bytes(), 0o644, "omm").unwrap();
    let hashed = sh(lab.node(0), "omm", "ssh-keygen -q -H -f /tmp/known >/dev/null 2>&1; cat /tmp/known");
    assert!(hashed.starts_with("|1|"), "{hashed}");
    let several = format!("node2,10.77.0.2,alias {node2} comment\n\n# note #OM here\nx*,!xy {KEY}");
    let revoked = format!("@revoked * {KEY}\r\n@cert-authority *.example {KEY}\r\n\t10.77.0.1\tnonsense\n");
    let bytes = b"\xff\xfe not a line\n|1|broken|salt ssh-rsa AAAA\n\n".to_vec();
    let starts = [hashed.as_bytes(), several.as_bytes(), revoked.as_bytes(), &bytes];
    must_survive(&lab, ".ssh/known_hosts", &starts, without_hosts);
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn the_text_of_bashrc_survives_and_the_exports_take_effect() {
    let guard = b"# ~/.bashrc: executed by bash(1).\n\n# If not running interactively, don't do anything\ncase $- in\n    \
                  *i*) ;;\n      *) return;;\nesac\nHISTSIZE=1000\nalias l='ls -CF'";
    let older = b"[ -z \"$PS1\" ] && return\nexport SSH_AUTH_SOCK=/somewhere/else\nexport SSH_AGENT_PID=\n";
    let plain = b"export A=1\r\nexport B=2 \\\n  C=3\n\nunset SSH_AUTH_SOCK";
    let starts: [&[u8]; 4] = [guard, older, plain, b""];
    let lab = cluster(4);
    must_survive(&lab, ".bashrc", &starts, without_exports);
    let socket = at_home("omm", "gaussdb_tmp/gauss_socket_tmp");
    for node in all(&lab) {
        let profile = text(node, "/home/omm/.bashrc");
        for export in [format!("export SSH_AUTH_SOCK={socket}\n"), "export SSH_AGENT_PID=".to_owned()] {
            assert_eq!(
                profile.matches(&export).count(),
                if profile.contains("else") && export.ends_with('=') { 2 } else { 1 }
            );
        }
        let output =
            node.command("omm").args(["bash", "-c", ". ~/.bashrc; echo $SSH_AUTH_SOCK; ssh-add -l"]).output();
        let said = String::from_utf8_lossy(&output.unwrap().stdout).into_owned();
        assert!(said.starts_with(&format!("{socket}\n256 ")), "{}: {said}\n{profile}", node.name());
    }
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn the_text_of_ssh_config_survives_and_does_not_get_in_the_way() {
    let before_any_host = b"Compression yes\nIdentitiesOnly yes\nHost *\n\tHashKnownHosts no\n";
    let star =
        b"# all\nHost *\n  IdentityFile ~/.ssh/mine\n  IdentitiesOnly yes\n  IdentityAgent none\n  Port 2200";
    let crlf =
        b"Host other\r\n\tHostName 10.9.9.9\r\n\r\nMatch host \"10.77.*\" exec \"true\"\r\n\tUser omm\r\n";
    let starts: [&[u8]; 4] =
        [before_any_host, b"\n\n# only a comment \xff\n\n", crlf, b"ServerAliveInterval=30"];
    must_survive(&cluster(4), ".ssh/config", &starts, without_block);
    let lab = Lab::up(spec(2).port(0, 2200).port(1, 2200)).unwrap();
    must_survive(&lab, ".ssh/config", &[star, star], without_block);
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn lines_of_etc_hosts_survive_also_where_the_file_cannot_be_renamed() {
    let lab = cluster(3);
    let starts: [&[u8]; 3] = [
        b"127.0.0.1\tlocalhost\t# home\n\n# a comment\n10.77.0.2\t\tnode2 # mine\n",
        b"127.0.0.1 localhost\r\n::1 localhost\r\n# \xff\xfe\n10.1.1.1 a b c",
        b"127.0.0.1 localhost\n#Gauss OM IP Hosts Mapping\n",
    ];
    for (node, start) in all(&lab).iter().zip(&starts) {
        node.write("/etc/hosts", start, 0o644, "root").unwrap();
    }
    sh(lab.node(0), "root", "cp -p /etc/hosts /run/hosts; mount --bind /run/hosts /etc/hosts");
    sh(lab.node(2), "root", "chown root:omm /etc/hosts; chmod 664 /etc/hosts");
    set_up(&lab, "root");
    must_trust(&all(&lab), "root", true);
    for (node, start) in all(&lab).iter().zip(&starts) {
        let left = without_mapping(node);
        assert!(is_what_was(&left, start), "{}: {}", node.name(), left.escape_ascii());
    }
    sh(lab.node(0), "root", "cmp /run/hosts /etc/hosts && grep -q ' /etc/hosts ' /proc/mounts");
    let kept = ["644 root root", "644 root root", "664 root omm"];
    assert_eq!(all(&lab).iter().map(|node| rights(node, "/etc/hosts")).collect::<Vec<_>>(), kept);
    must_change_nothing(&lab, "root");
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn what_an_administrator_appends_afterwards_is_glued_to_nothing() {
    let lab = cluster(2);
    let nodes = all(&lab);
    let cut = |text: &str| text.trim_end().as_bytes().to_vec();
    for node in &nodes {
        let hosts = cut(&text(node, "/etc/hosts"));
        node.write("/etc/hosts", &hosts, 0o644, "root").unwrap();
        sh(node, "root", "mkdir -pm 700 .ssh");
        node.write("/root/.ssh/authorized_keys", format!("{KEY} me@home").as_bytes(), 0o600, "root").unwrap();
        node.write("/root/.bashrc", b"umask 077", 0o600, "root").unwrap();
    }
    set_up(&lab, "root");
    // As the user's own page teaches it.
    let other = KEY.replace("IAEB", "IAIB");
    for node in &nodes {
        sh(
            node,
            "root",
            &format!("echo '{other} colleague' >>~/.ssh/authorized_keys; echo 10.1.1.1 extra >>/etc/hosts"),
        );
        let keys = text(node, "/root/.ssh/authorized_keys");
        let lines: Vec<&str> = keys.lines().collect();
        assert_eq!(lines.len(), 3, "{keys}");
        assert_eq!((lines[0], lines[2]), (&*format!("{KEY} me@home"), &*format!("{other} colleague")));
        assert!(lines[1].ends_with(" #OM"), "{keys}");
        assert_eq!(text(node, "/etc/hosts").lines().last(), Some("10.1.1.1 extra"));
        assert_eq!(sh(node, "root", "getent hosts extra node2 | wc -l"), "2\n");
    }
    must_trust(&nodes, "root", true);
    must_change_nothing(&lab, "root");
    // What an older version left: its own line is the last one, without an end.
    for path in ["/root/.ssh/authorized_keys", "/root/.ssh/known_hosts", "/root/.bashrc"] {
        let whole: Vec<Vec<u8>> = nodes.iter().map(|node| node.read(path).unwrap()).collect();
        let ours = |line: &str| line.ends_with(" #OM") || line.starts_with("export SSH_A");
        let mut wanted = Vec::new();
        for (node, bytes) in nodes.iter().zip(&whole) {
            let lines = String::from_utf8(bytes.clone()).unwrap();
            let (last, rest): (Vec<&str>, Vec<&str>) = lines.lines().partition(|line| ours(line));
            let cut = [rest, last].concat().join("\n");
            node.write(path, cut.as_bytes(), 0o600, "root").unwrap();
            wanted.push(format!("{cut}\n"));
        }
        set_up(&lab, "root");
        let now: Vec<String> = nodes.iter().map(|node| text(node, path)).collect();
        assert_eq!(now, wanted, "{path}");
    }
    must_change_nothing(&lab, "root");
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn modes_are_kept_where_they_may_be_and_tightened_where_they_must_be() {
    let lab = cluster(2);
    let node = lab.node(1);
    for (path, mode) in [
        (".ssh/known_hosts", 0o644),
        (".ssh/authorized_keys", 0o644),
        (".ssh/config", 0o640),
        (".bashrc", 0o600),
        (".ssh/other", 0o666),
    ] {
        node.write(at_home("omm", path), b"", mode, "omm").unwrap();
    }
    sh(node, "omm", "chmod 755 .ssh; mkdir -m 755 gaussdb_tmp");
    set_up(&lab, "omm");
    must_trust(&all(&lab), "omm", false);
    for (path, mode) in [
        (".ssh", "700"),
        (".ssh/known_hosts", "644"),
        (".ssh/authorized_keys", "600"),
        (".ssh/config", "600"),
        (".ssh/id_om", "600"),
        (".ssh/id_om.pub", "600"),
        (".bashrc", "600"),
        (".ssh/other", "666"),
        ("gaussdb_tmp", "700"),
        ("gaussdb_tmp/ssh_protect", "700"),
        ("gaussdb_tmp/ssh_protect/rand/key_0", "700"),
        ("gaussdb_tmp/ssh_protect/cipher/key_0/server.key.cipher", "600"),
    ] {
        assert_eq!(rights(node, &at_home("omm", path)), format!("{mode} omm omm"), "{path}");
    }
    assert_eq!(rights(lab.node(0), "/home/omm/.ssh/known_hosts"), "600 omm omm");
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn owner_and_group_of_a_file_are_kept() {
    let lab = cluster(2);
    sh(lab.node(1), "root", "chown omm:daemon ~omm/.bashrc; chmod 664 ~omm/.bashrc");
    sh(lab.node(1), "root", "chown omm:daemon .bashrc; chmod 604 .bashrc");
    for user in ["root", "omm"] {
        set_up(&lab, user);
        must_trust(&all(&lab), user, true);
    }
    assert_eq!(rights(lab.node(1), "/home/omm/.bashrc"), "664 omm daemon");
    assert_eq!(rights(lab.node(1), "/root/.bashrc"), "604 omm daemon");
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn a_file_that_was_rewritten_in_place_is_put_back() {
    let lab = cluster(2);
    sh(
        lab.node(1),
        "root",
        "mkdir -m 700 ~omm/.ssh; touch ~omm/.ssh/authorized_keys; chown -R omm:daemon ~omm/.ssh",
    );
    sh(lab.node(1), "root", "chmod 640 ~omm/.ssh/authorized_keys; chown omm:daemon ~omm/.bashrc");
    let before = snapshots(&all(&lab));
    // The last ones to be verified do not get through.
    keep_out(lab.node(0), lab.node(1));
    let run = run(lab.node(0), "omm", &hostfile(&all(&lab)), &[], &format!("{PASSWORD}\n"));
    run.must_fail_with(&["[GAUSS-51100]", "All nodes were put back as they were."]);
    must_be_unchanged(&all(&lab), &before);
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn a_file_of_roots_in_the_users_own_folder_keeps_its_lines() {
    let lab = cluster(2);
    let node = lab.node(1);
    node.write("/home/omm/.ssh/known_hosts", b"# root's\n", 0o644, "root").unwrap();
    sh(node, "root", "chown omm:omm ~omm/.ssh");
    run(lab.node(0), "omm", &hostfile(&all(&lab)), &[], &format!("{PASSWORD}\n")).must_succeed();
    assert!(text(node, "/home/omm/.ssh/known_hosts").starts_with("# root's\n"));
    assert_eq!(sh(node, "root", "stat -c %U ~omm/.ssh/known_hosts"), "omm\n");
    must_trust(&all(&lab), "omm", false);
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn links_of_the_users_own_are_followed_and_stay_links() {
    let lab = cluster(2);
    let node = lab.node(1);
    sh(node, "omm", "mkdir dotfiles; mv .bashrc dotfiles/bashrc; ln -s dotfiles/bashrc .bashrc");
    sh(node, "omm", "mkdir -m 700 .ssh; touch dotfiles/config; ln -s ../dotfiles/config .ssh/config");
    let start = node.read("/home/omm/dotfiles/bashrc").unwrap();
    set_up(&lab, "omm");
    must_trust(&all(&lab), "omm", false);
    let links = node.snapshot(&["/home/omm/.bashrc", "/home/omm/.ssh/config"]);
    assert!(links.entries.values().all(|entry| entry.kind == Kind::Symlink), "{links:?}");
    assert_eq!(without_exports(node, "omm"), start);
    assert!(text(node, "/home/omm/dotfiles/config").contains("# BEGIN gs_sshexkey"));
    must_change_nothing(&lab, "omm");
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn a_link_of_somebody_elses_is_refused() {
    let lab = cluster(2);
    sh(
        lab.node(1),
        "root",
        "cp ~omm/.bashrc /tmp/theirs; chown omm /tmp/theirs; ln -sf /tmp/theirs ~omm/.bashrc",
    );
    let before = snapshots(&all(&lab));
    let run = run(lab.node(0), "omm", &hostfile(&all(&lab)), &[], &format!("{PASSWORD}\n"));
    run.must_fail_with(&[
        "[GAUSS-50205] : Failed to write /tmp/theirs.",
        "10.77.0.2",
        "symbolic link",
        "chown -h",
    ]);
    must_be_unchanged(&all(&lab), &before);
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn a_home_without_any_profile_gets_one() {
    let lab = cluster(2);
    for node in all(&lab) {
        sh(node, "omm", "rm .bashrc .profile .bash_logout");
    }
    set_up(&lab, "omm");
    must_trust(&all(&lab), "omm", false);
    for node in all(&lab) {
        assert_eq!(without_exports(node, "omm"), b"");
        assert_eq!(rights(node, "/home/omm/.bashrc"), "644 omm omm");
    }
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn a_known_hosts_of_a_megabyte_with_very_long_lines_survives() {
    let line = |i: usize| format!("host{i},10.9.{}.{} {KEY}\n", i / 250, i % 250);
    let mut start: String = (0..9_000).map(line).collect();
    start.push_str(&format!("# {}\n", "long ".repeat(40_000)));
    assert!(start.len() > 1 << 20);
    let lab = cluster(3);
    must_survive(&lab, ".ssh/known_hosts", &[start.as_bytes(), start.as_bytes()], |node, user| {
        if node.name() == "node3" { Vec::new() } else { without_hosts(node, user) }
    });
}
