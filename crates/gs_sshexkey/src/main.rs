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
mod testing;

use std::alloc::System;
use std::process::ExitCode;

use zeroizing_alloc::ZeroAlloc;

/// Memory that is given back is wiped first, also that of the libraries: their buffers held passwords and keys.
#[global_allocator]
static MEMORY: ZeroAlloc<System> = ZeroAlloc(System);

fn main() -> ExitCode {
    host::harden();
    command::run(std::env::args_os())
}
