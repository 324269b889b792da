//! What a node's script wrote down. It was carried by hand, but a node said it: every byte is checked.

use sshfiles::PublicKey;

use super::VERSION;
use crate::inventory::{NodeSpec, is_host_name};
use crate::text::printable;

/// Largest answer that is read, in bytes. A real one has about 2,000.
pub const LARGEST_ANSWER: u64 = 64 << 10;
/// Most host keys that a node may have.
const MOST_HOST_KEYS: usize = 16;
/// The types that OpenSSH makes for hosts and users. No certificates: in `authorized_keys` they would be authorities.
const KEY_TYPES: [&str; 5] =
    ["ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521", "ssh-rsa"];

/// The public halves of a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Its host keys, each once, in order. Never empty.
    pub host_keys: Vec<PublicKey>,
    /// Its user's key.
    pub public_key: PublicKey,
    /// Its host name, if it is one by which others can call it.
    pub name: Option<String>,
}

impl Answer {
    /// What others call the node: its address, and its name if it has one.
    #[must_use]
    pub fn hosts(&self, node: NodeSpec) -> Vec<String> {
        std::iter::once(node.ip.to_string()).chain(self.name.clone()).collect()
    }
}

/// Why a file is no answer of this node.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AnswerError {
    /// It does not begin as one.
    #[error("it is no answer of a script of this bundle")]
    Form,
    /// It is another node's.
    #[error("it is the answer of another node: {0}")]
    OtherNode(String),
    /// It is another user's.
    #[error("it is the answer of another user: {0}")]
    OtherUser(String),
    /// A line that has no place in it.
    #[error("line {0} is not what a script writes")]
    Line(usize),
    /// A line whose key cannot be one.
    #[error("line {0} holds no public key that can be used")]
    Key(usize),
    /// Too many keys.
    #[error("it holds more than {MOST_HOST_KEYS} host keys")]
    TooMany,
    /// It has no end, or a key is missing.
    #[error("it is cut short")]
    CutShort,
}

/// Reads an answer. Any bytes give one or an error.
///
/// # Errors
/// [`AnswerError`] if it is not whole, or not that of this node and user.
pub fn parse_answer(bytes: &[u8], node: NodeSpec, user: &str) -> Result<Answer, AnswerError> {
    let text = std::str::from_utf8(bytes).map_err(|_| AnswerError::Form)?;
    let mut lines = (1..).zip(text.lines());
    let mut next = || lines.next().map(|(number, line)| (number, line.split_once(' ').unwrap_or((line, ""))));
    if next().map(|(_, words)| words) != Some(("gs_sshexkey-answer", VERSION.to_string().as_str())) {
        return Err(AnswerError::Form);
    }
    match next() {
        Some((_, ("node", ip))) if ip.parse() == Ok(node.ip) => {}
        Some((_, ("node", other))) => return Err(AnswerError::OtherNode(printable(other.as_bytes()))),
        Some((number, _)) => return Err(AnswerError::Line(number)),
        None => return Err(AnswerError::CutShort),
    }
    match next() {
        Some((_, ("user", name))) if name == user => {}
        Some((_, ("user", other))) => return Err(AnswerError::OtherUser(printable(other.as_bytes()))),
        Some((number, _)) => return Err(AnswerError::Line(number)),
        None => return Err(AnswerError::CutShort),
    }
    let name = match next() {
        Some((_, ("name", name))) => Some(name.to_owned()).filter(|name| is_host_name(name)),
        Some((number, _)) => return Err(AnswerError::Line(number)),
        None => return Err(AnswerError::CutShort),
    };
    let (mut host_keys, mut public_key) = (Vec::new(), None);
    while let Some((number, line)) = next() {
        match line {
            ("host-key", key) => host_keys.push(public(key).ok_or(AnswerError::Key(number))?),
            ("public-key", key) if public_key.is_none() => {
                public_key = Some(public(key).ok_or(AnswerError::Key(number))?);
            }
            ("end", "") if next().is_none() => {
                let public_key = public_key.ok_or(AnswerError::CutShort)?;
                return whole(host_keys, public_key, name);
            }
            _ => return Err(AnswerError::Line(number)),
        }
        if host_keys.len() > MOST_HOST_KEYS {
            return Err(AnswerError::TooMany);
        }
    }
    Err(AnswerError::CutShort)
}

fn whole(
    mut host_keys: Vec<PublicKey>,
    public_key: PublicKey,
    name: Option<String>,
) -> Result<Answer, AnswerError> {
    host_keys.sort();
    host_keys.dedup();
    if host_keys.is_empty() { Err(AnswerError::CutShort) } else { Ok(Answer { host_keys, public_key, name }) }
}

/// Exactly two words. What comes back is written again from its bytes, so nothing of the text itself gets further.
fn public(text: &str) -> Option<PublicKey> {
    let two =
        text.split(' ').count() == 2 && text.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ');
    let key = two.then(|| text.parse::<PublicKey>().ok())??;
    KEY_TYPES.contains(&key.algorithm()).then_some(key)
}
