//! What `check` found, for programs. The form is described by docs/schema/check-1.schema.json.

use std::io::{self, Write};
use std::time::SystemTime;

use serde_json::{Value, json};
use sshtrust::check::{Checked, CheckedNode, NoName, Round};
use sshtrust::event::Login;
use sshtrust::inventory::NodeIx;
use sshtrust::probe::{By, Cause, Change, Pair, PairState, Sampled, TrustMatrix};

use super::Redactor;
use crate::i18n::{Lang, barred, barred_code};

/// Names the form. A number that is higher means that old readers will not do.
pub(crate) const SCHEMA: &str = "gs_sshexkey.check/1";

/// Writes one JSON object. It is never held in memory as a whole: 1,000 nodes have two million pairs.
///
/// # Errors
/// Those of the writer.
pub(crate) fn write(checked: &Checked, redactor: &Redactor, out: &mut dyn Write) -> io::Result<()> {
    document(checked, None, redactor, out)
}

/// The same of a round of a check that goes on, with what changed in it.
///
/// # Errors
/// Those of the writer.
pub(crate) fn write_round(round: &Round, redactor: &Redactor, out: &mut dyn Write) -> io::Result<()> {
    document(&round.checked, Some(round), redactor, out)
}

fn document(
    checked: &Checked,
    round: Option<&Round>,
    redactor: &Redactor,
    out: &mut dyn Write,
) -> io::Result<()> {
    redactor.meet_user(&checked.user);
    for node in &checked.nodes {
        redactor.meet_node(node.spec.ip, node.name.as_deref());
        redactor.meet_node(node.spec.ip, node.described.as_deref());
    }
    writeln!(out, "{{")?;
    for (name, value) in summary(checked) {
        let value = redactor.member(name, value);
        writeln!(out, "{}: {value},", Value::from(name))?;
    }
    if let Some(round) = round {
        writeln!(out, "\"round\": {},", round.number)?;
        let changes = round.changes.iter().map(|change| one_change(checked, change));
        list(out, "changes", changes.map(|change| redactor.value(change)))?;
        writeln!(out, ",")?;
    }
    let nodes = checked.nodes.entries().map(|(place, node)| one_node(checked, place, node));
    list(out, "nodes", nodes.map(|node| redactor.value(node)))?;
    writeln!(out, ",")?;
    list(out, "faults", faults(checked).map(|fault| redactor.value(fault)))?;
    writeln!(out, ",\n\"pairs\": [")?;
    for (place, by) in checked.matrix.by().iter().enumerate() {
        let comma = if place == 0 { "" } else { "," };
        writeln!(out, "{comma}{{\"by\": {},", Value::from(by_word(*by)))?;
        list(out, "states", rows(checked).map(|from| Value::from(states(checked, from, *by))))?;
        writeln!(out, ",")?;
        list(out, "millis", rows(checked).map(|from| Value::from(millis(checked, from, *by))))?;
        write!(out, "}}")?;
    }
    writeln!(out, "]\n}}")?;
    out.flush()
}

/// One member: a list with an item a line.
fn list(out: &mut dyn Write, name: &str, items: impl Iterator<Item = Value>) -> io::Result<()> {
    write!(out, "{}: [", Value::from(name))?;
    for (place, item) in items.enumerate() {
        let comma = if place == 0 { "\n" } else { ",\n" };
        write!(out, "{comma}{item}")?;
    }
    write!(out, "]")
}

fn rows(checked: &Checked) -> impl Iterator<Item = NodeIx> + use<> {
    checked.matrix.nodes().indices()
}

fn summary(checked: &Checked) -> [(&'static str, Value); 8] {
    [
        ("schema", SCHEMA.into()),
        ("program", concat!("gs_sshexkey ", env!("CARGO_PKG_VERSION")).into()),
        ("user", checked.user.clone().into()),
        ("began", moment(checked.began).into()),
        ("seconds", checked.took.as_secs_f64().into()),
        ("healthy", checked.is_healthy().into()),
        ("by", checked.matrix.by().iter().map(|by| by_word(*by)).collect()),
        ("counts", counts(&checked.matrix)),
    ]
}

/// How many pairs are how, and how that was seen.
pub(super) fn counts(matrix: &TrustMatrix) -> Value {
    let (counts, proofs) = (matrix.counts(), matrix.proofs());
    json!({
        "total": counts.total(),
        "works": counts.works,
        "slow": counts.slow,
        "broken": counts.broken,
        "throttled": counts.throttled,
        "unseen": counts.unseen,
        "called": proofs.called,
        "derived": proofs.derived,
        "sampled": sampled(matrix.sampled()),
    })
}

fn one_change(checked: &Checked, change: &Change) -> Value {
    let address = |node: NodeIx| checked.matrix.nodes().get(node).map(|spec| spec.ip.to_string());
    json!({
        "from": address(change.from),
        "to": address(change.to),
        "by": by_word(change.by),
        "before": change.before.map(state_word),
        "now": state_word(change.now),
    })
}

/// What a sample stands for.
pub(super) fn sampled(sampled: Option<Sampled>) -> Value {
    sampled.map_or(Value::Null, |sampled| json!({ "of": sampled.of, "seed": sampled.seed }))
}

/// RFC 3339, in UTC.
fn moment(time: SystemTime) -> String {
    jiff::Timestamp::try_from(time).unwrap_or_default().to_string()
}

fn one_node(checked: &Checked, place: NodeIx, node: &CheckedNode) -> Value {
    let (entered, why) = match &node.entry {
        Ok(Login::Local) => (Some("local"), Value::Null),
        Ok(Login::Key) => (Some("key"), Value::Null),
        Ok(Login::Password) => (Some("password"), Value::Null),
        Err(why) => (None, json!({ "code": barred_code(why), "text": barred(why, Lang::En) })),
    };
    json!({
        "address": node.spec.ip.to_string(),
        "port": node.spec.port,
        "name": node.name,
        "described": node.described,
        "no_name": node.no_name.as_ref().map(|why| match why {
            NoName::Unknown => "unknown",
            NoName::Invalid(_) => "invalid",
            NoName::Duplicate(_) => "duplicate",
        }),
        "entered": entered,
        "not_entered": why,
        "lost": checked.matrix.lost().contains(&place),
    })
}

/// Every pair that was tried and does not plainly work: the broken ones with what is known, then the slow ones.
fn faults(checked: &Checked) -> impl Iterator<Item = Value> {
    let nodes = checked.matrix.nodes();
    let address = |node: NodeIx| nodes.get(node).map(|spec| spec.ip.to_string());
    let edges = checked.matrix.edges().iter().map(move |edge| {
        let found = match &edge.cause {
            Cause::WrongAddress { found } => Some(found.clone()),
            Cause::WrongMachine { answered } => answered.map(|node| node.ip.to_string()),
            _ => None,
        };
        json!({
            "from": address(edge.from),
            "to": address(edge.to),
            "by": by_word(edge.by),
            "host": edge.host,
            "state": state_word(edge.state),
            "cause": edge.cause.code(),
            "found": found,
            "status": edge.status,
            "said": edge.said,
            "seconds": f64::from(edge.millis) / 1_000.0,
        })
    });
    let slow = checked.matrix.iter().filter(|(.., pair)| pair.state == PairState::Slow);
    edges.chain(slow.map(move |(from, to, by, pair)| {
        let name = checked.nodes.get(to).and_then(|node| node.name.clone());
        let host = if by == By::Name { name } else { address(to) };
        json!({
            "from": address(from),
            "to": address(to),
            "by": by_word(by),
            "host": host,
            "state": state_word(pair.state),
            "cause": null,
            "found": null,
            "status": 0,
            "said": "",
            "seconds": f64::from(pair.millis) / 1_000.0,
        })
    }))
}

/// A row of states, one character a called node.
fn states(checked: &Checked, from: NodeIx, by: By) -> String {
    let pairs = rows(checked).map(|to| checked.matrix.get(from, to, by));
    pairs
        .map(|pair| match pair.map(|pair| pair.state) {
            None => '-',
            Some(PairState::Works) => '.',
            Some(PairState::Slow) => '~',
            Some(PairState::Broken) => 'X',
            Some(PairState::Throttled) => '!',
            Some(PairState::Unseen) => '?',
        })
        .collect()
}

fn millis(checked: &Checked, from: NodeIx, by: By) -> Vec<u32> {
    rows(checked).map(|to| checked.matrix.get(from, to, by).map_or(0, |Pair { millis, .. }| millis)).collect()
}

/// How a node is called.
pub(super) const fn by_word(by: By) -> &'static str {
    match by {
        By::Ip => "ip",
        By::Name => "name",
    }
}

/// How a pair is.
pub(super) const fn state_word(state: PairState) -> &'static str {
    match state {
        PairState::Works => "works",
        PairState::Slow => "slow",
        PairState::Broken => "broken",
        PairState::Throttled => "throttled",
        PairState::Unseen => "unseen",
    }
}

#[cfg(test)]
mod tests;
