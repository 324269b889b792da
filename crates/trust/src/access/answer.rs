//! What a node answers when it is asked who can get in. Total: a node may send anything.

use std::collections::BTreeMap;

use sshfiles::{PublicKey, SshdConfig};

use super::log::Log;
use crate::observe::{Frames, ObserveError};
use crate::text::printable;

/// Most files of public keys, and of private keys, that the script tells of.
const MOST: usize = 64;
/// Most lines of all files of a node together. Nobody has so many keys: a node that sends more wants to be a burden.
const MOST_LINES: usize = 20_000;

/// Who can get in at one node, as it says itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NodeAccess {
    /// Its host name, safe to show.
    pub hostname: String,
    /// The version of its sshd, if that could be read.
    pub version: Option<(u32, u32)>,
    /// What its sshd is told.
    pub settings: Settings,
    /// Its local time, 14 digits: `YYYYMMDDHHMMSS`.
    pub local: String,
    /// The same moment in UTC.
    pub utc: String,
    /// The files of public keys that its sshd looks at for the user, in its order.
    pub files: Vec<KeysFile>,
    /// The private keys of the user's `~/.ssh`.
    pub private: Vec<PrivateKey>,
    /// All that lies in `~/.ssh` could be looked at.
    pub private_seen: bool,
    /// Who came when.
    pub log: Log,
}

/// What sshd is told, as far as it matters here.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settings {
    /// How they were read.
    pub seen: Seen,
    /// Where it looks depends on who comes, and the files do not say it for this user.
    pub depends: bool,
    /// It lets nobody in by a key at all.
    pub no_keys: bool,
    /// A program that it asks for more keys (`AuthorizedKeysCommand`).
    pub command: Option<String>,
    /// A file of authorities whose certificates it takes (`TrustedUserCAKeys`).
    pub authorities: Option<String>,
    /// The algorithms that it takes, if it says so.
    pub accepted: Option<String>,
    /// The least length of an RSA key, in bits, if it says so.
    pub least_rsa: Option<usize>,
}

/// How the settings of sshd were read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Seen {
    /// As they are in effect.
    Effective,
    /// From the files, as far as they do not depend on who comes.
    Files,
    /// Not at all: the usual ones are taken.
    #[default]
    Not,
}

/// What is at the place of a file of public keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileKind {
    /// Nothing.
    Absent,
    /// A file whose bytes were read.
    File,
    /// A file that the user cannot read.
    Unreadable,
    /// A file that is too long to be read.
    Large,
    /// Something else.
    Other,
}

/// A file in which sshd looks for public keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeysFile {
    /// What is there.
    pub kind: FileKind,
    /// Others than its owner may write it.
    pub open_to_others: bool,
    /// Where it is, as sshd calls it.
    pub path: String,
    /// Its content.
    pub bytes: Vec<u8>,
}

/// A private key, without its private half.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PrivateKey {
    /// Where it is.
    pub path: String,
    /// Its public half, if that could be told.
    pub key: Option<PublicKey>,
    /// Whether a passphrase locks it.
    pub lock: Lock,
}

/// Whether a passphrase locks a private key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Lock {
    /// One does.
    Locked,
    /// None does: who can read the file has the key.
    Open,
    /// Not known.
    Unknown,
}

impl NodeAccess {
    /// Reads what the script printed under a token.
    ///
    /// # Errors
    /// [`ObserveError::Incomplete`] if the node did not tell what every node tells.
    pub fn parse(output: &[u8], token: &str) -> Result<Self, ObserveError> {
        let frames = Frames::parse(output, token);
        let text =
            |name: &str| frames.raw_fact(name).map(|raw| String::from_utf8_lossy(raw).trim().to_owned());
        let must = |name: &'static str| text(name).ok_or(ObserveError::Incomplete(name));
        let count = |what: &str| (0..MOST).filter_map(|n| frames.raw_fact(&format!("{what}/{n}"))).collect();
        let (local, utc) = (must("now-local")?, must("now-utc")?);
        // The last of all facts: without it the answer is cut off.
        must("log-journal")?;
        let mut log = Log::default();
        for name in ["log-file", "log-journal"] {
            log.add(&must(name)?, &local);
        }
        let keys: Vec<&[u8]> = count("keys");
        let (private, unreadable): (Vec<&[u8]>, Vec<&[u8]>) = (count("private"), count("private-unreadable"));
        let mut left = MOST_LINES;
        let mut files = distinct(keys.into_iter().filter_map(keys_file));
        for file in &mut files {
            match left.checked_sub(file.bytes.iter().filter(|byte| **byte == b'\n').count()) {
                Some(rest) => left = rest,
                None => (file.kind, file.bytes) = (FileKind::Large, Vec::new()),
            }
        }
        Ok(Self {
            hostname: printable(must("hostname")?.as_bytes()),
            version: version(&must("sshd-version")?),
            settings: settings(&must("settings-seen")?, &must("sshd")?),
            local,
            utc,
            files,
            private: private.into_iter().filter_map(private_key).collect(),
            private_seen: text("private-seen").is_some() && unreadable.is_empty(),
            log,
        })
    }
}

/// Two names may lead to one file: its lines count once.
fn distinct(files: impl Iterator<Item = (String, KeysFile)>) -> Vec<KeysFile> {
    let mut seen = BTreeMap::new();
    let new = files.filter(|(real, _)| seen.insert(real.clone(), ()).is_none());
    new.map(|(_, file)| file).collect()
}

/// `KIND MODE:OWNER`, the path, where that leads to, then the content.
fn keys_file(fact: &[u8]) -> Option<(String, KeysFile)> {
    let mut parts = fact.splitn(4, |byte| *byte == b'\n');
    let mut line = || parts.next().map(|line| String::from_utf8_lossy(line).into_owned());
    let (head, path, real) = (line()?, line()?, line()?);
    let (kind, stat) = head.split_once(' ')?;
    let mode = stat.split_once(':').and_then(|(mode, _)| u32::from_str_radix(mode, 8).ok()).unwrap_or(0);
    let kind = match kind {
        "none" => FileKind::Absent,
        "file" => FileKind::File,
        "unreadable" => FileKind::Unreadable,
        "large" => FileKind::Large,
        _ => FileKind::Other,
    };
    let bytes = parts.next().unwrap_or_default().to_vec();
    Some((real, KeysFile { kind, open_to_others: mode & 0o022 != 0, path, bytes }))
}

/// Whether it is locked, its public half in hexadecimal or as a line, its path.
fn private_key(fact: &[u8]) -> Option<PrivateKey> {
    let text = String::from_utf8_lossy(fact);
    let mut parts = text.splitn(3, '\n');
    let lock = match parts.next()? {
        "open" => Lock::Open,
        "locked" => Lock::Locked,
        _ => Lock::Unknown,
    };
    let public = parts.next()?;
    let key = hex(public).and_then(|blob| PublicKey::from_blob(blob).ok()).or_else(|| public.parse().ok());
    Some(PrivateKey { path: parts.next()?.trim_end_matches('\n').to_owned(), key, lock })
}

fn hex(text: &str) -> Option<Vec<u8>> {
    let bytes = text.as_bytes();
    let pairs = bytes.chunks(2).map(|pair| std::str::from_utf8(pair).ok());
    let even = bytes.len().is_multiple_of(2) && bytes.iter().all(u8::is_ascii_hexdigit) && !bytes.is_empty();
    if !even {
        return None;
    }
    pairs.map(|pair| u8::from_str_radix(pair?, 16).ok()).collect()
}

fn settings(seen: &str, text: &str) -> Settings {
    let config = SshdConfig::parse(text.as_bytes());
    let value = |name: &str| config.get(name).filter(|words| !words.is_empty()).map(|words| words.join(" "));
    let named = |name: &str| value(name).filter(|value| !value.eq_ignore_ascii_case("none"));
    let seen = match seen {
        "effective" => Seen::Effective,
        "files" => Seen::Files,
        _ => Seen::Not,
    };
    // The script hands on what matters here alone: below a condition there may be something of it.
    let is_condition = |line: &str| line.trim_start().to_ascii_lowercase().starts_with("match");
    let below = text.lines().skip_while(|line| !is_condition(line));
    let depends =
        seen == Seen::Files && below.filter(|line| !line.trim().is_empty()).any(|line| !is_condition(line));
    // What shuts keys out for everybody may be lifted for this user.
    let certain = |value: Option<String>| value.filter(|_| !depends);
    Settings {
        seen,
        depends,
        no_keys: certain(value("PubkeyAuthentication")).is_some_and(|value| value.eq_ignore_ascii_case("no")),
        command: named("AuthorizedKeysCommand"),
        authorities: named("TrustedUserCAKeys"),
        accepted: certain(value("PubkeyAcceptedAlgorithms").or_else(|| value("PubkeyAcceptedKeyTypes"))),
        least_rsa: certain(value("RequiredRSASize")).and_then(|bits| bits.parse().ok()),
    }
}

/// Reads `OpenSSH_9.2p1 Debian-2`.
fn version(text: &str) -> Option<(u32, u32)> {
    let (_, rest) = text.split_once("OpenSSH_")?;
    let (major, rest) = rest.split_once('.')?;
    let minor: String = rest.chars().take_while(char::is_ascii_digit).collect();
    Some((major.parse().ok()?, minor.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::sample::ed25519;
    use super::*;

    fn answer(facts: &[(&str, &str)]) -> Vec<u8> {
        let plain = [
            ("hostname", "node1"),
            ("sshd-version", "OpenSSH_9.2, OpenSSL"),
            ("settings-seen", "effective"),
            ("sshd", ""),
            ("now-local", "20260302101500"),
            ("now-utc", "20260302091500"),
            ("log-file", ""),
            ("log-journal", ""),
        ];
        let said = |name: &str| facts.iter().any(|(known, _)| *known == name);
        let all = facts.iter().chain(plain.iter().filter(|(name, _)| !said(name)));
        all.flat_map(|(name, text)| format!("\nT fact {name}\n{text}\nT end\n").into_bytes()).collect()
    }

    #[test]
    fn what_the_script_prints_is_read() {
        let key = ed25519(3);
        let blob: String = key.blob().iter().map(|byte| format!("{byte:02x}")).collect();
        let settings = "pubkeyauthentication yes\nauthorizedkeyscommand none\ntrustedusercakeys /etc/ca\n\
                        requiredrsasize 3072\npubkeyacceptedalgorithms ssh-ed25519,rsa-sha2-256";
        let node = NodeAccess::parse(
            &answer(&[
                ("sshd", settings),
                ("keys/0", "file 664:0\n/h/.ssh/authorized_keys\n/h/.ssh/authorized_keys\nline\nline"),
                ("keys/1", "none -\n/h/.ssh/authorized_keys2\n/h/.ssh/authorized_keys2\n"),
                ("keys/2", "file 600:0\n/etc/k\n/h/.ssh/authorized_keys\nline\nline"),
                ("private/0", &format!("locked\n{blob}\n/h/.ssh/id_om\n")),
                ("private/1", &format!("open\n{key} me\n/h/.ssh/id_rsa\n")),
                ("private/2", "unknown\n\n/h/.ssh/odd\n"),
                ("private-seen", "yes"),
            ]),
            "T",
        )
        .unwrap();
        assert_eq!((node.hostname.as_str(), node.version), ("node1", Some((9, 2))));
        assert_eq!((node.settings.seen, node.settings.no_keys), (Seen::Effective, false));
        assert_eq!((node.settings.command, node.settings.least_rsa), (None, Some(3072)));
        assert_eq!(node.settings.authorities.as_deref(), Some("/etc/ca"));
        let files: Vec<_> = node.files.iter().map(|f| (f.path.as_str(), f.kind, f.open_to_others)).collect();
        assert_eq!(
            files,
            [
                ("/h/.ssh/authorized_keys", FileKind::File, true),
                ("/h/.ssh/authorized_keys2", FileKind::Absent, false)
            ]
        );
        assert_eq!(node.files[0].bytes, b"line\nline");
        assert!(!node.settings.depends);
        let private: Vec<_> = node.private.iter().map(|p| (p.path.as_str(), p.key.clone(), p.lock)).collect();
        assert_eq!(
            private,
            [
                ("/h/.ssh/id_om", Some(key.clone()), Lock::Locked),
                ("/h/.ssh/id_rsa", Some(key), Lock::Open),
                ("/h/.ssh/odd", None, Lock::Unknown)
            ]
        );
        assert!(node.private_seen);
    }

    #[test]
    fn settings_that_depend_on_who_comes_are_not_known_from_files() {
        let of = |seen: &str, text: &str| settings(seen, text).depends;
        assert!(of("files", "Match User omm\nAuthorizedKeysFile /etc/k"));
        assert!(!of("files", "AuthorizedKeysFile /etc/k\nMatch User omm"));
        assert!(of("files", "Match User omm\nAuthorizedKeysFile /etc/k/%u\nMatch Group sftponly"));
        let lifted = settings("files", "PubkeyAuthentication no\nMatch User omm\nPubkeyAuthentication yes");
        assert!(lifted.depends && !lifted.no_keys);
        assert!(settings("files", "PubkeyAuthentication no\nMatch User omm").no_keys);
        assert!(!of("effective", "authorizedkeysfile /etc/k"));
    }

    #[test]
    fn a_file_that_is_a_burden_is_not_read_and_not_taken_for_empty() {
        let lines = "x\n".repeat(MOST_LINES + 1);
        let node = NodeAccess::parse(&answer(&[("keys/0", &format!("file 600:0\n/a\n/a\n{lines}"))]), "T");
        let node = node.unwrap();
        assert_eq!((node.files[0].kind, node.files[0].bytes.len()), (FileKind::Large, 0));
    }

    #[test]
    fn what_was_cut_off_or_not_seen_is_not_taken_for_nothing() {
        let whole = answer(&[("private-seen", "yes"), ("private-unreadable/0", "/h/.ssh/x")]);
        assert!(!NodeAccess::parse(&whole, "T").unwrap().private_seen);
        let cut = whole.len() - 60;
        assert!(NodeAccess::parse(&whole[..cut], "T").is_err());
    }

    proptest! {
        #[test]
        fn any_answer_is_read(texts in proptest::collection::vec("(?s).{0,60}", 6)) {
            let names = ["keys/0", "private/0", "sshd", "log-file", "log-journal", "sshd-version"];
            let facts: Vec<_> = names.into_iter().zip(texts.iter().map(String::as_str)).collect();
            let _ = NodeAccess::parse(&answer(&facts), "T");
        }
    }
}
