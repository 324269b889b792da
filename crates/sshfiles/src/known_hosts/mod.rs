//! `known_hosts`, as in sshd(8), SSH_KNOWN_HOSTS FILE FORMAT.

mod entry;
mod pattern;

pub use self::pattern::matches_pattern;

use std::collections::{HashMap, HashSet};

use self::entry::{Entry, what_is_left};
use crate::OM_MARK;
use crate::key::PublicKey;
use crate::lines::Lines;
use crate::words::is_plain_host;

/// The port for which a host is known by its bare name.
const DEFAULT_PORT: u16 = 22;

/// The host keys a user knows.
///
/// A line of ours is `host,host algorithm base64 #OM`. It ends in LF whatever the other lines end in: ssh accepts
/// CRLF too (the CR falls into the comment), but nobody needs a CR after the mark.
#[derive(Clone, Debug)]
pub struct KnownHosts {
    lines: Lines,
    /// By line id. A line without an entry is kept and never looked at again.
    entries: HashMap<usize, Entry>,
    /// From a name in lower case to the lines that hold it literally.
    by_name: HashMap<Vec<u8>, Vec<usize>>,
    /// The lines that only matching can find: wildcards, negations, hashes.
    by_match: Vec<usize>,
}

/// The word at the start of a line that changes its meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Marker {
    /// None: the key is that of the host.
    None,
    /// `@cert-authority`: the key signs host certificates.
    CertAuthority,
    /// `@revoked`: the key must never be accepted.
    Revoked,
}

/// One line that speaks about a host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownHost {
    /// The line's number, from 1.
    pub line: usize,
    /// What the line says about the key.
    pub marker: Marker,
    /// The key.
    pub key: PublicKey,
    /// Whether the last word is [`OM_MARK`] and the line has no marker.
    pub ours: bool,
}

impl KnownHosts {
    /// Reads any bytes.
    pub fn parse(bytes: &[u8]) -> Self {
        let lines = Lines::parse(bytes);
        let entries: Vec<(usize, Entry)> =
            lines.iter().filter_map(|(id, line)| Some((id, Entry::parse(line)?))).collect();
        let mut known =
            Self { lines, entries: HashMap::new(), by_name: HashMap::new(), by_match: Vec::new() };
        for (id, entry) in entries {
            known.enter(id, entry);
        }
        known
    }

    /// The bytes of the file.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.lines.to_bytes()
    }

    /// The lines that speak about a host, in order.
    ///
    /// `host` is an IP address or a name, without brackets. As ssh does, port 22 is looked up as `host` and
    /// any other as `[host]:port`, and nothing else.
    pub fn lookup(&self, host: &str, port: u16) -> Vec<KnownHost> {
        let name = host_field(host, port).to_ascii_lowercase().into_bytes();
        let mut ids = self.by_name.get(&name).cloned().unwrap_or_default();
        ids.extend(self.by_match.iter().filter(|id| self.matches(**id, &name)));
        ids.sort_unstable();
        ids.dedup();
        ids.into_iter().filter_map(|id| self.known_host(id)).collect()
    }

    /// Sees to it that the lines of ours give each of these hosts, which are one machine, exactly these keys at this port.
    /// Returns whether anything changed.
    ///
    /// What is right stays where it is, also as a line for each host, as older versions wrote them. A host goes from a
    /// line with another key, with the line if nobody else is on it; what is missing is appended in the given order, a
    /// line a key for all hosts that lack it. A host that is neither a name nor an IP address is passed over. If the last
    /// line is one of ours that does not end, as older versions left it, it is ended.
    pub fn set_ours(&mut self, hosts: &[&str], port: u16, keys: &[PublicKey]) -> bool {
        let mut fields: Vec<String> = Vec::new();
        for field in hosts.iter().filter(|host| is_plain_host(host)).map(|host| host_field(host, port)) {
            if !fields.iter().any(|known| known.eq_ignore_ascii_case(&field)) {
                fields.push(field);
            }
        }
        if fields.is_empty() {
            return false;
        }
        let mut present: HashSet<(&PublicKey, &str)> = HashSet::new();
        let mut stale = Vec::new();
        for field in &fields {
            let name = field.to_ascii_lowercase().into_bytes();
            for (id, entry) in self.ours_of(&name) {
                let key = keys.iter().find(|key| **key == entry.key);
                if !key.is_some_and(|key| present.insert((key, field))) {
                    stale.push((id, name.clone()));
                }
            }
        }
        let missing = lines_for(keys, &fields, &mut present);
        let changed = !stale.is_empty() || !missing.is_empty();
        stale.iter().for_each(|(id, name)| self.take_host(*id, name));
        missing.into_iter().for_each(|line| self.append(line));
        self.end_ours() || changed
    }

    /// Sees to it that the file gives exactly this host and port these keys and no other, whoever wrote the lines.
    /// Returns whether anything changed.
    ///
    /// A line with another key loses the host: its name goes from the line, or the whole line if nobody else is on it.
    /// Right lines stay, keys that no line has are appended as lines of ours, in the given order. Lines with a marker or
    /// with patterns are left alone, and so is the whole file if `host` is neither a name nor an IP address.
    pub fn replace(&mut self, host: &str, port: u16, keys: &[PublicKey]) -> bool {
        if !is_plain_host(host) {
            return false;
        }
        let field = host_field(host, port);
        let name = field.to_ascii_lowercase().into_bytes();
        let about = self.by_name.get(&name).into_iter().flatten().chain(&self.by_match);
        let mut about: Vec<usize> =
            about.copied().filter(|id| self.entries.get(id).is_some_and(|e| e.is_about(&name))).collect();
        about.sort_unstable();
        about.dedup();
        let key_of = |known: &Self, id: &usize| known.entries.get(id).map(|entry| entry.key.clone());
        let (right, wrong): (Vec<usize>, Vec<usize>) =
            about.into_iter().partition(|id| key_of(self, id).is_some_and(|key| keys.contains(&key)));
        let mut present: Vec<PublicKey> = right.iter().filter_map(|id| key_of(self, id)).collect();
        let mut changed = !wrong.is_empty();
        for id in wrong {
            self.take_host(id, &name);
        }
        for key in keys {
            if !present.contains(key) {
                self.append(format!("{field} {key} {OM_MARK}").into_bytes());
                present.push(key.clone());
                changed = true;
            }
        }
        self.end_ours() || changed
    }

    /// Whether there is a line of ours, also one to which somebody's line is glued.
    pub fn has_ours(&self) -> bool {
        self.lines.iter().any(|(_, line)| what_is_left(line).is_some())
    }

    /// Removes every line of ours, whatever its host. Returns how many. What is glued to one, because it did not end
    /// when somebody appended, becomes a line of its own.
    pub fn remove_ours(&mut self) -> usize {
        let left: Vec<(usize, Vec<u8>)> =
            self.lines.iter().filter_map(|(id, line)| Some((id, what_is_left(line)?.to_vec()))).collect();
        let count = left.len();
        for (id, line) in left {
            if line.is_empty() { self.remove(id) } else { self.rewrite(id, line) }
        }
        count
    }

    /// What lines of ours say: each host as it stands there, in lower case, and its key.
    pub fn ours(&self) -> Vec<(String, PublicKey)> {
        let lines = self.lines.iter().filter_map(|(id, _)| self.entries.get(&id)).filter(|entry| entry.ours);
        let hosts = |entry: &'_ Entry| -> Vec<(String, PublicKey)> {
            let names = entry.names().unwrap_or_default().iter();
            names.map(|name| (String::from_utf8_lossy(name).into_owned(), entry.key.clone())).collect()
        };
        lines.flat_map(hosts).collect()
    }

    /// Takes from the lines of ours each host that is chosen by its name, as [`KnownHosts::ours`] has it, and by the key; with
    /// the line if nobody else is on it. Returns how many.
    pub fn remove_ours_if(&mut self, gone: impl Fn(&str, &PublicKey) -> bool) -> usize {
        let mut chosen: Vec<(usize, Vec<u8>)> = Vec::new();
        for (id, entry) in self.entries.iter().filter(|(_, entry)| entry.ours) {
            let names = entry.names().unwrap_or_default().iter();
            let names = names.filter(|name| gone(&String::from_utf8_lossy(name), &entry.key));
            chosen.extend(names.map(|name| (*id, name.clone())));
        }
        chosen.sort_unstable();
        chosen.dedup();
        chosen.iter().for_each(|(id, name)| self.take_host(*id, name));
        chosen.len()
    }

    /// Ends the last line, if it is ours. Returns whether a byte changed.
    fn end_ours(&mut self) -> bool {
        let last = self.lines.unfinished().and_then(|(id, _)| self.entries.get(&id));
        let ours = last.is_some_and(|entry| entry.ours);
        if ours {
            self.lines.finish();
        }
        ours
    }

    fn matches(&self, id: usize, name: &[u8]) -> bool {
        self.entries.get(&id).is_some_and(|entry| entry.hosts.matches(name))
    }

    fn known_host(&self, id: usize) -> Option<KnownHost> {
        let Entry { marker, key, ours, .. } = self.entries.get(&id)?;
        Some(KnownHost { line: self.lines.number(id), marker: *marker, key: key.clone(), ours: *ours })
    }

    /// The lines of ours that name this host, given in lower case.
    fn ours_of(&self, name: &[u8]) -> impl Iterator<Item = (usize, &Entry)> {
        let mut ids = self.by_name.get(name).cloned().unwrap_or_default();
        // A line may name it twice.
        ids.dedup();
        let entries = ids.into_iter().filter_map(|id| Some((id, self.entries.get(&id)?)));
        entries.filter(|(_, entry)| entry.ours)
    }

    /// Takes one host out of a line, with the line if it is the only one there.
    fn take_host(&mut self, id: usize, name: &[u8]) {
        let named = self.entries.get(&id).is_some_and(|entry| entry.names().is_some());
        let left = self.lines.get(id).filter(|_| named).and_then(|line| entry::without_host(line, name));
        let Some(line) = left else { return self.remove(id) };
        self.rewrite(id, line);
    }

    fn rewrite(&mut self, id: usize, line: Vec<u8>) {
        self.forget(id);
        if let Some(entry) = Entry::parse(&line) {
            self.enter(id, entry);
        }
        self.lines.replace(id, line);
    }

    fn append(&mut self, line: Vec<u8>) {
        let entry = Entry::parse(&line);
        let id = self.lines.push(line);
        if let Some(entry) = entry {
            self.enter(id, entry);
        }
    }

    fn enter(&mut self, id: usize, entry: Entry) {
        match entry.names() {
            Some(names) => {
                for name in names {
                    self.by_name.entry(name.clone()).or_default().push(id);
                }
            }
            None => self.by_match.push(id),
        }
        self.entries.insert(id, entry);
    }

    fn remove(&mut self, id: usize) {
        self.lines.remove(id);
        self.forget(id);
    }

    /// Takes a line out of the indexes. One with patterns or a hash stays in `by_match`, where it finds no entry.
    fn forget(&mut self, id: usize) {
        let Some(entry) = self.entries.remove(&id) else { return };
        for name in entry.names().unwrap_or_default() {
            if let Some(ids) = self.by_name.get_mut(name) {
                ids.retain(|known| *known != id);
            }
        }
    }
}

/// A line for each key that some of these hosts lack. What they have then is added to `present`.
fn lines_for<'a>(
    keys: &'a [PublicKey],
    fields: &'a [String],
    present: &mut HashSet<(&'a PublicKey, &'a str)>,
) -> Vec<Vec<u8>> {
    let line = |key: &'a PublicKey| {
        let lacking = fields.iter().map(String::as_str).filter(|field| present.insert((key, field)));
        let lacking = lacking.collect::<Vec<_>>().join(",");
        (!lacking.is_empty()).then(|| format!("{lacking} {key} {OM_MARK}").into_bytes())
    };
    keys.iter().filter_map(line).collect()
}

/// How ssh names a host in `known_hosts`: as it is, or `[host]:port` where the port is not 22.
#[must_use]
pub fn host_field(host: &str, port: u16) -> String {
    if port == DEFAULT_PORT { host.to_owned() } else { format!("[{host}]:{port}") }
}
