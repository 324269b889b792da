//! What trust between nodes is: who is in the cluster, what is on each node, what has to change, what is proven, and what
//! is wrong. Data and decisions only.
//!
//! Nothing here reads a file, opens a connection, asks the clock or draws a random number: the compiler sees to that,
//! because nothing that could is a dependency. What comes from outside is handed in, so tests are tables and properties.
//!
//! - [`inventory`]: who is in the cluster.
//! - [`passwords`]: a file of passwords, in place of questions.
//! - [`enter`]: why a node cannot be entered.
//! - [`host_keys`]: is a host key the recorded one?
//! - [`observe`]: what is on a node now, and the parsers of what it answers.
//! - [`place`]: where the tool's files lie.
//! - [`key`]: the cluster's keys; [`store`]: the passphrase store; [`unlock`]: what may be spent on opening them.
//! - [`program`]: builds of the program, by digest.
//! - [`bounds`]: from where and until when trust holds.
//! - [`plan`]: what has to change.
//! - [`access`]: who can get in.
//! - [`machine`]: which machine an answer comes from.
//! - [`probe`]: who can reach whom.
//! - [`diagnose`]: why not.
//! - [`bundle`]: scripts and answers for trust by hand.
//! - [`event`]: what happened, as plain data.
//! - [`secret`], [`text`]: secrets that cannot be printed; remote text made harmless.

pub mod access;
pub mod bounds;
pub mod bundle;
pub mod diagnose;
pub mod enter;
pub mod event;
pub mod host_keys;
pub mod inventory;
pub mod key;
pub mod limits;
pub mod machine;
pub mod observe;
pub mod part;
pub mod passwords;
pub mod place;
pub mod plan;
pub mod probe;
pub mod program;
pub mod secret;
pub mod store;
pub mod text;
pub mod unlock;
