//! What happened, as plain data. Everything in this crate reports through it and prints nothing.

use crate::inventory::NodeSpec;
use crate::probe::Progress;

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
    /// A node was entered.
    LoggedIn {
        /// Which node.
        node: NodeSpec,
        /// By what.
        how: Login,
    },
    /// Some nodes refused the common password; each is asked for on its own.
    PasswordsRefused(Vec<NodeSpec>),
    /// All nodes are reached and entered.
    NetworkChecked,
    /// What an earlier run left half done on a node was undone.
    Recovered(NodeSpec),
    /// The key pair of the cluster is ready.
    KeyReady {
        /// Type and fingerprint.
        key: String,
        /// It was made in this run.
        new: bool,
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
    /// The nodes are being changed.
    Applying,
    /// All nodes are changed.
    Applied,
    /// The pairs are being probed.
    Verifying(Progress),
    /// Every pair works.
    Verified {
        /// How many.
        total: usize,
    },
    /// The lines of replaced keys were taken out.
    Settled,
    /// The nodes are being put back.
    Undoing,
    /// A node was put back.
    Undone(NodeSpec),
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
