//! The scripts, under every shell that is there.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};

use super::machine::{Machine, script, shells};
use super::*;

const ANSWER: &str = "stick/answer-10.0.0.1.txt";

fn guest() -> Guest {
    Guest { key: ED25519.parse().unwrap(), comment: "omm@coordinator".to_owned() }
}

fn mode(machine: &Machine, name: &str) -> u32 {
    fs::metadata(machine.path(name)).unwrap().permissions().mode() & 0o7777
}

#[test]
fn a_fresh_machine_gets_the_four_files_and_answers() {
    for shell in shells() {
        let machine = Machine::new(shell);
        fs::set_permissions(machine.path("home"), Permissions::from_mode(0o775)).unwrap();
        let run = machine.run(&script(&[guest()]), &[]).must_be_well();
        let (key, host) = (machine.key("home/.ssh/id_rsa.pub"), machine.key("etc/ssh_host_ed25519_key.pub"));
        assert!(key.starts_with("ssh-rsa "), "{key}");
        assert_eq!(
            machine.text("home/.ssh/authorized_keys"),
            format!("{key} omm@10.0.0.1-by-hand #OM\n{ED25519} omm@coordinator #OM\n")
        );
        assert_eq!(machine.text("home/.ssh/known_hosts"), format!("10.0.0.1 {host} #OM\n"));
        assert_eq!((mode(&machine, "home"), mode(&machine, "home/.ssh")), (0o755, 0o700));
        for name in ["authorized_keys", "id_rsa", "id_rsa.pub", "known_hosts"] {
            assert_eq!(mode(&machine, &format!("home/.ssh/{name}")), 0o600, "{name}");
        }
        let answer = parse_answer(&machine.read(ANSWER), node("10.0.0.1"), "omm").unwrap();
        assert_eq!(answer.public_key.to_string(), key);
        assert_eq!(answer.host_keys.iter().map(ToString::to_string).collect::<Vec<_>>(), [host]);
        for key in [&answer.public_key, &answer.host_keys[0]] {
            assert!(run.out.contains(&key.fingerprint()), "{}", run.out);
        }
        let (home, said) = (machine.home(), machine.read(ANSWER));
        assert_eq!(home.len(), 5, "nothing else is left: {home:?}");
        machine.run(&script(&[guest()]), &[]).must_be_well();
        assert_eq!((machine.home(), machine.read(ANSWER)), (home, said), "{shell:?}");
        assert_eq!(fs::read_dir(machine.path("stick")).unwrap().count(), 2);
    }
}

#[test]
fn lines_that_are_there_stay_byte_for_byte() {
    let odd: [&[u8]; 6] = [
        b"# no line end",
        b"ssh-rsa AAAA crlf\r\n\r\n",
        b"\n\n\xff\xfe \0 binary\n\0",
        b"command=\"x\" ssh-rsa AAAA\nmore\0",
        b"\n",
        b"*\n.*\n[\n\\\n",
    ];
    for shell in shells() {
        for before in odd {
            let machine = Machine::with_key(shell);
            for name in ["authorized_keys", "known_hosts"] {
                machine.put(&format!("home/.ssh/{name}"), before);
            }
            machine.run(&script(&[guest()]), &[]).must_be_well();
            for name in ["authorized_keys", "known_hosts"] {
                let after = machine.read(&format!("home/.ssh/{name}"));
                let rest = after.strip_prefix(before).unwrap();
                let rest = if before.ends_with(b"\n") { rest } else { rest.strip_prefix(b"\n").unwrap() };
                let lines = String::from_utf8(rest.to_vec()).unwrap();
                assert!(lines.lines().all(|line| line.ends_with(" #OM")) && lines.ends_with('\n'), "{lines}");
                assert_eq!(
                    lines.lines().count(),
                    if name == "known_hosts" { 1 } else { 2 },
                    "{shell:?} {lines}"
                );
            }
            let home = machine.home();
            machine.run(&script(&[guest()]), &[]).must_be_well();
            assert_eq!(machine.home(), home, "{shell:?}");
        }
    }
}

#[test]
fn stale_lines_of_ours_go_and_no_others() {
    for shell in shells() {
        let machine = Machine::with_key(shell);
        let keys = [
            format!("{OTHER} omm@10.0.0.2-by-hand #OM"),
            format!("from=\"h\" {OTHER} omm@10.0.0.1-by-hand #OM"),
            format!("{OTHER} omm@10.0.0.1-by-hand"),
            format!("{OTHER} omm@node1 #OM"),
        ];
        let known = [
            format!("10.0.0.2 {OTHER} #OM"),
            format!("10.0.0.1 {OTHER}"),
            format!("@revoked 10.0.0.1 {OTHER} #OM"),
            format!("10.0.0.2,n {OTHER} #OM"),
            format!("10.0.0.11 {OTHER} #OM"),
        ];
        let text = |lines: &[String], stale: &str| format!("{stale}\n{}\n", lines.join("\n"));
        machine.put(
            "home/.ssh/authorized_keys",
            text(&keys, &format!("{OTHER} omm@10.0.0.1-by-hand #OM")).as_bytes(),
        );
        machine.put("home/.ssh/known_hosts", text(&known, &format!("10.0.0.1 {OTHER} #OM")).as_bytes());
        machine.run(&script(&[]), &[]).must_be_well();
        let (own, host) = (machine.key("home/.ssh/id_rsa.pub"), machine.key("etc/ssh_host_ed25519_key.pub"));
        let wanted = format!("{}\n{own} omm@10.0.0.1-by-hand #OM\n", keys.join("\n"));
        assert_eq!(machine.text("home/.ssh/authorized_keys"), wanted, "{shell:?}");
        assert_eq!(
            machine.text("home/.ssh/known_hosts"),
            format!("{}\n10.0.0.1 {host} #OM\n", known.join("\n"))
        );
    }
}

#[test]
fn a_line_for_several_hosts_says_what_a_line_for_each_says() {
    for shell in shells() {
        let machine = Machine::with_key(shell);
        let host = machine.key("etc/ssh_host_ed25519_key.pub");
        let right = format!("node1,10.0.0.1,x {host} #OM");
        // What is for another machine too stays for that one.
        let stale = format!("10.0.0.9,10.0.0.1,x {OTHER} #OM");
        let rest = format!("10.0.0.9,x {OTHER} #OM");
        let others: String =
            ["10.0.0.2,node2", "#10.0.0.1,node1", "*.corp,10.0.0.1", "!10.0.0.7,10.0.0.1", "|1|h,10.0.0.1"]
                .map(|hosts| format!("{hosts} {OTHER} #OM\n"))
                .concat();
        let others = format!("{others}10.0.0.1,n {OTHER}\n");
        machine.put("home/.ssh/known_hosts", format!("{right}\n{stale}\n{others}").as_bytes());
        for _ in 0..2 {
            machine.run(&script(&[]), &[]).must_be_well();
            assert_eq!(
                machine.text("home/.ssh/known_hosts"),
                format!("{right}\n{others}{rest}\n"),
                "{shell:?}"
            );
        }
        // What is commented out says nothing.
        for comment in ["#x,10.0.0.1", "*,10.0.0.1", "@x,10.0.0.1"].map(|hosts| format!("{hosts} {host} #OM"))
        {
            machine.put("home/.ssh/known_hosts", format!("{comment}\n").as_bytes());
            machine.run(&script(&[]), &[]).must_be_well();
            assert_eq!(
                machine.text("home/.ssh/known_hosts"),
                format!("{comment}\n10.0.0.1 {host} #OM\n"),
                "{shell:?}"
            );
        }
        // What is right without a line end is right.
        machine.put("home/.ssh/known_hosts", right.as_bytes());
        machine.run(&script(&[]), &[]).must_be_well();
        assert_eq!(machine.text("home/.ssh/known_hosts"), right, "{shell:?}");
    }
}

#[test]
fn a_wrong_user_or_machine_is_refused_before_anything_is_written() {
    for shell in shells() {
        let machine = Machine::new(shell);
        machine.tool("id", "echo root");
        machine.run(&script(&[]), &[]).must_say(1, "you are root. First: su - omm");
        let machine = Machine::with_key(shell);
        let before = machine.home();
        machine.tool("hostname", "echo '10.0.0.11 110.0.0.1 '");
        machine.run(&script(&[]), &[]).must_say(1, "this one has: 10.0.0.11 110.0.0.1");
        machine.run(&script(&[]), &["--frob"]).must_say(1, "unknown option");
        assert_eq!(machine.home(), before);
        assert!(!machine.path(ANSWER).exists());
        machine.run(&script(&[]), &["--any-address"]).must_say(0, "does not have the address");
        assert!(machine.path(ANSWER).exists());
        machine.tool("hostname", "exit 1");
        machine.run(&script(&[]), &[]).must_say(0, "cannot be seen");
        machine.tool("ip", "echo '2: e    inet 10.0.0.1/24 brd 10.0.0.255 scope global e'");
        machine.run(&script(&[]), &[]).must_be_well();
    }
}

#[test]
fn a_key_pair_is_kept_and_its_public_file_set_right() {
    for shell in shells() {
        let machine = Machine::with_key(shell);
        let (private, right) = (machine.read("home/.ssh/id_rsa"), machine.key("home/.ssh/id_rsa.pub"));
        fs::set_permissions(machine.path("home/.ssh/id_rsa"), Permissions::from_mode(0o644)).unwrap();
        machine.put("home/.ssh/id_rsa.pub", OTHER.as_bytes());
        let run = machine.run(&script(&[]), &[]).must_be_well();
        assert!(run.out.contains("Kept the key pair") && run.out.contains("did not belong"), "{}", run.out);
        assert_eq!(
            (machine.read("home/.ssh/id_rsa"), machine.key("home/.ssh/id_rsa.pub")),
            (private, right.clone())
        );
        fs::remove_file(machine.path("home/.ssh/id_rsa.pub")).unwrap();
        machine.run(&script(&[]), &[]).must_be_well();
        assert_eq!(machine.key("home/.ssh/id_rsa.pub"), right);
        for name in ["id_rsa", "id_rsa.pub"] {
            fs::remove_file(machine.path(&format!("home/.ssh/{name}"))).unwrap();
        }
        machine.keygen("home/.ssh/id_rsa", "secret");
        machine.run(&script(&[]), &[]).must_say(0, "has a passphrase");
        fs::remove_file(machine.path("home/.ssh/id_rsa.pub")).unwrap();
        machine.run(&script(&[]), &[]).must_say(1, "Move it away");
    }
}

#[test]
fn links_are_followed_and_a_stick_that_is_read_only_is_no_end() {
    for shell in shells() {
        let machine = Machine::with_key(shell);
        machine.put("home/keys", b"# mine\n");
        symlink("../keys", machine.path("home/.ssh/authorized_keys")).unwrap();
        // Nobody can write there.
        let text = machine.prepared(&script(&[]));
        let run = machine.run_words(&["-c", &text, "/proc/script.sh"], &[("LANG", "C")]);
        run.must_say(0, "nothing can be written beside this script");
        assert!(fs::symlink_metadata(machine.path("home/.ssh/authorized_keys")).unwrap().is_symlink());
        assert!(machine.text("home/keys").starts_with("# mine\nssh-ed25519 "));
        assert!(parse_answer(&machine.read("home/answer-10.0.0.1.txt"), node("10.0.0.1"), "omm").is_ok());
        // A planted link is replaced, not followed.
        symlink(machine.path("home/keys"), machine.path("stick/.answer-10.0.0.1.txt.new")).unwrap();
        let keys = machine.read("home/keys");
        machine.run(&script(&[]), &[]).must_be_well();
        assert_eq!(machine.read("home/keys"), keys);
        assert!(fs::symlink_metadata(machine.path(ANSWER)).unwrap().is_file());
    }
}

#[test]
fn a_machine_without_host_keys_or_with_an_sshd_that_takes_no_keys_is_told() {
    for shell in shells() {
        let machine = Machine::with_key(shell);
        let path = machine.path("etc/ssh_host_ed25519_key");
        machine.tool(
            "sshd",
            &format!(
                "echo hostkey {}; echo pubkeyauthentication no; echo authorizedkeysfile /etc/keys/%u",
                path.display()
            ),
        );
        let run = machine.run(&script(&[]), &[]).must_say(0, "takes no keys");
        assert!(run.err.contains("looks for keys in '/etc/keys/%u'"), "{}", run.err);
        // The public half alone is missing: root can make it.
        let host = machine.key("etc/ssh_host_ed25519_key.pub");
        fs::remove_file(machine.path("etc/ssh_host_ed25519_key.pub")).unwrap();
        machine.run(&script(&[]), &[]).must_say(0, "takes no keys");
        assert!(machine.text(ANSWER).contains(&format!("host-key {host}\n")));
        fs::remove_file(path).unwrap();
        machine.run(&script(&[]), &[]).must_say(1, "no host keys are found");
    }
}

#[test]
fn the_screen_speaks_chinese_where_it_can_be_shown() {
    let machine = Machine::with_key(shells()[0]);
    machine.put("stick/script.sh", script(&[]).as_bytes());
    let said = |environment: &[(&str, &str)]| machine.run_words(&["script.sh"], environment).out;
    assert!(said(&[("LANG", "zh_CN.UTF-8")]).contains("10.0.0.1 完成。"));
    assert!(said(&[("LANG", "zh_CN.UTF-8"), ("TERM", "linux")]).is_ascii());
    assert!(said(&[("LANG", "zh_CN.GB18030")]).is_ascii());
    assert!(said(&[("LANG", "zh_CN.utf8"), ("LC_ALL", "C")]).is_ascii());
}

#[test]
fn finishing_brings_all_together_and_a_second_time_nothing() {
    for shell in shells() {
        let machine = Machine::with_key(shell);
        machine.run(&script(&[guest()]), &[]).must_be_well();
        let mut own = parse_answer(&machine.read(ANSWER), node("10.0.0.1"), "omm").unwrap();
        own.name = Some("node1".to_owned());
        let far = NodeSpec { port: 2222, ..node("fd00::1") };
        let answers = [(node("10.0.0.1"), own.clone()), (far, answer(ED25519, OTHER))];
        let finish = finish_script("omm", &answers);
        machine.run(&finish, &[]).must_be_well();
        let keys = machine.text("home/.ssh/authorized_keys");
        assert!(keys.ends_with(&format!("{OTHER} omm@fd00::1-by-hand #OM\n")), "{keys}");
        assert_eq!(keys.lines().count(), 3);
        let known = machine.text("home/.ssh/known_hosts");
        let own = &own.host_keys[0];
        let wanted = format!("10.0.0.1 {own} #OM\nnode1 {own} #OM\n[fd00::1]:2222 {ED25519} #OM\n");
        assert_eq!(known, wanted);
        let home = machine.home();
        machine.run(&finish, &[]).must_be_well();
        assert_eq!(machine.home(), home);
        // Another key of the far node, and a record of the user's own that says otherwise.
        machine.put("home/.ssh/known_hosts", format!("# mine\n[fd00::1]:2222 {OTHER}\n{known}").as_bytes());
        let run = machine
            .run(&finish, &[])
            .must_say(0, "known_hosts, line 2, has another ssh-ed25519 key for [fd00::1]:2222");
        assert_eq!(run.err.lines().count(), 1, "{}", run.err);
        // Without this machine's own answer the rest is done all the same.
        let others = finish_script("omm", &[(node("10.0.0.3"), answer(ED25519, OTHER))]);
        machine.run(&others, &[]).must_say(1, "the key of this machine is not in this script");
        assert!(machine.text("home/.ssh/known_hosts").contains("10.0.0.3 ssh-ed25519 "));
    }
}

#[test]
fn a_cluster_of_a_thousand_is_no_trouble() {
    let machine = Machine::with_key(shells()[0]);
    let one = answer(ED25519, &machine.key("home/.ssh/id_rsa.pub"));
    let nodes = (0..1000u32).map(|i| node(&format!("10.1.{}.{}", i / 250, i % 250)));
    let answers: Vec<_> = nodes.map(|node| (node, one.clone())).collect();
    let finish = finish_script("omm", &answers);
    machine.run(&finish, &[]).must_be_well();
    let known = machine.text("home/.ssh/known_hosts");
    assert_eq!(known.lines().count(), 1000);
    assert_eq!(machine.text("home/.ssh/authorized_keys").lines().count(), 1000);
    // As a set-up writes them.
    let known: String = known.lines().enumerate().map(|(i, line)| format!("n{i},{line}\n")).collect();
    machine.put("home/.ssh/known_hosts", known.as_bytes());
    machine.run(&finish, &[]).must_be_well();
    assert!(machine.text("home/.ssh/known_hosts") == known, "lines for several hosts are right");
    let home = machine.home();
    machine.run(&finish, &[]).must_be_well();
    assert_eq!(machine.home(), home);
}

#[test]
fn a_tool_that_fails_loses_no_line() {
    // As on a full disk; grep(1) also as one that does not know its options.
    let tools = [
        ("cat", "exit 1".to_owned()),
        ("mv", "exit 1".to_owned()),
        ("cp", "exit 1".to_owned()),
        ("grep", "case $1 in -avxF) exit 2 ;; esac; exec /usr/bin/grep \"$@\"".to_owned()),
    ];
    for shell in shells() {
        for (tool, script_of_it) in &tools {
            let machine = Machine::with_key(shell);
            machine.put("home/.ssh/authorized_keys", b"# mine\n");
            machine.tool(tool, script_of_it);
            assert_eq!(machine.run(&script(&[guest()]), &[]).code, Some(1), "{shell:?} {tool}");
            assert_eq!(machine.text("home/.ssh/authorized_keys"), "# mine\n", "{shell:?} {tool}");
            assert_eq!(machine.home().len(), 4, "{shell:?} {tool}: {:?}", machine.home());
        }
    }
}

#[test]
fn what_a_killed_run_left_is_no_obstacle_and_goes() {
    let machine = Machine::with_key(shells()[0]);
    fs::create_dir(machine.path("home/.ssh/.gs_sshexkey.work")).unwrap();
    machine.put("home/.ssh/.gs_sshexkey.work/id_rsa", b"half a key");
    machine.put("home/.ssh/.gs_sshexkey.new", b"half a file");
    machine.run(&script(&[guest()]), &[]).must_be_well();
    let names: Vec<_> =
        machine.home().into_iter().map(|(path, ..)| path.file_name().unwrap().to_owned()).collect();
    assert_eq!(names, [".ssh", "authorized_keys", "id_rsa", "id_rsa.pub", "known_hosts"]);
}

#[test]
fn the_coordinators_own_scripts_do_their_part() {
    for shell in shells() {
        let machine = Machine::new(shell);
        machine.run(&own_key_script("omm"), &[]).must_be_well();
        assert!(machine.text("home/.ssh/id_rsa").starts_with("-----BEGIN OPENSSH PRIVATE KEY-----"));
        assert_eq!(mode(&machine, "home/.ssh/id_rsa"), 0o600);
        let script = machine.prepared(&known_hosts_script("omm"));
        machine.put("stick/script.sh", script.as_bytes());
        machine.put("stick/input", b"one\ntwo");
        let redirect = ". ./script.sh <input";
        machine.run_words(&["-c", redirect], &[]).must_be_well();
        assert_eq!(machine.text("home/.ssh/known_hosts"), "one\ntwo");
        assert_eq!(mode(&machine, "home/.ssh/known_hosts"), 0o600);
    }
}

#[test]
fn nothing_secret_is_in_any_script() {
    let answers = [(node("10.0.0.1"), answer(ED25519, OTHER))];
    let all = [script(&[guest()]), finish_script("omm", &answers), readme("omm", &[node("10.0.0.1")])];
    for text in all {
        assert!(!text.contains("PRIVATE") && !text.contains("id_om"), "{text}");
    }
    // A name cannot end its quotes.
    assert!(
        node_script("o'; reboot; '", node("10.0.0.1"), &[]).contains("gs_user='o'\\''; reboot; '\\'''\n")
    );
}
