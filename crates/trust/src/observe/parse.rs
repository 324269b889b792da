//! Reads what the observation script printed. Total: a node may send anything.

use std::collections::BTreeMap;

use sshfiles::{AuthorizedKeys, PublicKey, SshdConfig};

use super::algorithms::accepted_algorithms;
use super::contents::{Contents, FileBytes, Promise};
use super::keepalive::KeepaliveState;
use super::state::{AgentState, Entry, EntryKind, NodeState, SshClient};
use super::{Glance, ObserveError};
use crate::bounds::NodeClock;
use crate::inventory::NodeSpec;
use crate::machine::{MachineId, is_posix_shell};
use crate::place::Place;

/// Stands for "file" where the digest of the content came in its place.
const DIGEST: &str = "sha256";
/// Longest host name of DNS.
const LONGEST_NAME: usize = 253;

/// What an observation script printed, taken apart.
#[derive(Debug, Default)]
pub struct Frames<'a> {
    facts: BTreeMap<&'a str, &'a [u8]>,
    entries: BTreeMap<String, Entry>,
    /// Of some files only the digest came.
    promised: BTreeMap<String, Promise>,
}

impl<'a> Frames<'a> {
    /// Takes the output apart. Lines that start with the token separate the frames; no content can contain it.
    #[must_use]
    pub fn parse(output: &'a [u8], token: &str) -> Self {
        let mut frames = Self::default();
        let mark = format!("\n{token} ");
        let mut rest = output;
        while let Some(start) = find(rest, mark.as_bytes()) {
            let Some(after) = rest.get(start + mark.len()..) else { break };
            let Some(end) = find(after, mark.as_bytes()) else { break };
            let (frame, next) = after.split_at(end);
            frames.add(frame);
            // The closing line has nothing to say.
            rest = next.get(mark.len()..).unwrap_or_default();
        }
        frames
    }

    fn add(&mut self, frame: &'a [u8]) {
        let (head, body) = split_line(frame);
        let Ok(head) = std::str::from_utf8(head) else { return };
        let words: Vec<&str> = head.split(' ').collect();
        match words.as_slice() {
            ["fact", name] => {
                self.facts.insert(name, body);
            }
            ["entry", id, kind, link, mode, uid, gid, stamp] => {
                let (path, mut bytes) = split_line(body);
                if *kind == DIGEST {
                    self.promised.insert((*id).to_owned(), Promise::read(bytes));
                    bytes = &[];
                }
                let entry = Entry {
                    kind: kind_of(kind),
                    path: String::from_utf8_lossy(path).into_owned(),
                    link_owner: link.parse().ok(),
                    mode: u32::from_str_radix(mode, 8).unwrap_or(0),
                    uid: uid.parse().unwrap_or(0),
                    gid: gid.parse().unwrap_or(0),
                    stamp: if *stamp == "-" { String::new() } else { (*stamp).to_owned() },
                    bytes: bytes.into(),
                };
                self.entries.insert((*id).to_owned(), entry);
            }
            _ => {}
        }
    }

    /// The files of which only the digest came: the script's word for each, and its path.
    #[must_use]
    pub fn promised(&self) -> Vec<(String, String, Promise)> {
        let path = |id: &String| self.entries.get(id).map(|entry| entry.path.clone());
        let all = self.promised.iter().filter_map(|(id, said)| Some((id.clone(), path(id)?, said.clone())));
        all.collect()
    }

    /// Puts the content in place that was promised. What does not keep the promise is not taken.
    pub fn keep(&mut self, id: &str, bytes: &FileBytes) {
        let Some(entry) = self.entries.get_mut(id) else { return };
        if self.promised.get(id).is_some_and(|promise| promise.is_kept_by(bytes)) {
            entry.bytes = bytes.clone();
            self.promised.remove(id);
        }
    }

    /// Puts a file in place as it was read later: meanwhile it has become another one.
    pub fn replace(&mut self, id: &str, now: Entry) {
        if let Some(old) = self.entries.get_mut(id) {
            // It was read where the link led to.
            *old = Entry { link_owner: old.link_owner, ..now };
            self.promised.remove(id);
        }
    }

    /// Has its contents held together with those of other nodes.
    pub fn share(&mut self, contents: &mut Contents) {
        self.entries.values_mut().for_each(|entry| entry.bytes = contents.hold(&entry.bytes));
    }

    /// The bytes of a fact, if the script printed it.
    pub(crate) fn raw_fact(&self, name: &str) -> Option<&'a [u8]> {
        self.facts.get(name).copied()
    }

    fn fact(&self, name: &'static str) -> Result<String, ObserveError> {
        let bytes = self.facts.get(name).ok_or(ObserveError::Incomplete(name))?;
        Ok(String::from_utf8_lossy(bytes).trim().to_owned())
    }

    /// Puts the frames together; `keepalive`: those of its script are among them.
    ///
    /// # Errors
    /// [`ObserveError::Incomplete`] if the node did not tell what every node tells.
    pub fn into_state(
        mut self,
        spec: NodeSpec,
        user: &str,
        keepalive: bool,
    ) -> Result<NodeState, ObserveError> {
        if !self.promised.is_empty() {
            return Err(ObserveError::Incomplete("files"));
        }
        let entries = std::mem::take(&mut self.entries);
        let mut entries: BTreeMap<Place, Entry> =
            entries.into_iter().filter_map(|(word, entry)| Some((Place::named(&word)?, entry))).collect();
        let raw = |name: &str| self.facts.get(name).copied().unwrap_or_default();
        let keepalive = keepalive.then(|| KeepaliveState::take(raw, &mut entries, user));
        let ids = self.fact("ids")?;
        let (uid, gid) = ids.split_once(' ').ok_or(ObserveError::Incomplete("ids"))?;
        let Glance { hostname, ssh, clock, machine, posix_shell, .. } = self.glance()?;
        Ok(NodeState {
            spec,
            user: user.to_owned(),
            uid: uid.parse().map_err(|_| ObserveError::Incomplete("ids"))?,
            gid: gid.parse().map_err(|_| ObserveError::Incomplete("ids"))?,
            home: self.fact("home")?,
            hostname,
            system: self.fact("system")?,
            ssh,
            missing: self.fact("missing")?.split_whitespace().map(str::to_owned).collect(),
            authorized_keys_files: authorized_keys_files(raw("sshd")),
            accepted_algorithms: accepted_algorithms(raw("sshd")),
            clock,
            machine,
            posix_shell,
            agent: agent(&self.fact("agent")?),
            host_keys: Vec::new(),
            keepalive,
            entries,
        })
    }

    fn glance(&self) -> Result<Glance, ObserveError> {
        let hostname = self.fact("hostname")?;
        if hostname.is_empty() || hostname.len() > LONGEST_NAME {
            return Err(ObserveError::Incomplete("hostname"));
        }
        let version = ssh_version(&self.fact("ssh")?);
        let ssh = SshClient { version, fips: self.fact("fips")? == "1" };
        let raw = |name: &str| self.facts.get(name).copied().unwrap_or_default();
        let lines = AuthorizedKeys::parse(raw("ends"));
        let ends = lines.entries().filter(|line| line.ours).filter_map(|line| line.bounds.expiry).collect();
        let clock = NodeClock::read(&String::from_utf8_lossy(raw("clock")));
        let (machine, posix_shell) = machine(&String::from_utf8_lossy(raw("machine")));
        Ok(Glance { hostname, ssh, clock, machine, posix_shell, ends })
    }

    /// The least that has to be known.
    ///
    /// # Errors
    /// [`ObserveError::Incomplete`].
    pub fn into_glance(self) -> Result<Glance, ObserveError> {
        self.glance()
    }

    /// The entries alone, by the words of the script. One whose content was promised and did not come is not among them.
    #[must_use]
    pub fn into_entries(mut self) -> BTreeMap<String, Entry> {
        self.entries.retain(|id, _| !self.promised.contains_key(id));
        self.entries
    }
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    let first = *needle.first()?;
    let mut from = 0;
    while let Some(found) = haystack.get(from..)?.iter().position(|b| *b == first) {
        let at = from + found;
        if haystack.get(at..)?.starts_with(needle) {
            return Some(at);
        }
        from = at + 1;
    }
    None
}

fn split_line(bytes: &[u8]) -> (&[u8], &[u8]) {
    match bytes.iter().position(|b| *b == b'\n') {
        Some(end) => (bytes.get(..end).unwrap_or_default(), bytes.get(end + 1..).unwrap_or_default()),
        None => (bytes, &[]),
    }
}

fn kind_of(word: &str) -> EntryKind {
    match word {
        "file" | DIGEST => EntryKind::File,
        "unreadable" => EntryKind::Unreadable,
        "dir" => EntryKind::Directory,
        "none" => EntryKind::Absent,
        _ => EntryKind::Other,
    }
}

/// Reads `OpenSSH_9.2p1 Debian-2, OpenSSL 3.0.11`.
fn ssh_version(text: &str) -> Option<(u32, u32)> {
    let (_, rest) = text.split_once("OpenSSH_")?;
    let (major, rest) = rest.split_once('.')?;
    let minor: String = rest.chars().take_while(char::is_ascii_digit).collect();
    Some((major.parse().ok()?, minor.parse().ok()?))
}

/// Where sshd looks (sshd_config(5), AuthorizedKeysFile); its default if nothing is said.
fn authorized_keys_files(settings: &[u8]) -> Vec<String> {
    SshdConfig::parse(settings)
        .get("AuthorizedKeysFile")
        .filter(|paths| !paths.is_empty())
        .unwrap_or_else(|| vec![".ssh/authorized_keys".to_owned()])
}

/// Which machine it is, and whether its login shell is one for sh(1). What was not told is not known.
fn machine(text: &str) -> (MachineId, bool) {
    let value = |key: &str| text.lines().find_map(|line| line.strip_prefix(key));
    let id = MachineId::read(value("boot ").unwrap_or_default(), value("net ").unwrap_or_default());
    (id, value("shell ").is_some_and(is_posix_shell))
}

fn agent(text: &str) -> AgentState {
    let value = |key: &str| text.lines().rev().find_map(|l| l.strip_prefix(key)).map(str::trim);
    let status = value("status ");
    AgentState {
        socket: status.is_some(),
        alive: matches!(status, Some("0" | "1")),
        hangs: status == Some("124"),
        pid: value("pid ").and_then(|p| p.parse().ok()),
        keys: text.lines().filter_map(|l| l.parse::<PublicKey>().ok()).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn versions() {
        let cases = [
            ("OpenSSH_9.2p1 Debian-2+deb12u7, OpenSSL 3.0.17", Some((9, 2))),
            ("OpenSSH_7.4p1, OpenSSL 1.0.2k-fips  26 Jan 2017", Some((7, 4))),
            ("OpenSSH_10.0p2, OpenSSL 3.5", Some((10, 0))),
            ("sh: ssh: not found", None),
            ("", None),
        ];
        for (text, wanted) in cases {
            assert_eq!(ssh_version(text), wanted, "{text}");
        }
    }

    #[test]
    fn a_glance_tells_when_the_first_of_our_lines_ends() {
        let key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
        let lines = format!(
            "expiry-time=\"20270102\" {key} a #OM\nexpiry-time=\"20270101\",no-pty {key} b #OM\n\
             expiry-time=\"20260101\" {key} mine\nrubbish expiry-time=\"20250101\" #OM\n"
        );
        let output = format!(
            "\nT fact hostname\nnode1\nT end\n\nT fact ssh\n\nT end\n\nT fact fips\n\nT end\n\
             \nT fact clock\n1798740000 +0800\nT end\n\nT fact ends\n{lines}\nT end\n"
        );
        let glance = Frames::parse(output.as_bytes(), "T").into_glance().unwrap();
        assert_eq!(glance.expires(), Some(1_798_740_000 - 2 * 3_600));
        let clockless = Glance { clock: None, ..glance };
        assert_eq!(clockless.expires(), None);
    }

    #[test]
    fn a_machine_tells_who_it_is() {
        let id = |boot, net| MachineId::read(boot, net);
        assert_eq!(machine("boot ab-1\nnet net:[7]\nshell /bin/bash\n"), (id("ab-1", "7"), true));
        assert_eq!(machine("boot \nnet \nshell /usr/bin/fish\n"), (MachineId::default(), false));
        // Nobody knows its shell: it is not taken for one.
        assert_eq!(machine(""), (MachineId::default(), false));
    }

    #[test]
    fn agents() {
        assert_eq!(agent(""), AgentState::default());
        let dead = agent("\nstatus 2\npid \n");
        assert_eq!((dead.socket, dead.alive, dead.pid), (true, false, None));
        let empty = agent("The agent has no identities.\n\nstatus 1\npid 4711");
        assert_eq!((empty.socket, empty.alive, empty.pid, empty.keys.len()), (true, true, Some(4711), 0));
    }

    #[test]
    fn contents_are_kept_to_the_byte() {
        let output = b"noise\nT entry a file - 644 0 0 1:2:3:4\n/etc/x\nno final newline\xff\0\nT end\n\
                       \nT entry b file 1000 600 1000 1000 9\n/home/x\n\nends with two\n\n\nT end\n\
                       \nT entry c none - - - - -\n/gone\n\nT end\n\nT fact home\n/root\nT end\n";
        let frames = Frames::parse(output, "T");
        assert_eq!(frames.fact("home").unwrap(), "/root");
        let entries = frames.into_entries();
        assert_eq!(*entries["a"].bytes, *b"no final newline\xff\0");
        assert_eq!((entries["a"].mode, entries["a"].path.as_str()), (0o644, "/etc/x"));
        assert_eq!(*entries["b"].bytes, *b"\nends with two\n\n");
        assert_eq!((entries["b"].link_owner, entries["b"].uid), (Some(1000), 1000));
        assert_eq!(entries["c"].kind, EntryKind::Absent);
    }

    #[test]
    fn a_content_that_was_promised_is_put_in_place_if_it_is_the_one() {
        let digest = super::super::contents::digest(b"table");
        let output = format!(
            "\nT entry known_hosts sha256 1000 600 1 2 7:5:1:1\n/h/k\n{digest}  -\n\nT end\n\
             \nT entry config file - 600 1 2 8:2:1:1\n/h/c\nab\nT end\n"
        );
        let now = Entry { kind: EntryKind::File, stamp: "9:9:9:9".into(), ..Entry::absent("/h/k") };
        // What comes, and what the entry is then; None: none, as long as its content did not come.
        type Coming<'a> = &'a dyn Fn(&mut Frames<'_>);
        type Wanted = Option<(&'static [u8], &'static str)>;
        let cases: [(Coming<'_>, Wanted); 6] = [
            (&|_| {}, None),
            (&|frames| frames.keep("known_hosts", &b"table".into()), Some((b"table", "7:5:1:1"))),
            (&|frames| frames.keep("known_hosts", &b"tablet".into()), None),
            (&|frames| frames.keep("known_hosts", &b"".into()), None),
            (&|frames| frames.replace("known_hosts", now.clone()), Some((b"", "9:9:9:9"))),
            (&|frames| frames.keep("config", &b"table".into()), None),
        ];
        for (number, (come, wanted)) in cases.into_iter().enumerate() {
            let mut frames = Frames::parse(output.as_bytes(), "T");
            let promised: Vec<_> = frames.promised().into_iter().map(|(id, path, _)| (id, path)).collect();
            assert_eq!(promised, [("known_hosts".to_owned(), "/h/k".to_owned())]);
            come(&mut frames);
            assert_eq!(frames.promised().is_empty(), wanted.is_some(), "{number}");
            let entries = frames.into_entries();
            let known = entries.get("known_hosts");
            assert_eq!(known.map(|entry| (&*entry.bytes, entry.stamp.as_str())), wanted, "{number}");
            // Who made the link was told once.
            assert!(known.is_none_or(|entry| entry.link_owner == Some(1000)), "{number}");
            assert_eq!(*entries["config"].bytes, *b"ab");
        }
    }

    #[test]
    fn a_node_whose_files_did_not_all_come_is_no_state() {
        let output = b"\nT entry known_hosts sha256 - 600 1 2 7:5:1:1\n/h/k\nrubbish\nT end\n";
        let spec = NodeSpec { ip: [10, 0, 0, 1].into(), port: 22 };
        let state = Frames::parse(output, "T").into_state(spec, "root", false);
        assert_eq!(state.map(|state| state.hostname), Err(ObserveError::Incomplete("files")));
    }

    proptest! {
        #[test]
        fn any_bytes_give_an_answer(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let mut output = b"\nT fact ids\n".to_vec();
            output.extend_from_slice(&bytes);
            output.extend_from_slice(b"\nT end\n\nT entry ");
            output.extend_from_slice(&bytes);
            let spec = NodeSpec { ip: [10, 0, 0, 1].into(), port: 22 };
            let _ = Frames::parse(&output, "T").into_state(spec, "root", true);
        }
    }
}
