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

impl SshConfig {
    /// The body for [`SshConfig::set_block`].
    ///
    /// Nodes with port 22 share `Host` lines of at most 900 bytes. A node with another port gets a block for
    /// its address and one for its name, each with `HostName`, `Port`, `User` and the identity, one keyword a
    /// line, because openGauss reads the ports back from there. `%` in a path is doubled, since ssh would
    /// expand it.
    pub fn render_block(
        entries: &[HostEntry],
        user: &str,
        identity_file: &str,
        identity_agent: &str,
    ) -> String {
        let mut identity = String::new();
        push_keyword(&mut identity, "IdentityFile", &path(identity_file));
        push_keyword(&mut identity, "IdentityAgent", &path(identity_agent));

        let mut body = String::new();
        let shared = entries.iter().filter(|entry| entry.port == DEFAULT_PORT);
        for line in host_lines(shared.flat_map(HostEntry::aliases)) {
            body.push_str(&format!("{line}\n{identity}"));
        }
        let mut done: HashSet<&str> = HashSet::new();
        for entry in entries.iter().filter(|entry| entry.port != DEFAULT_PORT) {
            for alias in entry.aliases().filter(|alias| done.insert(alias)) {
                // ssh compares with what was typed; the literal name comes first for openGauss's reader.
                let lower = alias.to_ascii_lowercase();
                let also = if lower == alias { String::new() } else { format!(" {lower}") };
                body.push_str(&format!("Host {alias}{also}\n"));
                push_keyword(&mut body, "HostName", &entry.address);
                push_keyword(&mut body, "Port", &entry.port.to_string());
                push_keyword(&mut body, "User", &quoted(user));
                body.push_str(&identity);
            }
        }
        body
    }
}

/// Packs names into as few `Host` lines as fit.
fn host_lines<'a>(aliases: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for alias in aliases {
        match lines.last_mut() {
            Some(line) if line.len() + 1 + alias.len() <= MAX_LINE_BYTES => {
                line.push(' ');
                line.push_str(alias);
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
