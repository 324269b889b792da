//! What brings the agent of a node back: the program on the node, and a job that runs it.

use lab::{Lab, Node};

use crate::before::*;
use crate::harness::*;
use crate::tools::*;

/// The jobs of the tool in the user's crontab.
fn jobs(node: &Node, user: &str) -> usize {
    marked(&node.sh(user, "crontab -l").unwrap().stdout).len()
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn real_cron_brings_dead_agents_back_and_users_stay_apart() {
    let lab = cluster(3);
    let nodes = all(&lab);
    set_up(&lab, "root");
    set_up(&lab, "omm");
    let agent = |node: &Node, user: &str| sh(node, "root", &format!("pgrep -u {user} -x ssh-agent"));
    let (roots, omms) = (agent(nodes[1], "root"), agent(nodes[0], "omm"));
    sh(nodes[0], "root", "pkill -KILL -u root -x ssh-agent");
    sh(nodes[1], "root", "pkill -KILL -u omm -x ssh-agent; rm ~omm/gaussdb_tmp/gauss_socket_tmp");
    sh(nodes[2], "root", "rm ~omm/gaussdb_tmp/gauss_socket_tmp ~root/gaussdb_tmp/gauss_socket_tmp");
    let back = |node: &Node, user: &str| node.sh(user, "gs_sshexkey agent status").unwrap().status.success();
    let all_back = || nodes.iter().all(|node| back(node, "root") && back(node, "omm"));
    // One run of cron, and what it takes to see it.
    assert!(wait_until(all_back) || wait_until(all_back));
    must_trust(&nodes, "root", true);
    must_trust(&nodes, "omm", false);
    assert_eq!((agent(nodes[1], "root"), agent(nodes[0], "omm")), (roots, omms));
    assert_eq!(
        sh(nodes[0], "root", "find /var/mail /var/spool/mail -type f 2>/dev/null | wc -l").trim(),
        "0"
    );
}

/// A crontab with everything in it.
fn long_table() -> String {
    let mut table = String::from("# mine\nMAILTO=dba@example.org\nSHELL=/bin/bash\n\n");
    for line in 0..196 {
        table.push_str(&format!("{} 3 * * 0 echo {line} \\% # not a comment\n", line % 60));
    }
    table
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn a_crontab_survives_around_our_line_and_is_put_back() {
    let lab = cluster(2);
    let nodes = all(&lab);
    let table = long_table();
    nodes[1].write("/tmp/table", table.as_bytes(), 0o644, "omm").unwrap();
    sh(nodes[1], "omm", "crontab /tmp/table");
    // The second node does not get through to the first one: all is undone.
    keep_out(nodes[0], nodes[1]);
    let failed = run(nodes[0], "omm", &hostfile(&nodes), &[], &format!("{PASSWORD}\n"));
    failed.must_fail_with(&["All nodes were put back as they were."]);
    assert_eq!(sh(nodes[1], "omm", "crontab -l"), table);
    assert!(!nodes[0].sh("omm", "crontab -l").unwrap().status.success(), "there was none");
    let_in(nodes[0]);
    set_up(&lab, "omm");
    let now = sh(nodes[1], "omm", "crontab -l");
    let (ours, rest) = now.split_once('\n').unwrap();
    assert!(ours.ends_with(" #OM"), "{ours}");
    assert_eq!(rest, table);
    // A table that was written behind crontab's back, without a final newline.
    let spool = "/var/spool/cron/crontabs/omm";
    nodes[1].write(spool, table.trim_end().as_bytes(), 0o600, "omm").unwrap();
    set_up(&lab, "omm");
    assert_eq!(sh(nodes[1], "omm", "crontab -l"), now);
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn a_crontab_that_cannot_be_read_is_never_emptied() {
    let lab = cluster(1);
    let node = lab.node(0);
    let mine = "# note\n0 1 * * * mine\n";
    // At every call, then at each one of them in turn.
    for fails in ["", "1", "2", "3", "4", "5", "6", "7", "8"] {
        sh(node, "omm", &format!("printf '{mine}' | /usr/bin/crontab -; rm -f /tmp/calls"));
        let broken = format!(
            "#!/bin/sh\ncase $1 in -l) echo >>/tmp/calls; [ -n '{fails}' ] && [ $(wc -l </tmp/calls) != '{fails}' ] || \
             {{ echo 'crontab: cannot open' >&2; exit 1; }};; esac\nexec /usr/bin/crontab \"$@\"\n"
        );
        node.write("/usr/local/sbin/crontab", broken.as_bytes(), 0o755, "root").unwrap();
        let run = set_up(&lab, "omm");
        let now = sh(node, "omm", "/usr/bin/crontab -l");
        assert!(now.ends_with(mine) && now.lines().count() <= 3, "call {fails}: {now}");
        assert!(
            !fails.is_empty() || run.stderr.contains("crontab says: crontab: cannot open"),
            "{}",
            run.stderr
        );
    }
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn a_profile_and_units_that_must_not_be_written_do_not_undo_trust() {
    let lab = cluster(2);
    let nodes = all(&lab);
    for node in &nodes {
        sh(node, "root", "pkill -x cron; rm -f ~omm/.profile; echo '# theirs' >~omm/.bash_profile");
    }
    // The user's own link is followed.
    sh(nodes[1], "root", "chown omm:omm ~omm/.bash_profile; mv ~omm/.bash_profile ~omm/dot");
    sh(nodes[1], "omm", "ln -s dot ~/.bash_profile");
    let run = set_up(&lab, "omm");
    assert!(
        run.stderr.contains("['10.77.0.1']: no job could be installed: cron does not run"),
        "{}",
        run.stderr
    );
    assert_eq!(text(nodes[0], "/home/omm/.bash_profile"), "# theirs\n");
    assert_eq!(marked(&text(nodes[1], "/home/omm/dot")).len(), 1);
    assert_eq!(sh(nodes[1], "omm", "readlink ~/.bash_profile"), "dot\n");
    must_trust(&nodes, "omm", false);
}

/// Ways in which cron is not to be had, and what is said of them.
const WITHOUT_CRON: [(&str, &str); 3] = [
    ("rm /usr/bin/crontab", "cron is not installed."),
    ("pkill -x cron", "cron does not run."),
    ("echo root >/etc/cron.allow", "crontab says: You (omm) are not allowed to use this program (crontab)"),
];

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn without_cron_the_agent_comes_back_at_login() {
    let lab = cluster(3);
    let nodes = all(&lab);
    for (node, (script, _)) in nodes.iter().zip(WITHOUT_CRON) {
        sh(node, "root", script);
    }
    let first = set_up(&lab, "omm");
    for (node, (_, said)) in nodes.iter().zip(WITHOUT_CRON) {
        let about = |line: &&str| line.starts_with("Warning") && line.contains(&node.ip().to_string());
        let line = first.stderr.lines().find(about).unwrap();
        assert!(line.contains(said), "{line}");
        assert!(line.ends_with("After a reboot trust comes back when omm logs in there."), "{line}");
        let status = node.sh("omm", "gs_sshexkey agent status").unwrap().stdout;
        assert!(status.contains("Keepalive   at login; "), "{status}");
        assert_eq!(marked(&text(node, "/home/omm/.profile")).len(), 1);
    }
    let before = snapshots(&nodes);
    // The host keys are on record by then.
    let (_, warnings) = first.stderr.split_at(first.stderr.find("Warning").unwrap());
    assert_eq!(set_up(&lab, "omm").stderr, warnings);
    must_be_unchanged(&nodes, &before);
    for node in &nodes {
        sh(node, "omm", "pkill -KILL ssh-agent");
        assert_eq!(sh(node, "root", "su - omm -c 'echo in'"), "in\n");
    }
    must_trust(&nodes, "omm", false);
    // Their uninstall does not know of the line.
    sh(nodes[0], "omm", "pkill -KILL ssh-agent; rm -rf ~/gaussdb_tmp ~/.ssh/id_om*");
    assert_eq!(sh(nodes[0], "root", "su - omm -c 'echo in'"), "in\n");
    assert!(!text(nodes[0], "/home/omm/.profile").contains("gs_sshexkey"));
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn csh_brings_the_agent_back_at_login() {
    let lab = Lab::up(spec(2).login_shell("omm", "/bin/tcsh")).unwrap();
    sh(lab.node(0), "root", "pkill -x cron");
    set_up(&lab, "omm");
    assert!(text(lab.node(0), "/home/omm/.login").ends_with(" #OM\n"));
    sh(lab.node(0), "omm", "pkill -KILL ssh-agent");
    assert_eq!(sh(lab.node(0), "root", "su - omm -c 'echo in'"), "in\n");
    assert!(lab.node(0).sh("omm", "gs_sshexkey agent status").unwrap().status.success());
}

/// Ways in which a node cannot run the program, and what is said of them.
const UNABLE: [(&str, &str); 3] = [
    (
        "mount --bind /home/omm /home/omm; mount -o remount,bind,noexec /home/omm",
        "file system that runs no programs (noexec)",
    ),
    (
        "printf '#!/bin/sh\\necho Linux m68k\\n' >/usr/local/sbin/uname; chmod 755 /usr/local/sbin/uname",
        "no build of this program for its processor (m68k)",
    ),
    (
        "mount -t tmpfs -o size=3m,uid=$(id -u omm),gid=$(id -g omm),mode=700 tmpfs /home/omm",
        "the disk of its home directory is too full: ",
    ),
];

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn a_node_that_cannot_run_the_program_is_set_up_in_full_and_named() {
    let lab = cluster(4);
    let nodes = all(&lab);
    for (node, (script, _)) in nodes.iter().zip(UNABLE) {
        // `uname -n` has to go on telling the name.
        sh(
            node,
            "root",
            &script.replace(
                "echo Linux m68k",
                "[ \"$1\" = -sm ] || exec /usr/bin/uname \"$@\"; echo Linux m68k",
            ),
        );
    }
    let first = set_up(&lab, "omm");
    for (node, (_, said)) in nodes.iter().zip(UNABLE) {
        let about = |line: &&str| line.starts_with("Warning") && line.contains(&node.ip().to_string());
        let line = first.stderr.lines().find(about).unwrap();
        assert!(line.contains(said), "{line}");
        assert!(line.ends_with("trust is lost there until gs_sshexkey is run again."), "{line}");
        assert_eq!(jobs(node, "omm"), 0);
        assert!(node.read("/home/omm/gaussdb_tmp/bin/gs_sshexkey").is_err());
    }
    assert_eq!(first.stderr.matches("Warning").count(), UNABLE.len(), "{}", first.stderr);
    assert_eq!(jobs(nodes[3], "omm"), 1);
    must_trust(&nodes, "omm", false);
    let before = snapshots(&nodes);
    // The host keys are on record by then.
    let (_, warnings) = first.stderr.split_at(first.stderr.find("Warning").unwrap());
    assert_eq!(set_up(&lab, "omm").stderr, warnings);
    must_be_unchanged(&nodes, &before);
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn a_program_that_does_not_start_there_is_taken_away_again() {
    let lab = cluster(2);
    let nodes = all(&lab);
    // A build that was made for another system: it arrives, and does not run.
    sh(
        nodes[0],
        "root",
        "cp $(command -v gs_sshexkey) /opt/gs_sshexkey; printf '\\177ELF rubbish' >/opt/gs_sshexkey-m68k",
    );
    let uname = "#!/bin/sh\n[ \"$1\" = -sm ] || exec /usr/bin/uname \"$@\"; echo Linux m68k\n";
    nodes[1].write("/usr/local/sbin/uname", uname.as_bytes(), 0o755, "root").unwrap();
    let hosts = hostfile(&nodes);
    nodes[0].write("/tmp/hostfile", hosts.as_bytes(), 0o644, "omm").unwrap();
    let run = nodes[0].sh("omm", &format!("echo '{PASSWORD}' | /opt/gs_sshexkey -f /tmp/hostfile")).unwrap();
    assert!(run.status.success(), "{run:?}");
    assert!(run.stderr.contains("10.77.0.2") && run.stderr.contains("could not be placed there"), "{run:?}");
    assert_eq!(
        sh(nodes[1], "omm", "ls -A ~/gaussdb_tmp"),
        ".kept_runs\n.made\ngauss_socket_tmp\nssh_protect\n"
    );
    assert_eq!(jobs(nodes[1], "omm"), 0);
    // The right build for it is taken from beside the program.
    sh(nodes[0], "root", "cp /opt/gs_sshexkey /opt/gs_sshexkey-m68k");
    let run = nodes[0].sh("omm", "/opt/gs_sshexkey -f /tmp/hostfile").unwrap();
    assert_eq!((run.status.code(), run.stderr.as_str()), (Some(0), ""));
    assert_eq!(jobs(nodes[1], "omm"), 1);
    must_trust(&nodes, "omm", false);
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn another_build_takes_the_place_of_one_that_runs() {
    let lab = cluster(1);
    let node = lab.node(0);
    sh(node, "root", "pkill -x cron");
    set_up(&lab, "omm");
    let placed = "/home/omm/gaussdb_tmp/bin/gs_sshexkey";
    assert_eq!(rights(node, placed), "700 omm omm");
    let inode = || sh(node, "root", &format!("stat -c %i {placed}"));
    let first = inode();
    set_up(&lab, "omm");
    assert_eq!(inode(), first, "the same build is not placed again");
    sh(
        node,
        "omm",
        &format!("rm {placed}; cp /usr/bin/sleep {placed}; {placed} 1000 >/dev/null 2>&1 </dev/null &"),
    );
    assert!(wait_until(|| node.processes().iter().any(|p| p.cmdline.ends_with(b"sshexkey\x001000\0"))));
    set_up(&lab, "omm");
    assert!(node.processes().iter().any(|p| p.cmdline.ends_with(b"sshexkey\x001000\0")));
    assert!(sh(node, "omm", &format!("{placed} --version")).starts_with("gs_sshexkey "));
    sh(node, "omm", "pkill -f '[s]shexkey 1000'");
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn no_keepalive_leaves_all_of_it_out() {
    let lab = cluster(1);
    let run = set_up_with(&lab, "omm", &["--no-keepalive"]);
    assert_eq!(run.stderr, "");
    assert_eq!(
        sh(lab.node(0), "omm", "ls -A ~/gaussdb_tmp"),
        ".kept_runs\n.made\ngauss_socket_tmp\nssh_protect\n"
    );
    assert!(!lab.node(0).sh("omm", "crontab -l").unwrap().status.success());
    let status = lab.node(0).sh("omm", "gs_sshexkey agent status").unwrap().stdout;
    assert!(status.contains("NONE: the agent does not come back by itself"), "{status}");
}
