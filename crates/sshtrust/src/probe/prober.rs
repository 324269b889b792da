//! Who takes part.

use trust::machine::MachineId;

use crate::inventory::NodeSpec;
use crate::node::Shell;

/// A node that is called, and calls if it can.
#[derive(Debug, Clone)]
pub struct Prober {
    /// Which node.
    pub spec: NodeSpec,
    /// Its shell; without one it calls nobody.
    pub shell: Option<Shell>,
    /// Its host name, if it is to be called by that and has one that can be used.
    pub name: Option<String>,
    /// Its `ssh` may prefer a cheap key exchange: OpenSSH 8.1 or later, not in FIPS mode.
    pub cheap_kex: bool,
    /// Which machine it is; `None`: nobody has been there.
    pub machine: Option<MachineId>,
    /// Its login shell understands what is written for sh(1).
    pub posix_shell: bool,
    /// It let us in, and did not answer: a call to it is not waited for long.
    pub hangs: bool,
}
