//! What `expand` did, for programs. The form is described by docs/schema/expand-1.schema.json.

use std::io::{self, Write};

use serde_json::{Value, json};
use sshtrust::event::Login;

use super::super::changes::Texts;
use super::super::json::sampled;
use super::{ExpandReport, ExpandedNode, Role, Stage, host_line};

/// Names the form. A number that is higher means that old readers will not do.
pub(crate) const SCHEMA: &str = "gs_sshexkey.expand/1";

/// Writes one JSON object.
///
/// # Errors
/// Those of the writer.
pub(crate) fn write(report: &ExpandReport, out: &mut dyn Write) -> io::Result<()> {
    let mut texts = Texts::of(report.nodes.iter().map(|node| &node.diff));
    let mut document = json!({
        "schema": SCHEMA,
        "program": concat!("gs_sshexkey ", env!("CARGO_PKG_VERSION")),
        "user": report.user,
        "began": jiff::Timestamp::try_from(report.began).unwrap_or_default().to_string(),
        "seconds": report.took.as_secs_f64(),
        "stage": match report.stage {
            Stage::DryRun => "dry-run",
            Stage::Done => "done",
        },
        "verify": if report.proves_all { "all" } else { "new" },
        "counts": {
            "nodes": report.nodes.len(),
            "added": report.with_role(Role::New).len(),
            "changed": report.changed(),
        },
        "proven": {
            "pairs": report.proofs.total(),
            "called": report.proofs.called,
            "derived": report.proofs.derived,
            "sampled": sampled(report.proofs.sampled),
        },
        "nodes": report.nodes.iter().map(|one| node(one, &mut texts)).collect::<Value>(),
        "list": report.nodes.iter().map(|node| host_line(node.spec)).collect::<Value>(),
    });
    texts.end(&mut document);
    writeln!(out, "{document:#}")?;
    out.flush()
}

fn node(node: &ExpandedNode, texts: &mut Texts) -> Value {
    let mut value = json!({
        "address": node.spec.ip.to_string(),
        "port": node.spec.port,
        "name": node.name,
        "role": match node.role {
            Role::Old => "old",
            Role::New => "new",
            Role::Already => "already",
        },
        "entered": node.entered.map(|how| match how {
            Login::Local => "local",
            Login::Key => "key",
            Login::Password => "password",
        }),
        "change": node.change,
    });
    texts.put("diff", &node.diff, &mut value);
    value
}
