//! What `revoke` did, for programs. The form is described by docs/schema/revoke-1.schema.json.

use std::io::{self, Write};

use serde_json::{Value, json};
use sshtrust::plan::Job;

use super::{Found, Left, LeftWhy, Refusal, RevokeReport, RevokedNode, Stage};
use crate::i18n::{Lang, barred, barred_code};
use crate::reporter::changes::Texts;

/// Names the form. A number that is higher means that old readers will not do.
pub(crate) const SCHEMA: &str = "gs_sshexkey.revoke/1";

/// Writes one JSON object.
///
/// # Errors
/// Those of the writer.
pub(crate) fn write(report: &RevokeReport, out: &mut dyn Write) -> io::Result<()> {
    let count = |is: fn(&RevokedNode) -> bool| report.nodes.iter().filter(|node| is(node)).count();
    let mut texts = Texts::of(report.nodes.iter().map(|node| &node.change));
    let mut document = json!({
        "schema": SCHEMA,
        "program": concat!("gs_sshexkey ", env!("CARGO_PKG_VERSION")),
        "user": report.user,
        "began": jiff::Timestamp::try_from(report.began).unwrap_or_default().to_string(),
        "seconds": report.took.as_secs_f64(),
        "stage": match report.stage {
            Stage::Nothing => "nothing",
            Stage::Barred => "barred",
            Stage::Planned => "planned",
            Stage::DryRun => "dry-run",
            Stage::Declined => "declined",
            Stage::Done => "done",
        },
        "done": report.is_done(),
        "key": report.shared_key(),
        "counts": {
            "nodes": report.nodes.len(),
            "gone": count(|node| node.gone),
            "refused": count(|node| node.refusal == Some(Refusal::Refused)),
            "not_entered": count(RevokedNode::is_barred),
        },
        "nodes": report.nodes.iter().map(|one| node(one, &mut texts)).collect::<Value>(),
        "rest": report.rest(),
    });
    texts.end(&mut document);
    writeln!(out, "{document:#}")?;
    out.flush()
}

/// One node.
pub(in crate::reporter) fn node(node: &RevokedNode, texts: &mut Texts) -> Value {
    let not_entered = node.entry.as_ref().err();
    let mut value = json!({
        "address": node.spec.ip.to_string(),
        "port": node.spec.port,
        "name": node.name,
        "not_entered": not_entered.map(|why| json!({ "code": barred_code(why), "text": barred(why, Lang::En) })),
        "found": node.found.iter().map(found).collect::<Value>(),
        "left": node.left.iter().map(left_value).collect::<Value>(),
        "databases": node.databases.iter().map(|(pid, name)| {
            json!({ "pid": pid, "command": name })
        }).collect::<Value>(),
        "done_before": node.done_before,
        "gone": node.gone,
        "refusal": node.refusal.as_ref().map(refusal_value),
    });
    texts.put("change", &node.change, &mut value);
    value
}

/// Something that stays.
pub(in crate::reporter) fn left_value(left: &Left) -> Value {
    let (why, text) = left_why(&left.why);
    json!({ "path": left.path, "why": why, "text": text })
}

/// How a node received an old key.
pub(in crate::reporter) fn refusal_value(refusal: &Refusal) -> Value {
    let (word, text) = match refusal {
        Refusal::Refused => ("refused", None),
        Refusal::Accepted => ("accepted", None),
        Refusal::NotTried(why) => ("not-tried", Some(why)),
    };
    json!({ "result": word, "text": text })
}

fn found(found: &Found) -> Value {
    let at = |what: &str, path: &str| json!({ "what": what, "path": path });
    let lines = |what: &str, path: &str, lines: usize| json!({ "what": what, "path": path, "lines": lines });
    match found {
        Found::Key { path } => at("key", path),
        Found::AuthorizedKeys { path, lines: count } => lines("authorized-keys", path, *count),
        Found::KnownHosts { path, lines: count } => lines("known-hosts", path, *count),
        Found::Config { path } => at("config", path),
        Found::Exports { path } => at("exports", path),
        Found::Folder { path } => at("folder", path),
        Found::Agent { pid } => json!({ "what": "agent", "pid": pid }),
        Found::Job { by: Job::Cron, .. } => json!({ "what": "job-cron" }),
        Found::Job { by: Job::Timer, path } => at("job-timer", path),
        Found::Job { by: Job::Profile, path } => at("job-profile", path),
        Found::AgentCheck => json!({ "what": "agent-check" }),
        Found::Linger => json!({ "what": "linger" }),
        Found::Mapping { path, lines: count } => lines("mapping", path, *count),
        Found::Program { path } => at("program", path),
    }
}

fn left_why(why: &LeftWhy) -> (&'static str, Option<&String>) {
    match why {
        LeftWhy::KeepNames => ("keep-names", None),
        LeftWhy::NotRoot => ("not-root", None),
        LeftWhy::OwnKey => ("own-key", None),
        LeftWhy::OwnCode => ("own-code", None),
        LeftWhy::ForeignFiles => ("foreign-files", None),
        LeftWhy::Failed(why) => ("failed", Some(why)),
    }
}
