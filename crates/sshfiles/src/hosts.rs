//! `/etc/hosts`, as in hosts(5).

use std::net::IpAddr;

use crate::lines::Lines;
use crate::words::{is_plain_host, visible};

/// The comment of every line of ours in `/etc/hosts`. openGauss looks for it.
pub const HOSTS_MARK: &str = "#Gauss OM IP Hosts Mapping";

/// The table of host names.
///
/// A line of ours is `IP NAME #Gauss OM IP Hosts Mapping`: its comment is the mark and nothing else. A line
/// that the user has commented out is the user's. Our lines end in LF; resolvers take a CR at the end of the
/// others for a blank.
#[derive(Clone, Debug)]
pub struct Hosts {
    lines: Lines,
}

/// One line with an address.
struct Entry<'a> {
    /// Nothing if it is no IP address, or one with a zone.
    address: Option<IpAddr>,
    names: Vec<&'a [u8]>,
    ours: bool,
}

impl Entry<'_> {
    fn has_name(&self, name: &str) -> bool {
        self.names.iter().any(|known| known.eq_ignore_ascii_case(name.as_bytes()))
    }

    fn is_exactly(&self, (address, name): &(IpAddr, String)) -> bool {
        self.address == Some(*address) && matches!(self.names.as_slice(), [only] if *only == name.as_bytes())
    }
}

impl Hosts {
    /// Reads any bytes.
    pub fn parse(bytes: &[u8]) -> Self {
        Self { lines: Lines::parse(bytes) }
    }

    /// The bytes of the file.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.lines.to_bytes()
    }

    /// Sets the lines of ours. Returns whether anything changed.
    ///
    /// Without `keep_old` they are replaced by exactly these, at the place of the first of them or else at
    /// the end of the file; right ones in the right order are not touched. With `keep_old` all stay and only
    /// missing ones are appended. A pair that comes twice counts once; one whose name is no plain host name
    /// is left out.
    pub fn set_mapping(&mut self, mapping: &[(IpAddr, String)], keep_old: bool) -> bool {
        let mut wanted: Vec<&(IpAddr, String)> = Vec::new();
        for pair in mapping {
            if is_plain_host(&pair.1) && !wanted.contains(&pair) {
                wanted.push(pair);
            }
        }
        if keep_old { self.append_missing(wanted) } else { self.replace_ours(wanted) }
    }

    /// The lines that give a name an address, in order: line number from 1, address, whether the line is
    /// ours. Host names have no case. An address with a zone (`fe80::1%eth0`) is passed over.
    pub fn lookup(&self, name: &str) -> Vec<(usize, IpAddr, bool)> {
        self.entries()
            .filter(|(_, entry)| entry.has_name(name))
            .filter_map(|(id, entry)| Some((self.lines.number(id), entry.address?, entry.ours)))
            .collect()
    }

    /// Removes every line of ours. Returns how many.
    pub fn remove_mapping(&mut self) -> usize {
        let ours = self.our_ids();
        ours.into_iter().filter(|id| self.lines.remove(*id)).count()
    }

    fn append_missing(&mut self, mut wanted: Vec<&(IpAddr, String)>) -> bool {
        for (_, entry) in self.entries().filter(|(_, entry)| entry.ours) {
            wanted.retain(|(address, name)| entry.address != Some(*address) || !entry.has_name(name));
        }
        for pair in &wanted {
            self.lines.push(line_for(pair));
        }
        !wanted.is_empty()
    }

    fn replace_ours(&mut self, wanted: Vec<&(IpAddr, String)>) -> bool {
        let ours: Vec<Entry<'_>> =
            self.entries().map(|(_, entry)| entry).filter(|entry| entry.ours).collect();
        if ours.len() == wanted.len() && ours.iter().zip(&wanted).all(|(entry, pair)| entry.is_exactly(pair))
        {
            return false;
        }
        let first = self.our_ids().first().copied().unwrap_or(self.lines.end());
        self.remove_mapping();
        // Each goes before the one put there last, so the last comes first.
        for pair in wanted.into_iter().rev() {
            self.lines.insert(first, line_for(pair));
        }
        true
    }

    fn our_ids(&self) -> Vec<usize> {
        self.entries().filter(|(_, entry)| entry.ours).map(|(id, _)| id).collect()
    }

    fn entries(&self) -> impl Iterator<Item = (usize, Entry<'_>)> {
        self.lines.iter().filter_map(|(id, line)| Some((id, entry(line)?)))
    }
}

fn entry(line: &[u8]) -> Option<Entry<'_>> {
    let line = visible(line);
    let hash = line.iter().position(|byte| *byte == b'#').unwrap_or(line.len());
    let (data, comment) = line.split_at_checked(hash)?;
    let mut words = data.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
    let address = std::str::from_utf8(words.next()?).ok().and_then(|text| text.parse().ok());
    Some(Entry { address, names: words.collect(), ours: comment.trim_ascii_end() == HOSTS_MARK.as_bytes() })
}

fn line_for((address, name): &(IpAddr, String)) -> Vec<u8> {
    format!("{address}  {name}  {HOSTS_MARK}").into_bytes()
}
