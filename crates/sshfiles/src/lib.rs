//! Lossless editors for the text formats of OpenSSH and its neighbours.
//!
//! Every parser takes any bytes: invalid UTF-8, NUL, CRLF, lines of any length, a last line without a
//! newline. What was not edited comes back byte for byte. Nothing here reads or writes a file.
//!
//! | type | file | manual page |
//! | --- | --- | --- |
//! | [`AuthorizedKeys`] | `~/.ssh/authorized_keys` | sshd(8), AUTHORIZED_KEYS FILE FORMAT |
//! | [`KnownHosts`] | `~/.ssh/known_hosts` | sshd(8), SSH_KNOWN_HOSTS FILE FORMAT |
//! | [`SshConfig`] | `~/.ssh/config` | ssh_config(5) |
//! | [`SshdConfig`] | `sshd_config` and what `sshd -T` prints | sshd_config(5) |
//! | [`Hosts`] | `/etc/hosts` | hosts(5) |
//! | [`ShellProfile`] | `~/.bashrc`, `~/.profile`, `~/.login` | bash(1), csh(1) |
//! | [`Crontab`] | what `crontab -l` prints | crontab(5) |
//!
//! Four rules hold for every editor. An edit returns whether a byte changed. The same edit a second time
//! changes nothing. An edit and its removal give the old bytes back, where the file had no lines of ours
//! before, but for a final newline that was missing. A line of ours that is the last one ends in a newline.

mod authorized_keys;
mod client_config;
mod crontab;
mod diff;
mod hosts;
mod job;
mod key;
mod key_options;
mod known_hosts;
pub mod lines;
mod private_key;
mod shell_profile;
mod ssh_config;
mod sshd_config;
pub mod wire;
mod words;

pub use authorized_keys::{AuthorizedKey, AuthorizedKeys};
pub use client_config::{ClientConfig, ClientSetting};
pub use crontab::Crontab;
pub use diff::{LineChanges, line_changes, unified_diff};
pub use hosts::{HOSTS_MARK, Hosts};
pub use job::JOB_COMMAND;
pub use key::{KeyError, PublicKey};
pub use key_options::KeyBounds;
pub use known_hosts::{KnownHost, KnownHosts, Marker, host_field, matches_pattern};
pub use private_key::{Locking, locking, public_half};
pub use shell_profile::ShellProfile;
pub use ssh_config::{HostEntry, SshConfig};
pub use sshd_config::SshdConfig;

/// The last word of every line of ours in `authorized_keys` and `known_hosts`, and of every job of ours.
pub const OM_MARK: &str = "#OM";
