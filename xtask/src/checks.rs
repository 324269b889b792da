//! What is looked at without being run: documentation, scripts, fuzz targets, dependencies.

use std::fs::{self, File};
use std::io::Read;
use std::process::{Command, Stdio};

use crate::cargo::{self, cargo};
use crate::error::TaskError;
use crate::tree;

/// rustdoc, which finds links that lead nowhere.
pub(crate) fn documentation() -> Result<(), TaskError> {
    let words = ["doc", "--no-deps", "--workspace", "--locked"];
    cargo::run(cargo().args(words).env("RUSTDOCFLAGS", "-D warnings"))
}

/// shellcheck over every script. What goes to nodes is for sh(1), whichever it is; a script with a first line of its own
/// says which shell it is for.
pub(crate) fn scripts() -> Result<(), TaskError> {
    if !is_there("shellcheck") {
        eprintln!("shellcheck is not installed, so the scripts are not looked at.");
        return Ok(());
    }
    let files = tree::files().unwrap_or_default();
    let (own, pieces): (Vec<String>, Vec<String>) =
        files.into_iter().filter(|path| is_script(path)).partition(|path| names_its_shell(path));
    let check = |options: &[&str], files: &[String]| {
        let mut command = Command::new("shellcheck");
        cargo::run(command.args(options).args(files).current_dir(tree::root()))
    };
    check(&["--shell=sh"], &pieces)?;
    check(&[], &own)
}

fn is_script(path: &str) -> bool {
    path.ends_with(".sh") || names_its_shell(path)
}

/// Whether a file begins with `#!` and the name of a shell.
fn names_its_shell(path: &str) -> bool {
    let mut begin = Vec::new();
    // Links and files that are gone are no scripts.
    let Ok(file) = File::open(tree::root().join(path)) else { return false };
    let _ = file.take(64).read_to_end(&mut begin);
    let first = begin.split(|byte| *byte == b'\n').next().unwrap_or_default();
    first.starts_with(b"#!") && !first.starts_with(b"#![") && first.ends_with(b"sh")
}

/// Whether the fuzz targets still fit the parsers. To run them takes a nightly compiler; to type-check them does not,
/// and the library that drives them is not needed either.
pub(crate) fn fuzz_targets() -> Result<(), TaskError> {
    let root = tree::root();
    let lock = root.join("fuzz/Cargo.lock");
    if !lock.exists() {
        // The versions that are tested; what is missing in it is added.
        let _ = fs::copy(root.join("Cargo.lock"), &lock);
    }
    let mut command = cargo();
    command.args(["check", "--manifest-path", "fuzz/Cargo.toml", "--target-dir", "target/fuzz"]);
    cargo::run(command.env("CUSTOM_LIBFUZZER_PATH", "/nowhere/libFuzzer.a").current_dir(root))
}

/// Licences, known weaknesses and sources of what is built in, where cargo-deny is installed.
pub(crate) fn dependencies() -> Result<(), TaskError> {
    let mut command = cargo();
    command.args(["deny", "--version"]).stdout(Stdio::null()).stderr(Stdio::null());
    if !command.status().is_ok_and(|status| status.success()) {
        eprintln!("cargo-deny is not installed, so the dependencies are not looked at.");
        return Ok(());
    }
    cargo::run(cargo().args(["deny", "check"]))
}

fn is_there(program: &str) -> bool {
    let mut command = Command::new(program);
    command.arg("--version").stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}
