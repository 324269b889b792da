//! Sets up and examines mutual SSH trust between the nodes of a cluster: the I/O. What is data and decisions is in the
//! crate [`trust`], whose modules are handed on here under their own names.
//!
//! One pipeline carries every command. Data enters at the left and never turns back:
//!
//! ```text
//! inventory -> session -> observe -> plan -> apply -> probe
//! ```
//!
//! - [`inventory`]: who is in the cluster.
//! - [`session`]: one SSH connection a node. The only user of the SSH library.
//! - [`fleet`]: nodes that are entered, visited, and held for a change.
//! - [`resolver`]: names, as this machine resolves them.
//! - [`node`]: a POSIX shell on a node, over that connection or on this machine.
//! - [`observe`]: what is on a node now.
//! - [`identity`]: the key pairs of the nodes, opened: one that they share, or one each.
//! - [`guard`]: files and folders that nobody else can change.
//! - [`program`]: builds of this program, to be placed on the nodes.
//! - [`plan`]: what has to change.
//! - [`apply`]: makes the change, journaled and undoable.
//! - [`probe`]: who can reach whom.
//! - [`passwords`]: a file of passwords, in place of questions.
//! - [`setup`]: the pipeline of the classic command.
//! - [`operation`]: the verbs that change: an intent, and the stages that carry it out.
//! - [`check`]: the pipeline that only looks.
//! - [`bundle`]: scripts and answers for trust by hand.
//! - [`keep`]: run on a node: keeps the agent there alive.
//! - [`limits`]: how long to wait for what.
//! - [`event`]: what happened, as plain data. Nothing here prints.

pub mod apply;
pub mod change;
pub mod check;
pub mod doctor;
pub mod fleet;
pub mod guard;
pub mod identity;
pub mod keep;
pub mod node;
pub mod observe;
pub mod operation;
pub mod probe;
pub mod program;
pub mod resolver;
pub mod session;
pub mod setup;

pub use fleet::enter;
pub use trust::{
    access, bounds, bundle, diagnose, event, inventory, limits, passwords, place, plan, secret, text,
};
