//! Who can get in, as it is seen on real nodes: what the screen and the JSON say, and that nothing is written.

use lab::{Lab, Node};
use serde_json::{Value, json};

use crate::harness::*;
use crate::tools::*;

fn access(on: &Node, user: &str, nodes: &[&Node], flags: &[&str]) -> Run {
    let flags = [&["access"], flags].concat();
    run(on, user, &hostfile(nodes), &flags, &format!("{PASSWORD}\n"))
}

#[track_caller]
fn document(run: &Run, code: i32) -> Value {
    assert_eq!(run.code, Some(code), "{}\n{}", run.stdout, run.stderr);
    serde_json::from_str(&run.stdout).unwrap()
}

/// The key of a document whose first line has this comment.
#[track_caller]
fn key<'a>(document: &'a Value, comment: &str) -> &'a Value {
    let keys = document["keys"].as_array().unwrap();
    let found = keys.iter().find(|key| key["lines"][0]["comment"] == comment);
    found.unwrap_or_else(|| panic!("no {comment} in {document:#}"))
}

fn odd(key: &Value) -> Vec<(String, Value)> {
    let odd = key["odd"].as_array().unwrap().iter();
    odd.map(|odd| (odd["what"].as_str().unwrap().to_owned(), odd["nodes"].clone())).collect()
}

fn what(key: &Value) -> Vec<String> {
    odd(key).into_iter().map(|(what, _)| what).collect()
}

/// A key pair of an administrator's, made away from `~/.ssh`; its public line.
#[track_caller]
fn stranger(node: &Node, name: &str, flags: &str) -> String {
    let script = format!("ssh-keygen -q {flags} -N '' -C {name} -f /tmp/{name} >&2 && cat /tmp/{name}.pub");
    sh(node, "root", &script).trim().to_owned()
}

/// The nodes that a key of the document gets in at.
fn gets_in(key: &Value) -> Vec<u64> {
    let lines = key["lines"].as_array().unwrap().iter();
    let good = lines.filter(|line| ["plain", "restricted"].iter().any(|state| line["state"] == *state));
    let mut nodes: Vec<u64> =
        good.flat_map(|line| line["nodes"].as_array().unwrap()).map(|node| node.as_u64().unwrap()).collect();
    nodes.sort_unstable();
    nodes.dedup();
    nodes
}

/// The nodes that really let a stranger's key in.
fn logs_in(nodes: &[&Node], user: &str, name: &str) -> Vec<u64> {
    let call = |node: &Node| {
        let ssh = "ssh -F none -n -o BatchMode=yes -o IdentitiesOnly=yes -o IdentityAgent=none \
                   -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null";
        let script = format!("{ssh} -i /tmp/{name} {user}@{} true", node.ip());
        nodes[0].sh("root", &script).unwrap().status.success()
    };
    (0..).zip(nodes).filter(|(_, node)| call(node)).map(|(place, _)| place).collect()
}

#[track_caller]
fn append(node: &Node, user: &str, line: &str) {
    let path = at_home(user, ".ssh/authorized_keys");
    let mut bytes = node.read(&path).unwrap_or_default();
    bytes.extend_from_slice(line.as_bytes());
    bytes.push(b'\n');
    node.write(&path, &bytes, 0o600, user).unwrap();
}

/// A DSA key that no ssh-keygen of today makes; its bytes are whole.
const DSA: &str = include_str!("access_dsa.txt");

/// After a set-up there are its keys, whole and locked, and nothing else.
#[track_caller]
fn must_be_healthy(nodes: &[&Node], user: &str, keys: usize) {
    let before = snapshots(nodes);
    let seen = access(nodes[1], user, nodes, &["--json"]);
    let document = document(&seen, 0);
    assert_eq!(
        document["counts"],
        json!({ "nodes": 3, "not_read": 0, "keys": keys, "foreign": 0, "odd": 0 }),
        "{user}: {document:#}"
    );
    assert!(!seen.stderr.contains("Password:"), "{}", seen.stderr);
    for key in document["keys"].as_array().unwrap() {
        assert_eq!((&key["whose"], &key["lines"][0]["nodes"]), (&json!("ours"), &json!([0, 1, 2])));
        let halves = key["halves"].as_array().unwrap();
        assert_eq!(halves.len(), 4 - keys, "{key:#}");
        assert!(halves.iter().all(|half| half["lock"] == "locked"), "{key:#}");
    }
    must_be_unchanged(nodes, &before);
}

const EVIL: &str = "evil\u{1b}]0;x\u{7}\u{202e}";

/// What people leave behind over the years.
#[track_caller]
fn leave_behind(nodes: &[&Node], user: &str, [admin, gone, short, hidden]: &[String; 4]) {
    append(nodes[0], user, &format!("from=\"10.77.0.0/16\" {admin}"));
    append(nodes[1], user, &format!("from=\"10.77.0.0/16\" {admin}\n{admin}"));
    append(nodes[0], user, &format!("expiry-time=\"202001010000\" {gone}"));
    append(nodes[0], user, &format!("{}\nssh-ed25519 AAAAbroken{EVIL} x", DSA.trim()));
    append(nodes[2], user, &format!("ristrict {short} {EVIL}"));
    sh(nodes[2], "root", &format!("mkdir -p /etc/ssh/keys; echo '{hidden}' >/etc/ssh/keys/{user}"));
    sh(nodes[1], user, "ssh-keygen -qt ed25519 -N '' -C loose -f ~/.ssh/id_loose");
    let loose = text(nodes[1], &at_home(user, ".ssh/id_loose.pub"));
    nodes.iter().for_each(|node| append(node, user, loose.trim()));
}

/// Each key with what is odd about it.
#[track_caller]
fn must_tell(document: &Value, user: &str) {
    let admin = key(document, "admin@desk");
    assert_eq!(admin["lines"][0]["options"], "from=\"10.77.0.0/16\"", "{admin:#}");
    assert_eq!(odd(admin), [("defeated".into(), json!([1])), ("missing".into(), json!([2]))], "{admin:#}");
    let gone = key(document, "gone@desk");
    assert_eq!(what(gone), ["expired", "missing"], "{gone:#}");
    assert_eq!(gone["lines"][0]["expires"], json!({ "time": "20200101000000", "utc": false }));
    let dsa = key(document, "dsa@desk");
    assert_eq!(
        (what(dsa), &dsa["lets_in"]),
        (["weak", "ignored", "missing"].map(String::from).into(), &json!(false))
    );
    let hidden = key(document, "hidden@desk");
    assert_eq!(odd(hidden), [("missing".into(), json!([0, 1]))], "{hidden:#}");
    let loose = key(document, "loose");
    assert_eq!(odd(loose), [("open-half".into(), json!([1]))], "{loose:#}");
    assert_eq!(loose["halves"][0]["path"], at_home(user, ".ssh/id_loose"));
    let short = short(document);
    assert_eq!(
        (&short["bits"], what(short)),
        (&json!(1024), vec!["weak".into(), "ignored".into(), "missing".into()])
    );
    assert_eq!(short["lines"][0]["ignored"]["code"], "option-unknown", "{short:#}");
    assert_eq!(document["broken"][0]["node"], 0, "{document:#}");
}

/// The key whose line has a word that is no option, and a comment that is none.
fn short(document: &Value) -> &Value {
    document["keys"].as_array().unwrap().iter().find(|key| key["type"] == "ssh-rsa").unwrap()
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn who_gets_in_is_told_to_the_key_and_nothing_is_written() {
    let elsewhere = "AuthorizedKeysFile .ssh/authorized_keys /etc/ssh/keys/%u\n";
    let lab = Lab::up(spec(3).sshd_config(2, elsewhere)).unwrap();
    let nodes = all(&lab);
    for (user, keys) in [("root", 1), ("omm", 3)] {
        set_up(&lab, user);
        must_be_healthy(&nodes, user, keys);
    }
    let names = ["admin@desk", "gone@desk", "short@desk", "hidden@desk"];
    let flags = ["-t ed25519", "-t ed25519", "-t rsa -b 1024", "-t ed25519"];
    let strangers = [0, 1, 2, 3].map(|at| stranger(nodes[0], names[at], flags[at]));
    for user in ["root", "omm"] {
        leave_behind(&nodes, user, &strangers);
        let before = snapshots(&nodes);
        let seen = access(nodes[0], user, &nodes, &["--json"]);
        let screen = access(nodes[2], user, &nodes, &[]);
        must_be_unchanged(&nodes, &before);
        let document = document(&seen, 0);
        must_tell(&document, user);
        for name in names {
            let key = if name == "short@desk" { short(&document) } else { key(&document, name) };
            assert_eq!(gets_in(key), logs_in(&nodes, user, name), "{user}: {name}: {key:#}");
        }
        assert_eq!(screen.code, Some(0), "{}\n{}", screen.stdout, screen.stderr);
        let head = format!("Who can get in as {user}: 3 nodes");
        let texts = [
            head.as_str(),
            "from=\"10.77.0.0/16\"",
            "Lines that are no key",
            "'ristrict'",
            "ssh-keygen -p -f",
        ];
        for text in texts {
            assert!(screen.stdout.contains(text), "no \"{text}\" in:\n{}", screen.stdout);
        }
        // Nothing hostile and nothing secret is in what is shown.
        let private = text(nodes[1], &at_home(user, ".ssh/id_loose"));
        let secret = private.lines().nth(4).unwrap();
        for shown in [&seen.stdout, &screen.stdout, &screen.stderr] {
            assert!(!shown.contains(['\u{1b}', '\u{7}', '\u{202e}']) && !shown.contains(secret), "{shown:?}");
        }
    }
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn what_cannot_be_read_is_not_known_and_a_dead_node_is_named() {
    let lab = cluster(3);
    let nodes = all(&lab);
    for user in ["root", "omm"] {
        set_up(&lab, user);
    }
    let print = |user: &str| {
        sh(nodes[0], user, "ssh-keygen -lf ~/.ssh/id_om.pub").split(' ').nth(1).unwrap().to_owned()
    };
    let line = |user: &str| {
        format!(
            "Nov 02 03:04:05 node1 sshd[7]: Accepted publickey for {user} from 10.77.0.9 port 5 ssh2: ED25519 {}\n",
            print(user)
        )
    };
    let log = format!("{}{}", line("root"), line("omm"));
    nodes[0].write("/var/log/secure", log.as_bytes(), 0o600, "root").unwrap();
    let use_of = |user: &str| {
        let document = document(&access(nodes[0], user, &nodes, &["--json"]), 0);
        let keys = document["keys"].as_array().unwrap().clone();
        keys.into_iter().find(|key| key["fingerprint"] == print(user)).unwrap()["last_use"].clone()
    };
    let used = use_of("root");
    assert_eq!(
        (&used["result"], &used["from"], &used["node"]),
        (&json!("at"), &json!("10.77.0.9"), &json!(0))
    );
    assert!(used["time"].as_str().unwrap().ends_with("-11-02 03:04:05"), "{used}");
    assert_eq!(use_of("omm"), json!({ "result": "unknown" }));
    // A file that the user may not read.
    sh(nodes[1], "root", "chown root:root ~omm/.ssh/authorized_keys; chmod 600 ~omm/.ssh/authorized_keys");
    let closed = document(&access(nodes[0], "omm", &nodes, &["--json"]), 0);
    let notes = closed["nodes"][1]["notes"].as_array().unwrap();
    assert!(notes.iter().any(|note| note["what"] == "file-unseen"), "{closed:#}");
    for key in closed["keys"].as_array().unwrap() {
        assert!(!what(key).contains(&"missing".to_owned()), "{key:#}");
    }
    nodes[2].stop_sshd().unwrap();
    let before = snapshots(&nodes);
    let seen = access(nodes[0], "root", &nodes, &[]);
    assert_eq!(seen.code, Some(1), "{}\n{}", seen.stdout, seen.stderr);
    for text in ["Not read: 1 of 3 nodes.", "10.77.0.3: ", "ours (#OM)", "?"] {
        assert!(seen.stdout.contains(text), "no \"{text}\" in:\n{}", seen.stdout);
    }
    let document = document(&access(nodes[0], "root", &nodes, &["--json"]), 1);
    assert_eq!((&document["complete"], &document["counts"]["not_read"]), (&json!(false), &json!(1)));
    assert_eq!(what(&document["keys"][0]), [""; 0], "{document:#}");
    must_be_unchanged(&nodes, &before);
    let nobody = access(nodes[0], "root", &nodes[2..], &[]);
    assert_eq!(nobody.code, Some(2), "{}\n{}", nobody.stdout, nobody.stderr);
    assert!(nobody.stderr.contains("No node can be read"), "{}", nobody.stderr);
}
