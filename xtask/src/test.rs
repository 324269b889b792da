//! `cargo xtask test`: format, lints, documentation, scripts, and all tests, those on real nodes too.

use std::path::PathBuf;

use clap::Args;
use lab::Release;

use crate::cargo::{self, cargo, has_nextest};
use crate::error::TaskError;
use crate::{checks, dist, packages, tree};

/// How much to test.
#[derive(Debug, Args)]
pub(crate) struct Test {
    /// Only what needs neither root nor nodes: for daily work
    #[arg(long, conflicts_with = "scale")]
    quick: bool,
    /// The largest clusters too, in full size
    #[arg(long)]
    scale: bool,
}

/// Says to the tests that clusters shall have their full size.
const SCALE: &str = "GS_SSHEXKEY_TEST_SCALE";
/// Tests that bring up a dozen labs or more, or hundreds of nodes: only at scale. The beginning of their names.
const LONG: [&str; 3] = ["stalls::", "platforms::each", "scale::"];

/// Runs everything.
pub(crate) fn run(test: &Test) -> Result<(), TaskError> {
    if !test.quick {
        install()?;
    }
    let tested = tree::clean();
    cargo::run(cargo().args(["fmt", "--all", "--check"]))?;
    checks::scripts()?;
    checks::alert_rules()?;
    checks::units()?;
    cargo::run(cargo().args(["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"]))?;
    if test.quick {
        return quick_tests();
    }
    checks::documentation()?;
    checks::fuzz_targets()?;
    checks::dependencies()?;
    all_tests(test.scale)?;
    note(tested)
}

/// All that the tests need of the machine.
fn install() -> Result<(), TaskError> {
    packages::ensure(&packages::FOR_TESTS)?;
    packages::ensure(&packages::FOR_BROWSER)?;
    packages::ensure(&packages::FOR_DIST)?;
    dist::nfpm()?;
    packages::ensure_systems()?;
    packages::ensure_root(Release::Trixie)?;
    packages::ensure_root(Release::Bullseye)
}

/// The tests that are not marked.
fn quick_tests() -> Result<(), TaskError> {
    if has_nextest() {
        return cargo::run(cargo().args(["nextest", "run", "--workspace", "--locked"]));
    }
    cargo::run(cargo().args(["test", "--workspace", "--locked"]))
}

/// Tests that need real nodes are marked `#[ignore]`, so that a plain `cargo test` says that it left them out.
fn all_tests(scale: bool) -> Result<(), TaskError> {
    let at_scale = |command: &mut std::process::Command| {
        if scale {
            command.env(SCALE, "1");
        }
        cargo::run(command)
    };
    if has_nextest() {
        cargo::run(cargo().args(["test", "--workspace", "--locked", "--doc"]))?;
        let mut command = cargo();
        command.args(["nextest", "run", "--workspace", "--locked", "--run-ignored", "all"]);
        if !scale {
            command.args(["-E", &format!("not test(/^({})/)", LONG.join("|"))]);
        }
        return at_scale(&mut command);
    }
    let mut command = cargo();
    command.args(["test", "--workspace", "--locked", "--", "--include-ignored", "--test-threads=2"]);
    if !scale {
        for name in LONG {
            command.args(["--skip", name]);
        }
    }
    at_scale(&mut command)
}

/// Writes down which tree has passed, if it is the one that is committed, and still is.
fn note(tested: Option<String>) -> Result<(), TaskError> {
    let Some(id) = tested.filter(|id| tree::clean().as_ref() == Some(id)) else {
        eprintln!("The tree has changes that are not committed, so it is not noted as tested.");
        return Ok(());
    };
    let path: PathBuf = tree::root().join("target/tested");
    std::fs::write(&path, format!("{id}\n"))
        .map_err(|source| TaskError::Start { program: path.display().to_string(), source })?;
    eprintln!("The tree {id} has passed.");
    Ok(())
}
