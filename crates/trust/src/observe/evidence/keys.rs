//! Keys, known hosts and grants, beside what the set-up reads. Of a private key only its public part.

use std::collections::BTreeMap;

use sshfiles::{AuthorizedKeys, KnownHosts, PublicKey};

use super::Facts;

/// The types of keys that people make by hand, as in the names of their files.
pub(crate) const CLASSIC: [&str; 3] = ["rsa", "ecdsa", "ed25519"];
/// Most files in which sshd looks for keys.
const MOST: usize = 16;

/// Which keys a node offers, grants and knows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Keys {
    /// The host keys that stand in the machine's own files.
    pub host_keys: Vec<PublicKey>,
    /// Key pairs that somebody made by hand, by their type: `~/.ssh/id_rsa` ...
    pub own: BTreeMap<&'static str, OwnKey>,
    /// Files with host keys beside `~/.ssh/known_hosts`: path and bytes.
    pub known: Vec<(String, Vec<u8>)>,
    /// Files in which sshd looks for keys, beside `~/.ssh/authorized_keys`: path and bytes.
    pub granted: Vec<(String, Vec<u8>)>,
    /// What is to be said about sshd's list of revoked keys, if it has one.
    pub revoked: Revoked,
    /// The tool's agent was stopped on purpose.
    pub stopped: bool,
    /// The agent that a command over SSH finds in its environment; `None` if nobody asked.
    pub sock: Option<String>,
    /// Users whom logind spares (logind.conf(5), KillExcludeUsers), and those whom alone it does not.
    pub spared: Spared,
}

/// A key pair that somebody made by hand.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OwnKey {
    /// The public part of the private file; `None` if that needs a passphrase or cannot be read.
    pub private: Option<PublicKey>,
    /// The public file.
    pub public: Option<PublicKey>,
}

/// sshd's list of revoked keys (sshd_config(5), RevokedKeys).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Revoked {
    /// There is none, or the node's key is not in it, or nobody can say.
    #[default]
    No,
    /// sshd cannot read it and refuses every key.
    Unreadable,
    /// The node's key is in it.
    Listed,
}

/// logind.conf(5), KillOnlyUsers and KillExcludeUsers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Spared {
    /// If there are any, the processes of nobody else end.
    pub only: Vec<String>,
    /// Their processes do not end.
    pub except: Vec<String>,
}

impl Keys {
    pub(super) fn take(facts: Facts<'_>) -> Self {
        let own = CLASSIC.into_iter().filter_map(|kind| {
            let (private, public) = (format!("keys-own/{kind}"), format!("keys-pub/{kind}"));
            let key = |name: &str| facts.text(name).parse().ok();
            facts.has(&private).then(|| (kind, OwnKey { private: key(&private), public: key(&public) }))
        });
        let files = |name: &str, count: usize| -> Vec<(String, Vec<u8>)> {
            (0..count).filter_map(|index| content(facts, &format!("{name}/{index}"))).collect()
        };
        let revoked = facts.text("keys-revoked");
        let spared = facts.text("keys-spared");
        let users = |name: &str| {
            let value = spared.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
            value.unwrap_or_default().split_whitespace().map(str::to_owned).collect()
        };
        Self {
            host_keys: facts.lines("keys-host").iter().filter_map(|line| line.parse().ok()).collect(),
            own: own.collect(),
            known: files("keys-known", 3),
            granted: files("keys-granted", MOST),
            revoked: match revoked.as_str() {
                "missing" | "unreadable" => Revoked::Unreadable,
                said if said.lines().any(|line| line.ends_with(": REVOKED")) => Revoked::Listed,
                _ => Revoked::No,
            },
            stopped: facts.has("keys-stopped"),
            sock: facts.has("keys-sock").then(|| facts.text("keys-sock")),
            spared: Spared { only: users("KillOnlyUsers"), except: users("KillExcludeUsers") },
        }
    }

    /// The files of host keys, each read.
    pub(crate) fn known_hosts(&self) -> impl Iterator<Item = (&str, KnownHosts)> {
        self.known.iter().map(|(path, bytes)| (path.as_str(), KnownHosts::parse(bytes)))
    }

    /// The files in which sshd looks for keys, beside the usual one, each read.
    pub(crate) fn grants(&self) -> impl Iterator<Item = (&str, AuthorizedKeys)> {
        self.granted.iter().map(|(path, bytes)| (path.as_str(), AuthorizedKeys::parse(bytes)))
    }
}

/// The path, then the bytes.
pub(super) fn content(facts: Facts<'_>, name: &str) -> Option<(String, Vec<u8>)> {
    let bytes = facts.has(name).then(|| facts.raw(name))?;
    let end = bytes.iter().position(|byte| *byte == b'\n').unwrap_or(bytes.len());
    let (path, rest) = bytes.split_at_checked(end)?;
    let rest = rest.strip_prefix(b"\n").unwrap_or_default();
    Some((String::from_utf8_lossy(path).into_owned(), rest.to_vec()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observe::parse::Frames;
    use proptest::prelude::*;

    const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

    fn take(frames: &[(&str, &str)]) -> Keys {
        let text: String =
            frames.iter().map(|(name, text)| format!("\nT fact {name}\n{text}\nT end\n")).collect();
        Keys::take(Facts(&Frames::parse(text.as_bytes(), "T")))
    }

    #[test]
    fn what_the_script_prints_is_read() {
        let keys = take(&[
            ("keys-host", &format!("{KEY} root@a\nrubbish\n")),
            ("keys-own/rsa", &format!("{KEY} me\n")),
            ("keys-pub/rsa", "rubbish"),
            ("keys-known/1", &format!("/etc/ssh/ssh_known_hosts\nhost {KEY}\n")),
            ("keys-granted/1", "/etc/k/omm\n"),
            ("keys-revoked", "/root/.ssh/id_om.pub (root@a: b): REVOKED"),
            ("keys-sock", "\n/x\n"),
            ("keys-spared", "KillOnlyUsers=\nKillExcludeUsers=root omm\n"),
        ]);
        assert_eq!(keys.host_keys, [KEY.parse().unwrap()]);
        assert_eq!(keys.own["rsa"], OwnKey { private: KEY.parse().ok(), public: None });
        let (path, known) = keys.known_hosts().next().unwrap();
        assert_eq!((path, known.lookup("host", 22).len()), ("/etc/ssh/ssh_known_hosts", 1));
        assert_eq!(keys.granted, [("/etc/k/omm".to_owned(), Vec::new())]);
        assert_eq!((keys.revoked, keys.stopped, keys.sock.as_deref()), (Revoked::Listed, false, Some("/x")));
        assert_eq!(keys.spared, Spared { only: Vec::new(), except: vec!["root".into(), "omm".into()] });
        assert_eq!(take(&[("keys-revoked", "missing")]).revoked, Revoked::Unreadable);
        assert_eq!(take(&[]), Keys::default());
    }

    proptest! {
        #[test]
        fn any_answer_is_read(texts in proptest::collection::vec("(?s).{0,60}", 7)) {
            let names = ["keys-own/rsa", "keys-pub/rsa", "keys-known/0", "keys-granted/0", "keys-revoked",
                "keys-sock", "keys-spared"];
            let frames: Vec<_> = names.into_iter().zip(texts.iter().map(String::as_str)).collect();
            take(&frames).known_hosts().count();
        }
    }
}
