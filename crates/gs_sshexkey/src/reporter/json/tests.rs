use jsonschema::Validator;
use sshtrust::check::NoEntry;
use sshtrust::node::NodeError;
use sshtrust::session::{ConnectError, SeenOtherwise, UnknownHostKey};

use super::*;
use crate::reporter::sample::{Sample, causes};

fn validator() -> Validator {
    let schema = include_str!("../../../../../docs/schema/check-1.schema.json");
    let schema: Value = serde_json::from_str(schema).unwrap();
    jsonschema::draft202012::meta::validate(&schema).unwrap();
    jsonschema::draft202012::new(&schema).unwrap()
}

fn value(checked: &Checked) -> Value {
    let mut bytes = Vec::new();
    write(checked, &Redactor::default(), &mut bytes).unwrap();
    serde_json::from_slice(&bytes).unwrap()
}

fn everything() -> Checked {
    let mut sample = Sample::new(40)
        .by(&[By::Ip, By::Name])
        .slow(3, 4, 12_500)
        .barred(30, NoEntry::NoPassword(String::new()));
    for (place, cause) in causes().into_iter().enumerate() {
        sample = sample.breaks(1, place + 2, By::Name, cause, "\"said\" \\ {host} \u{4e92}");
    }
    sample.node(5, |node| node.name = None).node(6, |node| node.described = Some("db6".to_owned())).checked()
}

#[test]
fn what_is_written_is_as_the_schema_says() {
    let validator = validator();
    let samples = [
        Sample::new(1).checked(),
        Sample::new(3).checked(),
        Sample::new(3).stopped(2).checked(),
        Sample::new(7).by(&[By::Name]).checked(),
        everything(),
    ];
    for checked in samples {
        let value = value(&checked);
        let errors: Vec<String> =
            validator.iter_errors(&value).map(|e| format!("{e} at {}", e.instance_path())).collect();
        assert!(errors.is_empty(), "{errors:?}");
    }
}

#[test]
fn what_lacks_a_member_is_not_as_the_schema_says() {
    let validator = validator();
    let good = value(&everything());
    let mut count = 0;
    for place in ["", "/counts", "/nodes/0", "/nodes/29/not_entered", "/faults/0", "/pairs/0"] {
        let members = good.pointer(place).unwrap().as_object().unwrap();
        for member in members.keys() {
            let mut bad = good.clone();
            bad.pointer_mut(place).unwrap().as_object_mut().unwrap().remove(member);
            assert!(!validator.is_valid(&bad), "{place}/{member}");
            count += 1;
        }
    }
    assert_eq!(count, 11 + 9 + 8 + 2 + 10 + 3);
    let wrong = [
        ("/schema", json!("gs_sshexkey.check/2")),
        ("/began", json!("yesterday")),
        ("/healthy", json!("yes")),
        ("/by/0", json!("mac")),
        ("/counts/broken", json!(-1)),
        ("/nodes/0/entered", json!(null)),
        ("/nodes/29/entered", json!("key")),
        ("/faults/0/cause", json!("gremlins")),
        ("/faults/0/state", json!("works")),
        ("/pairs/0/states/0", json!("-.y")),
        ("/pairs/0/millis/0/0", json!(0.5)),
    ];
    for (place, value) in wrong {
        let mut bad = good.clone();
        *bad.pointer_mut(place).unwrap() = value;
        assert!(!validator.is_valid(&bad), "{place}");
    }
}

#[test]
fn every_code_is_in_the_schema() {
    let schema: Value =
        serde_json::from_str(include_str!("../../../../../docs/schema/check-1.schema.json")).unwrap();
    let listed = |place: &str| {
        let list = schema.pointer(place).unwrap().as_array().unwrap();
        list.iter().filter_map(|code| code.as_str().map(str::to_owned)).collect::<Vec<_>>()
    };
    let codes: Vec<String> = causes().iter().map(|cause| cause.code().to_owned()).collect();
    assert_eq!(listed("/$defs/fault/properties/cause/enum"), codes);
    let text = String::new;
    let key = || {
        Box::new(sshtrust::session::HostKeyConflict {
            key_type: text(),
            presented: text(),
            recorded: text(),
            host: text(),
            file: "/".into(),
            line: 1,
        })
    };
    let unknown =
        UnknownHostKey { key_type: text(), presented: text(), strict: sshtrust::session::Strict::Asked };
    let otherwise = SeenOtherwise { key_type: text(), presented: text(), others: Vec::new() };
    let reasons: Vec<NoEntry> = vec![
        NoEntry::NoPassword(String::new()),
        NoEntry::WrongPassword,
        NodeError::Timeout(1).into(),
        NodeError::Refused.into(),
        ConnectError::Refused.into(),
        ConnectError::TimedOut(1).into(),
        ConnectError::Unreachable(text()).into(),
        ConnectError::Silent(1).into(),
        ConnectError::ClosedEarly { said: text() }.into(),
        ConnectError::NoCommonAlgorithm(text()).into(),
        ConnectError::Protocol(text()).into(),
        ConnectError::HostKeyChanged(key()).into(),
        ConnectError::HostKeyRevoked(key()).into(),
        ConnectError::HostKeyUnknown(Box::new(unknown)).into(),
        ConnectError::HostKeySeenOtherwise(Box::new(otherwise)).into(),
        ConnectError::NoAuthentication.into(),
        ConnectError::NoPasswordMethod { offers: text(), passed: Vec::new() }.into(),
        ConnectError::SecondFactor {
            first: sshtrust::session::Factor::Key,
            wants: text(),
            by_methods: true,
            passed: Vec::new(),
        }
        .into(),
        ConnectError::ForcedCommand {
            shut: sshtrust::session::ShutKey { key: text(), said: text() },
            instead: text(),
        }
        .into(),
        ConnectError::AccountRefused { first: sshtrust::session::Factor::Key, said: text() }.into(),
        ConnectError::PasswordExpired.into(),
        ConnectError::AuthTimedOut(1).into(),
    ];
    let codes: Vec<&str> = reasons.iter().map(barred_code).collect();
    let place = "/$defs/node/properties/not_entered/oneOf/1/properties/code/enum";
    assert_eq!(listed(place), codes);
}

#[test]
fn the_members_mean_what_they_say() {
    let value = value(&everything());
    assert_eq!(value["began"], "2027-01-15T08:00:00.25Z");
    assert_eq!(value["seconds"], 21.43);
    assert_eq!(value["healthy"], false);
    let fault = &value["faults"][0];
    assert_eq!((&fault["from"], &fault["to"]), (&json!("10.0.0.1"), &json!("10.0.0.2")));
    assert_eq!((&fault["by"], &fault["host"]), (&json!("name"), &json!("node2")));
    assert_eq!(fault["said"], "\"said\" \\ node2 \u{4e92}");
    let slow = value["faults"].as_array().unwrap().last().unwrap();
    assert_eq!(
        (&slow["state"], &slow["seconds"], &slow["host"]),
        (&json!("slow"), &json!(12.5), &json!("10.0.0.4"))
    );
    // By address nothing is broken; node 30 called nobody.
    let rows = value["pairs"][0]["states"].as_array().unwrap();
    assert_eq!(rows[0], format!("-{}", ".".repeat(39)));
    assert_eq!(rows[29], format!("{}-{}", "?".repeat(29), "?".repeat(10)));
    assert_eq!(&rows[2].as_str().unwrap()[..5], "..-~.");
    assert_eq!(value["pairs"][0]["millis"][2][3], 12_500);
    let states: String = rows.iter().map(|row| row.as_str().unwrap()).collect();
    assert_eq!(states.len(), 1_600);
}

#[test]
fn a_round_says_what_changed() {
    let before = Sample::new(3).stopped(2).checked();
    let mut seen = sshtrust::probe::LastSeen::default();
    let checked = Sample::new(3).keyless(3).checked();
    let document = |round: &Round| {
        let mut bytes = Vec::new();
        write_round(round, &Redactor::default(), &mut bytes).unwrap();
        let value: Value = serde_json::from_slice(&bytes).unwrap();
        assert!(validator().is_valid(&value), "{value:#}");
        value
    };
    let first =
        document(&Round { number: 1, changes: seen.compare(&before.matrix), checked: before.clone() });
    assert_eq!((&first["round"], first["changes"].as_array().unwrap().len()), (&json!(1), 4));
    let change = json!({ "from": "10.0.0.1", "to": "10.0.0.2", "by": "ip", "before": null, "now": "broken" });
    assert_eq!(first["changes"][0], change);
    seen.learn(&before.matrix);
    let second = document(&Round { number: 2, changes: seen.compare(&checked.matrix), checked });
    assert_eq!(second["changes"].as_array().unwrap().len(), 4);
    let change =
        json!({ "from": "10.0.0.3", "to": "10.0.0.2", "by": "ip", "before": "broken", "now": "broken" });
    assert!(!second["changes"].as_array().unwrap().contains(&change), "the pair is as it was");
    for (place, value) in
        [("/round", json!(0)), ("/changes/0/now", json!("slow")), ("/changes/0/by", json!("x"))]
    {
        let mut bad = second.clone();
        *bad.pointer_mut(place).unwrap() = value;
        assert!(!validator().is_valid(&bad), "{place}");
    }
}

/// Counts what is written and keeps nothing.
struct Scale {
    bytes: usize,
    longest: usize,
}

impl Write for Scale {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.bytes += bytes.len();
        self.longest = self.longest.max(bytes.len());
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_thousand_nodes_are_written_piece_by_piece() {
    let mut scale = Scale { bytes: 0, longest: 0 };
    write(&Sample::new(1_000).by(&[By::Ip, By::Name]).checked(), &Redactor::default(), &mut scale).unwrap();
    assert!(scale.bytes < 12_000_000, "{}", scale.bytes);
    assert!(scale.longest < 100_000, "{}", scale.longest);
}
