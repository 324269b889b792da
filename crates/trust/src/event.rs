//! What happened, as plain data. Everything in this crate reports through it and prints nothing.

use crate::enter::PassedKey;
use crate::inventory::NodeSpec;
use crate::probe::{Progress, Proofs};
use crate::unlock::Unopened;

/// Something that happened in a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// The SSH server of a node was reached.
    Connected {
        /// Which node.
        node: NodeSpec,
        /// Type and fingerprint of its host key.
        host_key: String,
        /// Whether that key was on record.
        known: bool,
    },
    /// A private key of this machine is not tried anywhere.
    OwnKeyPassedOver(PassedKey),
    /// A node was entered.
    LoggedIn {
        /// Which node.
        node: NodeSpec,
        /// By what.
        how: Login,
    },
    /// Nodes that are about to get a password and whose host key is on no record here: its type and fingerprint.
    NewHostKeys(Vec<(NodeSpec, String)>),
    /// Some nodes refused the common password; each is asked for on its own.
    PasswordsRefused(Vec<NodeSpec>),
    /// All nodes are reached and entered.
    NetworkChecked,
    /// What an earlier run left half done on a node was undone.
    Recovered(NodeSpec),
    /// A key pair is ready.
    KeyReady {
        /// The node that comes with it; `None`: all do.
        node: Option<NodeSpec>,
        /// Type and fingerprint.
        key: String,
        /// It was made in this run.
        new: bool,
        /// Whose it is, if it was there and is not the coordinator's own: name and address, safe to show.
        holder: Option<String>,
    },
    /// The key that lies on a node was not considered.
    KeyPassedOver {
        /// Which node.
        node: NodeSpec,
        /// How many other nodes there are that this is true of.
        others: usize,
        /// Why.
        why: Unopened,
    },
    /// A build of the program that is there for nodes was left out: somebody else may have put it there or changed it, or it is
    /// not the one that was packed with the program.
    ProgramLeftOut {
        /// Its file, safe to show.
        file: String,
        /// Why.
        why: String,
        /// Whether nobody else needs to have had a hand in it: it is another build.
        other: bool,
    },
    /// A host name that cannot be used; the node is known by its address only.
    NameLeftOut {
        /// Which node.
        node: NodeSpec,
        /// Why.
        reason: String,
    },
    /// What will change on a node.
    Planned {
        /// Which node.
        node: NodeSpec,
        /// The paths, without any content: a user's file may hold secrets.
        change: String,
    },
    /// A node had voted on an earlier run and not heard what was decided; that is settled now.
    Settled {
        /// Which node.
        node: NodeSpec,
        /// The change of that run stands there; else it was undone.
        kept: bool,
    },
    /// The nodes are being changed.
    Applying,
    /// One of them is changed, or has failed.
    Changed(NodeSpec),
    /// All nodes are changed.
    Applied,
    /// The pairs are being probed.
    Verifying(Progress),
    /// Every pair works: so many, and how each was proven.
    Verified(Proofs),
    /// All nodes are asked for their vote.
    Preparing,
    /// A node has voted to keep the change.
    Prepared(NodeSpec),
    /// The change stands on a node.
    Committed(NodeSpec),
    /// The nodes are being put back.
    Undoing,
    /// A node was put back.
    Undone(NodeSpec),
    /// Something that does not stop the run, and that its user has to know.
    Notice {
        /// Which node.
        node: NodeSpec,
        /// What.
        text: String,
    },
    /// Something that does not stop the run.
    Warning {
        /// Which node.
        node: NodeSpec,
        /// What.
        text: String,
    },
}

/// How a node was entered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Login {
    /// It is the machine that runs the tool.
    Local,
    /// By a key.
    Key,
    /// By a password.
    Password,
}

/// Hears the events of a run. Called from several threads.
pub trait Observer: Send + Sync {
    /// One event.
    fn event(&self, event: &Event);
}
