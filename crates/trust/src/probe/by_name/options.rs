//! What `ssh -G` says beside where it would go: whether it means the same whatever the host is called. Pure.

use std::collections::HashMap;

/// What of the options decides a call, when they are the same for two ways to call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Options {
    /// The port.
    pub(super) port: u16,
    /// The files of host keys, as `ssh` names them.
    pub(super) files: Vec<String>,
}

/// What looks the host up by its name in a way of its own, or runs something. Not printed, it is not set.
const UNSET: [&str; 8] = [
    "proxycommand",
    "proxyjump",
    "knownhostscommand",
    "hostkeyalias",
    "remotecommand",
    "canonicalizepermittedcnames",
    "revokedhostkeys",
    "gssapiserveridentity",
];
/// What must be seen to be off.
const OFF: [&str; 3] = ["canonicalizehostname", "permitlocalcommand", "verifyhostkeydns"];
/// What no `ssh` of ours leaves out that prints all that matters: that of OpenSSH 7.4 does not print them.
const PRINTED: [[&str; 2]; 2] =
    [["identityagent", "identityagent"], ["pubkeyacceptedalgorithms", "pubkeyacceptedkeytypes"]];
/// The tokens of ssh_config(5) that stand for the same whatever the host is called: this node, its users, the port.
const SAME_TOKENS: &str = "%diLlpru";

impl Options {
    /// Reads the options; `None` if a call by name could go another way than one by address though they are the same.
    /// `ticket`: there is a ticket of Kerberos, which would be offered by name.
    pub(super) fn read(text: &str, ticket: bool) -> Option<Self> {
        let options = lines(text);
        let first = |key: &str| options.get(key).and_then(|values| values.first()).copied();
        let unset = |key: &&str| first(key).is_none_or(|value| value.is_empty() || is_none(value));
        let off = |key: &&str| first(key).is_some_and(is_off);
        let printed = |keys: &[&str; 2]| keys.iter().any(|key| options.contains_key(*key));
        let by_ticket = |key: &&str| first(key).is_some_and(|value| !is_off(value));
        let values = || options.values().flatten();
        if !UNSET.iter().all(unset) || !OFF.iter().all(off) || !PRINTED.iter().all(printed) {
            return None;
        }
        if by_ticket(&"gssapikeyexchange") || (ticket && by_ticket(&"gssapiauthentication")) {
            return None;
        }
        if !values().all(|value| means_the_same(value)) {
            return None;
        }
        let lists = ["userknownhostsfile", "globalknownhostsfile"].map(first);
        let words = lists.iter().flatten().flat_map(|list| list.split(' ')).filter(|word| !is_none(word));
        let files: Vec<String> = words.map(str::to_owned).collect();
        let whole = |path: &String| path.starts_with('/') || path.starts_with("~/");
        let odd = |path: &String| !whole(path) || path.contains(['"', '\'', '\\', '$']);
        if files.iter().any(odd) {
            return None;
        }
        Some(Self { port: first("port")?.parse().ok()?, files })
    }
}

/// The values of each keyword, in order. One release prints a keyword with a capital letter.
fn lines(text: &str) -> HashMap<String, Vec<&str>> {
    let mut options: HashMap<String, Vec<&str>> = HashMap::new();
    for line in text.lines().filter(|line| !line.is_empty()) {
        let (key, value) = line.split_once(' ').unwrap_or((line, ""));
        options.entry(key.to_ascii_lowercase()).or_default().push(value.trim());
    }
    options
}

fn is_none(value: &str) -> bool {
    value.eq_ignore_ascii_case("none")
}

fn is_off(value: &str) -> bool {
    value == "no" || value == "false"
}

/// Whether no token in a value stands for the host.
fn means_the_same(value: &str) -> bool {
    let mut rest = value.chars();
    while let Some(c) = rest.next() {
        if c == '%' && !rest.next().is_some_and(|token| SAME_TOKENS.contains(token)) {
            return false;
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What matters of what OpenSSH 9.2 prints.
    const NEW: &str = "user root\nport 22\ncanonicalizehostname false\ngssapiauthentication yes\n\
        gssapikeyexchange no\npermitlocalcommand no\nverifyhostkeydns false\n\
        identityagent /root/a%%b/socket\npubkeyacceptedalgorithms ssh-ed25519,ssh-rsa\n\
        identityfile ~/.ssh/id_om\nglobalknownhostsfile /etc/ssh/ssh_known_hosts\n\
        userknownhostsfile /root/.ssh/known_hosts /root/.ssh/known_hosts2\ncanonicalizePermittedcnames none\n\
        proxycommand none\n";

    fn read(text: &str) -> Option<Options> {
        Options::read(text, false)
    }

    #[test]
    fn what_decides_is_read() {
        let files = ["/root/.ssh/known_hosts", "/root/.ssh/known_hosts2", "/etc/ssh/ssh_known_hosts"];
        let files = files.map(str::to_owned).to_vec();
        assert_eq!(read(NEW), Some(Options { port: 22, files }));
        // OpenSSH 7.5.
        let old = NEW.replace("pubkeyacceptedalgorithms", "pubkeyacceptedkeytypes");
        let old = old.replace("canonicalizePermittedcnames none\nproxycommand none\n", "canonicaldomains\n");
        assert_eq!(read(&old.replace("/root/", "~/")).unwrap().files[0], "~/.ssh/known_hosts");
    }

    #[test]
    fn what_the_name_of_the_host_can_change_is_not_judged() {
        let added = [
            "proxycommand nc %h 22",
            "proxycommand nc gate 22",
            "proxyjump gate",
            "knownhostscommand /usr/bin/keys",
            "hostkeyalias cluster",
            "remotecommand true",
            "canonicalizePermittedcnames *.a:*.b",
            "revokedhostkeys /etc/ssh/revoked",
            "identityfile ~/.ssh/%h",
            "identityfile ~/.ssh/%n",
            "certificatefile ~/.ssh/%k-cert.pub",
            "setenv A=%C",
            "identityfile ~/.ssh/100%",
            "gssapiserveridentity node1",
        ];
        for line in added {
            // Of several values the first counts, so it comes first.
            assert_eq!(read(&format!("{line}\n{NEW}")), None, "{line}");
        }
        let changed = [
            ("canonicalizehostname false", "canonicalizehostname always"),
            ("canonicalizehostname false", ""),
            ("permitlocalcommand no", ""),
            ("permitlocalcommand no", "permitlocalcommand yes"),
            ("verifyhostkeydns false", "verifyhostkeydns ask"),
            ("gssapikeyexchange no", "gssapikeyexchange yes"),
            ("identityagent /root/a%%b/socket\n", ""),
            ("pubkeyacceptedalgorithms", "other"),
            ("port 22", "port 99999"),
            ("port 22", ""),
            (" /root/.ssh/known_hosts2", " known_hosts2"),
            (" /root/.ssh/known_hosts2", " ~omm/.ssh/known_hosts2"),
            (" /root/.ssh/known_hosts2", " \"/a b\""),
            (" /root/.ssh/known_hosts2", " /keys/%h"),
            (" /root/.ssh/known_hosts2", " ${HOME}/known_hosts"),
        ];
        for (old, new) in changed {
            let text = NEW.replace(old, new);
            assert_ne!(text, NEW, "{old}");
            assert_eq!(read(&text), None, "{old} {new}");
        }
    }

    #[test]
    fn a_ticket_counts_where_it_would_be_offered() {
        assert_eq!(Options::read(NEW, true), None);
        let off = NEW.replace("gssapiauthentication yes", "gssapiauthentication no");
        assert!(Options::read(&off, true).is_some());
        assert!(Options::read(&off.replace("gssapiauthentication no\n", ""), true).is_some());
    }
}
