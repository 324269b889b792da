use jsonschema::Validator;
use serde_json::{Value, json};
use sshtrust::plan::{ChangeText, Left, LeftWhy};
use sshtrust::probe::{Proofs, Sampled};
use sshtrust::session::{ConnectError, Refusal};

use super::*;
use crate::i18n::Lang;
use crate::reporter::Style;

const PLAIN: Style = Style { lang: Lang::En, width: 80, colour: false, unicode: true };
const CHINESE: Style = Style { lang: Lang::Zh, ..PLAIN };
const OLD: &str = "SHA256:Ydi4WQTIRDLAOFfEqGAEbxs1zLBbTqcXaoF8mHOdwHU";

fn spec(number: u8, port: u16) -> NodeSpec {
    NodeSpec { ip: std::net::Ipv4Addr::new(10, 0, 0, number).into(), port }
}

fn stays(number: u8) -> RotatedNode {
    RotatedNode {
        spec: spec(number, if number == 2 { 2222 } else { 22 }),
        name: format!("node{number}"),
        key: "ssh-ed25519 SHA256:new".to_owned(),
        change: ChangeText::default(),
        left: Vec::new(),
        refusal: None,
    }
}

fn entered(number: u8) -> RevokedNode {
    let name = Some(format!("node{number}"));
    RevokedNode { name, entry: Ok(()), ..RevokedNode::barred(spec(number, 22), NoEntry::WrongPassword) }
}

fn planned() -> ShrinkReport {
    ShrinkReport {
        user: "omm".to_owned(),
        began: SystemTime::UNIX_EPOCH,
        took: Duration::from_millis(2_345),
        stage: Stage::Planned,
        mode: KeyMode::Shared,
        keys: Keys::New,
        old: vec![OLD.to_owned()],
        stay: (1..=3).map(stays).collect(),
        proofs: Proofs::default(),
        leave: vec![entered(4)],
        not_cleaned: None,
    }
}

fn done() -> ShrinkReport {
    let proofs = Proofs { called: 9, ..Proofs::default() };
    let mut report = ShrinkReport { stage: Stage::Done, proofs, ..planned() };
    report.stay.iter_mut().for_each(|node| node.refusal = Some(Refusal::Refused));
    report.leave.iter_mut().for_each(|node| (node.gone, node.refusal) = (true, Some(Refusal::Refused)));
    report
}

/// One that left is dead, another is not clean, and the key was kept.
fn awkward() -> ShrinkReport {
    let mut report = ShrinkReport { keys: Keys::Kept, ..done() };
    report.leave.push(RevokedNode::barred(spec(5, 22), NoEntry::Connect(ConnectError::Refused)));
    report.leave[0].left =
        vec![Left { path: "/home/omm/.bashrc".to_owned(), why: LeftWhy::Failed("disk full".to_owned()) }];
    report.stay[0].refusal = Some(Refusal::Accepted);
    report
}

#[test]
fn the_screens_say_who_leaves_and_what_becomes_of_the_key() {
    let plan = render_plan(&planned(), &PLAIN);
    for text in [
        "Nodes that leave the trust of omm: 1; 3 stay",
        "taken away:\n  10.0.0.4 (node4)",
        "All nodes share one key",
        OLD,
        "ssh-ed25519 SHA256:new",
    ] {
        assert!(plan.contains(text), "no {text} in {plan}");
    }
    let plan = render_plan(&ShrinkReport { keys: Keys::Own, mode: KeyMode::PerNode, ..planned() }, &PLAIN);
    assert!(plan.contains("keep theirs") && !plan.contains(OLD), "{plan}");
    let plan = render_plan(&awkward(), &PLAIN);
    assert!(plan.contains("WARNING: --keep-key") && plan.contains("  10.0.0.5: "), "{plan}");
    let text = render_text(&done(), &PLAIN);
    for wanted in [
        "Of the trust of omm, 1 left: 3 nodes stay.\nworks: 9 pairs; refused: 3 of 3\n",
        "left there:\n  10.0.0.4 (node4)",
    ] {
        assert!(text.contains(wanted), "no {wanted} in {text}");
    }
    assert!(
        text.ends_with(
            "No hostfile was edited. This list holds from now on:\n10.0.0.1\n10.0.0.2,2222\n10.0.0.3\n"
        ),
        "{text}"
    );
    let text = render_text(&awkward(), &PLAIN);
    for wanted in [
        "not all is seen to be done.",
        "Still let the key in:\n  10.0.0.1",
        "disk full",
        "gs_sshexkey revoke",
        "WARNING: the key was kept.",
    ] {
        assert!(text.contains(wanted), "no {wanted} in {text}");
    }
    assert!(render_text(&awkward(), &CHINESE).contains("没有修改任何主机列表文件"));
}

#[test]
fn it_is_done_when_those_that_stay_let_nobody_else_in() {
    assert!(done().is_done() && !planned().is_done() && !awkward().is_done());
    let with = |change: fn(&mut ShrinkReport)| {
        let mut report = done();
        change(&mut report);
        report.is_done()
    };
    let dead = |report: &mut ShrinkReport| {
        report.leave[0] = RevokedNode::barred(spec(4, 22), NoEntry::WrongPassword);
    };
    assert!(with(dead), "a dead node is no reason to wait");
    assert!(!with(|report| report.not_cleaned = Some("it died".to_owned())));
    assert!(!with(|report| report.leave[0] = awkward().leave[0].clone()));
    assert!(!with(|report| report.stay[1].refusal = Some(Refusal::Accepted)));
}

#[test]
fn what_a_node_says_does_not_reach_the_terminal_as_a_command() {
    let evil = "\u{1b}[2J\u{202e}x\n";
    let mut report = awkward();
    report.user = evil.to_owned();
    report.stay.iter_mut().for_each(|node| node.name = evil.to_owned());
    report.leave[0].name = Some(evil.to_owned());
    report.leave[0].left.push(Left { path: evil.to_owned(), why: LeftWhy::Failed(evil.to_owned()) });
    report.not_cleaned = Some(evil.to_owned());
    for text in [render_plan(&report, &PLAIN), render_text(&report, &CHINESE)] {
        assert!(!text.chars().any(|c| (c.is_control() && c != '\n') || c == '\u{202e}'), "{text:?}");
    }
}

fn validator() -> Validator {
    let schema = include_str!("../../../../../docs/schema/shrink-1.schema.json");
    let schema: Value = serde_json::from_str(schema).unwrap();
    jsonschema::draft202012::meta::validate(&schema).unwrap();
    jsonschema::draft202012::new(&schema).unwrap()
}

fn value(report: &ShrinkReport) -> Value {
    let mut bytes = Vec::new();
    write_json(report, &mut bytes).unwrap();
    serde_json::from_slice(&bytes).unwrap()
}

#[test]
fn what_is_written_is_as_the_schema_says_and_nothing_else_passes() {
    let validator = validator();
    for sample in [planned(), done(), awkward()] {
        let value = value(&sample);
        let errors: Vec<String> = validator.iter_errors(&value).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{errors:?}\n{value:#}");
    }
    let sampled = Some(Sampled { of: 90, seed: 7 });
    let sampled = ShrinkReport { proofs: Proofs { called: 9, derived: 0, sampled }, ..done() };
    assert_eq!(value(&sampled)["counts"]["sampled"], json!({ "of": 90, "seed": 7 }));
    assert!(
        validator.is_valid(&value(&sampled)) && render_text(&sampled, &PLAIN).contains("Sampled: 9 of 90")
    );
    let good = value(&awkward());
    assert_eq!(good["hosts"], json!(["10.0.0.1", "10.0.0.2,2222", "10.0.0.3"]));
    assert_eq!((&good["done"], &good["keys_of_those_that_stay"]), (&json!(false), &json!("kept")));
    for (place, member) in [("", "hosts"), ("/counts", "pairs"), ("/stay/0", "key"), ("/leave/0", "gone")] {
        let mut bad = good.clone();
        assert!(bad.pointer_mut(place).unwrap().as_object_mut().unwrap().remove(member).is_some());
        assert!(!validator.is_valid(&bad), "{place}/{member}");
    }
}
