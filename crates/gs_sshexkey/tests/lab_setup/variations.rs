//! Trust is made whatever the user, the ports, the addresses, the shells and the profiles are.

use lab::{Lab, Sh};

use crate::checking::must_be_green;
use crate::harness::*;
use crate::tools::*;

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn an_ordinary_user_gets_trust_by_address_and_etc_hosts_stays() {
    let lab = cluster(3);
    let before: Vec<_> = all(&lab).iter().map(|n| n.snapshot(&["/etc", "/root"])).collect();
    set_up(&lab, "omm");
    must_trust(&all(&lab), "omm", false);
    for (node, before) in all(&lab).iter().zip(&before) {
        let diff = before.diff(&node.snapshot(&["/etc", "/root"]));
        assert!(diff.is_empty(), "{}:\n{diff}", node.name());
    }
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn root_and_an_ordinary_user_have_trust_on_the_same_nodes() {
    let lab = cluster(2);
    set_up(&lab, "root");
    set_up(&lab, "omm");
    // The names that root mapped serve every user.
    for user in ["root", "omm"] {
        must_trust(&all(&lab), user, true);
    }
    let keys = ["root", "omm"].map(|user| text(lab.node(1), &at_home(user, ".ssh/id_om.pub")));
    assert_ne!(keys[0], keys[1]);
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn one_node_on_a_port_of_its_own_is_reached_by_plain_ssh() {
    let lab = Lab::up(spec(3).port(1, 2222)).unwrap();
    set_up(&lab, "root");
    must_trust(&all(&lab), "root", true);
    for node in all(&lab) {
        let known = text(node, "/root/.ssh/known_hosts");
        let hosts = ["10.77.0.1,node1 ", "[10.77.0.2]:2222,[node2]:2222 ", "10.77.0.3,node3 "];
        for host in hosts {
            assert!(known.lines().any(|line| line.starts_with(host)), "no {host} in\n{known}");
        }
        assert!(known.lines().all(|line| hosts.iter().any(|host| line.starts_with(host))), "{known}");
        let config = text(node, "/root/.ssh/config");
        must_have_block(&config, "10.77.0.2", "10.77.0.2", 2222);
        must_have_block(&config, "node2", "10.77.0.2", 2222);
        assert_eq!(config.matches("\tPort 2222\n").count(), 2, "{config}");
    }
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn nodes_that_are_all_on_custom_ports_are_reached_by_plain_ssh() {
    let lab = Lab::up(spec(2).port(0, 1025).port(1, 65534)).unwrap();
    set_up(&lab, "root");
    must_trust(&all(&lab), "root", true);
    for node in all(&lab) {
        let config = text(node, "/root/.ssh/config");
        for (index, port) in [(0, 1025), (1, 65534)] {
            let (ip, name) = (lab.node(index).ip().to_string(), lab.node(index).name());
            must_have_block(&config, &ip, &ip, port);
            must_have_block(&config, name, &ip, port);
        }
    }
}

/// Looks for a block as openGauss reads it back: a line `Host NAME` to the letter, and settings up to the next.
#[track_caller]
fn must_have_block(config: &str, host: &str, address: &str, port: u16) {
    let head = format!("Host {host}");
    let block = config.lines().skip_while(|line| *line != head).skip(1);
    let block: Vec<&str> = block.take_while(|line| !line.starts_with("Host ")).collect();
    let identity = "\tIdentityFile ~/.ssh/id_om".to_owned();
    for line in
        [format!("\tHostName {address}"), format!("\tPort {port}"), "\tUser root".to_owned(), identity]
    {
        assert!(block.contains(&line.as_str()), "no \"{line}\" below \"{head}\" in\n{config}");
    }
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn a_hostfile_of_ipv6_addresses_gives_trust_by_them_and_by_name() {
    let lab = Lab::up(spec(3).ipv6(true).port(2, 2222)).unwrap();
    let nodes = all(&lab);
    let addresses: Vec<String> = nodes.iter().map(|n| n.ip6().unwrap().to_string()).collect();
    // Not compressed, to see that the address and not its spelling counts.
    let hosts = format!("fd77:0:0:0::1\n{}\n{},2222\n", addresses[1], addresses[2]);
    run(lab.node(0), "root", &hosts, &[], &format!("{PASSWORD}\n")).must_succeed();
    let names = nodes.iter().map(|n| n.name().to_owned());
    must_reach(&nodes, "root", &addresses.iter().cloned().chain(names).collect::<Vec<_>>());
    for node in &nodes {
        let known = text(node, "/root/.ssh/known_hosts");
        assert!(known.lines().any(|line| line.starts_with("fd77::2,")), "{known}");
        assert!(known.lines().any(|line| line.starts_with("[fd77::3]:2222,")), "{known}");
        must_have_block(&text(node, "/root/.ssh/config"), "fd77::3", "fd77::3", 2222);
    }
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn a_coordinator_outside_the_hostfile_keeps_nothing() {
    let lab = cluster(3);
    let (outside, nodes) = (lab.node(0), [lab.node(1), lab.node(2)]);
    for user in ["root", "omm"] {
        // What sshd and the resolver would cache is not there: nothing but the program runs on this node.
        let places = ["/root", "/home", "/etc", "/var", "/run"];
        let before = outside.snapshot(&places);
        run(outside, user, &hostfile(&nodes), &[], &format!("{PASSWORD}\n")).must_succeed();
        assert_eq!(before.diff(&outside.snapshot(&places)), "");
        must_come_to_run_only(outside, &[]);
        must_trust(&nodes, user, true);
    }
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn dash_and_bash_as_sh_work_side_by_side() {
    for first in [Sh::Dash, Sh::Bash] {
        let lab = Lab::up(spec(3).sh(0, first).sh(1, Sh::Bash).sh(2, Sh::Dash)).unwrap();
        set_up(&lab, "root");
        must_trust(&all(&lab), "root", true);
    }
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn csh_as_login_shell_works_for_root_and_an_ordinary_user() {
    let lab = Lab::up(spec(2).login_shell("root", "/bin/csh").login_shell("omm", "/bin/csh")).unwrap();
    for user in ["root", "omm"] {
        set_up(&lab, user);
        must_trust(&all(&lab), user, true);
    }
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn nodes_without_sftp_need_none() {
    let lab = Lab::up(spec(3).no_sftp(0).no_sftp(1).no_sftp(2)).unwrap();
    set_up(&lab, "root");
    must_trust(&all(&lab), "root", true);
}

/// What profiles do that were never meant for commands over SSH.
const NOISE: &str = "echo noise; echo more noise >&2; printf 'no line end'\ntty\nstty -a\n";

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn profiles_that_print_and_ask_the_terminal_do_no_harm() {
    let lab = Lab::up(spec(3).login_shell("omm", "/bin/csh")).unwrap();
    for node in all(&lab) {
        for (user, file) in [("root", ".bashrc"), ("root", ".profile"), ("omm", ".cshrc")] {
            node.write(at_home(user, file), NOISE.as_bytes(), 0o644, user).unwrap();
        }
    }
    for user in ["root", "omm"] {
        set_up(&lab, user);
        must_trust(&all(&lab), user, true);
    }
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn profiles_that_read_lines_of_standard_input_do_no_harm() {
    let lab = Lab::up(spec(2).login_shell("omm", "/bin/csh")).unwrap();
    for node in all(&lab) {
        node.write("/root/.bashrc", b"read -r one; read -r two; echo \"$one\"\n", 0o644, "root").unwrap();
        node.write("/home/omm/.cshrc", b"set one = \"$<\"\necho hello\n", 0o644, "omm").unwrap();
    }
    for user in ["root", "omm"] {
        set_up(&lab, user);
        must_trust(&all(&lab), user, true);
    }
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn a_profile_that_reads_standard_input_to_its_end_is_named() {
    let lab = cluster(2);
    lab.node(1).write("/root/.bashrc", b"echo noise; cat\n", 0o644, "root").unwrap();
    let before = snapshots(&all(&lab));
    let run = run(lab.node(0), "root", &hostfile(&all(&lab)), &[], &format!("{PASSWORD}\n"));
    run.must_fail_with(&[
        "[GAUSS-51400] : Failed to execute the command: sh.",
        "10.77.0.2",
        "what runs before a command: ~/.bashrc",
    ]);
    must_be_unchanged(&all(&lab), &before);
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn keyboard_interactive_serves_where_passwords_are_off() {
    let settings = "PasswordAuthentication no\nKbdInteractiveAuthentication yes\nUsePAM yes\n";
    let lab = Lab::up(spec(3).sshd_config_all(settings)).unwrap();
    sh(lab.node(1), "root", "echo 'root:another one' | chpasswd");
    let run = run(lab.node(0), "root", &hostfile(&all(&lab)), &[], &format!("{PASSWORD}\nanother one\n"));
    assert_eq!(run.must_succeed().stdout.matches("Password:").count(), 2);
    must_trust(&all(&lab), "root", true);
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn a_node_with_another_password_is_asked_about_by_name() {
    let lab = cluster(3);
    sh(lab.node(1), "root", "echo 'root:another one' | chpasswd");
    let mut terminal = at_terminal(lab.node(0), "root", &hostfile(&all(&lab)), "2>/dev/null");
    terminal.expect("Password: ", PATIENCE).unwrap();
    terminal.type_line(PASSWORD).unwrap();
    terminal.expect("on the node[10.77.0.2].\r\nPassword: ", PATIENCE).unwrap();
    terminal.type_line("another one").unwrap();
    let (status, screen) = terminal.finish().unwrap();
    assert!(status.success(), "{screen}");
    let wanted = format!(
        "Please enter password for current user[root].\nPassword: \n\
         Notice :The password of some nodes is incorrect.\n\
         Please enter password for current user[root] on the node[10.77.0.2].\nPassword: \n{SCREEN}"
    );
    assert_eq!(screen.replace('\r', ""), wanted);
    must_trust(&all(&lab), "root", true);
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn keys_go_where_that_nodes_sshd_looks() {
    let elsewhere =
        "AuthorizedKeysFile .ssh/keys\nMatch User root\nAuthorizedKeysFile /etc/ssh/keys/%u\nMatch all\n";
    let lab = Lab::up(spec(3).sshd_config(1, elsewhere).sshd_config(2, "AuthorizedKeysFile %h/.ssh/my_%u\n"))
        .unwrap();
    sh(lab.node(1), "root", "mkdir -m 755 /etc/ssh/keys");
    for user in ["root", "omm"] {
        set_up(&lab, user);
        must_trust(&all(&lab), user, true);
    }
    let keys = ["/etc/ssh/keys/root", "/home/omm/.ssh/keys", "/root/.ssh/my_root", "/home/omm/.ssh/my_omm"];
    for (node, path) in [1, 1, 2, 2].into_iter().zip(keys) {
        let keys = text(lab.node(node), path);
        let count = if path.ends_with("root") { 1 } else { 3 };
        assert_eq!((keys.lines().count(), marked(&keys).len()), (count, count), "{path}: {keys}");
    }
    for node in [lab.node(1), lab.node(2)] {
        sh(node, "root", "! ls /root/.ssh/authorized_keys /home/omm/.ssh/authorized_keys 2>/dev/null");
    }
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn a_place_for_keys_that_the_user_cannot_write_is_named() {
    let lab = Lab::up(spec(2).sshd_config(1, "AuthorizedKeysFile /etc/ssh/keys/%u\n")).unwrap();
    sh(lab.node(1), "root", "mkdir -m 755 /etc/ssh/keys");
    let before = snapshots(&all(&lab));
    let run = run(lab.node(0), "omm", &hostfile(&all(&lab)), &[], &format!("{PASSWORD}\n"));
    run.must_fail_with(&[
        "Trust would not work on 10.77.0.2: sshd reads keys elsewhere (authorized-keys-elsewhere).",
        "test -w /etc/ssh/keys: Permission denied",
    ]);
    must_be_unchanged(&all(&lab), &before);
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn a_server_that_allows_one_session_a_connection_is_enough() {
    let lab = Lab::up(spec(3).sshd_config_all("MaxSessions 1")).unwrap();
    set_up(&lab, "omm");
    must_trust(&all(&lab), "omm", false);
    must_be_green(&lab, "omm", &["--no-password"], 6);
}
