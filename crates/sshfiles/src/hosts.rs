//! `/etc/hosts`, as in hosts(5).

use std::collections::HashSet;
use std::net::IpAddr;

use crate::lines::Lines;
use crate::words::{is_plain_host, visible, without_ours};

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
    /// is left out. If the last line is one of ours that does not end, as older versions left it, it is ended.
    pub fn set_mapping(&mut self, mapping: &[(IpAddr, String)], keep_old: bool) -> bool {
        let mut met = HashSet::new();
        let fits = |pair: &&(IpAddr, String)| is_plain_host(&pair.1);
        let wanted: Vec<_> = mapping.iter().filter(fits).filter(|pair| met.insert(*pair)).collect();
        let changed = if keep_old { self.append_missing(wanted) } else { self.replace_ours(wanted) };
        self.end_ours() || changed
    }

    /// The lines that give a name an address, in order: line number from 1, address, whether the line is
    /// ours. Host names have no case. An address with a zone (`fe80::1%eth0`) is passed over.
    pub fn lookup(&self, name: &str) -> Vec<(usize, IpAddr, bool)> {
        self.entries()
            .filter(|(_, entry)| entry.has_name(name))
            .filter_map(|(id, entry)| Some((self.lines.number(id), entry.address?, entry.ours)))
            .collect()
    }

    /// Whether there is a line of ours, also one to which somebody's line is glued.
    pub fn has_ours(&self) -> bool {
        self.lines.iter().any(|(_, line)| what_is_left(line).is_some())
    }

    /// Removes every line of ours. Returns how many. What is glued to one, because it did not end when somebody
    /// appended, becomes a line of its own.
    pub fn remove_mapping(&mut self) -> usize {
        self.lines.rewrite(|line| what_is_left(line).map(<[u8]>::to_vec))
    }

    /// What the lines of ours say: an address, and its names.
    pub fn mapping(&self) -> Vec<(IpAddr, Vec<String>)> {
        let ours = self.entries().filter(|(_, entry)| entry.ours);
        let text = |name: &&[u8]| String::from_utf8_lossy(name).into_owned();
        ours.filter_map(|(_, entry)| Some((entry.address?, entry.names.iter().map(text).collect()))).collect()
    }

    /// Removes the lines of ours with an address that is chosen. Returns how many.
    pub fn remove_mapping_of(&mut self, gone: impl Fn(IpAddr) -> bool) -> usize {
        self.lines.rewrite(|line| {
            let left = what_is_left(line)?;
            entry(line)?.address.is_some_and(&gone).then(|| left.to_vec())
        })
    }

    fn append_missing(&mut self, mut wanted: Vec<&(IpAddr, String)>) -> bool {
        let ours = self.entries().map(|(_, entry)| entry).filter(|entry| entry.ours);
        let there = ours.flat_map(|entry| entry.names.into_iter().map(move |name| (entry.address, name)));
        let there: HashSet<_> = there.map(|(address, name)| (address, name.to_ascii_lowercase())).collect();
        wanted.retain(|(address, name)| !there.contains(&(Some(*address), name.to_ascii_lowercase().into())));
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
        let old = self.our_ids();
        let first = old.first().copied().unwrap_or(self.lines.end());
        for id in old {
            self.lines.remove(id);
        }
        // Each goes before the one put there last, so the last comes first.
        for pair in wanted.into_iter().rev() {
            self.lines.insert(first, line_for(pair));
        }
        true
    }

    /// Ends the last line, if it is ours. Returns whether a byte changed.
    fn end_ours(&mut self) -> bool {
        let ours = self.lines.unfinished().is_some_and(|(_, line)| is_ours(line));
        if ours {
            self.lines.finish();
        }
        ours
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

fn is_ours(line: &[u8]) -> bool {
    entry(line).is_some_and(|entry| entry.ours)
}

/// What is left of a line without what is ours; `None` if nothing of it is.
fn what_is_left(line: &[u8]) -> Option<&[u8]> {
    without_ours(line, HOSTS_MARK, is_ours, |rest| entry(rest).is_some_and(|entry| entry.address.is_some()))
}

fn line_for((address, name): &(IpAddr, String)) -> Vec<u8> {
    format!("{address}  {name}  {HOSTS_MARK}").into_bytes()
}
