use std::net::Ipv4Addr;

use serde_json::{Value, json};
use sshtrust::plan::Teller;

use super::*;
use crate::reporter::layout::width;

const WIDTH: usize = 80;
/// Lines that many nodes get.
const MANY: usize = 200;

/// What changes on the node with this number, from 0, of so many.
type Make = fn(usize, usize) -> String;

fn spec(number: usize) -> NodeSpec {
    let address = 0x0a00_0000 + number / 250 * 256 + number % 250 + 1;
    NodeSpec { ip: Ipv4Addr::from(u32::try_from(address).unwrap()).into(), port: 22 }
}

fn cluster(size: usize, make: Make) -> Vec<(NodeSpec, ChangeText)> {
    let mut teller = Teller::default();
    (0..size).map(|number| (spec(number), teller.text(&make(number, size)))).collect()
}

fn shown(cluster: &[(NodeSpec, ChangeText)], how: How) -> String {
    draw(&cluster.iter().map(|(spec, text)| (*spec, text)).collect::<Vec<_>>(), how)
}

const fn screen(lang: Lang) -> How {
    How { lang, screen: Some(WIDTH), unchanged: true }
}

/// Fewer than there are nodes: that all of them are there is only more of the same.
fn host_keys(size: usize) -> impl Iterator<Item = String> {
    (0..size.min(MANY))
        .map(|n| format!("{},node{n} ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI{n:043} #OM\n", spec(n)))
}

fn added(lines: impl IntoIterator<Item = String>) -> String {
    lines.into_iter().map(|line| format!("+{line}")).collect()
}

fn diff(path: &str, place: &str, body: &str) -> String {
    format!("--- {path}\n+++ {path}\n@@ {place} @@\n{body}")
}

/// From nothing, one key for all.
fn fresh(_: usize, size: usize) -> String {
    [
        "mkdir -m 700 /root/.ssh\nmkdir -m 700 /root/gaussdb_tmp\n".to_owned(),
        "start an ssh-agent at /root/gaussdb_tmp/gauss_socket_tmp and add the key\n".to_owned(),
        "create /root/.ssh/id_om   (464 bytes, content not shown)\n".to_owned(),
        diff("/root/.ssh/known_hosts", &format!("-0,0 +1,{size}"), &added(host_keys(size))),
        diff("/root/.ssh/config", "-0,0 +1,3", "+# BEGIN\n+Host 10.0.0.*\n+# END\n"),
    ]
    .concat()
}

/// From nothing, a key for each.
fn own_keys(number: usize, size: usize) -> String {
    let line = |n: usize| format!("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI{n:043} root@node{n} #OM\n");
    let id = diff("/root/.ssh/id_om.pub", "-0,0 +1", &added([line(number)]));
    let all = added((0..size.min(MANY)).map(line));
    fresh(number, size) + &id + &diff("/root/.ssh/authorized_keys", &format!("-0,0 +1,{size}"), &all)
}

/// Everybody has files of his own already.
fn lived_in(number: usize, size: usize) -> String {
    let around = format!(" github{number}.com ssh-ed25519 AAAA\n");
    let place = format!("-{number} +{number},{size}");
    diff("/root/.ssh/known_hosts", &place, &(around + &added(host_keys(size))))
}

/// Everybody knows himself.
fn knows_himself(number: usize, size: usize) -> String {
    let all = host_keys(size).enumerate().filter(|(n, _)| *n != number).map(|(_, line)| line);
    diff("/root/.ssh/known_hosts", "-1 +1,999", &added(all))
}

/// 3% are broken, each in its way.
fn broken(number: usize, _: usize) -> String {
    match number % 33 {
        5 => diff("/root/.ssh/known_hosts", "-1,2 +1", &format!("-node{number} ssh-rsa AAAA{number}\n")),
        6 => diff("/root/.ssh/known_hosts", "-1 +1,2", &format!("+node{number} ssh-rsa AAAA{number}\n")),
        7 => format!("chmod 700 /root/.ssh   (was 7{number})\n"),
        _ => String::new(),
    }
}

/// A home for each.
fn homes(number: usize, _: usize) -> String {
    fresh(number, 3).replace("/root", &format!("/home/user{number}"))
}

fn processes(number: usize, _: usize) -> String {
    let body = format!("-export SSH_AGENT_PID={number}\n");
    diff("/root/.bashrc", "-9 +8,0", &body) + &format!("end the ssh-agent, process {number}\n")
}

/// A small change all over a file.
fn everywhere(_: usize, size: usize) -> String {
    let one = |n: usize| format!("@@ -{n},2 +{n} @@\n own{n}\n-{n}\n");
    format!("--- a\n+++ a\n{}", (0..size.min(MANY)).map(one).collect::<String>())
}

/// What is shown of 1,000 nodes: at most so many lines on a screen, and so many kilobytes in a log.
const CASES: [(&str, Make, usize, usize); 9] = [
    ("fresh", fresh, 22, 120),
    ("own-keys", own_keys, 36, 600),
    ("lived-in", lived_in, 14, 250),
    ("knows-himself", knows_himself, 20, 3_000),
    ("broken", broken, 30, 15),
    ("homes", homes, MOST_LINES + 20, 1_100),
    ("processes", processes, 12, 160),
    ("everywhere", everywhere, 22, 60),
    ("nothing", |_, _| String::new(), 3, 1),
];

#[test]
fn a_thousand_nodes_are_a_screen_and_a_log_that_says_all() {
    for (name, make, lines, kilobytes) in CASES {
        let cluster = cluster(1_000, make);
        for lang in Lang::ALL {
            let text = shown(&cluster, screen(lang));
            assert!(text.lines().count() <= lines, "{name}: {}\n{text}", text.lines().count());
            assert!(text.len() <= 200 * lines, "{name}: {}\n{text}", text.len());
            assert!(text.lines().all(|line| width(line) <= WIDTH), "{name}:\n{text}");
        }
        let log = shown(&cluster, How::for_log());
        assert!(log.len() <= kilobytes << 10, "{name}: {} KiB", log.len() >> 10);
        let all: HashSet<&str> = log.lines().collect();
        for (_, text) in &cluster {
            let mut changed =
                text.runs().filter(|run| matches!(run.kind, LineKind::Added | LineKind::Removed));
            assert!(changed.all(|run| run.text.lines().all(|line| all.contains(line))), "{name}");
        }
    }
}

#[test]
fn nodes_with_the_same_change_are_named_together() {
    let thousand = "10.0.0.[1-250], 10.0.1.[1-250], 10.0.2.[1-250], 10.0.3.[1-250] (1,000 nodes)";
    let cases: [(Make, Lang, &[&str]); 8] = [
        (fresh, Lang::En, &[&format!("==> {thousand}\nmkdir"), "\n+... and 197 more lines\n", "Shortened"]),
        (fresh, Lang::Zh, &["（1,000 个节点）\nmkdir", "+……另有 197 行", "-l FILE"]),
        (
            own_keys,
            Lang::En,
            &[&format!("==> {thousand}: each its own; this is that of 10.0.0.1\n--- /root/.ssh/id_om.pub")],
        ),
        (
            lived_in,
            Lang::En,
            &["the same on each; line numbers and the lines around it are those of 10.0.0.1\n"],
        ),
        (knows_himself, Lang::En, &["each its own; this is that of 10.0.0.1\n"]),
        // What goes is never hidden by what comes.
        (
            broken,
            Lang::En,
            &[
                "(31 nodes): each its own; this is that of 10.0.0.6\n--- /root/.ssh/known_hosts",
                "\n-node5 ",
                "\n+node6 ",
            ],
        ),
        (processes, Lang::En, &["end the ssh-agent, process 0\n"]),
        (|_, _| String::new(), Lang::En, &[&format!("==> {thousand}\nno change\n")]),
    ];
    for (make, lang, parts) in cases {
        // A heading may be broken anywhere.
        let text = shown(&cluster(1_000, make), How { screen: Some(250), ..screen(lang) });
        for part in parts {
            assert!(text.contains(part), "no {part} in\n{text}");
        }
    }
}

#[test]
fn a_few_nodes_are_shown_one_by_one_and_whole() {
    let few = cluster(FEW, knows_himself);
    let text = shown(&few, screen(Lang::En));
    assert_eq!(text.matches("==> ").count(), FEW);
    assert_eq!(text.matches("\n+10.0.0.").count(), FEW * (FEW - 1));
    let unchanged = shown(&cluster(2, |_, _| String::new()), screen(Lang::En));
    assert_eq!(unchanged, "==> 10.0.0.1\nno change\n==> 10.0.0.2\nno change\n");
    assert_eq!(shown(&cluster(2, |_, _| String::new()), How { unchanged: false, ..screen(Lang::En) }), "");
}

#[test]
fn programs_get_all_of_it_and_no_text_twice() {
    for (name, make, ..) in CASES {
        for size in [3, 1_000] {
            let cluster = cluster(size, make);
            let mut texts = Texts::of(cluster.iter().map(|(_, text)| text));
            let mut nodes: Vec<Value> = vec![json!({}); size];
            for ((_, text), node) in cluster.iter().zip(&mut nodes) {
                texts.put("change", text, node);
            }
            let mut document = json!({ "nodes": nodes });
            texts.end(&mut document);
            assert!(document.to_string().len() < 6 << 20, "{name}: {}", document.to_string().len());
            for ((_, text), node) in cluster.iter().zip(document["nodes"].as_array().unwrap()) {
                let shared = |number: &Value| {
                    document["texts"][usize::try_from(number.as_u64().unwrap()).unwrap()].as_str().unwrap()
                };
                let whole = match node["change"].as_str() {
                    Some(whole) => whole.to_owned(),
                    None => node["change_texts"].as_array().unwrap().iter().map(shared).collect(),
                };
                assert_eq!(whole, text.to_string(), "{name}");
                assert!(size > 3 || node["change"].is_string(), "{name}");
            }
        }
    }
}
