//! Which placeholder stands for what.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;

/// What is replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    /// An IP address.
    Address,
    /// Several in one word: a range, a pattern.
    Addresses,
    /// The address of a network card.
    Card,
    /// A machine's name.
    Host,
    /// The domain of known machines.
    Domain,
    /// A user or a group of users.
    User,
    /// A public key.
    Key,
    /// The fingerprint of one.
    Fingerprint,
    /// The comment of a key.
    Comment,
    /// What an option or a setting says.
    Value,
    /// A line of a file.
    Line,
}

impl Kind {
    fn placeholder(self, number: usize) -> String {
        let word = match self {
            Self::Address => "address",
            Self::Addresses => "addresses",
            Self::Card => "card",
            Self::Host => "host",
            Self::Domain => "domain",
            Self::User => "user",
            Self::Key => "key",
            // As long as a real one: the form of the document stays.
            Self::Fingerprint => return format!("SHA256:redacted{number:035}"),
            Self::Comment => "comment",
            Self::Value => "value",
            Self::Line => "line",
        };
        format!("{word}-{number}")
    }
}

/// The placeholders that were given, and the words that are looked for in texts.
#[derive(Debug, Default)]
pub(super) struct Book {
    given: HashMap<(Kind, String), String>,
    counts: HashMap<Kind, usize>,
    /// Names of machines and users in small letters, and whether it is a machine's.
    words: BTreeMap<String, (String, bool)>,
    /// The length of the longest of them.
    longest: usize,
}

/// Everybody has this user, and half of all paths and messages: it says nothing of anybody.
const EVERYBODYS: &str = "root";
/// The machine that runs the program, if it is no node.
const HERE: &str = "this-machine";

/// Whether a name is nobody's own.
fn is_everywhere(name: &str) -> bool {
    matches!(name, "" | "localhost" | "localhost.localdomain" | "none" | "any" | "*")
}

impl Book {
    /// The placeholder of a thing: a new one if it is seen for the first time.
    pub(super) fn number(&mut self, kind: Kind, thing: &str) -> String {
        let key = (kind, thing.to_owned());
        if let Some(given) = self.given.get(&key) {
            return given.clone();
        }
        let count = self.counts.entry(kind).or_default();
        *count += 1;
        let placeholder = kind.placeholder(*count);
        self.given.insert(key, placeholder.clone());
        placeholder
    }

    /// A node by its address and the names that it has: it is the same machine by each.
    pub(super) fn node<'a>(&mut self, ip: IpAddr, names: impl IntoIterator<Item = &'a str>) {
        for name in names {
            // What is called by its address has no name.
            if name.is_empty() || name.parse::<IpAddr>().is_ok() {
                continue;
            }
            let machine = self.number(Kind::Host, &ip.to_string());
            self.host_is(name, &machine);
        }
    }

    /// The machine that runs the program, which may be a node and then is one.
    pub(super) fn own(&mut self, name: &str) {
        if !is_everywhere(&name.to_lowercase()) && !self.knows_host(name) {
            self.host_is(name, HERE);
        }
    }

    /// A machine by its name.
    pub(super) fn host(&mut self, name: &str) -> String {
        let low = name.to_lowercase();
        match self.words.get(&low) {
            Some((placeholder, true)) => placeholder.clone(),
            _ if matches!(
                low.as_str(),
                "" | "localhost" | "localhost.localdomain" | "none" | "any" | "*"
            ) =>
            {
                name.to_owned()
            }
            _ => {
                let machine = self.number(Kind::Host, &low);
                self.host_is(name, &machine);
                machine
            }
        }
    }

    fn host_is(&mut self, name: &str, placeholder: &str) {
        let low = name.to_lowercase();
        if let Some((short, domain)) = low.split_once('.') {
            self.look_for(short, placeholder, true);
            if domain.contains('.') {
                let whole = self.number(Kind::Domain, domain);
                self.look_for(domain, &whole, true);
            }
        }
        self.look_for(&low, placeholder, true);
    }

    fn look_for(&mut self, word: &str, placeholder: &str, is_host: bool) {
        self.longest = self.longest.max(word.len());
        let known = self.words.entry(word.to_owned()).or_insert_with(|| (placeholder.to_owned(), is_host));
        if known.0 == HERE {
            placeholder.clone_into(&mut known.0);
        }
    }

    /// A user or a group.
    pub(super) fn user(&mut self, name: &str) -> String {
        if name.is_empty() || name == EVERYBODYS || name.bytes().all(|byte| byte.is_ascii_digit()) {
            return name.to_owned();
        }
        let placeholder = self.number(Kind::User, &name.to_lowercase());
        self.look_for(&name.to_lowercase(), &placeholder, false);
        placeholder
    }

    /// Whether a user may be told by its own placeholder, because it is known.
    pub(super) fn knows_user(&self, name: &str) -> bool {
        name == EVERYBODYS || self.given.contains_key(&(Kind::User, name.to_lowercase()))
    }

    /// The same for a machine.
    pub(super) fn knows_host(&self, name: &str) -> bool {
        self.words.get(&name.to_lowercase()).is_some_and(|(_, is_host)| *is_host)
            || name.parse::<IpAddr>().is_ok_and(|ip| self.knows_address(ip))
    }

    /// An address. Those that every machine has are told.
    pub(super) fn address(&mut self, ip: IpAddr) -> String {
        let ip = ip.to_canonical();
        if !self.knows_address(ip) && (ip.is_loopback() || ip.is_unspecified()) {
            return ip.to_string();
        }
        self.number(Kind::Address, &ip.to_string())
    }

    /// An address of a node, also as names and files have it, with other signs between its parts.
    pub(super) fn known_address(&mut self, ip: IpAddr) {
        let ip = ip.to_canonical().to_string();
        let placeholder = self.number(Kind::Address, &ip);
        for sign in ["-", "_"] {
            self.look_for(&ip.replace(['.', ':'], sign), &placeholder, false);
        }
    }

    fn knows_address(&self, ip: IpAddr) -> bool {
        self.given.contains_key(&(Kind::Address, ip.to_string()))
    }

    /// What names a machine: an address or a name.
    pub(super) fn machine(&mut self, word: &str) -> String {
        match word.parse::<IpAddr>() {
            Ok(ip) => self.address(ip),
            Err(_) => self.host(word),
        }
    }

    /// The longest known word at the beginning of a text: its length, its placeholder, whether it is a machine's.
    pub(super) fn word_at(&self, text: &str) -> Option<(usize, &str, bool)> {
        let ends = (1..=text.len().min(self.longest)).filter(|end| text.is_char_boundary(*end)).rev();
        let inside = |end: &usize| text.as_bytes().get(*end).is_some_and(u8::is_ascii_alphanumeric);
        ends.filter(|end| !inside(end)).find_map(|end| {
            let (placeholder, is_host) = self.words.get(&text.get(..end)?.to_lowercase())?;
            Some((end, placeholder.as_str(), *is_host))
        })
    }
}
