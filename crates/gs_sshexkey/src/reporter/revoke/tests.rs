use std::path::PathBuf;

use jsonschema::Validator;
use serde_json::{Value, json};
use sshtrust::plan::Job;
use sshtrust::session::ConnectError;

use super::*;
use crate::i18n::Lang;
use crate::reporter::changes::How;
use crate::reporter::{Style, transcript};

const PLAIN: Style = Style { lang: Lang::En, width: 80, colour: false, unicode: true };
const CHINESE: Style = Style { lang: Lang::Zh, ..PLAIN };
const NARROW: Style = Style { width: 44, ..PLAIN };
const HOME: &str = "/home/omm";

fn at(path: &str) -> String {
    format!("{HOME}/{path}")
}

/// What a set-up leaves on a node.
fn found(pid: u32) -> Vec<Found> {
    vec![
        Found::Key { path: at(".ssh/id_om") },
        Found::Key { path: at(".ssh/id_om.pub") },
        Found::AuthorizedKeys { path: at(".ssh/authorized_keys"), lines: 1 },
        Found::KnownHosts { path: at(".ssh/known_hosts"), lines: 9 },
        Found::Config { path: at(".ssh/config") },
        Found::Exports { path: at(".bashrc") },
        Found::Agent { pid: Some(pid) },
        Found::Job { by: Job::Cron, path: "crontab".to_owned() },
        Found::Folder { path: at("gaussdb_tmp") },
    ]
}

fn node(number: u8) -> RevokedNode {
    RevokedNode {
        spec: NodeSpec { ip: std::net::Ipv4Addr::new(10, 0, 0, number).into(), port: 22 },
        name: Some(format!("node{number}")),
        entry: Ok(()),
        found: found(1000 + u32::from(number)),
        left: Vec::new(),
        databases: Vec::new(),
        done_before: false,
        change: ChangeText::default(),
        gone: false,
        refusal: None,
    }
}

/// A cluster of so many nodes on which nothing was done yet.
fn planned(nodes: u8) -> RevokeReport {
    RevokeReport {
        user: "omm".to_owned(),
        began: SystemTime::UNIX_EPOCH,
        took: Duration::from_millis(2_345),
        stage: Stage::Planned,
        keys: vec!["SHA256:Ydi4WQTIRDLAOFfEqGAEbxs1zLBbTqcXaoF8mHOdwHU".to_owned()],
        nodes: (1..=nodes).map(node).collect(),
        program: None,
        next: Next {
            partial: "gs_sshexkey revoke -f hosts --partial".to_owned(),
            rest: "gs_sshexkey revoke -f HOSTFILE".to_owned(),
        },
    }
}

fn done(nodes: u8) -> RevokeReport {
    let mut report = RevokeReport { stage: Stage::Done, ..planned(nodes) };
    for node in &mut report.nodes {
        node.gone = true;
        node.refusal = Some(Refusal::Refused);
    }
    report
}

fn bar(report: &mut RevokeReport, at: usize, port: u16) {
    let node = &mut report.nodes[at];
    *node = RevokedNode {
        spec: NodeSpec { port, ..node.spec },
        name: None,
        entry: Err(NoEntry::Connect(ConnectError::Refused)),
        found: Vec::new(),
        gone: false,
        refusal: None,
        ..node.clone()
    };
}

/// A node of each kind of trouble.
fn half_done() -> RevokeReport {
    let mut report = RevokeReport { program: Some("/root/gs_sshexkey".into()), ..done(5) };
    bar(&mut report, 4, 2222);
    report.nodes[1].refusal = Some(Refusal::Accepted);
    report.nodes[1].left = vec![Left { path: at(".ssh/authorized_keys"), why: LeftWhy::OwnKey }];
    report.nodes[2].refusal = Some(Refusal::NotTried("Connection refused".to_owned()));
    report.nodes[3].left =
        vec![Left { path: at(".bashrc"), why: LeftWhy::Failed("it is still there".to_owned()) }];
    report
}

/// An earlier run was interrupted when the others were done.
fn resumed() -> RevokeReport {
    let mut report = planned(3);
    for at in [1, 2] {
        bar(&mut report, at, 22);
        report.nodes[at].done_before = true;
    }
    report
}

/// A plan with everything that can be in one.
fn everything() -> RevokeReport {
    let mut report = planned(5);
    bar(&mut report, 4, 22);
    let second = &mut report.nodes[1];
    second.found.extend([
        Found::Job { by: Job::Timer, path: at(".config/systemd/user/gs_sshexkey-agent.timer") },
        Found::Job { by: Job::Profile, path: at(".profile") },
        Found::AgentCheck,
        Found::Linger,
        Found::Mapping { path: "/etc/hosts".to_owned(), lines: 5 },
        Found::Program { path: "/usr/local/bin/gs_sshexkey".to_owned() },
    ]);
    let left = |path: &str, why| Left { path: path.to_owned(), why };
    second.left = vec![
        left("/etc/hosts", LeftWhy::KeepNames),
        left("/etc/hosts", LeftWhy::NotRoot),
        left("/home/omm/.ssh/authorized_keys", LeftWhy::OwnKey),
        left("/home/omm/.bashrc", LeftWhy::OwnCode),
        left("/home/omm/gaussdb_tmp", LeftWhy::ForeignFiles),
        left("/home/omm/.ssh/config", LeftWhy::Failed("Read-only file system".to_owned())),
    ];
    report.nodes[2].found.clear();
    let process = |pid, name: &str| (pid, name.to_owned());
    report.program = Some("/root/gs_sshexkey".into());
    report.nodes[0].databases = vec![process(4711, "gaussdb"), process(4700, "om_monitor")];
    report.nodes[3].databases =
        vec![process(815, "gaussdb"), process(816, "cm_agent"), process(817, "cm_server")];
    report
}

fn dry() -> RevokeReport {
    let mut report = RevokeReport { stage: Stage::DryRun, ..planned(2) };
    let change = "--- /home/omm/.bashrc\n+++ /home/omm/.bashrc\n@@ -1,3 +1 @@\n umask 077\n-export \
                              SSH_AUTH_SOCK=/home/omm/gaussdb_tmp/gauss_socket_tmp\n-export SSH_AGENT_PID=1001\n";
    report.nodes[0].change = Teller::default().text(change);
    report
}

/// Each node had a key of its own.
fn done_with_own_keys() -> RevokeReport {
    let keys = ["SHA256:one", "SHA256:two", "SHA256:three"].map(str::to_owned).to_vec();
    RevokeReport { keys, ..done(3) }
}

fn nothing() -> RevokeReport {
    let mut report = RevokeReport { stage: Stage::Nothing, keys: Vec::new(), ..planned(3) };
    report.nodes.iter_mut().for_each(|node| node.found.clear());
    report
}

fn stopped() -> RevokeReport {
    let mut report = RevokeReport { stage: Stage::Barred, ..planned(4) };
    bar(&mut report, 1, 22);
    bar(&mut report, 3, 2222);
    report
}

fn screens() -> Vec<(&'static str, String, Style)> {
    let end = |name, report: &RevokeReport, style: Style| (name, render_text(report, &style), style);
    let plan = |name, report: &RevokeReport, style: Style| {
        let text = render_plan(report, &style) + "\n" + &question(report, style.lang) + "\n";
        (name, text, style)
    };
    vec![
        plan("revoke-plan", &planned(3), PLAIN),
        plan("revoke-plan-zh", &planned(3), CHINESE),
        plan("revoke-plan-everything", &everything(), PLAIN),
        plan("revoke-plan-resumed", &resumed(), PLAIN),
        plan("revoke-plan-resumed-zh", &resumed(), CHINESE),
        plan("revoke-plan-everything-zh-narrow", &everything(), Style { width: 60, ..CHINESE }),
        end("revoke-done", &done(3), PLAIN),
        end("revoke-done-zh", &done(3), CHINESE),
        end("revoke-done-own-keys", &done_with_own_keys(), PLAIN),
        end("revoke-done-own-keys-zh", &done_with_own_keys(), CHINESE),
        end("revoke-half-done", &half_done(), PLAIN),
        end("revoke-half-done-zh", &half_done(), CHINESE),
        end("revoke-half-done-narrow", &half_done(), NARROW),
        end("revoke-barred", &stopped(), PLAIN),
        end("revoke-barred-zh", &stopped(), CHINESE),
        end("revoke-nothing", &nothing(), PLAIN),
        end("revoke-nothing-zh", &nothing(), CHINESE),
        ("revoke-dry-run", changes(&dry(), How::of(&PLAIN)) + "\n" + &render_text(&dry(), &PLAIN), PLAIN),
        end("revoke-declined", &RevokeReport { stage: Stage::Declined, ..planned(3) }, PLAIN),
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
    for (guide, style) in [("revoke.md", PLAIN), ("revoke.zh.md", CHINESE)] {
        let text = std::fs::read_to_string(docs.join(guide)).unwrap();
        let question = question(&planned(3), style.lang);
        let plan = render_plan(&planned(3), &style);
        let shown = format!("{plan}\n{question}y\n{}```\n", render_text(&done(3), &style));
        assert!(text.contains(&shown), "{guide}:\n{shown}");
    }
}

#[test]
fn no_line_is_too_wide_but_those_that_are_there_to_be_copied() {
    for (name, text, style) in screens() {
        let copied = |line: &str| {
            line.contains("gs_sshexkey revoke") || name == "revoke-dry-run" || line.contains("[y/N]")
        };
        for line in text.lines().filter(|line| !copied(line)) {
            assert!(crate::reporter::layout::width(line) <= style.width, "{name}: {line}");
        }
    }
}

#[test]
fn it_is_done_when_nothing_is_left_that_lets_anybody_in() {
    assert!(done(3).is_done() && nothing().is_done() && dry().is_done());
    assert!(!planned(3).is_done() && !stopped().is_done() && !half_done().is_done());
    let with = |change: fn(&mut RevokedNode)| {
        let mut report = done(3);
        change(&mut report.nodes[1]);
        report.is_done()
    };
    // A node on which there was nothing, one whose key could not be opened, and one that an earlier run had done.
    assert!(with(|node| (node.found, node.gone, node.refusal) = (Vec::new(), false, None)));
    assert!(with(|node| node.refusal = None));
    assert!(with(|node| (node.entry, node.done_before) = (Err(NoEntry::WrongPassword), true)));
    let left = |why: LeftWhy| {
        let mut report = done(3);
        report.nodes[1].left.push(Left { path: "x".to_owned(), why });
        report.is_done()
    };
    assert!(left(LeftWhy::ForeignFiles) && left(LeftWhy::KeepNames));
    assert!(!left(LeftWhy::OwnKey) && !left(LeftWhy::Failed(String::new())));
    assert!(!with(|node| node.refusal = Some(Refusal::Accepted)));
    assert!(!with(|node| node.refusal = Some(Refusal::NotTried(String::new()))));
    assert!(!with(|node| node.gone = false));
    assert!(!with(|node| node.entry = Err(NoEntry::WrongPassword)));
}

#[test]
fn what_a_node_says_does_not_reach_the_terminal_as_a_command() {
    let evil = "\u{1b}[2J\u{202e}x\n";
    let mut report = everything();
    report.user = evil.to_owned();
    for node in &mut report.nodes {
        node.name = node.name.as_ref().map(|_| evil.to_owned());
        node.found.push(Found::Key { path: evil.to_owned() });
        node.left.push(Left { path: evil.to_owned(), why: LeftWhy::Failed(evil.to_owned()) });
        node.databases.push((1, evil.to_owned()));
    }
    let mut ended = half_done();
    ended.nodes[1].refusal = Some(Refusal::NotTried(evil.to_owned()));
    for style in [PLAIN, CHINESE] {
        let texts =
            [render_plan(&report, &style), question(&report, style.lang), render_text(&ended, &style)];
        for text in texts {
            assert!(!text.chars().any(|c| (c.is_control() && c != '\n') || c == '\u{202e}'), "{text:?}");
        }
    }
}

fn validator() -> Validator {
    let schema = include_str!("../../../../../docs/schema/revoke-1.schema.json");
    let schema: Value = serde_json::from_str(schema).unwrap();
    jsonschema::draft202012::meta::validate(&schema).unwrap();
    jsonschema::draft202012::new(&schema).unwrap()
}

fn value(report: &RevokeReport) -> Value {
    let mut bytes = Vec::new();
    write_json(report, &mut bytes).unwrap();
    serde_json::from_slice(&bytes).unwrap()
}

#[test]
fn what_is_written_is_as_the_schema_says() {
    let validator = validator();
    let samples = [planned(3), everything(), resumed(), done(100), half_done(), stopped(), nothing(), dry()];
    for sample in &samples {
        let value = value(sample);
        let errors: Vec<String> = validator.iter_errors(&value).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{errors:?}\n{value:#}");
    }
    let value = value(&half_done());
    assert_eq!(value["counts"], json!({ "nodes": 5, "gone": 4, "refused": 2, "not_entered": 1 }));
    assert_eq!(value["rest"], json!(["10.0.0.5,2222"]));
    assert_eq!((&value["done"], &value["stage"]), (&json!(false), &json!("done")));
    assert_eq!(value["nodes"][4]["not_entered"]["code"], "refused");
    assert_eq!(value["nodes"][0]["found"][6], json!({ "what": "agent", "pid": 1001 }));
}

/// A schema that lets everything through would hold nothing.
#[test]
fn what_is_not_as_the_schema_says_is_refused() {
    let validator = validator();
    let good = value(&everything());
    assert!(validator.is_valid(&good));
    for (place, member) in
        [("", "key"), ("", "rest"), ("/counts", "gone"), ("/nodes/0", "refusal"), ("/nodes/1/left/0", "why")]
    {
        let mut bad = good.clone();
        assert!(bad.pointer_mut(place).unwrap().as_object_mut().unwrap().remove(member).is_some());
        assert!(!validator.is_valid(&bad), "{place}/{member}");
    }
    let wrong = [
        ("/stage", json!("half")),
        ("/done", json!(1)),
        ("/nodes/0/gone", json!("lost")),
        ("/nodes/0/found/0/what", json!("thing")),
        ("/nodes/1/left/0/why", json!("mood")),
        ("/nodes/0/refusal", json!({ "result": "maybe", "text": null })),
    ];
    for (place, value) in wrong {
        let mut bad = good.clone();
        *bad.pointer_mut(place).unwrap() = value;
        assert!(!validator.is_valid(&bad), "{place}");
    }
}
