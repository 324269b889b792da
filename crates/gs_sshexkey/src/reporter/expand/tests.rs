use std::path::PathBuf;

use jsonschema::Validator;
use serde_json::Value;

use super::*;
use crate::i18n::Lang;
use crate::reporter::{Style, transcript};

const PLAIN: Style = Style { lang: Lang::En, width: 80, colour: false, unicode: true };
const CHINESE: Style = Style { lang: Lang::Zh, ..PLAIN };
const NARROW: Style = Style { width: 44, ..PLAIN };

/// Three nodes to which a fourth comes.
fn done() -> ExpandReport {
    let node = |number: u8| ExpandedNode {
        spec: NodeSpec { ip: [10, 0, 0, number].into(), port: if number == 3 { 2222 } else { 22 } },
        name: (number == 4).then(|| "node4".to_owned()),
        role: if number == 4 { Role::New } else { Role::Old },
        entered: Some(match number {
            1 => Login::Local,
            4 => Login::Password,
            _ => Login::Key,
        }),
        change: "/root/.ssh/known_hosts, /root/.ssh/config".to_owned(),
        diff: ChangeText::default(),
    };
    ExpandReport {
        user: "root".to_owned(),
        began: SystemTime::UNIX_EPOCH,
        took: Duration::from_millis(1_234),
        stage: Stage::Done,
        proves_all: false,
        proofs: Proofs { called: 7, derived: 7, sampled: None },
        nodes: (1..=4).map(node).collect(),
    }
}

/// All of them were there.
fn again() -> ExpandReport {
    let mut report = ExpandReport { proves_all: true, ..done() };
    report.nodes.iter_mut().for_each(|node| node.change.clear());
    report.nodes[3].role = Role::Already;
    report
}

fn dry() -> ExpandReport {
    let mut report = ExpandReport { stage: Stage::DryRun, proofs: Proofs::default(), ..done() };
    let diff = "--- /root/.ssh/config\n+++ /root/.ssh/config\n@@ -1 +1 @@\n-a\n+b\n";
    report.nodes[0].diff = Teller::default().text(diff);
    report
}

fn screens() -> Vec<(&'static str, String, Style)> {
    let one = |name, report: &ExpandReport, style: Style| (name, render_text(report, &style), style);
    vec![
        one("expand-done", &done(), PLAIN),
        one("expand-done-zh", &done(), CHINESE),
        one("expand-done-narrow", &done(), NARROW),
        one("expand-again", &again(), PLAIN),
        one("expand-again-zh", &again(), CHINESE),
        one("expand-dry-run", &dry(), PLAIN),
        one("expand-dry-run-zh", &dry(), CHINESE),
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
    for (guide, style) in [("lifecycle.md", PLAIN), ("lifecycle.zh.md", CHINESE)] {
        let text = std::fs::read_to_string(docs.join(guide)).unwrap();
        assert!(text.contains(&format!("\nPassword: \n{}```\n", render_text(&done(), &style))), "{guide}");
    }
}

#[test]
fn no_line_is_too_wide() {
    for (name, text, style) in screens() {
        for line in text.lines() {
            assert!(crate::reporter::layout::width(line) <= style.width, "{name}: {line}");
        }
    }
}

#[test]
fn a_node_that_is_in_the_list_is_named() {
    assert_eq!(render_already(&done(), Lang::En), None);
    for lang in Lang::ALL {
        assert!(render_already(&again(), lang).unwrap().contains("10.0.0.4 (node4)"));
    }
}

#[test]
fn documents_fit_the_schema_and_say_what_happened() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/schema/expand-1.schema.json");
    let schema: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let validator: Validator = jsonschema::validator_for(&schema).unwrap();
    for report in [done(), again(), dry()] {
        let mut out = Vec::new();
        write_json(&report, &mut out).unwrap();
        let document: Value = serde_json::from_slice(&out).unwrap();
        let errors: Vec<String> = validator.iter_errors(&document).map(|e| e.to_string()).collect();
        assert!(errors.is_empty(), "{errors:#?}\n{document:#}");
        assert_eq!(document["list"][2], "10.0.0.3,2222");
        assert_eq!(document["proven"]["pairs"], report.proofs.total());
        // Nothing may come that the schema does not explain.
        let known = schema["properties"].as_object().unwrap();
        assert!(document.as_object().unwrap().keys().all(|key| known.contains_key(key)), "{document:#}");
    }
    let mut wrong: Value = serde_json::json!({ "schema": "gs_sshexkey.expand/1" });
    assert!(!validator.is_valid(&wrong));
    wrong["schema"] = "other".into();
    assert!(!validator.is_valid(&wrong));
}
