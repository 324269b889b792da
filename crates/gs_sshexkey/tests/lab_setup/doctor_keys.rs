//! Host keys and key pairs: the fifth and the sixth cause of openGauss's document.

use lab::Lab;

use crate::doctor::*;
use crate::doctor_rights::*;
use crate::harness::*;
use crate::tools::*;

const HOSTS: &str = "known-hosts-conflict";
const KEY: &str = "key-mismatch";

/// Puts another key on record for a node, in the place of its own.
fn stale(host: &str) -> String {
    format!(
        "ssh-keygen -R {host} >/dev/null 2>&1; rm -f /tmp/k*; ssh-keygen -q -t ed25519 -N '' -f /tmp/k; \
         echo \"other,{host} $(cut -d ' ' -f 1,2 /tmp/k.pub)\" >>.ssh/known_hosts"
    )
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn a_stale_record_is_told_where_it_is_and_replaced() {
    let lab = trusting(4, "root");
    // Hashed names too.
    let hashed = format!("{}; ssh-keygen -H >/dev/null 2>&1; rm -f .ssh/known_hosts.old", stale("10.77.0.2"));
    break_and_heal(&lab, "root", &[(3, &hashed)], &[(HOSTS, 3)]);
    // This machine's own record: the others vouch for the node.
    break_and_heal(&lab, "root", &[(0, &stale("10.77.0.3"))], &[(HOSTS, 0)]);
    assert!(text(lab.node(0), "/root/.ssh/known_hosts").contains("\nother ssh-ed25519 "));
    let (first, second) = (stale("10.77.0.1"), stale("10.77.0.4"));
    let half = [(1, first.as_str()), (2, second.as_str())];
    break_and_heal(&lab, "root", &half, &[(HOSTS, 1), (HOSTS, 2)]);
    break_and_cure(&lab, "root", &half, &[(HOSTS, 1), (HOSTS, 2)]);
    // All records are gone.
    break_and_heal(&lab, "root", &[(1, "rm .ssh/known_hosts")], &[(HOSTS, 1)]);
    // A record of all users, which the user's own outdoes.
    let global = "ssh-keygen -R 10.77.0.2 >/dev/null 2>&1; rm -f /tmp/k*; ssh-keygen -q -t ed25519 -N '' -f /tmp/k; \
                  echo \"10.77.0.2 $(cat /tmp/k.pub)\" >/etc/ssh/ssh_known_hosts";
    break_and_heal(&lab, "root", &[(2, global)], &[(HOSTS, 2)]);
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn a_host_key_that_changed_needs_a_word_of_the_user() {
    let lab = trusting(4, "root");
    lab.node(2).change_host_keys().unwrap();
    let before: Vec<_> = all(&lab).iter().map(|node| text(node, "/root/.ssh/known_hosts")).collect();
    let document = must_find(&lab, "root", &[], TYPED, &[(HOSTS, 2)]);
    let new = sh(lab.node(2), "root", "ssh-keygen -l -f /etc/ssh/ssh_host_ed25519_key.pub");
    let new = new.split(' ').nth(1).unwrap();
    let old = sh(lab.node(1), "root", "ssh-keygen -l -F 10.77.0.3 | grep ED25519");
    let old = old.split(' ').nth(2).unwrap();
    let said = document["findings"][0]["witnesses"].to_string();
    assert!(said.contains(new) && said.contains(old), "{said}");
    // Not by itself.
    let (document, status) = doctor(&lab, "root", &["--fix", "--yes"], TYPED);
    assert_eq!(findings(&lab, &document), [(HOSTS.to_owned(), 2)], "{document:#}");
    assert_eq!(status, Some(1));
    for (node, before) in all(&lab).iter().zip(&before) {
        assert_eq!(text(node, "/root/.ssh/known_hosts"), *before);
    }
    must_heal(&lab, "root", &["--accept-host-key", "10.77.0.3"], TYPED);
    must_be_well(&lab, "root");
    // Half of the nodes; and this machine's own, which needs no confirmation.
    lab.node(1).change_host_keys().unwrap();
    lab.node(3).change_host_keys().unwrap();
    must_find(&lab, "root", &[], TYPED, &[(HOSTS, 1), (HOSTS, 3)]);
    must_heal(&lab, "root", &["--accept-host-key", "10.77.0.2", "--accept-host-key", "10.77.0.4"], TYPED);
    lab.node(0).change_host_keys().unwrap();
    must_find(&lab, "root", &[], TYPED, &[(HOSTS, 0)]);
    must_heal(&lab, "root", &[], TYPED);
    must_be_well(&lab, "root");
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn where_only_known_keys_count_a_node_that_is_proven_vouches_for_one_that_this_machine_lost() {
    let lab = trusting(3, "root");
    sh(lab.node(0), "root", "sed -i '/^10.77.0.3,node3 /d' .ssh/known_hosts");
    let flags = ["--no-password", "--strict-host-keys"];
    // All nodes are entered: else the third would be a finding too.
    must_find(&lab, "root", &flags, "", &[(HOSTS, 0)]);
    must_heal(&lab, "root", &flags, "");
    must_be_well(&lab, "root");
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn a_revoked_host_key_is_never_touched() {
    let lab = trusting(3, "root");
    let revoke = "sed -n 's/^10.77.0.3[^ ]* \\(.*\\) #OM$/@revoked * \\1/p' .ssh/known_hosts >/tmp/revoked; \
                  cp .ssh/known_hosts /tmp/kept; cat /tmp/revoked >>.ssh/known_hosts";
    for (node, at) in [(1, 1), (0, 2)] {
        sh(lab.node(node), "root", revoke);
        let marked = text(lab.node(node), "/root/.ssh/known_hosts");
        let document = must_find(&lab, "root", &[], TYPED, &[(HOSTS, at)]);
        assert_eq!(document["findings"][0]["cures"][0]["why"], "revoked", "{document:#}");
        let flags = ["--fix", "--yes", "--accept-host-key", "10.77.0.3"];
        let (document, _) = doctor(&lab, "root", &flags, TYPED);
        assert_eq!(findings(&lab, &document), [(HOSTS.to_owned(), at)], "{document:#}");
        assert_eq!(text(lab.node(node), "/root/.ssh/known_hosts"), marked);
        sh(lab.node(node), "root", "cp /tmp/kept .ssh/known_hosts");
    }
    must_be_well(&lab, "root");
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn keys_that_do_not_match_are_told_and_healed() {
    let lab = trusting(4, "root");
    let lost = "pkill -x ssh-agent; rm -f .ssh/id_om .ssh/id_om.pub";
    let empty = "echo '# empty' >.ssh/authorized_keys";
    let other = "rm -f /tmp/k*; ssh-keygen -q -t ed25519 -N '' -f /tmp/k";
    break_and_heal(&lab, "root", &[(2, empty)], &[(KEY, 2)]);
    break_and_cure(&lab, "root", &[(2, "rm .ssh/authorized_keys")], &[(KEY, 2)]);
    break_and_heal(&lab, "root", &[(0, lost)], &[(KEY, 0)]);
    break_and_heal(&lab, "root", &[(1, lost), (3, empty)], &[(KEY, 1), (KEY, 3)]);
    // The pair was torn apart, or another one is in its place, or the agent holds another.
    let torn = format!("{other}; cp /tmp/k.pub .ssh/id_om.pub");
    let replaced = format!("{other}; cp /tmp/k .ssh/id_om; cp /tmp/k.pub .ssh/id_om.pub; pkill -x ssh-agent");
    let held = format!(
        "{other}; export SSH_AUTH_SOCK=$HOME/gaussdb_tmp/gauss_socket_tmp; ssh-add -q -D; ssh-add -q /tmp/k"
    );
    let three = [(1, torn.as_str()), (2, replaced.as_str()), (3, held.as_str())];
    break_and_heal(&lab, "root", &three, &[(KEY, 1), (KEY, 2), (KEY, 3)]);
    // What somebody has restricted stays so.
    sh(lab.node(2), "root", "sed -i 's/^/from=\"192.0.2.1\" /' .ssh/authorized_keys");
    let document = must_find(&lab, "root", &[], TYPED, &[("from-mismatch", 2)]);
    assert!(document.to_string().contains("--from"), "{document:#}");
}

/// Trust as the document makes it by hand: one pair and one set of files on all nodes.
pub(crate) fn make_by_hand(lab: &Lab) {
    let scan: String = lab.nodes().iter().map(|node| format!(" {}", node.ip())).collect();
    let make = format!(
        "mkdir -m 700 -p .ssh; ssh-keygen -q -t rsa -N '' -f .ssh/id_rsa; cat .ssh/id_rsa.pub >.ssh/authorized_keys; \
         ssh-keyscan{scan} >.ssh/known_hosts 2>/dev/null; chmod 600 .ssh/authorized_keys; tar c .ssh | base64 -w 0"
    );
    let files = sh(lab.node(0), "root", &make);
    let unpack = format!("echo {files} | base64 -d | tar x");
    lab.nodes()[1..].iter().for_each(|node| drop(sh(node, "root", &unpack)));
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn trust_that_was_made_by_hand_is_told_and_healed_too() {
    let lab = cluster(3);
    make_by_hand(&lab);
    must_be_well(&lab, "root");
    break_and_heal(&lab, "root", &[(1, "echo >.ssh/authorized_keys")], &[(KEY, 1)]);
    break_and_heal(&lab, "root", &[(2, "chmod 644 .ssh/id_rsa")], &[("key-permissions", 2)]);
    let torn =
        "cp .ssh/id_rsa.pub /tmp/kept; ssh-keygen -q -t rsa -N '' -f /tmp/k; cp /tmp/k.pub .ssh/id_rsa.pub";
    break_and_cure(&lab, "root", &[(2, torn)], &[(KEY, 2)]);
    break_and_heal(&lab, "root", &[(0, &stale("10.77.0.2"))], &[(HOSTS, 0)]);
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn keys_where_sshd_does_not_look() {
    let lab = trusting(4, "root");
    const ELSEWHERE: &str = "authorized-keys-elsewhere";
    let again = |index: usize, script: &str| {
        sh(lab.node(index), "root", script);
        lab.node(index).stop_sshd().unwrap();
        lab.node(index).start_sshd().unwrap();
    };
    again(1, "sed -i '1i AuthorizedKeysFile .ssh/elsewhere' /etc/ssh/sshd_config");
    again(2, "mkdir /etc/ssh/keys; sed -i '1i AuthorizedKeysFile /etc/ssh/keys/%u' /etc/ssh/sshd_config");
    again(3, "sed -i '1i RevokedKeys /etc/ssh/revoked' /etc/ssh/sshd_config");
    let all = [(ELSEWHERE, 1), (ELSEWHERE, 2), (ELSEWHERE, 3)];
    let document = must_find(&lab, "root", &[], TYPED, &all);
    assert_eq!(document["findings"][2]["cures"][0]["why"], "security", "{document:#}");
    let (document, _) = doctor(&lab, "root", &["--fix", "--yes"], TYPED);
    assert_eq!(findings(&lab, &document), [(ELSEWHERE.to_owned(), 3)], "{document:#}");
    // A line for each node's own key.
    assert_eq!(marked(&text(lab.node(1), "/root/.ssh/elsewhere")).len(), 4);
    assert_eq!(marked(&text(lab.node(2), "/etc/ssh/keys/root")).len(), 4);
    cure_by_hand(&lab, "root", &document);
    must_be_well(&lab, "root");
    // The key is in the list.
    sh(lab.node(3), "root", "cp .ssh/authorized_keys /etc/ssh/revoked");
    let document = must_find(&lab, "root", &[], TYPED, &[(ELSEWHERE, 3)]);
    assert_eq!(document["findings"][0]["cures"][0]["why"], "revoked", "{document:#}");
}
