//! Trust by hand, for nodes that let nobody in by password: scripts that are carried to the nodes' consoles and answers
//! that are carried back.
//!
//! 1. [`node_script`]: one for each node. It makes the user's own key pair there, lets the coordinator's user in, and
//!    writes an answer: the node's host keys and its user's public key.
//! 2. [`parse_answer`] and [`admit`]: the answers, on the coordinator. A node's word is data.
//! 3. [`finish_script`]: one for all nodes, carried round a second time, with everybody's public halves.
//!
//! Nothing secret is in any of it: a private key never leaves its machine. All of this is pure; the scripts do what the
//! manual procedure of openGauss's documents does, in place and atomically.

mod answer;
mod collect;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::net::IpAddr;

pub use sshfiles::{KnownHosts, PublicKey};
use sshfiles::{OM_MARK, host_field};

use crate::inventory::NodeSpec;
use crate::text::{printable, sh_quote};

pub use answer::{Answer, AnswerError, LARGEST_ANSWER, parse_answer};
pub use collect::{Replaced, admit, merge, settle_names, twins};

/// The form of the scripts and of the answers.
const VERSION: u32 = 1;
/// With this every file that is written begins, behind what a shell needs.
const SIGNATURE: &str = "gs_sshexkey bundle 1";
/// What to do where, in both languages.
pub const README: &str = "README.txt";
/// The script for the second round.
pub const FINISH: &str = "finish.sh";

const COMMON: &str = include_str!("common.sh");
const OWN_KEY: &str = include_str!("own_key.sh");
const NODE: &str = include_str!("node.sh");
const FINISHING: &str = include_str!("finish.sh");

/// A key of the coordinator's user, which the nodes shall let in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Guest {
    /// The public key.
    pub key: PublicKey,
    /// The comment of its line, see [`plain_comment`].
    pub comment: String,
}

/// Which file of a bundle a name stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileKind {
    /// A node's script.
    Script,
    /// A node's answer. It is never written here.
    Answer,
    /// [`README`].
    Readme,
    /// [`FINISH`].
    Finish,
}

impl FileKind {
    /// The kind by its file's name; none for any other file.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        let between = |start, end| name.strip_prefix(start).is_some_and(|rest: &str| rest.ends_with(end));
        match name {
            README => Some(Self::Readme),
            FINISH => Some(Self::Finish),
            _ if between("node-", ".sh") => Some(Self::Script),
            _ if between("answer-", ".txt") => Some(Self::Answer),
            _ => None,
        }
    }

    /// Whether a file with this name and this beginning is one of ours. An answer is judged by [`parse_answer`].
    #[must_use]
    pub fn is_ours(self, beginning: &[u8]) -> bool {
        let text = String::from_utf8_lossy(beginning);
        self == Self::Answer || text.lines().take(2).any(|line| line.contains(SIGNATURE))
    }
}

/// The name of a node's script. Safe on every file system: the colons of IPv6 become underscores.
#[must_use]
pub fn script_name(node: NodeSpec) -> String {
    format!("node-{}.sh", file_name(node.ip))
}

/// The name of a node's answer.
#[must_use]
pub fn answer_name(node: NodeSpec) -> String {
    format!("answer-{}.txt", file_name(node.ip))
}

fn file_name(ip: IpAddr) -> String {
    ip.to_string().replace(':', "_")
}

/// How `known_hosts` names a node (sshd(8)).
#[must_use]
pub fn known_hosts_name(node: NodeSpec) -> String {
    host_field(&node.ip.to_string(), node.port)
}

/// The comment of the key of a node's user. It is by this comment that a later round finds the line again.
#[must_use]
pub fn node_comment(user: &str, node: NodeSpec) -> String {
    plain_comment(&format!("{user}@{}-by-hand", node.ip))
}

/// A comment without anything that could end a word or a line.
#[must_use]
pub fn plain_comment(text: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || "@._:-".contains(c) { c } else { '_' };
    text.chars().take(100).map(plain).collect()
}

/// The script for one node, to be run at its console as `user`.
#[must_use]
pub fn node_script(user: &str, node: NodeSpec, guests: &[Guest]) -> String {
    let guests: BTreeSet<String> = guests.iter().map(|guest| key_line(&guest.key, &guest.comment)).collect();
    let guests: Vec<String> = guests.into_iter().collect();
    let mut script = head(&format!("for {}, to be run there", node.ip), user);
    assign(&mut script, "gs_version", &VERSION.to_string());
    assign(&mut script, "gs_ip", &node.ip.to_string());
    assign(&mut script, "gs_host", &known_hosts_name(node));
    assign(&mut script, "gs_tag", &node_comment(user, node));
    assign(&mut script, "gs_answer", &answer_name(node));
    assign(&mut script, "gs_guests", &guests.join("\n"));
    script + COMMON + OWN_KEY + NODE
}

/// The script for the second round, the same for all nodes.
#[must_use]
pub fn finish_script(user: &str, answers: &[(NodeSpec, Answer)]) -> String {
    let (mut known, mut keys) = (Vec::new(), Vec::new());
    let (mut hosts, mut comments) = (" ".to_owned(), " ".to_owned());
    for (node, answer) in answers {
        for host in answer.hosts(*node).iter().map(|host| host_field(host, node.port)) {
            known.extend(answer.host_keys.iter().map(|key| format!("{host} {key} {OM_MARK}")));
            // Writing to a String cannot fail.
            let _ = write!(hosts, "{host} ");
        }
        let comment = node_comment(user, *node);
        keys.push(key_line(&answer.public_key, &comment));
        let _ = write!(comments, "{comment} ");
    }
    let mut script = head("for every node, after its own script", user);
    assign(&mut script, "gs_known", &known.join("\n"));
    assign(&mut script, "gs_keys", &keys.join("\n"));
    assign(&mut script, "gs_hosts_here", &hosts);
    assign(&mut script, "gs_tags_here", &comments);
    script + COMMON + FINISHING
}

/// A script for the coordinator itself, not part of the bundle: makes `~/.ssh/id_rsa`, as on a node.
#[must_use]
pub fn own_key_script(user: &str) -> String {
    head("for the coordinator", user) + COMMON + OWN_KEY + "gs_account\ngs_folders\ngs_own_key\ngs_modes\n"
}

/// A script for the coordinator itself: its standard input becomes `~/.ssh/known_hosts`.
#[must_use]
pub fn known_hosts_script(user: &str) -> String {
    const PUT: &str = "gs_account\ngs_folders\ncat >\"$gs_work/new\" || gs_cannot_write \"$gs_work\"\n\
                       gs_put \"$gs_work/new\" \"$gs_ssh/known_hosts\"\n";
    head("for the coordinator", user) + COMMON + PUT
}

/// What to do where, in both languages.
#[must_use]
pub fn readme(user: &str, nodes: &[NodeSpec]) -> String {
    let list = |text: &mut String, node: &NodeSpec| {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "  {:<40} sh {}", node.to_string(), script_name(*node));
    };
    let mut table = String::new();
    nodes.iter().for_each(|node| list(&mut table, node));
    let text = include_str!("readme.txt").replace("{user}", &printable(user.as_bytes()));
    format!("{SIGNATURE}\n\n{}", text.replace("{nodes}\n", &table))
}

fn key_line(key: &PublicKey, comment: &str) -> String {
    format!("{key} {comment} {OM_MARK}")
}

fn head(what: &str, user: &str) -> String {
    let shown = printable(user.as_bytes());
    let mut script = format!("#!/bin/sh\n# {SIGNATURE}: {what} as {shown}. Holds nothing secret.\nset -u\n");
    assign(&mut script, "gs_user", user);
    script
}

fn assign(script: &mut String, name: &str, value: &str) {
    // Writing to a String cannot fail.
    let _ = writeln!(script, "{name}={}", sh_quote(value));
}
