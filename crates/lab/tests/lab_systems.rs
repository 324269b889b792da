//! Whole systems are what a server is: they boot, know who is logged in, filter, and reboot. Needs root and the root
//! file system of whole systems; `cargo xtask test` sees to it and runs these.

#![allow(clippy::unwrap_used, reason = "a failing helper is a failing test")]

use std::process::Output;
use std::thread;
use std::time::{Duration, Instant};

use lab::{Lab, LabSpec, Node, Sh};

const SSH: &str = "ssh -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR";
const PATIENCE: Duration = Duration::from_secs(30);

fn spec(nodes: usize) -> LabSpec {
    LabSpec::new(nodes).systems().user("omm", "omm pw")
}

/// What a script of root prints.
#[track_caller]
fn said(node: &Node, script: &str) -> String {
    let out = node.sh("root", script).unwrap();
    format!("{}{}", out.stdout, out.stderr)
}

/// Waits until a script of root prints this.
#[track_caller]
fn wait_for(node: &Node, script: &str, wanted: &str) {
    let deadline = Instant::now() + PATIENCE;
    while said(node, script) != wanted {
        assert!(Instant::now() < deadline, "{script} still says {}", said(node, script));
        thread::sleep(Duration::from_millis(20));
    }
}

/// A user's `ssh` by password from one node to another.
fn ssh(from: &Node, to: &Node, script: &str) -> Output {
    let line = format!("SSHPASS='omm pw' exec sshpass -e {SSH} {} '{script}'", to.ip());
    from.command("omm").args(["sh", "-c", &line]).output().unwrap()
}

/// What a connection from one node to port 22 of another one comes to.
fn knock(from: &Node, to: &Node) -> String {
    let script =
        format!("exec 3<>/dev/tcp/{}/22 && read -r -t 1 banner <&3; echo \"${{banner%%-*}}\"", to.ip());
    let out = from.command("root").args(["timeout", "2", "bash", "-c", &script]).output().unwrap();
    let errors = String::from_utf8_lossy(&out.stderr);
    match out.status.code() {
        Some(124) => "filtered".to_owned(),
        _ if errors.contains("refused") => "refused".to_owned(),
        _ if errors.contains("No route") => "rejected".to_owned(),
        _ => String::from_utf8_lossy(&out.stdout).trim().to_owned(),
    }
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn systems_boot_with_the_services_of_a_server() {
    let spec = spec(2).names(|index| format!("db-{index}")).sshd_config(1, "MaxAuthTries 3");
    let lab = Lab::up(spec.ipv6(true).port(1, 2222).sh(1, Sh::Bash).login_shell("omm", "/bin/csh")).unwrap();
    for node in lab.nodes() {
        assert!(node.is_system());
        assert_eq!(said(node, "systemctl is-system-running"), "running\n");
        let units = "systemctl is-active ssh.service sshd.service cron.service systemd-logind.service";
        assert_eq!(said(node, units), "active\n".repeat(4));
        assert_eq!(
            said(node, "systemctl is-enabled firewalld; systemctl is-active firewalld"),
            "disabled\ninactive\n"
        );
        assert_eq!(said(node, "hostname; cat /etc/hostname"), format!("{0}\n{0}\n", node.name()));
        assert_eq!(said(node, "ip route show default; ls /sys/class/net"), "eth0\nlo\n");
        // systemd itself makes /root/.ssh at every boot; the other shells bring their profiles.
        assert_eq!(
            said(node, "cat /proc/1/comm; ls -A /root /home"),
            "systemd\n/home:\nomm\n\n/root:\n.bash_logout\n.bashrc\n.kshrc\n.profile\n.ssh\n"
        );
    }
    let (one, two) = (lab.node(0), lab.node(1));
    assert!(said(two, "sshd -T").contains("maxauthtries 3"));
    let shells = "readlink /proc/$$/exe; getent passwd omm | cut -d: -f7";
    assert_eq!(said(one, shells), "/usr/bin/dash\n/bin/csh\n");
    assert_eq!(said(two, shells), "/usr/bin/bash\n/bin/csh\n");
    let call = format!("SSHPASS='omm pw' sshpass -e {SSH} -p 2222 fd77::2 'hostname; echo $shell'");
    assert_eq!(one.sh("omm", &call).unwrap().stdout, "db-1\n/bin/csh\n");
    let pubs: Vec<_> =
        lab.nodes().iter().map(|node| node.read("/etc/ssh/ssh_host_rsa_key.pub").unwrap()).collect();
    assert_ne!(pubs[0], pubs[1]);
    // The same interface as the first tier's.
    one.write("/home/omm/deep/file", b"x", 0o640, "omm").unwrap();
    assert_eq!(
        one.sh("omm", "stat -c '%U %G %a' deep/file; pwd").unwrap().stdout,
        "omm omm 640\n/home/omm\n"
    );
    let before = one.snapshot(&["/home", "/etc"]);
    let mut terminal = one.terminal("omm", "sh -c 'read -r word; echo \"got $word\"; rm deep/file'").unwrap();
    terminal.type_line("it").unwrap();
    terminal.expect("got it", PATIENCE).unwrap();
    assert!(terminal.finish().unwrap().0.success());
    assert!(before.diff(&one.snapshot(&["/home", "/etc"])).starts_with("/home/omm/deep/file: gone"));
    assert!(one.processes().iter().any(|process| process.cmdline.starts_with(b"sshd: ")));
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn logind_knows_a_session_while_it_lasts() {
    let lab = Lab::up(spec(2)).unwrap();
    let (one, two) = (lab.node(0), lab.node(1));
    let show = "loginctl show-session -p Name -p Remote -p RemoteHost -p Service --value \"$XDG_SESSION_ID\"; \
                loginctl list-sessions --no-legend | wc -l; echo \"$XDG_RUNTIME_DIR\"";
    let out = ssh(one, two, show);
    let errors = String::from_utf8_lossy(&out.stderr);
    assert_eq!(
        String::from_utf8_lossy(&out.stdout),
        "omm\nyes\n10.77.0.1\nsshd\n1\n/run/user/1000\n",
        "{errors}"
    );
    wait_for(two, "loginctl list-sessions --no-legend", "");
    // What the lab itself runs is in no session, unless it asks for one.
    let count = "loginctl list-sessions --no-legend | wc -l; echo \"$PWD $1\"";
    assert_eq!(two.sh("omm", count).unwrap().stdout, "0\n/home/omm \n");
    let out = two.login("omm").unwrap().args(["sh", "-c", count, "sh", "a  b"]).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&out.stdout), "1\n/home/omm a  b\n");
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn firewalld_filters() {
    let lab = Lab::up(spec(2)).unwrap();
    let (one, two) = (lab.node(0), lab.node(1));
    assert_eq!(said(two, "systemctl start firewalld && firewall-cmd --state"), "running\n");
    assert_eq!(knock(one, two), "SSH");
    assert_eq!(said(two, "firewall-cmd --remove-service=ssh"), "success\n");
    assert_eq!(knock(one, two), "rejected");
    assert_eq!(said(two, "firewall-cmd --zone=drop --change-interface=eth0"), "success\n");
    assert_eq!(knock(one, two), "filtered");
    assert_eq!(said(two, "firewall-cmd --reload"), "success\n");
    assert_eq!(knock(one, two), "SSH");
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn a_reboot_ends_all_but_the_disk() {
    let lab = Lab::up(spec(2)).unwrap();
    let (one, two) = (lab.node(0), lab.node(1));
    two.sh("omm", "echo kept >file; echo gone >/tmp/file; echo '@reboot id -un >by_cron' | crontab -")
        .unwrap();
    two.reject_port(22).unwrap();
    two.heal_network().unwrap();
    said(
        two,
        "systemctl start firewalld; firewall-cmd --remove-service=ssh --permanent; nft add table inet mine",
    );
    // An ordinary user may do this for itself, from a login.
    let out = ssh(one, two, "true");
    assert!(out.status.success(), "{out:?}");
    let linger = two.login("omm").unwrap().args(["loginctl", "enable-linger"]).output().unwrap();
    assert!(linger.status.success(), "{linger:?}");
    let mut session = two.login("omm").unwrap().args(["sleep", "1000"]).spawn().unwrap();
    wait_for(two, "loginctl list-sessions --no-legend | wc -l", "1\n");
    let before = (two.boot_id().unwrap(), two.init_pid());

    two.reboot().unwrap();
    assert_ne!(two.boot_id().unwrap(), before.0);
    assert_ne!(two.init_pid(), before.1);
    assert!(!session.wait().unwrap().success());
    assert_eq!(said(two, "loginctl list-sessions --no-legend; who"), "");
    assert!(two.processes().iter().all(|process| !process.cmdline.starts_with(b"sleep\0")));
    assert_eq!(two.read("/home/omm/file").unwrap(), b"kept\n");
    assert!(two.read("/tmp/file").is_err());
    assert_eq!(said(two, "nft list tables"), "");
    assert_eq!(
        said(two, "systemctl is-system-running; systemctl is-active user@1000.service"),
        "running\nactive\n"
    );
    wait_for(two, "cat /home/omm/by_cron", "omm\n");
    assert_eq!(knock(one, two), "SSH");
    // What was made permanent is there when the service is.
    assert_eq!(said(two, "systemctl enable --now --quiet firewalld; firewall-cmd --state"), "running\n");
    two.reboot().unwrap();
    assert_eq!(said(two, "firewall-cmd --state"), "running\n");
    assert_eq!(knock(one, two), "rejected");
    // A reboot that nobody waits for: the node comes back by itself.
    let boot = two.boot_id().unwrap();
    said(two, "systemctl reboot");
    let deadline = Instant::now() + PATIENCE;
    while two.boot_id().is_ok_and(|now| now == boot) || !two.is_alive() {
        assert!(Instant::now() < deadline);
        thread::sleep(Duration::from_millis(5));
    }
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn faults_happen_to_systems_too() {
    let lab = Lab::up(spec(2)).unwrap();
    let (one, two) = (lab.node(0), lab.node(1));
    // More often than systemd would start a service without being told to.
    for _ in 0..7 {
        two.stop_sshd().unwrap();
        two.start_sshd().unwrap();
    }
    assert_eq!(knock(one, two), "SSH");
    two.freeze().unwrap();
    assert_eq!(knock(one, two), "");
    two.stop_sshd().unwrap();
    assert_eq!(knock(one, two), "refused");
    assert!(two.stop_sshd().is_err());
    two.start_sshd().unwrap();
    two.drop_port(22).unwrap();
    assert_eq!(knock(one, two), "filtered");
    two.heal_network().unwrap();
    assert_eq!(knock(one, two), "SSH");
    two.fill_disk("omm").unwrap();
    assert!(two.sh("omm", "seq 9999 >new").unwrap().stderr.contains("No space left"));
    two.free_disk("omm").unwrap();
    two.read_only_home("omm").unwrap();
    assert!(two.sh("omm", "touch new").unwrap().stderr.contains("Read-only file system"));
    two.writable_home("omm").unwrap();
    two.signal("cron", "KILL").unwrap();
    two.write("/home/omm/file", b"kept", 0o600, "omm").unwrap();
    two.kill().unwrap();
    assert!(!two.is_alive() && two.reboot().is_err() && two.processes().is_empty());
    assert_eq!(two.read("/home/omm/file").unwrap(), b"kept");
    assert_eq!(knock(one, two), "filtered");
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn only_systems_reboot() {
    let lab = Lab::up(LabSpec::new(1).user("omm", "omm pw")).unwrap();
    let error = lab.node(0).reboot().unwrap_err().to_string();
    assert_eq!(error, "node1 is not a whole system; bring the lab up with LabSpec::systems");
    assert!(lab.node(0).boot_id().is_err() && !lab.node(0).is_system());
    // A login is the same on both tiers, but here nobody keeps a list of them.
    let out = lab.node(0).login("omm").unwrap().args(["id", "-un"]).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&out.stdout), "omm\n");
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn a_system_whose_sshd_cannot_start_says_why() {
    let error = Lab::up(spec(1).sshd_config(0, "NoSuchOption yes")).unwrap_err().to_string();
    assert!(error.contains("NoSuchOption"), "{error}");
}
