//! The files that a shell reads when it starts, as in bash(1): two exports of ours in the user's shell code, or a job.

use crate::job::{is_job, is_only_job, job_ids};
use crate::lines::Lines;

const SOCK: &str = "SSH_AUTH_SOCK";
const PID: &str = "SSH_AGENT_PID";
/// Where openGauss keeps the agent's socket below the home directory.
const SOCKET_PLACE: &str = "/gaussdb_tmp/gauss_socket_tmp";

/// What a user's shell runs when it starts.
///
/// Ours are `export SSH_AUTH_SOCK=...` with the path of our agent's socket and the `export SSH_AGENT_PID=...`
/// directly below it, both at the start of their lines: an indented export is part of some code of the
/// user's. Values may be quoted. Our lines end in LF.
#[derive(Clone, Debug)]
pub struct ShellProfile {
    lines: Lines,
}

/// Our exports, by line id.
struct Pair {
    sock: usize,
    socket: String,
    pid: Option<(usize, String)>,
}

impl ShellProfile {
    /// Reads any bytes.
    pub fn parse(bytes: &[u8]) -> Self {
        Self { lines: Lines::parse(bytes) }
    }

    /// The bytes of the file.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.lines.to_bytes()
    }

    /// The agent's socket and process id, from our exports. Only a socket at openGauss's place is recognised.
    pub fn agent(&self) -> Option<(String, String)> {
        self.pairs(None).into_iter().find_map(|pair| Some((pair.socket, pair.pid?.1)))
    }

    /// Sees to it that there is one export of ours for each variable. Returns whether a byte changed.
    ///
    /// Exports in place are updated there. New ones go to the end, unless a line might leave the file early
    /// (the word `return`, `exit` or `exec` in it, as in Debian's guard for shells that are not interactive)
    /// or the last line is not finished: then they go below the comment that opens the file, above all code.
    /// Exports below an early leave are moved there too. Nothing happens if a value holds a control character
    /// or a single quote. If the last line is one of ours that does not end, as older versions left it, it is
    /// ended.
    pub fn set_agent(&mut self, socket: &str, pid: &str) -> bool {
        let (Some(sock_line), Some(pid_line)) = (export(SOCK, socket), export(PID, pid)) else {
            return false;
        };
        let pairs = self.pairs(Some(socket));
        let leave = self.early_leave(&pairs);
        let in_place = pairs.first().filter(|pair| leave.is_none_or(|leave| pair.sock < leave));
        let right =
            |pair: &Pair| pair.socket == socket && pair.pid.as_ref().is_some_and(|(_, known)| known == pid);
        if pairs.len() == 1 && in_place.is_some_and(right) {
            return self.end_ours(&pairs);
        }
        let in_place = in_place.map(|pair| pair.sock);
        let before = self.to_bytes();
        self.remove(&pairs);
        self.put(in_place, leave, [sock_line, pid_line]);
        self.end_ours(&[]);
        self.to_bytes() != before
    }

    /// Puts lines of ours at a place, or else where the shell reads them for sure.
    fn put<const N: usize>(&mut self, place: Option<usize>, leave: Option<usize>, lines: [Vec<u8>; N]) {
        match place.or_else(|| self.needs_top(leave).then(|| self.top())) {
            // Each goes before the one put there last, so the last comes first.
            Some(id) => lines.into_iter().rev().for_each(|line| self.lines.insert(id, line)),
            None => lines.into_iter().for_each(|line| {
                self.lines.push(line);
            }),
        }
    }

    /// Whether there is a job of ours.
    pub fn has_job(&self) -> bool {
        !job_ids(&self.lines).is_empty()
    }

    /// Sees to it that this line is the one job of ours, at the place where [`Self::set_agent`] would put a line.
    /// Returns whether a byte changed.
    pub fn set_job(&mut self, job: &str) -> bool {
        if is_only_job(&self.lines, job) {
            return self.end_ours(&self.pairs(None));
        }
        self.remove_job();
        let leave = self.early_leave(&[]);
        self.put(None, leave, [job.as_bytes().to_vec()]);
        self.end_ours(&self.pairs(None));
        true
    }

    /// Removes our jobs. Returns how many.
    pub fn remove_job(&mut self) -> usize {
        let ours = job_ids(&self.lines);
        ours.into_iter().filter(|id| self.lines.remove(*id)).count()
    }

    /// Whether there are exports or a job of ours.
    pub fn has_ours(&self) -> bool {
        self.has_job() || !self.pairs(None).is_empty()
    }

    /// The numbers, from 1, of lines that name the agent's socket and are not ours to remove: they are part of some code
    /// of the user's. Comments are passed over.
    pub fn names_agent(&self) -> Vec<usize> {
        let pairs = self.pairs(None);
        let names =
            |line: &[u8]| line.windows(SOCKET_PLACE.len()).any(|text| text == SOCKET_PLACE.as_bytes());
        let lines =
            self.lines.iter().filter(|(id, line)| names(line) && !is_comment(line) && !has_line(&pairs, *id));
        lines.map(|(id, _)| self.lines.number(id)).collect()
    }

    /// Removes our exports. Returns whether there were any. Only a socket at openGauss's place is recognised.
    pub fn remove_agent(&mut self) -> bool {
        let pairs = self.pairs(None);
        self.remove(&pairs);
        !pairs.is_empty()
    }

    /// Our exports, in order. `socket` counts as ours wherever it is.
    fn pairs(&self, socket: Option<&str>) -> Vec<Pair> {
        let mut pairs = Vec::new();
        let mut lines = self.lines.iter().peekable();
        while let Some((sock, line)) = lines.next() {
            let Some(value) = exported(line, SOCK) else { continue };
            if Some(value.as_str()) != socket && !value.ends_with(SOCKET_PLACE) {
                continue;
            }
            let pid = lines.peek().and_then(|(id, next)| Some((*id, exported(next, PID)?)));
            pairs.push(Pair { sock, socket: value, pid });
        }
        pairs
    }

    /// Ends the last line, if it is a job of ours or one of these exports. Returns whether a byte changed.
    fn end_ours(&mut self, pairs: &[Pair]) -> bool {
        let ours = self.lines.unfinished().is_some_and(|(id, line)| has_line(pairs, id) || is_job(line));
        if ours {
            self.lines.finish();
        }
        ours
    }

    fn remove(&mut self, pairs: &[Pair]) {
        for pair in pairs {
            self.lines.remove(pair.sock);
            if let Some((id, _)) = &pair.pid {
                self.lines.remove(*id);
            }
        }
    }

    /// The first line of the user's after which the shell may not read on.
    fn early_leave(&self, ours: &[Pair]) -> Option<usize> {
        let leaves = |id, line: &[u8]| may_leave(line) && !has_line(ours, id) && !is_job(line);
        self.lines.iter().find(|(id, line)| leaves(*id, line)).map(|(id, _)| id)
    }

    /// Whether lines at the end of the file might not be read as lines of their own.
    fn needs_top(&self, leave: Option<usize>) -> bool {
        let unfinished = |line: &[u8]| !is_comment(line) && line.ends_with(b"\\");
        leave.is_some() || self.lines.iter().next_back().is_some_and(|(_, line)| unfinished(line))
    }

    /// The line below the comment that opens the file, a `#!` line included.
    fn top(&self) -> usize {
        self.lines.iter().find(|(_, line)| !is_comment(line)).map_or(0, |(id, _)| id)
    }
}

/// Whether a line is one of these exports.
fn has_line(pairs: &[Pair], id: usize) -> bool {
    pairs.iter().any(|pair| pair.sock == id || pair.pid.as_ref().is_some_and(|(pid, _)| *pid == id))
}

/// The line that exports a variable; nothing if the value cannot be written on one line.
fn export(variable: &str, value: &str) -> Option<Vec<u8>> {
    if value.chars().any(|c| c.is_control() || c == '\'') {
        return None;
    }
    let quote = if value.bytes().all(is_plain) { "" } else { "'" };
    Some(format!("export {variable}={quote}{value}{quote}").into_bytes())
}

/// The value that a line exports, if it does that and nothing else. Expansions are not carried out.
fn exported(line: &[u8], variable: &str) -> Option<String> {
    let text = std::str::from_utf8(line).ok()?.strip_prefix("export")?;
    let value =
        text.strip_prefix([' ', '\t'])?.trim_start().strip_prefix(variable)?.strip_prefix('=')?.trim_end();
    let inner = ['"', '\''].into_iter().find_map(|quote| {
        let inner = value.strip_prefix(quote)?.strip_suffix(quote)?;
        (!inner.contains(quote)).then_some(inner)
    });
    match inner {
        Some(inner) => Some(inner.to_owned()),
        None if value.bytes().all(|byte| is_plain(byte) || b"~${}".contains(&byte)) => Some(value.to_owned()),
        None => None,
    }
}

/// Whether the shell takes a byte as it is.
fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"/._-+:,@%=".contains(&byte) || !byte.is_ascii()
}

fn is_comment(line: &[u8]) -> bool {
    line.trim_ascii_start().starts_with(b"#")
}

fn may_leave(line: &[u8]) -> bool {
    let mut words = line.split(|byte| !byte.is_ascii_alphanumeric() && *byte != b'_');
    !is_comment(line) && words.any(|word| matches!(word, b"return" | b"exit" | b"exec"))
}
