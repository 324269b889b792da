//! Calls of cargo, and of programs in general.

use std::ffi::OsStr;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::error::TaskError;

/// The cargo that started us.
pub(crate) fn cargo() -> Command {
    Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

/// Shows a command and runs it; it must succeed.
pub(crate) fn run(command: &mut Command) -> Result<(), TaskError> {
    let line = command_line(command);
    eprintln!("+ {line}");
    let status = command.status().map_err(start_error(command))?;
    if status.success() { Ok(()) } else { Err(TaskError::Failed { command: line }) }
}

/// Builds the program for release and says where it is. `digests`: what it shall know of other builds, if anything.
pub(crate) fn build_program(digests: &str) -> Result<PathBuf, TaskError> {
    let mut command = cargo();
    if !digests.is_empty() {
        command.env(DIGESTS, digests);
    }
    command.args(["--config", &flags(), "build", "--release", "--locked", "--package", "gs_sshexkey"]);
    // With a target of its own, the flags do not reach the compiler's plug-ins, which cannot be static.
    command.args(["--target", &host()?]);
    built(command)
}

/// The same for another processor, by cargo-zigbuild.
pub(crate) fn build_for(target: &str) -> Result<PathBuf, TaskError> {
    let mut command = cargo();
    command.args(["--config", &flags(), "zigbuild", "--release", "--locked", "--package", "gs_sshexkey"]);
    command.args(["--target", target]);
    built(command)
}

/// The digests of the builds that are packed with a program; see its `Programs`.
const DIGESTS: &str = "GS_SSHEXKEY_DIGESTS";

/// The program carries its C library, so that it runs on any Linux of its processor, however old. Where the libraries'
/// sources lie on this machine does not stand in it, so that other people's builds have the same bytes.
fn flags() -> String {
    let home = std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cargo"));
    let sources = std::env::var_os("CARGO_HOME").map(PathBuf::from).or(home).unwrap_or_default();
    format!(
        "target.'cfg(target_os = \"linux\")'.rustflags = ['-C', 'target-feature=+crt-static', \
         '--remap-path-prefix={}=/cargo']",
        sources.display()
    )
}

/// Runs a build of the program, and says where that has put it.
fn built(mut command: Command) -> Result<PathBuf, TaskError> {
    command.args(["--message-format", "json-render-diagnostics"]).stderr(Stdio::inherit());
    let line = command_line(&command);
    eprintln!("+ {line}");
    let output = command.output().map_err(start_error(&command))?;
    if !output.status.success() {
        return Err(TaskError::Failed { command: line });
    }
    // One message of many has it; a JSON parser for one string would be too much.
    let messages = String::from_utf8_lossy(&output.stdout);
    let paths = messages.lines().filter_map(|line| line.split_once("\"executable\":\"")?.1.split('"').next());
    let program = paths.map(PathBuf::from).find(|path| path.file_name() == Some(OsStr::new("gs_sshexkey")));
    program.ok_or(TaskError::NoProgram)
}

/// The compiler's name for this machine.
pub(crate) fn host() -> Result<String, TaskError> {
    let mut command = Command::new(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()));
    command.args(["--print", "host-tuple"]);
    let output = command.output().map_err(start_error(&command))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned());
    }
    Err(TaskError::Failed { command: command_line(&command) })
}

/// Whether `cargo nextest` is there.
pub(crate) fn has_nextest() -> bool {
    let mut command = cargo();
    command.args(["nextest", "--version"]).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

/// A command as it is shown.
pub(crate) fn command_line(command: &Command) -> String {
    let program = PathBuf::from(command.get_program());
    let name = program.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let arguments = command.get_args().map(|word| word.to_string_lossy().into_owned());
    std::iter::once(name).chain(arguments).collect::<Vec<_>>().join(" ")
}

fn start_error(command: &Command) -> impl FnOnce(std::io::Error) -> TaskError {
    let program = command.get_program().to_string_lossy().into_owned();
    move |source| TaskError::Start { program, source }
}
