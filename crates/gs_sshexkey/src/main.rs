//! Sets up SSH trust between the nodes of an openGauss cluster, or of any other.
//!
//! A drop-in for openGauss's command of the same name: `gs_sshexkey -f HOSTFILE`.

mod args;
mod command;
mod errors;
mod help;
mod host;
#[allow(dead_code, reason = "used by `check`, which is being built")]
mod i18n;
mod log;
mod prompt;
#[allow(dead_code, reason = "used by `check`, which is being built")]
mod reporter;

use std::process::ExitCode;

fn main() -> ExitCode {
    host::harden();
    match command::run(std::env::args_os()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(()) => ExitCode::FAILURE,
    }
}
