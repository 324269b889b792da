//! Trust is made, and stays as it is.

use crate::harness::*;

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn three_nodes_at_a_terminal_show_exactly_the_documented_screen() {
    let lab = cluster(3);
    let mut terminal = at_terminal(lab.node(0), "root", &hostfile(&all(&lab)), "2>/dev/null");
    terminal.expect("Password: ", PATIENCE).unwrap();
    terminal.type_line(PASSWORD).unwrap();
    terminal.expect("Successfully created SSH trust.", PATIENCE).unwrap();
    let (status, screen) = terminal.finish().unwrap();
    assert!(status.success());
    let screen = screen.replace('\r', "");
    let wanted = format!("Please enter password for current user[root].\nPassword: \n{SCREEN}");
    assert_eq!(screen, wanted);
    must_trust(&all(&lab), "root", true);
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn a_second_run_asks_nothing_and_changes_no_byte() {
    let lab = cluster(3);
    for user in ["root", "omm"] {
        assert!(set_up(&lab, user).asked());
        let nodes = all(&lab);
        let before: Vec<_> = nodes.iter().map(|n| at_rest(n)).collect();
        let again = set_up(&lab, user);
        assert!(!again.asked(), "{}", again.stdout);
        for (node, before) in nodes.iter().zip(&before) {
            let diff = before.diff(&at_rest(node));
            assert!(diff.is_empty(), "{}:\n{diff}", node.name());
        }
    }
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn a_run_over_a_part_of_the_cluster_breaks_nothing_for_the_rest() {
    let lab = cluster(3);
    set_up(&lab, "omm");
    let part = hostfile(&[lab.node(0), lab.node(1)]);
    let again = run(lab.node(0), "omm", &part, &[], "").must_succeed();
    assert!(!again.asked(), "{}", again.stdout);
    must_trust(&all(&lab), "omm", false);
}
