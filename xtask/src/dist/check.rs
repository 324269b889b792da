//! What is given away starts where there is nothing.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::dist::builds::Build;
use crate::dist::{at, output_of, write};
use crate::error::TaskError;
use crate::tree;

/// All that the program may need on a node.
const NEEDED: [&str; 5] = ["sh", "ssh", "cat", "env", "id"];
/// What it is asked there, and the status that it has to end with.
const QUESTIONS: [(&[&str], i32); 5] = [
    (&["--version"], 0),
    (&["help", "doctor", "--lang", "zh"], 0),
    (&["agent", "status"], 1),
    (&["-f", "/missing"], 1),
    (&["check", "-f", "/missing"], 2),
];

/// Runs the build for this machine on a root with nothing but itself, and on one with a shell, ssh and a few commands too.
pub(super) fn starts_alone(builds: &[Build]) -> Result<(), TaskError> {
    for build in builds.iter().filter(|build| build.runs_here()) {
        let root = tree::root().join("target/dist-root");
        let checked = check(build, &root);
        let _ = fs::remove_dir_all(&root);
        checked?;
    }
    Ok(())
}

fn check(build: &Build, root: &Path) -> Result<(), TaskError> {
    let _ = fs::remove_dir_all(root);
    place(&build.program, &root.join("gs_sshexkey"))?;
    output_of(inside(root).arg("--version"))?;
    for name in NEEDED {
        place_with_libraries(name, root)?;
    }
    write(&root.join("etc/passwd"), b"root:x:0:0::/root:/bin/sh\n")?;
    fs::create_dir_all(root.join("root")).map_err(at(root))?;
    for (words, wanted) in QUESTIONS {
        let output = inside(root).args(words).env("HOME", "/root").output();
        let output = output.map_err(at(root))?;
        if output.status.code() != Some(wanted) {
            let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
            let command =
                format!("gs_sshexkey {} on a bare root ({}: {said})", words.join(" "), output.status);
            return Err(TaskError::Failed { command });
        }
    }
    eprintln!("The program starts on a root with nothing but itself, a shell, ssh and a few commands.");
    Ok(())
}

/// The program on that root. Without root's rights in a namespace in which we have them.
fn inside(root: &Path) -> Command {
    let mut command = Command::new("unshare");
    command.args(["--map-root-user", "chroot"]).arg(root).arg("/gs_sshexkey").env_clear();
    command.env("PATH", "/bin:/usr/bin:/sbin:/usr/sbin");
    command
}

fn place(from: &Path, to: &Path) -> Result<(), TaskError> {
    if let Some(folder) = to.parent() {
        fs::create_dir_all(folder).map_err(at(folder))?;
    }
    fs::copy(from, to).map(drop).map_err(at(from))
}

/// A program of this machine, and the libraries that it is linked with.
fn place_with_libraries(name: &str, root: &Path) -> Result<(), TaskError> {
    let folders = ["/usr/bin", "/bin"];
    let found = folders.iter().map(|folder| Path::new(folder).join(name)).find(|path| path.is_file());
    let program = found.ok_or_else(|| TaskError::Failed { command: format!("looking for {name}") })?;
    let list = output_of(Command::new("ldd").arg(&program))?;
    let list = String::from_utf8_lossy(&list).into_owned();
    let words = list.split_whitespace().filter(|word| word.starts_with('/'));
    let libraries: BTreeSet<PathBuf> = words.map(PathBuf::from).collect();
    for path in std::iter::once(program).chain(libraries) {
        place(&path, &root.join(path.strip_prefix("/").unwrap_or(&path)))?;
    }
    let bin = root.join("bin");
    if !bin.exists() {
        symlink("usr/bin", &bin).map_err(at(&bin))?;
    }
    Ok(())
}
