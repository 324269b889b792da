//! What a node says of the end of a change.

use crate::inventory::NodeSpec;
use crate::text::printable;

/// A file that was not simply put back, because somebody has edited it since.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Remnant {
    /// Only what the run had written was taken out of it; the edit stays. The path, safe to show.
    Merged(String),
    /// It stays as it is. The path, safe to show.
    Left(String),
}

impl Remnant {
    pub(super) fn parse(output: &[u8]) -> Vec<Self> {
        let line = |line: &[u8]| match word(line)? {
            ("merged", path) => Some(Self::Merged(path)),
            ("left", path) => Some(Self::Left(path)),
            _ => None,
        };
        output.split(|byte| *byte == b'\n').filter_map(line).collect()
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &str {
        match self {
            Self::Merged(path) | Self::Left(path) => path,
        }
    }
}

/// What somebody wrote into a file at the very moment at which it was replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Late {
    /// It was carried over into the new file. The path, safe to show.
    Carried(String),
    /// It stands in this file beside the new one. The path, safe to show.
    Saved(String),
}

/// A change that stands on a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Committed {
    /// That is on the disk: no power cut takes it back.
    pub durable: bool,
    /// What was not lost on the way.
    pub late: Vec<Late>,
}

impl Committed {
    /// `None` if the node did not claim the decision.
    pub(super) fn parse(output: &[u8]) -> Option<Self> {
        let lines: Vec<&[u8]> = output.split(|byte| *byte == b'\n').collect();
        let late = |line: &&[u8]| match word(line)? {
            ("late", path) => Some(Late::Carried(path)),
            ("saved", path) => Some(Late::Saved(path)),
            _ => None,
        };
        let durable = lines.contains(&&b"decided"[..]);
        lines
            .contains(&&b"claimed"[..])
            .then(|| Self { durable, late: lines.iter().filter_map(late).collect() })
    }
}

/// A node that has voted on a change and has not heard what was decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// The run.
    pub run: String,
    /// The node whose word counts; `None`: its own.
    pub decider: Option<NodeSpec>,
}

/// What an earlier run had left on a node.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Recovered {
    /// It was undone just now.
    pub undone: bool,
    /// It waits for a decision.
    pub waiting: Option<Waiting>,
    /// There is a journal that says too little to be judged, and it stays.
    pub unjudged: bool,
    /// Files that somebody has edited since.
    pub remnants: Vec<Remnant>,
}

impl Recovered {
    pub(super) fn parse(output: &[u8]) -> Self {
        let text = String::from_utf8_lossy(output);
        let waiting = text.lines().find_map(|line| {
            let mut words = line.strip_prefix("prepared ")?.split(' ');
            let run = words.next()?.to_owned();
            let decider = words.next().zip(words.next());
            let decider = decider
                .and_then(|(ip, port)| Some(NodeSpec { ip: ip.parse().ok()?, port: port.parse().ok()? }));
            Some(Waiting { run, decider })
        });
        let says = |word: &str| text.lines().any(|line| line == word);
        let remnants = Remnant::parse(output);
        Self { undone: says("recovered"), waiting, unjudged: says("unjudged"), remnants }
    }
}

/// A word, and the path after it.
fn word(line: &[u8]) -> Option<(&str, String)> {
    let blank = line.iter().position(|byte| *byte == b' ')?;
    let (word, path) = line.split_at_checked(blank)?;
    Some((std::str::from_utf8(word).ok()?, printable(path.get(1..)?)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_nodes_say() {
        let remnants = Remnant::parse(b"noise\nmerged /root/.ssh/authorized keys\nleft /etc/hosts\n");
        let wanted = [
            Remnant::Merged("/root/.ssh/authorized keys".to_owned()),
            Remnant::Left("/etc/hosts".to_owned()),
        ];
        assert_eq!(remnants, wanted);
        assert_eq!(Committed::parse(b""), None);
        assert_eq!(Committed::parse(b"claimed\n"), Some(Committed { durable: false, late: Vec::new() }));
        let late = vec![Late::Carried("/a".to_owned()), Late::Saved("/b.gs_sshexkey-saved".to_owned())];
        let said = b"claimed\ndecided\nlate /a\nsaved /b.gs_sshexkey-saved\n";
        assert_eq!(Committed::parse(said), Some(Committed { durable: true, late }));
        let own = Recovered::parse(b"prepared 0af1 \nrecovered\n");
        let waiting = Some(Waiting { run: "0af1".to_owned(), decider: None });
        assert_eq!(own, Recovered { undone: true, waiting, ..Recovered::default() });
        let decider = Some(NodeSpec { ip: [10, 0, 0, 1].into(), port: 2222 });
        let other = Recovered::parse(b"prepared 0af1 10.0.0.1 2222\n");
        assert_eq!(other.waiting, Some(Waiting { run: "0af1".to_owned(), decider }));
        assert_eq!(Recovered::parse(b""), Recovered::default());
    }

    proptest! {
        #[test]
        fn any_bytes_are_read(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let said = [b"prepared ", &bytes[..], b"\nmerged ", &bytes[..], b"\nclaimed\n"].concat();
            let _ = (Recovered::parse(&said), Committed::parse(&said), Remnant::parse(&said));
        }
    }
}
