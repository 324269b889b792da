//! Nodes are what they claim to be. Needs root; `cargo xtask test` runs these.

#![allow(clippy::unwrap_used, reason = "a failing helper is a failing test")]

use std::collections::HashSet;
use std::time::Duration;

use lab::{Kind, Lab, LabSpec, Sh};

const SSH: &str = "ssh -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR";

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn users_log_in_by_password_over_both_protocols_and_any_port() {
    let spec = LabSpec::new(2).user("omm", "omm pw").root_password("root pw").ipv6(true).port(1, 2222);
    let lab = Lab::up(spec).unwrap();
    let script = format!(
        "SSHPASS='omm pw' sshpass -e {SSH} -p 2222 10.77.0.2 'hostname; id -un; pwd'\n\
         SSHPASS='root pw' sshpass -e {SSH} -p 2222 root@fd77::2 'hostname; id -un; pwd'\n\
         {SSH} -o BatchMode=yes 10.77.0.1 true 2>/dev/null || echo refused"
    );
    let out = lab.node(0).sh("omm", &script).unwrap();
    assert_eq!(out.stdout, "node2\nomm\n/home/omm\nnode2\nroot\n/root\nrefused\n", "{}", out.stderr);
    assert_eq!(lab.node(1).port(), 2222);
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn nothing_of_the_machine_shows() {
    let lab = Lab::up(LabSpec::new(2).user("omm", "pw")).unwrap();
    let node = lab.node(0);
    let out = node.sh("root", "ls -A /tmp /home /root /usr/local/bin; crontab -l 2>&1; env | sort").unwrap();
    assert_eq!(
        out.stdout,
        "/home:\nomm\n\n/root:\n.bash_logout\n.bashrc\n.profile\n\n/tmp:\n\n/usr/local/bin:\n\
         no crontab for root\nHOME=/root\nLANG=C.UTF-8\nLOGNAME=root\nPATH=/usr/local/sbin:/usr/local/bin:\
         /usr/sbin:/usr/bin:/sbin:/bin\nPWD=/root\nSHELL=/bin/bash\nTERM=xterm\nUSER=root\n"
    );
    let top: HashSet<String> = node.sh("root", "ls /").unwrap().stdout.lines().map(str::to_owned).collect();
    assert!(!top.contains("work") && !top.contains("boot") && !top.contains("lost+found"));
    let lab_with = Lab::up(LabSpec::new(1).variable("ONE", "a b").variable("TWO", "2")).unwrap();
    assert_eq!(lab_with.node(0).sh("root", "echo \"$ONE/$TWO\"").unwrap().stdout, "a b/2\n");
    // A file on one node is not on another, nor on the machine.
    node.write("/home/omm/deep/file", b"x", 0o640, "omm").unwrap();
    assert!(lab.node(1).read("/home/omm/deep/file").is_err());
    let listing = node.sh("omm", "stat -c '%U %G %a' deep deep/file").unwrap();
    assert_eq!(listing.stdout, "omm omm 700\nomm omm 640\n");
    // No route leads out.
    assert_eq!(node.sh("root", "ip route show default; ls /sys/class/net").unwrap().stdout, "eth0\nlo\n");
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn more_nodes_than_come_up_at_a_time_are_all_there_each_with_one_key_where_that_is_enough() {
    let lab = Lab::up(LabSpec::new(40).one_host_key()).unwrap();
    let mut keys = HashSet::new();
    for (index, node) in lab.nodes().iter().enumerate() {
        let said = node.sh("root", "hostname; ls /etc/ssh/ssh_host_*_key").unwrap().stdout;
        assert_eq!(said, format!("node{}\n/etc/ssh/ssh_host_ed25519_key\n", index + 1));
        keys.insert(node.read("/etc/ssh/ssh_host_ed25519_key.pub").unwrap());
    }
    assert_eq!(keys.len(), 40);
    // The last one hears the first.
    let script = format!("ssh-keyscan -T 20 -t ed25519,rsa {} 2>/dev/null | wc -l", lab.node(0).ip());
    assert_eq!(lab.node(39).sh("root", &script).unwrap().stdout.trim(), "1");
    let too_many = Lab::up(LabSpec::new(1_024)).unwrap_err();
    assert!(too_many.to_string().contains("1024 nodes; a lab has 1 to 1023"), "{too_many}");
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn every_node_has_keys_and_processes_of_its_own() {
    let lab = Lab::up(LabSpec::new(3)).unwrap();
    let mut keys = HashSet::new();
    for node in lab.nodes() {
        for kind in ["ed25519", "ecdsa", "rsa"] {
            keys.insert(node.read(format!("/etc/ssh/ssh_host_{kind}_key.pub")).unwrap());
        }
        let out = node.sh("root", "ls -d /proc/[0-9]* | wc -l; hostname; cat /etc/hostname").unwrap();
        let count: usize = out.stdout.lines().next().unwrap().parse().unwrap();
        assert!(count < 10, "{}", out.stdout);
        assert!(out.stdout.ends_with(&format!("\n{0}\n{0}\n", node.name())));
        assert!(node.processes().iter().any(|process| process.cmdline.starts_with(b"sshd: ")));
    }
    assert_eq!(keys.len(), 9);
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn process_one_reaps_orphans() {
    let lab = Lab::up(LabSpec::new(1)).unwrap();
    let node = lab.node(0);
    node.sh("root", "(sleep 0.05 &) ; (true &)").unwrap();
    let zombies = "sleep 0.2; grep -l '^State:.Z' /proc/[0-9]*/status | wc -l";
    assert_eq!(node.sh("root", zombies).unwrap().stdout, "0\n");
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn shells_and_names_and_sshd_settings_are_chosen() {
    let spec = LabSpec::new(2)
        .sh(0, Sh::Dash)
        .sh(1, Sh::Bash)
        .names(|index| format!("db-{index}"))
        .sshd_config(1, "PasswordAuthentication no\nKbdInteractiveAuthentication yes")
        .no_sftp(1);
    let lab = Lab::up(spec).unwrap();
    let which = "readlink /proc/$$/exe; hostname; sshd -T | grep -E '^(password|kbd|subsystem)'";
    let (first, second) = (lab.node(0).sh("root", which).unwrap(), lab.node(1).sh("root", which).unwrap());
    assert!(first.stdout.contains("/dash\ndb-0\n") && first.stdout.contains("subsystem sftp"));
    assert!(second.stdout.contains("/bash\ndb-1\n") && !second.stdout.contains("subsystem"));
    assert!(second.stdout.contains("passwordauthentication no\nkbdinteractiveauthentication yes"));
    // The cheap key exchange, unless the one that users have is wanted.
    let own = Lab::up(LabSpec::new(1).as_shipped()).unwrap();
    let offered = |node: &lab::Node| {
        let settings = node.sh("root", "sshd -T | sed -n 's/^kexalgorithms //p'").unwrap().stdout;
        settings.trim().split(',').filter(|name| !name.starts_with("curve25519-sha256")).count()
    };
    assert_eq!(offered(lab.node(0)), 0);
    assert!(offered(own.node(0)) > 3);
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn snapshots_see_every_change_and_survive_the_node() {
    let lab = Lab::up(LabSpec::new(1)).unwrap();
    let node = lab.node(0);
    let paths = ["/root", "/etc/hosts", "/root/none"];
    let before = node.snapshot(&paths);
    assert_eq!(before.entries["/root/none"].kind, Kind::Missing);
    assert_eq!(before.diff(&node.snapshot(&paths)), "");
    node.sh("root", "echo x >>/etc/hosts; chmod 600 .bashrc; ln -s a b").unwrap();
    let after = node.snapshot(&paths);
    let diff = before.diff(&after);
    assert!(diff.contains("+ x\\n") && diff.contains("/root/.bashrc: mode was 644, is 600"), "{diff}");
    assert!(diff.contains("/root/b: new"), "{diff}");
    node.kill().unwrap();
    assert!(!node.is_alive() && node.sh("root", "true").is_err());
    assert_eq!(after.diff(&node.snapshot(&paths)), "");
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn a_program_is_worked_at_a_terminal() {
    let lab = Lab::up(LabSpec::new(1)).unwrap();
    let ask = "stty -echo; printf 'Password: '; read -r word; stty echo; echo; echo \"got ${#word}\"; exit 3";
    let patience = Duration::from_secs(5);
    let mut terminal = lab.node(0).terminal("root", ask).unwrap();
    terminal.expect("Password: ", patience).unwrap();
    terminal.type_line("secret").unwrap();
    let (status, screen) = terminal.finish().unwrap();
    assert_eq!((status.code(), screen.as_str()), (Some(3), "Password: \r\ngot 6\r\n"));

    let mut terminal =
        lab.node(0).terminal("root", "trap 'echo caught; exit 1' INT; echo on; sleep 9").unwrap();
    terminal.expect("on", patience).unwrap();
    terminal.press_ctrl_c().unwrap();
    terminal.expect("caught", patience).unwrap();
    assert_eq!(terminal.finish().unwrap().0.code(), Some(1));
}
