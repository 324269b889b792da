//! The body of our block: how to reach each node.

use std::collections::HashSet;

use super::SshConfig;
use crate::words::is_plain_host;

/// OpenSSH 7.4 refuses a file with a line of more than 1023 bytes.
const MAX_LINE_BYTES: usize = 900;
/// No DNS name is longer, and several fit on a line.
const MAX_NAME_BYTES: usize = 255;
const DEFAULT_PORT: u16 = 22;

/// One node, as ssh is to reach it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostEntry {
    /// The IP address, as text.
    pub address: String,
    /// The host name. It is left out if it is empty, the address again, or no plain host name.
    pub name: String,
    /// The TCP port of its sshd.
    pub port: u16,
}

impl HostEntry {
    /// What the node may be called on the command line: its address, then its name.
    fn aliases(&self) -> impl Iterator<Item = &str> {
        let name = Some(self.name.as_str()).filter(|name| *name != self.address);
        [Some(self.address.as_str()), name]
            .into_iter()
            .flatten()
            .filter(|alias| is_plain_host(alias) && alias.len() <= MAX_NAME_BYTES)
    }
}

/// What trust needs of `ssh` beside the key and where to go, and what else in the user's file or the system's could take
/// away: single values, of which `ssh` takes the first. Every OpenSSH since 7.4 knows all of them, because one that does
/// not know a word ends.
///
/// `ProxyCommand none` stands for `ProxyJump` too: the first of the two decides. The methods are all that there are, with
/// keys first. What is a choice about security or adds up is not here: algorithms, `StrictHostKeyChecking`,
/// `GlobalKnownHostsFile`, `BindAddress`, `CertificateFile`.
const NEEDS: [(&str, &str); 9] = [
    ("ProxyCommand", "none"),
    ("UserKnownHostsFile", "~/.ssh/known_hosts ~/.ssh/known_hosts2"),
    ("PubkeyAuthentication", "yes"),
    ("PreferredAuthentications", "publickey,gssapi-with-mic,hostbased,keyboard-interactive,password"),
    ("AddressFamily", "any"),
    ("CanonicalizeHostname", "no"),
    ("ControlMaster", "no"),
    ("ControlPath", "none"),
    ("RequestTTY", "auto"),
];

impl SshConfig {
    /// The body for [`SshConfig::set_block`].
    ///
    /// Nodes with port 22 share `Host` lines of at most 900 bytes. A node with another port gets a block for
    /// its address and one for its name, each with `HostName`, `Port`, `User` and the identity, one keyword a
    /// line, because openGauss reads the ports back from there; what else trust needs is said of all of these together.
    /// `%` in a path is doubled, since ssh would expand it. ssh compares a `Host` line with what was typed, to the case:
    /// beside a name stands its lower-case form.
    pub fn render_block(
        entries: &[HostEntry],
        user: &str,
        identity_file: &str,
        identity_agent: &str,
    ) -> String {
        let mut own = String::new();
        push_keyword(&mut own, "User", &quoted(user));
        push_keyword(&mut own, "IdentityFile", &path(identity_file));
        push_keyword(&mut own, "IdentityAgent", &path(identity_agent));
        let mut needs = String::new();
        Self::needs().for_each(|(keyword, value)| push_keyword(&mut needs, keyword, value));

        let mut body = String::new();
        let (usual, others): (Vec<&HostEntry>, Vec<&HostEntry>) =
            entries.iter().partition(|entry| entry.port == DEFAULT_PORT);
        for line in host_lines(usual.iter().flat_map(|entry| entry.aliases())) {
            body.push_str(&format!("{line}\n\tHostName %h\n\tPort {DEFAULT_PORT}\n{own}{needs}"));
        }
        let mut done: HashSet<&str> = HashSet::new();
        for entry in &others {
            for alias in entry.aliases().filter(|alias| done.insert(alias)) {
                body.push_str(&format!("Host {}\n", both_cases(alias)));
                push_keyword(&mut body, "HostName", &entry.address);
                push_keyword(&mut body, "Port", &entry.port.to_string());
                body.push_str(&own);
            }
        }
        let mut said: HashSet<&str> = HashSet::new();
        let again = others.iter().flat_map(|entry| entry.aliases()).filter(|alias| said.insert(alias));
        for line in host_lines(again) {
            body.push_str(&format!("{line}\n{needs}"));
        }
        body
    }

    /// What the block says of every node beside where it is, whose the account is, and the key: keywords and values of
    /// ssh_config(5).
    pub fn needs() -> impl Iterator<Item = (&'static str, &'static str)> {
        NEEDS.into_iter()
    }
}

/// A name as it is written, and as somebody may type it. The written one comes first for openGauss's reader.
fn both_cases(alias: &str) -> String {
    let lower = alias.to_ascii_lowercase();
    if lower == alias { lower } else { format!("{alias} {lower}") }
}

/// Packs names into as few `Host` lines as fit.
fn host_lines<'a>(aliases: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for alias in aliases.map(both_cases) {
        match lines.last_mut() {
            Some(line) if line.len() + 1 + alias.len() <= MAX_LINE_BYTES => {
                line.push(' ');
                line.push_str(&alias);
            }
            _ => lines.push(format!("Host {alias}")),
        }
    }
    lines
}

fn push_keyword(body: &mut String, keyword: &str, value: &str) {
    body.push_str(&format!("\t{keyword} {value}\n"));
}

fn path(path: &str) -> String {
    quoted(&path.replace('%', "%%"))
}

/// One argument: in double quotes if it holds blanks. A control character cannot be written and is left out.
fn quoted(value: &str) -> String {
    let value: String = value.chars().filter(|c| !c.is_control()).collect();
    if value.contains(' ') || value.starts_with('#') { format!("\"{value}\"") } else { value }
}
