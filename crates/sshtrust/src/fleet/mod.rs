//! The nodes of a cluster, entered and held: what every command begins with.
//!
//! [`enter`] reaches them and logs in, keys first; a node that was entered is visited; nodes that are to be changed are
//! held: each has a worksite, all are locked or none, and what earlier runs left on them is settled.

pub mod enter;
mod gate;
mod hold;
mod login;
mod visit;
pub(crate) mod witness;

pub(crate) use gate::Gate;
pub use hold::{HoldError, let_go};
pub(crate) use hold::{hold, worksite};
pub(crate) use visit::{Inside, Visited, visit};
