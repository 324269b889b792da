//! `~/.ssh/config`, as in ssh_config(5): the user's text and one block of ours above it.

mod entries;
mod render;

use std::ops::Range;

pub use self::render::HostEntry;

const BEGIN: &str = "# BEGIN gs_sshexkey";
const END: &str = "# END gs_sshexkey";
const BEGIN_LINE: &str =
    "# BEGIN gs_sshexkey: written by gs_sshexkey, what you change down to the END line is lost";
/// Opens the scope of all hosts again, so that the user's first lines mean what they meant before.
const GLOBAL_SCOPE: &str = "Match all";

/// A user's configuration of ssh.
///
/// Our block is a line that starts with `# BEGIN gs_sshexkey`, the body, `Match all`, and a line that starts
/// with `# END gs_sshexkey`. It stands at the very top, because ssh takes the first value it finds. Our lines
/// end in LF; ssh ignores a CR at the end of the others.
///
/// A mark without its partner marks nothing: the lines near it count as the user's and only the mark itself
/// goes with the next edit. Of several whole blocks the first is *the* block; an edit leaves one.
#[derive(Clone, Debug)]
pub struct SshConfig {
    bytes: Vec<u8>,
}

/// What a line is to us.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Begin,
    End,
    Other,
}

/// Where the lines of ours are, as ranges of bytes, ascending and not touching the user's.
#[derive(Default)]
struct Ours {
    /// Whole blocks with both marks, and single marks.
    all: Vec<Range<usize>>,
    /// Between the marks of the first whole block.
    body: Option<Range<usize>>,
}

impl SshConfig {
    /// Reads any bytes.
    pub fn parse(bytes: &[u8]) -> Self {
        Self { bytes: bytes.to_vec() }
    }

    /// The bytes of the file.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.bytes.clone()
    }

    /// The body of our block, as it was given to [`SshConfig::set_block`].
    pub fn block(&self) -> Option<&[u8]> {
        let body = self.bytes.get(find_ours(&self.bytes).body?)?;
        Some(without_last_scope(body))
    }

    /// Makes `body` the one block of ours, at the very top. Returns whether a byte changed. An empty body
    /// removes the block. Lines of the body that look like our marks are left out.
    pub fn set_block(&mut self, body: &str) -> bool {
        if body.trim().is_empty() {
            return self.remove_block();
        }
        let mut bytes = format!("{BEGIN_LINE}\n").into_bytes();
        for line in without_last_scope(body.as_bytes()).split_inclusive(|byte| *byte == b'\n') {
            if kind(line) == Kind::Other {
                bytes.extend_from_slice(line.strip_suffix(b"\n").unwrap_or(line));
                bytes.push(b'\n');
            }
        }
        bytes.extend_from_slice(format!("{GLOBAL_SCOPE}\n{END}\n").as_bytes());
        bytes.extend(self.user_text());
        self.replace(bytes)
    }

    /// Whether there is a block of ours, or a mark of ours that stands alone.
    pub fn has_ours(&self) -> bool {
        !find_ours(&self.bytes).all.is_empty()
    }

    /// Removes our block, and marks of ours that stand alone. Returns whether a byte changed.
    pub fn remove_block(&mut self) -> bool {
        let bytes = self.user_text();
        self.replace(bytes)
    }

    fn user_text(&self) -> Vec<u8> {
        let mut text = Vec::with_capacity(self.bytes.len());
        let mut start = 0;
        for range in find_ours(&self.bytes).all {
            text.extend_from_slice(self.bytes.get(start..range.start).unwrap_or_default());
            start = range.end;
        }
        text.extend_from_slice(self.bytes.get(start..).unwrap_or_default());
        text
    }

    fn replace(&mut self, bytes: Vec<u8>) -> bool {
        let changed = bytes != self.bytes;
        self.bytes = bytes;
        changed
    }
}

fn kind(line: &[u8]) -> Kind {
    let is = |mark: &str| {
        let rest = line.trim_ascii().strip_prefix(mark.as_bytes());
        rest.is_some_and(|rest| rest.first().is_none_or(|byte| *byte == b':' || byte.is_ascii_whitespace()))
    };
    match (is(BEGIN), is(END)) {
        (true, _) => Kind::Begin,
        (_, true) => Kind::End,
        _ => Kind::Other,
    }
}

fn find_ours(bytes: &[u8]) -> Ours {
    let mut ours = Ours::default();
    // A begin mark that still waits for its end.
    let mut open: Option<Range<usize>> = None;
    let mut at = 0;
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        let here = at..at + line.len();
        at = here.end;
        match (kind(line), open.take()) {
            (Kind::Begin, alone) => {
                ours.all.extend(alone);
                open = Some(here);
            }
            (Kind::End, Some(begin)) => {
                ours.body.get_or_insert(begin.end..here.start);
                ours.all.push(begin.start..here.end);
            }
            (Kind::End, None) => ours.all.push(here),
            (Kind::Other, waiting) => open = waiting,
        }
    }
    ours.all.extend(open);
    ours
}

/// The body without a closing `Match all`.
fn without_last_scope(body: &[u8]) -> &[u8] {
    let trimmed = body.trim_ascii_end();
    let start = trimmed.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    match trimmed.split_at_checked(start) {
        Some((before, last)) if last.eq_ignore_ascii_case(GLOBAL_SCOPE.as_bytes()) => before,
        _ => body,
    }
}
