//! What `doctor` found, for programs. The form is described by docs/schema/doctor-1.schema.json.

use std::io::{self, Write};

use serde_json::{Value, json};
use sshtrust::diagnose::{ByHand, Case, Certainty, Cure, Finding, Healing, Witness};
use sshtrust::inventory::NodeIx;
use sshtrust::plan::{Command, Part};

use super::words::typed;
use super::{Fixed, Stage, Told};
use crate::i18n::{Lang, barred, barred_code};
use crate::reporter::Redactor;
use crate::reporter::json::counts;

/// Names the form. A number that is higher means that old readers will not do.
pub(crate) const SCHEMA: &str = "gs_sshexkey.doctor/1";

/// Writes one JSON object.
///
/// # Errors
/// Those of the writer.
pub(crate) fn write(told: &Told<'_>, redactor: &Redactor, out: &mut dyn Write) -> io::Result<()> {
    let (case, checked) = (told.case, told.checked);
    let fixed = match &told.stage {
        Stage::Fixed(fixed) => Some(fix(case, fixed)),
        _ => None,
    };
    let findings = |found: &[Finding]| -> Value { found.iter().map(|f| finding(case, f)).collect() };
    let document = json!({
        "schema": SCHEMA,
        "program": concat!("gs_sshexkey ", env!("CARGO_PKG_VERSION")),
        "user": checked.user,
        "began": jiff::Timestamp::try_from(checked.began).unwrap_or_default().to_string(),
        "seconds": checked.took.as_secs_f64(),
        "preflight": case.preflight,
        "healthy": told.diagnosis.is_healthy(),
        "counts": counts(&checked.matrix),
        "nodes": case.nodes.indices().map(|index| node(told, index)).collect::<Value>(),
        "findings": findings(&told.diagnosis.findings),
        "fix": fixed,
    });
    redactor.meet_user(&checked.user);
    for node in &case.nodes {
        redactor.meet_node(node.spec.ip, node.name.as_deref());
    }
    writeln!(out, "{:#}", redactor.value(document))?;
    out.flush()
}

fn node(told: &Told<'_>, index: NodeIx) -> Value {
    let Some(node) = told.case.node(index) else { return Value::Null };
    let not_entered = node.entry.as_ref().err();
    let unseen = told.unseen.get(index).and_then(Option::as_ref);
    let not_seen = unseen.map(|all| all.iter().map(|unseen| unseen.as_str().into()).collect::<Vec<Value>>());
    json!({
        "address": node.spec.ip.to_string(),
        "port": node.spec.port,
        "name": node.name,
        "examined": not_seen.is_some(),
        "not_entered": not_entered.map(|why| json!({ "code": barred_code(why), "text": barred(why, Lang::En) })),
        "not_seen": not_seen,
    })
}

fn address(case: &Case, index: NodeIx) -> Option<String> {
    case.node(index).map(|node| node.spec.ip.to_string())
}

fn finding(case: &Case, finding: &Finding) -> Value {
    let witness = |w: &Witness| {
        let node = w.node.and_then(|node| address(case, node));
        json!({ "node": node, "source": w.source, "said": w.said })
    };
    json!({
        "code": finding.code.as_str(),
        "node": address(case, finding.node),
        "about": finding.about.and_then(|node| address(case, node)),
        "certainty": match finding.certainty {
            Certainty::Certain => "certain",
            Certainty::Likely => "likely",
        },
        "breaks": finding.breaks(),
        "pairs": finding.pairs.len(),
        "witnesses": finding.witnesses.iter().map(witness).collect::<Value>(),
        "cures": finding.cures.iter().map(|c| cure(case, c)).collect::<Value>(),
    })
}

fn cure(case: &Case, cure: &Cure) -> Value {
    let (healing, why) = match &cure.healing {
        Healing::Run => ("run", None),
        Healing::Restore(_) => ("restore", None),
        Healing::ByHand(why) => ("by-hand", Some(by_hand(*why))),
    };
    json!({
        "node": address(case, cure.node),
        "healing": healing,
        "why": why,
        "commands": commands(&cure.commands),
    })
}

fn commands(commands: &[Command]) -> Vec<String> {
    commands.iter().map(|command| typed(command).join("\n")).collect()
}

const fn by_hand(why: ByHand) -> &'static str {
    match why {
        ByHand::NotEntered => "not-entered",
        ByHand::NeedsRoot => "needs-root",
        ByHand::Security => "security",
        ByHand::Revoked => "revoked",
        ByHand::Unconfirmed => "unconfirmed",
        ByHand::Judgement => "judgement",
        ByHand::NeedsPassword => "needs-password",
        ByHand::NotMade => "not-made",
        ByHand::Wait => "wait",
    }
}

const fn part(part: &Part) -> &'static str {
    match part {
        Part::Key => "key",
        Part::Authorize(_) | Part::Admit(_) => "authorized-keys",
        Part::HostKeys(_) => "known-hosts",
        Part::Config => "config",
        Part::Profile => "profile",
        Part::Mapping => "hosts",
        Part::Agent => "agent",
        Part::Keepalive => "keepalive",
    }
}

fn fix(case: &Case, fixed: &Fixed<'_>) -> Value {
    let treated = fixed.nodes.iter().map(|node| {
        let mut parts: Vec<&str> = node.parts.iter().map(part).collect();
        parts.dedup();
        json!({
            "node": node.spec.ip.to_string(),
            "commands": commands(&node.commands),
            "restored": parts,
        })
    });
    let failed = fixed
        .failed
        .iter()
        .map(|failure| json!({ "node": failure.node.ip.to_string(), "text": failure.trouble.to_string() }));
    json!({
        "treated": treated.collect::<Value>(),
        "failed": failed.collect::<Value>(),
        "before": fixed.before.findings.iter().map(|f| finding(case, f)).collect::<Value>(),
    })
}
