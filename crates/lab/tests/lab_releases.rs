//! Nodes are of another release than the machine. Needs root and the root file systems of the releases; `cargo xtask
//! test` sees to it and runs these.

#![allow(clippy::unwrap_used, reason = "a failing helper is a failing test")]

use std::thread;
use std::time::{Duration, Instant};

use lab::{Lab, LabSpec, Node, Release, Sh, labs};

const SSH: &str = "ssh -n -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR";
const PATIENCE: Duration = Duration::from_secs(30);

fn spec(nodes: usize) -> LabSpec {
    LabSpec::new(nodes).release(Release::Trixie).user("omm", "omm pw")
}

/// What a script of root prints.
#[track_caller]
fn said(node: &Node, script: &str) -> String {
    let out = node.sh("root", script).unwrap();
    format!("{}{}", out.stdout, out.stderr)
}

/// What a connection that never says who it is gets to read first.
fn greeting(from: &Node, to: &Node) -> String {
    let script = format!("exec 3<>/dev/tcp/{}/22 && read -r -t 5 line <&3; echo \"$line\"", to.ip());
    let out = from.command("root").args(["bash", "-c", &script]).output().unwrap();
    String::from_utf8_lossy(&out.stdout).trim().to_owned()
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn all_programs_of_a_node_are_of_its_release() {
    let spec = spec(3).sh(1, Sh::Bash).login_shell("omm", "/bin/csh").port(2, 2222).ipv6(true);
    let lab = Lab::up(spec).unwrap();
    for node in lab.nodes() {
        assert!(!node.is_system());
        assert!(said(node, "ssh -V").starts_with("OpenSSH_10."), "{}", said(node, "ssh -V"));
        assert!(said(node, "cat /etc/os-release").contains("VERSION_CODENAME=trixie\n"));
        assert!(said(node, "sshd -T").contains("\npersourcepenalties crash:"), "{}", said(node, "sshd -T"));
        assert!(node.processes().iter().any(|process| process.cmdline.ends_with(b"cron\0")));
        // Nothing of the machine shows through.
        let mine = concat!("ls -d ", env!("CARGO_MANIFEST_DIR"), " /var/cache/gs_sshexkey-lab 2>/dev/null");
        assert_eq!(said(node, mine), "");
        assert_eq!(
            said(node, "hostname; ls /root /usr/local/bin; ls -d /home/*"),
            format!("{}\n/root:\n\n/usr/local/bin:\n/home/omm\n", node.name())
        );
    }
    let (one, two, three) = (lab.node(0), lab.node(1), lab.node(2));
    assert_eq!(said(one, "readlink /proc/$$/exe; :"), "/usr/bin/dash\n");
    assert_eq!(said(two, "readlink /proc/$$/exe; :"), "/usr/bin/bash\n");
    // A whole login: PAM, the helper programs of sshd, a terminal, the user's shell.
    let call = |to: &Node| format!("SSHPASS='omm pw' sshpass -e {SSH} -tt -p {} {}", to.port(), to.ip());
    let ask = "'ssh -V; hostname; tty; echo $shell'";
    let out = one.sh("omm", &format!("{} {ask}", call(three))).unwrap();
    assert!(out.stdout.starts_with("OpenSSH_10."), "{out:?}");
    assert!(out.stdout.ends_with("\r\nnode3\r\n/dev/pts/0\r\n/bin/csh\r\n"), "{out:?}");
    let sftp = format!("SSHPASS='omm pw' sshpass -e sftp -q {} omm@{}:/etc/hostname .", &SSH[7..], two.ip());
    assert_eq!(one.sh("omm", &format!("{sftp} >/dev/null; cat hostname")).unwrap().stdout, "node2\n");
    // The faults are the same.
    two.stop_sshd().unwrap();
    assert_eq!(greeting(one, two), "");
    two.start_sshd().unwrap();
    assert!(greeting(one, two).starts_with("SSH-2.0-OpenSSH_10."));
    one.write("/tmp/crontab", b"* * * * * root true\n", 0o600, "root").unwrap();
    assert_eq!(said(one, "crontab /tmp/crontab && crontab -l"), "* * * * * root true\n");
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn who_never_logs_in_is_barred_for_a_while() {
    let lab = Lab::up(spec(3)).unwrap();
    let (one, two, three) = (lab.node(0), lab.node(1), lab.node(2));
    let deadline = Instant::now() + PATIENCE;
    let mut greetings = vec![greeting(one, two)];
    assert!(greetings[0].starts_with("SSH-2.0-"), "{greetings:?}");
    // A connection without a login counts a second; once there are 15 the address is refused.
    while !greetings.last().unwrap().contains("Not allowed at this time") {
        assert!(Instant::now() < deadline, "{greetings:?}");
        greetings.push(greeting(one, two));
        thread::sleep(Duration::from_millis(5));
    }
    assert!(greetings.len() > 2, "{greetings:?}");
    // Others are not.
    assert!(greeting(three, two).starts_with("SSH-2.0-"));
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn the_other_releases_serve_as_well() {
    let lab = Lab::up(LabSpec::new(1).release(Release::Bookworm)).unwrap();
    assert!(said(lab.node(0), "ssh -V").starts_with("OpenSSH_9.2"));
    assert_eq!(said(lab.node(0), "cat /proc/1/comm"), "sh\n");
    let error = Lab::up(spec(1).systems()).unwrap_err().to_string();
    assert_eq!(error, "the lab cannot be built as asked: there are no whole systems of Debian trixie");
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn many_nodes_come_up_and_leave_nothing() {
    let lab = Lab::up(spec(30)).unwrap();
    let last = &lab.nodes()[29];
    assert!(greeting(lab.node(0), last).starts_with("SSH-2.0-OpenSSH_10."));
    let (id, pids) = (lab.id(), lab.nodes().iter().map(Node::init_pid).collect::<Vec<_>>());
    lab.down().unwrap();
    assert!(labs().iter().all(|lab| lab.id != id));
    assert!(pids.iter().all(|pid| !std::path::Path::new(&format!("/proc/{pid}/root/run/sshd.pid")).exists()));
    let mounts = std::fs::read_to_string("/proc/self/mounts").unwrap();
    assert!(!mounts.contains(&id), "{mounts}");
}
