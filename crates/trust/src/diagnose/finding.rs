//! What a diagnosis says.

use super::Code;
use crate::inventory::NodeIx;
use crate::plan::{Command, Part};
use crate::probe::EdgeIx;
use crate::text::printable;

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What.
    pub code: Code,
    /// The node where the fault lies.
    pub node: NodeIx,
    /// The other node that it is about: the one whose host key is on record, that has the same machine-id, ...
    pub about: Option<NodeIx>,
    /// The pairs that it explains.
    pub pairs: Vec<EdgeIx>,
    /// It also explains why the coordinator could not enter [`Self::node`].
    pub bars: bool,
    /// What showed it.
    pub witnesses: Vec<Witness>,
    /// How sure it is.
    pub certainty: Certainty,
    /// What to do, on which node. Empty only if there is nothing that commands could do.
    pub cures: Vec<Cure>,
}

impl Finding {
    /// A finding about a node, seen for certain, that explains nothing yet.
    #[must_use]
    pub const fn new(code: Code, node: NodeIx) -> Self {
        Self {
            code,
            node,
            about: None,
            pairs: Vec::new(),
            bars: false,
            witnesses: Vec::new(),
            certainty: Certainty::Certain,
            cures: Vec::new(),
        }
    }

    /// It is about another node too.
    #[must_use]
    pub const fn about(mut self, node: NodeIx) -> Self {
        self.about = Some(node);
        self
    }

    /// It explains these pairs.
    #[must_use]
    pub fn explains(mut self, pairs: impl IntoIterator<Item = EdgeIx>) -> Self {
        self.pairs.extend(pairs);
        self.pairs.sort_unstable();
        self.pairs.dedup();
        self
    }

    /// It explains why the node could not be entered, if that is so.
    #[must_use]
    pub const fn bars(mut self, bars: bool) -> Self {
        self.bars = bars;
        self
    }

    /// Somebody said so: on a node, a command or a file, in its own words.
    #[must_use]
    pub fn seen(mut self, node: NodeIx, source: &str, said: &str) -> Self {
        let said = printable(said.as_bytes());
        self.witnesses.push(Witness { node: Some(node), source: printable(source.as_bytes()), said });
        self
    }

    /// As [`Self::seen`], from the machine that runs the program.
    #[must_use]
    pub fn seen_from_here(mut self, source: &str, said: &str) -> Self {
        let said = printable(said.as_bytes());
        self.witnesses.push(Witness { node: None, source: printable(source.as_bytes()), said });
        self
    }

    /// It is not certain.
    #[must_use]
    pub const fn likely(mut self) -> Self {
        self.certainty = Certainty::Likely;
        self
    }

    /// This cures it.
    #[must_use]
    pub fn cure(mut self, cure: Cure) -> Self {
        self.cures.push(cure);
        self
    }

    /// Whether trust is broken by it now. Else it will be some day.
    #[must_use]
    pub const fn breaks(&self) -> bool {
        !self.pairs.is_empty() || self.bars
    }
}

/// How sure a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Certainty {
    /// It was seen where it is.
    Certain,
    /// It was concluded from what others saw.
    Likely,
}

/// Evidence in a machine's own words, safe to show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Witness {
    /// Who said it; `None`: the machine that runs the program, from outside.
    pub node: Option<NodeIx>,
    /// The command or the file.
    pub source: String,
    /// What it said.
    pub said: String,
}

/// What to do on one node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cure {
    /// On which.
    pub node: NodeIx,
    /// The exact commands for a shell there, in order. To be shown through [`printable`].
    pub commands: Vec<Command>,
    /// What the program itself does about it.
    pub healing: Healing,
}

impl Cure {
    /// The program runs the commands.
    #[must_use]
    pub fn run(node: NodeIx, commands: impl IntoIterator<Item = Command>) -> Self {
        Self { node, commands: commands.into_iter().collect(), healing: Healing::Run }
    }

    /// The program restores parts of what the set-up of trust writes; the commands do the same by hand.
    #[must_use]
    pub fn restore(
        node: NodeIx,
        parts: impl IntoIterator<Item = Part>,
        commands: impl IntoIterator<Item = Command>,
    ) -> Self {
        let mut parts: Vec<Part> = parts.into_iter().collect();
        parts.sort();
        parts.dedup();
        Self { node, commands: commands.into_iter().collect(), healing: Healing::Restore(parts) }
    }

    /// A person has to do it.
    #[must_use]
    pub fn by_hand(node: NodeIx, why: ByHand, commands: impl IntoIterator<Item = Command>) -> Self {
        Self { node, commands: commands.into_iter().collect(), healing: Healing::ByHand(why) }
    }
}

/// What the program itself does about a finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Healing {
    /// It runs the commands.
    Run,
    /// It writes these parts of what the set-up of trust writes.
    Restore(Vec<Part>),
    /// Nothing: why.
    ByHand(ByHand),
}

/// Why the program does not do it by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ByHand {
    /// Nobody can enter the node: at its console.
    NotEntered,
    /// It needs root, and the user is not root there.
    NeedsRoot,
    /// It is a decision about security that a person has to take.
    Security,
    /// A key that was marked `@revoked` on purpose.
    Revoked,
    /// The changed host key could not be confirmed over a second way: `--accept-host-key`.
    Unconfirmed,
    /// It needs knowledge that the program has not: what to delete, which address is right, ...
    Judgement,
    /// It needs a password that was not given.
    NeedsPassword,
    /// There is nothing to bring back: trust has to be made.
    NotMade,
    /// It goes by itself after a while.
    Wait,
}
