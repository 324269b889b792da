//! `cargo xtask test`: format, lints, and all tests, those on real nodes too.

use lab::Release;

use crate::cargo::{self, cargo, has_nextest};
use crate::error::TaskError;
use crate::packages;

/// Runs everything; the runner's own closing line comes last.
pub(crate) fn run() -> Result<(), TaskError> {
    packages::ensure(&packages::FOR_TESTS)?;
    packages::ensure(&packages::FOR_BROWSER)?;
    packages::ensure_systems()?;
    packages::ensure_root(Release::Trixie)?;
    cargo::run(cargo().args(["fmt", "--all", "--check"]))?;
    cargo::run(cargo().args(["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"]))?;
    // Tests that need real nodes are marked #[ignore], so that a plain `cargo test` says that it left them out.
    if has_nextest() {
        cargo::run(cargo().args(["test", "--workspace", "--locked", "--doc"]))?;
        cargo::run(cargo().args(["nextest", "run", "--workspace", "--locked", "--run-ignored", "all"]))
    } else {
        cargo::run(cargo().args([
            "test",
            "--workspace",
            "--locked",
            "--",
            "--include-ignored",
            "--test-threads=2",
        ]))
    }
}
