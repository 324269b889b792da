use std::path::PathBuf;

use sshtrust::check::NoEntry;
use sshtrust::inventory::NodeMap;
use sshtrust::node::NodeError;
use sshtrust::probe::{Cause, TrustMatrix};
use sshtrust::session::{ConnectError, HostKeyConflict};

use super::*;
use crate::reporter::layout::width;
use crate::reporter::sample::{CHANGED, Sample, causes, ix};
use crate::reporter::transcript;

const PLAIN: Style = Style { lang: Lang::En, width: 80, colour: false, unicode: true };
const CHINESE: Style = Style { lang: Lang::Zh, ..PLAIN };

/// Every screen that has a transcript.
fn screens() -> Vec<(&'static str, Checked, Style)> {
    let ascii = Style { unicode: false, ..PLAIN };
    let narrow = Style { width: 40, ..PLAIN };
    vec![
        ("healthy-3", Sample::new(3).checked(), PLAIN),
        ("healthy-3-ascii", Sample::new(3).checked(), ascii),
        ("healthy-3-zh", Sample::new(3).checked(), CHINESE),
        ("healthy-100", Sample::new(100).checked(), PLAIN),
        ("stopped-3", Sample::new(3).stopped(3).checked(), PLAIN),
        ("stopped-100", Sample::new(100).stopped(37).checked(), PLAIN),
        ("stopped-100-ascii", Sample::new(100).stopped(37).checked(), ascii),
        ("stopped-100-zh", Sample::new(100).stopped(37).checked(), CHINESE),
        ("stopped-100-narrow", Sample::new(100).stopped(37).checked(), narrow),
        ("one-way", one_way(5), PLAIN),
        ("one-way-zh", one_way(30), CHINESE),
        ("two-faults", Sample::new(30).keyless(20).stopped(8).checked(), PLAIN),
        ("names", names(), PLAIN),
        ("names-zh", names(), CHINESE),
        ("nodes", nodes(), PLAIN),
        ("nodes-zh-narrow", nodes(), Style { lang: Lang::Zh, ..narrow }),
        ("slow", slow(), PLAIN),
        ("host-key", host_key(), PLAIN),
        ("colour", two(), Style { colour: true, ..PLAIN }),
        ("many-faults-100", many(100), PLAIN),
        ("half-1000", half(), PLAIN),
    ]
}

fn one_way(size: u32) -> Checked {
    let said = "ssh: connect to host {host} port 22: Connection timed out";
    Sample::new(size).breaks(2, 4, By::Ip, Cause::TimedOut, said).checked()
}

fn two() -> Checked {
    Sample::new(3).stopped(2).checked()
}

/// Called both ways; one node knows one name wrongly, nobody knows another name.
fn names() -> Checked {
    let mut sample = Sample::new(4).by(&[By::Ip, By::Name]);
    let wrong = Cause::WrongAddress { found: "10.0.0.77".to_owned() };
    sample = sample.breaks(1, 2, By::Name, wrong, "Host key verification failed.");
    for from in 1..=3 {
        let said = "ssh: Could not resolve hostname {host}: Name or service not known";
        sample = sample.breaks(from, 4, By::Name, Cause::NameUnknown, said);
    }
    let sample = sample.node(3, |node| node.described = Some("db3".to_owned()));
    sample.node(4, |node| node.described = Some("db4".to_owned())).checked()
}

fn nodes() -> Checked {
    let conflict = HostKeyConflict {
        key_type: "ssh-ed25519".to_owned(),
        presented: "SHA256:IKyHezDQTZPay4hAkPvy3Hug3QG87Lz8wCiNfHEO2dI".to_owned(),
        recorded: "ssh-ed25519 SHA256:x".to_owned(),
        host: "10.0.0.3".to_owned(),
        file: PathBuf::from("/home/omm/.ssh/known_hosts"),
        line: 7,
    };
    Sample::new(9)
        .barred(3, NoEntry::NoPassword(String::new()))
        .barred(4, NoEntry::NoPassword(String::new()))
        .barred(5, NoEntry::WrongPassword)
        .barred(6, ConnectError::HostKeyChanged(Box::new(conflict)).into())
        .barred(7, NodeError::NoShell("This account is currently not available.".to_owned()).into())
        .barred(8, ConnectError::ClosedEarly { said: "Not allowed at this time".to_owned() }.into())
        .checked()
}

fn slow() -> Checked {
    let mut sample = Sample::new(8);
    for to in 2..=8 {
        sample = sample.slow(1, to, 10_000 + 1_000 * to as u32);
    }
    sample.checked()
}

fn host_key() -> Checked {
    let mut sample = Sample::new(12);
    for from in [1, 2, 3, 5, 6, 7, 8, 9, 10, 11, 12] {
        sample = sample.breaks(from, 4, By::Ip, Cause::HostKeyChanged, CHANGED);
    }
    sample.checked()
}

/// A different fault on every third node.
fn many(size: u32) -> Checked {
    let mut sample = Sample::new(size);
    for (place, cause) in causes().into_iter().cycle().take(size as usize / 3).enumerate() {
        sample = sample.breaks(3 * place + 1, 3 * place + 2, By::Ip, cause, "words of ssh");
    }
    sample.checked()
}

/// A switch is gone: 500 of 1,000 nodes.
fn half() -> Checked {
    let mut sample = Sample::new(1_000);
    for node in 501..=1_000 {
        sample = sample.barred(node, ConnectError::TimedOut(10).into());
    }
    let mut checked = sample.checked();
    let edge = Sample::new(2).breaks(1, 2, By::Ip, Cause::TimedOut, "Connection timed out").checked();
    let edge = edge.matrix.edges()[0].clone();
    for from in 0..500 {
        for to in 500..1_000 {
            checked.matrix.add(sshtrust::probe::TrustEdge { from: ix(from), to: ix(to), ..edge.clone() });
        }
    }
    checked
}

#[test]
fn every_screen_is_as_its_transcript() {
    for (name, checked, style) in screens() {
        transcript::must_show(name, &render(&checked, &style));
    }
}

#[test]
fn the_guides_show_what_is_really_shown() {
    let docs = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs");
    for (guide, name) in [("check.md", "stopped-3"), ("check.zh.md", "stopped-100-zh")] {
        let guide = std::fs::read_to_string(docs.join(guide)).unwrap();
        assert!(guide.contains(&transcript::read(name)), "{name}");
    }
}

#[test]
fn no_line_is_too_wide_and_a_hundred_nodes_fit_a_screen() {
    for (name, checked, style) in screens().into_iter().filter(|(.., style)| !style.colour) {
        let text = render(&checked, &style);
        for line in text.lines() {
            assert!(width(line) <= style.width, "{name}: {line}");
            assert!(style.unicode || style.lang == Lang::Zh || line.is_ascii(), "{name}: {line}");
        }
        let few = !name.starts_with("many");
        assert!(!few || text.lines().count() <= 50, "{name}: {}", text.lines().count());
    }
    for size in [100, 1_000] {
        assert!(render(&many(size), &PLAIN).lines().count() <= 170);
    }
}

#[test]
fn colours_add_nothing_but_colours() {
    for (name, checked, style) in screens() {
        let coloured = render(&checked, &Style { colour: true, ..style });
        let mut bare = String::new();
        let mut parts = coloured.split("\x1b[");
        bare.push_str(parts.next().unwrap());
        for part in parts {
            let (code, text) = part.split_once('m').unwrap();
            assert!(code.chars().all(|c| c.is_ascii_digit() || c == ';'), "{name}: {code}");
            bare.push_str(text);
        }
        assert_eq!(bare, render(&checked, &Style { colour: false, ..style }), "{name}");
    }
}

#[test]
fn nothing_hostile_reaches_the_terminal() {
    let evil = "\x1b[2J\x07\u{202e}\u{9b}31m\r\nlast\u{200b}";
    let conflict = ConnectError::Protocol(evil.to_owned());
    let checked = Sample::new(4)
        .node(2, |node| node.name = Some(evil.to_owned()))
        .node(3, |node| node.described = Some(evil.to_owned()))
        .barred(4, conflict.into())
        .by(&[By::Ip, By::Name])
        .breaks(1, 2, By::Ip, Cause::WrongAddress { found: evil.to_owned() }, evil)
        .breaks(1, 2, By::Name, Cause::Other, &format!("{{host}} {}", evil.repeat(500)))
        .checked();
    let checked = Checked { user: evil.to_owned(), ..checked };
    for lang in Lang::ALL {
        let text = render(&checked, &Style { lang, ..PLAIN });
        let bad = |c: char| (c.is_control() && c != '\n') || ('\u{200b}'..='\u{202e}').contains(&c);
        assert!(!text.contains(bad), "{text:?}");
        assert!(text.lines().count() < 80, "{text}");
    }
}

#[test]
fn lost_nodes_are_named() {
    let checked = Sample::new(3).barred(2, NoEntry::NoPassword(String::new())).checked();
    let lines = lost(&checked, &[ix(1)], &PLAIN);
    assert_eq!(lines, ["The connection was lost on the way:", "  10.0.0.2 (node2): 2 pairs were not tried"]);
    assert!(lost(&checked, &[], &PLAIN).is_empty());
}

#[test]
fn the_verdict_counts() {
    let last = |checked: &Checked, style| render(checked, &style).lines().last().unwrap().to_owned();
    let healthy = Sample::new(100).checked();
    assert_eq!(last(&healthy, PLAIN), "All 9,900 pairs of 100 nodes work. It took 21.4 s.");
    let busy = Sample::new(3)
        .breaks(1, 2, By::Ip, Cause::MaxStartups, "")
        .breaks(2, 1, By::Ip, Cause::Other, "")
        .barred(3, NoEntry::NoPassword(String::new()))
        .checked();
    assert!(render(&busy, &Style { width: 400, ..PLAIN }).ends_with(
        "1 of 6 pairs does not work, 1 was turned away by a busy server at every try, 2 were not tried. It took 21.4 s.\n"
    ));
    let alone = Sample::new(1).checked();
    assert_eq!(last(&alone, PLAIN), "There is no pair to check. It took 21.4 s.");
    let none = Checked {
        matrix: TrustMatrix::new(NodeMap::default(), vec![By::Ip]),
        nodes: NodeMap::default(),
        ..alone
    };
    assert!(render(&none, &PLAIN).contains("There is no pair to check."));
}

#[test]
fn a_sample_says_what_it_stands_for_and_nodes_that_are_alike_share_a_row() {
    let well = Sample::new(300).drawn(16, 7).checked();
    let text = render(&well, &PLAIN);
    assert!(text.contains("5,100 of 89,700 pairs"), "{text}");
    assert!(text.contains("--seed 7"), "{text}");
    assert!(text.contains("every node reaches every other"), "{text}");
    let verdict = "All 5,100 sampled pairs of 300 nodes work; there are 89,700. It took 21.4 s.";
    assert_eq!(text.lines().last(), Some(verdict));
    let zh = render(&well, &CHINESE);
    assert!(zh.contains("抽样检查：共 89,700 个节点对，检查其中 5,100 个"), "{zh}");
    let ill = Sample::new(300).stopped(20).keyless(290).drawn(16, 7).checked();
    let text = render(&ill, &PLAIN);
    assert!(
        text.lines().count() < 40 && text.lines().all(|line| line.chars().count() <= PLAIN.width),
        "{text}"
    );
    for part in ["no node reaches 10.0.0.20 (node20)", "10.0.1.40 (node290): reaches no other node"] {
        assert!(text.contains(part), "{part}\n{text}");
    }
    let rows = text
        .lines()
        .filter(|line| line.starts_with("  1  ") || line.starts_with("  2  ") || line.starts_with("  3  "));
    assert_eq!(rows.count(), 3, "{text}");
    assert!(!text.lines().any(|line| line.starts_with("  4  ")), "{text}");
    // A few nodes have a row each; what was not called is not shown as if it had been.
    let few = Sample::new(8).stopped(2).drawn(2, 3).checked();
    let text = render(&few, &PLAIN);
    assert!(text.contains("24 of 56 pairs"), "{text}");
    let signs: usize = text
        .lines()
        .filter(|line| line.contains("10.0.0.") && line.contains("node"))
        .map(|line| line.matches('?').count())
        .sum();
    assert!(signs >= 32, "{text}");
}
