//! One SSH connection to each node. The only place that uses the SSH library.
//!
//! A connection is made in steps that the pipeline puts together: [`Connection::open`] (TCP, key exchange, host key),
//! [`Connection::try_keys`], [`Connection::try_password`], [`Connection::shell`].

mod agent;
mod algorithms;
mod auth;
mod client_config;
mod connect;
mod credentials;
mod handler;
mod host_key;
mod key_file;
mod paced;
mod peek;
mod records;
mod refusal;
mod revocation;
mod scan;
mod shell;

pub use auth::PasswordOutcome;
pub use connect::Connection;
pub use credentials::{Credential, Credentials};
pub use host_key::TrustedHosts;
pub use records::{Search, find_records};
pub use refusal::{Refusal, try_taken_key};
pub use scan::scan_host_keys;
pub use trust::enter::{
    ConnectError, Factor, HostKeyConflict, PassedKey, SeenOtherwise, ShutKey, Strict, Unfit, UnknownHostKey,
};
pub use trust::host_keys::{ConfirmedKey, HostKeyPolicy, HostKeyVerdict, RecordFile};
