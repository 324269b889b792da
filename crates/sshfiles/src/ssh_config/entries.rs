//! Reads back which nodes our block knows.

use super::{HostEntry, SshConfig};

impl SshConfig {
    /// The nodes of our block, as [`SshConfig::render_block`] wrote them: a name on a shared `Host` line is an entry
    /// of its own, without knowing which address it belongs to; a node with another port is one entry a block. Blocks
    /// of earlier versions, which said less, are read too.
    pub fn block_entries(&self) -> Vec<HostEntry> {
        let Some(block) = self.block().and_then(|bytes| std::str::from_utf8(bytes).ok()) else {
            return Vec::new();
        };
        let mut entries = Vec::new();
        let mut open: Option<Section<'_>> = None;
        for line in block.lines() {
            let mut words = line.split_whitespace();
            match (words.next(), &mut open) {
                (Some("Host"), _) => {
                    entries.extend(open.take().into_iter().flat_map(Section::entries));
                    open = Some(Section { aliases: words.collect(), ..Section::default() });
                }
                (Some("HostName"), Some(section)) => {
                    section.address = words.next().filter(|address| *address != "%h");
                }
                (Some("IdentityFile"), Some(section)) => section.leads = true,
                (Some("Port"), Some(section)) => {
                    section.port = words.next().and_then(|port| port.parse().ok())
                }
                _ => {}
            }
        }
        entries.extend(open.into_iter().flat_map(Section::entries));
        entries
    }
}

/// A `Host` line and what stands below it.
#[derive(Default)]
struct Section<'a> {
    aliases: Vec<&'a str>,
    address: Option<&'a str>,
    port: Option<u16>,
    /// It says how to get in; else it only adds to what others say of the same nodes.
    leads: bool,
}

impl Section<'_> {
    fn entries(self) -> Vec<HostEntry> {
        let entry = |alias: &str| match (self.address, self.port) {
            (Some(address), Some(port)) => {
                let name = if alias == address { "" } else { alias };
                HostEntry { address: address.to_owned(), name: name.to_owned(), port }
            }
            _ => HostEntry { address: alias.to_owned(), name: String::new(), port: 22 },
        };
        let aliases = self.aliases.iter().enumerate().filter(|_| self.leads);
        // The lower-case form of the name before it is no other node.
        let before = |place: usize| place.checked_sub(1).and_then(|before| self.aliases.get(before));
        let again = |place, alias: &str| {
            before(place).is_some_and(|name| *name != alias && name.to_ascii_lowercase() == alias)
        };
        aliases.filter(|(place, alias)| !again(*place, alias)).map(|(_, alias)| entry(alias)).collect()
    }
}
