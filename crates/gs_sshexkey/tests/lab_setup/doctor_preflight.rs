//! What stands in the way of a set-up, before it is made.

use crate::before::*;
use crate::doctor::*;
use crate::harness::*;
use crate::tools::*;

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn a_preflight_finds_what_is_missing_and_nothing_on_pristine_nodes() {
    let lab = cluster(4);
    let nodes = all(&lab);
    let answer = format!("{PASSWORD}\n");
    for user in ["root", "omm"] {
        let before = Before::of(&nodes);
        let document = must_find(&lab, user, &["--preflight"], &answer, &[]);
        assert_eq!(document["preflight"], true, "{document:#}");
        assert_eq!(document["counts"]["total"], 0, "nobody calls anybody: {document:#}");
        before.must_stand(&nodes);
    }
    sh(nodes[1], "root", "chmod o+w /home/omm");
    nodes[2].stop_sshd().unwrap();
    sh(nodes[3], "root", "sed -i '1i PubkeyAuthentication no' /etc/ssh/sshd_config");
    nodes[3].stop_sshd().unwrap();
    nodes[3].start_sshd().unwrap();
    let wanted = [("sshd-down", 2), ("home-permissions", 1), ("pubkey-auth-off", 3)];
    must_find(&lab, "omm", &["--preflight"], &answer, &wanted);
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn a_preflight_tells_which_node_refuses_the_password() {
    let lab = cluster(2);
    change_password(lab.node(1), "omm", "another");
    // The node is asked about once more on its own.
    let answers = format!("{PASSWORD}\n{PASSWORD}\n");
    must_find(&lab, "omm", &["--preflight"], &answers, &[("password-refused", 1)]);
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn the_set_up_says_up_front_what_would_make_it_fail() {
    let lab = cluster(3);
    let nodes = all(&lab);
    sh(nodes[1], "root", "chmod o+w /root");
    // What the set-up mends by itself does not stand in its way.
    sh(
        nodes[2],
        "root",
        "mkdir -p .ssh && touch .ssh/authorized_keys && chmod 777 .ssh .ssh/authorized_keys",
    );
    let before = Before::of(&nodes);
    let failed = run(nodes[0], "root", &hostfile(&nodes), &[], &format!("{PASSWORD}\n"));
    let failed = failed.must_fail_with(&[
        "Trust would not work on 10.77.0.2",
        "(home-permissions)",
        "chmod go-w '/root'",
        "Nothing was changed.",
        "doctor --preflight",
    ]);
    assert!(!failed.stderr.contains("work on 10.77.0.3"), "{}", failed.stderr);
    before.must_stand(&nodes);
    sh(nodes[1], "root", "chmod o-w /root");
    set_up(&lab, "root");
}
