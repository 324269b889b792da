//! Reads what a caller told about the names of the others. Pure, and total: a node may send anything.
//!
//! What was cut short, or is not there, is not known, and what is not known is called. See `names.sh` for the form.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::IpAddr;
use std::sync::Arc;

use sha2::{Digest, Sha256};
use sshfiles::KnownHosts;

use super::options::Options;
use crate::inventory::NodeIx;

/// Files of host keys by the SHA-256 of their bytes, in hexadecimal digits.
pub type Files = HashMap<String, Arc<KnownHosts>>;

/// Where `ssh` would go, and by which options.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Way {
    /// The number of the options.
    pub(super) options: u32,
    /// The host name or address.
    pub(super) host: String,
}

/// What a caller told.
#[derive(Debug, Default)]
pub struct Told {
    /// By number, as printed.
    options: BTreeMap<u32, String>,
    /// How each node would be called: by its address, and by its name.
    ways: HashMap<NodeIx, (Way, Way)>,
    /// Where names lead.
    addresses: HashMap<String, BTreeSet<IpAddr>>,
    /// By path; those that are not there are empty.
    files: HashMap<String, Arc<KnownHosts>>,
    /// The files that were sent whole.
    sent: Files,
    ticket: bool,
}

impl Told {
    /// Reads an answer. `known`: the files that the caller was told not to send.
    pub fn read(mut bytes: &[u8], known: &Files) -> Self {
        let mut told = Self::default();
        while let Some((line, rest)) = cut_line(bytes) {
            bytes = rest;
            let text = String::from_utf8_lossy(line);
            let (word, words) = text.split_once(' ').unwrap_or((&text, ""));
            match word {
                "o" => told.option(words),
                "n" => told.way(words),
                "a" => bytes = told.addresses(words, bytes),
                "f" => told.file(words, known),
                "b" => bytes = told.bytes(words, bytes),
                "ticket" => told.ticket = true,
                _ => {}
            }
        }
        told
    }

    /// How a node would be called: by its address, and by its name.
    pub(super) fn ways(&self, callee: NodeIx) -> Option<&(Way, Way)> {
        self.ways.get(&callee)
    }

    /// Where a name leads.
    pub(super) fn leads_to(&self, name: &str) -> Option<&BTreeSet<IpAddr>> {
        self.addresses.get(name)
    }

    /// The options that mean the same for every host, with the files of host keys that they name; a set of options of
    /// which anything is not known is left out.
    pub(super) fn settings(&self) -> HashMap<u32, (u16, Vec<Arc<KnownHosts>>)> {
        let one = |(number, text): (&u32, &String)| {
            let Options { port, files } = Options::read(text, self.ticket)?;
            let files = files.iter().map(|path| self.files.get(path).cloned()).collect::<Option<_>>()?;
            Some((*number, (port, files)))
        };
        self.options.iter().filter_map(one).collect()
    }

    /// The files that were sent whole, so that the next caller need not.
    pub fn into_files(self) -> Files {
        self.sent
    }

    fn option(&mut self, words: &str) {
        let (number, line) = words.split_once(' ').unwrap_or((words, ""));
        let Ok(number) = number.parse() else { return };
        let text = self.options.entry(number).or_default();
        text.push_str(line);
        text.push('\n');
    }

    fn way(&mut self, words: &str) {
        let words: Vec<&str> = words.split(' ').collect();
        // The full stop says that the line is whole.
        let [callee, first, at, second, to, "."] = words[..] else { return };
        let way = |number: &str, host: &str| {
            let host = host.to_ascii_lowercase();
            Some(Way { options: number.parse().ok()?, host })
        };
        if let (Ok(callee), Some(by_address), Some(by_name)) =
            (callee.parse().map(NodeIx::new), way(first, at), way(second, to))
        {
            self.ways.insert(callee, (by_address, by_name));
        }
    }

    /// Lines of `getent ahosts`, up to a line `e`: for each name a group, whose first line has a third word. Returns what
    /// comes after it.
    fn addresses<'a>(&mut self, names: &str, mut bytes: &'a [u8]) -> &'a [u8] {
        let mut groups: Vec<BTreeSet<IpAddr>> = Vec::new();
        let mut whole = true;
        while let Some((line, rest)) = cut_line(bytes) {
            bytes = rest;
            let text = String::from_utf8_lossy(line);
            let words: Vec<&str> = text.split_ascii_whitespace().collect();
            match words[..] {
                ["e"] => {
                    let names: Vec<&str> = names.split_ascii_whitespace().collect();
                    if whole && names.len() == groups.len() {
                        let names = names.into_iter().map(str::to_ascii_lowercase);
                        self.addresses.extend(names.zip(groups));
                    }
                    return bytes;
                }
                [address, _, _] => groups.push(address.parse().into_iter().collect()),
                [address, _] => match (groups.last_mut(), address.parse()) {
                    (Some(group), Ok(address)) => _ = group.insert(address),
                    _ => whole = false,
                },
                _ => whole = false,
            }
            // An address that cannot be read is one that nobody can judge.
            whole &= groups.last().is_some_and(|group| !group.is_empty());
        }
        bytes
    }

    /// A file that is not there, or one whose bytes are known.
    fn file(&mut self, words: &str, known: &Files) {
        let Some((digest, path)) = words.split_once(' ') else { return };
        let file = match digest {
            "absent" => Some(Arc::new(KnownHosts::parse(b""))),
            _ => known.get(digest).or_else(|| self.sent.get(digest)).cloned(),
        };
        if let Some(file) = file {
            self.files.insert(path.to_owned(), file);
        }
    }

    /// A file with its bytes: so many, and a line end. Returns what comes after it.
    fn bytes<'a>(&mut self, words: &str, bytes: &'a [u8]) -> &'a [u8] {
        let words: Vec<&str> = words.splitn(3, ' ').collect();
        let [size, digest, path] = words[..] else { return bytes };
        let Some((content, rest)) = size.parse().ok().and_then(|size| bytes.split_at_checked(size)) else {
            // It was cut short, and so is all that would come after it.
            return &[];
        };
        if hex(&Sha256::digest(content)) == digest {
            let file = Arc::new(KnownHosts::parse(content));
            self.sent.insert(digest.to_owned(), file.clone());
            self.files.insert(path.to_owned(), file);
        }
        rest
    }
}

/// A whole line, without its end, and what comes after it.
fn cut_line(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = bytes.iter().position(|byte| *byte == b'\n')?;
    let (line, rest) = bytes.split_at_checked(end)?;
    Some((line, rest.get(1..)?))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Told {
        Told::read(text.as_bytes(), &Files::new())
    }

    fn addresses(list: &[&str]) -> BTreeSet<IpAddr> {
        list.iter().map(|address| address.parse().unwrap()).collect()
    }

    #[test]
    fn ways_are_whole_or_not_there() {
        let told = read("n 3 1 10.0.0.3 2 Node3 .\nn 4 1 10.0.0.4 1 node4\nn 5 - - 1 node5 .\nn 6 1 a 1 b .");
        let way = |options, host: &str| Way { options, host: host.to_owned() };
        assert_eq!(told.ways(NodeIx::new(3)), Some(&(way(1, "10.0.0.3"), way(2, "node3"))));
        assert!([4, 5, 6].iter().all(|callee| told.ways(NodeIx::new(*callee)).is_none()));
    }

    #[test]
    fn addresses_are_those_of_their_name() {
        let one = "10.0.0.1        STREAM node1.a\n10.0.0.1        DGRAM  \n10.0.0.1        RAW    \n";
        let two = "fd00::2         STREAM node2\nfd00::2         DGRAM  \n10.0.0.2        STREAM \n";
        let told = read(&format!("a node1 Node2\n{one}{two}e\n"));
        assert_eq!(told.leads_to("node1"), Some(&addresses(&["10.0.0.1"])));
        assert_eq!(told.leads_to("node2"), Some(&addresses(&["10.0.0.2", "fd00::2"])));
        let doubtful = [
            format!("a node1 node2\n{one}e\n"),
            format!("a node1\n{one}{two}e\n"),
            format!("a node1\n{one}"),
            "a node1\n10.0.0.1 DGRAM\ne\n".to_owned(),
            "a node1\n10.0.0.1%eth0 STREAM node1\ne\n".to_owned(),
            "a node1\n10.0.0.1 STREAM node1\nfe80::1%eth0 DGRAM\ne\n".to_owned(),
            "a node1\nwhat is this line\n10.0.0.1 STREAM node1\ne\n".to_owned(),
            "a node1\ne\n".to_owned(),
        ];
        for text in doubtful {
            assert!(read(&text).leads_to("node1").is_none(), "{text}");
        }
    }

    #[test]
    fn a_file_is_what_its_digest_says() {
        let content = "node1 ssh-ed25519 AAAA\nn 1 1 a 1 b .\n";
        let digest = hex(&Sha256::digest(content));
        let sent = format!("b {} {digest} /a b\n{content}\nf absent /c\n", content.len());
        let told = read(&sent);
        assert_eq!(told.files["/a b"].to_bytes(), content.as_bytes());
        assert_eq!(told.files["/c"].to_bytes(), b"");
        // What stands in a file is no answer.
        assert!(told.ways(NodeIx::new(1)).is_none());
        let known = told.into_files();
        let again = Told::read(format!("f {digest} /d\nf {digest}0 /e\n").as_bytes(), &known);
        assert_eq!(again.files.keys().collect::<Vec<_>>(), ["/d"]);
        for wrong in [sent.replacen("node1", "node2", 1), sent.replace("b 3", "b 4"), sent[..40].to_owned()] {
            assert!(!read(&wrong).files.contains_key("/a b"), "{wrong}");
        }
    }
}
