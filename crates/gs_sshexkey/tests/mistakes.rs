//! Every mistake in the options, the hostfile and the files, through the real program: the exact message, before any
//! prompt and any packet.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a failing helper is a failing test")]

use std::fs;
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
        (&["--skip"], format!("[GAUSS-50000] : Unrecognized parameter: --skip.\n{help}")),
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

#[test]
fn a_log_that_cannot_be_written_stops_the_run_before_anything() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("hosts"), "10.9.9.9\n").unwrap();
    let (code, out, err) = run(dir.path(), &["-f", "hosts", "-l", "."]);
    assert_eq!((code, out.as_str()), (Some(1), ""));
    assert!(err.starts_with("[GAUSS-50205] : Failed to write /") && err.contains("Is a directory"), "{err}");
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
