//! Which host keys are taken: nothing secret goes to a machine that is not who it was.

use std::process::Stdio;

use lab::{Lab, Node};

use crate::before::*;
use crate::harness::*;
use crate::tools::*;

/// A file in which a site configures its `ssh`.
const CONFIG: &str = "/etc/ssh/ssh_config.d/site.conf";
const LOG: &str = "/tmp/setup.log";

/// A lab whose first node knows all of them as `plat1`, `plat2`, ...
fn named(spec: lab::LabSpec) -> Lab {
    let lab = Lab::up(spec).unwrap();
    for (node, n) in lab.nodes().iter().zip(1..) {
        sh(lab.node(0), "root", &format!("echo '{} plat{n}' >>/etc/hosts", node.ip()));
    }
    lab
}

/// Runs the program with these flags only; the password is on its standard input.
fn run_flags(on: &Node, user: &str, flags: &[&str]) -> Run {
    let mut command = on.command(user);
    command.arg("gs_sshexkey").args(flags);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // A run that needs no answer does not read it.
    let _ = std::io::Write::write_all(&mut child.stdin.take().unwrap(), format!("{PASSWORD}\n").as_bytes());
    finish(child)
}

/// A node's own host key, in two words.
fn key_of(node: &Node) -> String {
    text(node, "/etc/ssh/ssh_host_ed25519_key.pub").split(' ').take(2).collect::<Vec<_>>().join(" ")
}

/// Its fingerprint.
fn print_of(node: &Node) -> String {
    let line = sh(node, "root", "ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub");
    line.split(' ').nth(1).unwrap().to_owned()
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn a_record_under_any_name_stops_the_run_before_anything_secret() {
    let lab = named(spec(3));
    let nodes = all(&lab);
    let (here, there) = (nodes[0], nodes[1]);
    nodes.iter().for_each(|node| count_tries(node));
    let (real, other) = (print_of(there), print_of(nodes[2]));
    let stale = format!("plat2 {}\n", key_of(nodes[2]));
    let revoked = format!("plat2 {0}\n@revoked plat* {0}\n", key_of(there));
    let known = "/root/.ssh/known_hosts";
    here.write("/root/inventory", b"plat2 ansible_host=10.77.0.2\n10.77.0.1\n", 0o644, "root").unwrap();
    let hosts = ["--hosts", "plat[1-3]"];
    let cases: [(&str, &str, &str, &str, &[&str]); 7] = [
        ("", known, &stale, "plat2", &hosts),
        ("HASH", known, &stale, "plat2", &hosts),
        ("", known, &revoked, "plat*", &hosts),
        ("", known, &stale, "plat2", &["-i", "/root/inventory"]),
        ("Host plat2\n UserKnownHostsFile ~/.ssh/own\n", "/root/.ssh/own", &stale, "plat2", &hosts),
        ("Host *\n GlobalKnownHostsFile /etc/keys\n", "/etc/keys", &stale, "plat2", &hosts),
        ("Host plat2\n HostKeyAlias cluster\n", known, &stale.replace("plat2", "cluster"), "cluster", &hosts),
    ];
    for (config, file, records, host, source) in cases {
        let (hash, config) = if config == "HASH" { (true, "") } else { (false, config) };
        here.write(CONFIG, config.as_bytes(), 0o644, "root").unwrap();
        here.write(file, records.as_bytes(), 0o644, "root").unwrap();
        if hash {
            sh(here, "root", &format!("ssh-keygen -q -H -f {file} && rm -f {file}.old"));
        }
        let before = Before::of(&nodes);
        let run = run_flags(here, "root", source);
        let print = if records == revoked { &real } else { &other };
        let place = format!("in {file}, line {}", if records == revoked { 2 } else { 1 });
        let run = run.must_fail_with(&["[GAUSS-51101]", "10.77.0.2", &real, print, &place]);
        if records != revoked {
            assert!(run.stderr.contains(&format!("on record for {host} is")), "{}", run.stderr);
            assert!(run.stderr.contains(&format!("ssh-keygen -R '{host}' -f {file}")), "{}", run.stderr);
            // What ssh itself would do.
            let said = here.sh("root", "ssh -n -o BatchMode=yes plat2 true 2>&1").unwrap().stdout;
            let same = said.contains("IDENTIFICATION HAS CHANGED") || source[0] == "-i";
            assert!(same, "{said}");
        }
        assert!(!run.asked(), "{}", run.stdout);
        before.must_stand(&nodes);
        here.sh("root", &format!("rm {file}; rm {CONFIG}")).unwrap();
    }
    assert_eq!(nodes.iter().map(|node| tries(node)).sum::<usize>(), 0);
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn keys_that_the_site_has_revoked_are_refused_though_they_are_on_record() {
    let lab = named(spec(2));
    let nodes = all(&lab);
    let known = format!("plat2 {}\n", key_of(nodes[1]));
    nodes[0].write("/root/.ssh/known_hosts", known.as_bytes(), 0o600, "root").unwrap();
    let key = format!("{}\n", key_of(nodes[1]));
    nodes[0].write("/root/old.pub", key.as_bytes(), 0o644, "root").unwrap();
    nodes[0].write(CONFIG, b"RevokedHostKeys /etc/ssh/revoked\n", 0o644, "root").unwrap();
    let forms = [
        ("cp /root/old.pub /etc/ssh/revoked", "in /etc/ssh/revoked, line 1"),
        ("ssh-keygen -q -k -f /etc/ssh/revoked /root/old.pub", "on the revocation list /etc/ssh/revoked"),
    ];
    for (make, words) in forms {
        sh(nodes[0], "root", make);
        let run = run_flags(nodes[0], "root", &["--hosts", "plat[1-2]"]);
        let run = run.must_fail_with(&["the host key is revoked", words, "declared stolen or retired"]);
        assert!(!run.asked(), "{run:?}");
    }
    sh(nodes[0], "root", ": >/etc/ssh/revoked");
    run_flags(nodes[0], "root", &["--hosts", "plat[1-2]"]).must_succeed();
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn a_key_that_is_known_under_a_name_is_known_and_new_ones_are_shown_before_the_question() {
    let lab = named(spec(4));
    let nodes = all(&lab);
    let records = format!("plat2 {}\nplat3 {}\n", key_of(nodes[1]), key_of(nodes[2]));
    nodes[0].write("/root/.ssh/known_hosts", records.as_bytes(), 0o600, "root").unwrap();
    let run = run_flags(nodes[0], "root", &["--hosts", "plat[1-4]", "-l", LOG]).must_succeed();
    let shown: Vec<&str> = run.stderr.lines().filter(|line| line.contains("SHA256:")).collect();
    assert_eq!(shown, [format!("  10.77.0.4: ssh-ed25519 {}", print_of(nodes[3]))], "{}", run.stderr);
    assert!(!run.stderr.to_ascii_lowercase().contains("password"), "{}", run.stderr);
    let log = text(nodes[0], LOG);
    for (ip, word) in [("10.77.0.2", "(on record)"), ("10.77.0.3", "(on record)"), ("10.77.0.4", "(new)")] {
        assert!(
            log.lines().any(|line| line.contains(&format!("{ip}: connected")) && line.ends_with(word)),
            "{log}"
        );
    }
    must_trust(&nodes, "root", true);
    // Nobody is asked, so nothing is shown.
    let again = run_flags(nodes[0], "root", &["--hosts", "plat[1-4]"]).must_succeed();
    assert!(!again.stderr.contains("SHA256:"), "{}", again.stderr);
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn strictness_of_the_site_of_the_user_and_of_the_option_means_yes() {
    let lab = named(spec(3));
    let nodes = all(&lab);
    nodes.iter().for_each(|node| count_tries(node));
    let hosts = ["--hosts", "plat[1-3]"];
    let strict = "StrictHostKeyChecking yes\n";
    let cases: [(&str, &str, &[&str], &str); 5] = [
        (CONFIG, strict, &hosts, "StrictHostKeyChecking is yes"),
        ("/root/.ssh/config", strict, &hosts, "StrictHostKeyChecking is yes"),
        (
            "/root/.ssh/config",
            "Host plat*\n StrictHostKeyChecking yes\n",
            &hosts,
            "StrictHostKeyChecking is yes for plat2",
        ),
        (
            CONFIG,
            "",
            &["--strict-host-keys", "--hosts", "plat[1-3]"],
            "--strict-host-keys takes known ones only",
        ),
        (CONFIG, "", &["check", "--strict-host-keys", "--hosts", "plat[1-3]"], ""),
    ];
    for (file, config, flags, why) in cases {
        nodes[0].write(file, config.as_bytes(), 0o644, "root").unwrap();
        let before = Before::of(&nodes);
        let run = run_flags(nodes[0], "root", flags);
        if flags[0] == "check" {
            assert!(run.stdout.contains("not on record") && !run.stderr.contains("Password"), "{run:?}");
        } else {
            let prints = [print_of(nodes[1]), print_of(nodes[2])];
            let run =
                run.must_fail_with(&["[GAUSS-51101]", "10.77.0.2", "10.77.0.3", &prints[0], &prints[1], why]);
            assert!(
                run.stderr.contains("at its console: ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub"),
                "{run:?}"
            );
            assert!(!run.stderr.contains(&print_of(nodes[0])) && !run.asked(), "{run:?}");
        }
        before.must_stand(&nodes);
        sh(nodes[0], "root", &format!("rm {file}"));
    }
    assert_eq!(nodes.iter().map(|node| tries(node)).sum::<usize>(), 0);
    nodes[0].write(CONFIG, b"StrictHostKeyChecking accept-new\n", 0o644, "root").unwrap();
    run_flags(nodes[0], "root", &hosts).must_succeed();
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn pinned_host_keys_are_the_only_ones_that_count() {
    let lab = named(spec(3));
    let nodes = all(&lab);
    let pins = |second: &Node, third: &str| {
        // This machine too, by one of its keys: that it has others is no contradiction.
        let lines = format!("plat2 {}\n{third}plat1 {}\n", key_of(second), key_of(nodes[0]));
        nodes[0].write("/root/pins", lines.as_bytes(), 0o644, "root").unwrap();
    };
    let flags = ["--strict-host-keys", "--host-keys", "/root/pins", "--hosts", "plat[1-3]"];
    let third = format!("10.77.0.3 {}\n", key_of(nodes[2]));
    // A record of this machine that is right does not save a key that is not the one in the file.
    let known = format!("10.77.0.2 {}\n", key_of(nodes[1]));
    nodes[0].write("/root/.ssh/known_hosts", known.as_bytes(), 0o600, "root").unwrap();
    pins(nodes[2], &third);
    run_flags(nodes[0], "root", &flags).must_fail_with(&["10.77.0.2 presents", "in /root/pins, line 1"]);
    pins(nodes[1], "");
    let run = run_flags(nodes[0], "root", &flags).must_fail_with(&["not on record: ['10.77.0.3']"]);
    assert!(!run.asked(), "{run:?}");
    // One that is wrong does not count against the file.
    let known = format!("10.77.0.2 {}\n", key_of(nodes[2]));
    nodes[0].write("/root/.ssh/known_hosts", known.as_bytes(), 0o600, "root").unwrap();
    pins(nodes[1], &third);
    let run = run_flags(nodes[0], "root", &flags).must_succeed();
    assert!(!run.stderr.contains("SHA256:"), "{}", run.stderr);
    must_trust(&nodes, "root", true);
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn host_certificates_of_an_authority_on_record_are_taken() {
    let certified = "HostCertificate /etc/ssh/ssh_host_ed25519_key-cert.pub";
    let lab = named(spec(3).sshd_config_all(certified));
    let nodes = all(&lab);
    sh(nodes[0], "root", "ssh-keygen -q -t ed25519 -N '' -f /root/ca");
    let sign = |node: &Node, words: &str| {
        node.write("/root/ca", &nodes[0].read("/root/ca").unwrap(), 0o600, "root").unwrap();
        sh(node, "root", &format!("ssh-keygen -q -s ca -I id {words} /etc/ssh/ssh_host_ed25519_key.pub"));
        node.stop_sshd().unwrap();
        node.start_sshd().unwrap();
    };
    sign(nodes[1], "-h -n plat2");
    sign(nodes[2], "-h -n plat2");
    let authority = text(nodes[0], "/root/ca.pub");
    let record = format!("@cert-authority plat* {authority}");
    nodes[0].write("/etc/ssh/ssh_known_hosts", record.as_bytes(), 0o644, "root").unwrap();
    let flags = ["--strict-host-keys", "--hosts", "plat[1-3]"];
    // One of another host, and then one that has ended.
    for words in ["-h -n plat2", "-h -n plat3 -V 20200101:20200201"] {
        sign(nodes[2], words);
        let run = run_flags(nodes[0], "root", &flags).must_fail_with(&["not on record: ['10.77.0.3']"]);
        assert!(!run.asked(), "{run:?}");
    }
    sign(nodes[2], "-h -n plat3");
    let run = run_flags(nodes[0], "root", &flags).must_succeed();
    assert!(!run.stderr.contains("SHA256:"), "{}", run.stderr);
    must_trust(&nodes, "root", true);
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn a_server_that_lets_anybody_in_is_refused() {
    let lab = Lab::up(spec(3).sshd_config(1, "PermitEmptyPasswords yes")).unwrap();
    let nodes = all(&lab);
    sh(nodes[1], "root", "passwd -q -d omm; sed -i 's/nullok_secure/nullok/' /etc/pam.d/common-auth");
    let entered = nodes[0].sh(
        "omm",
        "ssh -n -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o BatchMode=yes 10.77.0.2 true",
    );
    assert!(entered.unwrap().status.success(), "the lab's server asks for something");
    let before = Before::of(&nodes);
    let run = run(nodes[0], "omm", &hostfile(&nodes), &[], &format!("{PASSWORD}\n"));
    let run = run.must_fail_with(&["10.77.0.2: it lets anybody in", "PermitEmptyPasswords no"]);
    assert!(!run.asked(), "{run:?}");
    before.must_stand(&nodes);
}

/// Makes `impostor` the machine that `fooled` finds at the address of `real`; all others find the real one.
fn divert(fooled: &Node, real: &Node, impostor: &Node, others: &[&Node]) {
    let device = "$(ip -o -4 addr show | grep -v ' lo ' | sed -n 's/^[0-9]*: \\([^ ]*\\) .* 10\\.77\\.0\\..*/\\1/p' | head -1)";
    let mac =
        |node: &Node| sh(node, "root", &format!("cat /sys/class/net/{device}/address")).trim().to_owned();
    sh(impostor, "root", &format!("ip addr add {}/32 dev lo", real.ip()));
    for (node, to) in others.iter().map(|node| (*node, real)).chain([(fooled, impostor)]) {
        let mac = mac(to);
        sh(node, "root", &format!("ip neigh replace {} lladdr {mac} nud permanent dev {device}", real.ip()));
    }
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn nodes_that_are_trusted_look_before_a_password_goes_to_a_stranger() {
    // A witness that allows one session only has to be read through that one afterwards.
    let lab = Lab::up(spec(5).sshd_config(1, "MaxSessions 1")).unwrap();
    let nodes = all(&lab);
    let (old, real, impostor) = (&nodes[..3], nodes[3], nodes[4]);
    run(nodes[0], "root", &hostfile(old), &[], &format!("{PASSWORD}\n")).must_succeed();
    nodes.iter().for_each(|node| count_tries(node));
    divert(nodes[0], real, impostor, &old[1..]);
    let wanted = [old, &[real]].concat();
    let before = Before::of(&nodes);
    for flags in [&["-f", "/tmp/hostfile"][..], &["check", "-f", "/tmp/hostfile"][..]] {
        nodes[0].write("/tmp/hostfile", hostfile(&wanted).as_bytes(), 0o644, "root").unwrap();
        let run = run_flags(nodes[0], "root", flags);
        let said = format!("{}{}", run.stdout, run.stderr);
        for words in [&print_of(impostor), &print_of(real), "10.77.0.2", "other nodes see another"] {
            assert!(said.contains(words), "no {words} in {said}");
        }
        assert_ne!(run.code, Some(0));
        assert!(!run.asked() && !run.stderr.contains("Password:"), "{said}");
    }
    before.must_have_same_bytes(&nodes);
    // A stranger may accept any key: it is given none all the same.
    let key = text(nodes[0], "/root/.ssh/id_om.pub");
    sh(impostor, "root", &format!("mkdir -m 700 -p .ssh; echo '{}' >.ssh/authorized_keys", key.trim()));
    let stopped = run_flags(nodes[0], "root", &["-f", "/tmp/hostfile"]);
    stopped.must_fail_with(&[&print_of(impostor), &print_of(real), "10.77.0.2"]);
    assert_eq!(
        sh(impostor, "root", "ls -A .ssh; ls -d gaussdb_tmp 2>/dev/null || true"),
        "authorized_keys\n"
    );
    assert_eq!(nodes.iter().map(|node| tries(node)).sum::<usize>(), 0);
    // The real one is seen by all alike.
    sh(
        nodes[0],
        "root",
        &format!(
            "ip neigh flush to {}; ip neigh del {0} dev $(ip -o route get {0} | sed 's/.* dev \\([^ ]*\\) .*/\\1/') 2>/dev/null; true",
            real.ip()
        ),
    );
    sh(impostor, "root", &format!("ip addr del {}/32 dev lo", real.ip()));
    run(nodes[0], "root", &hostfile(&wanted), &[], &format!("{PASSWORD}\n")).must_succeed();
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn a_stranger_that_only_the_verification_finds_is_said_to_have_the_password() {
    let lab = cluster(4);
    let nodes = all(&lab);
    let (real, impostor) = (nodes[2], nodes[3]);
    divert(nodes[0], real, impostor, &[nodes[1]]);
    let run = run(nodes[0], "root", &hostfile(&nodes[..3]), &[], &format!("{PASSWORD}\n"));
    run.must_fail_with(&[
        "10.77.0.3: other nodes see another host key there than this machine did.",
        &format!("10.77.0.3 shows this machine ssh-ed25519 {}", print_of(impostor)),
        &format!("it shows 10.77.0.2 {}", print_of(real)),
        "the password that was typed is exposed",
        "All nodes were put back as they were.",
    ]);
}
