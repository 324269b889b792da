//! Trust is made, and stays as it is.

use crate::harness::*;
use crate::tools::*;

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
        let before: Vec<_> = nodes.iter().map(|n| n.snapshot(TOUCHED)).collect();
        let again = set_up(&lab, user);
        assert!(!again.asked(), "{}", again.stdout);
        for (node, before) in nodes.iter().zip(&before) {
            let diff = before.diff(&node.snapshot(TOUCHED));
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

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn the_commands_that_help_shows_take_all_of_it_away() {
    let lab = cluster(2);
    let node = lab.node(0);
    let before = snapshot(node);
    set_up(&lab, "root");
    let help = node.sh("root", "gs_sshexkey help remove").unwrap().stdout;
    let commands: String =
        help.lines().filter_map(|line| line.strip_prefix("  ")).map(|c| format!("{c}\n")).collect();
    assert!(commands.contains("pkill") && commands.contains("/etc/hosts"), "{help}");
    // As over ssh: the shell that runs them has their text in its arguments.
    let removed = node.sh("root", &format!("set -e\n{commands}")).unwrap();
    assert!(removed.status.success(), "{removed:?}");
    run_job_of_cron(node, "root");
    // The folder and the files that did not exist before stay, empty.
    let now = snapshot(node).without(|path| path.starts_with("/root/.ssh"));
    let diff = before.without(|path| path.starts_with("/root/.ssh")).diff(&now);
    assert!(diff.is_empty(), "{diff}");
    let left = node.sh("root", "cat ~/.ssh/*; ls ~/.ssh").unwrap().stdout;
    assert_eq!(left, "authorized_keys\nconfig\nknown_hosts\n");
    assert!(!node.processes().iter().any(|p| p.cmdline.starts_with(b"ssh-agent")));
}
