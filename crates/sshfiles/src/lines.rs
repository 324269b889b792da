//! Bytes as lines, and back without loss.
//!
//! A line ends at LF. A CR before it belongs to the line's own text, so CRLF files survive as they are.
//! A file whose last line lacks its LF keeps lacking it until a line is put below that one: then both get
//! theirs. Whoever appends to the file next, such as `cat key >> file`, must neither be glued to our line nor
//! ours to the user's. Removing what was appended leaves the LF.

/// The lines of a file, in order, each with a stable number of its own.
///
/// Removing a line leaves a gap, so the other ids stay valid. Only [`Lines::insert`] moves them.
#[derive(Clone, Debug)]
pub struct Lines {
    slots: Vec<Option<Vec<u8>>>,
    /// Ids of the gaps, ascending.
    gaps: Vec<usize>,
    final_newline: bool,
}

impl Lines {
    /// Splits any bytes into lines.
    pub fn parse(bytes: &[u8]) -> Self {
        let final_newline = bytes.is_empty() || bytes.ends_with(b"\n");
        let body = bytes.strip_suffix(b"\n").unwrap_or(bytes);
        let slots = if bytes.is_empty() {
            Vec::new()
        } else {
            body.split(|byte| *byte == b'\n').map(|line| Some(line.to_vec())).collect()
        };
        Self { slots, gaps: Vec::new(), final_newline }
    }

    /// The bytes of the file.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.iter().map(|(_, line)| line.len() + 1).sum());
        for (_, line) in self.iter() {
            bytes.extend_from_slice(line);
            bytes.push(b'\n');
        }
        // An empty line is nothing but its LF: without it, it would be lost.
        let last = self.iter().next_back();
        if !self.final_newline && last.is_some_and(|(_, line)| !line.is_empty()) {
            bytes.pop();
        }
        bytes
    }

    /// Every line with its id, without its LF.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (usize, &[u8])> {
        self.slots.iter().enumerate().filter_map(|(id, slot)| slot.as_deref().map(|line| (id, line)))
    }

    /// How many lines there are.
    pub fn len(&self) -> usize {
        self.slots.len() - self.gaps.len()
    }

    /// Whether there is no line at all.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The line with this id, without its LF; nothing if it was removed.
    pub fn get(&self, id: usize) -> Option<&[u8]> {
        self.slots.get(id)?.as_deref()
    }

    /// The id that the next appended line gets.
    pub fn end(&self) -> usize {
        self.slots.len()
    }

    /// The number an editor would show for the line with this id, from 1.
    pub fn number(&self, id: usize) -> usize {
        id + 1 - self.gaps.partition_point(|gap| *gap < id)
    }

    /// Appends a line and returns its id. `line` holds no LF; the file ends in one from now on.
    pub fn push(&mut self, line: Vec<u8>) -> usize {
        // An LF inside would become two lines at the next reading.
        debug_assert!(!line.contains(&b'\n'));
        self.slots.push(Some(line));
        self.final_newline = true;
        self.slots.len() - 1
    }

    /// Puts a line before the line or gap with this id, whose id and all later ones grow by one. `line` holds
    /// no LF. Where no line follows it, the file ends in LF from now on.
    pub fn insert(&mut self, id: usize, line: Vec<u8>) {
        debug_assert!(!line.contains(&b'\n'));
        let id = id.min(self.slots.len());
        for gap in self.gaps.iter_mut().filter(|gap| **gap >= id) {
            *gap += 1;
        }
        self.slots.insert(id, Some(line));
        self.final_newline |= self.slots.iter().skip(id + 1).all(Option::is_none);
    }

    /// Gives the line with this id another text, which holds no LF. A gap stays one.
    pub fn replace(&mut self, id: usize, line: Vec<u8>) {
        debug_assert!(!line.contains(&b'\n'));
        if let Some(Some(slot)) = self.slots.get_mut(id) {
            *slot = line;
        }
    }

    /// The last line with its id, if it does not end in LF.
    pub fn unfinished(&self) -> Option<(usize, &[u8])> {
        if self.final_newline { None } else { self.iter().next_back() }
    }

    /// Ends the last line in LF.
    pub fn finish(&mut self) {
        self.final_newline = true;
    }

    /// Gives lines another text, which holds no LF; where it is empty, the line goes. Returns how many lines changed.
    pub fn rewrite(&mut self, mut text: impl FnMut(&[u8]) -> Option<Vec<u8>>) -> usize {
        let changes: Vec<(usize, Vec<u8>)> =
            self.iter().filter_map(|(id, line)| Some((id, text(line)?))).collect();
        let count = changes.len();
        for (id, line) in changes {
            if line.is_empty() {
                self.remove(id);
            } else {
                self.replace(id, line);
            }
        }
        count
    }

    /// Removes the line with this id. Returns whether it was there.
    pub fn remove(&mut self, id: usize) -> bool {
        let Some(slot) = self.slots.get_mut(id) else { return false };
        if slot.take().is_none() {
            return false;
        }
        let at = self.gaps.partition_point(|gap| *gap < id);
        self.gaps.insert(at, id);
        true
    }
}
