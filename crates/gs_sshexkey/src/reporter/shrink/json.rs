//! What `shrink` did, for programs. The form is described by docs/schema/shrink-1.schema.json.

use std::io::{self, Write};

use serde_json::{Value, json};
use sshtrust::identity::KeyMode;

use super::ShrinkReport;
use crate::reporter::changes::Texts;
use crate::reporter::revoke::json_node as revoked_node;
use crate::reporter::rotate::{counts, json_node};

/// Names the form. A number that is higher means that old readers will not do.
const SCHEMA: &str = "gs_sshexkey.shrink/1";

/// Writes one JSON object.
///
/// # Errors
/// Those of the writer.
pub(crate) fn write(report: &ShrinkReport, out: &mut dyn Write) -> io::Result<()> {
    let stay = report.stay.iter().map(|node| &node.change);
    let mut texts = Texts::of(stay.chain(report.leave.iter().map(|node| &node.change)));
    let mut document = json!({
        "schema": SCHEMA,
        "program": concat!("gs_sshexkey ", env!("CARGO_PKG_VERSION")),
        "user": report.user,
        "began": jiff::Timestamp::try_from(report.began).unwrap_or_default().to_string(),
        "seconds": report.took.as_secs_f64(),
        "stage": report.stage.word(),
        "done": report.is_done(),
        "keys": match report.mode {
            KeyMode::Shared => "shared",
            KeyMode::PerNode => "per-node",
        },
        "keys_of_those_that_stay": report.keys.word(),
        "old_keys": report.old,
        "counts": counts(&report.stay, report.proofs),
        "stay": report.stay.iter().map(|node| json_node(node, &mut texts)).collect::<Value>(),
        "leave": report.leave.iter().map(|node| revoked_node(node, &mut texts)).collect::<Value>(),
        "not_cleaned": report.not_cleaned,
        "hosts": report.hosts(),
    });
    texts.end(&mut document);
    writeln!(out, "{document:#}")?;
    out.flush()
}
