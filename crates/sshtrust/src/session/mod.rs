//! One SSH connection to each node. The only place that uses the SSH library.
//!
//! A connection is made in steps that the pipeline puts together: [`Connection::open`] (TCP, key exchange, host key),
//! [`Connection::try_keys`], [`Connection::try_password`], [`Connection::shell`].

mod agent;
mod algorithms;
mod auth;
mod connect;
mod credentials;
mod error;
mod handler;
mod host_key;
mod peek;
mod scan;
mod shell;

pub use auth::PasswordOutcome;
pub use connect::{Connection, KEX_LIMIT};
pub use credentials::{Credential, Credentials};
pub use error::{ConnectError, HostKeyConflict};
pub use host_key::{ConfirmedKey, HostKeyVerdict, TrustedHosts};
pub use scan::scan_host_keys;
