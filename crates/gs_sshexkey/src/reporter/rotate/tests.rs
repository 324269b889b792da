use jsonschema::Validator;
use serde_json::{Value, json};
use sshtrust::probe::Sampled;

use super::*;
use crate::i18n::Lang;
use crate::reporter::Style;

const PLAIN: Style = Style { lang: Lang::En, width: 80, colour: false, unicode: true };
const CHINESE: Style = Style { lang: Lang::Zh, ..PLAIN };
const OLD: &str = "SHA256:Ydi4WQTIRDLAOFfEqGAEbxs1zLBbTqcXaoF8mHOdwHU";

fn node(number: u8, own: bool) -> RotatedNode {
    RotatedNode {
        spec: NodeSpec { ip: std::net::Ipv4Addr::new(10, 0, 0, number).into(), port: 22 },
        name: format!("node{number}"),
        key: format!("ssh-ed25519 SHA256:new{}", if own { number } else { 0 }),
        change: ChangeText::default(),
        left: Vec::new(),
        refusal: None,
    }
}

fn planned(mode: KeyMode) -> RotateReport {
    RotateReport {
        user: "omm".to_owned(),
        began: SystemTime::UNIX_EPOCH,
        took: Duration::from_millis(2_345),
        stage: Stage::Planned,
        modes: (Some(KeyMode::Shared), mode),
        finishes: false,
        samples: false,
        old: vec![OLD.to_owned()],
        nodes: (1..=3).map(|number| node(number, mode == KeyMode::PerNode)).collect(),
        proofs: Proofs::default(),
    }
}

fn done() -> RotateReport {
    let proofs = Proofs { called: 9, ..Proofs::default() };
    let mut report = RotateReport { stage: Stage::Done, proofs, ..planned(KeyMode::Shared) };
    report.nodes.iter_mut().for_each(|node| node.refusal = Some(Refusal::Refused));
    report
}

/// A node of each kind of trouble.
fn half_done() -> RotateReport {
    let mut report = done();
    report.nodes[0].refusal = Some(Refusal::Accepted);
    report.nodes[0].left =
        vec![Left { path: "/home/omm/.ssh/authorized_keys".to_owned(), why: LeftWhy::OwnKey }];
    report.nodes[1].refusal = Some(Refusal::NotTried("Connection refused".to_owned()));
    report.nodes[2].left = vec![Left { path: String::new(), why: LeftWhy::Failed("disk full".to_owned()) }];
    report
}

#[test]
fn the_plan_says_what_becomes_of_the_keys() {
    let plan = render_plan(&planned(KeyMode::Shared), &PLAIN);
    for text in
        ["New keys for omm: 3 nodes", "share one key, now and", OLD, "  ssh-ed25519 SHA256:new0", "refused."]
    {
        assert!(plan.contains(text), "no {text} in {plan}");
    }
    assert!(!plan.contains("node2"), "{plan}");
    let plan = render_plan(&planned(KeyMode::PerNode), &PLAIN);
    for text in ["afterwards each has its own", "10.0.0.2 (node2): ssh-ed25519 SHA256:new2"] {
        assert!(plan.contains(text), "no {text} in {plan}");
    }
    let finishing = RotateReport { finishes: true, old: Vec::new(), ..planned(KeyMode::Shared) };
    let plan = render_plan(&finishing, &PLAIN);
    assert!(plan.contains("was interrupted") && plan.contains("No old key can be opened"), "{plan}");
    assert!(render_plan(&finishing, &CHINESE).contains("中断"));
}

#[test]
fn the_end_says_what_was_proven() {
    let text = render_text(&done(), &PLAIN);
    assert_eq!(text, "The keys of omm are replaced: 3 nodes.\nworks: 9 pairs; refused: 3 of 3\n");
    let text = render_text(&half_done(), &PLAIN);
    for wanted in [
        "Run it again.",
        "works: 9 pairs; refused: 1 of 3",
        "Still let the key in:\n  10.0.0.1 (node1)",
        "10.0.0.2 (node2): Connection refused",
        "10.0.0.1 (node1): /home/omm/.ssh/authorized_keys: a line of the user's own",
        "10.0.0.3 (node3): it could not be taken away: disk full",
    ] {
        assert!(text.contains(wanted), "no {wanted} in {text}");
    }
    let mut untried = done();
    untried.nodes.iter_mut().for_each(|node| node.refusal = None);
    assert!(render_text(&untried, &PLAIN).contains("works: 9 pairs; no old key could be opened"));
    assert!(render_text(&done(), &CHINESE).contains("可用：9 对；已拒绝：3 个节点中的 3 个"));
}

#[test]
fn the_guides_show_what_is_really_shown() {
    let docs = std::path::PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs");
    for (guide, style) in [("lifecycle.md", PLAIN), ("lifecycle.zh.md", CHINESE)] {
        let text = std::fs::read_to_string(docs.join(guide)).unwrap();
        let plan = render_plan(&planned(KeyMode::Shared), &style);
        let shown = format!("{plan}\n{}y\n{}```\n", question(style.lang), render_text(&done(), &style));
        assert!(text.contains(&shown), "{guide}:\n{shown}");
    }
}

#[test]
fn it_is_done_when_no_old_key_gets_in() {
    assert!(done().is_done() && !planned(KeyMode::Shared).is_done() && !half_done().is_done());
    assert!(RotateReport { stage: Stage::DryRun, ..planned(KeyMode::Shared) }.is_done());
    assert!(!RotateReport { stage: Stage::Declined, ..planned(KeyMode::Shared) }.is_done());
    for at in 0..3 {
        let mut report = done();
        report.nodes[at] = half_done().nodes[at].clone();
        assert!(!report.is_done(), "{at}");
        report.nodes[at].left.clear();
        report.nodes[at].refusal = None;
        assert!(report.is_done(), "one whose old key could not be opened");
    }
}

#[test]
fn what_a_node_says_does_not_reach_the_terminal_as_a_command() {
    let evil = "\u{1b}[2J\u{202e}x\n";
    let mut report = half_done();
    report.user = evil.to_owned();
    for node in &mut report.nodes {
        node.name = evil.to_owned();
        node.left.push(Left { path: evil.to_owned(), why: LeftWhy::Failed(evil.to_owned()) });
    }
    report.nodes[1].refusal = Some(Refusal::NotTried(evil.to_owned()));
    for text in [render_plan(&report, &PLAIN), render_text(&report, &CHINESE)] {
        assert!(!text.chars().any(|c| (c.is_control() && c != '\n') || c == '\u{202e}'), "{text:?}");
    }
}

fn validator() -> Validator {
    let schema = include_str!("../../../../../docs/schema/rotate-1.schema.json");
    let schema: Value = serde_json::from_str(schema).unwrap();
    jsonschema::draft202012::meta::validate(&schema).unwrap();
    jsonschema::draft202012::new(&schema).unwrap()
}

fn value(report: &RotateReport) -> Value {
    let mut bytes = Vec::new();
    write_json(report, &mut bytes).unwrap();
    serde_json::from_slice(&bytes).unwrap()
}

#[test]
fn what_is_written_is_as_the_schema_says_and_nothing_else_passes() {
    let validator = validator();
    for sample in [planned(KeyMode::PerNode), done(), half_done()] {
        let value = value(&sample);
        let errors: Vec<String> = validator.iter_errors(&value).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{errors:?}\n{value:#}");
    }
    let good = value(&half_done());
    assert_eq!(good["counts"], json!({ "nodes": 3, "pairs": 9, "sampled": null, "tried": 3, "refused": 1 }));
    assert_eq!((&good["done"], &good["keys"]), (&json!(false), &json!("shared")));
    for (place, member) in
        [("", "old_keys"), ("/counts", "tried"), ("/nodes/0", "refusal"), ("/nodes/0/left/0", "why")]
    {
        let mut bad = good.clone();
        assert!(bad.pointer_mut(place).unwrap().as_object_mut().unwrap().remove(member).is_some());
        assert!(!validator.is_valid(&bad), "{place}/{member}");
    }
    for (place, value) in
        [("/stage", json!("half")), ("/keys", json!("two")), ("/nodes/0/left/0/why", json!("mood"))]
    {
        let mut bad = good.clone();
        *bad.pointer_mut(place).unwrap() = value;
        assert!(!validator.is_valid(&bad), "{place}");
    }
}

/// What is proven stands for more: before, in the end, and for programs.
#[test]
fn a_sample_is_said_to_be_one() {
    let sampled = Some(Sampled { of: 90, seed: 7 });
    let report = RotateReport { proofs: Proofs { called: 9, derived: 0, sampled }, ..done() };
    let text = render_text(&report, &PLAIN);
    assert!(text.contains("Sampled: 9 of 90 pairs (--seed 7 "), "{text}");
    assert!(render_text(&report, &CHINESE).contains("90"), "{text}");
    let mut out = Vec::new();
    write_json(&report, &mut out).unwrap();
    let document: Value = serde_json::from_slice(&out).unwrap();
    assert_eq!(document["counts"]["sampled"], json!({ "of": 90, "seed": 7 }));
    assert!(!render_text(&done(), &PLAIN).contains("Sampled"));
    let planned = |samples| render_plan(&RotateReport { samples, ..planned(KeyMode::PerNode) }, &PLAIN);
    assert!(planned(false).contains("every pair works") && !planned(true).contains("every pair works"));
}
