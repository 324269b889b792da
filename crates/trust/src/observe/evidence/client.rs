//! What a node's own settings of ssh(1) make of the calls that failed.

use std::collections::BTreeMap;

use sshfiles::{ClientConfig, ClientSetting};

use super::Facts;

/// Most files of settings.
const MOST_FILES: usize = 40;
/// The settings of all users.
const SYSTEM: &str = "/etc/ssh/ssh_config";

/// The settings of ssh on a node, if some of its calls failed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Client {
    /// The calls for which some setting is not as the tool would have it.
    pub calls: Vec<ClientCall>,
    /// Of so many of its calls, in the order of the pairs, that was asked.
    pub asked: usize,
    /// Where nobody has called yet: what `ssh` says of files that it does not take, safe to show.
    pub refused: Vec<String>,
    /// The files, in the order in which ssh comes to them.
    files: ClientConfig,
}

/// A call, as the settings have it and as it would be without them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ClientCall {
    /// The host, as it was called.
    pub host: String,
    /// What `ssh -G` says because of settings: keywords in lower case, and values. Those that add up have several.
    pub with: Vec<(String, String)>,
    /// What it says of the same keywords without them.
    pub without: Vec<(String, String)>,
    /// The same call works without any settings but the tool's own, and fails again with them.
    pub works_without: bool,
}

impl ClientCall {
    /// What a setting makes of it; of several values the first counts.
    #[must_use]
    pub fn value(&self, keyword: &str) -> Option<&str> {
        self.with.iter().find(|(known, _)| known == keyword).map(|(_, value)| value.as_str())
    }
}

impl Client {
    pub(super) fn take(facts: Facts<'_>) -> Self {
        let asked = facts.text("client-asked").parse().unwrap_or_default();
        let mut calls: BTreeMap<usize, ClientCall> = BTreeMap::new();
        let text = facts.text("client-calls");
        for line in text.lines() {
            let mut words = line.splitn(3, ' ');
            let number = words.next().and_then(|number| number.parse().ok());
            let (Some(number), Some(kind), Some(rest)) = (number, words.next(), words.next()) else {
                continue;
            };
            let call = calls.entry(number).or_default();
            let (first, second) = rest.split_once(' ').unwrap_or((rest, ""));
            let pair = || (first.to_ascii_lowercase(), second.trim().to_owned());
            match kind {
                "=" => {
                    call.works_without = first == "works";
                    call.host = second.to_owned();
                }
                "+" => call.with.push(pair()),
                "-" => call.without.push(pair()),
                _ => {}
            }
        }
        let calls = calls.into_values().filter(|call| !call.host.is_empty() && !call.with.is_empty());
        let files =
            (0..MOST_FILES).filter_map(|index| super::keys::content(facts, &format!("client-file/{index}")));
        Self {
            calls: calls.collect(),
            asked,
            refused: facts.lines("client-refused"),
            files: ClientConfig::new(files.collect()),
        }
    }

    /// What was said of a call.
    #[must_use]
    pub fn call(&self, host: &str) -> Option<&ClientCall> {
        self.calls.iter().find(|call| call.host == host)
    }

    /// Where a setting stands that makes a keyword this value for a host, as far as that can be seen.
    #[must_use]
    pub fn place(&self, home: &str, host: &str, keyword: &str, value: &str) -> Option<ClientSetting> {
        let own = format!("{home}/.ssh/config");
        let mut settings = self.files.settings(host, &[&own, SYSTEM]);
        settings.retain(|setting| is_same_keyword(&setting.keyword, keyword));
        // Lists of algorithms may be written in another way than they are printed.
        let literal = settings.iter().position(|setting| setting.value.eq_ignore_ascii_case(value));
        let place = literal.or_else(|| settings.iter().position(|setting| setting.sure))?;
        (place < settings.len()).then(|| settings.swap_remove(place))
    }
}

/// Whether two words are one keyword: some have older names.
fn is_same_keyword(one: &str, other: &str) -> bool {
    let new = |word| match word {
        "pubkeyacceptedkeytypes" => "pubkeyacceptedalgorithms",
        "dsaauthentication" => "pubkeyauthentication",
        word => word,
    };
    new(one) == new(other)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observe::parse::Frames;
    use proptest::prelude::*;

    fn take(frames: &[(&str, &str)]) -> Client {
        let text: String =
            frames.iter().map(|(name, text)| format!("\nT fact {name}\n{text}\nT end\n")).collect();
        Client::take(Facts(&Frames::parse(text.as_bytes(), "T")))
    }

    #[test]
    fn what_the_script_prints_is_read() {
        let client = take(&[
            (
                "client-calls",
                "1 = works node2\n0 + port 2222\n0 = fails 10.0.0.2\n0 - port 22\n1 + proxycommand a b\n2 = works x",
            ),
            ("client-file/0", "/root/.ssh/config\nHost *\n  Port 2222\n  port 7\n"),
            ("client-file/1", "/etc/ssh/ssh_config\nProxyCommand a  b\n"),
        ]);
        assert_eq!(client.calls.len(), 2);
        let call = client.call("10.0.0.2").unwrap();
        assert_eq!((call.value("port"), call.works_without), (Some("2222"), false));
        assert_eq!(call.without, [("port".to_owned(), "22".to_owned())]);
        assert!(client.call("node2").unwrap().works_without);
        let place = |keyword: &str, value: &str| {
            let setting = client.place("/root", "node2", keyword, value)?;
            Some(format!("{}:{}", setting.path, setting.line))
        };
        assert_eq!(place("port", "2222").as_deref(), Some("/root/.ssh/config:2"));
        assert_eq!(place("proxycommand", "a b").as_deref(), Some("/etc/ssh/ssh_config:1"));
        assert_eq!(place("user", "x"), None);
        assert_eq!(take(&[]), Client::default());
    }

    proptest! {
        #[test]
        fn any_answer_is_read(calls in "(?s)([0-9] [+=-] [a-z]* |.|\n){0,40}", file in "(?s).{0,60}") {
            let client = take(&[("client-calls", &calls), ("client-file/0", &file)]);
            let _ = client.place("/root", "a", "port", "22");
        }
    }
}
