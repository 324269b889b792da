//! What goes wrong before anything is changed: the node and the cure are named, and no node differs by a byte.

use crate::before::*;
use crate::harness::*;

const WRONG: &str = "not the password";

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn a_wrong_password_is_tried_twice_on_one_node_and_once_on_the_others() {
    let lab = cluster(3);
    let nodes = all(&lab);
    nodes.iter().for_each(|node| count_tries(node));
    let before = Before::of(&nodes);
    let run = run(nodes[0], "root", &hostfile(&nodes), &[], &format!("{WRONG}\n{WRONG}\n{PASSWORD}\n"));
    let run = run.must_fail_with(&[
        "[GAUSS-50306]",
        "10.77.0.2",
        "The password is incorrect",
        "Nothing was changed",
    ]);
    assert!(run.stdout.contains("Notice :The password of some nodes is incorrect."), "{}", run.stdout);
    assert!(run.stdout.contains("Please enter password for current user[root] on the node[10.77.0.2]."));
    assert_eq!(nodes.iter().map(|node| tries(node)).collect::<Vec<_>>(), [0, 2, 1]);
    before.must_stand(&nodes);
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn a_password_that_was_refused_is_not_tried_by_a_second_method() {
    let spec = spec(4)
        .sshd_config(1, "KbdInteractiveAuthentication yes")
        .sshd_config(2, "PasswordAuthentication no\nKbdInteractiveAuthentication yes");
    let lab = lab::Lab::up(spec).unwrap();
    for victim in [1, 2] {
        let nodes = [lab.node(0), lab.node(victim), lab.node(3)];
        count_tries(nodes[1]);
        change_password(nodes[1], "omm", "another");
        let before = Before::of(&nodes);
        let run = run(nodes[0], "omm", &hostfile(&nodes), &[], &format!("{PASSWORD}\n{WRONG}\nanother\n"));
        run.must_fail_with(&["[GAUSS-50306]", &nodes[1].ip().to_string(), "The password is incorrect"]);
        assert_eq!(tries(nodes[1]), 2);
        before.must_stand(&nodes);
    }
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn servers_that_hang_up_after_few_failures_are_given_their_own_password_at_the_second_try() {
    let mut spec = spec(6);
    for most in 1..=5 {
        spec = spec.sshd_config(most, &format!("MaxAuthTries {most}"));
    }
    let lab = lab::Lab::up(spec).unwrap();
    let nodes = all(&lab);
    for node in &nodes[1..] {
        count_tries(node);
        change_password(node, "omm", &format!("of {}", node.name()));
    }
    let answers: String = nodes[1..].iter().map(|node| format!("of {}\n", node.name())).collect();
    run(nodes[0], "omm", &hostfile(&nodes), &[], &format!("{WRONG}\n{answers}")).must_succeed();
    // The first try and the second.
    assert_eq!(nodes[1..].iter().map(|node| tries(node)).collect::<Vec<_>>(), [2; 5]);
    must_trust(&nodes, "omm", false);
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn without_input_the_run_ends_at_the_question() {
    let lab = cluster(2);
    let nodes = all(&lab);
    nodes.iter().for_each(|node| count_tries(node));
    let before = Before::of(&nodes);
    for input in ["", "\n"] {
        run(nodes[0], "root", &hostfile(&nodes), &[], input).must_fail_with(&[
            "A password is needed",
            "standard input",
            "Nothing was changed",
        ]);
    }
    assert_eq!(tries(nodes[1]), 0, "an empty answer was sent");
    before.must_stand(&nodes);
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn all_nodes_that_cannot_be_reached_are_named_before_a_password_is_asked_for() {
    let lab = cluster(5);
    let nodes = all(&lab);
    let before = Before::of(&nodes);
    nodes[1].stop_sshd().unwrap();
    nodes[2].drop_port(22).unwrap();
    nodes[3].freeze().unwrap();
    let run = run(nodes[0], "root", &hostfile(&nodes), &[], &format!("{PASSWORD}\n"));
    let run = run.must_fail_with(&[
        "[GAUSS-50600]",
        "The IP list is:['10.77.0.2', '10.77.0.3', '10.77.0.4']",
        "10.77.0.2: connection refused",
        "systemctl start sshd",
        "10.77.0.3: timed out",
        "a firewall drops port 22",
        "10.77.0.4: connected, but the SSH server said nothing",
        "overloaded or stopped",
    ]);
    assert!(!run.asked(), "{}", run.stdout);
    assert!(!run.stderr.contains("10.77.0.5"), "{}", run.stderr);
    before.must_have_same_bytes(&nodes);
    nodes[3].thaw().unwrap();
    for index in [0, 2, 3, 4] {
        before.must_be_quiet(index, nodes[index]);
    }
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn nothing_is_sent_to_a_node_whose_host_key_contradicts_a_record() {
    let lab = cluster(3);
    let nodes = all(&lab);
    let (here, there) = (nodes[0], nodes[1]);
    nodes.iter().for_each(|node| count_tries(node));
    let key_of = |index: usize| {
        let text =
            String::from_utf8(nodes[index].read("/etc/ssh/ssh_host_ed25519_key.pub").unwrap()).unwrap();
        text.split(' ').take(2).collect::<Vec<_>>().join(" ")
    };
    let print_of = |index: usize| {
        let print =
            nodes[index].sh("root", "ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub").unwrap().stdout;
        print.split(' ').nth(1).unwrap().to_owned()
    };
    let (real, other) = (print_of(1), print_of(2));
    assert_ne!(real, other);
    let changed = format!("# a comment\n{} {}\n", there.ip(), key_of(2));
    let revoked = format!("{} {}\n\n@revoked * {}\n", there.ip(), key_of(1), key_of(1));
    let cases = [
        ("/root/.ssh/known_hosts", &changed, 2, &other, "ssh-keygen -R '10.77.0.2'"),
        ("/root/.ssh/known_hosts2", &changed, 2, &other, "/root/.ssh/known_hosts2"),
        (
            "/etc/ssh/ssh_known_hosts",
            &changed,
            2,
            &other,
            "ssh-keygen -R '10.77.0.2' -f /etc/ssh/ssh_known_hosts",
        ),
        ("/root/.ssh/known_hosts", &revoked, 3, &real, "declared stolen or retired"),
    ];
    for (file, text, line, recorded, cure) in cases {
        here.write(file, text.as_bytes(), 0o644, "root").unwrap();
        let before = Before::of(&nodes);
        let run = run(here, "root", &hostfile(&nodes), &[], &format!("{PASSWORD}\n"));
        let place = format!("in {file}, line {line}");
        let run = run.must_fail_with(&["[GAUSS-51101]", "10.77.0.2", &real, recorded, &place, cure]);
        assert!(!run.asked(), "{}", run.stdout);
        before.must_stand(&nodes);
        here.sh("root", &format!("rm {file}")).unwrap();
    }
    assert_eq!(nodes.iter().map(|node| tries(node)).sum::<usize>(), 0);
}
