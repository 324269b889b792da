//! Whether what the program left on every node is right, told by other means than its own.

use std::collections::hash_map::DefaultHasher;
use std::collections::{BTreeSet, HashMap};
use std::hash::{Hash, Hasher};

use lab::{Node, Snapshot};

use crate::error::TaskError;

/// Every place that the program writes to for root.
const TOUCHED: [&str; 3] = ["/root", "/etc/hosts", "/var/spool/cron"];
const AUTHORIZED: &str = "/root/.ssh/authorized_keys";
const KNOWN: &str = "/root/.ssh/known_hosts";
const HOSTS: &str = "/etc/hosts";
/// So many differences are told.
const MOST_TOLD: usize = 3;

/// What a file says, whatever the order of its lines and however they are put together.
type Meaning = BTreeSet<String>;

/// Each node as it is now.
pub(crate) fn snapshots(nodes: &[Node]) -> Vec<Snapshot> {
    nodes.iter().map(snapshot).collect()
}

fn snapshot(node: &Node) -> Snapshot {
    node.snapshot(&TOUCHED).without_times()
}

/// Fails unless these nodes are as they were: nothing of trust is left.
pub(crate) fn clean(nodes: &[Node], before: &[Snapshot]) -> Result<(), TaskError> {
    let differs = nodes.iter().zip(before).filter_map(|(node, before)| {
        let diff = before.diff(&snapshot(node));
        (!diff.is_empty()).then(|| format!("{} is not as it was: {diff}", node.name()))
    });
    none(differs)
}

/// Fails unless each of these nodes lets in the keys of all of them and no other, knows every host key of all of them by
/// address and by name, and nobody else's, and finds them all by name.
pub(crate) fn trusted(nodes: &[Node]) -> Result<(), TaskError> {
    let (mut keys, mut known, mut hosts) = (Meaning::new(), Meaning::new(), Meaning::new());
    for node in nodes {
        keys.extend(own_keys(node)?);
        let names = [node.ip().to_string(), node.name().to_owned()];
        for key in public_keys(node, "/etc/ssh")? {
            known.extend(names.iter().map(|name| format!("{name} {key}")));
        }
        hosts.insert(names.join(" "));
    }
    let wanted = [(AUTHORIZED, keys, authorized as fn(&str) -> Meaning), (KNOWN, known, known_hosts)];
    let mut wrong = Vec::new();
    for (path, wanted, read) in wanted {
        let wanted = digest(&wanted);
        // Most nodes have the same bytes, which are read once.
        let mut read_before = HashMap::new();
        for node in nodes {
            let bytes = node.read(path)?;
            let found = *read_before
                .entry(digest(&bytes))
                .or_insert_with(|| digest(&read(&String::from_utf8_lossy(&bytes))));
            if found != wanted {
                wrong.push(format!("{}: {path} does not say what it should", node.name()));
            }
        }
    }
    for node in nodes {
        let missing = hosts.difference(&mappings(&text(node, HOSTS)?)).count();
        if missing > 0 {
            wrong.push(format!("{}: {HOSTS} lacks {missing} nodes", node.name()));
        }
    }
    none(wrong.into_iter())
}

fn none(wrong: impl Iterator<Item = String>) -> Result<(), TaskError> {
    let wrong: Vec<String> = wrong.collect();
    if wrong.is_empty() {
        return Ok(());
    }
    let told = wrong.iter().take(MOST_TOLD).cloned().collect::<Vec<_>>().join("\n");
    Err(TaskError::Measure { said: format!("{} times something is not right:\n{told}", wrong.len()) })
}

fn digest(value: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

fn text(node: &Node, path: &str) -> Result<String, TaskError> {
    Ok(String::from_utf8_lossy(&node.read(path)?).into_owned())
}

/// The keys by which root of a node comes: those that stand beside their private halves.
fn own_keys(node: &Node) -> Result<Meaning, TaskError> {
    public_keys(node, "/root/.ssh")
}

/// The public keys in a folder of a node, as `TYPE KEY`.
fn public_keys(node: &Node, folder: &str) -> Result<Meaning, TaskError> {
    let snapshot = node.snapshot(&[folder]);
    let keys = snapshot.entries.iter().filter(|(path, _)| path.ends_with(".pub"));
    let keys: Meaning =
        keys.filter_map(|(_, entry)| key_in(&String::from_utf8_lossy(&entry.content))).collect();
    let none = || TaskError::Measure { said: format!("{} has no key in {folder}", node.name()) };
    if keys.is_empty() { Err(none()) } else { Ok(keys) }
}

/// The first `TYPE KEY` of a line: what follows a type and begins as every key does.
fn key_in(line: &str) -> Option<String> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let pair = words.windows(2).find(|pair| pair[1].starts_with("AAAA"))?;
    Some(pair.join(" "))
}

fn authorized(text: &str) -> Meaning {
    text.lines().filter(|line| !line.starts_with('#')).filter_map(key_in).collect()
}

fn known_hosts(text: &str) -> Meaning {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let entries = lines.filter_map(|line| Some((line.split_whitespace().next()?, key_in(line)?)));
    entries
        .flat_map(|(names, key)| {
            names.split(',').map(move |name| format!("{name} {key}")).collect::<Vec<_>>()
        })
        .collect()
}

/// Every `ADDRESS NAME` of a table of hosts.
fn mappings(text: &str) -> Meaning {
    let lines = text.lines().map(|line| line.split('#').next().unwrap_or_default());
    let one = |line: &str| {
        let mut words = line.split_whitespace().map(str::to_owned);
        let address = words.next().unwrap_or_default();
        words.map(|name| format!("{address} {name}")).collect::<Vec<_>>()
    };
    lines.flat_map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_file_says_does_not_depend_on_its_form() {
        let set = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Meaning>();
        let both = set(&["10.0.0.7 ssh-ed25519 AAAAb", "node7 ssh-ed25519 AAAAb"]);
        assert_eq!(known_hosts("10.0.0.7 ssh-ed25519 AAAAb #OM\n# x\n\nnode7 ssh-ed25519 AAAAb\n"), both);
        assert_eq!(known_hosts("node7,10.0.0.7 ssh-ed25519 AAAAb #OM\n"), both);
        let keys = set(&["ssh-ed25519 AAAAb", "ssh-rsa AAAAc"]);
        let text = "from=\"10.0.0.0/8\" ssh-rsa AAAAc #OM\n# ssh-rsa AAAAd\nssh-ed25519 AAAAb x\n";
        assert_eq!(authorized(text), keys);
        assert_eq!(
            mappings("127.0.0.1 a # b\n10.0.0.7\tnode7 n7 #Gauss\n"),
            set(&["127.0.0.1 a", "10.0.0.7 node7", "10.0.0.7 n7"])
        );
    }
}
