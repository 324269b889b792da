//! Who can get in, for programs. The form is described by docs/schema/access-1.schema.json.

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde_json::{Value, json};
use sshtrust::access::{AccessKey, BadOption, FileKind, Ignored, LastUse, Lock, Note, Odd, Seen, State};
use sshtrust::inventory::NodeIx;

use super::AccessReport;
use super::words::{ignored as ignored_text, name, odd as odd_text};
use crate::i18n::{Lang, barred, barred_code};
use crate::reporter::Redactor;

/// Names the form. A number that is higher means that old readers will not do.
pub(crate) const SCHEMA: &str = "gs_sshexkey.access/1";

/// Writes one JSON object.
///
/// # Errors
/// Those of the writer.
pub(crate) fn write(report: &AccessReport, redactor: &Redactor, out: &mut dyn Write) -> io::Result<()> {
    let access = &report.seen.access;
    let document = json!({
        "schema": SCHEMA,
        "program": concat!("gs_sshexkey ", env!("CARGO_PKG_VERSION")),
        "user": report.user,
        "began": jiff::Timestamp::try_from(report.began).unwrap_or_default().to_string(),
        "seconds": report.took.as_secs_f64(),
        "complete": report.is_whole(),
        "counts": {
            "nodes": report.seen.nodes.len(),
            "not_read": report.not_read().len(),
            "keys": access.let_in(),
            "foreign": access.foreign(),
            "odd": access.odd(),
        },
        "nodes": report.seen.nodes.indices().map(|place| node(report, place)).collect::<Value>(),
        "keys": access.keys.iter().map(|found| key(report, found)).collect::<Value>(),
        "broken": access.broken.iter().map(|line| json!({
            "node": line.node.get(), "path": line.path, "line": line.line, "text": line.text,
        })).collect::<Value>(),
    });
    redactor.meet_user(&report.user);
    for (node, entry) in report.seen.nodes.entries() {
        redactor.meet_node(entry.spec.ip, name(report, node).as_deref());
    }
    writeln!(out, "{:#}", redactor.value(document))?;
    out.flush()
}

fn node(report: &AccessReport, place: NodeIx) -> Value {
    let entry = report.seen.nodes.get(place);
    let said = report.seen.said.get(place).and_then(Option::as_ref);
    let not_read = entry.and_then(|node| node.not_read.as_ref());
    let notes = report.seen.access.notes.iter().filter(|(node, _)| *node == place);
    json!({
        "address": entry.map(|node| node.spec.ip.to_string()),
        "port": entry.map(|node| node.spec.port),
        "name": name(report, place),
        "not_read": not_read.map(|why| json!({ "code": barred_code(why), "text": barred(why, Lang::En) })),
        "openssh": said.and_then(|said| said.version).map(|(major, minor)| format!("{major}.{minor}")),
        "settings": said.map(|said| match said.settings.seen {
            Seen::Effective => "effective",
            Seen::Files => "files",
            Seen::Not => "unseen",
        }),
        "log_since": said.and_then(|said| said.log.since.as_ref()),
        "files": said.iter().flat_map(|said| &said.files).map(|file| json!({
            "path": sshtrust::text::printable(file.path.as_bytes()),
            "state": match file.kind {
                FileKind::Absent => "absent",
                FileKind::File => "read",
                FileKind::Unreadable => "unreadable",
                FileKind::Large => "too-long",
                FileKind::Other => "no-file",
            },
        })).collect::<Value>(),
        "notes": notes.map(|(_, what)| note(what)).collect::<Value>(),
    })
}

fn note(note: &Note) -> Value {
    let (what, text) = match note {
        Note::FileUnseen(path) => ("file-unseen", Some(path)),
        Note::FileOpen(path) => ("file-open", Some(path)),
        Note::Command(command) => ("command", Some(command)),
        Note::Authorities(path) => ("authorities", Some(path)),
        Note::NoKeys => ("no-keys", None),
        Note::SettingsUnseen => ("settings-unseen", None),
        Note::HalvesUnseen => ("halves-unseen", None),
        Note::LogUnseen => ("log-unseen", None),
    };
    json!({ "what": what, "text": text })
}

fn key(report: &AccessReport, key: &AccessKey) -> Value {
    json!({
        "fingerprint": key.fingerprint,
        "type": key.key.algorithm(),
        "bits": key.kind.map(|kind| kind.bits),
        "whose": if key.ours { "ours" } else { "somebody" },
        "lets_in": key.lets_in(),
        "lines": lines(key),
        "halves": key.halves.iter().map(|half| json!({
            "node": half.node.get(),
            "path": half.path,
            "lock": match half.lock {
                Lock::Locked => "locked",
                Lock::Open => "open",
                Lock::Unknown => "unknown",
            },
        })).collect::<Value>(),
        "last_use": match &key.last_use {
            LastUse::At(used, node) => json!({
                "result": "at", "time": used.time, "from": used.from, "node": node.get(),
            }),
            LastUse::NotSince(time) => json!({ "result": "not-since", "time": time }),
            LastUse::Unknown => json!({ "result": "unknown" }),
        },
        "odd": key.odd.iter().map(|what| odd(report, key, what)).collect::<Value>(),
    })
}

/// The lines of a key: those with the same text that let it in alike together.
fn lines(key: &AccessKey) -> Value {
    let mut all: BTreeMap<(usize, &State), Vec<usize>> = BTreeMap::new();
    for grant in &key.grants {
        let nodes = all.entry((grant.variant, &grant.state)).or_default();
        if nodes.last() != Some(&grant.node.get()) {
            nodes.push(grant.node.get());
        }
    }
    let line = |((variant, state), nodes): ((usize, &State), Vec<usize>)| {
        let variant = key.variants.get(variant)?;
        let why = match state {
            State::Ignored(why) => {
                Some(json!({ "code": ignored_code(why), "text": ignored_text(why, Lang::En) }))
            }
            _ => None,
        };
        Some(json!({
            "comment": variant.comment,
            "options": variant.options,
            "ours": variant.ours,
            "authority": variant.authority,
            "expires": variant.expires.as_ref().map(|(time, utc)| json!({ "time": time, "utc": utc })),
            "state": match state {
                State::Plain => "plain",
                State::Restricted => "restricted",
                State::Expired => "expired",
                State::Ignored(_) => "ignored",
            },
            "ignored": why,
            "nodes": nodes,
        }))
    };
    all.into_iter().filter_map(line).collect()
}

const fn ignored_code(why: &Ignored) -> &'static str {
    match why {
        Ignored::Type => "type",
        Ignored::Option(BadOption::Unknown(_)) => "option-unknown",
        Ignored::Option(BadOption::Malformed(_)) => "option-malformed",
        Ignored::Option(BadOption::Old(..)) => "option-too-new",
        Ignored::NotAccepted => "not-accepted",
        Ignored::Short => "too-short",
        Ignored::NoKeys => "no-keys",
    }
}

fn odd(report: &AccessReport, key: &AccessKey, what: &Odd) -> Value {
    let (code, nodes): (_, &[NodeIx]) = match what {
        Odd::Weak => ("weak", &[]),
        Odd::Defeated(nodes) => ("defeated", nodes),
        Odd::Twice(nodes) => ("twice", nodes),
        Odd::Differs => ("differs", &[]),
        Odd::OwnLine(nodes) => ("own-line", nodes),
        Odd::OpenHalf(nodes) => ("open-half", nodes),
        Odd::NoHalf => ("no-half", &[]),
        Odd::Authority => ("authority", &[]),
        Odd::Expired(nodes) => ("expired", nodes),
        Odd::Ignored(_, nodes) => ("ignored", nodes),
        Odd::Missing(nodes) => ("missing", nodes),
    };
    let nodes: Vec<usize> = nodes.iter().map(|node| node.get()).collect();
    json!({ "what": code, "nodes": nodes, "text": odd_text(report, &[key], what, Lang::En) })
}
