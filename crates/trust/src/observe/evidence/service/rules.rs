//! The rules of a packet filter, as nft(8) and iptables(8) have them in common.

/// Who has to be asked to change a chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Manager {
    /// `nft`.
    Nft,
    /// `iptables`, `ip6tables` or a variant of them: which program.
    Iptables(String),
}

/// Where the kernel asks a chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hook {
    /// What arrives, before its way is known.
    Prerouting,
    /// What arrives for this machine.
    Input,
    /// What this machine sends.
    Output,
    /// What leaves, at the end.
    Postrouting,
}

/// A chain of rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chain {
    /// Who changes it.
    pub manager: Manager,
    /// The family and name of its table, safe to show: `inet firewalld`, `ip filter`.
    pub table: String,
    /// Its name, safe to show.
    pub name: String,
    /// Where the kernel asks it; `None`: only other chains lead to it.
    pub hook: Option<Hook>,
    /// What reaches its end is dropped.
    pub drops: bool,
    /// Its rules.
    pub rules: Vec<Rule>,
}

/// A rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// As the program lists it, safe to show.
    pub text: String,
    /// Its number for nft(8).
    pub handle: Option<u64>,
    /// All of these have to hold.
    pub conditions: Vec<Condition>,
    /// What becomes of the packet; `None`: the rule only counts or logs.
    pub verdict: Option<Verdict>,
}

/// What a rule does with a packet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// This chain and those that led here let it through.
    Accept,
    /// It is gone, with or without a word to the sender.
    Drop,
    /// Another chain, then the rest of this one.
    Jump(String),
    /// Another chain, without coming back.
    Goto(String),
    /// Back to the chain that led here.
    Return,
    /// Something else.
    Unknown,
}

/// What a condition looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field {
    /// Address of the sender.
    Source,
    /// Address of the receiver.
    Destination,
    /// The sender's port.
    SourcePort,
    /// The receiver's port.
    DestinationPort,
    /// The interface over which it came.
    In,
    /// The interface over which it leaves.
    Out,
    /// The state of its connection.
    State,
    /// TCP or another protocol.
    Protocol,
    /// IPv4 or IPv6.
    Family,
    /// Its addresses were translated on this machine, which those of a call to its own sshd are not.
    Translated,
    /// Something else.
    Unknown,
}

/// A condition of a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    /// What it looks at.
    pub field: Field,
    /// None of the values, instead of one of them.
    pub negated: bool,
    /// In the words of the program.
    pub values: Vec<String>,
}

impl Condition {
    /// One that nobody here understands.
    pub(super) const fn unknown() -> Self {
        Self { field: Field::Unknown, negated: false, values: Vec::new() }
    }

    /// One of these values.
    pub(super) fn new(field: Field, negated: bool, values: &str) -> Self {
        let values = values.split([',', ' ']).map(|value| value.trim_matches(['"', '{', '}']));
        Self { field, negated, values: values.filter(|v| !v.is_empty()).map(str::to_owned).collect() }
    }
}

/// The words of a line; what stands in double quotes or in braces is one.
pub(super) fn words(line: &str) -> Vec<String> {
    let (mut words, mut word) = (Vec::new(), String::new());
    let mut close: Option<char> = None;
    for c in line.chars() {
        match (close, c) {
            (None, ' ' | '\t') => words.extend(Some(std::mem::take(&mut word)).filter(|w| !w.is_empty())),
            (None, '"' | '{') => {
                close = Some(if c == '{' { '}' } else { '"' });
                word.push(c);
            }
            (Some(end), c) if c == end => {
                close = None;
                word.push(c);
            }
            (_, c) => word.push(c),
        }
    }
    words.extend(Some(word).filter(|word| !word.is_empty()));
    words
}
