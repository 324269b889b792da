//! Sets up and examines mutual SSH trust between the nodes of a cluster.
//!
//! One pipeline carries every command. Data enters at the left and never turns back:
//!
//! ```text
//! inventory -> session -> observe -> plan -> apply -> probe
//! ```
//!
//! - [`inventory`]: who is in the cluster.
//! - [`session`]: one SSH connection a node. The only user of the SSH library.
//! - [`enter`]: reaches the nodes and logs in.
//! - [`node`]: a POSIX shell on a node, over that connection or on this machine.
//! - [`observe`]: what is on a node now.
//! - [`identity`]: the cluster's key pair, its passphrase and the passphrase store.
//! - [`program`]: builds of this program, to be placed on the nodes.
//! - [`plan`]: what has to change. Pure.
//! - [`apply`]: makes the change, journaled and undoable.
//! - [`probe`]: who can reach whom.
//! - [`passwords`]: a file of passwords, in place of questions.
//! - [`setup`]: the pipeline of the classic command.
//! - [`check`]: the pipeline that only looks.
//! - [`bundle`]: scripts and answers for trust by hand.
//! - [`keep`]: run on a node: keeps the agent there alive.
//! - [`event`]: what happened, as plain data. Nothing here prints.

pub mod apply;
pub mod bundle;
pub mod check;
pub mod diagnose;
pub mod doctor;
pub mod enter;
pub mod event;
pub mod identity;
pub mod inventory;
pub mod keep;
pub mod node;
pub mod observe;
pub mod passwords;
pub mod plan;
pub mod probe;
pub mod program;
pub mod secret;
pub mod session;
pub mod setup;
pub mod text;
