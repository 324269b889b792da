use std::path::PathBuf;

use jsonschema::Validator;
use serde_json::{Value, json};
use sshtrust::access::Lock;

use super::sample::{audited, ed25519, everything, healthy, large, node, report};
use super::*;
use crate::i18n::Lang;
use crate::reporter::layout::width;
use crate::reporter::{Redactor, Style, transcript};

const PLAIN: Style = Style { lang: Lang::En, width: 80, colour: false, unicode: true };
const CHINESE: Style = Style { lang: Lang::Zh, ..PLAIN };
const NARROW: Style = Style { width: 44, ..PLAIN };
const ASCII: Style = Style { unicode: false, ..PLAIN };

fn screens() -> Vec<(&'static str, String, Style)> {
    let screen = |name, report: &AccessReport, style| (name, render(report, &style), style);
    vec![
        screen("access-healthy", &healthy(3), PLAIN),
        screen("access-healthy-100", &healthy(100), PLAIN),
        screen("access-audited", &audited(), PLAIN),
        screen("access-audited-zh", &audited(), CHINESE),
        screen("access-audited-ascii-narrow", &audited(), Style { width: 44, ..ASCII }),
        screen("access-everything", &everything(), PLAIN),
        screen("access-everything-zh-narrow", &everything(), Style { lang: Lang::Zh, ..NARROW }),
        screen("access-1000", &large(), PLAIN),
        screen("access-nobody", &report(vec![Some(node(1, "", &[]))]), PLAIN),
    ]
}

#[test]
fn every_screen_is_as_its_transcript() {
    for (name, text, _) in screens() {
        transcript::must_show(name, &text);
    }
}

#[test]
fn the_guides_show_what_is_really_shown() {
    let docs = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs");
    for (guide, style) in [("access.md", PLAIN), ("access.zh.md", CHINESE)] {
        let text = std::fs::read_to_string(docs.join(guide)).unwrap();
        let shown = format!("$ gs_sshexkey access -f hosts\n{}```\n", render(&audited(), &style));
        assert!(text.contains(&shown), "{guide}:\n{shown}");
    }
}

#[test]
fn no_line_is_too_wide_and_a_large_cluster_is_read_in_a_minute() {
    for (name, text, style) in screens() {
        for line in text.lines() {
            assert!(width(line) <= style.width, "{name}: {line}");
        }
        assert!(style.width < 80 || text.lines().count() < 90, "{name}");
    }
}

#[test]
fn what_a_node_says_does_not_reach_the_terminal_as_a_command() {
    let evil = "\u{1b}]0;x\u{7}\u{202e}\u{9b}31m";
    let lines = format!("command=\"{evil}\" {} {evil}\n{evil}\nbad{evil}x {} c\n", ed25519(1), ed25519(2));
    let mut said = node(1, &lines, &[(&ed25519(1), evil, Lock::Open)]);
    said.files[0].path = evil.to_owned();
    said.files[0].open_to_others = true;
    said.hostname = evil.to_owned();
    said.settings.command = Some(evil.to_owned());
    let used = sshtrust::access::Use { time: "2026-03-01 17:40:12".to_owned(), from: evil.to_owned() };
    said.log.uses.insert(ed25519(1).fingerprint(), used);
    let report = report(vec![Some(said)]);
    let mut json = Vec::new();
    write_json(&report, &Redactor::default(), &mut json).unwrap();
    let texts = [render(&report, &PLAIN), render(&report, &CHINESE), String::from_utf8(json).unwrap()];
    for text in texts {
        assert!(!text.chars().any(|c| (c.is_control() && c != '\n') || c == '\u{202e}'), "{text:?}");
        assert!(!text.contains("\\u001b") && !text.contains("\\u0007"), "{text}");
    }
}

#[test]
fn colours_carry_no_meaning_of_their_own() {
    let coloured = render(&everything(), &Style { colour: true, ..PLAIN });
    let mut bare = String::new();
    let mut inside = false;
    for c in coloured.chars() {
        match c {
            '\u{1b}' => inside = true,
            'm' if inside => inside = false,
            c if !inside => bare.push(c),
            _ => {}
        }
    }
    assert_eq!(bare, render(&everything(), &PLAIN));
}

fn validator() -> Validator {
    let schema = include_str!("../../../../../docs/schema/access-1.schema.json");
    let schema: Value = serde_json::from_str(schema).unwrap();
    jsonschema::draft202012::meta::validate(&schema).unwrap();
    jsonschema::draft202012::new(&schema).unwrap()
}

fn value(report: &AccessReport) -> Value {
    let mut bytes = Vec::new();
    write_json(report, &Redactor::default(), &mut bytes).unwrap();
    serde_json::from_slice(&bytes).unwrap()
}

#[test]
fn what_is_written_is_as_the_schema_says() {
    let validator = validator();
    for sample in &[healthy(3), audited(), everything(), report(vec![Some(node(1, "", &[]))])] {
        let value = value(sample);
        let errors: Vec<String> = validator.iter_errors(&value).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{errors:?}\n{value:#}");
    }
    let audited = value(&audited());
    assert_eq!(audited["counts"], json!({ "nodes": 3, "not_read": 0, "keys": 2, "foreign": 1, "odd": 2 }));
    let alice = &audited["keys"][0];
    assert_eq!((&alice["whose"], &alice["bits"]), (&json!("somebody"), &json!(2048)));
    assert_eq!(alice["lines"][0]["options"], "from=\"10.0.0.0/24\"");
    assert_eq!((&alice["lines"][0]["nodes"], &alice["last_use"]["node"]), (&json!([0, 1]), &json!(1)));
    let odd = |key: &Value| {
        key["odd"].as_array().unwrap().iter().map(|odd| odd["what"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(odd(alice), ["open-half", "missing"]);
    assert_eq!(odd(&audited["keys"][1]), ["expired", "missing"]);
    assert_eq!((&audited["keys"][2]["whose"], odd(&audited["keys"][2]).len()), (&json!("ours"), 0));
    let everything = value(&everything());
    assert_eq!(everything["complete"], false);
    assert_eq!(everything["nodes"][4]["not_read"]["code"], "refused");
    assert_eq!(everything["broken"][0]["line"], 9);
}

/// A schema that lets everything through would hold nothing.
#[test]
fn what_is_not_as_the_schema_says_is_refused() {
    let validator = validator();
    let good = value(&audited());
    assert!(validator.is_valid(&good));
    for (place, member) in [
        ("", "complete"),
        ("/counts", "odd"),
        ("/nodes/0", "openssh"),
        ("/keys/0", "halves"),
        ("/keys/0/lines/0", "state"),
    ] {
        let mut bad = good.clone();
        assert!(bad.pointer_mut(place).unwrap().as_object_mut().unwrap().remove(member).is_some());
        assert!(!validator.is_valid(&bad), "{place}/{member}");
    }
    let wrong = [
        ("/keys/0/whose", json!("nobody")),
        ("/keys/0/last_use/result", json!("never")),
        ("/keys/0/odd/0/what", json!("thing")),
        ("/keys/0/lines/0/state", json!("half")),
        ("/keys/0/halves/0/lock", json!(true)),
        ("/nodes/0/settings", json!("guessed")),
    ];
    for (place, value) in wrong {
        let mut bad = good.clone();
        *bad.pointer_mut(place).unwrap() = value;
        assert!(!validator.is_valid(&bad), "{place}");
    }
}
