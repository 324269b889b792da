//! A POSIX shell on a node: the one way in which anything is read or changed there.
//!
//! A node needs nothing but OpenSSH and a shell, so all work goes through one `sh` a node, fed over one channel. The
//! same code serves a remote node ([`crate::session`]) and this machine ([`local`]): only the pipes differ.

mod frame;
mod greet;
pub mod local;
mod shell;

pub use trust::enter::NodeError;

pub use shell::{Chunk, Dialogue, END_OF_TALK, Input, Output, Pipes, Shell};
