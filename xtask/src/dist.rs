//! `cargo xtask dist`: what is given to those who have no compiler. An archive and packages, and what they consist of.
//!
//! Two builds of one commit give the same bytes: all times are that of the commit, all lists are sorted, nothing is drawn
//! by chance.

mod assets;
mod builds;
mod check;
mod contents;
mod dependencies;
mod licences;
mod pack;
mod sbom;

use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;

use crate::error::TaskError;
use crate::tree;
use builds::Build;
pub(crate) use pack::nfpm;

/// What to pack, and where to.
#[derive(Debug, Args)]
pub(crate) struct Dist {
    /// Pack this program, which runs here, instead of building one
    #[arg(long)]
    program: Option<PathBuf>,
    /// The folder that it all is put into; what lies there is removed. Default: target/dist
    #[arg(long)]
    output: Option<PathBuf>,
}

/// The name of the packages: Debian's names have no underscores.
const PACKAGE: &str = "gs-sshexkey";

/// Builds and packs.
pub(crate) fn run(dist: &Dist) -> Result<(), TaskError> {
    let epoch = tree::epoch()?;
    let output = dist.output.clone().unwrap_or_else(|| tree::root().join("target/dist"));
    let builds = match &dist.program {
        Some(program) => vec![Build { machine: std::env::consts::ARCH, program: program.clone() }],
        None => builds::all()?,
    };
    if dist.program.is_none() {
        check::starts_alone(&builds)?;
        if tree::clean().is_none() {
            eprintln!("The tree has changes that are not committed: these packages are of no commit.");
        }
    }
    clear(&output)?;
    fs::create_dir_all(&output).map_err(at(&output))?;
    let output = output.canonicalize().map_err(at(&output))?;
    let work = output.join("work");
    let shared = assets::write_all(&builds, &work, &epoch)?;
    for build in &builds {
        let files = contents::of(build, &builds, &shared);
        pack::archive(build, &files, &work, &output, &epoch)?;
        pack::packages(build, &files, &work, &output, &epoch)?;
    }
    for name in [licences::NAME, sbom::NAME] {
        fs::copy(work.join(name), output.join(name)).map_err(at(&output))?;
    }
    fs::remove_dir_all(&work).map_err(at(&work))?;
    pack::sums(&output)?;
    println!("{}", output.display());
    Ok(())
}

/// Removes what an earlier run made, and nothing else: what is there and has no digests is somebody's.
fn clear(output: &Path) -> Result<(), TaskError> {
    let is_empty = fs::read_dir(output).map_or(true, |mut entries| entries.next().is_none());
    if is_empty {
        return Ok(());
    }
    if !output.join(pack::SUMS).is_file() {
        let source = std::io::Error::other("it is not empty, and nothing that `dist` has made");
        return Err(at(output)(source));
    }
    fs::remove_dir_all(output).map_err(at(output))
}

/// An error at a file.
fn at(path: &Path) -> impl Fn(std::io::Error) -> TaskError {
    let file = path.display().to_string();
    move |source| TaskError::File { file: file.clone(), source }
}

/// Writes a file, with its folders.
fn write(path: &Path, bytes: &[u8]) -> Result<(), TaskError> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(at(folder))?;
    }
    fs::write(path, bytes).map_err(at(path))
}

/// Runs a command and returns what it prints.
fn output_of(command: &mut std::process::Command) -> Result<Vec<u8>, TaskError> {
    let line = crate::cargo::command_line(command);
    let start = |source| TaskError::Start { program: line.clone(), source };
    let output = command.stderr(std::process::Stdio::inherit()).output().map_err(start)?;
    if output.status.success() { Ok(output.stdout) } else { Err(TaskError::Failed { command: line }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_of_somebody_else_is_not_cleared() {
        let folder = tempfile::tempdir().unwrap();
        let output = folder.path().join("out");
        clear(&output).unwrap();
        write(&output.join("thesis"), b"mine").unwrap();
        assert!(clear(&output).is_err() && output.join("thesis").exists());
        write(&output.join(pack::SUMS), b"").unwrap();
        clear(&output).unwrap();
        assert!(!output.exists());
    }
}
