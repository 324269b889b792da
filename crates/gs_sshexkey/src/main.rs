//! Sets up SSH trust between the nodes of an openGauss cluster, or of any other.
//!
//! A drop-in for openGauss's command of the same name: `gs_sshexkey -f HOSTFILE`.

mod args;
mod command;
mod errors;
mod help;
mod host;
mod i18n;
mod log;
mod prompt;
mod reporter;
mod resolver;

use std::process::ExitCode;

fn main() -> ExitCode {
    host::harden();
    command::run(std::env::args_os())
}
