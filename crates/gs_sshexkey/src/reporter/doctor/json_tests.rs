use jsonschema::Validator;
use serde_json::{Value, json};
use sshtrust::diagnose::{ByHand, Code, Command, Cure, Finding, Part};

use super::sample::*;
use super::*;
use crate::reporter::Redactor;
use crate::reporter::sample::ix;

fn validator() -> Validator {
    let schema = include_str!("../../../../../docs/schema/doctor-1.schema.json");
    let schema: Value = serde_json::from_str(schema).unwrap();
    jsonschema::draft202012::meta::validate(&schema).unwrap();
    jsonschema::draft202012::new(&schema).unwrap()
}

fn value(told: &Told<'_>) -> Value {
    let mut bytes = Vec::new();
    write_json(told, &Redactor::default(), &mut bytes).unwrap();
    serde_json::from_slice(&bytes).unwrap()
}

/// Every code, every reason to leave it to a person, every part.
fn everything() -> Examination {
    let mut all = healable();
    all.diagnosis.findings.extend(Code::ALL.iter().map(|code| Finding::new(*code, ix(0))));
    let why = [
        ByHand::NotEntered,
        ByHand::NeedsRoot,
        ByHand::Security,
        ByHand::Revoked,
        ByHand::Unconfirmed,
        ByHand::Judgement,
        ByHand::NeedsPassword,
        ByHand::NotMade,
        ByHand::Wait,
    ];
    let command = || [Command::root("mend\nthis")];
    let finding = why.iter().fold(Finding::new(Code::Mtu, ix(3)), |finding, why| {
        finding.about(ix(2)).likely().cure(Cure::by_hand(ix(3), *why, command()))
    });
    all.diagnosis.findings.push(finding.cure(Cure::run(ix(1), command())));
    let key =
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDnZ4Fs1xQpmPcxG0hjnKJ8tCDQ8zMcEWJ6nNYoF4jBQ".parse().unwrap();
    all.treatment[0].parts = vec![
        Part::Key,
        Part::Authorize(key),
        Part::HostKeys(ix(2)),
        Part::Config,
        Part::Profile,
        Part::Mapping,
        Part::Agent,
        Part::Keepalive,
    ];
    all.failed = vec![failure(&all, 3)];
    all
}

#[test]
fn what_is_written_is_as_the_schema_says() {
    let validator = validator();
    let (all, evil) = (everything(), hostile("\u{1b}\"\\\u{4e92}"));
    let samples = [
        value(&healthy(3).told(Stage::Found)),
        value(&stopped(3, 3).told(Stage::Unable)),
        value(&preflight().told(Stage::Found)),
        value(&all.told(Stage::Declined)),
        value(&all.fixed(&all)),
        value(&evil.fixed(&evil)),
    ];
    for value in samples {
        let errors: Vec<String> =
            validator.iter_errors(&value).map(|e| format!("{e} at {}", e.instance_path())).collect();
        assert!(errors.is_empty(), "{errors:?}");
    }
}

#[test]
fn what_lacks_a_member_is_not_as_the_schema_says() {
    let validator = validator();
    let (all, evil) = (everything(), preflight());
    let entered = value(&all.fixed(&all));
    let barred = value(&evil.told(Stage::Found));
    let places = [
        (&entered, "", 11),
        (&entered, "/counts", 9),
        (&entered, "/nodes/0", 6),
        (&barred, "/nodes/2/not_entered", 2),
        (&entered, "/findings/0", 8),
        (&entered, "/findings/0/witnesses/0", 3),
        (&entered, "/findings/0/cures/0", 4),
        (&entered, "/fix", 3),
        (&entered, "/fix/treated/0", 3),
        (&entered, "/fix/failed/0", 2),
    ];
    for (good, place, count) in places {
        let members = good.pointer(place).unwrap().as_object().unwrap();
        assert_eq!(members.len(), count, "{place}");
        for member in members.keys() {
            let mut bad = good.clone();
            bad.pointer_mut(place).unwrap().as_object_mut().unwrap().remove(member);
            assert!(!validator.is_valid(&bad), "{place}/{member}");
        }
    }
    let wrong = [
        ("/schema", json!("gs_sshexkey.doctor/2")),
        ("/healthy", json!("yes")),
        ("/findings/0/code", json!("gremlins")),
        ("/findings/0/certainty", json!("maybe")),
        ("/findings/0/cures/0/healing", json!("pray")),
        ("/findings/0/cures/0/why", json!("security")),
        ("/fix/treated/0/restored/0", json!("everything")),
        ("/nodes/0/examined", json!(false)),
    ];
    for (place, value) in wrong {
        let mut bad = entered.clone();
        *bad.pointer_mut(place).unwrap() = value;
        assert!(!validator.is_valid(&bad), "{place}");
    }
}

#[test]
fn what_is_told_stands_in_it() {
    let all = stopped(3, 3);
    let value = value(&all.told(Stage::Found));
    assert_eq!(value["counts"]["broken"], 2);
    assert_eq!(
        (&value["nodes"][2]["examined"], &value["nodes"][2]["not_entered"]["code"]),
        (&json!(false), &json!("refused"))
    );
    let finding = &value["findings"][0];
    assert_eq!((&finding["code"], &finding["node"]), (&json!("sshd-down"), &json!("10.0.0.3")));
    assert_eq!(
        (&finding["pairs"], &finding["breaks"], &finding["certainty"]),
        (&json!(2), &json!(true), &json!("likely"))
    );
    assert_eq!(finding["witnesses"][1]["node"], Value::Null);
    let cure = json!({
        "node": "10.0.0.3", "healing": "by-hand", "why": "not-entered", "commands": ["systemctl enable --now sshd"],
    });
    assert_eq!(finding["cures"][0], cure);
    assert_eq!(value["fix"], Value::Null);
}
