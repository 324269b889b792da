//! What `shrink` did, for programs. The form is described by docs/schema/shrink-1.schema.json.

use std::io::{self, Write};

use serde_json::{Value, json};
use sshtrust::identity::KeyMode;

use super::ShrinkReport;
use crate::reporter::revoke::json_node as revoked_node;
use crate::reporter::rotate::{counts, json_node};

/// Names the form. A number that is higher means that old readers will not do.
const SCHEMA: &str = "gs_sshexkey.shrink/1";

/// Writes one JSON object.
///
/// # Errors
/// Those of the writer.
pub(crate) fn write(report: &ShrinkReport, out: &mut dyn Write) -> io::Result<()> {
    let document = json!({
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
        "counts": counts(&report.stay, report.pairs),
        "stay": report.stay.iter().map(json_node).collect::<Value>(),
        "leave": report.leave.iter().map(revoked_node).collect::<Value>(),
        "not_cleaned": report.not_cleaned,
        "hosts": report.hosts(),
    });
    writeln!(out, "{document:#}")?;
    out.flush()
}
