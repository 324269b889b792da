//! What `rotate` did, for programs. The form is described by docs/schema/rotate-1.schema.json.

use std::io::{self, Write};

use serde_json::{Value, json};
use sshtrust::identity::KeyMode;
use sshtrust::probe::Proofs;
use sshtrust::session::Refusal;

use super::{RotateReport, RotatedNode};
use crate::reporter::changes::Texts;
use crate::reporter::json::sampled;
use crate::reporter::revoke::{left_value, refusal_value};

/// Names the form. A number that is higher means that old readers will not do.
const SCHEMA: &str = "gs_sshexkey.rotate/1";

/// Writes one JSON object.
///
/// # Errors
/// Those of the writer.
pub(crate) fn write(report: &RotateReport, out: &mut dyn Write) -> io::Result<()> {
    let mut texts = Texts::of(report.nodes.iter().map(|node| &node.change));
    let mut document = json!({
        "schema": SCHEMA,
        "program": concat!("gs_sshexkey ", env!("CARGO_PKG_VERSION")),
        "user": report.user,
        "began": jiff::Timestamp::try_from(report.began).unwrap_or_default().to_string(),
        "seconds": report.took.as_secs_f64(),
        "stage": report.stage.word(),
        "done": report.is_done(),
        "keys_before": report.modes.0.map(mode),
        "keys": mode(report.modes.1),
        "finished_earlier": report.finishes,
        "old_keys": report.old,
        "counts": counts(&report.nodes, report.proofs),
        "nodes": report.nodes.iter().map(|one| node(one, &mut texts)).collect::<Value>(),
    });
    texts.end(&mut document);
    writeln!(out, "{document:#}")?;
    out.flush()
}

const fn mode(mode: KeyMode) -> &'static str {
    match mode {
        KeyMode::Shared => "shared",
        KeyMode::PerNode => "per-node",
    }
}

/// How many nodes and pairs, and how many nodes refused an old key.
pub(in crate::reporter) fn counts(nodes: &[RotatedNode], proofs: Proofs) -> Value {
    let refused = nodes.iter().filter(|node| node.refusal == Some(Refusal::Refused)).count();
    let tried = nodes.iter().filter(|node| node.refusal.is_some()).count();
    json!({
        "nodes": nodes.len(),
        "pairs": proofs.total(),
        "sampled": sampled(proofs.sampled),
        "tried": tried,
        "refused": refused,
    })
}

/// One node.
pub(in crate::reporter) fn node(node: &RotatedNode, texts: &mut Texts) -> Value {
    let mut value = json!({
        "address": node.spec.ip.to_string(),
        "port": node.spec.port,
        "name": node.name,
        "key": node.key,
        "left": node.left.iter().map(left_value).collect::<Value>(),
        "refusal": node.refusal.as_ref().map(refusal_value),
    });
    texts.put("change", &node.change, &mut value);
    value
}
