//! An Ansible inventory, as far as it says where the hosts of a group are.
//!
//! Static files only, in INI or YAML; which of both decides the content, as in Ansible: what is YAML and a mapping is
//! taken as that, everything else as INI. See "How to build your inventory" in Ansible's user guide and the pages of its
//! inventory plugins `ini` and `yaml`. Of the variables `ansible_host` and `ansible_port` count, and their old names
//! `ansible_ssh_host` and `ansible_ssh_port`, which win where both are set.

mod ini;
mod pattern;
mod select;
mod yaml;

use std::collections::{BTreeMap, HashMap};

use super::resolve::NoAddress;
use super::{Host, MOST_NODES, Mistake};

/// Most hosts and groups of a whole inventory, each.
const MOST_ENTRIES: usize = 20 * MOST_NODES;
/// How often hosts may be named in all groups together.
const MOST_MEMBERS: usize = 20 * MOST_ENTRIES;

/// What is wrong in an inventory.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AnsibleMistake {
    /// It cannot be read as YAML.
    #[error("no YAML that can be read: {0}")]
    Yaml(String),
    /// A section that is none of `[group]`, `[group:children]`, `[group:vars]`.
    #[error("no section: write [group], [group:children] or [group:vars]")]
    Section,
    /// A section, or a line in `:children`, about a group that is nowhere.
    #[error("there is no group {0}")]
    UndefinedGroup(String),
    /// A group that contains itself.
    #[error("the group {0} contains itself")]
    Loop(String),
    /// A variable without `=`. What stands there may be half a password, so it is not told.
    #[error("something here is no KEY=VALUE")]
    Variable,
    /// A quote that is not closed.
    #[error("a quote is not closed")]
    Quote,
    /// A range in a host's name that is none.
    #[error("'{0}' has no range that can be read: write db[01:16] or [a:f]")]
    Range(String),
    /// Something else stands where a mapping has to be.
    #[error("{0} must be a mapping")]
    NotAMapping(String),
    /// A value of another kind than a text or a number, or one that Ansible would compute.
    #[error("{name} of {host} must be a plain value, not a template, list or encrypted text")]
    NotPlain {
        /// Which variable.
        name: &'static str,
        /// Of which host.
        host: String,
    },
    /// No port.
    #[error("the port of {host} must be 22 or 1025 to 65534, not '{value}'")]
    Port {
        /// Of which host.
        host: String,
        /// What stands there.
        value: String,
    },
    /// A host that is given neither an address nor a name.
    #[error("'{0}' is {NoAddress}")]
    Address(String),
}

/// Why an inventory is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AnsibleError {
    /// The bytes are not UTF-8.
    #[error("it is not UTF-8 text")]
    Encoding,
    /// A script, which Ansible would run.
    #[error("it is a program that makes an inventory")]
    Program,
    /// Encrypted by ansible-vault(1).
    #[error("it is encrypted with ansible-vault")]
    Vault,
    /// The configuration of an inventory plugin.
    #[error("it is the configuration of an inventory plugin")]
    Plugin,
    /// The group is not in it.
    #[error("it has no group {group}; there are: {}", .known.join(", "))]
    NoGroup {
        /// Which.
        group: String,
        /// What there is.
        known: Vec<String>,
    },
    /// The group has no host.
    #[error("its group {0} has no hosts")]
    NoHosts(String),
    /// More nodes than [`MOST_NODES`], or aliases within aliases.
    #[error("it has more than {MOST_NODES} hosts, or far too many groups or aliases")]
    TooMany,
    /// Every mistake, in the order of lines.
    #[error("{} mistakes", .0.len())]
    Mistakes(Vec<Mistake<AnsibleMistake>>),
}

/// Reads the hosts of a group, in the order of the file.
///
/// # Errors
/// [`AnsibleError`].
pub fn parse_ansible(bytes: &[u8], group: &str) -> Result<Vec<Host>, AnsibleError> {
    if bytes.starts_with(b"#!") {
        return Err(AnsibleError::Program);
    }
    if bytes.starts_with(b"$ANSIBLE_VAULT") {
        return Err(AnsibleError::Vault);
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let text = std::str::from_utf8(bytes).map_err(|_| AnsibleError::Encoding)?;
    let inventory = match yaml::load(text) {
        Ok(Some(document)) => document.inventory()?,
        Err(error) if yaml::is_likely(text) => return Err(AnsibleError::Mistakes(vec![error])),
        Ok(None) | Err(_) => ini::parse(text)?,
    };
    inventory.select(group)
}

/// The variables that count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Key {
    Host,
    SshHost,
    Port,
    SshPort,
    Priority,
}

impl Key {
    fn read(name: &str) -> Option<Self> {
        match name {
            "ansible_host" => Some(Self::Host),
            "ansible_ssh_host" => Some(Self::SshHost),
            "ansible_port" => Some(Self::Port),
            "ansible_ssh_port" => Some(Self::SshPort),
            "ansible_group_priority" => Some(Self::Priority),
            _ => None,
        }
    }
}

/// A variable's value; no text if it is not plain.
#[derive(Debug, Clone)]
struct Value {
    text: Option<String>,
    line: usize,
}

type Vars = HashMap<Key, Value>;

#[derive(Debug, Default)]
struct Group {
    /// Indexes of hosts.
    hosts: Vec<usize>,
    children: Vec<(String, usize)>,
    vars: Vars,
}

#[derive(Debug)]
struct Entry {
    alias: String,
    line: usize,
    vars: Vars,
    grouped: bool,
}

/// What a file says, in either format.
#[derive(Debug, Default)]
struct Inventory {
    groups: BTreeMap<String, Group>,
    hosts: Vec<Entry>,
    index: HashMap<String, usize>,
    members: usize,
    mistakes: Vec<Mistake<AnsibleMistake>>,
}

impl Inventory {
    fn wrong(&mut self, line: usize, error: AnsibleMistake) {
        self.mistakes.push(Mistake { line, error });
    }

    /// A group, made if it is new.
    fn group(&mut self, name: &str) -> Result<&mut Group, AnsibleError> {
        if self.groups.len() >= MOST_ENTRIES && !self.groups.contains_key(name) {
            return Err(AnsibleError::TooMany);
        }
        Ok(self.groups.entry(name.to_owned()).or_default())
    }

    /// Adds the hosts of a pattern to a group.
    fn add(&mut self, group: &str, pattern: &str, line: usize, vars: &Vars) -> Result<(), AnsibleError> {
        let (aliases, port) = match pattern::expand(pattern)? {
            Ok(found) => found,
            Err(mistake) => {
                self.wrong(line, mistake);
                return Ok(());
            }
        };
        let grouped = !matches!(group, "all" | "ungrouped");
        for alias in aliases {
            let next = self.hosts.len();
            let at = *self.index.entry(alias.clone()).or_insert(next);
            if at == next {
                if next >= MOST_ENTRIES {
                    return Err(AnsibleError::TooMany);
                }
                self.hosts.push(Entry { alias, line, vars: Vars::new(), grouped: false });
            }
            self.members += 1;
            if self.members > MOST_MEMBERS {
                return Err(AnsibleError::TooMany);
            }
            self.group(group)?.hosts.push(at);
            let Some(host) = self.hosts.get_mut(at) else { continue };
            host.grouped |= grouped;
            if let Some(port) = &port {
                host.vars.insert(Key::Port, Value { text: Some(port.clone()), line });
            }
            host.vars.extend(vars.iter().map(|(key, value)| (*key, value.clone())));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
