//! `check` on clusters with one fault: exactly those cells, with the cause, and the rest green.

use std::time::{Duration, Instant};

use lab::{Lab, LabSpec, Node};
use serde_json::Value;

use crate::checking::*;
use crate::harness::*;
use crate::tools::*;

/// A broken pair: caller, called, by what, cause.
type Cell = (usize, usize, &'static str, &'static str);

/// Fails unless exactly these pairs are broken, and exactly the pairs of these callers are unseen.
#[track_caller]
fn must_show(lab: &Lab, flags: &[&str], input: &str, cells: &[Cell], unseen_rows: &[usize]) -> Value {
    let (document, status) = check(lab, "root", flags, input);
    let place = |address: &Value| {
        lab.nodes().iter().position(|node| node.ip().to_string() == address.as_str().unwrap()).unwrap()
    };
    let mut found: Vec<(usize, usize, String, String)> = Vec::new();
    for fault in document["faults"].as_array().unwrap() {
        let word = |name: &str| fault[name].as_str().unwrap_or_default().to_owned();
        assert_eq!(fault["state"], "broken", "{fault:#}");
        found.push((place(&fault["from"]), place(&fault["to"]), word("by"), word("cause")));
    }
    found.sort();
    let mut wanted: Vec<_> = cells
        .iter()
        .map(|(from, to, by, cause)| (*from, *to, (*by).to_owned(), (*cause).to_owned()))
        .collect();
    wanted.sort();
    assert_eq!(found, wanted, "{document:#}");
    let ways = document["by"].as_array().unwrap().len();
    let unseen = unseen_rows.len() * (lab.nodes().len() - 1) * ways;
    assert_eq!(document["counts"]["unseen"], unseen, "{document:#}");
    let all = lab.nodes().len() * (lab.nodes().len() - 1) * ways;
    assert_eq!(document["counts"]["works"], all - unseen - cells.len(), "{document:#}");
    assert_eq!((status, &document["healthy"]), (Some(1), &Value::Bool(false)));
    for (index, node) in document["nodes"].as_array().unwrap().iter().enumerate() {
        assert_eq!(node["entered"].is_null(), unseen_rows.contains(&index), "{node:#}");
    }
    document
}

/// A column of the matrix: all others call this node.
fn column(to: usize, size: usize, cause: &'static str) -> Vec<Cell> {
    (0..size).filter(|from| *from != to).map(|from| (from, to, "ip", cause)).collect()
}

/// Four nodes that trust each other, by name too, and whose agents do not come back by themselves.
fn four() -> Lab {
    trusting(spec(4))
}

/// Such nodes, with short limits.
fn four_impatient() -> Lab {
    trusting(impatient(spec(4)))
}

fn trusting(spec: LabSpec) -> Lab {
    let lab = Lab::up(spec).unwrap();
    set_up(&lab, "root");
    lab.nodes().iter().for_each(|node| drop(sh(node, "root", "pkill -x cron")));
    lab
}

const ASK_NOBODY: &[&str] = &["--no-password"];

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn a_stopped_sshd_breaks_its_column_and_nothing_else() {
    let lab = four();
    lab.node(2).stop_sshd().unwrap();
    let by_ip = column(2, 4, "refused");
    must_show(&lab, ASK_NOBODY, "", &by_ip, &[2]);
    // By its name too, which the others know.
    let by_name = by_ip.iter().map(|(from, to, _, cause)| (*from, *to, "name", *cause));
    let both: Vec<Cell> = by_ip.iter().copied().chain(by_name).collect();
    must_show(&lab, &["--no-password", "--by", "both"], "", &both, &[2]);
    lab.node(2).start_sshd().unwrap();
    // The coordinator's own is not needed to see what it reaches.
    lab.node(0).stop_sshd().unwrap();
    must_show(&lab, ASK_NOBODY, "", &column(0, 4, "refused"), &[]);
    lab.node(0).start_sshd().unwrap();
    must_be_green(&lab, "root", ASK_NOBODY, 12);
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn a_lost_key_is_told_on_the_side_where_it_is_lost() {
    let lab = four();
    let keys = text(lab.node(1), "/root/.ssh/authorized_keys");
    lab.node(1).write("/root/.ssh/authorized_keys", b"# empty\n", 0o600, "root").unwrap();
    // No key opens it any more, so what it reaches itself is not seen without a password ...
    let document = must_show(&lab, ASK_NOBODY, "", &column(1, 4, "key-refused"), &[1]);
    assert_eq!(document["nodes"][1]["not_entered"]["code"], "no-password", "{document:#}");
    // ... and is with one.
    must_show(&lab, &[], &format!("{PASSWORD}\n"), &column(1, 4, "key-refused"), &[]);
    // A wrong one is tried twice at the most, and the rest is told all the same.
    let document = must_show(&lab, &[], "wrong\nwrong again\n", &column(1, 4, "key-refused"), &[1]);
    assert_eq!(document["nodes"][1]["not_entered"]["code"], "wrong-password", "{document:#}");
    lab.node(1).write("/root/.ssh/authorized_keys", keys.as_bytes(), 0o600, "root").unwrap();

    // The private half: its row.
    sh(lab.node(3), "root", "rm .ssh/id_om; pkill -x ssh-agent");
    let row: Vec<Cell> = (0..3).map(|to| (3, to, "ip", "key-refused")).collect();
    must_show(&lab, ASK_NOBODY, "", &row, &[]);
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn a_changed_host_key_is_told_from_a_lost_key() {
    let lab = four();
    lab.node(2).change_host_keys().unwrap();
    let document = must_show(&lab, ASK_NOBODY, "", &column(2, 4, "host-key-changed"), &[2]);
    assert!(document["faults"][0]["said"].as_str().unwrap().contains("known_hosts:"), "{document:#}");
    // One node has forgotten another.
    let lab = four();
    sh(lab.node(1), "root", &format!("ssh-keygen -R {} 2>&1", lab.node(3).ip()));
    must_show(&lab, ASK_NOBODY, "", &[(1, 3, "ip", "host-key-unknown")], &[]);
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn a_name_that_leads_elsewhere_is_told_with_where_it_leads() {
    let lab = four();
    let (node, right, wrong) = (lab.node(1), lab.node(2), lab.node(3));
    let hosts = text(node, "/etc/hosts");
    let moved = hosts
        .replace(&format!("{}  {}", right.ip(), right.name()), &format!("{}  {}", wrong.ip(), right.name()));
    assert_ne!(hosts, moved);
    node.write("/etc/hosts", moved.as_bytes(), 0o644, "root").unwrap();
    let flags = ["--no-password", "--by", "both"];
    let document = must_show(&lab, &flags, "", &[(1, 2, "name", "wrong-address")], &[]);
    assert_eq!(document["faults"][0]["found"], wrong.ip().to_string(), "{document:#}");
    // ssh itself would be content, if somebody had recorded the wrong machine's key under that name.
    let known = text(node, "/root/.ssh/known_hosts");
    let (of_right, of_wrong) = (format!(",{} ", right.name()), format!(",{} ", wrong.name()));
    let fooled = known
        .replace(&of_right, " ")
        .replace(&of_wrong, &format!("{}{} ", of_wrong.trim_end(), of_right.trim_end()));
    assert_eq!(fooled.matches(right.name()).count(), known.matches(&of_wrong).count(), "{fooled}");
    node.write("/root/.ssh/known_hosts", fooled.as_bytes(), 0o600, "root").unwrap();
    must_reach(&[node], "root", &[right.name().to_owned()]);
    must_show(&lab, &flags, "", &[(1, 2, "name", "wrong-address")], &[]);
    // ssh may be told where a name leads; then it does not matter what the resolver says.
    let config = text(node, "/root/.ssh/config");
    let told = format!("Host {}\n    HostName {}\n{config}", right.name(), right.ip());
    node.write("/root/.ssh/config", told.as_bytes(), 0o600, "root").unwrap();
    must_be_green(&lab, "root", &flags, 24);
    node.write("/root/.ssh/config", config.as_bytes(), 0o600, "root").unwrap();
    // No name at all.
    let gone: String =
        hosts.lines().filter(|line| !line.contains(right.name())).map(|l| format!("{l}\n")).collect();
    node.write("/etc/hosts", gone.as_bytes(), 0o644, "root").unwrap();
    must_show(&lab, &flags, "", &[(1, 2, "name", "name-unknown")], &[]);
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn one_way_and_silence_are_bounded_and_leave_the_others_alone() {
    let lab = four_impatient();
    let limit = Duration::from_secs(100);
    // The caller's packets are dropped, those in the other direction are not.
    lab.node(2).drop_from(lab.node(1).ip(), 22).unwrap();
    let start = Instant::now();
    must_show(&lab, ASK_NOBODY, "", &[(1, 2, "ip", "timed-out")], &[]);
    assert!(start.elapsed() < limit);
    lab.node(2).heal_network().unwrap();
    // TCP is accepted, and nothing is said.
    lab.node(3).freeze().unwrap();
    let start = Instant::now();
    must_show(&lab, ASK_NOBODY, "", &column(3, 4, "hung"), &[3]);
    assert!(start.elapsed() < limit);
    lab.node(3).thaw().unwrap();
    must_be_green(&lab, "root", ASK_NOBODY, 12);
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn a_handshake_that_loses_its_packets_is_bounded() {
    // With the real limits of an entry that is not needed, and of a call.
    let lab = four();
    lab.node(3).lose_large_packets().unwrap();
    let start = Instant::now();
    let (document, status) = check(&lab, "root", ASK_NOBODY, "");
    assert!(start.elapsed() < Duration::from_secs(200));
    assert_eq!(status, Some(1));
    // All that lead to it hang; it was not entered, so that its own calls are not seen.
    let hung = document["faults"].as_array().unwrap().iter().filter(|fault| fault["cause"] == "hung").count();
    assert_eq!((hung, &document["counts"]["works"]), (3, &6.into()), "{document:#}");
    assert_eq!(document["counts"]["unseen"], 3);
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn a_node_that_dies_in_the_middle_leaves_its_other_pairs_unseen() {
    let lab = four_impatient();
    // Keeps the run busy.
    lab.node(3).freeze().unwrap();
    let child = start_check(lab.node(0), "root", &hostfile(&all(&lab)), &["--json", "--no-password"], "");
    let calls = |node: &Node| {
        let target = lab.node(3).ip().to_string();
        command_lines(node).iter().any(|line| line.starts_with("ssh -n -T ") && line.contains(&target))
    };
    let deadline = Instant::now() + PATIENCE;
    while !calls(lab.node(1)) {
        assert!(Instant::now() < deadline, "nobody calls");
        std::thread::sleep(Duration::from_millis(5));
    }
    let start = Instant::now();
    lab.node(1).kill().unwrap();
    let run = finish(child);
    assert!(start.elapsed() < Duration::from_secs(150), "{:?}", start.elapsed());
    let document: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(run.code, Some(1), "{document:#}");
    assert_eq!(document["nodes"][1]["lost"], true, "{document:#}");
    assert_eq!(document["nodes"][1]["entered"], "key", "{document:#}");
    let states = &document["pairs"][0]["states"];
    // Its call to the silent node is not known; nor is what the silent node would have called.
    assert_eq!(states[1].as_str().unwrap().chars().nth(3), Some('?'), "{document:#}");
    for (from, to) in [(0, 2), (2, 0)] {
        assert_eq!(states[from].as_str().unwrap().chars().nth(to), Some('.'), "{document:#}");
    }
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn a_dead_node_and_a_server_that_lets_nobody_in() {
    let lab = four_impatient();
    lab.node(3).kill().unwrap();
    // Somebody holds the only place, so that every call is thrown out: nobody knows whether trust is there.
    sh(lab.node(2), "root", "sed -i '1i MaxStartups 1:100:1\\nLoginGraceTime 600' /etc/ssh/sshd_config");
    lab.node(2).stop_sshd().unwrap();
    lab.node(2).start_sshd().unwrap();
    let mut holder = lab.node(1).command("root");
    let mut holder = holder
        .args([
            "bash",
            "-c",
            &format!("exec 3<>/dev/tcp/{}/22; read -r line <&3; echo held; read -r line", lab.node(2).ip()),
        ])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut word = [0u8; 5];
    std::io::Read::read_exact(holder.stdout.as_mut().unwrap(), &mut word).unwrap();
    let (document, status) = check(&lab, "root", ASK_NOBODY, "");
    drop(holder.stdin.take());
    holder.wait().unwrap();
    assert_eq!(status, Some(1));
    let states: Vec<(&str, &str)> = document["faults"]
        .as_array()
        .unwrap()
        .iter()
        .map(|fault| (fault["to"].as_str().unwrap(), fault["state"].as_str().unwrap()))
        .collect();
    let (full, dead) = (lab.node(2).ip().to_string(), lab.node(3).ip().to_string());
    let wanted = [0, 1].map(|_| [(full.as_str(), "throttled"), (dead.as_str(), "broken")]).concat();
    assert_eq!(states, wanted, "{document:#}");
    assert_eq!(document["counts"]["works"], 2, "{document:#}");
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn what_a_node_says_reaches_no_screen_raw() {
    let lab = four();
    let node: &Node = lab.node(2);
    sh(node, "root", "printf '\\033[2J\\033]0;owned\\007</script><b>$(reboot)\\n' >/etc/banner");
    sh(node, "root", "sed -i '1i Banner /etc/banner' /etc/ssh/sshd_config; rm .ssh/authorized_keys");
    node.stop_sshd().unwrap();
    node.start_sshd().unwrap();
    let hosts = hostfile(&all(&lab));
    for flags in [
        &["--no-password"] as &[&str],
        &["--no-password", "--json"],
        &["--no-password", "--format", "prometheus"],
    ] {
        let run = check_with(lab.node(0), "root", &hosts, flags, "");
        assert_eq!(run.code, Some(1), "{}", run.stderr);
        for text in [&run.stdout, &run.stderr] {
            assert!(!text.contains(['\u{1b}', '\u{7}']), "{text:?}");
        }
    }
    let run = check_with(lab.node(0), "root", &hosts, &["--no-password", "--html", "/root/page.html"], "");
    assert_eq!(run.code, Some(1));
    let page = text(lab.node(0), "/root/page.html");
    assert!(page.contains("$(reboot)") && !page.contains("<b>$(reboot)"), "the banner is shown, and as text");
    assert_eq!(page.matches("</script>").count(), page.matches("<script").count());
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn what_cannot_be_checked_ends_with_status_2() {
    let lab = cluster(2);
    let hosts = hostfile(&all(&lab));
    // Nobody trusts anybody, and there is nobody to ask; but this machine needs no entry.
    let run = check_with(lab.node(0), "omm", &hosts, &[], "");
    assert_eq!(run.code, Some(1), "{}\n{}", run.stdout, run.stderr);
    let other = hostfile(&[lab.node(1)]);
    let cases = [
        (other.as_str(), "No node can be entered"),
        ("10.77.0.1\n", "There is no pair"),
        ("node1\n", "[GAUSS-50603]"),
        ("", "[GAUSS-50004]"),
    ];
    for (hosts, wanted) in cases {
        let run = check_with(lab.node(0), "omm", hosts, &["--no-password"], "");
        assert_eq!(run.code, Some(2), "{hosts:?}: {}\n{}", run.stdout, run.stderr);
        assert!(run.stderr.contains(wanted) && run.stdout.is_empty(), "{hosts:?}: {}", run.stderr);
    }
}
