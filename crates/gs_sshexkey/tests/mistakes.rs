//! Every mistake in the options, the hostfile and the files, through the real program: the exact message, before any
//! prompt and any packet.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a failing helper is a failing test")]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};

/// Runs the program in a folder; what it printed and how it ended.
fn run(dir: &Path, args: &[&str]) -> (Option<i32>, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_gs_sshexkey"))
        .args(args)
        .current_dir(dir)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

/// Runs with a hostfile called `hosts`; the error must be exactly this.
#[track_caller]
fn refused(hosts: &[u8], wanted: &str) {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("hosts"), hosts).unwrap();
    let (code, out, err) = run(dir.path(), &["-f", "hosts"]);
    assert_eq!((code, out.as_str(), err.trim_end()), (Some(1), "", wanted));
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "nothing is left behind");
}

const CURE: &str = "Write one IP, or IP,PORT, a line; no host names, nothing else.";

/// The message about one line that is no usable address.
fn address(line: &str, number: usize, why: &str) -> String {
    format!(
        "[GAUSS-50603] : The IP address is invalid. The IP list is:['{line}'].\n  hosts, line {number}: '{line}': {why}\n{CURE}"
    )
}

#[test]
fn lines_that_are_no_address() {
    for line in [
        "node1",
        "IP1:10.0.0.1",
        "10.0.0.256",
        "10.0.0.1 10.0.0.2",
        "[fd00::1]:22",
        "fe80::1%eth0",
        "10.0.0.1 # a",
    ] {
        refused(format!("10.9.9.9\n{line}\n").as_bytes(), &address(line, 2, "not an IP address"));
    }
}

#[test]
fn addresses_that_no_node_can_have() {
    let cases = [
        ("0.0.0.0", "the unspecified address"),
        ("::", "the unspecified address"),
        ("224.0.0.1", "a multicast address"),
        ("ff02::1", "a multicast address"),
        ("255.255.255.255", "the broadcast address"),
        ("fe80::1", "a link-local address (fe80::/10) needs an interface to mean anything"),
        ("127.0.0.1", "a loopback address is every machine's own"),
        ("::1", "a loopback address is every machine's own"),
    ];
    for (line, why) in cases {
        refused(format!("{line}\n10.9.9.9\n").as_bytes(), &address(line, 1, why));
    }
}

#[test]
fn bad_ports() {
    for port in ["", "ssh", "0", "21", "1024", "65535", "99999", "-1", "22,22"] {
        let wanted = format!(
            "[GAUSS-50004] : The parameter '-f' value is incorrect.\n  hosts, line 1: '10.9.9.9,{port}': \
             the port must be 22 or 1025 to 65534\n{CURE}"
        );
        refused(format!("10.9.9.9,{port}\n").as_bytes(), &wanted);
    }
    let wanted = format!(
        "[GAUSS-50004] : The parameter '-f' value is incorrect.\n  hosts, line 3: '10.9.9.9,2222': \
         line 1 gives the same address another port\n{CURE}"
    );
    refused(b"10.9.9.9\n\n10.9.9.9,2222\n", &wanted);
}

#[test]
fn every_bad_line_is_named() {
    let wanted = format!(
        "[GAUSS-50603] : The IP address is invalid. The IP list is:['a', '10.9.9.9,1', '\u{fffd}\u{fffd}'].\n  \
         hosts, line 1: 'a': not an IP address\n  hosts, line 3: '10.9.9.9,1': the port must be 22 or 1025 to 65534\n  \
         hosts, line 4: '\u{fffd}\u{fffd}': not an IP address\n{CURE}"
    );
    refused(b"a\n10.9.9.8\n10.9.9.9,1\n\xff\xfe\n", &wanted);
}

#[test]
fn what_a_line_says_does_not_reach_the_terminal_as_a_command() {
    refused(b"\x1b[2J\n", &address("\\u{1b}[2J", 1, "not an IP address"));
}

#[test]
fn hostfiles_that_name_no_node() {
    for hosts in [&b""[..], b"\n\r\n", b"# only a comment\n", b"\xef\xbb\xbf"] {
        refused(
            hosts,
            "[GAUSS-50004] : The parameter '-f' value is incorrect. It cannot be empty.\n  hosts names no node.\n\
             Write one IP, or IP,PORT, a line.",
        );
    }
}

#[test]
fn hostfiles_that_cannot_be_read() {
    let dir = tempfile::tempdir().unwrap();
    let (code, out, err) = run(dir.path(), &["-f", "none"]);
    assert_eq!(
        (code, out.as_str(), err.as_str()),
        (
            Some(1),
            "",
            "[GAUSS-50201] : The none does not exist.\nWrite the nodes' IPs into it, one a line.\n"
        )
    );
    let cure = "Name a file of IPs, one a line, that you can read.\n";
    let (code, _, err) = run(dir.path(), &["-f", "."]);
    assert_eq!(
        (code, err),
        (Some(1), format!("[GAUSS-50204] : Failed to read .. Is a directory (os error 21)\n{cure}"))
    );
    fs::write(dir.path().join("large"), vec![b'\n'; (4 << 20) + 1]).unwrap();
    let (code, _, err) = run(dir.path(), &["-f", "large"]);
    assert_eq!(
        (code, err),
        (Some(1), format!("[GAUSS-50204] : Failed to read large. It is too large for a hostfile.\n{cure}"))
    );
}

#[test]
fn wrong_options() {
    let dir = tempfile::tempdir().unwrap();
    let help = "See gs_sshexkey --help.\n";
    let cases: &[(&[&str], String)] = &[
        (&[], format!("[GAUSS-50001] : Incorrect parameter. Parameter '-f' is required.\n{help}")),
        (&["-f"], "[GAUSS-50004] : The parameter '-f' value is incorrect. It needs a value.\n".to_owned()),
        (
            &["-f", "hosts", "-X", "x"],
            "[GAUSS-50005] : The parameter '-f' and '-X' can not be used together.\nSee gs_sshexkey help setup.\n".to_owned(),
        ),
        (&["--skip-host"], format!("[GAUSS-50000] : Unrecognized parameter: --skip-host.\n{help}")),
        (
            &["-h", "10.0.0.1"],
            "[GAUSS-50000] : Unrecognized parameter: -h.\nWrite the addresses into a file, one a line, and use -f HOSTFILE.\n"
                .to_owned(),
        ),
    ];
    for (args, wanted) in cases {
        assert_eq!(run(dir.path(), args), (Some(1), String::new(), wanted.clone()), "{args:?}");
    }
    let (code, out, err) = run(dir.path(), &["-f", "hosts", "-W", "Secret_1"]);
    assert_eq!((code, out.as_str()), (Some(1), ""));
    assert!(
        err.starts_with("[GAUSS-50000] : Unrecognized parameter: -W.\n") && !err.contains("Secret_1"),
        "{err}"
    );
}

/// Runs with a file called `file`, written with a mode; what it says on standard error. Nothing is asked or left.
#[track_caller]
fn said(content: &[u8], mode: u32, args: &[&str]) -> String {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    fs::write(&file, content).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
    fs::write(dir.path().join("hosts"), "10.9.9.9\n").unwrap();
    let (code, out, err) = run(dir.path(), args);
    assert_eq!((code, out.as_str()), (Some(1), ""), "{err}");
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 2, "nothing is left behind");
    err
}

#[test]
fn a_cluster_xml_that_cannot_be_used() {
    let xml = "<ROOT>\n<CLUSTER><PARAM name='nodeNames' value='n1,n2'/></CLUSTER>\n<DEVICELIST>\n<DEVICE>\n\
               <PARAM name='name' value='n1'/>\n<PARAM name='sshIp1' value='\u{202e}x'/></DEVICE>\n</DEVICELIST></ROOT>";
    let head = "[GAUSS-50222] : The content of file file is not correct.\n";
    let cure = "Each DEVICE needs a name, which is the machine's host name, and an address (sshIp1, else backIp1); \
                nodeNames lists the same names.\n";
    assert_eq!(
        said(xml.as_bytes(), 0o644, &["-X", "file"]),
        format!(
            "{head}  file, line 2: nodeNames has n2, but no DEVICE has that name\n  \
             file, line 6: sshIp1 is no IP address: '\\u{{202e}}x'\n{cure}"
        )
    );
    let text = said(b"10.9.9.9\n", 0o644, &["-X", "file"]);
    assert!(text.starts_with(&format!("{head}  file, line 1: no XML that can be read: ")), "{text}");
    let text = said(b"", 0o644, &["-X", "none"]);
    assert_eq!(text, "[GAUSS-50201] : The none does not exist.\nName openGauss's cluster XML.\n");
}

#[test]
fn node_sets_that_cannot_be_used() {
    let head = "[GAUSS-50004] : The parameter '--hosts' value is incorrect.\n";
    let cure = "Write addresses or names: 10.0.0.[1-30], node[01-16,20]. For another port use --port.\n";
    let cases = [
        ("10.9.9.[1-999999999]", "it names more than 1000 nodes"),
        ("10.9.9.[9-1]", "'9-1' is no range: write [1-30], [01-16,20] or [0-10/2]"),
        ("10.9.9.1:2222", "'10.9.9.1:2222': neither an IP address nor a host name"),
        ("@db", "'@db': groups and wildcards are not known here; name the nodes"),
        ("", "it names no node"),
    ];
    for (spec, why) in cases {
        assert_eq!(said(b"", 0o644, &["--hosts", spec]), format!("{head}  {why}\n{cure}"), "{spec}");
    }
    let names =
        "Name such a node by its address, or correct /etc/hosts or the name server of this machine.\n";
    assert_eq!(
        said(b"", 0o644, &["--hosts", "10.9.9.1,no-such-node.invalid"]),
        format!(
            "{head}  'no-such-node.invalid': the name no-such-node.invalid cannot be resolved on this machine\n{cure}{names}"
        )
    );
}

#[test]
fn inventories_that_cannot_be_used() {
    let head = "[GAUSS-50222] : The content of file file is not correct.\n";
    let make = "Make a static one: ansible-inventory -i file --list --yaml --output inventory.yml\n";
    let program = "it is a program that makes an inventory, or it may be executed";
    let chmod = "If it is no program: chmod a-x file\n";
    let cases: &[(&str, u32, String)] = &[
        ("[db]\n10.9.9.9\n", 0o755, format!("  {program}\n{make}{chmod}")),
        ("#!/bin/sh\n", 0o644, format!("  {program}\n{make}{chmod}")),
        ("plugin: x\n", 0o644, format!("  it is the configuration of an inventory plugin\n{make}")),
        (
            "[web]\n10.9.9.9\n",
            0o644,
            "  it has no group db; there are: all, web\nName a group that has hosts: --group NAME.\n".to_owned(),
        ),
        (
            "[db]\n10.9.9.9 ansible_port=80 ansible_password=Zxcv_1\n",
            0o644,
            "  file, line 2: the port of 10.9.9.9 must be 22 or 1025 to 65534, not '80'\nCorrect the inventory.\n"
                .to_owned(),
        ),
        (
            "[db]\na ansible_password='Zxcv_1\nb Zxcv_1\n",
            0o644,
            "  file, line 2: a quote is not closed\n  file, line 3: something here is no KEY=VALUE\n\
             Correct the inventory.\n"
                .to_owned(),
        ),
    ];
    for (content, mode, wanted) in cases {
        let text = said(content.as_bytes(), *mode, &["-i", "file", "--group", "db"]);
        assert_eq!(text, format!("{head}{wanted}"), "{content}");
    }
    let text = said(b"", 0o644, &["-i", "."]);
    assert!(text.starts_with("[GAUSS-50204] : Failed to read .. Is a directory"), "{text}");
}

#[test]
fn password_files_that_others_could_have_read_or_written() {
    let args = ["-f", "hosts", "--password-file", "file"];
    for (mode, shown) in [(0o644, "0644"), (0o640, "0640"), (0o602, "0602"), (0o4601, "4601")] {
        assert_eq!(
            said(b"Zxcv_1\n", mode, &args),
            format!(
                "[GAUSS-50204] : Failed to read file. Others may use it: its mode is {shown}.\n\
                 Close it: chmod 600 file. Whoever could read it may know what it says.\n"
            )
        );
    }
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("hosts"), "10.9.9.9\n").unwrap();
    let with = |name: &str| {
        let (code, out, err) = run(dir.path(), &["-f", "hosts", "--password-file", name]);
        assert_eq!((code, out.as_str()), (Some(1), ""), "{err}");
        err
    };
    let irregular = |name| {
        format!(
            "[GAUSS-50204] : Failed to read {name}. It is not a regular file.\nName a file of yours with mode 0600.\n"
        )
    };
    assert!(Command::new("mkfifo").arg("-m600").arg(dir.path().join("fifo")).status().unwrap().success());
    assert_eq!(with("fifo"), irregular("fifo"));
    assert_eq!(with("/dev/null"), irregular("/dev/null"));
    assert_eq!(with("."), irregular("."));
    // What is judged is the file behind a link, not the link.
    fs::write(dir.path().join("open"), "Zxcv_1").unwrap();
    fs::set_permissions(dir.path().join("open"), fs::Permissions::from_mode(0o644)).unwrap();
    std::os::unix::fs::symlink("open", dir.path().join("link")).unwrap();
    assert!(with("link").contains("its mode is 0644"));
    assert!(with("none").starts_with("[GAUSS-50201] : The none does not exist.\n"));
    let large = dir.path().join("large");
    fs::write(&large, vec![b'a'; (1 << 20) + 1]).unwrap();
    fs::set_permissions(&large, fs::Permissions::from_mode(0o600)).unwrap();
    assert_eq!(with("large"), "[GAUSS-50204] : Failed to read large. It is too large for a password file.\n");
    // Only root can give a file away.
    if std::os::unix::fs::chown(&large, Some(12_345), None).is_ok() {
        assert!(
            with("large").starts_with("[GAUSS-50204] : Failed to read large. It belongs to somebody else.\n")
        );
    }
}

#[test]
fn what_a_password_file_says_is_never_shown() {
    let head = "[GAUSS-50222] : The content of file file is not correct.\n";
    let cure = "Write one line, the password of all nodes, or a line of IP PASSWORD for each node.\n";
    let cases = [
        ("", "  it is empty\n"),
        ("Zxcv_1\nZxcv_2\n", "  it has 2 lines: write one password for all nodes, or lines of IP PASSWORD\n"),
        (
            "10.9.9.9 Zxcv_1\nZxcv_2\n10.9.9.8 Zxcv_1\n",
            "  file, line 2: it does not start with an IP address and a blank\n  \
             file, line 3: its address is not one of the cluster\n",
        ),
    ];
    for (content, wanted) in cases {
        let text = said(content.as_bytes(), 0o600, &["-f", "hosts", "--password-file", "file"]);
        assert_eq!(text, format!("{head}{wanted}{cure}"));
        assert!(!text.contains("Zxcv"), "{text}");
    }
}

#[test]
fn a_log_that_cannot_be_written_stops_the_run_before_anything() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("hosts"), "10.9.9.9\n").unwrap();
    let (code, out, err) = run(dir.path(), &["-f", "hosts", "-l", "."]);
    assert_eq!((code, out.as_str()), (Some(1), ""));
    assert!(err.starts_with("[GAUSS-50205] : Failed to write /") && err.contains("Is a directory"), "{err}");
}

#[test]
fn taking_away_or_reading_what_is_not_described_is_not_tried() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("hosts"), "10.9.9.9\n").unwrap();
    fs::write(dir.path().join("bad"), "node1\n").unwrap();
    fs::write(dir.path().join("open"), "Zxcv_1\n").unwrap();
    let cases: &[(&[&str], &str)] = &[
        (&["revoke"], "[GAUSS-50001] : Incorrect parameter. Parameter '-f' is required."),
        (&["revoke", "-f", "none"], "[GAUSS-50201] : The none does not exist."),
        (&["revoke", "-f", "bad"], "[GAUSS-50603] : The IP address is invalid. The IP list is:['node1']."),
        (
            &["revoke", "-f", "hosts", "--password-file", "open"],
            "[GAUSS-50204] : Failed to read open. Others may use it: its mode is 0644.",
        ),
        (&["revoke", "-f", "hosts", "--partially"], "[GAUSS-50000] : Unrecognized parameter: --partially."),
        (&["access"], "[GAUSS-50001] : Incorrect parameter. Parameter '-f' is required."),
        (&["access", "-f", "bad"], "[GAUSS-50603] : The IP address is invalid. The IP list is:['node1']."),
        (&["access", "-f", "hosts", "--yes"], "[GAUSS-50000] : Unrecognized parameter: --yes."),
        (
            &["revoke", "-f", "hosts", "--yes", "--dry-run"],
            "[GAUSS-50005] : The parameter '--dry-run' and '--yes' can not be used together.",
        ),
    ];
    for (args, wanted) in cases {
        let (code, out, err) = run(dir.path(), args);
        assert_eq!((code, out.as_str(), err.lines().next()), (Some(2), "", Some(*wanted)), "{args:?}");
    }
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 3, "nothing is left behind");
}

#[test]
fn nodes_that_cannot_come_are_told_before_anything_is_tried() {
    let dir = tempfile::tempdir().unwrap();
    let files = [
        ("hosts", "10.9.9.8\n10.9.9.9,2222\n"),
        ("twice", "10.9.9.1\n10.9.9.2\n10.9.9.1\n"),
        ("bad", "node1\n"),
        ("none", "# none\n"),
    ];
    for (name, content) in files {
        fs::write(dir.path().join(name), content).unwrap();
    }
    let wrong = "[GAUSS-50004] : The parameter '--add' value is incorrect.";
    let cases: &[(&[&str], &str, &str)] = &[
        (&["--add", "10.9.9.1,10.9.9.1"], wrong, "10.9.9.1 is named twice"),
        (&["--add", "@twice"], wrong, "10.9.9.1 is named twice"),
        (&["--add", ""], wrong, "it names no node"),
        (&["--add", "10.9.9.[1"], wrong, "the brackets do not match"),
        (&["--add", "10.9.9.9"], wrong, "10.9.9.9 has another port than in the list"),
        (&["--add", "127.0.0.1"], wrong, "a loopback address is every machine's own"),
        (
            &["--add", "@hosts"],
            &format!("{wrong} It names every node of the list."),
            "gs_sshexkey -f HOSTFILE",
        ),
        (&["--add", "@none"], &format!("{wrong} It cannot be empty."), "none names no node"),
        (
            &["-x", "bad"],
            "[GAUSS-50603] : The IP address is invalid. The IP list is:['node1'].",
            "bad, line 1",
        ),
        (&["-x", "absent"], "[GAUSS-50201] : The absent does not exist.", ""),
        (
            &["--add", "10.9.9.1", "--password-file", "hosts"],
            "[GAUSS-50204] : Failed to read hosts. Others may use it: its mode is 0644.",
            "",
        ),
    ];
    for (args, first, detail) in cases {
        let (code, out, err) = run(dir.path(), &[&["expand", "-f", "hosts"], *args].concat());
        assert_eq!((code, out.as_str(), err.lines().next()), (Some(2), "", Some(*first)), "{args:?}");
        assert!(err.contains(detail), "{args:?}: {err}");
    }
    let (code, _, err) = run(dir.path(), &["expand", "-e", "absent", "-x", "none"]);
    assert_eq!((code, err.lines().next()), (Some(2), Some("[GAUSS-50201] : The absent does not exist.")));
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), files.len(), "nothing is left behind");
}

#[test]
fn help_and_version_go_to_standard_output() {
    let dir = tempfile::tempdir().unwrap();
    for args in [["-?"], ["--help"]] {
        let (code, out, err) = run(dir.path(), &args);
        assert_eq!((code, err.as_str()), (Some(0), ""));
        assert!(out.starts_with("gs_sshexkey ") && out.lines().count() > 9);
    }
    for args in [["-V"], ["--version"]] {
        let (code, out, _) = run(dir.path(), &args);
        assert_eq!(code, Some(0));
        assert!(
            out.starts_with("gs_sshexkey ") && out.contains("openGauss") && out.lines().count() == 1,
            "{out}"
        );
    }
}

#[test]
fn an_output_that_nobody_reads_is_no_panic() {
    let child = Command::new(env!("CARGO_BIN_EXE_gs_sshexkey"))
        .arg("--help")
        .stdout(fs::OpenOptions::new().write(true).open("/dev/full").unwrap())
        .stderr(Stdio::piped())
        .output()
        .unwrap();
    assert_eq!((child.status.code(), child.stderr.len()), (Some(0), 0));
}
