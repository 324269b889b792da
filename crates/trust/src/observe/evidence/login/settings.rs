//! sshd's settings that can refuse a user: sshd_config(5).

use std::net::IpAddr;

use sshfiles::SshdConfig;

use crate::text::printable;

/// What sshd's settings come to for the user.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settings {
    /// For callers from this address; `None`: for all others.
    pub from: Option<IpAddr>,
    /// `UsePAM no`.
    pub no_pam: bool,
    /// `PermitRootLogin`, in lower case.
    pub root: String,
    /// `PubkeyAuthentication no`.
    pub no_keys: bool,
    /// `PubkeyAcceptedAlgorithms`, if it is said.
    pub algorithms: Option<String>,
    /// `AuthenticationMethods`: lists of methods, one of which has to be fulfilled.
    pub methods: Vec<String>,
    /// `ForceCommand`; empty if there is none.
    pub forced: String,
    /// `AllowUsers`.
    pub allow_users: Vec<String>,
    /// `DenyUsers`.
    pub deny_users: Vec<String>,
    /// `AllowGroups`.
    pub allow_groups: Vec<String>,
    /// `DenyGroups`.
    pub deny_groups: Vec<String>,
}

impl Settings {
    fn read(from: Option<IpAddr>, text: &str) -> Self {
        let config = SshdConfig::parse(text.as_bytes());
        let first = |keyword: &str| config.get(keyword).and_then(|words| words.first().cloned());
        let is_no = |keyword: &str| first(keyword).is_some_and(|word| word.eq_ignore_ascii_case("no"));
        Self {
            from,
            no_pam: is_no("UsePAM"),
            root: first("PermitRootLogin").unwrap_or_default().to_ascii_lowercase(),
            no_keys: is_no("PubkeyAuthentication"),
            algorithms: first("PubkeyAcceptedAlgorithms").or_else(|| first("PubkeyAcceptedKeyTypes")),
            methods: config.get("AuthenticationMethods").unwrap_or_default(),
            forced: config
                .get("ForceCommand")
                .map(|words| words.join(" "))
                .filter(|c| c != "none")
                .unwrap_or_default(),
            allow_users: config.get_all("AllowUsers"),
            deny_users: config.get_all("DenyUsers"),
            allow_groups: config.get_all("AllowGroups"),
            deny_groups: config.get_all("DenyGroups"),
        }
    }
}

/// Where a setting stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// The file.
    pub file: String,
    /// Line number, from 1.
    pub line: usize,
    /// The line, safe to show.
    pub text: String,
}

impl Setting {
    /// Reads a line of `grep -nH`.
    pub(in crate::observe::evidence) fn parse(line: &str) -> Option<Self> {
        let (file, rest) = line.split_once(':')?;
        let (number, text) = rest.split_once(':')?;
        let text = printable(text.as_bytes());
        let plain = file.starts_with('/') && !file.chars().any(char::is_control);
        plain.then_some(Self { file: file.to_owned(), line: number.parse().ok()?, text })
    }

    /// Whether it is about one of these keywords; keywords have no case.
    #[must_use]
    pub fn is_about(&self, keywords: &[&str]) -> bool {
        let word = self.text.split(|c: char| c.is_ascii_whitespace() || c == '=').next().unwrap_or_default();
        keywords.iter().any(|keyword| keyword.eq_ignore_ascii_case(word))
    }
}

/// `effective`: what `sshd -T` said, below a line `for ADDRESS` each; `file`: the configuration, read by somebody who may
/// not ask sshd.
pub(super) fn settings(effective: &[u8], file: &[u8]) -> Vec<Settings> {
    let text = String::from_utf8_lossy(effective);
    let mut found: Vec<Settings> = Vec::new();
    for part in text.split("for ").skip(1) {
        let (address, settings) = part.split_once('\n').unwrap_or((part, ""));
        // sshd did not answer.
        if settings.trim().is_empty() {
            continue;
        }
        let from = address.trim().parse().ok().filter(|from: &IpAddr| !from.is_loopback());
        found.push(Settings::read(from, settings));
    }
    if found.is_empty() && !file.is_empty() {
        found.push(Settings::read(None, &String::from_utf8_lossy(file)));
    }
    found
}
