//! The new content of a file. Of a large one that stays as it is but for a few lines only these are kept and sent: the node has
//! the rest.

use std::sync::Arc;

use sshfiles::ShellProfile;

use crate::observe::FileBytes;

/// What stays has to be so large, in bytes, that it is worth to be left where it is.
const WORTH: usize = 1 << 10;

/// The new content of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// These bytes.
    Bytes(Arc<Vec<u8>>),
    /// What it has, with a part of it replaced.
    Spliced(Splice),
    /// Nothing: the file goes.
    Gone,
    /// A profile with the exports of an agent that is yet to be started: its process number is known only then.
    Profile {
        /// The profile as it is.
        old: FileBytes,
        /// The agent's socket.
        socket: String,
    },
}

/// A content that another one becomes when one part of it is replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Splice {
    /// What the file has.
    pub old: FileBytes,
    /// So many bytes of it stay in front.
    pub at: usize,
    /// What is behind this offset stays too.
    pub from: usize,
    /// What comes in between.
    pub new: Arc<Vec<u8>>,
    /// The checksum of the whole, as cksum(1) computes it.
    pub sum: u32,
}

impl Splice {
    /// How large the whole is, in bytes.
    #[must_use]
    pub fn length(&self) -> usize {
        self.at + self.new.len() + self.old.len().saturating_sub(self.from)
    }

    fn whole(&self) -> Vec<u8> {
        let (front, back) = (self.old.get(..self.at), self.old.get(self.from..));
        [front.unwrap_or_default(), &self.new, back.unwrap_or_default()].concat()
    }
}

impl Content {
    /// What a file gets that is to have these bytes.
    #[must_use]
    pub fn of(old: &FileBytes, bytes: Vec<u8>) -> Self {
        let same = |(a, b): &(&u8, &u8)| a == b;
        let at = old.iter().zip(&bytes).take_while(same).count();
        let (rest, middle) = (old.get(at..).unwrap_or_default(), bytes.get(at..).unwrap_or_default());
        let back = rest.iter().rev().zip(middle.iter().rev()).take_while(same).count();
        if at + back < WORTH {
            return Self::Bytes(Arc::new(bytes));
        }
        let new = middle.get(..middle.len() - back).unwrap_or_default().to_vec();
        let (from, sum) = (old.len() - back, cksum(&bytes));
        Self::Spliced(Splice { old: old.clone(), at, from, new: Arc::new(new), sum })
    }

    /// Whether the file has it already.
    #[must_use]
    pub(crate) fn is(&self, old: &FileBytes) -> bool {
        match self {
            Self::Bytes(bytes) => **old == ***bytes,
            Self::Spliced(splice) => splice.old == *old && splice.at == splice.from && splice.new.is_empty(),
            Self::Gone | Self::Profile { .. } => false,
        }
    }

    /// The bytes, once the agent's process number is known.
    #[must_use]
    pub fn render(&self, agent_pid: &str) -> Arc<Vec<u8>> {
        match self {
            Self::Bytes(bytes) => bytes.clone(),
            Self::Spliced(splice) => Arc::new(splice.whole()),
            Self::Gone => Arc::default(),
            Self::Profile { old, socket } => {
                let mut profile = ShellProfile::parse(old);
                profile.set_agent(socket, agent_pid);
                Arc::new(profile.to_bytes())
            }
        }
    }
}

/// The polynomial of POSIX's cksum.
const POLYNOMIAL: u32 = 0x04c1_1db7;
/// By the byte that leaves the register.
const STEPS: [u32; 256] = steps();

const fn steps() -> [u32; 256] {
    let mut steps = [0; 256];
    let (mut byte, mut first) = (0, 0u32);
    while byte < 256 {
        let mut register = first << 24;
        let mut bit = 0;
        while bit < 8 {
            register = if register >> 31 == 1 { (register << 1) ^ POLYNOMIAL } else { register << 1 };
            bit += 1;
        }
        steps[byte] = register;
        byte += 1;
        first += 1;
    }
    steps
}

/// The checksum that POSIX's cksum prints: every node has that one.
fn cksum(bytes: &[u8]) -> u32 {
    let step = |register: u32, byte: u8| {
        let [leaves, ..] = register.to_be_bytes();
        (register << 8) ^ STEPS.get(usize::from(leaves ^ byte)).copied().unwrap_or_default()
    };
    let register = bytes.iter().copied().fold(0, step);
    // Its length follows, the lowest byte first, as long as there is one.
    let length = bytes.len().to_le_bytes();
    let end = length.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    !length.into_iter().take(end).fold(register, step)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn checksums_are_those_of_cksum() {
        // As coreutils print them.
        let cases: [(&[u8], u32); 4] = [
            (b"", 4_294_967_295),
            (b"123456789", 930_766_865),
            (b"a", 1_220_704_766),
            (b"\0", 4_215_202_376),
        ];
        for (bytes, sum) in cases {
            assert_eq!(cksum(bytes), sum, "{bytes:?}");
        }
    }

    #[test]
    fn only_what_is_new_is_kept_of_a_large_file() {
        let large: Vec<u8> = (0..200).flat_map(|line| format!("line {line}\n").into_bytes()).collect();
        let half = large.len() / 2;
        let with = |middle: &[u8]| [&large[..half], middle, &large[half..]].concat();
        // Before, after, what is kept of it; None: all.
        type Case<'a> = (Vec<u8>, Vec<u8>, Option<&'a [u8]>);
        let cases: [Case<'_>; 9] = [
            (large.clone(), [&large[..], b"more\n"].concat(), Some(b"more\n")),
            (large.clone(), [b"more\n", &large[..]].concat(), Some(b"more\n")),
            (with(b"AAA"), with(b"BBBB"), Some(b"BBBB")),
            (with(b"AAA"), large.clone(), Some(b"")),
            (large.clone(), large.clone(), Some(b"")),
            // A part that comes twice is not counted twice.
            (large.clone(), [&large[..], &large[..]].concat(), Some(&large)),
            ([&large[..], &large[..]].concat(), large.clone(), Some(b"")),
            (b"small\n".to_vec(), b"small\nmore\n".to_vec(), None),
            (large.clone(), b"another\n".to_vec(), None),
        ];
        for (number, (old, new, wanted)) in cases.into_iter().enumerate() {
            let old = FileBytes::from(old);
            let content = Content::of(&old, new.clone());
            assert_eq!(*content.render(""), new, "{number}");
            assert_eq!(content.is(&old), *old == *new, "{number}");
            let kept = match &content {
                Content::Spliced(splice) => {
                    assert_eq!((splice.length(), splice.sum), (new.len(), cksum(&new)), "{number}");
                    Some(splice.new.as_slice())
                }
                _ => None,
            };
            assert_eq!(kept, wanted, "{number}");
        }
    }

    proptest! {
        #[test]
        fn it_is_always_what_it_should_be(
            front in proptest::collection::vec(any::<u8>(), 0..1500),
            old in proptest::collection::vec(0u8..3, 0..20),
            new in proptest::collection::vec(0u8..3, 0..20),
            back in proptest::collection::vec(0u8..3, 0..20),
        ) {
            let (old, new) = ([&front[..], &old, &back].concat(), [&front[..], &new, &back].concat());
            let old = FileBytes::from(old);
            let content = Content::of(&old, new.clone());
            prop_assert_eq!(&*content.render(""), &new);
            prop_assert_eq!(content.is(&old), *old == *new);
        }
    }
}
