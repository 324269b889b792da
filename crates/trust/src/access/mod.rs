//! Who can get in: every key that the nodes' `authorized_keys` hold, on which nodes, how far it lets in, whose it is, where its
//! private half lies, and what is odd about it. Data and decisions only; nothing is changed by it.
//!
//! Keys that sshd gets elsewhere (from a program, by certificates) are not in any file: that they may be is a [`Note`].

mod answer;
mod line;
mod log;
mod odd;
mod options;
#[cfg(test)]
mod sample;
mod strength;
#[cfg(test)]
mod tests;

use std::collections::HashMap;

use sshfiles::{AuthorizedKey, AuthorizedKeys, PublicKey};

use crate::inventory::{NodeIx, NodeMap};
use crate::text::printable;

pub use answer::{FileKind, KeysFile, Lock, NodeAccess, PrivateKey, Seen, Settings};
pub use line::{Ignored, State};
pub use log::{Log, Use};
pub use odd::Odd;
pub use options::{BadOption, KeyOption, expiry, parse as parse_options};
pub use strength::Kind;

/// Who can get in, over all nodes that could be read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Access {
    /// The keys: first those of somebody, then those with the tool's mark; among each those with oddities first.
    pub keys: Vec<AccessKey>,
    /// Lines that are no key at all.
    pub broken: Vec<BrokenLine>,
    /// What is to be known of a node beside its keys.
    pub notes: Vec<(NodeIx, Note)>,
}

/// A key that stands in a file of public keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessKey {
    /// The key.
    pub key: PublicKey,
    /// Its fingerprint.
    pub fingerprint: String,
    /// What kind it is; `None`: none that sshd knows.
    pub kind: Option<Kind>,
    /// A line with it bears the mark of the tool, which is also that of openGauss's own.
    pub ours: bool,
    /// The different texts that its lines have.
    pub variants: Vec<Variant>,
    /// Its lines, in the order of the nodes.
    pub grants: Vec<Grant>,
    /// Where its private half lies in the cluster.
    pub halves: Vec<Half>,
    /// When it was last used.
    pub last_use: LastUse,
    /// What is odd about it.
    pub odd: Vec<Odd>,
}

/// The text of a line, but for the key. Made safe to show.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Variant {
    /// Its options.
    pub options: Option<String>,
    /// Its comment, without the mark.
    pub comment: String,
    /// It bears the mark.
    pub ours: bool,
    /// Until when it lets in: 14 digits, and whether they are in UTC; else in the node's local time.
    pub expires: Option<(String, bool)>,
    /// Keys that this one has signed are let in, and not this one.
    pub authority: bool,
}

/// A line with a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// On which node.
    pub node: NodeIx,
    /// In which of the node's files.
    pub file: usize,
    /// The number of the line, from 1.
    pub line: usize,
    /// Which text it has.
    pub variant: usize,
    /// How far it lets the key in.
    pub state: State,
}

/// A private half.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Half {
    /// On which node.
    pub node: NodeIx,
    /// In which file; safe to show.
    pub path: String,
    /// Whether a passphrase locks it.
    pub lock: Lock,
}

/// When a key was last used.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum LastUse {
    /// Then, by the log of a node.
    At(Use, NodeIx),
    /// Not since then, on no node on which it stands.
    NotSince(String),
    /// Nobody can say: a log could not be read.
    #[default]
    Unknown,
}

/// A line that is no key at all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BrokenLine {
    /// On which node.
    pub node: NodeIx,
    /// In which file; safe to show.
    pub path: String,
    /// The number of the line, from 1.
    pub line: usize,
    /// Its text; safe to show.
    pub text: String,
}

/// What is to be known of a node beside its keys. Paths and commands are safe to show.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Note {
    /// A file of public keys cannot be read, or is longer than one should be: who gets in by it is not known.
    FileUnseen(String),
    /// Others than its owner may write a file of public keys: sshd ignores it, or does not look and they can let themselves in.
    FileOpen(String),
    /// sshd asks this program for more keys.
    Command(String),
    /// sshd lets in whoever has a certificate of these authorities.
    Authorities(String),
    /// sshd lets nobody in by a key.
    NoKeys,
    /// Where sshd looks could not be read, or not for this user alone: it may look elsewhere too.
    SettingsUnseen,
    /// Private keys that could not be read lie there.
    HalvesUnseen,
    /// The log of logins could not be read, or tells of none.
    LogUnseen,
}

impl AccessKey {
    /// Whether it lets anybody in, on any node.
    #[must_use]
    pub fn lets_in(&self) -> bool {
        self.grants.iter().any(|grant| grant.state.lets_in())
    }
}

impl Access {
    /// Puts together what the nodes said; `None`: one that could not be read.
    #[must_use]
    pub fn of(nodes: &NodeMap<Option<NodeAccess>>) -> Self {
        let mut access = Self::default();
        let mut places = HashMap::new();
        // Nodes that have the same file share what was read of it.
        let mut files: HashMap<&[u8], Lines> = HashMap::new();
        for (node, said) in nodes.entries() {
            let Some(said) = said else { continue };
            access.notes.extend(notes(said).map(|note| (node, note)));
            for (place, file) in said.files.iter().enumerate() {
                let read = || Lines::read(&file.bytes, &mut access.keys, &mut places);
                let lines = files.entry(&file.bytes).or_insert_with(read);
                access.broken.extend(lines.broken.iter().map(|(line, text)| BrokenLine {
                    node,
                    path: printable(file.path.as_bytes()),
                    line: *line,
                    text: text.clone(),
                }));
                for (at, line) in &lines.keys {
                    if let Some(key) = access.keys.get_mut(*at) {
                        key.add(node, place, line, said);
                    }
                }
            }
        }
        access.add_halves(nodes, &places);
        for key in &mut access.keys {
            key.last_use = key.last_use(nodes);
            key.odd = odd::of(key, nodes);
        }
        access.keys.sort_by_key(|key| (key.ours, key.odd.is_empty()));
        access
    }

    fn add_halves(&mut self, nodes: &NodeMap<Option<NodeAccess>>, places: &HashMap<PublicKey, usize>) {
        for (node, said) in nodes.entries() {
            for private in said.iter().flat_map(|said| &said.private) {
                let place = private.key.as_ref().and_then(|key| places.get(key));
                if let Some(key) = place.and_then(|place| self.keys.get_mut(*place)) {
                    let path = printable(private.path.as_bytes());
                    key.halves.push(Half { node, path, lock: private.lock });
                }
            }
        }
    }

    /// How many keys let anybody in.
    #[must_use]
    pub fn let_in(&self) -> usize {
        self.keys.iter().filter(|key| key.lets_in()).count()
    }

    /// How many of them do not bear the mark.
    #[must_use]
    pub fn foreign(&self) -> usize {
        self.keys.iter().filter(|key| key.lets_in() && !key.ours).count()
    }

    /// How many keys are odd, whether they let anybody in or not.
    #[must_use]
    pub fn odd(&self) -> usize {
        self.keys.iter().filter(|key| !key.odd.is_empty()).count()
    }
}

impl AccessKey {
    fn new(key: &PublicKey) -> Self {
        Self {
            key: key.clone(),
            fingerprint: key.fingerprint(),
            kind: Kind::of(key),
            ours: false,
            variants: Vec::new(),
            grants: Vec::new(),
            halves: Vec::new(),
            last_use: LastUse::Unknown,
            odd: Vec::new(),
        }
    }

    fn add(&mut self, node: NodeIx, file: usize, line: &Line, said: &NodeAccess) {
        let state = line::judge(self.kind, &self.key, line, said);
        let variant = self.variants.iter().position(|known| *known == line.variant).unwrap_or_else(|| {
            self.variants.push(line.variant.clone());
            self.variants.len() - 1
        });
        self.ours |= line.variant.ours;
        self.grants.push(Grant { node, file, line: line.number, variant, state });
    }

    fn last_use(&self, nodes: &NodeMap<Option<NodeAccess>>) -> LastUse {
        let log = |node: NodeIx| nodes.get(node).and_then(Option::as_ref).map(|said| &said.log);
        let used = nodes.indices().filter_map(|node| Some((log(node)?.uses.get(&self.fingerprint)?, node)));
        if let Some((used, node)) = used.max_by(|one, other| one.0.cmp(other.0)) {
            let used = Use { from: printable(used.from.as_bytes()), ..used.clone() };
            return LastUse::At(used, node);
        }
        let since = self.grants.iter().map(|grant| log(grant.node)?.since.as_ref());
        let since = since.collect::<Option<Vec<_>>>().and_then(|all| all.into_iter().max());
        since.map_or(LastUse::Unknown, |since| LastUse::NotSince(since.clone()))
    }
}

/// A line with a key, read once for all nodes that have the same file.
#[derive(Debug)]
struct Line {
    number: usize,
    key: PublicKey,
    options: Result<Vec<KeyOption>, BadOption>,
    variant: Variant,
}

impl Line {
    fn new(line: AuthorizedKey) -> Self {
        let options = line.options.as_deref().map_or(Ok(Vec::new()), parse_options);
        let comment = line.comment.trim_end();
        let comment =
            if line.ours { comment.strip_suffix(sshfiles::OM_MARK).unwrap_or(comment) } else { comment };
        // Of several times the first one counts.
        let times = options.iter().flatten().filter(|option| option.name == "expiry-time");
        let expires = times.filter_map(|option| expiry(option.value.as_deref()?)).min();
        let variant = Variant {
            options: line.options.as_deref().map(|options| printable(options.as_bytes())),
            comment: printable(comment.as_bytes()),
            ours: line.ours,
            expires,
            authority: options.iter().flatten().any(|option| option.name == "cert-authority"),
        };
        Self { number: line.line, key: line.key, options, variant }
    }
}

/// What was read of a file.
struct Lines {
    /// Each with the place of its key.
    keys: Vec<(usize, Line)>,
    /// Their numbers and texts.
    broken: Vec<(usize, String)>,
}

impl Lines {
    /// Reads a file; keys that are new get a place.
    fn read(bytes: &[u8], keys: &mut Vec<AccessKey>, places: &mut HashMap<PublicKey, usize>) -> Self {
        let lines = AuthorizedKeys::parse(bytes);
        let broken = lines.broken().map(|(line, text)| (line, printable(text.as_bytes())));
        let read = lines.entries().map(|line| {
            let line = Line::new(line);
            let place = *places.entry(line.key.clone()).or_insert_with(|| {
                keys.push(AccessKey::new(&line.key));
                keys.len() - 1
            });
            (place, line)
        });
        Self { keys: read.collect(), broken: broken.collect() }
    }
}

/// What is to be known of a node.
fn notes(said: &NodeAccess) -> impl Iterator<Item = Note> {
    let settings = &said.settings;
    let safe = |text: &String| printable(text.as_bytes());
    let files = said.files.iter().flat_map(move |file| {
        let unseen = matches!(file.kind, FileKind::Unreadable | FileKind::Large);
        let path = safe(&file.path);
        let open = file.open_to_others && file.kind == FileKind::File;
        [unseen.then(|| Note::FileUnseen(path.clone())), open.then_some(Note::FileOpen(path))]
    });
    let rest = [
        settings.command.as_ref().map(|command| Note::Command(safe(command))),
        settings.authorities.as_ref().map(|path| Note::Authorities(safe(path))),
        settings.no_keys.then_some(Note::NoKeys),
        (settings.seen == Seen::Not || settings.depends).then_some(Note::SettingsUnseen),
        (!said.private_seen).then_some(Note::HalvesUnseen),
        said.log.since.is_none().then_some(Note::LogUnseen),
    ];
    files.chain(rest).flatten()
}
