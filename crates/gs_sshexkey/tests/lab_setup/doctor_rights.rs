//! Owners and modes: the third and the fourth cause of openGauss's document, and SELinux as its tools would tell it.

use lab::Lab;

use crate::doctor::*;
use crate::harness::*;
use crate::tools::*;

/// What must be typed where a key no longer opens a node.
pub(crate) const TYPED: &str = "Gauss@2026_lab\n";

/// Nodes that trust each other, whose agents do not come back by themselves.
pub(crate) fn trusting(nodes: usize, user: &str) -> Lab {
    let lab = cluster(nodes);
    set_up_with(&lab, user, &["--no-keepalive"]);
    lab
}

/// Breaks nodes by scripts that root runs there; then exactly this is found, and healed by the program.
#[track_caller]
pub(crate) fn break_and_heal(lab: &Lab, user: &str, faults: &[(usize, &str)], wanted: &[(&str, usize)]) {
    faults.iter().for_each(|(node, script)| drop(sh(lab.node(*node), "root", script)));
    let healed = must_heal(lab, user, &[], TYPED);
    let before = serde_json::json!({ "findings": healed["fix"]["before"] });
    let wanted: Vec<(String, usize)> =
        wanted.iter().map(|(code, node)| ((*code).to_owned(), *node)).collect();
    assert_eq!(findings(lab, &before), wanted, "{before:#}");
}

/// As [`break_and_heal`], but a person heals at the consoles, with the commands that were printed.
#[track_caller]
pub(crate) fn break_and_cure(lab: &Lab, user: &str, faults: &[(usize, &str)], wanted: &[(&str, usize)]) {
    faults.iter().for_each(|(node, script)| drop(sh(lab.node(*node), "root", script)));
    let document = must_find(lab, user, &[], TYPED, wanted);
    cure_by_hand(lab, "root", &document);
    must_be_well(lab, user);
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn permissions_of_folders_are_told_and_healed() {
    let lab = trusting(4, "root");
    const HOME: &str = "home-permissions";
    break_and_heal(&lab, "root", &[(2, "chmod 777 /root")], &[(HOME, 2)]);
    break_and_heal(&lab, "root", &[(0, "chmod 757 /root/.ssh")], &[(HOME, 0)]);
    let half = [(1, "chown 1234:1234 /root"), (3, "chmod o+w /root; chown 1234 /root/.ssh")];
    break_and_heal(&lab, "root", &half, &[(HOME, 1), (HOME, 3)]);
    assert_eq!(rights(lab.node(3), "/root"), "700 root root");
    break_and_cure(&lab, "root", &half, &[(HOME, 1), (HOME, 3)]);
    // sshd may be told not to care.
    sh(lab.node(2), "root", "sed -i '1i StrictModes no' /etc/ssh/sshd_config; chmod 777 /root");
    lab.node(2).stop_sshd().unwrap();
    lab.node(2).start_sshd().unwrap();
    must_be_well(&lab, "root");
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn permissions_of_key_files_are_told_and_healed() {
    let lab = trusting(4, "root");
    const KEY: &str = "key-permissions";
    break_and_heal(&lab, "root", &[(2, "chmod 666 .ssh/authorized_keys")], &[(KEY, 2)]);
    break_and_heal(&lab, "root", &[(0, "chmod 666 .ssh/config")], &[(KEY, 0)]);
    let half = [(1, "chmod 644 .ssh/id_om"), (3, "chown 1234 .ssh/authorized_keys .ssh/id_om.pub")];
    break_and_heal(&lab, "root", &half, &[(KEY, 1), (KEY, 3)]);
    break_and_cure(&lab, "root", &half, &[(KEY, 1), (KEY, 3)]);
    // Both, on different nodes and on one.
    let both = [(1, "chmod 777 ."), (2, "chmod 777 . .ssh/authorized_keys")];
    break_and_heal(&lab, "root", &both, &[("home-permissions", 1), ("home-permissions", 2), (KEY, 2)]);
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn an_ordinary_user_who_is_locked_out_of_the_home() {
    let lab = trusting(3, "omm");
    const HOME: &str = "home-permissions";
    // Debian's sshd does not mind a group that only its owner is in.
    sh(lab.node(1), "root", "chmod 770 /home/omm");
    must_be_well(&lab, "omm");
    break_and_heal(&lab, "omm", &[(1, "usermod -aG omm games")], &[(HOME, 1)]);
    assert_eq!(rights(lab.node(1), "/home/omm"), "750 omm omm");
    // Here the user cannot read, write or search it, and nobody finds the key in it.
    break_and_heal(&lab, "omm", &[(2, "chmod 600 /home/omm/.ssh")], &[(HOME, 2)]);
    // What the program could not take back, and what the user may not, is for the console.
    break_and_cure(&lab, "omm", &[(2, "chmod 000 /home/omm")], &[(HOME, 2)]);
    break_and_cure(&lab, "omm", &[(1, "chown root:root /home/omm /home/omm/.ssh")], &[(HOME, 1)]);
    let files =
        [(1, "chown root /home/omm/.ssh/authorized_keys"), (2, "chown root /home/omm/.ssh/known_hosts")];
    break_and_cure(&lab, "omm", &files, &[("key-permissions", 1), ("key-permissions", 2)]);
}

/// `getenforce`, `matchpathcon` and `restorecon` of a machine whose policy wants another label on `~/.ssh`.
const SELINUX: &str = "cd /usr/local/sbin
printf '#!/bin/sh\necho Enforcing\n' >getenforce
cat >matchpathcon <<'END'
#!/bin/sh
shift
for p; do
    if [ \"$p\" = /root/.ssh ] && [ ! -e /run/relabelled ]; then
        echo \"$p has context unconfined_u:object_r:default_t:s0, should be system_u:object_r:ssh_home_t:s0\"
    else echo \"$p verified.\"
    fi
done
END
printf '#!/bin/sh\n[ \"$2\" = /root/.ssh ] && : >/run/relabelled\n' >restorecon
chmod 755 getenforce matchpathcon restorecon";

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn recorded_selinux_labels_are_told_before_trust_is_made() {
    let lab = cluster(3);
    let password = format!("{PASSWORD}\n");
    must_find(&lab, "root", &["--preflight"], &password, &[]);
    sh(lab.node(1), "root", &format!("mkdir -m 700 -p .ssh; {SELINUX}"));
    sh(lab.node(2), "root", "chmod 777 .");
    let wanted = [("home-permissions", 2), ("selinux-context", 1)];
    let document = must_find(&lab, "root", &["--preflight"], &password, &wanted);
    assert!(document.to_string().contains("should be system_u:object_r:ssh_home_t:s0"), "{document:#}");
    cure_by_hand(&lab, "root", &document);
    must_find(&lab, "root", &["--preflight"], &password, &[]);
    // The same once trust was there, where sshd refuses the key.
    set_up_with(&lab, "root", &["--no-keepalive"]);
    must_be_well(&lab, "root");
}
