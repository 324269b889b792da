//! Takes out of a document for programs what says whose cluster it is, so that it can be given to strangers.
//!
//! The same address, name, user or key gets the same placeholder everywhere in the document: what belongs together can
//! still be seen. Words of the program itself stay; everything else is looked through.

mod book;
mod shapes;
mod text;

#[cfg(test)]
mod tests;

use std::cell::RefCell;
use std::net::IpAddr;

use serde_json::Value;
use sshtrust::inventory::Cluster;

use book::{Book, Kind};

/// Members whose texts are words of the program's own: codes, states, times, versions. All other members are looked
/// through, so a new one is redacted until somebody adds it here.
const OURS: [&str; 27] = [
    "before",
    "now",
    "schema",
    "program",
    "began",
    "by",
    "code",
    "certainty",
    "healing",
    "why",
    "not_seen",
    "restored",
    "state",
    "states",
    "cause",
    "no_name",
    "entered",
    "openssh",
    "settings",
    "log_since",
    "what",
    "type",
    "whose",
    "lock",
    "result",
    "time",
    "algorithm",
];
/// Members that are the address or a name of a machine, or several of these.
const MACHINES: [&str; 9] = ["address", "node", "about", "from", "to", "host", "name", "described", "found"];

/// Replaces what would tell whose cluster it is, or nothing.
#[derive(Debug, Default)]
pub(crate) struct Redactor(Option<RefCell<Book>>);

impl Redactor {
    /// Replaces what it finds if that is wanted. It knows the cluster as it is described.
    pub(crate) fn new(wanted: bool, cluster: &Cluster) -> Self {
        if !wanted {
            return Self(None);
        }
        let own = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
        Self::of(cluster, own.trim())
    }

    /// The same on a machine of this name.
    fn of(cluster: &Cluster, own: &str) -> Self {
        let mut book = Book::default();
        for (place, spec) in cluster.nodes.entries() {
            // Those of one node have the same number.
            book.known_address(spec.ip);
            book.number(Kind::Host, &spec.ip.to_string());
            let names = cluster.names.get(place).and_then(Option::as_deref);
            let called = cluster.called.get(place).into_iter().flatten().map(String::as_str);
            book.node(spec.ip, names.into_iter().chain(called));
        }
        book.own(own);
        Self(Some(RefCell::new(book)))
    }

    /// Learns as whom the nodes are entered.
    pub(crate) fn meet_user(&self, name: &str) {
        if let Some(book) = &self.0 {
            book.borrow_mut().user(name);
        }
    }

    /// Learns how a node calls itself.
    pub(crate) fn meet_node(&self, node: IpAddr, name: Option<&str>) {
        if let Some(book) = &self.0 {
            book.borrow_mut().node(node, name);
        }
    }

    /// The document, or an item of it, as it may be shown.
    pub(crate) fn value(&self, value: Value) -> Value {
        self.member("", value)
    }

    /// A member of the document.
    pub(crate) fn member(&self, name: &str, value: Value) -> Value {
        match &self.0 {
            Some(book) => member(&mut book.borrow_mut(), name, value),
            None => value,
        }
    }
}

fn member(book: &mut Book, name: &str, value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(told(book, name, &text)),
        Value::Array(items) => items.into_iter().map(|item| member(book, name, item)).collect(),
        Value::Object(members) => {
            let inner = members.into_iter().map(|(inner, value)| {
                // A line that sshd does not understand may be anything.
                let rule = if name == "broken" && inner == "text" { "line" } else { &inner };
                let value = member(book, rule, value);
                (inner, value)
            });
            Value::Object(inner.collect())
        }
        other => other,
    }
}

fn told(book: &mut Book, name: &str, text: &str) -> String {
    match name {
        _ if OURS.contains(&name) => text.to_owned(),
        _ if MACHINES.contains(&name) => text::each_word(text, |word| book.machine(word)),
        "user" => book.user(text),
        "line" => book.number(Kind::Line, text),
        "comment" => comment(book, text),
        "options" => text::options(book, text),
        _ => text::free(book, text),
    }
}

/// The comment of a key: `user@host` of what is known says something; any other is somebody's words.
fn comment(book: &mut Book, text: &str) -> String {
    match text.split_once('@') {
        _ if text.is_empty() => String::new(),
        Some((user, host)) if book.knows_user(user) && book.knows_host(host) => {
            format!("{}@{}", book.user(user), book.machine(host))
        }
        _ => book.number(Kind::Comment, text),
    }
}
