//! What the client's configuration (ssh_config(5)) says about host keys.

use std::path::{Path, PathBuf};

/// What `ssh -G HOST` says about the host keys of a host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientSays {
    /// Where `ssh` would go: a name or an address.
    pub hostname: String,
    /// `HostKeyAlias`: the name under which the key is looked up, as it stands.
    pub alias: Option<String>,
    /// `UserKnownHostsFile` and `GlobalKnownHostsFile`, as they are written.
    pub files: Vec<String>,
    /// `RevokedHostKeys`, as it is written.
    pub revoked: Option<String>,
    /// `StrictHostKeyChecking yes`.
    pub strict: bool,
}

impl ClientSays {
    /// Reads what `ssh -G` printed; `None` if it does not say where `ssh` would go. Of several values the first counts.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let first = |key: &str| {
            let lines = text.lines().filter_map(|line| line.split_once(' '));
            lines.filter(|(name, _)| name.eq_ignore_ascii_case(key)).map(|(_, value)| value.trim()).next()
        };
        let set =
            |key: &str| first(key).filter(|value| !value.is_empty() && !value.eq_ignore_ascii_case("none"));
        let lists = ["userknownhostsfile", "globalknownhostsfile"].map(|key| set(key).unwrap_or_default());
        Some(Self {
            hostname: set("hostname")?.to_owned(),
            alias: set("hostkeyalias").map(str::to_owned),
            files: lists.iter().flat_map(|list| list.split_whitespace()).map(str::to_owned).collect(),
            revoked: set("revokedhostkeys").map(str::to_owned),
            // The first word is that of releases since 7.6.
            strict: matches!(first("stricthostkeychecking"), Some("true" | "yes")),
        })
    }
}

/// What stands for itself in the name of a file (ssh_config(5), TOKENS).
#[derive(Debug, Clone)]
pub struct Tokens<'a> {
    /// The user's home on this machine.
    pub home: &'a Path,
    /// The user's name, here and there.
    pub user: &'a str,
    /// The user's number.
    pub uid: u32,
    /// What was typed.
    pub typed: &'a str,
    /// Where `ssh` would go.
    pub hostname: &'a str,
    /// Under which name the key is looked up.
    pub alias: &'a str,
    /// The port.
    pub port: u16,
}

/// A name of a file with something in it that is not known here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("its name has {0} in it, which this program does not expand")]
pub struct UnknownToken(pub String);

/// The path that the name of a file stands for.
///
/// # Errors
/// [`UnknownToken`] if it has a token or a variable that is not known.
pub fn expand(name: &str, tokens: &Tokens<'_>) -> Result<PathBuf, UnknownToken> {
    let home = tokens.home.to_string_lossy();
    let name = match name.strip_prefix("~/") {
        Some(rest) => format!("{home}/{rest}"),
        None if name.starts_with('~') => return Err(UnknownToken(name.to_owned())),
        None => name.to_owned(),
    };
    if name.contains("${") {
        return Err(UnknownToken("${".to_owned()));
    }
    let (mut path, mut rest) = (String::new(), name.chars());
    while let Some(c) = rest.next() {
        if c != '%' {
            path.push(c);
            continue;
        }
        match rest.next() {
            Some('%') => path.push('%'),
            Some('d') => path.push_str(&home),
            Some('u' | 'r') => path.push_str(tokens.user),
            Some('i') => path.push_str(&tokens.uid.to_string()),
            Some('n') => path.push_str(tokens.typed),
            Some('h') => path.push_str(tokens.hostname),
            Some('k') => path.push_str(tokens.alias),
            Some('p') => path.push_str(&tokens.port.to_string()),
            other => return Err(UnknownToken(format!("%{}", other.map_or_else(String::new, String::from)))),
        }
    }
    Ok(PathBuf::from(path))
}

/// What a file of the client's configuration has in it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scan {
    /// It says something, for some host, that decides where host keys are looked up or which count.
    pub decides: bool,
    /// It says `StrictHostKeyChecking yes` for some host.
    pub strict: bool,
    /// The files that it includes, as they are written.
    pub includes: Vec<String>,
}

/// The keywords that decide where host keys are looked up and which count.
const DECIDING: [&str; 8] = [
    "userknownhostsfile",
    "globalknownhostsfile",
    "hostkeyalias",
    "hostname",
    "stricthostkeychecking",
    "revokedhostkeys",
    "canonicalizehostname",
    "canonicaldomains",
];

/// Looks through a file of the client's configuration, without asking for which hosts it says what: whether `ssh -G` has to
/// be asked at all.
#[must_use]
pub fn scan(bytes: &[u8]) -> Scan {
    let text = String::from_utf8_lossy(bytes);
    let mut found = Scan::default();
    for line in text.lines().map(str::trim).filter(|line| !line.starts_with('#')) {
        // A keyword may stand in quotes, and before an equals sign.
        let line = line.trim_start_matches('"');
        let end = line.find(|c: char| c.is_whitespace() || c == '=' || c == '"').unwrap_or(line.len());
        let (keyword, rest) = line.split_at(end);
        let keyword = keyword.to_ascii_lowercase();
        let words = rest.split(|c: char| c.is_whitespace() || c == '=' || c == '"');
        let mut words = words.filter(|word| !word.is_empty());
        match keyword.as_str() {
            "include" => found.includes.extend(words.map(str::to_owned)),
            "stricthostkeychecking" => found.strict |= matches!(words.next(), Some("yes" | "true")),
            _ => {}
        }
        found.decides |= DECIDING.contains(&keyword.as_str());
    }
    found
}

#[cfg(test)]
#[path = "client_tests.rs"]
mod tests;
