//! What is looked at without being run: documentation, scripts, fuzz targets, dependencies.

use std::fs::{self, File};
use std::io::Read;
use std::path::Path;
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

/// The rules for alerts, by their own tests.
pub(crate) fn alert_rules() -> Result<(), TaskError> {
    if !is_there("promtool") {
        eprintln!("promtool is not installed (Debian: prometheus), so the alert rules are not tested.");
        return Ok(());
    }
    let folder = tree::root().join("docs/monitoring");
    let tool = |words: &[&str]| {
        let mut command = Command::new("promtool");
        cargo::run(command.args(words).current_dir(&folder))
    };
    tool(&["check", "rules", "rules.yml"])?;
    tool(&["test", "rules", "rules_test.yml"])
}

/// systemd's own opinion of the units. The program is not installed here, so another one stands for it.
pub(crate) fn units() -> Result<(), TaskError> {
    if !is_there("systemd-analyze") {
        eprintln!("systemd-analyze is not installed, so the units are not looked at.");
        return Ok(());
    }
    let (from, to) = (tree::root().join("dist/systemd"), tree::root().join("target/units"));
    let told = |path: &Path| {
        let program = path.display().to_string();
        move |source| TaskError::Start { program, source }
    };
    fs::create_dir_all(&to).map_err(told(&to))?;
    let mut names = Vec::new();
    for entry in fs::read_dir(&from).map_err(told(&from))?.flatten() {
        let text = fs::read_to_string(entry.path()).map_err(told(&entry.path()))?;
        let place = to.join(entry.file_name());
        fs::write(&place, text.replace("/usr/bin/gs_sshexkey", "/bin/true")).map_err(told(&place))?;
        // Of a template an instance is looked at.
        let name = entry.file_name().to_string_lossy().replace("@.", "@root.");
        names.push(to.join(name).display().to_string());
    }
    cargo::run(Command::new("systemd-analyze").arg("--man=no").arg("verify").args(&names))
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
