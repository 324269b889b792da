//! Trust with bounds: from where and until when. They are written, kept, grow with the cluster, go, and are found to blame.

use std::net::IpAddr;

use lab::Node;

use crate::checking::check_with;
use crate::doctor::*;
use crate::doctor_rights::TYPED;
use crate::harness::*;
use crate::tools::*;

fn keys_file(user: &str) -> String {
    if user == "root" {
        "/root/.ssh/authorized_keys".to_owned()
    } else {
        format!("/home/{user}/.ssh/authorized_keys")
    }
}

/// The options of each line of ours, or nothing for one that has none.
fn options(node: &Node, user: &str) -> Vec<String> {
    let lines = text(node, &keys_file(user));
    let ours = lines.lines().filter(|line| line.ends_with(" #OM"));
    ours.map(|line| line.split_once("ssh-ed25519 ").unwrap().0.trim_end().to_owned()).collect()
}

/// `from="..."` with the addresses of these nodes.
fn list(nodes: &[&Node]) -> String {
    let mut all: Vec<IpAddr> = nodes.iter().map(|node| node.ip()).collect();
    all.sort();
    let all: Vec<String> = all.iter().map(ToString::to_string).collect();
    format!("from=\"{}\"", all.join(","))
}

/// The end of a line.
fn expiry(options: &str) -> &str {
    options.split_once("expiry-time=\"").unwrap().1.trim_end_matches('"')
}

/// Fails unless an end is so many minutes from now, give or take two, by the node's own clock and zone.
#[track_caller]
fn must_end_in(node: &Node, end: &str, minutes: u32) {
    let at = |minutes: u32| {
        sh(node, "root", &format!("date -d '+{minutes} minutes' +%Y%m%d%H%M")).trim().to_owned()
    };
    let (first, last) = (at(minutes - 2), at(minutes + 2));
    assert!(*first <= *end && end[..12] <= *last, "{}: {first} <= {end} <= {last}", node.name());
}

/// What cannot be is told before anything is asked.
#[track_caller]
fn must_refuse_what_cannot_be(nodes: &[&Node], user: &str) {
    let one = nodes[0].ip().to_string();
    for (flags, said) in [
        (["--from", one.as_str()], nodes[2].ip().to_string()),
        (["--from", "10.77.0.1/24"], "10.77.0.0/24".to_owned()),
        (["--expires", "2020-01-01"], "in the past".to_owned()),
        (["--expires", "90s"], "not a time".to_owned()),
    ] {
        let refused = run(nodes[0], user, &hostfile(nodes), &flags, "");
        assert_eq!((refused.code, refused.asked()), (Some(2), false), "{flags:?}: {}", refused.stderr);
        assert!(refused.stderr.contains(&said), "{flags:?}: {}", refused.stderr);
    }
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn bounds_are_written_kept_grow_with_the_cluster_and_go() {
    let lab = cluster(4);
    let nodes = all(&lab);
    // The time of a line is that of its node.
    sh(nodes[1], "root", "ln -sf /usr/share/zoneinfo/Asia/Shanghai /etc/localtime");
    for (user, mode, keys) in [("root", "shared", [1, 1]), ("omm", "per-node", [3, 4])] {
        let first = &nodes[..3];
        let flags = ["--keys", mode, "--from", "cluster", "--expires", "8h"];
        run(nodes[0], user, &hostfile(first), &flags, TYPED).must_succeed();
        for node in first {
            let options = options(node, user);
            assert_eq!(options.len(), keys[0], "{options:?}");
            for options in options {
                assert!(options.starts_with(&list(first)), "{options}");
                must_end_in(node, expiry(&options), 480);
            }
        }
        must_trust(first, user, false);
        // Law 4: an installer that knows nothing of them.
        let before = snapshots(&nodes);
        let again = run(nodes[0], user, &hostfile(first), &[], "").must_succeed();
        assert!(!again.asked());
        must_be_unchanged(&nodes, &before);
        must_refuse_what_cannot_be(first, user);
        must_be_unchanged(&nodes, &before);
        // A fourth node joins.
        let ends: Vec<String> = first.iter().map(|node| expiry(&options(node, user)[0]).to_owned()).collect();
        run(nodes[0], user, &hostfile(&nodes), &[], TYPED).must_succeed();
        for (at, node) in nodes.iter().enumerate() {
            let options = options(node, user);
            assert_eq!(options.len(), keys[1], "{options:?}");
            for options in options {
                // The fourth has the zone of the first.
                let wanted = format!("{},expiry-time=\"{}\"", list(&nodes), ends[at % 3]);
                assert_eq!(options, wanted, "{}", node.name());
            }
        }
        must_trust(&nodes, user, false);
        // A list that the user wrote stays as it is, and a bound goes alone.
        let networks = ["--from", "10.77.0.0/24,192.0.2.0/24", "--expires", "never"];
        run(nodes[0], user, &hostfile(&nodes), &networks, "").must_succeed();
        run(nodes[0], user, &hostfile(&nodes), &[], "").must_succeed();
        for node in &nodes {
            assert!(options(node, user).iter().all(|o| o == "from=\"10.77.0.0/24,192.0.2.0/24\""));
        }
        // New keys have it too; the old ones go.
        run(nodes[0], user, &hostfile(&nodes), &["--new-key", "--expires", "30m"], "").must_succeed();
        for node in &nodes {
            let options = options(node, user);
            assert_eq!(options.len(), keys[1], "{options:?}");
            for options in options {
                assert!(options.starts_with("from=\"10.77.0.0/24,192.0.2.0/24\",expiry-time="), "{options}");
                must_end_in(node, expiry(&options), 30);
            }
        }
        run(nodes[0], user, &hostfile(&nodes), &["--from", "any", "--expires", "never"], "").must_succeed();
        assert!(nodes.iter().all(|node| options(node, user).iter().all(String::is_empty)));
        must_trust(&nodes, user, false);
    }
}

/// The metrics have the moment, half an hour from now.
fn must_tell_of_half_an_hour(nodes: &[&Node], user: &str, hosts: &str) {
    let metrics = check_with(nodes[0], user, hosts, &["--format", "prometheus"], "").stdout;
    for node in nodes {
        let name = format!("gs_sshexkey_expiry_timestamp_seconds{{node=\"{}\"}} ", node.ip());
        let end: i64 = metrics.lines().find_map(|line| line.strip_prefix(&name)).unwrap().parse().unwrap();
        let left = end - sh(nodes[0], "root", "date +%s").trim().parse::<i64>().unwrap();
        assert!((1_500..=1_800).contains(&left), "{left}");
    }
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn what_bounds_shut_out_is_told_and_never_kept() {
    let lab = cluster(3);
    let nodes = all(&lab);
    let hosts = hostfile(&nodes);
    set_up(&lab, "root");
    set_up(&lab, "omm");
    // Calls from the second node to the third come with an address that is in no list: the change is undone.
    let third = nodes[2].ip();
    let other = format!(
        "dev=$(ip -o -4 addr | awk '/10.77.0.2[/]/ {{print $2}}'); ip addr add 10.77.0.200/24 dev $dev && \
         ip route add {third}/32 dev $dev src 10.77.0.200"
    );
    sh(nodes[1], "root", &other);
    let before = snapshots(&nodes);
    for user in ["root", "omm"] {
        let failed = run(nodes[0], user, &hosts, &["--from", "cluster"], "");
        failed.must_fail_with(&["GAUSS-51100", "All nodes were put back as they were."]);
        must_trust(&nodes, user, false);
    }
    must_be_unchanged(&nodes, &before);
    sh(
        nodes[1],
        "root",
        &format!(
            "ip route del {third}/32; ip addr del 10.77.0.200/24 dev $(ip -o -4 addr | awk '/10.77.0.2[/]/ {{print $2}}')"
        ),
    );
    // An old sshd would take no line that has an end.
    let old = "#!/bin/sh\n[ \"$1\" != -V ] || { echo 'OpenSSH_7.4p1, OpenSSL 1.0.2k-fips' >&2; exit 0; }\nexec /usr/bin/ssh \"$@\"\n";
    nodes[1].write("/usr/local/sbin/ssh", old.as_bytes(), 0o755, "root").unwrap();
    let refused = run(nodes[0], "root", &hosts, &["--expires", "8h"], "");
    refused.must_fail_with(&["older than 7.7", "10.77.0.2", "OpenSSH 7.4"]);
    sh(nodes[1], "root", "rm /usr/local/sbin/ssh");
    must_be_unchanged(&nodes, &before);
    for user in ["root", "omm"] {
        let file = keys_file(user);
        run(nodes[0], user, &hosts, &["--from", "cluster", "--expires", "30m"], "").must_succeed();
        // The last hour always counts.
        let soon = [("expiring", 0), ("expiring", 1), ("expiring", 2)];
        must_find(&lab, user, &[], TYPED, &soon);
        must_tell_of_half_an_hour(&nodes, user, &hosts);
        run(nodes[0], user, &hosts, &["--expires", "never"], "").must_succeed();
        must_find(&lab, user, &[], TYPED, &[]);
        // By hand: one has ended.
        sh(nodes[1], user, &format!("sed -i 's/^from=[^ ]*/&,expiry-time=\"20200101\"/' {file}"));
        let document = must_find(&lab, user, &[], TYPED, &[("expired", 1)]);
        assert_eq!(document["findings"][0]["pairs"], 2, "{document:#}");
        assert!(document.to_string().contains("--expires 8h"), "{document:#}");
        run(nodes[0], user, &hosts, &[], TYPED).must_fail_with(&[
            "Trust has expired",
            "10.77.0.2",
            "--expires 8h",
        ]);
        run(nodes[0], user, &hosts, &["--expires", "never"], TYPED).must_succeed();
        // By hand: one lets a caller in no more.
        sh(nodes[2], user, &format!("sed -i 's/10.77.0.2,//' {file}"));
        let document = must_find(&lab, user, &[], TYPED, &[("from-mismatch", 2)]);
        assert!(document.to_string().contains("--from cluster"), "{document:#}");
        // A plain run widens nobody's list; who says so gets it back.
        run(nodes[0], user, &hosts, &[], "").must_fail_with(&["leaves out", "10.77.0.2", "--from cluster"]);
        run(nodes[0], user, &hosts, &["--from", "cluster"], "").must_succeed();
        assert!(nodes.iter().all(|node| options(node, user).iter().all(|o| *o == list(&nodes))));
        must_find(&lab, user, &[], TYPED, &[]);
    }
}
